//! A hash over all events of a run: equal runs have equal digests, on every machine.
//!
//! Multiply-and-fold over eight bytes at a time in two independent lanes (the construction of
//! wyhash). It tells runs apart; it is not meant to resist anybody.

use std::fmt;

use crate::time::Time;

const PRIMES: [u64; 2] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db];

/// A running hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    lanes: [u64; 2],
}

impl Default for Digest {
    fn default() -> Digest {
        Digest { lanes: [0x8ebc_6af0_9c88_c6e3, 0x5895_65fb_3a5a_2a63] }
    }
}

impl Digest {
    /// Takes in an event: when, what kind, whose, and its content.
    pub fn event(&mut self, at: Time, kind: u8, entity: u64, content: &[u8]) {
        self.word(at.0 as u64);
        self.word(u64::from(kind) << 56 | entity << 24 | (content.len() as u64 & 0xff_ffff));
        let mut chunks = content.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn word(&mut self, word: u64) {
        for (lane, prime) in self.lanes.iter_mut().zip(PRIMES) {
            let product = u128::from(*lane ^ word) * u128::from(prime | 1);
            *lane = (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(29);
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.lanes[0], self.lanes[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_an_event_counts() {
        let digest = |at: i64, kind: u8, entity: u64, content: &str| {
            let mut digest = Digest::default();
            digest.event(Time(at), kind, entity, content.as_bytes());
            digest.to_string()
        };
        let base = digest(1, 2, 3, "[3,\"a1\",{}]");
        assert_eq!(base, digest(1, 2, 3, "[3,\"a1\",{}]"));
        for other in [
            digest(2, 2, 3, "[3,\"a1\",{}]"),
            digest(1, 3, 3, "[3,\"a1\",{}]"),
            digest(1, 2, 4, "[3,\"a1\",{}]"),
            digest(1, 2, 3, "[3,\"a2\",{}]"),
            digest(1, 2, 3, "[3,\"a1\",{}]\0"),
        ] {
            assert_ne!(base, other);
        }
    }
}
