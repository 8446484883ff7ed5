//! What a decision costs: each strategy on sites of many sessions, and how that grows.
//!
//! `cargo bench --bench allocation` (or, for other sizes, `-- 100 1000`) prints one row per strategy and
//! size: the mean of the best of five rounds, and the ratio to the row before. Two thirds of the cars
//! want more than their share; half of them could have their minimum only, so that a contest is a
//! contest. Rates of one decision are what the next one finds, as on a site.

use std::time::{Duration, Instant};

use ampacity::allocation::{Problem, Rotation, Session, Strategy, solve};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

const NOW: Time = Time::from_unix_s(1_780_000_000);
/// A round lasts at least this long.
const ROUND: Duration = Duration::from_millis(50);

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

/// The time of one decision of the best round.
fn cost(strategy: Strategy, count: usize) -> Duration {
    let mut sessions = sessions(count);
    let rotation = Rotation {
        now: NOW,
        looked_at: NOW,
        epoch_starts: false,
        min_on: Span::from_s(300),
        min_off: Span::from_s(180),
        welcome: Span::from_s(210),
        epoch: Span::from_s(900),
    };
    let capacity = Watts(2_600 * count as i64);
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        let mut decisions = 0;
        while began.elapsed() < ROUND || decisions < 2 {
            let rotation = Rotation { epoch_starts: decisions % 4 == 3, ..rotation };
            let shares = solve(&Problem { strategy, capacity, sessions: &sessions, rotation });
            for (session, share) in sessions.iter_mut().zip(shares) {
                session.previous = share.rate;
            }
            decisions += 1;
        }
        best = best.min(began.elapsed() / decisions);
    }
    best
}

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![100, 1_000, 10_000] } else { asked };
    println!("{:<26} {:>9} {:>12} {:>8}", "strategy", "sessions", "ms/decision", "ratio");
    for strategy in Strategy::ALL {
        let mut before: Option<f64> = None;
        for &size in &sizes {
            let ms = cost(strategy, size).as_secs_f64() * 1000.0;
            let ratio = before.map_or_else(|| "-".to_owned(), |b| format!("{:.1}", ms / b));
            println!("{:<26} {size:>9} {ms:>12.4} {ratio:>8}", strategy.name());
            before = Some(ms);
        }
    }
}
