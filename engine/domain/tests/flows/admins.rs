//! Refunds, limits, blocks, adjustments, pauses and reports. Only `flows` imports this.

flows! {
a_refund_is_asked_for_and_approved: "
         anna hello Anna in en                 -> ok
         given anna has 1.00 by d1
         given anna waits for q1
         anna asks refund q1 yes it was used   -> refused order_not_delivered
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         eve  asks refund q1 yes               -> refused order_unknown
         anna asks refund q7 yes               -> refused order_unknown
         anna asks refund q1 no                -> refused refund_not_allowed
         ada  rejects refund q1                -> refused refund_unknown
         anna prompted                         -> ok
         anna asks refund q1 yes it was used   -> refund requested; wishes show_order:q1
                                               .. show_refund_to_admin:q1:ada
                                               .. show_refund_to_admin:q1:bob
         anna asks refund q1 yes               -> refused refund_requested
         granted last show_refund_to_admin:q1:ada 40 -> ok
         anna approves refund q1               -> refused unknown_command
         anna rejects refund q1                -> refused unknown_command
         bob  approves refund q7               -> refused order_unknown
         bob  approves refund q1               -> refunded; refund approved; refunded 0.26;
                                               .. anna 1.00+0.00; wishes show_order:q1
                                               .. tell_refund_decided:q1
                                               .. show_refund_to_admin:q1:ada
                                               .. show_refund_to_admin:q1:bob
         ada  approves refund q1               -> refused refund_approved bob
         ada  rejects refund q1                -> refused refund_approved bob; anna 1.00+0.00
         anna asks refund q1 yes               -> refused refund_approved bob
         code q1 v1 12345                      -> refused order_ended
"

a_refund_is_rejected: "
         given anna has 1.00 by d1
         given anna waits for q1
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         anna asks refund q1 yes               -> refund requested
         ada  rejects refund q1 it was read    -> refund rejected; anna 0.74+0.00;
                                               .. wishes show_order:q1 tell_refund_decided:q1
                                               .. show_refund_to_admin:q1:ada
                                               .. show_refund_to_admin:q1:bob
         bob  approves refund q1               -> refused refund_rejected ada
         anna asks refund q1 yes               -> refused refund_rejected ada; anna 0.74+0.00
"

the_admins_group_is_shown_everything_and_decides_nothing: "
         policy admin_group group
         given anna has 1.00 by d1
         given anna waits for q1
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         anna asks refund q1 yes               -> refund requested; wishes show_order:q1
                                               .. show_refund_to_admin:q1:ada
                                               .. show_refund_to_admin:q1:bob
                                               .. show_refund_to_admin:q1:group
         granted last show_refund_to_admin:q1:group 40 -> ok
         group approves refund q1              -> refused unknown_command
         group rejects refund q1               -> refused unknown_command; anna 0.74+0.00
         bob  approves refund q1               -> refunded; refund approved; refunded 0.26;
                                               .. anna 1.00+0.00; wishes show_order:q1
                                               .. tell_refund_decided:q1
                                               .. show_refund_to_admin:q1:group
                                               .. show_refund_to_admin:q1:ada
                                               .. show_refund_to_admin:q1:bob
         report 101                            -> ok; wishes send_report:101:ada
                                               .. send_report:101:bob send_report:101:group
"

an_admin_refunds_unasked: "
         given anna has 1.00 by d1
         given anna waits for q1
         ada  approves refund q1               -> refused order_not_delivered
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         ada  approves refund q1               -> refunded; refunded 0.26; anna 1.00+0.00
"

too_many_orders: "
         policy orders_open_max 9
         policy orders_minute_max 2
         policy orders_hour_max 3
         policy orders_day_max 4
         given anna has 9.00 by d1
         given anna orders q1 from mock
         given anna orders q2 from mock
         anna asks q3 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q3                          -> refused orders_minute_max 2
    60s  anna buys q3                          -> buying 0; held 0.26
         anna asks q4 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q4                          -> refused orders_hour_max 3
   1h    anna asks q5 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q5                          -> buying 0; held 0.26
   2h    anna asks q6 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q6                          -> refused orders_day_max 4
   24h   anna asks q6 0.26 cost 0.24 from mock -> refused id_taken
         anna asks q7 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q7                          -> buying 0; held 0.26
         # What was bought before is shown however often it is pressed.
         anna buys q7                          -> nothing
"

terms_come_first: "
         given anna has 1.00 by d1
         policy terms_required on
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna buys q1                          -> refused terms_pending
         anna accepts terms                    -> ok
         anna accepts terms                    -> nothing
         anna buys q1                          -> buying 0; held 0.26
"

some_services_are_sold_to_nobody: "
         given anna has 1.00 by d1
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         policy services_denied ring4
         anna buys q1                          -> refused not_for_sale
         anna asks q2 0.26 cost 0.24 from mock -> refused not_for_sale
"

a_customer_is_blocked: "
         anna hello Anna in en                 -> ok
         given anna has 1.00 by d1
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna blocks anna for fun              -> refused unknown_command
         ada  blocks eve for fraud             -> refused customer_unknown
         ada  unblocks eve                     -> refused customer_unknown
         ada  unblocks anna                    -> nothing
         ada  blocks anna for fraud            -> ok
         bob  blocks anna for spite            -> nothing
         anna buys q1                          -> refused customer_blocked
         anna asks q2 0.26 cost 0.24 from mock -> refused customer_blocked
         anna unblocks anna                    -> refused unknown_command
         bob  unblocks anna                    -> ok
         anna buys q1                          -> buying 0; held 0.26
"

a_wallet_is_adjusted: "
         anna hello Anna in en                 -> ok
         given anna has 1.00 by d1
         anna adjusts a1 anna 5.00 gift        -> refused unknown_command
         ada  adjusts a1 eve 5.00 gift         -> refused customer_unknown
         ada  adjusts a1 anna 0.00 gift        -> refused adjustment_amount 1000000.00
         ada  adjusts a1 anna 1000000.01 gift  -> refused adjustment_amount 1000000.00
         ada  adjusts a1 anna 5.00             -> refused adjustment_reason
         ada  adjusts a1 anna 5.00 gift        -> ok; anna 1.00+0.00
         ada  adjusts a1 anna 5.00 gift        -> nothing
         ada  adjusts a1 anna 6.00 gift        -> refused id_taken
         bob  adjusts a1 anna 5.00 gift        -> refused id_taken
         anna books a1 anna                    -> refused unknown_command
         ada  books a1 eve                     -> refused adjustment_unknown
         ada  books a2 anna                    -> refused adjustment_unknown
         ada  books a1 anna                    -> ok; adjusted 5.00; anna 6.00+0.00;
                                               .. wishes tell_adjusted:a1
         bob  books a1 anna                    -> refused adjustment_booked ada
         ada  adjusts a2 anna -6.01 fee        -> ok
         ada  books a2 anna                    -> refused adjustment_short 6.00
         ada  adjusts a3 anna -6.00 fee        -> ok
    601s ada  books a3 anna                    -> refused adjustment_expired
         ada  adjusts a4 anna -6.00 fee        -> ok
         bob  books a4 anna                    -> ok; adjusted 6.00; anna 0.00+0.00
"

who_brings_customers_is_rewarded_once: "
         anna hello Anna in en                 -> ok
         ben  hello Ben in en                  -> ok
         ben  comes by anna                    -> nothing
         policy referrals 10
         ben  comes by ben                     -> nothing
         ben  comes by eve                     -> nothing
         ben  comes by anna                    -> ok
         ben  comes by anna                    -> nothing
    1h   anna comes by ben                     -> nothing
         ben  opens d1 5.00 usdt               -> opened
         reward a1 ben anna d1                 -> nothing
         ben  claims d1                        -> submitted
         ada  approves d1                      -> approved; credited 5.00;
                                               .. wishes show_deposit:d1 tell_deposit_decided:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob reward:d1
         reward a1 ben eve d1                  -> nothing
         reward a1 ben anna d1                 -> adjusted 0.50; anna 0.50+0.00;
                                               .. wishes tell_adjusted:a1
         reward a2 ben anna d1                 -> nothing
         granted last reward:d1                -> ok
         ben  opens d2 50.00 usdt              -> opened
         ben  claims d2                        -> submitted
         ada  approves d2                      -> credited 50.00
         reward a3 ben anna d2                 -> nothing
         # The most that is given.
    2h   eve  hello Eve in en                  -> ok
         eve  comes by anna                    -> ok
         eve  opens d3 500.00 usdt             -> opened
         eve  claims d3                        -> submitted
         ada  approves d3                      -> credited 500.00
         reward a3 eve anna d3                 -> adjusted 1.00; anna 1.50+0.00
"

what_is_given_back_rewards_nobody: "
         policy referrals 10
         anna hello Anna in en                 -> ok
         ben  hello Ben in en                  -> ok
         ben  comes by anna                    -> ok
         ben  opens d1 5.00 stars              -> opened
         ben  pays 250 stars c1 for d1 else d11 -> credited 5.00
         reward a1 ben anna d1                 -> adjusted 0.50; anna 0.50+0.00
         reward of a1 back a2 ben anna d1      -> nothing
         ada  returns d1 of ben                -> return_held 5.00
         reward of a1 back a2 ben anna d1      -> nothing
         stars returned d1                     -> returned; given_back 5.00
         reward of a1 back a2 ben eve d1       -> nothing
         reward of a9 back a2 ben anna d1      -> nothing
         reward of a1 back a2 ben anna d1      -> adjusted 0.50; anna 0.00+0.00;
                                               .. wishes tell_adjusted:a2
         reward of a1 back a2 ben anna d1      -> nothing
         granted last reward:d1                -> ok
         # What came later was not the first, and its way back takes nothing.
         ben  opens d2 5.00 stars              -> opened
         ben  pays 250 stars c2 for d2 else d12 -> credited 5.00
         reward a3 ben anna d2 later           -> nothing
         ada  returns d2 of ben                -> return_held 5.00
         stars returned d2                     -> given_back 5.00
         reward of a1 back a4 ben anna d2      -> nothing
"

a_reward_that_was_spent_is_taken_back_as_far_as_it_is_there: "
         policy referrals 10
         anna hello Anna in en                 -> ok
         ben  hello Ben in en                  -> ok
         ben  comes by anna                    -> ok
         ben  opens d1 5.00 stars              -> opened
         ben  pays 250 stars c1 for d1 else d11 -> credited 5.00
         # On its way back it rewards nobody; kept by Telegram, it does.
         ada  returns d1 of ben                -> return_held 5.00
         reward a1 ben anna d1                 -> nothing
         stars kept d1                         -> return_released 5.00;
                                               .. wishes show_deposit:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob reward:d1
         reward a1 ben anna d1                 -> adjusted 0.50
         given anna orders q1 from mock
         ada  returns d1 of ben                -> return_held 5.00
         stars returned d1                     -> given_back 5.00
         reward a1 ben anna d1                 -> nothing
         reward of a1 back a2 ben anna d1      -> adjusted 0.24; anna 0.00+0.26
         # Once, whatever the entry is called and whatever the wallet has since.
         anna opens d2 5.00 usdt               -> opened
         anna claims d2                        -> submitted
         ada  approves d2                      -> approved; credited 5.00
         reward of a1 back a3 ben anna d1      -> nothing
"

a_deposit_before_there_were_rewards_was_the_first: "
         anna hello Anna in en                 -> ok
         ben  hello Ben in en                  -> ok
         policy referrals 10
         ben  comes by anna                    -> ok
         policy referrals off
         given ben has 2.00 by d1
         policy referrals 10
         ben  opens d2 50.00 usdt              -> opened
         ben  claims d2                        -> submitted
         ada  approves d2                      -> credited 50.00
         reward a1 ben anna d2 later           -> ok
         reward a1 ben anna d2                 -> nothing
"

a_stand_in_that_was_switched_off_is_not_bought: "
         given anna has 5.00 by d1
         anna asks q1 0.26 cost 0.24 from mock smspool:telegram -> quote 0.26 cap 0.25
         anna asks q2 0.26 cost 0.24 from mock:telegram -> quote 0.26 cap 0.25
         ada stops telegram                    -> ok
         anna buys q2                          -> refused not_for_sale
         anna buys q1                          -> buying 0; held 0.26
         started q1 0                          -> buying 0 started
         declined q1 0 out_of_stock            -> failed OutOfStock; released 0.26
"

a_service_is_switched_off_and_on: "
         given anna has 5.00 by d1
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna stops ring4                      -> refused unknown_command
         ada stops ring4                       -> ok
         bob stops ring4                       -> nothing
         anna buys q1                          -> refused not_for_sale
         anna asks q2 0.26 cost 0.24 from mock -> refused not_for_sale
         # A pause of everything leaves the switches as they are.
         ada pauses tea                        -> ok
         ada resumes                           -> ok
         anna buys q1                          -> refused not_for_sale
         bob sells ring4                       -> ok
         bob sells ring4                       -> nothing
         anna buys q1                          -> buying 0; held 0.26
"

selling_pauses: "
         given anna has 1.00 by d1
         anna asks q1 0.26 cost 0.24 from mock -> quote 0.26 cap 0.25
         anna pauses back soon                 -> refused unknown_command
         ada  resumes                          -> nothing
         ada  pauses back soon                 -> ok
         ada  pauses back soon                 -> nothing
         anna buys q1                          -> refused selling_paused
         anna asks q2 0.26 cost 0.24 from mock -> refused selling_paused
         bob  resumes                          -> ok
         anna buys q1                          -> buying 0; held 0.26
"

a_report_is_sent_once: "
         report 100 silently                   -> ok; wishes
         report 100                            -> nothing
         report 101                            -> ok; wishes send_report:101:ada
                                               .. send_report:101:bob
         report 101                            -> nothing
         report 99                             -> nothing
"
}
