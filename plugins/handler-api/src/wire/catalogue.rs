//! Services and countries as these vendors list them. Countries have numbers of the vendor's own
//! and no ISO codes, so they are found by their English names.

use std::collections::BTreeMap;

use ring4_provider_sdk::scalar::{Scalar, member};
use ring4_provider_sdk::{Country, ProviderError, Response, Service};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::{Good, read};
use super::unreadable;
use crate::countries::iso_by_name;

/// A vendor's country numbers by ISO code and back.
#[derive(Clone, Debug, Default)]
pub struct Countries {
    by_iso: BTreeMap<String, String>,
    by_id: BTreeMap<String, String>,
}

impl Countries {
    /// From the vendor's list. Of two rows for one country the first one counts.
    #[must_use]
    pub fn of(rows: &[Country]) -> Self {
        let mut countries = Self::default();
        for row in rows {
            let id =
                countries.by_iso.entry(row.iso.clone()).or_insert_with(|| row.vendor_id.clone());
            if *id == row.vendor_id {
                countries.by_id.insert(row.vendor_id.clone(), row.iso.clone());
            }
        }
        countries
    }

    /// The vendor's number.
    #[must_use]
    pub fn id(&self, iso: &str) -> Option<&str> {
        self.by_iso.get(iso).map(String::as_str)
    }

    /// The ISO code of a vendor's number.
    #[must_use]
    pub fn iso(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }
}

/// The rows of a list, or of an object with the key each one stands under.
fn rows(json: &str) -> Option<Vec<(String, &str)>> {
    if json.starts_with('[') {
        let rows: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        return Some(rows.into_iter().map(|row| (String::new(), row.get())).collect());
    }
    let rows: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    Some(rows.into_iter().map(|(key, row)| (key, row.get())).collect())
}

/// The rows that make sense; `None` where there are rows and none of them does, because a list
/// of something else must not look like a vendor that sells nothing.
fn known<'a, T>(
    rows: Vec<(String, &'a str)>,
    read: impl Fn((String, &'a str)) -> Option<T>,
) -> Option<Vec<T>> {
    let empty = rows.is_empty();
    let known: Vec<T> = rows.into_iter().filter_map(read).collect();
    (empty || !known.is_empty()).then_some(known)
}

/// `getCountries`: an object by number, or a list; a row is an object or a bare name. Countries
/// whose name we do not know are left out, "USA (virtual)" among them.
///
/// # Errors
/// The vendor refused, or this is no list of countries.
pub fn countries(response: &Response) -> Result<Vec<Country>, ProviderError> {
    #[derive(Default, Deserialize)]
    struct Row {
        #[serde(default)]
        id: Scalar,
        #[serde(default)]
        eng: Scalar,
        #[serde(default)]
        name: Scalar,
    }
    let Good::Json(json) = read(response)? else {
        return Err(unreadable("the answer is no list of countries"));
    };
    let rows = rows(json).ok_or_else(|| unreadable("the answer is no list of countries"))?;
    let country = |(key, raw): (String, &str)| {
        let row = match raw.starts_with('{') {
            true => serde_json::from_str(raw).ok()?,
            false => Row { name: serde_json::from_str(raw).ok()?, ..Row::default() },
        };
        let name = row.eng.some().or(row.name.some())?;
        let vendor_id = row.id.some().map_or(key, str::to_owned);
        let iso = iso_by_name(name)?.to_owned();
        (!vendor_id.is_empty()).then(|| Country { vendor_id, iso, name: name.to_owned() })
    };
    known(rows, country).ok_or_else(|| unreadable("no row is a country"))
}

/// `getServicesList`: `services` as a list of rows or as names by code.
///
/// # Errors
/// The vendor refused, or this is no list of services.
pub fn services(response: &Response) -> Result<Vec<Service>, ProviderError> {
    #[derive(Default, Deserialize)]
    struct Row {
        #[serde(default)]
        code: Scalar,
        #[serde(default)]
        name: Scalar,
    }
    let Good::Json(json) = read(response)? else {
        return Err(unreadable("the answer is no list of services"));
    };
    let list = if json.starts_with('[') { Some(json) } else { member(json, "services") };
    let rows = list.and_then(rows).ok_or_else(|| unreadable("the answer lists no services"))?;
    let service = |(key, raw): (String, &str)| {
        let row = match raw.starts_with('{') {
            true => serde_json::from_str(raw).ok()?,
            false => Row { name: serde_json::from_str(raw).ok()?, ..Row::default() },
        };
        let vendor_id = row.code.some().map_or(key, str::to_owned);
        let name = row.name.some()?.to_owned();
        (!vendor_id.is_empty()).then_some(Service { vendor_id, name })
    };
    known(rows, service).ok_or_else(|| unreadable("no row is a service"))
}
