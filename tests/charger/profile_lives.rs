//! How long a profile lives: reboots, lost links, transactions that end or never begin.

use serde_json::json;

use crate::bench::{Bench, ac22};
use crate::profiles::{profile, set, tx_profile};

#[test]
fn a_reboot_keeps_profiles_but_those_of_the_transaction_it_ends() {
    let mut bench = Bench::charging(ac22());
    assert_eq!(set(&mut bench, 0, &profile(1, "ChargePointMaxProfile", "A", 20.0)), "Accepted");
    assert_eq!(set(&mut bench, 0, &profile(2, "TxDefaultProfile", "A", 10.0)), "Accepted");
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 16.0)), "Accepted");
    assert_eq!(bench.status_of("Reset", &json!({"type": "Hard"})), "Accepted");
    bench.run_s(60);
    bench.unplug(1);
    let ids: Vec<i32> = bench.point.profiles().installed().iter().map(|it| it.profile.id).collect();
    assert_eq!(ids, [1, 2], "errata 3.37");
    bench.plug_in(1, "card");
    assert_eq!(bench.amps(1), 10.0);
    let all = json!({});
    assert_eq!(bench.status_of("ClearChargingProfile", &all), "Accepted");
    assert_eq!(bench.status_of("ClearChargingProfile", &all), "Unknown");
}

#[test]
fn a_lost_link_keeps_the_limit_of_its_transaction_and_the_next_has_the_defaults() {
    let mut bench = Bench::charging(ac22());
    let key = json!({"key": "AllowOfflineTxForUnknownId", "value": "true"});
    assert_eq!(bench.status_of("ChangeConfiguration", &key), "Accepted");
    assert_eq!(set(&mut bench, 0, &profile(1, "ChargePointMaxProfile", "A", 20.0)), "Accepted");
    assert_eq!(set(&mut bench, 0, &profile(2, "TxDefaultProfile", "A", 16.0)), "Accepted");
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 18.0)), "Accepted");
    bench.run_s(1);
    bench.link_down();
    bench.run_s(600);
    assert_eq!(bench.amps(1), 18.0, "§3.13.6");
    bench.unplug(1);
    bench.plug_in(1, "card");
    assert_eq!(bench.amps(1), 16.0);
}

#[test]
fn a_profile_whose_remote_start_never_led_to_a_transaction_is_gone() {
    let mut bench = Bench::ready(ac22());
    let mut with_start = profile(7, "TxProfile", "A", 9.0);
    with_start["chargingProfileKind"] = json!("Relative");
    with_start["chargingSchedule"].as_object_mut().unwrap().remove("startSchedule");
    let request = json!({"idTag": "remote", "connectorId": 1, "chargingProfile": with_start});
    assert_eq!(bench.status_of("RemoteStartTransaction", &request), "Accepted");
    assert!(bench.point.profiles().pending(1).is_some());
    bench.run_s(600);
    assert!(bench.point.profiles().pending(1).is_none(), "ConnectionTimeOut");
    bench.plug_in(1, "card");
    assert_eq!(bench.amps(1), 32.0);
}
