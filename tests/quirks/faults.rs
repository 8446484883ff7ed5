//! Faults in the timeline: what they do to the site, and that they pass.

use ampacity::allocation::Strategy;
use ampacity::csms::PointIx;
use ampacity::scenario::expand;
use ampacity::sim::record::RunRecord;
use ampacity::sim::world::World;

use crate::site;

fn fault(lines: &str) -> String {
    format!("[[timeline]]\n{lines}\n")
}

/// Runs the site, sound but for this entry of the timeline.
fn run(lines: &str) -> RunRecord {
    let scenario = site::with(&[], &fault(lines));
    site::run(&scenario, Strategy::Equal)
}

fn marks(record: &RunRecord) -> Vec<&str> {
    record.marks.iter().map(|(_, what)| what.as_str()).collect()
}

#[test]
fn every_fault_leaves_the_limit_or_names_the_charger_and_passes() {
    for name in ["offline", "reboot", "mute", "reject_profiles", "meter_lies", "clock_skew"] {
        let lines =
            format!("at = \"+1h\"\nfault = \"{name}\"\nchargers = [\"odd\"]\nfor = \"20m\"");
        let record = run(&lines);
        assert_eq!(record.over_limit.seconds, 0.0, "{name}: {:?}", record.over_limit);
        assert!(site::others_kwh(&record) > 100.0, "{name}: the others went on");
        assert_eq!(marks(&record)[0], format!("{name}: odd"));
    }
}

#[test]
fn a_charger_that_ignores_limits_is_named_with_its_excess() {
    let lines = "at = \"+1h\"\nfault = \"ignore_limits\"\nchargers = [\"odd\"]\nfor = \"20m\"";
    let scenario = site::with(&[], &fault(lines));
    let record = site::run(&scenario, Strategy::Equal);
    let named = site::named(&scenario, &record);
    assert_eq!(named.len(), 1, "{named:?}");
    assert_eq!(named[0].0, "odd");
    assert!(named[0].1 > 5.0, "{named:?}");
}

#[test]
fn an_outage_drops_what_is_on_its_way_and_the_meter_values_come_later() {
    let scenario = site::with(
        &[],
        &fault("at = \"+1h\"\nfault = \"offline\"\nchargers = [\"odd\"]\nfor = \"20m\""),
    );
    let fleet = expand(&scenario, 1);
    let mut during = (0, 0);
    let tap = Box::new(|seen: ampacity::sim::tap::Seen<'_>| {
        let ampacity::sim::tap::Seen::Frame(frame) = seen else { return };
        let minute = frame.at.since(scenario.start).whole_s() / 60;
        if frame.point == 0 && (61..80).contains(&minute) {
            during.0 += 1;
        }
        if frame.point == 0 && minute == 80 && frame.text.contains("MeterValues") {
            during.1 += 1;
        }
    });
    let record = World::new(&scenario, &fleet, Strategy::Equal, 1, Some(tap)).run();
    assert_eq!(during.0, 0, "nothing is said without a connection");
    assert!(during.1 >= 19, "{} samples were told when the link was back", during.1);
    assert_eq!(marks(&record), ["offline: odd", "offline over: odd"]);
}

#[test]
fn a_loss_of_power_ends_the_session_and_boots_the_station() {
    let scenario = site::with(
        &[],
        &fault("at = \"+1h\"\nfault = \"reboot\"\nchargers = [\"odd\"]\nfor = \"2m\""),
    );
    let fleet = expand(&scenario, 1);
    let mut world = World::new(&scenario, &fleet, Strategy::Equal, 1, None);
    let mut boots = 0;
    let mut was_on = true;
    while world.step() {
        let on = world.csms().point_view(PointIx(0)).is_some_and(|view| view.connected);
        boots += usize::from(on && !was_on);
        was_on = on;
    }
    let record = world.finish();
    assert_eq!(boots, 2, "at the start and after the power was back");
    let reasons: Vec<_> = record.sessions.iter().map(|s| s.stop_reason.as_deref()).collect();
    assert!(reasons.contains(&Some("PowerLoss")), "{reasons:?}");
}

#[test]
fn the_seed_draws_whom_a_counted_fault_concerns_and_a_recovery_ends_it() {
    let record = run(
        "at = \"+1h\"\nfault = \"mute\"\ncount = 3\n[[timeline]]\nat = \"+2h\"\nrecover = \"all\"",
    );
    assert_eq!(marks(&record), ["mute: 3 chargers", "all faults over: all chargers"]);
    let again = run(
        "at = \"+1h\"\nfault = \"mute\"\ncount = 3\n[[timeline]]\nat = \"+2h\"\nrecover = \"all\"",
    );
    assert_eq!(record.digest, again.digest);
}
