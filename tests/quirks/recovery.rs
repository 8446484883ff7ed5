//! Five odd chargers on a full site, and a limit that falls while somebody is offline: the limit
//! holds, the others keep what the odd one cannot have, and everybody is back in time.

use ampacity::allocation::Strategy;
use ampacity::sim::record::{RunRecord, Sample};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

use crate::site::{self, LIMIT_KW};

/// What a charger may reserve at most, kW.
const RATED_KW: f64 = 22.0;
/// A lease, how exact clocks are, and what a car may take to follow: then an offline charger keeps
/// no more than what bounds a start.
const LEASE_S: i64 = 900 + 60 + 30;
/// How long a fault lasts.
const FAULT_S: i64 = 40 * 60;

struct Course {
    over_s: f64,
    over_kw: f64,
    /// Least that the others drew together during the fault but for its first minute, kW.
    others_least_kw: f64,
    /// Since the beginning of the fault, until the odd charger holds no more than a start may draw.
    released_s: Option<i64>,
    /// Since the end of the fault, until the site draws what it drew before.
    recovered_s: Option<i64>,
}

/// The first instant from which on something holds in all samples up to another.
fn settled(
    record: &RunRecord,
    (from, to): (Time, Time),
    holds: impl Fn(&[(Watts, Watts, Watts)]) -> bool,
) -> Option<i64> {
    let within = record.samples.iter().filter(|sample| (from..to).contains(&sample.at));
    let mut since = None;
    for sample in within {
        let before = since.filter(|_| holds(&sample.chargers));
        since = before.or_else(|| holds(&sample.chargers).then_some(sample.at));
    }
    since.map(|since| since.since(from).whole_s())
}

fn drawn_kw(chargers: &[(Watts, Watts, Watts)], among: impl Fn(usize) -> bool) -> f64 {
    let drawn = chargers.iter().enumerate().filter(|(index, _)| among(*index));
    drawn.map(|(_, (_, draw, _))| draw.kw()).sum()
}

/// Seconds after the start at which the odd charger has its turn, after the first hour.
fn turn_s() -> i64 {
    let record = site::run(&site::with(&[], ""), Strategy::Equal);
    let draws = |sample: &Sample| sample.chargers[0].1 > Watts(7_000);
    let after = record.samples.iter().filter(|s| s.at.since(record.from) >= Span::from_s(3600));
    let turn = after.collect::<Vec<_>>();
    let turn = turn.windows(3).find(|three| three.iter().all(|sample| draws(sample)));
    turn.map(|three| three[1].at.since(record.from).whole_s()).expect("it has its turn some time")
}

fn course(name: &str, turn_s: i64) -> Course {
    let lines = format!(
        "[[timeline]]\nat = \"+{turn_s}s\"\nfault = \"{name}\"\nchargers = [\"odd\"]\nfor = \"{FAULT_S}s\"\n"
    );
    let record = site::run(&site::with(&[], &lines), Strategy::Equal);
    let begins = record.from + Span::from_s(turn_s);
    let ends = begins + Span::from_s(FAULT_S);
    let during = record
        .samples
        .iter()
        .filter(|s| (begins + Span::from_s(60)..ends).contains(&s.at))
        .map(|s| drawn_kw(&s.chargers, |index| index != 0));
    let others_least_kw = during.fold(f64::INFINITY, f64::min);
    let full = |chargers: &[_]| drawn_kw(chargers, |_| true) >= 0.95 * LIMIT_KW;
    let small = |chargers: &[(Watts, Watts, Watts)]| chargers[0].2 <= Watts(4_140);
    Course {
        over_s: record.over_limit.seconds,
        over_kw: record.over_limit.max_kw,
        others_least_kw,
        released_s: settled(&record, (begins, ends), small),
        recovered_s: settled(&record, (ends, ends + Span::from_s(3600)), full),
    }
}

#[test]
fn an_odd_charger_costs_a_full_site_its_own_reservation_and_no_more() {
    println!(
        "{:<16}{:>8}{:>9}{:>18}{:>14}{:>14}",
        "charger", "over s", "most kW", "others least kW", "released s", "recovered s"
    );
    let shown = |seconds: Option<i64>| seconds.map_or("-".to_owned(), |s| s.to_string());
    let turn_s = turn_s();
    for name in ["mute", "reject_profiles", "ignore_limits", "offline", "reboot"] {
        let c = course(name, turn_s);
        println!(
            "{name:<16}{:>8.1}{:>9.2}{:>18.1}{:>14}{:>14}",
            c.over_s,
            c.over_kw,
            c.others_least_kw,
            shown(c.released_s),
            shown(c.recovered_s)
        );
        // Whose limits have no effect shows that by its meter alone, in two samples.
        let found_out = if name == "ignore_limits" { 180.0 } else { 0.0 };
        assert!(c.over_s <= found_out, "{name}: {} s", c.over_s);
        // Rotation and steps of 1 A leave a minimum unused at most.
        let least = LIMIT_KW - RATED_KW - 8.3;
        assert!(c.others_least_kw >= least, "{name}: {} kW", c.others_least_kw);
        let recovered = c.recovered_s.unwrap_or(i64::MAX);
        assert!(recovered <= 300, "{name}: {recovered} s");
        // A mute one may take what it is told again and again, so its lease never ends.
        if name == "offline" {
            let released = c.released_s.unwrap_or(i64::MAX);
            assert!(released <= LEASE_S + 60, "{name}: {released} s");
        }
    }
}

#[test]
fn a_limit_that_falls_while_chargers_are_offline_is_kept_again_within_the_lease() {
    println!("{:<28}{:>8}{:>9}{:>9}", "offline, limit", "over s", "most kW", "kWh");
    for (offline, limit_kw) in [(1, 60), (4, 40), (6, 30)] {
        let lines = format!(
            "[[timeline]]\nat = \"+1h\"\nfault = \"offline\"\nchargers = [{}]\nfor = \"2h\"\n\
             [[timeline]]\nat = \"+62m\"\nset = {{ max_power_kw = {limit_kw} }}\n",
            (1..=offline).map(|n| format!("\"sound_{n:03}\"")).collect::<Vec<_>>().join(", ")
        );
        let odd = "[[chargers]]\nid = \"odd\"\nmodel = \"ac22\"\n";
        let scenario = site::scenario(100.0, odd, "odd,+10m,+4h10m,60\n", &lines);
        let record = site::run(&scenario, Strategy::Equal);
        let over = record.over_limit;
        let what = format!("{offline} of 8, 100 to {limit_kw} kW");
        println!("{what:<28}{:>8.1}{:>9.2}{:>9.2}", over.seconds, over.max_kw, over.kwh);
        assert!(over.seconds <= LEASE_S as f64 + 60.0, "{} s", over.seconds);
    }
}
