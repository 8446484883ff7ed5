//! What a comparison comes to, in one sentence that an operator understands.

use crate::report::compare::{Baseline, Comparison};
use crate::report::text::{duration, number};

const ENERGY: &str = "demand_met_pct";
const CALM: &str = "reversals_per_h";

/// The sentence.
#[must_use]
pub fn of(comparison: &Comparison<'_>) -> String {
    let runs = match comparison.seeds().len() {
        1 => "In one run each".to_owned(),
        runs => format!("In {runs} runs each"),
    };
    let certain = match comparison.seeds().len() {
        1 => " One seed tells little: --seeds 20 tells chance from difference.",
        _ => "",
    };
    let parts = [limit(comparison), energy(comparison), calm(comparison)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{runs} {}.{certain}", parts.join("; "))
}

/// Who exceeded the limit.
fn limit(comparison: &Comparison<'_>) -> Option<String> {
    let over = |at: &usize| comparison.mean(*at, "over_limit_s").unwrap_or(0.0);
    let worst = (0..comparison.strategies.len()).max_by(|a, b| over(a).total_cmp(&over(b)))?;
    if over(&worst) == 0.0 {
        return Some("no strategy exceeded the site's limit".to_owned());
    }
    let who: Vec<&str> = (0..comparison.strategies.len())
        .filter(|at| over(at) > 0.0)
        .map(|at| comparison.strategies[at].name())
        .collect();
    let kw = comparison.mean(worst, "over_limit_max_kw").unwrap_or(0.0);
    Some(format!(
        "{} exceeded the site's limit, at worst for {} and by {} kW a run",
        list(&who),
        duration(over(&worst)),
        number(kw, 1)
    ))
}

/// Who delivered most.
fn energy(comparison: &Comparison<'_>) -> Option<String> {
    let best = comparison.best(ENERGY);
    let mean = |at: usize| comparison.mean(at, ENERGY);
    if !best.contains(&true) {
        let met = number(mean(0)?, 1);
        return Some(if comparison.strategies.len() == 1 {
            format!("{} delivered {met} % of the energy wished", comparison.strategies[0])
        } else {
            format!(
                "they delivered the same, {met} % of the energy wished: no significant difference"
            )
        });
    }
    let first =
        places(&best).max_by(|a, b| mean(*a).unwrap_or(0.0).total_cmp(&mean(*b).unwrap_or(0.0)))?;
    let who: Vec<&str> = places(&best).map(|at| comparison.strategies[at].name()).collect();
    let met = number(mean(first)?, 1);
    let more = comparison.difference(first, ENERGY).map(|difference| {
        let than = match &comparison.baseline {
            Baseline::Strategy(at) => comparison.strategies[*at].name(),
            Baseline::Earlier(_) => "before",
        };
        let (points, half) = (number(difference.mean.abs(), 1), difference.half_width);
        let more = if difference.mean < 0.0 { "less" } else { "more" };
        match (difference.is_significant(), half) {
            (false, _) => format!(", no significant difference to {than}"),
            (true, None) => format!(", {points} points {more} than {than}"),
            (true, Some(half)) => {
                format!(", {points} ± {} points {more} than {than}", number(half, 1))
            }
        }
    });
    Some(match who.as_slice() {
        [one] => {
            let more = more.unwrap_or_default();
            format!("{one} delivered most, {met} % of the energy wished{more}")
        }
        several => format!(
            "{} delivered most, up to {met} % of the energy wished, without a significant difference \
             between them",
            list(several)
        ),
    })
}

/// Who turned charge rates back least.
fn calm(comparison: &Comparison<'_>) -> Option<String> {
    let best = comparison.best(CALM);
    let who: Vec<&str> = places(&best).map(|at| comparison.strategies[at].name()).collect();
    let lowest = places(&best).filter_map(|at| comparison.mean(at, CALM)).min_by(f64::total_cmp)?;
    Some(format!(
        "{} turned charge rates back least, {} times an hour",
        list(&who),
        number(lowest, 2)
    ))
}

fn places(chosen: &[bool]) -> impl Iterator<Item = usize> {
    chosen.iter().enumerate().filter(|(_, chosen)| **chosen).map(|(at, _)| at)
}

/// `a`, `a and b`, `a, b and c`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
