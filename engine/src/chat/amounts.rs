//! Amounts as people type them. Only the chat room imports this.

use ring4_domain::money::Amount;

/// Reads `7.50`, and `7,50` as it is written in Spanish or Russian. A comma before three digits is
/// thousands to some and a fraction to others, so it is neither.
pub(super) fn read(text: &str) -> Option<Amount> {
    match text.split_once(',') {
        Some((whole, cents)) if matches!(cents.len(), 1 | 2) && !whole.contains('.') => {
            format!("{whole}.{cents}").parse().ok()
        }
        Some(_) => None,
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_before_cents_is_the_point() {
        let rows = [
            ("7.50", Some("7.50")),
            ("7,50", Some("7.50")),
            ("7,5", Some("7.50")),
            ("1,000", None),
            ("1,000.00", None),
            ("1.000,50", None),
            ("7,", None),
            (",50", None),
            ("7,5,0", None),
            ("7", Some("7")),
        ];
        for (text, wanted) in rows {
            assert_eq!(read(text), wanted.map(|wanted| wanted.parse().unwrap()), "{text}");
        }
    }
}
