//! Reads plugins' answers as hostile input: what does not keep the limits is dropped where it
//! does not matter and refused where it does. The registry imports this.

use ring4_domain::ids::Country;
use ring4_domain::money::Amount;
use ring4_provider_sdk as sdk;

use crate::scrub::scrub;
use crate::vocabulary::{
    CallError, Cancellation, CatalogueCountry, CatalogueService, Message, OrderStatus, PhoneNumber,
    Purchase, Quote, RefusalReason, Resend, VendorOrder,
};

/// The longest vendor id of an order, service or country.
const VENDOR_ID_LEN_MAX: usize = 64;

/// The longest name of a service or country, in characters; longer ones are cut.
const NAME_CHARS_MAX: usize = 100;

/// The longest code, in characters; a longer one is not a code.
const CODE_CHARS_MAX: usize = 64;

/// The longest message text, in characters; longer ones are cut.
const TEXT_CHARS_MAX: usize = 4_096;

/// Messages of one order; the newest are kept.
const MESSAGES_MAX: usize = 20;

/// Rows of a list.
const ROWS_MAX: usize = 20_000;

/// No vendor sells a number for more, and no balance is above it.
const COST_MAX: Amount = Amount::from_micros(10_000_000_000);
const BALANCE_MAX: Amount = Amount::from_micros(10_000_000_000_000);

/// How far a vendor's time may lie from now.
const TIME_DISTANCE_MAX_MS: i64 = 40 * 24 * 3_600 * 1_000;

/// How long to wait when a vendor says "too early" without a time, and at most.
const CANCEL_RETRY_DEFAULT_SECS: u32 = 15;
const CANCEL_RETRY_MAX_SECS: u32 = 600;

/// An answer or a part of it that breaks a limit; the text says which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Insane(pub(crate) &'static str);

impl From<Insane> for CallError {
    fn from(insane: Insane) -> Self {
        Self::Unreadable(insane.0.to_owned())
    }
}

pub(crate) fn purchase(from: sdk::Purchase, now_ms: i64) -> Purchase {
    match from {
        sdk::Purchase::Bought { vendor_order_id, number, cost, expires_at_ms } => {
            let bought = || {
                Ok::<_, Insane>(Purchase::Bought {
                    vendor_order_id: order_id(vendor_order_id)?,
                    number: PhoneNumber::parse(&number).ok_or(Insane("the number is no E.164"))?,
                    cost: amount(&cost, COST_MAX)?,
                    expires_at_ms: time(expires_at_ms, now_ms),
                })
            };
            // Something was bought, so an answer that cannot be used is reconciled.
            let unclear = |Insane(why)| Purchase::Unclear { why: format!("bought, but {why}") };
            bought().unwrap_or_else(unclear)
        }
        sdk::Purchase::Refused { reason: why, .. } => Purchase::Refused { reason: reason(why) },
        sdk::Purchase::Unclear { why } => Purchase::Unclear { why: scrub(&why) },
    }
}

pub(crate) const fn reason(from: sdk::RefusalReason) -> RefusalReason {
    match from {
        sdk::RefusalReason::OutOfStock => RefusalReason::OutOfStock,
        sdk::RefusalReason::PriceTooHigh => RefusalReason::PriceTooHigh,
        sdk::RefusalReason::Unsupported => RefusalReason::Unsupported,
        sdk::RefusalReason::BalanceLow => RefusalReason::BalanceLow,
        sdk::RefusalReason::AuthFailed => RefusalReason::AuthFailed,
        sdk::RefusalReason::AccountThrottled => RefusalReason::AccountThrottled,
        sdk::RefusalReason::ConcurrencyLimit => RefusalReason::ConcurrencyLimit,
        sdk::RefusalReason::RateLimited => RefusalReason::RateLimited,
        sdk::RefusalReason::BadRequest => RefusalReason::BadRequest,
        sdk::RefusalReason::Other => RefusalReason::Other,
    }
}

pub(crate) fn quote(from: &sdk::Quote) -> Result<Quote, Insane> {
    match from {
        sdk::Quote::Offered { cost, high_cost, stock, success_percent } => {
            let cost = amount(cost, COST_MAX)?;
            let high = high_cost.as_ref().map(|high| amount(high, COST_MAX)).transpose()?;
            Ok(Quote::Offered {
                cost,
                high_cost: high.unwrap_or(cost).max(cost),
                stock: *stock,
                success_percent: success_percent.filter(|percent| *percent <= 100),
            })
        }
        sdk::Quote::Unavailable { reason: why } => Ok(Quote::Unavailable { reason: reason(*why) }),
    }
}

pub(crate) fn status(from: sdk::OrderStatus, now_ms: i64) -> OrderStatus {
    match from {
        sdk::OrderStatus::Waiting => OrderStatus::Waiting,
        sdk::OrderStatus::Refunded => OrderStatus::Refunded,
        sdk::OrderStatus::Closed => OrderStatus::Closed,
        sdk::OrderStatus::Unrecognised { raw } => OrderStatus::Unrecognised { raw: scrub(&raw) },
        sdk::OrderStatus::Received { messages } => {
            let skipped = messages.len().saturating_sub(MESSAGES_MAX);
            let messages: Vec<Message> = messages
                .into_iter()
                .skip(skipped)
                .filter_map(|message| read_message(message, now_ms))
                .collect();
            if messages.is_empty() {
                // A message without words delivers nothing; the next look may have them.
                let raw = "received, without a readable message".to_owned();
                return OrderStatus::Unrecognised { raw };
            }
            OrderStatus::Received { messages }
        }
    }
}

fn read_message(from: sdk::Message, now_ms: i64) -> Option<Message> {
    let code = from.code.map(|code| printable(&code, CODE_CHARS_MAX + 1));
    let code = code.filter(|code| !code.is_empty() && code.chars().count() <= CODE_CHARS_MAX);
    let text = from.text.map(|text| printable(&text, TEXT_CHARS_MAX));
    let text = text.filter(|text| !text.is_empty());
    let received_at_ms = time(from.received_at_ms, now_ms);
    (code.is_some() || text.is_some()).then_some(Message { code, text, received_at_ms })
}

/// Rows with a bad id make the whole list unreadable: a list that lost a row silently would look
/// like an order that vanished. Other bad fields are left out.
pub(crate) fn orders(from: Vec<sdk::VendorOrder>, now_ms: i64) -> Result<Vec<VendorOrder>, Insane> {
    check_rows(from.len())?;
    let row = |row: sdk::VendorOrder| {
        Ok(VendorOrder {
            vendor_order_id: order_id(row.vendor_order_id)?,
            number: row.number.as_deref().and_then(PhoneNumber::parse),
            service: row.service.map(|service| printable(&service, NAME_CHARS_MAX)),
            country: row.country.and_then(|country| country.parse().ok()),
            cost: row.cost.and_then(|cost| amount(&cost, COST_MAX).ok()),
            status: status(row.status, now_ms),
            bought_at_ms: time(row.bought_at_ms, now_ms),
            expires_at_ms: time(row.expires_at_ms, now_ms),
        })
    };
    from.into_iter().map(row).collect()
}

pub(crate) fn cancellation(from: sdk::Cancellation) -> Cancellation {
    match from {
        sdk::Cancellation::Cancelled => Cancellation::Cancelled,
        sdk::Cancellation::TooEarly { retry_after_secs } => {
            let secs = retry_after_secs.unwrap_or(CANCEL_RETRY_DEFAULT_SECS);
            Cancellation::TooEarly { retry_after_secs: secs.clamp(1, CANCEL_RETRY_MAX_SECS) }
        }
        sdk::Cancellation::HasSms => Cancellation::HasSms,
        sdk::Cancellation::AlreadyClosed => Cancellation::AlreadyClosed,
        sdk::Cancellation::NotFound => Cancellation::NotFound,
        sdk::Cancellation::Unclear { why } => Cancellation::Unclear { why: scrub(&why) },
    }
}

pub(crate) fn resend(from: sdk::Resend) -> Result<Resend, Insane> {
    Ok(match from {
        sdk::Resend::Requested { vendor_order_id, cost } => Resend::Requested {
            vendor_order_id: order_id(vendor_order_id)?,
            cost: cost.map(|cost| amount(&cost, COST_MAX)).transpose()?,
        },
        sdk::Resend::Refused { reason: why } => Resend::Refused { reason: reason(why) },
        sdk::Resend::Priced { cost } => Resend::Priced { cost: amount(&cost, COST_MAX)? },
        sdk::Resend::Unclear { why } => Resend::Unclear { why: scrub(&why) },
    })
}

pub(crate) fn balance(from: &sdk::Money) -> Result<Amount, Insane> {
    amount(from, BALANCE_MAX)
}

/// Rows that cannot be used are left out: the catalogue is an offer, not a promise.
pub(crate) fn services(from: Vec<sdk::Service>) -> Result<Vec<CatalogueService>, Insane> {
    check_rows(from.len())?;
    let row = |row: sdk::Service| {
        let name = printable(&row.name, NAME_CHARS_MAX);
        let vendor_id = vendor_id(row.vendor_id).ok()?;
        (!name.is_empty()).then_some(CatalogueService { vendor_id, name })
    };
    Ok(from.into_iter().filter_map(row).collect())
}

/// As [`services`].
pub(crate) fn countries(from: Vec<sdk::Country>) -> Result<Vec<CatalogueCountry>, Insane> {
    check_rows(from.len())?;
    let row = |row: sdk::Country| {
        let name = printable(&row.name, NAME_CHARS_MAX);
        let country: Country = row.iso.parse().ok()?;
        let vendor_id = vendor_id(row.vendor_id).ok()?;
        (!name.is_empty()).then_some(CatalogueCountry { vendor_id, country, name })
    };
    Ok(from.into_iter().filter_map(row).collect())
}

fn check_rows(rows: usize) -> Result<(), Insane> {
    if rows > ROWS_MAX { Err(Insane("the list is too long")) } else { Ok(()) }
}

/// An order's id goes into requests, logs and the journal, so its characters are few.
fn order_id(text: String) -> Result<String, Insane> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let sane = (1..=VENDOR_ID_LEN_MAX).contains(&text.len()) && text.bytes().all(plain);
    if sane { Ok(text) } else { Err(Insane("the order id is not usable")) }
}

/// Ids of services and countries may be words with blanks.
fn vendor_id(text: String) -> Result<String, Insane> {
    let sane = (1..=VENDOR_ID_LEN_MAX).contains(&text.len())
        && !text.chars().any(char::is_control)
        && text.trim() == text;
    if sane { Ok(text) } else { Err(Insane("the id is not usable")) }
}

fn amount(from: &sdk::Money, max: Amount) -> Result<Amount, Insane> {
    let amount: Amount = from.as_str().parse().map_err(|_| Insane("the amount is not exact"))?;
    if amount.is_negative() || amount > max {
        return Err(Insane("the amount is out of bounds"));
    }
    Ok(amount)
}

fn time(from: Option<i64>, now_ms: i64) -> Option<i64> {
    let near = |time: &i64| time.abs_diff(now_ms) <= TIME_DISTANCE_MAX_MS.unsigned_abs();
    from.filter(near)
}

/// Trimmed, cut, and without control characters except line breaks, and without those that turn
/// the reading direction: a text goes to a chat.
fn printable(text: &str, chars_max: usize) -> String {
    let turns = |char: char| matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let kept = |char: &char| !turns(*char) && (!char.is_control() || *char == '\n');
    text.trim().chars().filter(kept).take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_760_000_000_000;

    fn money(text: &str) -> sdk::Money {
        sdk::Money::parse(text).expect("decimal text")
    }

    fn bought(id: &str, number: &str, cost: &str, expires_at_ms: Option<i64>) -> Purchase {
        let (vendor_order_id, number) = (id.to_owned(), number.to_owned());
        let cost = money(cost);
        purchase(sdk::Purchase::Bought { vendor_order_id, number, cost, expires_at_ms }, NOW)
    }

    #[test]
    fn a_purchase_keeps_the_limits_or_is_unclear() {
        let good = bought("ABCD-1", "+12015550100", "0.24", Some(NOW + 1_200_000));
        let Purchase::Bought { cost, expires_at_ms, .. } = good else { panic!("{good:?}") };
        assert_eq!((cost.to_text(), expires_at_ms), ("0.24".to_owned(), Some(NOW + 1_200_000)));
        let long = "x".repeat(65);
        for (id, number, cost) in [
            ("", "+12015550100", "0.24"),
            (long.as_str(), "+12015550100", "0.24"),
            ("a b", "+12015550100", "0.24"),
            ("<b>", "+12015550100", "0.24"),
            ("ok", "12015550100", "0.24"),
            ("ok", "+12345678901234567890", "0.24"),
            ("ok", "+12015550100", "10000.01"),
            ("ok", "+12015550100", "0.00000001"),
        ] {
            let got = bought(id, number, cost, None);
            assert!(matches!(got, Purchase::Unclear { .. }), "{id} {cost}: {got:?}");
        }
        let got = bought("ok", "+12015550100", "0.24", Some(17));
        assert!(matches!(got, Purchase::Bought { expires_at_ms: None, .. }), "{got:?}");
    }

    #[test]
    fn messages_are_cut_cleaned_and_never_empty() {
        let message = |code: Option<&str>, text: Option<&str>| sdk::Message {
            code: code.map(str::to_owned),
            text: text.map(str::to_owned),
            received_at_ms: Some(0),
        };
        let received = |messages| status(sdk::OrderStatus::Received { messages }, NOW);
        let one = |code: Option<&str>, text: Option<&str>| Message {
            code: code.map(str::to_owned),
            text: text.map(str::to_owned),
            received_at_ms: None,
        };
        let long = "9".repeat(65);
        for (code, text, want) in [
            (Some(" 48213 "), Some("a\u{202E}b\r\nc"), Some(one(Some("48213"), Some("ab\nc")))),
            (Some(long.as_str()), Some("text"), Some(one(None, Some("text")))),
            (Some(""), Some("text"), Some(one(None, Some("text")))),
            (Some("1"), None, Some(one(Some("1"), None))),
            (Some(""), Some(" \u{0} "), None),
        ] {
            let got = received(vec![message(code, text)]);
            match want {
                Some(want) => assert_eq!(got, OrderStatus::Received { messages: vec![want] }),
                None => assert!(matches!(got, OrderStatus::Unrecognised { .. })),
            }
        }
        let many = vec![message(Some("1"), None); 50];
        let OrderStatus::Received { messages } = received(many) else { panic!("received") };
        assert_eq!(messages.len(), MESSAGES_MAX);
        let huge = message(None, Some(&"é".repeat(10_000)));
        let OrderStatus::Received { messages } = received(vec![huge]) else { panic!("received") };
        let chars = messages[0].text.as_ref().map(|text| text.chars().count());
        assert_eq!(chars, Some(TEXT_CHARS_MAX));
    }

    #[test]
    fn a_list_with_a_bad_id_is_unreadable_as_a_whole() {
        let row = |id: &str| sdk::VendorOrder {
            vendor_order_id: id.to_owned(),
            number: Some("nonsense".to_owned()),
            service: None,
            country: Some("ZZZ".to_owned()),
            cost: None,
            status: sdk::OrderStatus::Waiting,
            bought_at_ms: None,
            expires_at_ms: None,
        };
        let list = orders(vec![row("a"), row("b")], NOW).expect("two rows");
        assert_eq!(list.len(), 2);
        assert_eq!((&list[0].number, &list[0].country), (&None, &None));
        assert!(orders(vec![row("a"), row("")], NOW).is_err());
        assert!(orders(vec![row("a"); ROWS_MAX + 1], NOW).is_err());
    }
}
