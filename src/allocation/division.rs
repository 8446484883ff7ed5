//! A division as far as it has come: what the capacity and the network leave for each claim.

use super::network::Given;
use crate::units::Watts;

/// Rates given so far, and what is left.
pub(super) struct Division<'a> {
    left: Watts,
    network: Option<OnNetwork<'a>>,
}

struct OnNetwork<'a> {
    given: Box<dyn Given + 'a>,
    /// By claim: the place of its session in the problem.
    places: &'a [usize],
}

/// What stops a claim from getting more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    ByCapacity,
    /// By a limit of the network; its name, where it has one.
    ByNetwork(Option<usize>),
}

impl<'a> Division<'a> {
    pub(super) fn of_capacity(capacity: Watts) -> Division<'a> {
        Division { left: capacity, network: None }
    }

    /// Within a network, too; `places` says by claim which session of the problem it is.
    pub(super) fn on_network(
        capacity: Watts,
        given: Box<dyn Given + 'a>,
        places: &'a [usize],
    ) -> Division<'a> {
        Division { left: capacity, network: Some(OnNetwork { given, places }) }
    }

    /// How much more the claim could get; never negative.
    pub(super) fn room(&self, claim: usize) -> Watts {
        match &self.network {
            None => self.left,
            Some(network) => self.left.min(network.given.room(network.places[claim]).floor_zero()),
        }
    }

    /// Gives the claim so much more.
    pub(super) fn give(&mut self, claim: usize, more: Watts) {
        self.left -= more;
        if let Some(network) = &mut self.network {
            network.given.give(network.places[claim], more);
        }
    }

    /// Whether the claim could get so much more.
    pub(super) fn fits(&self, claim: usize, more: Watts) -> bool {
        more <= self.left && self.network_holds(claim, more)
    }

    /// What is nothing fits everywhere.
    fn network_holds(&self, claim: usize, more: Watts) -> bool {
        let holds = |network: &OnNetwork<'_>| network.given.fits(network.places[claim], more);
        more <= Watts::ZERO || self.network.as_ref().is_none_or(holds)
    }

    /// Gives the claim so much more if it fits.
    pub(super) fn try_give(&mut self, claim: usize, more: Watts) -> bool {
        let fits = self.fits(claim, more);
        if fits {
            self.give(claim, more);
        }
        fits
    }

    /// What stops the claim from getting so much more. `None`: nothing does.
    pub(super) fn stops(&self, claim: usize, more: Watts) -> Option<Stopped> {
        if more > self.left {
            return Some(Stopped::ByCapacity);
        }
        let network = self.network.as_ref().filter(|_| !self.network_holds(claim, more))?;
        Some(Stopped::ByNetwork(network.given.binding(network.places[claim], more)))
    }
}
