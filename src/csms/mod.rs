//! The central system: charge points, transactions, and the control loop of each site.
//!
//! Sans-IO. Whoever drives a [`Csms`] calls an input ([`Csms::apply`] by public ids, or `link_up`,
//! `link_down`, `handle_frame`, `handle_timeout`, `configure`, `rebalance`), then takes everything from [`Csms::poll_output`],
//! then asks [`Csms::poll_timeout`] when to call `handle_timeout` next. `now` never goes back.
//!
//! How the parts meet:
//!
//! - `inbound` reads frames and answers them; `transactions` keeps who charges where, `notices`
//!   what a charge point tells beyond that.
//! - `gate` answers an Authorize only when a start could not break the limit.
//! - `control` turns triggers into decisions of the allocator, coalesced and damped; `census`
//!   keeps what they are about, and `reprobe` offers more than that once in a while.
//! - `push` brings decisions to the chargers through the `ledger`, decreases first; `answers`
//!   says what became of them, and `lease` ends them where nobody is reached any more.
//! - `metering` takes meter values in: `account` keeps the energy, `acceptance` learns what a car
//!   can take, `trust` judges whether the charger obeys; `clock` dates them.
//! - `adapt` walks the ladder of `manner` where limits are refused or ignored, and remembers.
//! - `inputs` takes what enters from outside: `registry` keeps sites and charge points,
//!   `commands` the CALLs of operators, `rebalance` the ends of manual rebalances. What the ends
//!   of commands mean for what is known of a charge point, `outcomes` notes in its `records`.
//!
//! `wiring` keeps what feeders and phases may carry, `calendar` what holds at which time of the day
//! (`today` asks it, `soft` divides by it), `load` what other loads take, `wish` what drivers want,
//! `writes` how often charge points are told limits. `explain` says why the limits of a site are what
//! they are.
//!
//! `restore` continues what a stopped process has left behind; `setup` builds another one like this.
//!
//! Architecture invariant: for every site, the sum of all reservations is known at any time
//! ([`Csms::reserved`]) and a raise is sent only if it keeps that sum within the limit.

pub mod acceptance;
mod account;
mod active;
mod adapt;
mod answers;
mod bounds;
pub mod calendar;
mod calm;
mod census;
mod clock;
mod command;
mod commands;
pub mod config;
mod control;
pub mod event;
pub mod explain;
mod fallback;
mod gate;
mod inbound;
pub mod input;
mod inputs;
mod lease;
pub mod ledger;
mod line;
mod lists;
mod load;
pub mod manner;
mod mean;
mod metering;
mod notices;
mod outcomes;
mod point;
mod profiles;
mod push;
mod rebalance;
pub mod records;
mod registry;
mod reprobe;
pub mod restore;
pub mod setup;
mod soft;
mod start_bound;
mod timers;
mod today;
mod transactions;
mod trust;
mod validate;
mod view;
mod wiring;
mod wish;
mod writes;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use crate::ids::{ChargePointId, SiteId};
use crate::ocpp::read::Reader;
use crate::ocpp::types::AuthorizationStatus;
use crate::time::{Span, Time};
use crate::units::Watts;

pub use calendar::{Calendar, Days, Window};
pub use config::{ConfigPatch, Control, Fallback, Hardware, Setpoint, SiteConfig};
pub use event::{Event, Output, Trouble};
pub use input::{Input, Refusal};
pub use lists::{ConnectorView, PointView, SessionView, SiteTotals, SiteView, TransactionView};
pub use manner::{Breed, Manner};
pub use notices::Notice;
pub use setup::Setup;
pub use transactions::StopTold;
pub use view::{AllocationView, ChargerView};
pub use wiring::{Connection, Feeder, Spot, Wire, Wiring};
pub use wish::Wish;

use census::Roster;
use control::Site;
use lease::Ends;
use line::Order;
use point::Point;
use timers::Timers;
use transactions::Transactions;

/// A charge point within one [`Csms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PointIx(pub usize);

/// A site within one [`Csms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteIx(pub usize);

/// What holds for all charge points.
#[derive(Clone, Debug)]
pub struct Options {
    /// Heartbeat interval given at boot.
    pub heartbeat: Span,
    /// Status of cards that `cards` does not name.
    pub unknown_card: AuthorizationStatus,
    /// Known cards, by idTag in lower case (idTags compare without case).
    pub cards: BTreeMap<String, AuthorizationStatus>,
    /// Time a driver has between Authorize and the start, after which the room is free again. A
    /// station tells a start for 270 s before it gives up (MessageTimeout 30 s, three attempts with
    /// 60 and 120 s between them), so a shorter time would meet starts without room. 300 s.
    pub start_window: Span,
    /// The control loop of sites that [`Input::AddSite`] makes.
    pub control: Control,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            heartbeat: Span::from_s(900),
            unknown_card: AuthorizationStatus::Accepted,
            cards: BTreeMap::new(),
            start_window: Span::from_s(300),
            control: Control::default(),
        }
    }
}

/// What a charge point has of its site's limit.
#[derive(Clone, Copy, Debug, Default)]
struct Budget {
    /// Everything that could be in force there.
    reserved: Watts,
    /// Accepted limits of its running sessions.
    allocated: Watts,
}

/// The central system.
#[derive(Debug)]
pub struct Csms {
    options: Options,
    sites: Vec<Site>,
    points: Vec<Point>,
    by_id: BTreeMap<ChargePointId, PointIx>,
    sites_by_id: BTreeMap<SiteId, SiteIx>,
    /// Where charge points belong that are not linked: a site without power that nobody sees.
    unlinked: Option<SiteIx>,
    transactions: Transactions,
    timers: Timers,
    /// By charge point; kept apart from their other state, because a sample looks at all of them.
    budgets: Vec<Budget>,
    roster: Roster,
    /// How charge points of a kind are known to take limits.
    manners: BTreeMap<Breed, Manner>,
    /// Of which kinds limits end when they are told to.
    ends: BTreeMap<Breed, Ends>,
    outputs: VecDeque<Output>,
    reader: Reader,
    deviations: BTreeMap<String, u64>,
    profiles_sent: u64,
    ignored_answers: u64,
    /// Notices so far, for their ids.
    notices: u64,
}

impl Csms {
    /// A central system without sites.
    #[must_use]
    pub fn new(options: Options) -> Csms {
        Csms {
            options,
            sites: Vec::new(),
            points: Vec::new(),
            by_id: BTreeMap::new(),
            sites_by_id: BTreeMap::new(),
            unlinked: None,
            transactions: Transactions::default(),
            timers: Timers::default(),
            budgets: Vec::new(),
            roster: Roster::default(),
            manners: BTreeMap::new(),
            ends: BTreeMap::new(),
            outputs: VecDeque::new(),
            reader: Reader::default(),
            deviations: BTreeMap::new(),
            profiles_sent: 0,
            ignored_answers: 0,
            notices: 0,
        }
    }

    /// Adds a site.
    pub fn add_site(&mut self, id: SiteId, config: SiteConfig, control: Control) -> SiteIx {
        let site = SiteIx(self.sites.len());
        self.sites_by_id.insert(id.clone(), site);
        if config.calendar.is_some() {
            self.timers.arm(timers::Key::Calendar(site), Time(0));
        }
        self.sites.push(Site::new(id, config, control));
        site
    }

    /// Commissions a charge point at a site. It counts nothing until it first connects.
    ///
    /// # Panics
    /// When the identity is taken, or `connectors` is 0.
    pub fn add_point(
        &mut self,
        id: ChargePointId,
        site: SiteIx,
        hardware: Hardware,
        connectors: u32,
    ) -> PointIx {
        let point = self.insert_point(id, site, hardware, connectors);
        self.lay_out(Time(0), site);
        point
    }

    /// The same for many: what they mean for the site as a whole is looked at once.
    ///
    /// # Panics
    /// As [`Csms::add_point`].
    pub fn add_points(
        &mut self,
        site: SiteIx,
        points: impl IntoIterator<Item = (ChargePointId, Hardware, u32)>,
    ) {
        for (id, hardware, connectors) in points {
            self.insert_point(id, site, hardware, connectors);
        }
        self.lay_out(Time(0), site);
    }

    fn insert_point(
        &mut self,
        id: ChargePointId,
        site: SiteIx,
        hardware: Hardware,
        connectors: u32,
    ) -> PointIx {
        assert!(connectors > 0, "a charge point has at least one connector");
        let point = PointIx(self.points.len());
        let taken = self.by_id.insert(id.clone(), point);
        assert!(taken.is_none(), "charge point {id} exists already");
        let weight = self.sites[site.0].config.priorities.get(&id).copied().unwrap_or(1);
        self.budgets.push(Budget::default());
        self.roster.add(connectors);
        self.points.push(Point::new(id, site, hardware, connectors, weight));
        self.sites[site.0].points.push(point);
        point
    }

    /// Who stands at a site has changed, or what it may draw: its wires, and what its charge points
    /// fall back to.
    fn lay_out(&mut self, now: Time, site: SiteIx) {
        self.rewire(site);
        self.share_fallback(now, site);
    }

    /// The charge point with this identity.
    #[must_use]
    pub fn point(&self, id: &str) -> Option<PointIx> {
        self.by_id.get(id).copied()
    }

    /// A connection to the charge point is open.
    pub fn link_up(&mut self, now: Time, point: PointIx) {
        let state = &mut self.points[point.0];
        state.line.online = true;
        state.clock.connect(now);
        // What was not answered before says nothing of this connection.
        state.default_limit.retry_at = None;
        for active in state.connectors.iter_mut().filter_map(|connector| connector.active.as_mut())
        {
            active.retry_at = None;
            if active.denials == 0 {
                // Nor that no form is taken.
                (active.refusals, active.silences, active.tries) = (0, 0, 0);
                active.repush |= std::mem::take(&mut active.exhausted);
            }
        }
        let restored = std::mem::take(&mut state.restored);
        if self.points[point.0].registered {
            self.points[point.0].line.unheard = true;
            self.recheck(now, point, restored);
            self.renew_leases(point);
        }
        let state = &mut self.points[point.0];
        if restored {
            // A boot may not follow, and nothing that it would tell was kept.
            state.line.queue.push_front(Order::GetConfiguration);
        }
        if state.registered {
            // No BootNotification follows when nothing changed (OCPP-J §5): say what is wanted.
            self.trigger(now, point, event::Trigger::Connection);
        }
        self.update_reserved(point);
        self.pump(now, point);
    }

    /// The connection is gone. What was on its way may have arrived.
    pub fn link_down(&mut self, now: Time, point: PointIx) {
        self.points[point.0].line.online = false;
        self.timers.disarm(timers::Key::Call(point));
        self.give_up_call(now, point);
        self.drop_waiting(point, commands::Dropped::ConnectionLost);
        let state = &mut self.points[point.0];
        state.connectors.iter_mut().for_each(|connector| connector.reported = false);
        self.update_reserved(point);
        self.trigger(now, point, event::Trigger::Connection);
    }

    /// The next output, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.next()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(key) = self.timers.pop(now) {
            match key {
                timers::Key::Call(point) => self.call_timed_out(now, point),
                timers::Key::Settle(point, connector) => self.settle(now, point, connector),
                timers::Key::Lease(point, connector) => self.lease_due(now, point, connector),
                timers::Key::Confirm(point, connector) => self.ask_for_meter(now, point, connector),
                timers::Key::Retry(point) => self.retry(now, point),
                timers::Key::Slots(point) => self.expire_slots(now, point),
                timers::Key::Gate(point) => self.gate_expired(now, point),
                timers::Key::Decide(site) => self.decide(now, site),
                timers::Key::Calendar(site) => self.calendar_due(now, site),
                timers::Key::Load(site) => self.load_due(now, site),
                timers::Key::HoldEnds(site) => self.hold_ended(now, site),
                timers::Key::Epoch(site) => self.epoch(now, site),
                timers::Key::Raise(site) => self.raise(now, site),
                timers::Key::Reprobe(site) => self.reprobe_due(now, site),
                timers::Key::Rebalance(site) => self.finish_rebalances(now, site),
            }
        }
        for site in 0..self.sites.len() {
            self.use_freed_room(now, SiteIx(site));
        }
    }

    /// Raises that waited for room get what an input has freed.
    fn use_freed_room(&mut self, now: Time, site: SiteIx) {
        while std::mem::take(&mut self.sites[site.0].freed) {
            self.raise(now, site);
        }
    }

    /// Sum of everything that could be in force at a site: the ledger's worst case.
    #[must_use]
    pub fn reserved(&self, site: SiteIx) -> Watts {
        self.sites[site.0].reserved
    }

    /// The reservation of one charge point.
    #[must_use]
    pub fn reserved_at(&self, point: PointIx) -> Watts {
        self.budgets[point.0].reserved
    }

    /// Deviations from OCPP 1.6 that were read over, by kind.
    #[must_use]
    pub fn deviations(&self) -> &BTreeMap<String, u64> {
        &self.deviations
    }

    /// Answers that matched no CALL: late twice, duplicated, or invented.
    #[must_use]
    pub fn ignored_answers(&self) -> u64 {
        self.ignored_answers
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn send(&mut self, point: PointIx, text: String) {
        self.outputs.push_back(Output::Send { point, text });
    }
}
