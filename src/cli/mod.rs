//! The command line: one file a command, exit codes, nothing decided here.

mod check;
mod compare;
mod explain;
mod fleet;
mod folder;
mod github;
mod import;
mod import_trace;
mod import_twin;
mod inputs;
mod inspect;
mod key;
mod live;
mod manual;
mod new;
mod output;
mod reading;
mod record;
mod redact;
mod replay;
mod run;
mod scenario;
mod schedule;
mod schema;
mod series;
mod serve;
mod serving;
mod simulate;
mod sweep;
mod workers;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use output::{Colour, note};

/// How a command ended; the numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything passed.
    Passed = 0,
    /// An assertion failed.
    Failed = 1,
    /// Wrong usage or an invalid scenario.
    Invalid = 2,
    /// Input, output or runtime failure.
    Broken = 3,
    /// A replay differs.
    Differs = 4,
    /// Nothing ran: no car ever plugged in; or a trace has no record.
    NothingRan = 5,
    /// An invariant of the program itself is broken.
    Bug = 101,
    /// Interrupted.
    Interrupted = 130,
}

/// What the exit codes mean, for help and manual.
const EXIT_CODES: [(Exit, &str); 8] = [
    (Exit::Passed, "passed"),
    (
        Exit::Failed,
        "an assertion failed, something is worse than --max-regression, rows are missing in `sweep \
         merge`, an expectation of a case is not met, or secrets remain in `redact --check`",
    ),
    (Exit::Invalid, "wrong usage, an invalid scenario or case"),
    (Exit::Broken, "a file cannot be read or written, or a central system not be reached"),
    (Exit::Differs, "a replay differs from its recording or golden file"),
    (Exit::NothingRan, "nothing ran: no car ever plugged in; or a trace has no record"),
    (Exit::Bug, "a bug of the program"),
    (Exit::Interrupted, "interrupted; partial results are written"),
];

/// Examples of use, for help and manual: (what for, command).
const EXAMPLES: [(&str, &str); 17] = [
    ("Run a scenario and judge it", "ampacity run scenarios/workplace.toml"),
    (
        "The same site with less power and another strategy",
        "ampacity run scenarios/workplace.toml --strategy priority --set site.max_power_kw=80",
    ),
    (
        "Four strategies on the same arrivals, twenty times",
        "ampacity compare scenarios/workplace.toml --seeds 20",
    ),
    (
        "Four strategies behind five grid connections",
        "ampacity sweep scenarios/workplace.toml --grid site.max_power_kw=60..100:10 --seeds 3",
    ),
    (
        "The smallest grid connection that meets 95 % of the demand",
        "ampacity sweep scenarios/workplace.toml --smallest site.max_power_kw=20..200:1 --such-that \
         'demand_met_pct >= 95' --seeds 3",
    ),
    (
        "Why a charger had its limit at half past nine",
        "ampacity explain reports/workplace-equal-7 --charger lot_003 --at 09:30",
    ),
    (
        "A year of your own sessions as a scenario",
        "ampacity import sessions export.csv --timezone Europe/London --out site.toml",
    ),
    ("A drill of faults to begin with", "ampacity new fault-drill"),
    ("One figure, for a script", "ampacity run site.toml --json | jq .metrics.peak_kw"),
    (
        "The fleet of a scenario against a central system",
        "ampacity fleet site.toml --csms ws://localhost:9000/ocpp",
    ),
    ("What a recorded trace holds, and what is wrong in it", "ampacity inspect trace.jsonl"),
    (
        "Record what chargers and a central system say to each other",
        "ampacity record --listen 0.0.0.0:9100 --upstream wss://csms.example/ocpp --out day.jsonl",
    ),
    (
        "A trace to hand out, without names, cards and addresses",
        "ampacity redact day.jsonl --key site.key --out day-public.jsonl",
    ),
    (
        "The log of another central system as a trace",
        "ampacity import trace steve.log --timezone Europe/Berlin --out site.jsonl",
    ),
    (
        "Whether recorded traffic is still answered as it was",
        "ampacity replay trace.jsonl --config site.toml --golden site.golden.jsonl",
    ),
    ("All problems of some scenarios", "ampacity check scenarios/*.toml"),
    (
        "What charging profiles add up to, and why",
        "ampacity schedule scenarios/charging_profiles.json",
    ),
];

/// Simulation and digital-twin testbed for EV smart charging.
///
/// Runs a full OCPP 1.6J central system with a site power allocator against a simulated fleet,
/// and reports what was allocated, drawn and said.
#[derive(Debug, Parser)]
#[command(name = "ampacity", version, max_term_width = 100)]
struct Cli {
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    color: Colour,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario file and judge the result by its assertions.
    Run(run::Args),
    /// Compare strategies on the same arrivals, seed by seed.
    Compare(compare::Args),
    /// Run a grid of a scenario's values, in parts if wanted, or find the smallest value that will do.
    ///
    /// Every run is a row of sweep.sqlite from the moment it ends, and of sweep.csv when all have ended:
    /// whatever kills a sweep, the same command goes on where it was, and the table is the same, byte for
    /// byte, however many worked on it. A sweep explores: an assertion of the scenario that fails is a
    /// column, and no reason for exit code 1.
    Sweep(sweep::Args),
    /// Run the chargers and cars of a scenario against any OCPP 1.6J central system.
    Fleet(fleet::Args),
    /// Check scenario files: all problems at once, nothing is run.
    Check(check::Args),
    /// Say why a charger had the limit it had at an instant of a run, and what it waited for.
    Explain(explain::Args),
    /// Answer GetCompositeSchedule for charging profiles in a file, and say which profile wins.
    Schedule(schedule::Args),
    /// Read a trace once: what it holds, how fast answers came, and what is wrong in it.
    Inspect(inspect::Args),
    /// Carry frames between charge points and any central system, and record them.
    Record(record::Args),
    /// Write a trace without what belongs to people and sites, or check what remains in one.
    Redact(redact::Args),
    /// Hear recorded OCPP traffic again and tell what is different now.
    ///
    /// The recorded charge points talk to the central system of this program, in virtual time; what it says and decides is
    /// compared with the recording, or with a golden file.
    Replay(replay::Args),
    /// Make a scenario of your own sessions, or a trace of your own logs: what they mean is inferred, and told.
    Import(import::Args),
    /// Write a scenario to begin with, or a workflow for CI: it runs, and is made to be edited.
    New(new::Args),
    /// Serve real charge points: OCPP 1.6J at /ocpp/{charge_point_id}, REST API beside it.
    Serve(serve::Args),
    /// Make, list or withdraw keys of the REST API of `serve`.
    Key(key::Args),
    /// Print the JSON Schema of scenario files, for editors, or of a document for programs.
    Schema(schema::Args),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// The whole program: reads the arguments, does the command, returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let command = command_tree().color(Colour::asked_for(words));
    let cli = match command.try_get_matches().and_then(|it| Cli::from_arg_matches(&it)) {
        Ok(cli) => cli,
        Err(error) => return code(told(&error)),
    };
    let done = match &cli.command {
        Command::Run(args) => run::run(args, cli.color),
        Command::Compare(args) => compare::compare(args, cli.color),
        Command::Sweep(args) => sweep::sweep(args, cli.color),
        Command::Fleet(args) => fleet::fleet(args, cli.color),
        Command::Check(args) => check::check(args, cli.color),
        Command::Explain(args) => explain::explain(args, cli.color),
        Command::Schedule(args) => schedule::schedule(args),
        Command::Inspect(args) => inspect::inspect(args, cli.color),
        Command::Record(args) => record::record(args),
        Command::Redact(args) => redact::redact(args),
        Command::Replay(args) => replay::replay(args, cli.color),
        Command::Import(args) => import::import(args),
        Command::New(args) => new::new(args),
        Command::Serve(args) => serve::serve(args),
        Command::Key(args) => key::key(args),
        Command::Schema(args) => schema::schema(args),
        Command::Completions { shell } => manual::completions(*shell, command_tree()),
        Command::Man => manual::page(command_tree()),
    };
    code(done.unwrap_or_else(|error| failed(&error)))
}

/// The arguments, with what stands below the long help.
fn command_tree() -> clap::Command {
    let mut below = "Examples:\n".to_owned();
    for (what, line) in EXAMPLES {
        below.push_str(&format!("  {what}:\n    {line}\n"));
    }
    below.push_str("\nExit codes:\n");
    for (exit, meaning) in EXIT_CODES {
        below.push_str(&format!("  {:>3}  {meaning}\n", exit as u8));
    }
    Cli::command().after_long_help(below)
}

/// Prints what clap has to say: help and version are answers, everything else is wrong usage.
fn told(error: &clap::Error) -> Exit {
    match error.print() {
        Err(cannot) if cannot.kind() != io::ErrorKind::BrokenPipe => Exit::Broken,
        _ if error.use_stderr() => Exit::Invalid,
        _ => Exit::Passed,
    }
}

fn failed(error: &anyhow::Error) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Passed;
    }
    note(format!("ampacity: {error:#}"));
    Exit::Broken
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Whoever reads our output has seen enough, as `| head` has: that is no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_error = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
