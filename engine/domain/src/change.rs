//! What a decision changes, and the journal entry that records it. Domain and storage import
//! this; the journal holds these and nothing else, so a replay needs no scripts and no vendors.

use crate::adjustment::Adjustment;
use crate::broadcast::{Broadcast, Outreach};
use crate::customer::Customer;
use crate::day::Day;
use crate::deposit::Deposit;
use crate::effect::Effect;
use crate::ids::{OrderId, RulesVersion, Timestamp, UserId};
use crate::ledger::Transfer;
use crate::maintenance::Maintenance;
use crate::order::{Order, Quote};
use crate::refund::Refund;
use crate::sale::SaleSwitch;
use crate::standing::Standing;

/// A journal entry's place, counted from 1 without gaps. Customers see it as ledger number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// One change. Records are whole after-images; money is transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Money moved or held.
    Transfer(Transfer),
    /// A customer as it is now.
    Customer(Customer),
    /// A quote shown.
    Quote(Quote),
    /// A quote that lapsed or became an order.
    QuoteDropped(OrderId),
    /// An order as it is now.
    Order(Order),
    /// A deposit as it is now.
    Deposit(Deposit),
    /// The world owes us this; replaces an equal wish.
    Wish(Effect),
    /// The wish made at `made` was granted; a newer equal wish stays.
    Granted {
        /// The wish.
        effect: Effect,
        /// The entry that made it.
        made: Seq,
    },
    /// This rule set is live.
    RulesActivated(Activation),
    /// Numbers and codes of orders placed before this day are forgotten.
    CodesForgotten(Day),
    /// An admin turned a vendor's switch.
    SaleSet(SaleSwitch),
    /// A refund as it is now.
    Refund(Refund),
    /// How a customer stands now.
    Standing(Standing),
    /// An adjustment as it is now.
    Adjustment(Adjustment),
    /// Whether an admin lets selling pause, as it is now.
    Maintenance(Maintenance),
    /// The daily report of this local day is on its way.
    Reported(Day),
    /// A broadcast as it is now.
    Broadcast(Broadcast),
    /// How far a broadcast has come.
    Outreach(Outreach),
}

/// A rule set goes live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Which.
    pub version: RulesVersion,
    /// What the files said when an admin chose another version over them. The choice holds for as
    /// long as the files are those; none where the version is that of the files.
    pub over: Option<RulesVersion>,
    /// The entry that made the rule set live which was live before, so that the history can be
    /// followed without reading what lies between. None for the first, and unknown for those that
    /// went live before this was noted.
    pub before: Option<Seq>,
}

impl From<RulesVersion> for Activation {
    /// A version that is the files', and the first.
    fn from(version: RulesVersion) -> Self {
        Self { version, over: None, before: None }
    }
}

/// Who caused an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A customer, by a message or a press.
    Customer(UserId),
    /// An admin, by a message or a press.
    Admin(UserId),
    /// The engine: a vendor's answer, a deadline, a finished effect.
    Engine,
}

/// The longest cause, in bytes.
pub const CAUSE_LEN_MAX: usize = 64;

/// One journal entry: what happened, when, why, by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// When it was decided.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The command's name and the request it belongs to, such as `place_order u4711`; the same
    /// id stands in the log lines of that request.
    pub cause: String,
    /// What changed; never empty.
    pub changes: Vec<Change>,
}
