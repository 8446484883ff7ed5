//! From what the profiles allow to what the station offers.

use crate::charger::point::ChargePoint;
use crate::charger::{ChargerSpec, CurrentKind};
use crate::units::DeciAmps;
use crate::vehicle::Offer;

use super::Oddity;

impl ChargePoint {
    /// What connector index `c` offers where its profiles allow `allowed`; `runs`: it has a
    /// transaction that may charge.
    pub(in crate::charger) fn bent_offer(&mut self, c: usize, runs: bool, allowed: Offer) -> Offer {
        let accepted = self.counters.profiles_accepted;
        match &mut self.oddity {
            Some(oddity) => oddity.offer(c, runs, allowed, &self.spec, accepted),
            None => allowed,
        }
    }
}

impl Oddity {
    fn offer(
        &mut self,
        c: usize,
        runs: bool,
        allowed: Offer,
        spec: &ChargerSpec,
        accepted: u64,
    ) -> Offer {
        let spot = &mut self.spots[c];
        if !runs {
            (spot.had_current, spot.paused, spot.resumed_at) = (false, false, None);
            return Offer::None;
        }
        if self.faults.ignore_limits {
            return full(spec);
        }
        let offer = rounded(allowed, self.knobs.limit_step, self.knobs.min_effective);
        let was_paused = spot.paused;
        if offer == Offer::None {
            // A pause only counts after there was current to pause.
            spot.paused = spot.had_current;
            spot.resumed_at = None;
            return offer;
        }
        spot.had_current = true;
        if was_paused && self.knobs.stuck_after_zero {
            return Offer::None;
        }
        spot.paused = false;
        if was_paused && self.knobs.unlimited_after_zero {
            spot.resumed_at = Some(accepted);
        }
        match spot.resumed_at {
            Some(at) if at == accepted => full(spec),
            _ => {
                spot.resumed_at = None;
                offer
            }
        }
    }
}

/// The nearest current that the station can signal: rounded down to its steps, raised to its least.
fn rounded(offer: Offer, step: Option<DeciAmps>, least: Option<DeciAmps>) -> Offer {
    let Offer::Ac { current, phases, voltage_v, max_power } = offer else { return offer };
    let step = step.map_or(1, |step| step.0.max(1));
    let floored = DeciAmps(current.0 - current.0.rem_euclid(step)).signalled();
    let raised = floored.max(least.unwrap_or_default());
    match floored {
        DeciAmps::ZERO => Offer::None,
        _ => Offer::Ac { current: raised, phases, voltage_v, max_power },
    }
}

/// The hardware maximum.
fn full(spec: &ChargerSpec) -> Offer {
    match spec.kind {
        CurrentKind::Ac => Offer::Ac {
            current: spec.max_current,
            phases: spec.phases,
            voltage_v: spec.voltage_v,
            max_power: spec.max_power,
        },
        CurrentKind::Dc => Offer::Dc { power: spec.max_power },
    }
}
