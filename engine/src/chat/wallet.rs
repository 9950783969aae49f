//! The wallet and its history, asked for in the chat.

use ring4_domain::change::Seq;
use ring4_domain::ledger::AccountId;

use super::{Reply, Visit};
use crate::screens::wallet::{HistoryPage, PAGE_ROWS, WalletRow};
use crate::shop::ShopError;

impl Visit<'_> {
    pub(super) fn wallet(&self) -> Result<Reply, ShopError> {
        let account = self.shop.snapshot().account(&AccountId::Wallet(self.user()))?;
        Ok(Reply::Screen(self.voice().wallet(&account, self.inviting().is_some())?))
    }

    pub(super) fn history(&self, before: Option<Seq>) -> Result<Reply, ShopError> {
        let wallet = AccountId::Wallet(self.user());
        let entries = self.shop.snapshot().wallet_entries(self.user(), before, PAGE_ROWS + 1)?;
        let mut rows: Vec<WalletRow> = entries
            .into_iter()
            .map(|entry| WalletRow { seq: entry.seq, at: entry.at, transfer: entry.transfer })
            .collect();
        let older = rows.len() > PAGE_ROWS;
        rows.truncate(PAGE_ROWS);
        let page = HistoryPage { wallet: &wallet, rows: &rows, newest: before.is_none(), older };
        Ok(Reply::Screen(self.voice().history(page)?))
    }
}
