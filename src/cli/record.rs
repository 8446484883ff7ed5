//! `ampacity record`: a recording proxy between charge points and any central system.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;

use super::Exit;
use super::output::{data, note};
use super::redact::read_key;
use super::simulate::{INTERRUPTED, listen_for_interruption};
use crate::shell::door::TlsFiles;
use crate::shell::fleet::{Endpoint, trust, trust_public};
use crate::shell::proxy::{Carried, Proxy, ProxyOptions};
use crate::shell::recorder::{Recorded, Recorder};
use crate::trace::redact::Redactor;

/// Between two looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// What stands below the long help.
const BELOW: &str = "\
A charge point that connected to wss://csms.example/ocpp/CP1 connects to ws://THIS-HOST:9100/CP1;
the central system sees it at the same URL as before. Frames pass as they are, byte for byte; so do
the subprotocol, the password, and a refusal. The file grows while traffic passes: whatever ends
the program, all lines but perhaps the last are whole, and another `record` goes on behind them.

It ends on Ctrl-C: with 0, or with 3 when frames could not be written.

Examples:
  ampacity record --listen 0.0.0.0:9100 --upstream wss://csms.example/ocpp --out day.jsonl
  ampacity record --listen 127.0.0.1:9100 --upstream ws://csms:9000 --out day.jsonl --key site.key";

/// Arguments of `record`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BELOW)]
pub(super) struct Args {
    /// Address for the charge points.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// The central system, ws:// or wss://; the last part of each charge point's URL is appended.
    #[arg(long, value_name = "URL", value_parser = Endpoint::parse)]
    upstream: Endpoint,
    /// The trace to write, or to go on with.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Redact with the key in this file before anything is written; see `redact`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Certificate (PEM) for charge points that connect by wss://, then those that lead to its root.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key (PEM), not encrypted.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Certificates (PEM) to trust behind wss:// instead of the public authorities.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Carries and records until interrupted.
///
/// # Errors
/// When the address, the file or a certificate cannot be used.
pub(super) fn record(args: &Args) -> anyhow::Result<Exit> {
    let redactor = match &args.key {
        None => None,
        Some(path) => match read_key(path)? {
            Ok(key) => Some(Redactor::at_once(key)),
            Err(wrong) => return Ok(invalid(&wrong)),
        },
    };
    let trust = match (&args.ca, args.upstream.is_secure()) {
        (None, false) => None,
        (Some(_), false) => {
            return Ok(invalid("--ca is for a central system behind wss://"));
        }
        (None, true) => Some(trust_public()?),
        (Some(path), true) => {
            let pem = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            match trust(&pem) {
                Ok(trusted) => Some(trusted),
                Err(wrong) => return Ok(invalid(&format!("{}: {wrong}", path.display()))),
            }
        }
    };
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    let tls = tls.map(|(chain, key)| TlsFiles { chain, key });
    let options = ProxyOptions { upstream: args.upstream.clone(), trust, tls };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of the proxy")?;
    // Before anybody learns that it runs: whoever does may interrupt it at once.
    listen_for_interruption();
    let proxy = runtime.block_on(Proxy::bind(args.listen, options))?;
    let (recorder, thread) = Recorder::open(&args.out, redactor)
        .with_context(|| format!("cannot write {}", args.out.display()))?;
    if !args.quiet {
        let (address, file) = (proxy.local_addr(), args.out.display());
        note(format!(
            "ampacity: recording what passes between {address} and {} to {file}",
            args.upstream
        ));
        if args.key.is_none() {
            note("ampacity: the file holds personal data; --key redacts it before it is written");
        }
    }
    let interrupted = async {
        while !INTERRUPTED.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK).await;
        }
    };
    let carried = runtime.block_on(proxy.run(recorder, interrupted));
    drop(runtime);
    let recorded = thread.finish();
    if !args.quiet {
        data(&told(&carried, &recorded))?;
    }
    if recorded.lost == 0 {
        return Ok(Exit::Passed);
    }
    let why = recorded.problem.unwrap_or_else(|| "the disk was too slow".to_owned());
    note(format!("ampacity: {} frames passed unrecorded: {why}", recorded.lost));
    Ok(Exit::Broken)
}

fn told(carried: &Carried, recorded: &Recorded) -> String {
    let mut text = format!(
        "{} records of {} charge points in {} connections\n{} frames from charge points, {} to them\n",
        recorded.records,
        carried.points,
        carried.connections,
        carried.from_points,
        carried.to_points
    );
    for (count, what) in [
        (recorded.no_frames, "texts are no frames of OCPP-J"),
        (carried.binary, "binary messages passed unrecorded"),
        (carried.unreadable, "texts that cannot be read passed unrecorded"),
        (carried.unreachable, "connections did not reach the central system"),
    ] {
        if count > 0 {
            text.push_str(&format!("{count} {what}\n"));
        }
    }
    for (status, count) in &carried.refused {
        text.push_str(&format!(
            "{count} connections were refused by the central system (HTTP {status})\n"
        ));
    }
    text
}

fn invalid(wrong: &str) -> Exit {
    note(format!("ampacity: {wrong}"));
    Exit::Invalid
}
