//! What chargers do while they are connected, and when a connection breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ampacity::scenario::expand;
use ampacity::shell::clock::system_now;
use ampacity::shell::fleet::{Ending, Notice, Passwords, drive, trust};
use ampacity::time::{Span, Time};
use serde_json::Value;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::central::{Central, Script, Seen, power_w};
use crate::{options, run, scenario};

/// What a three-phase car takes at ten amperes.
const TEN_AMPS_W: f64 = 6900.0;

fn stamp(payload: &Value) -> Time {
    let text = payload["timestamp"].as_str().or(payload["meterValue"][0]["timestamp"].as_str());
    Time::parse_ocpp_exact(text.expect("a timestamp")).expect("as we write it")
}

/// Power of every MeterValues from the `skip`th after the limit was accepted.
fn powers_after_limit(seen: &Seen, skip: usize) -> Vec<f64> {
    let limited_at = seen.limited_at.expect("a limit");
    let meter = seen.calls[limited_at..].iter().filter(|call| call.action == "MeterValues");
    meter.skip(skip).map(|call| power_w(&call.payload)).collect()
}

#[test]
fn twenty_chargers_boot_charge_obey_and_say_goodbye() {
    let names: Vec<String> = (1..=20).map(|number| format!("RDAM {number}")).collect();
    let identities: Vec<&str> = names.iter().map(String::as_str).collect();
    let central = Central::start(Script {
        limits_above_w: Some(10_000.0),
        limit: (10.0, None),
        ..Script::default()
    });
    let (end, told) = run(&identities, &options(&central.url));
    assert_eq!((end.ending, told.as_slice()), (Ending::Over, &[] as &[String]));

    let all = central.seen();
    assert_eq!(all.len(), 20);
    for (number, name) in names.iter().enumerate() {
        let seen = &all[&format!("RDAM%20{}", number + 1)];
        assert_eq!(seen.connections, 1, "{name}");
        assert_eq!(seen.of("BootNotification").len(), 1, "{name}");
        assert_eq!(seen.calls[0].payload["chargePointSerialNumber"], **name);
        assert_eq!(seen.of("StartTransaction").len(), 1, "{name}");
        assert_eq!(seen.of("StopTransaction").len(), 1, "{name}");
        assert!(seen.pongs >= 1, "{name} answers pings");
        let after = powers_after_limit(seen, 3);
        assert!(after.len() > 20, "{name}: {after:?}");
        let kept = after.iter().all(|power| (6000.0..=TEN_AMPS_W).contains(power));
        assert!(kept, "{name}, from the third sample on: {after:?}");
        assert_eq!(seen.closed, [1001], "{name}");
    }

    let tally = &end.tally;
    assert_eq!((tally.connections, tally.disconnections, tally.connected.len()), (20, 0, 20));
    assert_eq!((tally.wire.profiles_accepted, tally.wire.profiles_refused), (20, 0));
    assert_eq!((tally.limits_checked, tally.limits_exceeded), (20, 0));
    assert_eq!(tally.undelivered, 0);
    let metered_wh: i64 = all
        .values()
        .map(|seen| {
            let meter = |action, field: &str| seen.of(action)[0][field].as_i64().unwrap();
            meter("StopTransaction", "meterStop") - meter("StartTransaction", "meterStart")
        })
        .sum();
    let delivered: f64 = end.record.sessions.iter().map(|session| session.delivered_kwh).sum();
    assert!(delivered > 15.0, "{delivered} kWh");
    let gap = (metered_wh as f64 / 1000.0 - delivered).abs();
    assert!(gap < 0.05, "both sides have metered the same: {metered_wh} Wh, {delivered} kWh");
}

#[test]
fn a_broken_connection_is_made_again_and_nothing_is_lost() {
    let central = Central::start(Script { breaks_once: true, ..Script::default() });
    let (end, told) = run(&["a", "b", "c"], &options(&central.url));
    assert_eq!(end.ending, Ending::Over);
    assert!(told.is_empty(), "a lost connection is no failed attempt: {told:?}");
    for (name, seen) in &central.seen() {
        assert_eq!(seen.connections, 2, "{name}");
        assert_eq!(seen.of("BootNotification").len(), 1, "{name} has not been switched off");
        assert_eq!(seen.of("StartTransaction").len(), 1, "{name}");
        let stamps: Vec<Time> = seen.of("MeterValues").into_iter().map(stamp).collect();
        let gaps: Vec<i64> = stamps.windows(2).map(|two| two[1].since(two[0]).whole_s()).collect();
        assert!(gaps.iter().all(|gap| *gap == 5), "{name} delivers what it missed: {gaps:?}");
        assert_eq!(seen.of("StopTransaction").len(), 1, "{name}");
    }
    assert_eq!((end.tally.connections, end.tally.disconnections), (6, 3));
    assert_eq!(end.tally.undelivered, 0);
}

#[test]
fn chargers_live_in_the_time_of_their_central_system() {
    // The scenario is of May 2026; where the central system stands it is some years later.
    let ahead = Span::from_s(5 * 366 * 86_400);
    let central = Central::start(Script {
        ahead,
        limits_above_w: Some(10_000.0),
        limit: (10.0, Some(180)),
        ..Script::default()
    });
    let began = system_now() + ahead - Span::from_s(60);
    let (end, _) = run(&["cp_1"], &options(&central.url));
    assert_eq!(end.ending, Ending::Over);
    let seen = &central.seen()["cp_1"];
    for action in ["StatusNotification", "StartTransaction", "MeterValues", "StopTransaction"] {
        for payload in seen.of(action) {
            let since = stamp(payload).since(began);
            assert!((0..3600).contains(&since.whole_s()), "{payload}");
        }
    }
    let powers = powers_after_limit(seen, 3);
    assert!(powers[0] <= TEN_AMPS_W, "the limit of that time holds: {powers:?}");
    let last = powers.last().expect("samples");
    assert!(*last > 10_000.0, "and is over when its duration says so: {powers:?}");
}

#[test]
fn an_interrupted_fleet_closes_its_connections_and_tells_what_there_is() {
    let central = Central::start(Script::default());
    let scenario = scenario(&["cp_1", "cp_2"]);
    let cars = expand(&scenario, 1);
    let interrupted = AtomicBool::new(false);
    let mut tell = |notice: Notice<'_>| {
        if let Notice::Progress { connected: 2, draw, .. } = notice
            && draw.0 > 0
        {
            interrupted.store(true, Ordering::Relaxed);
        }
    };
    let end = drive(&scenario, &cars, &options(&central.url), &interrupted, &mut tell).unwrap();
    assert_eq!(end.ending, Ending::Interrupted);
    assert_eq!(end.record.sessions.len(), 2);
    assert!(end.record.sessions.iter().all(|session| session.delivered_kwh > 0.0));
    assert!(end.record.to < scenario.start + scenario.duration);
    assert!(central.seen().values().all(|seen| seen.closed == [1001]));
}

#[test]
fn behind_tls_only_the_certificate_that_was_given_is_trusted() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let central = Central::start(Script {
        tls: Some(TlsAcceptor::from(Arc::new(config))),
        authorization: Some("Basic Y3BfMTpzZWNyZXQ=".to_owned()),
        ..Script::default()
    });
    let mut options = options(&central.url);
    options.passwords = Passwords::Same("secret".to_owned());
    options.give_up_after = std::time::Duration::from_secs(1);
    let (end, told) = run(&["cp_1"], &options);
    assert_eq!(end.ending, Ending::NeverConnected);
    assert!(told.len() == 1 && told[0].contains("--ca"), "{told:?}");

    options.tls = Some(trust(own.cert.pem().as_bytes()).unwrap());
    let (end, told) = run(&["cp_1"], &options);
    assert_eq!((end.ending, told.as_slice()), (Ending::Over, &[] as &[String]));
    assert_eq!(central.seen()["cp_1"].of("StopTransaction").len(), 1);
}
