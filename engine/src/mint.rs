//! Mints the ids of quotes and deposits before they are needed. The chat room imports this.
//!
//! An id is a hash of the message or press that asked for it, never a random number: an update
//! that is handled twice, after a crash or because Telegram repeated it, mints the same id and
//! the core answers "exists".

use ring4_domain::ids::{AdjustmentId, BroadcastId, DepositId, OrderId, UserId};

/// Where an id comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'origin> {
    /// Who asked.
    pub user: UserId,
    /// The message or press, unique for this user.
    pub source: &'origin str,
    /// What was asked for, where one source can ask for several things.
    pub subject: &'origin str,
    /// Counts up when an id turns out to be taken by a stranger.
    pub attempt: u8,
}

/// How many ids are tried before giving up; two collisions in a row of 40 bits do not happen.
pub const ATTEMPTS_MAX: u8 = 4;

fn bits(kind: &str, origin: Origin<'_>) -> u64 {
    let mut hasher = blake3::Hasher::new();
    // Lengths go in front, so that no two origins can run together into one text.
    for part in [kind, origin.source, origin.subject] {
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&origin.user.0.to_be_bytes());
    hasher.update(&[origin.attempt]);
    let mut eight = [0_u8; 8];
    hasher.finalize_xof().fill(&mut eight);
    u64::from_be_bytes(eight)
}

/// The id for a quote, and for the order that it may become.
#[must_use]
pub fn order_id(origin: Origin<'_>) -> OrderId {
    OrderId::from_bits(bits("order", origin))
}

/// The id for a deposit.
#[must_use]
pub fn deposit_id(origin: Origin<'_>) -> DepositId {
    DepositId::from_bits(bits("deposit", origin))
}

/// The id for an adjustment.
#[must_use]
pub fn adjustment_id(origin: Origin<'_>) -> AdjustmentId {
    AdjustmentId::from_bits(bits("adjustment", origin))
}

/// The id for a broadcast.
#[must_use]
pub fn broadcast_id(origin: Origin<'_>) -> BroadcastId {
    BroadcastId::from_bits(bits("broadcast", origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_origin_mints_the_same_id_and_any_other_another() {
        let origin = Origin { user: UserId(7), source: "p123", subject: "ring4:US", attempt: 0 };
        assert_eq!(order_id(origin), order_id(origin));
        let others = [
            Origin { user: UserId(8), ..origin },
            Origin { source: "p124", ..origin },
            Origin { source: "p123r", subject: "ing4:US", ..origin },
            Origin { attempt: 1, ..origin },
        ];
        for other in others {
            assert_ne!(order_id(origin), order_id(other), "{other:?}");
        }
        assert_ne!(order_id(origin).bits(), deposit_id(origin).bits());
    }
}
