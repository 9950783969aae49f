//! What admins did, and the pause in selling, in the chat. Who is an admin was checked before;
//! the core checks it again.

use ring4_domain::change::{Actor, Change, Entry, Seq};
use ring4_domain::command::Command;
use ring4_domain::ids::{ServiceKey, UserId};

use super::{Reply, Visit};
use crate::screens::audit::{Act, ActPage};
use crate::shop::{ShopError, name_of};
use crate::tasks;

/// Acts on one page, unless asked for more, and at most.
pub(super) const ACTS_SHOWN: usize = 10;
const ACTS_SHOWN_MAX: usize = 30;

/// Entries looked through for one page. Reading the actor of that many takes some tenths of a
/// second; older acts are a page further.
const ENTRIES_LOOKED_MAX: usize = 100_000;

/// Characters shown of what somebody wrote, so that a page of acts fits into a message.
const WORDS_CHARS_MAX: usize = 60;

impl Visit<'_> {
    /// `/audit` with how many acts are to be shown, or without.
    pub(super) async fn audit_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let count = words.trim().parse().unwrap_or(ACTS_SHOWN);
        self.audit(None, count.clamp(1, ACTS_SHOWN_MAX)).await
    }

    /// What admins did, newest first.
    pub(super) async fn audit(
        &self,
        before: Option<Seq>,
        count: usize,
    ) -> Result<Reply, ShopError> {
        let snapshot = self.shop.snapshot();
        let read = move || -> Result<_, ring4_storage::ReadError> {
            let (entries, last) = snapshot.entries_of_admins(before, count, ENTRIES_LOOKED_MAX)?;
            let mut acts = Vec::with_capacity(entries.len());
            for entry in entries {
                let Actor::Admin(admin) = entry.actor else { continue };
                let on = on_whom(&entry);
                acts.push(Act {
                    seq: entry.seq,
                    at: entry.at,
                    by: name_of(&snapshot, admin)?,
                    what: entry.cause.split(' ').next().unwrap_or_default().to_owned(),
                    subject: subject(&entry),
                    on: on.map(|customer| name_of(&snapshot, customer)).transpose()?,
                });
            }
            Ok((acts, last))
        };
        let (acts, last) = tasks::block(read).await??;
        let older = (last > Seq(1)).then_some(last);
        let page = ActPage { acts: &acts, older };
        Ok(Reply::Screen(self.voice().acts(page)?))
    }

    /// `/maintenance on|off` and what customers are told.
    pub(super) async fn maintenance_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        let (switch, text) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        match switch.to_lowercase().as_str() {
            "on" => self.maintenance(true, text.to_owned()).await,
            "off" => self.maintenance(false, String::new()).await,
            _ => self.usage("admin.usage.maintenance"),
        }
    }

    pub(super) async fn maintenance(&self, on: bool, text: String) -> Result<Reply, ShopError> {
        let admin = self.user();
        let command = Command::SetMaintenance { admin, on, text };
        match self.shop.submit(Actor::Admin(admin), &self.trace, command).await? {
            Ok(_) => self.dashboard().await,
            Err(refusal) => self.refuse(&refusal),
        }
    }
}

/// The customer whom an admin's entry is about.
fn on_whom(entry: &Entry) -> Option<UserId> {
    entry.changes.iter().find_map(|change| match change {
        Change::Deposit(deposit) => Some(deposit.customer),
        Change::Refund(refund) => Some(refund.customer),
        Change::Adjustment(adjustment) => Some(adjustment.customer),
        Change::Standing(standing) => Some(standing.customer),
        Change::Order(order) => Some(order.customer()),
        _ => None,
    })
}

/// The record that an admin's entry is about, with the amount where there is one.
fn subject(entry: &Entry) -> String {
    let named = entry.changes.iter().find_map(|change| match change {
        Change::Deposit(deposit) => Some(format!("{} {}", deposit.id, deposit.amount)),
        Change::Refund(refund) => Some(format!("{} {}", refund.order, refund.amount)),
        Change::Adjustment(adjustment) => {
            let reason = cut(&adjustment.reason);
            Some(format!("{} {} {reason}", adjustment.id, adjustment.amount))
        }
        Change::Standing(standing) => standing.block.as_ref().map(|block| cut(&block.reason)),
        Change::Order(order) => Some(order.id().to_string()),
        Change::RulesActivated(activation) => Some(activation.version.to_string()),
        Change::SaleSet(switch) => {
            Some(format!("{} {}", switch.provider, format!("{:?}", switch.sale).to_lowercase()))
        }
        Change::Maintenance(pause) => {
            let off: Vec<&str> = pause.services_off.iter().map(ServiceKey::as_str).collect();
            let off = match off.as_slice() {
                [] => String::new(),
                off => format!(" − {}", cut(&off.join(", "))),
            };
            Some(format!("{} {}{off}", if pause.on { "on" } else { "off" }, cut(&pause.text)))
        }
        Change::Broadcast(broadcast) => Some(format!("{} {}", broadcast.id, cut(&broadcast.text))),
        _ => None,
    });
    named.unwrap_or_default().trim().to_owned()
}

/// The beginning of what somebody wrote.
fn cut(words: &str) -> String {
    match words.char_indices().nth(WORDS_CHARS_MAX) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words.to_owned(),
    }
}
