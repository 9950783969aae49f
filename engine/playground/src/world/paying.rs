//! People pay invoices and send pictures; the bot says whether they may. Only this crate.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::chat::{Author, Content, Message};
use super::payments::{Checkout, CheckoutState, NoRefund, Receipt, StarTransaction};
use super::people::{Misdeed, Place, Said};
use super::updates::UpdateKind;
use super::{State, World};
use crate::entities::FormattedText;

/// What came of pressing Pay.
#[derive(Debug, Serialize)]
pub(crate) struct Asked {
    pub pre_checkout_query_id: String,
    pub update_id: i64,
}

impl World {
    /// Somebody presses Pay under an invoice; the bot is asked whether they may.
    pub fn pay(&self, person_id: i64, message_id: i64, untold: bool) -> Result<Asked, Misdeed> {
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        let chat_id = state.chat_for(person_id, Place::Private)?;
        let chat = state.chats.get(&chat_id).ok_or(Misdeed::NoSuchPerson(person_id))?;
        let message = chat.message(message_id).ok_or(Misdeed::NoSuchMessage(message_id))?;
        let Content::Invoice(invoice) = &message.content else {
            return Err(Misdeed::NoSuchButton("Pay".to_owned(), message_id));
        };
        if invoice.paid {
            return Err(Misdeed::PaidAlready);
        }
        let invoice = invoice.clone();
        let asked = json!({
            "currency": "XTR", "total_amount": invoice.total_amount,
            "invoice_payload": invoice.payload,
        });
        let waiting = CheckoutState::Waiting;
        let checkout =
            Checkout { person_id, message_id, invoice, at_ms: now_ms, untold, state: waiting };
        let id = state.payments.ask(checkout);
        let mut query = json!({ "id": id.to_string() });
        let from = state.people.get(&person_id).ok_or(Misdeed::NoSuchPerson(person_id))?;
        let from = serde_json::from_str(from.json.get()).unwrap_or_default();
        if let (Some(query), serde_json::Value::Object(asked)) = (query.as_object_mut(), asked) {
            query.insert("from".to_owned(), from);
            query.extend(asked);
        }
        let queued = state.updates.push(UpdateKind::PreCheckoutQuery, &query.to_string(), now_ms);
        drop(state);
        self.update_came.notify_waiters();
        self.note_change();
        let update_id = queued.ok_or(Misdeed::NotQueued)?;
        Ok(Asked { pre_checkout_query_id: id.to_string(), update_id })
    }

    /// The bot answers a question before a payment; whether it was in time.
    pub fn answer_checkout(&self, id: u64, refusal: Option<String>) -> bool {
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        let Some(checkout) = state.payments.waiting(id, now_ms).cloned() else { return false };
        let answer = match refusal {
            Some(text) => CheckoutState::Refused { text },
            None => CheckoutState::Paid { charge: state.take_payment(&checkout, now_ms) },
        };
        if let Some(checkout) = state.payments.waiting(id, now_ms) {
            checkout.state = answer;
        }
        if let Some(chat) = state.chats.get(&checkout.person_id) {
            chat.touch();
        }
        drop(state);
        self.update_came.notify_waiters();
        self.note_change();
        true
    }

    /// The bot gives a payment back; the chat says so.
    pub fn refund_payment(&self, person_id: i64, charge: &str) -> Result<(), NoRefund> {
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        let row = state.payments.refund(person_id, charge, now_ms.div_euclid(1000))?;
        state.tell_payment(person_id, &row, now_ms);
        drop(state);
        self.update_came.notify_waiters();
        self.note_change();
        Ok(())
    }

    /// Telegram tells the bot of a payment once more.
    pub fn repeat_payment(&self, charge: &str) -> Result<i64, Misdeed> {
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        let found = state.chats.iter().find_map(|(chat_id, chat)| {
            let told = |message: &&Message| match &message.content {
                Content::Payment(receipt) => receipt.charge == charge && !receipt.refund,
                _ => false,
            };
            Some((*chat_id, chat.messages().find(told)?.id))
        });
        let (chat_id, message_id) = found.ok_or(Misdeed::NoSuchPayment)?;
        let json = state.message_json(chat_id, message_id);
        let payload = json.and_then(|json| serde_json::to_string(&json).ok());
        let payload = payload.ok_or(Misdeed::NoSuchPayment)?;
        let queued = state.updates.push(UpdateKind::Message, &payload, now_ms);
        drop(state);
        self.update_came.notify_waiters();
        queued.ok_or(Misdeed::NotQueued)
    }

    /// Somebody sends a picture or a file.
    pub fn send_file(
        &self,
        person_id: i64,
        name: String,
        bytes: Bytes,
        as_document: bool,
    ) -> Result<Said, Misdeed> {
        if bytes.is_empty() {
            return Err(Misdeed::Empty);
        }
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        let chat_id = state.chat_for(person_id, Place::Private)?;
        let file = state.files.store(name, bytes);
        let caption = FormattedText { text: String::new(), entities: Vec::new() };
        // The apps send as a photo only what they can show as one.
        let content = if as_document || file.picture.is_none() {
            Content::Document { file, caption }
        } else {
            Content::Photo { file, caption }
        };
        let message = state.message_of(person_id, content, now_ms);
        let id = message.id;
        let update_ids = state.receive(chat_id, message, now_ms).into_iter().collect();
        drop(state);
        self.update_came.notify_waiters();
        self.note_change();
        Ok(Said { message_id: id, message_ids: vec![id], update_ids })
    }
}

impl State {
    /// Takes the stars, marks the invoice, and tells the bot unless it shall find out by itself.
    fn take_payment(&mut self, checkout: &Checkout, now_ms: i64) -> String {
        let charge = self.payments.mint_charge();
        let row = StarTransaction {
            charge: charge.clone(),
            person_id: checkout.person_id,
            amount: checkout.invoice.total_amount,
            date: now_ms.div_euclid(1000),
            payload: checkout.invoice.payload.clone(),
            refund: false,
        };
        self.payments.transactions.push(row.clone());
        let chat = self.chats.get_mut(&checkout.person_id);
        if let Some(message) = chat.and_then(|chat| chat.message_mut(checkout.message_id))
            && let Content::Invoice(invoice) = &mut message.content
        {
            invoice.paid = true;
        }
        if !checkout.untold {
            self.tell_payment(checkout.person_id, &row, now_ms);
        }
        charge
    }

    fn tell_payment(&mut self, person_id: i64, row: &StarTransaction, now_ms: i64) {
        let receipt = Receipt {
            payload: row.payload.clone(),
            total_amount: row.amount,
            charge: row.charge.clone(),
            refund: row.refund,
        };
        let message = self.message_of(person_id, Content::Payment(receipt), now_ms);
        let _ = self.receive(person_id, message, now_ms);
    }

    fn message_of(&mut self, person_id: i64, content: Content, now_ms: i64) -> Message {
        Message {
            id: self.mint_message_id(),
            author: Author::Person(person_id),
            date: now_ms.div_euclid(1000),
            edit_date: None,
            content,
            markup: None,
            reply_to: None,
        }
    }
}
