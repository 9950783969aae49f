//! News to every customer, as admins see it: what is to be sent to how many, and how far it has
//! come. The chat room and the effects import this.

use ring4_domain::broadcast::{Broadcast, BroadcastState, Outreach};
use ring4_rules::messages::Value;
use ring4_storage::{ReadError, Snapshot};
use ring4_telegram::keyboard::Style;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};
use crate::shop::name_of;

/// Squares of the bar.
const SQUARES: u64 = 10;

/// Up to here a wait is told in seconds, then in minutes.
const SECS_TOLD_MAX: u64 = 90;

/// A broadcast with all that its card shows.
#[derive(Clone, Debug)]
pub struct BroadcastView {
    /// The broadcast.
    pub broadcast: Broadcast,
    /// How far it has come.
    pub outreach: Outreach,
    /// The name of the admin who wrote it.
    pub written_by: String,
    /// The name of the admin who paused or ended it.
    pub turned_by: Option<String>,
}

impl BroadcastView {
    /// Reads what belongs to the broadcast.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn read(snapshot: &Snapshot, broadcast: Broadcast) -> Result<Self, ReadError> {
        let outreach = snapshot.outreach(broadcast.id)?;
        let turned_by = match broadcast.state {
            BroadcastState::Paused { by } | BroadcastState::Cancelled { by, .. } => Some(by),
            _ => None,
        };
        Ok(Self {
            outreach: outreach.unwrap_or_else(|| Outreach::none(broadcast.id)),
            written_by: name_of(snapshot, broadcast.by)?,
            turned_by: turned_by.map(|by| name_of(snapshot, by)).transpose()?,
            broadcast,
        })
    }
}

fn number(count: u64) -> Value<'static> {
    Value::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

impl Voice<'_> {
    /// Asks what is to be said.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn ask_broadcast(&self) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        rows.add([self.button("menu.admin", &Press::Admin)]);
        rows.screen(self.say("admin.broadcast.ask", &[]))
    }

    /// A broadcast as it stands.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn admin_broadcast(&self, view: &BroadcastView) -> Result<Screen, ScreenError> {
        let Broadcast { id, recipients, .. } = view.broadcast;
        let mut rows = Rows::default();
        if view.broadcast.state == BroadcastState::Proposed {
            let format = match view.broadcast.text.contains('<') {
                true => "admin.broadcast.html",
                false => "admin.broadcast.plain",
            };
            let text = self.say(
                "admin.broadcast.proposal",
                &[
                    ("count", number(recipients)),
                    ("span", Value::Text(&self.span(recipients))),
                    ("format", Value::Html(&self.say(format, &[]))),
                ],
            );
            let send = self.button("admin.broadcast.send", &Press::Desk(Desk::SendBroadcast(id)));
            rows.add([
                send.map(|button| button.styled(Style::Success)),
                self.button("admin.broadcast.discard", &Press::Desk(Desk::CancelBroadcast(id))),
            ]);
            return rows.screen(text);
        }
        if view.broadcast.is_active() {
            let (key, press) = match view.broadcast.state {
                BroadcastState::Running => ("admin.broadcast.pause", Desk::PauseBroadcast(id)),
                _ => ("admin.broadcast.resume", Desk::ResumeBroadcast(id)),
            };
            let cancel = Press::Desk(Desk::CancelBroadcast(id));
            let cancel = self.button("admin.broadcast.cancel", &cancel);
            rows.add([
                self.button(key, &Press::Desk(press)),
                cancel.map(|button| button.styled(Style::Danger)),
            ]);
        }
        rows.add([
            self.button("admin.refresh", &Press::Desk(Desk::Broadcast(id))),
            self.button("menu.admin", &Press::Admin),
        ]);
        rows.screen(self.progress(view))
    }

    fn progress(&self, view: &BroadcastView) -> String {
        let outreach = &view.outreach;
        if view.broadcast.started_at.is_none() {
            return self.broadcast_state(view, 0);
        }
        // Customers may turn out to have blocked the bot or to be blocked since it was counted.
        let total = view.broadcast.recipients.max(outreach.done());
        let squares = outreach.done().saturating_mul(SQUARES).checked_div(total).unwrap_or(SQUARES);
        let full = usize::try_from(squares).unwrap_or_default();
        let empty = usize::try_from(SQUARES.saturating_sub(squares)).unwrap_or_default();
        let values = [
            ("id", Value::Text(&view.broadcast.id.to_string())),
            ("by", Value::Text(&view.written_by)),
            ("state", Value::Html(&self.broadcast_state(view, total))),
            ("bar", Value::Text(&format!("{}{}", "▰".repeat(full), "▱".repeat(empty)))),
            ("done", number(outreach.done())),
            ("total", number(total)),
            ("sent", number(outreach.sent)),
            ("unreachable", number(outreach.unreachable)),
            ("failed", number(outreach.failed)),
        ];
        self.say("admin.broadcast", &values)
    }

    fn broadcast_state(&self, view: &BroadcastView, total: u64) -> String {
        let by = view.turned_by.as_deref().unwrap_or_default();
        match view.broadcast.state {
            BroadcastState::Proposed | BroadcastState::Running => {
                let span = self.span(total.saturating_sub(view.outreach.done()));
                self.say("admin.broadcast.running", &[("span", Value::Text(&span))])
            }
            BroadcastState::Paused { .. } => {
                self.say("admin.broadcast.paused", &[("by", Value::Text(by))])
            }
            BroadcastState::Cancelled { at, .. } => {
                let values = [("by", Value::Text(by)), ("when", Value::Text(&self.moment(at)))];
                self.say("admin.broadcast.cancelled", &values)
            }
            BroadcastState::Done { at } => {
                self.say("admin.broadcast.done", &[("when", Value::Text(&self.moment(at)))])
            }
        }
    }

    /// How long so many messages take.
    fn span(&self, messages: u64) -> String {
        let rate = u64::from(self.live.config.broadcast.messages_per_sec.max(1));
        let secs = messages.div_ceil(rate);
        match secs {
            ..=SECS_TOLD_MAX => self.say("admin.broadcast.secs", &[("secs", number(secs))]),
            _ => {
                let values = [("minutes", number(secs.div_ceil(60)))];
                self.say("admin.broadcast.minutes", &values)
            }
        }
    }
}
