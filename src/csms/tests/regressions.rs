//! What once went wrong, each named after it. The campaigns of `tests/campaign.rs` found most.

use super::odd::{ACCEPTED, REJECTED};
use super::*;
use crate::allocation::Strategy as Rule;

fn wait_unanswered(bench: &mut Bench, seconds: i64) {
    let until = bench.now + Span::from_s(seconds);
    bench.wait_silently(until, false);
}

#[test]
fn a_raise_in_part_was_never_completed() {
    let mut bench = Bench::with(2, 42_000, Rule::FirstComeFirstServed);
    (0..2).for_each(|point| bench.boot(point));
    let first = bench.charge(0);
    bench.wait(60);
    bench.charge(1);
    bench.wait(90);
    assert_eq!(bench.allocated_kw(), [22.0, 9.66], "the rest of 32 kW");
    bench.stop(0, first);
    bench.wait(80);
    assert_eq!(bench.allocated_kw()[1], 22.0, "without a word from its own charge point");
}

#[test]
fn a_late_answer_hid_a_newer_command() {
    let mut bench = Bench::with(1, 32_000, Rule::Equal);
    bench.boot(0);
    bench.present_card(0);
    bench.start(0);
    wait_unanswered(&mut bench, 2);
    let (first, ..) = bench.received(0).unwrap();
    wait_unanswered(&mut bench, 31);
    let patch = ConfigPatch { max_power: Some(Watts(22_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    wait_unanswered(&mut bench, 30);
    let (second, ..) = bench.received(0).unwrap();
    assert_ne!(first, second);
    bench.frame(0, &format!(r#"[3,"{first}",{ACCEPTED}]"#));
    assert_eq!(bench.allocated_kw(), [0.0], "the newer one may be in force");
    bench.frame(0, &format!(r#"[3,"{second}",{ACCEPTED}]"#));
    assert_eq!(bench.allocated_kw(), [11.73], "17 A of 12 kW");
}

#[test]
fn samples_that_waited_were_judged_by_the_limit_of_today() {
    let mut bench = Bench::with(1, 32_000, Rule::Equal);
    bench.boot(0);
    let id = bench.charge(0);
    bench.wait(60);
    let sampled = bench.now;
    let patch = ConfigPatch { max_power: Some(Watts(22_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(120);
    let later = std::mem::replace(&mut bench.now, sampled);
    let texts: Vec<String> = (0..3).map(|_| bench.meter_text(id, 31)).collect();
    bench.now = later;
    for text in texts {
        bench.call(0, "MeterValues", &text);
    }
    assert!(bench.csms.reserved(bench.site) <= Watts(12_000), "it obeys by now");
}

#[test]
fn a_meter_was_asked_too_early_for_its_whole_seconds_to_prove_anything() {
    let mut bench = Bench::with(2, 32_000, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    bench.now += Span::from_ms(400);
    let first = bench.charge(0);
    bench.wait(60);
    bench.charge(1);
    let asked = (0..200).find_map(|_| {
        let until = bench.now + Span::from_ms(100);
        bench.wait_silently(until, false);
        bench.received(0)
    });
    let (id, action, _) = asked.expect("somebody waits for what the first car has left");
    assert_eq!(action, "TriggerMessage");
    bench.frame(0, &format!(r#"[3,"{id}",{ACCEPTED}]"#));
    bench.meter(0, first, 16);
    bench.obey();
    assert_eq!(bench.allocated_kw(), [11.04, 10.35], "of 22 kW");
}

#[test]
fn the_room_of_a_card_was_lost_while_its_start_was_on_its_way() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.status(0, "Preparing");
    bench.present_card(0);
    bench.present_card(0);
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140), "asked twice, kept once");
    bench.wait(2_000);
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140), "the car still stands there");
    bench.status(0, "Available");
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO);
}

#[test]
fn a_car_that_left_kept_its_power_until_its_stop_arrived() {
    let mut bench = Bench::with(2, 32_000, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    (0..2).for_each(|point| {
        bench.charge(point);
    });
    bench.wait(120);
    bench.status(0, "Finishing");
    bench.status(0, "Available");
    bench.wait(120);
    assert_eq!(bench.allocated_kw()[1], 21.39);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts::ZERO);
}

#[test]
fn a_start_that_was_never_told_drew_unreserved() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.status(0, "Charging");
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140));
    bench.status(0, "Finishing");
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO);
}

#[test]
fn a_belated_start_waited_for_a_status_it_had_already_given() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.status(0, "SuspendedEVSE");
    let told = bench.now;
    bench.wait(600);
    let later = std::mem::replace(&mut bench.now, told);
    let request = format!(r#"{{"connectorId":1,"idTag":"T","meterStart":0,"timestamp":"{told}"}}"#);
    bench.now = later;
    bench.call(0, "StartTransaction", &request);
    bench.wait(60);
    assert_eq!(bench.allocated_kw(), [22.0]);
}

#[test]
fn a_car_above_the_pilot_minimum_was_taken_for_full_for_ever() {
    let mut bench = Bench::with(2, 18_500, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    let shy = bench.charge(0);
    let other = bench.charge(1);
    for _ in 0..8 {
        bench.wait(60);
        bench.meter(0, shy, 0);
        bench.meter(1, other, 6);
    }
    assert_eq!(bench.allocated_kw()[0], 0.0, "it takes nothing of 6 A, the other needs them");
    bench.stop(1, other);
    bench.wait(1_000);
    assert_eq!(bench.allocated_kw()[0], 8.28, "all there is");
}

/// The end of a minimum on-time that lay ahead once lent its name to every decision before it.
#[test]
fn a_decision_before_a_hold_ends_keeps_its_own_reason() {
    let mut bench = Bench::with(2, 16_000, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    let first = bench.charge(0);
    bench.charge(1);
    assert_eq!(bench.allocated_kw(), [5.52, 0.0], "one runs, the other waits for its turn");
    for _ in 0..3 {
        bench.wait(60);
        bench.meter(0, first, 3);
    }
    bench.wait(31);
    let last = bench.sent_profiles().last().map(|sent| (sent.connector, sent.limit, sent.trigger));
    assert_eq!(last, Some((1, Watts(4_140), event::Trigger::Acceptance)));
}

#[test]
fn numbers_that_no_meter_shows_overflowed() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.present_card(0);
    let start = format!(
        r#"{{"connectorId":1,"idTag":"T","meterStart":{},"timestamp":"{}"}}"#,
        i64::MIN,
        bench.now
    );
    let id = transaction_id(&bench.call(0, "StartTransaction", &start));
    bench.wait(3);
    for value in [900_000_000_000_000_i64, -900_000_000_000_000, 8_000_000_000_000_000_000] {
        let sample = |measurand| format!(r#"{{"value":"{value}","measurand":"{measurand}"}}"#);
        let samples = ["Power.Active.Import", "Current.Import", "Energy.Active.Import.Register"];
        let request = format!(
            r#"{{"connectorId":1,"transactionId":{id},"meterValue":[{{"timestamp":"{}","sampledValue":[{}]}}]}}"#,
            bench.now,
            samples.map(sample).join(",")
        );
        assert!(bench.call(0, "MeterValues", &request).ends_with(",{}]"));
        bench.wait(60);
    }
    let stop =
        format!(r#"{{"transactionId":{id},"meterStop":{},"timestamp":"{}"}}"#, i64::MAX, bench.now);
    assert!(bench.call(0, "StopTransaction", &stop).starts_with("[3,"));
    assert_eq!(bench.csms.deviations().get("MeterValues: impossible value"), Some(&3));
}

#[test]
fn cards_without_end_were_all_remembered() {
    let mut bench = Bench::with(1, 200_000, Rule::Equal);
    bench.boot(0);
    for card in 0..100 {
        let answer = bench.call(0, "Authorize", &format!(r#"{{"idTag":"C{card}"}}"#));
        assert!(answer.contains("Accepted"), "{answer}");
    }
    assert_eq!(bench.csms.points[0].start_slots.len(), 16);
}

#[test]
fn kinds_of_deviations_grew_with_the_lengths_of_frames() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    (0..50).for_each(|more| bench.frame(0, &"x".repeat(70_000 + more)));
    assert_eq!(bench.csms.deviations().len(), 1);
}

#[test]
fn a_timeline_that_took_all_power_left_starts_their_bound() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.obey();
    let before = bench.sent_profiles().len();
    let patch = ConfigPatch { max_power: Some(Watts::ZERO), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.collect();
    bench.obey();
    let sent = bench.sent_profiles();
    assert_eq!(sent.len(), before + 1, "a PUT of the same configuration lowers the bound as well");
    assert_eq!((sent[before].purpose, sent[before].limit), ("TxDefaultProfile", Watts::ZERO));
}

/// Seed 1448 of the lossy campaign: the answer to the report was lost, so it was told again, after
/// the start that it preceded.
#[test]
fn a_status_of_before_the_start_told_again_does_not_end_the_session() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let at = bench.now;
    let status = |at: Time| {
        format!(
            r#"{{"connectorId":1,"errorCode":"NoError","status":"Preparing","timestamp":"{at}"}}"#
        )
    };
    bench.call(0, "StatusNotification", &status(at));
    bench.wait(10);
    bench.charge(0);
    let reserved = bench.csms.reserved(bench.site);
    bench.call(0, "StatusNotification", &status(at));
    assert_eq!(bench.csms.reserved(bench.site), reserved, "its car draws power");
    bench.call(0, "StatusNotification", &status(bench.now));
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO, "the next car");
}

#[test]
fn a_draw_that_no_later_sample_contradicts_keeps_its_room_beyond_the_settling_time() {
    let mut bench = Bench::new(2);
    (0..2).for_each(|point| bench.boot(point));
    let (slow, _) = (bench.charge(0), bench.charge(1));
    bench.wait(60);
    let patch = ConfigPatch { max_power: Some(Watts(30_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(20);
    // It obeys a minute after it has accepted.
    bench.meter(0, slow, 32);
    bench.wait(15);
    let reserved = bench.csms.reserved_at(PointIx(0));
    assert!(reserved >= Watts(22_000), "{reserved} although it draws 22 kW");
}

#[test]
fn a_meter_that_tells_currents_alone_was_never_believed() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let id = bench.charge(0);
    let patch = ConfigPatch { max_power: Some(Watts(17_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(60);
    for _ in 0..2 {
        let phase = |n| {
            format!(r#"{{"value":"32","measurand":"Current.Import","phase":"L{n}","unit":"A"}}"#)
        };
        let values = [phase(1), phase(2), phase(3)].join(",");
        let request = format!(
            r#"{{"connectorId":1,"transactionId":{id},"meterValue":[{{"timestamp":"{}","sampledValue":[{values}]}}]}}"#,
            bench.now
        );
        bench.call(0, "MeterValues", &request);
        bench.wait(10);
    }
    assert!(bench.csms.reserved_at(PointIx(0)) >= Watts(22_000), "it ignores its limit");
}

#[test]
fn a_stop_by_the_id_of_a_station_that_never_learned_it_ends_what_runs_there() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.charge(0);
    bench.wait(60);
    let stop = format!(
        r#"{{"transactionId":-1,"idTag":"TAG1","meterStop":5000,"timestamp":"{}"}}"#,
        bench.now
    );
    (0..2).for_each(|_| assert!(bench.call(0, "StopTransaction", &stop).starts_with("[3,")));
    let ends = bench.events.iter().filter_map(|event| match event {
        Event::SessionEnded { energy_wh, .. } | Event::SessionFound { energy_wh, .. } => {
            Some(*energy_wh)
        }
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), [4_000], "once");
}

#[test]
fn one_of_three_currents_without_a_power_is_no_proof_that_a_car_has_followed() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let id = bench.charge(0);
    bench.wait(60);
    let patch = ConfigPatch { max_power: Some(Watts(18_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(12);
    // 3 x 32 A flow.
    let request = format!(
        r#"{{"connectorId":1,"transactionId":{id},"meterValue":[{{"timestamp":"{}","sampledValue":[{{"value":"32","measurand":"Current.Import","phase":"L1","unit":"A"}}]}}]}}"#,
        bench.now
    );
    bench.call(0, "MeterValues", &request);
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000));
}

/// Two cars, and the instant at which the first is told 14 A instead of 32 A.
fn lowered(bench: &mut Bench) -> i64 {
    (0..2).for_each(|point| bench.boot(point));
    let (first, second) = (bench.charge(0), bench.charge(1));
    bench.wait(60);
    bench.meter(0, first, 32);
    let patch = ConfigPatch { max_power: Some(Watts(30_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(12);
    bench.meter(1, second, 14);
    first
}

#[test]
fn a_slow_car_was_taken_for_a_charger_that_ignores_limits() {
    let mut bench = Bench::new(2);
    let id = lowered(&mut bench);
    for amps in [27, 23, 20, 18, 17, 16, 15] {
        bench.meter(0, id, amps);
        let reserved = bench.csms.reserved_at(PointIx(0));
        assert!(reserved >= Watts(amps * 690), "{reserved} while it draws {amps} A");
        bench.wait(10);
    }
    bench.meter(0, id, 14);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(14 * 690), "it has followed");
    let accused = |event: &&Event| matches!(event, Event::TroubleChanged { .. });
    assert_eq!(bench.events.iter().find(accused), None);
}

#[test]
fn samples_that_waited_were_judged_without_the_hold_of_their_time() {
    let mut bench = Bench::new(2);
    let id = lowered(&mut bench);
    let mut texts = Vec::new();
    for amps in [27, 22, 17] {
        texts.push(bench.meter_text(id, amps));
        bench.wait(6);
    }
    bench.wait(20);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(14 * 690), "the hold has ended");
    for text in texts {
        bench.call(0, "MeterValues", &text);
        assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(14 * 690), "that was long ago");
    }
}

#[test]
fn a_slow_car_behind_a_line_that_stalls_was_let_go_by_time() {
    let mut bench = Bench::new(2);
    lowered(&mut bench);
    bench.wait(30);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(14 * 690), "one that is metered rarely");
    let mut bench = Bench::new(2);
    bench.csms.points[0].capabilities.metered_s = 10;
    lowered(&mut bench);
    bench.wait(60);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(22_000), "where are its samples?");
    bench.wait(60);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(14 * 690), "not for ever");
}

/// Offline one car leaves and another comes: the stop of the first arrives before the start of the second.
#[test]
fn a_stop_that_had_waited_hid_who_has_come_since() {
    for reported in [true, false] {
        let mut bench = Bench::new(1);
        bench.boot(0);
        let transaction = bench.charge(0);
        let left = bench.now;
        bench.csms.link_down(bench.now, PointIx(0));
        bench.collect();
        bench.wait(60);
        bench.csms.link_up(bench.now, PointIx(0));
        bench.collect();
        if reported {
            bench.status(0, "Charging");
        }
        let stop =
            format!(r#"{{"transactionId":{transaction},"meterStop":5000,"timestamp":"{left}"}}"#);
        bench.call(0, "StopTransaction", &stop);
        assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(4_140), "what bounds a start");
        bench.status(0, "Available");
        assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts::ZERO);
    }
}

#[test]
fn room_kept_for_who_was_back_was_given_to_nobody_when_nothing_had_begun() {
    let mut bench = Bench::with(2, 30_000, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    bench.charge(1);
    bench.wait(60);
    assert_eq!(bench.allocated_kw(), [0.0, 19.32], "28 A of 20 kW");
    bench.csms.link_down(bench.now, PointIx(0));
    bench.csms.link_up(bench.now, PointIx(0));
    bench.collect();
    bench.wait(60);
    assert_eq!(bench.allocated_kw(), [0.0, 15.18], "a start keeps 4.14 kW");
    bench.status(0, "Available");
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [0.0, 19.32]);
}

#[test]
fn a_charge_point_that_was_back_had_to_wait_for_what_nobody_had_answered_before() {
    let mut bench = Bench::with(1, 32_000, Rule::Equal);
    bench.boot(0);
    bench.charge(0);
    bench.wait(60);
    let patch = ConfigPatch { max_power: Some(Watts(18_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    wait_unanswered(&mut bench, 400);
    bench.csms.link_down(bench.now, PointIx(0));
    bench.inbox[0].clear();
    bench.csms.link_up(bench.now, PointIx(0));
    bench.collect();
    bench.wait(2);
    assert_eq!(bench.allocated_kw(), [7.59], "11 A of 8 kW");
}

/// A reboot at an instant at which what was lowered is still reserved.
#[test]
fn a_default_limit_raised_while_more_was_held_was_forgotten_with_the_hold() {
    let mut bench = Bench::with(2, 60_000, Rule::FirstComeFirstServed);
    (0..2).for_each(|point| bench.boot(point));
    bench.charge(1);
    bench.charge(0);
    bench.wait(60);
    let limit = |bench: &mut Bench, watts| {
        let patch = ConfigPatch { max_power: Some(Watts(watts)), ..ConfigPatch::default() };
        bench.csms.configure(bench.now, bench.site, &patch);
        bench.collect();
    };
    limit(&mut bench, 10_000);
    bench.wait(2);
    bench.csms.link_down(bench.now, PointIx(0));
    bench.collect();
    // Enough for the bounds of two starts; the car that came first takes it all.
    limit(&mut bench, 18_300);
    bench.inbox[0].clear();
    bench.csms.link_up(bench.now, PointIx(0));
    let boot = r#"{"chargePointVendor":"Acme","chargePointModel":"ac22"}"#;
    bench.call(0, "BootNotification", boot);
    bench.status(0, "Charging");
    bench.answer_by(0, |told| match told.purpose.as_str() {
        "TxDefaultProfile" if told.connector == 0 => Some(ACCEPTED),
        _ => Some(REJECTED),
    });
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(22_000), "the car had that until now");
    wait_unanswered(&mut bench, 60);
    assert_eq!(bench.csms.reserved_at(PointIx(0)), Watts(4_140), "its TxProfile may be gone");
}
