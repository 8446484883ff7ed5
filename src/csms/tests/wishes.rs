//! What drivers want, and what strategies that go by it, or by time, make of a site.

use super::*;
use crate::allocation::Strategy as Rule;
use crate::csms::event::Trigger;

impl Bench {
    /// Charge points that charge one after the other, the first first; their transactions.
    fn charging(chargers: usize, max_power: i64, strategy: Rule) -> (Bench, Vec<i64>) {
        let mut bench = Bench::with(chargers, max_power, strategy);
        (0..chargers).for_each(|point| bench.boot(point));
        let ids = (0..chargers).map(|point| {
            let id = bench.charge(point);
            bench.wait(120);
            id
        });
        let ids = ids.collect();
        (bench, ids)
    }

    /// The driver of a transaction leaves in so many minutes and wants so much.
    fn tell(&mut self, id: i64, minutes: i64, energy_wh: i64) -> Result<(), Refusal> {
        let session = self.csms.transaction(id).unwrap().session;
        let departure = Some(self.now + Span::from_s(minutes * 60));
        self.apply(&Input::Wish { session, wish: Wish { departure, energy_wh: Some(energy_wh) } })
    }

    /// Time passes; every minute cars show that they draw all they may.
    fn draw(&mut self, ids: &[i64], minutes: i64) {
        for _ in 0..minutes {
            for (point, id) in ids.iter().enumerate() {
                let amps = (self.allocated_kw()[point] * 1000.0 / 690.0).round() as i64;
                let session = self.csms.sessions(None).into_iter().nth(point).unwrap();
                let register = 1000 + session.energy_wh + amps * 690 / 60;
                let register = format!(r#""sampledValue":[{{"value":"{register}","unit":"Wh"}},"#);
                let request = self.meter_text(*id, amps).replace(r#""sampledValue":["#, &register);
                assert!(self.call(point, "MeterValues", &request).ends_with(",{}]"));
            }
            self.wait(60);
        }
    }

    fn rotations(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Rotated { .. })).count()
    }
}

#[test]
fn who_leaves_first_gets_all_as_soon_as_it_is_known() {
    let (mut bench, ids) = Bench::charging(3, 42_000, Rule::EarliestDeadlineFirst);
    assert_eq!(bench.allocated_kw(), [22.0, 9.66, 0.0], "nothing is known: by arrival");
    bench.tell(ids[2], 60, 20_000).unwrap();
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [9.66, 0.0, 22.0], "the others come last");
    assert_eq!(bench.sent_profiles().last().map(|sent| sent.trigger), Some(Trigger::Wish));
    bench.tell(ids[1], 30, 20_000).unwrap();
    bench.wait(240);
    assert_eq!(bench.allocated_kw(), [0.0, 22.0, 9.66]);
}

#[test]
fn a_fulfilled_wish_is_overtaken_when_an_epoch_begins() {
    let (mut bench, ids) = Bench::charging(2, 42_000, Rule::EarliestDeadlineFirst);
    bench.tell(ids[0], 60, 2_000).unwrap();
    bench.tell(ids[1], 90, 20_000).unwrap();
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [22.0, 9.66]);
    bench.draw(&ids, 17);
    assert_eq!(bench.allocated_kw(), [9.66, 22.0], "it takes power still, but has its wish");
    assert_eq!(bench.rotations(), 1);
}

#[test]
fn a_wish_told_again_or_where_nobody_heeds_it_changes_nothing() {
    for strategy in [Rule::Equal, Rule::LeastLaxityFirst] {
        let (mut bench, ids) = Bench::charging(2, 42_000, strategy);
        bench.tell(ids[0], 60, 20_000).unwrap();
        bench.wait(120);
        let sent = bench.sent_profiles().len();
        assert_eq!(sent > 6, strategy == Rule::LeastLaxityFirst, "{strategy}: {sent}");
        let wish = bench.csms.transaction(ids[0]).unwrap().wish;
        let session = bench.csms.transaction(ids[0]).unwrap().session;
        bench.apply(&Input::Wish { session, wish }).unwrap();
        bench.wait(60);
        assert_eq!(bench.sent_profiles().len(), sent);
        let told = bench.events.iter().filter(|e| matches!(e, Event::WishChanged { .. })).count();
        assert_eq!(told, 1);
    }
}

#[test]
fn a_wish_needs_a_running_session_and_an_amount_that_can_be() {
    let (mut bench, ids) = Bench::charging(1, 42_000, Rule::LeastLaxityFirst);
    let refused = bench.tell(ids[0], 60, -1);
    assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{refused:?}");
    bench.stop(0, ids[0]);
    let refused = bench.tell(ids[0], 60, 1);
    assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
    assert_eq!(bench.csms.transaction(ids[0]).unwrap().wish, Wish::default());
}

#[test]
fn a_wish_survives_a_restart() {
    let (mut bench, ids) = Bench::charging(2, 42_000, Rule::EarliestDeadlineFirst);
    bench.tell(ids[1], 60, 20_000).unwrap();
    bench.wait(120);
    let wish = bench.csms.transaction(ids[1]).unwrap().wish;
    bench.restart();
    assert_eq!(bench.csms.transaction(ids[1]).unwrap().wish, wish);
    (0..2).for_each(|point| bench.boot(point));
    bench.wait(240);
    assert_eq!(bench.allocated_kw(), [9.66, 22.0]);
}

#[test]
fn an_assumed_stay_stands_in_for_what_nobody_tells() {
    let (mut bench, ids) = Bench::charging(2, 42_000, Rule::EarliestDeadlineFirst);
    bench.csms.sites[bench.site.0].control.assumed_stay = Some(Span::from_s(3600));
    (0..2).for_each(|point| bench.csms.roster.touch(PointIx(point)));
    bench.tell(ids[1], 90, 20_000).unwrap();
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [22.0, 9.66], "an hour from its start ends before");
    bench.tell(ids[1], 30, 20_000).unwrap();
    bench.wait(240);
    assert_eq!(bench.allocated_kw(), [9.66, 22.0]);
}

#[test]
fn laxities_are_looked_at_again_while_power_is_short_and_only_then() {
    let (mut bench, ids) = Bench::charging(2, 42_000, Rule::LeastLaxityFirst);
    // Both have half an hour to spare; what the second gets less makes it the one in a hurry.
    bench.tell(ids[0], 150, 42_780).unwrap();
    bench.tell(ids[1], 155, 42_780).unwrap();
    bench.wait(120);
    let before = bench.allocated_kw();
    assert!(before[0] > before[1], "{before:?}");
    bench.draw(&ids, 16);
    let after = bench.allocated_kw();
    assert!(after[0] < before[0] && after[1] > before[1], "{before:?} {after:?}");
    assert_eq!(bench.rotations(), 1, "and that counts as what an epoch brings");
    bench.csms.configure(
        bench.now,
        bench.site,
        &ConfigPatch { max_power: Some(Watts(100_000)), ..ConfigPatch::default() },
    );
    bench.draw(&ids, 5);
    let decided = bench.csms.sites[bench.site.0].decided_at;
    bench.draw(&ids, 60);
    assert_eq!(bench.csms.sites[bench.site.0].decided_at, decided, "nothing to look at");
}

#[test]
fn a_rebalance_by_hand_changes_nothing_when_only_time_has_passed() {
    for strategy in Rule::ALL.into_iter().filter(|strategy| strategy.moves_with_time()) {
        let (mut bench, ids) = Bench::charging(2, 42_000, strategy);
        bench.tell(ids[0], 150, 42_780).unwrap();
        bench.tell(ids[1], 155, 3_000).unwrap();
        bench.wait(120);
        bench.draw(&ids, 5);
        let sent = bench.sent_profiles().len();
        bench.csms.rebalance(bench.now, bench.site);
        assert_eq!(bench.csms.preview(bench.now, bench.site), 0, "{strategy}");
        bench.wait(60);
        assert_eq!(bench.sent_profiles().len(), sent, "{strategy}");
    }
}

#[test]
fn full_power_changes_hands_when_an_epoch_begins() {
    let (mut bench, ids) = Bench::charging(2, 42_000, Rule::RoundRobin);
    assert_eq!(bench.allocated_kw(), [22.0, 9.66]);
    bench.draw(&ids, 18);
    assert_eq!(bench.allocated_kw(), [9.66, 22.0], "who got least has the turn");
    assert_eq!(bench.rotations(), 1);
    let rotated =
        bench.sent_profiles().iter().rev().take(2).all(|sent| sent.trigger == Trigger::Rotation);
    assert!(rotated);
}
