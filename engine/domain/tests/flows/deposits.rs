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
}
