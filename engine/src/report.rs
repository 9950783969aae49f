//! The daily report: due once each local day, whatever the clocks of summer and winter do, sent by
//! the outbox, and noted in the journal so that a restart neither skips nor doubles it. The
//! start-up runs this; the effects send it.

use std::sync::Arc;

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::day::Day;
use ring4_domain::ids::{Timestamp, UserId};
use ring4_telegram::outgoing::Call;

use crate::chat::stats::picture;
use crate::executor::SubmitError;
use crate::figures::{self, Stretch, due, local_day};
use crate::live::Live;
use crate::screens::Voice;
use crate::shop::{Shop, ShopError};
use crate::tasks;

/// Seconds after which the settings are looked at again while nothing is due.
const LOOK_AGAIN_SECS: u32 = 60;

/// The last local day whose report is due by now, and when the next one is.
#[must_use]
pub fn last_due(live: &Live, now: Timestamp) -> (Day, Timestamp) {
    let report = &live.config.report;
    let today = local_day(now, report.timezone);
    let at = due(today, report.at_minutes, report.timezone);
    if now >= at {
        (today, due(today.next(), report.at_minutes, report.timezone))
    } else {
        (today.minus(1), at)
    }
}

/// Has reports sent until the shop ends.
pub async fn keep(shop: Arc<Shop>) {
    loop {
        let live = shop.live.load_full();
        let now = shop.clock.now();
        let (day, next) = last_due(&live, now);
        let reported = shop.snapshot().reported().unwrap_or_else(|error| {
            tracing::error!(%error, "the last report's day cannot be read");
            Some(day)
        });
        if reported.is_none_or(|reported| reported < day) {
            // A shop that opens today was not there yesterday.
            let send = live.config.report.enabled && reported.is_some();
            let command = Command::ReportDay { day, send };
            match shop.submit(Actor::Engine, "report", command).await {
                Ok(_) | Err(SubmitError::Trouble) => {}
                Err(SubmitError::Stopped(_)) => return,
            }
        }
        let again = next.min(shop.clock.now().plus_secs(LOOK_AGAIN_SECS));
        shop.clock.sleep_until(again).await;
    }
}

/// The report of the day before this one, for one admin.
///
/// # Errors
/// The figures cannot be read or drawn.
pub async fn make(shop: &Shop, day: Day, admin: UserId) -> Result<Call, ShopError> {
    let live = shop.live.load_full();
    let about = day.minus(1);
    let stretch = Stretch::day(about, live.config.report.timezone);
    let snapshot = shop.snapshot();
    let known = snapshot.customer(admin)?;
    let figures = tasks::block(move || figures::read(&snapshot, &stretch));
    let figures = figures.await??;
    let language = known.as_ref().and_then(|known| known.language.as_deref());
    let voice = Voice::new(&live, language, shop.clock.now());
    let caption = voice.figures(&voice.report_title(about), &figures);
    picture(&caption, &figures, &live, || voice.stretches(&[1, 7, 30]))
}
