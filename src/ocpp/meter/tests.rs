use super::*;
use crate::ocpp::types::ValueFormat;
use crate::time::Time;
use Measurand as M;
use UnitOfMeasure as U;
use proptest::prelude::*;

fn sample(
    measurand: Measurand,
    phase: Option<Phase>,
    unit: UnitOfMeasure,
    value: &str,
) -> SampledValue<'_> {
    SampledValue { measurand: Some(measurand), phase, unit: Some(unit), ..SampledValue::new(value) }
}

fn current(phase: Phase, value: &str) -> SampledValue<'_> {
    sample(M::CurrentImport, Some(phase), U::A, value)
}

fn voltage(phase: Phase, value: &str) -> SampledValue<'_> {
    sample(M::Voltage, Some(phase), U::V, value)
}

#[test]
fn a_bare_value_is_the_register_in_watt_hours() {
    let reading = MeterReading::from_values(&[SampledValue::new("12345.6")]);
    assert_eq!(reading.energy_wh, Some(12_346));
    assert_eq!(reading.context, Some(ReadingContext::SamplePeriodic));
    assert_eq!(reading.power_w, None);
}

#[test]
fn kilo_units_are_scaled() {
    let reading = MeterReading::from_values(&[
        sample(M::EnergyActiveImportRegister, None, U::KWh, "12.345"),
        sample(M::PowerActiveImport, None, U::KW, "10,98"),
        sample(M::PowerOffered, None, U::KW, "11"),
        sample(M::SoC, None, U::Percent, "57.4"),
    ]);
    assert_eq!(reading.energy_wh, Some(12_345));
    assert_eq!(reading.power_w, Some(10_980));
    assert_eq!(reading.offered_w, Some(11_000));
    assert_eq!(reading.soc_pct, Some(57));
}

#[test]
fn power_without_phase_wins_over_phases_and_phases_over_the_product() {
    let power = |phase, value| sample(M::PowerActiveImport, phase, U::W, value);
    let phases = [
        power(Some(Phase::L1), "3600"),
        power(Some(Phase::L2N), "3500"),
        power(Some(Phase::L3), "3400"),
        power(Some(Phase::N), "77"),
        current(Phase::L1, "1"),
        voltage(Phase::L1N, "1"),
    ];
    assert_eq!(MeterReading::from_values(&phases).power_w, Some(10_500));
    let mut whole = phases.to_vec();
    whole.push(power(None, "10400"));
    assert_eq!(MeterReading::from_values(&whole).power_w, Some(10_400));
}

#[test]
fn power_is_computed_from_voltages_and_currents() {
    let currents =
        [current(Phase::L1, "16.04"), current(Phase::L2, "15.96"), current(Phase::L3, "0")];
    let with = |voltages: &[SampledValue<'static>]| {
        let mut values: Vec<SampledValue<'_>> = currents.to_vec();
        values.extend_from_slice(voltages);
        MeterReading::from_values(&values)
    };
    let reading = with(&[
        voltage(Phase::L1N, "230.1"),
        voltage(Phase::L2N, "231"),
        voltage(Phase::L3N, "229"),
    ]);
    assert_eq!(reading.power_w, Some(7378), "16.04 * 230.1 + 15.96 * 231 = 7377.56");
    assert_eq!(reading.current_da, [Some(160), Some(160), Some(0)]);
    assert_eq!(with(&[sample(M::Voltage, None, U::V, "230")]).power_w, Some(7360));
    let chained = [(Phase::L1L2, "400"), (Phase::L2L3, "400"), (Phase::L3L1, "400")]
        .map(|(phase, value)| voltage(phase, value));
    assert_eq!(with(&chained).power_w, Some(7390), "400 V / sqrt 3 * 32 A");
    assert_eq!(with(&[]).power_w, None, "no voltage was measured");
    assert_eq!(with(&[sample(M::Voltage, None, U::V, "0")]).power_w, None);
}

#[test]
fn direct_current_has_no_phase() {
    let reading = MeterReading::from_values(&[
        sample(M::CurrentImport, None, U::A, "125.5"),
        sample(M::Voltage, None, U::V, "400"),
    ]);
    assert_eq!(reading.power_w, Some(50_200));
    assert_eq!(reading.current_da, [Some(1255), None, None]);
}

#[test]
fn the_offer_is_the_one_without_phase_or_the_largest() {
    let offered = |phase, value| sample(M::CurrentOffered, phase, U::A, value);
    let phases = [offered(Some(Phase::L1), "16"), offered(Some(Phase::L2), "13.5")];
    assert_eq!(MeterReading::from_values(&phases).offered_da, Some(160));
    assert_eq!(MeterReading::from_values(&[offered(None, "6")]).offered_da, Some(60));
}

#[test]
fn the_neutral_conductor_and_foreign_values_count_for_nothing() {
    let reading = MeterReading::from_values(&[
        sample(M::PowerActiveImport, Some(Phase::N), U::W, "12"),
        sample(M::PowerActiveImport, None, U::Varh, "5"),
        sample(M::EnergyActiveExportRegister, None, U::Wh, "99"),
        sample(M::SoC, None, U::Percent, "255"),
        SampledValue { format: Some(ValueFormat::SignedData), ..SampledValue::new("12") },
        SampledValue::new("string"),
    ]);
    assert_eq!(MeterReading { context: None, ..reading }, MeterReading::default());
}

#[test]
fn a_current_told_of_the_neutral_conductor_alone_is_one_without_phase() {
    let neutral = current(Phase::N, "16");
    let reading = MeterReading::from_values(&[neutral.clone(), voltage(Phase::L1N, "230")]);
    assert_eq!(reading.current_da, [Some(160), None, None]);
    assert_eq!((reading.power_w, reading.power_of_one_phase), (Some(3_680), true));
    let beside = MeterReading::from_values(&[neutral, current(Phase::L1, "10")]);
    assert_eq!(beside.current_da, [Some(100), None, None]);
    assert!(!beside.power_of_one_phase);
}

#[test]
fn a_register_keeps_the_decimals_of_a_watt_hour() {
    let reading = MeterReading::from_values(&[SampledValue::new("120.512")]);
    assert_eq!((reading.energy_wh, reading.energy_mwh), (Some(121), Some(120_512)));
}

#[test]
fn the_outlet_counts_and_the_begin_of_the_transaction_does_not_when_there_is_more() {
    let at = |location, value| SampledValue { location, ..SampledValue::new(value) };
    let values = [at(None, "100"), at(Some(Location::Inlet), "103")];
    assert_eq!(MeterReading::from_values(&values).energy_wh, Some(100));
    let inlet_only = [at(Some(Location::Inlet), "103")];
    assert_eq!(MeterReading::from_values(&inlet_only).energy_wh, Some(103));

    let when = |context, value| SampledValue { context, ..SampledValue::new(value) };
    let end = when(Some(ReadingContext::TransactionEnd), "900");
    let begin = when(Some(ReadingContext::TransactionBegin), "100");
    let reading = MeterReading::from_values(&[end.clone(), begin.clone()]);
    assert_eq!(reading.energy_wh, Some(900));
    assert_eq!(reading.context, Some(ReadingContext::TransactionEnd));
    let reading = MeterReading::from_values(&[begin]);
    assert_eq!(reading.context, Some(ReadingContext::TransactionBegin));
}

#[test]
fn meter_values_of_the_same_instant_belong_together() {
    let value = |second, sampled: SampledValue<'static>| MeterValue {
        timestamp: Timestamp(Time::from_unix_s(second)),
        sampled_value: vec![sampled],
    };
    let values = [
        value(10, current(Phase::L1, "10")),
        value(10, voltage(Phase::L1, "230")),
        value(20, current(Phase::L1, "11")),
    ];
    let readings: Vec<_> = MeterReading::by_instant(&values).collect();
    assert_eq!(readings.len(), 2);
    assert_eq!(readings[0].1.power_w, Some(2300));
    assert_eq!((readings[1].1.power_w, readings[1].1.current_da[0]), (None, Some(110)));
}

proptest! {
    #[test]
    fn a_number_reads_the_same_with_any_number_of_decimals(
        thousandths in 0_i64..1_000_000_000_000, zeros in 0_usize..4
    ) {
        let text =
            format!("{}.{:03}{}", thousandths / 1000, thousandths % 1000, "0".repeat(zeros));
        prop_assert_eq!(scaled(&text, 3), Some(thousandths));
    }

    #[test]
    fn no_text_and_no_magnitude_panics(
        texts in proptest::collection::vec("[-+0-9.,eE]{0,24}|\\PC{0,6}", 0..8),
        kinds in proptest::collection::vec((0_usize..22, 0_usize..10, 0_usize..5), 8)
    ) {
        let values: Vec<SampledValue<'_>> = texts
            .iter()
            .zip(kinds)
            .map(|(text, (measurand, phase, _))| SampledValue {
                measurand: Some(Measurand::ALL[measurand]),
                phase: Phase::ALL.get(phase).copied(),
                ..SampledValue::new(text.as_str())
            })
            .collect();
        let _ = MeterReading::from_values(&values);
    }
}
