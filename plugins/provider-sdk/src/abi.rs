//! The binary contract: one exported table of C functions behind a frozen header. The SDK's
//! export glue fills it, the engine's host reads it; nobody else needs it.
//!
//! Payloads are JSON: postcard was measured at half the cost, which is under a microsecond per
//! call, but it is not self-describing, so a new field would break every older plugin. Nobody
//! frees the other side's memory: inputs are borrowed for the call, answers go through a
//! [`Sink`] that copies.

use std::ffi::c_void;

/// The one symbol a plugin exports; it is data, so that it can be read before any code runs.
pub const SYMBOL: &str = "ring4_provider_plugin";

/// The first sixteen bytes of [`SYMBOL`].
pub const MAGIC: [u8; 16] = *b"ring4-provider\r\n";

/// Must be equal on both sides.
pub const ABI_MAJOR: u32 = 1;

/// Grows when functions are appended to the table; an older engine ignores them.
pub const ABI_MINOR: u32 = 0;

/// Set in [`Header::flags`] when the plugin was built with `panic = "abort"`.
pub const FLAG_PANIC_ABORT: u32 = 1;

/// Bytes of the frozen header.
pub const HEADER_LEN: usize = 32;

/// The first 32 bytes of the table. Their layout never changes, whatever the ABI's version;
/// numbers are in the byte order of the machine the file is for.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 16],
    /// [`ABI_MAJOR`] of the SDK the plugin was built with.
    pub abi_major: u32,
    /// [`ABI_MINOR`] of the SDK the plugin was built with.
    pub abi_minor: u32,
    /// Bytes of the whole table, header included.
    pub table_size: u32,
    /// [`FLAG_PANIC_ABORT`]; other bits are zero.
    pub flags: u32,
}

impl Header {
    /// The header from its 32 bytes as they lie in a file for this machine.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; HEADER_LEN]) -> Self {
        let mut magic = [0; 16];
        for (to, from) in magic.iter_mut().zip(bytes) {
            *to = *from;
        }
        let word = |place: usize| {
            let mut word = [0; 4];
            for (to, from) in word.iter_mut().zip(bytes.iter().skip(16 + place * 4)) {
                *to = *from;
            }
            u32::from_ne_bytes(word)
        };
        Self { magic, abi_major: word(0), abi_minor: word(1), table_size: word(2), flags: word(3) }
    }
}

/// Bytes that are borrowed for one call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// May dangle when `len` is zero.
    pub data: *const u8,
    /// In bytes.
    pub len: usize,
}

impl Bytes {
    /// Borrows a slice; it must outlive the call this is passed to.
    #[must_use]
    pub const fn of(slice: &[u8]) -> Self {
        Self { data: slice.as_ptr(), len: slice.len() }
    }

    /// The slice.
    ///
    /// # Safety
    /// The bytes must be readable for as long as the caller keeps the slice.
    #[must_use]
    #[allow(unsafe_code)]
    pub unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.len == 0 || self.data.is_null() {
            return &[];
        }
        // SAFETY: not null, and readable for `len` bytes by this function's contract.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// Where a plugin writes its answer; the callee copies. May be written to more than once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Sink {
    /// Belongs to the side that made the sink.
    pub ctx: *mut c_void,
    /// Copies the bytes to the end of what was written before.
    pub write: unsafe extern "C" fn(ctx: *mut c_void, bytes: Bytes),
}

/// What the engine lends to a plugin; copied during `create`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HostFunctions {
    /// The most detailed level worth formatting: 1 error … 5 trace.
    pub log_level_max: u32,
    /// Takes one log line: level as above, target, message, both UTF-8.
    pub log: unsafe extern "C" fn(level: u32, target: Bytes, message: Bytes),
}

/// What [`SYMBOL`] holds. All functions of one instance are called on one thread.
#[repr(C)]
pub struct PluginTable {
    /// Frozen.
    pub header: Header,
    /// Writes the [`Manifest`](crate::Manifest).
    pub manifest: unsafe extern "C" fn(answer: Sink),
    /// Makes an instance from its settings (a JSON object); null when they are refused, with
    /// the reason as text in the sink.
    pub create: unsafe extern "C" fn(HostFunctions, settings: Bytes, reason: Sink) -> *mut c_void,
    /// Ends an instance; none of its operations may be left.
    pub destroy: unsafe extern "C" fn(instance: *mut c_void),
    /// Starts a call (an [`Invocation`](crate::Invocation)) and writes its first
    /// [`Step`](crate::Step). Null when the call is already over.
    pub begin: unsafe extern "C" fn(instance: *mut c_void, call: Bytes, step: Sink) -> *mut c_void,
    /// Hands in what came of the request (a [`ResponseHead`](crate::ResponseHead) and the raw
    /// body) and writes the next step.
    pub resume: unsafe extern "C" fn(operation: *mut c_void, head: Bytes, body: Bytes, step: Sink),
    /// Ends an operation, finished or not.
    pub finish: unsafe extern "C" fn(operation: *mut c_void),
}
