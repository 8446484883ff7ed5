//! The most that could have been delivered, known afterwards: no allocator of a site can do better.
//!
//! With hindsight a site is a network: energy flows from each stay, at most what it wants, through
//! every span of its time, at most what its car takes in it, and out of each span at most what the
//! limit lets through. The largest flow (Dinitz, 1970) is the most energy that the stays can have
//! together. Minimum rates, steps, reactions and tapers are left out, so it is a bound, which a
//! real allocator comes near to and never reaches.

use std::collections::VecDeque;

use crate::time::Time;
use crate::units::Watts;

/// With more spans of stays than this, neighbouring spans are joined, which can only raise the
/// bound.
const MOST_SPANS: usize = 400_000;

/// A stay, known afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Plug-in.
    pub arrival: Time,
    /// Unplug.
    pub departure: Time,
    /// Wanted in that time, watt-seconds.
    pub energy_ws: i64,
    /// The most that the car takes at its charger.
    pub cap: Watts,
}

/// The most energy, watt-seconds, that the stays can have together under a limit that holds from
/// each of these instants on, ascending; before the first there is none.
#[must_use]
pub fn most_energy_ws(stays: &[Stay], limits: &[(Time, Watts)]) -> i64 {
    let mut stays: Vec<Stay> = stays.iter().copied().filter(Stay::takes_part).collect();
    stays.sort_unstable_by_key(|stay| (stay.departure, stay.arrival));
    let bounds = bounds(&stays, limits);
    let slots = bounds.len().saturating_sub(1);
    let mut network = Network::new(stays.len(), slots);
    for (number, stay) in stays.iter().enumerate() {
        network.edge(Network::SOURCE, network.stay(number), stay.energy_ws.saturating_mul(1000));
        for slot in spans(&bounds, stay) {
            let from = stay.arrival.max(bounds[slot]);
            let energy = power_ms(stay.cap, from, stay.departure.min(bounds[slot + 1]));
            network.edge(network.stay(number), network.slot(slot), energy);
        }
    }
    for slot in 0..slots {
        let energy = under(limits, bounds[slot], bounds[slot + 1]);
        network.edge(network.slot(slot), Network::SINK, energy);
    }
    network.largest_flow() / 1000
}

impl Stay {
    fn takes_part(&self) -> bool {
        self.energy_ws > 0 && self.cap > Watts::ZERO && self.departure > self.arrival
    }
}

/// Watt-milliseconds.
fn power_ms(power: Watts, from: Time, to: Time) -> i64 {
    let energy = i128::from(power.0) * i128::from(to.since(from).0.max(0)) / 1000;
    i64::try_from(energy).unwrap_or(i64::MAX)
}

/// What a limit lets through, watt-milliseconds.
fn under(limits: &[(Time, Watts)], from: Time, to: Time) -> i64 {
    let ends = limits.iter().skip(1).map(|limit| limit.0).chain([Time::NEVER]);
    let spans = limits.iter().zip(ends);
    spans.map(|(&(at, limit), end)| power_ms(limit.floor_zero(), at.max(from), end.min(to))).sum()
}

/// The instants between which nothing changes, ascending.
fn bounds(stays: &[Stay], limits: &[(Time, Watts)]) -> Vec<Time> {
    let mut bounds: Vec<Time> = stays.iter().flat_map(|s| [s.arrival, s.departure]).collect();
    let (first, last) = (bounds.iter().min().copied(), bounds.iter().max().copied());
    if let (Some(first), Some(last)) = (first, last) {
        bounds.extend(limits.iter().map(|limit| limit.0).filter(|at| (first..last).contains(at)));
    }
    bounds.sort_unstable();
    bounds.dedup();
    while stays.iter().map(|stay| spans(&bounds, stay).len()).sum::<usize>() > MOST_SPANS
        && bounds.len() > 3
    {
        let last = bounds.len() - 1;
        let mut place = 0;
        bounds.retain(|_| {
            place += 1;
            (place - 1) % 2 == 0 || place - 1 == last
        });
    }
    bounds
}

/// The slots between bounds that a stay reaches into.
fn spans(bounds: &[Time], stay: &Stay) -> std::ops::Range<usize> {
    let first = bounds.partition_point(|bound| *bound <= stay.arrival).saturating_sub(1);
    first..bounds.partition_point(|bound| *bound < stay.departure)
}

/// Edges lie in pairs, each beside the one that takes its flow back.
struct Network {
    /// By edge.
    to: Vec<usize>,
    room: Vec<i64>,
    /// By node.
    edges: Vec<Vec<usize>>,
    stays: usize,
}

impl Network {
    const SOURCE: usize = 0;
    const SINK: usize = 1;
    const UNREACHED: usize = usize::MAX;

    fn new(stays: usize, slots: usize) -> Network {
        let edges = vec![Vec::new(); 2 + stays + slots];
        Network { to: Vec::new(), room: Vec::new(), edges, stays }
    }

    fn stay(&self, number: usize) -> usize {
        2 + number
    }

    fn slot(&self, number: usize) -> usize {
        2 + self.stays + number
    }

    fn edge(&mut self, from: usize, to: usize, room: i64) {
        for (from, to, room) in [(from, to, room), (to, from, 0)] {
            self.edges[from].push(self.to.len());
            self.to.push(to);
            self.room.push(room);
        }
    }

    fn largest_flow(&mut self) -> i64 {
        let mut flow = 0;
        loop {
            let mut depths = self.depths();
            if depths[Network::SINK] == Network::UNREACHED {
                return flow;
            }
            flow += self.fill_shortest(&mut depths);
        }
    }

    /// Edges from the source to each node, over edges with room.
    fn depths(&self) -> Vec<usize> {
        let mut depths = vec![Network::UNREACHED; self.edges.len()];
        depths[Network::SOURCE] = 0;
        let mut queue = VecDeque::from([Network::SOURCE]);
        while let Some(node) = queue.pop_front() {
            for &edge in &self.edges[node] {
                let next = self.to[edge];
                if self.room[edge] > 0 && depths[next] == Network::UNREACHED {
                    depths[next] = depths[node] + 1;
                    queue.push_back(next);
                }
            }
        }
        depths
    }

    /// Fills shortest ways to the sink until none is left; returns what has flowed.
    fn fill_shortest(&mut self, depths: &mut [usize]) -> i64 {
        let mut flow = 0;
        let mut tried = vec![0; self.edges.len()];
        let mut way: Vec<usize> = Vec::new();
        let mut node = Network::SOURCE;
        loop {
            if node == Network::SINK {
                let (most, place) = self.narrowest(&way);
                for &edge in &way {
                    self.room[edge] -= most;
                    self.room[edge ^ 1] += most;
                }
                flow += most;
                node = self.to[way[place] ^ 1];
                way.truncate(place);
                continue;
            }
            let leads_on =
                |edge: usize| self.room[edge] > 0 && depths[self.to[edge]] == depths[node] + 1;
            let open = &self.edges[node][tried[node]..];
            match open.iter().position(|&edge| leads_on(edge)) {
                Some(skipped) => {
                    tried[node] += skipped;
                    let edge = self.edges[node][tried[node]];
                    way.push(edge);
                    node = self.to[edge];
                }
                None => {
                    depths[node] = Network::UNREACHED;
                    let Some(edge) = way.pop() else { return flow };
                    node = self.to[edge ^ 1];
                    tried[node] += 1;
                }
            }
        }
    }

    /// The least room on a way, and the first place where it is.
    fn narrowest(&self, way: &[usize]) -> (i64, usize) {
        let rooms = way.iter().map(|edge| self.room[*edge]).zip(0..);
        rooms.min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(from: i64, to: i64, energy_ws: i64, cap: i64) -> Stay {
        let (arrival, departure) = (Time::from_unix_s(from), Time::from_unix_s(to));
        Stay { arrival, departure, energy_ws, cap: Watts(cap) }
    }

    fn most(stays: &[Stay], limits: &[(i64, i64)]) -> i64 {
        let limits: Vec<_> =
            limits.iter().map(|(at, limit)| (Time::from_unix_s(*at), Watts(*limit))).collect();
        most_energy_ws(stays, &limits)
    }

    #[test]
    fn a_single_stay_gets_what_wish_cap_and_limit_leave() {
        assert_eq!(most(&[stay(0, 100, 300, 5)], &[(0, 10)]), 300);
        assert_eq!(most(&[stay(0, 100, 900, 5)], &[(0, 10)]), 500);
        assert_eq!(most(&[stay(0, 100, 900, 50)], &[(0, 7)]), 700);
        assert_eq!(most(&[stay(0, 100, 900, 50)], &[(0, 7), (50, 1), (90, -3)]), 390);
        assert_eq!(most(&[stay(0, 100, 900, 50)], &[(60, 7)]), 280, "no limit yet, no power");
        assert_eq!(most(&[], &[(0, 7)]), 0);
    }

    #[test]
    fn who_can_wait_makes_room_for_who_cannot() {
        let stays = [stay(0, 100, 500, 10), stay(0, 50, 500, 10)];
        assert_eq!(most(&stays, &[(0, 10)]), 1000);
        let three = [stay(0, 100, 500, 10), stay(0, 50, 500, 10), stay(40, 60, 200, 10)];
        assert_eq!(most(&three, &[(0, 10)]), 1000, "the limit of 100 s is used up");
        assert_eq!(most(&three, &[(0, 12)]), 1120, "alone, the long stay leaves 2 W for 40 s");
    }
}
