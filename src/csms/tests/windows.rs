//! Limits that come and go with the time of the day. The bench begins on a Monday at 09:40 in
//! Amsterdam.

use super::*;
use crate::csms::event::{Binding, Trigger};

/// From an hour of the day to another, on all days.
fn window(from: i64, to: i64, max_kw: Option<i64>, soft_kw: Option<i64>) -> Window {
    Window {
        name: "peak".to_owned(),
        from: Span::from_s(from * 3600),
        to: Span::from_s(to * 3600),
        days: Days::ALL,
        max_power: max_kw.map(|kw| Watts(kw * 1000)),
        soft_limit: soft_kw.map(|kw| Watts(kw * 1000)),
    }
}

impl Bench {
    fn with_windows(&mut self, windows: Vec<Window>) -> Result<(), Refusal> {
        let calendar = Calendar { time_zone: "Europe/Amsterdam".to_owned(), windows };
        let old = self.csms.config(self.site).clone();
        let config = SiteConfig { calendar: Some(Box::new(calendar)), ..old };
        let site = self.csms.site_id(self.site).clone();
        self.apply(&Input::Configure { site, config })
    }

    /// Charge points that charge on 100 kW, 10 kW of it kept.
    fn busy(chargers: usize) -> (Bench, Vec<i64>) {
        let mut bench = Bench::new(chargers);
        (0..chargers).for_each(|point| bench.boot(point));
        let ids = (0..chargers).map(|point| bench.charge(point)).collect();
        bench.wait(120);
        (bench, ids)
    }

    /// Waits until so many seconds after 10:00.
    fn wait_until(&mut self, seconds: i64) {
        let ten = Time::from_unix_s(1_777_881_600);
        self.wait((ten + Span::from_s(seconds)).since(self.now).whole_s());
    }

    fn wish(&mut self, id: i64, hours: f64, energy_wh: i64) {
        let session = self.csms.transaction(id).unwrap().session;
        let departure = Some(self.now + Span::from_s_f64(hours * 3600.0));
        let wish = Wish { departure, energy_wh: Some(energy_wh) };
        self.apply(&Input::Wish { session, wish }).unwrap();
    }

    fn reason(&self, point: usize) -> Binding {
        let told = self.csms.explain(self.now, self.site);
        told.limits[point].binding
    }
}

#[test]
fn what_the_connection_carries_less_in_a_window_is_free_when_it_begins() {
    let (mut bench, _) = Bench::busy(4);
    bench.with_windows(vec![window(10, 12, Some(50), None)]).unwrap();
    bench.wait_until(-120);
    assert_eq!(bench.allocated_kw(), [22.0; 4], "two minutes before nothing has changed");
    assert_eq!(bench.csms.contracted(bench.site), Watts(100_000));
    bench.wait_until(-90);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(40_000), "it falls soon");
    assert_eq!(bench.csms.ev_limit_in_force(bench.site), Watts(90_000), "but has not yet");
    bench.wait_until(-1);
    assert!(bench.csms.reserved(bench.site) <= Watts(40_000), "nothing more can be in force");
    assert_eq!(bench.allocated_kw(), [10.35, 9.66, 9.66, 9.66]);
    bench.wait_until(0);
    assert_eq!(bench.csms.contracted(bench.site), Watts(50_000));
    assert_eq!(bench.csms.allocation(bench.site).total_capacity, Watts(50_000));
    assert_eq!(bench.sent_profiles().last().map(|sent| sent.trigger), Some(Trigger::Window));
    let sent = bench.sent_profiles().len();
    bench.wait_until(2 * 3600 - 1);
    assert_eq!(bench.sent_profiles().len(), sent, "nobody is told anything at its beginning");
    bench.wait_until(2 * 3600 + 180);
    assert_eq!(bench.allocated_kw(), [22.0; 4], "and at its end all is as before");
}

#[test]
fn a_charger_out_of_reach_gives_its_room_when_its_lease_ends_window_or_not() {
    let control = Control::default();
    let mut bench = Bench::controlled(4, 100_000, Rule::Equal, control);
    (0..4).for_each(|point| bench.boot(point));
    (0..4).for_each(|point| {
        bench.charge(point);
    });
    bench.with_windows(vec![window(10, 12, Some(40), None)]).unwrap();
    bench.wait_until(-300);
    bench.csms.link_down(bench.now, PointIx(0));
    bench.collect();
    bench.wait_until(60);
    let reserved = bench.csms.reserved_at(PointIx(0));
    assert_eq!(reserved, Watts(22_000), "nobody can lower it");
    assert!(bench.csms.reserved(bench.site) <= Watts(30_000), "so the others do");
}

#[test]
fn cars_that_can_wait_share_what_a_soft_limit_leaves() {
    let (mut bench, ids) = Bench::busy(3);
    bench.wish(ids[0], 2.0, 20_000);
    bench.with_windows(vec![window(10, 14, None, Some(35))]).unwrap();
    bench.wait_until(-1);
    assert_eq!(bench.allocated_kw(), [22.0; 3], "it is not lowered before it begins");
    bench.wait_until(120);
    // 35 kW less the reserve, since nobody meters other loads.
    assert_eq!(bench.csms.soft_room(bench.site), Some(Watts(25_000)));
    assert_eq!(bench.allocated_kw(), [12.42, 8.28, 8.28], "20 kWh in 1.7 hours");
    assert_eq!(bench.reason(0), Binding::CannotWait);
    assert_eq!(bench.reason(1), Binding::SoftLimit);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(90_000), "more would be allowed");
    let told = bench.csms.explain(bench.now, bench.site);
    assert_eq!(told.soft, Some((Watts(35_000), Watts(25_000))));
    assert!(told.limits[1].sentence.contains("can wait"), "{}", told.limits[1].sentence);
    bench.wait_until(4 * 3600 + 180);
    assert_eq!(bench.allocated_kw(), [22.0; 3]);
}

#[test]
fn a_driver_who_tells_that_there_is_no_time_is_heard_at_once() {
    let (mut bench, ids) = Bench::busy(2);
    bench.with_windows(vec![window(9, 14, None, Some(20))]).unwrap();
    bench.wait(400);
    assert_eq!(bench.allocated_kw(), [4.83, 4.83]);
    bench.wish(ids[1], 1.0, 40_000);
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [4.83, 22.0]);
    bench.wish(ids[1], 8.0, 40_000);
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [4.83, 4.83], "after the window there is time enough");
}

#[test]
fn a_soft_limit_of_nothing_leaves_what_feeds_in() {
    let (mut bench, _) = Bench::busy(2);
    let patch = ConfigPatch { worst_load: Some(Watts(30_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.with_windows(vec![window(9, 14, None, Some(0))]).unwrap();
    bench.wait(400);
    assert_eq!(bench.allocated_kw(), [0.0, 0.0], "no meter tells anything: at the worst nothing");
    let tell = |bench: &mut Bench, watts| {
        let site = bench.csms.site_id(bench.site).clone();
        let valid_for = Span::from_s(3600);
        bench.apply(&Input::Load { site, power: Watts(watts), valid_for }).unwrap();
    };
    tell(&mut bench, -25_000);
    bench.wait(400);
    assert_eq!(bench.allocated_kw(), [12.42, 12.42]);
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(90_000), "the sun makes no grid connection");
    tell(&mut bench, -3_000);
    bench.wait(45);
    assert!(bench.allocated_kw()[0] > 11.0, "a cloud that may pass: {:?}", bench.allocated_kw());
    bench.wait(900);
    assert_eq!(bench.allocated_kw(), [0.0, 0.0], "3 kW charge no car");
}

#[test]
fn windows_are_kept_over_a_restart_and_wrong_ones_are_refused_with_their_place() {
    let (mut bench, _) = Bench::busy(2);
    bench.with_windows(vec![window(9, 14, Some(30), None)]).unwrap();
    bench.wait(60);
    bench.restart();
    assert_eq!(bench.csms.ev_limit(bench.site), Watts(20_000));
    for (wrong, place) in [
        (Window { name: String::new(), ..window(9, 10, None, None) }, "/windows/0/name"),
        (window(9, 25, None, None), "/windows/0/to"),
        (window(9, 10, Some(-1), None), "/windows/0/max_power_kw"),
        (window(9, 10, None, Some(-1)), "/windows/0/soft_limit_kw"),
        (Window { days: Days::default(), ..window(9, 10, None, None) }, "/windows/0/days"),
    ] {
        let refused = bench.with_windows(vec![wrong]).unwrap_err().to_string();
        assert!(refused.starts_with(place), "{refused}");
    }
}

#[test]
fn what_starts_fall_back_to_fits_the_smallest_window() {
    let mut bench = Bench::controlled(8, 100_000, Rule::Equal, Control::default());
    (0..8).for_each(|point| bench.boot(point));
    bench.with_windows(vec![window(20, 21, Some(24), None)]).unwrap();
    bench.wait(60);
    let fallback = |bench: &Bench| -> Watts {
        let bound = |point: &Point| point.hardware.watts(point.fallback, 3);
        bench.csms.points.iter().map(bound).sum()
    };
    assert_eq!(fallback(&bench), Watts(3 * 4_140), "14 kW may be all that there is");
}
