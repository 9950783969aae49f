//! The bytes of the domain's types, in one list. The codec alone uses this.
//!
//! The order of fields and the numbers of variants are the format: append, never change.

use ring4_domain::adjustment::Adjustment;
use ring4_domain::book::Booked;
use ring4_domain::broadcast::{Broadcast, BroadcastState, Outreach};
use ring4_domain::change::{Activation, Actor, Change, Entry, Seq};
use ring4_domain::customer::{Customer, Prompt};
use ring4_domain::day::Day;
use ring4_domain::deposit::{AdminCard, Approval, Deposit, DepositState, Picture, Reference};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, Country, DepositId, MessageId, MethodKey, OrderId, ProviderId,
    RulesVersion, ServiceKey, Timestamp, UserId,
};
use ring4_domain::ledger::{Account, AccountId, Resolution, Transfer, TransferId, TransferKind};
use ring4_domain::maintenance::Maintenance;
use ring4_domain::money::Amount;
use ring4_domain::order::{
    CancelReason, Candidate, FailReason, Former, Lost, OrderState, Quote, Unreturned,
};
use ring4_domain::refund::{Refund, RefundState};
use ring4_domain::resend::ResendState;
use ring4_domain::sale::{Sale, SaleSwitch};
use ring4_domain::standing::{Block, Standing};
use ring4_domain::stars::{ChargeId, Stars};

use super::{Coded, DecodeError, In, Out, choice, record};

macro_rules! scalar {
    ($($type:ty: |$value:ident, $out:ident| $write:expr, |$input:ident| $read:expr;)*) => {
        $(impl Coded for $type {
            fn write(&self, $out: &mut Out<'_>) {
                let $value = self;
                $write;
            }

            fn read($input: &mut In<'_>) -> Result<Self, DecodeError> {
                $read
            }
        })*
    };
}

scalar! {
    bool: |value, out| out.flag(*value), |input| input.flag("flag");
    u8: |value, out| out.unsigned(u64::from(*value)),
        |input| narrow(input.unsigned("number")?, "number");
    u32: |value, out| out.unsigned(u64::from(*value)),
        |input| narrow(input.unsigned("number")?, "number");
    u64: |value, out| out.unsigned(*value), |input| input.unsigned("number");
    String: |value, out| out.text(value), |input| Ok(input.text("text")?.to_owned());
    Amount: |value, out| out.signed(value.micros()),
        |input| Ok(Self::from_micros(input.signed("amount")?));
    UserId: |value, out| out.signed(value.0), |input| Ok(Self(input.signed("user id")?));
    MessageId: |value, out| out.signed(i64::from(value.0)),
        |input| narrow(input.signed("message id")?, "message id").map(Self);
    Timestamp: |value, out| out.signed(value.0), |input| Ok(Self(input.signed("moment")?));
    Day: |value, out| out.signed(value.0), |input| Ok(Self(input.signed("day")?));
    Seq: |value, out| out.unsigned(value.0), |input| Ok(Self(input.unsigned("place")?));
    AdjustmentId: |value, out| out.unsigned(value.bits()),
        |input| short_id(input, "adjustment id", Self::from_bits, Self::bits);
    BroadcastId: |value, out| out.unsigned(value.bits()),
        |input| short_id(input, "broadcast id", Self::from_bits, Self::bits);
    OrderId: |value, out| out.unsigned(value.bits()),
        |input| short_id(input, "order id", Self::from_bits, Self::bits);
    DepositId: |value, out| out.unsigned(value.bits()),
        |input| short_id(input, "deposit id", Self::from_bits, Self::bits);
    ServiceKey: |value, out| out.text(value.as_str()),
        |input| Self::new(input.text("service")?).map_err(|_| DecodeError::Malformed("service"));
    ProviderId: |value, out| out.text(value.as_str()),
        |input| Self::new(input.text("vendor")?).map_err(|_| DecodeError::Malformed("vendor"));
    MethodKey: |value, out| out.text(value.as_str()),
        |input| Self::new(input.text("method")?).map_err(|_| DecodeError::Malformed("method"));
    ChargeId: |value, out| out.text(value.as_str()),
        |input| Self::new(input.text("charge")?).map_err(|_| DecodeError::Malformed("charge"));
    Reference: |value, out| out.text(value.as_str()),
        |input| reference(input.text("payment's id")?);
    RulesVersion: |value, out| out.bytes(&value.0),
        |input| input.bytes("rules")?.try_into().map(Self)
            .map_err(|_| DecodeError::Malformed("rules"));
    Country: |value, out| out.bytes(&value.bytes()), |input| country(input.bytes("country")?);
}

fn narrow<W, N: TryFrom<W>>(value: W, what: &'static str) -> Result<N, DecodeError> {
    N::try_from(value).map_err(|_| DecodeError::Malformed(what))
}

fn short_id<T: Copy>(
    input: &mut In<'_>,
    what: &'static str,
    make: fn(u64) -> T,
    bits: fn(T) -> u64,
) -> Result<T, DecodeError> {
    let found = input.unsigned(what)?;
    let id = make(found);
    // An id keeps 40 bits; more of them would be another id than the one written.
    if bits(id) == found { Ok(id) } else { Err(DecodeError::Malformed(what)) }
}

fn country(bytes: &[u8]) -> Result<Country, DecodeError> {
    let malformed = DecodeError::Malformed("country");
    let text = std::str::from_utf8(bytes).map_err(|_| malformed)?;
    let country: Country = text.parse().map_err(|_| malformed)?;
    if country.bytes() == bytes { Ok(country) } else { Err(malformed) }
}

fn reference(text: &str) -> Result<Reference, DecodeError> {
    let found = Reference::find(text).filter(|found| found.as_str() == text);
    found.ok_or(DecodeError::Malformed("payment's id"))
}

/// A version alone, as it was written before there was more to say; else a list.
impl Coded for Activation {
    fn write(&self, out: &mut Out<'_>) {
        let Self { version, over, before } = self;
        if over.is_some() || before.is_some() {
            out.list(3);
            version.write(out);
            over.write(out);
            before.write(out);
        } else {
            version.write(out);
        }
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        if !input.is_list() {
            return RulesVersion::read(input).map(Self::from);
        }
        input.list_of("activation", 3)?;
        let version = Coded::read(input)?;
        Ok(Self { version, over: Coded::read(input)?, before: Coded::read(input)? })
    }
}

impl<T: Coded> Coded for Option<T> {
    fn write(&self, out: &mut Out<'_>) {
        match self {
            Some(value) => value.write(out),
            None => out.none(),
        }
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        if input.none()? { Ok(None) } else { T::read(input).map(Some) }
    }
}

impl<T: Coded> Coded for Box<T> {
    fn write(&self, out: &mut Out<'_>) {
        T::write(self, out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        T::read(input).map(Self::new)
    }
}

/// Items for which room is made before they are read: as many as most lists have.
const ITEMS_RESERVED: usize = 16;

impl<T: Coded> Coded for Vec<T> {
    fn write(&self, out: &mut Out<'_>) {
        out.list(self.len());
        for item in self {
            item.write(out);
        }
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        let len = input.list("list")?;
        // A lying length must not reserve memory that no item fills.
        let mut items = Self::with_capacity(len.min(ITEMS_RESERVED));
        for _ in 0..len {
            items.push(T::read(input)?);
        }
        Ok(items)
    }
}

record!(Candidate { provider, service, vendor_service, cost });
record!(Quote {
    id,
    customer,
    service,
    country,
    price,
    cost_max,
    candidates,
    rules,
    created_at,
    expires_at,
});
choice!(CancelReason { 1 => Customer {}, 2 => TimeOut {}, 3 => SecondTry {} });
choice!(FailReason {
    1 => OutOfStock {},
    2 => PriceMoved {},
    3 => Unavailable {},
    4 => Unclear {},
});
choice!(OrderState {
    1 => Buying { candidate: candidate, started: started },
    2 => Unclear {},
    3 => Waiting {},
    4 => Cancelling { reason: reason },
    5 => Delivered {},
    6 => Cancelled {},
    7 => Expired {},
    8 => Failed { 0: reason },
    9 => Refunded {},
});

choice!(ResendState {
    1 => Asking { started: started },
    2 => Waiting { cleared: cleared },
    3 => Arrived {},
    4 => Expired {},
    5 => Refused {},
    6 => Priced {},
});
record!(Lost { candidate, since, asked, decided_by, admin_cards });
record!(Former { candidate, provider, vendor_order, cost, bought_at, returned_at });
record!(Unreturned { since, kept, decided_by, admin_cards });

choice!(DepositState {
    1 => Opened {},
    2 => Submitted { at: at },
    3 => Approved { by: by, at: at },
    4 => Rejected { by: by, at: at, reason: reason },
    5 => Expired { at: at },
    6 => Credited { at: at },
    7 => Returning { by: by, at: at },
    8 => Returned { by: by, at: at },
});
record!(AdminCard { admin, message });
record!(Picture { file_id, document });
record!(Approval { by, at });
record!(Stars { count, charge, invoice, returns });
record!(Deposit {
    id,
    customer,
    amount,
    method,
    state,
    created_at,
    expires_at,
    card,
    admin_cards,
} then {
    asked,
    reference,
    picture,
    first_approval,
    stars,
    wanted,
});

choice!(Prompt {
    1 => DepositAmount { 0: method },
    2 => DepositMethod { 0: amount },
    3 => DepositReference { 0: deposit },
    4 => DepositPicture { 0: deposit },
    5 => Deposit {},
    6 => DepositFor { 0: quote, 1: amount },
    21 => RefundReason { 0: order },
    51 => Broadcast {},
});
record!(Customer { id, name, username, language, created_at, prompt, reachable });

choice!(AccountId {
    1 => Wallet { 0: customer },
    2 => Revenue {},
    3 => VendorCost {},
    4 => VendorFloat { 0: provider },
    5 => DepositsClearing { 0: method },
    6 => Refunds {},
    7 => Adjustments { 0: admin },
    8 => OpeningBalances {},
    9 => Suspense {},
});
record!(Account {
    debits_pending,
    debits_posted,
    credits_pending,
    credits_posted,
    deposited,
    refunded,
} then {
    returned,
});
choice!(TransferId {
    1 => Deposit { 0: id },
    2 => Hold { 0: id },
    3 => Capture { 0: id },
    4 => Release { 0: id },
    5 => VendorCost { 0: id },
    6 => Refund { 0: id },
    7 => ResendCost { 0: id, 1: place },
    11 => ReturnHold { 0: id, 1: attempt },
    12 => Return { 0: id, 1: attempt },
    13 => ReturnRelease { 0: id, 1: attempt },
    21 => Adjustment { 0: id },
});
choice!(TransferKind {
    1 => Posted {},
    2 => Pending { deadline: deadline },
    3 => Post { pending: pending },
    4 => Void { pending: pending },
});
record!(Transfer { id, debit, credit, amount, kind });
choice!(Resolution {
    1 => Final {},
    2 => Open {},
    3 => Posted { 0: by },
    4 => Voided { 0: by },
});
record!(Booked { transfer, resolution, seq });

choice!(RefundState {
    1 => Requested {},
    2 => Approved { by: by, at: at },
    3 => Rejected { by: by, at: at, reason: reason },
});
record!(Refund { order, customer, amount, reason, state, requested_at, admin_cards });
record!(Block { by, at, reason });
record!(Standing { customer, block, terms_at } then {
    referred_by,
    rewarded,
    rewards,
    earned,
    rewarded_for,
});
record!(Maintenance { on, text, by, at } then { services_off });

choice!(BroadcastState {
    1 => Proposed {},
    2 => Running {},
    3 => Paused { by: by },
    4 => Cancelled { by: by, at: at },
    5 => Done { at: at },
});
record!(Broadcast { id, text, by, proposed_at, state, recipients, started_at, admin_cards });
record!(Outreach { broadcast, upto, ahead, sent, unreachable, failed });

impl Coded for Adjustment {
    fn write(&self, out: &mut Out<'_>) {
        out.list(8);
        self.id.write(out);
        self.customer.write(out);
        self.amount.write(out);
        self.reason.write(out);
        self.proposed_by.write(out);
        self.proposed_at.write(out);
        self.booked.map(|(by, _)| by).write(out);
        self.booked.map(|(_, at)| at).write(out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        input.list_of("Adjustment", 8)?;
        let mut adjustment = Self {
            id: Coded::read(input)?,
            customer: Coded::read(input)?,
            amount: Coded::read(input)?,
            reason: Coded::read(input)?,
            proposed_by: Coded::read(input)?,
            proposed_at: Coded::read(input)?,
            booked: None,
        };
        let (by, at): (Option<UserId>, Option<Timestamp>) =
            (Coded::read(input)?, Coded::read(input)?);
        if by.is_some() != at.is_some() {
            return Err(DecodeError::Malformed("Adjustment"));
        }
        adjustment.booked = by.zip(at);
        Ok(adjustment)
    }
}

choice!(Effect {
    1 => Buy { 0: order },
    2 => FindPurchase { 0: order },
    3 => CancelPurchase { 0: order },
    4 => ShowOrder { 0: order },
    5 => RingCode { 0: order },
    6 => TellOrderEnded { 0: order },
    7 => ShowDeposit { 0: deposit },
    8 => TellDepositDecided { 0: deposit },
    9 => ShowDepositToAdmin { 0: deposit, 1: admin },
    10 => ShowLostToAdmin { 0: order, 1: admin },
    11 => DropKeys {},
    12 => SendPictureToAdmin { 0: deposit, 1: admin },
    13 => ShowUnreturnedToAdmin { 0: order, 1: admin },
    14 => SendInvoice { 0: deposit },
    15 => DropInvoice { 0: deposit },
    16 => ReturnStars { 0: deposit },
    21 => ShowRefundToAdmin { 0: order, 1: admin },
    22 => TellRefundDecided { 0: order },
    23 => TellAdjusted { 0: id },
    24 => SendReport { 0: day, 1: admin },
    41 => Resend { 0: order },
    42 => Reward { 0: deposit },
    51 => ShowBroadcastToAdmin { 0: broadcast, 1: admin },
});
choice!(Sale { 1 => Open {}, 2 => Draining {}, 3 => Off {} });
record!(SaleSwitch { provider, sale, by, at });

choice!(Change {
    1 => Transfer { 0: transfer },
    2 => Customer { 0: customer },
    3 => Quote { 0: quote },
    4 => QuoteDropped { 0: quote },
    5 => Order { 0: order },
    6 => Deposit { 0: deposit },
    7 => Wish { 0: effect },
    8 => Granted { effect: effect, made: made },
    9 => RulesActivated { 0: activation },
    10 => CodesForgotten { 0: before },
    11 => SaleSet { 0: switch },
    21 => Refund { 0: refund },
    22 => Standing { 0: standing },
    23 => Adjustment { 0: adjustment },
    24 => Maintenance { 0: maintenance },
    25 => Reported { 0: day },
    51 => Broadcast { 0: broadcast },
    52 => Outreach { 0: outreach },
});
choice!(Actor { 1 => Customer { 0: user }, 2 => Admin { 0: user }, 3 => Engine {} });
record!(Entry { seq, at, actor, cause, changes });
