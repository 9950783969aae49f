//! The pause in selling, of everything or of a service, that an admin begins and ends in the chat.
//! Domain, storage and the middle import this. The operator's own switch is in the settings; either
//! stops the selling.

use crate::ids::{ServiceKey, Timestamp, UserId};

/// The longest text that customers are told, in characters.
pub const TEXT_CHARS_MAX: usize = 500;

/// The last word about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// Whether selling pauses.
    pub on: bool,
    /// What customers are told; the message pack's own text when empty.
    pub text: String,
    /// The admin who said so.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// The services that admins switched off, in order; the others sell on.
    pub services_off: Vec<ServiceKey>,
}

impl Maintenance {
    /// Whether an admin switched a service off.
    #[must_use]
    pub fn is_off(&self, service: &ServiceKey) -> bool {
        self.services_off.contains(service)
    }
}
