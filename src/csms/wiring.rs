//! The wires behind a grid connection: feeders with limits of their own, phases, unbalance, and
//! connectors that share a maximum.
//!
//! [`Wiring`] is what an operator configures. It is compiled to the limits of an
//! [allocation network](crate::allocation::network); the ledger keeps what may be drawn on each of
//! them, and a raise is sent only if it fits all of those on its way, as it must fit the site.
//!
//! - Until a car has shown how many phases it uses, room is kept for it on all that its charger has.
//! - A charger's first terminal is the phase of a one-phase car; the rotation says which phase of the
//!   grid that is.
//! - Other loads of the site count evenly on its phases: their meter tells a sum.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::allocation::network::{
    Grid, Kind, Limit, Limits, Loads, Network, Node, PhaseRotation, Phases, Place,
};
use crate::charger::CurrentKind;
use crate::csms::active::Active;
use crate::csms::census::Census;
use crate::csms::point::{Point, starts};
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ids::ChargePointId;
use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V, Watts};

/// The electrical network behind a grid connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wiring {
    /// Nominal phase voltage, for limits in amperes.
    pub voltage_v: i64,
    /// The most on each phase of the connection, A.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_current: Option<DeciAmps>,
    /// The most that sessions which do not use all phases may together draw on any phase of the
    /// connection, A.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unbalance: Option<DeciAmps>,
    /// What chargers are fed from; each after the one that feeds it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub feeders: Vec<Feeder>,
    /// Where charge points hang; who is not named hangs at the connection itself, phases in order.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<ChargePointId, Connection>,
}

/// A line or a board that feeds charge points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feeder {
    /// Unique at its site.
    pub name: String,
    /// The feeder that feeds it; `None`: the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fed_from: Option<String>,
    /// The most that it carries in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_power: Option<Watts>,
    /// The most on each of its phases, A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_current: Option<DeciAmps>,
    /// As [`Wiring::unbalance`], A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbalance: Option<DeciAmps>,
}

/// Where and how a charge point is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The feeder; `None`: the grid connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feeder: Option<String>,
    /// Phases of the grid at its terminals.
    #[serde(default)]
    pub rotation: PhaseRotation,
    /// The most that its connectors draw together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_max: Option<Watts>,
}

impl Connection {
    /// True when nothing is said of it.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Connection::default()
    }
}

impl Default for Wiring {
    fn default() -> Wiring {
        Wiring {
            voltage_v: NOMINAL_VOLTAGE_V,
            max_current: None,
            unbalance: None,
            feeders: Vec::new(),
            connections: BTreeMap::new(),
        }
    }
}

impl Wiring {
    /// True when nothing is limited below the connection.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let shared = self.connections.values().any(|connection| connection.shared_max.is_some());
        self.max_current.is_none() && self.unbalance.is_none() && self.feeders.is_empty() && !shared
    }

    /// The place of a feeder by its name.
    #[must_use]
    pub fn feeder(&self, name: &str) -> Option<usize> {
        self.feeders.iter().position(|feeder| feeder.name == name)
    }

    /// The tree: the connection, the feeders, then a node for each of the charge points that has a
    /// maximum for all of its connectors; and the node of each charge point.
    ///
    /// A feeder that is not known counts as the connection.
    #[must_use]
    pub fn network<'p>(
        &self,
        points: impl IntoIterator<Item = &'p ChargePointId>,
    ) -> (Network, Vec<Spot>) {
        let power = |current: DeciAmps| current.to_power(self.voltage_v, 1);
        let per_phase = |current: Option<DeciAmps>| current.map(|current| [power(current); 3]);
        let at = |name: &Option<String>| {
            let known = name.as_deref().and_then(|name| self.feeder(name));
            known.map_or(0, |feeder| feeder + 1)
        };
        let mut nodes = vec![Node {
            per_phase: per_phase(self.max_current),
            unbalance: self.unbalance.map(power),
            ..Node::default()
        }];
        nodes.extend(self.feeders.iter().map(|feeder| Node {
            parent: Some(at(&feeder.fed_from)),
            power: feeder.max_power,
            per_phase: per_phase(feeder.max_current),
            unbalance: feeder.unbalance.map(power),
        }));
        let spots = points.into_iter().map(|id| {
            let Some(connection) = self.connections.get(id) else { return Spot::default() };
            let mut node = at(&connection.feeder);
            if connection.shared_max.is_some() {
                let parent = Some(node);
                node = nodes.len();
                nodes.push(Node { parent, power: connection.shared_max, ..Node::default() });
            }
            Spot { node, rotation: connection.rotation }
        });
        let spots = spots.collect();
        (Network { nodes }, spots)
    }
}

/// Where a charge point hangs in a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The node.
    pub node: usize,
    /// Phases of the grid at its terminals.
    pub rotation: PhaseRotation,
}

impl Spot {
    /// The place of a session there on so many phases, 1..=3; `None`: on three, or fewer.
    #[must_use]
    pub fn place(self, phases: Option<u8>) -> Place {
        let phases = phases.map_or(Phases::UNKNOWN, |count| self.rotation.first(count));
        Place { node: self.node, phases }
    }
}

/// A limit of a site's wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire<'a> {
    /// In words: "feeder west, L2".
    pub name: &'a str,
    /// What it carries.
    pub bound: Watts,
    /// What could be drawn through it: the invariant of the house keeps this within the bound.
    pub committed: Watts,
}

/// The wires of a site and what may be drawn through them.
#[derive(Debug)]
pub(crate) struct Wires {
    limits: Limits,
    /// The bounds of the connection's phases without other loads, by limit.
    of_connection: Vec<(usize, Watts)>,
    loads: Loads,
    spots: BTreeMap<PointIx, Spot>,
    held: BTreeMap<PointIx, Vec<(Place, Watts)>>,
    /// By limit.
    names: Vec<String>,
    /// How often a bound or a load has changed.
    version: u64,
}

/// What the allocator is told of them.
#[derive(Debug)]
pub(crate) struct Wired {
    limits: Limits,
    /// By session.
    places: Vec<Place>,
    /// What no decision is about.
    pub(crate) uncontrolled: Loads,
}

/// What may be drawn at a charge point on a number of phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Draw {
    phases: Option<u8>,
    power: Watts,
    /// A decision is about it.
    controlled: bool,
}

impl Wired {
    /// The network as the allocator meets it, with so much on it already.
    pub(super) fn grid<'a>(&'a self, held: &'a Loads) -> Grid<'a> {
        Grid { limits: &self.limits, held, places: &self.places }
    }

    /// Some of the sessions alone, while others draw so much.
    pub(super) fn among(
        &self,
        sessions: &[usize],
        others: impl Iterator<Item = (usize, Watts)>,
    ) -> Wired {
        let mut uncontrolled = self.uncontrolled.clone();
        for (session, drawn) in others {
            uncontrolled.add(&self.limits, self.places[session], drawn);
        }
        let places = sessions.iter().map(|session| self.places[*session]).collect();
        Wired { limits: self.limits.clone(), places, uncontrolled }
    }

    /// What a session draws beyond its share lies on its limits too.
    pub(super) fn with(&self, above: &[Watts]) -> Loads {
        let mut loads = self.uncontrolled.clone();
        for (place, above) in self.places.iter().zip(above) {
            loads.add(&self.limits, *place, *above);
        }
        loads
    }
}

impl Wires {
    fn new(wiring: &Wiring, points: &[(PointIx, &ChargePointId)]) -> Wires {
        let (network, spots) = wiring.network(points.iter().map(|(_, id)| *id));
        let limits = Limits::new(&network);
        let loads = limits.unloaded();
        let of_connection = limits.all().iter().enumerate();
        let of_connection = of_connection
            .filter(|(_, limit)| limit.node == 0 && matches!(limit.kind, Kind::Phase(_)))
            .map(|(index, limit)| (index, limit.bound))
            .collect();
        let feeders = wiring.feeders.iter().map(|feeder| format!("feeder {}", feeder.name));
        let mut nodes = vec!["the grid connection".to_owned()];
        nodes.extend(feeders);
        let shared = points.iter().zip(&spots).filter(|(_, spot)| spot.node > wiring.feeders.len());
        nodes.extend(shared.map(|((_, id), _)| format!("what {id} shares")));
        let names = limits.all().iter().map(|limit| in_words(limit, &nodes)).collect();
        let spots = points.iter().map(|(point, _)| *point).zip(spots).collect();
        Wires { limits, of_connection, loads, spots, held: BTreeMap::new(), names, version: 0 }
    }

    /// Other loads take so much of the connection.
    fn set_others(&mut self, others: Watts) {
        self.version += 1;
        leave(&mut self.limits, &self.of_connection, others);
    }

    /// The same wires with nothing on them, while other loads take so much.
    pub(super) fn trial(&self, others: Watts) -> Trial<'_> {
        let mut limits = self.limits.clone();
        leave(&mut limits, &self.of_connection, others);
        Trial { wires: self, loads: limits.unloaded(), limits }
    }

    /// What may be drawn at a charge point is this from now on.
    fn hold(&mut self, point: PointIx, draws: Vec<(Place, Watts)>) {
        let before = self.held.get(&point);
        if before.map_or(&[][..], Vec::as_slice) == draws {
            return;
        }
        self.version += 1;
        for (place, power) in before.into_iter().flatten() {
            self.loads.add(&self.limits, *place, Watts(-power.0));
        }
        for (place, power) in &draws {
            self.loads.add(&self.limits, *place, *power);
        }
        if draws.is_empty() {
            self.held.remove(&point);
        } else {
            self.held.insert(point, draws);
        }
    }

    fn place(&self, point: PointIx, phases: Option<u8>) -> Place {
        self.spots.get(&point).copied().unwrap_or_default().place(phases)
    }

    /// How much more a session there could be given.
    fn room(&self, point: PointIx, phases: Option<u8>) -> Watts {
        self.limits.room(&self.loads, self.place(point, phases))
    }

    fn all(&self) -> impl Iterator<Item = Wire<'_>> {
        let limits = self.limits.all().iter().enumerate().zip(&self.names);
        limits.map(|((index, limit), name)| Wire {
            name,
            bound: limit.bound.floor_zero(),
            committed: self.loads.on(index),
        })
    }
}

/// A limit in words: "feeder west, L2".
fn in_words(limit: &Limit, nodes: &[String]) -> String {
    let node = &nodes[limit.node];
    match limit.kind {
        Kind::Power => node.clone(),
        Kind::Phase(phase) => format!("{node}, L{}", phase + 1),
        Kind::Unbalance(phase) => format!("unbalance of {node}, L{}", phase + 1),
    }
}

/// What would fit the wires of a site together.
pub(super) struct Trial<'a> {
    wires: &'a Wires,
    limits: Limits,
    loads: Loads,
}

impl Trial<'_> {
    /// Puts so much more on the wires, if it fits.
    pub(super) fn take(&mut self, point: PointIx, phases: Option<u8>, power: Watts) -> bool {
        let place = self.wires.place(point, phases);
        let fits = power <= self.limits.room(&self.loads, place);
        if fits {
            self.loads.add(&self.limits, place, power);
        }
        fits
    }
}

/// Other loads take an even part of each phase of the connection, rounded up.
fn leave(limits: &mut Limits, of_connection: &[(usize, Watts)], others: Watts) {
    let each = Watts(-(-others.0).div_euclid(3));
    for (limit, bound) in of_connection {
        limits.set_bound(*limit, *bound - each);
    }
}

impl Csms {
    /// The wires of a site are others, or other charge points hang at them.
    pub(super) fn rewire(&mut self, site: SiteIx) {
        let state = &mut self.sites[site.0];
        let wiring = state.config.wiring.as_deref().filter(|wiring| !wiring.is_empty());
        let Some(wiring) = wiring else {
            state.wires = None;
            return;
        };
        let points = state.points.iter().map(|point| (*point, &self.points[point.0].id));
        let points: Vec<(PointIx, &ChargePointId)> = points.collect();
        let mut wires = Wires::new(wiring, &points);
        wires.version = state.wires.as_deref().map_or(0, |before| before.version + 1);
        wires.set_others(state.others());
        for (point, _) in points {
            wires.hold(point, draws_at(&wires, point, &self.points[point.0]));
        }
        state.wires = Some(Box::new(wires));
    }

    /// What other loads of a site take has changed.
    pub(super) fn wires_limited_anew(&mut self, site: SiteIx) {
        let state = &mut self.sites[site.0];
        let others = state.others();
        if let Some(wires) = state.wires.as_deref_mut() {
            wires.set_others(others);
        }
    }

    /// What may be drawn at a charge point has changed.
    pub(super) fn load_wires(&mut self, point: PointIx) {
        let state = &self.points[point.0];
        if let Some(wires) = self.sites[state.site.0].wires.as_deref_mut() {
            let draws = draws_at(wires, point, state);
            wires.hold(point, draws);
        }
    }

    /// How much more may be drawn at a charge point on so many phases, by the site and by every wire on
    /// the way.
    pub(super) fn room_at(&self, point: PointIx, phases: Option<u8>) -> Watts {
        let site = &self.sites[self.points[point.0].site.0];
        let room = site.ev_limit() - site.reserved;
        match site.wires.as_deref() {
            Some(wires) => room.min(wires.room(point, phases)),
            None => room,
        }
    }

    /// What the allocator is told of the wires of a site.
    pub(super) fn wired(&self, site: SiteIx, census: &Census) -> Option<Wired> {
        let wires = self.sites[site.0].wires.as_deref()?;
        let places = census.places.iter().map(|(point, index)| {
            let state = &self.points[point.0];
            let active = state.connectors[*index].active.as_ref();
            wires.place(*point, state.wired_phases(active))
        });
        let places = places.collect();
        let mut uncontrolled = wires.limits.unloaded();
        for point in &self.sites[site.0].points {
            for draw in self.points[point.0].draws().filter(|draw| !draw.controlled) {
                uncontrolled.add(&wires.limits, wires.place(*point, draw.phases), draw.power);
            }
        }
        Some(Wired { limits: wires.limits.clone(), places, uncontrolled })
    }

    /// A limit of a site's wires in words.
    pub(super) fn wire(&self, site: SiteIx, limit: usize) -> String {
        let wires = self.sites[site.0].wires.as_deref();
        wires.and_then(|wires| wires.names.get(limit)).cloned().unwrap_or_default()
    }

    /// A number that is another one whenever a limit of a site's wires, or what could be drawn through
    /// it, has become another.
    #[must_use]
    pub fn wires_version(&self, site: SiteIx) -> u64 {
        self.sites[site.0].wires.as_deref().map_or(0, |wires| wires.version)
    }

    /// Every limit of a site's wires, and what could be drawn through it.
    pub fn wires(&self, site: SiteIx) -> impl Iterator<Item = Wire<'_>> {
        self.sites[site.0].wires.as_deref().into_iter().flat_map(Wires::all)
    }
}

fn draws_at(wires: &Wires, point: PointIx, state: &Point) -> Vec<(Place, Watts)> {
    let draws = state.draws().filter(|draw| draw.power > Watts::ZERO);
    draws.map(|draw| (wires.place(point, draw.phases), draw.power)).collect()
}

impl Point {
    /// The phases that a session here may use, 1..=3; `None`: three, or fewer.
    pub(super) fn wired_phases(&self, active: Option<&Active>) -> Option<u8> {
        let all = self.hardware.phases;
        let certain = self.hardware.kind == CurrentKind::Dc || all < 3;
        if certain { Some(all) } else { active.and_then(|active| active.acceptance.phases()) }
    }

    /// What may be drawn here: at each connector, and for starts.
    fn draws(&self) -> impl Iterator<Item = Draw> {
        let all = self.hardware.phases;
        let anybody = self.wired_phases(None);
        let online = self.line.online;
        let of_sessions =
            self.rooms().zip(self.connectors.iter()).flat_map(move |((held, _), connector)| {
                let controlled = online && connector.controlled().is_some();
                let whole = Draw { phases: anybody, power: held, controlled };
                let nothing = Draw { power: Watts::ZERO, ..whole };
                let Some(active) = connector.active.as_ref().filter(|active| active.gone.is_none())
                else {
                    return [whole, nothing];
                };
                let phases = self.wired_phases(Some(active));
                if phases == anybody || !self.may_have_fallen_back(connector, active) {
                    return [Draw { phases, ..whole }, nothing];
                }
                // Its own car, or another one at what bounds a start.
                let start = self.hardware.watts(self.start_bound_at(connector), all).min(held);
                let used = i64::from(active.phases(&self.hardware));
                let part = Watts(start.0 * used / i64::from(all));
                let own = (connector.held(active, &self.hardware) - part).floor_zero();
                [Draw { power: start, ..whole }, Draw { phases, power: own, controlled }]
            });
        let starts = starts(self.rooms(), self.start_slots.len());
        let free = if online { self.free_starts().min(starts) } else { starts };
        let slot = |power, controlled| Draw { phases: anybody, power, controlled };
        of_sessions.chain([slot(free, false), slot(starts - free, true)])
    }
}
