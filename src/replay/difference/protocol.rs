//! What was said: exchanges, paired.

use std::collections::BTreeMap;

use super::values::{Odd, odds};
use super::{Difference, Found, Gap, Level, Side};
use crate::replay::slot::Slot;
use crate::replay::story::{Exchange, PointStory, Story};
use crate::time::{Span, Time};

/// What is closer than this is the same instant.
const SAME: Span = Span::from_s(1);

/// How far ahead the same call is looked for when one was left out or added.
const AHEAD: usize = 8;

/// A body in a message is no longer than this, characters.
const LONGEST: usize = 120;

pub(super) fn compare(before: &Story, now: &Story, side: Side, found: &mut Found) {
    let nothing = PointStory::default();
    let names: std::collections::BTreeSet<&String> =
        before.points.keys().chain(now.points.keys()).collect();
    for name in names {
        let a = by_slot(before.points.get(name).unwrap_or(&nothing));
        let b = by_slot(now.points.get(name).unwrap_or(&nothing));
        let slots: std::collections::BTreeSet<&Slot> = a.keys().chain(b.keys()).copied().collect();
        for slot in slots {
            let none = Vec::new();
            let pairs = pairs(a.get(slot).unwrap_or(&none), b.get(slot).unwrap_or(&none));
            let judge = Judge { point: name, slot, side };
            for pair in pairs {
                found.compared[0] += 1;
                judge.pair(pair, &mut found.all);
            }
        }
    }
}

fn by_slot(point: &PointStory) -> BTreeMap<&Slot, Vec<&Exchange>> {
    let mut all: BTreeMap<&Slot, Vec<&Exchange>> = BTreeMap::new();
    for exchange in &point.exchanges {
        all.entry(&exchange.slot).or_default().push(exchange);
    }
    all
}

/// As it was, and as it is; one is missing where it was left out or added.
type Pair<'a> = (Option<&'a Exchange>, Option<&'a Exchange>);

/// Pairs exchanges of one slot in their order. Those of the same instant belong together; of others the next that say
/// the same.
fn pairs<'a>(before: &[&'a Exchange], now: &[&'a Exchange]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::with_capacity(before.len().max(now.len()));
    let (mut i, mut j) = (0, 0);
    while i < before.len() && j < now.len() {
        let (a, b) = (before[i], now[j]);
        let together = near(a.at, b.at) || a.request == b.request;
        let is_next = |k: usize| {
            let extra = now.get(j + k).is_some_and(|b| near(a.at, b.at) || a.request == b.request);
            let missing =
                before.get(i + k).is_some_and(|a| near(a.at, b.at) || a.request == b.request);
            (extra || missing).then_some((k, extra))
        };
        match (!together).then(|| (1..=AHEAD).find_map(is_next)).flatten() {
            Some((k, true)) => {
                pairs.extend(now[j..j + k].iter().map(|b| (None, Some(*b))));
                j += k;
            }
            Some((k, false)) => {
                pairs.extend(before[i..i + k].iter().map(|a| (Some(*a), None)));
                i += k;
            }
            None => {
                pairs.push((Some(a), Some(b)));
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    pairs.extend(before[i..].iter().map(|a| (Some(*a), None)));
    pairs.extend(now[j..].iter().map(|b| (None, Some(*b))));
    pairs
}

fn near(a: Time, b: Time) -> bool {
    a.since(b).0.abs() <= SAME.0
}

struct Judge<'a> {
    point: &'a str,
    slot: &'a Slot,
    side: Side,
}

impl Judge<'_> {
    fn pair(&self, pair: Pair<'_>, out: &mut Vec<Difference>) {
        // Whose call it is decides whether the call or the answer is to be judged.
        let own_call = self.slot.from_point == (self.side == Side::Stations);
        match pair {
            (Some(a), Some(b)) if own_call => self.calls(a, b, out),
            (Some(a), Some(b)) => self.answers(a, b, out),
            // What the other side says and does not say any more is no doing of this one.
            (Some(a), None) if own_call => {
                out.push(self.told(a.at, "missing", (Some(a), None), None));
            }
            (None, Some(b)) if own_call => {
                out.push(self.told(b.at, "extra", (None, Some(b)), None));
            }
            _ => {}
        }
    }

    fn calls(&self, a: &Exchange, b: &Exchange, out: &mut Vec<Difference>) {
        if !near(a.at, b.at) {
            let late = b.at.since(a.at).s();
            let mut told = self.told(a.at, "time", (Some(a), Some(b)), Some(Gap::seconds(late)));
            (told.expected, told.found) = (a.at.to_ocpp(), b.at.to_ocpp());
            out.push(told);
        }
        let lines = (Some(a.line), Some(b.line));
        let at = a.at.min(b.at);
        out.extend(
            odds(&a.request, &b.request).into_iter().map(|it| self.odd(at, "request", it, lines)),
        );
    }

    fn answers(&self, a: &Exchange, b: &Exchange, out: &mut Vec<Difference>) {
        let (asked, lines) = (a.at, (Some(a.line), Some(b.line)));
        match (&a.answer, &b.answer) {
            (Some(x), Some(y)) => {
                let lines = (Some(x.line), Some(y.line));
                let late = y.at.since(b.at).s() - x.at.since(a.at).s();
                if late.abs() > SAME.s() {
                    let took = |took: Span| format!("after {took}");
                    out.push(Difference {
                        expected: took(x.at.since(a.at)),
                        found: took(y.at.since(b.at)),
                        lines,
                        ..self.told(asked, "answer time", (None, None), Some(Gap::seconds(late)))
                    });
                }
                if x.error != y.error {
                    let kind = |error| if error { "CALLERROR" } else { "CALLRESULT" };
                    out.push(Difference {
                        expected: kind(x.error).to_owned(),
                        found: format!("{} {}", kind(y.error), short(&y.body)),
                        lines,
                        ..self.told(asked, "answer", (None, None), None)
                    });
                } else {
                    let told = odds(&x.body, &y.body).into_iter();
                    out.extend(told.map(|it| self.odd(x.at, "answer", it, lines)));
                }
            }
            (Some(x), None) => out.push(Difference {
                expected: short(&x.body),
                found: "no answer".to_owned(),
                lines,
                ..self.told(asked, "answer", (None, None), None)
            }),
            (None, Some(y)) => out.push(Difference {
                expected: "no answer".to_owned(),
                found: short(&y.body),
                lines,
                ..self.told(asked, "answer", (None, None), None)
            }),
            (None, None) => {}
        }
    }

    fn odd(&self, at: Time, part: &str, odd: Odd, lines: (Option<u64>, Option<u64>)) -> Difference {
        let Odd { pointer, expected, found, gap } = odd;
        let field = format!("{part}{pointer}");
        Difference { expected, found, lines, ..self.told(at, &field, (None, None), gap) }
    }

    fn told(&self, at: Time, field: &str, pair: Pair<'_>, gap: Option<Gap>) -> Difference {
        let said = |it: Option<&Exchange>| it.map_or("nothing".to_owned(), |it| short(&it.request));
        Difference {
            level: Level::Protocol,
            point: Some(self.point.to_owned()),
            connector: self.slot.connector,
            transaction: self.slot.transaction,
            at,
            subject: self.slot.action.to_string(),
            field: field.to_owned(),
            expected: said(pair.0),
            found: said(pair.1),
            gap,
            lines: (pair.0.map(|it| it.line), pair.1.map(|it| it.line)),
        }
    }
}

fn short(body: &serde_json::Value) -> String {
    let text = body.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
