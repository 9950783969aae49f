//! The operator's settings as scripts see them: names in groups, numbers exact. The middle fills
//! them from the configuration; scripts read them as `offer.params.pricing.min_price`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, Position};
use ring4_domain::ids::ServiceKey;
use ring4_domain::money::Amount;
use ring4_yaml::closest;
use rust_decimal::Decimal;

/// Decimals of an amount.
const AMOUNT_SCALE: u32 = 6;

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// Not set; `()` in a script.
    Nothing,
    /// A whole number.
    Int(i64),
    /// An exact decimal; amounts are dollars.
    Number(Decimal),
    /// True or false.
    Flag(bool),
    /// Text.
    Text(String),
    /// Settings under one name.
    Group(Arc<BTreeMap<String, Self>>),
}

impl From<bool> for Param {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Param {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Decimal> for Param {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<Amount> for Param {
    fn from(amount: Amount) -> Self {
        Self::Number(dollars(amount))
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

impl Param {
    /// A setting from text in a test file: null, true, a number, else text.
    pub(crate) fn read(text: &str) -> Self {
        match text {
            "null" | "~" | "" => Self::Nothing,
            "true" => Self::Flag(true),
            "false" => Self::Flag(false),
            _ => match (text.parse::<i64>(), Decimal::from_str_exact(text)) {
                (Ok(number), _) => Self::Int(number),
                (_, Ok(number)) => Self::Number(number),
                _ => Self::Text(text.to_owned()),
            },
        }
    }

    fn to_dynamic(&self) -> Dynamic {
        match self {
            Self::Nothing => Dynamic::UNIT,
            Self::Int(number) => Dynamic::from_int(*number),
            Self::Number(number) => Dynamic::from_decimal(*number),
            Self::Flag(flag) => Dynamic::from_bool(*flag),
            Self::Text(text) => Dynamic::from(text.clone()),
            Self::Group(group) => Dynamic::from(ScriptParams::of(group)),
        }
    }
}

/// An amount as a decimal number of dollars.
pub(crate) fn dollars(amount: Amount) -> Decimal {
    Decimal::new(amount.micros(), AMOUNT_SCALE).normalize()
}

/// All settings of a rule set. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(Arc<BTreeMap<String, Param>>);

impl Params {
    /// Sets a value under a dotted name, such as `services.ring4.margin_percent`; the groups on
    /// the way are made. A later value replaces an earlier one.
    pub fn set(&mut self, name: &str, value: impl Into<Param>) -> &mut Self {
        put(Arc::make_mut(&mut self.0), name, value.into());
        self
    }

    /// The value under a dotted name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Param> {
        let mut group = &self.0;
        let mut steps = name.split('.').peekable();
        while let Some(step) = steps.next() {
            match group.get(step)? {
                found if steps.peek().is_none() => return Some(found),
                Param::Group(inner) => group = inner,
                _ => return None,
            }
        }
        None
    }

    /// The dotted names of all values.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        fn walk(group: &BTreeMap<String, Param>, prefix: &str, names: &mut Vec<String>) {
            for (name, value) in group {
                match value {
                    Param::Group(inner) => walk(inner, &format!("{prefix}{name}."), names),
                    _ => names.push(format!("{prefix}{name}")),
                }
            }
        }
        let mut names = Vec::new();
        walk(&self.0, "", &mut names);
        names
    }

    /// The settings as scripts get them.
    pub(crate) fn for_scripts(&self) -> ScriptParams {
        ScriptParams::of(&self.0)
    }
}

/// Settings inside a script, passed around without a copy. A type of its own and not a map:
/// maps are copied whenever they are passed, and what one call writes the next would not see.
#[derive(Clone, Debug)]
pub(crate) struct ScriptParams(Arc<BTreeMap<String, Dynamic>>);

impl ScriptParams {
    fn of(group: &BTreeMap<String, Param>) -> Self {
        let entries = group.iter().map(|(name, value)| (name.clone(), value.to_dynamic()));
        Self(Arc::new(entries.collect()))
    }

    fn get(&self, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        self.0.get(name).cloned().ok_or_else(|| {
            let hint = closest(name, self.0.keys().map(String::as_str));
            let hint = hint.map(|known| format!(", did you mean `{known}`?"));
            let reason = format!("unknown setting `{name}`{}", hint.unwrap_or_default());
            Box::new(EvalAltResult::ErrorRuntime(reason.into(), Position::NONE))
        })
    }

    /// The settings of one service, for scripts.
    pub(crate) fn of_service(&self, service: &ServiceKey) -> Result<Dynamic, Box<EvalAltResult>> {
        match self.0.get("services").and_then(|services| services.read_lock::<Self>()) {
            Some(services) => services.get(service.as_str()),
            None => self.get("services"),
        }
    }

    /// Lets scripts read groups by property and by index; a misspelt name is an error, never
    /// `()`. rhai falls back to the index for properties that are not registered, but it words
    /// an error first, which is slow; so every name in use has a property of its own.
    pub(crate) fn register(&self, engine: &mut Engine) {
        engine
            .register_type_with_name::<Self>("Params")
            .register_indexer_get(|group: &mut Self, name: &str| group.get(name));
        let mut names = BTreeSet::new();
        self.add_names(&mut names);
        for name in names {
            let key = name.clone();
            engine.register_get(name, move |group: &mut Self| group.get(&key));
        }
    }

    fn add_names(&self, names: &mut BTreeSet<String>) {
        for (name, value) in self.0.iter() {
            names.insert(name.clone());
            if let Some(group) = value.read_lock::<Self>() {
                group.add_names(names);
            }
        }
    }
}

fn put(group: &mut BTreeMap<String, Param>, name: &str, value: Param) {
    let Some((first, rest)) = name.split_once('.') else {
        group.insert(name.to_owned(), value);
        return;
    };
    let entry = group.entry(first.to_owned()).or_insert(Param::Nothing);
    if !matches!(entry, Param::Group(_)) {
        *entry = Param::Group(Arc::default());
    }
    if let Param::Group(inner) = entry {
        put(Arc::make_mut(inner), rest, value);
    }
}
