//! A site where power is short: eight vans that could take 22 kW each, and a limit that carries
//! seven of them at their minimum rate, so that somebody pauses at any time.

use ampacity::allocation::Strategy;
use ampacity::report::Report;
use ampacity::scenario::model::Scenario;
use ampacity::scenario::{Source, expand, load};
use ampacity::sim::record::RunRecord;
use ampacity::sim::world::World;

/// Chargers without a quirk; the one with it comes first.
const SOUND: usize = 7;
pub(crate) const LIMIT_KW: f64 = 60.0;

/// The site with one charger that has these quirks, and anything more. It weighs more than the
/// others under `priority`, or the strategies would do the same.
pub(crate) fn with(quirks: &[&str], more: &str) -> Scenario {
    let odd = format!(
        "[[chargers]]\nid = \"odd\"\nmodel = \"ac22\"\npriority = 3\nquirks = {quirks:?}\n"
    );
    scenario(LIMIT_KW, &odd, "odd,+10m,+4h10m,60\n", more)
}

/// A site of this limit: the odd charger's table and visit, and anything more.
pub(crate) fn scenario(limit_kw: f64, odd: &str, visit: &str, more: &str) -> Scenario {
    let text = format!(
        "name = \"Eight vans\"\nstart = \"2026-05-04T06:00:00Z\"\nduration = \"5h\"\n\
         [site]\nmax_power_kw = {limit_kw}\nmin_charge_rate_kw = 8\n\
         {odd}[[chargers]]\nid = \"sound_\"\nmodel = \"ac22\"\ncount = {SOUND}\n\
         [[vehicles]]\nmodel = \"van_3p22\"\n\
         [[arrivals]]\nsessions = \"visits.csv\"\n\
         [network]\nlatency = \"40ms\"\njitter = \"20ms\"\n{more}"
    );
    let mut visits = String::from("charger,arrival,departure,kwh\n");
    visits.push_str(visit);
    for n in 1..=SOUND {
        visits.push_str(&format!("sound_{n:03},+{}m,+4h{n}m,60\n", 3 + 4 * n));
    }
    match load(&Source::new("vans.toml", &text), &|_| Ok(visits.clone())) {
        Ok((scenario, _)) => scenario,
        Err(problems) => {
            let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", shown.join("\n"))
        }
    }
}

pub(crate) fn run(scenario: &Scenario, strategy: Strategy) -> RunRecord {
    World::new(scenario, &expand(scenario, 1), strategy, 1, None).run()
}

/// Energy at the sound chargers, kWh.
pub(crate) fn others_kwh(record: &RunRecord) -> f64 {
    let sound = |charger: usize| record.chargers[charger].as_str().starts_with("sound");
    record.sessions.iter().filter(|s| sound(s.charger)).map(|s| s.delivered_kwh).sum()
}

/// What the summary says of chargers that drew more than was reserved for them: (id, kW).
pub(crate) fn named(scenario: &Scenario, record: &RunRecord) -> Vec<(String, f64)> {
    let named = summary(scenario, record)["beyond_reservation_kw"].as_object().cloned();
    let named = named.unwrap_or_default().into_iter();
    named.map(|(id, kw)| (id, kw.as_f64().unwrap_or_default())).collect()
}

/// What the summary says that the central system found wrong with the odd charger.
pub(crate) fn reported(scenario: &Scenario, record: &RunRecord) -> Option<String> {
    summary(scenario, record)["reported"]["odd"].as_str().map(str::to_owned)
}

fn summary(scenario: &Scenario, record: &RunRecord) -> serde_json::Value {
    let text = ampacity::report::summary::render(&Report::new(scenario, record, ""));
    serde_json::from_str(&text).expect("a summary")
}
