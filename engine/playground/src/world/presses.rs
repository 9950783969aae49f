//! Presses of buttons and what the bot answered. Only this crate.

use std::collections::BTreeMap;

use crate::world::updates::PRESS_LIFE_MS;

/// How many presses are remembered.
const PRESSES_MAX: usize = 10_000;

/// The first callback query id; real ones are large numbers in text.
const FIRST_PRESS_ID: u64 = 4_400_000_000_000_001;

/// A press and its answer.
#[derive(Debug)]
pub(crate) struct Press {
    pub person_id: i64,
    pub chat_id: i64,
    pub message_id: i64,
    pub data: String,
    pub at_ms: i64,
    pub answer: Option<PressAnswer>,
}

/// What `answerCallbackQuery` said.
#[derive(Clone, Debug)]
pub(crate) struct PressAnswer {
    pub text: String,
    pub show_alert: bool,
    pub url: Option<String>,
    pub at_ms: i64,
}

/// All presses by id.
#[derive(Default)]
pub(crate) struct Presses {
    presses: BTreeMap<u64, Press>,
    count: u64,
}

impl Presses {
    /// Records a press; the result is its callback query id.
    pub fn record(&mut self, press: Press) -> u64 {
        let id = FIRST_PRESS_ID + self.count;
        self.count += 1;
        self.presses.insert(id, press);
        while self.presses.len() > PRESSES_MAX {
            self.presses.pop_first();
        }
        id
    }

    /// Answers a press once and in time; the chat it was made in, or `None` when it is unknown,
    /// too old, or has its answer.
    pub fn answer(&mut self, id: u64, answer: PressAnswer) -> Option<i64> {
        let press = self.presses.get_mut(&id)?;
        let too_late = answer.at_ms.saturating_sub(press.at_ms) >= PRESS_LIFE_MS;
        if press.answer.is_some() || too_late {
            return None;
        }
        press.answer = Some(answer);
        Some(press.chat_id)
    }

    /// The latest presses one person made in a chat, oldest first.
    pub fn latest(&self, person_id: i64, chat_id: i64, limit: usize) -> Vec<(u64, &Press)> {
        let theirs = |press: &Press| press.person_id == person_id && press.chat_id == chat_id;
        let newest_first = self.presses.iter().rev().filter(|(_, press)| theirs(press));
        let mut found: Vec<_> = newest_first.take(limit).map(|(id, press)| (*id, press)).collect();
        found.reverse();
        found
    }
}
