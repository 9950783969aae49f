//! The ranges of what concerns orders: their life, their polls, their vendors. Private to `check`.

use super::{Checker, Place};
use crate::sections::{Orders, Polling, Referrals, Routing};

impl Checker<'_> {
    pub(super) fn orders(&mut self, orders: Orders) -> Orders {
        let place = Place::of("orders");
        self.in_range(&place.with("timeout_secs"), &orders.timeout_secs, 5, 3_600);
        self.in_range(&place.with("open_max"), &orders.open_max, 1, 100);
        self.in_range(&place.with("odds_from"), &orders.odds_from, 5, 200);
        self.in_range(&place.with("unclear_window_secs"), &orders.unclear_window_secs, 10, 600);
        self.in_range(&place.with("cancel_retry_secs"), &orders.cancel_retry_secs, 1, 300);
        self.in_range(&place.with("cancel_grace_secs"), &orders.cancel_grace_secs, 10, 3_600);
        self.in_range(&place.with("purchase_wait_secs"), &orders.purchase_wait_secs, 10, 600);
        let second = place.with("second_try");
        self.in_range(&second.with("margin_secs"), &orders.second_try.margin_secs, 10, 600);
        self.in_range(&second.with("median_secs"), &orders.second_try.median_secs, 5, 600);
        let again = place.with("another_code");
        self.in_range(&again.with("max"), &orders.another_code.max, 0, 10);
        self.in_range(&again.with("offered_secs"), &orders.another_code.offered_secs, 60, 86_400);
        self.in_range(&again.with("wait_secs"), &orders.another_code.wait_secs, 30, 3_600);
        let kept = &orders.forget_codes_after_days;
        self.in_range(&place.with("forget_codes_after_days"), kept, 1, 3_650);
        orders
    }

    pub(super) fn referrals(&mut self, referrals: Referrals) -> Referrals {
        let place = Place::of("referrals");
        self.in_range(&place.with("reward_percent"), &referrals.reward_percent, 1, 50);
        if referrals.reward_max.is_negative() {
            self.fault(&place.with("reward_max"), "is below 0");
        }
        referrals
    }

    pub(super) fn routing(&mut self, routing: Routing) -> Routing {
        let place = Place::of("routing");
        self.in_range(&place.with("success_from"), &routing.success_from, 1, 200);
        for (provider, weight) in &routing.weights {
            self.in_range(&place.with("weights").with(provider.as_str()), weight, 1, 1_000);
        }
        routing
    }

    pub(super) fn polling(&mut self, polling: Polling) -> Polling {
        let place = Place::of("polling");
        let (floor, ceiling) = (polling.floor_secs, polling.ceiling_secs);
        self.in_range(&place.with("floor_secs"), &floor, 1, 300);
        self.in_range(&place.with("ceiling_secs"), &ceiling, floor, 300);
        for (key, secs) in [
            ("initial_secs", polling.initial_secs),
            ("active_secs", polling.active_secs),
            ("standard_secs", polling.standard_secs),
            ("extended_secs", polling.extended_secs),
        ] {
            self.in_range(&place.with(key), &secs, floor, ceiling);
        }
        if polling.learn_from != 0 {
            self.in_range(&place.with("learn_from"), &polling.learn_from, 20, 500);
        }
        polling
    }
}
