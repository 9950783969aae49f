//! Moments that the app draws itself and keeps up to date, so that no message is edited to show a
//! time running out (Bot API 9.5, entity `date_time`). Screens make them, `wire` takes them out
//! again for servers that do not know them.

use ring4_domain::ids::Timestamp;

const OPEN: &str = "<tg-time";
const CLOSE: &str = "</tg-time>";

/// A moment as the time until then, such as "in 9 minutes"; apps and servers that cannot draw it
/// show `plain`, which is HTML.
#[must_use]
pub fn until(moment: Timestamp, plain: &str) -> String {
    format!("{OPEN} unix=\"{}\" format=\"r\">{plain}{CLOSE}", moment.unix_secs())
}

/// Whether a text has such a moment.
pub(crate) fn is_in(text: &str) -> bool {
    text.contains(OPEN)
}

/// The text with the plain form of every moment.
pub(crate) fn plain(text: &str) -> String {
    let mut parts = text.split(OPEN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('>').map_or("", |(_, rest)| rest));
    }
    out.replace(CLOSE, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_a_plain_form() {
        let left = until(Timestamp(1_700_000_000_123), "at <b>22:13</b>");
        assert_eq!(left, "<tg-time unix=\"1700000000\" format=\"r\">at <b>22:13</b></tg-time>");
        let text = format!("Ends {left}, {left}.");
        assert!(is_in(&text));
        assert_eq!(plain(&text), "Ends at <b>22:13</b>, at <b>22:13</b>.");
        assert_eq!(plain("no moment > here"), "no moment > here");
    }
}
