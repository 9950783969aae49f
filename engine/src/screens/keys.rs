//! Every text that the engine can say: its key, its kind, the placeholders it may use. The rule
//! set checks each message pack against this table before it goes live; `screens` says them.

use std::sync::LazyLock;

use ring4_rules::messages::{KeySpec, Kind};

const fn key(
    key: &'static str,
    kind: Kind,
    placeholders: &'static [&'static str],
    plural: Option<&'static str>,
) -> KeySpec {
    KeySpec { key, kind, placeholders, plural }
}

macro_rules! keys {
    ($table:ident: $(
        $kind:ident $name:literal [$($placeholder:literal),*] $(by $plural:literal)?;
    )*) => {
        /// A part of the table.
        pub(super) const $table: &[KeySpec] = &[
            $(key($name, Kind::$kind, &[$($placeholder),*], keys!(@plural $($plural)?)),)*
        ];
    };
    (@plural) => { None };
    (@plural $plural:literal) => { Some($plural) };
}

mod desk;

/// The table.
pub static KEYS: LazyLock<Vec<KeySpec>> = LazyLock::new(|| [SHOP, desk::DESK].concat());

keys! { SHOP:
    Text "menu" ["title", "subtitle", "name", "available"];
    Label "menu.buy" [];
    Label "menu.orders" [];
    Label "menu.wallet" [];
    Label "menu.deposit" [];
    Label "menu.history" [];
    Label "menu.help" [];
    Label "menu.language" [];
    Label "menu.status" [];
    Label "menu.support" [];
    Label "menu.previous" [];
    Label "menu.next" [];
    Label "menu.admin" [];
    Label "menu.back" [];
    Label "menu.home" [];
    Label "menu.newer" [];
    Label "menu.older" [];

    Text "help" ["commands", "contacts", "timeout"];
    Text "help.contacts" ["contacts"];
    Text "help.command" ["command", "description"];
    Text "support" ["contacts"];
    Text "support.none" [];
    Text "unknown_command" [];
    Text "unknown_text" ["words"];
    Text "text_only" [];
    Text "trouble" [];
    Answer "trouble.short" [];
    Answer "trouble.selling" [];
    Text "trouble.cause.disk_full" [];
    Text "trouble.cause.space_low" ["free", "min"];
    Text "trouble.cause.read_only" [];
    Text "trouble.cause.disk_failed" ["reason"];
    Text "trouble.cause.clock_back" ["minutes"];
    Text "trouble.cause.entries_lost" ["loss"];
    Answer "stale_button" [];

    Text "language" [];
    Label "language.own" [];
    Answer "language.chosen" [];

    Menu "command.start" [];
    Menu "command.buy" [];
    Menu "command.orders" [];
    Menu "command.cancel" [];
    Menu "command.balance" [];
    Menu "command.deposit" [];
    Menu "command.history" [];
    Menu "command.receipt" [];
    Menu "command.status" [];
    Menu "command.language" [];
    Menu "command.help" [];
    Menu "command.support" [];
    Menu "command.admin" [];
    Menu "command.services" [];
    Menu "command.deposits" [];
    Menu "command.approve_deposit" [];
    Menu "command.reject_deposit" [];
    Menu "command.refund_stars" [];
    Menu "command.terms" [];
    Menu "command.paysupport" [];
    Menu "command.providers" [];
    Menu "command.db_status" [];
    Menu "command.db_backups" [];
    Menu "command.db_backup" [];
    Menu "command.db_emergency" [];
    Menu "command.db_validate" [];

    Text "providers" ["rows"];
    Text "providers.row" [
        "provider", "plugin", "version", "hash", "selling", "line", "balance", "errors", "calls"
    ];
    Text "providers.is_open" [];
    Text "providers.is_paused" [];
    Text "providers.is_draining" [];
    Text "providers.is_off" [];
    Text "providers.turned_by" ["by", "when"];
    Text "providers.is_quarantined" ["reason"];
    Label "providers.reload" ["provider"];
    Label "providers.drain" ["provider"];
    Label "providers.open" ["provider"];
    Label "providers.rest" ["provider"];
    Text "providers.swapped" ["provider", "from", "to"];
    Text "providers.same" ["provider", "from", "to"];
    Text "providers.not_swapped" ["provider", "reason"];
    Text "providers.not_rested" ["provider", "count"] by "count";
    Text "providers.quarantined" ["provider", "version", "reason"];

    Text "buy.services" ["available"];
    Text "buy.none" [];
    Text "buy.countries" ["service", "description", "available"];
    Text "buy.no_countries" ["service"];
    Text "buy.matches" ["words", "available"];
    Text "buy.out_of_stock" ["service", "country"];
    Text "buy.unavailable" ["service", "country"];
    Text "buy.instead" [];
    Label "buy.service" ["emoji", "service"];
    Label "buy.service_from" ["emoji", "service", "price"];
    Label "buy.country" ["flag", "country"];
    Label "buy.country_at" ["flag", "country", "price"];
    Label "buy.country_odds" ["flag", "country", "price", "percent"];
    Label "buy.match" ["emoji", "service", "flag", "country"];
    Label "buy.match_at" ["emoji", "service", "flag", "country", "price"];

    Label "buy.favourite" ["service", "flag", "country"];
    Label "buy.favourite_at" ["service", "flag", "country", "price"];

    Text "inline.offer" ["emoji", "service", "flag", "country"];
    Text "inline.offer_at" ["emoji", "service", "flag", "country", "price"];
    Label "inline.odds" ["percent"];
    Label "inline.open" [];
    Label "inline.shop" [];

    Text "quote" ["emoji", "service", "flag", "country", "price", "available", "secs", "timeout"];
    Text "quote.stock" ["stock"] by "stock";
    Text "quote.odds" ["percent", "secs", "orders"] by "orders";
    Text "quote.odds_none" ["orders"] by "orders";
    Text "quote.short" ["short"];
    Label "quote.buy" ["price"];
    Label "quote.deposit" [];

    Text "order"
        ["emoji", "service", "flag", "country", "number", "state", "money", "available", "id"];
    Text "order.no_number"
        ["emoji", "service", "flag", "country", "state", "money", "available", "id"];
    Text "order.forgotten"
        ["emoji", "service", "flag", "country", "state", "money", "available", "id"];
    Text "order.with_code" [
        "emoji", "service", "flag", "country", "number", "code", "state", "money", "available", "id"
    ];
    Text "order.state.buying" [];
    Text "order.state.buying_again" [];
    Text "order.instead" ["wanted"];
    Text "order.state.unclear" [];
    Text "order.state.unclear_asked" ["until"];
    Text "order.state.waiting" ["until"];
    Text "order.until" ["when"];
    Text "order.state.cancelling" [];
    Text "order.state.time_out" [];
    Text "order.state.second_try" [];
    Text "order.state.delivered" ["secs"] by "secs";
    Text "order.state.cancelled" [];
    Text "order.state.expired" [];
    Text "order.state.failed.out_of_stock" [];
    Text "order.state.failed.price_moved" [];
    Text "order.state.failed.unavailable" [];
    Text "order.state.failed.unclear" [];
    Text "order.state.refunded" [];
    Text "order.money.held" ["price"];
    Text "order.money.charged" ["price"];
    Text "order.money.released" ["price"];
    Text "order.money.refunded" ["price"];
    Label "order.copy_number" [];
    Label "order.copy_national" ["code"];
    Label "order.copy_code" [];
    Label "order.cancel" [];
    Label "order.again" [];
    Text "order.ring" ["service", "code", "number"];
    Text "order.ended.expired" ["service", "price", "available"];
    Text "order.ended.failed" ["service", "price", "available"];
    Text "order.ended.cancelled" ["service", "price", "available"];
    Text "orders" [];
    Text "orders.none" [];
    Text "orders.cancel" [];
    Text "orders.cancel_none" [];
    Label "orders.cancel_one" [];
    Label "orders.receipts" [];
    Label "orders.receipt" [];
    Label "orders.open" [];
    Label "orders.row" ["service", "flag", "state", "when"];
    Label "state.buying" [];
    Label "state.unclear" [];
    Label "state.waiting" [];
    Label "state.cancelling" [];
    Label "state.delivered" [];
    Label "state.cancelled" [];
    Label "state.expired" [];
    Label "state.failed" [];
    Label "state.refunded" [];
    Answer "order.cancelling_now" [];

    Text "balance" ["available", "held", "deposited", "spent", "refunded"];
    Text "balance.low" ["threshold"];
    Text "history" ["page", "rows"];
    Text "history.none" [];
    Text "history.row" ["seq", "when", "amount", "what"];
    Text "history.deposit" ["id"];
    Text "history.return_hold" ["id"];
    Text "history.return" ["id"];
    Text "history.return_release" ["id"];
    Text "history.hold" ["id"];
    Text "history.capture" ["id"];
    Text "history.release" ["id"];
    Text "history.refund" ["id"];

    Text "receipt"
        ["id", "emoji", "service", "flag", "country", "state", "price", "when", "rows"];
    Text "receipt.choose" [];
    Text "status" ["rows"];
    Text "status.row" ["emoji", "service", "figures"];
    Text "status.up" [];
    Text "status.sold_out" [];
    Text "status.unavailable" [];
    Text "status.unknown" [];
    Text "status.success" ["percent", "orders"] by "orders";
    Text "status.no_orders" [];
    Text "status.wait" ["secs"] by "secs";
    Text "status.last_code" ["when"];
    Label "status.refresh" [];

    Text "deposit.amounts" ["available", "min", "max"];
    Text "deposit.methods" ["amount"];
    Text "deposit.no_method" ["amount"];
    Text "deposit.ask" ["min", "max"];
    Text "deposit.not_amount" ["words", "min", "max"];
    Text "deposit.closed" [];
    Label "deposit.method" ["method"];
    Label "deposit.amount" ["amount"];
    Label "deposit.custom" [];
    Text "deposit.card"
        ["id", "amount", "method", "details", "note", "state", "evidence"];
    Text "deposit.lines" ["lines"];
    Text "deposit.exact" [];
    Text "deposit.network" ["network"];
    Text "deposit.address" ["address"];
    Text "deposit.reference" ["reference"];
    Text "deposit.picture" [];
    Text "deposit.ask_reference" [];
    Text "deposit.ask_picture" [];
    Text "deposit.reference_noted" ["reference"];
    Text "deposit.picture_noted" [];
    Answer "deposit.send_reference" [];
    Answer "deposit.send_picture" [];
    Label "deposit.back_to_offer" ["service", "country"];
    Label "deposit.add_reference" [];
    Label "deposit.add_picture" [];
    Text "deposit.stars" ["count"] by "count";
    Text "deposit.state.stars_opened" ["until"];
    Text "deposit.state.stars_expired" ["until"];
    Text "deposit.state.returning" [];
    Text "deposit.state.returned" [];
    Text "deposit.told.returned" ["amount", "available", "id"];
    Answer "invoice.title" ["amount", "title", "id"];
    Answer "invoice.description" ["amount", "title", "id"];
    Text "paysupport" ["contacts"];
    Text "terms" [];
    Text "deposit.reason.not_received" [];
    Text "deposit.reason.wrong_amount" [];
    Text "deposit.reason.wrong_network" [];
    Text "deposit.reason.paid_before" [];
    Text "deposit.state.opened" ["until"];
    Text "deposit.state.submitted" [];
    Text "deposit.state.approved" ["seq"];
    Text "deposit.state.rejected" [];
    Text "deposit.state.rejected_because" ["reason"];
    Text "deposit.state.expired" [];
    Label "deposit.paid" [];
    Label "deposit.paid_late" [];
    Label "deposit.copy_amount" [];
    Label "deposit.copy_address" [];
    Answer "deposit.thanks" [];
    Text "deposit.told.approved" ["amount", "available", "id"];
    Text "deposit.told.rejected" ["amount", "id"];
    Text "deposit.told.rejected_because" ["amount", "id", "reason"];

    Text "admin" [
        "open_orders", "pending_deposits", "pending_refunds", "customers", "paused", "providers",
        "rules", "entries"
    ];
    Text "admin.provider" ["provider", "version", "state", "balance"];
    Label "admin.database" [];
    Text "db" ["entries", "head", "size", "free", "count", "last", "next", "checked", "copies"];
    Text "db.copies" ["place", "waiting", "secs", "reason"];
    Text "db.copies_behind" ["place", "waiting", "secs", "reason"] by "waiting";
    Text "db.copies_failing" ["place", "waiting", "secs", "reason"] by "waiting";
    Text "db.copies_off" [];
    Text "db.none" [];
    Text "db.now" [];
    Text "db.off" [];
    Text "db.checked" ["when", "count"];
    Text "db.checked_bad" ["when", "count"] by "count";
    Text "db.backups" ["count", "rows", "folder"];
    Text "db.backups_none" ["folder"];
    Text "db.row" ["when", "kind", "size", "entries", "note"];
    Text "db.row_noted" ["when", "kind", "size", "entries", "note"];
    Text "db.kind.automatic" [];
    Text "db.kind.manual" [];
    Text "db.kind.emergency" [];
    Text "db.kind.superseded" [];
    Text "db.kind.damaged" [];
    Text "db.begun" [];
    Text "db.check_begun" [];
    Answer "db.busy" [];
    Text "db.recovered" ["events"];
    Text "db.made" ["name", "size", "entries", "secs"];
    Text "db.failed" ["reason"];
    Text "db.check_failed" ["reason"];
    Text "db.sound" ["entries", "rows", "secs", "count", "findings"];
    Text "db.unsound" ["entries", "rows", "secs", "count", "findings"] by "count";
    Label "db.backup_now" [];
    Label "db.check_now" [];
    Label "db.list" [];
    Text "provider.closed" [];
    Text "provider.open" [];
    Text "provider.half_open" [];
    Label "admin.queue" ["count"];
    Label "admin.refresh" [];
    Text "admin.deposits" ["count"] by "count";
    Text "admin.deposits_none" [];
    Label "admin.deposit_row" ["amount", "name", "when"];
    Text "admin.deposit" [
        "id", "name", "user", "amount", "method", "when", "available", "state", "evidence"
    ];
    Text "admin.deposit.opened" [];
    Text "admin.deposit.expired" [];
    Text "admin.deposit.submitted" [];
    Text "admin.deposit.credited" ["when"];
    Text "admin.deposit.first" ["by", "when"];
    Text "admin.deposit.stars" ["when"];
    Text "admin.deposit.returning" ["by", "when"];
    Text "admin.deposit.returned" ["by", "when"];
    Text "admin.deposit.count" ["count"] by "count";
    Label "admin.return_stars" [];
    Answer "admin.stars_spent" ["short"];
    Answer "admin.stars_returning" [];
    Text "admin.stars_mismatch" ["id", "count", "user"] by "count";
    Text "admin.usage.refund_stars" [];
    Text "admin.deposit.picture" ["id", "amount", "name"];
    Text "admin.reasons" ["id", "amount"];
    Label "admin.reason.none" [];
    Label "admin.reason.not_received" [];
    Label "admin.reason.wrong_amount" [];
    Label "admin.reason.wrong_network" [];
    Label "admin.reason.paid_before" [];
    Text "admin.deposit.approved" ["by", "when"];
    Text "admin.deposit.rejected" ["by", "when"];
    Label "admin.approve" [];
    Label "admin.reject" [];
    Text "admin.usage.approve" [];
    Text "admin.usage.reject" [];
    Text "admin.lost" ["id", "service", "country", "provider", "when", "state"];
    Text "admin.lost.several" ["count", "until"] by "count";
    Text "admin.lost.blind" ["until"];
    Text "admin.lost.found" ["purchase"];
    Text "admin.lost.adopted_by" ["by", "purchase"];
    Text "admin.lost.released" [];
    Text "admin.lost.released_by" ["by"];
    Text "admin.lost.returned" ["purchase"];
    Text "admin.lost.kept" ["purchase", "cost"];
    Text "admin.lost.reported" ["purchase"];
    Label "admin.lost.adopt" ["digits", "price", "purchase"];
    Label "admin.lost.release" [];
    Label "admin.lost.look" [];
    Text "admin.unreturned" ["id", "provider", "purchase", "when", "cost", "state"];
    Text "admin.unreturned.open" [];
    Text "admin.unreturned.kept_by" ["by", "cost"];
    Text "admin.unreturned.given_back_by" ["by"];
    Label "admin.unreturned.kept" ["cost"];
    Label "admin.unreturned.given_back" [];
    Text "admin.orphans" ["provider", "count", "rows"] by "count";
    Text "admin.orphan" ["purchase", "service", "country", "cost"];
    Text "admin.trouble.begun" ["cause"];
    Text "admin.trouble.lost" ["cause"];
    Text "admin.trouble.ended" ["cause", "lasted"];
    Text "admin.clock_taken" ["minutes"];
    Text "admin.offers" ["country", "services", "catalogues"];
    Text "admin.offers.service" ["emoji", "service", "vendors"];
    Text "admin.offers.vendor" ["vendor", "id", "cost", "stock", "success", "wait"];
    Text "admin.offers.not_sold" ["vendor"];
    Text "admin.offers.catalogue" ["vendor", "services", "when"];
    Text "admin.offers.unread" ["vendor"];
    Label "admin.offers.refresh" [];
    Answer "admin.offers.refreshing" [];
    Text "admin.catalogue" ["vendor", "changes", "added", "removed"];
    Text "admin.catalogue.came" ["service"];
    Text "admin.catalogue.went" ["service"];
    Text "admin.catalogue.moved" ["service"];
    Text "admin.vendor.down" ["vendor"];
    Text "admin.vendor.plugin_down" ["vendor"];
    Text "admin.vendor.up" ["vendor", "lasted"];
    Text "admin.vendor.key_refused" ["vendor", "until"];
    Text "admin.vendor.throttled" ["vendor", "until"];
    Text "admin.vendor.sells_again" ["vendor"];
    Text "admin.vendor.low" ["vendor", "balance", "min"];
    Text "admin.rules_live" ["version", "changed"];
    Text "admin.rules_rejected" ["report"];
    Text "admin.rules_restart" ["keys"];

    Answer "refusal.unknown_command" [];
    Answer "refusal.quote_gone" [];
    Answer "refusal.quote_expired" [];
    Answer "refusal.not_for_sale" [];
    Answer "refusal.id_taken" [];
    Answer "refusal.selling_paused" [];
    Answer "refusal.orders_open_max" ["max"] by "max";
    Answer "refusal.wallet_short" ["short"];
    Answer "refusal.order_unknown" [];
    Answer "refusal.order_buying" [];
    Answer "refusal.order_delivered" [];
    Answer "refusal.order_ended" [];
    Answer "refusal.lost_settled" [];
    Answer "refusal.deposit_too_small" ["min"];
    Answer "refusal.deposit_too_large" ["max"];
    Answer "refusal.method_unknown" [];
    Answer "refusal.deposits_open_max" ["max"] by "max";
    Answer "refusal.deposit_unknown" [];
    Answer "refusal.deposit_not_submitted" [];
    Answer "refusal.deposit_submitted" [];
    Answer "refusal.deposit_approved" ["by"];
    Answer "refusal.deposit_rejected" ["by"];
    Answer "refusal.amounts_taken" [];
    Answer "refusal.deposit_credited" [];
    Answer "refusal.second_admin_needed" [];
    Answer "refusal.reference_used" [];
    Answer "refusal.reference_given" [];
    Answer "refusal.reference_missing" [];
    Answer "refusal.paid_by_invoice" [];
    Answer "refusal.deposit_expired" [];
    Answer "refusal.not_returnable" [];

    // --- the admins' desk, refunds, limits -----------------------------------------------------
    Menu "command.refund" [];
    Menu "command.refunds" [];
    Menu "command.process_refund" [];
    Menu "command.reject_refund" [];
    Menu "command.user" [];
    Menu "command.adjust" [];
    Menu "command.block" [];
    Menu "command.audit" [];
    Menu "command.maintenance" [];
    Text "refund.none" [];
    Text "refund.choose" [];
    Text "refund.ask" ["id", "service", "price"];
    Label "refund.send" [];
    Label "refund.button" [];
    Text "refund.requested" [];
    Text "refund.waits" [];
    Text "refund.no" [];
    Text "refund.told.approved" ["amount", "available", "id"];
    Text "refund.told.rejected" ["amount", "id"];
    Text "refund.told.rejected_because" ["amount", "id", "reason"];
    Text "adjusted" ["amount", "reason", "available"];
    Label "terms.accept" [];
    Text "history.adjustment" ["id"];
    Text "admin.refunds" ["count"] by "count";
    Text "admin.refunds_none" [];
    Text "admin.refund" [
        "id", "name", "user", "amount", "service", "country", "provider", "arrived", "reason",
        "when", "available", "state"
    ];
    Text "admin.usage.process_refund" [];
    Text "admin.usage.reject_refund" [];
    Text "admin.usage.user" [];
    Text "admin.usage.adjust" [];
    Text "admin.usage.block" [];
    Text "admin.usage.maintenance" [];
    Text "admin.block_reason" [];
    Answer "admin.adjusted" [];
    Text "admin.customer" [
        "name", "username", "user", "since", "available", "deposited", "refunded", "adjusted",
        "spent", "held", "limits", "standing", "entries", "orders", "deposits"
    ];
    Text "admin.customer.limits" [
        "minute", "hour", "day", "minute_max", "hour_max", "day_max"
    ];
    Text "admin.customer.free" [];
    Text "admin.customer.policy" [];
    Text "admin.customer.blocked" ["by", "when", "reason"];
    Text "admin.customer.terms" ["when"];
    Text "admin.customer.order" ["id", "service", "price", "state", "when"];
    Text "admin.customer.deposit" ["id", "amount", "method", "state", "when"];
    Text "admin.customer.deposit.opened" [];
    Text "admin.customer.deposit.submitted" [];
    Text "admin.customer.deposit.approved" [];
    Text "admin.customer.deposit.credited" [];
    Text "admin.customer.deposit.returning" [];
    Text "admin.customer.deposit.returned" [];
    Text "admin.customer.deposit.rejected" [];
    Text "admin.customer.deposit.expired" [];
    Label "admin.customer.open" [];
    Label "admin.customer.block" [];
    Label "admin.customer.unblock" [];
    Label "admin.customer.adjust" [];
    Text "admin.adjustment" ["name", "user", "amount", "reason", "available", "after"];
    Label "admin.adjustment.book" [];
    Text "admin.paused" ["by", "when", "text"];
    Label "admin.desk.refunds" ["count"];
    Label "admin.desk.audit" [];
    Label "admin.desk.pause" [];
    Label "admin.desk.resume" [];
    Text "admin.acts" ["rows"];
    Text "admin.acts_none" [];
    Text "admin.act" ["seq", "when", "by", "what", "subject", "on"];
    Answer "refusal.order_not_delivered" [];
    Answer "refusal.refund_not_allowed" [];
    Answer "refusal.refund_unknown" [];
    Answer "refusal.refund_requested" [];
    Answer "refusal.refund_approved" ["by"];
    Answer "refusal.refund_rejected" ["by"];
    Answer "refusal.customer_blocked" [];
    Answer "refusal.customer_unknown" [];
    Answer "refusal.policy" [];
    Answer "refusal.terms_pending" [];
    Answer "refusal.orders_minute_max" ["max"] by "max";
    Answer "refusal.orders_hour_max" ["max"] by "max";
    Answer "refusal.orders_day_max" ["max"] by "max";
    Answer "refusal.adjustment_unknown" [];
    Answer "refusal.adjustment_expired" [];
    Answer "refusal.adjustment_amount" ["max"];
    Answer "refusal.adjustment_reason" [];
    Answer "refusal.adjustment_short" ["available"];
    Answer "refusal.adjustment_booked" ["by"];
    Menu "command.stats" [];
    Menu "command.export" [];
    Menu "command.logs" [];
    Text "stats" [
        "title", "revenue", "margin", "refunded", "deposited", "orders", "states", "secs"
    ];
    Text "stats.last" ["days"] by "days";
    Text "stats.report" ["day"];
    Text "stats.state" ["square", "state", "count"];
    Text "stats.open" [];
    Text "stats.cut" [];
    Label "stats.days" ["days"];
    Text "admin.usage.stats" [];
    Text "admin.usage.export" [];
    Text "admin.usage.logs" [];
    Text "admin.export" ["count"] by "count";
    Text "admin.logs" ["lines"];
    Text "admin.logs_none" [];
    Label "admin.desk.stats" [];
    Text "admin.notice.order" ["id", "name", "service", "country", "price"];
    Text "admin.notice.failed" ["id", "name", "service", "country", "price"];
    Text "admin.notice.folded" ["count", "since", "notice"] by "count";
    Text "admin.webhook.failing" ["reason"];
    Text "admin.webhook.fine" [];
    Answer "group.admins_only" [];
    Answer "group.privately" [];
    Text "group.commands" [];
    Text "admin.group.lost" [];
    Text "admin.group.moved" ["id"];
}
