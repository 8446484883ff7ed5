//! The vehicle itself: offers in, draw out, energy in between.

use std::sync::Arc;

use crate::time::{Span, Time};
use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V, Watts};

use super::acceptance::{Stair, Stairs};
use super::account::{EnergyAccount, MW_US_PER_KWH};
use super::limits::{self, AcSupply};
use super::reaction::Reaction;
use super::{Draw, Offer, VehicleSpec};

/// A level that falls by the time constant is there when it is so near.
const NEAR_MA: i64 = 100;
const NEAR_MW: i64 = 100_000;
/// A car whose draw swings takes another level so often ..
const SWING_EVERY: Span = Span::from_s(10);
/// .. these in turn, as parts of the swing: their number divides no usual meter interval, so that
/// samples see them all, and they add up to nothing.
const SWING: [f64; 7] = [0.0, 0.8, -0.5, 1.0, -1.0, 0.4, -0.7];

/// A car at an EVSE, from plug-in to unplug.
///
/// The state at an instant depends on the offers and their instants only, not on how often
/// [`Vehicle::advance`] was called in between: energy is summed at changes of the draw, bit for
/// bit the same on every way.
#[derive(Clone, Debug, PartialEq)]
pub struct Vehicle {
    spec: Arc<VehicleSpec>,
    initial_kwh: f64,
    /// At the meter, milliwatt-microseconds.
    wish: i128,
    ac_stairs: Stairs,
    dc_stairs: Stairs,
    reaction: Reaction,
    /// Milliamperes per phase (AC) or milliwatts (DC).
    level: i64,
    /// The ramp moves no earlier than this.
    ramp_at: Time,
    /// Share of the distance to a lower target that is left after a second, by the time constant.
    left_after_1s: f64,
    plugged_in: Time,
    draw: Draw,
    /// Energy up to `since`; the draw is constant from there on.
    account: EnergyAccount,
    since: Time,
    now: Time,
    next: Time,
    satisfied_at: Option<Time>,
}

impl Vehicle {
    /// Plugs a car in at `now`. `wish_kwh` counts at the meter; an infinite wish means a full
    /// battery. Until the first offer nothing is drawn.
    #[must_use]
    pub fn new(spec: Arc<VehicleSpec>, initial_kwh: f64, wish_kwh: f64, now: Time) -> Vehicle {
        let battery = limits::battery_maximum(&spec);
        let stairs = |maximum: Watts| {
            let scale = if maximum.0 > 0 { battery.0 as f64 / maximum.0 as f64 } else { 1.0 };
            Stairs::new(&spec.acceptance, spec.battery_kwh, initial_kwh, scale)
        };
        let (ac_stairs, dc_stairs) = (stairs(limits::ac_maximum(&spec)), stairs(spec.dc_max_power));
        let mut vehicle = Vehicle {
            initial_kwh,
            wish: (wish_kwh * MW_US_PER_KWH).round() as i128,
            ac_stairs,
            dc_stairs,
            reaction: Reaction::new(spec.reaction, now),
            level: 0,
            ramp_at: now,
            left_after_1s: left_after_1s(spec.fall_time_constant),
            plugged_in: now,
            draw: Draw::default(),
            account: EnergyAccount::default(),
            since: now,
            now,
            next: Time::NEVER,
            satisfied_at: None,
            spec,
        };
        vehicle.decide();
        vehicle
    }

    /// The EVSE changes its offer. Repeating the offer in force changes nothing.
    pub fn set_offer(&mut self, now: Time, offer: Offer) {
        self.advance(now);
        let before = self.reaction.offered();
        if offer == before {
            return;
        }
        self.settle(self.now);
        self.reaction.offer(self.now, offer);
        if std::mem::discriminant(&offer) != std::mem::discriminant(&before) {
            self.level = 0;
        }
        self.decide();
    }

    /// Moves time to `now` and performs every change that is due; an earlier `now` does nothing.
    pub fn advance(&mut self, now: Time) {
        while self.next <= now && self.next < Time::NEVER {
            self.settle(self.next);
            self.decide();
        }
        self.now = self.now.max(now);
    }

    /// The next instant at which the car may change its draw by itself, always later than the
    /// last `now`; [`Time::NEVER`] when only a new offer can change it.
    #[must_use]
    pub fn next_change(&self) -> Time {
        self.next
    }

    /// What the car draws, constant until [`Vehicle::next_change`] or the next new offer.
    #[must_use]
    pub fn draw(&self) -> Draw {
        self.draw
    }

    /// True until the wish is fulfilled or the battery is full.
    #[must_use]
    pub fn wants_power(&self) -> bool {
        self.satisfied_at.is_none()
    }

    /// The instant at which the wish was fulfilled or the battery became full.
    #[must_use]
    pub fn satisfied_at(&self) -> Option<Time> {
        self.satisfied_at
    }

    /// What the car would draw from an unlimited EVSE of the kind and connection offered last (a
    /// three-phase AC one before the first offer; DC for a car without AC), without reaction and
    /// ramp, rounded down. Zero for a satisfied car.
    #[must_use]
    pub fn accepts(&self) -> Watts {
        if self.satisfied_at.is_some() {
            return Watts::ZERO;
        }
        let (phases, voltage_v) = match self.reaction.offered() {
            Offer::Ac { phases, voltage_v, .. } => (phases, voltage_v),
            Offer::None if self.spec.ac_phases > 0 => (3, NOMINAL_VOLTAGE_V),
            Offer::None | Offer::Dc { .. } => {
                let step = self.step_of(&self.dc_stairs);
                return Watts(limits::dc_target_mw(&self.spec, Watts(i64::MAX), step, 0) / 1000);
            }
        };
        let (current, max_power) = (DeciAmps(i64::MAX), Watts(i64::MAX));
        let supply = AcSupply { current, phases, voltage_v, max_power };
        let level = supply.target_ma(&self.spec, self.step_of(&self.ac_stairs), 0);
        Watts(supply.draw(&self.spec, level).power_mw / 1000)
    }

    /// The model.
    #[must_use]
    pub fn spec(&self) -> &Arc<VehicleSpec> {
        &self.spec
    }

    /// The latest offer; the car may not follow it yet.
    #[must_use]
    pub fn offer(&self) -> Offer {
        self.reaction.offered()
    }

    /// Energy in the battery at plug-in.
    #[must_use]
    pub fn initial_kwh(&self) -> f64 {
        self.initial_kwh
    }

    /// The wish, at the meter.
    #[must_use]
    pub fn wish_kwh(&self) -> f64 {
        self.wish as f64 / MW_US_PER_KWH
    }

    /// Energy at the meter since plug-in: the exact sum of power times time, in
    /// milliwatt-microseconds.
    #[must_use]
    pub fn metered_mw_us(&self) -> i128 {
        self.account_now().metered()
    }

    /// Energy at the meter since plug-in.
    #[must_use]
    pub fn metered_kwh(&self) -> f64 {
        self.metered_mw_us() as f64 / MW_US_PER_KWH
    }

    /// Energy the battery gained since plug-in, summed independently of meter and losses.
    #[must_use]
    pub fn gained_kwh(&self) -> f64 {
        self.account_now().gained() / MW_US_PER_KWH
    }

    /// Energy lost in conversion since plug-in, summed independently of meter and battery.
    #[must_use]
    pub fn losses_kwh(&self) -> f64 {
        self.account_now().lost() / MW_US_PER_KWH
    }

    /// Energy in the battery now.
    #[must_use]
    pub fn battery_kwh(&self) -> f64 {
        self.initial_kwh + self.gained_kwh()
    }

    /// State of charge now, 0..=100: the last microsecond of charging may round beyond full.
    #[must_use]
    pub fn soc_pct(&self) -> f64 {
        (self.battery_kwh() / self.spec.battery_kwh * 100.0).clamp(0.0, 100.0)
    }

    fn account_now(&self) -> EnergyAccount {
        self.account_at(self.now)
    }

    fn account_at(&self, time: Time) -> EnergyAccount {
        self.account.after(self.draw.power_mw, time.since(self.since), self.spec.efficiency)
    }

    fn step_of(&self, stairs: &Stairs) -> i64 {
        stairs.at(self.account_now().gained()).map_or(0, |stair| stair.step)
    }

    /// Closes the present stretch of constant draw at `time`.
    fn settle(&mut self, time: Time) {
        self.account = self.account_at(time);
        self.since = time;
        self.now = time;
    }

    /// Chooses draw and next change for the state at `since`.
    fn decide(&mut self) {
        let now = self.since;
        if self.satisfied_at.is_some() {
            return;
        }
        let gained = self.account.gained();
        let stairs = match self.reaction.offered() {
            Offer::Dc { .. } => &self.dc_stairs,
            Offer::None | Offer::Ac { .. } => &self.ac_stairs,
        };
        let stair = stairs.at(gained).filter(|_| self.account.metered() < self.wish);
        let Some(stair) = stair else {
            self.satisfied_at = Some(now);
            self.draw = Draw::default();
            self.next = Time::NEVER;
            return;
        };
        self.reaction.settle(now);
        let moves_at = self.follow(now, stair.step);
        let events = self.energy_event(now, stair).min(self.next_swing(now));
        self.next = self.reaction.due().min(moves_at).min(events);
    }

    /// Moves level and draw towards what the followed offer permits on this acceptance step, and
    /// says when the ramp moves on.
    fn follow(&mut self, now: Time, step: i64) -> Time {
        match self.reaction.followed() {
            Offer::None => {
                self.level = 0;
                self.draw = Draw::default();
                Time::NEVER
            }
            Offer::Ac { current, phases, voltage_v, max_power } => {
                let supply = AcSupply { current, phases, voltage_v, max_power };
                let used = usize::from(supply.phases_used(&self.spec));
                if used > 0 && self.draw.current_ma[used - 1] == 0 {
                    // The on-board charger starts anew when phases are added.
                    self.level = 0;
                }
                let target = supply.target_ma(&self.spec, step, self.swing(now, 1e3));
                let rise = rise_per_s(self.spec.ramp_per_s, 1e3);
                let least = limits::minimum_ma(&self.spec);
                let moves_at = self.approach(now, target, (rise, least), NEAR_MA);
                self.draw = supply.draw(&self.spec, self.level);
                moves_at
            }
            Offer::Dc { power } => {
                let target = limits::dc_target_mw(&self.spec, power, step, self.swing(now, 1e6));
                let rise = rise_per_s(self.spec.ramp_per_s, 1e6);
                let moves_at = self.approach(now, target, (rise, 0), NEAR_MW);
                self.draw = limits::dc_draw(self.level);
                moves_at
            }
        }
    }

    /// Falls to the target at once, or by the time constant until it is near; climbs to it by at
    /// most one step of `rise` a second, the first one from zero to at least `least`. Without `rise`
    /// it climbs at once, too.
    fn approach(
        &mut self,
        now: Time,
        target: i64,
        (rise, least): (Option<i64>, i64),
        near: i64,
    ) -> Time {
        let falls = target < self.level && self.left_after_1s > 0.0;
        match rise {
            Some(rise) if target > self.level => {
                if now >= self.ramp_at {
                    let step = if self.level == 0 { rise.max(least) } else { rise };
                    self.level = target.min(self.level.saturating_add(step));
                    self.ramp_at = now + Span::from_s(1);
                }
            }
            _ if falls => {
                if now >= self.ramp_at {
                    let above = ((self.level - target) as f64 * self.left_after_1s) as i64;
                    self.level = target + if above > near { above } else { 0 };
                    self.ramp_at = now + Span::from_s(1);
                }
            }
            _ => self.level = target,
        }
        if self.level != target { self.ramp_at } else { Time::NEVER }
    }

    /// How much more than it accepts the car takes now, in these units of its swing.
    fn swing(&self, now: Time, units: f64) -> i64 {
        let turn = now.since(self.plugged_in).0.div_euclid(SWING_EVERY.0);
        let share = SWING[turn.rem_euclid(SWING.len() as i64) as usize];
        (self.spec.swing * share * units).round() as i64
    }

    fn next_swing(&self, now: Time) -> Time {
        if self.spec.swing <= 0.0 || self.reaction.followed() == Offer::None {
            return Time::NEVER;
        }
        let turn = now.since(self.plugged_in).0.div_euclid(SWING_EVERY.0);
        self.plugged_in + SWING_EVERY * (turn + 1)
    }

    /// When wish, full battery or the next acceptance step is reached at the present draw.
    fn energy_event(&self, now: Time, stair: Stair) -> Time {
        let power = self.draw.power_mw;
        if power <= 0 {
            return Time::NEVER;
        }
        let to_wish = self.account.span_to_meter(self.wish, power);
        let to_stair = self.account.span_to_gain(stair.until, power, self.spec.efficiency);
        now + to_wish.min(to_stair)
    }
}

/// Energy at the meter that this car could get in `stay`, alone with a constant offer, and the most
/// that it draws meanwhile, rounded up: the yardsticks for what a strategy delivers.
#[must_use]
pub fn feasible(
    spec: &Arc<VehicleSpec>,
    initial_kwh: f64,
    wish_kwh: f64,
    stay: Span,
    offer: Offer,
) -> (f64, Watts) {
    let arrival = Time::default();
    let end = arrival + stay;
    let mut vehicle = Vehicle::new(Arc::clone(spec), initial_kwh, wish_kwh, arrival);
    vehicle.set_offer(arrival, offer);
    let mut most_mw = vehicle.draw().power_mw;
    while vehicle.next_change() < end {
        vehicle.advance(vehicle.next_change());
        most_mw = most_mw.max(vehicle.draw().power_mw);
    }
    vehicle.advance(end);
    (vehicle.metered_kwh(), Watts((most_mw + 999).div_euclid(1000)))
}

/// Share of a distance that is left after a second.
fn left_after_1s(time_constant: Span) -> f64 {
    if time_constant <= Span::ZERO { 0.0 } else { libm::exp(-1.0 / time_constant.s()) }
}

/// One second of ramp in units of the level; `None`: the car has no ramp.
fn rise_per_s(ramp_per_s: f64, units: f64) -> Option<i64> {
    (ramp_per_s > 0.0).then(|| ((ramp_per_s * units).round() as i64).max(1))
}
