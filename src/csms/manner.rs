//! How a limit is told, so that a charge point takes it: a ladder from what the specification
//! suggests down to what odd charge points need (ocpp.md §4.9, quirks Q1 to Q11).
//!
//! A [`Manner`] is a form of SetChargingProfile. Rungs with fewer departures from the standard come
//! first; among equals the unit, then the stack level, the purpose, the kind, whole amperes:
//!
//! | departure | from | to |
//! |---|---|---|
//! | unit | the announced one, else A (AC) or W (DC) | the other one |
//! | stack level | the announced maximum | one lower, then 0 |
//! | purpose | TxProfile | TxDefaultProfile of the connector, ChargePointMaxProfile |
//! | kind | Absolute | Relative |
//! | whole amperes | tenths | rounded down |
//!
//! A ChargePointMaxProfile is for charge points with one connector only: on others the limit of one
//! session would be that of all. While it holds a session, the TxDefaultProfile of starts, which
//! bounds it as well, follows it. Where every form of a pause is refused, the least that
//! charges is told instead (Q2). What worked is remembered by [`Breed`], so that the next charge
//! point of the kind begins there.

use serde::{Deserialize, Serialize};

use crate::ocpp::profile::{Kind, Purpose, RateUnit};

/// What charge points that behave alike have in common, as BootNotification tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breed {
    /// `chargePointVendor`.
    pub vendor: String,
    /// `chargePointModel`.
    pub model: String,
    /// `firmwareVersion`; empty when absent.
    pub firmware: String,
}

/// `stackLevel` of a session's limit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The announced maximum.
    #[default]
    Highest,
    /// One less.
    OneLower,
    /// 0.
    Zero,
}

/// What a session's limit is installed as.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A TxProfile: goes with its transaction.
    #[default]
    Transaction,
    /// A TxDefaultProfile on the connector: stays when the transaction ends.
    Connector,
    /// A ChargePointMaxProfile on connector 0: stays.
    Station,
}

impl Scope {
    /// The purpose on the wire.
    #[must_use]
    pub fn purpose(self) -> Purpose {
        match self {
            Scope::Transaction => Purpose::TxProfile,
            Scope::Connector => Purpose::TxDefaultProfile,
            Scope::Station => Purpose::ChargePointMaxProfile,
        }
    }
}

/// A form of SetChargingProfile; the default is what the specification suggests.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Manner {
    /// Not in the unit that was announced, or is usual.
    pub other_unit: bool,
    /// `stackLevel`.
    pub level: Level,
    /// Purpose and connector.
    pub scope: Scope,
    /// `chargingProfileKind` Relative instead of Absolute.
    pub relative: bool,
    /// No tenths of an ampere.
    pub whole_amps: bool,
    /// No limit of 0: a pause is told as the least that charges. Not a rung of its own.
    #[serde(default)]
    pub no_zero: bool,
}

/// Why a limit does not count as told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// `Rejected`, or a CALLERROR about the content.
    Refused,
    /// `NotSupported` or `NotImplemented`: the purpose is not known here.
    Unsupported,
    /// No answer in time.
    Silent,
    /// Accepted, but the meter shows that it has no effect.
    Ignored,
}

/// What decides which rungs make sense at a charge point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Station {
    /// Announced or usual.
    pub(crate) unit: RateUnit,
    pub(crate) max_level: i32,
    pub(crate) connectors: usize,
}

/// Rungs that have failed, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tried(u128);

impl Manner {
    pub(crate) fn unit(self, announced: RateUnit) -> RateUnit {
        match (announced, self.other_unit) {
            (RateUnit::A, false) | (RateUnit::W, true) => RateUnit::A,
            (RateUnit::W, false) | (RateUnit::A, true) => RateUnit::W,
        }
    }

    pub(crate) fn stack_level(self, highest: i32) -> i32 {
        match self.level {
            Level::Highest => highest,
            Level::OneLower => (highest - 1).max(0),
            Level::Zero => 0,
        }
    }

    pub(crate) fn kind(self) -> Kind {
        if self.relative { Kind::Relative } else { Kind::Absolute }
    }

    /// The form of a start's bound: only what a TxDefaultProfile on level 0 leaves open.
    pub(crate) fn of_start(self) -> Manner {
        Manner { level: Level::Highest, scope: Scope::Transaction, no_zero: false, ..self }
    }

    /// Departures from the standard.
    pub(crate) fn departures(self) -> u32 {
        self.ranks().iter().filter(|rank| **rank > 0).count() as u32
    }

    /// In how many respects it differs from another.
    pub(crate) fn differs(self, other: Manner) -> u32 {
        self.ranks().iter().zip(other.ranks()).filter(|(a, b)| **a != *b).count() as u32
    }

    fn ranks(self) -> [u8; 5] {
        [
            u8::from(self.other_unit),
            self.level as u8,
            self.scope as u8,
            u8::from(self.relative),
            u8::from(self.whole_amps),
        ]
    }

    /// Where it stands on the ladder: few departures first, in the order of the module's table.
    fn rung(self) -> (u32, [u8; 5]) {
        let last_when_none = |rank| if rank == 0 { u8::MAX } else { rank };
        (self.departures(), self.ranks().map(last_when_none))
    }

    fn fits(self, station: &Station) -> bool {
        (!self.whole_amps || self.unit(station.unit) == RateUnit::A)
            && (self.scope != Scope::Station || station.connectors == 1)
            && match self.level {
                Level::Highest => true,
                Level::OneLower => station.max_level >= 1,
                Level::Zero => station.max_level >= 2,
            }
    }
}

impl Tried {
    /// True before the first failure.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Marks what `failure` of `manner` rules out, and returns the next rung that `allowed` admits
    /// and that was not tried; `None`: the ladder is exhausted.
    pub(crate) fn next(
        &mut self,
        manner: Manner,
        failure: Failure,
        station: &Station,
        allowed: impl Fn(Manner) -> bool,
    ) -> Option<Manner> {
        let ladder = ladder();
        let no_zero = manner.no_zero;
        let manner = Manner { no_zero: false, ..manner };
        for (bit, rung) in ladder.iter().enumerate() {
            let ruled_out = match failure {
                Failure::Refused => *rung == manner,
                Failure::Unsupported => rung.scope == manner.scope,
                // Some never answer one kind (Q4); a second one tells whether that is it.
                Failure::Silent => rung.relative == manner.relative,
                Failure::Ignored => (rung.scope, rung.relative) == (manner.scope, manner.relative),
            };
            if ruled_out {
                self.0 |= 1 << bit;
            }
        }
        let mut open = ladder.into_iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 0);
        let next = open.find(|(_, rung)| rung.fits(station) && allowed(*rung));
        next.map(|(_, rung)| Manner { no_zero, ..rung })
    }
}

fn ladder() -> Vec<Manner> {
    let mut rungs = Vec::with_capacity(72);
    for level in [Level::Highest, Level::OneLower, Level::Zero] {
        for scope in [Scope::Transaction, Scope::Connector, Scope::Station] {
            for bits in 0..8_u8 {
                let (other_unit, relative, whole_amps) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
                let no_zero = false;
                rungs.push(Manner { other_unit, level, scope, relative, whole_amps, no_zero });
            }
        }
    }
    rungs.sort_by_key(|rung| rung.rung());
    rungs
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATION: Station = Station { unit: RateUnit::A, max_level: 8, connectors: 1 };

    /// The manners that a station sees which refuses all of them.
    fn refused_all(station: &Station, failure: Failure) -> Vec<Manner> {
        let (mut tried, mut manner, mut seen) =
            (Tried::default(), Manner::default(), vec![Manner::default()]);
        while let Some(next) = tried.next(manner, failure, station, |_| true) {
            manner = next;
            seen.push(next);
        }
        seen
    }

    #[test]
    fn single_departures_come_first_in_the_documented_order() {
        let plain = Manner::default();
        let seen = refused_all(&STATION, Failure::Refused);
        assert_eq!(
            seen[..8],
            [
                plain,
                Manner { other_unit: true, ..plain },
                Manner { level: Level::OneLower, ..plain },
                Manner { level: Level::Zero, ..plain },
                Manner { scope: Scope::Connector, ..plain },
                Manner { scope: Scope::Station, ..plain },
                Manner { relative: true, ..plain },
                Manner { whole_amps: true, ..plain },
            ]
        );
        assert!(seen.windows(2).all(|pair| pair[0].departures() <= pair[1].departures()));
    }

    #[test]
    fn every_sensible_rung_is_tried_once() {
        for (station, rungs) in [
            (STATION, 54),
            (Station { connectors: 2, ..STATION }, 36),
            (Station { max_level: 1, ..STATION }, 36),
            (Station { max_level: 0, ..STATION }, 18),
            (Station { unit: RateUnit::W, max_level: 0, connectors: 2 }, 12),
        ] {
            let mut seen = refused_all(&station, Failure::Refused);
            assert_eq!(seen.len(), rungs, "{station:?}");
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), rungs, "{station:?}");
        }
    }

    #[test]
    fn what_is_not_supported_or_not_answered_is_soon_known() {
        let scopes = refused_all(&STATION, Failure::Unsupported);
        assert_eq!(
            scopes.iter().map(|manner| manner.scope).collect::<Vec<_>>(),
            [Scope::Transaction, Scope::Connector, Scope::Station]
        );
        let kinds = refused_all(&STATION, Failure::Silent);
        assert_eq!(kinds.iter().map(|manner| manner.relative).collect::<Vec<_>>(), [false, true]);
        assert_eq!(refused_all(&STATION, Failure::Ignored).len(), 6);
    }

    #[test]
    fn the_other_unit_of_a_station_that_takes_watts_is_the_ampere() {
        let other = Manner { other_unit: true, ..Manner::default() };
        assert_eq!(other.unit(RateUnit::W), RateUnit::A);
        assert_eq!(Manner::default().unit(RateUnit::W), RateUnit::W);
        assert_eq!(Manner { level: Level::OneLower, ..other }.stack_level(0), 0);
    }
}
