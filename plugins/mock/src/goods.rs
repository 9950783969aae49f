//! What the mock vendor sells. Numbers come from ranges that regulators keep free for fiction,
//! so that nobody's telephone rings.

/// A service.
pub(crate) struct Service {
    pub(crate) vendor_id: &'static str,
    pub(crate) name: &'static str,
    /// Unless the settings name another price.
    pub(crate) price_cents: u32,
    /// Digits of its codes.
    pub(crate) code_len: usize,
}

/// A country.
pub(crate) struct Country {
    pub(crate) iso: &'static str,
    pub(crate) name: &'static str,
    /// E.164; every `x` stands for a digit.
    pub(crate) pattern: &'static str,
}

pub(crate) const SERVICES: &[Service] = &[
    Service { vendor_id: "ring4", name: "Ring4", price_cents: 50, code_len: 6 },
    Service { vendor_id: "telegram", name: "Telegram", price_cents: 80, code_len: 5 },
    Service { vendor_id: "google", name: "Google/Gmail", price_cents: 35, code_len: 6 },
    Service { vendor_id: "whatsapp", name: "WhatsApp", price_cents: 65, code_len: 6 },
    Service { vendor_id: "signal", name: "Signal", price_cents: 30, code_len: 6 },
    Service { vendor_id: "discord", name: "Discord", price_cents: 25, code_len: 6 },
    Service { vendor_id: "instagram", name: "Instagram", price_cents: 20, code_len: 6 },
    Service { vendor_id: "openai", name: "OpenAI/ChatGPT", price_cents: 40, code_len: 6 },
];

// Sources: NANPA (555-0100 to 555-0199), Ofcom, Bundesnetzagentur, Arcep, ACMA, PTS. The
// Netherlands keep no mobile range for fiction; 06-00 is not given to subscribers.
pub(crate) const COUNTRIES: &[Country] = &[
    Country { iso: "US", name: "United States", pattern: "+120x55501xx" },
    Country { iso: "GB", name: "United Kingdom", pattern: "+447700900xxx" },
    Country { iso: "NL", name: "Netherlands", pattern: "+316000xxxxx" },
    Country { iso: "DE", name: "Germany", pattern: "+4917139200xx" },
    Country { iso: "FR", name: "France", pattern: "+33639980xxx" },
    Country { iso: "CA", name: "Canada", pattern: "+160455501xx" },
    Country { iso: "AU", name: "Australia", pattern: "+61491570xxx" },
    Country { iso: "SE", name: "Sweden", pattern: "+4670174060x" },
];

/// The goods a request names by vendor id and ISO code.
pub(crate) fn find(service: &str, country: &str) -> Option<(&'static Service, &'static Country)> {
    let service = SERVICES.iter().find(|known| known.vendor_id == service)?;
    let country = COUNTRIES.iter().find(|known| known.iso == country)?;
    Some((service, country))
}
