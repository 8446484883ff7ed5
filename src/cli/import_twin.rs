//! A trace becomes a scenario: the digital twin of the site that it was recorded at.

use std::fs;
use std::path::Path;

use anyhow::Context;
use jiff::tz::TimeZone;

use super::Exit;
use super::output::{data, note};
use super::run::strategy;
use crate::allocation::Strategy;
use crate::import::Names;
use crate::replay::twin::{Options, Seen, twin};

/// What a trace does not tell of its site.
#[derive(Debug, clap::Args)]
pub(super) struct Site {
    /// Grid connection of the site, where a scenario is written [default: the highest sum of limits
    /// that were in force].
    #[arg(long, value_name = "KW", value_parser = super::import::kilowatts)]
    max_power_kw: Option<f64>,
    /// Strategy of the site, where a scenario is written [default: equal].
    #[arg(long, value_name = "STRATEGY", value_parser = strategy())]
    strategy: Option<Strategy>,
}

/// Writes what was seen as a scenario, with its sessions beside it, and prints what was inferred.
///
/// `list` is what was read, as the user named it; without `zone` the site's clocks are those of UTC.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write_twin(
    seen: &Seen,
    list: &str,
    out: &Path,
    zone: Option<(String, TimeZone)>,
    site: &Site,
    force: bool,
) -> anyhow::Result<Exit> {
    let Some(stem) = out.file_stem().and_then(|stem| stem.to_str()) else {
        note("ampacity: --out names no file; name the scenario to write, for example site.toml");
        return Ok(Exit::Invalid);
    };
    let beside = format!("{stem}-sessions.csv");
    let sessions = out.with_file_name(&beside);
    if let Some(there) = [out, &sessions].into_iter().find(|it| it.exists() && !force) {
        note(format!("ampacity: {} is there already; --force replaces it", there.display()));
        return Ok(Exit::Invalid);
    }
    let title = stem.replace(['_', '-'], " ");
    let shown = out.display().to_string();
    let names = Names { list, title: &title, scenario: &shown, sessions: &beside };
    let options = Options {
        zone: zone.unwrap_or(Options::default().zone),
        max_power_kw: site.max_power_kw,
        strategy: site.strategy.unwrap_or_default(),
    };
    let twin = match twin(seen, names, &options) {
        Ok(twin) => twin,
        Err(poverty) => {
            note(format!("ampacity: no scenario can be made of {list}: {poverty}"));
            return Ok(Exit::NothingRan);
        }
    };
    if let Some(folder) = out.parent() {
        let cannot = || format!("cannot make the folder {}", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    // The scenario last: it is not there without its sessions.
    for (path, text) in [(sessions.as_path(), &twin.sessions_csv), (out, &twin.scenario)] {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    data(&format!(
        "{}\nwritten: {shown}, {}\nnext:    ampacity compare {shown}\n",
        twin.summary,
        sessions.display()
    ))?;
    Ok(Exit::Passed)
}
