//! Limits that end by themselves, and what charge points fall back to.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::csms::config::Fallback;

const LEASE_S: i64 = 900;

impl Bench {
    fn leased(chargers: usize, max_power: i64) -> Bench {
        Bench::controlled(chargers, max_power, Rule::Equal, Control::default())
    }

    pub(super) fn install(&mut self, point: usize, request: &str) {
        let request: Value = serde_json::from_str(request).unwrap();
        let profile = request["csChargingProfiles"].clone();
        let purpose = profile["chargingProfilePurpose"].as_str().unwrap().to_owned();
        self.installed.insert((point, purpose), profile);
    }

    /// A composite schedule of what is installed, from now on.
    pub(super) fn composite(&mut self, point: usize) -> String {
        self.composites_told.push(point);
        let installed = |purpose: &str| {
            let profile = self.installed.get(&(point, purpose.to_owned()))?;
            let schedule = &profile["chargingSchedule"];
            let limit = schedule["chargingSchedulePeriod"][0]["limit"].as_f64()?;
            let start = schedule["startSchedule"].as_str()?.parse::<jiff::Timestamp>().ok()?;
            let end = schedule["duration"].as_i64().map(|duration| start.as_second() + duration);
            Some((limit, end))
        };
        let (limit, end) = installed("TxProfile").unwrap();
        let (rest, _) = installed("TxDefaultProfile").unwrap();
        let end = end.filter(|_| self.limits_end).map(|end| end - self.now.unix_s());
        let then = end
            .map(|end| format!(r#",{{"startPeriod":{end},"limit":{rest}}}"#))
            .unwrap_or_default();
        format!(
            r#"{{"status":"Accepted","connectorId":1,"scheduleStart":"{}","chargingSchedule":{{"chargingRateUnit":"A","duration":9000,"chargingSchedulePeriod":[{{"startPeriod":0,"limit":{limit}}}{then}]}}}}"#,
            self.now
        )
    }

    /// The connection is gone.
    fn drop_line(&mut self, point: usize) {
        self.csms.link_down(self.now, PointIx(point));
        self.inbox[point].clear();
        self.collect();
    }

    fn reserved_kw(&self, point: usize) -> f64 {
        self.csms.reserved_at(PointIx(point)).kw()
    }

    fn duration_s(&self, point: usize) -> Option<i64> {
        let profile = self.installed.get(&(point, "TxProfile".to_owned())).unwrap();
        profile["chargingSchedule"]["duration"].as_i64()
    }
}

#[test]
fn a_charge_point_that_nobody_reaches_keeps_its_limit_no_longer_than_its_lease() {
    let mut bench = Bench::leased(2, 50_000);
    (0..2).for_each(|point| bench.boot(point));
    let transactions = [bench.charge(0), bench.charge(1)];
    bench.wait(60);
    (0..2).for_each(|point| bench.meter(point, transactions[point], 28));
    bench.wait(60);
    assert_eq!(bench.allocated_kw(), [20.01, 19.32], "40 kW for two");
    assert_eq!(bench.duration_s(0), Some(LEASE_S + 60), "from a minute before it was told on");
    bench.drop_line(0);
    bench.wait(600);
    assert_eq!(bench.reserved_kw(0), 20.01, "nobody knows better");
    assert_eq!(bench.allocated_kw()[1], 19.32);
    bench.wait(LEASE_S);
    assert_eq!(bench.reserved_kw(0), 4.14, "what bounds a start");
    assert_eq!(bench.allocated_kw()[1], 22.0, "the other one has the rest");
}

#[test]
fn a_limit_is_told_again_at_a_third_of_its_lease() {
    let mut bench = Bench::leased(1, 100_000);
    bench.boot(0);
    let transaction = bench.charge(0);
    bench.wait(10);
    let told = |bench: &Bench| bench.sent_profiles().len();
    let before = told(&bench);
    for _ in 0..12 {
        bench.wait(300);
        bench.meter(0, transaction, 32);
    }
    assert_eq!(told(&bench) - before, 12, "an hour");
    let renewals = bench.sent_profiles().into_iter().skip(before);
    assert!(renewals.into_iter().all(|sent| sent.trigger.name() == "renewal"));
    assert_eq!(bench.reserved_kw(0), 22.0);
    assert_eq!(bench.allocated_kw(), [22.0]);
}

/// A car that was full kept its minimum all night, because every renewal counted as a new offer.
#[test]
fn a_limit_that_is_told_again_is_no_new_offer() {
    let mut bench = Bench::leased(2, 18_000);
    (0..2).for_each(|point| bench.boot(point));
    let transactions = [bench.charge(0), bench.charge(1)];
    bench.wait(30);
    assert_eq!(bench.allocated_kw(), [7.59, 0.0], "8 kW carry one");
    for _ in 0..60 {
        bench.wait(60);
        bench.meter(0, transactions[0], 0);
        bench.meter(1, transactions[1], 6);
    }
    assert_eq!(bench.allocated_kw()[0], 0.0, "it takes nothing");
}

#[test]
fn a_kind_that_ignores_durations_keeps_its_room_while_it_is_offline() {
    let mut bench = Bench::leased(2, 50_000);
    bench.limits_end = false;
    (0..2).for_each(|point| bench.boot(point));
    let transactions = [bench.charge(0), bench.charge(1)];
    bench.wait(120);
    (0..2).for_each(|point| bench.meter(point, transactions[point], 28));
    bench.wait(60);
    assert_eq!(bench.duration_s(0), None, "told without an end again");
    assert_eq!(bench.composites_told, [0], "what one has shown holds for its kind");
    bench.drop_line(0);
    bench.wait(7_200);
    assert_eq!(bench.reserved_kw(0), 20.01);
}

#[test]
fn a_charge_point_that_does_not_tell_its_schedule_gets_limits_without_an_end() {
    let mut bench = Bench::leased(1, 100_000);
    bench.boot(0);
    bench.present_card(0);
    bench.obey();
    bench.start(0);
    let mut asked = 0;
    for _ in 0..40 {
        let until = bench.now + Span::from_s(1);
        bench.wait_silently(until, false);
        while let Some((id, action, request)) = bench.received(0) {
            if action == "GetCompositeSchedule" {
                asked += 1;
                bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Rejected"}}]"#));
                continue;
            }
            if action == "SetChargingProfile" {
                bench.install(0, &request);
            }
            bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Accepted"}}]"#));
        }
    }
    assert_eq!(asked, 1);
    assert_eq!(bench.duration_s(0), None);
    assert_eq!(bench.allocated_kw(), [22.0]);
}

#[test]
fn a_paused_session_may_get_the_start_current_when_nobody_renews_its_lease() {
    let mut bench = Bench::leased(3, 21_000);
    (0..3).for_each(|point| bench.boot(point));
    (0..3).for_each(|point| {
        bench.charge(point);
    });
    bench.wait(400);
    assert_eq!(bench.allocated_kw(), [5.52, 4.83, 0.0], "11 kW are not enough for three");
    bench.drop_line(2);
    assert_eq!(bench.reserved_kw(2), 0.0, "third in line, it may fall back to nothing");
    assert_eq!(bench.csms.fallback(PointIx(1)), Watts(4_140));
    assert_eq!(bench.csms.fallback(PointIx(2)), Watts::ZERO);
}

#[test]
fn everything_that_charge_points_fall_back_to_fits_the_site() {
    let fallbacks = |fallback, max_power| -> Vec<f64> {
        let control = Control { fallback, ..Control::default() };
        let bench = Bench::controlled(4, max_power, Rule::Equal, control);
        (0..4).map(|point| bench.csms.fallback(PointIx(point)).kw()).collect()
    };
    assert_eq!(fallbacks(Fallback::Slots, 100_000), [4.14; 4]);
    assert_eq!(fallbacks(Fallback::Slots, 20_000), [4.14, 4.14, 0.0, 0.0]);
    assert_eq!(fallbacks(Fallback::Fair, 100_000), [22.0; 4], "nobody contends");
    assert_eq!(fallbacks(Fallback::Fair, 40_000), [6.9; 4], "10 A of 7.5 kW");
    assert_eq!(fallbacks(Fallback::Fair, 20_000), [0.0; 4], "2.5 kW charge no car");
    assert_eq!(fallbacks(Fallback::Block, 100_000), [0.0; 4]);
}

#[test]
fn another_limit_of_the_site_moves_what_is_fallen_back_to() {
    let mut bench = Bench::leased(4, 100_000);
    (0..4).for_each(|point| bench.boot(point));
    let patch = ConfigPatch { max_power: Some(Watts(20_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(5);
    let told = |point: usize| {
        let profile = &bench.installed[&(point, "TxDefaultProfile".to_owned())];
        profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"].as_f64()
    };
    assert_eq!([told(0), told(1), told(2), told(3)], [Some(6.0), Some(6.0), Some(0.0), Some(0.0)]);
}

/// A charge point that obeys to the letter, whatever becomes of its line.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(i64),
    Drop,
    Connect,
    Limit(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..700_i64).prop_map(Step::Wait),
        Just(Step::Drop),
        Just(Step::Connect),
        (15..60_i64).prop_map(|kw| Step::Limit(kw * 1_000)),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(cases(200))]

    /// What a charge point with an exact clock has in force is never more than what is reserved.
    #[test]
    fn what_is_in_force_is_reserved_whatever_the_line_does(steps in steps()) {
        let mut bench = Bench::leased(2, 50_000);
        (0..2).for_each(|point| bench.boot(point));
        (0..2).for_each(|point| {
            bench.charge(point);
        });
        let mut online = true;
        for step in steps {
            match step {
                Step::Wait(seconds) => {
                    for _ in 0..seconds.div_euclid(20) + 1 {
                        bench.wait(20);
                        let in_force = bench.in_force_kw(0);
                        prop_assert!(
                            in_force <= bench.reserved_kw(0) + 1e-9,
                            "{in_force} kW of {}", bench.reserved_kw(0)
                        );
                    }
                }
                Step::Drop if online => {
                    bench.drop_line(0);
                    online = false;
                }
                Step::Connect if !online => {
                    bench.csms.link_up(bench.now, PointIx(0));
                    online = true;
                    bench.collect();
                }
                Step::Limit(max_power) => {
                    let max_power = Some(Watts(max_power));
                    let patch = ConfigPatch { max_power, ..ConfigPatch::default() };
                    bench.csms.configure(bench.now, bench.site, &patch);
                    bench.collect();
                }
                Step::Drop | Step::Connect => {}
            }
        }
    }
}

impl Bench {
    /// What a session on three phases may draw by what is installed, kW.
    fn in_force_kw(&self, point: usize) -> f64 {
        let schedule = |purpose: &str| {
            let profile = self.installed.get(&(point, purpose.to_owned()))?;
            Some(profile["chargingSchedule"].clone())
        };
        let limit = |schedule: &Value| schedule["chargingSchedulePeriod"][0]["limit"].as_f64();
        let own = schedule("TxProfile").filter(|schedule| {
            let start = schedule["startSchedule"].as_str().unwrap();
            let start = start.parse::<jiff::Timestamp>().unwrap().as_second();
            let duration = schedule["duration"].as_i64();
            duration.is_none_or(|duration| self.now.unix_s() < start + duration)
        });
        let in_force = own.or(schedule("TxDefaultProfile"));
        let amps = in_force.as_ref().and_then(limit).unwrap_or(32.0);
        (amps * 0.69).min(22.0)
    }
}
