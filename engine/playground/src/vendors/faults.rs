//! Misbehaviour on demand of the local vendors. Only this crate.

use serde::{Deserialize, Serialize};

use super::Vendor;

/// How many faults may wait at once.
const FAULTS_MAX: usize = 1000;

/// The longest delay or hiding, in seconds.
const SECS_MAX: u64 = 24 * 3600;

/// Something that goes wrong with the next `count` requests it can hit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VendorFault {
    pub mode: Mode,
    #[serde(default = "one")]
    pub count: u32,
    /// For `slow` in real seconds, for `hide_order` in played seconds.
    #[serde(default = "five")]
    pub secs: u64,
    /// For `html_200`, `html_502` and `generic_failure`: whether the request takes effect first.
    #[serde(default)]
    pub bought: bool,
    /// Hits only calls about this service and country, by SMSPool's ids, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<(u32, u32)>,
    /// With any fault of a purchase that buys: how long its order is absent from the lists, in
    /// played seconds.
    #[serde(default)]
    pub hide_secs: u64,
    /// Who misbehaves; SMSPool unless another is named.
    #[serde(default)]
    pub at: Vendor,
    /// Hits only this call, by the name it has at the vendor: `/sms/check`, `getStatus`,
    /// `/user/check`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

fn one() -> u32 {
    1
}

fn five() -> u64 {
    5
}

/// The ways to misbehave. Unless `path` says otherwise, the first group hits purchases, the
/// second the status calls, and the third every call that needs a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Typed refusal.
    OutOfStock,
    /// Typed refusal, as when the cap is too low.
    PriceNotFound,
    /// Typed refusal.
    BalanceError,
    /// Untyped refusal: too many failed purchases.
    Throttled,
    /// "Something went wrong, try again"; `bought` says whether an order exists.
    GenericFailure,
    /// The order is bought but the connection is cut before the answer.
    DropAfter,
    /// The order is bought, the answer is a 500.
    #[serde(rename = "error_500_after_buying")]
    Error500AfterBuying,
    /// The bought order is absent from the lists for `secs`.
    HideOrder,
    /// The order is charged above the cap.
    Overcharge,
    /// The order never gets a code.
    SmsNever,
    /// The order has its code at once.
    SmsNow,

    /// A status nobody has documented.
    UnknownStatus,
    /// The status as a word where a number is due, and the other way round.
    WordStatus,
    /// Lists come back empty.
    Vanish,
    /// Every row of a list comes twice.
    Duplicates,

    /// 403, as with a revoked key.
    BadKey,
    /// A web page with 200.
    #[serde(rename = "html_200")]
    Html200,
    /// A web page with 502.
    #[serde(rename = "html_502")]
    Html502,
    /// Half of the JSON, with a matching length.
    Truncated,
    /// The answer inside megabytes of blanks.
    HugeBody,
    /// The connection is cut before anything happens.
    DropBefore,
    /// The connection is cut in the middle of the answer.
    DropDuringAnswer,
    /// The answer takes `secs` longer.
    Slow,
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Needs no key.
    Public,
    Purchase,
    Check,
    /// Of orders.
    List,
    /// Anything else that needs a key.
    Keyed,
}

impl Mode {
    /// Whether this mode can hit a call when the fault names none.
    fn hits(self, kind: Kind) -> bool {
        match self {
            Self::OutOfStock
            | Self::PriceNotFound
            | Self::BalanceError
            | Self::Throttled
            | Self::GenericFailure
            | Self::DropAfter
            | Self::Error500AfterBuying
            | Self::HideOrder
            | Self::Overcharge
            | Self::SmsNever
            | Self::SmsNow => kind == Kind::Purchase,
            Self::UnknownStatus | Self::WordStatus => matches!(kind, Kind::Check | Kind::List),
            Self::Vanish | Self::Duplicates => kind == Kind::List,
            _ => kind != Kind::Public,
        }
    }
}

/// What waits to go wrong.
#[derive(Debug, Default)]
pub(super) struct VendorFaults {
    pub waiting: Vec<VendorFault>,
}

impl VendorFaults {
    /// Adds a fault; false when too many wait already.
    pub fn add(&mut self, mut fault: VendorFault) -> bool {
        if self.waiting.len() >= FAULTS_MAX {
            return false;
        }
        fault.secs = fault.secs.min(SECS_MAX);
        fault.hide_secs = fault.hide_secs.min(SECS_MAX);
        if fault.count > 0 {
            self.waiting.push(fault);
        }
        true
    }

    /// Takes the first fault that hits this call and what it is about.
    pub fn take(
        &mut self,
        name: &str,
        kind: Kind,
        offer: Option<(u32, u32)>,
    ) -> Option<VendorFault> {
        let hits = |fault: &VendorFault| match &fault.path {
            Some(wanted) => wanted == name,
            None => fault.mode.hits(kind),
        };
        let meant = |fault: &VendorFault| fault.offer.is_none() || fault.offer == offer;
        let index = self.waiting.iter().position(|fault| hits(fault) && meant(fault))?;
        let fault = self.waiting.get_mut(index)?;
        fault.count -= 1;
        let taken = fault.clone();
        if fault.count == 0 {
            self.waiting.remove(index);
        }
        Some(taken)
    }
}
