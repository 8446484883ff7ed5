//! A central system, its charge points, and the lines between them. After every frame, every timer and
//! every fault the ledger is compared with the truth.

use ampacity::allocation::Strategy as Rule;
use ampacity::allocation::network::PhaseRotation;
use ampacity::charger::CurrentKind;
use ampacity::csms::event::ProfileSent;
use ampacity::csms::{
    ConfigPatch, Connection, Control, Csms, Event, Feeder, Hardware, Options, Output, PointIx,
    SiteConfig, SiteIx, Trouble, Wiring,
};
use ampacity::ids::{ChargePointId, SiteId};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};

use crate::ops::{Op, Way};
use crate::station::{Nature, RATED_W, Station};

pub(crate) const STATIONS: usize = 5;
/// The first so many are fed from a line of their own.
const BEHIND: usize = 3;
const FEEDER_W: i64 = 24_000;
pub(crate) const LIMIT_W: i64 = 40_000;

/// The noise has ended for so long: what is reserved fits again.
const SHED: Span = Span::from_s(180);
/// And so long afterwards everybody has what was decided.
const SETTLED: Span = Span::from_s(1_020);

/// A line, as its two ends know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Up,
    /// Nothing passes, and the central system has not noticed.
    Cut,
    Down,
}

pub(crate) struct World {
    pub(crate) csms: Csms,
    pub(crate) site: SiteIx,
    now: Time,
    stations: Vec<Station>,
    lines: Vec<Line>,
    /// By charge point, as the central system knows it.
    online_since: [Option<Time>; STATIONS],
    /// By charge point, at the last look.
    reserved_w: [i64; STATIONS],
    /// The limit has fallen, or of somebody nobody knows any more what is in force there, since what is
    /// reserved fitted last: it may be more than the limit until the others are lowered.
    excused: bool,
    pub(crate) steps: u64,
    /// What was seen to be wrong.
    pub(crate) broken: Option<String>,
}

impl World {
    /// Everybody is connected and has booted.
    pub(crate) fn new(natures: &[Nature]) -> World {
        let mut csms = Csms::new(Options::default());
        let feeder = Feeder {
            name: "west".to_owned(),
            fed_from: None,
            max_power: Some(Watts(FEEDER_W)),
            max_current: None,
            unbalance: None,
        };
        let behind = Connection {
            feeder: Some("west".to_owned()),
            rotation: PhaseRotation::Rst,
            shared_max: None,
        };
        let id = |number: usize| ChargePointId::new(&format!("cp_{number}"));
        let wiring = Wiring {
            feeders: vec![feeder],
            connections: (0..BEHIND).map(|number| (id(number), behind.clone())).collect(),
            ..Wiring::default()
        };
        let config = SiteConfig {
            max_power: Watts(LIMIT_W),
            reserve: Watts::ZERO,
            strategy: Rule::Equal,
            min_charge_rate: Watts(3_700),
            priorities: Default::default(),
            worst_load: None,
            wiring: Some(Box::new(wiring)),
            calendar: None,
        };
        let site = csms.add_site(SiteId::new("site_1"), config, Control::default());
        let hardware = Hardware {
            kind: CurrentKind::Ac,
            phases: 3,
            max_current: DeciAmps(320),
            max_power: Watts(RATED_W),
            voltage_v: 230,
        };
        csms.add_points(site, (0..STATIONS).map(|number| (id(number), hardware, 1)));
        let mut world = World {
            csms,
            site,
            now: Time::from_unix_s(1_777_880_400),
            stations: natures.iter().map(|nature| Station::new(*nature)).collect(),
            lines: vec![Line::Down; STATIONS],
            online_since: [None; STATIONS],
            reserved_w: [0; STATIONS],
            excused: false,
            steps: 0,
            broken: None,
        };
        (0..STATIONS).for_each(|point| world.connect(point));
        world.run(30);
        world
    }

    pub(crate) fn go(&mut self, op: &Op) {
        // Instants are told in whole seconds, and no two things happen at once.
        self.advance(Span::from_s(1), false);
        match *op {
            Op::Carry(point) => self.carry(point),
            Op::Frame(point, way) => self.frame(point, way),
            Op::Run(seconds) => self.run(seconds),
            Op::Wait(seconds) => self.advance(Span::from_s(seconds), false),
            Op::Visit(point) => {
                let online = self.lines[point] != Line::Down;
                self.stations[point].visit(self.now, online);
                self.stations[point].look(self.now);
                self.look("a driver");
            }
            Op::Meter(point) => self.meter(point),
            Op::Appetite(point, watts) => self.stations[point].appetite_w = watts,
            Op::Mood(point, mood) => self.stations[point].mood = Some(mood),
            Op::Cut(point) if self.lines[point] == Line::Up => {
                self.lines[point] = Line::Cut;
                self.stations[point].disconnect();
            }
            Op::Drop(point) => self.drop_line(point),
            Op::Connect(point) => self.connect(point),
            Op::Reboot(point, what) => {
                // It takes its connection along.
                self.drop_line(point);
                self.stations[point].reboot(self.now, what);
                self.stations[point].look(self.now);
                self.look("a reboot");
            }
            Op::Limit(max_power) => self.limit(max_power),
            Op::Rebalance => {
                self.csms.rebalance(self.now, self.site);
                self.collect("a rebalance");
            }
            Op::Cut(_) => {}
        }
    }

    /// Samples are not kept for a connection to come.
    fn meter(&mut self, point: usize) {
        if self.lines[point] == Line::Up {
            self.stations[point].meter(self.now);
        }
    }

    pub(crate) fn limit(&mut self, max_power: i64) {
        let patch = ConfigPatch { max_power: Some(Watts(max_power)), ..ConfigPatch::default() };
        self.excused = true;
        self.csms.configure(self.now, self.site, &patch);
        self.collect("another limit");
    }

    fn drop_line(&mut self, point: usize) {
        if self.lines[point] != Line::Down {
            self.lines[point] = Line::Down;
            self.stations[point].disconnect();
            self.excused = true;
            self.online_since[point] = None;
            self.csms.link_down(self.now, PointIx(point));
            self.collect("a line lost");
        }
    }

    pub(crate) fn connect(&mut self, point: usize) {
        if self.lines[point] != Line::Up {
            // Whoever connects anew shows that the line of before is gone.
            self.drop_line(point);
            self.lines[point] = Line::Up;
            self.excused = true;
            self.online_since[point] = Some(self.now);
            self.csms.link_up(self.now, PointIx(point));
            self.stations[point].connect(self.now);
            self.collect("a connection");
        }
    }

    /// Everything that is on the line arrives, and what is said to it.
    pub(crate) fn carry(&mut self, point: usize) {
        loop {
            let before = self.steps;
            self.frame(point, Way::Out(1));
            self.frame(point, Way::In(1));
            if self.steps == before || self.broken.is_some() {
                return;
            }
        }
    }

    /// The next frame of one direction arrives so often.
    fn frame(&mut self, point: usize, way: Way) {
        if self.lines[point] == Line::Up {
            self.stations[point].speak(self.now);
        }
        match way {
            Way::Out(times) => {
                let Some(text) = self.stations[point].said.pop_front() else { return };
                // That a car charges, or did, may be news, too.
                let news = ["BootNotification", "StartTransaction", "\"Charging\""];
                let news = news.iter().any(|action| text.contains(action))
                    || self.stations[point].is_untold();
                for _ in 0..times {
                    self.excused |= news;
                    self.csms.handle_frame(self.now, PointIx(point), &text);
                    // What is due by then, as an answer that came late, happens at once.
                    if self.csms.poll_timeout().is_some_and(|due| due <= self.now) {
                        self.csms.handle_timeout(self.now);
                    }
                    self.collect(&text);
                }
            }
            Way::In(times) => {
                let Some(text) = self.stations[point].heard.pop_front() else { return };
                for _ in 0..times {
                    self.stations[point].hear(self.now, &text);
                    self.look(&text);
                }
            }
        }
    }

    /// Time passes on lines that carry everything at once, and meters tell.
    pub(crate) fn run(&mut self, seconds: i64) {
        let until = self.now + Span::from_s(seconds);
        while self.now < until && self.broken.is_none() {
            (0..STATIONS).for_each(|point| {
                self.meter(point);
                self.carry(point);
            });
            self.advance(Span::from_s(15).min(until.since(self.now)), true);
        }
    }

    fn advance(&mut self, span: Span, carries: bool) {
        let until = self.now + span;
        loop {
            let due = self.stations.iter().filter_map(|station| station.due(self.now));
            let due = due.chain(self.csms.poll_timeout()).min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            self.now = due.max(self.now);
            for (station, line) in self.stations.iter_mut().zip(&self.lines) {
                station.look(self.now);
                if *line == Line::Up {
                    station.speak(self.now);
                }
            }
            // A lease may have ended, and what a start may draw counts on more phases.
            self.excused = true;
            if self.csms.poll_timeout().is_some_and(|due| due <= self.now) {
                self.csms.handle_timeout(self.now);
            }
            self.collect("time");
            if carries {
                (0..STATIONS).for_each(|point| self.carry(point));
            }
            if self.broken.is_some() {
                return;
            }
        }
        self.now = until;
        self.stations.iter_mut().for_each(|station| station.look(until));
        self.look("time");
    }

    /// Takes what the central system says, and looks.
    fn collect(&mut self, why: &str) {
        let mut raised = None;
        while let Some(output) = self.csms.poll_output() {
            match output {
                Output::Send { point, text } if self.lines[point.0] == Line::Up => {
                    self.stations[point.0].heard.push_back(text);
                }
                Output::Event(Event::TroubleChanged {
                    trouble: Some(trouble @ Trouble::NotCompliant { .. }),
                    point,
                    ..
                }) => {
                    self.broken.get_or_insert(format!("{point:?} is accused: {trouble:?}"));
                }
                Output::Event(Event::ProfileSent(sent)) if sent.limit > sent.previous => {
                    let before = self.reserved_w[sent.point.0];
                    // What is held there anyway may be given.
                    if self.csms.reserved_at(sent.point).0 > before {
                        raised = raised.or(Some(sent));
                    }
                }
                Output::Send { .. } | Output::Event(_) => {}
            }
        }
        let (site, feeder) = self.over();
        let too_much = |sent: &ProfileSent| site || (feeder && sent.point.0 < BEHIND);
        if let Some(sent) = raised.filter(too_much) {
            let reserved = self.reserved();
            self.broken.get_or_insert(format!("{sent:?} after {why}: {reserved:?} W reserved"));
        }
        self.look(why);
    }

    /// Compares the ledger with the truth.
    fn look(&mut self, why: &str) {
        self.steps += 1;
        self.reserved_w = std::array::from_fn(|point| self.csms.reserved_at(PointIx(point)).0);
        let wrong = self.uncovered().or_else(|| self.overcommitted());
        if let Some(wrong) = wrong {
            let now = self.now;
            self.broken.get_or_insert(format!("{now}, after {why}: {wrong}"));
        }
    }

    /// A car that may be drawing more than is reserved for it, or for it and its neighbours.
    fn uncovered(&self) -> Option<String> {
        let drawn = |(station, since): (&Station, &Option<Time>)| {
            let untold = since.is_some_and(|since| station.is_overdue(self.now, since));
            if untold { 0 } else { station.may_draw_w(self.now) }
        };
        let truth: Vec<i64> = self.stations.iter().zip(&self.online_since).map(drawn).collect();
        for (point, truth) in truth.iter().enumerate() {
            let reserved = self.csms.reserved_at(PointIx(point)).0;
            if *truth > reserved {
                return Some(format!("{truth} W at cp_{point}, {reserved} W reserved"));
            }
        }
        let site: i64 = truth.iter().sum();
        let feeder: i64 = truth[..BEHIND].iter().sum();
        let [reserved, committed] = self.reserved();
        let each = (0..STATIONS).map(|point| self.csms.reserved_at(PointIx(point)).0).sum::<i64>();
        (site > reserved || feeder > committed || each != reserved)
            .then(|| format!("{site} and {feeder} W of {reserved} and {committed} W, sum {each}"))
    }

    /// More than the limit is reserved, although nothing has become uncertain since it was not.
    fn overcommitted(&mut self) -> Option<String> {
        if self.fits() {
            self.excused = false;
        }
        let (reserved, limit) = (self.reserved(), self.csms.ev_limit(self.site));
        (!self.fits() && !self.excused)
            .then(|| format!("{reserved:?} W reserved of {limit} and {FEEDER_W} W"))
    }

    /// What is reserved fits the site and the feeder.
    fn fits(&self) -> bool {
        self.over() == (false, false)
    }

    /// More is reserved than the site carries, or the feeder.
    fn over(&self) -> (bool, bool) {
        let [site, feeder] = self.reserved();
        (site > self.csms.ev_limit(self.site).0, feeder > FEEDER_W)
    }

    /// Of the site and of the feeder, W.
    fn reserved(&self) -> [i64; 2] {
        let feeder = self.csms.wires(self.site).find(|wire| wire.bound == Watts(FEEDER_W));
        [self.csms.reserved(self.site).0, feeder.map_or(0, |wire| wire.committed.0)]
    }

    /// The noise ends: what is not as it should be after so long?
    pub(crate) fn calm_down(&mut self) -> Option<String> {
        for station in &mut self.stations {
            station.mood = None;
            station.appetite_w = RATED_W;
        }
        (0..STATIONS).for_each(|point| self.connect(point));
        self.run(SHED.whole_s());
        let over = (!self.fits())
            .then(|| format!("{:?} W still reserved: {:?}", self.reserved(), self.reserved_w));
        // Not while places change, as they do at the beginning of a rotation epoch.
        let into_epoch = (self.now + SETTLED).unix_s().rem_euclid(900);
        self.run(SETTLED.whole_s() + (450 - into_epoch).rem_euclid(900));
        if let Some(broken) = self.broken.clone().or(over) {
            return Some(broken);
        }
        let changes = self.csms.preview(self.now, self.site);
        let of = |point: usize| {
            let (told, reserved) =
                (self.csms.allocated_at(PointIx(point)), self.csms.reserved_at(PointIx(point)));
            (told.0, reserved.0, self.stations[point].in_force_w())
        };
        let all: Vec<_> = (0..STATIONS).map(of).collect();
        let settled =
            all.iter().all(|(told, reserved, in_force)| told == in_force && told == reserved);
        (changes > 0 || !settled || !self.fits()).then(|| {
            format!("{}: {changes} to change, told, reserved, in force: {all:?}", self.now)
        })
    }

    pub(crate) fn charging(&self) -> usize {
        self.stations.iter().filter(|station| station.charges()).count()
    }
}
