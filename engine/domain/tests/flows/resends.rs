//! Further codes on the number of a delivered order. Only `flows` imports this.

flows! {

another_code_comes_and_costs_nothing: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         again q1 asked by anna                -> refused order_not_delivered
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         again q1 asked in vain by anna        -> refused resend_not_offered
         again q1 asked by ben                 -> refused order_unknown
         again q1 clock                        -> nothing
    1m   again q1 asked by anna                -> delivered; again asking:v1;
                                               .. wishes resend:q1 show_order:q1
         again q1 asked by anna                -> refused resend_under_way
         # The wish stays for as long as a code may come.
         granted last resend:q1                -> nothing
         again q1 started 1                    -> again asking!:v1; wishes
         again q1 started 1                    -> nothing
         again q1 waits v1                     -> again waiting:v1
         again q1 cleared                      -> again waiting!:v1
         again q1 declined                     -> nothing
         again q1 code                         -> nothing
         again q1 code 12345                   -> again arrived:v1; codes 12345 12345;
                                               .. wishes ring_code:q1 show_order:q1
         again q1 code 12345                   -> nothing
         granted last resend:q1                -> ok
         code q1 v1 99999                      -> nothing
         # A vendor may go on under another id, which is the order's from then on.
         again q1 asked by anna                -> again arrived:v1 asking:v1
         again q1 started 0                    -> ok
         again q1 waits v2                     -> again arrived:v1 waiting!:v2
         again q1 code 777                     -> codes 12345 12345 777; again arrived:v1 arrived:v2
         again q1 asked by anna                -> refused resends_max 2
         given anna orders q2 from mock
         started q2 0                          -> buying 0 started
         bought q2 v2 +15550100 0.24 from mock -> buying 0 started; nothing
"

codes_go_on_under_the_id_that_came_with_the_last: "
         policy resends_max 3
         given anna has 5.00 by d1
         given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         again q1 asked by anna                -> again asking:v1
         again q1 started 1                    -> ok
         again q1 waits v2                     -> again waiting!:v2
         again q1 code 222                     -> again arrived:v2
         # One id twice is one number all the same.
         again q1 asked by anna                -> again arrived:v2 asking:v2
         again q1 started 1                    -> ok
         again q1 waits v2                     -> again arrived:v2 waiting:v2
         again q1 cleared                      -> ok
         again q1 code 333                     -> again arrived:v2 arrived:v2
         again q1 asked by anna                -> again arrived:v2 arrived:v2 asking:v2
"

what_a_vendor_charges_after_all_is_the_shops_cost: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         again q1 waits v1 charged 0.10        -> nothing
         again q1 asked by anna                -> again asking:v1
         again q1 started 1                    -> ok
         again q1 waits v2 charged 0.10        -> again waiting!:v2; vendor 0.10; anna 4.74+0.00
         again q1 waits v2 charged 0.10        -> nothing
         again q1 code 222                     -> again arrived:v2
         # Its answer came when nobody waited any more.
         again q1 asked by anna                -> again arrived:v2 asking:v2
         again q1 started 1                    -> ok
         ada approves refund q1                -> refunded; refunded 0.26
         again q1 waits v3 charged 9999999.00  -> again arrived:v2 asking!:v2; vendor 1000000.00
         again q1 waits v3 charged 9999999.00  -> nothing
         given anna orders q2 from mock
         started q2 0                          -> buying 0 started
         bought q2 v9 +15550100 0.24 from mock -> waiting
         code q2 v9 12345                      -> delivered; charged 0.26; vendor 0.24
         again q2 asked by anna                -> again asking:v9
         again q2 waits v9 charged -1.00       -> again waiting:v9
"

a_vendor_may_say_no_or_nothing: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         again q1 asked by anna                -> again asking:v1
         again q1 declined                     -> again refused:v1; wishes show_order:q1
         again q1 asked by anna                -> again refused:v1 asking:v1
         again q1 started 1                    -> ok
         again q1 priced                       -> again refused:v1 priced:v1
         given anna orders q2 from mock
         started q2 0                          -> buying 0 started
         bought q2 v2 +15550101 0.24 from mock -> waiting
         code q2 v2 12345                      -> delivered; charged 0.26; vendor 0.24
         again q2 asked by anna                -> again asking:v2
         # Another order's number is nobody else's.
         again q2 started 1                    -> ok
         again q2 waits v1                     -> again waiting:v2
   599s  again q2 clock                        -> nothing
   600s  again q2 clock                        -> again expired:v2; wishes show_order:q2
         again q2 code 777                     -> nothing
   20m   again q2 asked by anna                -> refused resend_not_offered
"

who_has_the_money_back_waits_for_no_code: "
         given anna has 5.00 by d1
         given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         again q1 asked by anna                -> again asking:v1
         ada approves refund q1                -> refunded; refunded 0.26
         again q1 code 777                     -> refunded; nothing
         granted last resend:q1                -> ok
         again q1 asked by anna                -> refused order_not_delivered
"

what_is_forgotten_takes_no_code: "
         policy forget_codes_after_days 1
         given anna has 5.00 by d1
         given anna orders q1 from mock
         started q1 0                          -> buying 0 started
         bought q1 v1 +15550100 0.24 from mock -> waiting
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
   19m   again q1 asked by anna                -> again asking:v1
   48h   forget codes                          -> ok
         again q1 code 777                     -> nothing
         again q1 clock                        -> again expired:v1
"

}
