//! Sampled values in the words of a station's quirks.

use serde_json::{Map, Value};

use crate::charger::measurand::Measurand;
use crate::charger::point::ChargePoint;
use crate::time::Time;
use crate::vehicle::Draw;

use super::Oddity;
use super::knobs::{EnergyStyle, PhaseStyle};

type Sample = Map<String, Value>;

impl ChargePoint {
    /// What the meter of connector index `c` shows where the car draws this.
    pub(in crate::charger) fn shown_draw(&mut self, now: Time, c: usize, draw: Draw) -> Draw {
        let Some(oddity) = &mut self.oddity else { return draw };
        let Some(lag) = oddity.knobs.meter_lag else { return draw };
        let seen = &mut oddity.spots[c].seen;
        seen.push_back((now, draw));
        while seen.get(1).is_some_and(|(at, _)| now.since(*at) >= lag) {
            seen.pop_front();
        }
        match seen.front() {
            Some((at, shown)) if now.since(*at) >= lag => *shown,
            _ => Draw::default(),
        }
    }
}

impl Oddity {
    /// Rewords the elements of `meterValue` or `transactionData`.
    pub(super) fn reword_samples(&self, elements: &mut Vec<Value>) {
        for element in elements.iter_mut() {
            if let Some(Value::Array(samples)) = element.get_mut("sampledValue") {
                let worded =
                    std::mem::take(samples).into_iter().filter_map(|sample| match sample {
                        Value::Object(sample) => Some(sample),
                        _ => None,
                    });
                let worded = self.worded(worded.collect());
                *samples = worded.into_iter().map(Value::Object).collect();
            }
        }
        if self.knobs.one_value_per_sample {
            *elements = elements.iter().flat_map(split).collect();
        }
    }

    fn worded(&self, mut samples: Vec<Sample>) -> Vec<Sample> {
        if self.knobs.no_current_offered {
            let offered = [Measurand::CurrentOffered, Measurand::PowerOffered];
            samples.retain(|sample| !offered.iter().any(|measurand| is(sample, *measurand)));
        }
        if let Some(only) = self.knobs.meters_only {
            samples.retain(|sample| is(sample, only));
        }
        if self.knobs.zero_voltage {
            samples.retain(|sample| !is(sample, Measurand::Voltage));
            samples.extend(zero_voltage(&samples));
        }
        for sample in &mut samples {
            self.reword_value(sample);
        }
        if let Some(style) = self.knobs.phases {
            restyle_phases(&mut samples, style);
        }
        samples.truncate(self.knobs.meter_max_values.unwrap_or(usize::MAX));
        samples
    }

    fn reword_value(&self, sample: &mut Sample) {
        let Some(mut value) = number(sample) else { return };
        let energy = is(sample, Measurand::EnergyActiveImportRegister);
        let power = is(sample, Measurand::PowerActiveImport);
        let mut decimals = decimals(sample);
        if self.faults.meter_lies && (power || is(sample, Measurand::CurrentImport)) {
            value /= 2.0;
        }
        if let Some(tenths) = self.knobs.power_tenths.filter(|_| power) {
            value = value * tenths as f64 / 10.0;
        }
        let kilo = energy || power || is(sample, Measurand::PowerOffered);
        match self.knobs.energy {
            Some(EnergyStyle::Kilo) if kilo => {
                (value, decimals) = (value / 1000.0, 3);
                sample.insert("unit".to_owned(), if energy { "kWh" } else { "kW" }.into());
            }
            Some(EnergyStyle::KwhAsWh) if energy => (value, decimals) = (value / 1000.0, 3),
            Some(EnergyStyle::WhAsKwh) if energy => {
                sample.insert("unit".to_owned(), "kWh".into());
            }
            _ => {}
        }
        let text = format!("{value:.decimals$}");
        let number = text.parse::<f64>().ok().filter(|_| self.knobs.meter_numbers);
        sample.insert("value".to_owned(), number.map_or(Value::from(text), Value::from));
        if let Some(context) = self.knobs.meter_context {
            sample.insert("context".to_owned(), context.as_str().into());
        }
    }
}

/// One element per sampled value, all of the same instant.
fn split(element: &Value) -> Vec<Value> {
    let samples = element.get("sampledValue").and_then(Value::as_array);
    let alone = |sample: &Value| {
        let mut element = element.clone();
        element["sampledValue"] = Value::Array(vec![sample.clone()]);
        element
    };
    samples.map(|samples| samples.iter().map(alone).collect()).unwrap_or_default()
}

/// Voltages of nought beside the currents, as a station tells that has no voltmeter.
fn zero_voltage(samples: &[Sample]) -> Vec<Sample> {
    let currents = samples.iter().filter(|sample| is(sample, Measurand::CurrentImport));
    let beside = currents.cloned().map(|mut sample| {
        let named = [("value", "0.0"), ("measurand", Measurand::Voltage.as_str()), ("unit", "V")];
        for (key, text) in named {
            sample.insert(key.to_owned(), text.into());
        }
        sample
    });
    beside.collect()
}

fn restyle_phases(samples: &mut Vec<Sample>, style: PhaseStyle) {
    let current = |sample: &Sample| is(sample, Measurand::CurrentImport);
    let phase = |sample: &mut Sample, name: &str| {
        sample.insert("phase".to_owned(), name.into());
    };
    if style == PhaseStyle::ToNeutral {
        for sample in samples.iter_mut().filter(|sample| current(sample)) {
            let name = sample.get("phase").and_then(Value::as_str).unwrap_or("L1");
            let name = format!("{}-N", name.trim_end_matches("-N"));
            phase(sample, &name);
        }
        return;
    }
    let Some(first) = samples.iter().position(current) else { return };
    let value = |sample: &Sample| number(sample).unwrap_or_default();
    let largest = samples.iter().filter(|sample| current(sample));
    let largest = largest.max_by(|a, b| value(a).total_cmp(&value(b))).cloned();
    let mut kept = match style {
        PhaseStyle::First => samples[first].clone(),
        _ => largest.unwrap_or_default(),
    };
    match style {
        PhaseStyle::Neutral => phase(&mut kept, "N"),
        PhaseStyle::Absent => drop(kept.remove("phase")),
        PhaseStyle::First | PhaseStyle::ToNeutral => {}
    }
    samples.retain(|sample| !current(sample));
    samples.insert(first, kept);
}

fn is(sample: &Sample, measurand: Measurand) -> bool {
    sample.get("measurand").and_then(Value::as_str) == Some(measurand.as_str())
}

fn number(sample: &Sample) -> Option<f64> {
    match sample.get("value")? {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

/// How many decimals the value has.
fn decimals(sample: &Sample) -> usize {
    let text = sample.get("value").and_then(Value::as_str).unwrap_or_default();
    text.split_once('.').map_or(0, |(_, decimals)| decimals.len())
}
