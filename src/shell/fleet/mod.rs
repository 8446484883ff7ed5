//! A fleet of simulated charge points against a central system elsewhere, over real WebSockets.
//!
//! One thread owns the [`World`] and its time; every charge point has a task of its own that holds
//! its socket. What a socket has to say goes to the world as an input at the instant of its
//! arrival; what a charge point says goes to its socket's queue, which is short: a central system
//! that does not take what it is sent loses the connection.

mod address;
mod failure;
mod line;
mod tally;
mod trust;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::rustls::ClientConfig;
use tokio_tungstenite::Connector;

pub use address::{Endpoint, EndpointError, Passwords, PasswordsError};
pub use failure::Failure;
pub use tally::Tally;
pub use trust::{TrustError, trust, trust_public};

use crate::csms::Input;
use crate::ids::ChargePointId;
use crate::scenario::model::{Fleet, Scenario};
use crate::scenario::streams;
use crate::shell::clock::Clock;
use crate::sim::plant::{Outside, Plant};
use crate::sim::record::RunRecord;
use crate::sim::world::World;
use crate::time::{Span, Time};
use crate::units::Watts;
use line::{Common, Line, News};
use tally::Watch;

/// News that may wait; then the sockets wait.
const NEWS: usize = 1024;
/// Events or news handled before the other kind gets its turn.
const BURST: usize = 256;
/// The driver looks at least this often whether it is interrupted.
const LOOK: Duration = Duration::from_millis(100);
/// Between two reports of progress.
const PROGRESS: Duration = Duration::from_secs(1);
/// When the driver is late by more than this many seconds, time waits for it: a rush through what
/// was missed would run into time-outs before anybody could answer.
const LATE_S: f64 = 0.2;
/// Charge points that shake hands at a time.
const HANDSHAKES: usize = 64;
/// How long connections may take to close at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// How a fleet is driven.
#[derive(Clone, Debug)]
pub struct FleetOptions {
    /// The central system.
    pub endpoint: Endpoint,
    /// How charge points prove who they are.
    pub passwords: Passwords,
    /// Whom to trust behind `wss://`; `None`: the public certificate authorities.
    pub tls: Option<Arc<ClientConfig>>,
    /// Virtual seconds per second, > 0.
    pub speed: f64,
    /// Of the waits between attempts to connect.
    pub seed: u64,
    /// When no charge point could connect within this time of the first attempt, the fleet gives
    /// up.
    pub give_up_after: Duration,
}

/// What whoever started a fleet is told while it runs.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The first failure of its kind.
    Failed {
        /// The charge point that met it.
        point: &'a ChargePointId,
        /// What failed.
        failure: &'a Failure,
    },
    /// How far the run is, once a second.
    Progress {
        /// Virtual time.
        now: Time,
        /// Charge points with a connection.
        connected: usize,
        /// What all cars draw.
        draw: Watts,
    },
}

/// Why a fleet went home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The scenario is over.
    Over,
    /// Somebody interrupted it.
    Interrupted,
    /// No charge point could ever connect.
    NeverConnected,
}

/// What a fleet has to tell when it is home. What only a central system knows (allocations,
/// limits of the site) is empty in the record.
#[derive(Debug)]
pub struct FleetEnd {
    /// Why it ended.
    pub ending: Ending,
    /// Cars, energy, draw.
    pub record: RunRecord,
    /// Connections, frames, limits.
    pub tally: Tally,
}

/// Drives the fleet of a scenario until it is over, `interrupted`, or has given up. Blocks.
///
/// # Errors
/// When the machine gives no threads.
pub fn drive(
    scenario: &Scenario,
    fleet: &Fleet,
    options: &FleetOptions,
    interrupted: &AtomicBool,
    tell: &mut dyn FnMut(Notice<'_>),
) -> io::Result<FleetEnd> {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (sender, news) = mpsc::channel(NEWS);
    let (stop, stopped) = watch::channel(false);
    let common = Common {
        news: sender,
        stop: stopped,
        gate: Arc::new(Semaphore::new(HANDSHAKES)),
        connector: options.tls.clone().map(Connector::Rustls),
    };
    let strategy = scenario.site.strategy;
    let mut driver = Driver {
        world: World::new(scenario, fleet, strategy, options.seed, None).without_central(),
        clock: Clock::simulated(scenario.start, Some(options.speed)),
        end: scenario.start + scenario.duration,
        options,
        common: Arc::new(common),
        runtime: &runtime,
        tasks: JoinSet::new(),
        lines: BTreeMap::new(),
        watch: Watch::default(),
        tally: Tally::default(),
        last_input: Time(0),
        first_attempt: None,
    };
    let ending = driver.run(news, interrupted, tell);
    let _ = stop.send(true);
    let Driver { mut tasks, mut world, mut tally, .. } = driver;
    let farewell = async { while tasks.join_next().await.is_some() {} };
    let _ = runtime.block_on(async { tokio::time::timeout(FAREWELL, farewell).await });
    tally.close(world.points());
    let mut record = world.close();
    record.wall_s = began.elapsed().as_secs_f64();
    Ok(FleetEnd { ending, record, tally })
}

struct Driver<'a> {
    world: World<'a>,
    clock: Clock,
    end: Time,
    options: &'a FleetOptions,
    common: Arc<Common>,
    runtime: &'a Runtime,
    tasks: JoinSet<()>,
    /// Queues of the sockets that are open.
    lines: BTreeMap<ChargePointId, mpsc::Sender<String>>,
    watch: Watch,
    tally: Tally,
    last_input: Time,
    first_attempt: Option<Instant>,
}

impl Driver<'_> {
    fn run(
        &mut self,
        mut news: mpsc::Receiver<News>,
        interrupted: &AtomicBool,
        tell: &mut dyn FnMut(Notice<'_>),
    ) -> Ending {
        let mut told = Instant::now();
        loop {
            self.work();
            if interrupted.load(Ordering::Relaxed) {
                return Ending::Interrupted;
            }
            if self.world.next_at().is_none() && self.clock.now() >= self.end {
                return match self.tally.connections {
                    0 => Ending::NeverConnected,
                    _ => Ending::Over,
                };
            }
            let tried = self.first_attempt.map_or(Duration::ZERO, |first| first.elapsed());
            if self.tally.connections == 0 && tried > self.options.give_up_after {
                return Ending::NeverConnected;
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                let (now, connected) = (self.world.now(), self.lines.len());
                tell(Notice::Progress { now, connected, draw: self.world.draw() });
            }
            let due = self.world.next_at().unwrap_or(self.end);
            let wait = self.clock.until(due).unwrap_or(LOOK).min(LOOK);
            if wait > Duration::ZERO {
                let next = async { tokio::time::timeout(wait, news.recv()).await };
                match self.runtime.block_on(next) {
                    Ok(Some(one)) => self.hear(one, tell),
                    Ok(None) | Err(_) => continue,
                }
            }
            for _ in 0..BURST {
                match news.try_recv() {
                    Ok(one) => self.hear(one, tell),
                    Err(_) => break,
                }
            }
        }
    }

    /// Handles what is due, in a burst.
    fn work(&mut self) {
        if let Some(due) = self.world.next_at() {
            let late_s = self.clock.lag_s(due);
            if late_s > LATE_S {
                self.tally.lag_s += late_s;
                self.clock.set_speed(self.clock.speed(), due);
            }
        }
        let now = self.clock.now();
        for _ in 0..BURST {
            match self.world.next_at().filter(|at| *at <= now) {
                Some(_) => {
                    self.world.step();
                    self.collect();
                }
                None => break,
            }
        }
        self.watch.look(self.world.now(), self.world.points(), &mut self.tally);
    }

    fn hear(&mut self, news: News, tell: &mut dyn FnMut(Notice<'_>)) {
        match news {
            News::Up { point, frames } => {
                self.tally.connections += 1;
                self.tally.connected.insert(point.clone());
                self.lines.insert(point.clone(), frames);
                self.input(&Input::LinkUp { point });
            }
            News::Frame { point, text } => {
                self.tally.frames_received += 1;
                let before = self.profiles_accepted(&point);
                self.input(&Input::Frame { point: point.clone(), text });
                if self.profiles_accepted(&point) > before
                    && let Some(charger) = self.charger(&point)
                {
                    let now = self.world.now();
                    self.watch.accepted(&self.world.points()[charger], now);
                }
            }
            News::Down { point } => {
                self.tally.disconnections += 1;
                self.lines.remove(&point);
                self.input(&Input::LinkDown { point });
            }
            News::Failed { point, failure } => {
                if self.tally.failed(&failure) {
                    tell(Notice::Failed { point: &point, failure: &failure });
                }
            }
        }
    }

    fn charger(&self, point: &ChargePointId) -> Option<usize> {
        self.world.csms().point(point.as_str()).map(|index| index.0)
    }

    fn profiles_accepted(&self, point: &ChargePointId) -> u64 {
        let charger = self.charger(point);
        charger.map_or(0, |charger| self.world.points()[charger].counters().profiles_accepted)
    }

    /// Gives the world an input, after everything that is due before it.
    fn input(&mut self, input: &Input) {
        let now = self.clock.now().min(self.end);
        let behind = self.world.next_at().is_some_and(|due| due <= now);
        let reached = if behind { self.world.now() } else { now.max(self.world.now()) };
        let at = reached.max(self.last_input + Span(1));
        while self.world.next_at().is_some_and(|due| due <= at) {
            self.world.step();
            self.collect();
        }
        let at = at.max(self.world.now());
        self.last_input = at;
        // Refused after the last instant of the scenario only.
        let _ = self.world.input(at, input);
        self.collect();
    }

    /// Carries what leaves the world to the sockets.
    fn collect(&mut self) {
        while let Some(outside) = self.world.poll_outside() {
            match outside {
                Outside::Connect { point } => self.connect(point),
                // The socket closes; `Down` follows, and a new attempt.
                Outside::Disconnect { point } => drop(self.lines.remove(&point)),
                Outside::Send { point, text } => {
                    let Some(line) = self.lines.get(&point) else { continue };
                    if line.try_send(text).is_ok() {
                        self.tally.frames_sent += 1;
                    } else {
                        // Closes the socket, if it is not closed yet; `Down` follows.
                        self.tally.stalled += u64::from(!line.is_closed());
                        self.lines.remove(&point);
                    }
                }
                Outside::Event(_) => {}
            }
        }
    }

    fn connect(&mut self, point: ChargePointId) {
        self.first_attempt.get_or_insert_with(Instant::now);
        let number = self.charger(&point).unwrap_or_default() as u64;
        let handshake = self.world.points()[number as usize].handshake();
        let url = match handshake.double_slash {
            true => self.options.endpoint.with_slash(point.as_str()),
            false => self.options.endpoint.of(point.as_str()),
        };
        let line = Line {
            url,
            subprotocol: handshake.subprotocol,
            credentials: self.options.passwords.header(point.as_str()),
            chance: streams::stream(self.options.seed, "reconnect", number),
            common: Arc::clone(&self.common),
            point,
        };
        self.tasks.spawn_on(line.keep(), self.runtime.handle());
    }
}
