//! Good answers of one vendor, as the plugin's author wrote them down, and the wrong ones that
//! the kit makes of them: drifted types, missing fields, unknown states, cut bodies, other
//! prices, duplicates, a clock that is off. The crate's root imports this.

mod drift;
mod expect;

use std::path::Path;

use ring4_domain::ids::Country;
use ring4_domain::money::Amount;
use ring4_providers::BuyRequest;
use serde::Deserialize;
use serde_json::Value;

use self::drift::Drift;
pub(crate) use self::expect::Expect;
use crate::ask::Ask;
use crate::server::Reply;
use crate::trial::{self, NOW_MS, Rule, Trial};

/// The largest file of samples, in bytes.
const FILE_LEN_MAX: usize = 1024 * 1024;

/// How far a clock is off, in milliseconds: a wrong time zone.
const CLOCK_OFF_MS: i64 = 5 * 3_600 * 1_000;

/// The cap of purchases from samples, which have prices of their own.
const CAP: Amount = Amount::from_micros(1_000_000_000);

/// What an author writes down; see the SDK's guide.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Samples {
    /// What the fields mean, for readers.
    #[serde(rename = "about")]
    _about: String,
    /// The plugin's settings for the checks.
    settings: Value,
    /// The vendor's id of the service that is bought.
    service: Option<String>,
    /// Where.
    country: Option<String>,
    /// Answers, each with what a plugin must make of it.
    samples: Vec<Sample>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    ask: String,
    /// The order that is asked about.
    #[serde(default)]
    order: Option<String>,
    answers: Vec<Recorded>,
    expect: Expect,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    json: Option<Value>,
    #[serde(default)]
    text: Option<String>,
}

const fn ok() -> u16 {
    200
}

/// What is wrong with a file of samples.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// It cannot be read.
    #[error("samples {path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        error: std::io::Error,
    },
    /// It is not what is meant.
    #[error("samples {path}: {reason}")]
    Wrong {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
}

impl Samples {
    /// Reads a file of samples.
    ///
    /// # Errors
    /// It cannot be read, or says something that no sample says.
    pub fn read(path: &Path) -> Result<Self, SamplesError> {
        let name = || path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| SamplesError::Unreadable { path: name(), error })?;
        Self::parse(&text).map_err(|reason| SamplesError::Wrong { path: name(), reason })
    }

    /// Reads samples from their text.
    ///
    /// # Errors
    /// What is wrong, on one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > FILE_LEN_MAX {
            return Err(format!("more than {FILE_LEN_MAX} bytes"));
        }
        let samples: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for sample in &samples.samples {
            if Ask::of(&sample.ask).is_none() {
                let known: Vec<_> = Ask::ALL.iter().map(|ask| ask.word()).collect();
                return Err(format!("`{}` is none of {}", sample.ask, known.join(", ")));
            }
            let whole = |answer: &Recorded| answer.json.is_some() != answer.text.is_some();
            if sample.answers.is_empty() || !sample.answers.iter().all(whole) {
                return Err(format!("a sample of `{}` has no `json` or `text`", sample.ask));
            }
            sample.expect.check().map_err(|word| format!("`{word}` cannot be expected"))?;
        }
        if let Some(country) = &samples.country {
            let country: Result<Country, _> = country.parse();
            country.map_err(|_| "country is not two upper-case letters".to_owned())?;
        }
        Ok(samples)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The plugin's settings for the checks; null where none are given.
    #[must_use]
    pub const fn settings(&self) -> &Value {
        &self.settings
    }

    fn want(&self) -> BuyRequest {
        let want = trial::want();
        let country = self.country.as_ref().and_then(|country| country.parse().ok());
        BuyRequest {
            service: self.service.clone().unwrap_or(want.service),
            country: country.unwrap_or(want.country),
            max_price: CAP,
        }
    }
}

/// Every sample as it is and in every way it may come differently.
pub(crate) fn trials(samples: &Samples) -> Vec<Trial> {
    let mut trials = Vec::new();
    for sample in &samples.samples {
        let Some(ask) = Ask::of(&sample.ask) else { continue };
        let maker = Maker { ask, sample, want: samples.want() };
        maker.make(&mut trials);
    }
    trials
}

struct Maker<'a> {
    ask: Ask,
    sample: &'a Sample,
    want: BuyRequest,
}

impl Maker<'_> {
    fn make(&self, trials: &mut Vec<Trial>) {
        let expect = &self.sample.expect;
        let last = self.sample.answers.last();
        trials.push(self.trial("a good answer", None, expect.exactly()));
        for (hours, off) in [("behind", -CLOCK_OFF_MS), ("ahead", CLOCK_OFF_MS)] {
            let name = format!("a clock 5 h {hours}");
            let trial = self.trial(&name, None, expect.exactly());
            trials.push(Trial { now_ms: NOW_MS + off, ..trial });
        }
        let body = last.map(Recorded::body).unwrap_or_default();
        let cut = Reply::CutDuring(body.clone().into_bytes());
        trials.push(self.trial("cut off at the end", Some(cut), expect.nothing_learnt()));
        let failing = Reply::with(500, "application/json", body.clone());
        trials.push(self.trial(
            "a good answer with 500",
            Some(failing),
            expect.never_otherwise(CAP),
        ));
        let Some(json) = last.and_then(|answer| answer.json.as_ref()) else { return };
        let status = last.map_or(200, |answer| answer.status);
        let reply = |body: String| Some(Reply::with(status, "application/json", body));
        for part in [1, 2, 3] {
            let name = format!("cut after {part}/4");
            let mut end = body.len() * part / 4;
            while !body.is_char_boundary(end) {
                end -= 1;
            }
            let start = body.get(..end).unwrap_or_default().to_owned();
            trials.push(self.trial(&name, reply(start), expect.nothing_learnt()));
        }
        for Drift { name, body, meaning } in drift::all(json, expect, self.ask) {
            let rule = match meaning {
                drift::Meaning::Same => expect.exactly(),
                drift::Meaning::Costs(amount) => expect.with_amount(&amount).exactly(),
                drift::Meaning::Less => expect.never_otherwise(CAP),
                drift::Meaning::UnknownState => expect.never_final(),
            };
            trials.push(self.trial(&name, reply(body), rule));
        }
    }

    /// One check with the last answer replaced.
    fn trial(&self, name: &str, last: Option<Reply>, rule: Rule) -> Trial {
        let mut replies: Vec<Reply> = self.sample.answers.iter().map(Recorded::reply).collect();
        if let (Some(place), Some(last)) = (replies.last_mut(), last) {
            *place = last;
        }
        let state = self.sample.expect.word();
        let trial = Trial::new(self.ask, &format!("sample {state}, {name}"), replies, rule);
        let order = self.sample.order.clone().unwrap_or_else(|| trial.order.clone());
        Trial { want: self.want.clone(), order, ..trial }
    }
}

impl Recorded {
    fn body(&self) -> String {
        match (&self.json, &self.text) {
            (Some(json), _) => json.to_string(),
            (None, text) => text.clone().unwrap_or_default(),
        }
    }

    fn reply(&self) -> Reply {
        let kind = if self.json.is_some() { "application/json" } else { "text/plain" };
        Reply::with(self.status, kind, self.body())
    }
}
