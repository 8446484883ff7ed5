//! When a car follows a changed offer: after its reaction time, but at once when power is cut.
//!
//! Between the offers and the car lies a delay of the length of the reaction time. Offers that
//! follow each other more quickly than that merge into the smaller one, therefore:
//! - a decrease takes effect at most one reaction time after it was offered, whatever follows it;
//! - an increase takes effect at the earliest one reaction time after it was offered;
//! - a stream of quick changes starves neither.
//!
//! The nominal voltage of an EVSE is a constant; it travels with the offer only for convenience.

use crate::time::{Span, Time};

use super::Offer;

/// The offer in force at the inlet and the one the car follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reaction {
    delay: Span,
    offered: Offer,
    offered_at: Time,
    followed: Offer,
    pending: Option<(Time, Offer)>,
}

impl Reaction {
    pub(super) fn new(delay: Span, now: Time) -> Reaction {
        Reaction {
            delay: delay.max(Span::ZERO),
            offered: Offer::None,
            offered_at: now,
            followed: Offer::None,
            pending: None,
        }
    }

    /// The latest offer.
    pub(super) fn offered(&self) -> Offer {
        self.offered
    }

    /// The offer the car acts upon.
    pub(super) fn followed(&self) -> Offer {
        self.followed
    }

    /// When the followed offer changes next by itself.
    pub(super) fn due(&self) -> Time {
        self.pending.map_or(Time::NEVER, |(at, _)| at)
    }

    /// Takes a new offer that differs from the latest one.
    pub(super) fn offer(&mut self, now: Time, offer: Offer) {
        self.offered = offer;
        self.offered_at = now;
        // An opened contactor needs no consent of the car; neither does one of single phases.
        self.followed = cut(self.followed, offer);
        self.pending = self.pending.filter(|(_, pending)| same_kind(*pending, offer));
        let fresh = Some((now + self.delay, offer));
        self.pending = match self.pending {
            _ if offer == Offer::None => None,
            None => fresh.filter(|_| offer != self.followed),
            Some((at, pending)) if !covers(pending, self.followed) => {
                Some((at, smaller(pending, offer)))
            }
            Some(_) if offer == self.followed => None,
            Some((at, pending)) if covers(offer, self.followed) => {
                Some((at, smaller(pending, offer)))
            }
            Some(_) => fresh,
        };
    }

    /// Follows what is due at `now`.
    pub(super) fn settle(&mut self, now: Time) {
        while let Some((_, offer)) = self.pending.filter(|(at, _)| *at <= now) {
            self.followed = offer;
            self.pending =
                (self.offered != offer).then_some((self.offered_at + self.delay, self.offered));
        }
    }
}

/// What remains of the followed offer when the EVSE changes to `offer`.
fn cut(followed: Offer, offer: Offer) -> Offer {
    match (followed, offer) {
        (
            Offer::Ac { current, phases, voltage_v, max_power },
            Offer::Ac { phases: connected, .. },
        ) => Offer::Ac { current, phases: phases.min(connected), voltage_v, max_power },
        (Offer::Dc { .. }, Offer::Dc { .. }) => followed,
        _ => Offer::None,
    }
}

fn same_kind(one: Offer, other: Offer) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

/// True when `one` permits everything that `other` permits; the nominal voltage is no permission.
fn covers(one: Offer, other: Offer) -> bool {
    smaller(one, other) == other
}

/// What both offers permit, at the voltage of the newer one.
fn smaller(older: Offer, newer: Offer) -> Offer {
    match (older, newer) {
        (
            Offer::Ac { current: i, phases: n, max_power: p, .. },
            Offer::Ac { current, phases, voltage_v, max_power },
        ) => Offer::Ac {
            current: current.min(i),
            phases: phases.min(n),
            voltage_v,
            max_power: max_power.min(p),
        },
        (Offer::Dc { power: older }, Offer::Dc { power }) => Offer::Dc { power: power.min(older) },
        _ => Offer::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{DeciAmps, Watts};

    fn amps(amps: i64) -> Offer {
        phases(amps, 3)
    }

    fn phases(amps: i64, phases: u8) -> Offer {
        let current = DeciAmps::from_amps(amps);
        Offer::Ac { current, phases, voltage_v: 230, max_power: Watts(22_080) }
    }

    /// A car with 5 s reaction that follows `first` since long ago, then sees `offers` (second,
    /// offer): what it follows at each second from 0 on.
    fn followed(first: Offer, offers: &[(i64, Offer)], seconds: i64) -> Vec<Offer> {
        let mut reaction = Reaction::new(Span::from_s(5), Time(0));
        reaction.offer(Time::from_unix_s(-100), first);
        (0..seconds)
            .map(|second| {
                let now = Time::from_unix_s(second);
                reaction.settle(now);
                for (_, offer) in offers.iter().filter(|(at, _)| *at == second) {
                    reaction.offer(now, *offer);
                    reaction.settle(now);
                }
                reaction.followed()
            })
            .collect()
    }

    fn runs(offers: &[(Offer, usize)]) -> Vec<Offer> {
        offers.iter().flat_map(|(offer, count)| vec![*offer; *count]).collect()
    }

    #[test]
    fn a_decrease_is_not_postponed_by_a_further_decrease() {
        let seen = followed(amps(16), &[(0, amps(12)), (3, amps(8))], 8);
        assert_eq!(seen, runs(&[(amps(16), 5), (amps(8), 3)]));
    }

    #[test]
    fn a_decrease_is_not_postponed_by_an_increase_that_follows_later() {
        let seen = followed(amps(16), &[(0, amps(8)), (3, amps(20))], 10);
        assert_eq!(seen, runs(&[(amps(16), 5), (amps(8), 3), (amps(20), 2)]));
    }

    #[test]
    fn a_withdrawn_increase_never_happens() {
        let seen = followed(amps(16), &[(0, amps(20)), (2, amps(16))], 10);
        assert_eq!(seen, runs(&[(amps(16), 10)]));
        let seen = followed(amps(16), &[(0, amps(20)), (2, amps(10))], 10);
        assert_eq!(seen, runs(&[(amps(16), 7), (amps(10), 3)]));
    }

    #[test]
    fn rising_offers_each_take_their_time() {
        let seen = followed(amps(6), &[(0, amps(10)), (2, amps(16))], 10);
        assert_eq!(seen, runs(&[(amps(6), 5), (amps(10), 2), (amps(16), 3)]));
    }

    #[test]
    fn a_stream_of_changes_starves_neither_direction() {
        let offers: Vec<_> =
            (0..60).map(|s| (s, if s % 2 == 0 { amps(10) } else { amps(20) })).collect();
        let seen = followed(amps(16), &offers, 60);
        assert!(seen[5..].iter().all(|offer| *offer != amps(16)), "the decrease came");
        let seen = followed(amps(8), &offers, 60);
        assert!(seen[5..].iter().all(|offer| *offer != amps(8)), "the increase came");
    }

    #[test]
    fn an_opened_contactor_and_a_cut_phase_act_at_once() {
        let seen = followed(amps(16), &[(1, Offer::None), (2, amps(16))], 9);
        assert_eq!(seen, runs(&[(amps(16), 1), (Offer::None, 6), (amps(16), 2)]));
        let seen = followed(amps(16), &[(1, phases(20, 1))], 8);
        assert_eq!(seen, runs(&[(amps(16), 1), (phases(16, 1), 5), (phases(20, 1), 2)]));
    }

    #[test]
    fn two_offers_at_one_instant_count_as_the_last() {
        let seen = followed(amps(16), &[(1, amps(8)), (1, amps(12))], 8);
        assert_eq!(seen, runs(&[(amps(16), 6), (amps(12), 2)]));
    }
}
