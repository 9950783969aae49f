//! The rule set: built from files in memory, proven, immutable. The middle holds it behind one
//! `Arc` and swaps it whole.

use std::collections::BTreeMap;

use ring4_domain::ids::RulesVersion;
use ring4_domain::money::{Amount, MICROS_PER_DOLLAR};
use ring4_yaml::{Problem, Report, closest};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use sha2::{Digest, Sha256};

use crate::facts::{Offer, PollFacts, ScriptOffer, ScriptPoll, ScriptVendor, VendorFacts};
use crate::messages::{KeySpec, Texts};
use crate::params::{Params, ScriptParams};
use crate::policy::{BuyerFacts, DepositFacts, SaleFacts, Verdict};
use crate::sandbox::{Sandbox, number_of};
use crate::script::{Script, ScriptError};
use crate::{proof, script_tests};

/// Relative path, as reports name it, to text.
pub type Files = BTreeMap<String, String>;

/// A script that must be there, with the functions the engine calls in it.
const SCRIPTS: &[(&str, &[&str])] = &[
    ("pricing.rhai", &[PRICE]),
    ("polling.rhai", &[NEXT_POLL]),
    ("routing.rhai", &[RANK]),
    ("policy.rhai", &[MAY_BUY, REFUNDABLE]),
];

const PRICE: &str = "price";
const NEXT_POLL: &str = "next_poll";
const RANK: &str = "rank";
const MAY_BUY: &str = "may_buy";
const REFUNDABLE: &str = "refundable";
const AUTO_APPROVE: &str = "auto_approve";

/// Functions that a script may have or not, but not with other parameters: what looks like a
/// stricter rule must not be passed over.
const OPTIONAL: &[(&str, &str)] = &[("policy.rhai", AUTO_APPROVE)];

/// The longest reason for suspicion, in characters.
const REASON_CHARS_MAX: usize = 200;

/// What a rule set is built from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Every file of the rule set, `config.yaml` included so that the version covers it.
    pub files: &'a Files,
    /// The operator's settings, from the configuration.
    pub params: &'a Params,
    /// Every text the engine may say.
    pub keys: &'a [KeySpec],
    /// The language of whoever speaks none of `languages`.
    pub default_language: &'a str,
    /// The languages that must be there.
    pub languages: &'a [String],
    /// Offers of the day, on which prices are tried; samples of every service come on top.
    pub catalogue: &'a [Offer],
}

/// A proven rule set.
#[derive(Debug)]
pub struct RuleSet {
    version: RulesVersion,
    params: Params,
    script_params: ScriptParams,
    sandbox: Sandbox,
    pricing: Script,
    polling: Script,
    routing: Script,
    policy: Script,
    texts: Texts,
}

impl RuleSet {
    /// Builds and proves a rule set: scripts compile and have their functions, message packs are
    /// complete, the scripts' and the operator's tests pass, sample prices make sense.
    ///
    /// Takes some milliseconds; on an executor's thread it belongs into `spawn_blocking`.
    ///
    /// # Errors
    /// Everything that is wrong, as far as it can be known at once.
    pub fn build(sources: Sources<'_>) -> Result<Self, Report> {
        let mut report = Report::default();
        let script_params = sources.params.for_scripts();
        let sandbox = Sandbox::new(&script_params);
        let mut scripts = compile_all(&sandbox, sources.files, &mut report);
        let texts = match Texts::build(
            sources.files,
            sources.keys,
            sources.default_language,
            sources.languages,
        ) {
            Ok(texts) => Some(texts),
            Err(found) => {
                report.problems.extend(found.problems);
                None
            }
        };
        let (Some(texts), Some(policy), Some(routing), Some(polling), Some(pricing)) =
            (texts, scripts.pop(), scripts.pop(), scripts.pop(), scripts.pop())
        else {
            return Err(report);
        };
        let version = version_of(sources.files);
        let params = sources.params.clone();
        let rules = Self {
            version,
            params,
            script_params,
            sandbox,
            pricing,
            polling,
            routing,
            policy,
            texts,
        };
        let tests = script_tests::run(&rules, sources.files);
        report.problems.extend(tests);
        report.problems.extend(proof::run(&rules, sources.catalogue));
        report.or(rules)
    }

    /// The first eight bytes of the SHA-256 over all files.
    #[must_use]
    pub const fn version(&self) -> RulesVersion {
        self.version
    }

    /// The message packs.
    #[must_use]
    pub const fn texts(&self) -> &Texts {
        &self.texts
    }

    /// What `pricing.rhai` proposes for an offer, rounded up to a micro-dollar; above zero.
    ///
    /// # Errors
    /// The script failed or answered what is no price.
    pub fn price(&self, offer: &Offer) -> Result<Amount, ScriptError> {
        self.price_with(offer, &self.script_params)
    }

    /// In how many seconds `polling.rhai` wants the vendor to be asked next; at least 1.
    ///
    /// # Errors
    /// The script failed or answered what is no delay.
    pub fn next_poll(&self, facts: &PollFacts) -> Result<u32, ScriptError> {
        self.next_poll_with(facts, &self.script_params)
    }

    /// Where `routing.rhai` puts a vendor among those who may serve an offer: the least comes
    /// first, `None` is not asked at all.
    ///
    /// # Errors
    /// The script failed or answered what is no rank.
    pub fn rank(&self, vendor: &VendorFacts) -> Result<Option<Decimal>, ScriptError> {
        self.rank_with(vendor, &self.script_params)
    }

    /// Whether `policy.rhai` lets a customer buy.
    ///
    /// # Errors
    /// The script failed or answered what is no verdict.
    pub fn may_buy(&self, buyer: &BuyerFacts) -> Result<Verdict, ScriptError> {
        self.may_buy_with(buyer, &self.script_params)
    }

    /// Whether `policy.rhai` lets the customer ask for the money of an order.
    ///
    /// # Errors
    /// The script failed or answered neither yes nor no.
    pub fn refundable(&self, sale: &SaleFacts) -> Result<bool, ScriptError> {
        self.refundable_with(sale, &self.script_params)
    }

    /// Whether `policy.rhai` would credit a deposit without an admin, where it says anything about
    /// that: one written before it could be asked does not, and the settings alone count.
    ///
    /// # Errors
    /// The script failed or answered neither yes nor no.
    pub fn auto_approve(&self, deposit: &DepositFacts) -> Result<bool, ScriptError> {
        self.auto_approve_with(deposit, &self.script_params)
    }

    /// Whether `policy.rhai` is asked about deposits at all.
    #[must_use]
    pub fn judges_deposits(&self) -> bool {
        self.policy.has(AUTO_APPROVE)
    }

    pub(crate) fn auto_approve_with(
        &self,
        deposit: &DepositFacts,
        params: &ScriptParams,
    ) -> Result<bool, ScriptError> {
        if !self.judges_deposits() {
            return Ok(true);
        }
        let answer = self.policy.call(&self.sandbox, AUTO_APPROVE, (deposit.map(params),))?;
        answer.as_bool().map_err(|kind| {
            let reason = format!("`auto_approve` answered with {kind}, not with true or false");
            self.policy.unusable(AUTO_APPROVE, reason)
        })
    }

    pub(crate) fn may_buy_with(
        &self,
        buyer: &BuyerFacts,
        params: &ScriptParams,
    ) -> Result<Verdict, ScriptError> {
        let answer = self.policy.call(&self.sandbox, MAY_BUY, (buyer.map(params),))?;
        if let Ok(yes) = answer.as_bool() {
            return Ok(if yes { Verdict::Yes } else { Verdict::No });
        }
        let kind = answer.type_name();
        match answer.into_string() {
            Ok(reason) => Ok(Verdict::Suspicious(reason.chars().take(REASON_CHARS_MAX).collect())),
            Err(_) => {
                let reason =
                    format!("`may_buy` answered with {kind}, not with true, false or a text");
                Err(self.policy.unusable(MAY_BUY, reason))
            }
        }
    }

    pub(crate) fn refundable_with(
        &self,
        sale: &SaleFacts,
        params: &ScriptParams,
    ) -> Result<bool, ScriptError> {
        let answer = self.policy.call(&self.sandbox, REFUNDABLE, (sale.map(params),))?;
        answer.as_bool().map_err(|kind| {
            let reason = format!("`refundable` answered with {kind}, not with true or false");
            self.policy.unusable(REFUNDABLE, reason)
        })
    }

    pub(crate) fn rank_with(
        &self,
        vendor: &VendorFacts,
        params: &ScriptParams,
    ) -> Result<Option<Decimal>, ScriptError> {
        let vendor = ScriptVendor::new(vendor, params);
        let answer = self.routing.call(&self.sandbox, RANK, (vendor,))?;
        if answer.is_unit() {
            return Ok(None);
        }
        number_of(&answer).map(Some).ok_or_else(|| {
            let kind = answer.type_name();
            let reason = format!("`rank` answered with {kind}, not with a number or ()");
            self.routing.unusable(RANK, reason)
        })
    }

    pub(crate) fn price_with(
        &self,
        offer: &Offer,
        params: &ScriptParams,
    ) -> Result<Amount, ScriptError> {
        let offer = ScriptOffer::new(offer, params);
        let answer = self.pricing.call(&self.sandbox, PRICE, (offer,))?;
        let unusable = |reason: String| self.pricing.unusable(PRICE, reason);
        let Some(price) = number_of(&answer) else {
            let kind = answer.type_name();
            return Err(unusable(format!("`price` answered with {kind}, not with a number")));
        };
        if price <= Decimal::ZERO {
            return Err(unusable(format!("`price` answered {price}, which is not above 0")));
        }
        // A customer's price is rounded up, as everywhere.
        price
            .checked_mul(Decimal::from(MICROS_PER_DOLLAR))
            .and_then(|micros| micros.ceil().to_i64())
            .map(Amount::from_micros)
            .ok_or_else(|| unusable(format!("`price` answered {price}, which is no amount")))
    }

    pub(crate) fn next_poll_with(
        &self,
        facts: &PollFacts,
        params: &ScriptParams,
    ) -> Result<u32, ScriptError> {
        let order = ScriptPoll::new(facts, params);
        let answer = self.polling.call(&self.sandbox, NEXT_POLL, (order,))?;
        let unusable = |reason: String| self.polling.unusable(NEXT_POLL, reason);
        let Some(secs) = number_of(&answer) else {
            let kind = answer.type_name();
            return Err(unusable(format!("`next_poll` answered with {kind}, not with a number")));
        };
        secs.ceil().to_u32().filter(|secs| *secs > 0).ok_or_else(|| {
            unusable(format!("`next_poll` answered {secs}, which is no delay of 1 s or more"))
        })
    }

    pub(crate) const fn params(&self) -> &Params {
        &self.params
    }

    /// Runs the `test_*` functions of every script.
    pub(crate) fn run_own_tests(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for script in [&self.pricing, &self.polling, &self.routing, &self.policy] {
            for test in script.tests() {
                if let Err(error) = script.call(&self.sandbox, test, ()) {
                    problems.push(error.into_problem().with_path(test));
                }
            }
        }
        problems
    }
}

/// The scripts in the order of `SCRIPTS`, or fewer with problems reported.
fn compile_all(sandbox: &Sandbox, files: &Files, report: &mut Report) -> Vec<Script> {
    let mut scripts = Vec::new();
    for (name, functions) in SCRIPTS {
        let file = files.iter().find(|(path, _)| file_name(path) == *name);
        let Some((path, text)) = file else {
            report.problems.push(Problem::whole_file(*name, "is missing"));
            continue;
        };
        match Script::compile(&sandbox.engine, path, text) {
            Ok(script) => {
                let optional = OPTIONAL.iter().filter(|(of, _)| of == name);
                let optional = optional.map(|(_, function)| function);
                let optional = optional.filter(|function| script.has(function));
                let mut called = functions.iter().chain(optional);
                let lacks = called.find_map(|function| script.lacks(function, 1));
                match lacks {
                    Some(problem) => report.problems.push(problem),
                    None => scripts.push(script),
                }
            }
            Err(error) => report.problems.push(*error.into_problem()),
        }
    }
    for path in files.keys().filter(|path| path.ends_with(".rhai")) {
        let name = file_name(path);
        let mut known = SCRIPTS.iter().map(|(script, _)| *script);
        if !known.clone().any(|script| script == name) {
            let problem = Problem::whole_file(path, "no script of this name is called");
            let hint = closest(name, known.clone()).map_or_else(
                || format!("known scripts: {}", known.by_ref().collect::<Vec<_>>().join(", ")),
                |candidate| format!("did you mean `{candidate}`?"),
            );
            report.problems.push(problem.with_hint(hint));
        }
    }
    if scripts.len() < SCRIPTS.len() { Vec::new() } else { scripts }
}

pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The version of these files: the first eight bytes of the SHA-256 over all of them.
#[must_use]
pub fn version_of(files: &Files) -> RulesVersion {
    let mut hash = Sha256::new();
    for (path, text) in files {
        // Lengths keep two different sets of files from running together into one text.
        for part in [path, text] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let digest = hash.finalize();
    let mut version = [0; 8];
    for (place, byte) in version.iter_mut().zip(digest) {
        *place = byte;
    }
    RulesVersion(version)
}
