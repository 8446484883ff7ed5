//! What a valid scenario becomes: defaults, units, times, session files, overrides, the schema.

use std::path::PathBuf;

use ampacity::allocation::Strategy;
use ampacity::charger::CurrentKind;
use ampacity::scenario::model::{
    Arrivals, Deadlines, ListedSession, ListedVehicle, Repeats, TimelineAction,
};
use ampacity::scenario::quantity::parse_instant;
use ampacity::scenario::{Diagnostic, Scenario, Source, apply_override, expand, load, schema};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use ampacity::vehicle::Acceptance;

const HEAD: &str = r#"
name = "Test"
start = "2026-05-04T06:00:00[Europe/Amsterdam]"
duration = "14h"
[site]
max_power_kw = 50
"#;
const CARS: &str = r#"
[[vehicles]]
model = "sedan_3p11"
[[arrivals]]
kind = "poisson"
per_hour = 1
stay = "2h"
energy_kwh = 10
"#;
const CHARGERS: &str = "[[chargers]]\nmodel = \"ac22\"\ncount = 3\n";

type Loaded = Result<(Scenario, Vec<Diagnostic>), Vec<Diagnostic>>;

fn load_with(text: &str, csv: &str) -> Loaded {
    load(&Source::new("test.toml", text), &|name| match name {
        "s.csv" => Ok(csv.to_owned()),
        _ => Err(format!("no file {name}")),
    })
}

fn valid(text: &str) -> Scenario {
    match load_with(text, "") {
        Ok((scenario, warnings)) => {
            assert!(warnings.is_empty(), "{}", warnings[0]);
            scenario
        }
        Err(problems) => panic!("{}", problems[0]),
    }
}

fn at(text: &str) -> Time {
    parse_instant(text, None).expect("an instant").time
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let scenario = valid(&format!("{HEAD}{CHARGERS}{CARS}"));
    assert_eq!(scenario.start, at("2026-05-04T04:00:00Z"));
    assert_eq!(scenario.utc_offset, Span::from_s(7200));
    assert_eq!((scenario.seed, scenario.sample_interval), (1, Span::from_s(60)));
    assert_eq!(scenario.site.strategy, Strategy::Equal);
    assert_eq!((scenario.site.reserve, scenario.site.voltage_v), (Watts::ZERO, 230));
    let control = &scenario.site.control;
    assert_eq!(control.coalesce, Span::from_s(1));
    assert_eq!(control.raise_dead_band, Watts(230));
    assert_eq!(control.confirm_tolerance, Watts(115));
    assert_eq!(control.min_raise_interval, Span::from_s(60));
    assert_eq!((control.settle_max, control.call_timeout), (Span::from_s(30), Span::from_s(30)));
    assert_eq!((control.rotation, control.min_on), (Span::from_s(900), Span::from_s(300)));
    assert_eq!((control.min_off, control.start_current_a), (Span::from_s(180), 6));
    assert!(control.learn_acceptance);
    let ids: Vec<&str> = scenario.chargers.iter().map(|charger| charger.id.as_str()).collect();
    assert_eq!(ids, ["cp_001", "cp_002", "cp_003"]);
    assert_eq!(scenario.network.latency, Span::from_ms(20));
    assert_eq!((scenario.network.jitter, scenario.network.loss), (Span::from_ms(10), 0.0));
    assert_eq!((scenario.slug.as_str(), scenario.sha256.len()), ("test", 64));
}

#[test]
fn models_and_cars_extend_their_catalogues() {
    let scenario = valid(&format!(
        r#"{HEAD}
        [[chargers]]
        model = "ac22"
        count = 2
        id = "bay"
        priority = 7
        [[chargers]]
        model = "slow"
        ids = ["left", "right"]
        connectors = 2
        [[chargers]]
        model = "dc90"
        id = "dc-1"
        [models.slow]
        base = "ac22"
        max_current_a = 10.5
        allows_watts = true
        meter_interval = "10s"
        [models.dc90]
        base = "ac22"
        kind = "dc"
        max_power_kw = 90
        [[vehicles]]
        base = "sedan_3p11"
        name = "old"
        ac_phases = 1
        ac_max_current_a = 32
        acceptance = {{ table = [[0, 1], [0.5, 1], [1, 0.05]] }}
        [[arrivals]]
        kind = "poisson"
        per_hour = 1
        stay = "2h"
        energy_kwh = 10
        "#
    ));
    let ids: Vec<&str> = scenario.chargers.iter().map(|charger| charger.id.as_str()).collect();
    assert_eq!(ids, ["bay_001", "bay_002", "left", "right", "dc-1"]);
    assert_eq!(scenario.chargers[1].priority, 7);
    let slow = &scenario.chargers[2].spec;
    assert_eq!((slow.max_current, slow.max_power), (DeciAmps(105), Watts(7245)));
    assert_eq!((slow.connectors, slow.meter_interval), (2, Span::from_s(10)));
    assert!(slow.allows_amps && slow.allows_watts);
    let dc = &scenario.chargers[4].spec;
    assert_eq!((dc.kind, dc.max_power), (CurrentKind::Dc, Watts(90_000)));
    assert!(dc.allows_watts && !dc.allows_amps && dc.max_current >= DeciAmps(1304));
    let car = &scenario.vehicles[0].spec;
    assert_eq!((car.ac_phases, car.ac_max_power), (1, Watts(7360)));
    assert_eq!(car.acceptance, Acceptance::Table(vec![(0.0, 1.0), (0.5, 1.0), (1.0, 0.05)]));
}

#[test]
fn the_timeline_is_sorted_and_understands_three_ways_to_name_an_instant() {
    let scenario = valid(&format!(
        r#"{HEAD}{CHARGERS}{CARS}
        [[timeline]]
        at = "+2h"
        rebalance = "two hours in"
        [[timeline]]
        at = "2026-05-04T09:00:00Z"
        set = {{ strategy = "priority", max_power_kw = 40 }}
        [[timeline]]
        at = "07:30"
        set = {{ reserve_kw = 5 }}
        "#
    ));
    let times: Vec<String> = scenario.timeline.iter().map(|entry| entry.at.to_ocpp()).collect();
    assert_eq!(times, ["2026-05-04T05:30:00Z", "2026-05-04T06:00:00Z", "2026-05-04T09:00:00Z"]);
    let TimelineAction::Config { max_power, strategy, reserve, .. } = &scenario.timeline[2].action
    else {
        panic!("a config change");
    };
    assert_eq!((*max_power, *strategy), (Some(Watts(40_000)), Some(Strategy::Priority)));
    assert_eq!(*reserve, None, "absent keys stay");
}

#[test]
fn an_entry_that_repeats_says_how_often_and_how_long() {
    let scenario = valid(&format!(
        r#"{HEAD}{CHARGERS}{CARS}
        [[timeline]]
        at = "07:30"
        every = "20s"
        to = "90s"
        until = "12:00"
        set = {{ shuffle_priorities = true }}
        [[timeline]]
        at = "07:45"
        every = "10m"
        rebalance = "ten minutes"
        "#
    ));
    let until = at("2026-05-04T12:00:00[Europe/Amsterdam]");
    let gaps = Repeats { every: Span::from_s(20), to: Span::from_s(90), until };
    assert_eq!(scenario.timeline[0].repeats, Some(gaps));
    let until = scenario.start + scenario.duration;
    let gaps = Repeats { every: Span::from_s(600), to: Span::from_s(600), until };
    assert_eq!(scenario.timeline[1].repeats, Some(gaps));
}

#[test]
fn a_time_of_day_before_the_start_means_the_next_day() {
    let text = format!("{HEAD}{CHARGERS}{CARS}").replace("\"14h\"", "\"30h\"");
    let text = format!("{text}[[timeline]]\nat = \"05:00\"\nrebalance = \"x\"\n");
    assert_eq!(valid(&text).timeline[0].at, at("2026-05-05T05:00:00[Europe/Amsterdam]"));
}

#[test]
fn a_time_of_day_keeps_its_meaning_when_the_clocks_change_in_the_night() {
    let text = format!("{HEAD}{CHARGERS}{CARS}").replace("2026-05-04T06", "2026-10-24T16");
    let scenario = valid(&format!("{text}[[timeline]]\nat = \"04:30\"\nrebalance = \"x\"\n"));
    assert_eq!(scenario.timeline[0].at, at("2026-10-25T04:30:00+01:00"));
}

// ---- session files

fn sessions(csv: &str, keys: &str, chargers: &str) -> (Vec<ListedSession>, Vec<Diagnostic>) {
    let text = format!("{HEAD}{chargers}{CARS}[[arrivals]]\nsessions = \"s.csv\"\n{keys}");
    match load_with(&text, csv) {
        Ok((scenario, warnings)) => match &scenario.arrivals[1] {
            Arrivals::Sessions(listed) => (listed.clone(), warnings),
            other => panic!("{other:?}"),
        },
        Err(problems) => panic!("{}", problems[0]),
    }
}

#[test]
fn the_plain_form_takes_local_times_zoned_times_and_times_after_the_start() {
    let csv = "arrival,departure,kwh,charger\n\
               2026-05-04 08:00,2026-05-04T16:30,12.5,cp_002\n\
               2026-05-04T07:00:00Z,2026-05-04T11:00:00+02:00[Europe/Amsterdam],3,\n\
               +1h,+90m,7,cp_001\n";
    let (listed, warnings) = sessions(csv, "", CHARGERS);
    assert!(warnings.is_empty());
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].arrival, at("2026-05-04T06:00:00Z"));
    assert_eq!(listed[0].departure, at("2026-05-04T14:30:00Z"));
    assert_eq!((listed[0].charger, listed[0].energy_kwh), (Some(1), 12.5));
    assert_eq!((listed[1].charger, listed[1].departure), (None, at("2026-05-04T09:00:00Z")));
    assert_eq!(listed[2].arrival, at("2026-05-04T05:00:00Z"));
    assert!(listed.iter().all(|session| session.battery.is_none()));
}

#[test]
fn a_session_may_name_its_car_and_what_its_battery_holds() {
    let csv = "arrival,departure,kwh,charger,vehicle,init_kwh\n\
               +1h,+5h,12,cp_001,sedan_3p11,20.5\n\
               +1h,+5h,12,cp_002,sedan_3p11,\n\
               +1h,+5h,12,cp_003,,\n";
    let (listed, warnings) = sessions(csv, "", CHARGERS);
    assert!(warnings.is_empty(), "{warnings:?}");
    let cars: Vec<_> = listed.iter().map(|it| it.vehicle).collect();
    let named = |initial_kwh| Some(ListedVehicle { index: 0, initial_kwh });
    assert_eq!(cars, [named(Some(20.5)), named(None), None]);

    let text = format!("{HEAD}{CHARGERS}{CARS}[[arrivals]]\nsessions = \"s.csv\"\n");
    let told = |row: &str| {
        let csv =
            format!("arrival,departure,kwh,charger,vehicle,init_kwh\n+1h,+5h,12,cp_001,{row}\n");
        load_with(&text, &csv).map(|_| ()).unwrap_err()[0].to_string()
    };
    assert!(told("sedan_3p1,3").contains("did you mean `sedan_3p11`?"), "{}", told("sedan_3p1,3"));
    assert!(told("sedan_3p11,900").contains("900 kWh in a battery of"));
    let fast = text.replace("ac22", "dc50").replace("sedan_3p11", "van_3p22");
    let csv = "arrival,departure,kwh,charger,vehicle\n+1h,+5h,12,cp_001,plugin_hybrid\n";
    let hybrid = format!("{fast}[[vehicles]]\nmodel = \"plugin_hybrid\"\n");
    let problems = load_with(&hybrid, csv).map(|_| ()).unwrap_err();
    assert!(
        problems
            .iter()
            .any(|it| { it.to_string().contains("`plugin_hybrid` cannot charge at `cp_001`") })
    );
}

#[test]
fn a_car_that_a_session_names_is_not_drawn() {
    let csv = "arrival,departure,kwh,charger,vehicle,init_kwh\n+1h,+5h,12,cp_001,sedan_3p11,20.5\n";
    let head = HEAD.replace("Test", "One car");
    let text = format!(
        "{head}{CHARGERS}[[vehicles]]\nmodel = \"sedan_3p11\"\n[[vehicles]]\nmodel = \"city_1p\"\n\
         [[arrivals]]\nsessions = \"s.csv\"\n"
    );
    let (scenario, _) = load_with(&text, csv).expect("a valid scenario");
    for seed in 1..20 {
        let fleet = expand(&scenario, seed);
        let session = &fleet.sessions[0];
        assert_eq!((session.vehicle.name.as_str(), session.initial_kwh), ("sedan_3p11", 20.5));
        assert_eq!(session.wish_kwh, 12.0);
    }
}

#[test]
fn local_times_of_a_file_can_be_of_another_zone() {
    let csv = "arrival,departure,kwh\n2026-05-04T08:00,2026-05-04T09:00,5\n";
    let (listed, _) = sessions(csv, "time_zone = \"Europe/London\"\n", CHARGERS);
    assert_eq!(listed[0].arrival, at("2026-05-04T07:00:00Z"));
}

#[test]
fn the_workload_form_counts_minutes_and_brings_its_batteries() {
    let csv = "session_id,station,arrival_min,departure_min,requested_kwh,capacity_kwh,init_kwh,max_kw\n\
               s00000,CA-316,30,500,8.881,24,10.551,6.656\n\
               s00001,CA-491,40,300.5,9.272,24,13.765,6.656\n";
    let chargers = "[[chargers]]\nmodel = \"ac7\"\nids = [\"CA-491\", \"CA-316\"]\n";
    let (listed, warnings) = sessions(csv, "", chargers);
    assert!(warnings.is_empty());
    assert_eq!(listed[0].arrival, at("2026-05-04T04:30:00Z"));
    assert_eq!(listed[1].departure, at("2026-05-04T09:00:30Z"));
    assert_eq!([listed[0].charger, listed[1].charger], [Some(1), Some(0)]);
    let battery = listed[0].battery.expect("battery columns");
    assert_eq!((battery.capacity_kwh, battery.initial_kwh, battery.max_kw), (24.0, 10.551, 6.656));
}

#[test]
fn the_acn_form_counts_periods_and_can_map_its_stations() {
    let csv = "arrival_period,departure_period,estimated_departure_period,requested_kwh,station_id,\
               session_id,battery_capacity_kwh,battery_init_kwh,battery_max_kw\n\
               6,12,12,4.216,CA-315,a,4.216,0,6.6\n\
               12,20,24,0.786,CA-321,b,0.786,0,6.6\n\
               30,40,40,1.5,CA-315,c,1.5,0,6.6\n";
    let (listed, _) = sessions(csv, "map_stations = true\n", CHARGERS);
    let chargers: Vec<_> = listed.iter().map(|session| session.charger).collect();
    assert_eq!(chargers, [Some(0), Some(1), Some(0)]);
    assert_eq!(listed[0].arrival, at("2026-05-04T04:30:00Z"));
    let (listed, _) = sessions(csv, "map_stations = true\nperiod_min = 1\n", CHARGERS);
    assert_eq!(listed[0].arrival, at("2026-05-04T04:06:00Z"));
}

#[test]
fn sessions_outside_the_run_are_counted_in_a_warning() {
    let csv = "arrival,departure,kwh\n+1h,+2h,5\n+13h,+20h,5\n+14h,+15h,5\n+40h,+41h,5\n";
    let (listed, warnings) = sessions(csv, "", CHARGERS);
    assert_eq!(listed.len(), 2);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message().contains("2 of 4 sessions"), "{}", warnings[0]);
    let early = "epoch = \"2026-05-04T05:59:00[Europe/Amsterdam]\"\n";
    let (listed, _) =
        sessions("arrival_min,departure_min,requested_kwh\n0,60,5\n1,60,5\n", early, CHARGERS);
    assert_eq!(listed.len(), 1, "the first arrives a minute before the start");
}

#[test]
fn listed_sessions_that_collide_at_a_charger_give_way_to_the_next() {
    let csv = "arrival,departure,kwh,charger\n\
               +1h,+3h,5,cp_001\n+3h,+4h,5,cp_001\n+3h30m,+5h,5,cp_001\n+3h30m,+6h,5,cp_001\n\
               +1h,+9h,5,cp_002\n";
    let (listed, warnings) = sessions(csv, "", CHARGERS);
    assert_eq!(listed.len(), 4);
    let start = at("2026-05-04T04:00:00Z");
    assert_eq!(listed[0].departure, start + Span::from_s(3 * 3600 - 1));
    assert_eq!(listed[1].departure, start + Span::from_s(3 * 3600 + 1799));
    assert_eq!(listed[3].departure, start + Span::from_s(9 * 3600), "another charger");
    let note = warnings[0].message();
    assert!(
        note.contains("next arrival at their charger: 2;") && note.ends_with("left out: 1"),
        "{note}"
    );
    let two = CHARGERS.replace("count = 3", "count = 3\nconnectors = 2");
    let (listed, _) = sessions(csv, "", &two);
    assert_eq!(listed[0].departure, start + Span::from_s(3 * 3600), "there is a second connector");
}

#[test]
fn a_misspelt_column_is_mentioned() {
    let (listed, warnings) =
        sessions("arrival,departure,kwh,chargr\n+1h,+2h,5,cp_001\n", "", CHARGERS);
    assert_eq!(listed[0].charger, None);
    assert!(warnings[0].to_string().contains("did you mean `charger`?"), "{}", warnings[0]);
}

/// What is known of departures; only an estimate needs an assumed stay.
#[test]
fn deadlines_are_what_drivers_plan_unless_the_scenario_says_otherwise() {
    for (line, deadlines, assumed) in [
        ("", Deadlines::UserInput, None),
        ("deadlines = \"truth\"", Deadlines::Truth, None),
        ("deadlines = \"none\"\nassumed_stay = \"5h\"", Deadlines::None, None),
        ("deadlines = \"estimate\"", Deadlines::Estimate, Some(8)),
        ("deadlines = \"estimate\"\nassumed_stay = \"5h\"", Deadlines::Estimate, Some(5)),
    ] {
        let head = HEAD.replace("[site]", &format!("[site]\n{line}"));
        let text = format!("{head}{CHARGERS}{CARS}");
        let loaded = load(&Source::new("test.toml", &text), &|_| Err(String::new()));
        let (scenario, _) = loaded.unwrap_or_else(|problems| panic!("{}", problems[0]));
        assert_eq!(scenario.site.deadlines, deadlines, "{line}");
        let assumed = assumed.map(|hours| Span::from_s(hours * 3600));
        assert_eq!(scenario.site.control.assumed_stay, assumed, "{line}");
    }
}

// ---- overrides

#[test]
fn overrides_change_add_and_create() {
    let text =
        format!("{HEAD}{CHARGERS}{CARS}[[timeline]]\nat = \"+1h\"\nset = {{ reserve_kw = 5 }}\n");
    let mut source = Source::new("test.toml", &text);
    for assignment in [
        "site.max_power_kw=80",
        "site.max_power_kw=90",
        "site.strategy=first_come_first_served",
        "site.control.rotation=\"20m\"",
        "chargers.0.count=5",
        "chargers.0.priority=3",
        "network.loss=0.01",
        "network.latency=50ms",
        "duration=10h",
        "seed=99",
        "timeline.0.set.max_power_kw=60",
        "timeline.0.set.reserve_kw=6",
        "vehicles.0.share=2",
        "arrivals.0.early_leavers=0.25",
        "name=A \"name\" with \\ odd signs",
    ] {
        source = apply_override(&source, assignment).unwrap_or_else(|problem| panic!("{problem}"));
    }
    let (scenario, warnings) =
        load(&source, &|_| Err(String::new())).unwrap_or_else(|problems| panic!("{}", problems[0]));
    assert!(warnings.is_empty());
    assert_eq!(scenario.site.max_power, Watts(90_000));
    assert_eq!(scenario.site.strategy, Strategy::FirstComeFirstServed);
    assert_eq!(scenario.site.control.rotation, Span::from_s(1200));
    assert_eq!((scenario.chargers.len(), scenario.chargers[4].priority), (5, 3));
    assert_eq!((scenario.network.loss, scenario.network.latency), (0.01, Span::from_ms(50)));
    assert_eq!((scenario.duration, scenario.seed), (Span::from_s(36_000), 99));
    assert_eq!(scenario.name, "A \"name\" with \\ odd signs");
    let TimelineAction::Config { max_power, reserve, .. } = &scenario.timeline[0].action else {
        panic!("a config change");
    };
    assert_eq!((*max_power, *reserve), (Some(Watts(60_000)), Some(Watts(6000))));
}

#[test]
fn an_override_changes_the_hash_and_nothing_else_does() {
    let source = Source::new("test.toml", &format!("{HEAD}{CHARGERS}{CARS}"));
    let hash = |source: &Source| {
        load(source, &|_| Err(String::new())).map(|(scenario, _)| scenario.sha256).ok()
    };
    let other = apply_override(&source, "seed=2").expect("a key to add");
    assert_eq!(hash(&source), hash(&source));
    assert_ne!(hash(&source), hash(&other));
}

// ---- schema

#[test]
fn the_schema_is_the_one_of_the_snapshot() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let text = serde_json::to_string_pretty(&schema()).expect("JSON");
    settings.bind(|| insta::assert_snapshot!("schema", text));
}

// ---- real data

/// The folder of the recorded data, if the environment names one.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("AMPACITY_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: AMPACITY_DATA is not set");
    }
    folder
}

fn recorded(file: &str, head: &str) -> Option<(Scenario, Vec<Diagnostic>)> {
    let csv = std::fs::read_to_string(data()?.join(file)).expect("the recorded sessions");
    let text = format!(
        "{head}\n[site]\nmax_power_kw = 50\nvoltage_v = 208\n[[chargers]]\nmodel = \"ac7\"\n\
         count = 60\n[[arrivals]]\nsessions = \"s.csv\"\nmap_stations = true\n"
    );
    match load_with(&text, &csv) {
        Ok(loaded) => Some(loaded),
        Err(problems) => panic!("{}", problems[0]),
    }
}

fn check_recorded((scenario, warnings): &(Scenario, Vec<Diagnostic>), count: usize) {
    let Arrivals::Sessions(listed) = &scenario.arrivals[0] else { panic!("sessions") };
    let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(listed.len(), count, "{}", shown.join("\n"));
    let fleet = expand(scenario, 1);
    assert_eq!((fleet.sessions.len(), fleet.turned_away), (count, 0));
    let listed: f64 = listed.iter().map(|session| session.energy_kwh).sum();
    let wished: f64 = fleet.sessions.iter().map(|session| session.wish_kwh).sum();
    assert!((listed - wished).abs() < 1e-6, "every battery takes its wish: {listed} {wished}");
}

#[test]
fn the_generated_day_has_88_sessions() {
    let head = "name = \"Day\"\nstart = \"2026-05-04T00:00:00Z\"\nduration = \"1d\"\n";
    if let Some(loaded) = recorded("workload_1d.csv", head) {
        check_recorded(&loaded, 88);
    }
}

#[test]
fn the_recorded_march_has_954_sessions() {
    let head = "name = \"March\"\nstart = \"2019-03-01T00:00:00[America/Los_Angeles]\"\n\
                duration = \"32d\"\n";
    if let Some(loaded) = recorded("acnsim_events_caltech_2019-03_5min.csv", head) {
        check_recorded(&loaded, 954);
    }
}
