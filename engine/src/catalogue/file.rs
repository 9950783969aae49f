//! A vendor's catalogue as it was last read, `catalogues/<vendor>.json` in the data folder. It can
//! always be read anew, so one that is damaged or missing is nobody's loss. Only `catalogue` uses
//! this.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use ring4_domain::ids::{ProviderId, Timestamp};
use ring4_providers::{Catalogue, CatalogueCountry, CatalogueService};
use serde_json::{Value, json};

use super::Dated;

/// The longest file that is read, in bytes; a vendor's names take about 60 KB.
const LEN_MAX: u64 = 16 * 1024 * 1024;

/// The catalogue of this vendor, if one was kept.
pub(super) fn read(folder: &Path, provider: &ProviderId) -> Option<Dated> {
    let path = folder.join(format!("{provider}.json"));
    let text = File::open(&path).and_then(|file| {
        let mut text = String::new();
        file.take(LEN_MAX).read_to_string(&mut text)?;
        Ok(text)
    });
    match text {
        Ok(text) => {
            let dated = parse(&text);
            if dated.is_none() {
                tracing::warn!(path = %path.display(), "a kept catalogue makes no sense");
            }
            dated
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a kept catalogue was not read");
            None
        }
    }
}

/// Keeps it. Not synced: what a power cut takes is read anew.
pub(super) fn write(folder: &Path, provider: &ProviderId, dated: &Dated) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = folder.join(format!("{provider}.part"));
    File::create(&beside)?.write_all(format(dated).as_bytes())?;
    fs::rename(&beside, folder.join(format!("{provider}.json")))
}

fn format(dated: &Dated) -> String {
    let services = dated.catalogue.services.iter().map(|row| json!([row.vendor_id, row.name]));
    let countries = dated.catalogue.countries.iter();
    let countries = countries.map(|row| json!([row.vendor_id, row.country.to_string(), row.name]));
    json!({
        "read_at_ms": dated.read_at.0,
        "services": services.collect::<Vec<_>>(),
        "countries": countries.collect::<Vec<_>>(),
    })
    .to_string()
}

fn parse(text: &str) -> Option<Dated> {
    let kept: Value = serde_json::from_str(text).ok()?;
    let cell = |row: &Value, place: usize| Some(row.get(place)?.as_str()?.to_owned());
    let service =
        |row: &Value| Some(CatalogueService { vendor_id: cell(row, 0)?, name: cell(row, 1)? });
    let country = |row: &Value| {
        let country = cell(row, 1)?.parse().ok()?;
        Some(CatalogueCountry { vendor_id: cell(row, 0)?, country, name: cell(row, 2)? })
    };
    let rows = |name: &str| kept.get(name)?.as_array();
    let services = rows("services")?.iter().map(service).collect::<Option<_>>()?;
    let countries = rows("countries")?.iter().map(country).collect::<Option<_>>()?;
    let read_at = Timestamp(kept.get("read_at_ms")?.as_i64()?);
    Some(Dated { read_at, catalogue: Catalogue { services, countries } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_noise_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("catalogues");
        let provider: ProviderId = "smspool".parse().expect("an id");
        assert_eq!(read(&folder, &provider), None);
        let service =
            CatalogueService { vendor_id: "1574".to_owned(), name: "Ring4 “new”".to_owned() };
        let country = CatalogueCountry {
            vendor_id: "1".to_owned(),
            country: "US".parse().expect("a country"),
            name: "United States".to_owned(),
        };
        let catalogue = Catalogue { services: vec![service], countries: vec![country] };
        let dated = Dated { read_at: Timestamp(1_799_000_000_123), catalogue };
        write(&folder, &provider, &dated).expect("kept");
        assert_eq!(read(&folder, &provider), Some(dated));
        for noise in ["", "{}", "[]", r#"{"read_at_ms":1,"services":[["1"]],"countries":[]}"#] {
            fs::write(folder.join("smspool.json"), noise).expect("a written file");
            assert_eq!(read(&folder, &provider), None, "{noise}");
        }
    }
}
