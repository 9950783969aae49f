//! Any broadcast, and how far it has come. Only `any` imports this.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ring4_domain::broadcast::{Broadcast, BroadcastState, Outreach};
use ring4_domain::deposit::AdminCard;
use ring4_domain::ids::BroadcastId;

use super::{at, message, text, user};

pub(super) fn broadcast_id() -> impl Strategy<Value = BroadcastId> {
    any::<u64>().prop_map(BroadcastId::from_bits)
}

pub(super) fn broadcast() -> impl Strategy<Value = Broadcast> {
    let state = prop_oneof![
        Just(BroadcastState::Proposed),
        Just(BroadcastState::Running),
        user().prop_map(|by| BroadcastState::Paused { by }),
        (user(), at()).prop_map(|(by, at)| BroadcastState::Cancelled { by, at }),
        at().prop_map(|at| BroadcastState::Done { at }),
    ];
    let cards = vec((user(), message()), 0..3).prop_map(|cards| {
        let card = |(admin, message)| AdminCard { admin, message };
        cards.into_iter().map(card).collect()
    });
    let begun = (any::<u64>(), option::of(at()), cards);
    (broadcast_id(), text(), user(), at(), state, begun).prop_map(
        |(id, text, by, proposed_at, state, (recipients, started_at, admin_cards))| Broadcast {
            id,
            text,
            by,
            proposed_at,
            state,
            recipients,
            started_at,
            admin_cards,
        },
    )
}

pub(super) fn outreach() -> impl Strategy<Value = Outreach> {
    (broadcast_id(), option::of(user()), vec(user(), 0..9), any::<[u64; 3]>()).prop_map(
        |(broadcast, upto, ahead, [sent, unreachable, failed])| Outreach {
            broadcast,
            upto,
            ahead,
            sent,
            unreachable,
            failed,
        },
    )
}
