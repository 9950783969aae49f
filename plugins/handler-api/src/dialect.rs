//! Who speaks the protocol, and how each of them differs: one record per vendor, and nowhere else
//! a vendor's name. Only this crate.

/// The first or the second form of an answer: text, or JSON with more in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Words and colons.
    Text,
    /// An object; some vendors fall back to text, which is read as well.
    Json,
}

/// How one vendor speaks the protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialect {
    /// As the operator writes it.
    pub name: &'static str,
    /// Where the vendor lives.
    pub base_url: &'static str,
    /// The currency of its account and prices unless the operator names another.
    pub currency: &'static str,
    /// The account's currency is sent along as its ISO 4217 number.
    pub sends_currency: bool,
    /// How the highest price is called.
    pub cap: &'static str,
    /// How a purchase is answered; text names no price.
    pub purchase: Form,
    /// How a state is answered; text has no more than the code.
    pub state: Form,
    /// One call lists all active orders.
    pub lists_active: bool,
    /// `BAD_ACTION` also stands for failures inside the vendor.
    pub bad_action_is_vague: bool,
}

/// The longest time that a cancel is refused at any of these vendors, in seconds.
pub const CANCEL_LOCK_SECS: u32 = 120;

/// The path below every vendor's address.
pub const PATH: &str = "/stubs/handler_api.php";

const PLAIN: Dialect = Dialect {
    name: "",
    base_url: "",
    currency: "USD",
    sends_currency: false,
    cap: "maxPrice",
    purchase: Form::Json,
    state: Form::Text,
    lists_active: true,
    bad_action_is_vague: false,
};

/// All vendors. The facts come from their published documents and from public clients.
pub const DIALECTS: [Dialect; 5] = [
    Dialect { name: "herosms", base_url: "https://hero-sms.com", state: Form::Json, ..PLAIN },
    Dialect { name: "grizzlysms", base_url: "https://api.grizzlysms.com", ..PLAIN },
    Dialect {
        name: "smsbower",
        base_url: "https://smsbower.page",
        // A lost purchase cannot be found again there; the engine holds the money meanwhile.
        lists_active: false,
        ..PLAIN
    },
    Dialect {
        name: "tigersms",
        base_url: "https://api.tiger-sms.com",
        bad_action_is_vague: true,
        ..PLAIN
    },
    Dialect {
        name: "smshub",
        base_url: "https://smshub.org",
        currency: "RUB",
        sends_currency: true,
        cap: "max_price",
        purchase: Form::Text,
        ..PLAIN
    },
];

/// The vendor of this name.
///
/// # Errors
/// There is none, or none was named; the text lists all.
pub fn named(name: &str) -> Result<&'static Dialect, String> {
    DIALECTS.iter().find(|dialect| dialect.name == name).ok_or_else(|| {
        let names: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.name).collect();
        format!("dialect: must be one of {}", names.join(", "))
    })
}

/// Hosts of all vendors, for the manifest.
pub fn hosts() -> Vec<String> {
    let host = |dialect: &Dialect| dialect.base_url.trim_start_matches("https://").to_owned();
    DIALECTS.iter().map(host).collect()
}

/// The currency of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    /// US dollars.
    Usd,
    /// Russian roubles.
    Rub,
    /// Euros.
    Eur,
}

impl Currency {
    /// By its three letters.
    pub fn named(code: &str) -> Result<Self, String> {
        match code {
            "USD" => Ok(Self::Usd),
            "RUB" => Ok(Self::Rub),
            "EUR" => Ok(Self::Eur),
            _ => Err("currency: must be one of USD, RUB, EUR".to_owned()),
        }
    }

    /// Three letters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Rub => "RUB",
            Self::Eur => "EUR",
        }
    }

    /// The ISO 4217 number, as vendors write it.
    pub const fn number(self) -> &'static str {
        match self {
            Self::Usd => "840",
            Self::Rub => "643",
            Self::Eur => "978",
        }
    }
}
