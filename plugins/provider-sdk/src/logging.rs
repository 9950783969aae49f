//! Carries the plugin's `tracing` events and panics to the engine's log. A shared library has
//! its own copy of `tracing` and of the panic hook, so without this both would be lost. Used by
//! the export glue.
#![allow(unsafe_code)]

use core::fmt;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::abi::{Bytes, HostFunctions};

/// The longest line that is carried over, in bytes.
const LINE_LEN_MAX: usize = 2_000;

/// Where log lines go.
#[derive(Clone, Copy)]
struct Outlet(HostFunctions);

impl Outlet {
    fn write(self, level: u32, target: &str, line: &str) {
        let mut end = line.len().min(LINE_LEN_MAX);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        let line = line.get(..end).unwrap_or_default();
        // SAFETY: the engine's function lives as long as the process, may be called from any
        // thread and copies the borrowed text.
        unsafe {
            (self.0.log)(level, Bytes::of(target.as_bytes()), Bytes::of(line.as_bytes()));
        }
    }
}

/// Sends this library's events and panics to the engine from now on; later calls do nothing.
pub(crate) fn install(host: HostFunctions) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let outlet = Outlet(host);
        // An error means that the author installed a subscriber; then theirs is used.
        let _ = tracing::subscriber::set_global_default(Forwarder { outlet });
        std::panic::set_hook(Box::new(move |panic| outlet.write(1, "panic", &panic.to_string())));
    });
}

fn rank(level: Level) -> u32 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

struct Forwarder {
    outlet: Outlet,
}

impl Subscriber for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && rank(*metadata.level()) <= self.outlet.0.log_level_max
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let metadata = event.metadata();
        self.outlet.write(rank(*metadata.level()), metadata.target(), &line.0);
    }

    // Spans are not carried over: a call is short, and the engine has a span of its own for it.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// One event as `message key=value …`.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write as _;
        if self.0.len() > LINE_LEN_MAX {
            return;
        }
        let gap = if self.0.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{gap}{value:?}"),
            name => write!(self.0, "{gap}{name}={value:?}"),
        };
    }
}
