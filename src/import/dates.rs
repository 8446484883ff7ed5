//! Which field of a date is the day: decided by all dates of a list, or not at all.

use super::Refusal;
use super::civil::Day;
use crate::time::Time;

/// Which field of a numeric date is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrder {
    /// 31/08/2017; of dates that begin with the year 2017-08-31.
    DayFirst,
    /// 08/31/2017; of dates that begin with the year 2017-08-31.
    MonthFirst,
    /// 2017-08-31 where the day is above 12, else 2017-DD-MM: what a spreadsheet of the other
    /// convention leaves of day-first dates.
    Exchanged,
    /// Dates that begin with the year, as they stand.
    YearFirst,
}

/// How the dates of a list are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) exchanged: bool,
    pub(super) month_first: bool,
}

impl Reading {
    /// Year, month, day.
    pub(super) fn of(self, day: Day) -> (i64, i64, i64) {
        match day {
            Day::Named(year, month, day) => (year, month, day),
            Day::YearFirst(year, a, b) if self.exchanged && a <= 12 && b <= 12 => (year, b, a),
            Day::YearFirst(year, a, b) => (year, a, b),
            Day::YearLast(a, b, year) if self.month_first => (year, a, b),
            Day::YearLast(a, b, year) => (year, b, a),
        }
    }
}

/// Fewer distinct days than this are no evidence of an order.
const EVIDENCE_DAYS: usize = 3;
/// Dates that begin with the year have to be wrong at so many distinct days before we say so.
const DAMAGE_DAYS: usize = 20;

/// Decides by the dates of all arrivals, in the order of the list, how they are read; with what to
/// tell about it.
pub(super) fn decide(
    days: &[Day],
    wish: Option<DayOrder>,
) -> Result<(Reading, Vec<String>), Box<Refusal>> {
    let mut notes = Vec::new();
    let first: Vec<Day> =
        days.iter().copied().filter(|it| matches!(it, Day::YearFirst(..))).collect();
    let last: Vec<Day> =
        days.iter().copied().filter(|it| matches!(it, Day::YearLast(..))).collect();
    let exchanged = match wish {
        Some(wish) => wish == DayOrder::Exchanged,
        None => is_exchanged(&first),
    };
    if !first.is_empty() && exchanged {
        let by = match wish {
            Some(_) => "as asked for",
            None => {
                "inferred: only so the list is in order of time; --dates year-first takes them as \
                 they stand"
            }
        };
        notes.push(format!(
            "dates: year first, but day and month changed places where both are at most 12 ({by})"
        ));
    } else if !first.is_empty() {
        notes.push("dates: year-month-day".to_owned());
    }
    let month_first = if last.is_empty() {
        false
    } else {
        let (month_first, why) = is_month_first(&last, wish)?;
        let order = if month_first { "month/day/year" } else { "day/month/year" };
        notes.push(format!("dates: {order} ({why})"));
        month_first
    };
    if days.iter().any(|day| matches!(day, Day::Named(..))) {
        notes.push("dates: months by name".to_owned());
    }
    Ok((Reading { exchanged, month_first }, notes))
}

fn is_month_first(
    days: &[Day],
    wish: Option<DayOrder>,
) -> Result<(bool, &'static str), Box<Refusal>> {
    match wish {
        Some(DayOrder::DayFirst) => return Ok((false, "as asked for")),
        Some(DayOrder::MonthFirst) => return Ok((true, "as asked for")),
        _ => {}
    }
    let fields = days.iter().filter_map(|day| match day {
        Day::YearLast(a, b, _) => Some((*a, *b)),
        _ => None,
    });
    let (mut first, mut second, mut same) = (0_usize, 0_usize, true);
    for (a, b) in fields {
        first += usize::from(a > 12);
        second += usize::from(b > 12);
        same &= a == b;
    }
    match (first, second) {
        (0, 0) if same => return Ok((false, "day and month are equal everywhere")),
        (0, 0) => {}
        (_, 0) => return Ok((false, "inferred: the first field goes beyond 12")),
        (0, _) => return Ok((true, "inferred: the second field goes beyond 12")),
        // A few slips of the pen do not outweigh the rest; they will be counted as unreadable.
        _ if first > 20 * second => return Ok((false, "inferred: the first field goes beyond 12")),
        _ if second > 20 * first => return Ok((true, "inferred: the second field goes beyond 12")),
        _ => {
            let message = format!(
                "dates contradict each other: {first} can only be day/month/year, {second} only \
                 month/day/year"
            );
            let help = "say which is right, --dates day-first or month-first; the others are left \
                        out and counted";
            return Err(Box::new(Refusal::new(message, help)));
        }
    }
    let way = |month_first| way_days(days, Reading { exchanged: false, month_first });
    let (day, month) = (way(false), way(true));
    let distinct = distinct(days);
    match (day, month) {
        (Some(day), Some(month)) if distinct >= EVIDENCE_DAYS && day * 2 <= month => {
            Ok((false, "inferred: only so the list is in order of time"))
        }
        (Some(day), Some(month)) if distinct >= EVIDENCE_DAYS && month * 2 <= day => {
            Ok((true, "inferred: only so the list is in order of time"))
        }
        _ => {
            let message = "dates are ambiguous: no day is above 12, so day/month/year and \
                           month/day/year are both possible";
            let help = "say which it is: --dates day-first or --dates month-first";
            Err(Box::new(Refusal::new(message, help)))
        }
    }
}

/// Whether dates that begin with the year are in order of time only if day and month of the early
/// days of each month change places.
fn is_exchanged(days: &[Day]) -> bool {
    let way = |exchanged| way_days(days, Reading { exchanged, month_first: false });
    let (Some(plain), Some(exchanged)) = (way(false), way(true)) else { return false };
    let moved = |day: &Day| matches!(day, Day::YearFirst(_, a, b) if a != b && *b <= 12);
    let suspects: Vec<Day> = days.iter().copied().filter(moved).collect();
    let span = span_days(days, Reading { exchanged: true, month_first: false });
    distinct(&suspects) >= DAMAGE_DAYS && exchanged * 4 <= plain && exchanged <= span * 2
}

/// How many days a list walks through from row to row, forwards or backwards: hardly more than its
/// whole span when it is in order. None when a date is impossible.
fn way_days(days: &[Day], reading: Reading) -> Option<i64> {
    let numbers: Option<Vec<i64>> = days.iter().map(|day| number(*day, reading)).collect();
    let numbers = numbers?;
    Some(numbers.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum())
}

fn span_days(days: &[Day], reading: Reading) -> i64 {
    let numbers = || days.iter().filter_map(|day| number(*day, reading));
    numbers().max().unwrap_or(0) - numbers().min().unwrap_or(0)
}

fn number(day: Day, reading: Reading) -> Option<i64> {
    let (year, month, day) = reading.of(day);
    Some(Time::from_civil(year, month, day, 0, 0, 0)?.unix_s().div_euclid(86_400))
}

fn distinct(days: &[Day]) -> usize {
    let fields = |day: &Day| match *day {
        Day::Named(a, b, c) | Day::YearFirst(a, b, c) | Day::YearLast(a, b, c) => (a, b, c),
    };
    days.iter().map(fields).collect::<std::collections::BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year_last(days: &[(i64, i64)]) -> Vec<Day> {
        days.iter().map(|(a, b)| Day::YearLast(*a, *b, 2024)).collect()
    }

    #[test]
    fn a_field_beyond_12_decides() {
        let (reading, _) = decide(&year_last(&[(1, 2), (31, 1)]), None).expect("day first");
        assert!(!reading.month_first);
        let (reading, _) = decide(&year_last(&[(1, 2), (1, 31)]), None).expect("month first");
        assert!(reading.month_first);
    }

    #[test]
    fn the_order_of_the_rows_decides_what_no_field_does() {
        let january: Vec<(i64, i64)> = (1..=12).map(|day| (day, 1)).collect();
        let (reading, notes) = decide(&year_last(&january), None).expect("day first");
        assert!(!reading.month_first, "{notes:?}");
        let american: Vec<(i64, i64)> = (1..=12).map(|day| (1, day)).collect();
        assert!(decide(&year_last(&american), None).expect("month first").0.month_first);
    }

    #[test]
    fn what_nothing_decides_is_refused_until_the_user_does() {
        let two = year_last(&[(3, 4), (4, 4)]);
        let refusal = decide(&two, None).expect_err("ambiguous");
        assert!(refusal.help.contains("--dates day-first"), "{refusal:?}");
        let wish = Some(DayOrder::MonthFirst);
        assert!(decide(&two, wish).expect("decided").0.month_first);
        assert!(decide(&year_last(&[(31, 1), (1, 31)]), None).is_err());
    }

    #[test]
    fn a_year_whose_early_days_changed_places_with_their_month_is_put_right() {
        let mut damaged = Vec::new();
        let mut sound = Vec::new();
        for month in 1..=12 {
            for day in 1..=28 {
                sound.push(Day::YearFirst(2024, month, day));
                let (a, b) = if day <= 12 { (day, month) } else { (month, day) };
                damaged.push(Day::YearFirst(2024, a, b));
            }
        }
        let (reading, notes) = decide(&damaged, None).expect("decided");
        assert!(reading.exchanged, "{notes:?}");
        assert!(damaged.iter().zip(&sound).all(|(a, b)| {
            reading.of(*a) == Reading { exchanged: false, month_first: false }.of(*b)
        }));
        assert!(!decide(&sound, None).expect("decided").0.exchanged);
        assert!(!decide(&damaged, Some(DayOrder::YearFirst)).expect("decided").0.exchanged);
    }
}
