//! News to every customer. Only `flows` imports this.

flows! {
a_broadcast_reaches_everybody_once: "
         anna hello Anna in en                 -> ok
         ben  hello Ben in es                  -> ok
         eve  hello Eve in ru                  -> ok
         anna proposes b1 Big news             -> refused unknown_command
         ada  proposes b1                      -> refused broadcast_text
         ada  proposes b1 Big news             -> broadcast b1 proposed for 0; wishes
         ada  proposes b1 Big news             -> nothing
         bob  proposes b1 Big news             -> refused id_taken
         ada  proposes b1 Other news           -> refused id_taken
         delivered b1 upto anna anna:sent      -> nothing
         finished b1                           -> nothing
         anna sends b1 to 3 on 40              -> refused unknown_command
         ada  sends b7 to 3 on 40              -> refused broadcast_unknown
         ada  sends b1 to 3 on 40              -> broadcast b1 running for 3;
                                               .. outreach b1 nobody 0 0 0;
                                               .. wishes show_broadcast_to_admin:b1:ada
         ada  sends b1 to 3 on 40              -> nothing
         bob  sends b1 to 3 on 41              -> nothing
         # Answers come in any order, and some are told again.
         delivered b1 upto nobody ben:sent     -> outreach b1 nobody ben 1 0 0; wishes
         delivered b1 upto nobody ben:failed   -> nothing
         delivered b1 upto ben anna:unreachable -> outreach b1 ben 1 1 0; anna is gone
         delivered b1 upto anna anna:sent ben:sent -> nothing
         anna hello Anna in en                 -> anna is reachable
         delivered b1 upto eve eve:failed      -> outreach b1 eve 1 1 1
         finished b1                           -> broadcast b1 done for 3;
                                               .. wishes show_broadcast_to_admin:b1:ada
         finished b1                           -> nothing
         ada  sends b1 to 3                    -> refused broadcast_ended
         ada  halts b1                         -> refused broadcast_ended
         ada  continues b1                     -> refused broadcast_ended
         ada  ends b1                          -> refused broadcast_ended
"

a_broadcast_pauses_and_goes_on_and_is_ended: "
         anna hello Anna in en                 -> ok
         ada  proposes b1 Big news             -> ok
         ada  halts b1                         -> refused broadcast_unknown
         ada  continues b1                     -> refused broadcast_unknown
         anna halts b1                         -> refused unknown_command
         anna continues b1                     -> refused unknown_command
         anna ends b1                          -> refused unknown_command
         ada  sends b1 to 1 on 40              -> broadcast b1 running for 1
         ada  continues b1                     -> nothing
         bob  halts b1                         -> broadcast b1 paused for 1;
                                               .. wishes show_broadcast_to_admin:b1:ada
         ada  halts b1                         -> nothing
         finished b1                           -> nothing
         # What was out when it paused counts.
         delivered b1 upto anna anna:sent      -> outreach b1 anna 1 0 0
         ada  sends b1 to 1 on 40              -> nothing
         ada  continues b1                     -> broadcast b1 running for 1
         bob  ends b1                          -> broadcast b1 cancelled for 1;
                                               .. wishes show_broadcast_to_admin:b1:ada
         ada  ends b1                          -> nothing
         ada  sends b1 to 1 on 40              -> refused broadcast_ended
         ada  halts b1                         -> refused broadcast_ended
         finished b1                           -> nothing
         delivered b1 upto ben ben:sent        -> outreach b1 ben 2 0 0
"

one_broadcast_at_a_time: "
         ada  proposes b1 Big news             -> ok
         bob  proposes b2 Other news           -> ok
         bob  sends b2 to 5 on 41              -> broadcast b2 running for 5
         ada  sends b1 to 5 on 40              -> refused broadcast_under_way
         ada  halts b2                         -> broadcast b2 paused for 5
         ada  sends b1 to 5 on 40              -> refused broadcast_under_way
         ada  ends b2                          -> broadcast b2 cancelled for 5
         ada  sends b1 to 5 on 40              -> broadcast b1 running for 5
         ada  proposes b3 Late news            -> ok
         finished b1                           -> broadcast b1 done for 5
  3600s  ada  sends b3 to 5 on 42              -> refused broadcast_expired
         ada  ends b3                          -> broadcast b3 cancelled for 0; wishes
         ada  ends b3                          -> nothing
         ada  ends b9                          -> refused broadcast_unknown
"

a_card_that_was_sent_anew_is_the_card: "
         ada  proposes b1 Big news             -> ok
         ada  sends b1 to 5 on 40              -> wishes show_broadcast_to_admin:b1:ada
         granted last show_broadcast_to_admin:b1:ada 40 -> ok
         bob  halts b1                         -> wishes show_broadcast_to_admin:b1:ada
         granted last show_broadcast_to_admin:b1:ada 44 -> ok
         bob  continues b1                     -> wishes show_broadcast_to_admin:b1:ada
"
}
