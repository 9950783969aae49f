//! Telegram Stars, paid and given back. Only `flows` imports this.

flows! {

stars_are_credited_once: "
    0s   anna opens d1 5.00 stars              -> opened; asks 5.00; stars 250;
                                               .. wishes show_deposit:d1 send_invoice:d1
         granted last send_invoice:d1 20       -> ok
         anna claims d1                        -> refused paid_by_invoice
         anna tells d1 tx0000001               -> refused paid_by_invoice
         ada approves d1                       -> refused deposit_not_submitted
         anna checks 250 for d1                -> allowed
         anna hello Anna in en                 -> ok
         ada blocks anna for a test            -> ok
         anna checks 250 for d1                -> refused customer_blocked
         ada unblocks anna                     -> ok
         ben  checks 250 for d1                -> refused deposit_unknown
         anna checks 251 for d1                -> refused deposit_unknown
         anna checks 250 for d9                -> refused deposit_unknown
         anna pays 250 stars c1 for d1 else d11 -> credited; credited 5.00; anna 5.00+0.00;
                                               .. wishes show_deposit:d1 tell_deposit_decided:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob
         anna pays 250 stars c1 for d1 else d11 -> credited; nothing
         anna pays 250 stars c1 for d1 else d12 -> nothing; anna 5.00+0.00
         anna checks 250 for d1                -> refused deposit_credited
         # The invoice was paid twice before it was taken away.
         anna pays 250 stars c2 for d1 else d13 -> credited 5.00; anna 10.00+0.00
         anna pays 250 stars c2 for d1 else d13 -> nothing
         # An invoice of which the books know nothing, and one of another amount.
         ben  pays 77 stars c3 for d99 else d14 -> credited 1.54; ben 1.54+0.00
         ben  pays 77 stars c4 for d99 else d14 -> refused id_taken
         ben  pays 77 stars c4 for d99 else d15 -> credited 1.54
         anna opens d2 5.00 stars              -> opened
         anna pays 249 stars c5 for d2 else d16 -> credited 4.98; anna 14.98+0.00
"

stars_paid_late_are_credited: "
    0s   anna opens d1 5.00 stars              -> opened
    1h   anna checks 250 for d1                -> refused deposit_expired
         clock d1                              -> expired; wishes show_deposit:d1 drop_invoice:d1
         granted last drop_invoice:d1          -> ok
         anna checks 250 for d1                -> refused deposit_expired
         anna claims d1                        -> refused paid_by_invoice
         anna pays 250 stars c1 for d1 else d11 -> credited; credited 5.00
         policy stars off
         ben  opens d2 5.00 stars              -> refused method_unknown
"

too_many_stars_for_an_invoice: "
         anna opens d1 200.01 stars            -> refused deposit_too_large 200.00
         anna opens d1 200.00 stars            -> opened; stars 10000
         policy stars off
         anna checks 10000 for d1              -> refused method_unknown
"

stars_are_given_back_behind_a_hold: "
         anna opens d1 5.00 stars              -> opened
         ada  returns d1 of anna               -> refused not_returnable
         anna pays 250 stars c1 for d1 else d11 -> credited; credited 5.00
         anna returns d1 of anna               -> refused unknown_command
         ada  returns d1 of ben                -> refused deposit_unknown
         ada  returns d9 of anna               -> refused deposit_unknown
         ada  returns d1 of anna               -> returning; return_held 5.00; anna 0.00+5.00;
                                               .. wishes show_deposit:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob return_stars:d1
         bob  returns d1 of anna               -> refused not_returnable
         anna claims d1                        -> refused paid_by_invoice
         granted last return_stars:d1          -> nothing
         stars kept d1                         -> credited; return_released 5.00; anna 5.00+0.00
         stars kept d1                         -> credited; nothing
         bob  returns d1 of anna               -> returning; return_held 5.00
         stars returned d1                     -> returned; given_back 5.00; anna 0.00+0.00;
                                               .. wishes show_deposit:d1 tell_deposit_decided:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob reward:d1
         stars returned d1                     -> returned; nothing
         stars kept d1                         -> returned; nothing
         granted last return_stars:d1          -> ok
         ada  returns d1 of anna               -> refused not_returnable
         anna pays 250 stars c1 for d1 else d11 -> returned; nothing
"

what_is_spent_is_not_given_back: "
         anna opens d1 5.00 stars              -> opened
         anna pays 250 stars c1 for d1 else d11 -> credited; credited 5.00
         given anna orders q1 from mock
         ada  returns d1 of anna               -> refused wallet_short 0.26
         anna opens d2 5.00 usdt               -> opened
         anna claims d2                        -> submitted
         ada approves d2                       -> approved; credited 5.00
         ada  returns d2 of anna               -> refused not_returnable
         ada  returns d1 of anna               -> returning; return_held 5.00
"
}
