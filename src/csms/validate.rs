//! What an operator may configure: every rule about it in one place.

use crate::charger::CurrentKind;
use crate::csms::config::{Hardware, SiteConfig};
use crate::csms::input::Refusal;
use crate::ids::ChargePointId;
use crate::time::Span;
use crate::units::{PILOT_MINIMUM, Watts};

/// Larger than any site; keeps sums far from overflow. 1 GW.
const MOST_POWER: Watts = Watts(1_000_000_000);
/// Larger than any charge point. 10 MW.
const MOST_RATING: Watts = Watts(10_000_000);
/// No reading of a meter holds longer: one day.
const LONGEST: Span = Span::from_s(86_400);
const MOST_CONNECTORS: u32 = 64;
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
    for (point, weight) in &config.priorities {
        let field = format!("/priorities/{}", point.as_str().replace('~', "~0").replace('/', "~1"));
        demand(is_here(point), &field, || "the id of a charge point of this site".to_owned())?;
        demand((1..=MOST_WEIGHT).contains(weight), &field, || format!("1 to {MOST_WEIGHT}"))?;
    }
    Ok(())
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
