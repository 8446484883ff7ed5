//! The acceptance curve as a staircase: constant between exact levels of battery energy.
//!
//! A step is 1/64 of the maximum of the kind of current in use (0.25 A per phase of a 16 A car,
//! 1.6 kW of a 100 kW car). The continuous share is rounded to the nearest step, so that charging
//! times are unbiased, but never to zero while the curve is above zero: a curve that falls to zero
//! at 100 % would otherwise never get there.

use super::Acceptance;
use super::account::MW_US_PER_KWH;

/// Steps from nothing to the maximum.
pub(super) const STEPS: i64 = 64;

/// What the battery accepts until it has gained a certain energy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stair {
    /// Energy gained since plug-in at which the next stair begins, in milliwatt-microseconds.
    pub(super) until: f64,
    /// 0..=[`STEPS`], of the maximum.
    pub(super) step: i64,
}

/// The stairs from the state of charge at plug-in up to full.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stairs(Vec<Stair>);

impl Stairs {
    /// The stairs of a battery of `battery_kwh` that holds `initial_kwh`. `scale` says how many
    /// times the maximum in use goes into the maximum that the curve counts from.
    pub(super) fn new(
        curve: &Acceptance,
        battery_kwh: f64,
        initial_kwh: f64,
        scale: f64,
    ) -> Stairs {
        let gain = |soc: f64| (soc * battery_kwh - initial_kwh) * MW_US_PER_KWH;
        let mut stairs = Stairs::default();
        for piece in pieces(&points(curve)) {
            if piece.0.1 == 0.0 && piece.1.1 == 0.0 {
                // Nothing is accepted here. Below the state of charge at plug-in that is history,
                // above it the battery is as full as its management lets it become.
                if gain(piece.1.0) > 0.0 {
                    break;
                }
                continue;
            }
            split(piece, scale, |soc, step| stairs.push(gain(soc), step));
        }
        stairs
    }

    /// The stair on which a battery stands that has gained this much; `None`: it is full.
    pub(super) fn at(&self, gained: f64) -> Option<Stair> {
        self.0.get(self.0.partition_point(|stair| stair.until <= gained)).copied()
    }

    fn push(&mut self, until: f64, step: i64) {
        if until <= self.0.last().map_or(0.0, |last| last.until) {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.step == step => last.until = until,
            _ => self.0.push(Stair { until, step }),
        }
    }
}

/// A point of the curve: (state of charge, share).
type Point = (f64, f64);

/// The corners of the curve from 0 to 100 %, shares within 0..=1.
fn points(curve: &Acceptance) -> Vec<Point> {
    let table = match curve {
        Acceptance::Ideal => vec![(0.0, 1.0)],
        Acceptance::TwoStage { transition_soc, end_share } => {
            vec![(*transition_soc, 1.0), (1.0, *end_share)]
        }
        Acceptance::Table(table) => table.clone(),
    };
    let first = table.first().map_or(1.0, |point| point.1);
    let last = table.last().map_or(1.0, |point| point.1);
    std::iter::once((0.0, first))
        .chain(table)
        .chain(std::iter::once((1.0, last)))
        .map(|(soc, share)| (soc.clamp(0.0, 1.0), share.clamp(0.0, 1.0)))
        .collect()
}

fn pieces(points: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    points.windows(2).map(|pair| (pair[0], pair[1])).filter(|(from, to)| to.0 > from.0)
}

/// Calls `stair(end, step)` for every stair of one straight piece, in ascending order.
fn split(piece: (Point, Point), scale: f64, mut stair: impl FnMut(f64, i64)) {
    let ((from, share), (to, end_share)) = piece;
    let (high, end) = (share * scale * STEPS as f64, end_share * scale * STEPS as f64);
    let nearest = |height: f64| (height.min(STEPS as f64).round() as i64).max(1);
    let (mut step, last) = (nearest(high), nearest(end));
    while step != last {
        let next = if last > step { step + 1 } else { step - 1 };
        // Between two steps the rounding changes at half a step.
        let border = (step + next) as f64 / 2.0;
        let soc = from + (high - border) / (high - end) * (to - from);
        stair(soc.clamp(from, to), step);
        step = next;
    }
    stair(to, last);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (state of charge at the end in percent, step) of a battery that is plugged in empty.
    fn stairs_of(curve: &Acceptance, scale: f64) -> Vec<(f64, i64)> {
        let Stairs(stairs) = Stairs::new(curve, 100.0, 0.0, scale);
        stairs.iter().map(|stair| (stair.until / MW_US_PER_KWH, stair.step)).collect()
    }

    #[test]
    fn an_ideal_battery_has_one_stair() {
        assert_eq!(stairs_of(&Acceptance::Ideal, 1.0), [(100.0, 64)]);
        assert_eq!(stairs_of(&Acceptance::Table(Vec::new()), 1.0), [(100.0, 64)]);
    }

    #[test]
    fn a_two_stage_curve_descends_one_step_at_a_time_and_ends_above_zero() {
        let stairs = stairs_of(&Acceptance::TwoStage { transition_soc: 0.8, end_share: 0.0 }, 1.0);
        assert_eq!(stairs.len(), 64);
        for (index, (_, step)) in stairs.iter().enumerate() {
            assert_eq!(*step, 64 - index as i64);
        }
        assert!(stairs.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(stairs[63], (100.0, 1));
        assert!(stairs[0].0 > 80.0 && stairs[0].0 < 80.2, "half a step below the corner");
    }

    #[test]
    fn the_stairs_follow_the_curve_within_half_a_step() {
        let table = vec![(0.05, 0.5), (0.2, 1.0), (0.5, 0.9), (0.8, 0.3), (1.0, 0.02)];
        let curve = Acceptance::Table(table);
        let stairs = Stairs::new(&curve, 100.0, 0.0, 1.0);
        for permille in 1..1000 {
            let soc = f64::from(permille) / 1000.0;
            let share = pieces(&points(&curve))
                .find(|(_, to)| soc <= to.0)
                .map(|(from, to)| from.1 + (to.1 - from.1) * (soc - from.0) / (to.0 - from.0))
                .unwrap();
            let stair = stairs.at(soc * 100.0 * MW_US_PER_KWH).unwrap();
            let error = (stair.step as f64 / 64.0 - share).abs();
            assert!(error < 0.5 / 64.0 + 1e-9, "{error} at {soc}");
        }
    }

    #[test]
    fn a_smaller_maximum_in_use_meets_the_taper_later() {
        let curve = Acceptance::TwoStage { transition_soc: 0.5, end_share: 0.0 };
        let dc = stairs_of(&curve, 1.0);
        let ac = stairs_of(&curve, 10.0);
        assert!(dc[0].0 < 51.0);
        assert!((ac[0].0 - 95.0).abs() < 0.1, "a tenth of the maximum is reached at 95 %");
    }

    #[test]
    fn where_nothing_is_accepted_any_more_the_battery_is_full() {
        let curve = Acceptance::Table(vec![(0.0, 1.0), (0.8, 1.0), (0.8, 0.0), (1.0, 0.0)]);
        assert_eq!(stairs_of(&curve, 1.0), [(80.0, 64)]);
        assert_eq!(Stairs::new(&curve, 100.0, 85.0, 1.0).at(0.0), None);
    }

    #[test]
    fn the_stairs_begin_at_the_charge_at_plug_in() {
        let curve = Acceptance::TwoStage { transition_soc: 0.8, end_share: 0.2 };
        let whole = Stairs::new(&curve, 50.0, 0.0, 1.0);
        let late = Stairs::new(&curve, 50.0, 45.0, 1.0);
        let at_arrival = whole.at(45.0 * MW_US_PER_KWH).unwrap();
        assert_eq!(late.at(0.0).unwrap().step, at_arrival.step);
        assert_eq!(Stairs::new(&curve, 50.0, 50.0, 1.0).at(0.0), None);
    }
}
