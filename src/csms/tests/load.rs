//! Other loads behind the same grid connection.

use super::*;
use crate::allocation::Strategy as Sharing;
use crate::csms::event::Trigger;

/// Two cars on 100 kW with 10 kW reserve, where other loads take 70 kW at the worst.
fn two_cars() -> (Bench, [i64; 2]) {
    let mut bench = Bench::with(2, 100_000, Sharing::FirstComeFirstServed);
    let patch = ConfigPatch { worst_load: Some(Watts(70_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    (0..2).for_each(|point| bench.boot(point));
    bench.tell_load(5_000, 600).unwrap();
    let cars = [bench.charge(0), bench.charge(1)];
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [22.0, 22.0]);
    (bench, cars)
}

impl Bench {
    fn tell_load(&mut self, watts: i64, seconds: i64) -> Result<(), Refusal> {
        let site = self.csms.site_id(self.site).clone();
        let valid_for = Span::from_s(seconds);
        self.apply(&Input::Load { site, power: Watts(watts), valid_for })
    }
}

#[test]
fn a_load_above_the_reserve_takes_from_the_cars_at_once_and_the_last_to_come_gives_way() {
    let (mut bench, _) = two_cars();
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(90_000), "the reserve covers 5 kW");
    bench.tell_load(70_400, 600).unwrap();
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(29_000), "71 kW, to the whole kilowatt");
    bench.wait_silently(bench.now, true);
    assert_eq!(bench.allocated_kw(), [22.0, 6.9], "no second is lost");
    let last = bench.sent_profiles().last().map(|sent| (sent.point, sent.trigger));
    assert_eq!(last, Some((PointIx(1), Trigger::Load)));
    let moved = bench.events.iter().filter(|e| matches!(e, Event::LimitMoved { .. })).count();
    assert_eq!(moved, 2, "and with the first reading");
}

#[test]
fn less_load_counts_when_it_has_been_less_for_a_minute() {
    let (mut bench, _) = two_cars();
    bench.tell_load(70_000, 600).unwrap();
    bench.wait(30);
    bench.tell_load(20_000, 600).unwrap();
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(30_000));
    bench.wait(29);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(30_000));
    bench.wait(2);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(80_000), "without another reading");
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [22.0, 22.0]);
}

#[test]
fn a_meter_that_falls_silent_means_the_worst_case() {
    let (mut bench, _) = two_cars();
    bench.tell_load(5_000, 60).unwrap();
    bench.wait(59);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(90_000));
    bench.wait(2);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(30_000));
    assert_eq!(bench.csms.load(bench.site), None);
    bench.wait(60);
    assert!(bench.csms.reserved(bench.site) <= Watts(30_000));
    bench.tell_load(12_000, 60).unwrap();
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(88_000), "it speaks again");
    bench.restart();
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(30_000), "nobody has told this process");
}

#[test]
fn no_load_beyond_the_connection_leaves_less_than_nothing() {
    let (mut bench, _) = two_cars();
    bench.tell_load(180_000, 60).unwrap();
    bench.wait(50);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts::ZERO);
    assert_eq!(bench.allocated_kw(), [0.0, 0.0]);
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO, "not even a start may draw anything");
    bench.tell_load(-40_000, 60).unwrap();
    assert_eq!(bench.csms.ev_limit(bench.site), Watts::ZERO, "for a minute");
    bench.wait(30);
    bench.tell_load(-40_000, 600).unwrap();
    bench.wait(180);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(90_000), "the reserve is kept all the same");
    assert_eq!(bench.allocated_kw(), [22.0, 22.0]);
}

#[test]
fn what_cannot_be_is_refused_with_the_remedy() {
    let mut bench = Bench::new(1);
    let refused = bench.tell_load(5_000, 60).unwrap_err().to_string();
    assert!(refused.contains("set worst_load_kw"), "{refused}");
    let patch = ConfigPatch { worst_load: Some(Watts(0)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    for (watts, seconds, field) in
        [(1_000_000_001, 60, "/power_kw"), (0, 0, "/valid_for_s"), (0, 90_000, "/valid_for_s")]
    {
        let refused = bench.tell_load(watts, seconds).unwrap_err().to_string();
        assert!(refused.starts_with(field), "{refused}");
    }
    assert_eq!(bench.csms.load(bench.site), None);
}
