//! Orders, whose number, code and message are sealed. The codec alone uses this.
//!
//! These three records are written by hand, because what seals a text is known only where the
//! whole order is: its id, its customer, the day it was placed on.

use ring4_domain::order::{Code, Order, Purchase};
use ring4_domain::private::Private;
use ring4_domain::resend::Resend;

use super::{Coded, DecodeError, In, Out, is_default, late, late_len};
use crate::keyring::{self, Field, Place, SEALED_OVERHEAD};

/// Fields that every order has, and all there are. What was appended is written only where it
/// says something: rows of former engines stay the bytes that verification expects.
const FIELDS_MIN: usize = 10;
const FIELDS: usize = 13;

impl Coded for Order {
    fn write(&self, out: &mut Out<'_>) {
        let place = Place { order: self.id(), customer: self.customer(), day: self.day() };
        let appended = match (&self.former, &self.unreturned) {
            _ if !self.resends.is_empty() => 3,
            (_, Some(_)) => 2,
            (former, None) => usize::from(!former.is_empty()),
        };
        out.list(FIELDS_MIN.saturating_add(appended));
        self.quote.write(out);
        self.state.write(out);
        self.placed_at.write(out);
        self.deadline.write(out);
        self.hold_deadline.write(out);
        self.ended_at.write(out);
        match &self.purchase {
            Some(purchase) => write_purchase(purchase, &place, out),
            None => out.none(),
        }
        match &self.code {
            Some(code) => write_code(code, &place, out),
            None => out.none(),
        }
        self.card.write(out);
        self.lost.write(out);
        if appended > 0 {
            self.former.write(out);
        }
        if appended > 1 {
            self.unreturned.write(out);
        }
        if appended > 2 {
            out.list(self.resends.len());
            self.resends.iter().for_each(|resend| write_resend(resend, &place, out));
        }
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        let fields = input.list("Order")?;
        if !(FIELDS_MIN..=FIELDS).contains(&fields) {
            return Err(DecodeError::Malformed("Order"));
        }
        let mut order = Self {
            quote: Coded::read(input)?,
            state: Coded::read(input)?,
            placed_at: Coded::read(input)?,
            deadline: Coded::read(input)?,
            hold_deadline: Coded::read(input)?,
            ended_at: Coded::read(input)?,
            lost: None,
            purchase: None,
            former: Vec::new(),
            unreturned: None,
            code: None,
            resends: Vec::new(),
            card: None,
        };
        let place = Place { order: order.id(), customer: order.customer(), day: order.day() };
        if !input.none()? {
            order.purchase = Some(read_purchase(&place, input)?);
        }
        if !input.none()? {
            order.code = Some(read_code(&place, input)?);
        }
        order.card = Coded::read(input)?;
        order.lost = Coded::read(input)?;
        if fields > FIELDS_MIN {
            order.former = Coded::read(input)?;
        }
        if fields > FIELDS_MIN + 1 {
            order.unreturned = Coded::read(input)?;
        }
        if fields > FIELDS_MIN + 2 {
            for _ in 0..input.list("resends")? {
                order.resends.push(read_resend(&place, input)?);
            }
        }
        Ok(order)
    }
}

fn write_purchase(purchase: &Purchase, place: &Place, out: &mut Out<'_>) {
    out.list(6);
    purchase.candidate.write(out);
    purchase.provider.write(out);
    purchase.vendor_order.write(out);
    write_private(&purchase.number, place, Field::Number, out);
    purchase.cost.write(out);
    purchase.bought_at.write(out);
}

fn read_purchase(place: &Place, input: &mut In<'_>) -> Result<Purchase, DecodeError> {
    input.list_of("Purchase", 6)?;
    Ok(Purchase {
        candidate: Coded::read(input)?,
        provider: Coded::read(input)?,
        vendor_order: Coded::read(input)?,
        number: read_private(place, Field::Number, input)?,
        cost: Coded::read(input)?,
        bought_at: Coded::read(input)?,
    })
}

fn write_code(code: &Code, place: &Place, out: &mut Out<'_>) {
    out.list(3);
    write_private(&code.code, place, Field::Code, out);
    match &code.text {
        Some(text) => write_private(text, place, Field::Text, out),
        None => out.none(),
    }
    code.arrived_at.write(out);
}

fn read_code(place: &Place, input: &mut In<'_>) -> Result<Code, DecodeError> {
    input.list_of("Code", 3)?;
    Ok(Code {
        code: read_private(place, Field::Code, input)?,
        text: if input.none()? { None } else { Some(read_private(place, Field::Text, input)?) },
        arrived_at: Coded::read(input)?,
    })
}

/// Fields that every further code has; the cost came later.
const RESEND_FIELDS_MIN: usize = 6;

fn write_resend(resend: &Resend, place: &Place, out: &mut Out<'_>) {
    let late_fields = late_len(&[is_default(&resend.cost)]);
    out.list(RESEND_FIELDS_MIN.saturating_add(late_fields));
    resend.state.write(out);
    resend.asked_at.write(out);
    resend.deadline.write(out);
    resend.vendor_order.write(out);
    resend.seen.write(out);
    match &resend.code {
        Some(code) => write_code(code, place, out),
        None => out.none(),
    }
    if late_fields > 0 {
        resend.cost.write(out);
    }
}

fn read_resend(place: &Place, input: &mut In<'_>) -> Result<Resend, DecodeError> {
    let left = input.list("Resend")?.checked_sub(RESEND_FIELDS_MIN).filter(|left| *left <= 1);
    let mut left = left.ok_or(DecodeError::Malformed("Resend"))?;
    Ok(Resend {
        state: Coded::read(input)?,
        asked_at: Coded::read(input)?,
        deadline: Coded::read(input)?,
        vendor_order: Coded::read(input)?,
        seen: Coded::read(input)?,
        code: if input.none()? { None } else { Some(read_code(place, input)?) },
        cost: late(input, &mut left)?,
    })
}

/// # Panics
/// The text is known and its key is not. Staging draws missing keys, and what was read is written
/// with the keys it was read with, so this is a bug; going on would lose the text or tell it.
#[allow(clippy::panic)]
fn write_private(private: &Private, place: &Place, field: Field, out: &mut Out<'_>) {
    match private {
        Private::Sealed(sealed) => out.bytes(sealed),
        Private::Open(text) => match out.keys.get(place.day) {
            Some(key) => out.bytes(&keyring::seal(key, place, field, text)),
            None => panic!("order {} is to be sealed without the key of its day", place.order),
        },
    }
}

fn read_private(place: &Place, field: Field, input: &mut In<'_>) -> Result<Private, DecodeError> {
    let sealed = input.bytes("sealed text")?;
    if sealed.len() < SEALED_OVERHEAD {
        return Err(DecodeError::Malformed("sealed text"));
    }
    let key = input.keys.get(place.day);
    match key.and_then(|key| keyring::open(key, place, field, sealed)) {
        Some(text) => {
            String::from_utf8(text).map(Private::Open).map_err(|_| DecodeError::Malformed("text"))
        }
        None => Ok(Private::Sealed(sealed.into())),
    }
}
