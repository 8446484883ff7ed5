//! Fleets against a scripted central system, over real sockets on loopback.

mod central;
mod quirks;
mod refusals;
mod stories;
#[path = "../frames/tape.rs"]
mod tape;

use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ampacity::scenario::{Scenario, Source, expand, load};
use ampacity::shell::fleet::{Endpoint, FleetEnd, FleetOptions, Notice, Passwords, drive};

/// Ten minutes with a car at every charger: from the first minute to the ninth, wishing more than
/// it can get. Meters report every five seconds.
pub(crate) fn scenario_text(identities: &[&str]) -> (String, String) {
    let quoted: Vec<String> = identities.iter().map(|id| format!("{id:?}")).collect();
    let text = format!(
        r#"name = "Loopback"
start = "2026-05-04T08:00:00Z"
duration = "10m"
[site]
max_power_kw = 100
[models.chatty]
base = "ac22"
meter_interval = "5s"
[[chargers]]
model = "chatty"
ids = [{}]
[[vehicles]]
model = "sedan_3p11"
[[arrivals]]
sessions = "sessions.csv"
"#,
        quoted.join(", ")
    );
    let mut sessions = "charger,arrival,departure,kwh\n".to_owned();
    for id in identities {
        let _ = writeln!(sessions, "{id},2026-05-04T08:01:00Z,2026-05-04T08:09:00Z,20");
    }
    (text, sessions)
}

/// Scenario files allow plain identities only; a charge point may have any.
pub(crate) fn scenario(identities: &[&str]) -> Scenario {
    let plain: Vec<String> = identities.iter().map(|id| id.replace(' ', "_")).collect();
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    let (text, sessions) = scenario_text(&plain);
    let source = Source::new("loopback.toml", &text);
    let (mut scenario, warnings) =
        load(&source, &|_| Ok(sessions.clone())).unwrap_or_else(|errors| {
            let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", shown.join("\n"))
        });
    assert!(warnings.is_empty(), "{warnings:?}");
    for (charger, id) in scenario.chargers.iter_mut().zip(identities) {
        charger.id = (*id).into();
    }
    scenario
}

/// Sixty times as fast as real time, no passwords.
pub(crate) fn options(url: &str) -> FleetOptions {
    FleetOptions {
        endpoint: Endpoint::parse(url).expect("a URL"),
        passwords: Passwords::None,
        tls: None,
        speed: 60.0,
        seed: 1,
        give_up_after: Duration::from_secs(60),
    }
}

/// Drives the fleet to its end; also what was told about failures.
pub(crate) fn run(identities: &[&str], options: &FleetOptions) -> (FleetEnd, Vec<String>) {
    run_scenario(&scenario(identities), options)
}

pub(crate) fn run_scenario(scenario: &Scenario, options: &FleetOptions) -> (FleetEnd, Vec<String>) {
    let cars = expand(scenario, 1);
    assert_eq!(cars.sessions.len(), scenario.chargers.len());
    let mut told = Vec::new();
    let mut tell = |notice: Notice<'_>| {
        if let Notice::Failed { point, failure } = notice {
            told.push(format!("{point}: {failure}"));
        }
    };
    let nobody = AtomicBool::new(false);
    let end = drive(scenario, &cars, options, &nobody, &mut tell).expect("threads");
    (end, told)
}
