//! `ampacity sweep merge DIR...`.

use std::path::{Path, PathBuf};

use super::{Shown, finish};
use crate::cli::Exit;
use crate::cli::output::{Colour, note};
use crate::sweep::merge::{self, MergeError};
use crate::sweep::store::StoreError;

/// Arguments of `sweep merge`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of parts (shard-K-of-N), or the folder that holds them.
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Folder for the results [default: the one that holds the parts].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    shown: Shown,
}

/// Puts parts together; exit code 1 when rows are missing.
pub(super) fn merge(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let told = |problem: &str, exit| {
        note(format!("ampacity: {problem}"));
        Ok(exit)
    };
    let parts = match merge::parts(&args.folders) {
        Ok(parts) => parts,
        Err(problem) => return told(&problem, Exit::Invalid),
    };
    let above = || match parts[0].parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    let out = args.out.clone().unwrap_or_else(above);
    match merge::merge(&parts, &out) {
        Ok(merged) => {
            if merged.twice > 0 && !args.shown.quiet {
                note(format!(
                    "ampacity: {} rows were there more than once, equal each time; each is kept once",
                    merged.twice
                ));
            }
            finish(&args.shown, &merged.store, &out, colour)
        }
        Err(MergeError::Missing(problem)) => told(&problem, Exit::Failed),
        Err(MergeError::Differs(problem) | MergeError::Store(StoreError::Other(problem))) => {
            told(&problem, Exit::Invalid)
        }
        Err(error) => Err(error.into()),
    }
}
