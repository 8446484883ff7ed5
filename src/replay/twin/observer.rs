//! Takes a trace record by record, and ends with what it shows.

use std::collections::BTreeMap;

use super::hardware::Evidence;
use super::power::Power;
use super::seen::{Seen, SeenPoint};
use super::station::Station;
use crate::time::{Span, Time};
use crate::trace::correlate::{Correlator, Role};
use crate::trace::read::Line;
use crate::trace::record::{Direction, MessageType, Record};
use crate::units::Watts;

/// What a charge point is called whose records do not name it.
const NAMELESS: &str = "charge_point";

/// Takes the lines of a trace, in their order.
#[derive(Debug, Default)]
pub struct Observer {
    correlator: Correlator,
    stations: Vec<Station>,
    power: Power,
    span: Option<(Time, Time)>,
    /// How long answers took, ms: to calls of charge points, to calls of the central system.
    answered_ms: [BTreeMap<i64, u64>; 2],
    /// What the limits of each charge point permit now.
    permitted: Vec<Option<Watts>>,
    /// What they permit together, from an instant on.
    limits: Vec<(Time, Watts)>,
    broken: u64,
}

impl Observer {
    /// Takes the next line. What is no record is counted.
    pub fn take(&mut self, line: &Line<'_>) {
        match &line.record {
            Ok(record) => self.record(line.number, record),
            Err(_) => self.broken += 1,
        }
    }

    /// The charge points so far.
    #[must_use]
    pub fn points(&self) -> Vec<SeenPoint> {
        let mut models: BTreeMap<&str, (Evidence, i64, i64)> = BTreeMap::new();
        for station in &self.stations {
            let (shared, da, dw) = models.entry(&station.evidence.model).or_default();
            shared.join(&station.evidence);
            *da = (*da).max(station.limits.highest_da);
            *dw = (*dw).max(station.limits.highest_dw);
        }
        let alone =
            |it: &Station| (it.evidence.clone(), it.limits.highest_da, it.limits.highest_dw);
        let point = |station: &Station| {
            let model = station.evidence.model.as_str();
            let (mut evidence, da, dw) = match models.get(model) {
                Some(shared) if !model.is_empty() => shared.clone(),
                _ => alone(station),
            };
            evidence.model = model.to_owned();
            let (hardware, rated_by) = evidence.rating(da, dw);
            SeenPoint {
                id: station.id.clone(),
                model: model.to_owned(),
                connectors: station.connectors(),
                hardware,
                rated_by,
                meter_interval: station.meter_interval,
                heartbeat: station.heartbeat,
                clock_ahead: station.clock.ahead(),
                units: evidence.units(),
                limits: station.limits.accepted,
            }
        };
        self.stations.iter().map(point).collect()
    }

    /// The trace ends: whoever is still there is counted until then.
    #[must_use]
    pub fn finish(self) -> Seen {
        let points = self.points();
        let end = self.span.map_or(Time(0), |(_, to)| to);
        let latency = self.latency();
        let mut visits = Vec::new();
        for station in self.stations {
            visits.extend(station.visits);
            visits.extend(station.bays.into_values().filter_map(|bay| bay.end(end)));
        }
        visits.sort_by_key(|visit| (visit.arrival, visit.point, visit.connector));
        Seen {
            points,
            visits,
            site_power: self.power.series(),
            span: self.span,
            limits: self.limits,
            latency,
            broken: self.broken,
        }
    }

    fn record(&mut self, line: u64, record: &Record<'_>) {
        let at = record.timestamp.at();
        let (begins, ends) = self.span.unwrap_or((at, at));
        self.span = Some((begins.min(at), ends.max(at)));
        let turn = self.correlator.take(line, record);
        let number = turn.point;
        if number == self.stations.len() {
            let name = record.charge_point_id.as_deref().unwrap_or(NAMELESS);
            self.stations.push(Station::new(number, name.to_owned(), at));
            self.permitted.push(None);
        }
        let station = &mut self.stations[number];
        match turn.role {
            Role::Call(call) => station.call(call, &mut self.power),
            Role::Answer(call) => {
                let way = usize::from(call.direction == Direction::ToPoint);
                let ms = at.since(call.at).0 / 1000;
                *self.answered_ms[way].entry(ms).or_default() += 1;
                if record.message_type == MessageType::CallResult {
                    station.answer(&call, at, record.body());
                }
            }
            Role::Orphan => {}
        }
        let permitted = self.stations[number].permitted(at);
        if permitted != self.permitted[number] {
            self.permitted[number] = permitted;
            self.limits_moved(at);
        }
    }

    fn limits_moved(&mut self, at: Time) {
        let sum: Watts = self.permitted.iter().flatten().copied().sum();
        // Records of several charge points may stand in another order than they were made.
        let at = self.limits.last().map_or(at, |(last, _)| at.max(*last));
        if self.limits.last().is_none_or(|(_, before)| *before != sum) {
            self.limits.push((at, sum));
        }
    }

    /// One way, and what is added at most. A record beside the central system sees one exchange take both ways and
    /// the other none; one in between, or of either end, sees both take both ways together, too.
    fn latency(&self) -> (Span, Span) {
        let quantile = |way: &BTreeMap<i64, u64>, percent: u64| {
            let count: u64 = way.values().sum();
            let mut below = 0;
            way.iter().find_map(|(ms, n)| {
                below += n;
                (below * 100 >= count * percent).then_some(*ms)
            })
        };
        let both = |percent| {
            let [up, down] = &self.answered_ms;
            quantile(up, percent).unwrap_or(0) + quantile(down, percent).unwrap_or(0)
        };
        let (least, most) = (both(5).clamp(0, 10_000) / 2, both(90).clamp(0, 10_000) / 2);
        (Span::from_ms(least), Span::from_ms((most - least).max(0)))
    }
}
