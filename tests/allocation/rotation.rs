//! Stories of rotation: who runs, who waits, and when that changes.

use ampacity::allocation::Strategy::{
    Equal, FirstComeFirstServed, MaxThroughput, Priority, RoundRobin,
};
use ampacity::allocation::{Problem, Reason, Rotation, Session, Share, Strategy, solve};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

use crate::support::{NOW, ROTATION, apply, car};

const ROTATING: [Strategy; 3] = [Equal, Priority, MaxThroughput];

/// A car that has run for an hour and got `service` watt-hours.
fn running(id: u64, service: i64) -> Session {
    Session { previous: Watts(5000), service, ..car(id) }
}

/// A car plugged in `seconds` before the decision.
fn newcomer(id: u64, seconds: i64) -> Session {
    let arrival = NOW - Span::from_s(seconds);
    Session { arrival, last_switch: arrival, ..car(id) }
}

fn decide(
    strategy: Strategy,
    capacity: i64,
    sessions: &[Session],
    now: Time,
    epoch_starts: bool,
) -> Vec<Share> {
    let rotation = Rotation { now, looked_at: now, epoch_starts, ..ROTATION };
    let capacity = Watts(capacity);
    solve(&Problem { strategy, capacity, sessions, network: None, rotation })
}

fn on(shares: &[Share]) -> Vec<bool> {
    shares.iter().map(|share| share.rate > Watts::ZERO).collect()
}

#[test]
fn within_an_epoch_who_runs_stays_although_others_got_less() {
    let sessions = [car(1), running(2, 9000), running(3, 8000)];
    for strategy in ROTATING {
        let shares = decide(strategy, 10_000, &sessions, NOW, false);
        assert_eq!(on(&shares), [false, true, true], "{strategy}");
        assert_eq!(shares[0].reason, Reason::Rotation, "{strategy}");
    }
}

#[test]
fn when_an_epoch_starts_who_got_least_goes_first() {
    let sessions = [car(1), running(2, 9000), running(3, 8000)];
    for strategy in ROTATING {
        let shares = decide(strategy, 10_000, &sessions, NOW, true);
        assert_eq!(on(&shares), [true, false, true], "{strategy}");
    }
}

#[test]
fn nobody_is_rotated_out_when_nobody_waits() {
    let idle = Session { wants_power: false, ..car(1) };
    let too_large = Session { min: Watts(11_000), ..car(4) };
    let sessions = [idle, running(2, 9000), running(3, 8000), too_large];
    for strategy in ROTATING {
        let shares = decide(strategy, 10_000, &sessions, NOW, true);
        assert_eq!(on(&shares), [false, true, true, false], "{strategy}");
    }
}

#[test]
fn falling_capacity_sheds_who_got_most_and_nobody_else() {
    let sessions = [running(1, 3000), running(2, 9000), running(3, 8000), car(4)];
    for strategy in ROTATING {
        let shares = decide(strategy, 10_000, &sessions, NOW, false);
        assert_eq!(on(&shares), [true, false, true, false], "{strategy}");
    }
}

#[test]
fn falling_capacity_spares_who_just_started_as_long_as_it_can() {
    let just_started = Session { last_switch: NOW - Span::from_s(60), ..running(1, 9000) };
    let sessions = [just_started, running(2, 8000), running(3, 3000)];
    for strategy in ROTATING {
        let some = decide(strategy, 8000, &sessions, NOW, false);
        assert_eq!(on(&some), [true, false, true], "{strategy}");
        let none = decide(strategy, 3000, &sessions, NOW, false);
        assert_eq!(on(&none), [false, false, false], "{strategy}: the limit comes first");
    }
}

#[test]
fn the_minimum_on_time_outlasts_the_start_of_an_epoch() {
    let just_started = Session { last_switch: NOW - Span::from_s(299), ..running(1, 9000) };
    let sessions = [just_started, running(2, 8000), car(3)];
    for strategy in ROTATING {
        let shares = decide(strategy, 10_000, &sessions, NOW, true);
        assert_eq!(on(&shares), [true, false, true], "{strategy}");
        assert_eq!(shares[0].reason, Reason::Hold, "{strategy}: it is on for this reason alone");
        let later = decide(strategy, 10_000, &sessions, NOW + Span::from_s(1), true);
        assert_eq!(on(&later), [false, true, true], "{strategy}");
        assert_eq!(later[1].reason, Reason::Site, "{strategy}");
    }
}

#[test]
fn the_minimum_off_time_delays_a_return_while_somebody_contends() {
    let paused = Session { last_switch: NOW - Span::from_s(179), service: 500, ..car(1) };
    let sessions = [paused, running(2, 9000)];
    for strategy in ROTATING {
        let shares = decide(strategy, 20_000, &sessions, NOW, false);
        assert_eq!(on(&shares), [false, true], "{strategy}");
        assert_eq!(shares[0].reason, Reason::Hold, "{strategy}");
        let later = decide(strategy, 20_000, &sessions, NOW + Span::from_s(1), false);
        assert_eq!(on(&later), [true, true], "{strategy}");
        let ample = decide(strategy, 44_000, &sessions, NOW, false);
        assert_eq!(on(&ample), [true, true], "{strategy}: nothing to divide");
    }
    let served = decide(FirstComeFirstServed, 30_000, &sessions, NOW, false);
    assert_eq!(on(&served), [true, true], "without rotation there is no hold");
}

#[test]
fn a_newcomer_takes_the_place_of_one_that_could_be_rotated_out() {
    let sessions = [running(1, 3000), running(2, 9000), newcomer(3, 1)];
    for strategy in ROTATING {
        let shares = decide(strategy, 10_000, &sessions, NOW, false);
        assert_eq!(on(&shares), [true, false, true], "{strategy}");
    }
}

#[test]
fn a_newcomer_does_not_take_the_place_of_one_that_just_started() {
    let started = |id, ago| Session { last_switch: NOW - Span::from_s(ago), ..running(id, 100) };
    let sessions = [started(1, 250), started(2, 200), newcomer(3, 1)];
    for strategy in ROTATING {
        for later in [0, 60, 120, 200, 240, 600] {
            let now = NOW + Span::from_s(later);
            let shares = decide(strategy, 10_000, &sessions, now, false);
            assert_eq!(on(&shares), [true, true, false], "{strategy} after {later} s");
        }
    }
}

#[test]
fn a_welcome_ends_with_its_time() {
    let sessions = [running(1, 3000), running(2, 9000), newcomer(3, 210)];
    let shares = decide(Equal, 10_000, &sessions, NOW, false);
    assert_eq!(on(&shares), [true, true, false]);
}

#[test]
fn two_newcomers_come_in_by_arrival() {
    let sessions = [running(1, 3000), newcomer(3, 20), newcomer(2, 30)];
    assert_eq!(on(&decide(Equal, 8000, &sessions, NOW, false)), [false, true, true]);
    assert_eq!(on(&decide(Equal, 4000, &sessions, NOW, false)), [false, false, true]);
}

#[test]
fn a_higher_weight_never_waits_for_a_lower_one() {
    let low = Session { last_switch: NOW - Span::from_s(10), ..running(1, 0) };
    let high = Session { weight: 2, service: 50_000, ..car(2) };
    let shares = decide(Priority, 4000, &[low, high], NOW, false);
    assert_eq!(on(&shares), [false, true]);
}

/// I11, over 60 epochs of 15 minutes with decisions every 5 minutes: with constant inputs and `k`
/// places for `n` equal sessions, the epochs in which each was on differ by at most one in any
/// window. Service is time here.
#[test]
fn places_go_round_evenly_in_every_window() {
    let mut windows = 0;
    for (strategy, n, places) in contests() {
        let (log, _) =
            run_epochs(strategy, n, places, |session| i64::from(session.previous > Watts::ZERO));
        for start in 0..log.len() {
            let mut count = vec![0; n];
            for epoch in &log[start..] {
                for (count, on) in count.iter_mut().zip(epoch) {
                    *count += i64::from(*on);
                }
                windows += 1;
                assert!(spread(&count) <= 1, "{strategy}: {places} of {n} from epoch {start}");
            }
        }
    }
    assert_eq!(windows, 4 * 21 * 60 * 61 / 2);
}

/// With energy as service the quanta of the rates shift whose turn it is, but what each got never
/// differs by more than the energy of one epoch.
#[test]
fn energy_stays_even_to_within_an_epoch() {
    for (strategy, n, places) in contests() {
        let (_, most_uneven) =
            run_epochs(strategy, n, places, |session| session.previous.0 * 300 / 3600);
        let most_w = place_w(strategy) + if strategy == RoundRobin { 0 } else { 1900 };
        assert!(most_uneven <= most_w / 4, "{strategy}: {places} of {n}, {most_uneven} Wh");
    }
}

/// What a place takes: the minimum, or in turns at full power all that a car can take.
fn place_w(strategy: Strategy) -> i64 {
    if strategy == RoundRobin { 22_000 } else { 3700 }
}

/// Every strategy that rotates by service, with all numbers of sessions up to seven and fewer places.
fn contests() -> impl Iterator<Item = (Strategy, usize, usize)> {
    ROTATING.into_iter().chain([RoundRobin]).flat_map(|strategy| {
        (2..=7).flat_map(move |n| (1..n).map(move |places| (strategy, n, places)))
    })
}

fn spread(values: &[i64]) -> i64 {
    values.iter().max().zip(values.iter().min()).map_or(0, |(most, least)| most - least)
}

/// Runs 60 epochs of three decisions, counting `service` per decision: who was on in each epoch, and
/// the largest spread of service. Checks that nobody is switched within an epoch.
fn run_epochs(
    strategy: Strategy,
    n: usize,
    places: usize,
    service: impl Fn(&Session) -> i64,
) -> (Vec<Vec<bool>>, i64) {
    let mut sessions: Vec<Session> = (1..=n as u64).map(car).collect();
    let capacity = place_w(strategy) * places as i64 + 1850;
    let mut now = NOW;
    let mut most_uneven = 0;
    let mut log: Vec<Vec<bool>> = Vec::new();
    for decision in 0..180 {
        let shares = decide(strategy, capacity, &sessions, now, decision % 3 == 0);
        let on = on(&shares);
        assert_eq!(on.iter().filter(|on| **on).count(), places);
        if decision % 3 == 0 {
            log.push(on);
        } else {
            assert_eq!(log.last(), Some(&on), "{strategy}: switched within an epoch");
        }
        apply(&mut sessions, &shares, now);
        for session in &mut sessions {
            session.service += service(session);
        }
        let got: Vec<i64> = sessions.iter().map(|session| session.service).collect();
        most_uneven = most_uneven.max(spread(&got));
        now += Span::from_s(300);
    }
    (log, most_uneven)
}
