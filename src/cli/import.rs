//! `ampacity import sessions|acn FILE --out SCENARIO`; `import trace` has its own file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::output::{data, note};
use super::{Exit, import_trace, scenario};
use crate::import::{self, DayOrder, Decimal, Imported, Names, Options, ROLES, Refusal};
use crate::scenario::quantity::{Instant, parse_instant, parse_zone};

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// A CSV list of charging sessions, as any operator exports it.
    ///
    /// Columns are found by their names in many spellings; --column says what they mean where that
    /// fails. Separators, decimal commas, the order of day and month, the power of charge points and
    /// how many connectors they have are inferred from the whole list. Everything inferred is printed and
    /// stands in the scenario; rows that cannot be used are counted by the reason, with the first line
    /// of each.
    #[command(after_long_help = roles())]
    Sessions(SessionsArgs),
    /// ACN-Data documents (JSON), or an ACN-Sim events file (CSV).
    Acn(AcnArgs),
    /// OCPP traffic as other programs log it: a trace in the Open OCPP Trace format.
    ///
    /// Logs of SteVe, evcc, Home Assistant, the Python package ocpp and MicroOcpp, plain frames and HAR
    /// documents are told by what stands in them.
    Trace(import_trace::Args),
}

#[derive(Debug, clap::Args)]
struct SessionsArgs {
    #[command(flatten)]
    common: Common,
    /// What a column means, where its name does not tell; may be repeated.
    #[arg(long = "column", value_name = "ROLE=NAME", value_parser = column)]
    columns: Vec<(String, String)>,
    /// Which field of a date is the day, where the list leaves it open.
    #[arg(long, value_enum, value_name = "ORDER")]
    dates: Option<Dates>,
    /// The decimal sign, where the list leaves it open.
    #[arg(long, value_enum, value_name = "SIGN")]
    decimal: Option<Sign>,
}

#[derive(Debug, clap::Args)]
struct AcnArgs {
    #[command(flatten)]
    common: Common,
    /// What the periods of an events file count from, where session ids do not tell.
    #[arg(long, value_name = "INSTANT")]
    epoch: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// The list.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The scenario to write; its sessions are written beside it, as NAME-sessions.csv.
    #[arg(long, value_name = "SCENARIO")]
    out: PathBuf,
    /// Zone of the site's clocks, and of times without an offset: an IANA name.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    timezone: Option<(String, TimeZone)>,
    /// The first day that is kept, as 2024-03-01.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// How many days are kept.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=366))]
    days: Option<u32>,
    /// Grid connection of the site [default: 60 % of what the sessions would draw at most without
    /// a limit].
    #[arg(long, value_name = "KW", value_parser = kilowatts)]
    max_power_kw: Option<f64>,
    /// Replace files that are there already.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dates {
    /// 31/08/2017.
    DayFirst,
    /// 08/31/2017.
    MonthFirst,
    /// 2017-08-31, always.
    YearFirst,
    /// 2017-08-31, but 2017-01-08 for the first of August: a spreadsheet took days for months.
    Exchanged,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sign {
    /// 1,234.5
    Point,
    /// 1.234,5
    Comma,
}

/// Writes the scenario and its sessions, and prints what was inferred.
pub(super) fn import(args: &Args) -> anyhow::Result<Exit> {
    match &args.from {
        From::Sessions(args) => {
            let options = Options {
                columns: args.columns.clone(),
                dates: args.dates.map(order),
                decimal: args.decimal.map(sign),
                ..args.common.options()
            };
            args.common.import(&options, import::sessions)
        }
        From::Acn(args) => {
            let epoch = match args.epoch.as_deref().map(|text| epoch(text, &args.common)) {
                None => None,
                Some(Ok(epoch)) => Some(epoch),
                Some(Err(cause)) => {
                    note(format!("ampacity: --epoch: {cause}"));
                    return Ok(Exit::Invalid);
                }
            };
            args.common.import(&Options { epoch, ..args.common.options() }, import::acn)
        }
        From::Trace(args) => import_trace::import(args),
    }
}

type Importer = fn(&[u8], Names<'_>, &Options) -> Result<Imported, Box<Refusal>>;

impl Common {
    fn options(&self) -> Options {
        Options {
            zone: self.timezone.clone(),
            from: self.from,
            days: self.days,
            max_power_kw: self.max_power_kw,
            ..Options::default()
        }
    }

    fn import(&self, options: &Options, importer: Importer) -> anyhow::Result<Exit> {
        let shown = self.file.display();
        let bytes = scenario::bytes(&self.file, scenario::LARGEST_TABLE)
            .with_context(|| format!("cannot read the list {shown}"))?;
        let Some(stem) = self.out.file_stem().and_then(|stem| stem.to_str()) else {
            note(
                "ampacity: --out names no file; name the scenario to write, for example site.toml",
            );
            return Ok(Exit::Invalid);
        };
        let beside = format!("{stem}-sessions.csv");
        let sessions = self.out.with_file_name(&beside);
        if let Some(there) =
            [&self.out, &sessions].into_iter().find(|it| it.exists() && !self.force)
        {
            note(format!("ampacity: {} is there already; --force replaces it", there.display()));
            return Ok(Exit::Invalid);
        }
        let title = stem.replace(['_', '-'], " ");
        let names = Names {
            list: &shown.to_string(),
            title: &title,
            scenario: &self.out.display().to_string(),
            sessions: &beside,
        };
        let imported = match importer(&bytes, names, options) {
            Ok(imported) => imported,
            Err(refusal) => {
                note(format!("{shown}: {}\n  = help: {}", refusal.message, refusal.help));
                return Ok(Exit::Invalid);
            }
        };
        if let Some(folder) = self.out.parent() {
            let cannot = || format!("cannot make the folder {}", folder.display());
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        // The scenario last: it is not there without its sessions.
        write(&sessions, &imported.sessions)?;
        write(&self.out, &imported.scenario)?;
        let (out, beside) = (self.out.display(), sessions.display());
        data(&format!(
            "{}\nwritten: {out}, {beside}\nnext:    ampacity run {out}\n",
            imported.summary
        ))?;
        Ok(Exit::Passed)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn column(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((role, name)) if !name.trim().is_empty() => {
            Ok((role.trim().to_owned(), name.trim().to_owned()))
        }
        _ => {
            Err("write a role and the name of its column, for example energy=\"Total kWh\""
                .to_owned())
        }
    }
}

fn zone(text: &str) -> Result<(String, TimeZone), String> {
    let zone =
        parse_zone(text).map_err(|misread| format!("{}; {}", misread.cause, misread.help))?;
    Ok((text.to_owned(), zone))
}

pub(super) fn kilowatts(text: &str) -> Result<f64, String> {
    let kw = text.parse::<f64>().ok().filter(|kw| (1.4..=1e6).contains(kw));
    kw.ok_or_else(|| {
        "write a power from 1.4 kW, with which one car can charge, to 1000000 kW".to_owned()
    })
}

fn epoch(text: &str, common: &Common) -> anyhow::Result<Instant> {
    let zone = common.timezone.as_ref().map(|(_, zone)| zone);
    match parse_instant(text, zone) {
        Ok(instant) => Ok(instant),
        Err(misread) => bail!("{}; {}", misread.cause, misread.help),
    }
}

fn order(dates: Dates) -> DayOrder {
    match dates {
        Dates::DayFirst => DayOrder::DayFirst,
        Dates::MonthFirst => DayOrder::MonthFirst,
        Dates::YearFirst => DayOrder::YearFirst,
        Dates::Exchanged => DayOrder::Exchanged,
    }
}

fn sign(sign: Sign) -> Decimal {
    match sign {
        Sign::Point => Decimal::Point,
        Sign::Comma => Decimal::Comma,
    }
}

/// What stands below the long help of `import sessions`.
fn roles() -> String {
    let mut text = "Roles of columns:\n".to_owned();
    for (role, what) in ROLES {
        text.push_str(&format!("  {role:<15} {what}\n"));
    }
    text.push_str(
        "\nExample:\n  ampacity import sessions export.csv --timezone Europe/London --out site.toml\n",
    );
    text
}
