//! What an operator configures: the site, the damping of its control loop, the hardware.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::allocation::Strategy;
use crate::charger::CurrentKind;
use crate::csms::calendar::Calendar;
use crate::csms::wiring::Wiring;
use crate::ids::ChargePointId;
use crate::time::Span;
use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V, PILOT_MINIMUM, Watts};

/// The load configuration of a site, by the names of the REST API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteConfig {
    /// Grid connection.
    pub max_power: Watts,
    /// Kept for other loads; chargers share what is left.
    pub reserve: Watts,
    /// How it is shared.
    pub strategy: Strategy,
    /// Smallest rate worth giving a car.
    pub min_charge_rate: Watts,
    /// Weights of the priority strategy, 1..=1000; 1 where absent.
    pub priorities: BTreeMap<ChargePointId, u32>,
    /// The most that other loads take: counts whenever no reading of their meter holds
    /// ([`Input::Load`](crate::csms::Input::Load)). `None`: the reserve covers them, nobody meters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_load: Option<Watts>,
    /// Feeders and phases behind the connection; `None`: only its power is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wiring: Option<Box<Wiring>>,
    /// Windows of the day with limits of their own; `None`: all days are alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Box<Calendar>>,
}

/// A change of some fields of a [`SiteConfig`]; absent ones stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigPatch {
    /// Grid connection.
    pub max_power: Option<Watts>,
    /// Reserve.
    pub reserve: Option<Watts>,
    /// Strategy.
    pub strategy: Option<Strategy>,
    /// Minimum rate.
    pub min_charge_rate: Option<Watts>,
    /// The most that other loads take.
    pub worst_load: Option<Watts>,
    /// Weights of some charge points.
    pub priorities: BTreeMap<ChargePointId, u32>,
}

/// Damping and safety of the site control loop, with the defaults of allocation.md §4.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Starts, ends and config changes within this time make one decision. 1 s.
    pub coalesce: Span,
    /// Learned acceptance is never urgent: its decisions wait this long for company. 30 s.
    pub coalesce_acceptance: Span,
    /// A car is below its offer for this long before its acceptance is lowered. 60 s.
    #[serde(default = "first_window")]
    pub acceptance_window: Span,
    /// One whose draw trembles has to be ever longer, up to this. 16 min.
    #[serde(default = "longest_window")]
    pub acceptance_window_max: Span,
    /// While power is left over, a car that takes less than its offer is offered clearly more for a
    /// short time after this, ever more rarely while it takes no more; zero: never. 10 min.
    #[serde(default = "first_reprobe")]
    pub reprobe: Span,
    /// A raise below this is not sent, in watts per phase; 1 A at 230 V.
    pub raise_dead_band: Watts,
    /// At most one raise per connector in this time; ever longer, up to 16 times, while raises and
    /// decreases alternate quickly. 60 s.
    pub min_raise_interval: Span,
    /// A decrease holds its old reservation at most this long after its acceptance. 30 s.
    pub settle_max: Span,
    /// A meter sample this long after the acceptance may end the hold earlier: a car has 5 s to
    /// follow the pilot (IEC 61851-1), a charger up to 3 s to set it, and a sample's timestamp is
    /// a whole second. 9 s.
    pub confirm_after: Span,
    /// Draw within this of the limit confirms it, in watts per phase; 0.5 A at 230 V.
    pub confirm_tolerance: Watts,
    /// An unanswered CALL counts as unknown after this. 30 s.
    pub call_timeout: Span,
    /// Clock-aligned rotation epoch; 0: none, every decision begins anew. 15 min.
    pub rotation: Span,
    /// Minimum on-time. 5 min.
    pub min_on: Span,
    /// Minimum off-time. 3 min.
    pub min_off: Span,
    /// A car younger than this is given its minimum if at all possible. 3.5 min.
    pub welcome: Span,
    /// Current that a start may draw before its TxProfile, whole amperes, 0 or 6..=32. 6 A.
    pub start_current_a: i64,
    /// After this a limit ends by itself where nobody renews it, on charge points that are known to
    /// end it; it is renewed after a third. `None`: limits have no end. 15 min.
    #[serde(default)]
    pub lease: Option<Span>,
    /// SetChargingProfile of a charge point in any 24 hours; 0: as many as it takes. Raises and
    /// renewals wait so that it lasts, what the site's limit needs goes and counts. 1,000: leases of
    /// two connectors round the clock take 576, so that no ordinary day comes near; flash of 100,000
    /// cycles lasts ten years of them where it spreads them over 40 blocks.
    #[serde(default = "writes_a_day")]
    pub write_budget: u32,
    /// What charge points fall back to when nobody tells them anything.
    #[serde(default)]
    pub fallback: Fallback,
    /// Limits follow what cars prove to accept.
    pub learn_acceptance: bool,
    /// How long a car is taken to stay whose departure nobody has told; `None`: that is not known.
    pub assumed_stay: Option<Span>,
}

/// What charge points fall back to when nobody tells them anything, and what bounds a start before
/// its first limit: the TxDefaultProfile of each. All of them together fit the site.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The start current, as many connectors as the site has room for in the order of their
    /// commissioning; the others nothing.
    #[default]
    Slots,
    /// An equal share of the site for every connector, in whole quanta; nothing where that is too
    /// little to charge with.
    Fair,
    /// Nothing.
    Block,
}

impl Fallback {
    /// All of them.
    pub const ALL: [Fallback; 3] = [Fallback::Slots, Fallback::Fair, Fallback::Block];

    /// The word of scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fallback::Slots => "slots",
            Fallback::Fair => "fair",
            Fallback::Block => "block",
        }
    }
}

impl Default for Control {
    fn default() -> Control {
        Control {
            coalesce: Span::from_s(1),
            coalesce_acceptance: Span::from_s(30),
            acceptance_window: first_window(),
            acceptance_window_max: longest_window(),
            reprobe: first_reprobe(),
            raise_dead_band: Watts(NOMINAL_VOLTAGE_V),
            min_raise_interval: Span::from_s(60),
            settle_max: Span::from_s(30),
            confirm_after: Span::from_s(9),
            confirm_tolerance: Watts(NOMINAL_VOLTAGE_V / 2),
            call_timeout: Span::from_s(30),
            rotation: Span::from_s(900),
            min_on: Span::from_s(300),
            min_off: Span::from_s(180),
            welcome: Span::from_s(210),
            start_current_a: 6,
            lease: Some(Span::from_s(900)),
            write_budget: writes_a_day(),
            fallback: Fallback::Slots,
            learn_acceptance: true,
            assumed_stay: None,
        }
    }
}

fn first_window() -> Span {
    Span::from_s(60)
}

fn first_reprobe() -> Span {
    Span::from_s(600)
}

fn writes_a_day() -> u32 {
    1_000
}

fn longest_window() -> Span {
    Span::from_s(960)
}

/// A limit in the unit of its connector: deci-amperes per phase (AC) or watts (DC).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Setpoint(pub i64);

impl Setpoint {
    /// Nothing may be drawn.
    pub const ZERO: Setpoint = Setpoint(0);
}

/// What is known of a connector's hardware from commissioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// AC or DC.
    pub kind: CurrentKind,
    /// Phases at the grid, 1..=3.
    pub phases: u8,
    /// Rated current per phase.
    pub max_current: DeciAmps,
    /// Rated power; the hardware cannot exceed it.
    pub max_power: Watts,
    /// Nominal phase voltage.
    pub voltage_v: i64,
}

impl Hardware {
    /// The most a set-point permits on `phases` phases, never more than the rating.
    #[must_use]
    pub fn watts(&self, setpoint: Setpoint, phases: u8) -> Watts {
        let permitted = match self.kind {
            CurrentKind::Ac => DeciAmps(setpoint.0).signalled().to_power(self.voltage_v, phases),
            CurrentKind::Dc => Watts(setpoint.0),
        };
        permitted.min(self.max_power)
    }

    /// The set-point for a rate on `phases` phases, rounded down; a rate at the hardware's cap
    /// becomes the rating itself, so that nothing is lost to rounding where nothing is limited.
    #[must_use]
    pub fn setpoint(&self, rate: Watts, phases: u8) -> Setpoint {
        if rate >= self.cap(phases) {
            return self.full();
        }
        match self.kind {
            CurrentKind::Ac => Setpoint(rate.to_current(self.voltage_v, phases).signalled().0),
            CurrentKind::Dc => Setpoint(rate.0),
        }
    }

    /// The set-point that limits nothing.
    #[must_use]
    pub fn full(&self) -> Setpoint {
        match self.kind {
            CurrentKind::Ac => Setpoint(self.max_current.0),
            CurrentKind::Dc => Setpoint(self.max_power.0),
        }
    }

    /// The smallest set-point that permits anything: the 6 A of the pilot (AC), a step (DC).
    #[must_use]
    pub fn least(&self) -> Setpoint {
        match self.kind {
            CurrentKind::Ac => Setpoint(PILOT_MINIMUM.0).min(self.full()),
            CurrentKind::Dc => Setpoint(self.step(self.phases).0).min(self.full()),
        }
    }

    /// The smallest set-point that permits this much on all phases, at most the rating.
    #[must_use]
    pub fn covering(&self, power: Watts) -> Setpoint {
        let least = match self.kind {
            CurrentKind::Ac => {
                let one = self.voltage_v * i64::from(self.phases);
                (power.0 * 10 + one - 1).div_euclid(one)
            }
            CurrentKind::Dc => power.0,
        };
        Setpoint(least).min(self.full())
    }

    /// Quantum of a rate: 1 A on all phases (AC), 100 W (DC); allocation.md §2.0.
    #[must_use]
    pub fn step(&self, phases: u8) -> Watts {
        match self.kind {
            CurrentKind::Ac => Watts(self.voltage_v * i64::from(phases)),
            CurrentKind::Dc => Watts(100),
        }
    }

    /// Largest rate on `phases` phases, a multiple of the step.
    #[must_use]
    pub fn cap(&self, phases: u8) -> Watts {
        match self.kind {
            CurrentKind::Ac => Watts(self.max_current.0 / 10 * self.step(phases).0),
            CurrentKind::Dc => self.max_power.floor_to(self.step(phases)),
        }
    }

    /// Smallest rate for a site minimum on `phases` phases. Ratings in kW are nominal, so the
    /// site minimum is taken to the nearest whole ampere (3.7 kW is 16 A on one phase), never
    /// below the 6 A of the pilot nor above the hardware.
    #[must_use]
    pub fn minimum(&self, site_minimum: Watts, phases: u8) -> Watts {
        let step = self.step(phases);
        match self.kind {
            CurrentKind::Ac => {
                let nearest = (site_minimum.0 + step.0 / 2).div_euclid(step.0);
                let amps = nearest.max(PILOT_MINIMUM.0 / 10).min(self.max_current.0 / 10);
                Watts(amps * step.0)
            }
            CurrentKind::Dc => Watts((site_minimum.0 + step.0 - 1).div_euclid(step.0) * step.0)
                .min(self.cap(phases)),
        }
    }
}

#[cfg(test)]
impl Hardware {
    /// 3 x 32 A, 22 kW.
    pub(super) fn ac22() -> Hardware {
        Hardware {
            kind: CurrentKind::Ac,
            phases: 3,
            max_current: DeciAmps(320),
            max_power: Watts(22_000),
            voltage_v: 230,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_limit_is_the_rating_and_reserves_no_more_than_it() {
        let hardware = Hardware::ac22();
        let full = hardware.setpoint(hardware.cap(3), 3);
        assert_eq!(full, Setpoint(320));
        assert_eq!(hardware.watts(full, 3), Watts(22_000));
        assert_eq!(hardware.watts(full, 1), Watts(7_360), "one phase takes a third");
    }

    #[test]
    fn nominal_minimum_rates_are_whole_amperes() {
        let hardware = Hardware::ac22();
        assert_eq!(hardware.minimum(Watts(3_700), 1), Watts(16 * 230));
        assert_eq!(hardware.minimum(Watts(3_700), 3), Watts(6 * 690), "6 A is the floor");
        assert_eq!(hardware.minimum(Watts(99_000), 3), hardware.cap(3));
        let small =
            Hardware { phases: 1, max_current: DeciAmps(160), max_power: Watts(3_700), ..hardware };
        assert!(small.minimum(Watts(3_700), 1) <= small.cap(1));
    }

    #[test]
    fn a_limit_below_six_amperes_permits_nothing() {
        assert_eq!(Hardware::ac22().watts(Setpoint(59), 3), Watts::ZERO);
        assert_eq!(Hardware::ac22().setpoint(Watts(4_000), 3), Setpoint::ZERO);
    }
}
