//! The local link between a charge point and the central system: latency, jitter, loss.
//!
//! It carries OCPP-J text like the WebSocket it stands for: frames may be late or lost (a lost
//! frame stands for a connection that stalls until the time-out), but never overtake each other.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::scenario::model::Network;
use crate::time::{Span, Time};

/// Direction of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toward {
    /// From charge point to central system.
    Central = 0,
    /// From central system to charge point.
    Point = 1,
}

/// Where jitter and loss come from: splitmix64, seeded from the link's named stream. A state of
/// eight bytes, since thousands of links are each drawn from in turn.
struct Jitter(u64);

impl Jitter {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// One link, both directions.
pub(crate) struct Link {
    latency: Span,
    jitter: Span,
    /// Loss as a share of 2^32.
    loss: u64,
    random: Jitter,
    last: [Time; 2],
}

impl Link {
    pub(crate) fn new(network: &Network, mut random: ChaCha8Rng) -> Link {
        let loss = (network.loss.clamp(0.0, 1.0) * f64::from(u32::MAX)) as u64;
        Link {
            latency: network.latency,
            jitter: network.jitter,
            loss,
            random: Jitter(random.next_u64()),
            last: [Time(0); 2],
        }
    }

    /// When a frame sent now arrives; `None` when it is lost.
    pub(crate) fn arrival(&mut self, now: Time, toward: Toward) -> Option<Time> {
        if self.loss > 0 && self.random.next() >> 32 < self.loss {
            return None;
        }
        let jitter = if self.jitter > Span::ZERO {
            // The high bits of a product instead of a remainder: no bias worth speaking of.
            let draw = u128::from(self.random.next());
            Span(((draw * (self.jitter.0 as u128 + 1)) >> 64) as i64)
        } else {
            Span::ZERO
        };
        let earliest = now + self.latency + jitter;
        let last = &mut self.last[toward as usize];
        *last = earliest.max(*last);
        Some(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn link(loss: f64) -> Link {
        let network = Network { latency: Span::from_ms(20), jitter: Span::from_ms(10), loss };
        Link::new(&network, ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn frames_are_late_but_never_overtake() {
        let mut link = link(0.0);
        let mut last = Time(0);
        for sent in 0..10_000 {
            let sent = Time(sent * 500);
            let arrival = link.arrival(sent, Toward::Central).unwrap();
            assert!(arrival >= sent + Span::from_ms(20) && arrival >= last);
            last = arrival;
        }
        assert!(last <= Time(9_999 * 500) + Span::from_ms(30));
    }

    #[test]
    fn loss_is_the_share_it_claims() {
        let mut link = link(0.05);
        let lost = (0..20_000).filter(|n| link.arrival(Time(*n), Toward::Point).is_none()).count();
        assert!((800..1200).contains(&lost), "{lost} of 20,000 lost, 1,000 expected");
    }
}
