//! A network compiled to its limits, and loads on them.
//!
//! All limits are packing constraints: what sessions load them with adds up, and more rate never
//! loads a limit less. A session loads a node with its rate and each of its `k` phases with a `k`-th of
//! it; loads are counted in sixths of a watt, so that halves and thirds are exact.

use super::{Network, Phases, Place};
use crate::units::Watts;

/// Sixths in a watt.
pub(in crate::allocation) const WHOLE: i64 = 6;

/// What a limit bounds at its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The power of all phases together.
    Power,
    /// The power on one phase, 0 for L1 to 2 for L3.
    Phase(u8),
    /// What sessions that do not use all phases may together draw on this one.
    Unbalance(u8),
}

/// One limit of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The node, by its place in [`Network::nodes`].
    pub node: usize,
    /// What is bounded there.
    pub kind: Kind,
    /// The bound; a negative one counts as a load that nobody has caused.
    pub bound: Watts,
}

/// The limits of a network, each named by its place: nodes in their order, and at each the power,
/// the phases and the unbalance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    limits: Vec<Limit>,
    nodes: Vec<Stop>,
}

/// What lies on each limit, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loads(Vec<i128>);

/// Where the limits of a node stand in the list, and which node comes next on the way up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stop {
    parent: Option<u32>,
    power: Option<u32>,
    /// That of L1; L2 and L3 follow.
    phases: Option<u32>,
    unbalance: Option<u32>,
}

impl Limits {
    /// The limits of a network.
    ///
    /// # Panics
    /// When the parent of a node does not come before it.
    #[must_use]
    pub fn new(network: &Network) -> Limits {
        let mut limits: Vec<Limit> = Vec::new();
        let mut nodes: Vec<Stop> = Vec::new();
        for (number, node) in network.nodes.iter().enumerate() {
            assert!(node.parent.is_none_or(|parent| parent < number), "parents come first");
            let mut list = |kind, bound| {
                limits.push(Limit { node: number, kind, bound });
                (limits.len() - 1) as u32
            };
            // Nodes without limits are passed by on the way up.
            let above = node.parent.map(|parent| (parent as u32, nodes[parent]));
            let parent =
                above.and_then(|(at, stop)| if stop.bare() { stop.parent } else { Some(at) });
            let power = node.power.map(|bound| list(Kind::Power, bound));
            let mut three = |kind: fn(u8) -> Kind, bounds: [Watts; 3]| {
                let [first, ..] = [0, 1, 2].map(|at: u8| list(kind(at), bounds[usize::from(at)]));
                first
            };
            let phases = node.per_phase.map(|bounds| three(Kind::Phase, bounds));
            let unbalance = node.unbalance.map(|bound| three(Kind::Unbalance, [bound; 3]));
            nodes.push(Stop { parent, power, phases, unbalance });
        }
        Limits { limits, nodes }
    }

    /// All limits, by place.
    #[must_use]
    pub fn all(&self) -> &[Limit] {
        &self.limits
    }

    /// Moves the bound of a limit: a base load that grows, a tariff window, a command of the grid.
    ///
    /// # Panics
    /// When there is no such limit.
    pub fn set_bound(&mut self, limit: usize, bound: Watts) {
        self.limits[limit].bound = bound;
    }

    /// No load on any limit.
    #[must_use]
    pub fn unloaded(&self) -> Loads {
        Loads(vec![0; self.limits.len()])
    }

    /// How much more a session at this place could be given: the largest whole number of watts that
    /// every limit on its way holds beside what lies on it. Negative where one is overloaded;
    /// [`Limits::UNLIMITED`] where there is none.
    ///
    /// # Panics
    /// When the network has no such node.
    #[must_use]
    pub fn room(&self, loads: &Loads, place: Place) -> Watts {
        // One division for each divisor, not one for each limit.
        let (mut power, mut share) = (None, None);
        let share_of_phase = share_of_phase(place.phases);
        self.visit(place, |limit, coefficient| {
            let room = self.left(loads, limit);
            let least = if coefficient == WHOLE { &mut power } else { &mut share };
            *least = Some(least.map_or(room, |least: i128| least.min(room)));
        });
        let power = power.map_or(i128::MAX, |left| floor(left, WHOLE));
        let share = share.map_or(i128::MAX, |left| floor(left, share_of_phase));
        Watts(power.min(share).clamp(i128::from(i64::MIN), i128::from(Self::UNLIMITED.0)) as i64)
    }

    /// The room where no limit binds.
    pub const UNLIMITED: Watts = Watts(i64::MAX);

    /// The limit that stops a session at this place from getting so much more: the one with the
    /// least room for it, and of those the nearest to it. `None`: it can have it.
    ///
    /// # Panics
    /// When the network has no such node.
    #[must_use]
    pub fn binding(&self, loads: &Loads, place: Place, more: Watts) -> Option<usize> {
        let mut tightest: Option<(i128, usize)> = None;
        self.visit(place, |limit, coefficient| {
            let room = floor(self.left(loads, limit), coefficient);
            if room < i128::from(more.0) && tightest.is_none_or(|(least, _)| room < least) {
                tightest = Some((room, limit));
            }
        });
        tightest.map(|(_, limit)| limit)
    }

    /// The limits on which more lies than they bear.
    pub fn overloaded(&self, loads: &Loads) -> impl Iterator<Item = usize> {
        (0..self.limits.len()).filter(|&limit| self.left(loads, limit) < 0)
    }

    /// What a limit bears beside its load, in sixths of a watt.
    pub(in crate::allocation) fn left(&self, loads: &Loads, limit: usize) -> i128 {
        i128::from(self.limits[limit].bound.0) * i128::from(WHOLE) - loads.0[limit]
    }

    /// The limits that a session at this place loads, from its node upwards, and the load in sixths of
    /// a watt that each watt of it causes.
    pub(in crate::allocation) fn visit(&self, place: Place, mut limit: impl FnMut(usize, i64)) {
        let Place { node, phases } = place;
        let share = share_of_phase(phases);
        let mut next = Some(node);
        while let Some(node) = next {
            let stop = self.nodes[node];
            if let Some(power) = stop.power {
                limit(power as usize, WHOLE);
            }
            if let Some(first) = stop.phases {
                phases.places().for_each(|phase| limit(first as usize + phase, share));
            }
            if let Some(first) = stop.unbalance.filter(|_| phases != Phases::ALL) {
                phases.places().for_each(|phase| limit(first as usize + phase, share));
            }
            next = stop.parent.map(|parent| parent as usize);
        }
    }
}

impl Loads {
    /// Adds what a session at this place loads its limits with at this rate; a negative rate takes it
    /// away.
    ///
    /// # Panics
    /// When the network has no such node.
    pub fn add(&mut self, limits: &Limits, place: Place, rate: Watts) {
        limits.visit(place, |limit, coefficient| {
            self.0[limit] += i128::from(coefficient) * i128::from(rate.0);
        });
    }

    /// What lies on a limit, rounded up to a watt.
    ///
    /// # Panics
    /// When there is no such limit.
    #[must_use]
    pub fn on(&self, limit: usize) -> Watts {
        Watts(-floor(-self.0[limit], WHOLE) as i64)
    }
}

impl Stop {
    fn bare(&self) -> bool {
        self.power.is_none() && self.phases.is_none() && self.unbalance.is_none()
    }
}

/// Sixths of a watt on each of its phases for each watt drawn.
fn share_of_phase(phases: Phases) -> i64 {
    WHOLE / i64::from(phases.count())
}

/// Rounds down; real sites fit 64 bits, where a division is cheap.
fn floor(load: i128, coefficient: i64) -> i128 {
    match i64::try_from(load) {
        Ok(load) => i128::from(load.div_euclid(coefficient)),
        Err(_) => load.div_euclid(i128::from(coefficient)),
    }
}
