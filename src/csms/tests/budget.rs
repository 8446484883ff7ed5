//! A budget of writes where the limit of a site moves all the time.

use super::*;
use crate::csms::explain::Waits;

fn limit(bench: &mut Bench, max_power: i64) {
    let patch = ConfigPatch { max_power: Some(Watts(max_power)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.collect();
    bench.wait(15);
    assert!(
        bench.csms.reserved(bench.site) <= bench.csms.ev_limit(bench.site) || max_power < 20_000
    );
}

#[test]
fn a_raise_waits_for_the_budget_and_says_so_while_every_decrease_goes_at_once() {
    let control = Control {
        lease: None,
        write_budget: 48,
        min_raise_interval: Span::ZERO,
        ..Control::default()
    };
    let mut bench = Bench::controlled(1, 40_000, Rule::Equal, control);
    bench.boot(0);
    bench.charge(0);
    assert_eq!(bench.allocated_kw(), [22.0]);
    let mut refused = 0;
    for _ in 0..40 {
        limit(&mut bench, 16_900);
        assert_eq!(bench.allocated_kw(), [6.9], "down at once");
        limit(&mut bench, 40_000);
        refused += usize::from(bench.allocated_kw() == [6.9]);
    }
    let (told, budget) = bench.csms.profile_writes(bench.now, PointIx(0));
    assert_eq!((bench.sent_profiles().len() as u32, budget), (told, 48));
    assert!(told <= 24 && refused > 20, "{told} told, {refused} raises wait");
    let explained = bench.csms.explain(bench.now, bench.site);
    let Some(Waits::Budget(until)) = explained.limits[0].waits else {
        panic!("{:?}", explained.limits[0].waits)
    };
    assert!(explained.limits[0].sentence.contains("budget of writes is low"));
    let wait = until.since(bench.now).whole_s();
    assert!((60..4 * 3_600).contains(&wait), "{wait} s");
    bench.wait(wait + 5);
    assert_eq!(bench.allocated_kw(), [22.0], "when it can be afforded it goes by itself");
}

#[test]
fn limits_that_end_are_told_for_longer_while_the_budget_is_low() {
    let told_in_a_day = |write_budget| {
        let control = Control { write_budget, ..Control::default() };
        let mut bench = Bench::controlled(1, 40_000, Rule::Equal, control);
        bench.boot(0);
        bench.charge(0);
        bench.wait(86_400);
        assert_eq!(bench.allocated_kw(), [22.0], "its limit never ends");
        bench.sent_profiles().len()
    };
    let (all, less) = (told_in_a_day(0), told_in_a_day(100));
    assert!(all > 280, "{all}");
    assert!((60..=100).contains(&less), "{less} of 100");
}
