//! Random streams: one per (seed, purpose, entity), independent of every other.
//!
//! A stream never depends on how much another one has been used, so one more charger, one more
//! car or another strategy leaves all other draws as they were.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The stream of `entity` for `purpose` under `seed`. The key is
/// SHA-256(seed, length of purpose, purpose, entity), integers as 8 bytes little-endian; ChaCha8
/// gives the same numbers on every machine.
#[must_use]
pub fn stream(seed: u64, purpose: &str, entity: u64) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update((purpose.len() as u64).to_le_bytes());
    hash.update(purpose.as_bytes());
    hash.update(entity.to_le_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::Rng;

    use super::*;

    #[test]
    fn each_part_of_the_key_makes_another_stream() {
        let keys = [(7, "link", 1), (8, "link", 1), (7, "car", 1), (7, "link", 2), (7, "lin", 1)];
        let first: BTreeSet<u64> =
            keys.iter().map(|(seed, what, who)| stream(*seed, what, *who).next_u64()).collect();
        assert_eq!(first.len(), keys.len());
    }

    #[test]
    fn a_stream_is_the_same_on_every_machine_and_in_every_version() {
        let mut car = stream(7, "arrivals", 0);
        let expected = [9_401_802_371_702_049_434, 8_068_670_193_167_023_450];
        assert_eq!([car.next_u64(), car.next_u64()], expected, "by an independent ChaCha8");
    }
}
