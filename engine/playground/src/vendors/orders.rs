//! Orders at the local vendors and how they age. Only `vendors`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderState {
    Pending,
    /// The code is there.
    Completed,
    /// Over without a code, the money not yet given back.
    Expired,
    /// The money is back.
    Refunded,
}

impl OrderState {
    /// The word that tests and some vendors read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Completed => "completed",
            Self::Refunded => "refunded",
        }
    }
}

/// An order. Times are played milliseconds since the Unix epoch.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub code: String,
    pub service_id: u32,
    pub country_id: u32,
    pub pool: u32,
    pub calling_code: &'static str,
    pub national: String,
    pub cost_e4: i64,
    pub created_ms: i64,
    pub expires_ms: i64,
    /// When the SMS comes, should the order live that long.
    pub sms_due_ms: Option<i64>,
    pub sms_code: String,
    /// Codes that came before the one that is waited for or was the last.
    pub earlier_codes: Vec<String>,
    pub state: OrderState,
    pub finished_ms: Option<i64>,
    /// Absent from the lists until then.
    pub hidden_until_ms: i64,
    /// In the active list.
    pub is_active: bool,
}

/// What happens to an order by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Sms,
    Expiry,
    Refund,
    Archive,
}

/// How long a completed order stays in the active list, in played milliseconds.
const ARCHIVE_AFTER_MS: i64 = 600_000;

/// All orders, by the sequence they were made in.
#[derive(Debug, Default)]
pub(super) struct Orders {
    pub all: BTreeMap<u64, Order>,
    by_code: HashMap<String, u64>,
    turns: BinaryHeap<Reverse<(i64, u64, Turn)>>,
    count: u64,
    /// How many orders occupy a number, per service and country.
    occupied: HashMap<(u32, u32), u32>,
}

impl Orders {
    /// Files a new order.
    pub fn insert(&mut self, order: Order, refund_delay_ms: i64, kept: usize) {
        let sequence = self.count;
        self.count += 1;
        if let Some(due) = order.sms_due_ms {
            self.turns.push(Reverse((due, sequence, Turn::Sms)));
        }
        self.turns.push(Reverse((order.expires_ms, sequence, Turn::Expiry)));
        let refund_ms = order.expires_ms.saturating_add(refund_delay_ms);
        self.turns.push(Reverse((refund_ms, sequence, Turn::Refund)));
        *self.occupied.entry((order.service_id, order.country_id)).or_default() += 1;
        self.by_code.insert(order.code.clone(), sequence);
        self.all.insert(sequence, order);
        if self.all.len() > kept {
            self.forget_oldest_finished();
        }
    }

    fn forget_oldest_finished(&mut self) {
        let is_over = |order: &Order| order.finished_ms.is_some() && !order.is_active;
        let oldest = self.all.iter().find(|(_, order)| is_over(order));
        if let Some(sequence) = oldest.map(|(sequence, _)| *sequence)
            && let Some(order) = self.all.remove(&sequence)
        {
            self.by_code.remove(&order.code);
        }
    }

    /// Lets everything happen that is due; the money that goes back, in 1e-4 dollar.
    pub fn age(&mut self, now_ms: i64) -> i64 {
        let mut returned_e4 = 0;
        while let Some(Reverse((due_ms, sequence, turn))) = self.turns.peek().copied() {
            if due_ms > now_ms {
                break;
            }
            self.turns.pop();
            returned_e4 += self.turn(due_ms, sequence, turn);
        }
        returned_e4
    }

    fn turn(&mut self, at_ms: i64, sequence: u64, turn: Turn) -> i64 {
        let Some(order) = self.all.get_mut(&sequence) else { return 0 };
        match (turn, order.state) {
            (Turn::Sms, OrderState::Pending) => {
                order.state = OrderState::Completed;
                order.finished_ms = Some(at_ms);
                self.turns.push(Reverse((at_ms + ARCHIVE_AFTER_MS, sequence, Turn::Archive)));
                self.release(sequence);
                0
            }
            (Turn::Expiry, OrderState::Pending) => {
                // Whoever got one code has what was paid for.
                let served = !order.earlier_codes.is_empty();
                order.state = if served { OrderState::Completed } else { OrderState::Expired };
                if served {
                    order.finished_ms = Some(at_ms);
                    self.release(sequence);
                }
                0
            }
            (Turn::Refund, OrderState::Expired) => self.refund(sequence, at_ms),
            (Turn::Archive, OrderState::Completed) => {
                order.is_active = false;
                0
            }
            _ => 0,
        }
    }

    /// Lets an order that has its code wait for another one.
    pub fn reopen(&mut self, sequence: u64, sms_due_ms: i64, next_code: String) {
        let Some(order) = self.all.get_mut(&sequence) else { return };
        order.state = OrderState::Pending;
        order.finished_ms = None;
        let last = std::mem::replace(&mut order.sms_code, next_code);
        order.earlier_codes.push(last);
        let offer = (order.service_id, order.country_id);
        self.turns.push(Reverse((sms_due_ms, sequence, Turn::Sms)));
        *self.occupied.entry(offer).or_default() += 1;
    }

    /// Gives the money of an order back; how much that is.
    pub fn refund(&mut self, sequence: u64, at_ms: i64) -> i64 {
        let Some(order) = self.all.get_mut(&sequence) else { return 0 };
        order.state = OrderState::Refunded;
        order.finished_ms = Some(at_ms);
        order.is_active = false;
        let cost_e4 = order.cost_e4;
        self.release(sequence);
        cost_e4
    }

    fn release(&mut self, sequence: u64) {
        let Some(order) = self.all.get(&sequence) else { return };
        if let Some(count) = self.occupied.get_mut(&(order.service_id, order.country_id)) {
            *count = count.saturating_sub(1);
        }
    }

    /// An order's sequence by its code.
    pub fn find(&self, code: &str) -> Option<u64> {
        self.by_code.get(code).copied()
    }

    /// How many numbers of an offer are in use.
    pub fn occupied(&self, service_id: u32, country_id: u32) -> u32 {
        self.occupied.get(&(service_id, country_id)).copied().unwrap_or(0)
    }
}
