//! A process ends without warning and another one continues.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::odd::{ACCEPTED, Installed, Told};
use super::*;
use crate::csms::event::Binding;
use crate::csms::restore::{
    RestoredLimit, RestoredPoint, RestoredSite, RestoredState, RestoredTransaction,
};

/// What a store would hold after all these events.
fn kept(csms: &Csms, events: &[Event]) -> RestoredState {
    let mut limits = BTreeMap::new();
    let (mut breeds, mut manners) = (BTreeMap::new(), BTreeMap::new());
    let (mut ids, mut ended, mut last) = (Vec::new(), BTreeSet::new(), 0);
    let mut records = BTreeSet::new();
    for event in events {
        match event {
            Event::BoundChanged { point, connector, confirmed, bound } => {
                limits.insert((*point, *connector), (*confirmed, *bound));
            }
            Event::BoundGone { point, connector } => {
                limits.remove(&(*point, *connector));
            }
            Event::SessionStarted { transaction_id, .. }
            | Event::SessionFound { transaction_id, .. } => ids.push(*transaction_id),
            Event::SessionEnded { transaction_id, .. } => {
                ended.insert(*transaction_id);
            }
            Event::IdTaken { transaction_id } => last = last.max(*transaction_id),
            Event::RecordChanged { point, subject } => {
                records.insert((*point, *subject));
            }
            Event::BreedLearned { point } => {
                if let Some(breed) = csms.breed(*point) {
                    breeds.insert(csms.point_id(*point).clone(), breed.clone());
                    manners.extend(csms.manner_of(breed).map(|manner| (breed.clone(), manner)));
                }
            }
            _ => {}
        }
    }
    let site = |site| {
        let view = csms.site_view(site);
        let config = view.config.zip(view.configured_at);
        RestoredSite { site: view.id, name: view.name, config }
    };
    let point = |point| {
        let view = csms.point_view(point)?;
        Some(RestoredPoint {
            point: view.id,
            site: view.site,
            hardware: view.hardware,
            connectors: view.connectors.len() as u32,
            registered: view.registered,
        })
    };
    let transaction = |id: &i64| {
        let known = csms.transaction(*id)?;
        Some(RestoredTransaction {
            transaction_id: *id,
            session: known.session,
            point: known.point,
            connector: known.connector,
            id_tag: known.id_tag,
            started_at: known.started_at,
            said: known.said,
            meter_start_wh: known.meter_start_wh,
            wish: known.wish,
            ended: ended.contains(id) || known.ended,
            stop: known.stop,
        })
    };
    let limit = |((point, connector), (confirmed, bound)): ((PointIx, u32), _)| {
        let point = csms.point_id(point).clone();
        RestoredLimit { point, connector, confirmed, bound }
    };
    RestoredState {
        sites: csms.sites().map(site).collect(),
        points: csms.points().filter_map(point).collect(),
        cards: Vec::new(),
        transactions: ids.iter().filter_map(transaction).collect(),
        last_transaction_id: last,
        limits: limits.into_iter().map(limit).collect(),
        records: records
            .into_iter()
            .filter_map(|(point, subject)| {
                Some((csms.point_id(point).clone(), csms.record_of(point, subject)?))
            })
            .collect(),
        breeds: breeds.into_iter().collect(),
        manners: manners.into_iter().collect(),
    }
}

impl Bench {
    /// The process ends, another one continues; nobody is connected any more.
    pub(super) fn restart(&mut self) -> RestoredState {
        let state = kept(&self.csms, &self.events);
        let options = Options { control: self.control.clone(), ..Options::default() };
        self.csms = Csms::restore(options, self.now, &state);
        self.site = self.csms.site("site_1").unwrap();
        self.inbox.iter_mut().for_each(VecDeque::clear);
        self.collect();
        state
    }
}

#[test]
fn a_running_session_goes_on_under_its_name_and_no_limit_rises_unconfirmed() {
    let mut bench = Bench::with(1, 20_000, Rule::Equal);
    bench.boot(0);
    let id = bench.charge(0);
    bench.wait(90);
    let (sessions, reserved) = (bench.csms.sessions(None), bench.csms.reserved(bench.site));
    assert_eq!(reserved, Watts(9_660), "14 A of 10 kW");
    let patch = ConfigPatch { max_power: Some(Watts(32_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.restart();
    assert_eq!(bench.csms.reserved(bench.site), reserved, "it may draw that, connected or not");
    let after = bench.csms.sessions(None);
    assert_eq!(after[0].session, sessions[0].session);
    assert_eq!(after[0].transaction_id, id);
    bench.csms.link_up(bench.now, PointIx(0));
    bench.collect();
    let mut limits = Vec::new();
    for _ in 0..90 {
        while let Some((call, action, payload)) = bench.received(0) {
            if payload.contains("TxProfile") {
                limits.push(payload.split("\"limit\":").nth(1).unwrap()[..2].to_owned());
            }
            let answer = if action == "GetConfiguration" { "{}" } else { ACCEPTED };
            bench.frame(0, &format!(r#"[3,"{call}",{answer}]"#));
        }
        bench.wait_silently(bench.now + Span::from_s(1), false);
    }
    assert_eq!(limits, ["14", "31"], "first what it has, then more");
    bench.stop(0, id);
    let ended = bench
        .events
        .iter()
        .any(|event| matches!(event, Event::SessionEnded { energy_wh, .. } if *energy_wh == 4_000));
    assert!(ended, "by the register since the start");
}

#[test]
fn messages_repeated_after_a_restart_are_known_and_ids_are_never_given_twice() {
    let mut bench = Bench::new(2);
    (0..2).for_each(|point| bench.boot(point));
    bench.present_card(0);
    let first = bench.start(0);
    let taken = transaction_id(&bench.call(1, "StartTransaction", r#"{"connectorId":1}"#));
    assert!(taken > first, "answered without a transaction");
    let told = bench.now;
    bench.restart();
    bench.now += Span::from_s(20);
    (0..2).for_each(|point| bench.csms.link_up(bench.now, PointIx(point)));
    let later = std::mem::replace(&mut bench.now, told);
    let again = bench.start(0);
    bench.now = later;
    assert_eq!(again, first, "the same start");
    bench.present_card(1);
    let other = bench.start(1);
    assert!(other > taken);
    bench.stop(0, first);
    bench.restart();
    (0..2).for_each(|point| bench.csms.link_up(bench.now, PointIx(point)));
    let ended = |bench: &Bench| {
        bench.events.iter().filter(|e| matches!(e, Event::SessionEnded { .. })).count()
    };
    let before = ended(&bench);
    bench.stop(0, first);
    assert_eq!(ended(&bench), before, "ended once");
    assert_eq!(bench.csms.deviations().get("StopTransaction repeated"), Some(&1));
}

#[test]
fn a_card_let_in_before_a_restart_keeps_its_room() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.present_card(0);
    bench.restart();
    bench.csms.link_up(bench.now, PointIx(0));
    bench.collect();
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140));
    bench.wait(400);
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO, "nothing has begun");
}

#[test]
fn a_charge_point_of_which_nothing_was_kept_counts_in_full() {
    let mut bench = Bench::new(1);
    bench.csms.link_up(bench.now, PointIx(0));
    bench.call(0, "BootNotification", r#"{"chargePointVendor":"A","chargePointModel":"B"}"#);
    bench.restart();
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000));
    bench.csms.link_up(bench.now, PointIx(0));
    bench.collect();
    let asked = bench.received(0).map(|(_, action, _)| action);
    assert_eq!(asked.as_deref(), Some("GetConfiguration"), "what it can do was forgotten");
}

#[test]
fn an_answer_to_the_process_before_settles_nothing() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.present_card(0);
    bench.start(0);
    bench.wait_silently(bench.now + Span::from_s(2), false);
    let (old, ..) = bench.received(0).unwrap();
    bench.restart();
    bench.csms.link_up(bench.now, PointIx(0));
    bench.collect();
    bench.frame(0, &format!(r#"[3,"{old}",{ACCEPTED}]"#));
    assert_eq!(bench.csms.ignored_answers(), 1);
}

/// A charger as its driver sees it: which limits it has taken.
#[derive(Clone, Copy, Debug, Default)]
struct Charger {
    installed: Installed,
    runs: bool,
    /// The transaction, once its start was told and answered.
    transaction: Option<i64>,
}

impl Charger {
    /// Whether it takes a profile: a TxProfile needs its transaction.
    fn takes(&mut self, payload: &str) -> bool {
        let told = Told::read(payload);
        let taken = told.transaction.is_none() || told.transaction == self.transaction;
        if taken {
            self.installed.install(&told);
        }
        taken
    }

    fn enforced(&self) -> Setpoint {
        self.installed.enforced(self.transaction)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Start(usize),
    Stop(usize),
    Answer(usize, u8),
    Wait(i64),
    Connect(usize),
    Lose(usize),
    Rebalance,
    Clear(usize),
    /// Of what was on its way, the bits say who still took it.
    Restart(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let point = 0..4_usize;
    let act = prop_oneof![
        4 => point.clone().prop_map(Act::Start),
        1 => point.clone().prop_map(Act::Stop),
        14 => (point.clone(), any::<u8>()).prop_map(|(p, a)| Act::Answer(p, a)),
        4 => (1..50_i64).prop_map(Act::Wait),
        6 => point.clone().prop_map(Act::Connect),
        1 => point.clone().prop_map(Act::Lose),
        1 => Just(Act::Rebalance),
        1 => point.prop_map(Act::Clear),
        1 => any::<u8>().prop_map(Act::Restart),
    ];
    prop::collection::vec(act, 1..200)
}

struct Story {
    bench: Bench,
    chargers: [Charger; 4],
    /// What the first TxProfile after a restart may permit at most.
    most: [Option<Setpoint>; 4],
    /// Events looked at.
    seen: usize,
}

impl Story {
    fn online(&self, p: usize) -> bool {
        self.bench.csms.points[p].line.online
    }

    fn tell_start(&mut self, p: usize) {
        let charger = &mut self.chargers[p];
        if charger.runs && charger.transaction.is_none() && self.bench.csms.points[p].line.online {
            charger.transaction = Some(self.bench.start(p));
        }
    }

    /// Takes what has come; without an answer when that is to be lost.
    fn take(&mut self, p: usize, how: u8) {
        let Some((id, action, payload)) = self.bench.received(p) else { return };
        let mut refuses = how.is_multiple_of(5);
        match action.as_str() {
            "SetChargingProfile" if !refuses => refuses = !self.chargers[p].takes(&payload),
            "ClearChargingProfile" if !refuses => {
                self.chargers[p].installed.clear(&payload);
            }
            _ => {}
        }
        if !how.is_multiple_of(7) && self.online(p) {
            let status = if refuses { "Rejected" } else { "Accepted" };
            let known = action == "GetConfiguration";
            let answer =
                if known { "{}".to_owned() } else { format!(r#"{{"status":"{status}"}}"#) };
            self.bench.frame(p, &format!(r#"[3,"{id}",{answer}]"#));
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Start(p) if self.online(p) && !self.chargers[p].runs => {
                // A start of the same second would be taken for the same start.
                self.bench.wait_silently(self.bench.now + Span::from_s(1), false);
                if self.bench.present_card(p).contains("Accepted") {
                    self.chargers[p].runs = true;
                }
            }
            Act::Stop(p) if self.online(p) => {
                if let Some(id) = self.chargers[p].transaction.take() {
                    let installed = Installed { session: None, ..self.chargers[p].installed };
                    self.chargers[p] = Charger { installed, ..Charger::default() };
                    self.bench.stop(p, id);
                }
            }
            Act::Answer(p, how) => self.take(p, how),
            Act::Wait(seconds) => {
                (0..4).for_each(|p| self.tell_start(p));
                let until = self.bench.now + Span::from_s(seconds);
                self.bench.wait_silently(until, false);
            }
            Act::Connect(p) if !self.online(p) => {
                self.bench.csms.link_up(self.bench.now, PointIx(p));
                self.bench.collect();
                self.tell_start(p);
            }
            Act::Lose(p) if self.online(p) => {
                self.bench.csms.link_down(self.bench.now, PointIx(p));
                self.bench.collect();
                self.bench.inbox[p].clear();
            }
            Act::Rebalance => self.bench.csms.rebalance(self.bench.now, self.bench.site),
            Act::Clear(p) => {
                let command = Input::Command {
                    point: ChargePointId::new(&format!("cp_{p}")),
                    command: "cmd".to_owned(),
                    action: "ClearChargingProfile".to_owned(),
                    payload: "{}".to_owned(),
                };
                // Often there is no room for it, which is an answer too.
                let _ = self.bench.apply(&command);
            }
            Act::Restart(taken) => {
                for p in 0..4 {
                    if taken >> p & 1 == 1 {
                        self.take(p, 7);
                    }
                }
                let state = self.bench.restart();
                self.most = [None; 4];
                for limit in state.limits.iter().filter(|limit| limit.connector == 1) {
                    let point = self.bench.csms.point(limit.point.as_str()).unwrap();
                    self.most[point.0] = Some(limit.confirmed.unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    /// A TxProfile that permits more than was accepted before the restart it follows first.
    fn raised_unconfirmed(&mut self) -> Option<ProfileSent> {
        let events =
            &self.bench.events[std::mem::replace(&mut self.seen, self.bench.events.len())..];
        for event in events {
            match event {
                Event::ProfileSent(sent)
                    if sent.connector == 1 && sent.reason != Binding::StartBound =>
                {
                    let most = self.most[sent.point.0].take();
                    let hardware = self.bench.csms.points[sent.point.0].hardware;
                    if most.is_some_and(|most| sent.limit > hardware.watts(most, 3)) {
                        return Some(sent.clone());
                    }
                }
                // Another one that begins meanwhile has nothing to confirm.
                Event::SessionStarted { point, .. } => self.most[point.0] = None,
                _ => {}
            }
        }
        None
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Whenever the process ends, whatever was on its way, whoever comes back when: what chargers
    /// permit is reserved, and together it stays within the limit.
    #[test]
    fn what_chargers_enforce_stays_reserved_and_within_the_limit(acts in acts()) {
        let mut story =
            Story {
                bench: Bench::with(4, 50_000, Rule::Equal),
                chargers: [Charger::default(); 4],
                most: [None; 4],
                seen: 0,
            };
        for p in 0..4 {
            story.bench.csms.link_up(story.bench.now, PointIx(p));
            let boot = r#"{"chargePointVendor":"Acme","chargePointModel":"ac22"}"#;
            story.bench.call(p, "BootNotification", boot);
            (0..3).for_each(|_| story.take(p, 1));
        }
        for act in acts {
            story.act(&act);
            let raised = story.raised_unconfirmed();
            prop_assert!(raised.is_none(), "{act:?}: {raised:?}");
            let mut sum = Watts::ZERO;
            for (p, charger) in story.chargers.iter().enumerate().filter(|(_, c)| c.runs) {
                let reserved = story.bench.csms.reserved_at(PointIx(p));
                let enforced = story.bench.csms.points[p].hardware.watts(charger.enforced(), 3);
                prop_assert!(enforced <= reserved, "{act:?}: {p}: {enforced} of {reserved}");
                sum += enforced;
            }
            prop_assert!(sum <= Watts(40_000), "{act:?}: {sum}");
        }
    }
}
