//! Central systems: three that push decisions as others do, and the program's own.

use std::collections::{BTreeMap, VecDeque};

use ampacity::allocation::{self, Problem, Rotation, Session, Strategy};
use ampacity::charger::CurrentKind;
use ampacity::csms::{
    self, ConfigPatch, Control, Csms, Hardware, Options, PointIx, SiteConfig, SiteIx,
};
use ampacity::ids::{ChargePointId, SiteId};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use serde_json::{Value, json};

use crate::plant::{Central, LIMIT_W, POINTS};

const SLOTS_W: i64 = 1_380;
const CALL_TIMEOUT: Span = Span::from_s(30);
const GROW_AFTER: Span = Span::from_s(5);

/// When a raise may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// With everything else, at once.
    Naive,
    /// When all decreases of the decision are answered or have timed out.
    Barrier,
    /// Five seconds after the decision.
    Wait,
}

/// What a simple central system knows of a station.
#[derive(Clone, Debug, Default)]
struct Line {
    online: bool,
    transaction: Option<i64>,
    /// What was accepted last, and what is wanted, W; before the first decision what bounds a start.
    accepted: i64,
    target: i64,
    /// The CALL on its way: its id, its limit (none: the bound of a start), when it was sent.
    asked: Option<(String, Option<i64>, Time)>,
    bound: bool,
    /// The decision could not be brought to it: the next one will be.
    failed: bool,
}

/// Accepts every card, and sends what `allocation::solve` says by a rule.
pub(crate) struct Simple {
    rule: Rule,
    lines: Vec<Line>,
    weights: Vec<u32>,
    previous: Vec<i64>,
    grow_at: Time,
    outbox: VecDeque<(usize, String)>,
    calls: u64,
}

impl Simple {
    pub(crate) fn new(rule: Rule) -> Simple {
        let line = Line { accepted: SLOTS_W, target: SLOTS_W, ..Line::default() };
        Simple {
            rule,
            lines: vec![line; POINTS],
            weights: vec![1; POINTS],
            previous: vec![SLOTS_W; POINTS],
            grow_at: Time(0),
            outbox: VecDeque::new(),
            calls: 0,
        }
    }

    fn decide(&mut self, now: Time) {
        let charging: Vec<usize> =
            (0..POINTS).filter(|point| self.lines[*point].transaction.is_some()).collect();
        let session = |point: &usize| Session {
            id: *point as u64,
            arrival: Time(*point as i64),
            weight: self.weights[*point],
            min: Watts(SLOTS_W),
            cap: Watts(32 * 230),
            hardware: Watts(32 * 230),
            step: Watts(230),
            service: 0,
            previous: Watts(self.previous[*point]),
            last_switch: Time(0),
            wants_power: true,
            departure: None,
            energy_left: None,
        };
        let sessions: Vec<Session> = charging.iter().map(session).collect();
        let control = Control::default();
        let shares = allocation::solve(&Problem {
            strategy: Strategy::Priority,
            capacity: Watts(LIMIT_W),
            sessions: &sessions,
            network: None,
            rotation: Rotation {
                now,
                looked_at: now,
                epoch_starts: false,
                min_on: control.min_on,
                min_off: control.min_off,
                welcome: control.welcome,
                epoch: control.rotation,
            },
        });
        for (point, share) in charging.into_iter().zip(shares) {
            self.previous[point] = share.rate.0;
            self.lines[point].target = share.rate.0;
            self.lines[point].failed = false;
        }
        self.grow_at = now + GROW_AFTER;
        self.pump(now);
    }

    /// Sends what may be sent now: decreases first.
    fn pump(&mut self, now: Time) {
        for point in 0..POINTS {
            let line = &self.lines[point];
            if line.online && !line.bound && line.asked.is_none() {
                self.ask(now, point, None);
            }
        }
        for falls in [true, false] {
            for point in 0..POINTS {
                let line = &self.lines[point];
                let free = line.online && line.asked.is_none() && !line.failed;
                let moves = match falls {
                    true => line.target < line.accepted,
                    false => line.target > line.accepted && self.may_grow(now),
                };
                if free && moves && line.transaction.is_some() {
                    self.ask(now, point, Some(line.target));
                }
            }
        }
    }

    fn may_grow(&self, now: Time) -> bool {
        match self.rule {
            Rule::Naive => true,
            Rule::Wait => now >= self.grow_at,
            Rule::Barrier => self.lines.iter().all(|line| {
                let falls = line.online && line.target < line.accepted;
                !falls || line.failed
            }),
        }
    }

    fn ask(&mut self, now: Time, point: usize, limit: Option<i64>) {
        self.calls += 1;
        let id = format!("s{}", self.calls);
        let line = &mut self.lines[point];
        let amps = limit.unwrap_or(SLOTS_W) / 230;
        let schedule = json!({
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
        });
        let mut profile = json!({
            "chargingProfileId": if limit.is_some() { 2 } else { 1 },
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        });
        if limit.is_some() {
            profile["chargingProfilePurpose"] = json!("TxProfile");
            profile["transactionId"] = json!(line.transaction);
        }
        let payload = json!({
            "connectorId": if limit.is_some() { 1 } else { 0 },
            "csChargingProfiles": profile,
        });
        line.asked = Some((id.clone(), limit, now));
        let call = json!([2, id, "SetChargingProfile", payload]);
        self.outbox.push_back((point, call.to_string()));
    }

    fn answered(&mut self, now: Time, point: usize, frame: &Value) {
        let line = &mut self.lines[point];
        let ours = line.asked.take_if(|(id, _, _)| frame[1] == *id);
        let Some((_, limit, _)) = ours else { return };
        let accepted = frame[0] == 3 && frame[2]["status"] == "Accepted";
        match limit {
            Some(limit) if accepted => line.accepted = limit,
            Some(_) => line.failed = true,
            None => line.bound = accepted,
        }
        self.pump(now);
    }

    fn called(&mut self, now: Time, point: usize, frame: &Value) {
        let action = frame[2].as_str().unwrap_or_default();
        let conf = match action {
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": now.to_ocpp(), "interval": 900})
            }
            "Heartbeat" => json!({"currentTime": now.to_ocpp()}),
            "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
            "StartTransaction" => {
                let id = point as i64 + 1;
                json!({"idTagInfo": {"status": "Accepted"}, "transactionId": id})
            }
            _ => json!({}),
        };
        self.outbox.push_back((point, json!([3, frame[1], conf]).to_string()));
        if action == "StartTransaction" && self.lines[point].transaction.is_none() {
            self.lines[point].transaction = Some(point as i64 + 1);
            self.decide(now);
        }
        self.pump(now);
    }
}

impl Central for Simple {
    fn link_up(&mut self, now: Time, point: usize) {
        self.lines[point].online = true;
        self.pump(now);
    }

    fn link_down(&mut self, now: Time, point: usize) {
        let line = &mut self.lines[point];
        line.online = false;
        line.failed |= line.asked.take().is_some();
        self.pump(now);
    }

    fn frame(&mut self, now: Time, point: usize, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("stations send JSON");
        if frame[0] == 2 {
            self.called(now, point, &frame);
        } else {
            self.answered(now, point, &frame);
        }
    }

    fn weigh(&mut self, now: Time, weights: &[u32]) {
        self.weights = weights.to_vec();
        self.decide(now);
    }

    fn due(&self) -> Time {
        let asked = self.lines.iter().filter_map(|line| line.asked.as_ref());
        let silent = asked.map(|(_, _, at)| *at + CALL_TIMEOUT).min().unwrap_or(Time::NEVER);
        if self.rule == Rule::Wait { silent.min(self.grow_at) } else { silent }
    }

    fn wake(&mut self, now: Time) {
        for line in &mut self.lines {
            let over = line.asked.take_if(|(_, _, at)| *at + CALL_TIMEOUT <= now);
            line.failed |= over.is_some_and(|(_, limit, _)| limit.is_some());
        }
        self.pump(now);
        if self.grow_at <= now {
            self.grow_at = Time::NEVER;
        }
    }

    fn take(&mut self) -> Option<(usize, String)> {
        self.outbox.pop_front()
    }
}

/// The program's own.
pub(crate) struct Ours {
    csms: Csms,
    site: SiteIx,
}

impl Ours {
    pub(crate) fn new() -> Ours {
        let mut csms = Csms::new(Options::default());
        let config = SiteConfig {
            max_power: Watts(LIMIT_W),
            reserve: Watts::ZERO,
            strategy: Strategy::Priority,
            min_charge_rate: Watts(SLOTS_W),
            priorities: BTreeMap::new(),
            worst_load: None,
            wiring: None,
            calendar: None,
        };
        // Every change is followed at once, as the others do.
        let control = Control { min_raise_interval: Span::ZERO, ..Control::default() };
        let site = csms.add_site(SiteId::new("site_1"), config, control);
        let hardware = Hardware {
            kind: CurrentKind::Ac,
            phases: 1,
            max_current: DeciAmps::from_amps(32),
            max_power: Watts(7_400),
            voltage_v: 230,
        };
        for point in 0..POINTS {
            csms.add_point(id(point), site, hardware, 1);
        }
        Ours { csms, site }
    }
}

fn id(point: usize) -> ChargePointId {
    ChargePointId::new(&format!("cp_{point}"))
}

impl Central for Ours {
    fn link_up(&mut self, now: Time, point: usize) {
        self.csms.link_up(now, PointIx(point));
    }

    fn link_down(&mut self, now: Time, point: usize) {
        self.csms.link_down(now, PointIx(point));
    }

    fn frame(&mut self, now: Time, point: usize, text: &str) {
        self.csms.handle_frame(now, PointIx(point), text);
    }

    fn weigh(&mut self, now: Time, weights: &[u32]) {
        let priorities = weights.iter().enumerate().map(|(point, w)| (id(point), *w)).collect();
        let patch = ConfigPatch { priorities, ..ConfigPatch::default() };
        self.csms.configure(now, self.site, &patch);
    }

    fn due(&self) -> Time {
        self.csms.poll_timeout().unwrap_or(Time::NEVER)
    }

    fn wake(&mut self, now: Time) {
        self.csms.handle_timeout(now);
    }

    fn take(&mut self) -> Option<(usize, String)> {
        loop {
            match self.csms.poll_output()? {
                csms::Output::Send { point, text } => return Some((point.0, text)),
                csms::Output::Event(_) => {}
            }
        }
    }
}
