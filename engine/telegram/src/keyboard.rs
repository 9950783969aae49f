//! Buttons under a message, in our own types because the library's stop at an older Bot API.
//! The middle builds keyboards; `outgoing` writes them.

use serde::{Serialize, Serializer};

/// The longest press data, in bytes (Bot API, InlineKeyboardButton).
pub const PRESS_BYTES_MAX: usize = 64;
/// The longest text a copy button copies, in characters (Bot API, CopyTextButton).
pub const COPY_CHARS_MAX: usize = 256;
/// The most buttons under one message.
pub const BUTTONS_MAX: usize = 100;
/// The most buttons in one row.
pub const ROW_BUTTONS_MAX: usize = 8;
/// The longest label, in bytes. Telegram names no figure; its apps cut far below this.
pub const LABEL_BYTES_MAX: usize = 256;

/// A button or keyboard that Telegram would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyboardError {
    /// The label is empty or longer than 256 bytes.
    #[error("a button's label must have 1 to 256 bytes")]
    Label,
    /// The press data is empty or longer than 64 bytes.
    #[error("a button's press data must have 1 to 64 bytes")]
    Press,
    /// The text to copy is empty or longer than 256 characters.
    #[error("a button's text to copy must have 1 to 256 characters")]
    Copy,
    /// More than 8 buttons in a row, an empty row, or more than 100 buttons in all.
    #[error("a keyboard has rows of 1 to 8 buttons, 100 in all")]
    Size,
}

/// How a button looks in apps that know Bot API 9.4; others show it plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// The thing most people do next.
    Primary,
    /// A step that completes something.
    Success,
    /// A step that ends something.
    Danger,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Press(String),
    CopyText(String),
    Url(String),
}

/// One button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    label: String,
    action: Action,
    style: Option<Style>,
}

impl Button {
    fn new(label: String, action: Action) -> Result<Self, KeyboardError> {
        if label.trim().is_empty() || label.len() > LABEL_BYTES_MAX {
            return Err(KeyboardError::Label);
        }
        Ok(Self { label, action, style: None })
    }

    /// A button that sends `data` back as a press.
    ///
    /// # Errors
    /// The label or the data has a length Telegram refuses.
    pub fn press(label: impl Into<String>, data: impl Into<String>) -> Result<Self, KeyboardError> {
        let data = data.into();
        if data.is_empty() || data.len() > PRESS_BYTES_MAX {
            return Err(KeyboardError::Press);
        }
        Self::new(label.into(), Action::Press(data))
    }

    /// A button that copies `text` on the person's device; no press comes of it.
    ///
    /// # Errors
    /// The label or the text has a length Telegram refuses.
    pub fn copy(label: impl Into<String>, text: impl Into<String>) -> Result<Self, KeyboardError> {
        let text = text.into();
        if text.is_empty() || text.chars().count() > COPY_CHARS_MAX {
            return Err(KeyboardError::Copy);
        }
        Self::new(label.into(), Action::CopyText(text))
    }

    /// A button that opens a link.
    ///
    /// # Errors
    /// The label has a length Telegram refuses.
    pub fn url(label: impl Into<String>, url: impl Into<String>) -> Result<Self, KeyboardError> {
        Self::new(label.into(), Action::Url(url.into()))
    }

    /// What stands on it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The same button in `style`.
    #[must_use]
    pub const fn styled(mut self, style: Style) -> Self {
        self.style = Some(style);
        self
    }
}

/// Rows of buttons under a message; without rows it removes the buttons of an edited message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyboard {
    rows: Vec<Vec<Button>>,
}

impl Keyboard {
    /// A keyboard of `rows`, top to bottom.
    ///
    /// # Errors
    /// [`KeyboardError::Size`].
    pub fn new(rows: Vec<Vec<Button>>) -> Result<Self, KeyboardError> {
        let buttons: usize = rows.iter().map(Vec::len).sum();
        let row_ok = |row: &Vec<Button>| (1..=ROW_BUTTONS_MAX).contains(&row.len());
        if buttons > BUTTONS_MAX || !rows.iter().all(row_ok) {
            return Err(KeyboardError::Size);
        }
        Ok(Self { rows })
    }

    /// Whether it needs a newer Bot API than plain buttons do.
    #[must_use]
    pub(crate) fn is_rich(&self) -> bool {
        let rich = |button: &Button| {
            button.style.is_some() || matches!(button.action, Action::CopyText(_))
        };
        self.rows.iter().flatten().any(rich)
    }

    /// The keyboard an older server understands: no styles, no copy buttons.
    #[must_use]
    pub(crate) fn plain(&self) -> Self {
        let plain = |button: &Button| match button.action {
            Action::CopyText(_) => None,
            Action::Press(_) | Action::Url(_) => Some(Button { style: None, ..button.clone() }),
        };
        let rows = self.rows.iter().map(|row| row.iter().filter_map(plain).collect());
        Self { rows: rows.filter(|row: &Vec<Button>| !row.is_empty()).collect() }
    }
}

#[derive(Serialize)]
struct WireKeyboard<'a> {
    inline_keyboard: &'a [Vec<Button>],
}

#[derive(Serialize)]
struct WireCopy<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct WireButton<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_text: Option<WireCopy<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<Style>,
}

impl Serialize for Button {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = WireButton {
            text: &self.label,
            callback_data: None,
            copy_text: None,
            url: None,
            style: self.style,
        };
        match &self.action {
            Action::Press(data) => wire.callback_data = Some(data),
            Action::CopyText(text) => wire.copy_text = Some(WireCopy { text }),
            Action::Url(url) => wire.url = Some(url),
        }
        wire.serialize(serializer)
    }
}

impl Serialize for Keyboard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WireKeyboard { inline_keyboard: &self.rows }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_checked_in_the_unit_telegram_counts() {
        let emoji = "🙂";
        assert!(Button::press("go", emoji.repeat(16)).is_ok(), "64 bytes");
        assert_eq!(Button::press("go", emoji.repeat(17)), Err(KeyboardError::Press));
        assert_eq!(Button::press("go", ""), Err(KeyboardError::Press));
        assert!(Button::copy("go", emoji.repeat(256)).is_ok(), "256 characters");
        assert_eq!(Button::copy("go", emoji.repeat(257)), Err(KeyboardError::Copy));
        assert_eq!(Button::url(" ", "https://example.org"), Err(KeyboardError::Label));
        assert_eq!(Button::press("a".repeat(257), "x"), Err(KeyboardError::Label));
    }

    #[test]
    fn sizes_are_checked() {
        let button = Button::press("a", "b").expect("a button");
        let rows = |rows: usize, buttons: usize| vec![vec![button.clone(); buttons]; rows];
        assert!(Keyboard::new(rows(0, 0)).is_ok());
        assert!(Keyboard::new(rows(12, 8)).is_ok());
        assert_eq!(Keyboard::new(rows(13, 8)), Err(KeyboardError::Size));
        assert_eq!(Keyboard::new(rows(1, 9)), Err(KeyboardError::Size));
        assert_eq!(Keyboard::new(rows(1, 0)), Err(KeyboardError::Size));
    }

    #[test]
    fn the_wire_form_and_its_plain_fallback() {
        let keyboard = Keyboard::new(vec![
            vec![Button::copy("Copy", "+1555").expect("a button").styled(Style::Primary)],
            vec![
                Button::press("Cancel", "c:1").expect("a button").styled(Style::Danger),
                Button::url("Help", "https://example.org").expect("a button"),
            ],
        ])
        .expect("a keyboard");
        let wire = serde_json::to_string(&keyboard).expect("JSON");
        assert_eq!(
            wire,
            concat!(
                r#"{"inline_keyboard":[[{"text":"Copy","copy_text":{"text":"+1555"},"#,
                r#""style":"primary"}],[{"text":"Cancel","callback_data":"c:1","#,
                r#""style":"danger"},{"text":"Help","url":"https://example.org"}]]}"#
            )
        );
        assert!(keyboard.is_rich());
        let plain = keyboard.plain();
        assert!(!plain.is_rich());
        assert_eq!(
            serde_json::to_string(&plain).expect("JSON"),
            concat!(
                r#"{"inline_keyboard":[[{"text":"Cancel","callback_data":"c:1"},"#,
                r#"{"text":"Help","url":"https://example.org"}]]}"#
            )
        );
    }
}
