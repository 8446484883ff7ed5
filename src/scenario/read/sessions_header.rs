//! The header of a session file: which form it has and which column means what.

use super::sheet::Field;
use crate::scenario::diagnostic::{Diagnostic, Level};
use crate::scenario::source::Source;
use crate::scenario::suggest;

/// How times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// Minutes since the epoch.
    Minutes,
    /// Periods since the epoch.
    Periods,
    /// Date-times, or `+2h30m` after the epoch.
    DateTimes,
}

/// The columns of a file, by index.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) clock: Clock,
    pub(super) arrival: usize,
    pub(super) departure: usize,
    pub(super) energy: usize,
    pub(super) station: Option<usize>,
    /// Capacity, initial charge, maximum power.
    pub(super) battery: Option<[usize; 3]>,
    /// The car of the mix, by its name.
    pub(super) vehicle: Option<usize>,
    /// Initial charge of that car.
    pub(super) initial: Option<usize>,
    form: &'static Form,
}

/// The column names of one form.
#[derive(Debug)]
struct Form {
    name: &'static str,
    clock: Clock,
    arrival: &'static str,
    departure: &'static str,
    energy: &'static str,
    station: &'static str,
    battery: [&'static str; 3],
    ignored: &'static [&'static str],
}

/// The column that names a car of the mix, in every form.
const VEHICLE: &str = "vehicle";

static FORMS: [Form; 3] = [
    Form {
        name: "plain",
        clock: Clock::DateTimes,
        arrival: "arrival",
        departure: "departure",
        energy: "kwh",
        station: "charger",
        battery: ["capacity_kwh", "init_kwh", "max_kw"],
        ignored: &["session_id"],
    },
    Form {
        name: "workload",
        clock: Clock::Minutes,
        arrival: "arrival_min",
        departure: "departure_min",
        energy: "requested_kwh",
        station: "station",
        battery: ["capacity_kwh", "init_kwh", "max_kw"],
        ignored: &["session_id"],
    },
    Form {
        name: "ACN-Sim events",
        clock: Clock::Periods,
        arrival: "arrival_period",
        departure: "departure_period",
        energy: "requested_kwh",
        station: "station_id",
        battery: ["battery_capacity_kwh", "battery_init_kwh", "battery_max_kw"],
        ignored: &["estimated_departure_period", "session_id"],
    },
];

impl Form {
    fn required(&self) -> [&'static str; 3] {
        [self.arrival, self.departure, self.energy]
    }

    fn columns(&self) -> Vec<&'static str> {
        let optional = [self.station, VEHICLE].into_iter().chain(self.battery);
        self.required().into_iter().chain(optional).chain(self.ignored.iter().copied()).collect()
    }
}

impl Columns {
    /// Finds the form whose required columns are all there.
    pub(super) fn find(source: &Source, header: &[Field]) -> Result<Columns, Box<Diagnostic>> {
        let at = |name: &str| header.iter().position(|field| field.text == name);
        let matching = |form: &&Form| form.required().iter().all(|name| at(name).is_some());
        let Some(form) = FORMS.iter().find(matching) else {
            return Err(Box::new(no_form(source, header)));
        };
        let battery = form.battery.map(at);
        Ok(Columns {
            clock: form.clock,
            arrival: at(form.arrival).unwrap_or_default(),
            departure: at(form.departure).unwrap_or_default(),
            energy: at(form.energy).unwrap_or_default(),
            station: at(form.station),
            battery: match battery {
                [Some(capacity), Some(initial), Some(max)] => Some([capacity, initial, max]),
                _ => None,
            },
            vehicle: at(VEHICLE),
            initial: at(form.battery[1]),
            form,
        })
    }

    /// Columns that mean nothing in this form, as warnings; incomplete batteries, as errors.
    pub(super) fn notes(&self, source: &Source, header: &[Field]) -> Vec<Diagnostic> {
        let known = self.form.columns();
        let mut notes: Vec<Diagnostic> = header
            .iter()
            .filter(|field| !known.contains(&field.text.as_str()))
            .map(|field| {
                let message = format!("the column `{}` is ignored", field.text);
                let mut note = source.diagnostic(Level::Warning, field.span.clone(), &message);
                note.label(&format!("not a column of the {} form", self.form.name));
                note.help(&suggest::hint(&field.text, "columns", &known));
                note
            })
            .collect();
        let [_, initial, _] = self.form.battery;
        let battery: Vec<&Field> = header
            .iter()
            .filter(|field| self.form.battery.contains(&field.text.as_str()))
            // A car of the mix has a battery; how full it comes may be said.
            .filter(|field| self.vehicle.is_none() || field.text != initial)
            .collect();
        if let (Some(first), None) = (battery.first(), self.battery) {
            let message = "the battery columns are incomplete";
            let mut note = source.diagnostic(Level::Error, first.span.clone(), message);
            note.label("not all three are there");
            note.help(&format!("a battery takes the columns {}", self.form.battery.join(", ")));
            notes.push(note);
        }
        notes
    }
}

fn no_form(source: &Source, header: &[Field]) -> Diagnostic {
    let has = |name: &str| header.iter().any(|field| field.text == name);
    let nearest = FORMS.iter().max_by_key(|form| {
        // On a tie the plain form, which is the first, is the one to explain.
        (form.required().iter().filter(|name| has(name)).count(), form.clock == Clock::DateTimes)
    });
    let form = nearest.unwrap_or(&FORMS[0]);
    let missing: Vec<&str> = form.required().into_iter().filter(|name| !has(name)).collect();
    let span = header.first().map_or(0..0, |first| {
        first.span.start..header.last().map_or(first.span.end, |last| last.span.end)
    });
    let message = format!("not a session file: no column `{}`", missing.join("`, `"));
    let mut problem = source.diagnostic(Level::Error, span, &message);
    problem.label(if header.is_empty() { "no header" } else { "this header" });
    let slip = missing.first().and_then(|name| {
        let unused = header.iter().filter(|field| !form.columns().contains(&field.text.as_str()));
        suggest::nearest(name, unused.map(|field| field.text.as_str()))
    });
    let header_uses = |c: char| header.len() == 1 && header[0].text.contains(c);
    problem.help(&match slip {
        Some(slip) => format!("rename the column `{slip}` to `{}`", missing[0]),
        None if header_uses(';') || header_uses('\t') => {
            "separate the columns by commas".to_owned()
        }
        None => "the columns are `arrival,departure,kwh[,charger]`, those of a workload file, or \
                 those of an ACN-Sim events file"
            .to_owned(),
    });
    problem
}
