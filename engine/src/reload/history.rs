//! When which rule set went live, from the journal: each entry that made one live names the one
//! before it. The start-up and the chat room import this.

use ring4_domain::change::{Activation, Actor, Change, Seq};
use ring4_domain::ids::Timestamp;
use ring4_storage::{ReadError, Snapshot};

/// A rule set that went live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activated {
    /// The entry.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// The admin who chose it, or the engine, which follows the files.
    pub actor: Actor,
    /// Which, over what, and after which.
    pub activation: Activation,
}

/// What went live, newest first: at most so many from this entry backwards, or from that of the
/// live rule set.
///
/// # Errors
/// An entry cannot be read.
pub fn activations(
    snapshot: &Snapshot,
    from: Option<Seq>,
    most: usize,
) -> Result<Vec<Activated>, ReadError> {
    let mut found = Vec::new();
    let mut next = match from {
        Some(from) => Some(from),
        None => snapshot.rules_since()?,
    };
    while let Some(seq) = next.filter(|_| found.len() < most) {
        let Some(entry) = snapshot.entry(seq)? else { break };
        let activation = entry.changes.iter().find_map(|change| match change {
            Change::RulesActivated(activation) => Some(*activation),
            _ => None,
        });
        // Only a button that somebody forged names another entry.
        let Some(activation) = activation else { break };
        found.push(Activated { seq, at: entry.at, actor: entry.actor, activation });
        next = activation.before.filter(|before| *before < seq);
    }
    Ok(found)
}
