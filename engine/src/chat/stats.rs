//! Statistics and exports for an admin: a picture and two files instead of a screen. Who is an
//! admin was checked before.

use ring4_domain::ids::UserId;
use ring4_telegram::keyboard::Keyboard;
use ring4_telegram::outgoing::{Call, ChatId, Outgoing, Priority};

use super::{Reply, Visit};
use crate::exports;
use crate::figures::{self, Figures, Stretch};
use crate::shop::ShopError;
use crate::tasks;

/// The stretches that can be asked for, in days.
pub(super) const STRETCHES: &[u32] = &[1, 7, 30];

/// Days of `all` in an export: more than a shop is old.
const ALL_DAYS: u32 = 36_500;

/// The number of days that words such as `7d` mean.
fn days(words: &str) -> Option<u32> {
    let days = words.trim().trim_end_matches(['d', 'D', 'д']).parse().ok()?;
    STRETCHES.contains(&days).then_some(days)
}

impl Visit<'_> {
    /// `/stats` with a stretch of time, or of the last day.
    pub(super) async fn stats_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        match (words.trim(), days(words)) {
            ("", _) => self.stats(1).await,
            (_, Some(days)) => self.stats(days).await,
            (_, None) => self.usage("admin.usage.stats"),
        }
    }

    pub(super) async fn stats(&self, days: u32) -> Result<Reply, ShopError> {
        let days = if STRETCHES.contains(&days) { days } else { 1 };
        let zone = self.live.config.report.timezone;
        let stretch = Stretch::last(days, self.shop.clock.now(), zone);
        let snapshot = self.shop.snapshot();
        let figures = tasks::block(move || figures::read(&snapshot, &stretch));
        let figures = figures.await??;
        let voice = self.voice();
        let title = voice.stretch(days);
        let call = picture(&voice.figures(&title, &figures), &figures, self.live, || {
            voice.stretches(STRETCHES)
        })?;
        self.send_file(call).await
    }

    /// `/export` with a stretch of time: orders and ledger entries as two files.
    pub(super) async fn export_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let days = match words.trim() {
            "all" => ALL_DAYS,
            "" => 7,
            words => match days(words) {
                Some(days) => days,
                None => return self.usage("admin.usage.export"),
            },
        };
        self.export(days).await
    }

    /// Orders and ledger entries of so many days as two files.
    pub(super) async fn export(&self, days: u32) -> Result<Reply, ShopError> {
        let now = self.shop.clock.now();
        let from = now.0.saturating_sub(i64::from(days).saturating_mul(86_400_000));
        let from = ring4_domain::ids::Timestamp(from);
        let snapshot = self.shop.snapshot();
        let made = tasks::block(move || exports::make(&snapshot, from)).await??;
        tracing::info!(admin = %self.user(), trace = self.trace, days, "an export was made");
        let voice = self.voice();
        for file in [made.orders, made.entries] {
            let caption = voice.export(file.rows, file.cut);
            let call = Call::SendDocument {
                document: file.text.into(),
                file_name: file.name.to_owned(),
                caption,
                keyboard: None,
                silent: false,
            };
            self.send_file(call).await?;
        }
        Ok(Reply::Silent)
    }

    async fn send_file(&self, call: Call) -> Result<Reply, ShopError> {
        send(self.shop, self.user(), call).await?;
        Ok(Reply::Silent)
    }
}

/// Sends a file to somebody's chat.
pub(crate) async fn send(
    shop: &crate::shop::Shop,
    to: UserId,
    call: Call,
) -> Result<(), ShopError> {
    let outgoing = Outgoing { chat: ChatId::from(to), priority: Priority::Answer, call };
    shop.sender.send(outgoing).await?;
    Ok(())
}

/// The chart of these figures as a message.
pub(crate) fn picture(
    caption: &str,
    figures: &Figures,
    live: &crate::live::Live,
    keyboard: impl FnOnce() -> Result<Keyboard, crate::screens::ScreenError>,
) -> Result<Call, ShopError> {
    let zone = live.config.report.timezone;
    let symbol = &live.config.shop.currency_symbol;
    let png = crate::chart::draw(figures, symbol, zone, live.config.report.show_profit)?;
    Ok(Call::SendPhoto {
        photo: png.into(),
        file_name: "figures.png".to_owned(),
        caption: caption.to_owned(),
        keyboard: Some(keyboard()?),
        silent: false,
    })
}
