//! Quirks of the connection, and faults of a fleet alone.

use ampacity::charger::Quirk;
use ampacity::scenario::model::{Fault, Targets, TimelineAction, TimelineEntry};
use ampacity::shell::fleet::Ending;
use ampacity::time::Span;

use crate::central::{Central, Script};
use crate::{options, run_scenario, scenario};

fn quirk(text: &str) -> Quirk {
    Quirk::parse(text).expect("a quirk of the table")
}

#[test]
fn a_slash_too_many_and_no_subprotocol_are_what_the_central_system_sees() {
    let central = Central::start(Script { unasked_protocol: true, ..Script::default() });
    let mut scenario = scenario(&["cp_1"]);
    scenario.chargers[0].quirks = vec![quirk("no_subprotocol"), quirk("double_slash_path")];
    let (end, told) = run_scenario(&scenario, &options(&central.url));
    assert_eq!((end.ending, told.as_slice()), (Ending::Over, &[] as &[String]));
    let all = central.seen();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["/cp_1"]);
    assert_eq!(all["/cp_1"].of("StopTransaction").len(), 1);
}

#[test]
fn an_outage_closes_the_socket_and_what_was_metered_meanwhile_is_told_afterwards() {
    let central = Central::start(Script::default());
    let mut scenario = scenario(&["cp_1", "cp_2"]);
    scenario.timeline = vec![TimelineEntry {
        at: scenario.start + Span::from_s(180),
        repeats: None,
        action: TimelineAction::Fault {
            fault: Fault::Offline,
            on: Targets::Listed(vec![0]),
            lasts: Some(Span::from_s(60)),
        },
    }];
    let (end, _) = run_scenario(&scenario, &options(&central.url));
    assert_eq!(end.ending, Ending::Over);
    let all = central.seen();
    let (cut, sound) = (&all["cp_1"], &all["cp_2"]);
    assert!(cut.connections >= 2, "{} connections", cut.connections);
    assert_eq!(sound.connections, 1);
    let samples = |seen: &crate::central::Seen| seen.of("MeterValues").len();
    assert!(samples(cut) + 2 >= samples(sound), "{} of {}", samples(cut), samples(sound));
    assert_eq!(cut.of("BootNotification").len(), 1, "a lost link is no reboot");
    assert_eq!(cut.of("StopTransaction").len(), 1);
}
