//! `ampacity serve`: the central system for real charge points.

mod config;
mod restore;

use std::fs;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use super::Exit;
use super::output::{data, note};
use super::serving::Serving;
use super::simulate::{INTERRUPTED, listen_for_interruption};
use crate::allocation::Strategy;
use crate::api;
use crate::csms;
use crate::ocpp::types::AuthorizationStatus;
use crate::shell::clock::Clock;
use crate::shell::door::{DoorOptions, Security, TlsFiles};
use crate::shell::journal::{Header, Journal};
use crate::shell::recorder::Recorder;
use crate::shell::{Engine, EngineOptions, Handle};
use crate::sim::live::Alone;
use crate::sim::plant::Plant;
use crate::store::Store;
use crate::store::sqlite::{Options, Sqlite};
use crate::time::Span;
use config::{Config, Format, Level};

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configuration file; `ampacity.toml` in the current folder when there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address instead of the configuration's.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Folder of the database instead of the configuration's.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Record everything that the central system hears and says as a trace: appended to this file. It holds
    /// personal data; `redact` takes it out.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Print a commented configuration file with all defaults.
    #[arg(long)]
    print_config: bool,
}

/// Serves until interrupted.
///
/// # Errors
/// When the database or the address cannot be used.
pub(super) fn serve(args: &Args) -> anyhow::Result<Exit> {
    if args.print_config {
        data(config::TEMPLATE)?;
        return Ok(Exit::Passed);
    }
    let beside = PathBuf::from("ampacity.toml");
    let file = args.config.clone().or_else(|| beside.is_file().then_some(beside));
    let told = config::load(file.as_deref(), std::env::vars()).and_then(|mut config| {
        config.listen = args.listen.unwrap_or(config.listen);
        config.data = args.data.clone().unwrap_or(config.data);
        config::check(&config).map(|()| config)
    });
    let config = match told {
        Ok(config) => config,
        Err(error) => {
            note(format!("ampacity: {error:#}"));
            return Ok(Exit::Invalid);
        }
    };
    log(&config);
    run(&config, args.trace.as_deref())?;
    Ok(Exit::Passed)
}

fn run(config: &Config, trace: Option<&Path>) -> anyhow::Result<()> {
    let mut store = open_store(&config.data, Options::default())?;
    let saved = store.load()?;
    let keyless = !store.reader()?.api_keys()?.iter().any(|key| key.revoked_at.is_none());
    let clock = Clock::real();
    let mut options = csms::Options {
        heartbeat: Span::from_s(i64::from(config.ocpp.heartbeat_s)),
        ..csms::Options::default()
    };
    if !config.ocpp.accept_unknown_cards {
        options.unknown_card = AuthorizationStatus::Invalid;
    }
    let running = saved.transactions.iter().filter(|row| row.ended.is_none()).count();
    info!(sites = saved.sites.len(), charge_points = saved.points.len(), running, "restored");
    let mut plant = Alone::new(restore::central(options, saved, clock.now()), clock.now());
    let journal = match config.journal.file.as_str() {
        "" => None,
        path => {
            let header = Header::new("", Strategy::default(), 0);
            let journal = Journal::create(Path::new(path), &header);
            Some(journal.with_context(|| format!("cannot write {path}"))?)
        }
    };
    let retention = match config.history.retention_days {
        0 => None,
        days => Some(Span::from_s(i64::from(days) * 86_400)),
    };
    let (trace, recording) = match trace {
        None => (None, None),
        Some(path) => {
            let (recorder, thread) = Recorder::open(path, None)
                .with_context(|| format!("cannot write {}", path.display()))?;
            (Some(recorder), Some(thread))
        }
    };
    let options = EngineOptions { journal, trace, retention, hold: true };
    let (engine, handle) = Engine::new(Box::new(store), clock, options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of the server")?;
    // Before anybody learns that it runs: whoever does may interrupt it at once.
    listen_for_interruption();
    let serving = open_door(&runtime, config, handle)?;
    info!(address = %serving.address, profile = config.security.profile, "serving");
    if keyless {
        warn!(
            "the REST API has no key yet: stop, run `ampacity key create NAME --scope admin`, \
             start again"
        );
    }
    let end = engine.run(&mut plant, runtime.handle(), &INTERRUPTED);
    serving.end(&runtime);
    if let Some(thread) = recording {
        let recorded = thread.finish();
        info!(records = recorded.records, lost = recorded.lost, "recorded");
    }
    let end = end?;
    info!(inputs = end.inputs, max_lag_s = end.max_lag_s, digest = %plant.digest(), "stopped");
    Ok(())
}

fn open_door(
    runtime: &tokio::runtime::Runtime,
    config: &Config,
    handle: Handle,
) -> anyhow::Result<Serving> {
    let files = || TlsFiles {
        chain: PathBuf::from(&config.security.certificate),
        key: PathBuf::from(&config.security.key),
    };
    let security = match config.security.profile {
        0 => Security::None,
        1 => Security::Basic,
        2 => Security::TlsBasic(files()),
        _ => Security::MutualTls {
            tls: files(),
            client_ca: PathBuf::from(&config.security.client_ca),
        },
    };
    let door = DoorOptions {
        security,
        accept_without_subprotocol: config.ocpp.accept_without_subprotocol,
        ping_interval: Duration::from_secs(u64::from(config.ocpp.ping_interval_s)),
        ..DoorOptions::default()
    };
    let api = api::Options { open_metrics: config.metrics.open, ..api::Options::default() };
    Serving::open(runtime, config.listen, door, api, handle)
}

/// Opens the database in its folder, making both when they do not exist.
///
/// # Errors
/// When the folder cannot be made or the database cannot be used.
pub(super) fn open_store(folder: &Path, options: Options) -> anyhow::Result<Sqlite> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(Sqlite::open(&folder.join("ampacity.db"), options)?)
}

/// Logs to standard error; RUST_LOG goes before the configured level.
fn log(config: &Config) {
    let level = match config.log.level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !no_color);
    // A second subscriber in one process cannot be set; the first one serves as well.
    let _ = match config.log.format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().try_init(),
    };
}
