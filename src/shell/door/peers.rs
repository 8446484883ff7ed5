//! How many connections are open, in total and from whom.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::counters::DoorCounters;

/// Counts open connections.
#[derive(Debug)]
pub(super) struct Peers {
    most: usize,
    most_per_peer: usize,
    counters: Arc<DoorCounters>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// Permission to hold one connection open; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl Peers {
    pub(super) fn new(most: usize, most_per_peer: usize, counters: Arc<DoorCounters>) -> Peers {
        Peers { most, most_per_peer, counters, open: Mutex::default() }
    }

    /// A permit, unless there are too many already.
    pub(super) fn enter(self: &Arc<Peers>, address: IpAddr) -> Option<Permit> {
        let address = address.to_canonical();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.get(&address).copied().unwrap_or_default();
        if here >= self.most_per_peer || self.counters.open.get() >= self.most as u64 {
            return None;
        }
        open.insert(address, here + 1);
        self.counters.open.add(1);
        Some(Permit { peers: Arc::clone(self), address })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.peers.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.peers.counters.open.subtract(1);
        if let Some(here) = open.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_the_share_of_one_and_all_together_not_more_than_there_is() {
        let counters = Arc::new(DoorCounters::default());
        let peers = Arc::new(Peers::new(5, 3, Arc::clone(&counters)));
        let address = |n: u8| IpAddr::from([10, 0, 0, n]);
        let mut held: Vec<Permit> = (0..3).map(|_| peers.enter(address(1)).unwrap()).collect();
        assert!(peers.enter(address(1)).is_none());
        held.extend((0..2).map(|_| peers.enter(address(2)).unwrap()));
        assert!(peers.enter(address(3)).is_none());
        assert_eq!(counters.open.get(), 5);
        held.remove(0);
        held.push(peers.enter(address(1)).unwrap());
        held.clear();
        assert_eq!(counters.open.get(), 0);
        assert!(peers.open.lock().unwrap().is_empty(), "addresses without connections stay");
    }
}
