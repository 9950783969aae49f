//! The binary `ring4`.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use ring4::cli::{self, Cli};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            use std::io::Write;
            // Nothing is left to do if even standard error is gone.
            let _ = writeln!(std::io::stderr(), "ring4: {}", cli::told(&error));
            cli::exit_code(&error)
        }
    }
}
