//! The twin: one scenario flat out, and again over real sockets at sixty times real time.
//!
//! Flat out, central system and fleet share one world and its links. The twin has a central system
//! as it serves real charge points, behind its door on a loopback port with passwords, and the
//! fleet of the same scenario on the other side of WebSockets. What the wall clock, the threads and
//! the sockets add is noise of milliseconds, a few tenths of a virtual second; it must not change
//! who charges, what is decided, or what is delivered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ampacity::csms::{Csms, Options};
use ampacity::scenario::model::{Fleet, Scenario};
use ampacity::scenario::{Source, expand, load};
use ampacity::shell::clock::Clock;
use ampacity::shell::door::{Door, DoorOptions};
use ampacity::shell::fleet::{Ending, Endpoint, FleetOptions, Passwords, drive};
use ampacity::shell::{Engine, EngineOptions, LiveEvent};
use ampacity::sim::live::Alone;
use ampacity::sim::record::RunRecord;
use ampacity::sim::world::World;
use ampacity::store::memory::Memory;
use ampacity::store::{Fact, Store, TransactionRow};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;
use axum::Router;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::oneshot;

/// Virtual seconds per second; the slower ones are for a machine that is busy with something else.
const SPEEDS: [f64; 3] = [60.0, 30.0, 15.0];
/// A machine that lets a thread or an answer wait for longer than this, in virtual time, is too
/// busy for the pace: then differences prove nothing.
const BUSY: Span = Span::from_s(1);
/// Instants that are the same but for the noise.
const SAME_INSTANT: Span = Span::from_s(5);
/// Steps of a limit that follow each other within this time are one decision on its way: a raise
/// leaves in parts when the room for it becomes free in parts, and which answer frees room first
/// is a matter of milliseconds.
const ONE_DECISION: Span = Span::from_s(15);
/// Energies are the same within half a percent and what a car draws in a second or two.
const SAME_ENERGY: (f64, f64) = (0.005, 0.005);

/// Half an hour at eight chargers of which four could be used in full: cars come one after
/// another, some leave early, two are content soon, and two chargers are used twice.
const SITE: &str = r#"
name = "Twin"
start = "2026-05-04T08:00:00Z"
duration = "30m"
seed = 5
[site]
max_power_kw = 50
reserve_kw = 5
strategy = "priority"
min_charge_rate_kw = 4.2
[site.control]
# A raise leaves in part when it has waited for 12 s; that must not be a question of milliseconds.
confirm_after = "7s"
[[chargers]]
model = "ac22"
ids = ["gate_1", "gate_2"]
priority = 3
[[chargers]]
model = "ac22"
ids = ["lot_1", "lot_2", "lot_3", "lot_4", "lot_5", "lot_6"]
[[vehicles]]
model = "compact_3p11"
share = 3
[[vehicles]]
model = "sedan_3p11"
share = 2
[[vehicles]]
model = "van_3p22"
share = 2
[[vehicles]]
model = "city_1p"
share = 1
[[arrivals]]
sessions = "sessions.csv"
"#;

const SESSIONS: &str = "charger,arrival,departure,kwh
lot_1,2026-05-04T08:01:10Z,2026-05-04T09:00:00Z,20
lot_2,2026-05-04T08:02:25Z,2026-05-04T08:19:30Z,15
gate_1,2026-05-04T08:04:05Z,2026-05-04T08:25:40Z,18
lot_3,2026-05-04T08:05:50Z,2026-05-04T09:00:00Z,1
lot_4,2026-05-04T08:07:15Z,2026-05-04T09:00:00Z,12
lot_5,2026-05-04T08:08:35Z,2026-05-04T08:14:20Z,9
lot_6,2026-05-04T08:10:45Z,2026-05-04T09:00:00Z,25
gate_2,2026-05-04T08:12:30Z,2026-05-04T09:00:00Z,1.5
lot_5,2026-05-04T08:16:55Z,2026-05-04T09:00:00Z,14
lot_2,2026-05-04T08:22:10Z,2026-05-04T09:00:00Z,8
";

/// What a run has left behind.
struct Run {
    /// By the central system's store, in the order of their ids.
    transactions: Vec<TransactionRow>,
    /// The limits that charge points accepted, by transaction.
    limits: BTreeMap<i64, Vec<(Time, Watts)>>,
    /// The longest that the central system waited for an answer to a limit, in virtual time.
    slowest_answer: Span,
    /// The most that the site's transactions were allowed together, watts.
    most_allocated_w: f64,
    /// By the cars and their meters.
    cars: RunRecord,
}

impl Run {
    /// Takes the central system's side from its store and from the events it told.
    fn new(mut store: Memory, events: Receiver<Arc<LiveEvent>>, cars: RunRecord) -> Run {
        let site = store.load().expect("what was kept").sites.remove(0).site;
        let query = store.reader().expect("a reader");
        let history = query.history(&site, cars.from, cars.to, Span::from_s(1)).expect("a history");
        let mut transactions = query.transactions(None, Time::NEVER, 1000).expect("transactions");
        transactions.sort_by_key(|transaction| transaction.transaction_id);
        let mut run = Run {
            transactions,
            limits: BTreeMap::new(),
            slowest_answer: Span::ZERO,
            most_allocated_w: history.iter().map(|second| second.allocated_w).fold(0.0, f64::max),
            cars,
        };
        run.listen(events);
        run
    }

    fn listen(&mut self, mut events: Receiver<Arc<LiveEvent>>) {
        let mut running = BTreeMap::new();
        let mut asked = BTreeMap::new();
        loop {
            let event = match events.try_recv() {
                Ok(event) => event,
                Err(TryRecvError::Lagged(missed)) => panic!("{missed} events are missing"),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            };
            let at = Time::parse_ocpp_exact(&event.at).expect("an instant");
            let data = &event.data;
            let number = |name: &str| data[name].as_u64().expect("a number");
            let place = || {
                let point = data["charge_point_id"].as_str().expect("a charge point");
                (point.to_owned(), number("connector_id"))
            };
            match event.kind {
                "session_started" => {
                    running.insert(place(), number("transaction_id") as i64);
                }
                "session_ended" => drop(running.remove(&place())),
                "limit_accepted" => {
                    let limit = Watts::from_kw(data["allocated_kw"].as_f64().expect("a power"));
                    let Some(id) = running.get(&place()) else { continue };
                    let steps = self.limits.entry(*id).or_default();
                    if steps.last().is_none_or(|(_, last)| *last != limit) {
                        steps.push((at, limit));
                    }
                }
                "profile_sent" => drop(asked.insert(number("number"), at)),
                "profile_answered" => {
                    let sent = asked[&number("number")];
                    self.slowest_answer = self.slowest_answer.max(at.since(sent));
                }
                _ => {}
            }
        }
    }

    /// The targets of a transaction and when each was reached.
    fn decisions(&self, transaction: i64) -> Vec<(Time, Watts)> {
        let steps = self.limits.get(&transaction).map(Vec::as_slice).unwrap_or_default();
        let mut targets: Vec<(Time, Watts)> = Vec::new();
        for (step, (at, limit)) in steps.iter().enumerate() {
            let on_its_way =
                steps.get(step + 1).is_some_and(|(next, _)| next.since(*at) < ONE_DECISION);
            if !on_its_way && targets.last().is_none_or(|(_, last)| last != limit) {
                targets.push((*at, *limit));
            }
        }
        targets
    }
}

fn scenario() -> Scenario {
    let source = Source::new("twin.toml", SITE);
    let (scenario, warnings) =
        load(&source, &|_| Ok(SESSIONS.to_owned())).unwrap_or_else(|errors| {
            let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", shown.join("\n"))
        });
    assert!(warnings.is_empty(), "{warnings:?}");
    scenario
}

fn store() -> Memory {
    Memory::new(Span::from_s(86_400))
}

/// Central system and fleet in one world, as fast as possible.
fn flat_out(scenario: &Scenario, fleet: &Fleet) -> Run {
    let mut world = World::new(scenario, fleet, scenario.site.strategy, scenario.seed, None);
    world.listen();
    let runtime = Runtime::new().expect("threads");
    let store = store();
    let clock = Clock::simulated(scenario.start, None);
    let (engine, handle) =
        Engine::new(Box::new(store.clone()), clock, EngineOptions::default()).expect("an engine");
    let events = handle.subscribe();
    engine.run(&mut world, runtime.handle(), &AtomicBool::new(false)).expect("a run");
    Run::new(store, events, world.close())
}

/// The central system of the scenario, for real charge points: what its world has commissioned.
fn central(scenario: &Scenario, fleet: &Fleet) -> Csms {
    let world = World::new(scenario, fleet, scenario.site.strategy, scenario.seed, None);
    let (there, site) = (world.csms(), world.site());
    let mut csms = Csms::new(Options::default());
    let id = there.site_id(site).clone();
    let here = csms.add_site(id, there.config(site).clone(), scenario.site.control.clone());
    for point in there.points() {
        let point = there.point_view(point).expect("it is commissioned");
        csms.add_point(point.id, here, point.hardware, point.connectors.len() as u32);
    }
    csms
}

/// The same over sockets; also the longest that this machine let anything wait, in virtual time.
fn over_sockets(scenario: &Scenario, fleet: &Fleet, speed: f64) -> (Run, Span) {
    let key = |identity: &str| format!("the key of {identity}");
    let identities: Vec<&str> =
        scenario.chargers.iter().map(|charger| charger.id.as_str()).collect();
    let mut store = store();
    for identity in &identities {
        let sha256 = Sha256::digest(key(identity)).into();
        store.apply(&[Fact::Credential((*identity).into(), Some(sha256))]).expect("memory");
    }
    let keys = identities.iter().map(|identity| ((*identity).to_owned(), key(identity))).collect();
    let mut plant = Alone::new(central(scenario, fleet), scenario.start);
    let runtime = Runtime::new().expect("threads");
    let (close, closed) = oneshot::channel::<()>();
    let over = Arc::new(AtomicBool::new(false));

    // The two clocks begin within the few milliseconds that the following takes.
    let clock = Clock::simulated(scenario.start, Some(speed));
    let (engine, handle) =
        Engine::new(Box::new(store.clone()), clock, EngineOptions::default()).expect("an engine");
    let events = handle.subscribe();
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let bound = runtime.block_on(Door::bind(loopback, DoorOptions::default(), handle));
    let door = bound.expect("a port");
    let endpoint = format!("ws://{}/ocpp", door.local_addr());
    let service = runtime.spawn(door.run(Router::new(), async { drop(closed.await) }));
    let (sockets, interrupted) = (runtime.handle().clone(), Arc::clone(&over));
    let central = std::thread::spawn(move || engine.run(&mut plant, &sockets, &interrupted));
    let options = FleetOptions {
        endpoint: Endpoint::parse(&endpoint).expect("a URL"),
        passwords: Passwords::Each(keys),
        tls: None,
        speed,
        seed: scenario.seed,
        give_up_after: Duration::from_secs(60),
    };
    let home = drive(scenario, fleet, &options, &AtomicBool::new(false), &mut |_| {});
    over.store(true, Ordering::Relaxed);
    let served = central.join().expect("no panic").expect("the central system ends well");
    drop(close);
    runtime.block_on(service).expect("the door closes");

    let home = home.expect("threads");
    assert_eq!(home.ending, Ending::Over);
    let tally = &home.tally;
    assert_eq!(tally.connections, identities.len() as u64, "{tally:?}");
    assert_eq!((tally.disconnections, tally.undelivered), (0, 0), "{tally:?}");
    assert!(tally.limits_checked > 0 && tally.limits_exceeded == 0, "{tally:?}");
    let max_lag_s = served.max_lag_s.max(tally.lag_s);
    let run = Run::new(store, events, home.record);
    let waited = run.slowest_answer.max(Span::from_s_f64(max_lag_s * speed));
    (run, waited)
}

/// What of two runs is not the same, a line each.
fn differences(flat: &Run, twin: &Run) -> String {
    let mut found = String::new();
    let cards = |run: &Run| -> Vec<_> {
        let card = |t: &TransactionRow| (t.point.to_string(), t.connector, t.id_tag.clone());
        run.transactions.iter().map(card).collect()
    };
    if cards(flat) != cards(twin) {
        let _ = writeln!(found, "transactions: {:?} / {:?}", cards(flat), cards(twin));
        return found;
    }
    for (one, other) in flat.transactions.iter().zip(&twin.transactions) {
        let place = format!("{} ({})", one.point, one.id_tag);
        if !same_instant(one.started_at, other.started_at) {
            let (one, other) = (one.started_at.to_ocpp(), other.started_at.to_ocpp());
            let _ = writeln!(found, "{place}: begins at {one} / {other}");
        }
        let end = |t: &TransactionRow| t.ended.as_ref().map(|end| (end.at, end.reason));
        let same = match (end(one), end(other)) {
            (Some((at, reason)), Some((then, because))) => {
                same_instant(at, then) && reason == because
            }
            (None, None) => true,
            _ => false,
        };
        if !same {
            let _ = writeln!(found, "{place}: ends {:?} / {:?}", one.ended, other.ended);
        }
        if let (Some(one), Some(other)) = (&one.ended, &other.ended) {
            let kwh = (one.energy_wh as f64 / 1e3, other.energy_wh as f64 / 1e3);
            energies(&format!("{place}, by its transaction"), kwh, &mut found);
        }
        let decided = flat.decisions(one.transaction_id);
        let also = twin.decisions(other.transaction_id);
        let same = decided.len() == also.len()
            && decided
                .iter()
                .zip(&also)
                .all(|((at, limit), (then, target))| same_instant(*at, *then) && limit == target);
        if !same {
            let _ = writeln!(found, "{place}: limits {} / {}", shown(&decided), shown(&also));
        }
    }
    for (one, other) in flat.cars.sessions.iter().zip(&twin.cars.sessions) {
        let place = flat.cars.chargers[one.charger].to_string();
        let kwh = (one.delivered_kwh, other.delivered_kwh);
        energies(&format!("{place}, by the car of {}", one.arrival.to_ocpp()), kwh, &mut found);
    }
    found
}

fn same_instant(one: Time, other: Time) -> bool {
    one.since(other).0.abs() <= SAME_INSTANT.0
}

fn energies(what: &str, (one, other): (f64, f64), found: &mut String) {
    let (share, absolute) = SAME_ENERGY;
    if (one - other).abs() > share * one + absolute {
        let _ = writeln!(found, "{what}: {one:.4} / {other:.4} kWh");
    }
}

fn shown(limits: &[(Time, Watts)]) -> String {
    let mut text = String::new();
    for (at, limit) in limits {
        let _ = write!(text, "[{} {} kW] ", &at.to_ocpp()[11..], limit.kw());
    }
    text
}

/// No site limit is overrun, by what cars drew and by what they were allowed.
fn keeps_the_limit(run: &Run, scenario: &Scenario) {
    let limit_w = (scenario.site.max_power - scenario.site.reserve).0 as f64;
    let share = run.most_allocated_w / limit_w;
    assert!((0.9..=1.0).contains(&share), "{} of {limit_w} W allowed", run.most_allocated_w);
    assert!(run.cars.over_limit.max_kw <= 0.0, "{:?}", run.cars.over_limit);
}

#[test]
fn over_sockets_the_same_cars_get_the_same_limits_and_the_same_energy() {
    let scenario = scenario();
    let fleet = expand(&scenario, scenario.seed);
    let flat = flat_out(&scenario, &fleet);
    assert_eq!(flat.transactions.len(), fleet.sessions.len(), "every car charges");
    assert_eq!(flat.transactions.iter().filter(|one| one.ended.is_some()).count(), 3);
    let decisions = flat.limits.keys().map(|id| flat.decisions(*id).len());
    assert!(decisions.sum::<usize>() > 4 * fleet.sessions.len(), "there is something to decide");

    for speed in SPEEDS {
        let (twin, waited) = over_sockets(&scenario, &fleet, speed);
        keeps_the_limit(&twin, &scenario);
        let found = differences(&flat, &twin);
        if found.is_empty() {
            break;
        }
        let waited_s = waited.s();
        assert!(
            waited > BUSY && speed > SPEEDS[2],
            "flat out / over sockets, up to {waited_s:.1} s late:\n{found}"
        );
        eprintln!("up to {waited_s:.1} s late at {speed} times: once more at half the speed");
    }
    keeps_the_limit(&flat, &scenario);
}
