//! What the local SMSPool sells: services, countries, pools, prices. Only `smspool`.

/// A service, under the id SMSPool uses where one is known.
pub(super) struct Service {
    pub id: u32,
    /// As listed; some names carry stray blanks and line ends, as the real list does.
    pub name: &'static str,
    /// The cheapest price in the United States, in 1e-4 dollar.
    pub price_e4: i64,
}

/// A country.
pub(super) struct Country {
    pub id: u32,
    pub name: &'static str,
    pub iso: &'static str,
    pub region: &'static str,
    /// The calling code.
    pub calling_code: &'static str,
    /// How national numbers begin here: ranges kept for fiction where there are some.
    pub number_prefix: &'static str,
    /// How many digits a national number has.
    pub national_digits: usize,
    /// The price here, in percent of the price in the United States.
    pub price_percent: i64,
}

/// A pool of numbers.
pub(super) struct Pool {
    pub id: u32,
    pub name: &'static str,
}

pub(super) const SERVICES: &[Service] = &[
    Service { id: 39, name: "Amazon", price_e4: 1200 },
    Service { id: 48, name: "Apple ", price_e4: 1500 },
    Service { id: 329, name: "Facebook\r\n", price_e4: 1800 },
    Service { id: 395, name: "Google/Gmail", price_e4: 2600 },
    Service { id: 396, name: "Google Voice", price_e4: 5200 },
    Service { id: 457, name: " Instagram", price_e4: 1400 },
    Service { id: 671, name: "OpenAI / ChatGPT \n", price_e4: 3100 },
    Service { id: 829, name: "Signal", price_e4: 2200 },
    Service { id: 868, name: "Steam", price_e4: 1000 },
    Service { id: 907, name: "Telegram", price_e4: 7800 },
    Service { id: 924, name: "TikTok\t", price_e4: 900 },
    Service { id: 948, name: "Twitter / X", price_e4: 1100 },
    Service { id: 951, name: "Uber", price_e4: 1300 },
    Service { id: 1012, name: "WhatsApp", price_e4: 6400 },
    Service { id: 1072, name: "Microsoft / Outlook ", price_e4: 800 },
    Service { id: 1574, name: "Ring4", price_e4: 2400 },
];

pub(super) const COUNTRIES: &[Country] = &[
    country((1, "United States", "US", "North America"), ("1", "202555", 10), 100),
    country((2, "United Kingdom", "GB", "Europe"), ("44", "7700900", 10), 120),
    country((3, "Netherlands", "NL", "Europe"), ("31", "6", 9), 110),
    country((4, "Russia", "RU", "Europe"), ("7", "9", 10), 40),
    country((9, "Indonesia", "ID", "Asia"), ("62", "8", 10), 30),
    country((12, "Philippines", "PH", "Asia"), ("63", "9", 10), 35),
    country((20, "Malaysia", "MY", "Asia"), ("60", "1", 9), 45),
    country((21, "Poland", "PL", "Europe"), ("48", "5", 9), 70),
    country((23, "France", "FR", "Europe"), ("33", "6", 9), 130),
    country((24, "Germany", "DE", "Europe"), ("49", "15", 10), 150),
];

/// The pool that is cheapest, and the one that is dearer and better.
pub(super) const POOLS: &[Pool] = &[
    Pool { id: 0, name: "Default" },
    Pool { id: CHEAP_POOL, name: "Foxtrot" },
    Pool { id: DEAR_POOL, name: "Lima" },
];

pub(super) const CHEAP_POOL: u32 = 7;
pub(super) const DEAR_POOL: u32 = 11;

/// What the dear pool costs, in percent of the cheap one.
const DEAR_PERCENT: i64 = 125;

const fn country(
    (id, name, iso, region): (u32, &'static str, &'static str, &'static str),
    (calling_code, number_prefix, national_digits): (&'static str, &'static str, usize),
    price_percent: i64,
) -> Country {
    Country { id, name, iso, region, calling_code, number_prefix, national_digits, price_percent }
}

/// A service by id or name.
pub(super) fn service(given: &str) -> Option<&'static Service> {
    let given = given.trim();
    SERVICES.iter().find(|service| {
        service.id.to_string() == given || service.name.trim().eq_ignore_ascii_case(given)
    })
}

/// A country by id, name or ISO code.
pub(super) fn country_named(given: &str) -> Option<&'static Country> {
    let given = given.trim();
    COUNTRIES.iter().find(|country| {
        country.id.to_string() == given
            || country.iso.eq_ignore_ascii_case(given)
            || country.name.eq_ignore_ascii_case(given)
    })
}

/// The price of a service in a country from a pool, in 1e-4 dollar. `listed_e4` replaces the
/// catalogue's price.
pub(super) fn price_e4(
    service: &Service,
    country: &Country,
    pool: u32,
    listed_e4: Option<i64>,
) -> i64 {
    let base = listed_e4.unwrap_or(service.price_e4);
    let cheap = base.saturating_mul(country.price_percent) / 100;
    let price = if pool == DEAR_POOL { cheap.saturating_mul(DEAR_PERCENT) / 100 } else { cheap };
    price.max(1)
}

/// How often codes arrive, in percent; a fixed figure per service and country is enough for play.
pub(super) fn success_percent(service: &Service, country: &Country) -> u32 {
    100 - (service.id + country.id) % 13
}
