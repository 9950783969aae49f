//! How far the journal had come when its newest segment was begun, in a file beside the segments.
//! The journal and a start use this.
//!
//! Without it a newest segment that is gone together with the state leaves a journal that is
//! shorter and whole. It is written once a segment, after the first group in it is durable, so
//! that it never promises what a crash may take.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use ring4_domain::change::Seq;

use super::{FileError, failed, replace};

const NAME: &str = "reached";

/// Notes that the journal in `dir` has reached this entry.
pub(crate) fn write(dir: &Path, reached: Seq) -> Result<(), FileError> {
    let text = reached.0.to_string();
    let checksum = crc32c::crc32c(text.as_bytes());
    replace(&dir.join(NAME), format!("{text} {checksum:08x}\n").as_bytes())
}

/// Reads the note. One that is damaged is none: the journal itself says how far it goes.
pub(crate) fn read(dir: &Path) -> Result<Option<Seq>, FileError> {
    let path = dir.join(NAME);
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &path)(error)),
    };
    Ok(parse(&text))
}

fn parse(text: &str) -> Option<Seq> {
    let (reached, checksum) = text.strip_suffix('\n')?.split_once(' ')?;
    let known = u32::from_str_radix(checksum, 16).ok()? == crc32c::crc32c(reached.as_bytes());
    known.then(|| reached.parse().ok().map(Seq))?
}
