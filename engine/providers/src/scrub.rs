//! Makes text from plugins and vendors fit for a log: short, one line, no codes and no numbers.
//! Modules of this crate import it.

/// The longest text that is kept, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// Runs of this many digits are masked: codes have four and more, phone numbers too.
const DIGITS_MASKED: usize = 4;

/// The text with line breaks and control characters as blanks, runs of four or more digits as
/// `####`, and cut at 200 characters.
pub(crate) fn scrub(text: &str) -> String {
    let mut clean = String::new();
    let mut digits = String::new();
    for char in text.chars().take(TEXT_CHARS_MAX) {
        if char.is_numeric() {
            digits.push(char);
            continue;
        }
        flush(&mut clean, &mut digits);
        clean.push(if char.is_control() { ' ' } else { char });
    }
    flush(&mut clean, &mut digits);
    clean
}

fn flush(clean: &mut String, digits: &mut String) {
    if digits.chars().count() >= DIGITS_MASKED {
        clean.push_str("####");
    } else {
        clean.push_str(digits);
    }
    digits.clear();
}

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn codes_numbers_and_line_breaks_do_not_pass() {
        for (text, want) in [
            ("your code is 48213.", "your code is ####."),
            ("+12015550100 refused", "+#### refused"),
            ("HTTP 503\r\nx", "HTTP 503  x"),
            ("4 digits: ١٢٣٤", "4 digits: ####"),
            ("", ""),
        ] {
            assert_eq!(scrub(text), want);
        }
        assert_eq!(scrub(&"é".repeat(500)).chars().count(), 200);
    }
}
