//! One script: compiled, its functions found, called, its errors placed. Private to this crate
//! but for the error.

use std::sync::PoisonError;

use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, FuncArgs, ParseError, Scope};
use ring4_yaml::{Problem, Source, closest};

use crate::facts::{OFFER_FACTS, POLL_FACTS};
use crate::sandbox::Sandbox;

/// A script failed, or answered what cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScriptError(Box<Problem>);

impl ScriptError {
    /// File, line, column and reason.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    pub(crate) fn into_problem(self) -> Box<Problem> {
        self.0
    }
}

/// A compiled script.
#[derive(Debug)]
pub struct Script {
    name: String,
    text: String,
    ast: AST,
    functions: Vec<Function>,
}

#[derive(Debug)]
struct Function {
    name: String,
    parameters: usize,
    /// Line and column of its name.
    place: (u32, u32),
}

impl Script {
    /// Compiles a script; `name` is its file's.
    ///
    /// # Errors
    /// It is not a script, or has statements that would never run.
    pub fn compile(engine: &Engine, name: &str, text: &str) -> Result<Self, ScriptError> {
        let source = Source::new(name, text);
        let mut ast = engine.compile(text).map_err(|ParseError(kind, position)| {
            let (line, column) = place_of(position).unwrap_or((1, 1));
            let mut problem = source.problem(line, column, kind.to_string());
            if problem.reason.contains("'/='") {
                problem.hint = Some("write x = x / y".to_owned());
            }
            ScriptError(Box::new(problem))
        })?;
        ast.set_source(name);
        // Only functions are called. A top-level `let` would look like a setting and be none.
        if let Some(statement) = ast.statements().first() {
            let (line, column) = place_of(statement.position()).unwrap_or((1, 1));
            let problem = source
                .problem(line, column, "statements outside functions never run")
                .with_hint("settings belong into config.yaml and arrive as params");
            return Err(ScriptError(Box::new(problem)));
        }
        let functions = ast
            .iter_functions()
            .map(|function| Function {
                name: function.name.to_owned(),
                parameters: function.params.len(),
                place: place_of_function(text, function.name),
            })
            .collect();
        Ok(Self { name: name.to_owned(), text: text.to_owned(), ast, functions })
    }

    /// Whether the script has a function of this name, whatever its parameters.
    pub fn has(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function.name == name)
    }

    /// What is wrong when the script lacks a function of this name and number of parameters.
    pub fn lacks(&self, name: &str, parameters: usize) -> Option<Problem> {
        let mut named = self.functions.iter().filter(|function| function.name == name);
        if named.clone().any(|function| function.parameters == parameters) {
            return None;
        }
        Some(match named.next() {
            Some(function) => {
                let (line, column) = function.place;
                let has = function.parameters;
                let reason = format!("`{name}` takes {parameters} parameter, this one has {has}");
                self.source().problem(line, column, reason)
            }
            None => {
                let problem =
                    Problem::whole_file(&self.name, format!("function `{name}` is missing"));
                let known = self.functions.iter().map(|function| function.name.as_str());
                match closest(name, known) {
                    Some(candidate) => {
                        problem.with_hint(format!("`{candidate}` may have been meant"))
                    }
                    None => problem,
                }
            }
        })
    }

    /// The names of the script's own tests, in the order of the file.
    pub fn tests(&self) -> Vec<&str> {
        let mut tests: Vec<&Function> = self
            .functions
            .iter()
            .filter(|function| function.name.starts_with("test_") && function.parameters == 0)
            .collect();
        tests.sort_by_key(|function| function.place);
        tests.into_iter().map(|function| function.name.as_str()).collect()
    }

    /// Calls a function.
    ///
    /// # Errors
    /// The script failed or passed a limit; the innermost place is named.
    pub fn call(
        &self,
        sandbox: &Sandbox,
        function: &str,
        arguments: impl FuncArgs + Clone,
    ) -> Result<Dynamic, ScriptError> {
        self.run(&sandbox.engine, function, arguments.clone()).map_err(|error| {
            let place = innermost_place(&error).or_else(|| {
                let (tracer, last) = sandbox.tracer();
                let again = self.run(&tracer, function, arguments);
                let position = *last.lock().unwrap_or_else(PoisonError::into_inner);
                again.err().and_then(|_| place_of(position))
            });
            self.failure(function, &error, place)
        })
    }

    fn run(&self, engine: &Engine, function: &str, arguments: impl FuncArgs) -> Called {
        let options = CallFnOptions::new().eval_ast(false);
        engine.call_fn_with_options(options, &mut Scope::new(), &self.ast, function, arguments)
    }

    /// An answer that cannot be used, placed at the function that gave it.
    pub fn unusable(&self, function: &str, reason: impl Into<String>) -> ScriptError {
        let known = self.functions.iter().find(|known| known.name == function);
        let (line, column) = known.map_or((1, 1), |known| known.place);
        ScriptError(Box::new(self.source().problem(line, column, reason)))
    }

    fn source(&self) -> Source<'_> {
        Source::new(&self.name, &self.text)
    }

    fn failure(
        &self,
        function: &str,
        error: &EvalAltResult,
        place: Option<(u32, u32)>,
    ) -> ScriptError {
        let (reason, hint) = reason_of(error);
        let mut failure = self.unusable(function, "");
        if let Some((line, column)) = place {
            *failure.0 = self.source().problem(line, column, "");
        }
        failure.0.reason = reason;
        failure.0.hint = hint;
        failure
    }
}

type Called = Result<Dynamic, Box<EvalAltResult>>;

fn place_of(position: rhai::Position) -> Option<(u32, u32)> {
    let line = u32::try_from(position.line()?).ok()?;
    let column = position.position().and_then(|column| u32::try_from(column).ok());
    Some((line, column.unwrap_or(1)))
}

fn innermost_place(error: &EvalAltResult) -> Option<(u32, u32)> {
    let inner = match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => innermost_place(inner),
        EvalAltResult::ErrorInModule(_, inner, _) => innermost_place(inner),
        _ => None,
    };
    inner.or_else(|| place_of(error.position()))
}

/// The reason in words, without the place, and advice where there is some.
fn reason_of(error: &EvalAltResult) -> (String, Option<String>) {
    let quoted = |text: &str| text.split('\'').nth(1).unwrap_or_default().to_owned();
    match error.unwrap_inner() {
        EvalAltResult::ErrorTooManyOperations(_) => {
            ("too many steps".to_owned(), Some("is this loop endless?".to_owned()))
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            ("functions call each other too deeply".to_owned(), None)
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => (format!("{what} grows too large"), None),
        EvalAltResult::ErrorRuntime(reason, _) => (reason.to_string(), None),
        EvalAltResult::ErrorDotExpr(reason, _) if reason.starts_with("Unknown property") => {
            let name = quoted(reason);
            let known = OFFER_FACTS.iter().chain(POLL_FACTS).copied().chain(["own", "params"]);
            let hint = closest(&name, known).map(|known| format!("did you mean `{known}`?"));
            (format!("unknown property `{name}`"), hint)
        }
        EvalAltResult::ErrorPropertyNotFound(name, _) => {
            (format!("unknown property `{name}`"), None)
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            (format!("unknown function `{signature}`"), None)
        }
        other => {
            let mut bare = other.to_string();
            if let Some(at) = bare.rfind(" (line ") {
                bare.truncate(at);
            }
            (bare, None)
        }
    }
}

/// Line and column of a function's name; its definition's own place is not public.
fn place_of_function(text: &str, name: &str) -> (u32, u32) {
    for (number, line) in (1_u32..).zip(text.lines()) {
        let Some(at) = line.find("fn ") else { continue };
        let rest = line.get(at + 3..).unwrap_or_default();
        let found = rest.trim_start();
        if found.strip_prefix(name).is_some_and(|after| after.trim_start().starts_with('(')) {
            let before = line.len() - found.len();
            let column = line.get(..before).unwrap_or_default().chars().count() + 1;
            return (number, u32::try_from(column).unwrap_or(u32::MAX));
        }
    }
    (1, 1)
}
