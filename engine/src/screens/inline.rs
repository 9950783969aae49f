//! An offer as it is found in another chat, with the way to the bot. Only the chat room imports
//! this.

use ring4_rules::messages::Value;
use ring4_telegram::keyboard::Button;
use ring4_telegram::outgoing::InlineResult;

use super::offers::OfferRow;
use super::{Rows, ScreenError, Voice};

/// An offer with the numbers at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineOffer {
    /// The offer.
    pub offer: OfferRow,
    /// Numbers at hand, where vendors say.
    pub stock: Option<u32>,
}

impl Voice<'_> {
    /// An offer to choose; `bot` is the bot's user name, where it is known already.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn inline_result(
        &self,
        offer: &InlineOffer,
        bot: Option<&str>,
    ) -> Result<InlineResult, ScreenError> {
        let InlineOffer { offer, stock } = offer;
        let flag = offer.country.flag();
        let country = self.country(offer.country);
        let price = offer.price.map(|price| self.money(price));
        let mut values = vec![
            ("emoji", Value::Text(self.emoji(&offer.service))),
            ("service", Value::Text(self.service(&offer.service))),
            ("flag", Value::Text(&flag)),
            ("country", Value::Text(&country)),
        ];
        values.extend(price.iter().map(|price| ("price", Value::Text(price.as_str()))));
        let (title, text) = match price {
            Some(_) => ("buy.match_at", "inline.offer_at"),
            None => ("buy.match", "inline.offer"),
        };
        let number = |number: u32| Value::Number(i64::from(number));
        let odds =
            offer.percent.map(|percent| self.say("inline.odds", &[("percent", number(percent))]));
        let stock = stock.map(|stock| self.say("quote.stock", &[("stock", number(stock))]));
        let description: Vec<String> = stock.into_iter().chain(odds).collect();
        let payload = format!("buy_{}_{}", offer.service, offer.country);
        let mut rows = Rows::default();
        if let Some(bot) = bot {
            let link = format!("https://t.me/{bot}?start={payload}");
            rows.add([Button::url(self.say("inline.open", &[]), link)]);
        }
        let screen = rows.screen(self.say(text, &values))?;
        Ok(InlineResult {
            id: payload,
            title: self.say(title, &values),
            description: description.join(" · "),
            text: screen.text,
            keyboard: screen.keyboard,
        })
    }
}
