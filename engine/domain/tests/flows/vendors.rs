//! What vendors answer, or do not, and what the clock makes of it. Only `flows` imports this.

flows! {

what_comes_after_the_code_changes_nothing: "
         given anna has 5.00 by d1
         given anna waits for q1
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         code q1 v1 12345                      -> delivered; nothing
         code q1 v1 99999                      -> delivered; nothing; code 12345
    1h   clock q1                              -> delivered; nothing
         bought q1 v1 +15550100 0.24 from mock -> delivered; nothing
         declined q1 0 out_of_stock            -> delivered; nothing
         unclear q1 0                          -> delivered; nothing
         not_found q1                          -> delivered; nothing
         returned q1 v1                        -> delivered; nothing
         started q1 0                          -> refused order_buying
         anna buys q1                          -> delivered; nothing
         anna cancels q1                       -> refused order_delivered; anna 4.74+0.00
"

a_code_needs_a_number_and_something_to_read: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         code q1 v1 12345                      -> refused order_unknown
         started q1 0                          -> buying 0 started
         unclear q1 0                          -> unclear
         code q1 v1 12345                      -> refused order_unknown
         bought q1 v1 +15550100 0.24 from mock -> waiting
         code q1 v2 12345                      -> refused order_unknown; anna 4.74+0.26
         # Nobody pays for an empty text.
         code q1 v1                            -> waiting; nothing; anna 4.74+0.26
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
"

no_code_in_time: "
         given anna has 5.00 by d1
    0s   anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q1                          -> buying 0; held 0.26; due 600s hold 900s
    10s  bought q1 v1 +15550100 0.24 from mock -> waiting; due 610s hold 900s
    609s clock q1                              -> waiting; nothing
    610s clock q1                              -> cancelling for the clock; anna 4.74+0.26;
                                               .. wishes cancel_purchase:q1 show_order:q1
         clock q1                              -> cancelling for the clock; nothing
         anna cancels q1                       -> cancelling for the clock; nothing
    620s returned q1 v1                        -> expired; released 0.26; anna 5.00+0.00;
                                               .. wishes show_order:q1 tell_order_ended:q1
         clock q1                              -> expired; nothing
         anna cancels q1                       -> refused order_ended
         code q1 v1 12345                      -> refused order_ended; anna 5.00+0.00
"

a_clock_set_back_leaves_nobody_waiting: "
         policy orders_open_max 5
         given anna has 5.00 by d1
    2h   given anna waits for q1
         given anna orders q2 from mock
         given anna orders q3 from mock
         started q3 0                          -> buying 0 started
         unclear q3 0                          -> unclear
         anna asks q4 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         # What a time server corrects changes nothing.
 6900s   clock q1                              -> waiting; nothing
    1h   clock q1                              -> cancelling for the clock
         clock q2                              -> failed Unavailable; released 0.26
         clock q3                              -> failed Unclear; released 0.26
         anna buys q4                          -> refused quote_expired
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
"

the_code_may_win_against_the_clock: "
         given anna has 5.00 by d1
         given anna waits for q1
    10m  clock q1                              -> cancelling for the clock
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24;
                                               .. anna 4.74+0.00
    15m  clock q1                              -> delivered; nothing
"

the_vendor_never_answers_the_cancel: "
         given anna has 5.00 by d1
         given anna waits for q1
    5m   anna cancels q1                       -> cancelling for the customer
    899s clock q1                              -> cancelling for the customer; nothing
    15m  clock q1                              -> cancelled; released 0.26; anna 5.00+0.00
         given anna waits for q2
    25m  clock q2                              -> cancelling for the clock
    30m  clock q2                              -> expired; released 0.26; anna 5.00+0.00
         returned q2 v2                        -> expired; nothing
"

the_vendor_takes_the_number_back_unasked: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         returned q1 v1                        -> refused order_unknown
         bought q1 v1 +15550100 0.24 from mock -> waiting
         returned q1 v2                        -> refused order_unknown; anna 4.74+0.26
         returned q1 v1                        -> expired; released 0.26; anna 5.00+0.00;
                                               .. wishes show_order:q1 tell_order_ended:q1
"

the_next_vendor_is_asked_only_after_a_clean_no: "
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         started q1 1                          -> refused order_buying
         started q1 0                          -> buying 0 started
         declined q1 1 out_of_stock            -> buying 0 started; nothing
         declined q1 0 out_of_stock            -> buying 1; anna 4.74+0.26; wishes buy:q1
                                               .. show_order:q1
         # Late words about the first vendor say nothing about the second.
         declined q1 0 out_of_stock            -> buying 1; nothing
         unclear q1 0                          -> buying 1; nothing
         started q1 0                          -> refused order_buying
         # Nothing was sent yet, so nothing can be unclear.
         unclear q1 1                          -> buying 1; nothing
         started q1 1                          -> buying 1 started
         unclear q1 0                          -> buying 1 started; nothing
         bought q1 v1 +15550100 0.20 from smspool -> waiting; number +15550100 from smspool
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.20
"

every_vendor_says_no: "
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         declined q1 0 unavailable             -> buying 1
         declined q1 1 out_of_stock            -> failed OutOfStock; released 0.26; anna 5.00+0.00;
                                               .. wishes show_order:q1
         declined q1 1 out_of_stock            -> failed OutOfStock; nothing
         anna cancels q1                       -> refused order_ended
         anna buys q1                          -> failed OutOfStock; nothing
         given anna orders q2 from mock
         declined q2 0 price_moved             -> failed PriceMoved; released 0.26
"

a_lost_answer_is_asked_about_and_was_a_number: "
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         unclear q1 0                          -> buying 0; nothing
         started q1 0                          -> buying 0 started
         unclear q1 0                          -> unclear; anna 4.74+0.26; wishes find_purchase:q1
                                               .. show_order:q1
         unclear q1 0                          -> unclear; nothing
         # A lost answer is no clean no: the next vendor must not be asked.
         declined q1 0 out_of_stock            -> unclear; nothing
         started q1 0                          -> refused order_buying
         anna cancels q1                       -> refused order_buying
    1m   bought q1 v1 +15550100 0.24 from mock -> waiting; anna 4.74+0.26
         unclear q1 0                          -> waiting; nothing
         not_found q1                          -> waiting; nothing
         declined q1 0 out_of_stock            -> waiting; nothing
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
"

a_lost_answer_stays_lost: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         not_found q1                          -> buying 0; nothing
         started q1 0                          -> buying 0 started
         not_found q1                          -> buying 0 started; nothing
         unclear q1 0                          -> unclear
    2m   not_found q1                          -> failed Unclear; released 0.26; anna 5.00+0.00;
                                               .. wishes show_order:q1 tell_order_ended:q1
                                               .. find_purchase:q1 show_lost_to_admin:q1:ada
                                               .. show_lost_to_admin:q1:bob
         not_found q1                          -> failed Unclear; nothing
         # The number turns up after all: it is given back, and the customer does not pay.
         bought q1 v1 +15550100 0.24 from mock -> failed Unclear; wishes cancel_purchase:q1
                                               .. show_lost_to_admin:q1:ada
                                               .. show_lost_to_admin:q1:bob
         bought q1 v1 +15550100 0.24 from mock -> failed Unclear; nothing
         code q1 v1 12345                      -> refused order_ended; anna 5.00+0.00
         returned q1 v1                        -> failed Unclear; nothing; anna 5.00+0.00
"

admins_say_which_number_it_was: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         doubtful q1                           -> buying 0; nothing
         ada adopts q1 v1 +15550100 0.24 from mock -> refused lost_settled
         started q1 0                          -> buying 0 started
         unclear q1 0                          -> unclear
         doubtful q1                           -> unclear; wishes show_order:q1
                                               .. show_lost_to_admin:q1:ada
                                               .. show_lost_to_admin:q1:bob
         doubtful q1                           -> unclear; nothing
         anna adopts q1 v1 +15550100 0.24 from mock -> refused unknown_command
         anna releases q1                      -> refused unknown_command
         ada adopts q1 v1 +15550100 0.24 from mock -> waiting; number +15550100 from mock;
                                               .. wishes show_order:q1 show_lost_to_admin:q1:ada
                                               .. show_lost_to_admin:q1:bob
         bob releases q1                       -> refused lost_settled
         doubtful q1                           -> waiting; nothing
         # A number that has an owner is nobody else's.
         given anna orders q2 from mock
         started q2 0                          -> buying 0 started
         unclear q2 0                          -> unclear
         bob adopts q2 v1 +15550100 0.24 from mock -> refused lost_settled
         bob releases q2                       -> failed Unclear; released 0.26; anna 4.74+0.26
         ada adopts q2 v2 +15550101 0.24 from mock -> refused lost_settled
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
"

what_others_may_have_bought_is_left_alone: "
         policy orphans_cancelled off
         given anna has 5.00 by d1
         given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         unclear q1 0                          -> unclear
    2m   not_found q1                          -> failed Unclear; released 0.26
         bought q1 v1 +15550100 0.24 from mock -> failed Unclear; anna 5.00+0.00;
                                               .. wishes show_lost_to_admin:q1:ada
                                               .. show_lost_to_admin:q1:bob
"

nobody_answers_before_the_hold_runs_out: "
         given anna has 5.00 by d1
    0s   given anna orders q1 from mock
         given anna orders q2 from mock
         started q2 0                          -> buying 0 started
    59s  clock q1                              -> buying 0; nothing
    60s  started q1 0                          -> refused order_ended
         # Nothing was asked of a vendor, so there is nobody to wait for.
         clock q1                              -> failed Unavailable; released 0.26;
                                               .. wishes show_order:q1 tell_order_ended:q1
         clock q1                              -> failed Unavailable; nothing
    899s clock q2                              -> buying 0 started; nothing
         # This one may have been sold to us: it is searched for, and a human hears of it.
    15m  clock q2                              -> failed Unclear; released 0.26; anna 5.00+0.00;
                                               .. wishes show_order:q2 tell_order_ended:q2
                                               .. find_purchase:q2 show_lost_to_admin:q2:ada
                                               .. show_lost_to_admin:q2:bob
         unclear q2 0                          -> failed Unclear; nothing
         given anna orders q3 from mock
         started q3 0                          -> buying 0 started
         unclear q3 0                          -> unclear
    30m  clock q3                              -> failed Unclear; released 0.26; anna 5.00+0.00;
                                               .. wishes show_order:q3 tell_order_ended:q3
                                               .. find_purchase:q3 show_lost_to_admin:q3:ada
                                               .. show_lost_to_admin:q3:bob
         bought q3 v3 +15550100 0.24 from mock -> failed Unclear; wishes cancel_purchase:q3
                                               .. show_lost_to_admin:q3:ada
                                               .. show_lost_to_admin:q3:bob
"

the_second_vendor_has_what_is_left_of_the_minute: "
         given anna has 5.00 by d1
    0s   given anna orders q1 from mock smspool
         started q1 0                          -> buying 0 started
    29s  declined q1 0 out_of_stock            -> buying 1
         started q1 1                          -> buying 1 started
    61s  clock q1                              -> buying 1 started; nothing
         declined q1 1 out_of_stock            -> failed OutOfStock; released 0.26;
                                               .. wishes show_order:q1 tell_order_ended:q1
    2m   given anna orders q2 from mock smspool
         started q2 0                          -> buying 0 started
    3m   declined q2 0 unavailable             -> buying 1
         started q2 1                          -> refused order_ended
         clock q2                              -> failed Unavailable; released 0.26;
                                               .. wishes show_order:q2 tell_order_ended:q2
"

a_number_bought_late_leaves_little_time: "
         given anna has 5.00 by d1
    0s   given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         unclear q1 0                          -> unclear
         # Ten minutes from now would be past the hold's end, which never moves.
    14m  bought q1 v1 +15550100 0.24 from mock -> waiting; due 900s hold 900s
    15m  clock q1                              -> cancelling for the clock;
                                               .. wishes cancel_purchase:q1 show_order:q1
         clock q1                              -> expired; released 0.26
"

the_shop_was_down_while_the_clock_ran: "
         given anna has 5.00 by d1
    0s   given anna waits for q1
         given anna orders q2 from mock
         # However late it is, the vendor is asked first: the code may be there.
    9h   clock q1                              -> cancelling for the clock
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         bought q2 v2 +15550101 0.24 from mock -> waiting; due 900s hold 900s
         code q2 v2 12345                      -> delivered; charged 0.26; vendor 0.24
         # A clock that went back ends nothing early.
    1s   given anna waits for q3
    0s   clock q3                              -> waiting; nothing
"

two_numbers_for_one_order: "
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         declined q1 0 out_of_stock            -> buying 1
         bought q1 v1 +15550100 0.24 from mock -> waiting; number +15550100 from mock
         # The order keeps its first number; the second has no owner, and is reported as that.
         bought q1 v2 +15550101 0.24 from mock -> waiting; nothing; number +15550100 from mock
         bought q1 v1 +15550100 0.24 from smspool -> waiting; nothing
         code q1 v2 12345                      -> refused order_unknown
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
"

one_number_for_two_orders: "
         given anna has 5.00 by d1
         given ben has 5.00 by d2
         given anna waits for q1
         given ben orders q2 from mock
         started q2 0                          -> buying 0 started
         # Whoever has it keeps it, and is the only one who pays; the other is still looked after.
         bought q2 v1 +15550100 0.24 from mock -> buying 0 started; nothing
         unclear q2 0                          -> unclear
         bought q2 v1 +15550100 0.24 from mock -> unclear; nothing
         code q2 v1 12345                      -> refused order_unknown
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         # Not even when its order is over.
         bought q2 v1 +15550100 0.24 from mock -> unclear; nothing; ben 4.74+0.26
         # Another vendor counts for itself.
         bought q2 v1 +15550101 0.24 from smspool -> waiting; number +15550101 from smspool
         code q2 v1 67890                      -> delivered; charged 0.26; vendor 0.24
"

a_vendor_cannot_name_a_cost_that_breaks_the_books: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         bought q1 v1 +15550100 -3.00 from mock -> waiting
         code q1 v1 12345                      -> delivered; charged 0.26; anna 4.74+0.00
         given anna orders q2 from mock
         bought q2 v2 +15550101 9223372036854.775807 from mock -> waiting
         code q2 v2 12345                      -> delivered; charged 0.26; vendor 1000000.00
         given anna orders q3 from mock
         bought q3 v3 +15550102 9223372036854.775807 from mock -> waiting
         code q3 v3 12345                      -> delivered; charged 0.26; vendor 1000000.00
         # What the vendor charged above the cap is the shop's loss.
         given anna orders q4 from mock
         bought q4 v4 +15550103 0.90 from mock -> waiting
         code q4 v4 12345                      -> delivered; charged 0.26; vendor 0.90;
                                               .. anna 3.96+0.00
"
}
