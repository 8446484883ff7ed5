//! Whether the answer is the expected one.

use super::model::{Case, Expectation, ExpectedPeriod};
use super::{Reading, SchedulePeriod, Situation, tenths};

/// Two limits this far apart, before rounding, are taken for the same.
const NEARNESS: f64 = 0.01;

/// How an answer compares with what the case expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It expects nothing.
    Unasked,
    /// As expected.
    AsExpected,
    /// As expected only where the specification is read the other way on this point; the case
    /// names the point among its ambiguities.
    OtherReading(&'static str),
    /// Otherwise. With the point on which the other reading would have met it, if there is one.
    Differs(Option<&'static str>),
}

impl Situation {
    /// Compares the answer with the expectation of its case: starts exactly, limits within 0.01
    /// before rounding or equal after rounding down to a tenth, phases where they are stated.
    #[must_use]
    pub fn judge(&self, case: &Case) -> Verdict {
        let Some(expected) = &case.expect else { return Verdict::Unasked };
        let meets = |reading: Reading| self.meets(expected, &self.periods(reading));
        if meets(Reading::default()) {
            return Verdict::AsExpected;
        }
        let met = other_readings().into_iter().find(|(_, reading)| meets(*reading));
        match met.map(|(point, _)| point) {
            Some(point) if case.ambiguity.iter().any(|named| named == point) => {
                Verdict::OtherReading(point)
            }
            point => Verdict::Differs(point),
        }
    }

    fn meets(&self, expected: &Expectation, got: &[SchedulePeriod]) -> bool {
        let status = if self.accepted { "Accepted" } else { "Rejected" };
        let wanted = clipped(&expected.periods, self.query().duration_s);
        expected.status.as_deref().is_none_or(|expected| expected == status)
            && wanted.len() == got.len()
            && wanted.iter().zip(got).all(|(expected, got)| agrees(expected, got))
    }
}

/// What a case expects, in a sentence: `16 for 3 phases from 0 s, 10 from 60 s`.
#[must_use]
pub fn expected_text(expected: &Expectation) -> String {
    let period = |period: &ExpectedPeriod| {
        let phases = period.number_phases.map_or_else(String::new, |n| format!(" for {n} phases"));
        let unlimited = if period.unlimited { " (unlimited)" } else { "" };
        format!("{}{phases}{unlimited} from {} s", period.limit, period.start_period)
    };
    let periods: Vec<String> = expected.periods.iter().map(period).collect();
    match expected.status.as_deref() {
        Some(refusal) if refusal != "Accepted" => refusal.to_owned(),
        _ if periods.is_empty() => "no period".to_owned(),
        _ => periods.join(", "),
    }
}

/// The points on which the composite schedule can be read another way.
fn other_readings() -> [(&'static str, Reading); 3] {
    let own = Reading::default();
    [
        ("txdefault_scope", Reading { one_default_stack: !own.one_default_stack, ..own }),
        (
            "recurrence_before_startSchedule",
            Reading { recurs_before_start: !own.recurs_before_start, ..own },
        ),
        (
            "txdefault_without_transaction",
            Reading { default_without_transaction: !own.default_without_transaction, ..own },
        ),
    ]
}

/// The periods that lie in the window, equal neighbours as one.
fn clipped(periods: &[ExpectedPeriod], duration_s: i64) -> Vec<ExpectedPeriod> {
    let mut kept: Vec<ExpectedPeriod> = Vec::new();
    for period in periods.iter().filter(|period| period.start_period < duration_s) {
        let start_period = period.start_period;
        if kept.last().is_none_or(|last| ExpectedPeriod { start_period, ..*last } != *period) {
            kept.push(*period);
        }
    }
    kept
}

fn agrees(expected: &ExpectedPeriod, got: &SchedulePeriod) -> bool {
    let exact = got.limit.num as f64 / got.limit.den as f64 / 10.0;
    let near = (expected.limit - exact).abs() <= NEARNESS;
    expected.start_period == got.start_s
        && (near || tenths(expected.limit) == Some(got.limit.floor()))
        && expected.number_phases.is_none_or(|n| got.phases.map(i64::from) == Some(n))
        && expected.unlimited == got.unlimited
}
