//! A network compiled to its limits, and loads on them.
//!
//! All limits are packing constraints: what sessions load them with adds up, and more rate never
//! loads a limit less. A session loads a node with its rate and each of its `k` phases with a `k`-th of
//! it; loads are counted in sixths of a watt, so that halves and thirds are exact.

use super::{Network, Phases, Place};
use crate::allocation::floor;
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

/// What each limit bears beside what lies on it, in sixths of a watt. [`Loads`] for those who only give
/// and ask: one number to look at instead of two.
#[derive(Clone, Debug)]
pub(super) struct Spare(Vec<i128>);

/// Where the limits of a node stand in the list, and which node comes next on the way up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stop {
    parent: Slot,
    power: Slot,
    /// That of L1; L2 and L3 follow.
    phases: Slot,
    unbalance: Slot,
}

/// A place in a list, if there is one, in four bytes: all stops of a large site are passed by for each
/// of its sessions, many times in a decision, so they should lie close together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot(u32);

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
                Slot::at(limits.len() - 1)
            };
            // Nodes without limits are passed by on the way up.
            let above = |at: usize| if nodes[at].bare() { nodes[at].parent } else { Slot::at(at) };
            let parent = node.parent.map_or(Slot::NONE, above);
            let power = node.power.map_or(Slot::NONE, |bound| list(Kind::Power, bound));
            let mut three = |kind: fn(u8) -> Kind, bounds: [Watts; 3]| {
                let [first, ..] = [0, 1, 2].map(|at: u8| list(kind(at), bounds[usize::from(at)]));
                first
            };
            let phases = node.per_phase.map_or(Slot::NONE, |bounds| three(Kind::Phase, bounds));
            let unbalance =
                node.unbalance.map_or(Slot::NONE, |bound| three(Kind::Unbalance, [bound; 3]));
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
        self.least_room(place, |limit| self.left(loads, limit))
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
        self.tightest(place, more, |limit| self.left(loads, limit))
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
            if let Some(power) = stop.power.get() {
                limit(power, WHOLE);
            }
            if let Some(first) = stop.phases.get() {
                phases.places().for_each(|phase| limit(first + phase, share));
            }
            if let Some(first) = stop.unbalance.get().filter(|_| phases != Phases::ALL) {
                phases.places().for_each(|phase| limit(first + phase, share));
            }
            next = stop.parent.get();
        }
    }

    /// The room of a place where the limits leave so much, in sixths of a watt.
    fn least_room(&self, place: Place, left: impl Fn(usize) -> i128) -> Watts {
        // One division for each divisor, not one for each limit.
        let (mut power, mut share) = (None, None);
        self.visit(place, |limit, coefficient| {
            let room = left(limit);
            let least = if coefficient == WHOLE { &mut power } else { &mut share };
            *least = Some(least.map_or(room, |least: i128| least.min(room)));
        });
        let power = power.map_or(i128::MAX, |left| floor(left, i128::from(WHOLE)));
        let of_phase = i128::from(share_of_phase(place.phases));
        let share = share.map_or(i128::MAX, |left| floor(left, of_phase));
        Watts(power.min(share).clamp(i128::from(i64::MIN), i128::from(Self::UNLIMITED.0)) as i64)
    }

    /// The limit that stops whoever is there from getting so much more, where they leave so much.
    fn tightest(&self, place: Place, more: Watts, left: impl Fn(usize) -> i128) -> Option<usize> {
        let mut tightest: Option<(i128, usize)> = None;
        self.visit(place, |limit, coefficient| {
            let left = left(limit);
            if left < i128::from(coefficient) * i128::from(more.0) {
                let room = floor(left, i128::from(coefficient));
                if tightest.is_none_or(|(least, _)| room < least) {
                    tightest = Some((room, limit));
                }
            }
        });
        tightest.map(|(_, limit)| limit)
    }
}

impl Spare {
    /// Beside these loads.
    pub(super) fn new(limits: &Limits, loads: &Loads) -> Spare {
        Spare((0..limits.limits.len()).map(|limit| limits.left(loads, limit)).collect())
    }

    /// See [`Limits::room`].
    pub(super) fn room(&self, limits: &Limits, place: Place) -> Watts {
        limits.least_room(place, |limit| self.0[limit])
    }

    /// Whether that is at least so much; the answer takes no division.
    pub(super) fn fits(&self, limits: &Limits, place: Place, more: Watts) -> bool {
        let mut fits = true;
        limits.visit(place, |limit, coefficient| {
            fits &= i128::from(coefficient) * i128::from(more.0) <= self.0[limit];
        });
        fits
    }

    /// See [`Limits::binding`].
    pub(super) fn binding(&self, limits: &Limits, place: Place, more: Watts) -> Option<usize> {
        limits.tightest(place, more, |limit| self.0[limit])
    }

    /// A session at this place gets so much more.
    pub(super) fn take(&mut self, limits: &Limits, place: Place, more: Watts) {
        limits.visit(place, |limit, coefficient| {
            self.0[limit] -= i128::from(coefficient) * i128::from(more.0);
        });
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
        Watts(-floor(-self.0[limit], i128::from(WHOLE)) as i64)
    }
}

impl Stop {
    fn bare(&self) -> bool {
        [self.power, self.phases, self.unbalance] == [Slot::NONE; 3]
    }
}

impl Slot {
    const NONE: Slot = Slot(u32::MAX);

    fn at(place: usize) -> Slot {
        Slot(place as u32)
    }

    fn get(self) -> Option<usize> {
        (self != Slot::NONE).then_some(self.0 as usize)
    }
}

/// Sixths of a watt on each of its phases for each watt drawn.
fn share_of_phase(phases: Phases) -> i64 {
    WHOLE / i64::from(phases.count())
}
