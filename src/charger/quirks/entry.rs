//! What a quirk is: its row of the table, reading one, contradictions between two.

use std::fmt;

use crate::charger::CurrentKind;
use crate::charger::quirks::knobs::{Knobs, WrongId};
use crate::charger::quirks::table::QUIRKS;

/// One quirk of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// As in `quirks = ["name"]`.
    pub name: &'static str,
    /// What stands behind the `=`.
    pub parameter: Parameter,
    /// What the station does.
    pub about: &'static str,
    /// Only stations of this kind of current can have it.
    pub only: Option<CurrentKind>,
    /// Quirks of a group are about the same thing and exclude each other, unless both can be
    /// repeated and their parameters differ. Empty: no group.
    group: &'static str,
    set: Set,
}

/// How a quirk turns its knob.
#[derive(Clone, Copy, Debug)]
enum Set {
    Flag(fn(&mut Knobs)),
    Whole(fn(&mut Knobs, i64)),
    Name(fn(&mut Knobs, &'static str)),
    Id(fn(&mut Knobs, WrongId)),
}

/// What a quirk takes behind its `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Nothing.
    None,
    /// A whole number.
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// One of these; the quirk can be given once for each.
    OneOf(&'static [&'static str]),
    /// One of these, once.
    Style(&'static [&'static str]),
    /// A whole number, or `stale`.
    Id,
}

/// A parameter as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A number.
    Whole(i64),
    /// One of the names of the parameter.
    Name(&'static str),
}

/// A quirk as a station has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirk {
    place: usize,
    argument: Argument,
}

/// Why a text is no quirk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// No quirk has this name.
    Unknown(String),
    /// It takes no parameter, or none that is given.
    Parameter(&'static str, Parameter),
}

impl Quirk {
    /// Reads `name`, or `name=parameter`.
    ///
    /// # Errors
    /// When no quirk has this name, or it takes another parameter.
    pub fn parse(text: &str) -> Result<Quirk, Misfit> {
        let (name, given) = match text.split_once('=') {
            Some((name, given)) => (name.trim(), Some(given.trim())),
            None => (text.trim(), None),
        };
        let place = QUIRKS.iter().position(|entry| entry.name == name);
        let place = place.ok_or_else(|| Misfit::Unknown(name.to_owned()))?;
        let entry = &QUIRKS[place];
        let argument = entry.parameter.read(given);
        let argument = argument.ok_or(Misfit::Parameter(entry.name, entry.parameter))?;
        Ok(Quirk { place, argument })
    }

    /// Its row of the table.
    #[must_use]
    pub fn entry(&self) -> &'static Entry {
        &QUIRKS[self.place]
    }

    pub(super) fn apply(self, knobs: &mut Knobs) {
        match (self.entry().set, self.argument) {
            (Set::Flag(set), _) => set(knobs),
            (Set::Whole(set), Argument::Whole(number)) => set(knobs, number),
            (Set::Name(set), Argument::Name(name)) => set(knobs, name),
            (Set::Id(set), Argument::Whole(id)) => set(knobs, WrongId::Fixed(id)),
            (Set::Id(set), Argument::Name(_)) => set(knobs, WrongId::Stale),
            // A parameter is read as its quirk takes it.
            (Set::Whole(_) | Set::Name(_) | Set::Id(_), _) => {}
        }
    }

    fn excludes(self, other: Quirk) -> bool {
        let (a, b) = (self.entry(), other.entry());
        let about_the_same = a.name == b.name || (!a.group.is_empty() && a.group == b.group);
        let repeats = |entry: &Entry| matches!(entry.parameter, Parameter::OneOf(_));
        let differ = repeats(a) && repeats(b) && self.argument != other.argument;
        about_the_same && !differ
    }
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().name)?;
        match self.argument {
            Argument::None => Ok(()),
            Argument::Whole(number) => write!(f, "={number}"),
            Argument::Name(name) => write!(f, "={name}"),
        }
    }
}

impl Parameter {
    fn read(self, given: Option<&str>) -> Option<Argument> {
        let known = |names: &'static [&'static str]| {
            names.iter().find(|name| Some(**name) == given).map(|name| Argument::Name(name))
        };
        match self {
            Parameter::None => given.is_none().then_some(Argument::None),
            Parameter::Whole { min, max } => {
                let number = given?.parse().ok()?;
                (min..=max).contains(&number).then_some(Argument::Whole(number))
            }
            Parameter::OneOf(names) | Parameter::Style(names) => known(names),
            Parameter::Id => {
                let number = given?.parse().map(Argument::Whole).ok();
                number.or_else(|| known(&["stale"]))
            }
        }
    }

    /// Valid texts behind the name, as an example of each.
    #[must_use]
    pub fn examples(self, name: &str) -> Vec<String> {
        match self {
            Parameter::None => vec![name.to_owned()],
            Parameter::Whole { min, max } => {
                vec![format!("{name}={}", if (min..=max).contains(&10) { 10 } else { min.max(0) })]
            }
            Parameter::OneOf(names) | Parameter::Style(names) => {
                names.iter().map(|value| format!("{name}={value}")).collect()
            }
            Parameter::Id => vec![format!("{name}=0"), format!("{name}=stale")],
        }
    }
}

impl fmt::Display for Parameter {
    /// What may stand behind the `=`, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameter::None => f.write_str("nothing"),
            Parameter::Whole { min, max } => write!(f, "a whole number from {min} to {max}"),
            Parameter::OneOf(names) | Parameter::Style(names) => {
                write!(f, "one of {}", names.join(", "))
            }
            Parameter::Id => f.write_str("a whole number or `stale`"),
        }
    }
}

/// The names of all quirks.
#[must_use]
pub fn names() -> Vec<&'static str> {
    QUIRKS.iter().map(|entry| entry.name).collect()
}

/// The first two quirks of a station that contradict each other, by their places.
#[must_use]
pub fn conflict(quirks: &[Quirk]) -> Option<(usize, usize)> {
    let pairs = (1..quirks.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    pairs.into_iter().find(|(a, b)| quirks[*a].excludes(quirks[*b]))
}

/// The table as documents show it.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| quirk | the station |\n|---|---|\n");
    for entry in QUIRKS {
        let given = match entry.parameter {
            Parameter::None => String::new(),
            Parameter::Whole { .. } => "=N".to_owned(),
            Parameter::OneOf(names) | Parameter::Style(names) => format!("={}", names.join("/")),
            Parameter::Id => "=N/stale".to_owned(),
        };
        text.push_str(&format!("| `{}{given}` | {} |\n", entry.name, entry.about));
    }
    text
}

/// A quirk without a parameter.
pub(super) const fn flag(
    name: &'static str,
    group: &'static str,
    about: &'static str,
    set: fn(&mut Knobs),
) -> Entry {
    row(name, Parameter::None, group, about, Set::Flag(set))
}

/// A quirk with a number.
pub(super) const fn whole(
    name: &'static str,
    (min, max): (i64, i64),
    about: &'static str,
    set: fn(&mut Knobs, i64),
) -> Entry {
    row(name, Parameter::Whole { min, max }, "", about, Set::Whole(set))
}

/// A quirk that can be given once for each of these names.
pub(super) const fn one_of(
    name: &'static str,
    names: &'static [&'static str],
    group: &'static str,
    about: &'static str,
    set: fn(&mut Knobs, &'static str),
) -> Entry {
    row(name, Parameter::OneOf(names), group, about, Set::Name(set))
}

/// A quirk with one of these names.
pub(super) const fn style(
    name: &'static str,
    names: &'static [&'static str],
    about: &'static str,
    set: fn(&mut Knobs, &'static str),
) -> Entry {
    row(name, Parameter::Style(names), "", about, Set::Name(set))
}

/// A quirk with a transaction id.
pub(super) const fn id(
    name: &'static str,
    about: &'static str,
    set: fn(&mut Knobs, WrongId),
) -> Entry {
    row(name, Parameter::Id, "", about, Set::Id(set))
}

/// Of AC stations alone.
pub(super) const fn ac(entry: Entry) -> Entry {
    Entry { only: Some(CurrentKind::Ac), ..entry }
}

/// Of a group.
pub(super) const fn grouped(group: &'static str, entry: Entry) -> Entry {
    Entry { group, ..entry }
}

const fn row(
    name: &'static str,
    parameter: Parameter,
    group: &'static str,
    about: &'static str,
    set: Set,
) -> Entry {
    Entry { name, parameter, about, only: None, group, set }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quirk(text: &str) -> Quirk {
        Quirk::parse(text).expect("a quirk of the table")
    }

    #[test]
    fn every_quirk_of_the_table_reads_back_as_it_is_written() {
        for entry in QUIRKS {
            for text in entry.parameter.examples(entry.name) {
                assert_eq!(quirk(&text).to_string(), text);
                assert_eq!(quirk(&text).entry().name, entry.name);
            }
        }
    }

    #[test]
    fn a_parameter_too_many_missing_or_out_of_range_is_no_quirk() {
        for text in ["ignores_zero=1", "max_stack_level", "limit_step_a=0", "phase_style=L4"] {
            assert!(matches!(Quirk::parse(text), Err(Misfit::Parameter(..))), "{text}");
        }
        assert_eq!(Quirk::parse("ignore_zero"), Err(Misfit::Unknown("ignore_zero".to_owned())));
    }

    #[test]
    fn quirks_about_the_same_thing_exclude_each_other() {
        let conflict_of = |texts: &[&str]| {
            let quirks: Vec<Quirk> = texts.iter().map(|text| quirk(text)).collect();
            conflict(&quirks)
        };
        assert_eq!(
            conflict_of(&["duplicate_start", "ignores_zero", "stuck_after_zero"]),
            Some((1, 2))
        );
        assert_eq!(conflict_of(&["max_stack_level=0", "max_stack_level=1"]), Some((0, 1)));
        let purposes = ["rejects_purpose=TxProfile", "ignores_purpose=TxDefaultProfile"];
        assert_eq!(conflict_of(&purposes), None);
        let purposes = ["rejects_purpose=TxProfile", "ignores_purpose=TxProfile"];
        assert_eq!(conflict_of(&purposes), Some((0, 1)));
    }
}
