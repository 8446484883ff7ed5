//! The electrical network between a site's connection and its connectors: feeders, sub-boards and
//! shared maximums as a tree, each with limits of its own, in all and by phase.
//!
//! [`Network`] is what a site is configured with. [`Limits`] is the same compiled; with [`Loads`] it
//! answers how much more a session at a [`Place`] could be given. The allocator divides by it, and
//! whoever keeps account of what may be in force anywhere can count with the same arithmetic.
//!
//! A session on `k` phases draws a `k`-th of its rate from each. Direct current counts as three, and so
//! does a car of which the phases are unknown: a limit told in amperes per phase then covers a car that
//! uses fewer. Such a car may also be one that unbalances the phases.
//!
//! Unbalance is bounded from above: on each phase, what all sessions that do not use all three may
//! draw together. Real unbalance is a difference between phases and so less, but what others draw may
//! end at any moment; only this bound always holds. (VDE-AR-N 4100 permits 4.6 kVA.)

mod limits;
mod phases;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::units::Watts;

use limits::Spare;
pub(super) use limits::WHOLE;
pub use limits::{Kind, Limit, Limits, Loads};
pub use phases::{PhaseRotation, Phases};

/// A tree of nodes, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The parent of a node comes before it.
    pub nodes: Vec<Node>,
}

/// A connection, a feeder, a sub-board, or a charge point whose connectors share a maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// What it is fed from, by place in [`Network::nodes`].
    pub parent: Option<usize>,
    /// The most that it carries in all.
    pub power: Option<Watts>,
    /// The most on L1, L2 and L3.
    pub per_phase: Option<[Watts; 3]>,
    /// The most that sessions which do not use all phases may together draw on any of them.
    pub unbalance: Option<Watts>,
}

/// Where a session is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The node, by its place in [`Network::nodes`].
    pub node: usize,
    /// The phases of the grid that it draws from.
    pub phases: Phases,
}

/// What bounds the rates of a problem's sessions together, beside the capacity.
///
/// Less must always be possible where more is. [`Grid`] is the one that sites have.
pub trait Bounds: fmt::Debug {
    /// A division in which nobody has anything yet.
    fn empty(&self) -> Box<dyn Given + '_>;

    /// The same as limits, where they are linear: fair strategies are then exact at once instead of by
    /// handing out quantum after quantum, and `max_throughput` can look for the largest total.
    fn grid(&self) -> Option<Grid<'_>> {
        None
    }
}

/// A division of power as far as it has come.
pub trait Given {
    /// How much more the session at this place of the problem could get.
    fn room(&self, session: usize) -> Watts;

    /// Whether it could get so much more.
    fn fits(&self, session: usize, more: Watts) -> bool {
        more <= self.room(session)
    }

    /// Gives it so much more.
    fn give(&mut self, session: usize, more: Watts);

    /// Which limit stops it from getting so much more, where limits have names.
    fn binding(&self, session: usize, more: Watts) -> Option<usize>;
}

/// A network as an allocator meets it.
#[derive(Clone, Copy, Debug)]
pub struct Grid<'a> {
    /// Its limits.
    pub limits: &'a Limits,
    /// What lies on them and cannot be divided: base load, and what is kept for chargers out of reach.
    pub held: &'a Loads,
    /// Where each session of the problem is connected.
    pub places: &'a [Place],
}

impl Bounds for Grid<'_> {
    fn empty(&self) -> Box<dyn Given + '_> {
        Box::new(OnGrid { grid: *self, spare: Spare::new(self.limits, self.held) })
    }

    fn grid(&self) -> Option<Grid<'_>> {
        Some(*self)
    }
}

struct OnGrid<'a> {
    grid: Grid<'a>,
    spare: Spare,
}

impl Given for OnGrid<'_> {
    fn room(&self, session: usize) -> Watts {
        self.spare.room(self.grid.limits, self.grid.places[session])
    }

    fn fits(&self, session: usize, more: Watts) -> bool {
        self.spare.fits(self.grid.limits, self.grid.places[session], more)
    }

    fn give(&mut self, session: usize, more: Watts) {
        self.spare.take(self.grid.limits, self.grid.places[session], more);
    }

    fn binding(&self, session: usize, more: Watts) -> Option<usize> {
        self.spare.binding(self.grid.limits, self.grid.places[session], more)
    }
}
