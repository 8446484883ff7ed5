//! The measurands the simulated meter supports, and the lists of them in configuration keys.

use crate::charger::CurrentKind;
pub use crate::ocpp::types::Measurand;

/// What the simulated meter can sample. `Voltage` is the nominal voltage; `SoC` is there only
/// while the car tells it; the two offers are what the station signals, not measured.
pub const SUPPORTED: [Measurand; 7] = [
    Measurand::EnergyActiveImportRegister,
    Measurand::PowerActiveImport,
    Measurand::CurrentImport,
    Measurand::CurrentOffered,
    Measurand::PowerOffered,
    Measurand::SoC,
    Measurand::Voltage,
];

/// What a station samples unless configured otherwise: energy, power, currents, the offer, and for
/// DC the state of charge, which an AC car does not tell.
#[must_use]
pub fn defaults(kind: CurrentKind) -> Vec<Measurand> {
    let always = [
        Measurand::EnergyActiveImportRegister,
        Measurand::PowerActiveImport,
        Measurand::CurrentImport,
    ];
    let by_kind: &[Measurand] = match kind {
        CurrentKind::Ac => &[Measurand::CurrentOffered],
        CurrentKind::Dc => &[Measurand::PowerOffered, Measurand::SoC],
    };
    [&always, by_kind].concat()
}

/// Reads a comma-separated list as in `MeterValuesSampledData`; names compare without case and
/// may stand between blanks. Empty text is the empty list.
///
/// `None`: a name is unknown or not supported by this meter, or occurs twice.
#[must_use]
pub fn parse_list(text: &str) -> Option<Vec<Measurand>> {
    let mut list = Vec::new();
    if text.trim().is_empty() {
        return Some(list);
    }
    for item in text.split(',') {
        let name = item.trim();
        let known = SUPPORTED.iter().find(|known| known.as_str().eq_ignore_ascii_case(name))?;
        if list.contains(known) {
            return None;
        }
        list.push(*known);
    }
    Some(list)
}

/// The list as the configuration key holds it.
#[must_use]
pub fn join(list: &[Measurand]) -> String {
    let names: Vec<&str> = list.iter().map(|measurand| measurand.as_str()).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_and_keeps_its_order() {
        let list = defaults(CurrentKind::Dc);
        assert_eq!(parse_list(&join(&list)), Some(list));
        assert_eq!(parse_list(" soc , voltage"), Some(vec![Measurand::SoC, Measurand::Voltage]));
        assert_eq!(parse_list("  "), Some(Vec::new()));
    }

    #[test]
    fn one_unsupported_name_refuses_the_whole_list() {
        assert_eq!(parse_list("SoC,Frequency"), None);
        assert_eq!(parse_list("SoC,,Voltage"), None);
        assert_eq!(parse_list("SoC,soc"), None);
    }
}
