//! The text of MeterValues.
//!
//! One charge point writes this every minute of a session, which makes it the hot path of a
//! simulation: digits go straight into the message, nothing is allocated for a value.

use crate::charger::measurand::Measurand;
use crate::ocpp::types::ReadingContext;
use crate::time::Time;
use crate::units::{DeciAmps, Watts};
use crate::vehicle::{Draw, Offer};

/// Everything a meter shows at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// When.
    pub at: Time,
    /// Import register.
    pub register_wh: i64,
    /// Power and currents.
    pub draw: Draw,
    /// What the station signals to the car.
    pub offer: Offer,
    /// State of charge in tenths of a percent, when the car tells it.
    pub soc_tenths: Option<i64>,
    /// Phases of the EVSE, 1..=3.
    pub phases: u8,
    /// Nominal phase voltage.
    pub voltage_v: i64,
}

/// What stands in the `transactionId` of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionField {
    /// No transaction runs: no field.
    Absent,
    /// The id the central system gave.
    Known(i64),
    /// Not known yet: the text gets a gap to be filled later.
    Gap,
}

impl Reading {
    /// Whether any of the measurands has a value now: MeterValues without one are not sent,
    /// because `sampledValue` needs at least one element (§7.30).
    #[must_use]
    pub fn shows_any(&self, measurands: &[Measurand]) -> bool {
        measurands.iter().any(|measurand| *measurand != Measurand::SoC || self.soc_tenths.is_some())
    }

    /// Appends the payload of a MeterValues.req. Returns the place of the gap, if there is one.
    pub fn write_request(
        &self,
        out: &mut String,
        connector: u32,
        transaction: TransactionField,
        context: ReadingContext,
        measurands: &[Measurand],
    ) -> Option<usize> {
        out.push_str("{\"connectorId\":");
        push_scaled(out, i64::from(connector), 0);
        let mut gap = None;
        if transaction != TransactionField::Absent {
            out.push_str(",\"transactionId\":");
            match transaction {
                TransactionField::Known(id) => push_scaled(out, id, 0),
                TransactionField::Gap | TransactionField::Absent => gap = Some(out.len()),
            }
        }
        out.push_str(",\"meterValue\":[");
        self.write_meter_value(out, context, measurands);
        out.push_str("]}");
        gap
    }

    /// Appends one element of `meterValue` or `transactionData`.
    pub fn write_meter_value(
        &self,
        out: &mut String,
        context: ReadingContext,
        measurands: &[Measurand],
    ) {
        out.push_str("{\"timestamp\":\"");
        self.at.write_ocpp(out);
        out.push_str("\",\"sampledValue\":[");
        let before = out.len();
        for &measurand in measurands {
            self.write_measurand(out, context, measurand);
        }
        if out.len() > before {
            out.pop();
        }
        out.push_str("]}");
    }

    /// Appends the values of one measurand, each followed by a comma.
    fn write_measurand(&self, out: &mut String, context: ReadingContext, measurand: Measurand) {
        let mut sample = Sample { out, context, measurand };
        let phases = usize::from(self.phases.clamp(1, 3));
        match measurand {
            Measurand::EnergyActiveImportRegister => sample.write(self.register_wh, 0, "Wh"),
            Measurand::PowerActiveImport => {
                sample.write((self.draw.power_mw + 50) / 100, 1, "W");
            }
            Measurand::CurrentImport => {
                let named = self.draw.current_ma.iter().zip(["L1", "L2", "L3"]);
                for (current_ma, phase) in named.take(phases) {
                    sample.write_phase((current_ma + 5) / 10, 2, phase, "A");
                }
            }
            Measurand::CurrentOffered => sample.write(self.current_offered().0, 1, "A"),
            Measurand::PowerOffered => sample.write(self.power_offered().0 * 10, 1, "W"),
            Measurand::Voltage => {
                for phase in &["L1-N", "L2-N", "L3-N"][..phases] {
                    sample.write_phase(self.voltage_v * 10, 1, phase, "V");
                }
            }
            Measurand::SoC => {
                if let Some(tenths) = self.soc_tenths {
                    sample.write_in_car(tenths, 1, "Percent");
                }
            }
            _ => debug_assert!(false, "{measurand} cannot be configured"),
        }
    }

    fn current_offered(&self) -> DeciAmps {
        match self.offer {
            Offer::None => DeciAmps::ZERO,
            Offer::Ac { current, .. } => current,
            Offer::Dc { power } => power.to_current(self.voltage_v.max(1), self.phases.max(1)),
        }
    }

    fn power_offered(&self) -> Watts {
        match self.offer {
            Offer::None => Watts::ZERO,
            Offer::Ac { current, phases, voltage_v, max_power } => {
                current.to_power(voltage_v, phases).min(max_power)
            }
            Offer::Dc { power } => power,
        }
    }
}

struct Sample<'a> {
    out: &'a mut String,
    context: ReadingContext,
    measurand: Measurand,
}

impl Sample<'_> {
    fn write(&mut self, scaled: i64, decimals: usize, unit: &str) {
        self.open(scaled, decimals);
        self.close(unit);
    }

    fn write_phase(&mut self, scaled: i64, decimals: usize, phase: &str, unit: &str) {
        self.open(scaled, decimals);
        self.out.push_str("\",\"phase\":\"");
        self.out.push_str(phase);
        self.close(unit);
    }

    fn write_in_car(&mut self, scaled: i64, decimals: usize, unit: &str) {
        self.open(scaled, decimals);
        self.out.push_str("\",\"location\":\"EV");
        self.close(unit);
    }

    fn open(&mut self, scaled: i64, decimals: usize) {
        self.out.push_str("{\"value\":\"");
        push_scaled(self.out, scaled, decimals);
        self.out.push_str("\",\"context\":\"");
        self.out.push_str(self.context.as_str());
        self.out.push_str("\",\"measurand\":\"");
        self.out.push_str(self.measurand.as_str());
    }

    fn close(&mut self, unit: &str) {
        self.out.push_str("\",\"unit\":\"");
        self.out.push_str(unit);
        self.out.push_str("\"},");
    }
}

/// Appends `scaled / 10^decimals` with exactly that many decimals.
pub fn push_scaled(out: &mut String, scaled: i64, decimals: usize) {
    let mut digits = [b'0'; 24];
    let mut at = digits.len();
    let mut rest = scaled.unsigned_abs();
    let mut written = 0;
    while rest > 0 || written <= decimals {
        if written == decimals && decimals > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    if scaled < 0 {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charger::CurrentKind;
    use crate::charger::measurand::{SUPPORTED, defaults};
    use crate::ocpp::messages::MeterValuesRequest;

    fn reading() -> Reading {
        Reading {
            at: Time::from_unix_s(1_777_875_600),
            register_wh: 123_456,
            draw: Draw { power_mw: 7_360_049, current_ma: [10_666, 10_667, 0] },
            offer: Offer::Ac {
                current: DeciAmps(107),
                phases: 3,
                voltage_v: 230,
                max_power: Watts(22_000),
            },
            soc_tenths: Some(573),
            phases: 3,
            voltage_v: 230,
        }
    }

    fn text(reading: &Reading, measurands: &[Measurand]) -> String {
        let mut out = String::new();
        let transaction = TransactionField::Known(-1);
        reading.write_request(&mut out, 2, transaction, ReadingContext::SampleClock, measurands);
        out
    }

    #[test]
    fn numbers_are_written_as_printf_would() {
        for (scaled, decimals, text) in [
            (0, 0, "0"),
            (0, 1, "0.0"),
            (5, 1, "0.5"),
            (-5, 2, "-0.05"),
            (73_600, 1, "7360.0"),
            (100, 2, "1.00"),
            (i64::MAX, 2, "92233720368547758.07"),
            (i64::MIN, 1, "-922337203685477580.8"),
        ] {
            let mut out = String::new();
            push_scaled(&mut out, scaled, decimals);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn the_written_text_is_what_the_typed_message_writes() {
        for measurands in [&SUPPORTED[..], &defaults(CurrentKind::Ac), &[Measurand::SoC]] {
            for phases in 1..=3 {
                let text = text(&Reading { phases, ..reading() }, measurands);
                let typed: MeterValuesRequest<'_> = serde_json::from_str(&text).unwrap();
                assert_eq!(serde_json::to_string(&typed).unwrap(), text);
            }
        }
    }

    #[test]
    fn values_carry_what_the_meter_shows() {
        let text = text(&reading(), &SUPPORTED);
        let typed: MeterValuesRequest<'_> = serde_json::from_str(&text).unwrap();
        let values: Vec<_> =
            typed.meter_value[0].sampled_value.iter().map(|sample| &*sample.value).collect();
        assert_eq!(
            values,
            [
                "123456", "7360.0", "10.67", "10.67", "0.00", "10.7", "7383.0", "57.3", "230.0",
                "230.0", "230.0"
            ]
        );
        assert_eq!(typed.transaction_id, Some(-1));
    }

    #[test]
    fn an_unknown_state_of_charge_leaves_no_comma_behind() {
        let silent = Reading { soc_tenths: None, ..reading() };
        assert!(!silent.shows_any(&[Measurand::SoC]));
        let text = text(&silent, &[Measurand::SoC, Measurand::Voltage, Measurand::SoC]);
        assert!(serde_json::from_str::<MeterValuesRequest<'_>>(&text).is_ok(), "{text}");
    }

    #[test]
    fn an_unknown_transaction_leaves_a_gap_to_fill() {
        let mut out = String::new();
        let gap = reading().write_request(
            &mut out,
            1,
            TransactionField::Gap,
            ReadingContext::SamplePeriodic,
            &SUPPORTED,
        );
        out.insert_str(gap.unwrap(), "42");
        let typed: MeterValuesRequest<'_> = serde_json::from_str(&out).unwrap();
        assert_eq!(typed.transaction_id, Some(42));
    }
}
