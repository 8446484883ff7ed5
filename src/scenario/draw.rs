//! Draws from a random stream, by our own arithmetic: `libm` rounds alike everywhere, and an
//! update of a library changes no scenario.

use rand::Rng;

use crate::time::Span;

/// Uniform in [0, 1), 53 bits.
pub(super) fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform in [low, high).
pub(super) fn between(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(rng)
}

/// Exponential with this mean: the gap between independent events.
pub(super) fn exponential(rng: &mut impl Rng, mean: f64) -> f64 {
    -libm::log1p(-unit(rng)) * mean
}

/// Normal (Box-Muller; both halves of the pair cost one draw each, so that every call takes the
/// same amount from its stream).
pub(super) fn normal(rng: &mut impl Rng, mean: f64, deviation: f64) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log1p(-unit(rng)));
    let angle = 2.0 * std::f64::consts::PI * unit(rng);
    mean + deviation * radius * libm::cos(angle)
}

/// Normal, in whole seconds.
pub(super) fn normal_span(rng: &mut impl Rng, mean: Span, deviation: Span) -> Span {
    Span::from_s(normal(rng, mean.s(), deviation.s()).round() as i64)
}

/// Index of a weighted choice; the weights are positive. 0 for an empty list.
pub(super) fn weighted(rng: &mut impl Rng, weights: &[f64]) -> usize {
    let mut left = unit(rng) * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    weights.len().saturating_sub(1)
}

/// Uniform index below `count`, which is positive (the bias is below count / 2^53).
pub(super) fn index(rng: &mut impl Rng, count: usize) -> usize {
    ((unit(rng) * count as f64) as usize).min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::super::streams::stream;
    use super::*;

    const N: usize = 20_000;

    fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let mean = values.clone().sum::<f64>() / N as f64;
        let variance = values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / N as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let mut rng = stream(1, "test", 0);
        let normals: Vec<f64> = (0..N).map(|_| normal(&mut rng, 5.0, 2.0)).collect();
        let (mean, deviation) = mean_and_deviation(normals.iter().copied());
        assert!((mean - 5.0).abs() < 0.06 && (deviation - 2.0).abs() < 0.06, "{mean} {deviation}");
        let gaps: Vec<f64> = (0..N).map(|_| exponential(&mut rng, 3.0)).collect();
        let (mean, deviation) = mean_and_deviation(gaps.iter().copied());
        assert!((mean - 3.0).abs() < 0.1 && (deviation - 3.0).abs() < 0.15, "{mean} {deviation}");
    }

    #[test]
    fn a_weighted_choice_follows_its_weights() {
        let mut rng = stream(1, "test", 1);
        let heavy = (0..N).filter(|_| weighted(&mut rng, &[1.0, 3.0]) == 1).count();
        assert!((heavy as f64 / N as f64 - 0.75).abs() < 0.02, "{heavy}");
        assert_eq!(weighted(&mut rng, &[]), 0);
    }
}
