//! The rows an operator promises in `scripts/tests/*.yaml`: facts, settings, expected answer.
//! They run before every swap. Private to this crate.
//!
//! A row runs with the live settings unless it or its file pins them, so that a test can hold
//! for good while prices in the configuration move.

use ring4_domain::money::Amount;
use ring4_yaml::{Entries, Problem, Scalar, Source, Step, closest, decode, locate};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::facts::{read_offer, read_poll, read_vendor};
use crate::params::{Param, Params, dollars};
use crate::policy::{Verdict, read_buyer, read_deposit, read_sale};
use crate::rule_set::{Files, RuleSet};
use crate::script::ScriptError;

/// One file of rows.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TestFile {
    /// Settings for every row, by dotted name.
    params: Entries<Scalar>,
    /// Rows for `price`.
    price: Vec<PriceRow>,
    /// Rows for `next_poll`.
    next_poll: Vec<PollRow>,
    /// Rows for `rank`.
    rank: Vec<RankRow>,
    /// Rows for `may_buy`.
    may_buy: Vec<BuyerRow>,
    /// Rows for `refundable`.
    refundable: Vec<SaleRow>,
    /// Rows for `auto_approve`.
    auto_approve: Vec<DepositRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceRow {
    #[serde(default)]
    name: String,
    #[serde(default)]
    params: Entries<Scalar>,
    offer: Entries<Scalar>,
    expect: Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PollRow {
    #[serde(default)]
    name: String,
    #[serde(default)]
    params: Entries<Scalar>,
    order: Entries<Scalar>,
    expect: Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RankRow {
    #[serde(default)]
    name: String,
    #[serde(default)]
    params: Entries<Scalar>,
    vendor: Entries<Scalar>,
    expect: Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BuyerRow {
    #[serde(default)]
    name: String,
    #[serde(default)]
    params: Entries<Scalar>,
    buyer: Entries<Scalar>,
    expect: Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleRow {
    #[serde(default)]
    name: String,
    #[serde(default)]
    params: Entries<Scalar>,
    sale: Entries<Scalar>,
    expect: Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DepositRow {
    #[serde(default)]
    name: String,
    #[serde(default)]
    params: Entries<Scalar>,
    deposit: Entries<Scalar>,
    expect: Scalar,
}

/// Runs every row and reports those that do not hold.
pub fn run(rules: &RuleSet, files: &Files) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| is_test_file(path)) {
        let source = Source::new(path, text);
        match decode::<TestFile>(&source) {
            Ok(file) => run_file(rules, source, &file, &mut problems),
            Err(report) => problems.extend(report.problems),
        }
    }
    problems
}

fn is_test_file(path: &str) -> bool {
    path.ends_with(".yaml") && path.rsplit('/').nth(1) == Some("tests")
}

/// What one row was, for the place and the words of its failure.
struct Row<'a> {
    rules: &'a RuleSet,
    source: Source<'a>,
    table: &'static str,
    item: usize,
    name: &'a str,
}

impl Row<'_> {
    fn fails(&self, key: &str, reason: &str) -> Box<Problem> {
        let path = [Step::from(self.table), Step::from(self.item), Step::from(key)];
        let (line, column) = locate(self.source.text, &path);
        let reason = match self.name {
            "" => reason.to_owned(),
            name => format!("{name}: {reason}"),
        };
        let path = format!("{}[{}].{key}", self.table, self.item);
        Box::new(self.source.problem(line, column, reason).with_path(path))
    }

    fn params(&self, file: &Params, own: &Entries<Scalar>) -> Result<Params, Box<Problem>> {
        pinned(file, own, self.rules.params()).map_err(|reason| self.fails("params", &reason))
    }
}

fn run_file(rules: &RuleSet, source: Source<'_>, file: &TestFile, problems: &mut Vec<Problem>) {
    let params = match pinned(rules.params(), &file.params, rules.params()) {
        Ok(params) => params,
        Err(reason) => {
            let (line, column) = locate(source.text, &[Step::from("params")]);
            problems.push(source.problem(line, column, reason).with_path("params"));
            return;
        }
    };
    for (item, row) in file.price.iter().enumerate() {
        let place = Row { rules, source, table: "price", item, name: &row.name };
        problems.extend(check_price(&place, row, &params).err().map(|problem| *problem));
    }
    for (item, row) in file.next_poll.iter().enumerate() {
        let place = Row { rules, source, table: "next_poll", item, name: &row.name };
        problems.extend(check_poll(&place, row, &params).err().map(|problem| *problem));
    }
    for (item, row) in file.rank.iter().enumerate() {
        let place = Row { rules, source, table: "rank", item, name: &row.name };
        problems.extend(check_rank(&place, row, &params).err().map(|problem| *problem));
    }
    for (item, row) in file.may_buy.iter().enumerate() {
        let place = Row { rules, source, table: "may_buy", item, name: &row.name };
        problems.extend(check_buyer(&place, row, &params).err().map(|problem| *problem));
    }
    for (item, row) in file.refundable.iter().enumerate() {
        let place = Row { rules, source, table: "refundable", item, name: &row.name };
        problems.extend(check_sale(&place, row, &params).err().map(|problem| *problem));
    }
    for (item, row) in file.auto_approve.iter().enumerate() {
        let place = Row { rules, source, table: "auto_approve", item, name: &row.name };
        problems.extend(check_deposit(&place, row, &params).err().map(|problem| *problem));
    }
}

fn check_buyer(place: &Row<'_>, row: &BuyerRow, file: &Params) -> Result<(), Box<Problem>> {
    let params = place.params(file, &row.params)?;
    let buyer = read_buyer(&texts(&row.buyer)).map_err(|reason| place.fails("buyer", &reason))?;
    let got = place
        .rules
        .may_buy_with(&buyer, &params.for_scripts())
        .map_err(ScriptError::into_problem)?;
    let got = match got {
        Verdict::Yes => "true".to_owned(),
        Verdict::No => "false".to_owned(),
        Verdict::Suspicious(reason) => reason,
    };
    let expected = row.expect.0.as_str();
    if got == expected {
        return Ok(());
    }
    Err(place.fails("expect", &format!("expected {expected}, got {got}")))
}

fn check_sale(place: &Row<'_>, row: &SaleRow, file: &Params) -> Result<(), Box<Problem>> {
    let params = place.params(file, &row.params)?;
    let sale = read_sale(&texts(&row.sale)).map_err(|reason| place.fails("sale", &reason))?;
    let expected: bool = row.expect.0.parse().map_err(|_| {
        place.fails("expect", &format!("`{}` is neither true nor false", row.expect.0))
    })?;
    let got = place
        .rules
        .refundable_with(&sale, &params.for_scripts())
        .map_err(ScriptError::into_problem)?;
    if got == expected {
        return Ok(());
    }
    Err(place.fails("expect", &format!("expected {expected}, got {got}")))
}

fn check_deposit(place: &Row<'_>, row: &DepositRow, file: &Params) -> Result<(), Box<Problem>> {
    let params = place.params(file, &row.params)?;
    let deposit = read_deposit(&texts(&row.deposit));
    let deposit = deposit.map_err(|reason| place.fails("deposit", &reason))?;
    let expected: bool = row.expect.0.parse().map_err(|_| {
        place.fails("expect", &format!("`{}` is neither true nor false", row.expect.0))
    })?;
    let got = place.rules.auto_approve_with(&deposit, &params.for_scripts());
    let got = got.map_err(ScriptError::into_problem)?;
    if got == expected {
        return Ok(());
    }
    Err(place.fails("expect", &format!("expected {expected}, got {got}")))
}

fn check_rank(place: &Row<'_>, row: &RankRow, file: &Params) -> Result<(), Box<Problem>> {
    let params = place.params(file, &row.params)?;
    let vendor =
        read_vendor(&texts(&row.vendor)).map_err(|reason| place.fails("vendor", &reason))?;
    let text = row.expect.0.as_str();
    let expected =
        match text {
            "null" | "~" => None,
            _ => Some(Decimal::from_str_exact(text).map_err(|_| {
                place.fails("expect", &format!("`{text}` is no number and not null"))
            })?),
        };
    let got =
        place.rules.rank_with(&vendor, &params.for_scripts()).map_err(ScriptError::into_problem)?;
    if got == expected {
        return Ok(());
    }
    let shown = |rank: Option<Decimal>| rank.map_or("null".to_owned(), |rank| rank.to_string());
    let reason = format!("expected {}, got {}", shown(expected), shown(got));
    Err(place.fails("expect", &reason))
}

fn check_price(place: &Row<'_>, row: &PriceRow, file: &Params) -> Result<(), Box<Problem>> {
    let params = place.params(file, &row.params)?;
    let offer = read_offer(&texts(&row.offer)).map_err(|reason| place.fails("offer", &reason))?;
    let expected: Amount = row.expect.0.parse().map_err(|error| {
        place.fails("expect", &format!("`{}` is no price: {error}", row.expect.0))
    })?;
    let got =
        place.rules.price_with(&offer, &params.for_scripts()).map_err(ScriptError::into_problem)?;
    if got == expected {
        return Ok(());
    }
    let (expected, got) = (dollars(expected), dollars(got));
    Err(place.fails("expect", &format!("expected {expected}, got {got}")))
}

fn check_poll(place: &Row<'_>, row: &PollRow, file: &Params) -> Result<(), Box<Problem>> {
    let params = place.params(file, &row.params)?;
    let order = read_poll(&texts(&row.order)).map_err(|reason| place.fails("order", &reason))?;
    let expected: u32 = row.expect.0.parse().map_err(|_| {
        place.fails("expect", &format!("`{}` is no number of seconds", row.expect.0))
    })?;
    let got = place
        .rules
        .next_poll_with(&order, &params.for_scripts())
        .map_err(ScriptError::into_problem)?;
    if got == expected {
        return Ok(());
    }
    Err(place.fails("expect", &format!("expected {expected}, got {got}")))
}

fn texts(entries: &Entries<Scalar>) -> Vec<(String, String)> {
    entries.0.iter().map(|(name, text)| (name.clone(), text.0.clone())).collect()
}

/// `base` with settings replaced. Services may be invented, other settings must exist.
fn pinned(base: &Params, pins: &Entries<Scalar>, live: &Params) -> Result<Params, String> {
    let mut params = base.clone();
    for (name, text) in &pins.0 {
        if !name.starts_with("services.") && live.get(name).is_none() {
            let names = live.names();
            let hint = closest(name, names.iter().map(String::as_str));
            let hint = hint.map(|known| format!(", did you mean `{known}`?")).unwrap_or_default();
            return Err(format!("unknown setting `{name}`{hint}"));
        }
        params.set(name, Param::read(&text.0));
    }
    Ok(params)
}
