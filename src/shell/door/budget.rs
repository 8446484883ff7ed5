//! How many messages a connection may send.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket: fills at a steady rate up to the burst, each message takes one token.
#[derive(Debug)]
pub(super) struct Budget {
    interval: Duration,
    burst: u32,
    /// The instant at which the bucket would have been empty had it never been full.
    empty_at: Instant,
}

impl Budget {
    /// A full bucket.
    pub(super) fn new(per_second: u32, burst: u32, now: Instant) -> Budget {
        let interval = Duration::from_secs(1) / per_second.max(1);
        let burst = burst.max(1);
        Budget { interval, burst, empty_at: now.checked_sub(interval * burst).unwrap_or(now) }
    }

    /// Takes a token for one message; returns how long to wait until it is there.
    pub(super) fn take(&mut self, now: Instant) -> Duration {
        let fullest = now.checked_sub(self.interval * self.burst).unwrap_or(now);
        self.empty_at = self.empty_at.max(fullest) + self.interval;
        self.empty_at.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_what_follows_is_paced() {
        let now = Instant::now();
        let mut budget = Budget::new(20, 100, now);
        assert!((0..100).all(|_| budget.take(now).is_zero()));
        assert_eq!(budget.take(now), Duration::from_millis(50));
        assert_eq!(budget.take(now), Duration::from_millis(100));
        let later = now + Duration::from_millis(150);
        assert_eq!(budget.take(later), Duration::ZERO);
        assert_eq!(budget.take(later), Duration::from_millis(50));
    }

    #[test]
    fn a_rest_refills_the_burst_and_no_more() {
        let now = Instant::now();
        let mut budget = Budget::new(20, 100, now);
        let later = now + Duration::from_secs(3600);
        let free = (0..1000).take_while(|_| budget.take(later).is_zero()).count();
        assert_eq!(free, 100);
    }
}
