//! Further texts: other codes, rule sets, switches, referrals. Only `keys` is built on this.

use ring4_rules::messages::{KeySpec, Kind};

use super::key;

keys! { DESK:
    Label "resend.button" [];
    Answer "resend.asked" [];
    Text "resend.code" ["code"];
    Text "resend.waiting" ["until"];
    Text "resend.expired" [];
    Text "resend.refused" [];
    Text "resend.priced" [];
    Answer "refusal.resend_not_offered" [];
    Answer "refusal.resend_under_way" [];
    Answer "refusal.resends_max" ["max"];

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

    Text "stats.idle" [
        "title", "revenue", "margin", "refunded", "deposited", "orders", "states", "secs"
    ];
    Text "stats.no_code" [
        "title", "revenue", "margin", "refunded", "deposited", "orders", "states", "secs"
    ];
}
