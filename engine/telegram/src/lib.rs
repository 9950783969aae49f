//! Telegram for the engine: updates in, messages out, nothing lost in between.
//! The middle of the engine may import this crate; of the engine it imports `ring4-domain` only.
//!
//! It knows chats, messages and buttons, and nothing of the shop: no texts, no prices, no
//! decisions. Modules in reading order:
//!
//! - [`token`], [`client`]: one request to the Bot API and every answer it can have, by name.
//! - [`keyboard`], [`outgoing`]: what can be said to a chat.
//! - [`sender`]: when it is said: order per chat, limits, retries.
//! - [`stars`]: the list of payments in Telegram Stars.
//! - [`inbound`], [`command`]: an update in plain types.
//! - [`inbox`]: the log of raw updates that makes a confirmed update survive a crash.
//! - [`webhook`]: a server for updates that Telegram posts.
//! - [`intake`]: the update loop: poll or serve, write to the inbox, hand to workers, mark done.
//!
//! The client is our own over `reqwest`, because `teloxide-core`'s sleeps ten seconds on every
//! 5xx answer and hides the error code; its types describe people, chats and commands on the
//! wire. The update loop is our own, because the framework's confirms updates before they are
//! handled, ends with one panic, and lets one busy chat stop all others.

pub mod client;
pub mod command;
pub mod inbound;
pub mod inbox;
pub mod intake;
pub mod keyboard;
pub mod outgoing;
pub mod sender;
pub mod stars;
pub mod token;
pub mod webhook;
