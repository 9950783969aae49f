//! The ranges of what concerns customers' limits and admins' notices. Private to `check`.

use chrono_tz::Tz;
use ring4_domain::ids::ServiceKey;
use ring4_domain::money::Amount;
use ring4_domain::policy::ORDERS_COUNTED_MAX;

use super::{BAD_KEY, Checker, LIST_LEN_MAX, Place};
use crate::sections::{Broadcast, DailyReport, Limits, RawLimits, RawReport, Refunds};

impl Checker<'_> {
    pub(super) fn limits(&mut self, raw: RawLimits) -> Limits {
        let place = Place::of("limits");
        for (key, count) in [
            ("orders_per_minute", raw.orders_per_minute),
            ("orders_per_hour", raw.orders_per_hour),
            ("orders_per_day", raw.orders_per_day),
        ] {
            self.in_range(&place.with(key), &count, 0, ORDERS_COUNTED_MAX);
        }
        if raw.spend_per_day < Amount::ZERO {
            self.fault(&place.with("spend_per_day"), "is below 0");
        }
        self.in_range(&place.with("cancel_percent"), &raw.cancel_percent, 1, 100);
        self.in_range(&place.with("cancel_from"), &raw.cancel_from, 1, ORDERS_COUNTED_MAX);
        let denied = place.with("denied_services");
        self.few(&denied, raw.denied_services.len(), LIST_LEN_MAX);
        let mut denied_services = std::collections::BTreeSet::new();
        for (item, key) in raw.denied_services.into_iter().enumerate() {
            match ServiceKey::new(key) {
                Ok(key) => drop(denied_services.insert(key)),
                Err(_) => self.fault(&denied.with(item), BAD_KEY),
            }
        }
        Limits {
            orders_per_minute: raw.orders_per_minute,
            orders_per_hour: raw.orders_per_hour,
            orders_per_day: raw.orders_per_day,
            spend_per_day: raw.spend_per_day,
            cancel_percent: raw.cancel_percent,
            cancel_from: raw.cancel_from,
            auto_block: raw.auto_block,
            denied_services,
        }
    }

    pub(super) fn refunds(&mut self, refunds: Refunds) -> Refunds {
        let place = Place::of("refunds").with("window_hours");
        self.in_range(&place, &refunds.window_hours, 1, 720);
        refunds
    }

    pub(super) fn broadcast(&mut self, broadcast: Broadcast) -> Broadcast {
        let place = Place::of("broadcast").with("messages_per_sec");
        self.in_range(&place, &broadcast.messages_per_sec, 1, 30);
        broadcast
    }

    pub(super) fn report(&mut self, raw: &RawReport) -> DailyReport {
        let place = Place::of("report");
        let at_minutes = minutes(&raw.at).unwrap_or_else(|| {
            self.fault(&place.with("at"), "not a time of day such as 09:00");
            0
        });
        let timezone = raw.timezone.parse::<Tz>().unwrap_or_else(|_| {
            let reason = format!("`{}` is no time zone such as America/New_York", raw.timezone);
            self.fault(&place.with("timezone"), reason);
            Tz::UTC
        });
        DailyReport { enabled: raw.enabled, at_minutes, timezone, show_profit: raw.show_profit }
    }
}

/// Minutes after midnight of `09:00`.
fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}
