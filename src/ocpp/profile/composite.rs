//! All profiles of a connector at an instant, and over a span (OCPP 1.6 §3.13.2, §3.13.3, §5.7).

use super::evaluate::{Answer, Basis, Rate, limit_at};
use super::{Installed, Limit, ProfileStore, Purpose, RateUnit, Tenths};
use crate::time::{Span, Time};
use crate::units::{DeciAmps, Watts};

/// A running transaction as the profiles see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// 1-based.
    pub connector: u32,
    /// `None`: the central system has not answered StartTransaction yet.
    pub id: Option<i64>,
    /// Start of charging: what a relative schedule counts from.
    pub start: Time,
}

impl Transaction {
    /// Whether a TxProfile on its connector is for this transaction: it names it, or none.
    pub(super) fn is_meant_by(&self, installed: &Installed) -> bool {
        let named = installed.profile.transaction_id;
        named.is_none() || named == self.id
    }
}

/// The profile that prevails in a stack, if one gives a limit, and what it says.
pub(super) type Top<'a> = (Option<&'a Installed>, Answer);

/// How amperes per phase and watts convert into each other (errata 3.34, 3.68).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// Nominal phase voltage, V; positive.
    pub voltage_v: i64,
    /// Phases of a period that names none, 1..=3; OCPP says 3.
    pub default_phases: u8,
    /// The fewest phases the hardware can be limited to, 1..=3. A watt limit is divided by no
    /// less: a charge point that feeds three phases whatever numberPhases says would otherwise
    /// draw three times a one-phase limit.
    pub min_phases: u8,
}

impl Supply {
    /// The conversion of the text: numberPhases as stated, 3 when absent.
    #[must_use]
    pub const fn stated(voltage_v: i64) -> Supply {
        Supply { voltage_v, default_phases: 3, min_phases: 1 }
    }

    /// For hardware that cannot drop phases (no `ConnectorSwitch3to1PhaseSupported`).
    #[must_use]
    pub const fn fixed(voltage_v: i64, phases: u8) -> Supply {
        Supply { voltage_v, default_phases: 3, min_phases: phases }
    }
}

/// How to read the specification where charge points differ; the module table says why these
/// defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// TxDefaultProfiles count on a connector without a transaction. Default: true.
    pub default_without_transaction: bool,
    /// TxDefaultProfiles of connector 0 and of the connector form one stack in which the higher
    /// level wins (libocpp). Default: false, the connector's own prevail.
    pub one_default_stack: bool,
    /// A recurring profile also applies before its startSchedule, which anchors its rhythm; what
    /// delays a profile is validFrom. Default: true.
    pub recurs_before_start: bool,
}

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            default_without_transaction: true,
            one_default_stack: false,
            recurs_before_start: true,
        }
    }
}

/// Everything the composite limit depends on besides the instant.
#[derive(Clone, Copy, Debug)]
pub struct Composite<'a> {
    /// The installed profiles.
    pub store: &'a ProfileStore,
    /// At most one for each connector.
    pub transactions: &'a [Transaction],
    /// For conversions.
    pub supply: Supply,
    /// See [`Reading`].
    pub reading: Reading,
}

/// As [`Limit`], in total power: what a DC connector obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLimit {
    /// Over all phases, rounded down; `None`: no profile limits the connector.
    pub power: Option<Watts>,
    /// First instant after which the limit may differ.
    pub until: Time,
}

/// A GetCompositeSchedule request (§6.21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// 0: the total drawn from the grid (errata 3.30).
    pub connector: u32,
    /// Start of the schedule: the instant of receipt.
    pub from: Time,
    /// Length of the schedule, seconds.
    pub duration_s: i64,
    /// Unit of the limits asked for.
    pub unit: RateUnit,
    /// What the hardware can do, in the same unit.
    pub maximum: Maximum,
}

/// Hardware maxima in tenths of the unit of a [`Query`], shown where no profile gives a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maximum {
    /// Of one connector.
    pub connector: Tenths,
    /// Of the installation, for connector 0.
    pub station: Tenths,
}

/// A period of a composite schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulePeriod {
    /// Seconds from [`Query::from`].
    pub start_s: i64,
    /// The limit before rounding; [`Exact::floor`] is what goes on the wire.
    pub limit: Exact,
    /// Phases the limit is meant for, if a profile names any.
    pub phases: Option<u8>,
    /// No profile applies; the limit is the hardware maximum.
    pub unlimited: bool,
}

/// An exact number of tenths of a unit: `num / den`. The periods of one schedule share `den`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    /// Numerator.
    pub num: i64,
    /// Denominator, positive.
    pub den: i64,
}

impl Exact {
    /// Rounded down to a tenth, so that it never exceeds the limits it came from.
    #[must_use]
    pub const fn floor(self) -> Tenths {
        Tenths(self.num.div_euclid(self.den))
    }
}

/// Higher limits count as this: 10^11 A or W, so that no product overflows.
const HIGHEST: i64 = 1_000_000_000_000;

/// A combined limit at an instant, in grains of the scale that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    grains: Option<i64>,
    phases: Option<u8>,
}

/// What the total of a charge point is made of, in grains.
#[derive(Clone, Copy, Debug)]
struct Total {
    sum: i64,
    cap: Option<i64>,
    /// Whether any profile gives a limit.
    limited: bool,
    phases: Option<u8>,
    until: Time,
}

/// A unit cut so fine that every conversion is an integer: tenths of a watt, or tenths of an
/// ampere over 6 U, since W / (U x n) divides evenly for n = 1, 2 and 3.
#[derive(Clone, Copy, Debug)]
struct Scale {
    unit: RateUnit,
    supply: Supply,
}

impl Scale {
    /// Grains to a tenth of the unit.
    const fn grains_per_tenth(self) -> i64 {
        match self.unit {
            RateUnit::A => 6 * self.supply.voltage_v,
            RateUnit::W => 1,
        }
    }

    fn of_tenths(self, tenths: Tenths) -> i64 {
        tenths.0.clamp(0, HIGHEST) * self.grains_per_tenth()
    }

    /// A limit that holds while `phases` phases are in use.
    fn of_rate(self, rate: Rate, phases: u8) -> i64 {
        let tenths = rate.limit.0.clamp(0, HIGHEST);
        match (rate.unit, self.unit) {
            (RateUnit::W, RateUnit::A) => tenths * (6 / i64::from(phases)),
            (RateUnit::A, RateUnit::W) => tenths * self.supply.voltage_v * i64::from(phases),
            _ => self.of_tenths(rate.limit),
        }
    }

    /// The phases to convert with when the combined periods name `named`.
    fn phases(self, named: Option<u8>) -> u8 {
        let stated = named.unwrap_or(self.supply.default_phases);
        stated.max(self.supply.min_phases).clamp(1, 3)
    }

    /// The strictest of two rates, in the fewer phases of the two.
    fn strictest(self, a: Option<Rate>, b: Option<Rate>) -> Level {
        let named = |rate: Option<Rate>| rate.and_then(|rate| rate.phases);
        let phases = fewer(named(a), named(b));
        let n = self.phases(phases);
        let grains = [a, b].into_iter().flatten().map(|rate| self.of_rate(rate, n)).min();
        Level { grains, phases: phases.map(|_| n) }
    }
}

fn fewer(a: Option<u8>, b: Option<u8>) -> Option<u8> {
    [a, b].into_iter().flatten().min()
}

impl Composite<'_> {
    /// The current a connector (1-based) may draw per phase at `t`.
    ///
    /// A watt limit becomes W / (U x n), rounded down to a tenth of an ampere. Call again at
    /// `until`, when a profile is set or cleared, and when a transaction starts or ends.
    #[must_use]
    pub fn limit(&self, connector: u32, t: Time) -> Limit {
        let scale = self.scale(RateUnit::A);
        let (level, until) = self.connector_level(scale, connector, None, t);
        Limit { current: level.grains.map(|grains| deci_amps(scale, grains)), until }
    }

    /// The total power a connector (1-based) may draw at `t`, for DC; as [`Self::limit`].
    #[must_use]
    pub fn power_limit(&self, connector: u32, t: Time) -> PowerLimit {
        let scale = self.scale(RateUnit::W);
        let (level, until) = self.connector_level(scale, connector, None, t);
        PowerLimit { power: level.grains.map(|tenths| Watts(tenths.div_euclid(10))), until }
    }

    /// The current the charge point as a whole may draw per phase at `t`: ChargePointMax alone.
    #[must_use]
    pub fn station_limit(&self, t: Time) -> Limit {
        let scale = self.scale(RateUnit::A);
        let cap = self.station_answer(t);
        let level = scale.strictest(cap.rate, None);
        Limit { current: level.grains.map(|grains| deci_amps(scale, grains)), until: cap.until }
    }

    /// The total power the charge point as a whole may draw at `t`: ChargePointMax alone.
    #[must_use]
    pub fn station_power_limit(&self, t: Time) -> PowerLimit {
        let cap = self.station_answer(t);
        let level = self.scale(RateUnit::W).strictest(cap.rate, None);
        let power = level.grains.map(|tenths| Watts(tenths.div_euclid(10)));
        PowerLimit { power, until: cap.until }
    }

    /// The current the transaction's profiles alone allow a connector (1-based) at `t`.
    #[must_use]
    pub fn transaction_limit(&self, connector: u32, t: Time) -> Limit {
        let scale = self.scale(RateUnit::A);
        let own = self.transaction_answer(connector, None, t);
        let level = scale.strictest(own.rate, None);
        Limit { current: level.grains.map(|grains| deci_amps(scale, grains)), until: own.until }
    }

    /// The schedule that answers a GetCompositeSchedule: neighbours differ, the first starts at
    /// 0. Empty when the duration is not positive. Relative schedules of idle connectors start
    /// with the query.
    #[must_use]
    pub fn schedule(&self, query: &Query) -> Vec<SchedulePeriod> {
        let scale = self.scale(query.unit);
        let from = Time::from_unix_s(query.from.unix_s());
        let mut periods: Vec<SchedulePeriod> = Vec::new();
        let end = from + Span(query.duration_s.saturating_mul(1_000_000));
        let mut t = from;
        while t < end {
            let (level, until) = match query.connector {
                0 => self.total_level(scale, query.maximum, from, t),
                connector => self.connector_level(scale, connector, Some(from), t),
            };
            let maximum =
                if query.connector == 0 { query.maximum.station } else { query.maximum.connector };
            let period = SchedulePeriod {
                start_s: t.since(from).whole_s(),
                limit: Exact {
                    num: level.grains.unwrap_or_else(|| scale.of_tenths(maximum)),
                    den: scale.grains_per_tenth(),
                },
                phases: level.phases,
                unlimited: level.grains.is_none(),
            };
            let repeats = periods
                .last()
                .is_some_and(|last| SchedulePeriod { start_s: period.start_s, ..*last } == period);
            if !repeats {
                periods.push(period);
            }
            t = until;
        }
        periods
    }

    fn scale(&self, unit: RateUnit) -> Scale {
        Scale { unit, supply: self.supply }
    }

    /// The strictest of ChargePointMax and what the transaction may draw.
    fn connector_level(
        &self,
        scale: Scale,
        connector: u32,
        anchor: Option<Time>,
        t: Time,
    ) -> (Level, Time) {
        let cap = self.station_answer(t);
        let own = self.transaction_answer(connector, anchor, t);
        (scale.strictest(cap.rate, own.rate), cap.until.min(own.until))
    }

    /// Connector 0: the strictest of ChargePointMax, the sum of the connectors and the
    /// installation.
    fn total_level(&self, scale: Scale, maximum: Maximum, from: Time, t: Time) -> (Level, Time) {
        let total = self.total(scale, maximum, from, t);
        if !total.limited {
            return (Level { grains: None, phases: None }, total.until);
        }
        let installation = scale.of_tenths(maximum.station);
        let cap = total.cap.unwrap_or(installation);
        let grains = Some(total.sum.min(cap).min(installation));
        (Level { grains, phases: total.phases }, total.until)
    }

    fn total(&self, scale: Scale, maximum: Maximum, from: Time, t: Time) -> Total {
        let cap = self.station_answer(t);
        let mut until = cap.until;
        let mut sum = scale.of_tenths(Tenths(0));
        let mut limited = cap.rate.is_some();
        let mut most_phases = Some(0);
        for connector in 1..=self.store.limits().connectors {
            let own = self.transaction_answer(connector, Some(from), t);
            let level = scale.strictest(own.rate, None);
            until = until.min(own.until);
            limited |= own.rate.is_some();
            sum += level.grains.unwrap_or_else(|| scale.of_tenths(maximum.connector));
            // No number named means three, which no other number exceeds.
            most_phases = most_phases.zip(level.phases).map(|(most, more)| most.max(more));
        }
        let named = most_phases.filter(|phases| *phases > 0);
        let phases = fewer(named, cap.rate.and_then(|rate| rate.phases));
        let n = scale.phases(phases);
        let cap = cap.rate.map(|rate| scale.of_rate(rate, n));
        Total { sum, cap, limited, phases: phases.map(|_| n), until }
    }

    /// Which of ChargePointMax and what the transactions may draw is the limit a schedule shows
    /// at `t`; both when they agree.
    pub(super) fn binding(&self, query: &Query, t: Time) -> (bool, bool) {
        let scale = self.scale(query.unit);
        if query.connector == 0 {
            let total = self.total(scale, query.maximum, query.from, t);
            let (level, _) = self.total_level(scale, query.maximum, query.from, t);
            return (total.cap == level.grains, Some(total.sum) == level.grains);
        }
        let cap = self.station_answer(t).rate;
        let own = self.transaction_answer(query.connector, Some(query.from), t).rate;
        let n = scale.phases(fewer(cap.and_then(|r| r.phases), own.and_then(|r| r.phases)));
        let grains = |rate: Option<Rate>| rate.map_or(i64::MAX, |rate| scale.of_rate(rate, n));
        (grains(cap) <= grains(own), grains(own) <= grains(cap))
    }

    fn station_answer(&self, t: Time) -> Answer {
        self.station_top(t).1
    }

    fn transaction_answer(&self, connector: u32, anchor: Option<Time>, t: Time) -> Answer {
        self.transaction_top(connector, anchor, t).1
    }

    /// The ChargePointMaxProfile in force and what it says.
    pub(super) fn station_top(&self, t: Time) -> Top<'_> {
        let stack = self.store.stack(Purpose::ChargePointMaxProfile, 0);
        self.top(stack, Time::NEVER, t, (None, None))
    }

    /// TxProfile where it gives a limit, otherwise TxDefaultProfile, and what it says.
    pub(super) fn transaction_top(&self, connector: u32, anchor: Option<Time>, t: Time) -> Top<'_> {
        let running = self.running(connector);
        let start = running.map(|tx| tx.start);
        let mut until = Time::NEVER;
        if let Some(transaction) = running {
            let stack = self.store.stack(Purpose::TxProfile, connector);
            let stack = stack.filter(|installed| transaction.is_meant_by(installed));
            let top = self.top(stack, until, t, (start, anchor));
            if top.0.is_some() {
                return top;
            }
            until = top.1.until;
        } else if !self.reading.default_without_transaction {
            return (None, Answer { rate: None, until });
        }
        let defaults = |of| self.store.stack(Purpose::TxDefaultProfile, of);
        let own = self.top(defaults(connector), until, t, (start, anchor));
        if own.0.is_some() && !self.reading.one_default_stack {
            return own;
        }
        let station = self.top(defaults(0), own.1.until, t, (start, anchor));
        let level = |top: &Top<'_>| top.0.map(|installed| installed.profile.stack_level);
        let until = station.1.until;
        let (winner, answer) = if level(&own) >= level(&station) { own } else { station };
        (winner, Answer { until, ..answer })
    }

    pub(super) fn running(&self, connector: u32) -> Option<&Transaction> {
        self.transactions.iter().find(|tx| tx.connector == connector)
    }

    /// What the schedule of a profile counts from, given the start of its transaction and what
    /// stands in for it. The charge point as a whole has no transaction; there a schedule without
    /// a start of its own counts from its installation.
    pub(super) fn basis(
        &self,
        installed: &Installed,
        (transaction, anchor): (Option<Time>, Option<Time>),
    ) -> Basis {
        let recurs_before_start = self.reading.recurs_before_start;
        match installed.profile.purpose {
            Purpose::ChargePointMaxProfile => {
                Basis { transaction: None, anchor: Some(installed.at), recurs_before_start }
            }
            _ => Basis { transaction, anchor, recurs_before_start },
        }
    }

    /// The highest level of a stack that gives a limit at `t`, and the earlier of `until` and the
    /// instant at which that may change: lower levels cannot change it.
    fn top<'s>(
        &self,
        stack: impl Iterator<Item = &'s Installed>,
        mut until: Time,
        t: Time,
        starts: (Option<Time>, Option<Time>),
    ) -> Top<'s> {
        for installed in stack {
            let answer = limit_at(&installed.profile, &self.basis(installed, starts), t);
            until = until.min(answer.until);
            if answer.rate.is_some() {
                return (Some(installed), Answer { until, ..answer });
            }
        }
        (None, Answer { rate: None, until })
    }
}

fn deci_amps(scale: Scale, grains: i64) -> DeciAmps {
    DeciAmps(grains.div_euclid(scale.grains_per_tenth()))
}
