//! The composite limit as the text states it, one second at a time: no sorting, no `until`, plain
//! fractions. Slow and independent of the module under test, which it checks.

use std::cmp::Ordering;

use ampacity::ocpp::profile::evaluate::Rate;
use ampacity::ocpp::profile::{
    Installed, Kind, Profile, Purpose, Query, RateUnit, Recurrency, Tenths,
};
use ampacity::time::Time;

use super::properties::World;

/// An exact number of tenths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fraction {
    pub(crate) num: i128,
    pub(crate) den: i128,
}

impl Fraction {
    fn whole(num: i64) -> Fraction {
        Fraction { num: i128::from(num), den: 1 }
    }

    fn plus(self, other: Fraction) -> Fraction {
        let num = self.num * other.den + other.num * self.den;
        Fraction { num, den: self.den * other.den }
    }

    fn floor(self) -> i64 {
        self.num.div_euclid(self.den) as i64
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Fraction) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Fraction {}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Fraction) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Fraction) -> Ordering {
        (self.num * other.den).cmp(&(other.num * self.den))
    }
}

/// The limit of one profile at `t`, with what its schedule counts from when it has no start.
fn one(world: &World, profile: &Profile, from: Option<Time>, idle: Time, t: Time) -> Option<Rate> {
    let valid =
        profile.valid_from.is_none_or(|from| t >= from) && profile.valid_to.is_none_or(|to| t < to);
    let base = match profile.kind {
        Kind::Recurring => profile.schedule.start?,
        Kind::Relative => from.unwrap_or(idle),
        Kind::Absolute => profile.schedule.start.or(from).or(profile.valid_from).unwrap_or(idle),
    };
    let mut x = t.unix_s() - base.unix_s();
    if profile.kind == Kind::Recurring {
        let length = if profile.recurrency? == Recurrency::Daily { 86_400 } else { 604_800 };
        while x < 0 && world.reading.recurs_before_start {
            x += length;
        }
        while x >= length {
            x -= length;
        }
    }
    let over = profile.schedule.duration_s.is_some_and(|duration| x >= duration);
    if !valid || x < 0 || over {
        return None;
    }
    let period = profile.schedule.periods.iter().rfind(|period| period.start_s <= x)?;
    Some(Rate { limit: period.limit, unit: profile.schedule.unit, phases: period.phases })
}

fn highest<'a>(
    answers: impl Iterator<Item = (&'a Installed, Option<Rate>)>,
) -> Option<(i32, Rate)> {
    answers
        .filter_map(|(installed, rate)| rate.map(|rate| (installed.profile.stack_level, rate)))
        .max_by_key(|(level, _)| *level)
}

fn cap(world: &World, t: Time) -> Option<Rate> {
    let all = world.store.installed().iter();
    let caps = all.filter(|i| i.profile.purpose == Purpose::ChargePointMaxProfile);
    highest(caps.map(|i| (i, one(world, &i.profile, None, i.at, t)))).map(|(_, rate)| rate)
}

fn own(world: &World, connector: u32, idle: Time, t: Time) -> Option<Rate> {
    let running = world.transactions.iter().find(|tx| tx.connector == connector);
    let start = running.map(|tx| tx.start);
    let of = |purpose: Purpose, on: u32| {
        let all = world.store.installed().iter();
        let matching = all.filter(move |i| {
            let mine = i.profile.transaction_id.is_none()
                || running.is_some_and(|tx| tx.id == i.profile.transaction_id);
            i.profile.purpose == purpose && i.connector == on && mine
        });
        highest(matching.map(|i| (i, one(world, &i.profile, start, idle, t))))
    };
    if let Some((_, rate)) = of(Purpose::TxProfile, connector).filter(|_| running.is_some()) {
        return Some(rate);
    }
    if running.is_none() && !world.reading.default_without_transaction {
        return None;
    }
    let mine = of(Purpose::TxDefaultProfile, connector);
    let shared = of(Purpose::TxDefaultProfile, 0);
    let winner = match (mine, shared) {
        (Some(mine), Some(shared)) if world.reading.one_default_stack && shared.0 > mine.0 => {
            Some(shared)
        }
        (mine, shared) => mine.or(shared),
    };
    winner.map(|(_, rate)| rate)
}

/// The purposes that apply to a connector at `t`.
pub(crate) fn applying(world: &World, connector: u32, t: Time) -> Vec<Rate> {
    cap(world, t).into_iter().chain(own(world, connector, t, t)).collect()
}

fn fewest(rates: &[Rate]) -> Option<u8> {
    rates.iter().filter_map(|rate| rate.phases).min()
}

fn convert(world: &World, rate: Rate, named: Option<u8>, unit: RateUnit) -> Fraction {
    let phases = named.unwrap_or(world.supply.default_phases).max(world.supply.min_phases);
    let factor = i128::from(world.supply.voltage_v) * i128::from(phases);
    let Fraction { num, den } = Fraction::whole(rate.limit.0);
    match (rate.unit, unit) {
        (RateUnit::A, RateUnit::W) => Fraction { num: num * factor, den },
        (RateUnit::W, RateUnit::A) => Fraction { num, den: den * factor },
        _ => Fraction { num, den },
    }
}

fn strictest(world: &World, rates: &[Rate], unit: RateUnit) -> Option<Fraction> {
    rates.iter().map(|rate| convert(world, *rate, fewest(rates), unit)).min()
}

/// Tenths of an ampere, as [`ampacity::ocpp::profile::Composite::limit`].
pub(crate) fn amps(world: &World, connector: u32, t: Time) -> Option<i64> {
    strictest(world, &applying(world, connector, t), RateUnit::A).map(Fraction::floor)
}

/// Watts, as [`ampacity::ocpp::profile::Composite::power_limit`].
pub(crate) fn watts(world: &World, connector: u32, t: Time) -> Option<i64> {
    let limit = strictest(world, &applying(world, connector, t), RateUnit::W)?;
    Some(Fraction { num: limit.num, den: limit.den * 10 }.floor())
}

/// What a composite schedule says of `t`; `None`: unlimited.
pub(crate) fn planned(world: &World, query: &Query, t: Time) -> Option<Fraction> {
    let of = |connector| own(world, connector, query.from, t);
    if query.connector > 0 {
        let rates: Vec<Rate> = cap(world, t).into_iter().chain(of(query.connector)).collect();
        return strictest(world, &rates, query.unit);
    }
    let owns: Vec<Option<Rate>> = (1..=world.store.limits().connectors).map(of).collect();
    if cap(world, t).is_none() && owns.iter().all(Option::is_none) {
        return None;
    }
    let Tenths(maximum) = query.maximum.connector;
    let sum = owns.iter().fold(Fraction::whole(0), |sum, own| {
        let part = own
            .map_or(Fraction::whole(maximum), |rate| convert(world, rate, rate.phases, query.unit));
        sum.plus(part)
    });
    let named: Option<Vec<u8>> = owns
        .iter()
        .map(|own| {
            let phases = own.and_then(|rate| rate.phases);
            phases.map(|phases| phases.max(world.supply.min_phases))
        })
        .collect();
    let most = named.and_then(|named| named.into_iter().max());
    let mut total = sum.min(Fraction::whole(query.maximum.station.0));
    if let Some(rate) = cap(world, t) {
        let phases = most.into_iter().chain(rate.phases).min();
        total = total.min(convert(world, rate, phases, query.unit));
    }
    Some(total)
}
