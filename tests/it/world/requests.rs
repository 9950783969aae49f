//! What the playground's servers were asked for, counted: how a test knows that what runs beside
//! the chats has run. Part of `world`.

use std::time::Instant;

use serde_json::Value;

use super::{PATIENCE, Vendor, World};

impl World {
    /// Every request of the bot's to Telegram so far, oldest first.
    pub async fn calls(&self) -> Vec<Value> {
        let response = self.http.get(self.url("calls")).send().await.expect("an answer");
        let lines = response.text().await.expect("lines");
        lines.lines().map(|line| serde_json::from_str(line).expect("a call")).collect()
    }

    /// How many of them were of this method.
    pub async fn called(&self, method: &str) -> usize {
        let calls = self.calls().await;
        let same = |call: &&Value| {
            call["method"].as_str().unwrap_or_default().eq_ignore_ascii_case(method)
        };
        calls.iter().filter(same).count()
    }

    /// Turns the clock by so much at least, and until what is due then has called this method
    /// once more.
    ///
    /// A watch that works in turns has ended the one before by then, and not yet this one.
    pub async fn advance_past_call(&self, secs: u64, method: &str) {
        let count = async || self.called(method).await;
        self.advance_past(secs, method, count).await;
    }

    /// The same for a request to a vendor.
    pub async fn advance_past_request(&self, secs: u64, vendor: Vendor, path: &str) {
        let count = async || self.asked(vendor, path).await;
        self.advance_past(secs, path, count).await;
    }

    /// A watch that has not gone to sleep yet counts its pause from the turned clock; so the clock
    /// is turned on until it wakes up.
    async fn advance_past<Count: PartialOrd>(
        &self,
        secs: u64,
        what: &str,
        count: impl AsyncFn() -> Count,
    ) {
        let before = count().await;
        self.advance(secs).await;
        let end = Instant::now() + PATIENCE;
        while count().await <= before {
            assert!(Instant::now() < end, "nobody asked for {what} again");
            self.advance(1).await;
        }
    }

    /// Waits until the shop has taken every update that Telegram has.
    pub async fn until_taken(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let updates = self.get("updates").await;
            if updates["pending"] == 0 {
                return;
            }
            assert!(Instant::now() < end, "{updates}");
            tokio::task::yield_now().await;
        }
    }

    /// How often a vendor was asked for this.
    pub async fn asked(&self, vendor: Vendor, path: &str) -> u64 {
        let account = self.get(&format!("vendor?at={}", vendor.name())).await;
        account["requests"][path].as_u64().unwrap_or_default()
    }

    /// Waits until a vendor was asked for this so often.
    pub async fn until_asked(&self, vendor: Vendor, path: &str, times: u64) -> u64 {
        let end = Instant::now() + PATIENCE;
        loop {
            let asked = self.asked(vendor, path).await;
            if asked >= times {
                return asked;
            }
            assert!(Instant::now() < end, "{path} was asked for {asked} times and not {times}");
            tokio::task::yield_now().await;
        }
    }
}
