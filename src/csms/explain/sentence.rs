//! A limit and its reasons in one plain sentence.

use crate::allocation::{Reason, Strategy};
use crate::csms::Trouble;
use crate::csms::control::Site;
use crate::csms::event::Binding;
use crate::csms::explain::{Ahead, Cause, Explanation, Holder, Holding, LimitReason, Waits};
use crate::ids::ChargePointId;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Names in a list, before the rest is a number.
const NAMED: usize = 2;

/// "cp_003: 6.9 kW of 22 kW: fair share of 64 kW among 9 sessions; a raise to 8.3 kW waits for room
/// until cp_001 is seen to have lowered."
pub(super) fn of(limit: &LimitReason, site: &Explanation, state: &Site) -> String {
    let mut text =
        format!("{}: {}", place(&limit.charge_point_id, limit.connector_id, site), amount(limit));
    let mut parts = Vec::new();
    if limit.claim.is_none() {
        parts.push(apart(limit, site));
    } else if limit.decided.is_some() {
        parts.push(reason(limit, site, state));
    } else {
        parts.push("nothing was decided for it yet".to_owned());
    }
    parts.extend(limit.waits.as_ref().map(|waits| waiting(limit, waits, site)));
    parts.extend(held(limit, site.at));
    // What takes no limits takes no part, and that is told already.
    let told = |it: &Trouble| limit.claim.is_none() && *it == Trouble::Uncontrollable;
    parts.extend(limit.trouble.filter(|it| !told(it)).map(trouble));
    text.push_str(": ");
    text.push_str(&parts.join("; "));
    text
}

/// The connector is named where its charge point has another one with a session.
fn place(point: &ChargePointId, connector: u32, site: &Explanation) -> String {
    let same = |limit: &&LimitReason| limit.charge_point_id == *point;
    if site.limits.iter().filter(same).count() > 1 || connector > 1 {
        format!("{point} connector {connector}")
    } else {
        point.to_string()
    }
}

fn amount(limit: &LimitReason) -> String {
    let rating = kw(limit.hardware);
    match limit.accepted {
        Some(accepted) if accepted == Watts::ZERO => format!("paused, of {rating}"),
        Some(accepted) => format!("{} of {rating}", kw(accepted)),
        None => "no limit of its own yet".to_owned(),
    }
}

/// Why a session takes no part in the division.
fn apart(limit: &LimitReason, site: &Explanation) -> String {
    let own = |holder: &&Holder| {
        holder.charge_point_id == limit.charge_point_id
            && holder.connector_id == Some(limit.connector_id)
    };
    let why = match site.holders.iter().find(own).map(|holder| holder.holding) {
        Some(Holding::Offline) => "it is offline",
        Some(Holding::Uncontrollable) => "it takes limits in no form",
        Some(Holding::Unsure) => {
            "its car has left, and another one may have come while it was offline"
        }
        Some(_) => "its start was told long after it happened",
        None => return "its car has left, and nothing is kept for it".to_owned(),
    };
    format!("{why}, so nothing is decided for it and {} are kept for it", kw(limit.reserved))
}

/// What binds the decision.
fn reason(limit: &LimitReason, site: &Explanation, state: &Site) -> String {
    let paused = limit.decided == Some(Watts::ZERO);
    let among = match site.contenders {
        1 => "for the only session".to_owned(),
        many => format!("among {many} sessions"),
    };
    let all = kw(site.capacity.floor_zero());
    let minimum = limit.claim.map_or(Watts::ZERO, |claim| claim.min);
    let wire = limit.wire.as_deref().unwrap_or("its feeder");
    match limit.binding {
        Binding::Allocation(Reason::Cap) => "all that its hardware can give".to_owned(),
        Binding::Allocation(Reason::Acceptance) => match limit.taken {
            Some(taken) => format!("its car was seen to take no more than {}", kw(taken)),
            None => "all that its car takes".to_owned(),
        },
        Binding::Allocation(Reason::Site) if paused => {
            format!("nothing is left for it of {all} {among}; it needs {} at least", kw(minimum))
        }
        Binding::Allocation(Reason::Site) => format!("{} of {all} {among}", share(limit, site)),
        Binding::Allocation(Reason::Network) if paused => {
            format!("{wire} has nothing left for it; it needs {} at least", kw(minimum))
        }
        Binding::Allocation(Reason::Network) => {
            format!("{} of what {wire} carries", share(limit, site))
        }
        Binding::Allocation(Reason::Rotation) => format!(
            "it waits for its turn: {} at least do not fit beside those who share {all} now",
            kw(minimum)
        ),
        Binding::Allocation(Reason::Hold) => hold(limit, site.at, paused, state),
        Binding::Allocation(Reason::Ineligible) => {
            match limit.claim.filter(|claim| claim.wants_power) {
                Some(_) => "its hardware cannot give the smallest useful rate".to_owned(),
                None => "its car asks for nothing".to_owned(),
            }
        }
        Binding::SoftLimit if paused => {
            format!("nothing is left for it of {all} below the soft limit, and it can wait")
        }
        Binding::SoftLimit => {
            format!("{} of {all} below the soft limit; the rest can wait", share(limit, site))
        }
        Binding::CannotWait => {
            "what it needs to be done before it leaves; it cannot wait for more power".to_owned()
        }
        Binding::Parked => {
            "its car takes nothing; it keeps an offer while nobody needs it".to_owned()
        }
        Binding::Probe => "power is left, and it is seen whether its car takes more".to_owned(),
        Binding::ReservedRoom => "the rest is still reserved for others".to_owned(),
        Binding::StartBound => "what bounds a start".to_owned(),
    }
}

/// How the rule shares.
fn share(limit: &LimitReason, site: &Explanation) -> String {
    let weight = limit.claim.map_or(1, |claim| claim.weight);
    match site.strategy {
        Strategy::Equal => "fair share".to_owned(),
        Strategy::Priority | Strategy::ProportionalFair => format!("share by its weight {weight}"),
        Strategy::FirstComeFirstServed => "what earlier sessions leave".to_owned(),
        Strategy::EarliestDeadlineFirst => "what sessions leave that depart earlier".to_owned(),
        Strategy::LeastLaxityFirst => "share by the time that it can still wait".to_owned(),
        Strategy::RoundRobin => "what others leave in this turn".to_owned(),
        Strategy::MaxThroughput => "share by max_throughput".to_owned(),
    }
}

fn hold(limit: &LimitReason, now: Time, paused: bool, state: &Site) -> String {
    let since = limit.claim.map_or(now, |claim| claim.last_switch);
    let left = |span: Span| seconds((since + span).since(now));
    if paused {
        let left = left(state.control.min_off);
        format!("it was paused a short time ago and stays so for {left} more")
    } else {
        let left = left(state.control.min_on);
        format!("it keeps its place for {left} more, because it has just begun")
    }
}

fn waiting(limit: &LimitReason, waits: &Waits, site: &Explanation) -> String {
    let target = limit.target.unwrap_or_default();
    let step = match limit.accepted {
        None => format!("its limit of {}", kw(target)),
        Some(accepted) if target == Watts::ZERO && target < accepted => "the pause".to_owned(),
        Some(accepted) if target < accepted => format!("the cut to {}", kw(target)),
        Some(_) => format!("a raise to {}", kw(target)),
    };
    let in_time = |until: &Time| seconds(until.since(site.at));
    match waits {
        Waits::Offline => format!("{step} waits until it is back online"),
        Waits::Answer => format!("{step} is on its way and not answered yet"),
        Waits::Line => format!("{step} waits for the answer to another message"),
        Waits::Confirmation => format!("{step} waits until a limit is confirmed again"),
        Waits::Retry(until) => {
            format!("{step} was refused and is tried again in {}", in_time(until))
        }
        Waits::Interval(until) => {
            format!("{step} waits {} for the next raise that is allowed", in_time(until))
        }
        Waits::Budget(until) => format!(
            "{step} waits {}: its charger was told limits often, and its budget of writes is low",
            in_time(until)
        ),
        Waits::DeadBand => format!("{step} is too small to be sent"),
        Waits::Room { missing, ahead } => match ahead.as_slice() {
            [] => format!("{step} waits for {} of room", kw(*missing)),
            [one] => format!(
                "{step} waits for room until {} is seen to have lowered",
                place(&one.charge_point_id, one.connector_id, site)
            ),
            several => format!(
                "{step} waits for room until {} are seen to have lowered",
                names(several, site)
            ),
        },
    }
}

fn names(ahead: &[Ahead], site: &Explanation) -> String {
    let name = |one: &Ahead| place(&one.charge_point_id, one.connector_id, site);
    let first: Vec<String> = ahead.iter().take(NAMED).map(name).collect();
    match ahead.len().saturating_sub(NAMED) {
        0 => first.join(" and "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Why it holds more room than it was given.
fn held(limit: &LimitReason, now: Time) -> Option<String> {
    let surplus = limit.surplus.first()?;
    if limit.claim.is_none() || surplus.limit < limit.reserved {
        return None;
    }
    let reserved = kw(limit.reserved);
    let until =
        surplus.until.map(|until| format!(" for at most {} more", seconds(until.since(now))));
    let until = until.unwrap_or_default();
    Some(match surplus.cause {
        // The raise itself has been told.
        Cause::InFlight => return None,
        Cause::Unanswered => format!("{reserved} stay reserved: a limit was not answered"),
        Cause::NotSeenToFollow => {
            format!("{reserved} stay reserved{until}, until its car is seen to follow")
        }
        Cause::LeftOver => {
            format!("{reserved} stay reserved: an earlier profile may overrule or outlast it")
        }
        Cause::Proven => format!("{reserved} are reserved: that is what it has proven to draw"),
        Cause::ByHand => {
            format!("{reserved} are reserved while an operator's command is on its way")
        }
        Cause::Offline => format!("{reserved} are reserved until it is heard of again"),
        Cause::LeaseOver => format!("{reserved} are reserved: its limit may have ended"),
        Cause::StartBound => format!("{reserved} are reserved for its start"),
    })
}

fn trouble(trouble: Trouble) -> String {
    match trouble {
        Trouble::Uncontrollable => "it takes limits in no form".to_owned(),
        Trouble::NotCompliant { excess } => {
            format!("it drew up to {} more than it was permitted", kw(excess))
        }
        Trouble::Stuck => "it does not go on charging although it was resumed".to_owned(),
    }
}

/// Kilowatts to a tenth.
fn kw(power: Watts) -> String {
    let tenths = (power.0 + 50).div_euclid(100);
    match tenths % 10 {
        0 => format!("{} kW", tenths / 10),
        tenth => format!("{}.{tenth} kW", tenths / 10),
    }
}

/// A wait in whole seconds or minutes, rounded up.
fn seconds(span: Span) -> String {
    let seconds = (span.0.max(0) + 999_999) / 1_000_000;
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", (seconds + 59) / 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_what_a_person_would_say() {
        assert_eq!(kw(Watts(22_000)), "22 kW");
        assert_eq!(kw(Watts(6_900)), "6.9 kW");
        assert_eq!(kw(Watts(8_280)), "8.3 kW");
        assert_eq!(kw(Watts(9_960)), "10 kW");
        assert_eq!(seconds(Span::from_ms(11_400)), "12 s");
        assert_eq!(seconds(Span::from_s(121)), "3 min");
        assert_eq!(seconds(Span(-5)), "0 s");
    }
}
