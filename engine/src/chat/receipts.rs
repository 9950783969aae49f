//! The receipt of one order, asked for in the chat.

use ring4_domain::ids::OrderId;
use ring4_domain::ledger::{AccountId, TransferId};
use ring4_domain::refusal::Refusal;

use super::{Reply, Visit};
use crate::screens::wallet::WalletRow;
use crate::shop::ShopError;

impl Visit<'_> {
    /// `/receipt ORDER`; without an order, a list to choose from.
    pub(super) fn receipt_by_words(&self, words: &str) -> Result<Reply, ShopError> {
        if words.is_empty() {
            return self.receipts();
        }
        match words.trim().parse() {
            Ok(id) => self.receipt(id),
            Err(_) => self.refuse(&Refusal::OrderUnknown),
        }
    }

    pub(super) fn receipts(&self) -> Result<Reply, ShopError> {
        Ok(Reply::Screen(self.voice().receipts(&self.recent_orders(None)?)?))
    }

    pub(super) fn receipt(&self, id: OrderId) -> Result<Reply, ShopError> {
        let Some(order) = self.own_order(id)? else {
            return self.refuse(&Refusal::OrderUnknown);
        };
        let snapshot = self.shop.snapshot();
        let mut rows = Vec::new();
        let booked =
            [TransferId::Hold, TransferId::Capture, TransferId::Release, TransferId::Refund];
        for transfer in booked {
            let Some(booked) = snapshot.transfer(transfer(id))? else { continue };
            let Some(entry) = snapshot.entry(booked.seq)? else { continue };
            rows.push(WalletRow { seq: booked.seq, at: entry.at, transfer: booked.transfer });
        }
        let wallet = AccountId::Wallet(self.user());
        Ok(Reply::Screen(self.voice().receipt(&order, &wallet, &rows)?))
    }
}
