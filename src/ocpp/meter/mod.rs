//! What the sampled values of one instant say together (OCPP 1.6 §5.10 and what stations make of
//! it): energy, power, current per phase, what the station offers.
//!
//! * A value without phase is the whole; without one, the phases L1 to L3 (or L1-N to L3-N) are
//!   summed. The neutral conductor is never added; a current that is told of it alone is one
//!   without phase.
//! * Power that is not measured is the sum over the phases of voltage times current.
//! * A measurand sampled at several places counts at the outlet; sampled at the begin of the
//!   transaction and again, it counts again; otherwise the later value wins.
//! * Values in a unit foreign to their measurand, signed data and texts that are no number count
//!   for nothing.

mod decimal;
#[cfg(test)]
mod tests;

use super::messages::{MeterValue, SampledValue};
use super::types::{
    Location, Measurand, Phase, ReadingContext, Timestamp, UnitOfMeasure, ValueFormat,
};
use decimal::scaled;

/// What the sampled values of one instant say together. Integers are rounded to the nearest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeterReading {
    /// Register of imported active energy, Wh.
    pub energy_wh: Option<i64>,
    /// The same in thousandths: a register in kWh under the name of Wh has decimals that count.
    pub energy_mwh: Option<i64>,
    /// Imported active power, W; measured or computed from voltages and currents.
    pub power_w: Option<i64>,
    /// True when that is the product of a current without phase: the power of one phase, of
    /// however many there are.
    pub power_of_one_phase: bool,
    /// Imported current of L1, L2 and L3 in tenths of an ampere; a current without phase is in
    /// the first place, and so is that of the neutral conductor where it is the only one.
    pub current_da: [Option<i64>; 3],
    /// True when the current in the first place is one without phase: of a phase, or the sum of all.
    pub current_without_phase: bool,
    /// Current the station offers to the car, tenths of an ampere per phase; the largest when
    /// given by phase.
    pub offered_da: Option<i64>,
    /// Power the station offers to the car, W.
    pub offered_w: Option<i64>,
    /// State of charge of the car, 0..=100 percent.
    pub soc_pct: Option<i64>,
    /// Why the values were sampled: the context of the last value that counts; `None` when none
    /// does.
    pub context: Option<ReadingContext>,
}

impl MeterReading {
    /// Combines the values of one instant.
    #[must_use]
    pub fn from_values(values: &[SampledValue<'_>]) -> MeterReading {
        let mut set = Set::default();
        for value in values {
            set.add(value);
        }
        set.reading()
    }

    /// Combines the values of a whole message, one reading per instant: stations also send every
    /// sampled value as a meter value of its own, so that neighbours of the same timestamp belong
    /// together.
    pub fn by_instant<'m>(
        values: &'m [MeterValue<'m>],
    ) -> impl Iterator<Item = (Timestamp, MeterReading)> + 'm {
        values.chunk_by(|a, b| a.timestamp == b.timestamp).map(|group| {
            let mut set = Set::default();
            for value in group.iter().flat_map(|meter_value| &meter_value.sampled_value) {
                set.add(value);
            }
            (group[0].timestamp, set.reading())
        })
    }
}

/// A value and how much it counts against another of the same name.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    rank: u8,
    value: Option<i64>,
}

impl Slot {
    /// False: a value that counts more was there.
    fn put(&mut self, rank: u8, value: i64) -> bool {
        let counts = self.value.is_none() || rank >= self.rank;
        if counts {
            *self = Slot { rank, value: Some(value) };
        }
        counts
    }
}

/// A measurand as a whole and by phase.
#[derive(Clone, Copy, Debug, Default)]
struct Phased {
    whole: Slot,
    phases: [Slot; 3],
}

impl Phased {
    fn put(&mut self, place: Place, rank: u8, value: i64) -> bool {
        match place {
            Place::Whole => self.whole.put(rank, value),
            Place::Phase(phase) => self.phases[phase].put(rank, value),
            Place::Between(_) | Place::Neutral => false,
        }
    }

    /// The whole, or the sum of the phases there are.
    fn total(&self) -> Option<i64> {
        self.whole.value.or_else(|| {
            self.phases.iter().filter_map(|slot| slot.value).reduce(i64::saturating_add)
        })
    }
}

/// Where a value belongs.
#[derive(Clone, Copy, Debug)]
enum Place {
    Whole,
    Phase(usize),
    Between(usize),
    Neutral,
}

/// Values of one instant by measurand: energies in mWh, powers in W, currents in mA,
/// voltages in mV.
#[derive(Clone, Copy, Debug, Default)]
struct Set {
    energy: Phased,
    power: Phased,
    current: Phased,
    /// Current of the neutral conductor.
    neutral: Slot,
    voltage: Phased,
    between: [Slot; 3],
    offered_current: Phased,
    offered_power: Phased,
    soc: Slot,
    context: Option<ReadingContext>,
}

impl Set {
    fn add(&mut self, sample: &SampledValue<'_>) {
        if sample.format == Some(ValueFormat::SignedData) {
            return;
        }
        let measurand = sample.measurand_or_default();
        let Some(shift) = shift(measurand, sample.unit) else { return };
        let Some(value) = scaled(&sample.value, shift) else { return };
        let context = sample.context_or_default();
        let rank = rank(context, sample.location);
        let place = place(sample.phase);
        let counts = match measurand {
            Measurand::EnergyActiveImportRegister => self.energy.put(place, rank, value),
            Measurand::PowerActiveImport => self.power.put(place, rank, value),
            Measurand::CurrentImport if matches!(place, Place::Neutral) => {
                self.neutral.put(rank, value)
            }
            Measurand::CurrentImport => self.current.put(place, rank, value),
            Measurand::CurrentOffered => self.offered_current.put(place, rank, value),
            Measurand::PowerOffered => self.offered_power.put(place, rank, value),
            Measurand::Voltage => match place {
                Place::Between(phase) => self.between[phase].put(rank, value),
                _ => self.voltage.put(place, rank, value),
            },
            _ => (0..=100).contains(&value) && self.soc.put(rank, value),
        };
        if counts {
            self.context = Some(context);
        }
    }

    fn reading(&self) -> MeterReading {
        let mut current_da = self.current.phases.map(|slot| slot.value.map(tenths));
        let alone = self.current_alone();
        if alone.is_some() {
            current_da[0] = alone.map(tenths);
        }
        let energy_mwh = self.energy.total();
        let product = || self.voltage_times_current();
        let offered = self.offered_current;
        let largest = offered.phases.iter().filter_map(|slot| slot.value).max();
        MeterReading {
            energy_wh: energy_mwh.map(|energy| energy.saturating_add(500).div_euclid(1000)),
            energy_mwh,
            power_w: self.power.total().or_else(product),
            power_of_one_phase: self.power.total().is_none() && alone.is_some(),
            current_da,
            current_without_phase: alone.is_some(),
            offered_da: offered.whole.value.or(largest).map(tenths),
            offered_w: self.offered_power.total(),
            soc_pct: self.soc.value,
            context: self.context,
        }
    }

    /// The current without phase, or that of the neutral conductor, where no phase has any.
    fn current_alone(&self) -> Option<i64> {
        let phases = self.current.phases.iter().any(|slot| slot.value.is_some());
        self.current.whole.value.or(self.neutral.value).filter(|_| !phases)
    }

    /// Watts; `None` when a current has no voltage.
    fn voltage_times_current(&self) -> Option<i64> {
        let mut microwatts = None;
        for (phase, slot) in self.current.phases.iter().enumerate() {
            let Some(current) = slot.value else { continue };
            let product = i128::from(current) * i128::from(self.volts(phase)?);
            microwatts = Some(microwatts.unwrap_or(0) + product);
        }
        let microwatts = match microwatts {
            Some(sum) => sum,
            None => i128::from(self.current_alone()?) * i128::from(self.volts(0)?),
        };
        i64::try_from((microwatts + 500_000).div_euclid(1_000_000)).ok()
    }

    /// Millivolts of a phase against neutral. A voltage of nought beside a current was not
    /// measured.
    fn volts(&self, phase: usize) -> Option<i64> {
        let measured = |slot: &Slot| slot.value.filter(|volts| *volts > 0);
        measured(&self.voltage.phases[phase]).or_else(|| measured(&self.voltage.whole)).or_else(
            || {
                let between = measured(&self.between[phase])?;
                Some((between as f64 / 3_f64.sqrt()).round() as i64)
            },
        )
    }
}

/// Power of ten from the unit on the wire to the unit of [`Set`]; `None`: the value says nothing
/// here.
fn shift(measurand: Measurand, unit: Option<UnitOfMeasure>) -> Option<i32> {
    use UnitOfMeasure as U;
    match measurand {
        Measurand::EnergyActiveImportRegister => match unit {
            None | Some(U::Wh) => Some(3),
            Some(U::KWh) => Some(6),
            Some(_) => None,
        },
        Measurand::PowerActiveImport | Measurand::PowerOffered => match unit {
            None | Some(U::W | U::VA) => Some(0),
            Some(U::KW | U::KVA) => Some(3),
            Some(_) => None,
        },
        Measurand::CurrentImport | Measurand::CurrentOffered => {
            matches!(unit, None | Some(U::A)).then_some(3)
        }
        Measurand::Voltage => matches!(unit, None | Some(U::V)).then_some(3),
        Measurand::SoC => matches!(unit, None | Some(U::Percent)).then_some(0),
        _ => None,
    }
}

fn rank(context: ReadingContext, location: Option<Location>) -> u8 {
    let later = u8::from(context != ReadingContext::TransactionBegin);
    let outlet = u8::from(matches!(location, None | Some(Location::Outlet)));
    2 * later + outlet
}

fn place(phase: Option<Phase>) -> Place {
    match phase {
        None => Place::Whole,
        Some(Phase::L1 | Phase::L1N) => Place::Phase(0),
        Some(Phase::L2 | Phase::L2N) => Place::Phase(1),
        Some(Phase::L3 | Phase::L3N) => Place::Phase(2),
        Some(Phase::L1L2) => Place::Between(0),
        Some(Phase::L2L3) => Place::Between(1),
        Some(Phase::L3L1) => Place::Between(2),
        Some(Phase::N) => Place::Neutral,
    }
}

/// Tenths of a unit from thousandths.
fn tenths(thousandths: i64) -> i64 {
    thousandths.saturating_add(50).div_euclid(100)
}
