//! Invariants of all strategies as properties over random problems.
//!
//! Not asserted, because they do not hold: that a single session never loses when capacity grows
//! (one more session admitted lowers the others); that with `max_throughput` a session leaving
//! never lowers anybody else (another set may become the best), nor, by one quantum of rounding,
//! with `priority`; that under `least_laxity_first` a lower cap never raises one's own rate, because
//! who can take less is more in a hurry; and, where sessions have different steps, that totals and rates
//! move monotonically to the watt rather than to within a quantum.

use ampacity::allocation::{Problem, Reason, Rotation, Session, Strategy, solve};
use ampacity::time::Span;
use ampacity::units::Watts;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Strategy as Generator;

use crate::cases::cases;
use crate::support::{NOW, ROTATION, apply, car, charge, rates};

/// Everything a decision depends on, owned.
#[derive(Clone, Debug)]
struct Site {
    strategy: Strategy,
    capacity: i64,
    sessions: Vec<Session>,
    epoch_starts: bool,
}

impl Site {
    fn problem(&self) -> Problem<'_> {
        Problem {
            strategy: self.strategy,
            capacity: Watts(self.capacity),
            sessions: &self.sessions,
            network: None,
            rotation: Rotation { epoch_starts: self.epoch_starts, ..ROTATION },
        }
    }

    fn rates(&self) -> Vec<i64> {
        rates(&self.problem())
    }

    fn total(&self) -> i64 {
        self.rates().iter().sum()
    }

    fn coarsest_step(&self) -> i64 {
        self.sessions.iter().map(|s| s.step.0).max().unwrap_or(0)
    }

    fn with(&self, strategy: Strategy) -> Site {
        Site { strategy, ..self.clone() }
    }
}

/// How long ago sessions were switched last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Past {
    /// Anything: minimum on-time and off-time may bind.
    Any,
    /// Longer ago than both, or never.
    Settled,
}

/// What a session did so far.
#[derive(Clone, Copy, Debug, PartialEq)]
enum History {
    NeverRan,
    Paused,
    Runs,
}

const HISTORIES: [History; 3] = [History::NeverRan, History::Paused, History::Runs];

pub(crate) fn session(
    id: u64,
    steps: &'static [i64],
    past: Past,
) -> impl Generator<Value = Session> {
    let now_wanted = (select(steps), 0..=40_i64, 0..=100_i64, 0..=100_i64, 0..20_i64);
    let so_far = (select(&HISTORIES[..]), 0..=900_i64, 0..=100_i64, 1..=60_i64);
    let known = (option::of(-600..=14_400_i64), option::of(-500..=30_000_i64));
    (now_wanted, so_far, known, 1..=5_u32, 0..4_i64).prop_map(
        move |(
            (step, min, cap, spare, wish),
            (history, age, percent, previous),
            (stay, energy_left),
            weight,
            service,
        )| {
            let settled = past == Past::Settled && history != History::NeverRan;
            let switched = (age * percent / 100).max(if settled { 301 } else { 0 });
            let arrival = NOW - Span::from_s(age.max(switched));
            let never = history == History::NeverRan;
            Session {
                arrival,
                weight,
                min: Watts(min * step - wish % 3),
                cap: Watts(cap * step + wish),
                hardware: Watts((min + spare) * step),
                step: Watts(step),
                service: service * 1000,
                previous: Watts(if history == History::Runs { previous * step } else { 0 }),
                last_switch: if never { arrival } else { NOW - Span::from_s(switched) },
                wants_power: wish != 0,
                departure: stay.map(|stay| NOW + Span::from_s(stay)),
                energy_left,
                ..car(id)
            }
        },
    )
}

fn site(steps: &'static [i64], past: Past) -> impl Generator<Value = Site> {
    (0..=10_u64, select(&Strategy::ALL[..]), -5..=300_i64, any::<bool>()).prop_flat_map(
        move |(n, strategy, load, epoch_starts)| {
            let sessions: Vec<_> = (0..n).map(|id| session(id, steps, past)).collect();
            sessions.prop_map(move |sessions| Site {
                strategy,
                capacity: load * 137,
                sessions,
                epoch_starts,
            })
        },
    )
}

pub(crate) const ANY_STEPS: &[i64] = &[100, 230, 690];
pub(crate) const ONE_STEP: &[i64] = &[100];

fn any_site() -> impl Generator<Value = Site> {
    site(ANY_STEPS, Past::Any)
}

fn one_step_site() -> impl Generator<Value = Site> {
    site(ONE_STEP, Past::Any)
}

/// A site and one of its sessions.
fn with_pick(site: impl Generator<Value = Site>) -> impl Generator<Value = (Site, usize)> {
    site.prop_filter("a session to pick", |site| !site.sessions.is_empty())
        .prop_flat_map(|site| (0..site.sessions.len()).prop_map(move |pick| (site.clone(), pick)))
}

fn uncontended(site: &Site) -> bool {
    let wanted = site.sessions.iter().filter_map(Session::normalised).map(|s| s.hardware.0);
    wanted.sum::<i64>() <= site.capacity
}

proptest! {
    #![proptest_config(cases(2000))]

    /// I1.
    #[test]
    fn the_sum_never_exceeds_the_capacity(site in any_site()) {
        prop_assert!(site.total() <= site.capacity.max(0));
    }

    /// I2.
    #[test]
    fn rates_are_zero_or_between_minimum_and_cap_on_the_grid(site in any_site()) {
        let free = uncontended(&site);
        for (session, rate) in site.sessions.iter().zip(site.rates()) {
            match session.normalised() {
                None => prop_assert_eq!(rate, 0),
                Some(s) => {
                    let cap = if free { s.hardware } else { s.cap };
                    prop_assert!(rate == 0 || (s.min.0..=cap.0).contains(&rate), "{rate} of {s:?}");
                    prop_assert_eq!(rate % s.step.0, 0);
                }
            }
        }
    }

    /// I3.
    #[test]
    fn the_order_of_the_list_does_not_matter(
        (site, shuffled) in any_site().prop_flat_map(|site| {
            let places: Vec<usize> = (0..site.sessions.len()).collect();
            (Just(site), Just(places).prop_shuffle())
        })
    ) {
        let sessions = shuffled.iter().map(|&place| site.sessions[place].clone()).collect();
        let shares = solve(&site.problem());
        let moved = solve(&Site { sessions, ..site }.problem());
        for (share, place) in moved.iter().zip(shuffled) {
            prop_assert_eq!(*share, shares[place]);
        }
    }

    /// I4, one step: the result fed back gives itself, whether or not switches are noted, and
    /// whether or not the epoch still counts as starting.
    #[test]
    fn a_decision_repeats_itself(site in any_site()) {
        let shares = solve(&site.problem());
        let rates: Vec<i64> = shares.iter().map(|share| share.rate.0).collect();
        let mut again = site.clone();
        for (session, share) in again.sessions.iter_mut().zip(&shares) {
            session.previous = share.rate;
        }
        prop_assert_eq!(&again.rates(), &rates);
        let mut noted = site;
        apply(&mut noted.sessions, &shares, NOW);
        prop_assert_eq!(&noted.rates(), &rates);
        noted.epoch_starts = false;
        prop_assert_eq!(noted.rates(), rates);
    }

    /// I4, over time: constant inputs give constant rates until the next epoch although service
    /// grows, welcomes end and minimum times pass; laxities are weighed as of the first. (Only holds
    /// from before the first decision may end in between, so there are none.)
    #[test]
    fn nothing_changes_until_the_next_epoch(site in site(ANY_STEPS, Past::Settled)) {
        let mut site = site;
        let first = solve(&site.problem());
        apply(&mut site.sessions, &first, NOW);
        let tick = Span::from_s(30);
        let mut now = NOW;
        for _ in 1..30 {
            charge(&mut site.sessions, tick);
            now += tick;
            let mut problem = site.problem();
            problem.rotation = Rotation { now, ..ROTATION };
            let shares = solve(&problem);
            for (share, first) in shares.iter().zip(&first) {
                prop_assert_eq!(share.rate, first.rate, "after {}", now.since(NOW));
            }
            apply(&mut site.sessions, &shares, now);
        }
    }

    /// I5: in the same quanta, `k` times everything gives `k` times the rates; exactly where sessions
    /// get all they can take in an order, otherwise to within one quantum of the smaller problem, and
    /// under least laxity first, whose level is a whole microsecond, one of the larger.
    #[test]
    fn scaling_everything_scales_the_rates(site in one_step_site(), k in 2..=5_i64) {
        let mut small = site;
        small.capacity -= small.capacity.rem_euclid(100);
        small.sessions = small.sessions.iter().filter_map(Session::normalised).collect();
        let mut large = small.clone();
        large.capacity *= k;
        for session in &mut large.sessions {
            for rate in [
                &mut session.min,
                &mut session.cap,
                &mut session.hardware,
                &mut session.previous,
            ] {
                rate.0 *= k;
            }
            session.energy_left = session.energy_left.map(|energy| energy * k);
        }
        for strategy in Strategy::ALL {
            let tolerance = match strategy {
                Strategy::FirstComeFirstServed
                | Strategy::EarliestDeadlineFirst
                | Strategy::RoundRobin => 0,
                Strategy::LeastLaxityFirst => k * 100 + 100,
                _ => k * 100,
            };
            let (small, large) = (small.with(strategy).rates(), large.with(strategy).rates());
            for (one, many) in small.into_iter().zip(large) {
                prop_assert!((many - k * one).abs() <= tolerance, "{strategy}: {one} {many}");
            }
        }
    }

    /// I6: nothing usable is left: no admitted session can be raised by its step, and no paused one
    /// fits, except those held by the minimum off-time.
    #[test]
    fn nothing_usable_is_left(site in any_site()) {
        let left = site.capacity.max(0) - site.total();
        let free = uncontended(&site);
        for (session, share) in site.sessions.iter().zip(solve(&site.problem())) {
            let Some(s) = session.normalised() else { continue };
            if share.rate > Watts::ZERO || s.min == Watts::ZERO {
                let cap = if free { s.hardware } else { s.cap };
                prop_assert!(share.rate == cap || s.step.0 > left);
            } else if share.reason != Reason::Hold {
                prop_assert!(s.min.0 > left, "{s:?} fits {left} W");
            }
        }
    }

    /// I7: the total never falls when capacity grows; with different steps, by less than one.
    #[test]
    fn more_capacity_never_lowers_the_total(
        site in one_step_site(),
        mixed in any_site(),
        more in 0..20_000_i64,
    ) {
        let ample = |site: &Site| Site { capacity: site.capacity + more, ..site.clone() }.total();
        for strategy in Strategy::ALL {
            let site = site.with(strategy);
            prop_assert!(ample(&site) >= site.total(), "{strategy}");
            let mixed = mixed.with(strategy);
            let slack = mixed.coarsest_step();
            prop_assert!(ample(&mixed) >= mixed.total() - (slack - 1).max(0), "{strategy}");
        }
    }

    /// I8: under `equal` and first come first served, a session that comes last in order never
    /// raises anyone else.
    #[test]
    fn a_session_last_in_order_raises_nobody(
        site in one_step_site(),
        last in session(99, ONE_STEP, Past::Any),
    ) {
        let last = Session {
            arrival: NOW,
            last_switch: NOW,
            service: i64::MAX,
            previous: Watts::ZERO,
            ..last
        };
        for strategy in [Strategy::Equal, Strategy::FirstComeFirstServed] {
            let before = site.with(strategy);
            let mut after = before.clone();
            after.sessions.push(last.clone());
            let rates = |site: &Site| {
                let mut problem = site.problem();
                problem.rotation.welcome = Span::ZERO;
                solve(&problem)
            };
            for (was, is) in rates(&before).iter().zip(rates(&after)) {
                prop_assert!(is.rate <= was.rate, "{strategy}: {was:?} {is:?}");
            }
        }
    }

    /// I9.
    #[test]
    fn more_weight_never_costs_more_than_a_quantum(
        (site, pick) in with_pick(one_step_site()),
        more in 1..10_u32,
    ) {
        for strategy in [Strategy::Priority, Strategy::ProportionalFair] {
            let light = site.with(strategy);
            let mut heavy = light.clone();
            heavy.sessions[pick].weight += more;
            prop_assert!(heavy.rates()[pick] >= light.rates()[pick] - 100, "{strategy}");
        }
    }

    /// I10.
    #[test]
    fn a_lower_cap_never_raises_ones_own_rate(
        (site, pick) in with_pick(one_step_site()),
        less in 1..5000_i64,
    ) {
        let all = Strategy::ALL.into_iter();
        for strategy in all.filter(|strategy| *strategy != Strategy::LeastLaxityFirst) {
            let high = site.with(strategy);
            let mut low = high.clone();
            low.sessions[pick].cap.0 -= less;
            prop_assert!(low.rates()[pick] <= high.rates()[pick], "{strategy}");
        }
    }

    // I11 (rotation is fair) needs epochs: see `rotation.rs`.

    /// I12.
    #[test]
    fn with_equal_weights_every_rule_of_weights_is_equal(site in any_site(), weight in 1..=1000_u32) {
        let equal = site.with(Strategy::Equal);
        for strategy in [Strategy::Priority, Strategy::ProportionalFair] {
            let mut weighted = site.with(strategy);
            for session in &mut weighted.sessions {
                session.weight = weight;
            }
            prop_assert_eq!(solve(&weighted.problem()), solve(&equal.problem()), "{}", strategy);
        }
    }

    /// I13.
    #[test]
    fn without_contention_everybody_gets_the_hardware_maximum(site in any_site()) {
        let eligible: Vec<_> = site.sessions.iter().map(Session::normalised).collect();
        let wanted: Vec<i64> =
            eligible.iter().map(|s| s.as_ref().map_or(0, |s| s.hardware.0)).collect();
        for strategy in Strategy::ALL {
            let mut site = site.with(strategy);
            site.capacity = wanted.iter().sum();
            prop_assert_eq!(&site.rates(), &wanted, "{}", strategy);
        }
    }
}
