//! What admins see of journal, state and backups. The chat room and the vault import this.

use std::time::Duration;

use ring4_domain::ids::Timestamp;
use ring4_rules::messages::Value;
use ring4_storage::{BackupKind, Head};

use super::{Rows, Screen, ScreenError, Voice};
use crate::chat::press::{Desk, Press};

/// Backups listed at once.
pub const BACKUP_ROWS: usize = 20;

/// Findings of a check that are named in the chat; the log has all of them.
const FINDINGS_SHOWN: usize = 5;

/// Digits of the chain's hash that are shown; enough to compare two by eye.
const HASH_CHARS: usize = 16;

/// What a backup in the list is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A restore may choose it. It was made for this reason.
    Kept(BackupKind),
    /// A restore to an earlier moment left it behind.
    Superseded,
    /// It cannot be read.
    Damaged,
}

/// A backup in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRow {
    /// What it is good for.
    pub standing: Standing,
    /// When.
    pub made_at: Timestamp,
    /// The last entry in it, where the file can be read.
    pub head: Option<Head>,
    /// Bytes of the file.
    pub bytes: u64,
    /// The file's name.
    pub name: String,
    /// What the one who asked for it wrote.
    pub note: String,
}

impl BackupRow {
    /// Whether a restore may choose it.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        matches!(self.standing, Standing::Kept(_))
    }
}

/// What a check of everything read and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// When it ended.
    pub at: Timestamp,
    /// Entries read.
    pub entries: u64,
    /// Rows compared.
    pub rows: u64,
    /// How long it took.
    pub took: Duration,
    /// What is wrong, one line each.
    pub findings: Vec<String>,
}

/// The store at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseView {
    /// The last entry.
    pub head: Head,
    /// Bytes of the data folder.
    pub bytes: u64,
    /// Bytes that are free on its disk.
    pub free_bytes: u64,
    /// Backups kept.
    pub backups: usize,
    /// The newest backup that a restore may choose.
    pub last: Option<BackupRow>,
    /// When the next one is due by itself; none where that is switched off.
    pub next: Option<Timestamp>,
    /// The last check of everything since the start.
    pub checked: Option<Checked>,
    /// Whether a backup or a check is under way.
    pub busy: bool,
    /// Copies off the machine; none where none are made.
    pub copies: Option<CopiesView>,
}

/// How far copies off the machine have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiesView {
    /// Where they go.
    pub target: String,
    /// Entries that are not there yet.
    pub waiting: u64,
    /// How long the oldest of them has waited, in seconds.
    pub lag_secs: u64,
    /// Why they do not get there.
    pub error: Option<String>,
}

fn number(count: u64) -> Value<'static> {
    Value::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Bytes for people: three figures and a unit.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut tenths, mut unit) = (bytes, 0, 0);
    while whole >= 1_024 && unit + 1 < UNITS.len() {
        tenths = (whole % 1_024) * 10 / 1_024;
        whole /= 1_024;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or_default();
    if whole < 10 && unit != "B" {
        format!("{whole}.{tenths} {unit}")
    } else {
        format!("{whole} {unit}")
    }
}

/// The last entry of a backup; an encrypted one does not say.
fn entries(row: &BackupRow) -> String {
    row.head.map_or_else(|| "?".to_owned(), |head| head.seq.0.to_string())
}

/// Seconds with one decimal.
fn secs(took: Duration) -> String {
    format!("{}.{}", took.as_secs(), took.subsec_millis() / 100)
}

impl Voice<'_> {
    /// The store at a glance.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn database(&self, view: &DatabaseView) -> Result<Screen, ScreenError> {
        let none = self.say("db.none", &[]);
        let last = view.last.as_ref().map(|row| self.backup_row(row));
        let next = match view.next {
            Some(_) if view.busy => self.say("db.now", &[]),
            Some(next) => self.moment(next),
            None => self.say("db.off", &[]),
        };
        let checked = view.checked.as_ref().map(|checked| {
            let key = if checked.findings.is_empty() { "db.checked" } else { "db.checked_bad" };
            let values = [
                ("when", Value::Text(&self.moment(checked.at))),
                ("count", number(checked.findings.len() as u64)),
            ];
            self.say(key, &values)
        });
        let copies = match &view.copies {
            Some(copies) => self.copies(copies),
            None => self.say("db.copies_off", &[]),
        };
        let head: String = view.head.hash.to_string().chars().take(HASH_CHARS).collect();
        let (data, free) = (size(view.bytes), size(view.free_bytes));
        let values = [
            ("entries", number(view.head.seq.0)),
            ("head", Value::Text(&head)),
            ("size", Value::Text(&data)),
            ("free", Value::Text(&free)),
            ("count", number(view.backups as u64)),
            ("last", Value::Html(last.as_deref().unwrap_or(&none))),
            ("next", Value::Text(&next)),
            ("checked", Value::Html(checked.as_deref().unwrap_or(&none))),
            ("copies", Value::Html(&copies)),
        ];
        let mut rows = Rows::default();
        rows.add([
            self.button("db.backup_now", &Press::MakeBackup),
            self.button("db.check_now", &Press::Validate),
        ]);
        rows.add([self.button("db.emergency_now", &Press::Desk(Desk::EmergencyBackup))]);
        rows.add([
            self.button("db.list", &Press::Backups),
            self.button("admin.refresh", &Press::Database),
        ]);
        rows.add([self.button("menu.admin", &Press::Admin)]);
        rows.screen(self.say("db", &values))
    }

    /// The backups, newest first.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn backups(&self, kept: &[BackupRow], folder: &str) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        rows.add([
            self.button("db.backup_now", &Press::MakeBackup),
            self.button("menu.back", &Press::Database),
        ]);
        let folder = ("folder", Value::Text(folder));
        if kept.is_empty() {
            return rows.screen(self.say("db.backups_none", &[folder]));
        }
        let lines: Vec<String> =
            kept.iter().take(BACKUP_ROWS).map(|row| self.backup_row(row)).collect();
        let values = [
            ("count", number(kept.len() as u64)),
            ("rows", Value::Html(&lines.join("\n"))),
            folder,
        ];
        rows.screen(self.say("db.backups", &values))
    }

    fn copies(&self, copies: &CopiesView) -> String {
        let CopiesView { target, waiting, lag_secs, error } = copies;
        let key = match error {
            Some(_) => "db.copies_failing",
            None if *waiting > 0 => "db.copies_behind",
            None => "db.copies",
        };
        let values = [
            ("place", Value::Text(target)),
            ("waiting", number(*waiting)),
            ("secs", number(*lag_secs)),
            ("reason", Value::Text(error.as_deref().unwrap_or_default())),
        ];
        self.say(key, &values)
    }

    fn backup_row(&self, row: &BackupRow) -> String {
        let kind = self.say(
            match row.standing {
                Standing::Kept(BackupKind::Auto) => "db.kind.automatic",
                Standing::Kept(BackupKind::Manual) => "db.kind.manual",
                Standing::Kept(BackupKind::Emergency) => "db.kind.emergency",
                Standing::Superseded => "db.kind.superseded",
                Standing::Damaged => "db.kind.damaged",
            },
            &[],
        );
        let entries = entries(row);
        let values = [
            ("when", Value::Text(&self.moment(row.made_at))),
            ("kind", Value::Html(&kind)),
            ("size", Value::Text(&size(row.bytes))),
            ("entries", Value::Text(&entries)),
            ("note", Value::Text(&row.note)),
        ];
        self.say(if row.note.is_empty() { "db.row" } else { "db.row_noted" }, &values)
    }

    /// What was asked for has begun; the buttons lead back.
    ///
    /// # Errors
    /// See [`ScreenError`].
    pub fn database_begun(&self, key: &str) -> Result<Screen, ScreenError> {
        let mut rows = Rows::default();
        rows.add([self.button("menu.back", &Press::Database)]);
        rows.screen(self.say(key, &[]))
    }

    /// What a start had to put right.
    #[must_use]
    pub fn recovered(&self, events: &[String]) -> String {
        self.say("db.recovered", &[("events", Value::Text(&events.join("\n")))])
    }

    /// A backup was made.
    #[must_use]
    pub fn backup_made(&self, row: &BackupRow, took: Duration) -> String {
        let entries = entries(row);
        let values = [
            ("name", Value::Text(&row.name)),
            ("size", Value::Text(&size(row.bytes))),
            ("entries", Value::Text(&entries)),
            ("secs", Value::Text(&secs(took))),
        ];
        self.say("db.made", &values)
    }

    /// A backup could not be made.
    #[must_use]
    pub fn backup_failed(&self, reason: &str) -> String {
        self.say("db.failed", &[("reason", Value::Text(reason))])
    }

    /// A check could not be carried out.
    #[must_use]
    pub fn check_failed(&self, reason: &str) -> String {
        self.say("db.check_failed", &[("reason", Value::Text(reason))])
    }

    /// What a check of everything found.
    #[must_use]
    pub fn checked(&self, checked: &Checked) -> String {
        let mut shown: Vec<&str> =
            checked.findings.iter().take(FINDINGS_SHOWN).map(String::as_str).collect();
        if shown.len() < checked.findings.len() {
            shown.push("…");
        }
        let findings = shown.join("\n");
        let values = [
            ("entries", number(checked.entries)),
            ("rows", number(checked.rows)),
            ("secs", Value::Text(&secs(checked.took))),
            ("count", number(checked.findings.len() as u64)),
            ("findings", Value::Text(&findings)),
        ];
        self.say(if checked.findings.is_empty() { "db.sound" } else { "db.unsound" }, &values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        let rows = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (10_240, "10 KiB"),
            (1_572_864, "1.5 MiB"),
            (u64::MAX, "16777215 TiB"),
        ];
        for (bytes, wanted) in rows {
            assert_eq!(size(bytes), wanted);
        }
    }
}
