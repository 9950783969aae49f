//! Further texts: other codes, rule sets, switches, referrals, news. Only `keys` is built on this.

use ring4_rules::messages::{KeySpec, Kind};

use super::key;

keys! { DESK:
    Text "deposit.ask_words" [];
    Text "deposit.words_only" [];
    Label "menu.terms" [];
    Label "menu.paysupport" [];
    Label "orders.refund" [];
    Label "db.emergency_now" [];
    Label "admin.desk.export" [];
    Label "admin.desk.logs" [];
    Label "admin.desk.open_orders" ["count"];
    Text "admin.open_orders" ["count"] by "count";
    Text "admin.open_orders_none" [];
    Label "admin.open_orders.row" ["flag", "service", "name", "state"];
    Label "admin.offers.country" ["flag", "code"];
    Text "admin.today.revenue" ["revenue"];
    Text "stats.margin" ["margin"];
    Text "admin.customer.habits" [
        "open", "open_max", "spent", "spend_max", "cancelled", "cancelled_max"
    ];
    Text "admin.notice.blocked" ["name", "user", "reason"];
    Text "admin.blocked" ["count"] by "count";
    Text "admin.blocked_none" [];
    Label "admin.blocked.row" ["name", "reason"];
    Label "admin.desk.blocked" [];
    Text "admin.closed" [];
    Label "resend.button" [];
    Answer "resend.asked" [];
    Text "resend.code" ["code"];
    Text "resend.waiting" ["until"];
    Text "resend.expired" [];
    Text "resend.refused" [];
    Text "resend.priced" [];
    Answer "refusal.resend_not_offered" [];
    Answer "refusal.resend_under_way" [];
    Answer "refusal.resends_max" ["max"] by "max";

    Menu "command.rules" [];
    Text "rules" ["version", "since", "by", "changed", "last"];
    Text "rules.by" ["by"];
    Text "rules.by_files" [];
    Text "rules.no_save" [];
    Text "rules.accepted" ["when", "changed"];
    Text "rules.restart" ["when", "keys"];
    Text "rules.rejected" ["when", "report"];
    Label "rules.kept" ["version", "when"];
    Text "rules.preview" ["version", "files", "prices"];
    Text "rules.unfit" ["version", "report"];
    Text "rules.price" ["service", "cost", "now", "then"];
    Text "rules.same_prices" [];
    Text "rules.more_prices" ["count"] by "count";
    Label "rules.go" [];
    Answer "rules.taken" ["version"];
    Answer "rules.not_taken" ["report"];

    Text "admin.today" ["revenue", "margin"];
    Text "admin.health.well" ["waiting"];
    Text "admin.health.trouble" ["waiting"];
    Label "admin.desk.services" [];
    Label "admin.desk.vendors" [];
    Label "admin.desk.rules" [];
    Text "admin.offers.on" ["price", "success"];
    Text "admin.offers.off" ["price", "success"];
    Text "admin.offers.vendor_off" [];
    Label "admin.offers.stop" ["service"];
    Label "admin.offers.sell" ["service"];

    Label "referrals.button" [];
    Label "referrals.copy" [];
    Text "referrals" ["link", "percent", "max", "rewards", "earned"];
    Text "referral.told" ["amount", "reason", "available"];
    Text "referral.taken_back" ["amount", "reason", "available"];
    Text "admin.deposit.rewarded" ["amount"];
    Text "admin.notice.charged" ["id", "provider", "cost", "cap"];

    Text "stats.idle" [
        "title", "revenue", "margin", "refunded", "deposited", "orders", "states", "secs"
    ];
    Text "stats.no_code" [
        "title", "revenue", "margin", "refunded", "deposited", "orders", "states", "secs"
    ];
    Menu "command.broadcast" [];
    Label "admin.desk.broadcast" [];
    Text "admin.broadcast.ask" [];
    Text "admin.broadcast.not_taken" ["reason"];
    Text "admin.broadcast.proposal" ["count", "span", "format"] by "count";
    Text "admin.broadcast.html" [];
    Text "admin.broadcast.plain" [];
    Text "admin.broadcast" [
        "id", "by", "state", "bar", "done", "total", "sent", "unreachable", "failed"
    ];
    Text "admin.broadcast.running" ["span"];
    Text "admin.broadcast.paused" ["by"];
    Text "admin.broadcast.cancelled" ["by", "when"];
    Text "admin.broadcast.done" ["when"];
    Text "admin.broadcast.secs" ["secs"] by "secs";
    Text "admin.broadcast.minutes" ["minutes"] by "minutes";
    Label "admin.broadcast.send" [];
    Label "admin.broadcast.discard" [];
    Label "admin.broadcast.pause" [];
    Label "admin.broadcast.resume" [];
    Label "admin.broadcast.cancel" [];
    Answer "refusal.broadcast_text" [];
    Answer "refusal.broadcast_unknown" [];
    Answer "refusal.broadcast_expired" [];
    Answer "refusal.broadcast_under_way" [];
    Answer "refusal.broadcast_ended" [];
}
