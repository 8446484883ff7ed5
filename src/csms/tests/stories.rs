//! The central system against scripted charge points, told as stories.

use proptest::prelude::*;

use super::*;
use crate::allocation::Strategy as Rule;
use crate::csms::event::Outcome;

#[test]
fn the_api_example_comes_out_to_the_digit() {
    let mut bench = Bench::new(4);
    (0..4).for_each(|point| bench.boot(point));
    (0..3).for_each(|point| {
        bench.charge(point);
    });
    bench.wait(60);
    let view = bench.csms.allocation(bench.site);
    assert_eq!(view.total_capacity.kw(), 100.0);
    assert_eq!(view.reserved.kw(), 10.0);
    assert_eq!(view.available.kw(), 90.0);
    assert_eq!(view.allocated.kw(), 66.0);
    assert_eq!(view.idle.kw(), 24.0);
    assert_eq!(bench.allocated_kw(), [22.0, 22.0, 22.0, 0.0]);
    assert_eq!(view.chargers[3].session_id, None);
    assert!(view.chargers[0].session_id.as_ref().unwrap().as_str().starts_with("ses_"));
}

#[test]
fn a_boot_learns_the_station_and_installs_the_start_bound() {
    let mut bench = Bench::new(1);
    bench.csms.link_up(bench.now, PointIx(0));
    bench.call(0, "BootNotification", r#"{"chargePointVendor":"A","chargePointModel":"B"}"#);
    let (id, action, _) = bench.received(0).unwrap();
    assert_eq!(action, "GetConfiguration", "which unit does it take?");
    assert!(bench.inbox[0].is_empty(), "one CALL at a time");
    let watts = r#"{"configurationKey":[{"key":"ChargingScheduleAllowedChargingRateUnit","readonly":true,"value":"Power"}]}"#;
    bench.frame(0, &format!(r#"[3,"{id}",{watts}]"#));
    let (_, action, payload) = bench.received(0).unwrap();
    assert_eq!(action, "SetChargingProfile");
    for part in ["\"TxDefaultProfile\"", "\"limit\":4140", "\"numberPhases\":3"] {
        assert!(payload.contains(part), "{payload}");
    }
    assert!(bench.inbox[0].is_empty(), "one CALL at a time");
}

#[test]
fn without_room_a_start_is_bounded_to_nothing_before_the_card_is_accepted() {
    let mut bench = Bench::with(5, 98_000, Rule::Equal);
    (0..5).for_each(|point| bench.boot(point));
    (0..4).for_each(|point| {
        bench.charge(point);
        bench.wait(60);
    });
    assert_eq!(bench.csms.reserved(bench.site), Watts(87_390));
    assert_eq!(bench.present_card(4), "", "no room for 6 A: the answer waits");
    let (id, action, payload) = bench.received(4).unwrap();
    assert_eq!(action, "SetChargingProfile");
    assert!(payload.contains("\"limit\":0"), "{payload}");
    bench.frame(4, &format!(r#"[3,"{id}",{{"status":"Accepted"}}]"#));
    let answer = bench.inbox[4].pop_front().unwrap();
    assert!(answer.contains(r#""status":"Accepted""#), "{answer}");
    assert_eq!(bench.csms.reserved(bench.site), Watts(87_390), "a start of nothing needs no room");
}

#[test]
fn a_station_that_takes_no_default_limit_starts_nothing() {
    let mut bench = Bench::new(1);
    bench.csms.link_up(bench.now, PointIx(0));
    bench.call(0, "BootNotification", r#"{"chargePointVendor":"A","chargePointModel":"B"}"#);
    bench.inbox[0].clear();
    assert_eq!(bench.present_card(0), "");
    let until = bench.now + Span::from_s(11);
    bench.wait_silently(until, false);
    let answer = bench.inbox[0].pop_front().unwrap();
    assert!(answer.contains(r#""status":"Blocked""#), "{answer}");
}

#[test]
fn a_newcomer_is_raised_only_after_the_others_are_seen_to_have_left_room() {
    let mut bench = Bench::with(2, 32_000, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    let first = bench.charge(0);
    bench.wait(60);
    assert_eq!(bench.allocated_kw(), [21.39, 0.0], "31 A of 22 kW room");
    bench.meter(0, first, 31);
    bench.charge(1);
    assert_eq!(bench.allocated_kw()[0], 11.04, "lowered at once");
    assert!(bench.allocated_kw()[1] < 1.0, "the room is still held");
    bench.wait(8);
    bench.meter(0, first, 16);
    bench.wait(1);
    assert_eq!(bench.allocated_kw(), [11.04, 10.35], "16 A and 15 A of 22 kW");
}

#[test]
fn the_same_start_told_twice_is_one_transaction() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.present_card(0);
    let first = bench.start(0);
    assert_eq!(bench.start(0), first);
    bench.now += Span::from_s(5);
    let second = bench.start(0);
    assert_ne!(second, first, "another timestamp is another transaction");
    let ended = bench.events.iter().filter(|e| matches!(e, Event::SessionEnded { .. })).count();
    assert_eq!(ended, 1, "the busy connector's old transaction is closed");
}

#[test]
fn transaction_messages_are_answered_whatever_they_say() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let nonsense = r#"{"connectorId":"one","meterValue":7}"#;
    assert!(bench.call(0, "MeterValues", nonsense).ends_with(",{}]"));
    assert!(bench.call(0, "StatusNotification", "[]").ends_with(",{}]"));
    assert!(bench.call(0, "StopTransaction", r#"{"transactionId":"x"}"#).starts_with("[3,"));
    let answer = bench.call(0, "StartTransaction", r#"{"connectorId":1}"#);
    assert!(answer.starts_with("[3,") && answer.contains("Invalid"), "{answer}");
    bench.stop(0, 4711);
    bench.stop(0, -1);
    assert!(bench.csms.deviations().len() >= 3);
}

#[test]
fn other_faults_get_their_code_and_change_nothing() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    assert!(bench.call(0, "Fly", "{}").contains("NotImplemented"));
    assert!(bench.call(0, "Reset", r#"{"type":"Hard"}"#).contains("NotSupported"));
    assert!(bench.call(0, "Authorize", "{}").contains("ProtocolError"));
    assert!(bench.call(0, "Heartbeat", "{}").contains("currentTime"));
    bench.frame(0, "not json");
    bench.frame(0, r#"[3,"a999",{}]"#);
    assert_eq!(bench.csms.ignored_answers(), 1);
}

#[test]
fn an_unanswered_limit_keeps_its_room_until_a_late_answer_settles_it() {
    let mut bench = Bench::with(1, 32_000, Rule::Equal);
    bench.boot(0);
    bench.present_card(0);
    bench.start(0);
    let until = bench.now + Span::from_s(2);
    bench.wait_silently(until, false);
    let (id, action, _) = bench.received(0).unwrap();
    assert_eq!(action, "SetChargingProfile");
    let until = bench.now + Span::from_s(31);
    bench.wait_silently(until, false);
    assert_eq!(bench.csms.reserved(bench.site), Watts(21_390), "it may have been applied");
    assert_eq!(bench.allocated_kw(), [0.0], "but nobody said so");
    bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Accepted"}}]"#));
    assert_eq!(bench.allocated_kw(), [21.39]);
    let timed_out = Event::ProfileAnswered { number: 2, outcome: Outcome::TimedOut };
    assert!(bench.events.contains(&timed_out), "{:?}", bench.events);
}

#[test]
fn a_refused_limit_is_tried_again_and_costs_only_its_own_room() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let known = bench.charge(0);
    bench.stop(0, known);
    bench.wait(60);
    bench.present_card(0);
    bench.start(0);
    let begins = bench.now;
    let mut tries = Vec::new();
    for _ in 0..16 {
        let until = bench.now + Span::from_s(1);
        bench.wait_silently(until, false);
        if let Some((id, _, _)) = bench.received(0) {
            tries.push(bench.now.since(begins).whole_s() - 1);
            bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Rejected"}}]"#));
        }
    }
    assert_eq!(tries, [0, 5, 15], "a form that is known to work");
    let last = bench.received(0).expect("then another form is tried");
    bench.frame(0, &format!(r#"[4,"{}","NotSupported","",{{}}]"#, last.0));
    wait_out(&mut bench, 10);
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140), "the start bound stands");
}

/// Time passes while every CALL is refused.
fn wait_out(bench: &mut Bench, seconds: i64) {
    for _ in 0..seconds {
        while let Some((id, _, _)) = bench.received(0) {
            bench.frame(0, &format!(r#"[4,"{id}","NotSupported","",{{}}]"#));
        }
        bench.wait_silently(bench.now + Span::from_s(1), false);
    }
}

#[test]
fn a_rebalance_without_a_change_sends_nothing() {
    let mut bench = Bench::new(3);
    (0..3).for_each(|point| bench.boot(point));
    (0..3).for_each(|point| {
        bench.charge(point);
    });
    bench.wait(60);
    let sent = bench.sent_profiles().len();
    for _ in 0..20 {
        bench.csms.rebalance(bench.now, bench.site);
        bench.wait(5);
    }
    assert_eq!(bench.sent_profiles().len(), sent);
}

#[test]
fn a_falling_limit_lowers_everybody_at_once() {
    let mut bench = Bench::new(4);
    (0..4).for_each(|point| bench.boot(point));
    (0..4).for_each(|point| {
        bench.charge(point);
    });
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [22.0; 4]);
    let patch = ConfigPatch { max_power: Some(Watts(50_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.csms.handle_timeout(bench.now);
    bench.collect();
    assert!(bench.inbox.iter().all(|inbox| inbox.len() == 1), "in parallel, in the same instant");
    bench.obey();
    let view = bench.csms.allocation(bench.site);
    assert!(view.allocated <= view.available);
    bench.wait(31);
    assert!(bench.csms.reserved(bench.site) <= Watts(40_000));
}

#[test]
fn a_charger_that_draws_more_than_it_was_told_is_budgeted_at_its_draw() {
    let mut bench = Bench::with(2, 32_000, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    let rogue = bench.charge(0);
    let patch = ConfigPatch { max_power: Some(Watts(22_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(60);
    assert!(bench.csms.reserved(bench.site) <= Watts(12_000));
    for _ in 0..2 {
        bench.meter(0, rogue, 31);
        bench.wait(60);
    }
    assert!(bench.csms.reserved(bench.site) >= Watts(21_390), "what it proves to draw");
    for _ in 0..3 {
        assert!(bench.csms.reserved(bench.site) >= Watts(21_390), "until it is seen to obey");
        bench.meter(0, rogue, 0);
        bench.wait(60);
    }
    assert!(bench.csms.reserved(bench.site) <= Watts(12_000));
}

/// What can happen at a site whose chargers may answer, refuse or stay silent.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Card(usize),
    Stop(usize),
    Meter(usize, i64),
    Answer(usize, u8),
    Wait(i64),
    Rebalance,
    Drop(usize),
}

pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let point = 0..6_usize;
    let act = prop_oneof![
        4 => point.clone().prop_map(Act::Card),
        1 => point.clone().prop_map(Act::Stop),
        3 => (point.clone(), 0..33_i64).prop_map(|(p, a)| Act::Meter(p, a)),
        12 => (point.clone(), any::<u8>()).prop_map(|(p, a)| Act::Answer(p, a)),
        4 => (1..50_i64).prop_map(Act::Wait),
        1 => Just(Act::Rebalance),
        1 => point.prop_map(Act::Drop),
    ];
    prop::collection::vec(act, 1..160)
}

/// Runs through it at booted charge points; `check` looks after each step.
pub(super) fn go_through(
    bench: &mut Bench,
    acts: Vec<Act>,
    mut check: impl FnMut(&Bench, &Act) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut running = [None; 6];
    for act in acts {
        match act {
            Act::Card(p) if running[p].is_none() => {
                let answer = bench.present_card(p);
                if answer.contains("Accepted") {
                    running[p] = Some(bench.start(p));
                }
            }
            Act::Stop(p) => {
                if let Some(id) = running[p].take() {
                    bench.stop(p, id);
                }
            }
            Act::Meter(p, amps) => {
                if let Some(id) = running[p] {
                    // A car never draws more than its charger permits, and follows it in time.
                    let followed = bench.now - Span::from_s(9);
                    let allowed = bench.csms.points[p].connectors[0].active.as_ref();
                    let allowed = allowed.map_or(0, |active| match active.entry.oldest_hold() {
                        Some(since) if since > followed => active.entry.bound().0 / 10,
                        _ => active.entry.standing().0 / 10,
                    });
                    bench.meter(p, id, amps.min(allowed));
                }
            }
            Act::Answer(p, how) => answer(bench, p, how),
            Act::Wait(seconds) => {
                let until = bench.now + Span::from_s(seconds);
                bench.wait_silently(until, false);
            }
            Act::Rebalance => bench.csms.rebalance(bench.now, bench.site),
            Act::Drop(p) => {
                bench.csms.link_down(bench.now, PointIx(p));
                bench.inbox[p].clear();
                bench.collect();
                bench.csms.link_up(bench.now, PointIx(p));
                bench.collect();
                bench.status(p, if running[p].is_some() { "Charging" } else { "Available" });
            }
            Act::Card(_) => {}
        }
        check(bench, &act)?;
    }
    Ok(())
}

/// What counted towards each limit at the last look.
#[derive(Default)]
pub(super) struct Counted(Vec<Watts>);

impl Counted {
    /// What counts towards each limit is within it. Who was away may have come back under what bounds
    /// a start: then it may be more, and nothing may be added until the others have made room.
    pub(super) fn is_within(
        &mut self,
        act: &Act,
        limits: impl Iterator<Item = (Watts, Watts)>,
    ) -> bool {
        let (counted, limits): (Vec<Watts>, Vec<Watts>) = limits.unzip();
        let before = std::mem::replace(&mut self.0, counted);
        let fits = |at: usize| {
            let grew = before.get(at).is_none_or(|before| *before < self.0[at]);
            self.0[at] <= limits[at] || !grew || matches!(act, Act::Drop(_))
        };
        (0..limits.len()).all(fits)
    }
}

/// A charge point answers what it was asked, or leaves it unanswered.
fn answer(bench: &mut Bench, point: usize, how: u8) {
    let Some((id, action, _)) = bench.received(point) else { return };
    let status = if how.is_multiple_of(5) { "Rejected" } else { "Accepted" };
    let payload = match action.as_str() {
        "GetConfiguration" => "{}".to_owned(),
        _ => format!(r#"{{"status":"{status}"}}"#),
    };
    if !how.is_multiple_of(7) {
        bench.frame(point, &format!(r#"[3,"{id}",{payload}]"#));
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// The invariant of the house: whatever chargers answer, refuse or leave unanswered, the sum
    /// of everything that could be in force stays within the limit (constant limit, no charger
    /// that draws more than it was told), as far as it can.
    #[test]
    fn reservations_never_exceed_the_limit(acts in acts()) {
        let mut bench = Bench::with(6, 60_000, Rule::Equal);
        (0..6).for_each(|point| bench.boot(point));
        let mut counted = Counted::default();
        go_through(&mut bench, acts, |bench: &Bench, act: &Act| {
            let limit = bench.csms.ev_limit(bench.site);
            let reserved = bench.csms.reserved(bench.site);
            let sum = std::iter::once((reserved, limit));
            prop_assert!(counted.is_within(act, sum), "{act:?}: {reserved} of {limit}");
            Ok(())
        })?;
    }
}
