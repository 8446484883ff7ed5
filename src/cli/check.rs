//! `ampacity check SCENARIO...`.

use std::path::PathBuf;

use super::output::{Colour, data, note};
use super::{Exit, scenario};
use crate::report::text::duration;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
}

/// Checks every file: the good ones are listed on standard output, what is wrong with the others
/// goes to standard error. A file that cannot be read keeps none of the others from its check.
pub(super) fn check(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let mut exit = Exit::Passed;
    for path in &args.scenarios {
        match scenario::load(path, &[]) {
            Ok(Ok((loaded, warnings))) => {
                scenario::show(&warnings, colour.on_stderr());
                let points = match loaded.chargers.len() {
                    1 => "1 charge point".to_owned(),
                    several => format!("{several} charge points"),
                };
                let length = duration(loaded.duration.s());
                let path = path.display();
                data(&format!("{path}: ok: {}, {points}, {length}\n", loaded.name))?;
            }
            Ok(Err(problems)) => {
                scenario::show(&problems, colour.on_stderr());
                note(format!("{}: invalid", path.display()));
                exit = exit.max(Exit::Invalid);
            }
            Err(error) => {
                note(format!("ampacity: {error:#}"));
                exit = exit.max(Exit::Broken);
            }
        }
    }
    Ok(exit)
}
