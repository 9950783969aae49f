//! The rows. Anna has money, a delivered order `{done}` and an open one `{order}`; Boris has
//! nothing; Ada is an admin. A row is `who says|presses|forges what -> what is then seen`. What a
//! press leads to must not stand there before it, so rows that show the same are kept apart.

/// What customers say and press, then what admins do, in this order in one shop.
pub const FLOWS: &[&str] = &[MENU, BUYING, ORDERS, WALLET, HELP, FOREIGN, ADMIN, DESK, REFUSALS];

const MENU: &str = "
    anna says /start                      -> Hello Anna
    boris says /start                     -> Hello Boris
    anna says /start buy_ring4_US         -> fixed for
    anna says /start buy_nothing_XX       -> Hello Anna
    anna says /start ref_1002             -> Hello Anna
    anna says /start dep_7.50             -> $7.50
    anna says /start dep_8-25             -> $8.25
    anna says /start dep_-                -> Hello Anna
    anna says /start ../../etc            -> Hello Anna
    anna says /language                   -> Which language
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
    boris forges s:1                      -> Which service
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
    anna forges v:{done}                  -> Delivered
    anna forges l                         -> Your orders
    anna forges l:{done}                  -> You have no orders
    anna forges v:{order}                 -> Waiting for the code
    anna says /receipt                    -> Which order is the receipt for
    anna says /receipt {done}             -> charged for order {done}
    anna says /receipt nonsense           -> I do not know this order
    anna forges r                         -> Which order is the receipt for
    anna forges r:{done}                  -> charged for order {done}
    anna forges r:{order}                 -> held for order {order}
    boris forges r:{done}                 -> I do not know this order
    anna forges x                         -> Which order shall be cancelled
    anna says /cancel                     -> Which order shall be cancelled
    boris says /cancel                    -> no open order
    boris says /cancel {order}            -> I do not know this order
";

const WALLET: &str = "
    anna forges w                         -> Your wallet
    anna says /balance                    -> Your wallet
    anna forges f                         -> out of date
    anna forges h                         -> charged for order
    anna forges h:1                       -> Nothing has happened
    anna says /history                    -> charged for order
    anna forges d                         -> How much
    anna forges df:0                      -> How would you like to pay
    anna forges dt:00000000               -> How much
    anna forges df:200                    -> out of date
    anna forges dc                        -> Send me the amount
    anna says /deposit                    -> How much
    anna forges dm:usdt:00000000          -> out of date
    anna forges de:00000000               -> I do not know this deposit
    anna says /deposit 7.50               -> $7.50
    anna says /deposit 6,5                -> $6.50
    anna says /deposit 1,000              -> is not an amount
";

const HELP: &str = "
    anna forges ?s                        -> Write to @shop_help
    anna forges ?                         -> How it works
    anna says /help                       -> How it works
    boris says /help                      -> How it works
    anna says /support                    -> Write to @shop_help
    anna says /contact                    -> Write to @shop_help
    anna forges ?t                        -> A number is rented
    anna forges ?p                        -> Something is wrong with a payment
    boris says /terms                     -> A number is rented
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
    ada forges A                          -> Dashboard
    ada says /admin                       -> Dashboard
    ada forges S                          -> What vendors offer
    ada says /services                    -> What vendors offer
    ada forges K:s:DE:0                   -> in Germany
    ada presses 🇺🇸 US                     -> in United States
    ada says /services germany            -> in Germany
    ada forges SR                         -> are being read
    ada forges Q                          -> No deposit waits
    ada says /deposits                    -> No deposit waits
    ada forges A                          -> Dashboard
    ada forges Q:1                        -> No deposit waits
    ada says /approve_deposit             -> Write the deposit's id
    ada forges R:00000000                 -> I do not know this deposit
    ada forges Y:00000000                 -> I do not know this deposit
    ada forges N:00000000                 -> I do not know this deposit
    ada forges N:00000000:0               -> I do not know this deposit
    ada forges NR:00000000                -> I do not know this deposit
    ada forges NS:00000000                -> I do not know this deposit
    ada says /approve_deposit 00000000    -> I do not know this deposit
    ada says /reject_deposit              -> Write the deposit's id
    ada says /reject_deposit 00000000 no  -> I do not know this deposit
    ada says /refund_stars                -> Write the deposit's id
    ada says /refund_stars 00000000       -> I do not know this deposit
    ada forges U:{done}                   -> I do not know this order
    ada forges UA:{done}:00000000         -> That is settled already
    ada forges UR:{done}                  -> That is settled already
    ada forges BK:{done}                  -> That is settled already
    ada forges BG:{done}                  -> That is settled already
    ada forges V                          -> Vendors
    ada says /providers                   -> Vendors
    ada forges VR:smspool                 -> the file is the same
    ada forges VX:smspool                 -> 1 order may still be open
    ada forges VD:smspool                 -> serves what is open, sells nothing new
    ada forges VS:smspool                 -> sells · answers
    ada forges D                          -> Protected storage
    ada says /db_status                   -> Protected storage
    ada forges DL                         -> No backup has been made
    ada says /db_backups                  -> No backup has been made
    # What is asked of the storage is waited for, or the next would be told that it is busy.
    ada forges DB                         -> restored beside the shop
    ada says /db_backup a note            -> restored beside the shop
    ada says /db_emergency                -> restored beside the shop
    ada says /db_status                   -> Protected storage
    ada forges K:d                        -> restored beside the shop
    ada forges DV                         -> All is well
    ada says /db_validate                 -> All is well
    ada says /db_backups                  -> a note
";

const DESK: &str = "
    anna says /refund                     -> Which order did not work
    anna says /refund nonsense            -> I do not know this order
    anna forges b                         -> Which order did not work
    anna forges b:{done}                  -> What went wrong
    anna forges bs:{order}                -> was not charged
    boris forges b:{done}                 -> I do not know this order
    anna forges t:00000000                -> This offer is gone
    boris forges n:{done}                 -> I do not know this order
    anna forges n:{order}                 -> was not charged
    ada forges K:g                        -> No refund waits
    ada says /refunds                     -> No refund waits
    ada forges K:gr:{done}                -> no refund request
    ada forges K:gy:{order}               -> was not charged
    ada forges K:gn:{done}                -> no refund request
    ada says /process_refund              -> Write the order's id
    ada says /approve_refund what is it   -> Write the order's id
    ada says /process_refund {order}      -> was not charged
    ada says /reject_refund               -> Write the order's id
    ada says /reject_refund {done} no     -> no refund request
    ada forges K:g:3                      -> No refund waits
    ada says /user                        -> Write an id
    ada forges K:c:1001                   -> May buy
    ada forges K:cb:1002                  -> by an admin's button
    ada forges K:cu:1002                  -> May buy
    ada says /user 1001                   -> May buy
    ada says /user {done}                 -> May buy
    ada says /user 424242                 -> Nobody of this id
    ada says /adjust                      -> Write whom, how much
    ada says /adjust 1001 +1              -> A correction needs a reason
    ada says /adjust 1001 0 why           -> A correction is above or below zero
    ada says /adjust 1001 -0,75 fee       -> Correction of -$0.75
    ada says /adjust 1001 +2 gift         -> Correction of $2.00
    ada forges K:j:00000000               -> There is no such correction
    ada says /block                       -> Nobody is blocked
    ada says /block 1002                  -> Write whom and why
    ada says /block 1002 a test           -> Blocked by Ada
    boris says /start buy_ring4_US        -> You cannot buy at the moment
    ada forges K:cl                       -> One customer is blocked
    ada presses Boris                     -> Blocked by Ada
    ada forges K:cl:1                     -> One customer is blocked
    ada forges K:cu:1002                  -> May buy
    boris says /start buy_ring4_US        -> fixed for
    ada forges K:a                        -> What admins did
    ada forges K:a:2                      -> Nothing was done by an admin
    ada says /audit                       -> What admins did
    ada says /maintenance                 -> Write
    ada forges K:m1                       -> Selling is paused by Ada
    ada says /stats never                 -> Write a stretch of time
    ada forges K:m0                       -> Dashboard
    ada says /maintenance on Tea time     -> Tea time
    ada says /maintenance off             -> Dashboard
    ada says /stats                       -> The last 24 hours
    ada forges K:z:7                      -> The last 7 days
    ada says /export 1                    -> row
    ada says /logs 1 error                -> Nothing was logged
    ada forges K:e:7                      -> row
    ada forges K:l                        -> Nothing was logged
    ada forges K:o                        -> One order is open
    ada forges A                          -> Dashboard
    ada forges K:o:1                      -> One order is open
    ada forges K:r                        -> as the files say
    ada says /rules                       -> as the files say
    ada forges K:rp:0000000000000000      -> cannot go live any more
    ada forges K:rb:1                     -> as the files say
    ada forges K:ry:0000000000000000      -> It was not taken
    ada forges S0:whatsapp:DE             -> switched off
    anna says /buy whatsapp               -> I found nothing
    ada forges A                          -> Dashboard
    ada forges S1:whatsapp:DE             -> in Germany
    anna says /buy whatsapp               -> Which country
    ada says /broadcast                   -> Write it as your next message
    ada says 1 < 2                        -> It is plain text
    ada presses Discard                   -> Ended by Ada
    ada says /broadcast <b></b>           -> News must say something
    ada says /broadcast Big <b>news</b>   -> formatted by Telegram
    ada presses 📣 Send                    -> 🏁 Done
    ada forges K:w                        -> Write it as your next message
    ada forges K:ws:00000000              -> There is no such broadcast
    ada forges K:wv:00000000              -> There is no such broadcast
    ada forges K:wp:00000000              -> There is no such broadcast
    ada forges K:wr:00000000              -> There is no such broadcast
    ada forges K:wx:00000000              -> There is no such broadcast
";

const REFUSALS: &str = "
    anna forges p:00000000                -> This offer is gone
    anna says /cancel {done}              -> The code has arrived
    anna says /deposit 0.01               -> The least you can pay in
    anna says /deposit 99999              -> The most you can pay in
    anna forges dn:nothing:0:00000000     -> not available any more
    anna forges dp:00000000               -> I do not know this deposit
    anna forges x:{order}                 -> Cancelling
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
    "N:00000000:0",
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
    "K:d",
    "K:s:US:0",
    "DV",
    "K:g",
    "K:gr:{done}",
    "K:gy:{done}",
    "K:gn:{done}",
    "K:c:1001",
    "K:cb:1001",
    "K:cu:1001",
    "K:j:00000000",
    "K:a",
    "K:a:7",
    "K:m0",
    "K:m1",
    "K:z:7",
    "K:r",
    "K:rb:1",
    "K:rp:0000000000000000",
    "K:ry:0000000000000000",
    "S0:whatsapp:US",
    "S1:whatsapp:US",
    "K:g:1",
    "K:cl",
    "K:cl:1",
    "K:e:7",
    "K:l",
    "K:o",
    "K:o:1",
    "K:w",
    "K:wv:00000000",
    "K:ws:00000000",
    "K:wp:00000000",
    "K:wr:00000000",
    "K:wx:00000000",
];

/// The button that leads where a command does.
pub const BUTTONS: &[(&str, &str)] = &[
    ("start", "m"),
    ("buy", "s"),
    ("orders", "l"),
    ("cancel", "x"),
    ("balance", "w"),
    ("deposit", "d"),
    ("history", "h"),
    ("receipt", "r"),
    ("status", "i"),
    ("language", "g"),
    ("refund", "b"),
    ("help", "?"),
    ("support", "?s"),
    ("terms", "?t"),
    ("paysupport", "?p"),
    ("admin", "A"),
    ("services", "S"),
    ("deposits", "Q"),
    ("approve_deposit", "Y:00000000"),
    ("reject_deposit", "NR:00000000"),
    ("refund_stars", "NS:00000000"),
    ("refunds", "K:g"),
    ("process_refund", "K:gy:{order}"),
    ("reject_refund", "K:gn:{done}"),
    ("user", "K:c:1001"),
    ("block", "K:cl"),
    ("audit", "K:a"),
    ("maintenance", "K:m1"),
    ("stats", "K:z:7"),
    ("export", "K:e:7"),
    ("logs", "K:l"),
    ("rules", "K:r"),
    ("broadcast", "K:w"),
    ("providers", "V"),
    ("db_status", "D"),
    ("db_backups", "DL"),
    ("db_backup", "DB"),
    ("db_emergency", "K:d"),
    ("db_validate", "DV"),
];

/// Commands that no button stands for, and why.
pub const WORDS_ONLY: &[(&str, &str)] =
    &[("adjust", "an amount and a reason have to be written; a customer's card copies the rest")];

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
    ("refusal.refund_not_allowed", "desk: a refund after the window"),
    ("refusal.refund_requested", "desk: a refund asked for twice"),
    ("refusal.refund_approved", "desk: two admins"),
    ("refusal.refund_rejected", "domain flows: a refund is rejected"),
    ("refusal.policy", "the rules' own promises: policy.yaml"),
    ("refusal.terms_pending", "desk: the terms are shown instead"),
    ("refusal.orders_minute_max", "desk: limits"),
    ("refusal.orders_hour_max", "domain flows: too many orders"),
    ("refusal.orders_day_max", "domain flows: too many orders"),
    ("refusal.resend_not_offered", "resends: no_other_code_is_said_as_it_is"),
    ("refusal.resend_under_way", "domain flows: another code"),
    ("refusal.resends_max", "domain flows: another code"),
    ("refusal.adjustment_expired", "domain flows: a wallet is adjusted"),
    ("refusal.adjustment_short", "domain flows: a wallet is adjusted"),
    ("refusal.adjustment_booked", "domain flows: a wallet is adjusted"),
    ("refusal.broadcast_expired", "domain flows: one broadcast at a time"),
    ("refusal.broadcast_under_way", "broadcast: two admins steer one broadcast"),
    ("refusal.broadcast_ended", "broadcast: two admins steer one broadcast"),
];
