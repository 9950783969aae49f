//! What people see: each screen is a text and its buttons, made from records and the live
//! message pack. The chat room and the effects import this; it reads, it never decides.

pub mod admin;
pub mod audit;
pub mod broadcasts;
pub mod catalogue;
pub mod database;
pub mod deposit;
pub mod inline;
pub mod keys;
pub mod languages;
pub mod lists;
pub mod lost;
pub mod offers;
pub mod order;
pub mod queue;
pub mod receipt;
pub mod referrals;
pub mod refunds;
pub mod rules;
pub mod stats;
pub mod status;
pub mod terms;
pub mod users;
pub mod vendors;
pub mod wallet;

use chrono::DateTime;
use ring4_domain::ids::{Country, ServiceKey, Timestamp};
use ring4_domain::money::Amount;
use ring4_domain::refusal::Refusal;
use ring4_rules::messages::{Value, escape};
use ring4_telegram::keyboard::{Button, Keyboard, KeyboardError};

use crate::chat::commands;
use crate::chat::press::Press;
use crate::countries;
use crate::live::Live;
use crate::screens::offers::OfferRow;

/// A text with its buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// In Telegram's HTML.
    pub text: String,
    /// Under it.
    pub keyboard: Keyboard,
}

/// A screen that cannot be shown as the message pack and the configuration have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a screen cannot be shown: {0}")]
pub struct ScreenError(#[from] KeyboardError);

/// Rows of buttons in the making. Fails once, at the end.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<Vec<Button>>,
    fault: Option<KeyboardError>,
}

impl Rows {
    fn add(&mut self, row: impl IntoIterator<Item = Result<Button, KeyboardError>>) {
        match row.into_iter().collect::<Result<Vec<Button>, _>>() {
            Ok(row) if row.is_empty() => {}
            Ok(row) if fits_side_by_side(&row, row.len()) => self.rows.push(row),
            Ok(row) => self.rows.extend(row.into_iter().map(|button| vec![button])),
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Buttons of one kind, two to a row where all of them can be read so: a long list then stays
    /// on one phone screen, and its rows look alike.
    fn add_columns(&mut self, buttons: impl IntoIterator<Item = Result<Button, KeyboardError>>) {
        match buttons.into_iter().collect::<Result<Vec<Button>, _>>() {
            Ok(buttons) => {
                let columns = if fits_side_by_side(&buttons, 2) { 2 } else { 1 };
                self.rows.extend(buttons.chunks(columns).map(<[Button]>::to_vec));
            }
            Err(fault) => self.fault = Some(fault),
        }
    }

    fn screen(self, text: String) -> Result<Screen, ScreenError> {
        match self.fault {
            Some(fault) => Err(fault.into()),
            None => Ok(Screen { text, keyboard: Keyboard::new(self.rows)? }),
        }
    }
}

/// The room for the labels of one row, in letters, on a phone that is 360 points wide; between two
/// buttons three are lost. The apps cut what is longer, and what is cut is often the price.
const ROW_LETTERS: usize = 37;
const GAP_LETTERS: usize = 3;

/// Whether labels can be read in so many columns; all buttons of a row have one width.
fn fits_side_by_side(buttons: &[Button], columns: usize) -> bool {
    let widest = buttons.iter().map(|button| letters(button.label())).max().unwrap_or_default();
    columns < 2 || (widest + GAP_LETTERS) * columns <= ROW_LETTERS + GAP_LETTERS
}

/// How wide a label is, in letters; a sign such as 📱 or a flag is as wide as two.
fn letters(label: &str) -> usize {
    let width = |c: char| match c {
        '\u{fe0f}' => 0,
        // Two of these are one flag.
        '\u{1f1e6}'..='\u{1f1ff}' => 1,
        '\u{2300}'.. => 2,
        _ => 1,
    };
    label.chars().map(width).sum()
}

/// Speaks to one person: the live texts in that person's language.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'live> {
    live: &'live Live,
    language: &'live str,
    now: Timestamp,
}

impl<'live> Voice<'live> {
    /// A voice for a person of this language; where it is not offered, of the default.
    #[must_use]
    pub fn new(live: &'live Live, language: Option<&str>, now: Timestamp) -> Self {
        Self { live, language: live.config.languages.spoken(language), now }
    }

    /// The text of this key.
    #[must_use]
    pub fn say(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        self.live.rules.texts().render(self.language, key, values)
    }

    /// A text of the settings in the person's language, where the pack translates it.
    fn own<'text>(&self, text: &'text str) -> &'text str
    where
        'live: 'text,
    {
        self.live.rules.texts().own(self.language, text)
    }

    /// An amount as customers see it: symbol, two decimals, more only when needed.
    #[must_use]
    pub fn money(&self, amount: Amount) -> String {
        let symbol = &self.live.config.shop.currency_symbol;
        match amount.to_text().strip_prefix('-') {
            Some(positive) => format!("-{symbol}{positive}"),
            None => format!("{symbol}{amount}"),
        }
    }

    /// A refusal's text; `by` is the name of the admin that it speaks of, if it does.
    #[must_use]
    pub fn refuse(&self, refusal: &Refusal, by: Option<&str>) -> String {
        let (name, value) = match refusal {
            Refusal::OrdersOpenMax { max }
            | Refusal::OrdersMinuteMax { max }
            | Refusal::OrdersHourMax { max }
            | Refusal::OrdersDayMax { max }
            | Refusal::ResendsMax { max }
            | Refusal::DepositsOpenMax { max } => {
                return self.say(refusal.key(), &[("max", Value::Number(i64::from(*max)))]);
            }
            Refusal::WalletShort { short } => ("short", self.money(*short)),
            Refusal::DepositTooSmall { min } => ("min", self.money(*min)),
            Refusal::DepositTooLarge { max } | Refusal::AdjustmentAmount { max } => {
                ("max", self.money(*max))
            }
            Refusal::AdjustmentShort { available } => ("available", self.money(*available)),
            Refusal::DepositApprovedAlready { by: id }
            | Refusal::RefundApprovedAlready { by: id }
            | Refusal::RefundRejectedAlready { by: id }
            | Refusal::AdjustmentBookedAlready { by: id }
            | Refusal::DepositRejectedAlready { by: id } => {
                ("by", by.map_or_else(|| id.to_string(), str::to_owned))
            }
            Refusal::SellingPaused if !self.live.config.shop.maintenance.text.is_empty() => {
                return self.live.config.shop.maintenance.text.clone();
            }
            _ => return self.say(refusal.key(), &[]),
        };
        self.say(refusal.key(), &[(name, Value::Text(&value))])
    }

    /// A moment as `15:04 UTC`, with the date where it is not today's.
    #[must_use]
    pub fn moment(&self, moment: Timestamp) -> String {
        let at = DateTime::from_timestamp(moment.unix_secs(), 0).unwrap_or_default();
        let now = DateTime::from_timestamp(self.now.unix_secs(), 0).unwrap_or_default();
        let today = at.date_naive() == now.date_naive();
        at.format(if today { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" }).to_string()
    }

    /// The service's name; its key where the configuration has dropped it since.
    #[must_use]
    pub fn service<'voice>(&'voice self, service: &'voice ServiceKey) -> &'voice str {
        let known = self.live.config.services.get(service);
        known.map_or(service.as_str(), |known| known.name.as_str())
    }

    /// The service's emoji.
    #[must_use]
    pub fn emoji(&self, service: &ServiceKey) -> &'live str {
        self.live.config.services.get(service).map_or("", |service| service.emoji.as_str())
    }

    /// The country's name in this person's language. A name of the operator's own, which the
    /// table of names does not know, is shown to everybody as it is.
    #[must_use]
    pub fn country(&self, country: Country) -> String {
        let mut configured = self.live.config.shop.countries.iter();
        let configured = configured.find(|(known, _)| *known == country).map(|(_, name)| name);
        let known = countries::names(country);
        match configured {
            Some(own) if known.is_none_or(|names| !names.contains(&own.as_str())) => own.clone(),
            _ => countries::name(country, self.language)
                .map_or_else(|| country.to_string(), str::to_owned),
        }
    }

    fn button(&self, key: &str, press: &Press) -> Result<Button, KeyboardError> {
        Button::press(self.say(key, &[]), press.to_string())
    }

    fn button_with(
        &self,
        key: &str,
        values: &[(&str, Value<'_>)],
        press: &Press,
    ) -> Result<Button, KeyboardError> {
        Button::press(self.say(key, values), press.to_string())
    }

    fn copy(&self, key: &str, text: &str) -> Result<Button, KeyboardError> {
        Button::copy(self.say(key, &[]), text)
    }

    /// The main menu.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn menu(
        &self,
        name: &str,
        available: Amount,
        favourites: &[OfferRow],
        admin: bool,
    ) -> Result<Screen, ScreenError> {
        let shop = &self.live.config.shop;
        let text = self.say(
            "menu",
            &[
                ("title", Value::Text(&shop.title)),
                ("subtitle", Value::Text(self.own(&shop.subtitle))),
                ("name", Value::Text(name)),
                ("available", Value::Text(&self.money(available))),
            ],
        );
        let mut rows = Rows::default();
        for offer in favourites {
            rows.add([self.favourite_button(offer)]);
        }
        rows.add([self.button("menu.buy", &Press::Services(0))]);
        rows.add([
            self.button("menu.orders", &Press::Orders),
            self.button("menu.wallet", &Press::Wallet),
        ]);
        rows.add([
            self.button("menu.deposit", &Press::Amounts),
            self.button("menu.help", &Press::Help),
        ]);
        rows.add([
            self.button("menu.status", &Press::Status),
            self.button("menu.language", &Press::Languages),
        ]);
        if admin {
            rows.add([self.button("menu.admin", &Press::Admin)]);
        }
        rows.screen(text)
    }

    /// How it works, and every command this person may use.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn help(&self, admin: bool) -> Result<Screen, ScreenError> {
        let line = |command: &commands::Command| {
            let description = self.say(command.description, &[]);
            let values = [
                ("command", Value::Text(command.name)),
                ("description", Value::Text(&description)),
            ];
            self.say("help.command", &values)
        };
        let lines: Vec<String> = commands::visible(admin).map(line).collect();
        let known = self.live.config.shop.contacts.join(", ");
        let contacts = match known.as_str() {
            "" => String::new(),
            known => self.say("help.contacts", &[("contacts", Value::Text(known))]),
        };
        let minutes = self.live.policy.order_timeout_secs.div_ceil(60);
        let text = self.say(
            "help",
            &[
                ("commands", Value::Html(&lines.join("\n"))),
                ("contacts", Value::Html(&contacts)),
                ("timeout", Value::Number(i64::from(minutes))),
            ],
        );
        let mut rows = Rows::default();
        rows.add([
            self.button("menu.support", &Press::Support),
            self.button("menu.paysupport", &Press::PaymentSupport),
        ]);
        rows.add([
            self.button("menu.terms", &Press::Terms),
            self.button("menu.home", &Press::Menu),
        ]);
        rows.screen(text)
    }

    /// How to reach a human.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn support(&self) -> Result<Screen, ScreenError> {
        let known = self.live.config.shop.contacts.join(", ");
        match known.as_str() {
            "" => self.plain(self.say("support.none", &[])),
            known => self.plain(self.say("support", &[("contacts", Value::Text(known))])),
        }
    }

    /// A notice as a message of its own. A notice is plain text, a message is HTML.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn notice(&self, notice: &str) -> Result<Screen, ScreenError> {
        let mut text = String::new();
        escape(notice, &mut text);
        self.plain(text)
    }

    /// A text with nothing but the way home.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn plain(&self, text: String) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        rows.add([self.button("menu.home", &Press::Menu)]);
        rows.screen(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_two_where_every_label_can_be_read() {
        for (labels, lines) in
            [(["🇺🇸 US", "🇨🇦 Canada"], 1), (["🇺🇸 United States · $1", "🇨🇦 Canada"], 2)]
        {
            let mut rows = Rows::default();
            rows.add_columns(labels.iter().map(|label| Button::press(*label, "x")));
            assert_eq!(rows.rows.len(), lines, "{labels:?}");
        }
    }

    #[test]
    fn buttons_stand_side_by_side_where_their_labels_can_be_read() {
        let table: [(&[&str], usize); 7] = [
            (&["‹ Back", "⌂ Menu"], 1),
            (&["📱 Comprar número", "⌂ Menú"], 1),
            (&["🇺🇸 Estados Unidos · $0.54", "🇨🇦 Canadá · $0.54"], 2),
            (&["🇫🇷 France · $0.54", "🇩🇪 Germany · $0.54"], 2),
            (&["$5.00", "$10.00", "$20.00"], 1),
            (&["a long label", "b", "c"], 3),
            (&["one label that is as long as a label can be, and longer"], 1),
        ];
        for (labels, lines) in table {
            let mut rows = Rows::default();
            rows.add(labels.iter().map(|label| Button::press(*label, "x")));
            assert_eq!(rows.rows.len(), lines, "{labels:?}");
        }
    }
}
