//! The one way an engine for scripts is made: exact numbers, no way out, a limit on everything.
//! Private to this crate.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::debugger::DebuggerCommand;
use rhai::module_resolvers::DummyModuleResolver;
use rhai::{ASTNode, Dynamic, Engine, EvalAltResult, INT, ImmutableString, Position, Stmt};
use rust_decimal::Decimal;

use crate::facts;
use crate::params::ScriptParams;

// The library's own defaults differ between debug and release builds; with them a test could
// refuse what production takes. So every limit is set.

/// Steps of one call; an endless loop is stopped after some milliseconds.
const OPERATIONS_MAX: u64 = 50_000;
/// Depth of functions calling functions.
const CALL_LEVELS_MAX: usize = 16;
/// Depth of an expression outside a function.
const EXPRESSION_DEPTH_MAX: usize = 64;
/// Depth of an expression inside a function.
const FUNCTION_EXPRESSION_DEPTH_MAX: usize = 32;
/// Length of a text, in bytes.
const STRING_LEN_MAX: usize = 16_000;
/// Items of an array.
const ARRAY_LEN_MAX: usize = 5_000;
/// Entries of a map.
const MAP_LEN_MAX: usize = 1_000;
/// Variables in sight at a time.
const VARIABLES_MAX: usize = 256;
/// Functions of one script.
const FUNCTIONS_MAX: usize = 256;

type Checked<T> = Result<T, Box<EvalAltResult>>;

/// An engine for scripts and what it gives them.
#[derive(Debug)]
pub struct Sandbox {
    /// The engine; scripts are compiled and called by the same one.
    pub engine: Engine,
    params: ScriptParams,
}

/// Where a traced script was last.
pub type LastPlace = Arc<Mutex<Position>>;

impl Sandbox {
    /// A sandbox that gives scripts `params`.
    pub fn new(params: &ScriptParams) -> Self {
        Self { engine: engine(params), params: params.clone() }
    }

    /// A second, slower engine that remembers every step. rhai clears the place of an error
    /// when a script passes a limit, and an operator without a line cannot find a loop; so the
    /// call is repeated here, where nothing but the facts decides what happens.
    #[expect(
        deprecated,
        reason = "rhai marks what may change as deprecated; the version is locked"
    )]
    pub fn tracer(&self) -> (Engine, LastPlace) {
        let mut engine = engine(&self.params);
        let last = LastPlace::new(Mutex::new(Position::NONE));
        let seen = Arc::clone(&last);
        engine.register_debugger(
            |_, debugger| debugger,
            move |_, _, node, _, position| {
                // The end of a function is reported as an empty statement, also after an error.
                let real = !matches!(node, ASTNode::Stmt(Stmt::Noop(_)));
                if real && !position.is_none() {
                    *seen.lock().unwrap_or_else(PoisonError::into_inner) = position;
                }
                Ok(DebuggerCommand::StepInto)
            },
        );
        (engine, last)
    }
}

fn engine(params: &ScriptParams) -> Engine {
    let mut engine = Engine::new();
    engine
        .set_max_operations(OPERATIONS_MAX)
        .set_max_call_levels(CALL_LEVELS_MAX)
        .set_max_expr_depths(EXPRESSION_DEPTH_MAX, FUNCTION_EXPRESSION_DEPTH_MAX)
        .set_max_string_size(STRING_LEN_MAX)
        .set_max_array_size(ARRAY_LEN_MAX)
        .set_max_map_size(MAP_LEN_MAX)
        .set_max_variables(VARIABLES_MAX)
        .set_max_functions(FUNCTIONS_MAX)
        .set_max_modules(0)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        // A closure shares what it captures, and shared values inside data make rhai panic.
        .set_allow_anonymous_fn(false)
        .set_module_resolver(DummyModuleResolver::new())
        .disable_symbol("eval")
        .disable_symbol("import")
        .disable_symbol("export")
        // What a script prints has nowhere to go: it would be a way to write into the log.
        .on_print(|_| {})
        .on_debug(|_, _, _| {});
    exact_division(&mut engine);
    // The library would put the calling thread to sleep for as long as a script likes.
    engine.register_fn("sleep", |_: INT| -> Checked<()> { refuse("a script cannot wait") });
    assertions(&mut engine);
    params.register(&mut engine);
    facts::register(&mut engine, params);
    engine
}

/// `15 / 100` is 0.15. The library divides whole numbers to a whole number, which turns a
/// margin of 15 percent into none without a word, and its fast operators pay no heed to a
/// replacement. Switching them all off costs a sixth of a price; so only `/` is taken away and
/// given back as an operator of ours, and `/=` stays away, having no place for the decimals.
fn exact_division(engine: &mut Engine) {
    engine.disable_symbol("/").disable_symbol("/=");
    // Refused only for symbols in use, which `/` no longer is; scripts then fail to compile.
    let _ = engine.register_custom_operator("/", DIVISION_PRECEDENCE);
    engine
        .register_fn("/", |left: Decimal, right: Decimal| quotient(left, right))
        .register_fn("/", |left: INT, right: INT| quotient(left.into(), right.into()))
        .register_fn("/", |left: Decimal, right: INT| quotient(left, right.into()))
        .register_fn("/", |left: INT, right: Decimal| quotient(left.into(), right));
}

/// Where the library has `*` and `/`.
const DIVISION_PRECEDENCE: u8 = 180;

fn quotient(left: Decimal, right: Decimal) -> Checked<Decimal> {
    match left.checked_div(right) {
        Some(quotient) => Ok(quotient),
        None => refuse(&format!("{left} divided by {right}")),
    }
}

/// `assert` and `assert_eq` for `test_*` functions.
fn assertions(engine: &mut Engine) {
    engine
        .register_fn("assert", |holds: bool| -> Checked<()> {
            if holds { Ok(()) } else { refuse("assertion does not hold") }
        })
        .register_fn("assert", |holds: bool, reason: ImmutableString| -> Checked<()> {
            if holds { Ok(()) } else { refuse(&reason) }
        })
        .register_fn("assert_eq", |got: Dynamic, expected: Dynamic| -> Checked<()> {
            let same = match (number_of(&got), number_of(&expected)) {
                (Some(got), Some(expected)) => got == expected,
                _ => got.type_id() == expected.type_id() && got.to_string() == expected.to_string(),
            };
            if same { Ok(()) } else { refuse(&format!("expected {expected}, got {got}")) }
        });
}

/// A script's number, whole or decimal.
pub fn number_of(value: &Dynamic) -> Option<Decimal> {
    value.as_decimal().or_else(|_| value.as_int().map(Decimal::from)).ok()
}

fn refuse<T>(reason: &str) -> Checked<T> {
    Err(Box::new(EvalAltResult::ErrorRuntime(reason.into(), Position::NONE)))
}
