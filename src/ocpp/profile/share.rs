//! ChargePointMaxProfile divided among the connectors that charge.
//!
//! The text caps the sum of all connectors (§3.13.1) and leaves the division to the charge point.
//! Here every connector gets an equal part, and what one may not use goes to the others.

use super::{Composite, Limit, PowerLimit};
use crate::time::Time;
use crate::units::{DeciAmps, Watts};

/// As [`Composite::limit`] for every connector of `charging`, such that their sum stays within
/// ChargePointMax. The sum is per phase: connectors are taken to share the same phases.
#[must_use]
pub fn shared_limits(composite: &Composite<'_>, charging: &[u32], t: Time) -> Vec<Limit> {
    let cap = composite.station_limit(t);
    let own: Vec<Limit> = charging.iter().map(|c| composite.limit(*c, t)).collect();
    let until = own.iter().map(|limit| limit.until).fold(cap.until, Time::min);
    let Some(current) = cap.current else { return own };
    let wishes: Vec<i64> = own.iter().map(|o| o.current.unwrap_or(current).0).collect();
    let parts = divide(current.0, &wishes);
    parts.into_iter().map(|part| Limit { current: Some(DeciAmps(part)), until }).collect()
}

/// As [`shared_limits`], in total power.
#[must_use]
pub fn shared_power_limits(
    composite: &Composite<'_>,
    charging: &[u32],
    t: Time,
) -> Vec<PowerLimit> {
    let cap = composite.station_power_limit(t);
    let own: Vec<PowerLimit> = charging.iter().map(|c| composite.power_limit(*c, t)).collect();
    let until = own.iter().map(|limit| limit.until).fold(cap.until, Time::min);
    let Some(power) = cap.power else { return own };
    let wishes: Vec<i64> = own.iter().map(|o| o.power.unwrap_or(power).0).collect();
    let parts = divide(power.0, &wishes);
    parts.into_iter().map(|part| PowerLimit { power: Some(Watts(part)), until }).collect()
}

/// Max-min fair parts of `total`: no part exceeds its wish, their sum does not exceed `total`.
fn divide(total: i64, wishes: &[i64]) -> Vec<i64> {
    let mut by_wish: Vec<usize> = (0..wishes.len()).collect();
    by_wish.sort_by_key(|index| wishes[*index]);
    let mut parts = vec![0; wishes.len()];
    let mut left = total;
    let mut sharers = wishes.len() as i64;
    for index in by_wish {
        parts[index] = wishes[index].min(left / sharers);
        left -= parts[index];
        sharers -= 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_connector_may_not_use_goes_to_the_others() {
        assert_eq!(divide(320, &[320, 60, 320]), [130, 60, 130]);
        assert_eq!(divide(320, &[100, 100]), [100, 100]);
        assert_eq!(divide(100, &[100, 100, 100]).iter().sum::<i64>(), 100);
        assert_eq!(divide(5, &[]), Vec::<i64>::new());
    }
}
