//! The chat room: what people write and press becomes queries and commands, and what comes of
//! it becomes an answer. The start-up hands this to Telegram's intake; nobody else imports it.
//!
//! Nothing is decided here. An answer shows what is durable already; cards of orders and
//! deposits are brought up to date by the effects, so that a crash between the two loses
//! neither.

mod admin;
mod amounts;
mod answering;
mod apologies;
mod auditing;
mod broadcasts;
mod buying;
pub mod commands;
mod database;
mod depositing;
pub mod desk;
mod evidence;
mod favourites;
mod group;
pub mod habits;
mod inline;
mod languages;
mod links;
mod lists;
mod logs;
mod lost;
mod offers;
mod orders;
mod paying;
mod policy;
pub mod press;
mod queue;
mod receipts;
mod referrals;
mod refunds;
mod resends;
mod rules;
mod service_state;
pub(crate) mod stats;
mod users;
mod vendors;
mod wallet;

use std::sync::Arc;

use ring4_domain::change::Actor;
use ring4_domain::command::Command;
use ring4_domain::customer::{Customer, Profile, Prompt};
use ring4_domain::ids::{MessageId, UserId};
use ring4_domain::refusal::Refusal;
use ring4_domain::sale::Sale;
use ring4_rules::messages::{Value, escape};
use ring4_storage::BackupKind;
use ring4_telegram::command::{self, clean};
use ring4_telegram::inbound::{Incoming, Message, Person};
use ring4_telegram::intake::Handler;
use ring4_telegram::outgoing::Call;

use crate::chat::commands::Verb;
use crate::chat::press::Press;
use crate::executor::SubmitError;
use crate::live::Live;
use crate::screens::{Screen, Voice};
use crate::shop::{Shop, ShopError, available, name_of};

/// Words repeated to a person who wrote something that was not understood, in characters.
const ECHO_CHARS_MAX: usize = 60;

/// What a message or press is answered with.
enum Reply {
    /// A screen: a new message, or the pressed message edited.
    Screen(Screen),
    /// A short notice on top of the screen that is there; plain text.
    Notice(String),
    /// Both.
    Both(Screen, String),
    /// The effects answer.
    Silent,
}

impl Reply {
    fn parts(self) -> (Option<Screen>, Option<String>) {
        match self {
            Self::Screen(screen) => (Some(screen), None),
            Self::Notice(notice) => (None, Some(notice)),
            Self::Both(screen, notice) => (Some(screen), Some(notice)),
            Self::Silent => (None, None),
        }
    }
}

/// One message or press, and everything needed to answer it.
struct Visit<'visit> {
    shop: &'visit Shop,
    live: &'visit Live,
    customer: Customer,
    admin: bool,
    /// The id of this update in the journal and the log.
    trace: String,
    /// What ids are minted from: the press or the message, unique for this person.
    source: String,
    /// The message pressed.
    pressed: Option<MessageId>,
    /// Whether it stands in the admins' group, where all read what is said.
    shared: bool,
    /// What was written, without a command, as HTML, where the app formatted any of it.
    formatted: Option<&'visit str>,
}

impl Visit<'_> {
    /// For screens: what all read is said in the shop's own language.
    fn voice(&self) -> Voice<'_> {
        let language = self.customer.language.as_deref().filter(|_| !self.shared);
        Voice::new(self.live, language, self.shop.clock.now())
    }

    /// For notices, which only the person reads who pressed.
    fn aside(&self) -> Voice<'_> {
        Voice::new(self.live, self.customer.language.as_deref(), self.shop.clock.now())
    }

    const fn user(&self) -> UserId {
        self.customer.id
    }

    fn available(&self) -> Result<ring4_domain::money::Amount, ShopError> {
        Ok(available(&self.shop.snapshot(), self.user())?)
    }

    async fn submit(
        &self,
        command: Command,
    ) -> Result<Result<crate::executor::Receipt, Refusal>, ShopError> {
        Ok(self.shop.submit(Actor::Customer(self.user()), &self.trace, command).await?)
    }

    /// Changes something that nobody misses when it cannot be changed at the moment.
    async fn submit_lightly(&self, command: Command) -> Result<(), ShopError> {
        match self.submit(command).await {
            Ok(_) | Err(ShopError::Trouble) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What is said where the shop can take nothing on.
    fn in_trouble(&self, reply: Result<Reply, ShopError>) -> Result<Reply, ShopError> {
        match reply {
            Err(ShopError::Trouble) => Ok(Reply::Notice(self.aside().say("trouble.selling", &[]))),
            reply => reply,
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Result<Reply, ShopError> {
        self.why(refusal).map(Reply::Notice)
    }

    /// The text of a refusal.
    fn why(&self, refusal: &Refusal) -> Result<String, ShopError> {
        let by = match refusal {
            Refusal::DepositApprovedAlready { by }
            | Refusal::DepositRejectedAlready { by }
            | Refusal::RefundApprovedAlready { by }
            | Refusal::RefundRejectedAlready { by }
            | Refusal::AdjustmentBookedAlready { by } => Some(name_of(&self.shop.snapshot(), *by)?),
            Refusal::SellingPaused => {
                let pause = self.shop.snapshot().maintenance()?;
                let text = pause.filter(|pause| pause.on).map(|pause| pause.text);
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    return Ok(text);
                }
                None
            }
            _ => None,
        };
        Ok(self.aside().refuse(refusal, by.as_deref()))
    }

    fn menu(&self) -> Result<Reply, ShopError> {
        self.menu_in(self.voice()).map(Reply::Screen)
    }

    /// The menu as this voice says it.
    fn menu_in(&self, voice: Voice<'_>) -> Result<Screen, ShopError> {
        let favourites = self.favourites()?;
        Ok(voice.menu(&self.customer.name, self.available()?, &favourites, self.admin)?)
    }
}

/// Serves everyone who writes to the bot.
pub struct Chat {
    shop: Arc<Shop>,
}

impl Chat {
    /// A chat room of this shop.
    #[must_use]
    pub const fn new(shop: Arc<Shop>) -> Self {
        Self { shop }
    }

    async fn serve(&self, incoming: &Incoming) -> Result<(), ShopError> {
        match incoming {
            // Only private chats are served: in a group an answer would show a wallet to all.
            Incoming::Message(message) if message.chat.private => self.message(message).await,
            Incoming::Press(press) if press.chat.private => self.press(press).await,
            Incoming::Message(message) if self.is_admin_group(message.chat.id) => {
                self.message_in_group(message).await
            }
            Incoming::Press(press) if self.is_admin_group(press.chat.id) => {
                self.press_in_group(press).await
            }
            Incoming::Inline(query) => self.inline(query).await,
            Incoming::Blocked { update_id, user, blocked } => {
                let command = Command::SetReachable { customer: *user, reachable: !blocked };
                let trace = format!("u{update_id}");
                // Nothing can be refused here, and nobody waits for an answer.
                let _ = self.shop.submit(Actor::Customer(*user), &trace, command).await?;
                Ok(())
            }
            Incoming::Checkout(checkout) => self.checkout(checkout).await,
            Incoming::Payment(payment) => self.paid(payment).await,
            Incoming::Message(_) | Incoming::Press(_) | Incoming::Other { .. } => Ok(()),
        }
    }

    async fn message(&self, message: &Message) -> Result<(), ShopError> {
        let trace = format!("u{}", message.update_id);
        let customer = self.welcome(&message.from, &trace).await?;
        let live = self.shop.live.load_full();
        let visit = Visit {
            shop: &self.shop,
            live: &live,
            admin: live.policy.admins.contains(&customer.id),
            customer,
            trace,
            source: format!("m{}", message.message_id.0),
            pressed: None,
            shared: false,
            formatted: message.formatted.as_deref(),
        };
        let text = message.text.as_deref().unwrap_or_default();
        let reply = if message.text.is_none() {
            visit.in_trouble(visit.picture(message.file.as_ref()).await)?
        } else if let Some(command) = command::split(text) {
            match commands::find(&command.name, visit.admin) {
                Some(found) => visit.in_trouble(visit.command(found.verb, &command.words).await)?,
                None => visit.unknown_command(&command.name)?,
            }
        } else {
            let words = clean(text, command::WORDS_CHARS_MAX);
            visit.in_trouble(visit.words(&words).await)?
        };
        match reply {
            Reply::Screen(screen) => self.say(message.chat.id, screen).await,
            Reply::Notice(notice) => {
                self.say(message.chat.id, visit.voice().notice(&notice)?).await;
            }
            Reply::Both(screen, notice) => {
                self.say(message.chat.id, visit.voice().notice(&notice)?).await;
                self.say(message.chat.id, screen).await;
            }
            Reply::Silent => {}
        }
        Ok(())
    }

    async fn press(&self, press: &ring4_telegram::inbound::Press) -> Result<(), ShopError> {
        let trace = format!("u{}", press.update_id);
        let customer = match press.chat.private {
            true => self.welcome(&press.from, &trace).await?,
            false => self.bystander(&press.from, &trace).await?,
        };
        let live = self.shop.live.load_full();
        let visit = Visit {
            shop: &self.shop,
            live: &live,
            admin: live.policy.admins.contains(&customer.id),
            customer,
            trace,
            source: format!("p{}", press.query_id),
            pressed: press.message_id,
            shared: !press.chat.private,
            formatted: None,
        };
        let meaning = press.data.parse::<Press>().ok();
        let early = visit.is_slow(meaning.as_ref())?;
        if early {
            self.answer(press, None).await;
        }
        let reply = match meaning {
            Some(meaning) => visit.in_trouble(visit.press(meaning).await)?,
            None => Reply::Notice(visit.aside().say("stale_button", &[])),
        };
        let (screen, notice) = reply.parts();
        // A press can be answered once; what came to light after that stands above the screen.
        let (screen, notice) = match (screen, notice) {
            (Some(Screen { text, keyboard }), Some(notice)) if early => {
                let mut above = String::new();
                escape(&notice, &mut above);
                (Some(Screen { text: format!("{above}\n\n{text}"), keyboard }), None)
            }
            reply => reply,
        };
        let show = async {
            match (screen, press.message_id) {
                (Some(screen), Some(message)) if press.on_text => {
                    self.edit(press.chat.id, message, screen).await;
                }
                // A picture cannot become a text: the text is sent and the picture taken away.
                (Some(screen), Some(message)) => {
                    self.say(press.chat.id, screen).await;
                    let call = Call::DeleteMessage { message };
                    if let Some(Err(error)) = self.send(press.chat.id, call).await {
                        tracing::debug!(%error, "a picture was not taken away");
                    }
                }
                (Some(screen), None) => self.say(press.chat.id, screen).await,
                (None, _) => {}
            }
        };
        if early {
            show.await;
            if let Some(notice) = notice {
                self.say(press.chat.id, visit.voice().notice(&notice)?).await;
            }
        } else {
            tokio::join!(self.answer(press, notice), show);
        }
        Ok(())
    }

    /// Who pressed a button in the group. That says nothing of a private chat: nobody is reachable
    /// by it, and what was asked there is still to be answered. Only the name is learned, for the
    /// cards that name who decided.
    async fn bystander(&self, person: &Person, trace: &str) -> Result<Customer, ShopError> {
        let known = self.shop.snapshot().customer(person.id)?;
        let known = match known {
            Some(known) => known,
            None => {
                let stranger = self.welcome(person, trace).await?;
                let command = Command::SetReachable { customer: person.id, reachable: false };
                match self.shop.submit(Actor::Customer(person.id), trace, command).await {
                    Ok(_) | Err(SubmitError::Trouble) => stranger,
                    Err(error @ SubmitError::Stopped(_)) => return Err(error.into()),
                }
            }
        };
        Ok(Customer { prompt: None, ..known })
    }

    /// The customer, made known at first contact and kept up to date.
    async fn welcome(&self, person: &Person, trace: &str) -> Result<Customer, ShopError> {
        let known = self.shop.snapshot().customer(person.id)?;
        if let Some(known) = known
            && known.name == person.first_name
            && known.username == person.username
            && known.reachable
        {
            return Ok(known);
        }
        let profile = Profile {
            id: person.id,
            name: person.first_name.clone(),
            username: person.username.clone(),
            language: person.language_code.clone(),
        };
        let command = Command::Welcome(profile);
        // Welcoming is never refused. Who cannot be noted down now is served all the same.
        match self.shop.submit(Actor::Customer(person.id), trace, command).await {
            Ok(_) | Err(SubmitError::Trouble) => {}
            Err(error @ SubmitError::Stopped(_)) => return Err(error.into()),
        }
        if self.shop.is_admin(person.id) {
            // Now there is a chat that a menu can be set in.
            self.shop.menus_due.notify_one();
        }
        let customer = self.shop.snapshot().customer(person.id)?;
        Ok(customer.unwrap_or_else(|| self.stranger(person)))
    }
}

impl Handler for Chat {
    async fn handle(&self, incoming: &Incoming) {
        let update_id = incoming.update_id();
        match self.serve(incoming).await {
            Ok(()) => {}
            // See `settle`: an update that was not finished must not be marked as done.
            Err(ShopError::Stopped(_)) => std::future::pending().await,
            // Whether somebody blocked the bot is found out again when they are written to.
            Err(ShopError::Trouble) => tracing::debug!(update_id, "not noted down in trouble"),
            Err(error) => {
                tracing::error!(update_id, %error, "an update was not served");
                self.apologise(incoming).await;
            }
        }
    }

    async fn panicked(&self, incoming: &Incoming) {
        self.apologise(incoming).await;
    }
}

impl Visit<'_> {
    async fn command(&self, verb: Verb, words: &str) -> Result<Reply, ShopError> {
        self.forget_question().await?;
        match verb {
            Verb::Start => self.start(words).await,
            Verb::Buy if words.is_empty() => self.services(0),
            Verb::Buy => self.search(words),
            Verb::Orders => self.orders(None),
            Verb::Cancel => self.cancel_by_words(words).await,
            Verb::Balance => self.wallet(),
            Verb::Deposit => self.deposit_by_words(words).await,
            Verb::History => self.history(None),
            Verb::Receipt => self.receipt_by_words(words),
            Verb::Status => self.status(),
            Verb::Language => self.language_by_words(words).await,
            Verb::Help => Ok(Reply::Screen(self.voice().help(self.admin)?)),
            Verb::Support => Ok(Reply::Screen(self.voice().support()?)),
            Verb::Admin => self.dashboard().await,
            Verb::Offers => self.offers_by_words(words),
            Verb::Deposits => self.queue(0),
            Verb::ApproveDeposit => self.approve_by_words(words).await,
            Verb::RefundStars => self.return_stars_by_words(words).await,
            Verb::Terms => self.terms(),
            Verb::PaymentSupport => self.payment_support(),
            Verb::RejectDeposit => self.reject_by_words(words).await,
            Verb::Providers => self.providers(),
            Verb::Database => self.database().await,
            Verb::Backups => self.backups(),
            Verb::MakeBackup => self.make_backup(BackupKind::Manual, words),
            Verb::MakeEmergencyBackup => self.make_backup(BackupKind::Emergency, words),
            Verb::Validate => self.validate(),
            Verb::Refund => self.refund_by_words(words).await,
            Verb::Desk(verb) => self.desk_command(verb, words).await,
        }
    }

    /// Whether a press means slow work, such as asking vendors for a price: it is answered before
    /// that begins.
    fn is_slow(&self, meaning: Option<&Press>) -> Result<bool, ShopError> {
        Ok(match meaning {
            Some(Press::Offer(..)) => true,
            Some(Press::Admin | Press::Database | Press::Lost(_) | Press::ReloadPlugin(_)) => {
                self.admin
            }
            Some(Press::Desk(desk)) => self.admin && desk.is_slow(),
            // A price that has lapsed is asked for anew.
            Some(Press::Place(quote)) => {
                let quote = self.shop.snapshot().quote(*quote)?;
                let own = quote.filter(|quote| quote.customer == self.user());
                own.is_some_and(|quote| quote.expires_at <= self.shop.clock.now())
            }
            _ => false,
        })
    }

    async fn press(&self, press: Press) -> Result<Reply, ShopError> {
        if !self.admin && press.is_for_admins() {
            tracing::warn!(user = %self.user(), trace = self.trace, "an admin's button was forged");
            return Ok(Reply::Notice(self.voice().say("stale_button", &[])));
        }
        let answers = matches!(press, Press::Evidence(_) | Press::SendRefund(_));
        if !answers && !matches!(press, Press::Method(..) | Press::Paid(_)) {
            self.forget_question().await?;
        }
        self.follow(press).await
    }

    /// Where a button leads.
    async fn follow(&self, press: Press) -> Result<Reply, ShopError> {
        match press {
            Press::Menu => self.menu(),
            Press::Services(page) => self.services(page),
            Press::Countries(service, page) => self.countries(&service, page),
            Press::Offer(service, country) => self.offer(service, country).await,
            Press::Place(quote) => self.place(quote).await,
            Press::Orders => self.orders(None),
            Press::OrdersBefore(order) => self.orders(Some(order)),
            Press::Cancellable => self.cancel_list(),
            Press::Receipts => self.receipts(),
            Press::Receipt(order) => self.receipt(order),
            Press::Order(order) => self.order(order).await,
            Press::Cancel(order) => self.cancel(order).await,
            Press::AnotherCode(order) => self.another_code(order).await,
            Press::Wallet => self.wallet(),
            Press::Referrals => self.referrals(),
            Press::History(before) => self.history(before),
            Press::Amounts => self.amounts(),
            Press::TopUp(quote) => self.top_up(quote).await,
            Press::Methods(place) => self.methods(place),
            Press::Amount(method, place, id) => self.amount(method, place, id).await,
            Press::CustomAmount => self.custom_amount().await,
            Press::Method(method, id) => self.method(method, id).await,
            Press::Paid(deposit) => self.paid(deposit).await,
            Press::Languages => self.languages(),
            Press::Language(code) => self.choose_language(&code).await,
            Press::Evidence(deposit) => self.evidence(deposit).await,
            Press::Status => self.status(),
            Press::Help => Ok(Reply::Screen(self.voice().help(self.admin)?)),
            Press::Support => Ok(Reply::Screen(self.voice().support()?)),
            Press::Admin => self.dashboard().await,
            Press::Offers => self.offers_by_words(""),
            Press::RefreshOffers => self.refresh_offers(),
            Press::Queue(page) => self.queue(page),
            Press::Review(deposit) => self.review(deposit),
            Press::Approve(deposit) => self.approve(deposit).await,
            Press::Reasons(deposit) => self.reasons(deposit),
            Press::ReturnStars(deposit) => self.return_stars(deposit).await,
            Press::Reject(deposit) => self.reject(deposit, None).await,
            Press::RejectFor(deposit, place) => self.reject_for(deposit, place).await,
            Press::Lost(order) => self.lost(order).await,
            Press::Adopt(order, tag) => self.adopt(order, tag).await,
            Press::Release(order) => self.release(order).await,
            Press::Kept(order) => self.settle_return(order, true).await,
            Press::GivenBack(order) => self.settle_return(order, false).await,
            Press::Providers => self.providers(),
            Press::ReloadPlugin(id) => self.reload_plugin(&id).await,
            Press::Sell(id) => self.set_sale(&id, Sale::Open).await,
            Press::Drain(id) => self.set_sale(&id, Sale::Draining).await,
            Press::Rest(id) => self.set_sale(&id, Sale::Off).await,
            Press::Database => self.database().await,
            Press::Backups => self.backups(),
            Press::MakeBackup => self.make_backup(BackupKind::Manual, ""),
            Press::Validate => self.validate(),
            Press::AskRefund(order) => self.ask_refund(order).await,
            Press::SendRefund(order) => self.request_refund(order, None).await,
            Press::AcceptTerms(quote) => self.accept_terms(quote).await,
            Press::Service(service, on, country) => self.set_service(&service, on, country).await,
            Press::Refundable => self.refundable_orders(),
            Press::Terms => self.terms(),
            Press::PaymentSupport => self.payment_support(),
            Press::Desk(desk) => self.desk_press(desk).await,
        }
    }

    /// Whoever does something else has no amount to type any more.
    async fn forget_question(&self) -> Result<(), ShopError> {
        if self.customer.prompt.is_none() {
            return Ok(());
        }
        self.submit_lightly(Command::Ask { customer: self.user(), prompt: None }).await
    }

    fn unknown_command(&self, name: &str) -> Result<Reply, ShopError> {
        if commands::find(name, true).is_some() {
            tracing::warn!(user = %self.user(), command = name, "an admin's command was tried");
            if self.shop.menus_left.note(self.user()) {
                self.shop.menus_due.notify_one();
            }
        }
        let voice = self.voice();
        Ok(Reply::Screen(voice.plain(voice.say("unknown_command", &[]))?))
    }

    /// Plain words answer what was asked, or are a search.
    async fn words(&self, text: &str) -> Result<Reply, ShopError> {
        if let Some(Prompt::RefundReason(order)) = self.customer.prompt {
            return self.request_refund(order, Some(text.to_owned())).await;
        }
        if self.admin && self.customer.prompt == Some(Prompt::Broadcast) {
            self.forget_question().await?;
            return self.propose_broadcast(text).await;
        }
        match self.deposit_words(text).await? {
            Some(reply) => Ok(reply),
            None => self.search(text),
        }
    }

    fn not_found(&self, words: &str) -> Result<Reply, ShopError> {
        let voice = self.voice();
        let words = clean(words, ECHO_CHARS_MAX);
        let text = voice.say("unknown_text", &[("words", Value::Text(&words))]);
        Ok(Reply::Screen(voice.plain(text)?))
    }
}
