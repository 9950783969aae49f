//! Numbers on their way back: a second try elsewhere, and what the vendor keeps or never says.
//! Only `flows` imports this.

flows! {

no_code_in_the_usual_time_is_tried_elsewhere: "
         policy second_try on
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         started q1 0                          -> buying 0 started
    10s  bought q1 v1 +15550100 0.24 from mock -> waiting; due 610s hold 900s
    69s  overdue q1                            -> waiting; nothing
    70s  overdue q1                            -> cancelling for another; anna 4.74+0.26;
                                               .. wishes cancel_purchase:q1 show_order:q1
         overdue q1                            -> cancelling for another; nothing
    75s  returned q1 v1                        -> buying 1; former v1 of mock; anna 4.74+0.26;
                                               .. wishes buy:q1 show_order:q1
         returned q1 v1                        -> refused order_unknown
         # What was given back is nobody's code any more.
         code q1 v1 12345                      -> refused order_unknown
         granted last cancel_purchase:q1       -> ok
         clock q1                              -> buying 1; nothing
         started q1 1                          -> buying 1 started
         # A vendor that sells the same again has sold nothing new.
         bought q1 v1 +15550100 0.24 from mock -> buying 1 started; nothing
         # The second number is waited for as long as the first would have been.
    80s  bought q1 v2 +15550101 0.20 from smspool -> waiting; number +15550101 from smspool;
                                               .. due 610s hold 900s
    5m   overdue q1                            -> waiting; nothing
         code q1 v2 12345                      -> delivered; charged 0.26; vendor 0.20;
                                               .. anna 4.74+0.00
"

the_code_may_win_against_the_second_try: "
         policy second_try on
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
    2m   overdue q1                            -> cancelling for another
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24; former
         returned q1 v1                        -> delivered; nothing
"

nobody_is_tried_where_it_makes_no_sense: "
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
    2m   overdue q1                            -> waiting; nothing
         policy second_try on
         # Too little time would be left to wait for the other code.
   545s  overdue q1                            -> waiting; nothing
         returned q1 v1                        -> expired; released 0.26
         # The vendor that had its turn is no second one.
         given anna orders q2 from mock mock
         started q2 0                          -> buying 0 started
         bought q2 v2 +15550101 0.24 from mock -> waiting
    12m  overdue q2                            -> waiting; nothing
         overdue q9                            -> refused order_unknown
"

the_second_try_ends_like_any_other_order: "
         policy second_try on
         policy orders_open_max 5
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         given anna orders q2 from mock smspool
         given anna orders q3 from mock smspool
         given anna orders q4 from mock smspool
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
         started q2 0                          -> buying 0 started
         bought q2 v2 +15550101 0.24 from mock -> waiting
         started q3 0                          -> buying 0 started
         bought q3 v3 +15550102 0.24 from mock -> waiting
         started q4 0                          -> buying 0 started
         bought q4 v4 +15550103 0.24 from mock -> waiting
    2m   overdue q1                            -> cancelling for another
         overdue q2                            -> cancelling for another
         overdue q3                            -> cancelling for another
         overdue q4                            -> cancelling for another
         # The customer has had enough.
         anna cancels q2                       -> cancelling for the customer
         returned q2 v2                        -> cancelled; released 0.26
         # Nobody else has one.
         returned q1 v1                        -> buying 1; former v1 of mock
         declined q1 1 out_of_stock            -> expired; released 0.26
         # Nobody can ask.
         returned q4 v4                        -> buying 1
    3m   clock q4                              -> expired; released 0.26
         # The vendor does not give it back in time.
    10m  clock q3                              -> cancelling for the clock
         returned q3 v3                        -> expired; released 0.26; former; anna 5.00+0.00
"

a_second_answer_may_be_lost_too: "
         policy second_try on
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
    2m   overdue q1                            -> cancelling for another
         returned q1 v1                        -> buying 1
         started q1 1                          -> buying 1 started
         unclear q1 1                          -> unclear
         bought q1 v2 +15550101 0.20 from smspool -> waiting; former v1 of mock
    5m   overdue q1                            -> waiting; nothing
    10m  clock q1                              -> cancelling for the clock
         returned q1 v2                        -> expired; released 0.26; former v1 of mock
"

a_return_that_is_never_confirmed_is_put_before_the_admins: "
         given anna has 5.00 by d1
         given anna waits for q1
         unconfirmed q1                        -> waiting; nothing
         ada settles q1 kept                   -> refused lost_settled
    10m  clock q1                              -> cancelling for the clock
         unconfirmed q1                        -> cancelling for the clock; nothing
    15m  clock q1                              -> expired; released 0.26; anna 5.00+0.00
    2h   unconfirmed q1                        -> expired; unreturned unknown;
                                               .. wishes show_unreturned_to_admin:q1:ada
                                               .. show_unreturned_to_admin:q1:bob
         unconfirmed q1                        -> expired; nothing
         denied q1                             -> expired; nothing
         granted last show_unreturned_to_admin:q1:ada 7 -> ok
         granted last show_unreturned_to_admin:q1:ada 7 -> nothing
         anna settles q1 kept                  -> refused unknown_command
         # What the vendor kept is the shop's loss, and the customer has the money back.
         ada settles q1 kept                   -> expired; unreturned kept by ada; vendor 0.24;
                                               .. anna 5.00+0.00;
                                               .. wishes show_unreturned_to_admin:q1:ada
                                               .. show_unreturned_to_admin:q1:bob
         bob settles q1 back                   -> refused lost_settled
         given anna waits for q2
         anna cancels q2                       -> cancelling for the customer
 8100s   clock q2                              -> cancelled; released 0.26
    4h   unconfirmed q2                        -> cancelled; unreturned unknown
         bob settles q2 back                   -> cancelled; unreturned given_back by bob
"

a_lost_number_that_turns_up_used_is_the_shops_loss: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         unclear q1 0                          -> unclear
    2m   not_found q1                          -> failed Unclear; released 0.26
    1h   bought q1 v1 +15550100 0.24 from mock -> failed Unclear; ok
         denied q1                             -> failed Unclear; vendor 0.24; anna 5.00+0.00;
                                               .. wishes show_lost_to_admin:q1:ada
                                               .. show_lost_to_admin:q1:bob
"

what_a_vendor_says_it_keeps_is_booked: "
         given anna has 5.00 by d1
         given anna waits for q1
         denied q1                             -> waiting; nothing
         anna cancels q1                       -> cancelling for the customer
         denied q1                             -> cancelling for the customer; nothing
    15m  clock q1                              -> cancelled; released 0.26; anna 5.00+0.00
         denied q1                             -> cancelled; vendor 0.24; unreturned kept by nobody
         denied q1                             -> cancelled; nothing
         unconfirmed q1                        -> cancelled; nothing
         ada settles q1 kept                   -> refused lost_settled; anna 5.00+0.00
"
}
