//! Whatever stands in a file, it is imported or refused.

use ampacity::import::{self, DayOrder, Decimal, Options};
use proptest::prelude::*;

use crate::given::{EXPORT, NAMES, berlin, imported, loaded, sessions};

/// A field as lists have them, right and wrong.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..=31_u8, 1..=12_u8, 0..=24_u8, 0..=60_u8)
            .prop_map(|(d, m, h, min)| format!("{d:02}/{m:02}/2024 {h:02}:{min:02}")),
        (1..=12_u8, 1..=31_u8, 0..=23_u8)
            .prop_map(|(m, d, h)| format!("2024-{m:02}-{d:02}T{h:02}:00:00+01:00")),
        (-10.0..200.0_f64).prop_map(|kwh| format!("{kwh:.2}")),
        "[0-9]{1,13}",
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ]
}

/// A row of a list whose columns have the right names: mostly sound, sometimes anything.
fn row() -> impl Strategy<Value = String> {
    let at = || {
        (1..=28_u8, 0..=23_u8, 0..=59_u8)
            .prop_map(|(d, h, m)| format!("2024-05-{d:02} {h:02}:{m:02}"))
    };
    let station = "[A-C]";
    let kwh = (0.0..90.0_f64).prop_map(|kwh| format!("{kwh:.1}"));
    let sound = (at(), 1..=2000_u16, kwh, station)
        .prop_map(|(start, minutes, kwh, station)| format!("{start},{minutes},{kwh},{station}"));
    let wrong = proptest::collection::vec(field(), 0..6).prop_map(|fields| fields.join(","));
    prop_oneof![9 => sound, 1 => wrong]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_imported_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = import::sessions(&bytes, NAMES, &berlin());
        let _ = import::acn(&bytes, NAMES, &berlin());
    }

    #[test]
    fn a_damaged_export_is_imported_or_refused(
        at in 0..EXPORT.len(),
        cut in 0..40_usize,
        put in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = EXPORT.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put);
        if let Ok(imported) = import::sessions(&bytes, NAMES, &berlin()) {
            loaded(&imported);
        }
    }

    #[test]
    fn what_is_imported_loads_without_a_warning(rows in proptest::collection::vec(row(), 1..60)) {
        let text = format!("start,duration_min,kwh,station\n{}\n", rows.join("\n"));
        let options =
            Options { dates: Some(DayOrder::DayFirst), decimal: Some(Decimal::Point), ..berlin() };
        if let Ok(imported) = sessions(&text, &options) {
            let scenario = loaded(&imported);
            let fleet = ampacity::scenario::expand(&scenario, 1);
            prop_assert_eq!(fleet.sessions.len(), imported.sessions.lines().count() - 1);
        }
    }
}

#[test]
fn the_same_list_gives_the_same_texts() {
    let (first, second) = (imported(EXPORT, &berlin()), imported(EXPORT, &berlin()));
    assert_eq!((first.scenario, first.sessions), (second.scenario, second.sessions));
}
