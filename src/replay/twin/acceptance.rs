//! What a car accepts, by the readings of its stay.
//!
//! A reading tells what the car accepts only where nothing else bound it: clearly below the limit in force, the
//! offer and the rating, and long enough after the last change of a limit for the car to have followed. All others
//! are lower bounds.

use super::seen::{Sample, Visit};
use crate::charger::CurrentKind;
use crate::csms::config::Hardware;
use crate::time::{Span, Time};
use crate::units::{DeciAmps, PILOT_MINIMUM, Watts};

/// After so long a car has followed a limit, and ramped up: AC, DC.
const SETTLED: [Span; 2] = [Span::from_s(20), Span::from_s(60)];
/// A limit that holds for so long is no step on the way to another, as that of a start is.
const STEADY: Span = Span::from_s(300);
/// A draw that is lower than what is offered by less than this is bound by it: share, and A per phase or W.
const BOUND: (f64, i64, i64) = (0.97, 4, 300);
/// Power below which a car takes nothing, W.
const NOTHING_W: i64 = 150;
/// A car that has taken nothing for so long is done.
const DONE: Span = Span::from_s(120);
/// A curve that falls by less is none.
const FLAT: f64 = 0.97;
/// What a point may lie off the straight line between its neighbours, share.
const STRAIGHT: f64 = 0.008;
/// No taper goes below this share before the car stops.
const LEAST: f64 = 0.02;

/// What the readings of a stay say of the car.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// Phases on which it draws.
    pub(super) phases: u8,
    /// The greatest power it took, W.
    pub(super) most_w: i64,
    /// Whether that is what it accepts: it was offered more.
    pub(super) free: bool,
    /// Whether it was offered all that the charge point gives, and took it.
    pub(super) at_rating: bool,
    /// Where it was free: energy taken since plug-in, mWh, and power, W; empty where it took its greatest power
    /// whenever it was free.
    pub(super) curve: Vec<(i64, i64)>,
    /// Energy up to which a limit bound it at its greatest, mWh.
    pub(super) bound_until: i64,
    /// The smallest limit above nothing, W; and whether it was once allowed nothing.
    pub(super) least_limit: Option<Watts>,
    pub(super) paused: bool,
    /// When it was given less than it asked for.
    pub(super) wanting: Vec<(Time, Time)>,
    /// Since when it takes nothing although it may.
    pub(super) done: Option<Time>,
    /// How long a constant power would have been missing in the beginning, s (DC).
    pub(super) missing_s: Option<f64>,
    /// State of charge and energy taken, of the first and the last reading that tell it.
    pub(super) soc: Option<[(i64, i64); 2]>,
}

/// Reads a stay at a connector of this rating.
pub(super) fn look(visit: &Visit, hardware: &Hardware) -> Shown {
    let phases = phases(visit, hardware);
    let reader = Reader { visit, hardware, phases };
    let free: Vec<&Sample> = visit.samples.iter().filter(|it| reader.is_free(it)).collect();
    let most_w = visit.samples.iter().map(|it| it.power_w).max().unwrap_or(0);
    let most_free = free.iter().map(|it| it.power_w).max().unwrap_or(0);
    let near = |watts: i64, share: f64| watts as f64 >= most_w as f64 * share;
    let falls = free.iter().any(|it| (it.power_w as f64) < most_free as f64 * FLAT);
    // The first free reading on a falling curve is not its top.
    let on_slope = falls
        && free.len() > 1
        && free[0].power_w == most_free
        && (free[1].power_w as f64) < most_free as f64 * 0.995
        && visit.samples.first().is_some_and(|it| it.at < free[0].at);
    let rating = reader.rating().0 as f64;
    let at_rating = visit.samples.iter().any(|it| {
        reader.offered(it).0 as f64 >= rating * 0.99 && it.power_w as f64 >= rating * BOUND.0
    });
    let bound = visit.samples.iter().filter(|it| !reader.is_free(it) && near(it.power_w, FLAT));
    let done = reader.done();
    let hungry = |it: &&Sample| reader.is_settled(it) && done.is_none_or(|done| it.at < done);
    let limits = || visit.samples.iter().filter(hungry).map(|it| (it, reader.limit(it)));
    // A car that is offered more than it takes is followed by its limit, which tells nothing of the site.
    let bound_by = |(it, limit): (&Sample, Option<Watts>)| {
        let steady = it.at.since(it.limit_since) >= STEADY && it.power_w > NOTHING_W;
        limit.filter(|watts| watts.0 > 0 && steady && !reader.is_free(it))
    };
    Shown {
        phases,
        most_w,
        free: most_free > 0 && near(most_free, FLAT) && !on_slope,
        at_rating,
        curve: match falls || most_free > 0 && !near(most_free, FLAT) {
            true => free.iter().map(|it| (it.energy_mwh, it.power_w)).collect(),
            false => Vec::new(),
        },
        bound_until: bound.map(|it| it.energy_mwh).max().unwrap_or(0),
        least_limit: limits().filter_map(bound_by).min(),
        paused: limits().any(|(_, limit)| limit == Some(Watts::ZERO)),
        wanting: reader.wanting(done),
        done,
        missing_s: reader.missing_s(),
        soc: reader.soc(),
    }
}

/// The curve as shares of `most_w`, by energy taken in mWh, with straight lines between: from the corner at which
/// it leaves the greatest power to where the car stops, at `end`.
pub(super) fn curve(shown: &Shown, most_w: i64, end: i64) -> Vec<(i64, f64)> {
    let share = |watts: i64| (watts as f64 / most_w as f64).clamp(LEAST, 1.0);
    let mut points: Vec<(i64, f64)> = shown.curve.iter().map(|(e, w)| (*e, share(*w))).collect();
    points.dedup_by_key(|point| point.0);
    let Some(first) = points.first().copied() else { return Vec::new() };
    if first.1 < 1.0 {
        // Back along the slope to the corner, but not to where more was taken.
        let next = points.iter().find(|it| it.1 < first.1 * 0.99).copied();
        let rises = points.iter().any(|it| it.1 > first.1 * 1.01);
        let corner = match next {
            _ if rises => None,
            Some(next) => {
                let per_mwh = (first.1 - next.1) / (next.0 - first.0).max(1) as f64;
                Some(first.0 - ((1.0 - first.1) / per_mwh) as i64)
            }
            None => Some(shown.bound_until),
        };
        if let Some(corner) = corner {
            let corner = corner.max(shown.bound_until).min(first.0 - 1);
            if corner >= 0 {
                points.insert(0, (corner, 1.0));
            }
        }
    }
    if let [.., (e0, s0), (e1, s1)] = points[..]
        && end > e1
        && s1 < s0
    {
        let per_mwh = (s0 - s1) / (e1 - e0).max(1) as f64;
        points.push((end, (s1 - per_mwh * (end - e1) as f64).max(LEAST)));
    }
    straightened(&points)
}

struct Reader<'a> {
    visit: &'a Visit,
    hardware: &'a Hardware,
    phases: u8,
}

impl Reader<'_> {
    fn is_dc(&self) -> bool {
        self.hardware.kind == CurrentKind::Dc
    }

    /// What the connector gives to this car.
    fn rating(&self) -> Watts {
        match self.hardware.kind {
            CurrentKind::Dc => self.hardware.max_power,
            CurrentKind::Ac => self.ac(self.hardware.max_current.0).min(self.hardware.max_power),
        }
    }

    fn ac(&self, current_da: i64) -> Watts {
        DeciAmps(current_da).signalled().to_power(self.hardware.voltage_v, self.phases)
    }

    /// The limit of the profiles for this car.
    fn limit(&self, sample: &Sample) -> Option<Watts> {
        match self.hardware.kind {
            CurrentKind::Dc => sample.limit.power,
            CurrentKind::Ac => sample.limit.current.map(|it| self.ac(it.0)),
        }
    }

    /// All that is known of what it may take.
    fn offered(&self, sample: &Sample) -> Watts {
        let told = match self.hardware.kind {
            CurrentKind::Dc => sample.offered_w.map(Watts),
            CurrentKind::Ac => sample.offered_da.map(|it| self.ac(it)),
        };
        [self.limit(sample), told].into_iter().flatten().fold(self.rating(), Watts::min)
    }

    fn is_settled(&self, sample: &Sample) -> bool {
        let since = self.visit.started.unwrap_or(self.visit.arrival).max(sample.limit_since);
        sample.at.since(since) >= SETTLED[usize::from(self.is_dc())]
    }

    /// Nothing but the car itself bounds it.
    fn is_free(&self, sample: &Sample) -> bool {
        let offered = self.offered(sample).0;
        let (share, amps, watts) = BOUND;
        let slack = match self.is_dc() {
            true => watts,
            false => self.hardware.voltage_v * i64::from(self.phases) * amps / 10,
        };
        let below =
            sample.power_w < offered - slack && (sample.power_w as f64) < offered as f64 * share;
        below && sample.power_w > NOTHING_W && self.is_settled(sample)
    }

    /// Since when the car takes nothing, until it leaves.
    fn done(&self) -> Option<Time> {
        if self.visit.suspended_by_car.is_some() {
            return self.visit.suspended_by_car;
        }
        let idle =
            |it: &&Sample| it.power_w <= NOTHING_W && self.offered(it) >= self.ac(PILOT_MINIMUM.0);
        let tail = self.visit.samples.iter().rev().take_while(idle);
        let since = tail.last()?.at;
        let last = self.visit.samples.last()?.at;
        let drew = self.visit.samples.iter().any(|it| it.power_w > NOTHING_W);
        (drew && last.since(since) >= DONE).then_some(since)
    }

    /// Times between two readings in which a limit below the rating bound it.
    fn wanting(&self, done: Option<Time>) -> Vec<(Time, Time)> {
        let rating = self.rating().0 as f64;
        let wants = |it: &Sample| {
            let offered = self.offered(it).0;
            let less = (offered as f64) < rating * BOUND.0 && done.is_none_or(|done| it.at < done);
            less && !self.is_free(it) && (it.power_w > NOTHING_W || offered == 0)
        };
        let pairs = self.visit.samples.windows(2).filter(|pair| pair.iter().all(wants));
        let mut times: Vec<(Time, Time)> = Vec::new();
        for (from, to) in pairs.map(|pair| (pair[0].at, pair[1].at)) {
            match times.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => times.push((from, to)),
            }
        }
        times
    }

    /// What the first readings miss against a constant power from the start, s.
    fn missing_s(&self) -> Option<f64> {
        let [first, second, ..] = self.visit.samples.as_slice() else { return None };
        let from = self.visit.started?.max(first.limit_since);
        let same = (first.power_w - second.power_w).abs() * 50 < second.power_w;
        if !self.is_dc() || !same || first.power_w < 3_000 || first.energy_mwh < 50_000 {
            return None;
        }
        let charged_s = first.energy_mwh as f64 * 3.6 / first.power_w as f64;
        Some(first.at.since(from).s() - charged_s).filter(|it| (0.0..120.0).contains(it))
    }

    fn soc(&self) -> Option<[(i64, i64); 2]> {
        let told = |it: &Sample| it.soc_pct.map(|soc| (soc, it.energy_mwh));
        let first = self.visit.samples.iter().find_map(told)?;
        Some([first, self.visit.samples.iter().rev().find_map(told)?])
    }
}

/// Phases on which the car draws: those of most readings with a current, else by power and current.
fn phases(visit: &Visit, hardware: &Hardware) -> u8 {
    if hardware.kind == CurrentKind::Dc {
        return 3;
    }
    let mut count = [0_u32; 4];
    for sample in visit.samples.iter().filter(|it| it.power_w > NOTHING_W) {
        let known = sample.current_da.iter().flatten().count();
        let phases = match (known, sample.current_da[0]) {
            (1, Some(current)) if current > 20 => {
                let one = current * hardware.voltage_v / 10;
                ((sample.power_w + one / 2) / one).clamp(1, i64::from(hardware.phases)) as u8
            }
            _ => sample.phases().min(3),
        };
        count[usize::from(phases)] += 1;
    }
    let most = (1..=3).max_by_key(|n| (count[*n], *n)).unwrap_or(0);
    if count[most] > 0 { most as u8 } else { hardware.phases }
}

/// Leaves out what lies on the straight line between its neighbours, within what steps of a curve make.
fn straightened(points: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let [first, .., last] = points else { return points.to_vec() };
    let off = |point: &(i64, f64)| {
        let along = (point.0 - first.0) as f64 / (last.0 - first.0).max(1) as f64;
        (point.1 - first.1 - (last.1 - first.1) * along).abs()
    };
    let farthest =
        (1..points.len() - 1).max_by(|a, b| off(&points[*a]).total_cmp(&off(&points[*b])));
    match farthest.filter(|at| off(&points[*at]) > STRAIGHT) {
        None => vec![*first, *last],
        Some(at) => {
            let mut left = straightened(&points[..=at]);
            left.pop();
            left.extend(straightened(&points[at..]));
            left
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::twin::InForce;
    use crate::replay::twin::seen::{Arrived, Departed};

    const AC22: Hardware = Hardware {
        kind: CurrentKind::Ac,
        phases: 3,
        max_current: DeciAmps(320),
        max_power: Watts(22_000),
        voltage_v: 230,
    };

    /// A three-phase car, with a reading every ten minutes: (limit in amperes, power in W).
    fn stay(readings: &[(i64, i64)]) -> Visit {
        let arrival = Time::from_unix_s(1_777_874_400);
        let mut energy_mwh = 0;
        let mut samples: Vec<Sample> = Vec::new();
        for (number, (amps, power_w)) in readings.iter().enumerate() {
            let at = arrival + Span::from_s(600 * (number as i64 + 1));
            energy_mwh += power_w * 1000 / 6;
            let limit = InForce { current: Some(DeciAmps::from_amps(*amps)), power: None };
            let before = samples.last().filter(|it| it.limit == limit).map(|it| it.limit_since);
            samples.push(Sample {
                at,
                energy_mwh,
                power_w: *power_w,
                current_da: [Some(power_w * 10 / 690); 3],
                offered_da: None,
                offered_w: None,
                limit,
                limit_since: before.unwrap_or(at + Span::from_s(-300)),
                soc_pct: None,
            });
        }
        Visit {
            point: 0,
            connector: 1,
            arrival,
            arrived: Arrived::Plug,
            departure: arrival + Span::from_s(600 * (readings.len() as i64 + 1)),
            departed: Departed::Unplugged,
            id_tag: None,
            transactions: 1,
            started: Some(arrival),
            delivered_mwh: energy_mwh,
            suspended_by_car: None,
            pauses: 0,
            samples,
        }
    }

    #[test]
    fn a_car_that_its_limit_binds_shows_no_more_than_a_lower_bound() {
        let shown = look(&stay(&[(8, 5_520), (10, 6_900), (8, 5_520)]), &AC22);
        assert_eq!((shown.phases, shown.most_w, shown.free), (3, 6_900, false));
        assert!(shown.curve.is_empty() && !shown.at_rating && shown.done.is_none());
        assert_eq!(shown.least_limit, Some(Watts(5_520)));
        assert_eq!(shown.wanting.len(), 1, "it was given less than it asked for all the time");
    }

    #[test]
    fn a_car_below_its_limit_shows_what_it_accepts_and_one_at_the_rating_that_it_can_take_it() {
        let shown = look(&stay(&[(8, 5_520), (32, 11_040), (32, 11_040), (20, 11_040)]), &AC22);
        assert!(shown.free && shown.curve.is_empty() && !shown.at_rating, "{shown:?}");
        assert_eq!((shown.most_w, shown.wanting.len()), (11_040, 0));
        let shown = look(&stay(&[(32, 22_000), (32, 22_000)]), &AC22);
        assert!(shown.at_rating && !shown.free, "{shown:?}");
    }

    #[test]
    fn a_taper_is_followed_back_to_where_it_leaves_the_greatest_power() {
        let readings =
            [(32, 11_000), (32, 11_000), (32, 10_000), (32, 8_000), (32, 6_000), (32, 0), (32, 0)];
        let visit = stay(&readings);
        let shown = look(&visit, &AC22);
        assert!(shown.free && shown.done == Some(visit.samples[5].at), "{shown:?}");
        let points = curve(&shown, shown.most_w, visit.delivered_mwh);
        assert_eq!(points[0].1, 1.0);
        let (last, share) = points[points.len() - 1];
        assert!(last <= visit.delivered_mwh && share < 0.6, "{points:?}");
        assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 >= pair[1].1));
    }

    #[test]
    fn a_car_that_is_allowed_nothing_is_hungry_and_not_done() {
        let shown = look(&stay(&[(8, 5_520), (0, 0), (0, 0), (8, 5_520)]), &AC22);
        assert!(shown.paused && shown.done.is_none(), "{shown:?}");
    }
}
