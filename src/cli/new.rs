//! `ampacity new TEMPLATE [DIR]`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::ValueEnum;

use super::Exit;
use super::output::{data, note};

const WORKFLOW: &str = include_str!("../templates/ampacity.yml");
const FAULT_DRILL: &str = include_str!("../templates/fault-drill.toml");
const OFFICE: &str = include_str!("../../scenarios/workplace.toml");
const DEPOT: &str = include_str!("../../scenarios/depot.toml");
const HIGHWAY: &str = include_str!("../../scenarios/highway.toml");
const APARTMENTS: &str = include_str!("../../scenarios/apartments.toml");

/// Arguments of `new`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to write.
    #[arg(value_enum, value_name = "TEMPLATE")]
    template: Template,
    /// Where to write it; made if it is not there.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// What can be written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Template {
    /// office.toml: nearly everybody arrives within an hour.
    Office,
    /// depot.toml: vans overnight, and a limit that falls in between.
    Depot,
    /// highway.toml: fast DC chargers and a few AC points on one connection.
    Highway,
    /// apartments.toml: a connection so weak that cars take turns.
    Apartments,
    /// fault-drill.toml: an office whose chargers go offline, reboot, fall silent and disobey.
    FaultDrill,
    /// .github/workflows/ampacity.yml: the scenarios of a repository as a check of every push.
    Ci,
}

impl Template {
    /// The file, relative to the folder, its text, and the file of the project it came from.
    fn file(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Template::Office => ("office.toml", OFFICE, "scenarios/workplace.toml"),
            Template::Depot => ("depot.toml", DEPOT, "scenarios/depot.toml"),
            Template::Highway => ("highway.toml", HIGHWAY, "scenarios/highway.toml"),
            Template::Apartments => ("apartments.toml", APARTMENTS, "scenarios/apartments.toml"),
            Template::FaultDrill => ("fault-drill.toml", FAULT_DRILL, "fault-drill.toml"),
            Template::Ci => (".github/workflows/ampacity.yml", WORKFLOW, ""),
        }
    }
}

/// Writes the file of a template, never over another, and says what comes next.
pub(super) fn new(args: &Args) -> anyhow::Result<Exit> {
    let (name, text, origin) = args.template.file();
    let path =
        if args.folder == Path::new(".") { PathBuf::from(name) } else { args.folder.join(name) };
    let shown = path.display().to_string();
    // The commands in its comments are those that run it here.
    let text = if origin.is_empty() { text.to_owned() } else { text.replace(origin, &shown) };
    if let Some(folder) = path.parent() {
        let cannot = || format!("cannot make the folder {}", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).with_context(|| format!("cannot write {shown}"))?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            note(format!(
                "ampacity: {shown} is there already and stays as it is; name another DIR"
            ));
            return Ok(Exit::Invalid);
        }
        Err(error) => return Err(anyhow!(error).context(format!("cannot write {shown}"))),
    }
    let next = match args.template {
        Template::Ci => {
            "next:    set the repository variable AMPACITY_SOURCE to the address of the \
                         program's source,\n         and commit the file beside your scenarios in \
                         scenarios/\n"
                .to_owned()
        }
        _ => format!("next:    ampacity run {shown}\n"),
    };
    data(&format!("written: {shown}\n{next}"))?;
    Ok(Exit::Passed)
}
