//! From what was seen to sessions: one car each, its wish, its acceptance.

use std::collections::BTreeMap;

use super::acceptance::{self, Shown};
use super::demand::Wishes;
use super::scarcity;
use super::seen::{Departed, Seen, Visit};
use crate::charger::CurrentKind;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Less than this is no session, mWh.
const LEAST_MWH: i64 = 10_000;
/// Batteries that are assumed, kWh; the smallest that holds the wish.
const BATTERIES: [i64; 6] = [60, 100, 200, 400, 1000, 2000];
/// A hungry car wishes for at least so much more than it took: share, and mWh.
const MORE: (f64, i64) = (0.05, 500_000);
/// A wish that nothing tells is no larger than this, mWh, unless more was taken.
const MOST_MWH: i64 = 50_000_000;
/// Usual currents of on-board chargers, A per phase.
const ON_BOARD: [i64; 2] = [16, 32];
/// Two cars at one connector: somebody has to drive off and somebody to park.
const GAP: Span = Span::from_s(1);
/// Follow-up of a changed offer, and the ramp of rising power, where nothing tells them.
pub(super) const REACTION_S: f64 = 2.0;
const RAMP_PER_S: f64 = 4.0;

/// A session of the twin.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Index into [`Seen::visits`].
    pub visit: usize,
    /// Index into [`Seen::points`].
    pub point: usize,
    /// Plug-in.
    pub arrival: Time,
    /// Unplug.
    pub departure: Time,
    /// Counted by the meter, mWh.
    pub delivered_mwh: i64,
    /// What the car wished for, mWh.
    pub wish_mwh: i64,
    /// Where the wish comes from.
    pub wished: Wished,
    /// The car.
    pub car: Car,
    /// In its battery at plug-in, Wh.
    pub initial_wh: i64,
}

/// Where a wish comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wished {
    /// The car was done before it left.
    Told,
    /// It left hungry: the mean of the wishes beyond what it took, but no more than it could have taken in its stay.
    LikeOthers,
    /// It left hungry, and charged as fast as it can all the time: more than it took is out of reach.
    OutOfReach,
    /// It left hungry, and nothing tells by how much: what it could have taken in its stay, up to 50 kWh.
    Reach,
}

/// A car as it showed itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Car {
    /// AC or DC.
    pub kind: CurrentKind,
    /// Phases of the on-board charger (AC).
    pub phases: u8,
    /// Greatest power that it accepts.
    pub most: Watts,
    /// Where that comes from.
    pub rated: Rated,
    /// Share of that which it accepts, by the energy in its battery, kWh; empty: all of it until it is done.
    pub curve: Vec<(f64, f64)>,
    /// Usable energy of the battery, kWh; no losses are known, so it counts at the meter.
    pub battery_kwh: i64,
    /// Ramp of rising power: A/s per phase (AC), kW/s (DC).
    pub ramp_per_s: f64,
}

/// Where the greatest power of a car comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rated {
    /// It was offered more.
    Shown,
    /// It took all that the charge point gives.
    AsCharger,
    /// A limit bound it all the time: that of similar cars of the trace, or the next usual one.
    Assumed,
}

/// All that is inferred of the demand.
#[derive(Clone, Debug, Default)]
pub(super) struct Demand {
    pub(super) sessions: Vec<Session>,
    /// Stays in which nothing was charged.
    pub(super) idle: usize,
    /// The smallest limit above nothing that was in force while cars were hungry.
    pub(super) least_limit: Option<Watts>,
    /// Whether cars were allowed nothing at times.
    pub(super) paused: bool,
    /// The highest sum of limits in force; `None`: no limit was ever accepted.
    pub(super) highest_limits: Option<Watts>,
    /// Where the limit of the site moved, from an instant on.
    pub(super) moving_limit: Vec<(Time, Watts)>,
}

/// Infers sessions.
pub(super) fn infer(seen: &Seen) -> Demand {
    let mut demand = Demand::default();
    let mut all: Vec<(usize, Shown)> = Vec::new();
    for (number, visit) in seen.visits.iter().enumerate() {
        if visit.delivered_mwh < LEAST_MWH {
            demand.idle += 1;
            continue;
        }
        let shown = acceptance::look(visit, &seen.points[visit.point].hardware);
        demand.paused |= shown.paused && shown.done.is_none();
        demand.least_limit = [demand.least_limit, shown.least_limit].into_iter().flatten().min();
        all.push((number, shown));
    }
    let wanting: Vec<(Time, Time)> = all.iter().flat_map(|(_, it)| it.wanting.clone()).collect();
    demand.highest_limits = seen.limits.iter().map(|(_, sum)| *sum).max();
    if let Some(highest) = demand.highest_limits {
        demand.moving_limit = scarcity::steps(&seen.limits, highest, &wanting);
    }
    let taken: Vec<(i64, bool)> = all
        .iter()
        .map(|(number, shown)| (seen.visits[*number].delivered_mwh, shown.done.is_some()))
        .collect();
    let context = Context {
        seen,
        wishes: Wishes::new(&taken),
        fleet: Fleet::new(seen, &all),
        dc_ramp: dc_ramp(&all),
    };
    demand.sessions = all.iter().map(|(number, shown)| context.session(*number, shown)).collect();
    part(&mut demand.sessions, seen);
    demand
}

struct Context<'a> {
    seen: &'a Seen,
    wishes: Wishes,
    fleet: Fleet,
    dc_ramp: Option<f64>,
}

impl Context<'_> {
    fn session(&self, number: usize, shown: &Shown) -> Session {
        let visit = &self.seen.visits[number];
        let kind = self.seen.points[visit.point].hardware.kind;
        let (most_w, rated) = self.most(visit, shown, kind);
        let (wish_mwh, wished) = self.wish(visit, shown, most_w);
        let (battery_kwh, initial_wh) = battery(shown, wish_mwh);
        let curve = acceptance::curve(shown, most_w, wish_mwh);
        let held = |mwh: i64| (initial_wh as f64 + mwh as f64 / 1000.0) / 1000.0;
        Session {
            visit: number,
            point: visit.point,
            arrival: visit.arrival,
            departure: visit.departure,
            delivered_mwh: visit.delivered_mwh,
            wish_mwh,
            wished,
            car: Car {
                kind,
                phases: shown.phases,
                most: Watts(most_w),
                rated,
                curve: curve.into_iter().map(|(mwh, share)| (held(mwh), share)).collect(),
                battery_kwh,
                ramp_per_s: self.ramp(shown, kind),
            },
            initial_wh,
        }
    }

    fn most(&self, visit: &Visit, shown: &Shown, kind: CurrentKind) -> (i64, Rated) {
        if shown.free {
            return (shown.most_w, Rated::Shown);
        }
        if shown.at_rating {
            return (shown.most_w, Rated::AsCharger);
        }
        let rating = self.seen.points[visit.point].hardware.max_power.0;
        let like = self.fleet.alike(kind, shown.phases, shown.most_w);
        (like.unwrap_or_else(|| usual(kind, shown, rating)).max(shown.most_w), Rated::Assumed)
    }

    fn wish(&self, visit: &Visit, shown: &Shown, most_w: i64) -> (i64, Wished) {
        let taken = visit.delivered_mwh;
        if shown.done.is_some() {
            return (taken, Wished::Told);
        }
        let stay_s = visit.departure.since(visit.arrival).s();
        let reach = (most_w as f64 * stay_s / 3.6) as i64;
        let more = taken + ((taken as f64 * MORE.0) as i64).max(MORE.1);
        if reach <= more {
            return (more, Wished::OutOfReach);
        }
        match self.wishes.mean_beyond(taken) {
            Some(mean) => (mean.clamp(more, reach), Wished::LikeOthers),
            None => (reach.min(MOST_MWH).max(more), Wished::Reach),
        }
    }

    fn ramp(&self, shown: &Shown, kind: CurrentKind) -> f64 {
        match kind {
            CurrentKind::Ac => RAMP_PER_S,
            CurrentKind::Dc => ramp_of(shown).or(self.dc_ramp).unwrap_or(RAMP_PER_S),
        }
    }
}

/// What cars accept that showed it or took all that their charge point gives, by kind of current and phases,
/// ascending.
struct Fleet(BTreeMap<(bool, u8), Vec<i64>>);

impl Fleet {
    fn new(seen: &Seen, all: &[(usize, Shown)]) -> Fleet {
        let mut fleet: BTreeMap<(bool, u8), Vec<i64>> = BTreeMap::new();
        for (number, shown) in all.iter().filter(|(_, shown)| shown.free || shown.at_rating) {
            let point = &seen.points[seen.visits[*number].point];
            let key = (point.hardware.kind == CurrentKind::Dc, shown.phases);
            fleet.entry(key).or_default().push(shown.most_w);
        }
        fleet.values_mut().for_each(|all| all.sort_unstable());
        Fleet(fleet)
    }

    /// The median of those that accept at least this.
    fn alike(&self, kind: CurrentKind, phases: u8, least_w: i64) -> Option<i64> {
        let all = self.0.get(&(kind == CurrentKind::Dc, phases))?;
        let able = &all[all.partition_point(|watts| watts * 100 < least_w * 97)..];
        able.get(able.len() / 2).copied()
    }
}

/// The next usual power of a car, no more than the charge point gives.
fn usual(kind: CurrentKind, shown: &Shown, rating: i64) -> i64 {
    if kind == CurrentKind::Dc {
        return rating;
    }
    let one = 230 * i64::from(shown.phases);
    let amps = ON_BOARD.into_iter().find(|amps| amps * one * 101 >= shown.most_w * 100);
    amps.map_or(shown.most_w, |amps| amps * one)
}

/// Battery in kWh, and what it holds at plug-in in Wh: by the state of charge where it is told, else one that holds
/// the wish. A wish is never cut by it.
fn battery(shown: &Shown, wish_mwh: i64) -> (i64, i64) {
    let wish_wh = wish_mwh / 1000 + wish_mwh / 100_000 + 100;
    if let Some([(soc0, e0), (soc1, e1)]) = shown.soc.filter(|it| it[1].0 - it[0].0 >= 10) {
        let capacity_wh = (e1 - e0) / 1000 * 100 / (soc1 - soc0);
        let before = capacity_wh * soc0 / 100 - e0 / 1000;
        let kwh = (capacity_wh.max(before + wish_wh) + 999) / 1000;
        return (kwh.clamp(1, 2000), before.max(0));
    }
    let kwh = BATTERIES.into_iter().find(|kwh| kwh * 950 >= wish_wh).unwrap_or(2000);
    (kwh, (kwh * 1000 - wish_wh).max(0))
}

fn ramp_of(shown: &Shown) -> Option<f64> {
    // A linear ramp misses half of its length.
    let ramp_s = (shown.missing_s? - REACTION_S) * 2.0;
    (ramp_s > 0.5).then(|| (shown.most_w as f64 / 1000.0 / ramp_s).clamp(0.5, 200.0))
}

fn dc_ramp(all: &[(usize, Shown)]) -> Option<f64> {
    let mut ramps: Vec<f64> = all.iter().filter_map(|(_, shown)| ramp_of(shown)).collect();
    ramps.sort_by(f64::total_cmp);
    ramps.get(ramps.len() / 2).copied()
}

/// One car at a connector at a time, with a gap between.
fn part(sessions: &mut [Session], seen: &Seen) {
    let mut left: BTreeMap<(usize, u32), Time> = BTreeMap::new();
    for session in sessions {
        let visit = &seen.visits[session.visit];
        let place = (visit.point, visit.connector);
        if let Some(before) = left.get(&place) {
            session.arrival = session.arrival.max(*before + GAP);
        }
        session.departure = session.departure.max(session.arrival + GAP);
        left.insert(place, session.departure);
    }
}

/// How many of these sessions left while the trace went on.
pub(super) fn unfinished(sessions: &[Session], seen: &Seen) -> usize {
    sessions.iter().filter(|it| seen.visits[it.visit].departed == Departed::TraceEnds).count()
}
