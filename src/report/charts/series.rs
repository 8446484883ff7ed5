//! Thinning: a month has tens of thousands of samples, a chart has 800 pixels.

use std::ops::Range;

use crate::time::Time;

/// Indices of the samples to draw: per bin of equal time the ones with the lowest and the highest
/// value, in order of time, so that no peak is lost. First and last are always kept; at most
/// `2 * bins + 2` indices. Times ascend.
#[must_use]
pub fn extremes(times: &[Time], values: &[i64], bins: usize) -> Vec<usize> {
    let count = times.len().min(values.len());
    if count <= 2 * bins + 2 {
        return (0..count).collect();
    }
    let (from, to) = (times[0], times[count - 1]);
    let length = (to.since(from).0 / bins.max(1) as i64).max(1);
    let bin = |index: usize| times[index].since(from).0 / length;
    let mut kept = vec![0];
    let mut start = 0;
    while start < count {
        let mut end = start + 1;
        let (mut low, mut high) = (start, start);
        while end < count && bin(end) == bin(start) {
            if values[end] < values[low] {
                low = end;
            }
            if values[end] > values[high] {
                high = end;
            }
            end += 1;
        }
        kept.extend([low.min(high), low.max(high)]);
        start = end;
    }
    kept.push(count - 1);
    kept.dedup();
    kept
}

/// Groups samples into at most `bins + 1` bins of equal time; when there are not more samples than
/// bins, every one stands alone. Times ascend.
#[must_use]
pub fn groups(times: &[Time], bins: usize) -> Vec<Range<usize>> {
    let count = times.len();
    if count <= bins.max(1) {
        return (0..count).map(|index| index..index + 1).collect();
    }
    let length = (times[count - 1].since(times[0]).0 / bins as i64).max(1);
    let bin = |index: usize| times[index].since(times[0]).0 / length;
    let mut groups: Vec<Range<usize>> = Vec::with_capacity(bins + 1);
    for index in 0..count {
        match groups.last_mut() {
            Some(last) if bin(last.start) == bin(index) => last.end = index + 1,
            _ => groups.push(index..index + 1),
        }
    }
    groups
}

/// The mean of `values` over a group; 0 of none.
#[must_use]
pub fn mean(values: impl ExactSizeIterator<Item = i64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<i64>() as f64 / count
}

/// Leaves out points in the middle of a flat stretch: they draw nothing.
#[must_use]
pub fn without_flat(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for point in points {
        if let [.., before, last] = kept.as_mut_slice()
            && before.1 == last.1
            && last.1 == point.1
        {
            *last = point;
            continue;
        }
        kept.push(point);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn thinning_keeps_extremes_ends_and_order(values in prop::collection::vec(-500_i64..500, 1..2000), bins in 1_usize..60) {
            let times: Vec<Time> = (0..values.len() as i64).map(|n| Time::from_unix_s(n * 60)).collect();
            let kept = extremes(&times, &values, bins);
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(kept.len() <= 2 * (bins + 1) + 2);
            prop_assert_eq!((kept.first(), kept.last()), (Some(&0), Some(&(values.len() - 1))));
            let best = |of: &mut dyn Iterator<Item = i64>| of.max();
            prop_assert_eq!(best(&mut kept.iter().map(|i| values[*i])), best(&mut values.iter().copied()));
            let worst = |of: &mut dyn Iterator<Item = i64>| of.min();
            prop_assert_eq!(worst(&mut kept.iter().map(|i| values[*i])), worst(&mut values.iter().copied()));
        }
    }

    #[test]
    fn groups_cover_every_sample_once() {
        let times: Vec<Time> = (0..1000).map(|n| Time::from_unix_s(n * 60)).collect();
        let groups = groups(&times, 90);
        assert!(groups.len() <= 91);
        assert_eq!(groups.iter().map(ExactSizeIterator::len).sum::<usize>(), 1000);
        assert!(groups.windows(2).all(|pair| pair[0].end == pair[1].start));
    }

    #[test]
    fn a_flat_stretch_keeps_its_ends() {
        let points = vec![(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 2.0), (4.0, 2.0)];
        assert_eq!(without_flat(points), [(0.0, 1.0), (2.0, 1.0), (3.0, 2.0), (4.0, 2.0)]);
    }
}
