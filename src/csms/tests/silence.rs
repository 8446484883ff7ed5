//! Charge points that do not answer, now and then or for long.

use super::odd::{ACCEPTED, REJECTED, Told};
use super::*;

const SILENCE: Option<&str> = None;
const REFUSAL: Option<&str> = Some(REJECTED);

/// Time passes; the first limits that a charge point is told are answered in turn, those after them
/// with success. Returns all of them.
fn answer_in_turn(bench: &mut Bench, answers: &[Option<&str>], seconds: i64) -> Vec<Told> {
    let mut told = Vec::new();
    for _ in 0..seconds {
        while let Some((id, action, payload)) = bench.received(0) {
            let mut answer = Some(ACCEPTED);
            if action == "SetChargingProfile" {
                answer = answers.get(told.len()).copied().unwrap_or(answer);
                told.push(Told::read(&payload));
            }
            if let Some(answer) = answer {
                bench.frame(0, &format!(r#"[3,"{id}",{answer}]"#));
            }
        }
        bench.wait_silently(bench.now + Span::from_s(1), false);
    }
    told
}

/// A car that charges, and a limit that is told: its answers in turn.
fn told_less(answers: &[Option<&str>]) -> (Bench, Vec<Told>) {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.charge(0);
    assert_eq!(bench.allocated_kw(), [22.0]);
    let patch = ConfigPatch { max_power: Some(Watts(21_040)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.collect();
    let told = answer_in_turn(&mut bench, answers, 900);
    (bench, told)
}

fn forms(told: &[Told]) -> Vec<(&str, &str, &str, i64)> {
    let mut forms: Vec<_> = told
        .iter()
        .map(|told| (told.purpose.as_str(), told.kind.as_str(), told.unit.as_str(), told.level))
        .collect();
    forms.dedup();
    forms
}

#[test]
fn a_form_that_is_known_to_work_is_not_left_for_silence() {
    let mixed = [SILENCE, SILENCE, REFUSAL, SILENCE, SILENCE, REFUSAL];
    let (bench, told) = told_less(&mixed);
    assert_eq!(forms(&told), [("TxProfile", "Absolute", "A", 8)]);
    assert_eq!((bench.trouble(0), told.len()), (None, mixed.len() + 1));
    assert_eq!(bench.csms.reserved(bench.site), Watts(11_040));
}

#[test]
fn a_charger_that_was_mute_for_long_may_refuse_once_and_is_told_in_the_same_form() {
    let mute = [SILENCE, SILENCE, SILENCE, SILENCE, REFUSAL, SILENCE];
    let (bench, told) = told_less(&mute);
    assert_eq!(forms(&told), [("TxProfile", "Absolute", "A", 8)]);
    assert_eq!((bench.trouble(0), bench.allocated_kw()), (None, vec![11.04]));
}

#[test]
fn three_refusals_leave_even_a_form_that_is_known_to_work() {
    let (bench, told) = told_less(&[REFUSAL, SILENCE, REFUSAL, REFUSAL]);
    assert_eq!(
        forms(&told),
        [("TxProfile", "Absolute", "A", 8), ("TxProfile", "Absolute", "W", 8)]
    );
    assert_eq!((bench.trouble(0), bench.allocated_kw()), (None, vec![11.04]));
}

#[test]
fn the_bound_of_a_start_keeps_its_form_through_silence() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let id = bench.charge(0);
    bench.stop(0, id);
    bench.csms.link_down(bench.now, PointIx(0));
    bench.csms.link_up(bench.now, PointIx(0));
    let boot = r#"{"chargePointVendor":"Acme","chargePointModel":"ac22"}"#;
    bench.call(0, "BootNotification", boot);
    let told = answer_in_turn(&mut bench, &[SILENCE, SILENCE, REFUSAL], 300);
    assert_eq!(forms(&told), [("TxDefaultProfile", "Absolute", "A", 0)]);
    assert_eq!(told.len(), 4);
}
