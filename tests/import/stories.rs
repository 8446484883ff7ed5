//! What an export means, and that the scenario it becomes runs.

use ampacity::import::{self, DayOrder, Imported, Options};
use ampacity::report::{Report, Verdict};
use ampacity::scenario::expand;
use ampacity::scenario::quantity::parse_instant;
use ampacity::sim::world::World;

use crate::given::{EXPORT, NAMES, berlin, columns, imported, loaded};

/// The column of the sessions file.
fn column(imported: &Imported, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(imported.sessions.as_bytes());
    let at = reader.headers().expect("a header").iter().position(|it| it == name).expect(name);
    reader.records().map(|record| record.expect("a record")[at].to_owned()).collect()
}

#[test]
fn an_export_becomes_a_scenario_and_every_row_is_accounted_for() {
    let imported = imported(EXPORT, &berlin());
    insta::assert_snapshot!("summary", imported.summary);
    insta::assert_snapshot!("scenario", imported.scenario);
    insta::assert_snapshot!("sessions", imported.sessions);
    let used = column(&imported, "kwh").len();
    let left_out: usize = imported
        .summary
        .lines()
        .find_map(|line| line.trim().strip_prefix("left out: ")?.parse().ok())
        .expect("a number");
    assert_eq!(used + left_out, 20, "rows of the export");
}

#[test]
fn the_scenario_of_an_export_runs_and_serves_its_cars() {
    let imported = imported(EXPORT, &berlin());
    let scenario = loaded(&imported);
    let fleet = expand(&scenario, scenario.seed);
    assert_eq!((fleet.sessions.len(), fleet.turned_away), (column(&imported, "kwh").len(), 0));
    let strategy = scenario.site.strategy;
    let record = World::new(&scenario, &fleet, strategy, scenario.seed, None).run();
    let report = Report::new(&scenario, &record, "");
    assert_eq!(report.verdict(), Verdict::Passed);
    let possible = report.metrics.uncontrolled_demand_met_pct.expect("demand");
    assert!(possible > 99.0, "the cars can take what they took: {possible} %");
}

#[test]
fn other_separators_signs_and_encodings_say_the_same() {
    let plain = imported(EXPORT, &berlin());
    let tabs = EXPORT.replace("Town hall; north", "Town hall north").replace(';', "\t");
    assert_eq!(imported(&tabs, &berlin()).sessions, plain.sessions);
    let marked = format!("\u{feff}{EXPORT}").replace('\n', "\r\n");
    assert_eq!(imported(&marked, &berlin()).sessions, plain.sessions);
    let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = import::sessions(&wide, NAMES, &berlin()).expect("UTF-16");
    assert_eq!(wide.sessions, plain.sessions);
}

#[test]
fn columns_of_any_name_are_named_by_their_role() {
    let odd = EXPORT.replace("Plug-in time", "t0").replace("Plug-out time", "t1");
    let named = columns(&[("arrival", "t0"), ("departure", "t1")]);
    assert_eq!(imported(&odd, &named).sessions, imported(EXPORT, &berlin()).sessions);
}

#[test]
fn durations_stand_for_departures_in_any_unit() {
    let rows = |header: &str, stay: &str| {
        format!("start,{header},kWh\n2024-05-02T08:00,{stay},6\n2024-05-02T12:00,{stay},6\n")
    };
    let expected = imported(&rows("duration", "1:30"), &berlin()).sessions;
    assert!(expected.contains("T09:30:00+02:00"), "{expected}");
    for (header, stay) in
        [("duration (hh:mm:ss)", "01:30:00"), ("duration_min", "90"), ("Duration (h)", "1.5")]
    {
        assert_eq!(imported(&rows(header, stay), &berlin()).sessions, expected, "{header}");
    }
    let given = columns(&[("duration_s", "how long")]);
    assert_eq!(imported(&rows("how long", "5400"), &given).sessions, expected);
}

#[test]
fn a_list_without_stations_gets_as_many_as_cars_are_there_at_once() {
    let list = "arrival,departure,kwh\n2024-05-02T08:00,2024-05-02T12:00,6\n\
                2024-05-02T09:00,2024-05-02T11:00,6\n2024-05-02T12:30,2024-05-02T14:00,6\n";
    let imported = imported(list, &berlin());
    assert_eq!(column(&imported, "charger"), ["place_001", "place_002", "place_001"]);
    assert_eq!(loaded(&imported).chargers.len(), 2);
}

#[test]
fn energies_in_watt_hours_are_told_by_name_or_by_their_size() {
    let list = |header: &str| {
        format!("arrival,departure,{header}\n2024-05-02T08:00,2024-05-02T12:00,6500\n")
    };
    for header in ["Energy (Wh)", "Energy"] {
        assert_eq!(column(&imported(&list(header), &berlin()), "kwh"), ["6.5"], "{header}");
    }
}

#[test]
fn instants_with_offsets_need_no_zone_and_a_night_of_two_hours_three_is_no_trap() {
    let list = "arrival,departure,kwh\n2024-10-27T00:30:00Z,2024-10-27T01:30:00Z,5\n";
    let imported = imported(list, &Options::default());
    assert_eq!(column(&imported, "arrival"), ["2024-10-27T00:30:00+00:00"]);
    let berlin = crate::given::imported(list, &berlin());
    assert_eq!(column(&berlin, "arrival"), ["2024-10-27T02:30:00+02:00"]);
    assert_eq!(column(&berlin, "departure"), ["2024-10-27T02:30:00+01:00"]);
    assert_eq!(loaded(&berlin).duration.hours(), 25.0);
}

#[test]
fn ambiguous_dates_follow_the_users_word() {
    let list = "arrival,departure,kwh\n03/04/2024 08:00,03/04/2024 12:00,5\n";
    for (order, day) in [(DayOrder::DayFirst, "2024-04-03"), (DayOrder::MonthFirst, "2024-03-04")] {
        let options = Options { dates: Some(order), ..berlin() };
        let arrival = column(&imported(list, &options), "arrival");
        assert!(arrival[0].starts_with(day), "{arrival:?}");
    }
}

#[test]
fn a_part_of_a_list_keeps_the_stations_of_the_whole() {
    let options = Options { from: Some(jiff::civil::date(2024, 5, 2)), days: Some(1), ..berlin() };
    let part = imported(EXPORT, &options);
    assert!(column(&part, "arrival").iter().all(|at| at.starts_with("2024-05-02")));
    let scenario = loaded(&part);
    assert_eq!(scenario.duration.hours(), 24.0);
    assert_eq!(scenario.chargers.len(), loaded(&imported(EXPORT, &berlin())).chargers.len());
    assert!(part.summary.contains("arrives outside the period"), "{}", part.summary);
}

#[test]
fn the_limit_is_the_users_when_there_is_one() {
    let imported = imported(EXPORT, &Options { max_power_kw: Some(33.5), ..berlin() });
    assert_eq!(loaded(&imported).site.max_power.kw(), 33.5);
}

#[test]
fn documents_of_acn_data_become_a_scenario() {
    let text = include_str!("acn.json");
    let imported = import::acn(text.as_bytes(), NAMES, &Options::default()).expect("ACN-Data");
    insta::assert_snapshot!("acn_summary", imported.summary);
    assert_eq!(column(&imported, "arrival")[0], "2018-04-25T04:08:04-07:00");
    assert_eq!(loaded(&imported).chargers.len(), 2);
}

#[test]
fn events_of_acn_sim_keep_their_batteries_and_tell_their_own_epoch() {
    let header = "arrival_period,departure_period,requested_kwh,station_id,session_id,\
                  battery_capacity_kwh,battery_init_kwh,battery_max_kw\n";
    let row = |id: &str| format!("{header}76,92,4.216,CA-315,{id},4.216,0,6.6\n");
    let told = row("2_39_89_25_2019-03-01 14:24:58.323646");
    let told = import::acn(told.as_bytes(), NAMES, &Options::default()).expect("events");
    assert_eq!(column(&told, "arrival"), ["2019-03-01T14:20:00+00:00"]);
    assert_eq!(column(&told, "max_kw"), ["6.6"]);
    let silent = row("s0001");
    let refusal = import::acn(silent.as_bytes(), NAMES, &Options::default()).expect_err("no epoch");
    assert!(refusal.help.contains("--epoch"), "{refusal:?}");
    let epoch = parse_instant("2019-03-01T08:00Z", None).expect("an instant");
    let options = Options { epoch: Some(epoch), ..Options::default() };
    let given = import::acn(silent.as_bytes(), NAMES, &options).expect("events");
    assert_eq!(column(&given, "arrival"), column(&told, "arrival"));
    assert_eq!(loaded(&given).vehicles.len(), 0);
}
