//! Which column of a list means what: by name, checked against what stands in it.

use super::civil::Stamp;
use super::table::Table;
use super::{Options, ROLES, Refusal, names};
use crate::scenario::suggest::nearest;
use crate::time::Span;

/// Rows that are looked at to tell what a column holds.
const SAMPLE: usize = 400;

/// Where an instant stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) at: usize,
    /// The column of the time of day, when it has one of its own.
    pub(super) time: Option<usize>,
    /// The name says that it is UTC.
    pub(super) utc: bool,
}

/// Where the end of a stay stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    At(When),
    /// A duration; in seconds of its unit, or hours:minutes[:seconds].
    After(usize, Option<i64>),
}

/// The columns of a list.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) arrival: When,
    pub(super) departure: Ending,
    pub(super) energy: usize,
    /// Of what the column counts in; None when its name does not say.
    pub(super) energy_kwh: Option<f64>,
    pub(super) station: Option<usize>,
    pub(super) connector: Option<usize>,
    pub(super) session: Option<usize>,
    pub(super) model: Option<usize>,
    pub(super) power: Option<usize>,
    /// Of what the column of power counts in.
    pub(super) power_kw: f64,
}

/// What a column holds by its sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Instants,
    Dates,
    Times,
    Other,
}

struct Finder<'a> {
    table: &'a Table,
    /// Columns by role, as the user names them.
    given: Vec<(&'a str, usize)>,
}

impl Columns {
    /// Finds the columns; what the user names counts before what names suggest.
    pub(super) fn find(table: &Table, options: &Options) -> Result<Columns, Box<Refusal>> {
        let finder = Finder { table, given: given(table, options)? };
        let arrival = finder.when("arrival", "arrival_time", names::arrival)?;
        let Some(arrival) = arrival else {
            return Err(finder.missing("when cars arrive", "arrival"));
        };
        let departure = finder.ending()?;
        let (energy, energy_kwh) = finder.energy()?;
        let (power, power_kw) = match (finder.given("power"), finder.given("power_w")) {
            (Some(at), _) => (Some(at), 1.0),
            (None, Some(at)) => (Some(at), 0.001),
            (None, None) => (finder.best(names::rated_power), 1.0),
        };
        let optional = |role, rank: fn(&str) -> Option<usize>| {
            finder.given(role).or_else(|| finder.best(rank))
        };
        let station = optional("station", names::station);
        Ok(Columns {
            arrival,
            departure,
            energy,
            energy_kwh,
            station,
            connector: optional("connector", names::connector),
            session: optional("session", names::session),
            model: optional("model", names::model),
            power,
            power_kw,
        })
    }

    /// Every role that has a column, with the column's name.
    pub(super) fn told(&self, table: &Table) -> String {
        let name = |at: usize| format!("`{}`", table.header[at]);
        let when = |when: When| match when.time {
            Some(time) => format!("{} and {}", name(when.at), name(time)),
            None => name(when.at),
        };
        let mut told = vec![format!("arrival {}", when(self.arrival))];
        told.push(match self.departure {
            Ending::At(at) => format!("departure {}", when(at)),
            Ending::After(at, _) => format!("departure after {}", name(at)),
        });
        told.push(format!("energy {}", name(self.energy)));
        let optional = [
            ("station", self.station),
            ("connector", self.connector),
            ("session", self.session),
            ("model", self.model),
            ("rated power", self.power),
        ];
        told.extend(
            optional.iter().filter_map(|(role, at)| Some(format!("{role} {}", name((*at)?)))),
        );
        told.join(", ")
    }

    /// The columns that mean nothing here.
    pub(super) fn ignored(&self, table: &Table) -> Vec<String> {
        let mut used = vec![self.energy, self.arrival.at];
        used.extend(self.arrival.time);
        match self.departure {
            Ending::At(when) => used.extend([Some(when.at), when.time].into_iter().flatten()),
            Ending::After(at, _) => used.push(at),
        }
        let optional = [self.station, self.connector, self.session, self.model, self.power];
        used.extend(optional.into_iter().flatten());
        let unused = (0..table.header.len()).filter(|at| !used.contains(at));
        unused.map(|at| table.header[at].clone()).collect()
    }
}

/// The columns that the user names, by role.
fn given<'a>(table: &Table, options: &'a Options) -> Result<Vec<(&'a str, usize)>, Box<Refusal>> {
    let mut given = Vec::new();
    for (role, name) in &options.columns {
        let roles = ROLES.map(|(role, _)| role);
        if !roles.contains(&role.as_str()) {
            let help = match nearest(role, roles) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("roles: {}", roles.join(", ")),
            };
            return Err(Box::new(Refusal::new(format!("no column has the role `{role}`"), help)));
        }
        let Some(at) = table.header.iter().position(|it| it == name) else {
            let help = match nearest(name, table.header.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => listed(table),
            };
            return Err(Box::new(Refusal::new(format!("the list has no column `{name}`"), help)));
        };
        given.push((role.as_str(), at));
    }
    Ok(given)
}

fn listed(table: &Table) -> String {
    let names: Vec<String> = table.header.iter().take(30).map(|name| format!("`{name}`")).collect();
    format!("its columns are {}", names.join(", "))
}

impl Finder<'_> {
    fn given(&self, role: &str) -> Option<usize> {
        self.given.iter().rev().find(|(it, _)| *it == role).map(|(_, at)| *at)
    }

    /// Columns that a name suits, the best first.
    fn ranked(&self, rank: impl Fn(&str) -> Option<usize>) -> Vec<usize> {
        let taken = |at: usize| self.given.iter().any(|(_, it)| *it == at);
        let header = self.table.header.iter().enumerate();
        let mut found: Vec<(usize, usize)> =
            header.filter_map(|(at, name)| Some((rank(name)?, at))).collect();
        found.retain(|(_, at)| !taken(*at));
        found.sort_unstable();
        found.into_iter().map(|(_, at)| at).collect()
    }

    fn best(&self, rank: impl Fn(&str) -> Option<usize>) -> Option<usize> {
        self.ranked(rank).first().copied()
    }

    fn holds(&self, at: usize) -> Holds {
        let sample = self.table.rows.iter().map(|row| row.field(at)).filter(|it| !it.is_empty());
        let (mut instants, mut dates, mut times, mut all) = (0, 0, 0, 0);
        for text in sample.take(SAMPLE) {
            all += 1;
            match Stamp::parse(text) {
                Some(Stamp::Epoch(_)) => instants += 1,
                Some(Stamp::Civil { day: Some(_), time: None | Some(Span(0)), .. }) => dates += 1,
                Some(Stamp::Civil { day: Some(_), .. }) => instants += 1,
                Some(Stamp::Civil { day: None, .. }) => times += 1,
                None => {}
            }
        }
        if (instants + dates) * 2 > all && instants > 0 {
            Holds::Instants
        } else if dates * 2 > all {
            Holds::Dates
        } else if times * 2 > all {
            Holds::Times
        } else {
            Holds::Other
        }
    }

    /// A column of instants, or one of dates beside one of times.
    fn when(
        &self,
        role: &str,
        time_role: &str,
        rank: fn(&str) -> Option<usize>,
    ) -> Result<Option<When>, Box<Refusal>> {
        let utc = |at: usize| names::is_utc(&self.table.header[at]);
        let ranked = self.ranked(rank);
        let of = |holds| ranked.iter().copied().find(|at| self.holds(*at) == holds);
        let given = self.given(role);
        if let Some(at) = given.filter(|at| self.holds(*at) == Holds::Other) {
            let name = &self.table.header[at];
            let message = format!("the column `{name}` does not hold dates and times");
            return Err(Box::new(Refusal::new(message, format!("name another one for {role}"))));
        }
        let instants = match given {
            Some(at) => Some(at).filter(|at| self.holds(*at) == Holds::Instants),
            None => of(Holds::Instants),
        };
        if let (Some(at), None) = (instants, self.given(time_role)) {
            return Ok(Some(When { at, time: None, utc: utc(at) }));
        }
        let date = given.or_else(|| of(Holds::Dates));
        let time = self.given(time_role).or_else(|| of(Holds::Times));
        match (date, time) {
            (Some(at), Some(time)) => {
                Ok(Some(When { at, time: Some(time), utc: utc(at) || utc(time) }))
            }
            (Some(at), None) => {
                let name = &self.table.header[at];
                let message = format!("the column `{name}` has dates and no times of day");
                let help = format!("name the column of the times: --column {time_role}=NAME");
                Err(Box::new(Refusal::new(message, help)))
            }
            (None, Some(time)) => {
                let name = &self.table.header[time];
                let message = format!("the column `{name}` has times of day and no dates");
                let help = format!(
                    "name the column of the dates, --column {role}=NAME --column {time_role}=`{name}`"
                );
                Err(Box::new(Refusal::new(message, help)))
            }
            (None, None) => Ok(None),
        }
    }

    fn ending(&self) -> Result<Ending, Box<Refusal>> {
        let units = [
            ("duration", None),
            ("duration_h", Some(3600)),
            ("duration_min", Some(60)),
            ("duration_s", Some(1)),
        ];
        if let Some((at, unit)) =
            units.iter().find_map(|(role, unit)| Some((self.given(role)?, *unit)))
        {
            return self.lasting(at, unit);
        }
        if let Some(when) = self.when("departure", "departure_time", names::departure)? {
            return Ok(Ending::At(when));
        }
        match self.best(|name| names::duration(name).map(|(rank, _)| rank)) {
            Some(at) => {
                let unit = names::duration(&self.table.header[at]).and_then(|(_, unit)| unit);
                self.lasting(at, unit)
            }
            None => Err(self.missing("when cars leave, or how long they stay", "departure")),
        }
    }

    fn lasting(&self, at: usize, unit: Option<i64>) -> Result<Ending, Box<Refusal>> {
        // Without a unit only hours:minutes can be told.
        if unit.is_none() && self.holds(at) != Holds::Times {
            let name = &self.table.header[at];
            let message = format!("the unit of the durations in `{name}` is not told");
            let help = format!("--column duration_min=\"{name}\", or duration_h, or duration_s");
            return Err(Box::new(Refusal::new(message, help)));
        }
        Ok(Ending::After(at, unit))
    }

    fn energy(&self) -> Result<(usize, Option<f64>), Box<Refusal>> {
        if let Some(at) = self.given("energy") {
            return Ok((at, Some(1.0)));
        }
        if let Some(at) = self.given("energy_wh") {
            return Ok((at, Some(0.001)));
        }
        let rank = |name: &str| names::energy(name).map(|(rank, _)| rank);
        let ranked = self.ranked(rank);
        let name = |at: usize| self.table.header[at].as_str();
        match ranked.as_slice() {
            [] => Err(self.missing("what cars take", "energy")),
            [first, second, ..] if rank(name(*first)) == rank(name(*second)) => {
                let message = format!(
                    "the columns `{}` and `{}` may both be the energy",
                    name(*first),
                    name(*second)
                );
                let help = format!("say which: --column energy=\"{}\"", name(*first));
                Err(Box::new(Refusal::new(message, help)))
            }
            [first, ..] => Ok((*first, names::energy(name(*first)).and_then(|(_, unit)| unit))),
        }
    }

    fn missing(&self, what: &str, role: &str) -> Box<Refusal> {
        let message = format!("no column tells {what}");
        let help = format!("name it, --column {role}=NAME; {}", listed(self.table));
        Box::new(Refusal::new(message, help))
    }
}
