//! Phases of the grid, and how a charger's terminals are wired to them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of the three phases of the grid; never empty. It may be said of a set that only some of it
/// may be used, nobody knows which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phases(u8);

/// Which phase of the grid each terminal of a charger is wired to, by the names that OCPP's
/// ConnectorPhaseRotation has for it: R, S and T are L1, L2 and L3 of the grid, and the first letter
/// is the phase at the charger's first terminal, which a car of one phase draws from.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum PhaseRotation {
    /// Standard reference phasing.
    #[default]
    Rst,
    /// Reversed reference phasing.
    Rts,
    /// Reversed 240 degree rotation.
    Srt,
    /// Standard 120 degree rotation.
    Str,
    /// Standard 240 degree rotation.
    Trs,
    /// Reversed 120 degree rotation.
    Tsr,
}

impl Phases {
    /// L1.
    pub const L1: Phases = Phases(1);
    /// L2.
    pub const L2: Phases = Phases(2);
    /// L3.
    pub const L3: Phases = Phases(4);
    /// All three: also for direct current.
    pub const ALL: Phases = Phases(7);
    /// All three, or fewer of them: a car that has not shown which it uses. It counts on every phase,
    /// and as unbalanced.
    pub const UNKNOWN: Phases = Phases(15);

    /// The phases of both.
    #[must_use]
    pub const fn and(self, other: Phases) -> Phases {
        Phases(self.0 | other.0)
    }

    /// How many, 1..=3.
    #[must_use]
    pub const fn count(self) -> u8 {
        (self.0 & 7).count_ones() as u8
    }

    /// The places of its phases, 0 for L1 to 2 for L3, ascending.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..3).filter(move |place| self.0 & (1 << place) != 0)
    }
}

impl fmt::Debug for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.places().map(|place| ["L1", "L2", "L3"][place]).collect();
        f.write_str(&names.join("+"))?;
        f.write_str(if *self == Phases::UNKNOWN { "?" } else { "" })
    }
}

impl PhaseRotation {
    /// Every rotation, in the order of OCPP.
    pub const ALL: [PhaseRotation; 6] = [
        PhaseRotation::Rst,
        PhaseRotation::Rts,
        PhaseRotation::Srt,
        PhaseRotation::Str,
        PhaseRotation::Trs,
        PhaseRotation::Tsr,
    ];

    /// By the name that OCPP has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PhaseRotation::Rst => "RST",
            PhaseRotation::Rts => "RTS",
            PhaseRotation::Srt => "SRT",
            PhaseRotation::Str => "STR",
            PhaseRotation::Trs => "TRS",
            PhaseRotation::Tsr => "TSR",
        }
    }

    /// The phases of the grid behind the charger's first `count` terminals; none counts as one, more
    /// than three as three.
    #[must_use]
    pub fn first(self, count: u8) -> Phases {
        let [a, b, c] = self.terminals();
        match count {
            0 | 1 => a,
            2 => a.and(b),
            _ => a.and(b).and(c),
        }
    }

    const fn terminals(self) -> [Phases; 3] {
        const R: Phases = Phases::L1;
        const S: Phases = Phases::L2;
        const T: Phases = Phases::L3;
        match self {
            PhaseRotation::Rst => [R, S, T],
            PhaseRotation::Rts => [R, T, S],
            PhaseRotation::Srt => [S, R, T],
            PhaseRotation::Str => [S, T, R],
            PhaseRotation::Trs => [T, R, S],
            PhaseRotation::Tsr => [T, S, R],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_says_what_the_first_terminals_draw_from() {
        assert_eq!(PhaseRotation::Str.first(1), Phases::L2);
        assert_eq!(PhaseRotation::Tsr.first(2), Phases::L2.and(Phases::L3));
        for rotation in PhaseRotation::ALL {
            assert_eq!(rotation.first(3), Phases::ALL, "{rotation:?}");
        }
        let firsts = PhaseRotation::ALL.map(|rotation| rotation.first(1));
        for phase in [Phases::L1, Phases::L2, Phases::L3] {
            assert_eq!(firsts.iter().filter(|first| **first == phase).count(), 2, "{phase:?}");
        }
    }

    #[test]
    fn what_is_not_known_counts_on_every_phase() {
        assert_eq!(Phases::UNKNOWN.count(), 3);
        assert_eq!(Phases::UNKNOWN.places().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(format!("{:?}", Phases::UNKNOWN), "L1+L2+L3?");
    }

    #[test]
    fn rotations_have_the_names_of_ocpp() {
        let json = serde_json::to_string(&PhaseRotation::ALL).expect("unit variants serialise");
        assert_eq!(json, r#"["RST","RTS","SRT","STR","TRS","TSR"]"#);
        let names = PhaseRotation::ALL.map(PhaseRotation::name);
        assert_eq!(json, serde_json::to_string(&names).expect("texts serialise"));
    }
}
