//! The `ampacity` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ampacity::cli::main()
}
