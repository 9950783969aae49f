//! What the shop took, paid and delivered in a stretch of time, read from the ledger's entries.
//! Dashboard, statistics and the daily report import this.
//!
//! Nothing is counted as it happens: the entries say it all, and a count beside them could only
//! disagree. Reading a month of a busy shop takes seconds, so callers do it off the executor's
//! thread.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};
use chrono_tz::Tz;
use ring4_domain::change::Change;
use ring4_domain::day::Day;
use ring4_domain::ids::{OrderId, Timestamp};
use ring4_domain::ledger::TransferId;
use ring4_domain::money::Amount;
use ring4_domain::order::{Order, OrderState};
use ring4_storage::{ReadError, Snapshot};

/// Entries read at most; beyond them the figures are marked as incomplete.
const ENTRIES_MAX: usize = 1_000_000;

/// Hours of a stretch up to which it is cut into hours; a longer one is cut into days.
const HOURLY_UP_TO: i64 = 48;

/// Money of one bar of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bar {
    /// Where it begins.
    pub from: i64,
    /// What customers paid for codes.
    pub revenue: Amount,
    /// What vendors charged for those.
    pub cost: Amount,
    /// What was given back after delivery.
    pub refunded: Amount,
}

impl Bar {
    /// What is left: revenue less cost and refunds.
    #[must_use]
    pub fn margin(&self) -> Amount {
        let left = self.revenue.checked_sub(self.cost);
        left.and_then(|left| left.checked_sub(self.refunded)).unwrap_or_default()
    }
}

/// The figures of a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Figures {
    /// Hour by hour or day by day, oldest first; never empty.
    pub bars: Vec<Bar>,
    /// Whether a bar is an hour; else a day.
    pub hourly: bool,
    /// Orders placed in the stretch, by the name of the state they are in.
    pub states: BTreeMap<&'static str, u64>,
    /// Median seconds from number to code of those delivered.
    pub code_secs: Option<u32>,
    /// What came in by deposits.
    pub deposited: Amount,
    /// Whether entries were left out, because there are too many.
    pub cut: bool,
}

impl Figures {
    /// All bars in one.
    #[must_use]
    pub fn total(&self) -> Bar {
        let add = |one: Amount, other: Amount| one.checked_add(other).unwrap_or(Amount::MAX);
        self.bars.iter().fold(Bar::default(), |sum, bar| Bar {
            from: sum.from,
            revenue: add(sum.revenue, bar.revenue),
            cost: add(sum.cost, bar.cost),
            refunded: add(sum.refunded, bar.refunded),
        })
    }

    /// Orders placed.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.states.values().sum()
    }
}

/// A stretch of time, cut into bars by a local clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where each bar begins, and the end of the last one.
    edges: Vec<i64>,
    hourly: bool,
}

impl Stretch {
    /// The last `days` days up to now: a day is its last 24 hours, more are local days, today
    /// included.
    #[must_use]
    pub fn last(days: u32, now: Timestamp, zone: Tz) -> Self {
        if days <= 1 {
            let last = now.0.div_euclid(3_600_000).saturating_add(1).saturating_mul(3_600_000);
            let edge = |back: i64| last.saturating_sub(back.saturating_mul(3_600_000));
            return Self { edges: (0..=24).rev().map(edge).collect(), hourly: true };
        }
        let today = local(now, zone).date();
        Self::days(today, days, zone)
    }

    /// One local day, hour by hour.
    #[must_use]
    pub fn day(day: Day, zone: Tz) -> Self {
        let date = date_of(day);
        let (from, to) = (midnight(date, zone), midnight(next(date), zone));
        // A day in which clocks change has 23 or 25 hours.
        let hours = to.saturating_sub(from).div_euclid(3_600_000).clamp(1, HOURLY_UP_TO);
        let edge = |hour: i64| from.saturating_add(hour.saturating_mul(3_600_000)).min(to);
        Self { edges: (0..=hours).map(edge).collect(), hourly: true }
    }

    fn days(last: NaiveDate, days: u32, zone: Tz) -> Self {
        let first = last.checked_sub_days(Days::new(u64::from(days.saturating_sub(1))));
        let mut date = first.unwrap_or(last);
        let mut edges = vec![midnight(date, zone)];
        while date <= last && edges.len() <= 400 {
            date = next(date);
            edges.push(midnight(date, zone));
        }
        Self { edges, hourly: false }
    }

    fn from(&self) -> Timestamp {
        Timestamp(self.edges.first().copied().unwrap_or_default())
    }

    fn to(&self) -> Timestamp {
        Timestamp(self.edges.last().copied().unwrap_or_default())
    }

    /// The bar that a moment belongs to.
    fn place(&self, at: Timestamp) -> Option<usize> {
        let after = self.edges.partition_point(|edge| *edge <= at.0);
        after.checked_sub(1).filter(|place| place.saturating_add(1) < self.edges.len())
    }
}

/// The wall clock of a moment somewhere.
#[must_use]
pub fn local(at: Timestamp, zone: Tz) -> NaiveDateTime {
    let utc = DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    utc.with_timezone(&zone).naive_local()
}

/// The local day of a moment.
#[must_use]
pub fn local_day(at: Timestamp, zone: Tz) -> Day {
    let date = local(at, zone).date();
    Day(date.signed_duration_since(NaiveDate::default()).num_days())
}

fn date_of(day: Day) -> NaiveDate {
    let epoch = NaiveDate::default();
    let days = u64::try_from(day.0).unwrap_or_default();
    epoch.checked_add_days(Days::new(days)).unwrap_or(epoch)
}

fn next(date: NaiveDate) -> NaiveDate {
    date.succ_opt().unwrap_or(date)
}

fn midnight(date: NaiveDate, zone: Tz) -> i64 {
    moment(date, 0, zone).0
}

/// When a local clock shows this many minutes after midnight on a day. Of a time that comes twice
/// the first counts; one that is skipped comes as the clock jumps over it.
#[must_use]
pub fn moment(date: NaiveDate, minutes: u32, zone: Tz) -> Timestamp {
    let time = NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap_or_default();
    let mut wanted = date.and_time(time);
    for _ in 0..48 {
        if let Some(found) = zone.from_local_datetime(&wanted).earliest() {
            // A skipped time is looked for in steps; the jump itself is a full quarter of an hour.
            return Timestamp(found.timestamp_millis());
        }
        let rest = wanted.minute() % 15;
        wanted += chrono::TimeDelta::minutes(15 - i64::from(rest));
    }
    Timestamp(date.and_time(time).and_utc().timestamp_millis())
}

/// The moment at which a local day's report is due.
#[must_use]
pub fn due(day: Day, at_minutes: u32, zone: Tz) -> Timestamp {
    moment(date_of(day), at_minutes, zone)
}

/// Reads the figures of a stretch. Blocks.
///
/// # Errors
/// An entry cannot be read.
pub fn read(snapshot: &Snapshot, stretch: &Stretch) -> Result<Figures, ReadError> {
    let (from, to) = (stretch.from(), stretch.to());
    let bars = stretch.edges.iter().take(stretch.edges.len().saturating_sub(1).max(1));
    let bars = bars.map(|edge| Bar { from: *edge, ..Bar::default() }).collect();
    let mut figures = Figures { bars, hourly: stretch.hourly, ..Figures::default() };
    let mut orders: BTreeMap<OrderId, Seen> = BTreeMap::new();
    let mut entries = 0_usize;
    for entry in snapshot.entries_since(from) {
        let entry = entry?;
        entries = entries.saturating_add(1);
        if entries > ENTRIES_MAX {
            figures.cut = true;
            break;
        }
        let place = stretch.place(entry.at);
        for change in entry.changes {
            match change {
                // Newest first: what is seen first of an order is how it stands.
                Change::Order(order) if order.placed_at >= from && order.placed_at < to => {
                    orders.entry(order.id()).or_insert_with(|| Seen::of(&order));
                }
                Change::Transfer(transfer) => {
                    let bar = place.and_then(|place| figures.bars.get_mut(place));
                    let Some(bar) = bar else { continue };
                    let sum = match transfer.id {
                        TransferId::Capture(_) => &mut bar.revenue,
                        TransferId::VendorCost(_) | TransferId::ResendCost(..) => &mut bar.cost,
                        TransferId::Refund(_) => &mut bar.refunded,
                        TransferId::Deposit(_) => &mut figures.deposited,
                        _ => continue,
                    };
                    *sum = sum.checked_add(transfer.amount).unwrap_or(Amount::MAX);
                }
                _ => {}
            }
        }
    }
    let mut secs: Vec<u32> = orders.values().filter_map(|seen| seen.code_secs).collect();
    secs.sort_unstable();
    figures.code_secs = secs.get(secs.len() / 2).copied();
    for seen in orders.values() {
        *figures.states.entry(seen.state.name()).or_default() += 1;
    }
    Ok(figures)
}

/// How an order stands, as far as figures go.
struct Seen {
    state: OrderState,
    code_secs: Option<u32>,
}

impl Seen {
    fn of(order: &Order) -> Self {
        let bought = order.purchase.as_ref().map(|purchase| purchase.bought_at);
        let arrived = order.code.as_ref().map(|code| code.arrived_at);
        let code_secs = bought.zip(arrived).map(|(from, to)| to.secs_since(from));
        Self { state: order.state, code_secs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: DateTime<chrono::Utc> = text.parse().unwrap();
        Timestamp(at.timestamp_millis())
    }

    fn zone(name: &str) -> Tz {
        name.parse().unwrap()
    }

    #[test]
    fn a_report_is_due_at_its_local_time_whatever_the_clocks_do() {
        // zone, local day, minutes after midnight → the moment
        let rows = [
            ("UTC", "2026-03-08", 540, "2026-03-08T09:00:00Z"),
            ("Asia/Kathmandu", "2026-03-08", 540, "2026-03-08T03:15:00Z"),
            ("America/New_York", "2026-03-07", 540, "2026-03-07T14:00:00Z"),
            // Clocks go forward at 2:00, so 2:30 is skipped and 9:00 comes an hour earlier.
            ("America/New_York", "2026-03-08", 540, "2026-03-08T13:00:00Z"),
            ("America/New_York", "2026-03-08", 150, "2026-03-08T07:00:00Z"),
            // Clocks go back at 2:00, so 1:30 comes twice; the first one counts.
            ("America/New_York", "2026-11-01", 90, "2026-11-01T05:30:00Z"),
            ("America/New_York", "2026-11-01", 540, "2026-11-01T14:00:00Z"),
        ];
        for (name, day, minutes, moment) in rows {
            let day: Day = day.parse().unwrap();
            assert_eq!(due(day, minutes, zone(name)), at(moment), "{name} {day} {minutes}");
            assert_eq!(local_day(at(moment), zone(name)), day, "{name} {moment}");
        }
    }

    #[test]
    fn every_day_of_a_year_has_one_report_and_all_its_hours() {
        for name in ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"] {
            let first: Day = "2026-01-01".parse().unwrap();
            let mut last = due(first.minus(1), 540, zone(name));
            let mut hours = 0;
            for day in (0..365).map(|days| Day(first.0 + days)) {
                let next = due(day, 540, zone(name));
                let between = next.secs_since(last);
                assert!((22 * 3_600..=26 * 3_600).contains(&between), "{name} {day}: {between}");
                last = next;
                hours += Stretch::day(day, zone(name)).edges.len() - 1;
            }
            assert!((365 * 24 - 1..=365 * 24 + 1).contains(&hours), "{name}: {hours} hours");
        }
    }

    #[test]
    fn a_moment_belongs_to_one_bar() {
        let now = at("2026-03-09T12:34:56Z");
        for (days, bars) in [(1, 24), (7, 7), (30, 30)] {
            let stretch = Stretch::last(days, now, zone("America/New_York"));
            assert_eq!(stretch.edges.len() - 1, bars, "{days}");
            assert_eq!(stretch.place(now), Some(bars - 1), "{days}");
            assert_eq!(stretch.place(Timestamp(stretch.from().0 - 1)), None, "{days}");
            assert_eq!(stretch.place(stretch.from()), Some(0), "{days}");
            assert_eq!(stretch.place(stretch.to()), None, "{days}");
        }
    }
}
