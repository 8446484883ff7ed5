//! Seeded campaigns: small random sites with random cars on bad lines, and the promises of the
//! control loop checked on every run.
//!
//! `AMPACITY_CAMPAIGN=N` runs N sites of each kind instead of the few of the default, and
//! `AMPACITY_CAMPAIGN_FROM=S` begins at seed S. A failure prints the scenario it came from.

use std::fmt::Write as _;

use ampacity::allocation::Strategy;
use ampacity::csms::Trouble;
use ampacity::report::oscillation::{Oscillation, exogenous, happened_within};
use ampacity::scenario::model::{Fleet, Scenario};
use ampacity::scenario::{Source, expand, load, stream};
use ampacity::sim::record::{ENERGY_TOLERANCE, RunRecord, SessionRecord};
use ampacity::sim::world::World;
use ampacity::time::Span;
use ampacity::units::Watts;
use rand::Rng;

/// Quiet for this long, everything that was decided has been sent.
const QUIET: Span = Span::from_s(300);
/// A car that wants power waits no longer than this while there is room for it.
const PATIENCE: Span = Span::from_s(1800);

struct Dice(rand_chacha::ChaCha8Rng);

impl Dice {
    /// Uniform, both ends included.
    fn roll(&mut self, from: i64, to: i64) -> i64 {
        let sides = (to - from + 1) as u64;
        from + (self.0.next_u64() % sides) as i64
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(0, of.len() as i64 - 1) as usize]
    }
}

/// Text of a small site. `loss` in percent.
fn site(seed: u64, loss: i64) -> String {
    let mut dice = Dice(stream(seed, "campaign", 0));
    let dice = &mut dice;
    let mut text = String::new();
    let hours = dice.roll(2, 5);
    let volts = dice.one(&[230, 230, 230, 208, 240]);
    let limit = dice.one(&[5, 6, 9, 12, 17, 22, 30, 45, 60, 90]);
    let least = dice.one(&["0", "1.38", "2.2", "3.7", "4.2"]);
    let _ = writeln!(
        text,
        "name = \"campaign\"\nstart = \"2026-05-04T08:00:00Z\"\nduration = \"{hours}h\"\n\
         [site]\nmax_power_kw = {limit}\nmin_charge_rate_kw = {least}\nvoltage_v = {volts}"
    );
    let delay = dice.roll(0, 3);
    let _ = writeln!(
        text,
        "[site.control]\nconfirm_after = \"9s\"\nstart_current_a = {}\nlearn_acceptance = {}\n\
         rotation = \"{}m\"\nraise_dead_band_a = {}\nmin_raise_interval = \"{}s\"",
        dice.one(&[6, 6, 6, 8, 10, 16]),
        dice.one(&[true, true, true, false]),
        dice.one(&[5, 15]),
        dice.one(&["1", "1", "0", "2", "4"]),
        dice.one(&[60, 60, 0, 20]),
    );
    windows(&mut text, seed, limit, loss);
    chargers(&mut text, dice, delay);
    cars(&mut text, dice);
    let latency = dice.one(&[5, 20, 100, 500, 2000]);
    let jitter = dice.one(&[0, 10, 500]);
    let _ = writeln!(
        text,
        "[network]\nlatency = \"{latency}ms\"\njitter = \"{jitter}ms\"\nloss = {}",
        loss as f64 / 100.0
    );
    for number in 1..hours * 6 {
        let _ =
            writeln!(text, "[[timeline]]\nat = \"+{}m\"\nrebalance = \"probe\"", number * 10 + 7);
    }
    text
}

/// Every third site has a window with less power, every other third a soft limit. On a line that
/// loses frames several tries of a decrease may fail before a window begins.
fn windows(text: &mut String, seed: u64, limit: i64, loss: i64) {
    let mut dice = Dice(stream(seed, "windows", 0));
    let (hour, minute) = (dice.roll(8, 9), dice.roll(0, 59));
    let key = match seed % 3 {
        0 if loss == 0 => "max_power_kw",
        1 => "soft_limit_kw",
        _ => return,
    };
    let _ = writeln!(
        text,
        "[[site.windows]]\nfrom = \"{hour:02}:{minute:02}\"\nto = \"{}:{:02}\"\n{key} = {}",
        dice.roll(10, 11),
        dice.roll(0, 59),
        limit as f64 * dice.roll(0, 9) as f64 / 10.0,
    );
}

fn chargers(text: &mut String, dice: &mut Dice, delay: i64) {
    for group in 0..dice.roll(1, 3) {
        let base = dice.one(&["ac3_7", "ac7", "ac11", "ac22", "ac22", "ac22", "dc25", "dc50"]);
        let (count, connectors) = (dice.roll(2, 4), dice.one(&[1, 1, 1, 2, 3]));
        let (amps, watts) = dice.one(&[(true, false), (true, true), (false, true)]);
        let _ = writeln!(
            text,
            "[models.m{group}]\nbase = \"{base}\"\nconnectors = {connectors}\n\
             apply_delay = \"{delay}s\"\nmeter_interval = \"{}s\"\nallows_amps = {amps}\n\
             allows_watts = {watts}\n\
             [[chargers]]\nmodel = \"m{group}\"\nid = \"cp{group}_\"\ncount = {count}\npriority = {}",
            // Three connectors every 10 s are more than a line with 4 s a call can carry.
            dice.one(if connectors == 1 { &[10, 30, 60, 120, 300] } else { &[30, 60, 300] }),
            dice.roll(1, 5),
        );
    }
}

fn cars(text: &mut String, dice: &mut Dice) {
    let bases = ["sedan_3p11", "compact_3p11", "city_1p", "plugin_hybrid", "van_3p22"];
    for base in bases {
        let _ = writeln!(
            text,
            "[[vehicles]]\nbase = \"{base}\"\nreaction = \"{}ms\"\nmin_current_a = {}\n\
             ramp_per_s = {}\ndc_max_power_kw = {}",
            dice.roll(0, 5000),
            dice.one(&[6, 6, 6, 8, 10]),
            dice.one(&["0", "1", "3"]),
            dice.one(&["40", "80"]),
        );
    }
    let _ = writeln!(
        text,
        "[[arrivals]]\nkind = \"poisson\"\nper_hour = {}\nstay = \"{}m\"\nstay_spread = \"30m\"\n\
         energy_kwh = {}\nenergy_spread_kwh = 6\nearly_leavers = {}",
        dice.roll(2, 12),
        dice.roll(20, 200),
        dice.roll(3, 25),
        dice.one(&["0", "0.2", "0.6"]),
    );
}

struct Run {
    text: String,
    strategy: Strategy,
    seed: u64,
    scenario: Scenario,
    record: RunRecord,
}

fn run(seed: u64, loss: i64) -> Run {
    let text = site(seed, loss);
    let (scenario, _) = load(&Source::new("campaign.toml", &text), &|name| Err(name.to_owned()))
        .unwrap_or_else(|problems| panic!("{}\n{text}", problems[0]));
    let fleet: Fleet = expand(&scenario, seed);
    let strategy = Strategy::ALL[(seed % Strategy::ALL.len() as u64) as usize];
    let record = World::new(&scenario, &fleet, strategy, seed, None).run();
    Run { text, strategy, seed, scenario, record }
}

impl Run {
    /// What was promised and not kept, whatever the line loses.
    fn broken_always(&self) -> Vec<String> {
        let record = &self.record;
        let mut broken = record.broken_invariants();
        if record.committed_over_limit.seconds > 0.0 {
            broken.push(format!("committed over the limit: {:?}", record.committed_over_limit));
        }
        if record.over_limit.seconds > 0.0 {
            broken.push(format!("draw over the limit: {:?}", record.over_limit));
        }
        if record.uncovered_max_kw > 0.0 {
            broken.push(format!("draw without reservation: {} kW", record.uncovered_max_kw));
        }
        if record.energy.relative_error() > ENERGY_TOLERANCE {
            broken.push(format!("energy: {:?}", record.energy));
        }
        let accused = record.troubles.iter().filter(|(_, _, _, trouble)| {
            matches!(trouble, Some(Trouble::NotCompliant { .. } | Trouble::Stuck))
        });
        broken.extend(accused.map(|accused| format!("accused without guilt: {accused:?}")));
        for session in &record.sessions {
            if let Some(stall) = self.stall(session) {
                broken.push(stall);
            }
        }
        broken
    }

    /// What holds besides on lines that lose nothing.
    fn broken_without_loss(&self) -> Vec<String> {
        let record = &self.record;
        let mut broken = Vec::new();
        let causes: Vec<_> = exogenous(record)
            .into_iter()
            .filter(|at| !record.marks.iter().any(|mark| mark.0 == *at))
            .collect();
        for command in &record.commands {
            let quiet = !happened_within(&causes, command.at, QUIET);
            if command.trigger == "manual" && quiet {
                broken.push(format!("only a rebalance made it send {command:?}"));
            }
            // A TxProfile may cross the StopTransaction of its session.
            let refused = command.answered.is_some() && command.status != "accepted";
            if refused && command.purpose != "TxProfile" {
                broken.push(format!("not accepted: {command:?}"));
            }
        }
        for (session, at) in Oscillation::of(&self.scenario, record).endogenous {
            let limits = &record.sessions[session].limits;
            broken.push(format!("session {session} changed at {at} without a cause: {limits:?}"));
        }
        broken
    }

    /// A car that wants power and gets none for long, although there was room all the time.
    fn stall(&self, session: &SessionRecord) -> Option<String> {
        let spec = &self.scenario.chargers[session.charger].spec;
        // A start that the station could not tell is not the central system's to serve.
        let waits = self.scenario.site.calendar.as_ref();
        let softly = waits.is_some_and(|it| it.windows.iter().any(|it| it.soft_limit.is_some()));
        if spec.connectors > 1 || session.session.is_none() || softly {
            return None;
        }
        let limit = self.record.limits.iter().map(|limit| limit.2).min().unwrap_or_default();
        // The largest minimum of any car here, on all phases, and a dead band.
        let amps = Watts(spec.voltage_v * i64::from(spec.phases) * 17);
        let least = amps.max(Watts(4_900));
        let left = session.departure.unwrap_or(self.record.to);
        let until = session.satisfied.unwrap_or(left).min(left);
        let mut idle_since = None;
        for sample in &self.record.samples {
            let there = sample.at >= session.arrival && sample.at < until;
            let (_, draw, reserved) = sample.chargers[session.charger];
            let room = limit - sample.committed + reserved >= least;
            if !(there && room && draw == Watts::ZERO) {
                idle_since = None;
                continue;
            }
            let since = *idle_since.get_or_insert(sample.at);
            if sample.at.since(since) >= PATIENCE {
                return Some(format!("stalled from {since} on: {session:?}"));
            }
        }
        None
    }

    fn report(&self, broken: &[String]) -> String {
        let Run { seed, strategy, text, .. } = self;
        format!("seed {seed}, {strategy}:\n{}\n{text}", broken.join("\n"))
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a campaign and prints how much it was; the first broken promise ends it.
fn campaign(
    what: &str,
    usual: u64,
    loss: impl Fn(u64) -> i64,
    check: impl Fn(&Run) -> Vec<String>,
) {
    let from = number("AMPACITY_CAMPAIGN_FROM").unwrap_or(0);
    let runs = number("AMPACITY_CAMPAIGN").unwrap_or(usual);
    let (mut sessions, mut commands, mut timed_out) = (0, 0, 0);
    let mut failed = Vec::new();
    for seed in from..from + runs {
        let run = run(seed, loss(seed));
        sessions += run.record.sessions.len();
        commands += run.record.commands.len();
        timed_out += run.record.commands.iter().filter(|c| c.status == "timed_out").count();
        let broken = check(&run);
        if !broken.is_empty() {
            failed.push(run.report(&broken));
        }
    }
    println!("{what}: {runs} runs, {sessions} sessions, {commands} limits, {timed_out} timed out");
    if number("AMPACITY_CAMPAIGN").is_some() {
        for failure in &failed {
            println!("{}", failure.lines().take(3).collect::<Vec<_>>().join("\n"));
        }
    }
    assert!(failed.is_empty(), "{} of {runs} runs failed, first {}", failed.len(), failed[0]);
}

#[test]
fn on_good_lines_every_promise_holds() {
    campaign(
        "good lines",
        150,
        |_| 0,
        |run| {
            let mut broken = run.broken_always();
            broken.extend(run.broken_without_loss());
            broken
        },
    );
}

/// What may differ under loss: commands time out, starts are late or refused, and a limit that
/// may be in force though nobody confirmed it keeps its room; never the limit itself. A station
/// whose transaction messages pile up behind a lost one may never get to tell of a start, and one that
/// gives up telling it (transaction -1, errata 3.18; once in some thousand runs, none of these)
/// draws its default limit for the moment until its status arrives.
#[test]
fn on_lossy_lines_the_limit_still_holds() {
    campaign("lossy lines", 500, |seed| 1 + (seed % 5) as i64, Run::broken_always);
}
