//! Whom a broadcast goes to next, and who is done with. No I/O. Only `broadcasting` uses it.
//!
//! Messages wait for each other as little as they can, so that one that fails for minutes does not
//! stop the others. But how far a broadcast has come is written with every message, with
//! everybody who is done with beyond the first who is not; so they are few, [`AHEAD_MAX`].

use std::collections::{BTreeSet, VecDeque};

use ring4_domain::broadcast::{AHEAD_MAX, Outreach};
use ring4_domain::ids::UserId;

/// Some customers, in the order of their ids.
pub(super) struct Page {
    /// Those of them that the broadcast is for.
    pub wanted: Vec<UserId>,
    /// The last one read.
    pub upto: Option<UserId>,
    /// Whether nobody is behind that one.
    pub is_last: bool,
}

/// Everybody whom the broadcast is for.
pub(super) struct Line {
    /// Whom the message goes to next.
    next: VecDeque<UserId>,
    /// Everybody read who is not done with, those in `next` too.
    open: BTreeSet<UserId>,
    /// Who is done with beyond `upto`.
    ahead: BTreeSet<UserId>,
    /// Everybody up to this one is done with.
    upto: Option<UserId>,
    /// The last customer read.
    read_upto: Option<UserId>,
    /// Whether nobody is behind that one.
    read_all: bool,
}

impl Line {
    /// The line from where a broadcast has come to.
    pub fn from(begun: &Outreach) -> Self {
        Self {
            next: VecDeque::new(),
            open: BTreeSet::new(),
            ahead: begun.ahead.iter().copied().collect(),
            upto: begun.upto,
            read_upto: begun.upto,
            read_all: false,
        }
    }

    /// Whether customers have to be read before anybody can be next.
    pub fn wants_page(&self) -> bool {
        self.next.is_empty() && !self.read_all && self.has_room()
    }

    /// The customer whom the next page begins behind.
    pub const fn read_upto(&self) -> Option<UserId> {
        self.read_upto
    }

    pub fn add(&mut self, page: Page) {
        let is_past =
            |customer: UserId| Some(customer) <= self.upto || self.ahead.contains(&customer);
        let wanted = page.wanted.into_iter().filter(|customer| !is_past(*customer));
        self.next.extend(wanted);
        self.open.extend(&self.next);
        self.read_upto = self.read_upto.max(page.upto);
        self.read_all = page.is_last;
    }

    /// Whether somebody's message may go out now.
    pub fn may_go(&self) -> bool {
        !self.next.is_empty() && self.has_room()
    }

    pub fn pop(&mut self) -> Option<UserId> {
        self.next.pop_front()
    }

    /// Whether everybody is done with.
    pub fn is_over(&self) -> bool {
        self.read_all && self.open.is_empty()
    }

    /// These are done with. Everybody up to which customer is, then?
    pub fn done(&mut self, customers: impl IntoIterator<Item = UserId>) -> Option<UserId> {
        for customer in customers {
            self.open.remove(&customer);
            self.ahead.insert(customer);
        }
        let upto = match self.open.first() {
            Some(first) => self.ahead.range(..first).next_back().copied(),
            None => self.read_upto,
        };
        self.upto = self.upto.max(upto);
        self.ahead.retain(|customer| Some(*customer) > self.upto);
        self.upto
    }

    /// Whether one more may be done with before the first who is not. That one always may.
    fn has_room(&self) -> bool {
        let out = self.open.len().saturating_sub(self.next.len());
        out == 0 || self.ahead.len() + out < AHEAD_MAX
    }
}

#[cfg(test)]
mod tests {
    use ring4_domain::ids::BroadcastId;

    use super::*;

    const PAGE: i64 = 200;

    fn begun(upto: Option<i64>, ahead: &[i64]) -> Outreach {
        let ahead = ahead.iter().copied().map(UserId).collect();
        let none = Outreach::none(BroadcastId::from_bits(7));
        Outreach { upto: upto.map(UserId), ahead, ..none }
    }

    /// Reads on among customers 1 to `last`, of whom the odd ones are wanted.
    fn read(line: &mut Line, last: i64) {
        while line.wants_page() {
            let from = line.read_upto().map_or(0, |upto| upto.0);
            let to = (from + PAGE).min(last);
            let wanted = (from + 1..=to).filter(|id| id % 2 == 1).map(UserId).collect();
            line.add(Page { wanted, upto: Some(UserId(to)), is_last: to < from + PAGE });
        }
    }

    #[test]
    fn one_who_never_gets_it_stops_the_others_before_the_record_grows() {
        let mut line = Line::from(&begun(None, &[]));
        read(&mut line, 100_000);
        assert_eq!(line.pop(), Some(UserId(1)), "and nothing ever becomes of it");
        let mut sent = 0;
        while line.may_go() {
            let customer = line.pop().expect("somebody");
            assert_eq!(line.done([customer]), None);
            sent += 1;
            assert!(sent <= AHEAD_MAX, "{sent} beyond the first");
            read(&mut line, 100_000);
        }
        assert_eq!(sent + 1, AHEAD_MAX);
        assert!(!line.is_over() && !line.wants_page());
        // Given up, it lets everybody else through.
        let upto = UserId(2 * i64::try_from(sent).expect("small") + 1);
        assert_eq!(line.done([UserId(1)]), Some(upto));
        assert!(line.may_go() && line.ahead.is_empty());
    }

    #[test]
    fn a_new_start_leaves_nobody_out_however_far_others_are() {
        // More of them than this process would let get ahead.
        let ahead: Vec<i64> = (0..2_000).map(|number| 11 + 2 * number).collect();
        let mut line = Line::from(&begun(Some(4), &ahead));
        let (mut sent, mut upto) = (Vec::new(), None);
        loop {
            read(&mut line, 5_000);
            let Some(customer) = line.may_go().then(|| line.pop()).flatten() else { break };
            sent.push(customer.0);
            upto = line.done([customer]);
        }
        let rest = (11..5_000).filter(|id| id % 2 == 1 && !ahead.contains(id));
        assert_eq!(sent, [5, 7, 9].into_iter().chain(rest).collect::<Vec<_>>());
        assert_eq!(upto, Some(UserId(5_000)));
        assert!(line.is_over());
    }

    #[test]
    fn whoever_is_done_with_out_of_order_is_ahead_until_the_gap_closes() {
        let mut line = Line::from(&begun(None, &[]));
        read(&mut line, 9);
        let out: Vec<UserId> = std::iter::from_fn(|| line.pop()).collect();
        assert_eq!(out, [1, 3, 5, 7, 9].map(UserId));
        let rows: [(&[i64], Option<i64>, &[i64]); 4] = [
            (&[5], None, &[5]),
            (&[1, 9], Some(1), &[5, 9]),
            (&[3], Some(5), &[9]),
            (&[7], Some(9), &[]),
        ];
        for (done, upto, ahead) in rows {
            assert_eq!(line.done(done.iter().copied().map(UserId)), upto.map(UserId), "{done:?}");
            assert!(line.ahead.iter().map(|id| id.0).eq(ahead.iter().copied()), "{done:?}");
        }
        assert!(line.is_over());
    }
}
