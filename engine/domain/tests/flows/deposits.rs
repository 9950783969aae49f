//! How money comes in, and who says so. Only `flows` imports this.

flows! {

a_deposit_keeps_to_the_limits: "
         anna opens d1 0.99 usdt               -> refused deposit_too_small 1.00
         anna opens d1 500.01 usdt             -> refused deposit_too_large 500.00
         anna opens d1 -5.00 usdt              -> refused deposit_too_small 1.00
         anna opens d1 -9223372036854.775808 usdt -> refused deposit_too_small 1.00
         anna opens d1 9223372036854.775807 usdt -> refused deposit_too_large 500.00
         anna opens d1 5.00 cash               -> refused method_unknown
         anna prompted                         -> nothing
         anna hello Anna in en                 -> ok
         anna prompted                         -> ok
         anna opens d1 1.00 usdt               -> opened; ok
         # The question was answered by opening.
         anna prompted                         -> ok
         anna opens d2 500.00 binance          -> opened
         anna opens d3 5.00 usdt               -> refused deposits_open_max 2
         anna claims d1                        -> submitted
         anna opens d3 5.00 usdt               -> refused deposits_open_max 2
         ada rejects d1                        -> rejected
         anna opens d3 5.00 usdt               -> opened
         # Whatever the operator allows, the books carry no more than a million at once.
         policy deposit_min -1.00
         policy deposit_max 9223372036854.775807
         ben opens d4 0.00 usdt                -> refused deposit_too_small 0.000001
         ben opens d4 1000000.01 usdt          -> refused deposit_too_large 1000000.00
         given ben has 1000000.00 by d4
"

who_pays_late_is_still_heard: "
    0s   anna opens d1 5.00 usdt               -> opened
         ada approves d1                       -> refused deposit_not_submitted
         ada rejects d1                        -> refused deposit_not_submitted
    3599s clock d1                             -> opened; nothing
    1h   clock d1                              -> expired; wishes show_deposit:d1
         clock d1                              -> expired; nothing
         ada approves d1                       -> refused deposit_not_submitted; anna 0.00+0.00
         anna claims d1                        -> submitted
    9h   clock d1                              -> submitted; nothing
         ada approves d1                       -> approved; credited 5.00; anna 5.00+0.00
         clock d1                              -> approved; nothing
"

late_claims_count_as_open_deposits: "
    0s   anna opens d1 5.00 usdt               -> opened
         anna opens d2 5.00 usdt               -> opened
    1h   clock d1                              -> expired
         clock d2                              -> expired
         anna opens d3 5.00 usdt               -> opened
         anna claims d1                        -> submitted
         anna claims d2                        -> refused deposits_open_max 2
         anna claims d3                        -> submitted
         ada approves d1                       -> approved; credited 5.00
         anna claims d2                        -> submitted
"

two_admins_and_one_deposit: "
         anna opens d1 5.00 usdt               -> opened
         anna claims d1                        -> submitted
         eve  approves d1                      -> refused unknown_command
         anna approves d1                      -> refused unknown_command; anna 0.00+0.00
         anna rejects d1                       -> refused unknown_command
         eve  approves d7                      -> refused unknown_command
         # Bob's card may still be on its way; it must not keep its buttons.
         ada approves d1                       -> approved; credited 5.00; wishes show_deposit:d1
                                               .. tell_deposit_decided:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob
         bob approves d1                       -> refused deposit_approved ada
         bob rejects d1 no such payment        -> refused deposit_approved ada; anna 5.00+0.00
         anna opens d2 5.00 usdt               -> opened
         anna claims d2                        -> submitted
         bob rejects d2 no such payment        -> rejected; reason no such payment;
                                               .. wishes show_deposit:d2 tell_deposit_decided:d2
                                               .. show_deposit_to_admin:d2:ada
                                               .. show_deposit_to_admin:d2:bob
         ada approves d2                       -> refused deposit_rejected bob; anna 5.00+0.00
         bob rejects d2                        -> refused deposit_rejected bob
         anna claims d2                        -> refused deposit_rejected bob
         clock d2                              -> rejected; nothing
         anna opens d3 5.00 usdt               -> opened
         anna claims d3                        -> submitted
         policy admin_removed bob
         bob approves d3                       -> refused unknown_command
         ada rejects d3                        -> rejected; reason none
         anna opens d4 5.00 usdt               -> opened
         anna claims d4                        -> submitted
         ada rejects d4 68*no                  -> rejected; reason 67*no
"

open_deposits_differ_in_their_cents: "
    0s   anna opens d1 1.99 coin               -> refused deposit_too_small 2.00
         anna opens d1 600.01 coin             -> refused deposit_too_large 600.00
         anna opens d1 5.00 coin               -> opened; asks 5.00
         anna opens d1 5.00 coin               -> opened; asks 5.00; nothing
         ben  opens d2 5.00 coin               -> opened; asks 5.01
         ben  opens d3 5.00 usdt               -> opened; asks 5.00
         eve  opens d4 5.01 coin               -> opened; asks 5.02
         ben  tells d2 tx0000002               -> submitted
         # What is decided or lapsed leaves its amount to others.
    1h   clock d1                              -> expired
         eve  opens d5 5.00 coin               -> opened; asks 5.00
         # What is paid is what is credited.
         ada approves d2                       -> approved; credited 5.01; ben 5.01+0.00
         policy deposits_open_max 200
         eve  opens d101 8.00 coin             -> opened; asks 8.00
"

a_payment_is_named_once_for_ever: "
    0s   anna opens d1 5.00 coin               -> opened
         anna claims d1                        -> refused reference_missing
         anna hello Anna in en                 -> ok
         anna asked of d1                      -> ok
         ben  tells d1 tx0000001               -> refused deposit_unknown
         anna tells d1 tx0000001               -> submitted; paid tx0000001;
                                               .. wishes show_deposit:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob
         anna tells d1 tx0000001               -> submitted; nothing
         anna tells d1 tx0000002               -> refused reference_given
         ben  opens d2 5.00 usdt               -> opened
         ben  tells d2 TX0000001               -> refused reference_used
         ben  claims d2                        -> submitted
         ben  tells d2 0xtx0000001             -> refused reference_used
         ben  tells d2 tx0000002               -> submitted; paid tx0000002
         ada rejects d1                        -> rejected
         anna opens d3 5.00 coin               -> opened
         anna tells d3 tx0000001               -> refused reference_used
    2h   clock d3                              -> expired
         anna tells d3 tx0000003               -> submitted; paid tx0000003
         ada approves d3                       -> approved; credited 5.00
         anna tells d3 tx0000004               -> refused deposit_approved ada
         anna tells d1 tx0000004               -> refused deposit_rejected ada
"

a_picture_goes_to_every_admin: "
         anna hello Anna in en                 -> ok
         anna opens d1 5.00 usdt               -> opened
         anna pictures d1 f1                   -> refused deposit_not_submitted
         anna claims d1                        -> submitted
         ben  pictures d1 f1                   -> refused deposit_unknown
         anna asked of d1 for picture          -> ok
         anna pictures d1 f1                   -> submitted; wishes show_deposit:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob
                                               .. send_picture_to_admin:d1:ada
                                               .. send_picture_to_admin:d1:bob
         anna pictures d1 f1                   -> submitted; nothing
         granted last send_picture_to_admin:d1:ada -> ok
         ada approves d1                       -> approved; credited 5.00
         anna pictures d1 f2                   -> refused deposit_approved ada
         anna opens d2 6.00 usdt               -> opened
    2h   clock d2                              -> expired
         anna pictures d2 f3                   -> refused deposit_not_submitted
         anna claims d2                        -> submitted
         anna pictures d2 f3                   -> submitted
"

small_deposits_need_nobody: "
    0s   policy auto_approve_below 5.00
         anna opens d1 5.00 usdt               -> opened
         anna claims d1                        -> submitted
         anna opens d2 4.99 usdt               -> opened
         anna claims d2                        -> credited; credited 4.99; anna 4.99+0.00;
                                               .. wishes show_deposit:d2 tell_deposit_decided:d2
                                               .. show_deposit_to_admin:d2:ada
                                               .. show_deposit_to_admin:d2:bob
         anna claims d2                        -> refused deposit_credited
         # A script may be stricter than the limit, and never more generous.
         ben opens d8 4.99 usdt                -> opened
         ben claims d8 unasked                 -> submitted
         anna tells d2 tx0000001               -> refused deposit_credited
         ada approves d2                       -> refused deposit_credited
         ada rejects d2                        -> refused deposit_credited
         anna opens d3 3.00 coin               -> opened
    1h   clock d3                              -> expired
         anna claims d3                        -> refused reference_missing
         anna tells d3 tx0000003               -> credited; credited 3.00
         clock d3                              -> credited; nothing
"

large_deposits_need_two_admins: "
         policy two_admins_above 100.00
         anna opens d1 100.00 usdt             -> opened
         anna claims d1                        -> submitted
         ada approves d1                       -> approved; credited 100.00
         anna opens d2 100.01 usdt             -> opened
         anna claims d2                        -> submitted
         ada approves d2                       -> submitted; first ada; anna 100.00+0.00;
                                               .. wishes show_deposit:d2
                                               .. show_deposit_to_admin:d2:ada
                                               .. show_deposit_to_admin:d2:bob
         ada approves d2                       -> refused second_admin_needed
         eve approves d2                       -> refused unknown_command
         bob approves d2                       -> approved; credited 100.01
         ada approves d2                       -> refused deposit_approved bob
         anna opens d3 200.00 usdt             -> opened
         anna claims d3                        -> submitted
         bob approves d3                       -> submitted; first bob
         ada rejects d3                        -> rejected
         anna opens d4 200.00 usdt             -> opened
         anna claims d4                        -> submitted
         bob approves d4                       -> submitted; first bob
         # Who is no admin any more has approved nothing.
         policy admin_removed bob
         ada approves d4                       -> submitted; first ada
"

a_hundred_open_deposits_of_one_amount: "
         policy deposits_open_max 200
         given anna opens 100 deposits of 5.00
         ben  opens d500 5.00 coin             -> refused amounts_taken
         ben  opens d500 5.50 coin             -> opened; asks 6.00
         ben  opens d501 6.00 coin             -> opened; asks 6.01
"

money_that_is_missing_for_an_offer: "
         anna hello Anna in en                 -> ok
         anna lacks 5.00 for q7                -> ok
         anna opens d1 5.00 usdt               -> opened; wanted q7
         # The question was answered by opening.
         anna opens d2 5.00 usdt               -> opened; wanted q0
"
}
