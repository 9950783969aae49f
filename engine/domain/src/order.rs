//! Quotes and orders, and every state an order can be in. Domain, storage and the middle
//! import this.
//!
//! ```text
//! Buying → Waiting → Delivered → Refunded
//!    ├→ Failed            refused by every candidate: hold voided
//!    └→ Unclear → Waiting | Failed          asked about, never blindly repeated
//!         Waiting → Cancelling → Cancelled | Expired | Delivered
//!                        └─────→ Buying           a second try elsewhere, where the rules allow it
//!         Waiting → Expired                 the vendor took the number back unasked
//! ```
//!
//! What a delivered order's number receives later is in [`crate::resend`].
//!
//! Whatever the state, an open order whose hold reaches its deadline is ended by the clock, a
//! waiting one after the vendor was asked to take the number back.

use std::collections::BTreeSet;

use crate::day::Day;
use crate::deposit::AdminCard;
use crate::ids::{
    Country, MessageId, OrderId, ProviderId, RulesVersion, ServiceKey, Timestamp, UserId,
};
use crate::money::Amount;
use crate::policy::Policy;
use crate::private::Private;
use crate::resend::Resend;

/// A vendor that may serve an order, in the order of preference fixed by the quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The vendor.
    pub provider: ProviderId,
    /// What it would sell: the service asked for, or one that may stand in for it.
    pub service: ServiceKey,
    /// The vendor's own id of the service.
    pub vendor_service: String,
    /// The vendor's price when the quote was made.
    pub cost: Amount,
}

/// How long a lapsed quote is kept, so that its button can still be told from a forged one, in
/// seconds.
pub const QUOTE_KEPT_SECS: u32 = 86_400;

/// A price shown to a customer, fixed until it lapses. Its id becomes the order's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The id, minted before the price is shown.
    pub id: OrderId,
    /// Who was shown it.
    pub customer: UserId,
    /// What is sold.
    pub service: ServiceKey,
    /// From where.
    pub country: Country,
    /// What the customer pays, at most and at least.
    pub price: Amount,
    /// The most that may be paid to a vendor.
    pub cost_max: Amount,
    /// Who may serve it, best first; never empty.
    pub candidates: Vec<Candidate>,
    /// The rule set that priced it.
    pub rules: RulesVersion,
    /// When it was shown.
    pub created_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
}

impl Quote {
    /// Whether its price may still be bought at. One from a time that the clock was set back from
    /// would stand too long.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        now < self.expires_at && !self.created_at.is_ahead_of(now)
    }
}

/// A number bought at a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Index of the candidate that sold it.
    pub candidate: u8,
    /// The vendor.
    pub provider: ProviderId,
    /// The vendor's id of it.
    pub vendor_order: String,
    /// The number, `+` and digits.
    pub number: Private,
    /// What the vendor charged.
    pub cost: Amount,
    /// When we learnt of it.
    pub bought_at: Timestamp,
}

/// The code that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code itself.
    pub code: Private,
    /// The whole message, where the vendor gives it.
    pub text: Option<Private>,
    /// When we learnt of it.
    pub arrived_at: Timestamp,
}

/// A purchase whose answer was lost. It stays in the order when that has ended: the number may
/// turn up later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Index of the candidate that was asked.
    pub candidate: u8,
    /// When the answer was missed.
    pub since: Timestamp,
    /// Whether the admins were asked to decide.
    pub asked: bool,
    /// The admin who did.
    pub decided_by: Option<UserId>,
    /// Where the admins read about it.
    pub admin_cards: Vec<AdminCard>,
}

/// A number that was given back because no code came, before the order went on elsewhere. Without
/// the number itself: nobody needs it any more, and the vendor knows it by its own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Index of the candidate that sold it.
    pub candidate: u8,
    /// The vendor.
    pub provider: ProviderId,
    /// The vendor's id of it.
    pub vendor_order: String,
    /// What the vendor had charged.
    pub cost: Amount,
    /// When we learnt of it.
    pub bought_at: Timestamp,
    /// When the vendor confirmed that it has it back.
    pub returned_at: Timestamp,
}

/// A number that the vendor was to take back and did not, or of which nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreturned {
    /// Since when that is so.
    pub since: Timestamp,
    /// Whether the vendor kept what it had charged; `None` until an admin says.
    pub kept: Option<bool>,
    /// The admin who did; `None` where the vendor said so itself.
    pub decided_by: Option<UserId>,
    /// Where the admins read about it.
    pub admin_cards: Vec<AdminCard>,
}

/// Why an order is being cancelled; it decides the state it ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// The customer asked.
    Customer,
    /// The time was up.
    TimeOut,
    /// No code came in the time that others take: another vendor is to be tried.
    SecondTry,
}

/// Why no number could be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailReason {
    /// No vendor had a number.
    OutOfStock,
    /// The vendors' prices moved past the price shown.
    PriceMoved,
    /// Vendors refused for reasons that are not the customer's business.
    Unavailable,
    /// Nobody could tell whether a number was bought, and none was found in time.
    Unclear,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// A candidate is being asked for a number.
    Buying {
        /// Index of the candidate.
        candidate: u8,
        /// Whether the request may have left the machine.
        started: bool,
    },
    /// The vendor's answer was lost; being asked about.
    Unclear,
    /// A number is there, the code is not.
    Waiting,
    /// The vendor was asked to take the number back; the code may still win.
    Cancelling {
        /// On whose account.
        reason: CancelReason,
    },
    /// The code arrived, the hold is posted.
    Delivered,
    /// Cancelled by the customer, the hold is void.
    Cancelled,
    /// The time was up, the hold is void.
    Expired,
    /// No number, the hold is void.
    Failed(FailReason),
    /// Delivered, then given back by an admin.
    Refunded,
}

impl OrderState {
    /// Whether something can still happen to the hold.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Buying { .. } | Self::Unclear | Self::Waiting | Self::Cancelling { .. }
        )
    }

    /// The state's name in texts, scripts and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buying { .. } => "buying",
            Self::Unclear => "unclear",
            Self::Waiting => "waiting",
            Self::Cancelling { .. } => "cancelling",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Failed(_) => "failed",
            Self::Refunded => "refunded",
        }
    }
}

/// An order, from the press on Buy to its last state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The quote it grew from; carries id, customer, price and candidates.
    pub quote: Quote,
    /// Where it stands.
    pub state: OrderState,
    /// When the customer confirmed.
    pub placed_at: Timestamp,
    /// When waiting for a code ends and cancelling begins.
    pub deadline: Timestamp,
    /// When the hold is given back even if the vendor never answers.
    pub hold_deadline: Timestamp,
    /// When it reached its last state.
    pub ended_at: Option<Timestamp>,
    /// The purchase whose answer was lost, where one was.
    pub lost: Option<Box<Lost>>,
    /// The number, once bought.
    pub purchase: Option<Purchase>,
    /// Numbers that were given back before this one, oldest first.
    pub former: Vec<Former>,
    /// What is not clear about a number that was to be given back.
    pub unreturned: Option<Box<Unreturned>>,
    /// The code, once arrived.
    pub code: Option<Code>,
    /// Further codes that the customer asked for, oldest first.
    pub resends: Vec<Resend>,
    /// The message that shows it.
    pub card: Option<MessageId>,
}

impl Order {
    /// The id.
    #[must_use]
    pub const fn id(&self) -> OrderId {
        self.quote.id
    }

    /// The customer.
    #[must_use]
    pub const fn customer(&self) -> UserId {
        self.quote.customer
    }

    /// Whether its customer may have the money back instead of a code: a number is there, and the
    /// vendor was not asked yet to take it back for good.
    #[must_use]
    pub const fn can_be_cancelled(&self) -> bool {
        matches!(
            self.state,
            OrderState::Waiting | OrderState::Cancelling { reason: CancelReason::SecondTry }
        )
    }

    /// The day that number and code are forgotten with.
    #[must_use]
    pub const fn day(&self) -> Day {
        Day::of(self.placed_at)
    }

    /// Number, code and message, as far as they have come.
    pub fn privates(&self) -> impl Iterator<Item = &Private> {
        let number = self.purchase.as_ref().map(|purchase| &purchase.number);
        let codes = self.codes().flat_map(|code| std::iter::once(&code.code).chain(&code.text));
        number.into_iter().chain(codes)
    }

    /// The codes that have come, oldest first.
    pub fn codes(&self) -> impl Iterator<Item = &Code> {
        let later = self.resends.iter().filter_map(|resend| resend.code.as_ref());
        self.code.iter().chain(later)
    }

    /// Another code that may still come.
    #[must_use]
    pub fn open_resend(&self) -> Option<&Resend> {
        let last = self.resends.last().filter(|_| self.state == OrderState::Delivered);
        last.filter(|resend| resend.state.is_open())
    }

    /// When an order whose purchase has not begun gives its money back.
    #[must_use]
    pub fn purchase_deadline(&self, policy: &Policy) -> Timestamp {
        let from = self.former.last().map_or(self.placed_at, |former| former.returned_at);
        from.plus_secs(policy.purchase_wait_secs).min(self.hold_deadline)
    }

    /// Whether this number at a vendor is the order's, or was.
    #[must_use]
    pub fn has_had(&self, provider: &ProviderId, vendor_order: &str) -> bool {
        self.numbers().contains(&(provider, vendor_order))
    }

    /// The vendors' ids of the number and of those before it, each once.
    #[must_use]
    pub fn numbers(&self) -> BTreeSet<(&ProviderId, &str)> {
        let now = self.purchase.iter().map(|known| (&known.provider, known.vendor_order.as_str()));
        let former = self.former.iter();
        let former = former.map(|known| (&known.provider, known.vendor_order.as_str()));
        // What another code comes under may be an id of its own, and the next one's too.
        let again = self.purchase.iter().flat_map(|known| {
            self.resends.iter().map(|resend| (&known.provider, resend.vendor_order.as_str()))
        });
        now.chain(former).chain(again).collect()
    }

    /// Index of the first candidate behind `candidate` whose vendor has not sold this order a
    /// number before.
    #[must_use]
    pub fn next_candidate(&self, candidate: u8) -> Option<u8> {
        let had = self.purchase.iter().map(|known| &known.provider);
        let had: Vec<_> = had.chain(self.former.iter().map(|known| &known.provider)).collect();
        let places = (0..=u8::MAX).zip(&self.quote.candidates);
        let mut later = places.skip(usize::from(candidate).saturating_add(1));
        later.find(|(_, next)| !had.contains(&&next.provider)).map(|(place, _)| place)
    }

    /// Whether its time is up by this deadline of its own. Where the clock was set back to
    /// before the order was placed, its deadlines are too far away to wait for: its time is up.
    #[must_use]
    pub fn is_due(&self, deadline: Timestamp, now: Timestamp) -> bool {
        now >= deadline || self.placed_at.is_ahead_of(now)
    }

    /// The candidate that sold the number, whose answer was lost, or that is to be asked.
    #[must_use]
    pub fn candidate(&self) -> Option<&Candidate> {
        let sold = self.purchase.as_ref().map(|purchase| purchase.candidate);
        let asked = match self.state {
            OrderState::Buying { candidate, .. } => Some(candidate),
            _ => sold.or(self.lost.as_ref().map(|lost| lost.candidate)),
        };
        self.quote.candidates.get(usize::from(asked?))
    }

    /// What is being bought, or was: the service asked for, or one that stands in for it.
    #[must_use]
    pub fn service(&self) -> &ServiceKey {
        self.candidate().map_or(&self.quote.service, |candidate| &candidate.service)
    }

    /// Whether a number that nobody knows of may turn up at the vendor. An admin who gave the
    /// money back has seen what is there: none of it is this order's any more.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        let open = self.lost.as_ref().is_some_and(|lost| lost.decided_by.is_none());
        let searched =
            matches!(self.state, OrderState::Unclear | OrderState::Failed(FailReason::Unclear));
        searched && open && self.purchase.is_none()
    }
}
