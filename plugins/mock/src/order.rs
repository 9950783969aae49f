//! Orders that carry everything in their id, and the draws that decide their fate.

use crate::goods::{self, Country, Service};
use crate::settings::Settings;

/// A source of decisions: the same seed and subject always decide the same.
pub(crate) struct Draw {
    state: u64,
}

impl Draw {
    pub(crate) fn new(seed: u64, subject: &str) -> Self {
        // FNV-1a spreads the text, the finaliser of SplitMix64 the bits.
        let mut state = 0xcbf2_9ce4_8422_2325 ^ seed;
        for byte in subject.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self { state: mix(state) }
    }

    /// A number from 0 to `below` − 1 for one question; 0 when `below` is 0.
    pub(crate) fn number(&self, question: &str, below: u64) -> u64 {
        Self::new(self.state, question).state.checked_rem(below).unwrap_or_default()
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&self, question: &str, percent: u8) -> bool {
        self.number(question, 100) < u64::from(percent)
    }

    /// Decimal digits for one question; the first is not zero, so that a code keeps its length
    /// wherever it is taken for a number.
    fn digits(&self, question: &str, len: usize) -> String {
        let digit = |place: usize| {
            let value = self.number(&format!("{question}{place}"), 10);
            let value = if place == 0 { value.max(1) } else { value };
            char::from_digit(u32::try_from(value).unwrap_or_default(), 10).unwrap_or('0')
        };
        (0..len).map(digit).collect()
    }
}

fn mix(mut value: u64) -> u64 {
    value ^= value >> 30;
    value = value.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value ^= value >> 27;
    value = value.wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// An order, read from its id `M<time, 12 hex>-<service>-<country>-<noise, 8 hex>`.
pub(crate) struct Order {
    id: String,
    bought_at_ms: i64,
    service: &'static Service,
    country: &'static Country,
    draw: Draw,
}

impl Order {
    pub(crate) fn new(
        now_ms: i64,
        service: &'static Service,
        country: &'static Country,
        seed: u64,
        draw: &Draw,
    ) -> Self {
        let noise = draw.number("noise", 1 << 32);
        let bought_at_ms = now_ms.clamp(0, 0xffff_ffff_ffff);
        let (vendor_id, iso) = (service.vendor_id, country.iso);
        let id = format!("M{bought_at_ms:012x}-{vendor_id}-{iso}-{noise:08x}");
        let draw = Draw::new(seed, &id);
        Self { id, bought_at_ms, service, country, draw }
    }

    pub(crate) fn parse(id: &str, seed: u64) -> Option<Self> {
        let mut parts = id.strip_prefix('M')?.split('-');
        let hex = |text: &str, len: usize| {
            let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            (lower && text.len() == len).then(|| i64::from_str_radix(text, 16).ok()).flatten()
        };
        let bought_at_ms = hex(parts.next()?, 12)?;
        let (service, country) = goods::find(parts.next()?, parts.next()?)?;
        hex(parts.next()?, 8)?;
        if parts.next().is_some() {
            return None;
        }
        let draw = Draw::new(seed, id);
        Some(Self { id: id.to_owned(), bought_at_ms, service, country, draw })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) const fn bought_at_ms(&self) -> i64 {
        self.bought_at_ms
    }

    pub(crate) const fn service(&self) -> &'static Service {
        self.service
    }

    pub(crate) const fn country(&self) -> &'static Country {
        self.country
    }

    pub(crate) fn expires_at_ms(&self, settings: &Settings) -> i64 {
        self.bought_at_ms.saturating_add(i64::from(settings.lifetime_secs) * 1_000)
    }

    /// E.164 with the plus.
    pub(crate) fn number(&self) -> String {
        let digits = self.draw.digits("number", self.country.pattern.len());
        let fill = |(pattern, digit)| if pattern == 'x' { digit } else { pattern };
        self.country.pattern.chars().zip(digits.chars()).map(fill).collect()
    }

    /// The codes that arrived by now and when each did; a second one when it was asked for.
    pub(crate) fn messages(
        &self,
        settings: &Settings,
        resent_at_ms: &[i64],
        now_ms: i64,
    ) -> Vec<(String, i64)> {
        if self.draw.percent("no code", settings.no_code_percent) {
            return Vec::new();
        }
        let expires_at_ms = self.expires_at_ms(settings);
        let arrived = |question: &str, from_ms: i64| {
            let delay_ms = self.delay_ms(question, settings);
            let at_ms = from_ms.saturating_add(delay_ms);
            let code = self.draw.digits(question, self.service.code_len);
            (at_ms <= now_ms && at_ms < expires_at_ms).then_some((code, at_ms))
        };
        let first = arrived("code", self.bought_at_ms);
        let later = (2..)
            .zip(resent_at_ms)
            .filter_map(|(place, from_ms)| arrived(&format!("code {place}"), *from_ms));
        first.into_iter().chain(later).collect()
    }

    fn delay_ms(&self, question: &str, settings: &Settings) -> i64 {
        let (min, max) = (settings.delay_min_secs, settings.delay_max_secs);
        let spread_ms = u64::from(max.saturating_sub(min)) * 1_000;
        let extra_ms = self.draw.number(&format!("delay of {question}"), spread_ms + 1);
        i64::from(min) * 1_000 + i64::try_from(extra_ms).unwrap_or_default()
    }
}
