//! Invariants on random networks.
//!
//! Not asserted, because they do not hold once a session loads several limits: that a session which
//! comes last in order raises nobody else (it may hold back a car of three phases on L1, which leaves
//! L2 to others); that more capacity never lowers the total, but for `max_throughput` (one more may be
//! admitted on L1 at three times its rate elsewhere).

use ampacity::allocation::network::{Kind, Limits, Network, Node, Place};
use ampacity::allocation::{Problem, Reason, Rotation, Session, Share, Strategy, relieve, solve};
use ampacity::time::Span;
use ampacity::units::Watts;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Strategy as Generator;

use crate::cases::cases;
use crate::invariants::{ANY_STEPS, ONE_STEP, Past, session};
use crate::random_network::{Constraint, PHASES, Wiring, room};
use crate::support::{NOW, ROTATION, apply, charge};

/// Everything a decision depends on, owned.
#[derive(Clone, Debug)]
struct Site {
    strategy: Strategy,
    capacity: i64,
    sessions: Vec<Session>,
    wiring: Wiring,
    epoch_starts: bool,
}

impl Site {
    fn shares(&self) -> Vec<Share> {
        self.decide(Rotation { epoch_starts: self.epoch_starts, ..ROTATION })
    }

    fn decide(&self, rotation: Rotation) -> Vec<Share> {
        let capacity = Watts(self.capacity);
        let sessions = &self.sessions;
        let strategy = self.strategy;
        self.wiring.on(&Problem { strategy, capacity, sessions, network: None, rotation }, solve)
    }

    fn rates(&self) -> Vec<i64> {
        self.shares().into_iter().map(|share| share.rate.0).collect()
    }

    /// By session: loads a limit that the hardware of all would overload.
    fn contended(&self) -> Vec<bool> {
        let eligible = self.sessions.iter().map(Session::normalised);
        let hardware: Vec<i64> = eligible.map(|s| s.map_or(0, |s| s.hardware.0)).collect();
        let all = hardware.iter().sum::<i64>() > self.capacity.max(0);
        let mut contended = vec![all; hardware.len()];
        for limit in self.wiring.constraints() {
            if limit.load(&hardware) > limit.bound {
                let loads = limit.coefficients.iter().map(|part| *part > 0);
                contended.iter_mut().zip(loads).for_each(|(any, loads)| *any |= loads);
            }
        }
        contended
    }
}

fn node(number: usize) -> impl Generator<Value = Node> {
    let bound = || option::of((0..=300_i64).prop_map(|load| Watts(load * 137)));
    let three =
        option::of([0..=120_i64, 0..=120_i64, 0..=120_i64].prop_map(|b| b.map(|w| Watts(w * 137))));
    let parent = option::weighted(0.9, 0..number.max(1));
    (parent, bound(), three, option::weighted(0.2, 0..=60_i64)).prop_map(
        move |(parent, power, per_phase, unbalance)| Node {
            parent: parent.filter(|_| number > 0),
            power,
            per_phase,
            unbalance: unbalance.map(|bound| Watts(bound * 137)),
        },
    )
}

fn wiring(sessions: usize) -> impl Generator<Value = Wiring> {
    (1..=5_usize).prop_flat_map(move |count| {
        let nodes: Vec<_> = (0..count).map(node).collect();
        let place = (0..count, select(&PHASES[..]));
        let places = prop::collection::vec(place, sessions);
        (nodes, places).prop_map(|(nodes, places)| Wiring {
            network: Network { nodes },
            places: places.into_iter().map(|(node, phases)| Place { node, phases }).collect(),
        })
    })
}

fn site(steps: &'static [i64], past: Past) -> impl Generator<Value = Site> {
    (0..=10_usize, select(&Strategy::ALL[..]), -5..=500_i64, any::<bool>()).prop_flat_map(
        move |(n, strategy, load, epoch_starts)| {
            let sessions: Vec<_> = (0..n as u64).map(|id| session(id, steps, past)).collect();
            (sessions, wiring(n)).prop_map(move |(sessions, wiring)| Site {
                strategy,
                capacity: load * 137,
                sessions,
                wiring,
                epoch_starts,
            })
        },
    )
}

proptest! {
    #![proptest_config(cases(3000))]

    /// I1, at every node and phase.
    #[test]
    fn no_limit_is_ever_exceeded(site in site(ANY_STEPS, Past::Any)) {
        let rates = site.rates();
        prop_assert!(rates.iter().sum::<i64>() <= site.capacity.max(0));
        for limit in site.wiring.constraints() {
            prop_assert!(limit.load(&rates) <= limit.bound, "{limit:?} with {rates:?}");
        }
    }

    /// I2, and I13 limit by limit: the cap counts only where something is contended.
    #[test]
    fn rates_lie_on_the_grid_and_who_shares_nothing_scarce_gets_the_hardware(site in site(ANY_STEPS, Past::Any)) {
        let contended = site.contended();
        for ((session, rate), contended) in site.sessions.iter().zip(site.rates()).zip(contended) {
            match session.normalised() {
                None => prop_assert_eq!(rate, 0),
                Some(s) if !contended => prop_assert_eq!(rate, s.hardware.0),
                Some(s) => {
                    prop_assert!(rate == 0 || (s.min.0..=s.cap.0).contains(&rate), "{rate} of {s:?}");
                    prop_assert_eq!(rate % s.step.0, 0);
                }
            }
        }
    }

    /// I3.
    #[test]
    fn the_order_of_the_list_does_not_matter(
        (site, shuffled) in site(ANY_STEPS, Past::Any).prop_flat_map(|site| {
            let places: Vec<usize> = (0..site.sessions.len()).collect();
            (Just(site), Just(places).prop_shuffle())
        })
    ) {
        let shares = site.shares();
        let mut moved = site.clone();
        moved.sessions = shuffled.iter().map(|&at| site.sessions[at].clone()).collect();
        moved.wiring.places = shuffled.iter().map(|&at| site.wiring.places[at]).collect();
        for (share, place) in moved.shares().iter().zip(shuffled) {
            prop_assert_eq!(*share, shares[place]);
        }
    }

    /// I4: the result fed back gives itself.
    #[test]
    fn a_decision_repeats_itself(site in site(ANY_STEPS, Past::Any)) {
        let shares = site.shares();
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

    /// I4, over time: constant inputs give constant rates until the next epoch although service grows
    /// and minimum times pass.
    #[test]
    fn nothing_changes_until_the_next_epoch(site in site(ANY_STEPS, Past::Settled)) {
        let mut site = site;
        let first = site.shares();
        apply(&mut site.sessions, &first, NOW);
        let tick = Span::from_s(60);
        let mut now = NOW;
        for _ in 1..15 {
            charge(&mut site.sessions, tick);
            now += tick;
            let shares = site.decide(Rotation { now, ..ROTATION });
            for (share, first) in shares.iter().zip(&first) {
                prop_assert_eq!(share.rate, first.rate, "after {}", now.since(NOW));
            }
            apply(&mut site.sessions, &shares, now);
        }
    }

    /// I6: nobody can be raised by a step, and nobody waits who fits, except those held by the minimum
    /// off-time; and the limit that is named for it is one that stops them.
    #[test]
    fn nothing_usable_is_left(site in site(ANY_STEPS, Past::Any)) {
        let (constraints, shares) = (site.wiring.constraints(), site.shares());
        let rates: Vec<i64> = shares.iter().map(|share| share.rate.0).collect();
        let limits = Limits::new(&site.wiring.network);
        let contended = site.contended();
        for (at, (session, share)) in site.sessions.iter().zip(&shares).enumerate() {
            let Some(s) = session.normalised() else { continue };
            let room = room(&constraints, site.capacity.max(0), &rates, at);
            if share.rate > Watts::ZERO || s.min == Watts::ZERO {
                let cap = if contended[at] { s.cap } else { s.hardware };
                prop_assert!(share.rate == cap || s.step.0 > room, "{s:?} may have {room} W more");
            } else if share.reason != Reason::Hold {
                prop_assert!(s.min.0 > room, "{s:?} fits {room} W");
            }
            if let Some(limit) = share.limit {
                let kind = limits.all()[limit].kind;
                prop_assert!(loads(&site.wiring.places[at], kind), "{kind:?} of {s:?}");
            }
            prop_assert!(share.reason != Reason::Network || share.limit.is_some());
        }
    }

    /// I7 for `max_throughput`.
    #[test]
    fn more_capacity_never_lowers_the_largest_total(site in site(ONE_STEP, Past::Any), more in 0..20_000_i64) {
        let settled = |s: &Session| Session { previous: Watts::ZERO, ..s.clone() };
        let sessions = site.sessions.iter().map(settled).collect();
        let site = Site { strategy: Strategy::MaxThroughput, sessions, ..site };
        let ample = Site { capacity: site.capacity + more, ..site.clone() };
        let total = |site: &Site| site.rates().iter().sum::<i64>();
        let slack = 3 * 100 * site.sessions.len() as i64;
        prop_assert!(total(&ample) >= total(&site) - slack);
    }

    /// I12.
    #[test]
    fn with_equal_weights_every_rule_of_weights_is_equal(site in site(ANY_STEPS, Past::Any), weight in 1..=1000_u32) {
        let equal = Site { strategy: Strategy::Equal, ..site.clone() };
        for strategy in [Strategy::Priority, Strategy::ProportionalFair] {
            let mut weighted = Site { strategy, ..site.clone() };
            for session in &mut weighted.sessions {
                session.weight = weight;
            }
            prop_assert_eq!(weighted.shares(), equal.shares(), "{}", strategy);
        }
    }

    /// A network that has one limit, on the power of all, is a capacity.
    #[test]
    fn one_limit_on_a_network_is_a_capacity(site in site(ONE_STEP, Past::Any)) {
        let mut single = site.clone();
        single.wiring.network.nodes = vec![Node { power: Some(Watts(site.capacity.max(0))), ..Node::default() }];
        single.wiring.places.iter_mut().for_each(|place| place.node = 0);
        single.capacity = i64::MAX / 8;
        let mut plain = single.clone();
        plain.capacity = site.capacity;
        plain.wiring.network.nodes = vec![Node::default()];
        let rotation = Rotation { epoch_starts: site.epoch_starts, ..ROTATION };
        let (capacity, sessions) = (Watts(site.capacity), &site.sessions);
        let without = Problem { strategy: site.strategy, capacity, sessions, network: None, rotation };
        let without: Vec<i64> = solve(&without).iter().map(|share| share.rate.0).collect();
        for (on_network, plain) in single.rates().into_iter().zip(plain.rates()) {
            prop_assert_eq!(on_network, plain, "whichever of the two it is");
        }
        for (on_network, rate) in single.rates().into_iter().zip(without) {
            prop_assert!((on_network - rate).abs() <= 100, "{on_network} for {rate}");
        }
    }

    /// The account of loads: whatever is added and taken away, what lies on each limit is the sum, and
    /// room is exactly what still fits.
    #[test]
    fn loads_are_the_sum_and_room_is_exact(
        wiring in wiring(8),
        changes in prop::collection::vec((0..8_usize, -20_000..40_000_i64), 0..40),
        asks in 0..8_usize,
    ) {
        let limits = Limits::new(&wiring.network);
        let mut loads = limits.unloaded();
        let mut rates = vec![0_i64; 8];
        for (session, change) in changes {
            loads.add(&limits, wiring.places[session], Watts(change));
            rates[session] += change;
        }
        let constraints = wiring.constraints();
        let over = constraints.iter().filter(|limit| limit.load(&rates) > limit.bound).count();
        prop_assert_eq!(limits.overloaded(&loads).count(), over);
        let place = wiring.places[asks];
        let found = limits.room(&loads, place);
        let loaded = constraints.iter().any(|limit| limit.coefficients[asks] > 0);
        let expected = if loaded {
            room(&constraints, i64::MAX / 8, &rates, asks)
        } else {
            Limits::UNLIMITED.0
        };
        prop_assert_eq!(found.0, expected);
        prop_assert_eq!(limits.binding(&loads, place, found), None);
        if loaded {
            let fits = |rates: &[i64], limit: &Constraint| {
                limit.coefficients[asks] == 0 || limit.load(rates) <= limit.bound
            };
            rates[asks] += found.0;
            prop_assert!(constraints.iter().all(|limit| fits(&rates, limit)));
            rates[asks] += 1;
            prop_assert!(!constraints.iter().all(|limit| fits(&rates, limit)));
            prop_assert!(limits.binding(&loads, place, found + Watts(1)).is_some());
        }
        for (session, rate) in rates.iter_mut().enumerate() {
            *rate -= if session == asks && loaded { found.0 + 1 } else { 0 };
            loads.add(&limits, wiring.places[session], Watts(-*rate));
        }
        prop_assert_eq!(loads, limits.unloaded());
    }

    /// What cannot wait gets more than a division of less power gave it: within every limit, on the
    /// grid of rates, at nobody's cost, and as far as anything is left.
    #[test]
    fn relief_takes_only_what_is_left(
        (site, part, parts) in (site(ANY_STEPS, Past::Any), 0..=100_i64).prop_flat_map(|(site, part)| {
            let parts = prop::collection::vec(0..=100_i64, site.sessions.len());
            (Just(site), Just(part), parts)
        })
    ) {
        let site = Site { capacity: site.capacity.max(0), ..site };
        let less = Site { capacity: site.capacity * part / 100, ..site.clone() };
        let shares = less.shares();
        let wanted: Vec<Watts> = site.sessions.iter().zip(parts).map(|(session, part)| {
            session.normalised().map_or(Watts::ZERO, |s| {
                let above = Watts((s.cap.0 - s.min.0) * part / 100).floor_to(s.step);
                if part < 50 { Watts::ZERO } else { s.min + above }
            })
        }).collect();
        let problem = Problem {
            strategy: site.strategy,
            capacity: Watts(site.capacity),
            sessions: &site.sessions,
            network: None,
            rotation: ROTATION,
        };
        let relieved = site.wiring.on(&problem, |problem| relieve(problem, &shares, &wanted));
        let rates: Vec<i64> = relieved.iter().map(|rate| rate.0).collect();
        prop_assert!(rates.iter().sum::<i64>() <= site.capacity);
        let constraints = site.wiring.constraints();
        for limit in &constraints {
            prop_assert!(limit.load(&rates) <= limit.bound, "{limit:?} with {rates:?}");
        }
        for (at, (session, share)) in site.sessions.iter().zip(&shares).enumerate() {
            prop_assert!(relieved[at] >= share.rate);
            prop_assert!(relieved[at] <= wanted[at].max(share.rate));
            let Some(session) = session.normalised() else { continue };
            if relieved[at] >= wanted[at] {
                continue;
            }
            let least = if relieved[at] == Watts::ZERO { session.min } else { Watts::ZERO };
            let step = least.max(session.step);
            let left = room(&constraints, site.capacity, &rates, at);
            prop_assert!(left < step.0, "{left} W are left for session {at} in {rates:?}");
        }
    }
}

fn loads(place: &Place, kind: Kind) -> bool {
    let on_phase = |phase: u8| place.phases.places().any(|at| at == usize::from(phase));
    match kind {
        Kind::Power => true,
        Kind::Phase(phase) => on_phase(phase),
        Kind::Unbalance(phase) => on_phase(phase) && place.phases.count() < 3,
    }
}
