//! The rows. Anna has money, a delivered order `{done}` and an open one `{order}`; Boris has
//! nothing; Ada is an admin. A row is `who says|presses|forges what -> what is then seen`; `|`
//! stands between what may be seen instead.

/// What customers say and press, then what admins do, in this order in one shop.
pub const FLOWS: &[&str] = &[MENU, BUYING, ORDERS, WALLET, HELP, FOREIGN, ADMIN, REFUSALS];

const MENU: &str = "
    anna says /start                      -> Hello Anna
    boris says /start                     -> Hello Boris
    anna says /start buy_ring4_US         -> fixed for
    anna says /start buy_nothing_XX       -> Hello Anna
    anna says /start ref_1002             -> Hello Anna
    anna says /start dep_7.50             -> $7.50
    anna says /start ../../etc            -> Hello Anna
    anna forges m                         -> Hello Anna
    anna says /language                   -> Which language
    anna presses Español                  -> Hola, Anna
    anna says /language en                -> Hello Anna
    anna forges g                         -> Which language
    anna forges g:en                      -> Hello Anna
    anna forges g:xx                      -> out of date
";

const BUYING: &str = "
    boris says /buy                       -> Which service
    boris presses Telegram                -> Which country
    boris presses ‹ Back                  -> Which service
    boris presses Telegram                -> Which country
    boris presses Germany                 -> fixed for
    boris says /buy whatsapp uk           -> Offers for
    boris says /order                     -> Which service
    boris says whatsapp germany           -> Offers for
    boris says telegrm                    -> Which country
    boris says telegram whatsapp          -> Which service
    boris says xyzzy                      -> I found nothing
    boris forges s                        -> Which service
    boris forges c:telegram               -> Which country
    boris forges c:telegram:9             -> Which country
    boris forges c:nothing                -> out of date
    boris forges o:telegram:DE            -> fixed for
    boris forges o:telegram:ZZ            -> out of date
    # A favourite is two taps away.
    anna says /start                      -> Hello Anna
    anna presses ⭐ Ring4                  -> fixed for
    anna presses ‹ Back                   -> Which country
";

const ORDERS: &str = "
    anna says /orders                     -> Your orders
    boris says /orders                    -> You have no orders
    anna forges l                         -> Your orders
    anna forges l:{done}                  -> orders
    anna forges v:{done}                  -> Delivered
    anna forges v:{order}                 -> Waiting for the code
    anna says /receipt                    -> Which order is the receipt for
    anna says /receipt {done}             -> charged for order {done}
    anna says /receipt nonsense           -> I do not know this order
    anna forges r                         -> Which order is the receipt for
    anna forges r:{done}                  -> Receipt
    anna forges r:{order}                 -> held for order {order}
    boris forges r:{done}                 -> I do not know this order
    anna says /cancel                     -> Which order shall be cancelled
    anna forges x                         -> Which order shall be cancelled
    boris says /cancel                    -> no open order
    boris says /cancel {order}            -> I do not know this order
";

const WALLET: &str = "
    anna says /balance                    -> Your wallet
    anna forges w                         -> Your wallet
    anna says /history                    -> charged for order
    anna forges h                         -> charged for order
    anna forges h:1                       -> Nothing has happened
    anna says /deposit                    -> How much
    anna forges d                         -> How much
    anna forges dt:00000000               -> How much
    anna forges df:0                      -> How would you like to pay
    anna forges df:200                    -> out of date
    anna forges dc                        -> Send me the amount
    anna forges dm:usdt:00000000          -> out of date
    anna forges de:00000000               -> I do not know this deposit
    anna says /deposit 7.50               -> $7.50
";

const HELP: &str = "
    anna says /help                       -> How it works
    boris says /help                      -> How it works
    anna forges ?                         -> How it works
    anna says /support                    -> @shop_help
    anna says /contact                    -> @shop_help
    anna forges ?s                        -> @shop_help
    boris says /terms                     -> erms
    boris says /paysupport                -> Something is wrong with a payment
    anna says /status                     -> of 1 order got a code
    boris forges i                        -> Numbers are there
    boris says /nothing                   -> I do not know that command
";

const FOREIGN: &str = "
    boris forges v:{order}                -> I do not know this order
    boris forges x:{order}                -> I do not know this order
    boris forges p:{order}                -> This offer is gone
    boris forges noise                    -> out of date
    boris forges p:                       -> out of date
    boris forges dp:00000000              -> I do not know this deposit
";

const ADMIN: &str = "
    ada says /start                       -> Hello Ada
    ada says /admin                       -> Dashboard
    ada forges A                          -> Dashboard
    ada says /services                    -> What vendors offer
    ada forges S                          -> What vendors offer
    ada says /deposits                    -> No deposit waits
    ada forges Q                          -> No deposit waits
    ada says /approve_deposit             -> Write the deposit's id
    ada says /approve_deposit 00000000    -> I do not know this deposit
    ada says /reject_deposit              -> Write the deposit's id
    ada says /reject_deposit 00000000 no  -> I do not know this deposit
    ada forges R:00000000                 -> I do not know this deposit
    ada forges Y:00000000                 -> I do not know this deposit
    ada forges N:00000000                 -> I do not know this deposit
    ada forges NR:00000000                -> I do not know this deposit
    ada says /refund_stars                -> Write the deposit's id
    ada says /refund_stars 00000000       -> I do not know this deposit
    ada forges NS:00000000                -> I do not know this deposit
    ada says /providers                   -> Vendors
    ada forges V                          -> Vendors
    ada says /db_status                   -> Protected storage
    ada forges D                          -> Protected storage
    ada says /db_backups                  -> Backups | No backup
    ada forges DL                         -> Backups | No backup
    ada says /db_backup a note            -> Making a backup | under way
    ada says /db_emergency                -> Making a backup | under way
    ada says /db_validate                 -> Checking every entry | under way
";

const REFUSALS: &str = "
    anna forges p:00000000                -> This offer is gone
    anna says /cancel {done}              -> The code has arrived
    anna says /deposit 0.01               -> The least you can pay in
    anna says /deposit 99999              -> The most you can pay in
    anna forges dn:nothing:0:00000000     -> not available any more
    anna forges dp:00000000               -> I do not know this deposit
    anna forges x:{order}                 -> Cancel
";

/// Buttons that only admins are shown; `{done}` stands for anything of the right form.
pub const ADMIN_BUTTONS: &[&str] = &[
    "A",
    "S",
    "SR",
    "Q",
    "R:00000000",
    "Y:00000000",
    "N:00000000",
    "NR:00000000",
    "NS:00000000",
    "Q:1",
    "U:{done}",
    "UA:{done}:00000000",
    "UR:{done}",
    "BK:{done}",
    "BG:{done}",
    "V",
    "VR:smspool",
    "VS:smspool",
    "VD:smspool",
    "VX:smspool",
    "D",
    "DL",
    "DB",
    "DV",
];

/// Refusals that need a moment or a state which one quiet shop does not have, and the test that
/// has it.
pub const ELSEWHERE: &[(&str, &str)] = &[
    ("refusal.unknown_command", "flows: to_others_the_admins_commands_and_buttons_do_not_exist"),
    ("refusal.quote_expired", "flows: presses_doubled_reordered_and_from_old_cards_do_no_harm"),
    ("refusal.not_for_sale", "domain flows: a service that is not sold"),
    ("refusal.id_taken", "domain flows: two origins of one id"),
    ("refusal.selling_paused", "domain flows: maintenance"),
    ("refusal.orders_open_max", "domain flows: open orders"),
    ("refusal.wallet_short", "domain flows: money"),
    ("refusal.order_buying", "domain flows: cancelling while the number is bought"),
    ("refusal.order_ended", "domain flows: cancelling what has ended"),
    ("refusal.lost_settled", "lost: two admins"),
    ("refusal.deposits_open_max", "domain flows: open deposits"),
    ("refusal.deposit_not_submitted", "domain flows: deposits"),
    ("refusal.deposit_submitted", "domain flows: deposits"),
    ("refusal.deposit_approved", "hostile: two_admins_credit_a_deposit_once"),
    ("refusal.deposit_rejected", "domain flows: deposits"),
    ("refusal.amounts_taken", "domain flows: deposits of one amount"),
    ("refusal.paid_by_invoice", "domain flows: stars"),
    ("refusal.deposit_expired", "domain flows: stars"),
    ("refusal.not_returnable", "domain flows: stars"),
    ("refusal.deposit_credited", "domain flows: deposits"),
    ("refusal.second_admin_needed", "domain flows: large deposits"),
    ("refusal.reference_used", "domain flows: one payment for two deposits"),
    ("refusal.reference_given", "domain flows: deposits"),
    ("refusal.reference_missing", "domain flows: deposits"),
];
