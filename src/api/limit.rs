//! A token bucket per site, so that a storm of rebalances cannot make charge rates oscillate.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ids::SiteId;

/// How often somebody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At once, 1..
    pub burst: u32,
    /// After that, one per this time of wall clock.
    pub every: Duration,
}

/// The buckets of all sites.
pub(super) struct Limiter {
    rate: Rate,
    /// When the bucket of a site is full again.
    full_at: Mutex<BTreeMap<SiteId, Instant>>,
}

impl Limiter {
    /// Buckets that are full.
    pub(super) fn new(rate: Rate) -> Limiter {
        Limiter { rate, full_at: Mutex::new(BTreeMap::new()) }
    }

    /// Takes a token, or says how long to wait for one.
    pub(super) fn take(&self, site: &SiteId, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        full_at.retain(|_, at| *at > now);
        // A bucket that lacks n tokens is full after n times `every`.
        let lacking = full_at.get(site).map_or(Duration::ZERO, |at| *at - now);
        let capacity = self.rate.every * self.rate.burst;
        let after = lacking + self.rate.every;
        if after > capacity {
            return Err(after - capacity);
        }
        full_at.insert(site.clone(), now + after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_at_once_then_one_each_twenty_seconds() {
        let rate = Rate { burst: 3, every: Duration::from_secs(20) };
        let limiter = Limiter::new(rate);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let (here, there) = (SiteId::new("site_1"), SiteId::new("site_2"));
        for _ in 0..3 {
            assert_eq!(limiter.take(&here, at(0)), Ok(()));
        }
        assert_eq!(limiter.take(&here, at(0)), Err(Duration::from_secs(20)));
        assert_eq!(limiter.take(&there, at(0)), Ok(()), "each site has its own bucket");
        assert_eq!(limiter.take(&here, at(15)), Err(Duration::from_secs(5)));
        assert_eq!(limiter.take(&here, at(20)), Ok(()));
        assert_eq!(limiter.take(&here, at(20)), Err(Duration::from_secs(20)));
        for _ in 0..3 {
            assert_eq!(limiter.take(&here, at(1000)), Ok(()), "it never holds more than three");
        }
        assert!(limiter.take(&here, at(1000)).is_err());
    }
}
