//! What the buttons carry, to text and back. The screens write it, the chat room reads it.
//!
//! A button carries ids and nothing else: no price, no amount, and no user but on the admins'
//! desk. Telegram allows 64 bytes, anyone can send any of them, so reading is strict and what does
//! not read is stale.

mod desk;

use std::fmt;
use std::str::FromStr;

use ring4_domain::change::Seq;
use ring4_domain::ids::{Country, DepositId, IdError, MethodKey, OrderId, ProviderId, ServiceKey};

pub use desk::Desk;

/// A button's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// The main menu.
    Menu,
    /// The services, this page of them, counted from 0.
    Services(u8),
    /// The countries of a service, this page of them, counted from 0.
    Countries(ServiceKey, u8),
    /// The price of an offer.
    Offer(ServiceKey, Country),
    /// Buy at the price shown.
    Place(OrderId),
    /// The customer's orders.
    Orders,
    /// Those placed before this one.
    OrdersBefore(OrderId),
    /// The orders that can be cancelled.
    Cancellable,
    /// The orders whose receipt may be asked for.
    Receipts,
    /// What was booked for an order.
    Receipt(OrderId),
    /// One order's card.
    Order(OrderId),
    /// Cancel an order.
    Cancel(OrderId),
    /// Ask for another code on an order's number.
    AnotherCode(OrderId),
    /// The wallet.
    Wallet,
    /// The link that brings others.
    Referrals,
    /// The wallet's entries before this one, or the newest.
    History(Option<Seq>),
    /// The amounts that may be paid in.
    Amounts,
    /// What is missing for this quote is to be paid in.
    TopUp(OrderId),
    /// The ways to pay the amount at this place in the configured list.
    Methods(u8),
    /// The amount at this place in the configured list, for the deposit that shall have this id.
    Amount(MethodKey, u8, DepositId),
    /// An amount to be typed.
    CustomAmount,
    /// The way for an amount that was typed before, for the deposit that shall have this id.
    Method(MethodKey, DepositId),
    /// The money is on its way.
    Paid(DepositId),
    /// The payment's id or a picture of it is to be told next.
    Evidence(DepositId),
    /// How each service does.
    Status,
    /// Help.
    Help,
    /// How to reach a human.
    Support,
    /// The languages.
    Languages,
    /// Speak this language from now on.
    Language(String),
    /// The admins' dashboard.
    Admin,
    /// What vendors offer of each service, for admins.
    Offers,
    /// The same, and have the vendors' catalogues read again.
    RefreshOffers,
    /// The deposits that wait for an admin: this page of them, counted from 0.
    Queue(u16),
    /// One deposit, for an admin.
    Review(DepositId),
    /// Credit a deposit.
    Approve(DepositId),
    /// The reasons for which a deposit may be refused.
    Reasons(DepositId),
    /// Give a deposit's stars back.
    ReturnStars(DepositId),
    /// Refuse a deposit without a reason.
    Reject(DepositId),
    /// Refuse a deposit for the reason at this place.
    RejectFor(DepositId, u8),
    /// How a lost purchase stands.
    Lost(OrderId),
    /// This number, by its tag, is the one that was lost.
    Adopt(OrderId, u32),
    /// Nothing was bought for this order.
    Release(OrderId),
    /// The vendor kept what it charged for a number whose return was never confirmed.
    Kept(OrderId),
    /// The vendor gave that back.
    GivenBack(OrderId),
    /// The vendors and their plugins.
    Providers,
    /// Put a vendor's plugin file to use as it lies there now.
    ReloadPlugin(ProviderId),
    /// Let a vendor sell.
    Sell(ProviderId),
    /// Let a vendor serve what is open and sell nothing new.
    Drain(ProviderId),
    /// Send no request to a vendor any more.
    Rest(ProviderId),
    /// Journal, backups and disk.
    Database,
    /// The backups kept.
    Backups,
    /// Make a backup.
    MakeBackup,
    /// Check everything.
    Validate,
    /// Say what went wrong with a delivered order.
    AskRefund(OrderId),
    /// Ask for its money back without a word.
    SendRefund(OrderId),
    /// Accept the terms and buy at the price shown.
    AcceptTerms(OrderId),
    /// Sell a service, or sell it no more; seen beside the prices of this country.
    Service(ServiceKey, bool, Country),
    /// The orders whose money may be asked back.
    Refundable,
    /// What holds for purchases and payments.
    Terms,
    /// Who helps with payments.
    PaymentSupport,
    /// Something on the admins' desk.
    Desk(Desk),
}

impl Press {
    /// Whether the button stands on a card of the admins' group, and shows nothing but the card.
    #[must_use]
    pub const fn is_for_group(&self) -> bool {
        matches!(
            self,
            Self::Review(_)
                | Self::Approve(_)
                | Self::Reasons(_)
                | Self::Reject(_)
                | Self::RejectFor(..)
                | Self::ReturnStars(_)
                | Self::Lost(_)
                | Self::Adopt(..)
                | Self::Release(_)
                | Self::Kept(_)
                | Self::GivenBack(_)
                | Self::Desk(Desk::Refund(_) | Desk::ApproveRefund(_) | Desk::RejectRefund(_))
        )
    }

    /// Whether only admins are shown this button.
    #[must_use]
    pub const fn is_for_admins(&self) -> bool {
        self.is_for_group()
            || matches!(
                self,
                Self::Admin
                    | Self::Offers
                    | Self::RefreshOffers
                    | Self::Queue(_)
                    | Self::Providers
                    | Self::ReloadPlugin(_)
                    | Self::Sell(_)
                    | Self::Drain(_)
                    | Self::Rest(_)
                    | Self::Database
                    | Self::Backups
                    | Self::MakeBackup
                    | Self::Validate
                    | Self::Service(..)
                    | Self::Desk(_)
            )
    }
}

impl fmt::Display for Press {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Menu => write!(out, "m"),
            Self::Services(0) => write!(out, "s"),
            Self::Services(page) => write!(out, "s:{page}"),
            Self::Countries(service, 0) => write!(out, "c:{service}"),
            Self::Countries(service, page) => write!(out, "c:{service}:{page}"),
            Self::Offer(service, country) => write!(out, "o:{service}:{country}"),
            Self::Place(id) => write!(out, "p:{id}"),
            Self::Orders => write!(out, "l"),
            Self::OrdersBefore(id) => write!(out, "l:{id}"),
            Self::Cancellable => write!(out, "x"),
            Self::Receipts => write!(out, "r"),
            Self::Receipt(id) => write!(out, "r:{id}"),
            Self::Order(id) => write!(out, "v:{id}"),
            Self::Cancel(id) => write!(out, "x:{id}"),
            Self::AnotherCode(id) => write!(out, "n:{id}"),
            Self::Wallet => write!(out, "w"),
            Self::Referrals => write!(out, "f"),
            Self::History(None) => write!(out, "h"),
            Self::History(Some(before)) => write!(out, "h:{}", before.0),
            Self::Amounts => write!(out, "d"),
            Self::TopUp(id) => write!(out, "dt:{id}"),
            Self::Methods(place) => write!(out, "df:{place}"),
            Self::Amount(method, place, id) => write!(out, "dn:{method}:{place}:{id}"),
            Self::CustomAmount => write!(out, "dc"),
            Self::Method(method, id) => write!(out, "dm:{method}:{id}"),
            Self::Paid(id) => write!(out, "dp:{id}"),
            Self::Evidence(id) => write!(out, "de:{id}"),
            Self::Status => write!(out, "i"),
            Self::Help => write!(out, "?"),
            Self::Support => write!(out, "?s"),
            Self::Languages => write!(out, "g"),
            Self::Language(code) => write!(out, "g:{code}"),
            Self::Admin => write!(out, "A"),
            Self::Offers => write!(out, "S"),
            Self::RefreshOffers => write!(out, "SR"),
            Self::Queue(0) => write!(out, "Q"),
            Self::Queue(page) => write!(out, "Q:{page}"),
            Self::Review(id) => write!(out, "R:{id}"),
            Self::Approve(id) => write!(out, "Y:{id}"),
            Self::ReturnStars(id) => write!(out, "NS:{id}"),
            Self::Reasons(id) => write!(out, "NR:{id}"),
            Self::Reject(id) => write!(out, "N:{id}"),
            Self::RejectFor(id, place) => write!(out, "N:{id}:{place}"),
            Self::Lost(id) => write!(out, "U:{id}"),
            Self::Adopt(id, tag) => write!(out, "UA:{id}:{tag:08x}"),
            Self::Release(id) => write!(out, "UR:{id}"),
            Self::Kept(id) => write!(out, "BK:{id}"),
            Self::GivenBack(id) => write!(out, "BG:{id}"),
            Self::Providers => write!(out, "V"),
            Self::ReloadPlugin(id) => write!(out, "VR:{id}"),
            Self::Sell(id) => write!(out, "VS:{id}"),
            Self::Drain(id) => write!(out, "VD:{id}"),
            Self::Rest(id) => write!(out, "VX:{id}"),
            Self::Database => write!(out, "D"),
            Self::Backups => write!(out, "DL"),
            Self::MakeBackup => write!(out, "DB"),
            Self::Validate => write!(out, "DV"),
            Self::Terms => write!(out, "?t"),
            Self::PaymentSupport => write!(out, "?p"),
            Self::Refundable => write!(out, "b"),
            Self::AskRefund(id) => write!(out, "b:{id}"),
            Self::SendRefund(id) => write!(out, "bs:{id}"),
            Self::AcceptTerms(id) => write!(out, "t:{id}"),
            Self::Service(service, true, country) => write!(out, "S1:{service}:{country}"),
            Self::Service(service, false, country) => write!(out, "S0:{service}:{country}"),
            Self::Desk(desk) => write!(out, "K:{desk}"),
        }
    }
}

impl FromStr for Press {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts: Vec<&str> = text.split(':').collect();
        Ok(match parts.as_slice() {
            ["m"] => Self::Menu,
            ["s"] => Self::Services(0),
            ["s", page] => Self::Services(later(page)?),
            ["c", service] => Self::Countries(service.parse()?, 0),
            ["c", service, page] => Self::Countries(service.parse()?, later(page)?),
            ["o", service, country] => Self::Offer(service.parse()?, country.parse()?),
            ["p", id] => Self::Place(id.parse()?),
            ["l"] => Self::Orders,
            ["l", id] => Self::OrdersBefore(id.parse()?),
            ["x"] => Self::Cancellable,
            ["r"] => Self::Receipts,
            ["r", id] => Self::Receipt(id.parse()?),
            ["v", id] => Self::Order(id.parse()?),
            ["x", id] => Self::Cancel(id.parse()?),
            ["n", id] => Self::AnotherCode(id.parse()?),
            ["w"] => Self::Wallet,
            ["f"] => Self::Referrals,
            ["h"] => Self::History(None),
            ["h", before] => Self::History(Some(Seq(before.parse().map_err(|_| IdError)?))),
            ["d"] => Self::Amounts,
            ["dt", id] => Self::TopUp(id.parse()?),
            ["df", place] => Self::Methods(place.parse().map_err(|_| IdError)?),
            ["dn", method, place, id] => {
                let place = place.parse().map_err(|_| IdError)?;
                Self::Amount(method.parse()?, place, id.parse()?)
            }
            ["dc"] => Self::CustomAmount,
            ["dm", method, id] => Self::Method(method.parse()?, id.parse()?),
            ["dp", id] => Self::Paid(id.parse()?),
            ["de", id] => Self::Evidence(id.parse()?),
            ["i"] => Self::Status,
            ["?"] => Self::Help,
            ["?s"] => Self::Support,
            ["g"] => Self::Languages,
            ["g", code] if is_language(code) => Self::Language((*code).to_owned()),
            ["?t"] => Self::Terms,
            ["?p"] => Self::PaymentSupport,
            ["b"] => Self::Refundable,
            ["b", id] => Self::AskRefund(id.parse()?),
            ["bs", id] => Self::SendRefund(id.parse()?),
            ["t", id] => Self::AcceptTerms(id.parse()?),
            parts => return Self::read_for_admins(parts),
        })
    }
}

impl Press {
    /// Reads the parts of a button that only admins are shown.
    fn read_for_admins(parts: &[&str]) -> Result<Self, IdError> {
        Ok(match parts {
            ["A"] => Self::Admin,
            ["S"] => Self::Offers,
            ["SR"] => Self::RefreshOffers,
            ["Q"] => Self::Queue(0),
            ["Q", page] => Self::Queue(page.parse().map_err(|_| IdError)?),
            ["R", id] => Self::Review(id.parse()?),
            ["Y", id] => Self::Approve(id.parse()?),
            ["NS", id] => Self::ReturnStars(id.parse()?),
            ["NR", id] => Self::Reasons(id.parse()?),
            ["N", id] => Self::Reject(id.parse()?),
            ["N", id, place] => Self::RejectFor(id.parse()?, place.parse().map_err(|_| IdError)?),
            ["U", id] => Self::Lost(id.parse()?),
            ["UA", id, tag] => Self::Adopt(id.parse()?, read_tag(tag)?),
            ["UR", id] => Self::Release(id.parse()?),
            ["BK", id] => Self::Kept(id.parse()?),
            ["BG", id] => Self::GivenBack(id.parse()?),
            ["V"] => Self::Providers,
            ["VR", id] => Self::ReloadPlugin(id.parse()?),
            ["VS", id] => Self::Sell(id.parse()?),
            ["VD", id] => Self::Drain(id.parse()?),
            ["VX", id] => Self::Rest(id.parse()?),
            ["D"] => Self::Database,
            ["DL"] => Self::Backups,
            ["DB"] => Self::MakeBackup,
            ["DV"] => Self::Validate,
            [on @ ("S1" | "S0"), service, country] => {
                Self::Service(service.parse()?, *on == "S1", country.parse()?)
            }
            ["K", rest @ ..] => Self::Desk(Desk::read(rest)?),
            _ => return Err(IdError),
        })
    }
}

/// The tag of a purchase, eight hexadecimal digits.
fn read_tag(tag: &str) -> Result<u32, IdError> {
    let digits = Some(tag).filter(|tag| tag.len() == 8).ok_or(IdError)?;
    u32::from_str_radix(digits, 16).map_err(|_| IdError)
}

/// A page that is not the first.
fn later(page: &str) -> Result<u8, IdError> {
    page.parse().ok().filter(|page| *page > 0).ok_or(IdError)
}

/// Whether this is the form of a language code.
fn is_language(code: &str) -> bool {
    (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> Vec<Press> {
        let longest = "a".repeat(ring4_domain::ids::KEY_LEN_MAX);
        let service: ServiceKey = longest.parse().unwrap();
        let (method, provider): (MethodKey, ProviderId) =
            (longest.parse().unwrap(), longest.parse().unwrap());
        let (order, deposit) = (OrderId::from_bits(u64::MAX), DepositId::from_bits(u64::MAX));
        vec![
            Press::Menu,
            Press::Referrals,
            Press::Services(0),
            Press::Services(u8::MAX),
            Press::Countries(service.clone(), 0),
            Press::Countries(service.clone(), u8::MAX),
            Press::Offer(service, Country::US),
            Press::Place(order),
            Press::Orders,
            Press::OrdersBefore(order),
            Press::Cancellable,
            Press::Receipts,
            Press::Receipt(order),
            Press::Order(order),
            Press::Cancel(order),
            Press::AnotherCode(order),
            Press::Wallet,
            Press::History(None),
            Press::History(Some(Seq(u64::MAX))),
            Press::Amounts,
            Press::TopUp(order),
            Press::Methods(u8::MAX),
            Press::Amount(method.clone(), u8::MAX, deposit),
            Press::CustomAmount,
            Press::Method(method, deposit),
            Press::Paid(deposit),
            Press::Evidence(deposit),
            Press::Status,
            Press::Help,
            Press::Languages,
            Press::Language("es".to_owned()),
            Press::Admin,
            Press::Offers,
            Press::RefreshOffers,
            Press::Queue(0),
            Press::Queue(u16::MAX),
            Press::Review(deposit),
            Press::Approve(deposit),
            Press::ReturnStars(deposit),
            Press::Reasons(deposit),
            Press::Reject(deposit),
            Press::RejectFor(deposit, u8::MAX),
            Press::Lost(order),
            Press::Adopt(order, u32::MAX),
            Press::Release(order),
            Press::Kept(order),
            Press::GivenBack(order),
            Press::Providers,
            Press::ReloadPlugin(provider.clone()),
            Press::Sell(provider.clone()),
            Press::Drain(provider.clone()),
            Press::Rest(provider),
            Press::Database,
            Press::Backups,
            Press::MakeBackup,
            Press::Validate,
        ]
        .into_iter()
        .chain([true, false].map(|on| Press::Service(longest.parse().unwrap(), on, Country::US)))
        .chain([Press::AskRefund(order), Press::SendRefund(order), Press::AcceptTerms(order)])
        .chain([Press::Terms, Press::PaymentSupport, Press::Refundable])
        .chain(Desk::every().into_iter().map(Press::Desk).chain([Press::Support]))
        .collect()
    }

    #[test]
    fn every_button_fits_and_reads_back() {
        for press in every() {
            let text = press.to_string();
            assert!((1..=64).contains(&text.len()), "{text}");
            assert_eq!(text.parse(), Ok(press), "{text}");
        }
    }

    #[test]
    fn noise_is_stale() {
        let rows = [
            "",
            ":",
            "p",
            "p:",
            "p:123",
            "p:00000000:1",
            "h:-1",
            "dn:usdt:256:00000000",
            "o:ring4",
            "M",
            "c:Ring4",
            "c:../etc",
            "s:0",
            "c:ring4:0",
            "c:ring4:256",
            "g:",
            "g:ES",
            "g:../etc",
            "🤷",
            "p:ＡＢＣＤＥＦＧＨ",
            &"x".repeat(64),
        ];
        for noise in rows {
            assert_eq!(noise.parse::<Press>(), Err(IdError), "{noise}");
        }
    }
}
