//! What has not changed shows no difference.

use ampacity::allocation::Strategy;
use ampacity::replay::difference::Rules;

use crate::fixture::{Recording, SITE, scenario, trace_of};

/// Sites of five kinds: quiet, on a bad network, with faults, with other loads, with limits of their own.
const KINDS: [(&str, &str); 5] = [
    ("quiet", ""),
    ("bad network", "\n[network]\nlatency = \"300ms\"\njitter = \"2s\"\nloss = 0.02\n"),
    (
        "faults",
        "\n[[timeline]]\nat = \"+30m\"\nfault = \"offline\"\nchargers = [\"yard_001\"]\nfor = \"10m\"\n\
         \n[[timeline]]\nat = \"+50m\"\nfault = \"reboot\"\nchargers = [\"yard_002\"]\nfor = \"2m\"\n",
    ),
    (
        "changes",
        "\n[[timeline]]\nat = \"+40m\"\nset = { max_power_kw = 15 }\n\n[[timeline]]\nat = \"+60m\"\nrebalance = \"operator\"\n\
         \n[[timeline]]\nat = \"+70m\"\nset = { strategy = \"priority\" }\n",
    ),
    ("leases", "\n[site.control]\nlease = \"5m\"\nfallback = \"fair\"\n"),
];

#[test]
fn a_recorded_run_replays_without_a_difference_a_hundred_times_of_a_hundred() {
    let mut replays = 0;
    for (kind, more) in KINDS {
        let scenario = scenario(&format!("{SITE}{more}"));
        for seed in 1..=20 {
            let strategy = Strategy::ALL[seed as usize % Strategy::ALL.len()];
            let recording = Recording::of(trace_of(&scenario, strategy, seed));
            let comparison = recording.against(&recording.setup);
            assert_eq!(comparison.differences, [], "{kind}, {strategy}, seed {seed}");
            assert!(comparison.compared[0] > 100, "{kind}: {:?}", comparison.compared);
            replays += 1;
        }
    }
    assert_eq!(replays, 100);
}

#[test]
fn a_replay_is_a_trace_that_replays_to_the_same_bytes() {
    let recording = Recording::of(trace_of(&scenario(SITE), Strategy::Equal, 3));
    let first = recording.replayed();
    assert!(first.stand_ins.is_empty() && first.refused.is_empty() && first.lost == 0);
    let second = Recording::of(first.trace.clone()).replayed();
    assert_eq!(first.trace, second.trace);
}

#[test]
fn twenty_unchanged_replays_raise_no_alarm_against_their_golden_files() {
    let scenario = scenario(SITE);
    for seed in 1..=20 {
        let recording = Recording::of(trace_of(&scenario, Strategy::MaxThroughput, seed));
        let golden = String::from_utf8(recording.replayed().trace).expect("text");
        let comparison = recording.against_golden(&golden, &Rules::default());
        assert_eq!(comparison.differences, [], "seed {seed}");
    }
}

#[test]
fn another_strategy_stays_where_the_trace_tells_a_new_configuration() {
    let more = "\n[[timeline]]\nat = \"+40m\"\nset = { max_power_kw = 15 }\n";
    let scenario = scenario(&format!("{SITE}{more}"));
    let mut recording = Recording::of(trace_of(&scenario, Strategy::Equal, 1));
    recording.script.set_strategy(Strategy::RoundRobin);
    recording.setup.sites[0].config.strategy = Strategy::RoundRobin;
    let heard = recording.replayed();
    let site = heard.csms.site(recording.setup.sites[0].site.as_str()).expect("the site");
    let config = heard.csms.config(site);
    assert_eq!((config.strategy, config.max_power.0), (Strategy::RoundRobin, 15_000));
}
