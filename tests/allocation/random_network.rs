//! Random networks, and a second account of what lies on them: recomputed from the definition, in
//! sixths of a watt, with nothing of the allocator's arithmetic.

use ampacity::allocation::network::{Grid, Limits, Loads, Network, Node, Phases, Place};
use ampacity::allocation::{Problem, Session};
use ampacity::units::Watts;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

pub(crate) const PHASES: [Phases; 7] = [
    Phases::L1,
    Phases::L2,
    Phases::L3,
    Phases::L1.and(Phases::L2),
    Phases::L2.and(Phases::L3),
    Phases::L1.and(Phases::L3),
    Phases::ALL,
];

/// A network with sessions placed on it.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    pub(crate) network: Network,
    pub(crate) places: Vec<Place>,
}

/// One constraint: what each session loads it with per watt, and its bound, in sixths.
#[derive(Clone, Debug)]
pub(crate) struct Constraint {
    pub(crate) coefficients: Vec<i64>,
    pub(crate) bound: i64,
}

impl Wiring {
    /// Calls back with the problem on this network.
    pub(crate) fn on<T>(&self, problem: &Problem<'_>, solve: impl Fn(&Problem<'_>) -> T) -> T {
        let limits = Limits::new(&self.network);
        let held: Loads = limits.unloaded();
        let grid = Grid { limits: &limits, held: &held, places: &self.places };
        solve(&Problem { network: Some(&grid), ..*problem })
    }

    /// All constraints that some session loads.
    pub(crate) fn constraints(&self) -> Vec<Constraint> {
        let mut all = Vec::new();
        for (number, node) in self.network.nodes.iter().enumerate() {
            let below: Vec<bool> =
                self.places.iter().map(|place| self.is_below(place.node, number)).collect();
            let mut add = |bound: Watts, part: &dyn Fn(&Place) -> i64| {
                let each = self.places.iter().zip(&below);
                let coefficients: Vec<i64> =
                    each.map(|(place, below)| if *below { part(place) } else { 0 }).collect();
                all.push(Constraint { coefficients, bound: bound.0 * 6 });
            };
            if let Some(power) = node.power {
                add(power, &|_| 6);
            }
            for phase in 0..3 {
                let on_phase = |place: &Place| {
                    let phases: Vec<usize> = place.phases.places().collect();
                    if phases.contains(&phase) { 6 / phases.len() as i64 } else { 0 }
                };
                if let Some(bounds) = node.per_phase {
                    add(bounds[phase], &on_phase);
                }
                if let Some(bound) = node.unbalance {
                    add(bound, &|p| if p.phases == Phases::ALL { 0 } else { on_phase(p) });
                }
            }
        }
        all.retain(|constraint| constraint.coefficients.iter().any(|part| *part > 0));
        all
    }

    fn is_below(&self, node: usize, above: usize) -> bool {
        let mut next = Some(node);
        while let Some(node) = next {
            if node == above {
                return true;
            }
            next = self.network.nodes[node].parent;
        }
        false
    }
}

impl Constraint {
    pub(crate) fn load(&self, rates: &[i64]) -> i64 {
        self.coefficients.iter().zip(rates).map(|(part, rate)| part * rate).sum()
    }
}

/// How much more a session could get under all constraints and the capacity.
pub(crate) fn room(
    constraints: &[Constraint],
    capacity: i64,
    rates: &[i64],
    session: usize,
) -> i64 {
    let left = capacity - rates.iter().sum::<i64>();
    let loaded = constraints.iter().filter(|constraint| constraint.coefficients[session] > 0);
    let rooms = loaded.map(|it| (it.bound - it.load(rates)).div_euclid(it.coefficients[session]));
    rooms.fold(left, i64::min)
}

/// A connection with limits by phase, feeders with some of their own, and sessions of one, two and
/// three phases that want more than there is, all quantities times `scale`.
pub(crate) fn two_levels(
    rng: &mut ChaCha8Rng,
    sessions: &[Session],
    scale: i64,
    share: f64,
) -> Wiring {
    let feeders = rng.random_range(1..=3);
    let wanted: i64 = sessions.iter().map(|session| session.cap.0 / scale).sum();
    let mut bound =
        |part: f64| Watts((wanted as f64 * part * rng.random_range(0.4..1.3)) as i64 * scale);
    let mut nodes = vec![Node {
        per_phase: Some([(); 3].map(|()| bound(share / 3.0))),
        power: Some(bound(share)),
        ..Node::default()
    }];
    for _ in 0..feeders {
        let part = share / f64::from(feeders);
        nodes.push(Node {
            parent: Some(0),
            per_phase: Some([(); 3].map(|()| bound(part / 2.0))),
            power: Some(bound(part * 1.3)),
            unbalance: Some(bound(part / 3.0)),
        });
    }
    let place = |_: &Session| Place {
        node: rng.random_range(0..=feeders as usize),
        phases: PHASES[rng.random_range(0..PHASES.len())],
    };
    let places = sessions.iter().map(place).collect();
    Wiring { network: Network { nodes }, places }
}
