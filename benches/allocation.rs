//! What a decision costs: each strategy on sites of many sessions, and how that grows.
//!
//! `cargo bench --bench allocation` (or, for other sizes, `-- 100 1000`) prints one row per strategy,
//! network and size: the mean of the best of twenty rounds, and the ratio to the row before. Networks:
//! none; eight feeders, each with limits in all and by phase, some of which bind before the site does;
//! the same with two cars at each charge point, which share its maximum. Two thirds of the cars
//! want more than their share; half of them could have their minimum only, so that a contest is a
//! contest. Rates of one decision are what the next one finds, as on a site.

use std::time::{Duration, Instant};

use ampacity::allocation::network::{Bounds, Grid, Limits, Network, Node, PhaseRotation, Place};
use ampacity::allocation::{Problem, Rotation, Session, Strategy, solve};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

const NOW: Time = Time::from_unix_s(1_780_000_000);
/// A round lasts at least this long.
const ROUND: Duration = Duration::from_millis(15);
const ROUNDS: usize = 20;
const FEEDERS: usize = 8;

/// Cars of three phases, of one, and ones that taper, each with a deadline and something missing.
fn sessions(count: usize) -> Vec<Session> {
    let car = |number: usize| {
        // A multiplier that spreads what follows from the number over its range.
        let spread = |range: i64| ((number as i64 * 7_919) % 104_729) * range / 104_729;
        let arrival = NOW - Span::from_s(300 + spread(36_000));
        let (min, cap, step) = match number % 3 {
            0 => (4_140, 11_040, 690),
            1 => (1_380, 7_360, 230),
            _ => (4_140, 4_140 + 690 * spread(26), 690),
        };
        Session {
            id: number as u64,
            arrival,
            weight: 1 + (number % 4) as u32,
            min: Watts(min),
            cap: Watts(cap),
            hardware: Watts(22_080),
            step: Watts(step),
            service: spread(30_000),
            previous: Watts::ZERO,
            last_switch: arrival,
            wants_power: !number.is_multiple_of(11),
            departure: (!number.is_multiple_of(5)).then(|| NOW + Span::from_s(spread(50_000))),
            energy_left: Some(spread(60_000)),
        }
    };
    (0..count).map(car).collect()
}

/// What bounds the rates beside the site's capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Below {
    Nothing,
    Feeders,
    ChargePoints,
}

impl Below {
    const ALL: [(Below, &str); 3] = [
        (Below::Nothing, "none"),
        (Below::Feeders, "feeders"),
        (Below::ChargePoints, "charge points"),
    ];

    /// The network, and where each session is connected; cars of one phase are spread over all three.
    fn wiring(self, sessions: &[Session]) -> (Limits, Vec<Place>) {
        let fair = 2_600 * sessions.len() as i64 / FEEDERS as i64;
        let mut nodes = vec![Node::default()];
        nodes.extend((0..FEEDERS as i64).map(|number| Node {
            parent: Some(0),
            power: Some(Watts(fair * (15 + number) / 20)),
            per_phase: Some([Watts(fair * (15 + number) / 55); 3]),
            ..Node::default()
        }));
        if self == Below::ChargePoints {
            nodes.extend((0..sessions.len() / 2 + 1).map(|point| Node {
                parent: Some(1 + point % FEEDERS),
                power: Some(Watts(22_080)),
                ..Node::default()
            }));
        }
        let place = |(number, session): (usize, &Session)| {
            let first = 1 + number / 2 % FEEDERS;
            let node = if self == Below::ChargePoints { 1 + FEEDERS + number / 2 } else { first };
            let phases = if session.step == Watts(230) { 1 } else { 3 };
            Place { node, phases: PhaseRotation::ALL[number / 3 % 6].first(phases) }
        };
        let places = sessions.iter().enumerate().map(place).collect();
        (Limits::new(&Network { nodes }), places)
    }
}

/// Decisions of a strategy on a site of some size, one after the other.
struct Case {
    strategy: Strategy,
    below: Below,
    sessions: Vec<Session>,
    limits: Limits,
    places: Vec<Place>,
}

impl Case {
    fn new(strategy: Strategy, below: Below, count: usize) -> Case {
        let sessions = sessions(count);
        let (limits, places) = below.wiring(&sessions);
        Case { strategy, below, sessions, limits, places }
    }

    /// The time of one decision, on average over a round.
    fn round(&mut self) -> Duration {
        let grid =
            Grid { limits: &self.limits, held: &self.limits.unloaded(), places: &self.places };
        let network = (self.below != Below::Nothing).then_some(&grid as &dyn Bounds);
        let rotation = Rotation {
            now: NOW,
            looked_at: NOW,
            epoch_starts: false,
            min_on: Span::from_s(300),
            min_off: Span::from_s(180),
            welcome: Span::from_s(210),
            epoch: Span::from_s(900),
        };
        let capacity = Watts(2_600 * self.sessions.len() as i64);
        let began = Instant::now();
        let mut decisions = 0;
        while began.elapsed() < ROUND || decisions < 2 {
            let rotation = Rotation { epoch_starts: decisions % 4 == 3, ..rotation };
            let shares = solve(&Problem {
                strategy: self.strategy,
                capacity,
                sessions: &self.sessions,
                network,
                rotation,
            });
            for (session, share) in self.sessions.iter_mut().zip(shares) {
                session.previous = share.rate;
            }
            decisions += 1;
        }
        began.elapsed() / decisions
    }
}

/// By size: the time of one decision of the best round. The sizes take turns, so that whatever else the
/// machine does for a while disturbs the ratio between them least.
fn costs(strategy: Strategy, below: Below, sizes: &[usize]) -> Vec<Duration> {
    let mut cases: Vec<Case> = sizes.iter().map(|size| Case::new(strategy, below, *size)).collect();
    let mut best = vec![Duration::MAX; cases.len()];
    for _ in 0..ROUNDS {
        for (best, case) in best.iter_mut().zip(&mut cases) {
            *best = case.round().min(*best);
        }
    }
    best
}

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![100, 1_000, 10_000] } else { asked };
    let head = ["strategy", "network", "sessions", "ms/decision", "ratio"];
    let [strategy, network, sessions, cost_ms, ratio] = head;
    println!("{strategy:<26} {network:<14} {sessions:>9} {cost_ms:>12} {ratio:>8}");
    // Until the first large decision is over, memory goes back to the system after each one and is
    // fetched anew page by page; a process that decides for a while does not do that.
    let largest = sizes.iter().copied().max().unwrap_or_default();
    let _ = Case::new(Strategy::MaxThroughput, Below::ChargePoints, largest).round();
    for strategy in Strategy::ALL {
        for (below, network) in Below::ALL {
            let mut before: Option<f64> = None;
            for (size, cost) in sizes.iter().zip(costs(strategy, below, &sizes)) {
                let ms = cost.as_secs_f64() * 1000.0;
                let ratio = before.map_or_else(|| "-".to_owned(), |b| format!("{:.1}", ms / b));
                println!("{:<26} {network:<14} {size:>9} {ms:>12.4} {ratio:>8}", strategy.name());
                before = Some(ms);
            }
        }
    }
}
