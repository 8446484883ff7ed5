//! What became of the rows that were not taken as they are.

use std::collections::BTreeMap;

/// Why a row was left out or changed, in the order of the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Strange,
    NoArrival,
    StrangeArrival,
    NoDeparture,
    StrangeDeparture,
    NoEnergy,
    StrangeEnergy,
    ZeroEnergy,
    TooMuchEnergy,
    NoStation,
    Backward,
    NoStay,
    TooLong,
    Twice,
    Together,
    Outside,
    /// From here on the row was changed and used.
    BackToBack,
    CutShort,
    Lowered,
}

impl Fate {
    /// Whether such a row is in the scenario, with a change.
    pub(super) fn is_change(self) -> bool {
        self >= Fate::BackToBack
    }

    fn words(self) -> &'static str {
        match self {
            Fate::Strange => "not a document of a session",
            Fate::NoArrival => "the arrival is missing",
            Fate::StrangeArrival => "the arrival is no date and time",
            Fate::NoDeparture => "the departure is missing",
            Fate::StrangeDeparture => "the departure cannot be read",
            Fate::NoEnergy => "the energy is missing",
            Fate::StrangeEnergy => "the energy is no number",
            Fate::ZeroEnergy => "no energy was taken",
            Fate::TooMuchEnergy => "more than 1000 kWh",
            Fate::NoStation => "the station is missing",
            Fate::Backward => "the car leaves before it comes",
            Fate::NoStay => "the car leaves when it comes",
            Fate::TooLong => "plugged in for more than 30 days",
            Fate::Twice => "the same session once more",
            Fate::Together => "begins together with another one at its connector",
            Fate::Outside => "arrives outside the period that was asked for",
            Fate::BackToBack => "ends 1 s earlier: the next car comes in the same minute",
            Fate::CutShort => "cut short by the next car at its connector",
            Fate::Lowered => "energy lowered to what the station can give in the stay",
        }
    }
}

/// How many rows met each fate.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// What rows are counted in.
    unit: &'static str,
    /// Count, first line, and an example of what stands there.
    fates: BTreeMap<Fate, (usize, u64, String)>,
}

impl Tally {
    /// For rows that are counted in this unit.
    pub(super) fn new(unit: &'static str) -> Tally {
        Tally { unit, fates: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, fate: Fate, line: u64) {
        self.add_text(fate, line, "");
    }

    /// The same with the text that is to blame.
    pub(super) fn add_text(&mut self, fate: Fate, line: u64, text: &str) {
        let entry = self.fates.entry(fate).or_insert_with(|| (0, line, text.to_owned()));
        entry.0 += 1;
        if line < entry.1 {
            (entry.1, entry.2) = (line, text.to_owned());
        }
    }

    pub(super) fn left_out(&self) -> usize {
        self.sum(false)
    }

    pub(super) fn changed(&self) -> usize {
        self.sum(true)
    }

    fn sum(&self, changes: bool) -> usize {
        let chosen = self.fates.iter().filter(|(fate, _)| fate.is_change() == changes);
        chosen.map(|(_, (count, ..))| count).sum()
    }

    /// How many met this one.
    pub(super) fn count(&self, fate: Fate) -> usize {
        self.fates.get(&fate).map_or(0, |(count, ..)| *count)
    }

    /// A line each: how many, why, and where the first one stands.
    pub(super) fn lines(&self, changes: bool) -> Vec<String> {
        let chosen = self.fates.iter().filter(|(fate, _)| fate.is_change() == changes);
        chosen
            .map(|(fate, (count, line, text))| {
                let shown: String = text.chars().take(40).collect();
                let example = if text.is_empty() { String::new() } else { format!(": `{shown}`") };
                format!("{count:>7}  {} (first in {} {line}{example})", fate.words(), self.unit)
            })
            .collect()
    }
}
