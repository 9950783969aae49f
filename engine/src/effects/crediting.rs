//! Credits payments in stars, told by an update or found in Telegram's list. The chat room and
//! `effects` use this.

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::ids::{DepositId, UserId};
use ring4_domain::refusal::Refusal;
use ring4_domain::stars::ChargeId;

use crate::mint::{self, Origin};
use crate::shop::{Shop, ShopError};

/// Ids tried for a deposit that has to be made up, at most; two payments share one of 2^40 ids
/// so seldom that even a second try is never seen.
const TRIES_MAX: u8 = 8;

/// A payment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paid<'paid> {
    /// Who paid.
    pub customer: UserId,
    /// What the invoice carried.
    pub payload: &'paid str,
    /// The payment.
    pub charge: &'paid ChargeId,
    /// How many stars.
    pub count: u32,
}

/// Credits a payment unless it is credited already; whether it was now.
pub(crate) async fn credit(shop: &Shop, paid: Paid<'_>, trace: &str) -> Result<bool, ShopError> {
    let Paid { customer, payload, charge, count } = paid;
    let deposit = payload.parse::<DepositId>().ok();
    for attempt in 0..TRIES_MAX {
        let source = charge.as_str();
        let spare = mint::deposit_id(Origin { user: customer, source, subject: "", attempt });
        let charge = charge.clone();
        let command = Command::StarsPaid { customer, deposit, spare, charge, count };
        match shop.submit(Actor::Engine, trace, command).await? {
            Ok(receipt) => return Ok(receipt.seq.is_some()),
            Err(Refusal::IdTaken) => {}
            Err(refusal) => {
                // Nothing else is refused: what was paid is credited.
                tracing::error!(trace, ?refusal, "a payment in stars was refused");
                return Ok(false);
            }
        }
    }
    tracing::error!(trace, "no free id was found for a payment in stars");
    Ok(false)
}
