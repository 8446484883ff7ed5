//! Values that do not fit each other by a power of ten.
//!
//! * The register of a transaction counts what the power makes of the time: both are added up, and compared once
//!   there is enough of both, twice.
//! * The power is current times voltage, which is never a hundred times more than that of one phase at 230 V, nor
//!   a hundredth of it. With currents by phase it is not ten times either.
//! * A register does not go to a thousandth or a thousandfold between two values.

use std::collections::BTreeMap;

use super::draw::resolution;
use super::running::{Change, Running};
use super::{Answer, Check, Finding, Kind};
use crate::ocpp::MeterReading;
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;
use crate::trace::record::Direction;
use crate::units::NOMINAL_VOLTAGE_V;

/// Values further apart say nothing of the time between them.
const APART: Span = Span::from_s(16 * 60);

/// Enough energy to compare, Wh; and twice of it again.
const ENOUGH_WH: f64 = 500.0;

/// How far from a power of ten a ratio may be, as a factor: meters are exact, but power is seen at instants.
const FACTOR: f64 = 1.35;

/// Below this a car hardly charges, and the reactive current counts, tenths of an ampere.
const CURRENT_DA: i64 = 60;

/// So many values in a row must show it.
const VALUES: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Units {
    running: Running,
    metered: BTreeMap<i64, Metered>,
}

/// What a transaction has told.
#[derive(Debug, Default)]
struct Metered {
    /// The latest register, mWh: of the beginning, until a value comes.
    register_mwh: Option<i64>,
    /// The latest value with power and register.
    latest: Option<Sample>,
    /// Added up over pairs of values: by the power, and by the register.
    by_power_wh: f64,
    by_register_wh: f64,
    resolution_wh: f64,
    /// The power of ten between them, and how much energy had shown it.
    shown: Option<(i32, f64)>,
    /// The power of ten between power and current, and how many values show it.
    against_current: Option<(i32, u32)>,
    told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Time,
    power_w: i64,
    energy_mwh: i64,
}

impl Check for Units {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        if call.direction == Direction::ToPoint {
            return;
        }
        match self.running.call(call) {
            Some(Change::Begun(connector)) => {
                let start = Fields::of(&call.body).integer("meterStart");
                let register_mwh = start.and_then(|wh| wh.checked_mul(1000));
                let metered = Metered { register_mwh, ..Metered::default() };
                self.metered.insert(connector, metered);
            }
            Some(Change::Ended(connector, _)) => {
                let ended = self.metered.remove(&connector);
                let stop = Fields::of(&call.body).integer("meterStop");
                let stop = stop.and_then(|wh| wh.checked_mul(1000));
                if let (Some(mut metered), Some(stop)) = (ended, stop)
                    && let Some(what) = metered.jump(stop)
                {
                    out.push(Kind::UnitSlip.at(call.line, Some(connector), what));
                }
            }
            _ => self.sampled(call, out),
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        self.running.answer(call, answer);
    }
}

impl Units {
    fn sampled(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let Some(samples) = call.samples() else { return };
        let Some(metered) = self.metered.get_mut(&samples.connector) else { return };
        for (told, reading) in &samples.readings {
            let at = told.unwrap_or(call.at);
            let what = reading
                .energy_mwh
                .and_then(|register| metered.jump(register))
                .or_else(|| metered.against_current(reading))
                .or_else(|| metered.against_register(at, reading));
            if let Some(what) = what {
                out.push(Kind::UnitSlip.at(call.line, Some(samples.connector), what));
            }
        }
    }
}

impl Metered {
    /// A register goes to a thousandth or a thousandfold.
    fn jump(&mut self, register_mwh: i64) -> Option<String> {
        let before = self.register_mwh.replace(register_mwh)?;
        let (least, most) = (before.min(register_mwh), before.max(register_mwh));
        // From ten kWh on a session does not make a thousandfold of it; a new meter counts from nought.
        if least < 10_000 || most < 10_000_000 {
            return None;
        }
        let ratio = most as f64 / least as f64;
        let fits = (950.0..1050.0).contains(&ratio) && !self.told;
        self.told |= fits;
        let (from, to) = (wh(before), wh(register_mwh));
        fits.then(|| format!("the register goes from {from} Wh to {to} Wh, a factor of 1000"))
    }

    /// Power and current do not fit.
    fn against_current(&mut self, reading: &MeterReading) -> Option<String> {
        let power = reading.power_w.filter(|it| *it > 0)?;
        let currents = reading.current_da.iter().filter_map(|it| *it);
        let sum = currents.reduce(i64::saturating_add).filter(|sum| *sum >= CURRENT_DA)?;
        if reading.power_of_one_phase {
            return None;
        }
        let nominal = sum as f64 / 10.0 * NOMINAL_VOLTAGE_V as f64;
        let ratio = power as f64 / nominal;
        // A current without phase may be one of three, or that of a battery at 1000 V.
        let exponent = if reading.current_without_phase {
            [-3, -2, 2, 3].into_iter().find(|it| {
                let ten = 10_f64.powi(*it);
                (ten * 0.7..ten * 4.5).contains(&ratio)
            })
        } else {
            power_of_ten(ratio)
        };
        let values = match (exponent, self.against_current) {
            (None, _) => {
                self.against_current = None;
                return None;
            }
            (Some(now), Some((before, values))) if now == before => values + 1,
            _ => 1,
        };
        self.against_current = exponent.map(|it| (it, values));
        let factor = factor(exponent?);
        let tell = values >= VALUES && !self.told;
        self.told |= tell;
        let amps = sum as f64 / 10.0;
        tell.then(|| {
            format!("a power of {power} W does not fit {amps} A: it is {factor} of what that makes")
        })
    }

    /// Power and register do not fit.
    fn against_register(&mut self, at: Time, reading: &MeterReading) -> Option<String> {
        let power_w = reading.power_w.filter(|_| !reading.power_of_one_phase)?;
        let energy_mwh = reading.energy_mwh?;
        let before = self.latest.replace(Sample { at, power_w, energy_mwh })?;
        let span = at.since(before.at);
        // Power that has changed much says little of the time between.
        let (least, most) = (before.power_w.min(power_w), before.power_w.max(power_w));
        let even = least > 0 && most <= least.saturating_mul(2);
        if span <= Span::ZERO || span > APART || !even || energy_mwh < before.energy_mwh {
            return None;
        }
        self.by_power_wh += (before.power_w + power_w) as f64 / 2.0 * span.hours();
        self.by_register_wh += (energy_mwh - before.energy_mwh) as f64 / 1000.0;
        let steps = resolution(before.energy_mwh).min(resolution(energy_mwh));
        self.resolution_wh = self.resolution_wh.max(steps as f64 / 1000.0);
        self.compare()
    }

    fn compare(&mut self) -> Option<String> {
        let most = self.by_power_wh.max(self.by_register_wh);
        if most < ENOUGH_WH || self.by_register_wh < 5.0 * self.resolution_wh {
            return None;
        }
        let exponent = power_of_ten(self.by_register_wh / self.by_power_wh);
        match (exponent, self.shown) {
            (None, _) => self.shown = None,
            (Some(now), Some((before, wh))) if now == before => {
                if most >= 2.0 * wh && !self.told {
                    self.told = true;
                    let (register, power) = (self.by_register_wh, self.by_power_wh);
                    let factor = factor(now);
                    return Some(format!(
                        "the register has counted {register:.0} Wh where the power makes {power:.0} Wh: {factor}"
                    ));
                }
            }
            (Some(now), _) => self.shown = Some((now, most)),
        }
        None
    }
}

fn wh(mwh: i64) -> f64 {
    mwh as f64 / 1000.0
}

/// The power of ten that a ratio is, if it is one from a thousandth to a thousandfold, and not 1.
fn power_of_ten(ratio: f64) -> Option<i32> {
    [-3, -2, -1, 1, 2, 3].into_iter().find(|exponent| {
        let ten = 10_f64.powi(*exponent);
        (ten / FACTOR..ten * FACTOR).contains(&ratio)
    })
}

/// A power of ten in words.
fn factor(exponent: i32) -> String {
    let ten = 10_i64.pow(exponent.unsigned_abs());
    if exponent < 0 { format!("1/{ten}") } else { format!("{ten} times") }
}
