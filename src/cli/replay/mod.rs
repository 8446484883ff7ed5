//! `ampacity replay TRACE`.

mod setup;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::output::{Colour, data, note};
use super::{Exit, scenario};
use crate::allocation::Strategy;
use crate::csms::{Csms, SiteIx};
use crate::replay::central::{self, Heard};
use crate::replay::difference::{Comparison, Rules, Side, compare};
use crate::replay::script::Script;
use crate::replay::story::Story;
use crate::report::replay::{Inputs, Replayed, Session, json, junit, markdown, terminal};
use crate::report::strategy_name;
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
    /// Scenario whose site and charge points the central system is set up with [default: as the trace says].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Strategy of the site [default: that of its set-up].
    #[arg(long, value_name = "STRATEGY", value_parser = crate::cli::run::strategy())]
    strategy: Option<Strategy>,
    /// What is compared with, instead of the recording: an earlier replay, as a trace.
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
    let script = read(&args.trace)?;
    if script.steps.is_empty() {
        note(format!("ampacity: {shown} has no frame that could be replayed"));
        return Ok(Exit::NothingRan);
    }
    let Some((setup, whence)) = setup::of(args, &script)? else { return Ok(Exit::Invalid) };
    let heard = central::replay(&script, &setup, None);
    let reference = match reference(args, &script)? {
        Ok(reference) => reference,
        Err(wrong) => {
            note(wrong);
            return Ok(Exit::Invalid);
        }
    };
    let before = Story::of(reference.as_ref().unwrap_or(&script));
    let now = Story::of(&Script::read(&*heard.trace)?);
    let comparison = compare(&before, &now, Side::Central, &rules);
    let inputs = inputs(&comparison, &script, &setup);
    let told = Replayed {
        trace: &shown,
        against: "our central system",
        reference: match &args.golden {
            Some(golden) => format!("{}", golden.display()),
            None => "the recording".to_owned(),
        },
        setup: whence,
        before: &before,
        now: &now,
        comparison: &comparison,
        rules: &rules,
        stand_ins: heard.stand_ins.clone(),
        notes: notes(&script, &heard),
        inputs,
    };
    if let Some(out) = &args.out {
        write(out, &told, &heard.trace)?;
    }
    data(&if args.json {
        json::render(&told)
    } else {
        terminal::render(&told, colour.on_stdout())
    })?;
    keep(args, &told, &heard.trace)
}

/// Takes what happens now as golden, or puts it beside the golden file to be looked at.
fn keep(args: &Args, told: &Replayed<'_>, trace: &[u8]) -> anyhow::Result<Exit> {
    let Some(golden) = &args.golden else {
        return Ok(if told.passed() { Exit::Passed } else { Exit::Differs });
    };
    let mut beside = golden.clone().into_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let write = |path: &Path| {
        fs::write(path, trace).with_context(|| format!("cannot write {}", path.display()))
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

fn rules(args: &Args) -> anyhow::Result<Result<Rules, String>> {
    let Some(path) = &args.rules else { return Ok(Ok(Rules::default())) };
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    Ok(Rules::parse(&text).map_err(|wrong| format!("ampacity: {shown}: {wrong}")))
}

fn read(path: &Path) -> anyhow::Result<Script> {
    let cannot = || format!("cannot read the trace {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    Script::read(BufReader::with_capacity(1 << 16, file)).with_context(cannot)
}

/// The golden file; `None`: the recording itself is the reference.
fn reference(args: &Args, _script: &Script) -> anyhow::Result<Result<Option<Script>, String>> {
    let Some(golden) = &args.golden else { return Ok(Ok(None)) };
    if golden.is_file() {
        return read(golden).map(|golden| Ok(Some(golden)));
    }
    if args.update {
        return Ok(Ok(None));
    }
    let shown = golden.display();
    Ok(Err(format!("ampacity: there is no {shown} yet; --update writes what happens now")))
}

fn notes(script: &Script, heard: &Heard) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((line, reason)) = script.broken.first() {
        let count = script.broken.len();
        notes.push(format!("{count} lines are no record; the first is line {line}: {reason}"));
    }
    if script.unusable > 0 {
        let count = script.unusable;
        notes.push(format!("{count} records have no charge point or no frame"));
    }
    if !heard.strangers.is_empty() {
        let names = heard.strangers.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let count = heard.strangers.len();
        notes.push(format!(
            "{count} charge points are not in the set-up, taken as 3 x 32 A: {names}"
        ));
    }
    if let Some((line, reason)) = heard.refused.first() {
        let count = heard.refused.len();
        notes.push(format!("{count} inputs were refused; the first, of line {line}: {reason}"));
    }
    if heard.lost > 0 {
        notes.push(format!("{} frames of charge points found no connection", heard.lost));
    }
    notes
}

/// What the allocator had before it at the first divergence: the replay once more, up to there.
fn inputs(comparison: &Comparison, script: &Script, setup: &crate::csms::Setup) -> Option<Inputs> {
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
