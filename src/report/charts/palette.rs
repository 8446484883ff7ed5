//! Colours of things that are told apart: few by name, many by a ramp.

/// Colours of Okabe and Ito without black, which the text has, and yellow, which paper swallows.
const DISTINCT: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];

/// Stops of the viridis colour map, without its darkest and lightest ends.
const VIRIDIS: [(f64, f64, f64); 7] = [
    (70.0, 47.0, 124.0),
    (57.0, 86.0, 140.0),
    (42.0, 120.0, 142.0),
    (31.0, 152.0, 139.0),
    (62.0, 185.0, 110.0),
    (134.0, 213.0, 73.0),
    (205.0, 225.0, 60.0),
];

/// One colour for each of `count` things.
#[must_use]
pub fn colours(count: usize) -> Vec<String> {
    if count <= DISTINCT.len() {
        return DISTINCT[..count].iter().map(|colour| (*colour).to_owned()).collect();
    }
    (0..count).map(|index| ramp(index as f64 / (count - 1) as f64)).collect()
}

/// Steps of a scale from little to much.
pub const STEPS: usize = 14;

/// The colour of a step of that scale, 0 the least; neither of its ends is that of the paper.
#[must_use]
pub fn step(index: usize) -> String {
    ramp(index as f64 / (STEPS - 1) as f64)
}

fn ramp(share: f64) -> String {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place.floor() as usize).min(VIRIDIS.len() - 2);
    let (a, b, part) = (VIRIDIS[below], VIRIDIS[below + 1], place - below as f64);
    let mix = |from: f64, to: f64| (from + (to - from) * part).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_gets_its_own_colour() {
        for count in [0, 1, 6, 7, 20, 54, 150] {
            let mut all = colours(count);
            assert_eq!(all.len(), count);
            assert!(all.iter().all(|colour| colour.len() == 7));
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count, "{count}");
        }
    }
}
