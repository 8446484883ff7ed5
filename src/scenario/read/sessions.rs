//! Session files: CSV with a header, in one of three forms told apart by their columns.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::sessions_header::{Clock, Columns};
use super::sheet::{Field, Sheet, rows};
use super::vehicles::fits;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::{Charger, ListedBattery, ListedSession, ListedVehicle, VehicleMix};
use crate::scenario::source::Source;
use crate::scenario::suggest;
use crate::time::{Span, Time};

/// How a file is to be read.
pub(super) struct Layout<'a> {
    /// What minutes and periods count from.
    pub(super) epoch: Time,
    /// Zone of local times.
    pub(super) zone: TimeZone,
    pub(super) period: Span,
    pub(super) map_stations: bool,
    pub(super) chargers: &'a [Charger],
    pub(super) vehicles: &'a [VehicleMix],
}

/// What a file holds.
#[derive(Default)]
pub(super) struct SessionFile {
    /// In the order of the file.
    pub(super) sessions: Vec<ListedSession>,
    /// Names of stations and their order of first appearance.
    pub(super) stations: BTreeMap<String, usize>,
    pub(super) problems: Vec<Diagnostic>,
}

struct Reader<'a> {
    sheet: Sheet<'a>,
    layout: &'a Layout<'a>,
    columns: Columns,
    chargers: BTreeMap<&'a str, usize>,
    unknown: Vec<(String, Range<usize>)>,
    file: SessionFile,
}

/// Reads a session file; every row that is right is kept, every problem reported.
pub(super) fn read(source: &Source, layout: &Layout<'_>) -> SessionFile {
    let mut rows = rows(source.text());
    let header = rows.next().unwrap_or_default();
    let columns = match Columns::find(source, &header) {
        Ok(columns) => columns,
        Err(problem) => return SessionFile { problems: vec![*problem], ..SessionFile::default() },
    };
    let chargers =
        layout.chargers.iter().enumerate().map(|(at, charger)| (charger.id.as_str(), at)).collect();
    let problems = columns.notes(source, &header);
    let sheet = Sheet { source, epoch: layout.epoch, zone: &layout.zone, problems };
    let file = SessionFile::default();
    let mut reader = Reader { sheet, layout, columns, chargers, unknown: Vec::new(), file };
    for row in rows {
        if reader.sheet.gives_up(&row) {
            break;
        }
        if let Some(session) = reader.session(&row) {
            reader.file.sessions.push(session);
        }
    }
    reader.report_unknown();
    SessionFile { problems: reader.sheet.problems, ..reader.file }
}

impl Reader<'_> {
    fn session(&mut self, row: &[Field]) -> Option<ListedSession> {
        let columns = self.columns.clone();
        let arrival = self.time(row, columns.arrival, "arrival");
        let departure = self.time(row, columns.departure, "departure");
        let energy_kwh = self.energy(row, columns.energy);
        let vehicle = match columns.vehicle.and_then(|at| row.get(at)) {
            Some(field) if !field.text.is_empty() => {
                self.vehicle(row, field, columns.initial).map(Some)
            }
            _ => Some(None),
        };
        let battery = match columns.battery {
            Some(at) if matches!(vehicle, Some(None)) => self.battery(row, at).map(Some),
            _ => Some(None),
        };
        let charger = match columns.station.and_then(|at| row.get(at)) {
            Some(field) if !field.text.is_empty() => self.charger(field).map(Some),
            _ => Some(None),
        };
        let (arrival, departure) = (arrival?, departure?);
        if departure <= arrival {
            let span = row[columns.departure].span.clone();
            let help = "the departure must be later than the arrival";
            self.sheet.problem(span, "the car leaves before it comes", "too early", Some(help));
            return None;
        }
        let (energy_kwh, battery, charger) = (energy_kwh?, battery?, charger?);
        let vehicle = vehicle?;
        if let (Some(car), Some(at)) = (vehicle, charger) {
            self.fits(row, car.index, at)?;
        }
        Some(ListedSession { arrival, departure, energy_kwh, charger, battery, vehicle })
    }

    /// The car of the mix that a row names.
    fn vehicle(
        &mut self,
        row: &[Field],
        field: &Field,
        initial: Option<usize>,
    ) -> Option<ListedVehicle> {
        let names = self.layout.vehicles.iter().map(|car| car.spec.name.as_str());
        let Some(index) = names.clone().position(|name| name == field.text) else {
            let message = format!("`{}` is no car of the scenario", field.text);
            let names: Vec<&str> = names.collect();
            let help = suggest::hint(&field.text, "[[vehicles]]", &names);
            self.sheet.problem(field.span.clone(), &message, "unknown vehicle", Some(&help));
            return None;
        };
        let Some(column) = initial.filter(|at| row.get(*at).is_some_and(|it| !it.text.is_empty()))
        else {
            return Some(ListedVehicle { index, initial_kwh: None });
        };
        let initial_kwh = self.sheet.number(row, column, "initial charge")?;
        let capacity_kwh = self.layout.vehicles[index].spec.battery_kwh;
        if !(0.0..capacity_kwh).contains(&initial_kwh) {
            let message = format!("{initial_kwh} kWh in a battery of {capacity_kwh} kWh");
            let help = "the initial charge lies between 0 and the capacity of the car";
            self.sheet.problem(row[column].span.clone(), &message, "out of range", Some(help));
            return None;
        }
        Some(ListedVehicle { index, initial_kwh: Some(initial_kwh) })
    }

    /// `None`, and a problem: the car cannot charge at the charger.
    fn fits(&mut self, row: &[Field], vehicle: usize, charger: usize) -> Option<()> {
        // Stations may be more than the chargers they are mapped to; that is told elsewhere.
        let charger = self.layout.chargers.get(charger)?;
        let car = &self.layout.vehicles[vehicle].spec;
        if fits(car, charger.spec.kind) {
            return Some(());
        }
        let span = row[self.columns.vehicle?].span.clone();
        let message = format!("`{}` cannot charge at `{}`", car.name, charger.id);
        let help = "name a car that takes the current of this charger";
        self.sheet.problem(span, &message, "wrong kind of current", Some(help));
        None
    }

    fn energy(&mut self, row: &[Field], at: usize) -> Option<f64> {
        let energy = self.sheet.number(row, at, "energy")?;
        if energy > 0.0 && energy <= 10_000.0 {
            return Some(energy);
        }
        let help = "a session asks for more than 0 and at most 10000 kWh";
        let message = format!("the energy is {energy} kWh");
        self.sheet.problem(row[at].span.clone(), &message, "out of range", Some(help));
        None
    }

    fn time(&mut self, row: &[Field], at: usize, what: &str) -> Option<Time> {
        let unit = match self.columns.clock {
            Clock::Minutes => Span::from_s(60),
            Clock::Periods => self.layout.period,
            Clock::DateTimes => return self.sheet.date_time(row, at, what),
        };
        let count = self.sheet.number(row, at, what)?;
        Some(self.layout.epoch + Span((count * unit.0 as f64).round() as i64))
    }

    fn battery(&mut self, row: &[Field], at: [usize; 3]) -> Option<ListedBattery> {
        let capacity = self.sheet.number(row, at[0], "battery capacity");
        let initial = self.sheet.number(row, at[1], "initial charge");
        let max = self.sheet.number(row, at[2], "maximum power");
        let (capacity_kwh, initial_kwh, max_kw) = (capacity?, initial?, max?);
        let mut wrong = |column: usize, message: String, help| {
            self.sheet.problem(row[column].span.clone(), &message, "out of range", Some(help));
            None
        };
        if capacity_kwh <= 0.0 {
            let help = "a battery holds more than 0 kWh";
            wrong(at[0], format!("the battery holds {capacity_kwh} kWh"), help)
        } else if !(0.0..=capacity_kwh).contains(&initial_kwh) {
            let help = "the initial charge lies between 0 and the capacity";
            wrong(at[1], format!("{initial_kwh} kWh in a battery of {capacity_kwh} kWh"), help)
        } else if !(0.1..=1000.0).contains(&max_kw) {
            let help = "the maximum power lies between 0.1 and 1000 kW";
            wrong(at[2], format!("the maximum power is {max_kw} kW"), help)
        } else {
            Some(ListedBattery { capacity_kwh, initial_kwh, max_kw })
        }
    }

    fn charger(&mut self, field: &Field) -> Option<usize> {
        let next = self.file.stations.len();
        let order = *self.file.stations.entry(field.text.clone()).or_insert(next);
        if self.layout.map_stations {
            return Some(order);
        }
        let charger = self.chargers.get(field.text.as_str()).copied();
        if charger.is_none() && order == next {
            self.unknown.push((field.text.clone(), field.span.clone()));
        }
        charger
    }

    /// One problem for all stations that are no chargers: they usually are the same mistake.
    fn report_unknown(&mut self) {
        let Some((name, span)) = self.unknown.first().cloned() else { return };
        let more = match self.unknown.len() - 1 {
            0 => String::new(),
            1 => " and one more are".to_owned(),
            more => format!(" and {more} more are"),
        };
        let message = if more.is_empty() {
            format!("station `{name}` is no charger of the scenario")
        } else {
            format!("station `{name}`{more} no chargers of the scenario")
        };
        let near = suggest::nearest(&name, self.chargers.keys().copied());
        let help = match near {
            Some(near) if self.unknown.len() == 1 => format!("did you mean `{near}`?"),
            _ => "name the chargers with `ids = [..]`, or set `map_stations = true` to give the \
                  stations to the chargers in order of first appearance"
                .to_owned(),
        };
        self.sheet.problem(span, &message, "unknown station", Some(&help));
    }
}
