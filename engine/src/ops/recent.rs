//! The last lines of the log, kept in memory so that an admin can read them in the chat. The log
//! fills it; the chat room reads it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Lines kept.
pub const LINES_MAX: usize = 2_000;

/// The longest line kept, in characters.
const LINE_CHARS_MAX: usize = 1_000;

static LINES: Mutex<VecDeque<(Level, String)>> = Mutex::new(VecDeque::new());

/// Takes the lines of the log.
#[derive(Clone, Copy, Debug)]
pub struct Recent;

/// Takes one line.
#[derive(Debug)]
pub struct Line {
    level: Level,
}

impl<'writer> MakeWriter<'writer> for Recent {
    type Writer = Line;

    fn make_writer(&'writer self) -> Line {
        Line { level: Level::INFO }
    }

    fn make_writer_for(&'writer self, meta: &Metadata<'_>) -> Line {
        Line { level: *meta.level() }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line: String = text.trim_end().chars().take(LINE_CHARS_MAX).collect();
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back((self.level, line));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The last `count` lines of this level or worse, oldest first.
#[must_use]
pub fn last(count: usize, level: Level) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    // A level is less the worse it is.
    let fitting = lines.iter().rev().filter(|(of, _)| *of <= level);
    let mut found: Vec<String> = fitting.take(count).map(|(_, line)| line.clone()).collect();
    found.reverse();
    found
}
