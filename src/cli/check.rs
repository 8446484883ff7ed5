//! `ampacity check SCENARIO...`.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{Colour, Exit, scenario};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
}

/// Checks every file, then says how it went.
pub(super) fn check(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let mut out = io::stdout();
    let mut exit = Exit::Passed;
    for path in &args.scenarios {
        match scenario::load(path, &[])? {
            Ok((loaded, warnings)) => {
                scenario::show(&warnings, colour.on_stderr());
                let (chargers, name) = (loaded.chargers.len(), &loaded.name);
                writeln!(out, "{}: ok: {name} ({chargers} charge points)", path.display())?;
            }
            Err(problems) => {
                scenario::show(&problems, colour.on_stderr());
                writeln!(out, "{}: {} problems", path.display(), problems.len())?;
                exit = Exit::Invalid;
            }
        }
    }
    Ok(exit)
}
