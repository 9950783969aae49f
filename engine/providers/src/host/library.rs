//! The engine's only `unsafe`: opens a shared library and calls the functions of its table.
//! The plugin's thread (`host/instance.rs`) imports this.
//!
//! What holds it together: the file's header was checked before it was opened; a library is
//! never closed, so the table and its functions stay for as long as the process; every instance
//! and operation is used on the one thread that made it ([`Plugin`] is not `Send`); the other
//! side copies what it is lent, and we copy what it answers.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::path::Path;
use std::ptr::NonNull;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use ring4_provider_sdk::abi::{Bytes, Header, HostFunctions, PluginTable, SYMBOL, Sink};

use super::LoadRefusal;
use crate::scrub::scrub;

/// The longest answer a plugin may give, in bytes: a catalogue of ten thousand rows is below two
/// megabytes.
const ANSWER_LEN_MAX: usize = 8 * 1024 * 1024;

/// Log lines one step of a plugin may write.
const LINES_PER_STEP: u32 = 50;

thread_local! {
    /// Whose thread this is, for the log, and how many lines the running step has left.
    static SPEAKER: std::cell::RefCell<(String, u32)> =
        const { std::cell::RefCell::new((String::new(), 0)) };
}

/// An instance and its operations; stays on the thread that made it.
pub(super) struct Plugin {
    table: &'static PluginTable,
    instance: NonNull<c_void>,
    operations: BTreeMap<u64, NonNull<c_void>>,
}

/// What a plugin wrote to its sink.
pub(super) type Answer = Result<Vec<u8>, AnswerTooLong>;

/// More than [`ANSWER_LEN_MAX`].
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerTooLong;

/// Opens a library for good and finds its table.
pub(super) fn open(path: &Path, header: Header) -> Result<&'static PluginTable, LoadRefusal> {
    let words = |error: libloading::Error| {
        // The loader's own message is the source; the error itself says only what was tried.
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        LoadRefusal::Loader(cause.unwrap_or_else(|| error.to_string()))
    };
    // SAFETY: opening runs the library's constructors. The operator chose this file, its header
    // says it is a plugin of our ABI, and the copy is ours alone.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map_err(words)?;
    // SAFETY: the symbol is data; only its address is taken here.
    let address =
        unsafe { library.get::<*const PluginTable>(SYMBOL.as_bytes()) }.map_err(words)?.into_raw();
    // Never closed: a kept function pointer would dangle, and thread-local destructors keep
    // half of it mapped anyway.
    std::mem::forget(library);
    let table = NonNull::new(address.cast::<PluginTable>()).ok_or(LoadRefusal::NoSymbol)?;
    // SAFETY: the header in the file says that this ABI's whole table lies at this address, and
    // the library stays mapped for ever.
    let table: &'static PluginTable = unsafe { table.as_ref() };
    if table.header == header { Ok(table) } else { Err(LoadRefusal::Magic) }
}

/// The plugin's word about itself, as JSON.
pub(super) fn manifest(table: &'static PluginTable) -> Answer {
    collect(|sink| {
        // SAFETY: the sink lives for this call.
        unsafe { (table.manifest)(sink) }
    })
    .1
}

impl Plugin {
    /// Makes an instance on this thread, or tells why the plugin refused the settings.
    pub(super) fn create(
        table: &'static PluginTable,
        speaker: &str,
        settings: &[u8],
    ) -> Result<Self, String> {
        SPEAKER.with_borrow_mut(|(name, lines)| {
            speaker.clone_into(name);
            *lines = LINES_PER_STEP;
        });
        let host = HostFunctions { log_level_max: log_level_max(), log };
        let (instance, reason) = collect(|sink| {
            // SAFETY: settings and sink live for this call, the functions for ever.
            unsafe { (table.create)(host, Bytes::of(settings), sink) }
        });
        match NonNull::new(instance) {
            Some(instance) => Ok(Self { table, instance, operations: BTreeMap::new() }),
            None => Err(scrub(&String::from_utf8_lossy(&reason.unwrap_or_default()))),
        }
    }

    /// Starts a call under an id that was not used before; tells whether it is under way.
    pub(super) fn begin(&mut self, id: u64, call: &[u8]) -> (bool, Answer) {
        refill_lines();
        let (operation, step) = collect(|sink| {
            // SAFETY: the instance is this table's and not destroyed; call and sink live for
            // this call.
            unsafe { (self.table.begin)(self.instance.as_ptr(), Bytes::of(call), sink) }
        });
        let operation = NonNull::new(operation);
        if let Some(operation) = operation {
            self.operations.insert(id, operation);
        }
        (operation.is_some(), step)
    }

    /// Continues a call; `None` when there is no such operation.
    pub(super) fn resume(&mut self, id: u64, head: &[u8], body: &[u8]) -> Option<Answer> {
        refill_lines();
        let operation = *self.operations.get(&id)?;
        let ((), step) = collect(|sink| {
            // SAFETY: the operation came from this table's `begin` and is in the map, so it was
            // not finished; head, body and sink live for this call.
            unsafe {
                (self.table.resume)(operation.as_ptr(), Bytes::of(head), Bytes::of(body), sink);
            }
        });
        Some(step)
    }

    /// Ends an operation; nothing happens when it is gone already.
    pub(super) fn finish(&mut self, id: u64) {
        if let Some(operation) = self.operations.remove(&id) {
            // SAFETY: taken out of the map, so this is the only and last use.
            unsafe { (self.table.finish)(operation.as_ptr()) }
        }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        while let Some((_, operation)) = self.operations.pop_first() {
            // SAFETY: taken out of the map, so this is the only and last use.
            unsafe { (self.table.finish)(operation.as_ptr()) }
        }
        // SAFETY: made by this table's `create`; its operations are finished, and nobody can
        // use it after this.
        unsafe { (self.table.destroy)(self.instance.as_ptr()) }
    }
}

/// Runs a call with a sink and returns what was written.
fn collect<T>(call: impl FnOnce(Sink) -> T) -> (T, Answer) {
    let mut answer: Answer = Ok(Vec::new());
    let result = call(Sink { ctx: (&raw mut answer).cast(), write: append });
    (result, answer)
}

/// Copies what a plugin writes. Cannot panic: unwinding into a plugin would be undefined.
unsafe extern "C" fn append(ctx: *mut c_void, bytes: Bytes) {
    // SAFETY: `ctx` is the answer in the frame of `collect`, which waits for the plugin; the
    // plugin's functions run on this thread, so nobody else holds it.
    let answer = unsafe { &mut *ctx.cast::<Answer>() };
    // SAFETY: the plugin lends the bytes for this call.
    let bytes = unsafe { bytes.as_slice() };
    if let Ok(written) = answer {
        if written.len().saturating_add(bytes.len()) > ANSWER_LEN_MAX {
            *answer = Err(AnswerTooLong);
        } else {
            written.extend_from_slice(bytes);
        }
    }
}

fn refill_lines() {
    SPEAKER.with_borrow_mut(|(_, lines)| *lines = LINES_PER_STEP);
}

fn log_level_max() -> u32 {
    use tracing::level_filters::LevelFilter;
    match LevelFilter::current() {
        LevelFilter::OFF => 0,
        LevelFilter::ERROR => 1,
        LevelFilter::WARN => 2,
        LevelFilter::INFO => 3,
        LevelFilter::DEBUG => 4,
        _ => 5,
    }
}

/// Takes one log line of a plugin: masked, cut, counted, and under the plugin's name.
unsafe extern "C" fn log(level: u32, target: Bytes, message: Bytes) {
    // SAFETY: the plugin lends both for this call.
    let (target, message) = unsafe { (target.as_slice(), message.as_slice()) };
    let say = || {
        let allowed = SPEAKER.try_with(|speaker| {
            let mut speaker = speaker.try_borrow_mut().ok()?;
            speaker.1 = speaker.1.checked_sub(1)?;
            Some(speaker.0.clone())
        });
        // A thread of the plugin's own has no name here; its lines are dropped.
        let Some(plugin) = allowed.ok().flatten().filter(|name| !name.is_empty()) else { return };
        let target = scrub(&String::from_utf8_lossy(target));
        let message = scrub(&String::from_utf8_lossy(message));
        match level {
            1 => tracing::error!(plugin, origin = target, "{message}"),
            2 => tracing::warn!(plugin, origin = target, "{message}"),
            3 => tracing::info!(plugin, origin = target, "{message}"),
            4 => tracing::debug!(plugin, origin = target, "{message}"),
            _ => tracing::trace!(plugin, origin = target, "{message}"),
        }
    };
    // A subscriber's panic must not unwind into the plugin; the line is lost, the call is not.
    if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(say)) {
        std::mem::forget(payload);
    }
}
