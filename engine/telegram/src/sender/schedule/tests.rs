//! The schedule by itself: time is a number here, so hours pass in no time.

use std::time::Duration;

use super::*;

const CHAT: ChatId = ChatId(1);
const OTHER: ChatId = ChatId(2);

/// A schedule, a clock, and the calls that wait.
struct Scene {
    schedule: Schedule,
    now: Instant,
    wake: Option<Instant>,
    asked: Vec<(usize, ChatId, oneshot::Receiver<()>)>,
    next: usize,
}

impl Scene {
    fn new(options: SenderOptions) -> Self {
        let now = Instant::now();
        let schedule = Schedule::new(options, now);
        Self { schedule, now, wake: None, asked: Vec::new(), next: 0 }
    }

    fn ask(&mut self, chat: ChatId, priority: Priority) -> usize {
        self.ask_as(chat, priority, true)
    }

    fn ask_as(&mut self, chat: ChatId, priority: Priority, limited: bool) -> usize {
        let go = self.schedule.ask(chat, priority, limited, self.now).expect("room");
        self.wake = self.schedule.advance(self.now);
        self.asked.push((self.next, chat, go));
        self.next += 1;
        self.next - 1
    }

    /// Calls that were let go since the last look.
    fn gone(&mut self) -> Vec<(usize, ChatId)> {
        let mut gone = Vec::new();
        self.asked.retain_mut(|(number, chat, go)| {
            let went = go.try_recv().is_ok();
            if went {
                gone.push((*number, *chat));
            }
            !went
        });
        gone
    }

    fn gone_numbers(&mut self) -> Vec<usize> {
        self.gone().into_iter().map(|(number, _)| number).collect()
    }

    fn done(&mut self, chat: ChatId) {
        self.schedule.done(chat, self.now);
        self.wake = self.schedule.advance(self.now);
    }

    /// Moves to the moment the schedule asked to be woken at; returns the milliseconds slept.
    fn sleep(&mut self) -> u128 {
        let wake = self.wake.expect("something to wait for");
        let slept = wake.saturating_duration_since(self.now).as_millis();
        self.now = self.now.max(wake);
        self.wake = self.schedule.advance(self.now);
        slept
    }
}

#[test]
fn a_chat_has_a_burst_and_then_its_rate_in_order() {
    let mut scene = Scene::new(SenderOptions::default());
    for _ in 0..7 {
        scene.ask(CHAT, Priority::Answer);
    }
    for number in 0..5 {
        assert_eq!(scene.gone_numbers(), [number], "one at a time, at once");
        assert!(scene.gone().is_empty(), "not before the one before is done");
        scene.done(CHAT);
    }
    for number in 5..7 {
        assert!(scene.gone().is_empty());
        assert_eq!(scene.sleep(), 1_000);
        assert_eq!(scene.gone_numbers(), [number]);
        scene.done(CHAT);
    }
}

#[test]
fn groups_have_twenty_a_minute() {
    let mut scene = Scene::new(SenderOptions::default());
    let group = ChatId(-5);
    let mut slept = 0;
    for _ in 0..26 {
        scene.ask(group, Priority::Answer);
        while scene.gone().is_empty() {
            slept += scene.sleep();
        }
        scene.done(group);
    }
    assert_eq!(slept, 63_000, "5 at once, the other 21 every 3 s");
}

#[test]
fn answers_go_before_broadcasts_in_a_chat_and_among_chats() {
    let global = Rate { count: 1, per: Duration::from_secs(1), burst: 1 };
    let mut scene = Scene::new(SenderOptions { global, ..SenderOptions::default() });
    let first = scene.ask(CHAT, Priority::Broadcast);
    assert_eq!(scene.gone_numbers(), [first]);
    let same_chat = scene.ask(CHAT, Priority::Broadcast);
    let other_chat = scene.ask(OTHER, Priority::Broadcast);
    let answer = scene.ask(CHAT, Priority::Answer);
    let other_answer = scene.ask(ChatId(3), Priority::Answer);
    scene.done(CHAT);
    let mut order = Vec::new();
    for _ in 0..4 {
        scene.sleep();
        for (number, chat) in scene.gone() {
            order.push(number);
            scene.done(chat);
        }
    }
    assert_eq!(order, [other_answer, answer, other_chat, same_chat]);
}

#[test]
fn who_never_stops_pressing_gets_the_broadcast_too() {
    let mut scene = Scene::new(SenderOptions::default());
    let answer = scene.ask(CHAT, Priority::Answer);
    let broadcast = scene.ask(CHAT, Priority::Broadcast);
    assert_eq!(scene.gone_numbers(), [answer]);
    let mut answers = 0;
    // An answer waits whenever the one before is done.
    loop {
        scene.ask(CHAT, Priority::Answer);
        scene.done(CHAT);
        let mut gone = scene.gone_numbers();
        while gone.is_empty() {
            scene.sleep();
            gone = scene.gone_numbers();
        }
        if gone == [broadcast] {
            break;
        }
        answers += 1;
        assert!(answers < 60, "a minute of answers, and no broadcast");
    }
    // Four more of the burst, then one a second.
    assert_eq!(answers, 4 + 9);
}

#[test]
fn a_pause_of_another_chat_stops_a_broadcast_that_was_to_go_before_answers() {
    let mut scene = Scene::new(SenderOptions::default());
    for _ in 0..5 {
        scene.ask(CHAT, Priority::Answer);
        scene.gone();
        scene.done(CHAT);
    }
    scene.now += Duration::from_millis(500);
    let broadcast = scene.ask(CHAT, Priority::Broadcast);
    for _ in 0..10 {
        let answer = scene.ask(CHAT, Priority::Answer);
        scene.sleep();
        assert_eq!(scene.gone_numbers(), [answer]);
        scene.done(CHAT);
    }
    let answer = scene.ask(CHAT, Priority::Answer);
    scene.now += Duration::from_millis(600);
    let another = scene.ask(CHAT, Priority::Answer);
    // The broadcast's ten seconds are over, and it waits for the chat's rate alone.
    scene.schedule.pause(OTHER, scene.now + Duration::from_secs(30));
    for (answer, waits) in [(answer, 400), (another, 1_000)] {
        assert_eq!(scene.sleep(), waits);
        assert_eq!(scene.gone_numbers(), [answer]);
        scene.done(CHAT);
    }
    let mut slept = 1_400;
    let mut gone = Vec::new();
    while gone.is_empty() {
        slept += scene.sleep();
        gone = scene.gone_numbers();
    }
    assert_eq!((gone, slept), (vec![broadcast], 30_000));
}

#[test]
fn a_pause_of_one_chat_is_one_of_every_broadcast_and_of_no_other_answer() {
    let mut scene = Scene::new(SenderOptions::default());
    let first = scene.ask(CHAT, Priority::Broadcast);
    let second = scene.ask(OTHER, Priority::Broadcast);
    assert_eq!(scene.gone_numbers(), [first, second]);
    scene.schedule.pause(CHAT, scene.now + Duration::from_secs(7));
    scene.done(CHAT);
    scene.done(OTHER);
    let broadcast = scene.ask(OTHER, Priority::Broadcast);
    let third = scene.ask(ChatId(3), Priority::Broadcast);
    let answer = scene.ask(ChatId(3), Priority::Answer);
    assert_eq!(scene.gone_numbers(), [answer]);
    scene.done(ChatId(3));
    let behind = scene.ask(OTHER, Priority::Answer);
    assert_eq!(scene.gone_numbers(), [behind]);
    scene.done(OTHER);
    assert!(scene.gone().is_empty());
    let mut slept = 0;
    let mut gone = Vec::new();
    while gone.len() < 2 {
        slept += scene.sleep();
        gone.extend(scene.gone_numbers());
    }
    gone.sort_unstable();
    assert_eq!((gone, slept), (vec![broadcast, third], 7_000));
}

#[test]
fn an_answer_overtakes_its_chats_broadcast_that_is_already_in_line() {
    let global = Rate { count: 1, per: Duration::from_secs(1), burst: 1 };
    let mut scene = Scene::new(SenderOptions { global, ..SenderOptions::default() });
    scene.ask(OTHER, Priority::Answer);
    assert_eq!(scene.gone_numbers(), [0]);
    let broadcast = scene.ask(CHAT, Priority::Broadcast);
    let answer = scene.ask(CHAT, Priority::Answer);
    scene.sleep();
    assert_eq!(scene.gone_numbers(), [answer]);
    scene.done(CHAT);
    scene.sleep();
    assert_eq!(scene.gone_numbers(), [broadcast]);
}

#[test]
fn a_paused_chat_waits_its_time_and_nobody_else_does() {
    let mut scene = Scene::new(SenderOptions::default());
    scene.ask(CHAT, Priority::Answer);
    assert_eq!(scene.gone_numbers(), [0]);
    scene.schedule.pause(CHAT, scene.now + Duration::from_secs(30));
    let waiting = scene.ask(CHAT, Priority::Answer);
    scene.done(CHAT);
    let other = scene.ask(OTHER, Priority::Answer);
    assert_eq!(scene.gone_numbers(), [other]);
    assert_eq!(scene.sleep(), 30_000);
    assert_eq!(scene.gone_numbers(), [waiting]);
}

#[test]
fn deletes_take_no_tokens_but_keep_their_place() {
    let mut scene = Scene::new(SenderOptions::default());
    for _ in 0..5 {
        scene.ask(CHAT, Priority::Answer);
        assert_eq!(scene.gone().len(), 1);
        scene.done(CHAT);
    }
    let delete = scene.ask_as(CHAT, Priority::Answer, false);
    assert_eq!(scene.gone_numbers(), [delete], "the bucket is empty, yet it goes");
    let message = scene.ask(CHAT, Priority::Answer);
    let behind = scene.ask_as(CHAT, Priority::Answer, false);
    scene.done(CHAT);
    assert!(scene.gone().is_empty(), "not before the message in front of it");
    scene.sleep();
    assert_eq!(scene.gone_numbers(), [message]);
    scene.done(CHAT);
    assert_eq!(scene.gone_numbers(), [behind]);
}

#[test]
fn the_line_is_bounded_and_those_who_gave_up_free_their_place() {
    let options = SenderOptions { chat_calls_max: 3, calls_max: 4, ..SenderOptions::default() };
    let mut scene = Scene::new(options);
    for _ in 0..3 {
        scene.ask(CHAT, Priority::Answer);
    }
    let now = scene.now;
    let no_room = |scene: &mut Scene, chat| {
        scene.schedule.ask(chat, Priority::Answer, true, now).expect_err("no room")
    };
    assert_eq!(no_room(&mut scene, CHAT), NoRoom::Chat);
    scene.ask(OTHER, Priority::Answer);
    assert_eq!(no_room(&mut scene, ChatId(3)), NoRoom::All);

    assert_eq!(scene.gone_numbers(), [0, 3]);
    scene.asked.retain(|(number, ..)| *number != 1);
    scene.done(CHAT);
    assert_eq!(scene.gone_numbers(), [2], "the one that gave up is passed over");
    scene.done(CHAT);
    scene.done(OTHER);
    assert_eq!(scene.schedule.calls(), 0);
}

#[test]
fn chats_are_forgotten_when_their_bucket_is_full_again() {
    let mut scene = Scene::new(SenderOptions::default());
    for chat in 1..=1_000 {
        scene.ask(ChatId(chat), Priority::Answer);
        while scene.gone().is_empty() {
            scene.sleep();
        }
        scene.done(ChatId(chat));
    }
    scene.now += Duration::from_secs(10);
    for _ in 0..1_000 {
        scene.schedule.advance(scene.now);
    }
    assert!(scene.schedule.lines.is_empty(), "{} chats", scene.schedule.lines.len());
    assert!(scene.schedule.timers.is_empty());
}

/// A small generator, so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn random_lives_keep_order_and_rates_and_lose_nobody() {
    for seed in 1..=200 {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let global = Rate { count: 20, per: Duration::from_secs(1), burst: 4 };
        let mut scene = Scene::new(SenderOptions { global, ..SenderOptions::default() });
        let start = scene.now;
        let mut running: Vec<ChatId> = Vec::new();
        let mut last_answer: HashMap<ChatId, usize> = HashMap::new();
        let mut let_go: Vec<(Duration, ChatId)> = Vec::new();
        let (mut asked, mut went, mut gave_up) = (0, 0, 0);
        let mut answers = HashMap::new();
        for step in 0..400 {
            let chat = ChatId(i64::try_from(dice.roll(4)).expect("small") + 1);
            match dice.roll(10) {
                0..5 if step < 300 => {
                    let answer = dice.roll(2) == 0;
                    let priority = if answer { Priority::Answer } else { Priority::Broadcast };
                    let number = scene.ask(chat, priority);
                    answers.insert(number, answer);
                    asked += 1;
                }
                5 if !running.is_empty() => {
                    let until = scene.now + Duration::from_millis(dice.roll(3_000));
                    scene.schedule.pause(running[0], until);
                }
                6 if !scene.asked.is_empty() => {
                    let at = usize::try_from(dice.roll(scene.asked.len() as u64)).expect("small");
                    let (_, chat, mut go) = scene.asked.remove(at);
                    go.close();
                    if go.try_recv().is_ok() {
                        scene.done(chat);
                    } else {
                        scene.schedule.given_up(chat, scene.now);
                        scene.wake = scene.schedule.advance(scene.now);
                    }
                    gave_up += 1;
                }
                _ => {
                    if let Some(chat) = running.pop() {
                        scene.done(chat);
                    } else if scene.wake.is_some() {
                        scene.sleep();
                    }
                }
            }
            for (number, chat) in scene.gone() {
                assert!(!running.contains(&chat), "two at once, seed {seed}");
                if answers[&number] {
                    let before = last_answer.insert(chat, number);
                    assert!(before.is_none_or(|before| before < number), "order, seed {seed}");
                }
                running.push(chat);
                let_go.push((scene.now - start, chat));
                went += 1;
            }
        }
        while !(running.is_empty() && scene.asked.is_empty()) {
            match running.pop() {
                Some(chat) => scene.done(chat),
                None => drop(scene.sleep()),
            }
            for (_, chat) in scene.gone() {
                running.push(chat);
                let_go.push((scene.now - start, chat));
                went += 1;
            }
        }
        assert_eq!(asked, went + gave_up, "nobody is forgotten, seed {seed}");
        assert_eq!(scene.schedule.calls(), 0, "seed {seed}");
        assert_rates(&let_go, seed);
    }
}

/// In every span there are at most burst + rate × span messages.
fn assert_rates(let_go: &[(Duration, ChatId)], seed: u64) {
    for (index, (from, chat)) in let_go.iter().enumerate() {
        let (mut all, mut own) = (0_u128, 0_u128);
        for (at, other) in &let_go[index..] {
            let span = (*at - *from).as_millis();
            all += 1;
            own += u128::from(chat == other);
            assert!(all <= 4 + 1 + span * 20 / 1_000, "all chats, seed {seed}");
            assert!(own <= 5 + 1 + span / 1_000, "one chat, seed {seed}");
        }
    }
}
