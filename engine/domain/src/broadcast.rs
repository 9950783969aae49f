//! News to every customer: what is said, and how far it has come. Domain, storage and the middle
//! import this.
//!
//! Two records of one job. The text is written when it is proposed and a few times after; how far
//! it has come is written with every message, and so has no text in it.
//!
//! How far it has come is a place in the customers' order of ids: everybody up to it is done with,
//! and so are a few beyond it, because messages wait for each other as little as they can. What is
//! not written there was not sent, or its answer was never seen. After a crash it is sent, so that
//! nobody is left out; only a message whose answer was lost comes twice. The other way, to write
//! first and send then, would leave out whoever was next when the process died.

use crate::command::Key;
use crate::deposit::AdminCard;
use crate::ids::{BroadcastId, MessageId, Timestamp, UserId};

/// The longest text, in bytes; Telegram takes 4096 characters, which formatting comes on top of.
pub const TEXT_LEN_MAX: usize = 16_384;

/// How long a broadcast that was shown may be sent, in seconds.
pub const CONFIRM_WITHIN_SECS: u32 = 3_600;

/// How many customers may be done with beyond the first who is not: they are written with every
/// message, so what is written stays small. Beyond them nobody is sent to until that one is done
/// with.
pub const AHEAD_MAX: usize = 512;

/// How a broadcast stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroadcastState {
    /// Shown to the admin who wrote it.
    Proposed,
    /// On its way.
    Running,
    /// Nothing goes out until an admin lets it.
    Paused {
        /// The admin.
        by: UserId,
    },
    /// Ended by an admin, before it began or half-way.
    Cancelled {
        /// The admin.
        by: UserId,
        /// When.
        at: Timestamp,
    },
    /// Everybody is done with.
    Done {
        /// When.
        at: Timestamp,
    },
}

/// One job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Its id.
    pub id: BroadcastId,
    /// What is said, in Telegram's HTML.
    pub text: String,
    /// Who wrote it.
    pub by: UserId,
    /// When it was shown.
    pub proposed_at: Timestamp,
    /// How it stands.
    pub state: BroadcastState,
    /// Whom it was for when it began: counted, not named.
    pub recipients: u64,
    /// When it began; customers who came later do not get it.
    pub started_at: Option<Timestamp>,
    /// The admins who see it move, with their cards.
    pub admin_cards: Vec<AdminCard>,
}

impl Broadcast {
    /// Whether it is under way: at most one is.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.state, BroadcastState::Running | BroadcastState::Paused { .. })
    }
}

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Telegram took it.
    Sent,
    /// The customer blocked the bot, or is not there any more.
    Unreachable,
    /// Telegram did not take it, for another reason.
    Failed,
}

/// How far a broadcast has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outreach {
    /// Of which.
    pub broadcast: BroadcastId,
    /// Everybody up to this one, by id, is done with.
    pub upto: Option<UserId>,
    /// Who beyond that is done with, too; by id, at most [`AHEAD_MAX`].
    pub ahead: Vec<UserId>,
    /// Messages that Telegram took.
    pub sent: u64,
    /// Customers who turned out not to be reachable.
    pub unreachable: u64,
    /// Messages that Telegram did not take.
    pub failed: u64,
}

impl Outreach {
    /// Nobody is done with.
    #[must_use]
    pub const fn none(broadcast: BroadcastId) -> Self {
        Self { broadcast, upto: None, ahead: Vec::new(), sent: 0, unreachable: 0, failed: 0 }
    }

    /// Whether this customer is done with.
    #[must_use]
    pub fn is_past(&self, customer: UserId) -> bool {
        Some(customer) <= self.upto || self.ahead.contains(&customer)
    }

    /// Customers whom something became of.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.sent.saturating_add(self.unreachable).saturating_add(self.failed)
    }
}

/// Something about a broadcast that somebody wants, or that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BroadcastStep {
    /// An admin wants something said to every customer.
    Propose {
        /// The id to give it.
        id: BroadcastId,
        /// Who wants it.
        admin: UserId,
        /// What, in Telegram's HTML.
        text: String,
    },
    /// An admin has seen it as customers will, and sends it.
    Start {
        /// Who sends it.
        admin: UserId,
        /// Which.
        id: BroadcastId,
        /// For how many customers it is.
        recipients: u64,
        /// The message that shall be the admin's card.
        card: Option<MessageId>,
    },
    /// An admin lets a broadcast pause, or go on.
    Pause {
        /// Who.
        admin: UserId,
        /// Which.
        id: BroadcastId,
        /// Whether it pauses.
        on: bool,
    },
    /// An admin ends a broadcast, begun or not.
    Cancel {
        /// Who.
        admin: UserId,
        /// Which.
        id: BroadcastId,
    },
    /// Telegram's answers to messages of a broadcast.
    Record {
        /// Of which.
        id: BroadcastId,
        /// Everybody up to this one, by id, is done with after these.
        upto: Option<UserId>,
        /// What became of whose message.
        deliveries: Vec<(UserId, Delivery)>,
    },
    /// Nobody is left whom a broadcast is for.
    Finish {
        /// Which.
        id: BroadcastId,
    },
}

impl BroadcastStep {
    /// The step's name in causes, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Propose { .. } => "propose_broadcast",
            Self::Start { .. } => "start_broadcast",
            Self::Pause { on: true, .. } => "pause_broadcast",
            Self::Pause { on: false, .. } => "resume_broadcast",
            Self::Cancel { .. } => "cancel_broadcast",
            Self::Record { .. } => "record_deliveries",
            Self::Finish { .. } => "finish_broadcast",
        }
    }

    /// The records that it is decided by.
    #[must_use]
    pub fn touched(&self) -> Vec<Key> {
        match self {
            Self::Start { id, .. } => vec![Key::Broadcast(*id), Key::ActiveBroadcast],
            Self::Record { id, deliveries, .. } => {
                let lost = deliveries.iter().filter(|(_, became)| *became == Delivery::Unreachable);
                let lost = lost.map(|(customer, _)| Key::Customer(*customer));
                [Key::Outreach(*id)].into_iter().chain(lost).collect()
            }
            Self::Propose { id, .. }
            | Self::Pause { id, .. }
            | Self::Cancel { id, .. }
            | Self::Finish { id } => vec![Key::Broadcast(*id)],
        }
    }
}
