//! The timeline of a scenario: changes of the configuration, and what goes wrong for a while.
//!
//! Connections are made and lost here. A connection that is lost takes with it what is on its way,
//! in both directions; both ends know at once.

use rand::Rng;

use crate::charger;
use crate::csms::{ConfigPatch, Input, SiteConfig};
use crate::scenario::model::{Fault, Targets, TimelineAction};
use crate::scenario::streams;
use crate::sim::plant::Outside;
use crate::sim::world::{Central, Event, World};
use crate::time::{Span, Time};

/// Charge points connect within this time of the instant at which they can, each at its own.
const CONNECT_WITHIN: Span = Span::from_s(10);
/// A charge point that hung up connects again after this.
const HANGS_UP_FOR: Span = Span::from_s(10);
/// From a loss of power without a stated length to its return.
const REBOOT: Span = Span::from_s(30);

/// How a charge point is connected.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Connection {
    /// Counts the connections made and lost: frames of another number are lost.
    pub(super) number: u32,
    up: bool,
    /// It can reach nobody.
    offline: bool,
    /// It is open and carries nothing.
    mute: bool,
    /// By kind of fault: until when one that struck lasts.
    faults: [Option<Time>; Fault::ALL.len()],
}

impl Connection {
    /// Whether a frame sent now gets anywhere.
    pub(super) fn carries(self, central: Central) -> bool {
        !self.mute && (self.up || central == Central::Elsewhere)
    }
}

impl World<'_> {
    /// Plans a connection of a charge point that can connect from now on.
    pub(super) fn connect_soon(&mut self, point: usize, purpose: &str) {
        let mut delay = streams::stream(self.seed, purpose, point as u64);
        let micros = delay.next_u64() % CONNECT_WITHIN.0 as u64;
        self.queue.push(self.now + Span(micros as i64), Event::LinkUp { point });
    }

    /// A charge point connects, if it can.
    pub(super) fn connect(&mut self, point: usize) {
        let now = self.now;
        if self.central == Central::Elsewhere {
            let point = self.scenario.chargers[point].id.clone();
            return self.outside.push_back(Outside::Connect { point });
        }
        if self.connections[point].offline || self.connections[point].up {
            return;
        }
        self.digest.event(now, 1, point as u64, &[]);
        self.connections[point].up = true;
        self.connections[point].number += 1;
        self.hear_link(&Input::LinkUp { point: self.scenario.chargers[point].id.clone() });
        self.points[point].link_up(now);
        self.after_central();
        self.after_point(point);
    }

    fn hear_link(&mut self, input: &Input) {
        let taken = self.hear(input);
        debug_assert!(taken.is_ok(), "charge points of a scenario are known: {taken:?}");
    }

    /// Whether a charge point of a fleet alone may keep the connection that was made for it.
    pub(super) fn may_connect(&mut self, point: usize) -> bool {
        let offline = self.connections[point].offline;
        if offline {
            let point = self.scenario.chargers[point].id.clone();
            self.outside.push_back(Outside::Disconnect { point });
        }
        !offline
    }

    /// A charge point hangs up.
    pub(super) fn hang_up(&mut self, point: usize) {
        self.disconnect(point);
        if self.central == Central::Here {
            self.queue.push(self.now + HANGS_UP_FOR, Event::LinkUp { point });
        }
    }

    fn disconnect(&mut self, point: usize) {
        let now = self.now;
        if self.central == Central::Elsewhere {
            let id = self.scenario.chargers[point].id.clone();
            self.outside.push_back(Outside::Disconnect { point: id });
        } else if std::mem::take(&mut self.connections[point].up) {
            self.digest.event(now, 8, point as u64, &[]);
            self.connections[point].number += 1;
            self.hear_link(&Input::LinkDown { point: self.scenario.chargers[point].id.clone() });
            self.after_central();
        }
        self.points[point].link_down(now);
        self.after_point(point);
    }

    /// An entry of the timeline is due.
    pub(super) fn timeline(&mut self, entry: usize) {
        let now = self.now;
        self.digest.event(now, 6, entry as u64, &[]);
        let fleet = self.fleet;
        let elsewhere = self.central == Central::Elsewhere;
        match &fleet.timeline[entry].action {
            TimelineAction::Fault { fault, on, lasts } => {
                let points = self.targets(entry, on);
                for point in &points {
                    self.strike(*point, *fault, *lasts);
                }
                self.recorder.mark(now, format!("{}: {}", fault.name(), self.named(&points)));
                // Power that is back boots the station by itself.
                if let Some(lasts) = lasts.filter(|_| *fault != Fault::Reboot) {
                    self.queue.push(now + lasts, Event::Recovery { entry });
                }
            }
            TimelineAction::Recover { fault, on } => {
                let points = self.targets(entry, on);
                self.recover(&points, *fault);
            }
            // Somebody else's site: its operator decides.
            _ if elsewhere => {}
            TimelineAction::Config {
                max_power,
                reserve,
                strategy,
                min_charge_rate,
                priorities,
                ..
            } => {
                let patch = ConfigPatch {
                    max_power: *max_power,
                    reserve: *reserve,
                    strategy: *strategy,
                    min_charge_rate: *min_charge_rate,
                    worst_load: None,
                    priorities: priorities.clone(),
                };
                let before = self.csms.config(self.site()).clone();
                let before_timers = self.timers_wait();
                self.csms.configure(now, self.site(), &patch);
                self.tell_input(before_timers, |world| Input::Configure {
                    site: world.csms.site_id(world.site()).clone(),
                    config: world.csms.config(world.site()).clone(),
                });
                self.configured(&before);
            }
            TimelineAction::Rebalance { reason } => {
                let before_timers = self.timers_wait();
                self.csms.rebalance(now, self.site());
                self.tell_input(before_timers, |world| Input::Rebalance {
                    site: world.csms.site_id(world.site()).clone(),
                    rebalance: crate::ids::make("reb", now, entry as u64 + 1),
                    reason: reason.clone(),
                });
                self.recorder.rebalanced(now, reason);
            }
        }
        self.after_central();
    }

    /// The time that a fault was to last is over.
    pub(super) fn recovery(&mut self, entry: usize) {
        self.digest.event(self.now, 9, entry as u64, &[]);
        let fleet = self.fleet;
        if let TimelineAction::Fault { fault, on, .. } = &fleet.timeline[entry].action {
            let mut points = self.targets(entry, on);
            // Another one of the kind may have struck meanwhile that lasts longer.
            let until = |point: usize| self.connections[point].faults[kind(*fault)];
            points.retain(|point| until(*point).is_some_and(|until| until <= self.now));
            if !points.is_empty() {
                self.recover(&points, Some(*fault));
            }
        }
    }

    /// The site's configuration is another now: its limits and the record follow.
    pub(super) fn configured(&mut self, before: &SiteConfig) {
        self.recorder.configured(self.now, before, self.csms.config(self.site()));
        self.limit_moves();
    }

    /// Whom an entry of the timeline concerns, ascending. The same entry draws the same chargers.
    fn targets(&self, entry: usize, on: &Targets) -> Vec<usize> {
        let all = 0..self.points.len();
        match on {
            Targets::All => all.collect(),
            Targets::Listed(points) => points.clone(),
            Targets::Drawn(count) => {
                let mut chance = streams::stream(self.seed, "fault", entry as u64);
                let mut left: Vec<usize> = all.collect();
                let mut drawn = Vec::new();
                while drawn.len() < *count && !left.is_empty() {
                    drawn.push(left.swap_remove((chance.next_u64() % left.len() as u64) as usize));
                }
                drawn.sort_unstable();
                drawn
            }
        }
    }

    fn strike(&mut self, point: usize, fault: Fault, lasts: Option<Span>) {
        let now = self.now;
        let until = lasts.map_or(Time::NEVER, |lasts| now + lasts);
        let known = &mut self.connections[point].faults[kind(fault)];
        *known = (*known).max(Some(until));
        if let Some(fault) = own_fault(fault) {
            self.points[point].begin_fault(now, fault);
            return self.after_point(point);
        }
        match fault {
            Fault::Offline => {
                self.connections[point].offline = true;
                self.disconnect(point);
            }
            Fault::Mute => self.connections[point].mute = true,
            _ => {
                let lasts = lasts.unwrap_or(REBOOT);
                self.disconnect(point);
                self.points[point].power_loss(now, lasts);
                self.after_point(point);
                if self.central == Central::Here {
                    self.queue.push(now + lasts, Event::LinkUp { point });
                }
            }
        }
    }

    /// `fault`: `None` ends them all.
    fn recover(&mut self, points: &[usize], fault: Option<Fault>) {
        let ended = |one: Fault| fault.is_none_or(|fault| fault.name() == one.name());
        for &point in points {
            if ended(Fault::Mute) {
                self.connections[point].mute = false;
            }
            if ended(Fault::Offline) && std::mem::take(&mut self.connections[point].offline) {
                self.reconnect(point);
            }
            for fault in Fault::ALL.into_iter().filter(|fault| ended(*fault)) {
                self.connections[point].faults[kind(fault)] = None;
                if let Some(fault) = own_fault(fault) {
                    self.points[point].end_fault(self.now, fault);
                }
            }
            self.after_point(point);
        }
        let what = fault.map_or("all faults", Fault::name);
        let who = self.named(points);
        self.recorder.mark(self.now, format!("{what} over: {who}"));
    }

    /// In a fleet alone the sockets come back by themselves.
    fn reconnect(&mut self, point: usize) {
        if self.central == Central::Here {
            self.connect_soon(point, "reconnect");
        }
    }

    fn named(&self, points: &[usize]) -> String {
        match points {
            [one] => self.scenario.chargers[*one].id.to_string(),
            _ if points.len() == self.points.len() => "all chargers".to_owned(),
            _ => format!("{} chargers", points.len()),
        }
    }
}

/// The place of a kind of fault.
fn kind(fault: Fault) -> usize {
    Fault::ALL.iter().position(|known| known.name() == fault.name()).unwrap_or_default()
}

/// The fault that is the charge point's own; `None` for those of its connection and its supply.
fn own_fault(fault: Fault) -> Option<charger::Fault> {
    match fault {
        Fault::IgnoreLimits => Some(charger::Fault::IgnoreLimits),
        Fault::RejectProfiles => Some(charger::Fault::RejectProfiles),
        Fault::MeterLies => Some(charger::Fault::MeterLies),
        Fault::ClockSkew(behind) => Some(charger::Fault::ClockSkew(behind)),
        Fault::Offline | Fault::Reboot | Fault::Mute => None,
    }
}
