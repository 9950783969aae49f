//! The wallet and its history. Only the chat room imports this.

use ring4_domain::change::Seq;
use ring4_domain::ids::Timestamp;
use ring4_domain::ledger::{Account, AccountId, Transfer, TransferId, TransferKind};
use ring4_domain::money::Amount;
use ring4_rules::messages::Value;

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::Press;

/// Entries on one page of the history.
pub const PAGE_ROWS: usize = 10;

/// One entry of a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletRow {
    /// The ledger number.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// What moved.
    pub transfer: Transfer,
}

/// A page of the history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryPage<'page> {
    /// Whose.
    pub wallet: &'page AccountId,
    /// The entries, newest first.
    pub rows: &'page [WalletRow],
    /// Whether this is the newest page.
    pub newest: bool,
    /// Whether older entries follow.
    pub older: bool,
}

impl Voice<'_> {
    /// What a customer has and what became of it; `invites` offers the customer's own link.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn wallet(&self, account: &Account, invites: bool) -> Result<Screen, ScreenError> {
        let available = account.available().unwrap_or(Amount::ZERO);
        // What was given back was neither paid in nor spent.
        let kept = |amount: Amount| amount.checked_sub(account.returned).unwrap_or(amount);
        let mut text = self.say(
            "balance",
            &[
                ("available", Value::Text(&self.money(available))),
                ("held", Value::Text(&self.money(account.debits_pending))),
                ("deposited", Value::Text(&self.money(kept(account.deposited)))),
                ("spent", Value::Text(&self.money(kept(account.debits_posted)))),
                ("refunded", Value::Text(&self.money(account.refunded))),
            ],
        );
        let threshold = self.live.config.shop.low_balance_warning;
        if available < threshold {
            text.push_str("\n\n");
            let threshold = self.money(threshold);
            text.push_str(&self.say("balance.low", &[("threshold", Value::Text(&threshold))]));
        }
        let mut rows = Rows::default();
        rows.add([
            self.button("menu.deposit", &Press::Amounts),
            self.button("menu.history", &Press::History(None)),
        ]);
        if invites {
            rows.add([self.button("referrals.button", &Press::Referrals)]);
        }
        rows.add([self.button("menu.home", &Press::Menu)]);
        rows.screen(text)
    }

    /// One page of a wallet's entries.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn history(&self, page: HistoryPage<'_>) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        let newer = (!page.newest).then(|| self.button("menu.newer", &Press::History(None)));
        let last = page.rows.last().filter(|_| page.older);
        let older = last.map(|row| self.button("menu.older", &Press::History(Some(row.seq))));
        rows.add(newer.into_iter().chain(older));
        rows.add([
            self.button("menu.wallet", &Press::Wallet),
            self.button("menu.home", &Press::Menu),
        ]);
        if page.rows.is_empty() {
            return rows.screen(self.say("history.none", &[]));
        }
        let lines: Vec<String> =
            page.rows.iter().map(|row| self.history_row(page.wallet, row)).collect();
        let first = page.rows.first().map_or(0, |row| row.seq.0);
        let range = page.rows.last().map_or(0, |row| row.seq.0);
        let values = [
            ("page", Value::Text(&format!("#{range}–#{first}"))),
            ("rows", Value::Html(&lines.join("\n"))),
        ];
        rows.screen(self.say("history", &values))
    }

    pub(super) fn history_row(&self, wallet: &AccountId, row: &WalletRow) -> String {
        let Transfer { id, debit, amount, kind, .. } = &row.transfer;
        let (key, subject) = match id {
            TransferId::Deposit(id) => ("history.deposit", id.to_string()),
            TransferId::Hold(id) => ("history.hold", id.to_string()),
            TransferId::Capture(id) => ("history.capture", id.to_string()),
            TransferId::Adjustment(id) => ("history.adjustment", id.to_string()),
            TransferId::Release(id) => ("history.release", id.to_string()),
            TransferId::ReturnHold(id, _) => ("history.return_hold", id.to_string()),
            TransferId::Return(id, _) => ("history.return", id.to_string()),
            TransferId::ReturnRelease(id, _) => ("history.return_release", id.to_string()),
            // Of these, only refunds ever stand in a wallet.
            TransferId::Refund(id) | TransferId::VendorCost(id) | TransferId::ResendCost(id, _) => {
                ("history.refund", id.to_string())
            }
        };
        // What the entry does to the amount that can be spent: a capture takes what was taken
        // already, a release gives back.
        let sign = match kind {
            TransferKind::Post { .. } => "",
            TransferKind::Void { .. } => "+",
            _ if debit == wallet => "−",
            _ => "+",
        };
        let amount = format!("{sign}{}", self.money(*amount));
        let what = self.say(key, &[("id", Value::Text(&subject))]);
        let values = [
            ("seq", Value::Text(&row.seq.0.to_string())),
            ("when", Value::Text(&self.moment(row.at))),
            ("amount", Value::Text(&amount)),
            ("what", Value::Html(&what)),
        ];
        self.say("history.row", &values)
    }
}
