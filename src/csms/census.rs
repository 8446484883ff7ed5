//! Who takes part in the decisions of a site, kept up to date charge point by charge point.
//!
//! A decision needs a little of what is known of every charge point, and a large site decides far
//! more often than a single charge point changes. So what a decision needs is kept in a row, and
//! looked up anew only where something has changed.

use crate::allocation::Session;
use crate::charger::CurrentKind;
use crate::csms::active::Active;
use crate::csms::config::{Hardware, Setpoint};
use crate::csms::control::Site;
use crate::csms::event::Binding;
use crate::csms::point::Point;
use crate::csms::trust;
use crate::csms::wiring::Wired;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::units::Watts;

/// The sessions of a site as the allocator sees them, and where they are.
#[derive(Default)]
pub(crate) struct Census {
    pub(crate) sessions: Vec<Session>,
    pub(crate) places: Vec<(PointIx, usize)>,
    /// By session: takes nothing, but was never offered all.
    pub(crate) may_want_more: Vec<bool>,
    /// By session: see [`Seat`].
    pub(crate) settled: Vec<Option<(Watts, Binding)>>,
    /// By session: what it may draw whatever is decided, because it has proven to, or because it
    /// takes no lower limit; mostly nothing.
    pub(crate) proven: Vec<Watts>,
    /// Room of what cannot be controlled now.
    pub(crate) uncontrolled: Watts,
    /// Feeders and phases, where any are limited.
    pub(crate) wired: Option<Wired>,
}

/// What decisions need of all charge points.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    rows: Vec<Row>,
    /// Connectors of all charge points, one after the other.
    seats: Vec<Option<Seat>>,
    changed: Vec<PointIx>,
}

/// One charge point.
#[derive(Debug)]
struct Row {
    first_seat: usize,
    connectors: usize,
    uncontrolled: Watts,
    has_changed: bool,
}

/// A session that can be controlled.
#[derive(Clone, Debug, PartialEq)]
struct Seat {
    session: Session,
    may_want_more: bool,
    proven: Watts,
    /// The decision, if the last one left nothing to do here: the same again will not either.
    settled: Option<(Watts, Binding)>,
}

impl Census {
    /// Counts a charge point in.
    fn take(&mut self, point: PointIx, uncontrolled: Watts, seats: &[Option<Seat>]) {
        self.uncontrolled += uncontrolled;
        for (index, seat) in seats.iter().enumerate() {
            let Some(seat) = seat else { continue };
            self.sessions.push(seat.session.clone());
            self.places.push((point, index));
            self.may_want_more.push(seat.may_want_more);
            self.proven.push(seat.proven);
            self.settled.push(seat.settled);
        }
    }
}

impl Roster {
    /// Adds the next charge point.
    pub(super) fn add(&mut self, connectors: u32) {
        let (first_seat, connectors) = (self.seats.len(), connectors as usize);
        self.seats.resize(first_seat + connectors, None);
        let uncontrolled = Watts::ZERO;
        self.rows.push(Row { first_seat, connectors, uncontrolled, has_changed: false });
        self.touch(PointIx(self.rows.len() - 1));
    }

    /// Something about this charge point has changed that decisions depend on.
    pub(super) fn touch(&mut self, point: PointIx) {
        let row = &mut self.rows[point.0];
        if !row.has_changed {
            row.has_changed = true;
            self.changed.push(point);
        }
    }

    /// A decision left nothing to do at this connector.
    pub(super) fn settle(&mut self, (point, index): (PointIx, usize), rate: Watts, why: Binding) {
        if let Some(seat) = &mut self.seats[self.rows[point.0].first_seat + index] {
            seat.settled = Some((rate, why));
        }
    }
}

impl Csms {
    /// Who is there, what they may get, and how much is spoken for by what cannot be controlled:
    /// charge points that are offline, starts under way, belated transactions, chargers that take
    /// no limit.
    pub(super) fn census(&mut self, site: SiteIx) -> Census {
        let Roster { rows, seats, changed } = &mut self.roster;
        for point in changed.drain(..) {
            let row = &mut rows[point.0];
            row.has_changed = false;
            let station = &self.points[point.0];
            let site = &self.sites[station.site.0];
            let seats = &mut seats[row.first_seat..row.first_seat + row.connectors];
            row.uncontrolled = survey(station, site, self.budgets[point.0].reserved, seats);
        }
        let mut census = Census::default();
        for point in &self.sites[site.0].points {
            debug_assert!(self.is_current(*point), "{point:?} has changed and nobody said so");
            let row = &self.roster.rows[point.0];
            let seats = &self.roster.seats[row.first_seat..row.first_seat + row.connectors];
            census.take(*point, row.uncontrolled, seats);
        }
        census.wired = self.wired(site, &census);
        census
    }

    /// The same, looked up anew: for questions that must leave everything as it is.
    pub(super) fn fresh_census(&self, site: SiteIx) -> Census {
        let state = &self.sites[site.0];
        let mut census = Census::default();
        for point in &self.sites[site.0].points {
            let station = &self.points[point.0];
            let mut seats = vec![None; station.connectors.len()];
            let reserved = self.budgets[point.0].reserved;
            let uncontrolled = survey(station, state, reserved, &mut seats);
            census.take(*point, uncontrolled, &seats);
        }
        census.wired = self.wired(site, &census);
        census
    }

    /// Whether the row of a charge point is what a new look would give.
    fn is_current(&self, point: PointIx) -> bool {
        let row = &self.roster.rows[point.0];
        let known = &self.roster.seats[row.first_seat..row.first_seat + row.connectors];
        let station = &self.points[point.0];
        let site = &self.sites[station.site.0];
        let mut fresh = vec![None; row.connectors];
        let uncontrolled = survey(station, site, self.budgets[point.0].reserved, &mut fresh);
        for (fresh, known) in fresh.iter_mut().zip(known) {
            if let (Some(fresh), Some(known)) = (fresh, known) {
                fresh.settled = known.settled;
            }
        }
        uncontrolled == row.uncontrolled && fresh == known
    }
}

/// Looks up the sessions of a charge point and returns the room of what cannot be controlled.
fn survey(station: &Point, site: &Site, reserved: Watts, seats: &mut [Option<Seat>]) -> Watts {
    seats.fill(None);
    if !station.line.online {
        return reserved;
    }
    let hardware = &station.hardware;
    let mut uncontrolled = Watts::ZERO;
    let connectors = station.connectors.iter().enumerate().zip(seats);
    for (((index, connector), seat), (held, _)) in connectors.zip(station.rooms()) {
        let Some(active) = connector.controlled() else {
            uncontrolled += held;
            continue;
        };
        let session = active.as_session(hardware, site, station.weight);
        // Or what it cannot be told to go below.
        let floor = station.floor(index).unwrap_or_default();
        let floor = hardware.watts(floor, active.phases(hardware));
        let proven = trust::proven(connector.distrust.as_deref()).max(floor);
        let may_want_more = active.acceptance.may_want_more(hardware);
        *seat = Some(Seat { session, may_want_more, proven, settled: None });
    }
    uncontrolled + station.free_starts()
}

impl Active {
    /// The session as the allocator sees it.
    fn as_session(&self, hardware: &Hardware, site: &Site, weight: u32) -> Session {
        let phases = self.phases(hardware);
        let full = hardware.cap(phases);
        let worth = self.acceptance.worth_offering(hardware);
        let cap = worth.map_or(full, |Setpoint(worth)| {
            let rate = match hardware.kind {
                CurrentKind::Ac => Watts(worth / 10 * hardware.step(phases).0),
                CurrentKind::Dc => Watts(worth).floor_to(hardware.step(phases)),
            };
            rate.min(full)
        });
        let assumed = site.control.assumed_stay.map(|stay| self.started + stay);
        Session {
            id: self.transaction_id as u64,
            arrival: self.started,
            weight,
            min: hardware.minimum(site.config.min_charge_rate, phases),
            cap,
            hardware: full,
            step: hardware.step(phases),
            service: self.account.wh(),
            previous: self.rate,
            last_switch: self.switched_at,
            wants_power: !self.acceptance.is_full(),
            departure: self.wish.departure.or(assumed),
            energy_left: self.wish.energy_wh.map(|wish| wish - self.served_wh),
        }
    }
}
