//! The rating of a charge point, by what it was seen to do.
//!
//! A measured current, an offer of the charge point and an accepted limit are each a lower bound; the rating is the
//! next usual size from there. Charge points of one model share what is known of any of them. The name of a model is
//! a hint that counts where it asks for more than was seen.

use super::seen::RatedBy;
use crate::charger::CurrentKind;
use crate::csms::config::Hardware;
use crate::ocpp::MeterReading;
use crate::scenario::catalogue;
use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V, Watts};

/// Usual currents of AC charge points, A.
const AMPS: [i64; 8] = [10, 13, 16, 20, 25, 32, 40, 63];
/// Usual powers of DC charge points, kW.
const KILOWATTS: [i64; 17] =
    [20, 25, 30, 50, 60, 75, 90, 100, 120, 150, 160, 180, 200, 240, 300, 350, 400];
/// No AC connector gives more, W.
const MOST_AC_W: i64 = 44_500;
/// What a meter may show above a rating.
const SLACK_DA: i64 = 5;

/// What speaks for a rating.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// Vendor and model.
    pub(super) model: String,
    /// Largest current of a phase and largest offer, tenths of an ampere.
    current_da: i64,
    /// Largest power and largest offer, W.
    power_w: i64,
    offered_w: i64,
    /// Phases of which the meter tells currents, drawn or not.
    phases_told: u8,
    /// Phases by a power and a current that belong together.
    phases_counted: u8,
    /// A car told its state of charge.
    soc: bool,
    /// Units by `ChargingScheduleAllowedChargingRateUnit`: amperes, watts.
    units: Option<(bool, bool)>,
    read: bool,
}

impl Evidence {
    /// BootNotification.
    pub(super) fn boots(&mut self, vendor: &str, model: &str) {
        self.model = format!("{vendor} {model}").trim().to_owned();
    }

    /// A reading of the meter.
    pub(super) fn reads(&mut self, reading: &MeterReading) {
        self.read = true;
        let known = reading.current_da.iter().flatten();
        let (count, most) = known.fold((0, 0), |(n, most), it| (n + 1, most.max(*it)));
        self.current_da = self.current_da.max(most).max(reading.offered_da.unwrap_or(0));
        self.phases_told = self.phases_told.max(count);
        self.offered_w = self.offered_w.max(reading.offered_w.unwrap_or(0));
        self.soc |= reading.soc_pct.is_some();
        let Some(watts) = reading.power_w.filter(|_| !reading.power_of_one_phase) else { return };
        self.power_w = self.power_w.max(watts);
        if count == 1 && most > 30 {
            let one = most * NOMINAL_VOLTAGE_V / 10;
            let phases = ((watts + one / 2) / one).clamp(1, 3) as u8;
            self.phases_counted = self.phases_counted.max(phases);
        }
    }

    /// `ChargingScheduleAllowedChargingRateUnit`.
    pub(super) fn allows(&mut self, value: &str) {
        let has = |names: [&str; 2]| {
            value.split(',').any(|it| names.iter().any(|name| it.trim().eq_ignore_ascii_case(name)))
        };
        let units = (has(["Current", "A"]), has(["Power", "W"]));
        self.units = (units.0 || units.1).then_some(units);
    }

    /// Takes over what another charge point of the same model has shown.
    pub(super) fn join(&mut self, other: &Evidence) {
        self.current_da = self.current_da.max(other.current_da);
        self.power_w = self.power_w.max(other.power_w);
        self.offered_w = self.offered_w.max(other.offered_w);
        self.phases_told = self.phases_told.max(other.phases_told);
        self.phases_counted = self.phases_counted.max(other.phases_counted);
        self.soc |= other.soc;
        self.units = self.units.or(other.units);
        self.read |= other.read;
    }

    /// Whether it gives direct current: cars tell their state of charge to nobody else, and no AC connector gives so
    /// much.
    pub(super) fn is_dc(&self) -> bool {
        let words = self.model.to_ascii_lowercase();
        let named = words.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            word.strip_prefix("dc").is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit()))
        });
        self.soc || named || self.power_w.max(self.offered_w) > MOST_AC_W
    }

    /// Phases of a connector.
    pub(super) fn phases(&self) -> u8 {
        match (self.is_dc(), self.phases_told, self.phases_counted) {
            (true, _, _) => 3,
            (false, 0 | 1, counted @ 1..) => counted,
            (false, told @ 1.., _) => told.min(3),
            (false, 0, 0) => self.named_kw().map_or(3, |kw| if kw < 8.0 { 1 } else { 3 }),
        }
    }

    /// Units in which it takes limits: amperes, watts.
    pub(super) fn units(&self) -> (bool, bool) {
        self.units.unwrap_or(if self.is_dc() { (false, true) } else { (true, false) })
    }

    /// The rating, and where it comes from. The highest limits that were accepted: tenths of an ampere and of a watt.
    pub(super) fn rating(&self, highest_da: i64, highest_dw: i64) -> (Hardware, RatedBy) {
        if self.is_dc() { self.dc(highest_dw) } else { self.ac(highest_da, highest_dw) }
    }

    fn ac(&self, highest_da: i64, highest_dw: i64) -> (Hardware, RatedBy) {
        let phases = self.phases();
        let one = NOMINAL_VOLTAGE_V * i64::from(phases);
        let of_watts = |watts: i64| watts * 10 / one;
        // A central system may allow more than any connector gives.
        let usual = |da: i64| if da <= 630 { da } else { 0 };
        let seen = self.current_da.max(of_watts(self.power_w)).max(of_watts(self.offered_w));
        let asked = usual(highest_da).max(usual(of_watts(highest_dw / 10)));
        let bound = seen.max(asked);
        let named = self.named_kw().map_or(0, |kw| of_watts((kw * 1000.0) as i64));
        let (bound, by) = match bound {
            _ if named > bound && named <= 630 => (named, RatedBy::Model),
            0 => (320, RatedBy::Assumed),
            _ => (bound, RatedBy::Measured),
        };
        let amps = AMPS.into_iter().find(|it| it * 10 + SLACK_DA >= bound).unwrap_or(63);
        let max_current = DeciAmps::from_amps(amps);
        let usual = catalogue::chargers(NOMINAL_VOLTAGE_V).into_iter().find(|spec| {
            spec.kind == CurrentKind::Ac && (spec.phases, spec.max_current) == (phases, max_current)
        });
        let rated =
            usual.map_or(max_current.to_power(NOMINAL_VOLTAGE_V, phases), |it| it.max_power);
        // A meter shows what 3 x 32 A give at its voltage, whatever the nominal power is.
        let hardware = Hardware {
            kind: CurrentKind::Ac,
            phases,
            max_current,
            max_power: rated,
            voltage_v: NOMINAL_VOLTAGE_V,
        };
        (hardware, by)
    }

    fn dc(&self, highest_dw: i64) -> (Hardware, RatedBy) {
        let seen = self.power_w.max(self.offered_w);
        let asked = Some(highest_dw / 10).filter(|it| *it <= 400_000).unwrap_or(0);
        let bound = seen.max(asked);
        let named = self.named_kw().map_or(0, |kw| (kw * 1000.0) as i64);
        let (bound, by) = match bound {
            _ if named > bound => (named, RatedBy::Model),
            0 => (50_000, RatedBy::Assumed),
            _ => (bound, RatedBy::Measured),
        };
        let kw = KILOWATTS.into_iter().find(|it| it * 1020 >= bound).unwrap_or(bound / 1000 + 1);
        let max_power = Watts(kw * 1000);
        let three = NOMINAL_VOLTAGE_V * 3;
        let hardware = Hardware {
            kind: CurrentKind::Dc,
            phases: 3,
            max_current: DeciAmps((max_power.0 * 10 + three - 1) / three),
            max_power,
            voltage_v: NOMINAL_VOLTAGE_V,
        };
        (hardware, by)
    }

    /// A usual power that the name of the model contains, kW.
    fn named_kw(&self) -> Option<f64> {
        let usual = |kw: f64| {
            let ac = [3.7, 7.0, 7.2, 7.4, 11.0, 22.0, 43.0];
            let dc = [25.0, 50.0, 75.0, 150.0, 300.0, 350.0, 400.0];
            if self.is_dc() { dc.contains(&kw) } else { ac.contains(&kw) }
        };
        let number = |part: &str| part.trim_matches('.').parse::<f64>().ok();
        self.model
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .filter_map(number)
            .find(|kw| usual(*kw))
            .map(|kw| if (7.0..=7.2).contains(&kw) { 7.36 } else { kw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(model: &str, power_w: i64, currents: &[i64]) -> Evidence {
        let mut evidence = Evidence::default();
        evidence.boots("Maker", model);
        let mut current_da = [None; 3];
        current_da.iter_mut().zip(currents).for_each(|(to, it)| *to = Some(*it));
        let power_w = (power_w > 0).then_some(power_w);
        evidence.reads(&MeterReading { power_w, current_da, ..MeterReading::default() });
        evidence
    }

    #[test]
    fn a_rating_is_the_next_usual_size_above_what_was_seen() {
        let told = |evidence: &Evidence, da, dw| {
            let (it, by) = evidence.rating(da, dw);
            (it.phases, it.max_current.amps(), it.max_power.0, by)
        };
        let three = seen("Wall", 10_900, &[158, 158, 158]);
        assert_eq!(told(&three, 0, 0), (3, 16.0, 11_000, RatedBy::Measured));
        assert_eq!(told(&three, 320, 0), (3, 32.0, 22_000, RatedBy::Measured));
        assert_eq!(told(&three, 9990, 0), (3, 16.0, 11_000, RatedBy::Measured), "no such limit");
        assert_eq!(
            told(&seen("Wall 22", 0, &[60, 60, 60]), 0, 0),
            (3, 32.0, 22_000, RatedBy::Model)
        );
        assert_eq!(told(&seen("Wall", 3_680, &[160]), 0, 0), (1, 16.0, 3_700, RatedBy::Measured));
        assert_eq!(told(&seen("Wall", 11_040, &[160]), 0, 0).0, 3, "one current for three phases");
        assert_eq!(told(&Evidence::default(), 0, 0), (3, 32.0, 22_000, RatedBy::Assumed));
        let dc = seen("Fast", 62_000, &[]);
        assert_eq!(told(&dc, 0, 0), (3, 108.7, 75_000, RatedBy::Measured));
        assert_eq!(dc.units(), (false, true));
    }

    #[test]
    fn charge_points_of_a_model_share_what_is_known() {
        let mut quiet = seen("Wall", 0, &[0, 0, 0]);
        quiet.join(&seen("Wall", 22_000, &[319, 319, 319]));
        assert_eq!(quiet.rating(0, 0).0.max_power, Watts(22_000));
    }
}
