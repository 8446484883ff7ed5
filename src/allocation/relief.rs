//! What cannot wait: power beyond a division that was made of less than there is.

use super::division::Division;
use super::{Problem, Share};
use crate::units::Watts;

/// Raises the rates of a division towards what sessions want at least, as far as the capacity of the
/// problem and its network leave room: whoever leaves first comes first, then by arrival and id.
/// `wanted`, by session: 0, or a multiple of its step between its minimum and its cap. Nobody gets
/// less, and nobody between nothing and the minimum.
///
/// # Panics
/// When there are not as many shares and wishes as sessions.
#[must_use]
pub fn relieve(problem: &Problem<'_>, shares: &[Share], wanted: &[Watts]) -> Vec<Watts> {
    let sessions = problem.sessions;
    assert!(shares.len() == sessions.len() && wanted.len() == sessions.len());
    let places: Vec<usize> = (0..sessions.len()).collect();
    let mut division = match problem.network {
        None => Division::of_capacity(problem.capacity),
        Some(network) => Division::on_network(problem.capacity, network.empty(), &places),
    };
    let mut rates: Vec<Watts> = shares.iter().map(|share| share.rate).collect();
    rates.iter().enumerate().for_each(|(session, rate)| division.give(session, *rate));
    let mut short: Vec<usize> =
        places.iter().copied().filter(|&session| wanted[session] > rates[session]).collect();
    short.sort_by_key(|&at| (sessions[at].departure, sessions[at].arrival, sessions[at].id));
    for at in short {
        let session = &sessions[at];
        let room = division.room(at).floor_zero().floor_to(session.step);
        let more = (wanted[at] - rates[at]).min(room);
        if more > Watts::ZERO && rates[at] + more >= session.min {
            division.give(at, more);
            rates[at] += more;
        }
    }
    rates
}
