//! What admins see of a purchase whose answer was lost: how it stands, and the numbers to choose
//! among; and of numbers that nobody bought. The chat room and the effects import this.

use ring4_domain::ids::ProviderId;
use ring4_domain::order::{FailReason, Lost, Order, OrderState, Purchase};
use ring4_providers::VendorOrder;
use ring4_rules::messages::Value;
use ring4_telegram::keyboard::Style;

use super::{Screen, ScreenError, Voice};
use crate::chat::press::Press;
use crate::screens::Rows;

/// Numbers that may be chosen among; a vendor's list that holds more fits nobody's screen.
const CHOICES_MAX: usize = 8;

/// Last digits of a number by which an admin tells it from another.
const DIGITS_SHOWN: usize = 4;

/// A lost purchase with what an admin needs to decide about it.
#[derive(Clone, Copy, Debug)]
pub struct LostView<'view> {
    /// Its order.
    pub order: &'view Order,
    /// The purchase.
    pub lost: &'view Lost,
    /// The numbers that may be it; `None` while the vendor's lists cannot be read.
    pub matches: Option<&'view [Purchase]>,
    /// The name of the admin who decided, where one did.
    pub decided_by: Option<&'view str>,
    /// Whether a number that turns up late is given back.
    pub cancels: bool,
}

/// What stands in a button for a purchase: a vendor's own id may be too long for one, and a place
/// in a list may have moved until the button is pressed.
#[must_use]
pub fn tag(purchase: &Purchase) -> u32 {
    let hash = blake3::hash(purchase.vendor_order.as_bytes());
    let [first, second, third, fourth, ..] = *hash.as_bytes();
    u32::from_be_bytes([first, second, third, fourth])
}

impl Voice<'_> {
    /// An admin's card of a lost purchase as it stands.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn admin_lost(&self, view: LostView<'_>) -> Result<Screen, ScreenError> {
        let LostView { order, lost, matches, .. } = view;
        let candidate = order.quote.candidates.get(usize::from(lost.candidate));
        let provider = candidate.map_or("", |candidate| candidate.provider.as_str());
        let text = self.say(
            "admin.lost",
            &[
                ("id", Value::Text(&order.id().to_string())),
                ("service", Value::Text(self.service(order.service()))),
                ("country", Value::Text(&self.country(order.quote.country))),
                ("provider", Value::Text(provider)),
                ("when", Value::Text(&self.moment(lost.since))),
                ("state", Value::Html(&self.lost_state(view))),
            ],
        );
        let mut rows = Rows::default();
        if order.state == OrderState::Unclear {
            for purchase in matches.unwrap_or_default().iter().take(CHOICES_MAX) {
                let number = purchase.number.text().unwrap_or_default();
                let hidden = number.len().saturating_sub(DIGITS_SHOWN);
                let values = [
                    ("digits", Value::Text(number.get(hidden..).unwrap_or_default())),
                    ("price", Value::Text(&self.money(purchase.cost))),
                    ("purchase", Value::Text(&purchase.vendor_order)),
                ];
                let press = Press::Adopt(order.id(), tag(purchase));
                rows.add([self.button_with("admin.lost.adopt", &values, &press)]);
            }
            let release = self.button("admin.lost.release", &Press::Release(order.id()));
            rows.add([
                release.map(|button| button.styled(Style::Danger)),
                self.button("admin.lost.look", &Press::Lost(order.id())),
            ]);
        }
        rows.screen(text)
    }

    /// An admin's card of a number whose return the vendor never confirmed.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn admin_unreturned(&self, order: &Order, by: Option<&str>) -> Result<Screen, ScreenError> {
        let purchase = order.purchase.as_ref();
        let cost = purchase.map_or_else(String::new, |purchase| self.money(purchase.cost));
        let by = ("by", Value::Text(by.unwrap_or_default()));
        let cost_value = ("cost", Value::Text(&cost));
        let kept = order.unreturned.as_ref().and_then(|unreturned| unreturned.kept);
        let state = match kept {
            None => self.say("admin.unreturned.open", &[]),
            Some(true) => self.say("admin.unreturned.kept_by", &[by, cost_value]),
            Some(false) => self.say("admin.unreturned.given_back_by", &[by]),
        };
        let provider = purchase.map_or("", |purchase| purchase.provider.as_str());
        let vendor_order = purchase.map_or("", |purchase| purchase.vendor_order.as_str());
        let when = purchase.map_or_else(String::new, |purchase| self.moment(purchase.bought_at));
        let text = self.say(
            "admin.unreturned",
            &[
                ("id", Value::Text(&order.id().to_string())),
                ("provider", Value::Text(provider)),
                ("purchase", Value::Text(vendor_order)),
                ("when", Value::Text(&when)),
                cost_value,
                ("state", Value::Html(&state)),
            ],
        );
        let mut rows = Rows::default();
        if kept.is_none() {
            let kept =
                self.button_with("admin.unreturned.kept", &[cost_value], &Press::Kept(order.id()));
            rows.add([
                kept,
                self.button("admin.unreturned.given_back", &Press::GivenBack(order.id())),
            ]);
        }
        rows.screen(text)
    }

    /// What admins are told of numbers that no order of ours bought.
    #[must_use]
    pub fn orphans(&self, provider: &ProviderId, orphans: &[&VendorOrder], named: usize) -> String {
        let row = |orphan: &&VendorOrder| {
            let country = orphan.country.map_or_else(String::new, |of| self.country(of));
            let cost = orphan.cost.map_or_else(String::new, |cost| self.money(cost));
            let values = [
                ("purchase", Value::Text(orphan.vendor_order_id.as_str())),
                ("service", Value::Text(orphan.service.as_deref().unwrap_or_default().trim())),
                ("country", Value::Text(&country)),
                ("cost", Value::Text(&cost)),
            ];
            self.say("admin.orphan", &values)
        };
        let rows: Vec<String> = orphans.iter().take(named).map(row).collect();
        let values = [
            ("provider", Value::Text(provider.as_str())),
            ("count", Value::Number(i64::try_from(orphans.len()).unwrap_or(i64::MAX))),
            ("rows", Value::Html(&rows.join("\n"))),
        ];
        self.say("admin.orphans", &values)
    }

    fn lost_state(&self, view: LostView<'_>) -> String {
        let LostView { order, matches, decided_by, cancels, .. } = view;
        let found = order.purchase.as_ref().map(|purchase| purchase.vendor_order.as_str());
        let purchase = [("purchase", Value::Text(found.unwrap_or_default()))];
        match (order.state, found, decided_by) {
            (OrderState::Unclear, ..) => {
                let until = self.moment(order.hold_deadline);
                let until = ("until", Value::Text(&until));
                match matches {
                    None => self.say("admin.lost.blind", &[until]),
                    Some(found) => {
                        let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
                        self.say("admin.lost.several", &[("count", Value::Number(count)), until])
                    }
                }
            }
            (OrderState::Failed(FailReason::Unclear), Some(_), _)
                if order.unreturned.as_ref().is_some_and(|known| known.kept == Some(true)) =>
            {
                let cost = order.purchase.as_ref().map(|purchase| self.money(purchase.cost));
                let cost = ("cost", Value::Text(cost.as_deref().unwrap_or_default()));
                self.say("admin.lost.kept", &[purchase[0], cost])
            }
            (OrderState::Failed(FailReason::Unclear), Some(_), _) if cancels => {
                self.say("admin.lost.returned", &purchase)
            }
            (OrderState::Failed(FailReason::Unclear), Some(_), _) => {
                self.say("admin.lost.reported", &purchase)
            }
            (OrderState::Failed(_), _, Some(by)) => {
                self.say("admin.lost.released_by", &[("by", Value::Text(by))])
            }
            (OrderState::Failed(_), ..) => self.say("admin.lost.released", &[]),
            (_, _, Some(by)) => {
                self.say("admin.lost.adopted_by", &[("by", Value::Text(by)), purchase[0]])
            }
            _ => self.say("admin.lost.found", &purchase),
        }
    }
}
