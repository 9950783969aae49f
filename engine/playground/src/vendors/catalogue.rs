//! What the local vendors sell: services, countries, prices, with the ids each protocol has for
//! them. Only `vendors`.

/// A service, under the id SMSPool uses where one is known.
pub(super) struct Service {
    pub id: u32,
    /// The short code of the sms-activate protocol; ours where none is known.
    pub code: &'static str,
    /// 5sim's name.
    pub product: &'static str,
    /// As listed; some names carry stray blanks and line ends, as the real list does.
    pub name: &'static str,
    /// The cheapest price in the United States, in 1e-4 dollar.
    pub price_e4: i64,
}

/// A country.
pub(super) struct Country {
    pub id: u32,
    /// The number of the sms-activate protocol.
    pub number: u32,
    /// 5sim's name.
    pub slug: &'static str,
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
    service(39, ("am", "amazon"), "Amazon", 1200),
    service(48, ("wx", "apple"), "Apple ", 1500),
    service(329, ("fb", "facebook"), "Facebook\r\n", 1800),
    service(395, ("go", "google"), "Google/Gmail", 2600),
    service(396, ("gf", "googlevoice"), "Google Voice", 5200),
    service(457, ("ig", "instagram"), " Instagram", 1400),
    service(671, ("dr", "openai"), "OpenAI / ChatGPT \n", 3100),
    service(829, ("bw", "signal"), "Signal", 2200),
    service(868, ("mt", "steam"), "Steam", 1000),
    service(907, ("tg", "telegram"), "Telegram", 7800),
    service(924, ("lf", "tiktok"), "TikTok\t", 900),
    service(948, ("tw", "twitter"), "Twitter / X", 1100),
    service(951, ("ub", "uber"), "Uber", 1300),
    service(1012, ("wa", "whatsapp"), "WhatsApp", 6400),
    service(1072, ("mm", "microsoft"), "Microsoft / Outlook ", 800),
    service(1574, ("rg", "ring4"), "Ring4", 2400),
];

pub(super) const COUNTRIES: &[Country] = &[
    country((1, "United States", "US", "North America"), (187, "usa"), ("1", "202555", 10), 100),
    country((2, "United Kingdom", "GB", "Europe"), (16, "england"), ("44", "7700900", 10), 120),
    country((3, "Netherlands", "NL", "Europe"), (48, "netherlands"), ("31", "6", 9), 110),
    country((4, "Russia", "RU", "Europe"), (0, "russia"), ("7", "9", 10), 40),
    country((9, "Indonesia", "ID", "Asia"), (6, "indonesia"), ("62", "8", 10), 30),
    country((12, "Philippines", "PH", "Asia"), (4, "philippines"), ("63", "9", 10), 35),
    country((20, "Malaysia", "MY", "Asia"), (7, "malaysia"), ("60", "1", 9), 45),
    country((21, "Poland", "PL", "Europe"), (15, "poland"), ("48", "5", 9), 70),
    country((23, "France", "FR", "Europe"), (78, "france"), ("33", "6", 9), 130),
    country((24, "Germany", "DE", "Europe"), (43, "germany"), ("49", "15", 10), 150),
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

const fn service(
    id: u32,
    (code, product): (&'static str, &'static str),
    name: &'static str,
    price_e4: i64,
) -> Service {
    Service { id, code, product, name, price_e4 }
}

const fn country(
    (id, name, iso, region): (u32, &'static str, &'static str, &'static str),
    (number, slug): (u32, &'static str),
    (calling_code, number_prefix, national_digits): (&'static str, &'static str, usize),
    price_percent: i64,
) -> Country {
    Country {
        id,
        number,
        slug,
        name,
        iso,
        region,
        calling_code,
        number_prefix,
        national_digits,
        price_percent,
    }
}

/// A service by SMSPool's id or name.
pub(super) fn service_named(given: &str) -> Option<&'static Service> {
    let given = given.trim();
    SERVICES.iter().find(|service| {
        service.id.to_string() == given || service.name.trim().eq_ignore_ascii_case(given)
    })
}

/// A country by SMSPool's id, name or ISO code.
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
