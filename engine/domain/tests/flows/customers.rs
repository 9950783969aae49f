//! What customers do with prices and orders, and what may not be done to them. Only `flows`
//! imports this.

flows! {

a_customer_pays_in_buys_and_gets_the_code: "
    0s   anna hello Anna in en                 -> ok
         anna opens d1 5.00 usdt on 9          -> opened; card 9; wishes show_deposit:d1
    1m   anna claims d1                        -> submitted; anna 0.00+0.00; wishes show_deposit:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob
    2m   ada approves d1                       -> approved; credited 5.00; anna 5.00+0.00
    3m   anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q1 on 10                    -> buying 0; held 0.26; anna 4.74+0.26; card 10;
                                               .. due 780s hold 1080s; wishes buy:q1 show_order:q1
         started q1 0                          -> buying 0 started; wishes
    4m   bought q1 v1 +15550100 0.24 from mock -> waiting; anna 4.74+0.26;
                                               .. number +15550100 from mock; due 840s hold 1080s;
                                               .. wishes show_order:q1
    5m   code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24;
                                               .. anna 4.74+0.00; code 12345; wishes ring_code:q1
                                               .. show_order:q1
         anna cancels q1                       -> refused order_delivered; anna 4.74+0.00
"

the_same_press_twice_is_one_press: "
         anna opens d1 5.00 usdt               -> opened
         anna opens d1 5.00 usdt               -> opened; nothing
         anna opens d1 7.00 binance            -> opened; nothing
         anna claims d1                        -> submitted
         anna claims d1                        -> refused deposit_submitted
         ada approves d1                       -> approved; credited 5.00
         ada approves d1                       -> refused deposit_approved ada
         anna claims d1                        -> refused deposit_approved ada
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25; nothing
         # A newer price under the same id does not move the price that was shown.
         anna asks q1 0.90 cost 0.80 from mock -> quote 0.26 cap 0.25; nothing
         anna buys q1                          -> buying 0; held 0.26
         anna buys q1                          -> buying 0; nothing; anna 4.74+0.26
         started q1 0                          -> buying 0 started
         # Whoever asks now must not ask the vendor again.
         started q1 0                          -> refused order_buying
         anna buys q1                          -> buying 0 started; nothing
         bought q1 v1 +15550100 0.24 from mock -> waiting
         bought q1 v1 +15550100 0.24 from mock -> waiting; nothing
         anna cancels q1                       -> cancelling for the customer
         anna cancels q1                       -> cancelling for the customer; nothing
         returned q1 v1                        -> cancelled; released 0.26; anna 5.00+0.00
         returned q1 v1                        -> cancelled; nothing
         anna buys q1                          -> cancelled; nothing
         anna cancels q1                       -> refused order_ended
"

a_cancelled_number_goes_back: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         anna cancels q1                       -> refused order_buying; anna 4.74+0.26
         started q1 0                          -> buying 0 started
         anna cancels q1                       -> refused order_buying
         bought q1 v1 +15550100 0.24 from mock -> waiting
    1m   anna cancels q1                       -> cancelling for the customer; anna 4.74+0.26;
                                               .. wishes cancel_purchase:q1 show_order:q1
         returned q1 v1                        -> cancelled; released 0.26; anna 5.00+0.00;
                                               .. wishes show_order:q1
         # The money is back; a code that comes now is the shop's loss, not the customer's.
         code q1 v1 12345                      -> refused order_ended; anna 5.00+0.00; code none
    1h   clock q1                              -> cancelled; nothing
"

the_code_may_win_against_the_cancel: "
         given anna has 5.00 by d1
         given anna waits for q1
         anna cancels q1                       -> cancelling for the customer
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24;
                                               .. anna 4.74+0.00
         returned q1 v1                        -> delivered; nothing
"

someone_elses_ids: "
         given anna has 5.00 by d1
         given eve has 5.00 by d2
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         eve  asks q1 0.26 cost 0.24 from mock -> refused id_taken
         eve  buys q1                          -> refused quote_gone; eve 5.00+0.00; anna 5.00+0.00
         anna buys q1                          -> buying 0; held 0.26
         eve  buys q1                          -> refused quote_gone; eve 5.00+0.00
         eve  asks q1 0.26 cost 0.24 from mock -> refused id_taken
         anna asks q1 0.26 cost 0.24 from mock -> refused id_taken
         eve  cancels q1                       -> refused order_unknown
         bought q1 v1 +15550100 0.24 from mock -> waiting
         eve  cancels q1                       -> refused order_unknown
         ada  cancels q1                       -> refused order_unknown; waiting
         anna opens d3 5.00 usdt               -> opened
         eve  opens d3 5.00 usdt               -> refused id_taken
         eve  claims d3                        -> refused deposit_unknown; opened
"

ids_of_nothing: "
         anna buys q7                          -> refused quote_gone
         anna cancels q7                       -> refused order_unknown
         anna claims d7                        -> refused deposit_unknown
         ada approves d7                       -> refused deposit_unknown
         ada rejects d7                        -> refused deposit_unknown
         started q7 0                          -> refused order_unknown
         bought q7 v1 +15550100 0.24 from mock -> refused order_unknown
         declined q7 0 out_of_stock            -> refused order_unknown
         unclear q7 0                          -> refused order_unknown
         not_found q7                          -> refused order_unknown
         code q7 v1 12345                      -> refused order_unknown
         returned q7 v1                        -> refused order_unknown
         clock q7                              -> refused order_unknown
         clock d7                              -> refused deposit_unknown
         clock quote q7                        -> nothing
"

a_price_stands_for_two_minutes: "
    0s   given anna has 5.00 by d1
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna asks q2 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
    119s anna buys q1                          -> buying 0; held 0.26
    120s anna buys q2                          -> refused quote_expired; anna 4.74+0.26
         anna asks q2 0.26 cost 0.24 from mock -> refused id_taken
         clock quote q2                        -> nothing
         # For a day the button is told from a forged one.
    24h  anna buys q2                          -> refused quote_expired
    25h  clock quote q2                        -> ok
         clock quote q2                        -> nothing
         anna buys q2                          -> refused quote_gone
         clock quote q1                        -> buying 0; nothing
"

prices_keep_to_the_limits: "
         anna asks q1 0.2592 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna asks q2 0.01 cost 0.24 from mock -> quote 0.25 cap 0.24
         anna asks q3 0.01 cost 0.01 from mock -> quote 0.15 cap 0.14
         anna asks q4 7.00 cost 0.24 from mock -> quote 1.00 cap 0.99
         anna asks q5 1.00 cost 1.00 from mock -> refused not_for_sale
         anna asks q5 -0.26 cost 0.24 from mock -> refused not_for_sale
         anna asks q5 0.26 cost -0.24 from mock -> refused not_for_sale
         anna asks q5 0.26 cost 9223372036854.775807 from mock -> refused not_for_sale
         anna asks q5 0.26 cost 0.24 from      -> refused not_for_sale
         anna asks q5 0.26 cost 0.24 from 256*mock -> refused not_for_sale
         anna asks q9 0.26 cost 0.24 from 255*mock -> quote 0.26 cap 0.25
         # Nothing is given away, and nothing costs more than the books can carry.
         policy price_min 0
         policy margin_min 0
         anna asks q5 0 cost 0 from mock       -> refused not_for_sale
         policy price_max 9223372036854.775807
         anna asks q5 9000000000000 cost 0 from mock -> quote 1000000.00 cap 1000000.00
         anna asks q6 1 cost 1000000.01 from mock -> refused not_for_sale
"

selling_pauses: "
         given anna has 5.00 by d1
         given anna waits for q1
         anna asks q2 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         policy selling off
         anna asks q3 0.26 cost 0.24 from mock -> refused selling_paused
         anna buys q2                          -> refused selling_paused; anna 4.74+0.26
         # Open orders finish.
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         policy selling on
         anna buys q2                          -> buying 0; held 0.26
"

only_so_many_open_orders: "
         given anna has 5.00 by d1
         given anna waits for q1
         given anna waits for q2
         anna asks q3 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q3                          -> refused orders_open_max 2
         anna cancels q1                       -> cancelling for the customer
         anna buys q3                          -> refused orders_open_max 2
         returned q1 v1                        -> cancelled; released 0.26
         anna buys q3                          -> buying 0; held 0.26
         # An order that is there already is not a new one.
         anna buys q2                          -> waiting; nothing
         policy orders_open_max 0
         given ben has 5.00 by d2
         ben asks q4 0.26 cost 0.24 from mock  -> quote 0.26 cap 0.25
         ben buys q4                           -> refused orders_open_max 0
"

a_wallet_is_never_overdrawn: "
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q1                          -> refused wallet_short 0.26
         given anna has 1.00 by d1
         anna asks q2 0.75 cost 0.24 from mock -> quote 0.75 cap 0.74
         anna buys q2                          -> buying 0; held 0.75; anna 0.25+0.75
         # What is held cannot be spent twice.
         anna buys q1                          -> refused wallet_short 0.01; anna 0.25+0.75
         declined q2 0 out_of_stock            -> failed OutOfStock; released 0.75
         anna buys q1                          -> buying 0; held 0.26; anna 0.74+0.26
"
}
