//! What one call came to, and what that means for money and for the breakers. The provider
//! imports this.

use std::time::Duration;

use ring4_domain::money::Amount;
use ring4_provider_sdk::{self as sdk, Answer, ProviderError, ResponseHead};

use super::super::conduct::FaultKind;
use crate::answer;
use crate::breaker::Pass;
use crate::scrub::scrub;
use crate::transport::Exchange;
use crate::vocabulary::{CallError, Purchase, RefusalReason};

/// How long sales stop when the vendor refuses our key or holds our account back and names no
/// time.
const ACCOUNT_PAUSE: Duration = Duration::from_secs(600);

/// How long sales stop when our balance is too low; an admin may top it up any minute.
const BALANCE_PAUSE: Duration = Duration::from_secs(60);

/// The longest time sales stop because the vendor asked for it.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(24 * 3_600);

/// What the vendor may have seen of this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contact {
    /// Nothing left this machine.
    None,
    /// Every request that left was answered, and not with a server error.
    Answered,
    /// At least one request may have been carried out without our learning of it.
    Open,
}

/// A finished call.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) result: Result<Answer, CallError>,
    pub(super) contact: Contact,
    /// The contact as it was before the request that is under way.
    settled: Contact,
    /// How long the vendor wants to be left alone.
    retry_after_secs: Option<u32>,
    /// The last request did not leave this machine.
    last_not_sent: bool,
    server_error: bool,
    /// What a request wanted that its manifest does not allow.
    trespass: Option<String>,
}

/// What a plugin says came of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Bought,
    Refused,
    Other,
}

/// A fault that only shows when a plugin's word about a purchase is compared with what may be
/// believed.
pub(super) fn false_purchase(
    claim: Claim,
    believed: &Purchase,
    max_price: Amount,
) -> Option<(FaultKind, String)> {
    match (claim, believed) {
        (_, Purchase::Bought { cost, .. }) if *cost > max_price => {
            let what = format!("it bought for {} above the cap of {}", cost, max_price);
            Some((FaultKind::Overcharged, what))
        }
        (Claim::Bought, Purchase::Unclear { why }) => Some((FaultKind::Lied, why.clone())),
        (Claim::Refused, Purchase::Unclear { .. }) => {
            let what = "it called a purchase refused whose answer was lost or a server error";
            Some((FaultKind::Lied, what.to_owned()))
        }
        _ => None,
    }
}

impl Outcome {
    pub(super) const fn new() -> Self {
        Self {
            result: Err(CallError::ShuttingDown),
            contact: Contact::None,
            settled: Contact::None,
            retry_after_secs: None,
            last_not_sent: false,
            server_error: false,
            trespass: None,
        }
    }

    /// Takes down what came of a request.
    pub(super) fn note(&mut self, exchange: &Exchange) {
        let head = &exchange.head;
        if let (true, ResponseHead::Failed { why, .. }) = (exchange.trespass, head) {
            self.trespass = Some(why.clone());
        }
        let seen = match head {
            ResponseHead::Failed { sent: false, .. } => Contact::None,
            ResponseHead::Answered { status, .. } if *status < 500 => Contact::Answered,
            ResponseHead::Failed { sent: true, .. } | ResponseHead::Answered { .. } => {
                Contact::Open
            }
        };
        self.last_not_sent = seen == Contact::None;
        self.server_error |= matches!(head, ResponseHead::Answered { status: 500.., .. });
        self.settled = match (self.settled, seen) {
            (Contact::Open, _) | (_, Contact::Open) => Contact::Open,
            (Contact::Answered, _) | (_, Contact::Answered) => Contact::Answered,
            (Contact::None, Contact::None) => Contact::None,
        };
        self.contact = self.settled;
    }

    /// Takes down the plugin's error in canonical words.
    pub(super) fn fail(&mut self, error: ProviderError) -> CallError {
        match error {
            ProviderError::NotSent(why) => CallError::NotSent(scrub(&why)),
            ProviderError::Unanswered(why) => CallError::Unanswered(scrub(&why)),
            ProviderError::Refused { reason, retry_after_secs } => {
                self.retry_after_secs = retry_after_secs;
                CallError::Refused(answer::reason(reason))
            }
            ProviderError::Unreadable(why) => CallError::Unreadable(scrub(&why)),
            ProviderError::OrderNotFound => CallError::OrderNotFound,
            ProviderError::NotOffered => CallError::NotOffered,
            ProviderError::Fault(why) => CallError::PluginFault(scrub(&why)),
        }
    }

    pub(super) fn into_answer(self) -> Result<Answer, CallError> {
        self.result
    }

    /// Counts against the vendor's line: no answer, nonsense, or a server error. A refusal in
    /// so many words, or our own stop, does not.
    pub(super) const fn is_failure(&self) -> bool {
        match &self.result {
            Ok(_) => self.server_error,
            Err(
                CallError::Refused(_)
                | CallError::OrderNotFound
                | CallError::NotOffered
                | CallError::ShuttingDown
                | CallError::Busy,
            ) => false,
            Err(_) => true,
        }
    }

    /// What the plugin did in this call that no plugin may do.
    pub(super) fn fault(&self) -> Option<(FaultKind, String)> {
        if let Some(why) = &self.trespass {
            return Some((FaultKind::Trespassed, why.clone()));
        }
        match &self.result {
            Err(CallError::PluginFault(why)) => Some((FaultKind::Failed, why.clone())),
            Err(CallError::OutOfService) => {
                Some((FaultKind::Stalled, "it did not return in time".to_owned()))
            }
            _ => None,
        }
    }

    /// What it says came of a purchase.
    pub(super) const fn claim(&self) -> Claim {
        match &self.result {
            Ok(Answer::Purchase(sdk::Purchase::Bought { .. })) => Claim::Bought,
            Ok(Answer::Purchase(sdk::Purchase::Refused { .. })) | Err(CallError::Refused(_)) => {
                Claim::Refused
            }
            _ => Claim::Other,
        }
    }

    fn refusal(&self) -> Option<(RefusalReason, Option<u32>)> {
        match &self.result {
            Ok(Answer::Purchase(sdk::Purchase::Refused { reason, retry_after_secs })) => {
                Some((answer::reason(*reason), *retry_after_secs))
            }
            Err(CallError::Refused(reason)) => Some((*reason, self.retry_after_secs)),
            _ => None,
        }
    }

    /// The money's view of a purchase. A plugin's "refused" is believed only when every request
    /// was answered without a server error; whatever else went wrong after a request may have
    /// left is unclear.
    pub(super) fn into_purchase(self, now_ms: i64) -> Purchase {
        let refused = |reason| Purchase::Refused { reason };
        let open = self.contact == Contact::Open;
        let refusal = self.refusal();
        match self.result {
            Ok(Answer::Purchase(bought @ sdk::Purchase::Bought { .. })) => {
                answer::purchase(bought, now_ms)
            }
            Ok(Answer::Purchase(sdk::Purchase::Unclear { why })) => {
                Purchase::Unclear { why: scrub(&why) }
            }
            _ if open => {
                let what = self.result.err().map(|error| error.to_string());
                let what = what.unwrap_or_else(|| "a refusal after a server error".to_owned());
                Purchase::Unclear { why: what }
            }
            Ok(Answer::Purchase(sdk::Purchase::Refused { .. })) | Err(CallError::Refused(_)) => {
                refused(refusal.map_or(RefusalReason::Other, |(reason, _)| reason))
            }
            // The plugin went on after every earlier answer, so the purchase itself is the
            // request that did not leave.
            Err(CallError::NotSent(_)) if self.last_not_sent => refused(RefusalReason::Unreachable),
            Err(_) if self.contact == Contact::None => refused(RefusalReason::Unavailable),
            Ok(_) if self.contact == Contact::None => refused(RefusalReason::Unavailable),
            Ok(_) => Purchase::Unclear { why: "the plugin answered another question".to_owned() },
            Err(error) => Purchase::Unclear { why: error.to_string() },
        }
    }
}

/// What a purchase showed of our account at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// It sells to us.
    Fine,
    /// It does not, for this long.
    Blocked { reason: RefusalReason, pause: Duration },
    /// Nobody can tell.
    Unknown,
}

/// Stops sales when the vendor's no is about our account.
pub(super) fn report_selling(outcome: &Outcome, selling: Pass<'_>) -> Account {
    let Some((reason, retry_after_secs)) = outcome.refusal() else {
        // The line's breaker counts failures; only a purchase that went through proves that the
        // account is fine again.
        if let Ok(Answer::Purchase(sdk::Purchase::Bought { .. })) = &outcome.result {
            selling.succeeded();
            return Account::Fine;
        }
        return Account::Unknown;
    };
    let pause = match reason {
        RefusalReason::AuthFailed | RefusalReason::AccountThrottled => ACCOUNT_PAUSE,
        RefusalReason::BalanceLow => BALANCE_PAUSE,
        _ => {
            selling.succeeded();
            return Account::Fine;
        }
    };
    let asked = retry_after_secs.map(|secs| Duration::from_secs(u64::from(secs)).min(PAUSE_MAX));
    let pause = asked.unwrap_or(pause);
    selling.tripped(pause);
    Account::Blocked { reason, pause }
}
