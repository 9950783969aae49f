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

    Text "stats.idle" [
        "title", "revenue", "margin", "refunded", "deposited", "orders", "states", "secs"
    ];
    Text "stats.no_code" [
        "title", "revenue", "margin", "refunded", "deposited", "orders", "states", "secs"
    ];
}
