//! What the central system says of its limits.

use super::*;
use crate::allocation::Reason;
use crate::csms::event::{Binding, Trigger};
use crate::csms::explain::{Cause, Explanation, Holding, Waits};

fn told(bench: &Bench) -> Explanation {
    bench.csms.explain(bench.now, bench.site)
}

fn sentences(bench: &Bench) -> Vec<String> {
    told(bench).limits.into_iter().map(|limit| limit.sentence).collect()
}

/// What is told adds up: nothing is reserved and nothing kept from the division without a name.
pub(super) fn adds_up(bench: &Bench) {
    let told = told(bench);
    let limits: Watts = told.limits.iter().map(|limit| limit.reserved).sum();
    let holders: Watts = told.holders.iter().map(|holder| holder.reserved).sum();
    assert_eq!(limits + holders, told.committed, "{told:?}");
    let uncontrolled: Watts = told.holders.iter().map(|holder| holder.uncontrolled).sum();
    assert_eq!(uncontrolled, told.uncontrolled, "{told:?}");
    assert!(told.capacity <= told.ev_limit - told.uncontrolled);
    for limit in &told.limits {
        let accepted = limit.accepted.unwrap_or_default();
        let most = limit.surplus.iter().map(|surplus| surplus.limit).fold(accepted, Watts::max);
        assert!(limit.reserved <= most, "more is reserved than is explained: {limit:?}");
    }
}

#[test]
fn a_newcomer_is_told_whose_room_it_waits_for() {
    let mut bench = Bench::with(2, 32_000, Rule::Equal);
    (0..2).for_each(|point| bench.boot(point));
    let first = bench.charge(0);
    bench.wait(60);
    bench.meter(0, first, 31);
    assert_eq!(
        sentences(&bench),
        ["cp_0: 21.4 kW of 22 kW: fair share of 22 kW for the only session"]
    );
    bench.charge(1);
    let waiting = told(&bench);
    assert_eq!((waiting.capacity, waiting.contenders), (Watts(22_000), 2));
    let [old, new] = waiting.limits.as_slice() else { panic!("two sessions: {waiting:?}") };
    assert_eq!(old.surplus[0].cause, Cause::NotSeenToFollow);
    assert_eq!((old.accepted, old.reserved), (Some(Watts(11_040)), Watts(21_390)));
    assert_eq!((new.decided, new.target), (Some(Watts(10_350)), Some(Watts(10_350))));
    assert_eq!(new.binding, Binding::Allocation(Reason::Site));
    assert_eq!(new.trigger, Trigger::SessionStart);
    let Some(Waits::Room { missing, ahead }) = &new.waits else { panic!("{:?}", new.waits) };
    assert_eq!(*missing, Watts(10_350 - (22_000 - 21_390)));
    assert_eq!(ahead[0].excess, Watts(10_350));
    assert_eq!(
        [old.sentence.as_str(), new.sentence.as_str()],
        [
            "cp_0: 11 kW of 22 kW: fair share of 22 kW among 2 sessions; 21.4 kW stay reserved \
             for at most 28 s more, until its car is seen to follow",
            "cp_1: no limit of its own yet: fair share of 22 kW among 2 sessions; its limit of \
             10.4 kW waits for room until cp_0 is seen to have lowered"
        ]
    );
    bench.wait(40);
    let settled = told(&bench);
    assert!(settled.limits.iter().all(|limit| limit.waits.is_none() && limit.surplus.is_empty()));
}

#[test]
fn order_and_inputs_are_those_of_the_rule() {
    let mut bench = Bench::with(3, 32_000, Rule::FirstComeFirstServed);
    (0..3).for_each(|point| bench.boot(point));
    for point in [2, 0, 1] {
        bench.charge(point);
        bench.wait(120);
    }
    let told = told(&bench);
    let claims: Vec<_> = told.limits.iter().map(|limit| limit.claim.expect("in control")).collect();
    assert_eq!(claims.iter().map(|claim| claim.order).collect::<Vec<_>>(), [2, 3, 1]);
    assert!(claims.iter().all(|claim| claim.min == Watts(4_140) && claim.wants_power));
    assert!(told.limits.iter().zip(&claims).all(|(limit, now)| limit.decided == Some(now.rate)));
    assert_eq!(told.limits[2].decided, Some(Watts(21_390)), "the first of all takes what it can");
    assert_eq!(
        told.limits[1].sentence,
        "cp_1: paused, of 22 kW: nothing is left for it of 22 kW among 3 sessions; it needs \
         4.1 kW at least"
    );
}

#[test]
fn who_is_gone_or_not_known_keeps_room_by_name() {
    let mut bench = Bench::new(3);
    (0..3).for_each(|point| bench.boot(point));
    bench.charge(0);
    bench.wait(60);
    bench.csms.link_down(bench.now, PointIx(0));
    bench.collect();
    bench.present_card(1);
    let status = r#"{"connectorId":1,"errorCode":"NoError","status":"Charging"}"#;
    bench.call(2, "StatusNotification", status);
    let told = told(&bench);
    let holding: Vec<_> = told.holders.iter().map(|holder| holder.holding).collect();
    assert_eq!(holding, [Holding::Offline, Holding::Start, Holding::UnknownTransaction]);
    assert_eq!(told.holders[0].uncontrolled, Watts(22_000));
    assert_eq!(told.holders[1].until, Some(bench.now + Span::from_s(300)));
    assert_eq!(told.limits[0].claim, None);
    assert_eq!(
        told.limits[0].sentence,
        "cp_0: 22 kW of 22 kW: it is offline, so nothing is decided for it and 22 kW are kept \
         for it"
    );
}

#[test]
fn a_refused_limit_says_when_it_is_tried_again() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.present_card(0);
    bench.obey();
    bench.start(0);
    let until = bench.now + Span::from_s(1);
    bench.wait_silently(until, false);
    assert_eq!(told(&bench).limits[0].waits, Some(Waits::Answer));
    while let Some((id, action, _)) = bench.received(0) {
        assert_eq!(action, "SetChargingProfile");
        bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Rejected"}}]"#));
    }
    let told = told(&bench);
    assert!(
        matches!(told.limits[0].waits, Some(Waits::Retry(at)) if at > bench.now)
            || told.limits[0].trouble.is_some(),
        "{told:?}"
    );
    assert_eq!(told.limits[0].accepted, None);
}

#[test]
fn a_pause_on_its_way_is_told_until_it_is_answered() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.charge(0);
    bench.wait(60);
    let patch = ConfigPatch { max_power: Some(Watts(12_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    let until = bench.now + Span::from_s(1);
    bench.wait_silently(until, false);
    assert_eq!(
        sentences(&bench),
        ["cp_0: 22 kW of 22 kW: nothing is left for it of 2 kW for the only session; it needs \
          4.1 kW at least; the pause is on its way and not answered yet"]
    );
    bench.wait(1);
    let told = told(&bench);
    assert_eq!((told.limits[0].accepted, told.limits[0].waits.clone()), (Some(Watts::ZERO), None));
    assert_eq!(told.limits[0].reserved, Watts(22_000));
}
