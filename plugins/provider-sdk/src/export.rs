//! The C functions behind the exported table. Only [`export_provider!`](crate::export_provider)
//! uses this; `unsafe` of the author's side lives here and nowhere else.
//!
//! Every entry catches panics: unwinding into the engine would be undefined behaviour. The
//! payload is forgotten after its text was taken, because dropping it may panic again.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;

use serde::Serialize;

use crate::abi::{
    ABI_MAJOR, ABI_MINOR, Bytes, FLAG_PANIC_ABORT, Header, HostFunctions, MAGIC, PluginTable, Sink,
};
use crate::http::{HttpError, Response, ResponseHead};
use crate::logging;
use crate::operation::{Operation, Step};
use crate::provider::{self, Provider, ProviderError};

/// Exports a type as this library's provider:
/// `ring4_provider_sdk::export_provider!(MyProvider);`
#[macro_export]
macro_rules! export_provider {
    ($provider:ty) => {
        #[cfg(panic = "abort")]
        compile_error!("a provider plugin must be built with panic = \"unwind\"");

        /// What the engine looks for in this library.
        #[allow(unsafe_code, non_upper_case_globals, missing_docs)]
        #[unsafe(no_mangle)]
        pub static ring4_provider_plugin: $crate::abi::PluginTable =
            $crate::export::table::<$provider>(cfg!(panic = "abort"));
    };
}

/// The table of one provider type.
#[must_use]
pub const fn table<P: Provider>(panic_aborts: bool) -> PluginTable {
    PluginTable {
        header: Header {
            magic: MAGIC,
            abi_major: ABI_MAJOR,
            abi_minor: ABI_MINOR,
            table_size: size_of::<PluginTable>() as u32,
            flags: if panic_aborts { FLAG_PANIC_ABORT } else { 0 },
        },
        manifest: manifest::<P>,
        create: create::<P>,
        destroy: destroy::<P>,
        begin: begin::<P>,
        resume,
        finish,
    }
}

/// An operation behind the border owns its share of the instance.
type Boxed = Operation<'static>;

/// The text of a panic's payload.
fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a payload that is not text".to_owned());
    std::mem::forget(payload);
    text
}

/// Copies bytes to the engine.
///
/// # Safety
/// The sink is the one the engine passed to the running call.
unsafe fn write(sink: Sink, bytes: &[u8]) {
    // SAFETY: the engine's function copies the borrowed bytes before it returns.
    unsafe { (sink.write)(sink.ctx, Bytes::of(bytes)) }
}

/// Writes a value as JSON.
///
/// # Safety
/// As for [`write`].
unsafe fn write_json(sink: Sink, value: &impl Serialize) {
    // None of the contract's types can fail to serialise; an empty answer is refused over there.
    let json = serde_json::to_vec(value).unwrap_or_default();
    // SAFETY: this function's own contract.
    unsafe { write(sink, &json) }
}

unsafe extern "C" fn manifest<P: Provider>(answer: Sink) {
    if let Ok(json) = catch_unwind(|| serde_json::to_vec(&P::manifest()).unwrap_or_default()) {
        // SAFETY: the sink belongs to this call.
        unsafe { write(answer, &json) }
    }
}

unsafe extern "C" fn create<P: Provider>(
    host: HostFunctions,
    settings: Bytes,
    reason: Sink,
) -> *mut c_void {
    // SAFETY: the engine lends the settings for this call.
    let settings = unsafe { settings.as_slice() };
    let made = catch_unwind(AssertUnwindSafe(|| {
        logging::install(host);
        provider::create::<P>(settings)
    }));
    let refused = match made {
        Ok(Ok(provider)) => return Box::into_raw(Box::new(Rc::new(provider))).cast(),
        Ok(Err(text)) => text,
        Err(payload) => format!("it panicked: {}", panic_text(payload)),
    };
    // SAFETY: the sink belongs to this call.
    unsafe { write(reason, refused.as_bytes()) }
    null_mut()
}

unsafe extern "C" fn destroy<P: Provider>(instance: *mut c_void) {
    // SAFETY: the engine passes what `create` returned, once, and uses it no more.
    let provider = unsafe { Box::from_raw(instance.cast::<Rc<P>>()) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(provider))) {
        std::mem::forget(payload);
    }
}

unsafe extern "C" fn begin<P: Provider>(
    instance: *mut c_void,
    call: Bytes,
    step: Sink,
) -> *mut c_void {
    // SAFETY: the engine passes what `create` returned and did not destroy yet.
    let provider = unsafe { &*instance.cast::<Rc<P>>() };
    // SAFETY: the engine lends the bytes for this call.
    let call = unsafe { call.as_slice() };
    let begun = catch_unwind(AssertUnwindSafe(|| match serde_json::from_slice(call) {
        Ok(invocation) => {
            let mut operation: Boxed = Operation::start(Rc::clone(provider), invocation);
            let step = operation.advance();
            (step, Some(operation))
        }
        Err(error) => (unknown_call(&error), None),
    }));
    let (next, operation) = begun.unwrap_or_else(|payload| (panicked(payload), None));
    // SAFETY: the sink belongs to this call.
    unsafe { write_json(step, &next) };
    match operation {
        Some(operation) if matches!(next, Step::Send(_)) => {
            Box::into_raw(Box::new(operation)).cast()
        }
        _ => null_mut(),
    }
}

unsafe extern "C" fn resume(operation: *mut c_void, head: Bytes, body: Bytes, step: Sink) {
    // SAFETY: the engine passes what `begin` returned and did not finish yet, to one call at a
    // time.
    let operation = unsafe { &mut *operation.cast::<Boxed>() };
    // SAFETY: the engine lends both for this call.
    let (head, body) = unsafe { (head.as_slice(), body.as_slice()) };
    let resumed = catch_unwind(AssertUnwindSafe(|| match serde_json::from_slice(head) {
        Ok(head) => {
            operation.arrive(response(head, body));
            operation.advance()
        }
        Err(error) => unknown_call(&error),
    }));
    let next = resumed.unwrap_or_else(panicked);
    // SAFETY: the sink belongs to this call.
    unsafe { write_json(step, &next) }
}

unsafe extern "C" fn finish(operation: *mut c_void) {
    // SAFETY: the engine passes what `begin` returned, once, and uses it no more.
    let operation = unsafe { Box::from_raw(operation.cast::<Boxed>()) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(operation))) {
        std::mem::forget(payload);
    }
}

fn response(head: ResponseHead, body: &[u8]) -> Result<Response, HttpError> {
    match head {
        ResponseHead::Answered { status, content_type, retry_after_secs } => {
            Ok(Response { status, content_type, retry_after_secs, body: body.to_vec() })
        }
        ResponseHead::Failed { sent: true, why } => Err(HttpError::Unanswered { why }),
        ResponseHead::Failed { sent: false, why } => Err(HttpError::NotSent { why }),
    }
}

fn unknown_call(error: &serde_json::Error) -> Step {
    Step::Failed(ProviderError::Fault(format!("it does not understand the engine: {error}")))
}

fn panicked(payload: Box<dyn Any + Send>) -> Step {
    Step::Failed(ProviderError::Fault(format!("it panicked: {}", panic_text(payload))))
}
