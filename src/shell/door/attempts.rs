//! Failed authentications per address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Addresses remembered at most; beyond that the oldest is forgotten.
const MOST: usize = 4096;
const WINDOW: Duration = Duration::from_secs(60);

/// Counts failures in windows of a minute that begin with an address's first failure.
#[derive(Debug)]
pub(super) struct Attempts {
    allowed: u32,
    by_address: HashMap<IpAddr, Window>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    failures: u32,
}

impl Attempts {
    /// `allowed` failures a minute; 0: without limit.
    pub(super) fn new(allowed: u32) -> Attempts {
        Attempts { allowed, by_address: HashMap::new() }
    }

    /// How long this address has to wait, if it has to.
    pub(super) fn blocked(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let window = self.by_address.get(&prefix(address))?;
        let left = WINDOW.checked_sub(now.duration_since(window.since))?;
        (self.allowed > 0 && window.failures >= self.allowed && !left.is_zero()).then_some(left)
    }

    /// An authentication failed.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) {
        let address = prefix(address);
        if let Some(window) = self.by_address.get_mut(&address) {
            if now.duration_since(window.since) < WINDOW {
                window.failures = window.failures.saturating_add(1);
            } else {
                *window = Window { since: now, failures: 1 };
            }
            return;
        }
        if self.by_address.len() >= MOST {
            self.by_address.retain(|_, window| now.duration_since(window.since) < WINDOW);
        }
        if self.by_address.len() >= MOST {
            let oldest = self.by_address.iter().min_by_key(|(_, window)| window.since);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.by_address.remove(&oldest);
            }
        }
        self.by_address.insert(address, Window { since: now, failures: 1 });
    }
}

/// Whoever has one IPv6 address has its whole /64.
fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    #[test]
    fn an_address_that_fails_too_often_waits_until_its_minute_is_over() {
        let mut attempts = Attempts::new(3);
        let start = Instant::now();
        for second in 0..3 {
            assert_eq!(attempts.blocked(address(1), start), None);
            attempts.failed(address(1), start + Duration::from_secs(second));
        }
        let later = start + Duration::from_secs(20);
        assert_eq!(attempts.blocked(address(1), later), Some(Duration::from_secs(40)));
        assert_eq!(attempts.blocked(address(2), later), None);
        assert_eq!(attempts.blocked(address(1), start + WINDOW), None);
        attempts.failed(address(1), start + WINDOW);
        assert_eq!(attempts.blocked(address(1), start + WINDOW), None);
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_together() {
        let mut attempts = Attempts::new(1);
        let now = Instant::now();
        attempts.failed("2001:db8::1".parse().unwrap(), now);
        assert!(attempts.blocked("2001:db8::2".parse().unwrap(), now).is_some());
        assert!(attempts.blocked("2001:db8:0:1::1".parse().unwrap(), now).is_none());
    }

    #[test]
    fn the_table_stays_small_under_any_number_of_addresses() {
        let mut attempts = Attempts::new(1);
        let start = Instant::now();
        for n in 0..10_000 {
            attempts.failed(address(n), start + Duration::from_millis(u64::from(n)));
        }
        assert_eq!(attempts.by_address.len(), MOST);
        let now = start + Duration::from_secs(10);
        assert!(attempts.blocked(address(9_999), now).is_some());
        assert!(attempts.blocked(address(0), now).is_none());
    }

    #[test]
    fn zero_means_without_limit() {
        let mut attempts = Attempts::new(0);
        let now = Instant::now();
        attempts.failed(address(1), now);
        assert_eq!(attempts.blocked(address(1), now), None);
    }
}
