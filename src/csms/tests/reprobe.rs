//! What a car takes is learned anew: how soon one has it that could take more.

use super::*;

/// Amperes that a car draws, by the minute and what it is offered.
type Car = fn(usize, i64) -> i64;

/// Cars that take 8 A, so that the hardware of all would need more than there is and the cars
/// themselves leave most of it.
fn full_house(reprobe: Span) -> (Bench, Vec<i64>) {
    let control = Control { lease: None, reprobe, ..Control::default() };
    let mut bench = Bench::controlled(6, 100_000, Rule::Equal, control);
    (0..6).for_each(|point| bench.boot(point));
    let ids = (0..6).map(|point| bench.charge(point)).collect();
    (bench, ids)
}

fn offered(bench: &Bench, point: usize) -> i64 {
    let active = bench.csms.points[point].connectors[0].active.as_ref().unwrap();
    active.entry.confirmed().0 / 10
}

/// Minutes pass; the first charger has this car. What it drew, and what it was offered.
fn drive(bench: &mut Bench, ids: &[i64], minutes: usize, car: Car) -> Vec<(i64, i64)> {
    let mut seen = Vec::new();
    for minute in 0..minutes {
        for (point, id) in ids.iter().enumerate() {
            let offer = offered(bench, point);
            let draw = if point == 0 { car(minute, offer) } else { 8.min(offer) };
            if point == 0 {
                seen.push((draw, offer));
            }
            bench.meter(point, *id, draw);
        }
        bench.wait(60);
        assert!(bench.csms.reserved(bench.site) <= bench.csms.ev_limit(bench.site));
    }
    seen
}

fn first_minute(seen: &[(i64, i64)], draw: i64) -> Option<usize> {
    seen.iter().position(|(drawn, _)| *drawn == draw)
}

#[test]
fn a_car_that_goes_up_with_its_offer_has_more_within_minutes() {
    let (mut bench, ids) = full_house(Span::ZERO);
    let cold = drive(&mut bench, &ids, 60, |_, offer| 8.min(offer));
    assert_eq!(cold.last(), Some(&(8, 10)), "what it takes, and 2 A");
    let warm = drive(&mut bench, &ids, 10, |_, offer| 16.min(offer));
    let minutes = first_minute(&warm, 16).unwrap();
    println!("a cold battery that is warm has 16 A after {minutes} min");
    assert!(minutes <= 4, "{minutes} min");
}

#[test]
fn a_car_that_wakes_has_all_it_takes_within_minutes() {
    let (mut bench, ids) = full_house(Span::ZERO);
    let asleep = drive(&mut bench, &ids, 60, |_, _| 0);
    assert_eq!(asleep.last(), Some(&(0, 6)), "the minimum is kept for it");
    let awake = drive(&mut bench, &ids, 10, |_, offer| 16.min(offer));
    let minutes = first_minute(&awake, 16).unwrap();
    println!("a car that wakes has 16 A after {minutes} min");
    assert!(minutes <= 4, "{minutes} min");
}

#[test]
fn a_car_whose_draw_trembled_has_more_as_soon() {
    let (mut bench, ids) = full_house(Span::ZERO);
    let trembles: Car = |minute, offer| [8, 10, 7, 10, 6, 9, 7][minute % 7].min(offer);
    drive(&mut bench, &ids, 240, trembles);
    let steady = drive(&mut bench, &ids, 30, |_, offer| 16.min(offer));
    let minutes = first_minute(&steady, 16).unwrap();
    println!("one that trembled has 16 A after {minutes} min");
    assert!(minutes <= 4, "{minutes} min");
}

/// It takes more only when it is offered 13 A at least.
const STUBBORN: Car = |_, offer| if offer >= 13 { 16.min(offer) } else { 8.min(offer) };

#[test]
fn a_car_that_goes_up_only_when_it_is_offered_clearly_more_is_offered_that_once_in_a_while() {
    let cold: Car = |_, offer| 8.min(offer);
    let (mut bench, ids) = full_house(Span::ZERO);
    drive(&mut bench, &ids, 30, cold);
    let never = drive(&mut bench, &ids, 240, STUBBORN);
    assert_eq!(first_minute(&never, 16), None, "headroom alone does not show it");
    let (mut bench, ids) = full_house(Span::from_s(600));
    drive(&mut bench, &ids, 30, cold);
    let seen = drive(&mut bench, &ids, 240, STUBBORN);
    let minutes = first_minute(&seen, 16).unwrap();
    println!("a stubborn car has 16 A after {minutes} min");
    assert!(minutes <= 21, "the first time was in vain, so it is the second: {minutes} min");
    assert!(seen[minutes + 5..].iter().all(|(draw, _)| *draw == 16), "and keeps them: {seen:?}");
}

#[test]
fn a_car_that_takes_no_more_is_asked_ever_more_rarely() {
    let (mut bench, ids) = full_house(Span::from_s(600));
    let seen = drive(&mut bench, &ids, 12 * 60, |_, offer| 8.min(offer));
    let rises: Vec<usize> = (1..seen.len()).filter(|at| seen[*at].1 > seen[at - 1].1 + 2).collect();
    let gaps: Vec<usize> = rises.windows(2).map(|pair| pair[1] - pair[0]).collect();
    println!("a car that takes no more is asked after {rises:?} min");
    assert!((4..=6).contains(&rises.len()), "{rises:?}");
    assert!(gaps.windows(2).all(|pair| pair[1] > pair[0] * 3 / 2), "{rises:?}");
}

#[test]
fn nobody_is_asked_while_somebody_lacks_power() {
    let (mut bench, ids) = full_house(Span::from_s(600));
    drive(&mut bench, &ids, 5, |_, offer| 8.min(offer));
    let patch = ConfigPatch { max_power: Some(Watts(45_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.collect();
    let seen = drive(&mut bench, &ids, 120, |_, offer| 8.min(offer));
    assert!(seen[3..].iter().all(|(_, offer)| *offer <= 10), "{seen:?}");
}
