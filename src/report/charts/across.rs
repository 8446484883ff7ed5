//! The horizontal axis of values; that of time stands in [`axes`](super::axes).

use crate::report::charts::axes::{Frame, Scale};
use crate::report::charts::svg::{Anchor, Svg};
use crate::report::text::duration;

/// Maps values to positions in a frame, the lowest at its left edge.
#[derive(Clone, Debug)]
pub struct Across {
    frame: Frame,
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
    /// Whether the same factor, not the same difference, is the same distance.
    factors: bool,
}

impl Across {
    /// Round numbers that cover `low..=high`, in about `steps` steps.
    #[must_use]
    pub fn nice(frame: Frame, low: f64, high: f64, steps: u32) -> Across {
        Across::of(frame, &Scale::nice(frame, low, high, steps))
    }

    /// The same steps, but the axis ends where the data does.
    #[must_use]
    pub fn tight(frame: Frame, low: f64, high: f64, steps: u32) -> Across {
        Across::of(frame, &Scale::tight(frame, low, high, steps))
    }

    /// Lengths of time from `low` to `high` seconds by their size, between names that people use.
    #[must_use]
    pub fn durations(frame: Frame, low: f64, high: f64) -> Across {
        const NAMED: [f64; 12] = [
            1.0,
            10.0,
            60.0,
            300.0,
            900.0,
            3600.0,
            10_800.0,
            36_000.0,
            86_400.0,
            259_200.0,
            864_000.0,
            8_640_000.0,
        ];
        let first = NAMED.iter().rposition(|named| *named <= low).unwrap_or(0).min(NAMED.len() - 2);
        let last = NAMED.iter().position(|named| *named >= high).unwrap_or(NAMED.len() - 1);
        let shown = &NAMED[first..=last.max(first + 1)];
        let ticks = shown.iter().map(|named| (*named, duration(*named))).collect();
        Across { frame, low: shown[0], high: shown[shown.len() - 1], ticks, factors: true }
    }

    fn of(frame: Frame, scale: &Scale) -> Across {
        let ticks = scale.ticks().into_iter().map(|tick| (tick, scale.label(tick))).collect();
        Across { frame, low: scale.low, high: scale.high, ticks, factors: false }
    }

    /// Position of a value, kept within the frame.
    #[must_use]
    pub fn x(&self, value: f64) -> f64 {
        let share = if self.factors {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.frame.x + share.clamp(0.0, 1.0) * self.frame.w
    }

    /// Draws grid lines, labels and, where it is not empty, the title below the frame: 38 pixels
    /// high, 22 without.
    pub fn draw(&self, svg: &mut Svg, title: &str) {
        let bottom = self.frame.bottom();
        for (value, label) in &self.ticks {
            let x = self.x(*value);
            svg.line((x, self.frame.y), (x, bottom), "grid");
            svg.text((x, bottom + 16.0), "", Anchor::Middle, label);
        }
        svg.line((self.frame.x, bottom), (self.frame.right(), bottom), "axis");
        if !title.is_empty() {
            svg.text((self.frame.right(), bottom + 33.0), "faint", Anchor::End, title);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { x: 100.0, y: 0.0, w: 300.0, h: 50.0 };

    #[test]
    fn values_fall_between_the_edges() {
        let across = Across::nice(FRAME, 0.0, 58.0, 3);
        assert_eq!((across.x(0.0), across.x(30.0), across.x(60.0)), (100.0, 250.0, 400.0));
        assert_eq!((across.x(-5.0), across.x(99.0)), (100.0, 400.0));
    }

    #[test]
    fn lengths_of_time_are_set_by_their_size() {
        let across = Across::durations(FRAME, 7.0, 3000.0);
        assert_eq!((across.low, across.high), (1.0, 3600.0));
        assert!(across.x(10.0) - across.x(1.0) > across.x(60.0) - across.x(10.0));
        for (low, high) in [(0.0, 0.0), (1.0, 1.0), (1e9, 1e9)] {
            let across = Across::durations(FRAME, low, high);
            assert!(across.low < across.high && across.x(low).is_finite(), "{across:?}");
        }
    }
}
