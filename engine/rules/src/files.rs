//! The files of a rule set, read from disk once, as a whole. The middle calls this on every
//! reload; everything after it works on memory.

use std::fs;
use std::path::Path;

use ring4_yaml::{Problem, Report, TEXT_LEN_MAX};

use crate::rule_set::Files;

/// The most files of one rule set.
const FILES_MAX: usize = 256;
/// How deep folders are followed.
const DEPTH_MAX: usize = 3;

/// Whether a file name belongs to a rule set. Editors' copies and hidden files do not.
#[must_use]
pub fn is_rule_file(name: &str) -> bool {
    let known = Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "rhai" || extension == "yaml");
    known && !name.starts_with(['.', '#', '~'])
}

/// Reads every rule file under `folder`, named from `prefix` on: `scripts/tests/pricing.yaml`.
///
/// # Errors
/// Something cannot be read, is not text, or is too large or too much.
pub fn read_files(folder: &Path, prefix: &str) -> Result<Files, Report> {
    let mut files = Files::new();
    read_folder(folder, prefix, 0, &mut files)?;
    Ok(files)
}

fn read_folder(folder: &Path, prefix: &str, depth: usize, files: &mut Files) -> Result<(), Report> {
    let unreadable = |name: &str, error: &std::io::Error| {
        Report::of(Problem::whole_file(name, format!("cannot be read: {error}")))
    };
    let entries = fs::read_dir(folder).map_err(|error| unreadable(prefix, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(prefix, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let shown = format!("{prefix}/{name}");
        let path = entry.path();
        // Follows links: that is how a mounted configuration is laid out.
        let kind = fs::metadata(&path).map_err(|error| unreadable(&shown, &error))?;
        if kind.is_dir() && depth < DEPTH_MAX && !name.starts_with('.') {
            read_folder(&path, &shown, depth + 1, files)?;
        } else if kind.is_file() && is_rule_file(&name) {
            if kind.len() > TEXT_LEN_MAX as u64 {
                let reason = format!("larger than {TEXT_LEN_MAX} bytes");
                return Err(Problem::whole_file(shown, reason).into());
            }
            if files.len() >= FILES_MAX {
                let reason = format!("more than {FILES_MAX} files");
                return Err(Problem::whole_file(prefix, reason).into());
            }
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&shown, &error))?;
            files.insert(shown, text);
        }
    }
    Ok(())
}
