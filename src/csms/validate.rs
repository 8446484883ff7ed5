//! What an operator may configure: every rule about it in one place.

use crate::charger::CurrentKind;
use crate::csms::calendar::Calendar;
use crate::csms::config::{Hardware, SiteConfig};
use crate::csms::input::Refusal;
use crate::csms::wiring::Wiring;
use crate::ids::ChargePointId;
use crate::time::Span;
use crate::units::{DeciAmps, PILOT_MINIMUM, Watts};

/// Larger than any site; keeps sums far from overflow. 1 GW.
const MOST_POWER: Watts = Watts(1_000_000_000);
/// Larger than any charge point. 10 MW.
const MOST_RATING: Watts = Watts(10_000_000);
/// No reading of a meter holds longer: one day.
const LONGEST: Span = Span::from_s(86_400);
const MOST_CONNECTORS: u32 = 64;
/// Larger than any wire.
const MOST_CURRENT: DeciAmps = DeciAmps(1_000_000);
const MOST_WINDOWS: usize = 100;
const MOST_FEEDERS: usize = 1000;
const MOST_NAME: usize = 64;
const MOST_WEIGHT: u32 = 1000;

/// Checks the configuration of a site whose charge points `is_here` knows.
pub(super) fn check_config(
    config: &SiteConfig,
    is_here: impl Fn(&ChargePointId) -> bool,
) -> Result<(), Refusal> {
    let most = config.max_power;
    demand(most > Watts::ZERO && most <= MOST_POWER, "/max_power_kw", || {
        format!("more than 0, at most {}", MOST_POWER.kw())
    })?;
    demand((Watts::ZERO..=most).contains(&config.reserve), "/reserve_kw", || {
        format!("0 to max_power_kw, which is {}", most.kw())
    })?;
    let least = config.min_charge_rate;
    demand((Watts::ZERO..=most).contains(&least), "/min_charge_rate_kw", || {
        format!("0 to max_power_kw, which is {}", most.kw())
    })?;
    if let Some(worst) = config.worst_load {
        demand((Watts::ZERO..=MOST_POWER).contains(&worst), "/worst_load_kw", || {
            format!("0 to {}", MOST_POWER.kw())
        })?;
    }
    if let Some(calendar) = config.calendar.as_deref() {
        check_calendar(calendar)?;
    }
    if let Some(wiring) = config.wiring.as_deref() {
        check_wiring(wiring, &is_here)?;
    }
    for (point, weight) in &config.priorities {
        let field = format!("/priorities/{}", token(point));
        demand(is_here(point), &field, || "the id of a charge point of this site".to_owned())?;
        demand((1..=MOST_WEIGHT).contains(weight), &field, || format!("1 to {MOST_WEIGHT}"))?;
    }
    Ok(())
}

/// Checks windows of the day.
fn check_calendar(calendar: &Calendar) -> Result<(), Refusal> {
    demand(calendar.zone().is_some(), "/time_zone", || {
        "an IANA name such as Europe/Amsterdam, or an offset such as +02:00".to_owned()
    })?;
    demand(calendar.windows.len() <= MOST_WINDOWS, "/windows", || {
        format!("at most {MOST_WINDOWS}")
    })?;
    for (at, window) in calendar.windows.iter().enumerate() {
        let field = |name: &str| format!("/windows/{at}/{name}");
        demand((1..=MOST_NAME).contains(&window.name.chars().count()), &field("name"), || {
            format!("1 to {MOST_NAME} characters")
        })?;
        for (time, name) in [(window.from, "from"), (window.to, "to")] {
            let right = (Span::ZERO..=LONGEST).contains(&time);
            demand(right, &field(name), || "from 00:00 to 24:00".to_owned())?;
        }
        let some = window.days.names().next().is_some();
        demand(some, &field("days"), || "at least one day".to_owned())?;
        for (limit, name) in
            [(window.max_power, "max_power_kw"), (window.soft_limit, "soft_limit_kw")]
        {
            let right = limit.is_none_or(|limit| (Watts::ZERO..=MOST_POWER).contains(&limit));
            demand(right, &field(name), || format!("0 to {}", MOST_POWER.kw()))?;
        }
    }
    Ok(())
}

/// Checks feeders and phases.
fn check_wiring(wiring: &Wiring, is_here: impl Fn(&ChargePointId) -> bool) -> Result<(), Refusal> {
    demand((50..=1500).contains(&wiring.voltage_v), "/voltage_v", || "50 to 1500".to_owned())?;
    let current = |current: Option<DeciAmps>, field: &str| {
        let right = current.is_none_or(|current| (10..=MOST_CURRENT.0).contains(&current.0));
        demand(right, field, || format!("1 to {}", MOST_CURRENT.amps()))
    };
    let power = |power: Option<Watts>, field: &str| {
        let right = power.is_none_or(|power| (Watts::ZERO..=MOST_POWER).contains(&power));
        demand(right, field, || format!("0 to {}", MOST_POWER.kw()))
    };
    current(wiring.max_current, "/max_current_a")?;
    current(wiring.unbalance, "/unbalance_a")?;
    demand(wiring.feeders.len() <= MOST_FEEDERS, "/feeders", || format!("at most {MOST_FEEDERS}"))?;
    for (at, feeder) in wiring.feeders.iter().enumerate() {
        let known = &wiring.feeders[..at];
        let is_known = |name: &str| known.iter().any(|known| known.name == name);
        let field = |name: &str| format!("/feeders/{at}/{name}");
        let named = (1..=MOST_NAME).contains(&feeder.name.chars().count());
        demand(named && !is_known(&feeder.name), &field("name"), || {
            format!("1 to {MOST_NAME} characters, and no name of another feeder")
        })?;
        demand(feeder.fed_from.as_deref().is_none_or(is_known), &field("fed_from"), || {
            "the name of a feeder before it".to_owned()
        })?;
        power(feeder.max_power, &field("max_power_kw"))?;
        current(feeder.max_current, &field("max_current_a"))?;
        current(feeder.unbalance, &field("unbalance_a"))?;
    }
    for (point, connection) in &wiring.connections {
        let field = format!("/connections/{}", token(point));
        demand(is_here(point), &field, || "the id of a charge point of this site".to_owned())?;
        let feeder = connection.feeder.as_deref();
        let is_known = feeder.is_none_or(|name| wiring.feeder(name).is_some());
        demand(is_known, &format!("{field}/feeder"), || "the name of a feeder".to_owned())?;
        power(connection.shared_max, &format!("{field}/shared_max_kw"))?;
    }
    Ok(())
}

/// An identity as a part of a JSON pointer (RFC 6901).
fn token(point: &ChargePointId) -> String {
    point.as_str().replace('~', "~0").replace('/', "~1")
}

/// Checks a reading of other loads.
pub(super) fn check_load(power: Watts, valid_for: Span) -> Result<(), Refusal> {
    let most = MOST_POWER.kw();
    demand(power.0.abs() <= MOST_POWER.0, "/power_kw", || format!("-{most} to {most}"))?;
    demand(valid_for > Span::ZERO && valid_for <= LONGEST, "/valid_for_s", || {
        format!("more than 0, at most {}", LONGEST.whole_s())
    })
}

/// Checks the rating of a charge point.
pub(super) fn check_hardware(hardware: &Hardware, connectors: u32) -> Result<(), Refusal> {
    demand((1..=MOST_CONNECTORS).contains(&connectors), "/connectors", || {
        format!("1 to {MOST_CONNECTORS}")
    })?;
    demand((1..=3).contains(&hardware.phases), "/hardware/phases", || "1 to 3".to_owned())?;
    demand((50..=1500).contains(&hardware.voltage_v), "/hardware/voltage_v", || {
        "50 to 1500".to_owned()
    })?;
    let power = hardware.max_power;
    demand(power > Watts::ZERO && power <= MOST_RATING, "/hardware/max_power_kw", || {
        format!("more than 0, at most {}", MOST_RATING.kw())
    })?;
    let current = hardware.max_current;
    let least = if hardware.kind == CurrentKind::Ac { PILOT_MINIMUM.0 } else { 1 };
    demand((least..=100_000).contains(&current.0), "/hardware/max_current_a", || {
        format!("{} to 10000", least as f64 / 10.0)
    })
}

fn demand(condition: bool, field: &str, allowed: impl FnOnce() -> String) -> Result<(), Refusal> {
    if condition {
        return Ok(());
    }
    Err(Refusal::Invalid { field: field.to_owned(), problem: format!("must be {}", allowed()) })
}
