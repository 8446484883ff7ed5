//! Whether a charger keeps to what it accepted, by what its meter shows.
//!
//! Two samples in a row above everything that was permitted, and it is budgeted at what it has
//! proven to draw, also in later sessions. It is trusted again only when a limit no higher than
//! those it has defied is seen to work: the draw stands right at it, or the station says that it
//! offers no more (allocation.md §3, ocpp.md §9). A charger that obeys 10 A may still ignore 0, and
//! a car that has stopped by itself proves nothing of a limit of 0: it must have drawn until then.
//! Whoever relapses has to prove much more: five hours of samples a minute instead of three.

use crate::csms::manner::Tried;
use crate::csms::records::Compliance;
use crate::units::Watts;

/// Samples in a row that prove something, for the worse ..
const PROOF: u32 = 2;
/// .. and for the better, the first time, and after a relapse.
const TRUST: u32 = 3;
const TRUST_AGAIN: u32 = 300;

/// What one sample shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// Drawn.
    pub(crate) draw: Watts,
    /// What the station says it offers to the car, if it does.
    pub(crate) offered: Option<Watts>,
    /// The largest limit that could be in force.
    pub(crate) permitted: Watts,
    /// Meters are this exact.
    pub(crate) tolerance: Watts,
}

/// What samples have told about a connector that drew too much; none exists for one that never
/// did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distrust {
    over: u32,
    within: u32,
    /// The most it was seen to draw, and the tolerance; nothing before it is proven.
    proven: Watts,
    /// The most it drew above what was permitted.
    excess: Watts,
    /// The lowest limit it has defied.
    defied: Option<Watts>,
    /// It was trusted again once, before this.
    relapsed: bool,
    /// It was distrusted once.
    known: bool,
    /// What was permitted when it drew last, unless it has stopped by itself since.
    drew: Option<Watts>,
    /// Another form of limit was told since.
    anew: bool,
    /// Forms of limit that had no effect, how many, and whether that is all there are.
    pub(crate) tried: Tried,
    pub(crate) failed: u32,
    pub(crate) hopeless: bool,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Nothing,
    /// It draws too much, newly so or again although another form of limit was accepted.
    Disobeys,
    /// It is trusted again.
    Obeys,
}

/// The most that a connector has proven to draw whatever it was told.
pub(crate) fn proven(distrust: Option<&Distrust>) -> Watts {
    distrust.map_or(Watts::ZERO, |distrust| distrust.proven)
}

/// The excess of a connector that is not trusted.
pub(crate) fn excess(distrust: Option<&Distrust>) -> Option<Watts> {
    distrust.filter(|distrust| distrust.proven > Watts::ZERO).map(|distrust| distrust.excess)
}

/// Takes in a sample.
pub(crate) fn judge(distrust: &mut Option<Box<Distrust>>, shown: &Shown) -> Verdict {
    let &Shown { draw, offered, permitted, tolerance } = shown;
    if draw > permitted + tolerance {
        let known = distrust.get_or_insert_default();
        known.saw(shown);
        known.within = 0;
        known.over += 1;
        if known.over < PROOF && known.proven == Watts::ZERO {
            return Verdict::Nothing;
        }
        known.relapsed |= known.known && known.proven == Watts::ZERO;
        known.known = true;
        known.proven = known.proven.max(draw + tolerance);
        known.excess = known.excess.max(draw - permitted);
        known.defied = Some(known.defied.map_or(permitted, |defied| defied.min(permitted)));
        return if known.over == PROOF { Verdict::Disobeys } else { Verdict::Nothing };
    }
    let Some(known) = distrust else { return Verdict::Nothing };
    known.over = 0;
    if known.proven == Watts::ZERO {
        if !known.known {
            *distrust = None;
        }
        return Verdict::Nothing;
    }
    let as_low = known.defied.is_none_or(|defied| permitted <= defied + tolerance);
    // A car that takes little whatever it is offered proves nothing.
    let binds = match permitted > tolerance {
        true => draw + tolerance + tolerance >= permitted && permitted < known.proven,
        false => known.within > 0 || known.has_stopped(shown),
    };
    let says = offered.is_some_and(|offered| offered <= permitted + tolerance);
    known.saw(shown);
    // Higher limits that work prove nothing, but they speak not against it either.
    known.within = match (binds || says, as_low) {
        (true, true) => known.within + 1,
        (true, false) => known.within,
        (false, _) => 0,
    };
    if known.within < if known.relapsed { TRUST_AGAIN } else { TRUST } {
        return Verdict::Nothing;
    }
    **known = Distrust { relapsed: known.relapsed, known: true, ..Distrust::default() };
    Verdict::Obeys
}

/// Takes in a sample of a time in which no limit is in force: it can only speak against a charger.
pub(crate) fn suspect(distrust: &mut Option<Box<Distrust>>, shown: &Shown) -> Verdict {
    if shown.draw > shown.permitted + shown.tolerance {
        return judge(distrust, shown);
    }
    if distrust.as_ref().is_some_and(|known| !known.known) {
        *distrust = None;
    } else if let Some(known) = distrust {
        known.over = 0;
    }
    Verdict::Nothing
}

/// Takes in a sample that is the last of several: if it shows too much, they all did.
pub(crate) fn overdue(distrust: &mut Option<Box<Distrust>>, shown: &Shown) -> Verdict {
    if shown.draw <= shown.permitted + shown.tolerance {
        return Verdict::Nothing;
    }
    let known = distrust.get_or_insert_default();
    known.over = known.over.max(PROOF - 1);
    judge(distrust, shown)
}

impl Distrust {
    /// Another form of limit is tried: its effect has to be proven anew.
    pub(crate) fn begin_anew(&mut self) {
        self.over = 0;
        self.anew = true;
    }

    /// What is worth keeping of it.
    pub(crate) fn kept(&self, connector: u32) -> Option<Compliance> {
        self.known.then_some(Compliance {
            connector,
            proven_w: self.proven.0,
            excess_w: self.excess.0,
            defied_w: self.defied.map(|defied| defied.0),
            relapsed: self.relapsed,
        })
    }

    /// What an earlier process has kept.
    pub(crate) fn restored(kept: &Compliance) -> Distrust {
        Distrust {
            proven: Watts(kept.proven_w),
            excess: Watts(kept.excess_w),
            defied: kept.defied_w.map(Watts),
            relapsed: kept.relapsed,
            known: true,
            ..Distrust::default()
        }
    }

    fn saw(&mut self, &Shown { draw, permitted, tolerance, .. }: &Shown) {
        if draw > tolerance {
            (self.drew, self.anew) = (Some(permitted), false);
        } else if permitted > tolerance {
            self.drew = None;
        }
    }

    /// It draws nothing, and did until a lower limit or another form of it was told.
    fn has_stopped(&self, shown: &Shown) -> bool {
        let lower = |before: Watts| self.anew || before > shown.permitted + shown.tolerance;
        shown.draw <= shown.tolerance && self.drew.is_some_and(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(draw: i64, permitted: i64, offered: Option<i64>) -> Shown {
        Shown {
            draw: Watts(draw),
            offered: offered.map(Watts),
            permitted: Watts(permitted),
            tolerance: Watts(300),
        }
    }

    #[test]
    fn two_samples_prove_disobedience_and_a_limit_that_binds_ends_it() {
        let mut known = None;
        assert_eq!(judge(&mut known, &sample(11_000, 4_000, None)), Verdict::Nothing);
        assert_eq!(proven(known.as_deref()), Watts::ZERO, "once is nothing");
        assert_eq!(judge(&mut known, &sample(10_000, 4_000, None)), Verdict::Disobeys);
        assert_eq!(proven(known.as_deref()), Watts(10_300));
        assert_eq!(excess(known.as_deref()), Some(Watts(6_000)));
        for _ in 0..20 {
            assert_eq!(judge(&mut known, &sample(1_000, 4_000, None)), Verdict::Nothing);
        }
        assert_eq!(proven(known.as_deref()), Watts(10_300), "it takes little: that proves nothing");
        for verdict in [Verdict::Nothing, Verdict::Nothing, Verdict::Obeys] {
            assert_eq!(judge(&mut known, &sample(3_900, 4_000, None)), verdict);
        }
        assert_eq!(excess(known.as_deref()), None);
    }

    #[test]
    fn a_higher_limit_that_works_says_nothing_of_the_one_that_was_defied() {
        let mut known = None;
        (0..2).for_each(|_| {
            judge(&mut known, &sample(8_000, 0, None));
        });
        for _ in 0..20 {
            assert_eq!(judge(&mut known, &sample(7_900, 8_000, None)), Verdict::Nothing);
        }
        assert_eq!(proven(known.as_deref()), Watts(8_300), "a pause may be ignored again");
        for verdict in [Verdict::Nothing, Verdict::Nothing, Verdict::Obeys] {
            assert_eq!(judge(&mut known, &sample(0, 0, None)), verdict);
        }
    }

    #[test]
    fn a_car_that_stops_by_itself_proves_nothing_of_a_pause() {
        let mut known = None;
        (0..2).for_each(|_| {
            judge(&mut known, &sample(8_000, 0, None));
        });
        for _ in 0..20 {
            assert_eq!(judge(&mut known, &sample(0, 0, None)), Verdict::Nothing, "it is full");
        }
        assert_eq!(judge(&mut known, &sample(8_000, 0, None)), Verdict::Nothing);
        known.as_mut().unwrap().begin_anew();
        for verdict in [Verdict::Nothing, Verdict::Nothing, Verdict::Obeys] {
            assert_eq!(judge(&mut known, &sample(0, 0, None)), verdict, "told in another form");
        }
    }

    #[test]
    fn an_idle_connector_proves_nothing_for_the_better() {
        let mut known = None;
        (0..2).for_each(|_| {
            judge(&mut known, &sample(9_600, 4_000, None));
        });
        for _ in 0..1000 {
            assert_eq!(suspect(&mut known, &sample(0, 0, None)), Verdict::Nothing);
        }
        assert_eq!(proven(known.as_deref()), Watts(9_900));
        let mut known = None;
        suspect(&mut known, &sample(5_000, 0, None));
        suspect(&mut known, &sample(0, 0, None));
        assert_eq!(known, None, "once is nothing");
    }

    #[test]
    fn what_is_kept_of_it_goes_on_where_it_was() {
        let mut known = None;
        (0..2).for_each(|_| {
            judge(&mut known, &sample(11_000, 4_000, None));
        });
        let kept = known.as_deref().and_then(|known| known.kept(1)).unwrap();
        let mut known = Some(Box::new(Distrust::restored(&kept)));
        assert_eq!(proven(known.as_deref()), Watts(11_300));
        assert_eq!(excess(known.as_deref()), Some(Watts(7_000)));
        for verdict in [Verdict::Nothing, Verdict::Nothing, Verdict::Obeys] {
            assert_eq!(judge(&mut known, &sample(3_900, 4_000, None)), verdict);
        }
        let once = |draw| {
            let mut known = None;
            judge(&mut known, &sample(draw, 4_000, None));
            known.and_then(|known| known.kept(1))
        };
        assert_eq!(once(11_000), None, "once is nothing");
    }

    #[test]
    fn whoever_relapses_has_to_prove_more() {
        let mut known = None;
        let mut samples_until_trusted = || {
            (0..2).for_each(|_| {
                judge(&mut known, &sample(11_000, 4_000, None));
            });
            let mut judged = (0..1000).map(|_| judge(&mut known, &sample(3_900, 4_000, None)));
            judged.position(|verdict| verdict == Verdict::Obeys).map(|place| place + 1)
        };
        assert_eq!(samples_until_trusted(), Some(3));
        assert_eq!(samples_until_trusted(), Some(300));
        assert_eq!(samples_until_trusted(), Some(300));
    }

    #[test]
    fn one_sample_too_high_is_forgotten() {
        let mut known = None;
        for _ in 0..5 {
            judge(&mut known, &sample(11_000, 4_000, None));
            assert_eq!(judge(&mut known, &sample(4_000, 4_000, None)), Verdict::Nothing);
        }
        assert_eq!(known, None);
    }

    #[test]
    fn what_the_station_offers_is_evidence() {
        let mut known = None;
        (0..2).for_each(|_| {
            judge(&mut known, &sample(11_000, 4_000, None));
        });
        judge(&mut known, &sample(1_000, 4_000, Some(11_000)));
        judge(&mut known, &sample(1_000, 4_000, Some(4_000)));
        judge(&mut known, &sample(1_000, 4_000, Some(4_000)));
        assert!(known.is_some());
        assert_eq!(judge(&mut known, &sample(1_000, 4_000, Some(4_000))), Verdict::Obeys);
    }
}
