//! Any refund, standing, adjustment and pause. Only `any` imports this.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ring4_domain::adjustment::Adjustment;
use ring4_domain::deposit::AdminCard;
use ring4_domain::maintenance::Maintenance;
use ring4_domain::money::Amount;
use ring4_domain::refund::{Refund, RefundState};
use ring4_domain::standing::{Block, Standing};

use super::{adjustment_id, amount, at, deposit_id, message, order_id, service, text, user};

pub(super) fn refund() -> impl Strategy<Value = Refund> {
    let state = prop_oneof![
        Just(RefundState::Requested),
        (user(), at()).prop_map(|(by, at)| RefundState::Approved { by, at }),
        (user(), at(), option::of(text())).prop_map(|(by, at, reason)| RefundState::Rejected {
            by,
            at,
            reason
        }),
    ];
    let cards = vec((user(), message()), 0..3).prop_map(|cards| {
        let card = |(admin, message)| AdminCard { admin, message };
        cards.into_iter().map(card).collect()
    });
    (order_id(), user(), amount(), option::of(text()), state, at(), cards).prop_map(
        |(order, customer, amount, reason, state, requested_at, admin_cards)| Refund {
            order,
            customer,
            amount,
            reason,
            state,
            requested_at,
            admin_cards,
        },
    )
}

pub(super) fn standing() -> impl Strategy<Value = Standing> {
    let block = (option::of(user()), at(), text());
    let block = block.prop_map(|(by, at, reason)| Block { by, at, reason });
    let brought = (option::of(user()), any::<bool>(), any::<u32>(), any::<i64>());
    let brought = (brought, option::of(deposit_id()));
    let parts = (user(), option::of(block), option::of(at()), brought);
    parts.prop_map(|(customer, block, terms_at, (brought, rewarded_for))| Standing {
        customer,
        block,
        terms_at,
        referred_by: brought.0,
        rewarded: brought.1,
        rewards: brought.2,
        earned: Amount::from_micros(brought.3),
        rewarded_for,
    })
}

pub(super) fn adjustment() -> impl Strategy<Value = Adjustment> {
    let booked = option::of((user(), at()));
    (adjustment_id(), user(), amount(), text(), user(), at(), booked).prop_map(
        |(id, customer, amount, reason, proposed_by, proposed_at, booked)| Adjustment {
            id,
            customer,
            amount,
            reason,
            proposed_by,
            proposed_at,
            booked,
        },
    )
}

pub(super) fn maintenance() -> impl Strategy<Value = Maintenance> {
    let plain = (any::<bool>(), text(), user(), at(), vec(service(), 0..3));
    plain.prop_map(|(on, text, by, at, services_off)| Maintenance {
        services_off,
        on,
        text,
        by,
        at,
    })
}
