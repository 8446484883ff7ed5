//! What is found in traces of scenarios: of shipped ones, what their faults and quirks make; of a small one, the fault
//! that was put into it. And the other way round: a car park where nothing is wrong raises nothing.

use std::collections::BTreeMap;
use std::path::Path;

use ampacity::scenario::{Source, expand, load};
use ampacity::sim::tap::{Seen, Tap};
use ampacity::sim::world::World;
use ampacity::trace::inspection::{Inspection, Inspector};
use ampacity::trace::{Reader, write_line};

/// What is found in a run of a scenario.
fn inspected(name: &str, text: &str) -> Inspection {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files =
        |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string());
    let scenario = match load(&Source::new(name, text), &files) {
        Ok((scenario, _)) => scenario,
        Err(problems) => panic!("{name}: {}", problems[0]),
    };
    let fleet = expand(&scenario, scenario.seed);
    let (mut inspector, mut line, mut number) = (Inspector::default(), String::new(), 0);
    let tap: Tap<'_> = Box::new(|seen: Seen<'_>| {
        let Seen::Frame(frame) = seen else { return };
        line.clear();
        let point = scenario.chargers[frame.point].id.as_str();
        if write_line(&mut line, frame.at, point, frame.from_point, frame.text) {
            number += 1;
            let mut reader = Reader::new(line.as_bytes());
            let mut read = reader.next_line().expect("memory can be read").expect("a line");
            read.number = number;
            inspector.take(&read);
        }
    });
    let (strategy, seed) = (scenario.site.strategy, scenario.seed);
    let record = World::new(&scenario, &fleet, strategy, seed, Some(tap)).run();
    assert!(record.broken_invariants().is_empty(), "{name}");
    inspector.finish()
}

fn shipped(name: &str) -> Inspection {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
    inspected(name, &std::fs::read_to_string(path).expect("a scenario"))
}

/// How often each kind was found, and the first case of it.
fn told(inspection: &Inspection) -> String {
    let of = |(kind, cases): (&ampacity::trace::findings::Kind, _)| {
        let cases: &ampacity::trace::inspection::Listed<(usize, _)> = cases;
        let (point, case): &(usize, ampacity::trace::findings::Finding) = &cases.first[0];
        let point = inspection.points[*point].0.as_deref().unwrap_or_default();
        format!("{} {}: {point}, line {}: {}\n", kind.name(), cases.count, case.line, case.what)
    };
    inspection.findings.iter().map(of).collect()
}

/// A working day where nothing is wrong, a garage whose router fails, a car park of odd charge points, and a line on
/// which frames are lost, with cars that follow a limit late.
#[test]
fn what_is_found_in_shipped_scenarios_is_what_they_tell_of() {
    let names = ["workplace", "garage", "old_chargers", "stress"];
    let all = names.map(|name| format!("{name}\n{}", told(&shipped(name))));
    insta::assert_snapshot!("found_in_shipped_scenarios", all.join("\n"));
}

/// Four points, four cars that charge for hours, and a fault from ten to eleven.
fn faulty(fault: &str) -> BTreeMap<&'static str, u64> {
    let text = format!(
        r#"
name = "Faulty"
start = "2026-05-04T08:00:00Z"
duration = "4h"
seed = 3

[site]
max_power_kw = 22
strategy = "equal"
min_charge_rate_kw = 4.2

[[chargers]]
count = 4
id = "cp_"
model = "ac11"

[[vehicles]]
model = "sedan_3p11"

[[arrivals]]
kind = "daily_peak"
count = 4
at = "08:20"
spread = "5m"
stay = "6h"
energy_kwh = 60

{fault}
"#
    );
    let found = inspected("faulty.toml", &text).findings;
    let mut kinds: BTreeMap<&str, u64> =
        found.iter().map(|(kind, cases)| (kind.name(), cases.count)).collect();
    // It ends while all still charge.
    kinds.remove("transaction_never_stopped");
    kinds
}

/// The fault of two charge points, from ten to eleven.
fn of_two(fault: &str, for_: &str) -> BTreeMap<&'static str, u64> {
    faulty(&format!(
        "[[timeline]]\nat = \"10:00\"\n{fault}\nchargers = [\"cp_001\", \"cp_002\"]\nfor = \"{for_}\""
    ))
}

#[test]
fn a_fault_that_is_put_into_a_site_is_found_and_nothing_else() {
    assert_eq!(faulty(""), BTreeMap::new());
    let ignored = of_two("fault = \"ignore_limits\"", "1h");
    assert_eq!(ignored, BTreeMap::from([("limit_exceeded", 2)]));
    let skewed = of_two("fault = \"clock_skew\"\nby = \"20m\"", "1h");
    assert_eq!(skewed, BTreeMap::from([("clock_skew", 2)]));
    let offline = of_two("fault = \"offline\"", "20m");
    assert_eq!(offline, BTreeMap::from([("offline_flush", 2)]));
}
