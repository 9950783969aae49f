//! Another code on a number that had one: what was asked for, and what came of it. Domain,
//! storage and the middle import this.
//!
//! ```text
//! Asking → Waiting → Arrived | Expired
//!    └→ Refused | Priced | Arrived | Expired
//! ```
//!
//! The order stays delivered and its customer is charged nothing: vendors are asked only where
//! they give it free. What one charges all the same is the shop's cost. A refunded order waits for
//! nothing any more.

use crate::ids::{ProviderId, Timestamp, UserId};
use crate::money::Amount;
use crate::order::Code;
use crate::private::Private;

/// Where another code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResendState {
    /// The vendor is to be asked, or is being asked.
    Asking {
        /// Whether the request may have left the machine. It is not repeated then: what the
        /// vendor shows tells whether it was taken.
        started: bool,
    },
    /// The vendor was asked.
    Waiting {
        /// Whether what comes now is new, whatever it says: the vendor has shown that it waits,
        /// or it waits under another id.
        cleared: bool,
    },
    /// The code is there.
    Arrived,
    /// No code came in time.
    Expired,
    /// The vendor said no.
    Refused,
    /// The vendor would charge for it, so it was not asked for.
    Priced,
}

impl ResendState {
    /// Whether a code may still come.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asking { .. } | Self::Waiting { .. })
    }
}

/// Another code that a customer asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resend {
    /// Where it stands.
    pub state: ResendState,
    /// When the customer asked.
    pub asked_at: Timestamp,
    /// When waiting for it ends.
    pub deadline: Timestamp,
    /// The vendor's id of what the code comes under: the purchase's, or a new one.
    pub vendor_order: String,
    /// The messages that the vendor showed under it before it was asked.
    pub seen: u32,
    /// The code, once arrived.
    pub code: Option<Code>,
    /// What the vendor charged after all, booked as the shop's cost.
    pub cost: Amount,
}

/// What happens to another code of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResendStep {
    /// The customer wants one.
    Request {
        /// Who presses.
        customer: UserId,
        /// Whether the vendor can be asked for one.
        offered: bool,
    },
    /// The vendor is about to be asked; from here on the answer can be lost.
    Start {
        /// The messages that it shows now.
        seen: u32,
    },
    /// The vendor waits for another message, or its answer was lost and it may.
    Wait {
        /// The vendor.
        provider: ProviderId,
        /// The vendor's id of what the code comes under from now on.
        vendor_order: String,
        /// What it charged, where it said so.
        cost: Amount,
    },
    /// The vendor said no.
    Refuse {
        /// Whether only because it would charge for it.
        priced: bool,
    },
    /// The vendor shows that it waits: what comes from here on is new.
    Clear,
    /// The code is there.
    Arrive {
        /// The code.
        code: Private,
        /// The whole message, where known.
        text: Option<Private>,
    },
    /// The clock passed the deadline.
    Deadline,
}

impl ResendStep {
    /// The step's name in causes, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request_code",
            Self::Start { .. } => "start_resend",
            Self::Wait { .. } => "resend_waits",
            Self::Refuse { .. } => "resend_refused",
            Self::Clear => "resend_cleared",
            Self::Arrive { .. } => "another_code_arrived",
            Self::Deadline => "resend_deadline",
        }
    }
}
