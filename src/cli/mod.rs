//! The command line: one file a command, exit codes, nothing decided here.

mod check;
mod manual;
mod run;
mod scenario;
mod schema;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

/// How a command ended; the numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything passed.
    Passed = 0,
    /// An assertion failed.
    Failed = 1,
    /// Wrong usage or an invalid scenario.
    Invalid = 2,
    /// Input, output or runtime failure.
    Broken = 3,
    /// Nothing ran: no car ever plugged in.
    NothingRan = 5,
    /// An invariant of the program itself is broken.
    Bug = 101,
    /// Interrupted.
    Interrupted = 130,
}

/// Simulation and digital-twin testbed for EV smart charging.
///
/// Runs a full OCPP 1.6J central system with a site power allocator against a simulated fleet,
/// and reports what was allocated, drawn and said.
#[derive(Debug, Parser)]
#[command(name = "ampacity", version, max_term_width = 100)]
struct Cli {
    /// Colour of the output.
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    color: Colour,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario file and judge the result by its assertions.
    Run(run::Args),
    /// Check scenario files: all problems at once, nothing is run.
    Check(check::Args),
    /// Print the JSON Schema of scenario files, for editors.
    Schema,
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
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is wrong usage; a closed pipe is
            // nobody's mistake.
            let _ = error.print();
            return code(if error.use_stderr() { Exit::Invalid } else { Exit::Passed });
        }
    };
    let done = match &cli.command {
        Command::Run(args) => run::run(args, cli.color),
        Command::Check(args) => check::check(args, cli.color),
        Command::Schema => schema::schema(),
        Command::Completions { shell } => manual::completions(*shell, Cli::command()),
        Command::Man => manual::page(Cli::command()),
    };
    match done {
        Ok(exit) => code(exit),
        Err(error) if is_closed_pipe(&error) => code(Exit::Passed),
        Err(error) => {
            eprintln!("ampacity: {error:#}");
            code(Exit::Broken)
        }
    }
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Whoever reads our output has seen enough, as `| head` has: that is no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_error = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

impl Colour {
    /// Whether to colour what goes to standard output.
    fn on_stdout(self) -> bool {
        self.wanted(io::stdout().is_terminal())
    }

    /// Whether to colour what goes to standard error.
    fn on_stderr(self) -> bool {
        self.wanted(io::stderr().is_terminal())
    }

    fn wanted(self, terminal: bool) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()),
        }
    }
}
