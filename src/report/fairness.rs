//! Who got what: Jain's index, order statistics, and how sessions fared.

use crate::sim::record::{RunRecord, SessionRecord};
use crate::time::Time;

/// A session whose rest is below this counts as fully served (ACN-Sim's threshold), kWh.
pub const FULLY_SERVED_KWH: f64 = 0.1;

/// Jain's fairness index `(Σx)² / (n Σx²)`: 1 when all are equal, `1/n` when one has everything.
/// `None` when there is nobody, or nobody has anything.
#[must_use]
pub fn jain(values: &[f64]) -> Option<f64> {
    let sum: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|x| x * x).sum();
    (squares > 0.0).then(|| sum * sum / (values.len() as f64 * squares))
}

/// The percentile by the nearest-rank method: the smallest value that at least `percent` of all
/// values do not exceed. `percent` in 0..=100; `None` without values.
#[must_use]
pub fn nearest_rank(values: &[f64], percent: u32) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent as usize).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// How the sessions of a run fared, before it becomes metrics.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Sum of wishes, kWh.
    pub requested_kwh: f64,
    /// Sum of `min(wish, feasible)`, kWh.
    pub feasible_kwh: f64,
    /// Sum delivered, kWh.
    pub delivered_kwh: f64,
    /// Wish minus delivered, never negative, one per session, kWh.
    pub unmet_kwh: Vec<f64>,
    /// Delivered / wish of every session with a wish.
    pub satisfaction: Vec<f64>,
    /// Sessions with less than [`FULLY_SERVED_KWH`] left.
    pub fully_served: u64,
    /// Sessions that never had power although they wanted some.
    pub without_power: u64,
    /// Seconds from plug-in to first power. A session that never had power counts with the time
    /// it waited in vain: leaving it out would reward starving it.
    pub wait_s: Vec<f64>,
}

impl Service {
    /// Sums over all sessions of a run.
    #[must_use]
    pub fn of(record: &RunRecord) -> Service {
        let mut all = Service::default();
        for session in &record.sessions {
            let unmet = (session.wish_kwh - session.delivered_kwh).max(0.0);
            all.requested_kwh += session.wish_kwh;
            all.feasible_kwh += session.wish_kwh.min(session.feasible_kwh);
            all.delivered_kwh += session.delivered_kwh;
            all.unmet_kwh.push(unmet);
            all.fully_served += u64::from(unmet < FULLY_SERVED_KWH);
            if session.wish_kwh <= 0.0 {
                continue;
            }
            all.satisfaction.push(session.delivered_kwh / session.wish_kwh);
            all.without_power += u64::from(session.first_power.is_none());
            let powered = session.first_power.unwrap_or_else(|| wanted_until(session, record.to));
            all.wait_s.push(powered.since(session.arrival).s().max(0.0));
        }
        all
    }
}

/// The instant from which a session wants nothing more: fulfilled, unplugged, or the run's end; its
/// arrival when it never wished anything.
#[must_use]
pub fn wanted_until(session: &SessionRecord, end_of_run: Time) -> Time {
    if session.wish_kwh <= 0.0 {
        return session.arrival;
    }
    let left = session.departure.unwrap_or(end_of_run);
    session.satisfied.unwrap_or(left).min(left).min(end_of_run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jain_runs_from_one_over_n_to_one() {
        assert_eq!(jain(&[0.7, 0.7, 0.7]).map(|j| (j * 1e9).round()), Some(1e9));
        assert_eq!(jain(&[1.0, 0.0, 0.0, 0.0]), Some(0.25));
        assert_eq!(jain(&[0.0, 0.0]), None);
        assert_eq!(jain(&[]), None);
    }

    #[test]
    fn nearest_rank_returns_a_value_that_occurred() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!(nearest_rank(&values, 95), Some(19.0));
        assert_eq!(nearest_rank(&values, 100), Some(20.0));
        assert_eq!(nearest_rank(&values, 0), Some(1.0));
        assert_eq!(nearest_rank(&[3.0], 95), Some(3.0));
        assert_eq!(nearest_rank(&[], 95), None);
    }
}
