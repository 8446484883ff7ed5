//! `ampacity replay TRACE`.

mod ways;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Exit;
use super::output::{Colour, data, note};
use super::reading::{Reading, about_times, cannot_read};
use crate::allocation::Strategy;
use crate::csms::{Csms, Setup, SiteIx};
use crate::replay::central;
use crate::replay::difference::{Comparison, Rules, Side, compare, compare_outcomes};
use crate::replay::script::{Script, ScriptWriter};
use crate::replay::story::Story;
use crate::replay::twin::{Observer, Seen};
use crate::report::replay::{Inputs, Replayed, Session, json, junit, markdown, terminal};
use crate::report::strategy_name;
use crate::report::text::count;
use crate::time::Time;
use crate::units::Watts;

/// What stands below the long help.
const BELOW: &str = "\
The trace is compared with what happens now, on three levels: what was said, what was decided, what came
of it. It ends with 4 when something differs that no rule permits.

Rules (--rules FILE, TOML) say what may differ, and why:
  [[rule]]
  reason = \"the recorded system has a clock of its own\"
  subject = \"BootNotification\"      # an action, limit, or the name of an outcome; * stands for anything
  field = \"answer/currentTime\"      # as the report names it
  within_s = 5                      # or within, within_pct, or ignore = true
Also: level = protocol|decisions|outcomes, charge_point = \"cp_*\".

Examples:
  ampacity run scenarios/workplace.toml --trace --out day && ampacity replay day/trace.jsonl
  ampacity replay site.jsonl --config site.toml --golden site.golden.jsonl --update
  ampacity replay site.jsonl --config site.toml --golden site.golden.jsonl --out report";

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BELOW)]
pub(super) struct Args {
    /// Trace of OCPP traffic.
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// Scenario whose site and charge points the central system is set up with [default:
    /// as the trace says, or else inferred from it].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Who hears the recording.
    #[arg(long, value_name = "WHOM", value_enum, default_value = "central-system")]
    against: Against,
    /// Strategy of the site [default: that of its set-up].
    #[arg(long, value_name = "STRATEGY", value_parser = crate::cli::run::strategy())]
    strategy: Option<Strategy>,
    /// What is compared with, instead of the recording: an earlier replay, as a trace; packed where
    /// its name ends in .gz.
    #[arg(long, value_name = "FILE")]
    golden: Option<PathBuf>,
    /// Accept what happens now: write it to the golden file.
    #[arg(long, requires = "golden")]
    update: bool,
    /// What may differ, as TOML.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Write replay.json, junit.xml, differences.md and trace.jsonl into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print everything as JSON: the layout of `ampacity schema replay`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Who hears the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Against {
    /// Our central system hears the recorded charge points: its answers and decisions are compared.
    CentralSystem,
    /// Simulated charge points and cars hear the recorded central system: what they say is compared.
    ChargePoints,
    /// A twin: demand is inferred from the trace and simulated anew; what comes of it is compared, since recorded meter
    /// values answer the recorded limits.
    Twin,
}

/// What a replay has given.
struct Played {
    /// In words.
    against: &'static str,
    whence: String,
    trace: Vec<u8>,
    stand_ins: BTreeMap<String, u64>,
    notes: Vec<String>,
    /// Of a replay against the central system: what it was set up with.
    setup: Option<Setup>,
}

/// Replays the trace, compares, and says what differs.
pub(super) fn replay(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let shown = args.trace.display().to_string();
    let rules = match rules(args)? {
        Ok(rules) => rules,
        Err(wrong) => {
            note(wrong);
            return Ok(Exit::Invalid);
        }
    };
    let (mut script, seen, about) = read(&args.reading, &args.trace)?;
    if let Some(strategy) = args.strategy {
        script.set_strategy(strategy);
    }
    if script.steps.is_empty() {
        note(format!("ampacity: {shown} has no frame that could be replayed"));
        return Ok(Exit::NothingRan);
    }
    let reference = match reference(args)? {
        Ok(reference) => reference,
        Err(wrong) => {
            note(wrong);
            return Ok(Exit::Invalid);
        }
    };
    let played = match args.against {
        Against::CentralSystem => ways::central(args, &script, &seen)?,
        Against::ChargePoints => ways::stations(args, &script, &seen)?,
        Against::Twin => ways::twin(args, &seen)?,
    };
    let Some(played) = played else { return Ok(Exit::Invalid) };
    let before = Story::of(reference.as_ref().unwrap_or(&script));
    let now = Story::of(&Script::read(&*played.trace)?);
    let (rules, comparison) = match args.against {
        Against::CentralSystem => {
            let comparison = compare(&before, &now, Side::Central, &rules);
            (rules, comparison)
        }
        Against::ChargePoints => {
            let rules = rules.with_those_of_physics();
            let comparison = compare(&before, &now, Side::Stations, &rules);
            (rules, comparison)
        }
        Against::Twin => {
            let rules = rules.with_those_of_a_twin();
            let comparison = compare_outcomes(&before, &now, &rules);
            (rules, comparison)
        }
    };
    let inputs = played.setup.as_ref().and_then(|setup| inputs(&comparison, &script, setup));
    let told = Replayed {
        trace: &shown,
        against: played.against,
        reference: match &args.golden {
            Some(golden) => golden.display().to_string(),
            None => "the recording".to_owned(),
        },
        setup: played.whence,
        before: &before,
        now: &now,
        comparison: &comparison,
        rules: &rules,
        stand_ins: played.stand_ins,
        notes: [about.into_iter().collect(), broken(&script), played.notes].concat(),
        inputs,
    };
    if let Some(out) = &args.out {
        write(out, &told, &played.trace)?;
    }
    data(&if args.json {
        json::render(&told)
    } else {
        terminal::render(&told, colour.on_stdout())
    })?;
    keep(args, &told, &played.trace)
}

/// Takes what happens now as golden, or puts it beside the golden file to be looked at.
fn keep(args: &Args, told: &Replayed<'_>, trace: &[u8]) -> anyhow::Result<Exit> {
    let Some(golden) = &args.golden else {
        return Ok(if told.passed() { Exit::Passed } else { Exit::Differs });
    };
    let mut beside = golden.clone().into_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let packed = golden.extension().is_some_and(|ending| ending == "gz");
    let write = |path: &Path| {
        let bytes = if packed { pack(trace)? } else { trace.to_vec() };
        fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    if args.update {
        write(golden)?;
        note(format!("ampacity: {} is what happens now", golden.display()));
    }
    if args.update || told.passed() {
        // What waited to be looked at has been answered.
        let _ = fs::remove_file(&beside);
        return Ok(Exit::Passed);
    }
    write(&beside)?;
    note(format!(
        "ampacity: what happens now is in {}; read the differences, then accept them with --update",
        beside.display()
    ));
    Ok(Exit::Differs)
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes)?;
    packer.finish()
}

fn rules(args: &Args) -> anyhow::Result<Result<Rules, String>> {
    let Some(path) = &args.rules else { return Ok(Ok(Rules::default())) };
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    Ok(Rules::parse(&text).map_err(|wrong| format!("ampacity: {shown}: {wrong}")))
}

/// A trace as a script, and what it shows of its site.
fn read(reading: &Reading, path: &Path) -> anyhow::Result<(Script, Seen, Option<String>)> {
    let cannot = || cannot_read(path);
    let mut opened = reading.open(path)?;
    let (mut writer, mut observer) = (ScriptWriter::default(), Observer::default());
    while let Some(line) = opened.next_line().with_context(cannot)? {
        writer.take(&line);
        observer.take(&line);
    }
    Ok((writer.finish(), observer.finish(), about_times(&opened.told())))
}

/// The golden file; `None`: the recording itself is the reference.
fn reference(args: &Args) -> anyhow::Result<Result<Option<Script>, String>> {
    let Some(golden) = &args.golden else { return Ok(Ok(None)) };
    if golden.is_file() {
        return read(&Reading::default(), golden).map(|(golden, ..)| Ok(Some(golden)));
    }
    if args.update {
        return Ok(Ok(None));
    }
    let shown = golden.display();
    Ok(Err(format!("ampacity: there is no {shown} yet; --update writes what happens now")))
}

fn broken(script: &Script) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((line, reason)) = script.broken.first() {
        let count = count(script.broken.len() as u64, "line is", "lines are");
        notes.push(format!("{count} no record; the first is line {line}: {reason}"));
    }
    if script.unusable > 0 {
        let count = count(script.unusable, "record has", "records have");
        notes.push(format!("{count} no charge point or no frame"));
    }
    notes
}

/// What the allocator had before it at the first divergence: the replay once more, up to there.
fn inputs(comparison: &Comparison, script: &Script, setup: &Setup) -> Option<Inputs> {
    let at = comparison.first()?.at;
    let heard = central::replay(script, setup, Some(at));
    let site = setup.sites.first().and_then(|site| heard.csms.site(site.site.as_str()))?;
    Some(told(&heard.csms, at, site))
}

fn told(csms: &Csms, at: Time, site: SiteIx) -> Inputs {
    let explained = csms.explain(at, site);
    let kw = |power: Watts| power.0 as f64 / 1000.0;
    Inputs {
        at: at.to_ocpp(),
        strategy: strategy_name(explained.strategy),
        ev_limit_kw: kw(explained.ev_limit),
        capacity_kw: kw(explained.capacity),
        committed_kw: kw(explained.committed),
        sessions: explained
            .limits
            .iter()
            .map(|limit| Session {
                charge_point_id: limit.charge_point_id.to_string(),
                connector_id: limit.connector_id,
                min_kw: limit.claim.map(|claim| kw(claim.min)),
                cap_kw: limit.claim.map(|claim| kw(claim.cap)),
                rate_kw: limit.claim.map(|claim| kw(claim.rate)),
                binding: limit.binding.name().to_owned(),
                accepted_kw: limit.accepted.map(kw),
                draw_kw: kw(limit.draw),
            })
            .collect(),
    }
}

fn write(folder: &Path, told: &Replayed<'_>, trace: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write into {}", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).with_context(cannot);
    put("replay.json", json::render(told).as_bytes())?;
    put("junit.xml", junit::render(told).as_bytes())?;
    put("differences.md", markdown::render(told).as_bytes())?;
    put("trace.jsonl", trace)
}
