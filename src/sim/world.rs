//! The world: a central system, a fleet, the links between them, and one heap of events.
//!
//! The world owns time. It knows nothing of wall clocks: whoever drives it calls [`World::step`]
//! as fast as it likes, or not before the wall clock has reached [`World::next_at`].

use std::collections::VecDeque;
use std::sync::Arc;

use crate::allocation::Strategy;
use crate::charger::{self, ChargePoint};
use crate::csms::{self, Csms, Event as CentralEvent, PointIx, SiteIx};
use crate::scenario::model::{Fleet, Scenario};
use crate::scenario::streams;
use crate::sim::balance::Excesses;
use crate::sim::bay::Bay;
use crate::sim::central::central;
use crate::sim::digest::Digest;
use crate::sim::link::{Link, Toward};
use crate::sim::plant::Outside;
use crate::sim::queue::Queue;
use crate::sim::record::{EnergyBalance, RunRecord};
use crate::sim::recorder::Recorder;
use crate::sim::tap::{Seen, Tap};
use crate::sim::timeline::Connection;
use crate::sim::wires::Wires;
use crate::time::{Span, Time};
use crate::units::Watts;
use crate::vehicle::Draw;

/// A refused driver tries again after this.
const TRY_AGAIN: Span = Span::from_s(120);

/// What the heap holds.
#[derive(Debug)]
pub(super) enum Event {
    LinkUp {
        point: usize,
    },
    /// `connection`: the number of the connection it was sent on.
    ToCentral {
        point: u32,
        connection: u32,
        text: String,
    },
    ToPoint {
        point: u32,
        connection: u32,
        text: String,
    },
    PointTimer {
        point: usize,
    },
    CentralTimer,
    VehicleTimer {
        bay: usize,
    },
    Arrival {
        visit: usize,
    },
    Departure {
        visit: usize,
    },
    TryAgain {
        visit: usize,
    },
    Timeline {
        entry: usize,
    },
    /// The fault that an entry of the timeline began is over.
    Recovery {
        entry: usize,
    },
    Sample,
    /// Other loads of the site take a step.
    BaseLoad,
    /// Their meter tells what it shows.
    SiteMeter,
}

/// A running simulation.
pub struct World<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) fleet: &'a Fleet,
    pub(super) seed: u64,
    pub(super) csms: Csms,
    site: SiteIx,
    pub(super) points: Vec<ChargePoint>,
    links: Vec<Link>,
    pub(super) connections: Vec<Connection>,
    /// Connectors of all charge points in a row; `first_bay` says where each begins.
    pub(super) bays: Vec<Bay>,
    first_bay: Vec<usize>,
    pub(super) queue: Queue<Event>,
    /// Earliest timer of each charge point that is in the heap.
    point_due: Vec<Time>,
    /// When each charge point wants to be called: later than its timer when what the timer was
    /// for has been settled, as the time-out of a CALL is by its answer.
    point_wants: Vec<Time>,
    central_due: Time,
    pub(super) now: Time,
    pub(super) end: Time,
    pub(super) digest: Digest,
    pub(super) draw_mw: i64,
    /// The same by charge point; a sample looks at all of them, so they lie together.
    drawn_mw: Vec<i64>,
    pub(super) over: Excesses,
    peak_mw: i64,
    pub(super) wires: Option<Box<Wires>>,
    /// Most a charge point drew beyond what was reserved for it, each.
    uncovered_mw: Vec<i64>,
    energy: EnergyBalance,
    events: u64,
    frames: u64,
    pub(super) recorder: Recorder,
    pub(super) tap: Option<Tap<'a>>,
    /// Where the central system is.
    pub(super) central: Central,
    /// What leaves; stays empty unless somebody listens.
    pub(super) outside: VecDeque<Outside>,
    pub(super) listened: bool,
}

/// Where the central system of a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Central {
    /// In this world, at the other end of its links.
    Here,
    /// Behind sockets: frames of the charge points leave, its frames come as inputs.
    Elsewhere,
}

impl<'a> World<'a> {
    /// A world at its first instant: nothing is connected, nobody has arrived.
    #[must_use]
    pub fn new(
        scenario: &'a Scenario,
        fleet: &'a Fleet,
        strategy: Strategy,
        seed: u64,
        mut tap: Option<Tap<'a>>,
    ) -> World<'a> {
        let start = scenario.start;
        let (csms, site) = central(scenario, strategy);
        if let Some(tap) = tap.as_mut() {
            tap(Seen::Setup(&csms.setup()));
        }
        let limit_mw = csms.ev_limit(site).0 * 1000;
        let points: Vec<ChargePoint> = scenario
            .chargers
            .iter()
            .map(|charger| {
                ChargePoint::new(charger.id.clone(), Arc::clone(&charger.spec), start)
                    .with_quirks(&charger.quirks, start)
            })
            .collect();
        let mut first_bay = Vec::with_capacity(points.len());
        let mut bays = Vec::new();
        for charger in &scenario.chargers {
            first_bay.push(bays.len());
            bays.extend((0..charger.spec.connectors).map(|_| Bay::default()));
        }
        let wires = Wires::new(scenario, &csms, site, bays.len());
        let links = (0..points.len() as u64)
            .map(|point| Link::new(&scenario.network, streams::stream(seed, "link", point)))
            .collect();
        let mut world = World {
            scenario,
            fleet,
            seed,
            csms,
            site,
            point_due: vec![Time::NEVER; points.len()],
            point_wants: vec![Time::NEVER; points.len()],
            connections: vec![Connection::default(); points.len()],
            uncovered_mw: vec![0; points.len()],
            points,
            links,
            bays,
            first_bay,
            queue: Queue::new(start),
            central_due: Time::NEVER,
            now: start,
            end: start + scenario.duration,
            digest: Digest::default(),
            draw_mw: 0,
            drawn_mw: vec![0; scenario.chargers.len()],
            over: Excesses::new(start, limit_mw, &scenario.windows()),
            peak_mw: 0,
            wires,
            energy: EnergyBalance::default(),
            events: 0,
            frames: 0,
            recorder: Recorder::new(scenario, fleet, strategy, seed),
            tap,
            central: Central::Here,
            outside: VecDeque::new(),
            listened: false,
        };
        world.plan();
        world
    }

    /// Everything that is known before the run goes onto the heap.
    fn plan(&mut self) {
        for point in 0..self.points.len() {
            self.connect_soon(point, "connect");
        }
        for (visit, session) in self.fleet.sessions.iter().enumerate() {
            self.queue.push(session.arrival, Event::Arrival { visit });
            self.queue.push(session.departure, Event::Departure { visit });
        }
        for (entry, planned) in self.fleet.timeline.iter().enumerate() {
            self.queue.push(planned.at, Event::Timeline { entry });
        }
        self.plan_base_load();
        self.limit_moves();
        self.queue.push(self.scenario.start, Event::Sample);
    }

    /// When the next event is due; `None` when the run is over.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.queue.next_at().filter(|at| *at <= self.end)
    }

    /// The instant of the last event.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Handles the next event. Returns false when the run is over.
    pub fn step(&mut self) -> bool {
        if self.next_at().is_none() {
            return false;
        }
        let Some((at, event)) = self.queue.pop() else { return false };
        debug_assert!(at >= self.now, "time never goes back");
        self.now = at;
        self.events += 1;
        self.handle(event);
        true
    }

    /// Runs to the end as fast as possible.
    #[must_use]
    pub fn run(mut self) -> RunRecord {
        while self.step() {}
        self.finish()
    }

    /// Share of the run that is over, 0..=1.
    #[must_use]
    pub fn progress(&self) -> f64 {
        self.now.since(self.scenario.start).s() / self.scenario.duration.s()
    }

    fn handle(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::LinkUp { point } => self.connect(point),
            Event::ToCentral { point, connection, text } => {
                let point = point as usize;
                if self.connections[point].number != connection {
                    return;
                }
                self.digest.event(now, 2, point as u64, text.as_bytes());
                self.tell_frame(point, true, &text);
                self.csms.handle_frame(now, PointIx(point), &text);
                self.after_central();
            }
            Event::ToPoint { point, connection, text } => {
                let point = point as usize;
                if self.connections[point].number != connection {
                    return;
                }
                self.digest.event(now, 3, point as u64, text.as_bytes());
                self.points[point].handle_frame(now, &text);
                self.after_point(point);
            }
            Event::PointTimer { point } => {
                if self.point_due[point] == now {
                    self.point_due[point] = Time::NEVER;
                    if self.point_wants[point] <= now {
                        self.points[point].handle_timeout(now);
                        self.after_point(point);
                    } else {
                        self.arm_point(point);
                    }
                }
            }
            Event::CentralTimer => {
                if self.central_due == now {
                    self.central_due = Time::NEVER;
                    self.csms.handle_timeout(now);
                    self.after_central();
                }
            }
            Event::VehicleTimer { bay } => self.vehicle_changed(bay),
            Event::Arrival { visit } => self.arrive(visit),
            Event::Departure { visit } => self.depart(visit),
            Event::TryAgain { visit } => self.try_again(visit),
            Event::Timeline { entry } => self.timeline(entry),
            Event::Recovery { entry } => self.recovery(entry),
            Event::Sample => self.sample(),
            Event::BaseLoad => self.base_load(),
            Event::SiteMeter => self.site_meter(),
        }
    }

    fn arrive(&mut self, visit: usize) {
        let session = &self.fleet.sessions[visit];
        let bay = self.bay_of(visit);
        self.digest.event(self.now, 4, visit as u64, session.id_tag.as_bytes());
        self.bays[bay].arrive(self.now, visit, session);
        self.points[session.charger].plug_in(self.now, session.connector, &session.id_tag);
        self.after_point(session.charger);
    }

    fn depart(&mut self, visit: usize) {
        let session = &self.fleet.sessions[visit];
        let bay = self.bay_of(visit);
        if self.bays[bay].visit() != Some(visit) {
            return;
        }
        self.digest.event(self.now, 5, visit as u64, session.id_tag.as_bytes());
        self.points[session.charger].unplug(self.now, session.connector);
        self.after_point(session.charger);
        self.leave(bay, Some(self.now));
    }

    /// The car is gone (or the run is over): its books are closed.
    fn leave(&mut self, bay: usize, departed: Option<Time>) {
        let Some(gone) = self.bays[bay].leave(self.now) else { return };
        let point = self.point_of(bay);
        self.change_draw(point, -gone.draw_mw);
        self.draw_through_wires(point, bay, Draw::default());
        self.energy.battery_kwh += gone.vehicle.gained_kwh();
        self.energy.losses_kwh += gone.vehicle.losses_kwh();
        self.recorder.left(&gone, departed);
    }

    fn try_again(&mut self, visit: usize) {
        let session = &self.fleet.sessions[visit];
        if self.bays[self.bay_of(visit)].visit() == Some(visit) {
            self.points[session.charger].unplug(self.now, session.connector);
            self.points[session.charger].plug_in(self.now, session.connector, &session.id_tag);
            self.after_point(session.charger);
        }
    }

    fn sample(&mut self) {
        let points = (0..self.points.len()).map(|point| {
            let draw_mw = self.drawn_mw[point];
            let point = PointIx(point);
            (self.csms.allocated_at(point), draw_mw, self.csms.reserved_at(point))
        });
        let chargers = points.collect();
        let committed = self.csms.reserved(self.site);
        self.recorder.sample(self.now, self.draw_mw, committed, chargers);
        self.queue.push(self.now + self.scenario.sample_interval, Event::Sample);
    }

    /// Takes what the central system has to say and arms its timer.
    pub(super) fn after_central(&mut self) {
        while let Some(output) = self.csms.poll_output() {
            match output {
                csms::Output::Send { point, text } if point.0 < self.points.len() => {
                    self.transmit(point.0, text, Toward::Point);
                }
                csms::Output::Send { point, text } => {
                    let point = self.csms.point_id(point).clone();
                    self.outside.push_back(Outside::Send { point, text });
                }
                csms::Output::Event(event) => {
                    if self.listened {
                        self.outside.push_back(Outside::Event(event.clone()));
                    }
                    match &event {
                        CentralEvent::ReservationFell { point } => self.check_cover(point.0),
                        CentralEvent::LimitMoved { .. } => self.limit_moves(),
                        CentralEvent::SessionStarted { point, connector, session, .. } => {
                            if let Some(first) = self.first_bay.get(point.0) {
                                let bay = first + *connector as usize - 1;
                                self.recorder.locate(point.0, *connector, self.bays[bay].visit());
                                self.tell_wish(bay, session);
                            }
                        }
                        _ => {}
                    }
                    self.recorder.central(self.now, event);
                }
            }
        }
        let reserved_mw = self.csms.reserved(self.site).0 * 1000;
        self.over.committed.set_power(self.now, reserved_mw);
        if let Some(wires) = self.wires.as_deref_mut() {
            wires.look(self.now, &self.csms, self.site);
        }
        let due = self.csms.poll_timeout().unwrap_or(Time::NEVER);
        if due < self.central_due {
            self.central_due = due;
            self.queue.push(due.max(self.now), Event::CentralTimer);
            self.central_due = due.max(self.now);
        }
    }

    /// Takes what a charge point has to say; what it offers changes what cars draw, which it
    /// meters, which may make it say more.
    pub(super) fn after_point(&mut self, point: usize) {
        while let Some(output) = self.points[point].poll_output() {
            match output {
                charger::Output::Send(text) => self.transmit(point, text, Toward::Central),
                charger::Output::Offer { connector, offer } => {
                    let bay = self.first_bay[point] + connector as usize - 1;
                    self.bays[bay].offer(self.now, offer);
                    self.settle_bay(point, bay);
                }
                charger::Output::Started { .. } => {}
                charger::Output::Disconnect => self.hang_up(point),
                charger::Output::Ended { connector, charged } => {
                    let bay = self.first_bay[point] + connector as usize - 1;
                    if let (false, Some(visit)) = (charged, self.bays[bay].visit()) {
                        let again = self.now + TRY_AGAIN;
                        if again < self.fleet.sessions[visit].departure {
                            self.queue.push(again, Event::TryAgain { visit });
                        }
                    }
                }
            }
        }
        self.point_wants[point] = self.points[point].poll_timeout();
        self.arm_point(point);
    }

    fn arm_point(&mut self, point: usize) {
        let due = self.point_wants[point].max(self.now);
        if due < self.point_due[point] {
            self.point_due[point] = due;
            self.queue.push(due, Event::PointTimer { point });
        }
    }

    fn vehicle_changed(&mut self, bay: usize) {
        if !self.bays[bay].timer_is(self.now) {
            return;
        }
        let point = self.point_of(bay);
        self.settle_bay(point, bay);
        self.after_point(point);
    }

    /// Brings a car up to now and its draw to everybody who meters it.
    fn settle_bay(&mut self, point: usize, bay: usize) {
        let Some(change) = self.bays[bay].settle(self.now) else { return };
        self.change_draw(point, change.step_mw);
        self.draw_through_wires(point, bay, change.draw);
        if change.news {
            let connector = (bay - self.first_bay[point]) as u32 + 1;
            let (draw, wants, soc) = (change.draw, change.wants_power, change.soc_pct);
            self.points[point].set_draw(self.now, connector, draw, wants, soc);
        }
        if let Some(due) = change.timer {
            self.queue.push(due, Event::VehicleTimer { bay });
        }
    }

    fn change_draw(&mut self, point: usize, step_mw: i64) {
        if step_mw != 0 {
            self.over.set_draw(self.now, self.draw_mw + step_mw);
            self.draw_mw += step_mw;
            self.drawn_mw[point] += step_mw;
            self.peak_mw = self.peak_mw.max(self.draw_mw);
            self.check_cover(point);
        }
    }

    fn draw_through_wires(&mut self, point: usize, bay: usize, draw: Draw) {
        if let Some(wires) = self.wires.as_deref_mut() {
            wires.draws(self.now, point, bay, draw);
        }
    }

    /// Compares what a charge point draws with what the ledger keeps for it. To be called when
    /// the draw changes or the reservation falls.
    fn check_cover(&mut self, point: usize) {
        // What a charge point draws that is not simulated here, nobody knows but its meter.
        let Some(drawn_mw) = self.drawn_mw.get(point) else { return };
        let covered_mw = self.csms.reserved_at(PointIx(point)).0 * 1000;
        let uncovered = &mut self.uncovered_mw[point];
        *uncovered = (*uncovered).max(drawn_mw - covered_mw);
    }

    fn transmit(&mut self, point: usize, text: String, toward: Toward) {
        self.frames += 1;
        if toward == Toward::Point {
            self.tell_frame(point, false, &text);
        }
        let connection = self.connections[point];
        if !connection.carries(self.central) {
            return;
        }
        if self.central == Central::Elsewhere {
            let point = self.scenario.chargers[point].id.clone();
            return self.outside.push_back(Outside::Send { point, text });
        }
        if let Some(at) = self.links[point].arrival(self.now, toward) {
            let (connection, point) = (connection.number, point as u32);
            let event = match toward {
                Toward::Central => Event::ToCentral { point, connection, text },
                Toward::Point => Event::ToPoint { point, connection, text },
            };
            self.queue.push(at, event);
        }
    }

    /// Closes the books; before the end of the run, at the instant it has come to.
    #[must_use]
    pub fn finish(mut self) -> RunRecord {
        self.close()
    }

    /// The same, once, for a world that is still looked at afterwards.
    #[must_use]
    pub fn close(&mut self) -> RunRecord {
        if self.next_at().is_some() {
            self.end = self.now;
        }
        self.now = self.end;
        for bay in 0..self.bays.len() {
            self.leave(bay, None);
        }
        for (point, spec) in self.points.iter().zip(&self.scenario.chargers) {
            for connector in 1..=spec.spec.connectors {
                let metered = point.energy_mw_us(connector, self.end);
                self.energy.grid_kwh += metered as f64 / 3.6e15;
            }
        }
        let mut record = self.recorder.finish(self.end);
        self.over.finish(self.end, &mut record);
        record.wires = self.wires.as_mut().map(|w| w.finish(self.end)).unwrap_or_default();
        record.digest = self.digest.to_string();
        record.energy = self.energy;
        record.events = self.events;
        record.frames = self.frames;
        record.peak = Watts(self.peak_mw / 1000);
        record.uncovered_max_kw =
            self.uncovered_mw.iter().max().map_or(0.0, |most| *most as f64 / 1e6);
        record.uncovered =
            self.uncovered_mw.iter().map(|most| most.max(&0) / 1000).map(Watts).collect();
        let deviations = self.csms.deviations();
        record.deviations = deviations.iter().map(|(kind, n)| (kind.clone(), *n)).collect();
        record
    }

    /// The central system, for live views.
    #[must_use]
    pub fn csms(&self) -> &Csms {
        &self.csms
    }

    /// The site of the scenario.
    #[must_use]
    pub fn site(&self) -> SiteIx {
        self.site
    }

    fn bay_of(&self, visit: usize) -> usize {
        let session = &self.fleet.sessions[visit];
        self.first_bay[session.charger] + session.connector as usize - 1
    }

    fn point_of(&self, bay: usize) -> usize {
        self.first_bay.partition_point(|first| *first <= bay) - 1
    }
}
