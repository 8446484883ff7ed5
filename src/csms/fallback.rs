//! What charge points fall back to when nobody tells them anything: their TxDefaultProfiles, which
//! together fit the site (allocation.md §3, fail-safe).
//!
//! A TxDefaultProfile on connector 0 holds for each connector, so a charge point with two of them
//! counts twice. Who would overload a feeder or a phase falls back to nothing. The sum is kept within
//! what the configuration leaves for cars in the worst case, not within what a meter of other loads
//! permits at the moment: a bound that moved would have to be told, and those it is for cannot be
//! reached.

use crate::charger::CurrentKind;
use crate::csms::config::{Control, Fallback, Hardware, Setpoint, SiteConfig};
use crate::csms::control::Site;
use crate::csms::point::Point;
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::time::{Span, Time};
use crate::units::{DeciAmps, Watts};

/// A line carries one CALL at a time, and what runs is more urgent than what may begin.
const AFTER_SESSIONS: Span = Span::from_s(1);

impl Csms {
    /// Shares out anew what charge points of a site may fall back to. Who is connected and has
    /// another bound than before is told, after the limits of the sessions.
    pub(super) fn share_fallback(&mut self, now: Time, site: SiteIx) {
        let bounds = self.sites[site.0].fallbacks(&self.points);
        for (point, bound) in self.sites[site.0].points.clone().into_iter().zip(bounds) {
            let state = &mut self.points[point.0];
            if std::mem::replace(&mut state.fallback, bound) != bound {
                let online = state.line.online;
                self.want_default_limit(point);
                if online {
                    self.timers.arm_by(Key::Retry(point), now + AFTER_SESSIONS);
                }
            }
        }
    }

    /// What a charge point falls back to on each of its connectors.
    pub(super) fn fallback(&self, point: PointIx) -> Watts {
        let state = &self.points[point.0];
        state.hardware.watts(state.fallback, state.hardware.phases)
    }
}

impl Site {
    /// By charge point of the site.
    fn fallbacks(&self, points: &[Point]) -> Vec<Setpoint> {
        let limit = self.config.ev_limit_at_worst();
        let all = |ix: PointIx, bound: Setpoint| {
            let point = &points[ix.0];
            let one = point.hardware.watts(bound, point.hardware.phases);
            Watts(one.0 * point.connectors.len() as i64)
        };
        let mut trial = self.wires.as_deref().map(|wires| wires.trial(self.config.worst_others()));
        let mut fits = |ix: PointIx, power: Watts| {
            let phases = points[ix.0].wired_phases(None);
            trial.as_mut().is_none_or(|trial| trial.take(ix, phases, power))
        };
        match self.control.fallback {
            Fallback::Block => vec![Setpoint::ZERO; self.points.len()],
            Fallback::Fair => {
                let connectors = self.points.iter().map(|ix| points[ix.0].connectors.len());
                let each = Watts(limit.0 / connectors.sum::<usize>().max(1) as i64);
                let share = |ix: &PointIx| {
                    let bound = points[ix.0].hardware.share(each);
                    if fits(*ix, all(*ix, bound)) { bound } else { Setpoint::ZERO }
                };
                self.points.iter().map(share).collect()
            }
            Fallback::Slots => {
                let mut left = limit;
                let slot = |ix: &PointIx| {
                    let bound = self.control.start_bound(&points[ix.0].hardware);
                    let all = all(*ix, bound);
                    if all > left || !fits(*ix, all) {
                        return Setpoint::ZERO;
                    }
                    left -= all;
                    bound
                };
                self.points.iter().map(slot).collect()
            }
        }
    }
}

impl SiteConfig {
    /// What the grid connection leaves for cars when other loads take the most that they can.
    fn ev_limit_at_worst(&self) -> Watts {
        (self.least_power() - self.worst_others()).floor_zero()
    }

    /// The most that is kept for other loads.
    fn worst_others(&self) -> Watts {
        self.worst_load.unwrap_or_default().max(self.reserve)
    }
}

impl Control {
    /// What a start may draw before its first limit where there is room: the start current, as
    /// power on all phases for DC.
    fn start_bound(&self, hardware: &Hardware) -> Setpoint {
        let amps = DeciAmps::from_amps(self.start_current_a);
        let bound = match hardware.kind {
            CurrentKind::Ac => Setpoint(amps.0),
            CurrentKind::Dc => Setpoint(amps.to_power(hardware.voltage_v, hardware.phases).0),
        };
        bound.min(hardware.full())
    }
}

impl Hardware {
    /// The set-point of an equal share: whole quanta, and nothing where that is too little to
    /// charge with.
    fn share(&self, share: Watts) -> Setpoint {
        let rate = share.floor_to(self.step(self.phases)).min(self.cap(self.phases));
        let setpoint = self.setpoint(rate, self.phases);
        if setpoint < self.least() { Setpoint::ZERO } else { setpoint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_six_amperes_is_none() {
        let hardware = Hardware::ac22();
        assert_eq!(hardware.share(Watts(4_139)), Setpoint::ZERO);
        assert_eq!(hardware.share(Watts(4_140)), Setpoint(60));
        assert_eq!(hardware.share(Watts(90_000)), hardware.full());
        let dc = Hardware { kind: CurrentKind::Dc, max_power: Watts(50_000), ..hardware };
        assert_eq!(dc.share(Watts(12_345)), Setpoint(12_300));
    }
}
