//! What was inferred and how, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::infer::{Rated, Session, Wished, unfinished};
use super::seen::{Arrived, Departed, RatedBy, Visit};
use super::write::{LimitedBy, Site, whole_kw};
use crate::import::Names;
use crate::scenario::quantity::span_text;
use crate::time::Span;

impl Site<'_> {
    /// What is printed after an import.
    pub(super) fn summary(&self, names: Names<'_>) -> String {
        let mut out = format!(
            "{}: {} sessions become {}\n\n",
            names.list,
            self.demand.sessions.len(),
            names.scenario
        );
        for fact in facts(self) {
            let _ = writeln!(out, "  {fact}");
        }
        out
    }
}

/// What is known of the site and how it was inferred, a line each.
pub(super) fn facts(site: &Site<'_>) -> Vec<String> {
    let mut facts = vec![period(site)];
    facts.extend(points(site));
    facts.extend(sessions(site));
    facts.push(limit(site));
    if site.limited_by == LimitedBy::Limits && !site.demand.moving_limit.is_empty() {
        let steps: Vec<String> = site
            .demand
            .moving_limit
            .iter()
            .map(|(at, to)| {
                format!("{} kW from {}", whole_kw(*to), site.clock(*at, "%m-%d %H:%M:%S"))
            })
            .collect();
        facts.push(format!(
            "a limit that moves, as the sum of the limits in force does: {}",
            few(&steps)
        ));
    }
    let (latency, jitter) = site.seen.latency;
    facts.push(format!(
        "network: {} one way, up to {} more, by how long answers took",
        span_text(latency),
        span_text(jitter)
    ));
    if site.seen.broken > 0 {
        facts.push(format!("lines that are no records, passed over: {}", site.seen.broken));
    }
    facts.push(
        "not on the wire, and not here: other loads, feeders and phases of the site, what drivers announce, what cars \
         lose; cars follow a limit after 2 s and rise by 4 A/s per phase"
            .to_owned(),
    );
    facts
}

fn period(site: &Site<'_>) -> String {
    let form = "%Y-%m-%d %H:%M";
    let length = span_text(site.end.since(site.start));
    format!(
        "period: {} to {} {}, {length}",
        site.clock(site.start, form),
        site.clock(site.end, form),
        site.options.zone.0
    )
}

fn points(site: &Site<'_>) -> Vec<String> {
    let points = &site.seen.points;
    let mut kinds: BTreeMap<(RatedBy, String), usize> = BTreeMap::new();
    for point in points {
        let hardware = &point.hardware;
        let kind = format!("{:?} {} kW", hardware.kind, hardware.max_power.kw()).to_uppercase();
        let kind = kind.replace("KW", "kW");
        *kinds.entry((point.rated_by, kind)).or_default() += 1;
    }
    let mut facts = Vec::new();
    for ((by, kind), count) in kinds {
        let by = match by {
            RatedBy::Measured => "by the highest limit, offer or draw of their model",
            RatedBy::Model => "by the name of their model",
            RatedBy::Assumed => "assumed: they neither measure nor get a limit",
        };
        facts.push(format!("charge points: {count} x {kind}, {by}"));
    }
    let wrong = points.iter().filter(|it| it.clock_ahead != Span::ZERO);
    let wrong: Vec<String> =
        wrong.map(|it| format!("{} by {} s", it.id, it.clock_ahead.whole_s())).collect();
    if !wrong.is_empty() {
        facts.push(format!("clocks ahead of the records, corrected: {}", few(&wrong)));
    }
    facts
}

fn sessions(site: &Site<'_>) -> Vec<String> {
    let sessions = &site.demand.sessions;
    let visits = || sessions.iter().map(|it| &site.seen.visits[it.visit]);
    let mwh: i64 = sessions.iter().map(|it| it.delivered_mwh).sum();
    let wished: i64 = sessions.iter().map(|it| it.wish_mwh).sum();
    let arrived = |how| visits().filter(|it: &&Visit| it.arrived == how).count();
    let departed = |how| visits().filter(|it: &&Visit| it.departed == how).count();
    let wish = |how| sessions.iter().filter(|it: &&Session| it.wished == how).count();
    let rated = |how| sessions.iter().filter(|it: &&Session| it.car.rated == how).count();
    let tapering = sessions.iter().filter(|it| !it.car.curve.is_empty()).count();
    let mut facts = vec![
        format!(
            "sessions: {} with {:.1} kWh, of {:.1} kWh that they wish for; stays without energy, left out: {}",
            sessions.len(),
            mwh as f64 / 1e6,
            wished as f64 / 1e6,
            site.demand.idle
        ),
        counted(
            "arrivals",
            &[
                (arrived(Arrived::Plug), "by the status"),
                (arrived(Arrived::Card), "by the card"),
                (arrived(Arrived::Start), "by StartTransaction"),
                (arrived(Arrived::Before), "before the trace begins"),
            ],
        ),
        counted(
            "departures",
            &[
                (departed(Departed::Unplugged), "by the status or the reason EVDisconnected"),
                (departed(Departed::Stopped), "by StopTransaction, for nothing else tells"),
                (unfinished(sessions, site.seen), "after the trace ends"),
            ],
        ),
        counted(
            "wishes",
            &[
                (wish(Wished::Told), "told: the car was done before it left"),
                (
                    wish(Wished::LikeOthers),
                    "of hungry cars, the mean of the larger wishes of others",
                ),
                (
                    wish(Wished::OutOfReach),
                    "of hungry cars that charged as fast as they can all the time, a little more than they took",
                ),
                (wish(Wished::Reach), "of hungry cars, what their stay has room for, up to 50 kWh"),
            ],
        ),
        counted(
            "greatest power of cars",
            &[
                (rated(Rated::Shown), "shown: they were offered more"),
                (rated(Rated::AsCharger), "all that the charge point gives"),
                (
                    rated(Rated::Assumed),
                    "assumed, like similar cars: a limit bound them all the time",
                ),
            ],
        ),
    ];
    facts.push(format!("cars with an acceptance curve, by the energy left: {tapering}"));
    let pauses: u32 = visits().map(|it| it.pauses).sum();
    if pauses > 0 {
        facts.push(format!("pauses that cars made by themselves, left out: {pauses}"));
    }
    facts
}

fn limit(site: &Site<'_>) -> String {
    let (rate, seen) = site.min_rate;
    let least = match seen {
        true => format!("smallest rate: {} kW, the smallest limit", rate as f64 / 1000.0),
        false => "smallest rate: 1.38 kW, 6 A on one phase: nothing tells it".to_owned(),
    };
    let kw = site.max_power_kw;
    let limit = match site.limited_by {
        LimitedBy::Asked => format!("limit of the site: {kw} kW as asked for"),
        LimitedBy::Limits => format!(
            "limit of the site: {kw} kW, the highest sum of the limits in force (--max-power-kw sets your own)"
        ),
        LimitedBy::Draw => format!(
            "limit of the site: {kw} kW, an assumption: the highest draw, for nobody limited anything (--max-power-kw \
             sets your own)"
        ),
    };
    format!("{limit}; {least}; strategy {}, which nothing tells", site.options.strategy)
}

/// What is not zero of a list of counts.
fn counted(what: &str, counts: &[(usize, &str)]) -> String {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = some.map(|(count, how)| format!("{count} {how}")).collect();
    format!("{what}: {}", told.join("; "))
}

fn few(all: &[String]) -> String {
    let more = if all.len() > 5 { ", .." } else { "" };
    format!("{}{more}", all.iter().take(5).cloned().collect::<Vec<_>>().join(", "))
}
