//! A run that the wall clock paces and people look at.

use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context;

use super::output::note;
use super::simulate::{INTERRUPTED, Job};
use crate::shell::clock::Clock;
use crate::shell::journal::{self, Entry, Header, Journal};
use crate::shell::{Engine, EngineOptions};
use crate::sim::world::World;
use crate::store::memory::Memory;
use crate::time::Span;

/// A simulation further behind than this is not at the pace it was asked for.
const LAG_WORTH_A_WORD_S: f64 = 0.1;

/// A run that is held open for weeks does not grow for ever.
const RETENTION: Span = Span::from_s(400 * 86_400);

/// `--speed`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Speed {
    /// As fast as possible.
    Max,
    /// So many virtual seconds per second.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        match text {
            "max" => Ok(Speed::Max),
            "realtime" => Ok(Speed::Times(1.0)),
            _ => text
                .parse()
                .ok()
                .filter(|speed| (0.001..=1e6).contains(speed))
                .map(Speed::Times)
                .ok_or_else(|| {
                    "a speed is max, realtime, or a number from 0.001 to 1000000: virtual seconds \
                     per second"
                        .to_owned()
                }),
        }
    }
}

/// How a run is paced and served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live {
    speed: Speed,
    listen: Option<SocketAddr>,
    hold: bool,
}

impl Live {
    /// `None`: flat out, and nobody looks.
    pub(super) fn asked_for(
        speed: Option<Speed>,
        listen: Option<SocketAddr>,
        hold: bool,
    ) -> Option<Live> {
        match (speed, listen) {
            (None | Some(Speed::Max), None) => None,
            _ => Some(Live { speed: speed.unwrap_or(Speed::Times(1.0)), listen, hold }),
        }
    }

    /// Paces the world to its end; returns what was asked of it meanwhile.
    ///
    /// # Errors
    /// When the address is taken, or the journal cannot be written or read again.
    pub(super) fn drive(
        self,
        world: &mut World<'_>,
        job: &Job<'_>,
        out: &Path,
    ) -> anyhow::Result<Vec<Entry>> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start the threads of the API")?;
        let path = out.join("journal.jsonl");
        let journal = match self.listen {
            Some(_) => {
                let header = Header::new(&job.scenario.sha256, job.strategy, job.seed);
                let journal = Journal::create(&path, &header);
                Some(journal.with_context(|| format!("cannot write {}", path.display()))?)
            }
            None => None,
        };
        let speed = match self.speed {
            Speed::Max => None,
            Speed::Times(speed) => Some(speed),
        };
        let options = EngineOptions { journal, trace: None, retention: None, hold: self.hold };
        let clock = Clock::simulated(job.scenario.start, speed);
        let (engine, handle) = Engine::new(Box::new(Memory::new(RETENTION)), clock, options)?;
        world.listen();
        let serving = match self.listen {
            Some(address) => Some(super::serving::Serving::of_a_run(&runtime, address, handle)?),
            None => None,
        };
        let end = engine.run(world, runtime.handle(), &INTERRUPTED)?;
        if let Some(serving) = serving {
            serving.end(&runtime);
        }
        if end.max_lag_s > LAG_WORTH_A_WORD_S {
            note(format!(
                "ampacity: up to {:.1} s behind the wall clock; the simulation itself is exact",
                end.max_lag_s
            ));
        }
        match self.listen {
            Some(_) => Ok(journal::read(&path)?.1),
            None => Ok(Vec::new()),
        }
    }
}
