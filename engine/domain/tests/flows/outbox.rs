//! What the outbox remembers, and what moves no money at all. Only `flows` imports this.

flows! {

cards_are_remembered_and_brought_up_to_date: "
         anna opens d1 5.00 usdt               -> opened; card 0
         granted last show_deposit:d1 20       -> card 20; ok
         anna claims d1                        -> submitted
         granted last show_deposit_to_admin:d1:ada 30 -> admin_cards ada:30
         granted last show_deposit_to_admin:d1:ada 30 -> admin_cards ada:30; nothing
         granted last show_deposit_to_admin:d1:bob 31 -> admin_cards ada:30 bob:31
         # A card that could not be edited was sent anew.
         granted last show_deposit_to_admin:d1:ada 32 -> admin_cards bob:31 ada:32
         policy admin_removed bob
         ada approves d1                       -> approved; credited 5.00; wishes show_deposit:d1
                                               .. tell_deposit_decided:d1
                                               .. show_deposit_to_admin:d1:ada
                                               .. show_deposit_to_admin:d1:bob
         granted last tell_deposit_decided:d1  -> ok
         granted last tell_deposit_decided:d1  -> nothing
         given anna orders q1 from mock
         granted last show_order:q1 40         -> card 40
         bought q1 v1 +15550100 0.24 from mock -> waiting; wishes show_order:q1
         # The first wish is granted late: the newer one stays, the card is remembered.
         granted first show_order:q1 40        -> card 40; nothing
         granted first show_order:q1 41        -> card 41; ok
         granted last show_order:q1            -> card 41; ok
         granted last show_order:q1            -> nothing
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         granted last ring_code:q1 50          -> card 41; ok
"

the_outbox_keeps_what_an_open_order_needs: "
         given anna has 5.00 by d1
         given anna orders q1 from mock smspool
         granted last buy:q1                   -> nothing
         started q1 0                          -> buying 0 started
         granted last buy:q1                   -> nothing
         declined q1 0 out_of_stock            -> buying 1; wishes buy:q1 show_order:q1
         granted first buy:q1                  -> nothing
         started q1 1                          -> buying 1 started
         unclear q1 1                          -> unclear
         granted first buy:q1                  -> nothing
         granted last buy:q1                   -> ok
         granted last find_purchase:q1         -> nothing
         bought q1 v1 +15550100 0.24 from mock -> waiting
         granted last find_purchase:q1         -> ok
         anna cancels q1                       -> cancelling for the customer
         # The vendor may refuse for good; the clock gives the money back then.
         granted last cancel_purchase:q1       -> ok
         returned q1 v1                        -> cancelled; released 0.26
"

codes_are_kept_for_whole_days_and_then_forgotten: "
         given anna has 5.00 by d1
         10d given anna waits for q1
         code q1 v1 12345                      -> delivered; charged 0.26; vendor 0.24
         # Kept for thirty days at least: the day it was placed on ends with its last moment.
         40d forget codes                      -> ok; forgotten before 1970-01-11; wishes drop_keys
         40d forget codes                      -> nothing; forgotten before 1970-01-11
         983h forget codes                     -> nothing
         984h forget codes                     -> ok; forgotten before 1970-01-12; wishes drop_keys
         granted last drop_keys                -> ok
         granted last drop_keys                -> nothing
         # What is forgotten does not come back, by a policy or by a clock that was set back.
         policy forget_codes_after_days 3650
         forget codes                          -> nothing; forgotten before 1970-01-12
         policy forget_codes_after_days 30
         2d forget codes                       -> nothing; forgotten before 1970-01-12
"

an_open_order_forgets_nothing: "
         given anna has 5.00 by d1
         10d given anna waits for q1
         90d forget codes                      -> ok; forgotten before 1970-01-11; wishes drop_keys
         clock q1                              -> cancelling for the clock
         forget codes                          -> nothing
         returned q1 v1                        -> expired; released 0.26
         forget codes                          -> ok; forgotten before 1970-03-02; wishes drop_keys
"

what_moves_no_money: "
         anna hello Anna in en                 -> ok
         anna hello Anna in en                 -> nothing
         anna hello Anja in en                 -> ok
         # The language known first stays; a longer name is cut to 64 characters.
         anna hello Anja in es                 -> nothing
         anna hello 22*an in en                -> ok
         anna hello 21*an a in en              -> nothing
         anna hello Anja in en                 -> ok
         # Only the customer changes it.
         anna speaks es                        -> ok
         anna speaks es                        -> nothing
         anna hello Anja in en                 -> nothing
         ben speaks es                         -> nothing
         anna prompted                         -> ok
         anna prompted                         -> nothing
         reachable anna no                     -> ok
         reachable anna no                     -> nothing
         anna hello Anja in en                 -> ok
         reachable ben no                      -> nothing
         rules 2                               -> ok
         rules 2                               -> nothing
         rules 3                               -> ok
"

a_vendors_switch_stays_as_an_admin_left_it: "
         anna switches mock off                -> refused unknown_command
         ada switches mock open                -> nothing
         ada switches mock draining            -> ok; switch mock Draining by ada
         bob switches mock draining            -> nothing; switch mock Draining by ada
         bob switches mock off                 -> ok; switch mock Off by bob
         ada switches smspool off              -> ok; switch mock Off by bob
         ada switches mock open                -> ok; switch mock Open by ada
"
}
