//! Orders and ledger entries as CSV files, for an admin's spreadsheet. The chat room imports this.
//!
//! Numbers are masked and codes left out: a file that leaves the shop must not tell what the shop
//! itself forgets.

use std::collections::BTreeMap;

use chrono::DateTime;
use ring4_domain::change::{Actor, Change, Entry};
use ring4_domain::ids::{OrderId, Timestamp};
use ring4_domain::ledger::{AccountId, Transfer, TransferKind};
use ring4_domain::order::Order;
use ring4_storage::{ReadError, Snapshot};

/// Rows of one file, at most; at some 150 bytes each it stays below what Telegram takes.
const ROWS_MAX: usize = 200_000;

/// Last digits of a number that stay readable.
const DIGITS_SHOWN: usize = 2;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: String,
    /// Rows below the head.
    pub rows: usize,
    /// Whether older rows were left out.
    pub cut: bool,
}

/// Both files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exports {
    /// Orders placed in the stretch, as they stand now.
    pub orders: File,
    /// Transfers booked in it.
    pub entries: File,
}

/// Makes both files of what happened since `from`. Blocks.
///
/// # Errors
/// An entry cannot be read.
pub fn make(snapshot: &Snapshot, from: Timestamp) -> Result<Exports, ReadError> {
    let mut orders: BTreeMap<OrderId, Order> = BTreeMap::new();
    let mut entries = table("entries.csv", ENTRIES_HEAD);
    let mut orders_cut = false;
    for entry in snapshot.entries_since(from) {
        let entry = entry?;
        for change in &entry.changes {
            match change {
                Change::Order(order) if order.placed_at >= from => {
                    if orders.len() < ROWS_MAX {
                        orders.entry(order.id()).or_insert_with(|| order.clone());
                    } else {
                        orders_cut = true;
                    }
                }
                Change::Transfer(transfer) => add(&mut entries, &entry_row(&entry, transfer)),
                _ => {}
            }
        }
        if entries.cut && orders_cut {
            break;
        }
    }
    let mut list: Vec<&Order> = orders.values().collect();
    list.sort_by_key(|order| std::cmp::Reverse(order.placed_at));
    let mut orders = table("orders.csv", ORDERS_HEAD);
    list.into_iter().for_each(|order| add(&mut orders, &order_row(order)));
    orders.cut |= orders_cut;
    Ok(Exports { orders, entries })
}

const ORDERS_HEAD: &[&str] = &[
    "order",
    "placed_at",
    "ended_at",
    "customer",
    "service",
    "country",
    "state",
    "price",
    "cost",
    "provider",
    "number",
    "secs_to_code",
];

const ENTRIES_HEAD: &[&str] =
    &["entry", "at", "actor", "cause", "transfer", "kind", "debit", "credit", "amount"];

fn order_row(order: &Order) -> Vec<String> {
    let purchase = order.purchase.as_ref();
    let bought = purchase.map(|purchase| purchase.bought_at);
    let arrived = order.code.as_ref().map(|code| code.arrived_at);
    let secs = bought.zip(arrived).map(|(from, to)| to.secs_since(from).to_string());
    let number = purchase.and_then(|purchase| purchase.number.text()).map(masked);
    vec![
        order.id().to_string(),
        utc(order.placed_at),
        order.ended_at.map(utc).unwrap_or_default(),
        order.customer().to_string(),
        order.service().to_string(),
        order.quote.country.to_string(),
        order.state.name().to_owned(),
        order.quote.price.to_text(),
        purchase.map(|purchase| purchase.cost.to_text()).unwrap_or_default(),
        purchase.map(|purchase| purchase.provider.to_string()).unwrap_or_default(),
        number.unwrap_or_default(),
        secs.unwrap_or_default(),
    ]
}

fn entry_row(entry: &Entry, transfer: &Transfer) -> Vec<String> {
    let actor = match entry.actor {
        Actor::Customer(id) => format!("customer {id}"),
        Actor::Admin(id) => format!("admin {id}"),
        Actor::Engine => "engine".to_owned(),
    };
    let kind = match transfer.kind {
        TransferKind::Posted => "posted",
        TransferKind::Pending { .. } => "pending",
        TransferKind::Post { .. } => "post",
        TransferKind::Void { .. } => "void",
    };
    vec![
        entry.seq.0.to_string(),
        utc(entry.at),
        actor,
        entry.cause.clone(),
        transfer.id.to_string(),
        kind.to_owned(),
        account(&transfer.debit),
        account(&transfer.credit),
        transfer.amount.to_text(),
    ]
}

fn account(id: &AccountId) -> String {
    match id {
        AccountId::Wallet(customer) => format!("wallet {customer}"),
        AccountId::Revenue => "revenue".to_owned(),
        AccountId::VendorCost => "vendor cost".to_owned(),
        AccountId::VendorFloat(provider) => format!("vendor float {provider}"),
        AccountId::DepositsClearing(method) => format!("deposits {method}"),
        AccountId::Refunds => "refunds".to_owned(),
        AccountId::Adjustments(admin) => format!("adjustments {admin}"),
        AccountId::OpeningBalances => "opening balances".to_owned(),
        AccountId::Suspense => "suspense".to_owned(),
    }
}

fn utc(at: Timestamp) -> String {
    let at = DateTime::from_timestamp(at.unix_secs(), 0).unwrap_or_default();
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let shown: String = digits.iter().skip(digits.len().saturating_sub(DIGITS_SHOWN)).collect();
    format!("…{shown}")
}

fn table(name: &'static str, head: &[&str]) -> File {
    File { name, text: format!("{}\r\n", head.join(",")), rows: 0, cut: false }
}

fn add(file: &mut File, row: &[String]) {
    if file.rows >= ROWS_MAX {
        file.cut = true;
        return;
    }
    let cells: Vec<String> = row.iter().map(|cell| field(cell)).collect();
    file.text.push_str(&cells.join(","));
    file.text.push_str("\r\n");
    file.rows = file.rows.saturating_add(1);
}

/// A cell. Spreadsheets take a text that begins with one of `=+-@` for a formula.
fn field(cell: &str) -> String {
    let negative = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let formula = cell.starts_with(['=', '+', '@', '\t', '\r'])
        || cell.strip_prefix('-').is_some_and(|rest| !negative(rest));
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_neither_a_formula_nor_two_cells() {
        let rows = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("+15550100", "'+15550100"),
            ("-cmd", "'-cmd"),
            ("-1.50", "-1.50"),
            ("@x,y", "\"'@x,y\""),
        ];
        for (cell, written) in rows {
            assert_eq!(field(cell), written);
        }
    }

    #[test]
    fn numbers_are_masked() {
        assert_eq!(masked("+15550142"), "…42");
        assert_eq!(masked(""), "…");
    }
}
