//! Checks one value against the kind its key asks for.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problems::Problems;
use super::record::{Located, Record, Value};
use crate::scenario::keys::{DAILY_PEAK, Key, Kind, POISSON, SESSIONS, TWO_STAGE, Table};
use crate::scenario::quantity::{
    self, Misread, parse_instant, parse_moment, parse_span, parse_time_of_day, parse_zone,
};
use crate::scenario::suggest;
use crate::time::Span;
use crate::vehicle::Acceptance;

/// Reads the value of `key`; reports what is wrong with it and returns nothing then.
pub(super) fn read(
    key: &Key,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems<'_>,
) -> Option<Value> {
    let span = value.span();
    match (&key.kind, value.get_ref()) {
        (Kind::Text | Kind::Name { .. }, DeValue::String(text)) => {
            some_text(key, text, span, problems).map(Value::Text)
        }
        (Kind::Choice { what, names }, DeValue::String(text)) => {
            choice(what, &names(), text, span, problems).map(Value::Text)
        }
        (Kind::Flag, DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
        (Kind::Number { min, max, unit }, DeValue::Integer(_) | DeValue::Float(_)) => {
            let number = number_of(value.get_ref())?;
            in_range(key, number, (*min, *max), unit, span, problems).map(Value::Number)
        }
        (Kind::Whole { min, max, unit }, DeValue::Integer(integer)) => {
            let number = number_of(value.get_ref())?;
            in_range(key, number, (*min as f64, *max as f64), unit, span, problems)?;
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(Value::Whole)
        }
        (Kind::Acceptance, _) => acceptance(key, value, problems).map(Value::Acceptance),
        (Kind::TextList | Kind::Quirks, DeValue::Array(items)) => texts(key, items, problems),
        (Kind::Weights, DeValue::Table(toml)) => weights(key, toml, span, problems),
        (Kind::Table(table), DeValue::Table(toml)) => {
            Some(Value::Record(Record::read(table, toml, span, problems)))
        }
        (Kind::Tables(table), DeValue::Array(items)) => {
            tables(key, items, problems, |_, _, _| Some(*table))
        }
        (Kind::Arrivals(_), DeValue::Array(items)) => tables(key, items, problems, arrivals_form),
        (Kind::Named(table), DeValue::Table(toml)) => named(key, table, toml, problems),
        _ => match written(value.get_ref()) {
            Some(text) => timed(key, &text, value, problems),
            None => {
                wrong_type(key, value, problems);
                None
            }
        },
    }
}

/// Kinds that are written as texts with units; bare numbers and TOML date-times count as texts.
fn timed(
    key: &Key,
    text: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems<'_>,
) -> Option<Value> {
    let (read, what) = match &key.kind {
        Kind::Duration { min_s, max_s } => {
            let span =
                parse_span(text).map(|span| lasting(key, span, (*min_s, *max_s), value, problems));
            (span.map(|span| span.map(Value::Span)), "a duration")
        }
        Kind::Instant => {
            (parse_instant(text, None).map(|at| Some(Value::Instant(at))), "a date-time")
        }
        Kind::Moment => (parse_moment(text).map(|at| Some(Value::Moment(at))), "an instant"),
        Kind::TimeOfDay => {
            (parse_time_of_day(text).map(|at| Some(Value::Span(at))), "a time of day")
        }
        Kind::TimeZone => (parse_zone(text).map(|zone| Some(Value::Zone(zone))), "a time zone"),
        _ => {
            wrong_type(key, value, problems);
            return None;
        }
    };
    read.unwrap_or_else(|Misread { cause, help }| {
        problems
            .error(value.span(), &format!("`{}` is not {what}", key.name))
            .label(&cause)
            .help(&help);
        None
    })
}

fn lasting(
    key: &Key,
    span: Span,
    (min_s, max_s): (i64, i64),
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems<'_>,
) -> Option<Span> {
    if (Span::from_s(min_s)..=Span::from_s(max_s)).contains(&span) {
        return Some(span);
    }
    let [found, min, max] =
        [span, Span::from_s(min_s), Span::from_s(max_s)].map(quantity::span_text);
    problems
        .error(value.span(), &format!("`{}` is {found}, outside {min} to {max}", key.name))
        .label("out of range")
        .help(&format!("choose a duration from {min} to {max}"));
    None
}

fn in_range(
    key: &Key,
    number: f64,
    (min, max): (f64, f64),
    unit: &str,
    span: Range<usize>,
    problems: &mut Problems<'_>,
) -> Option<f64> {
    if (min..=max).contains(&number) {
        return Some(number);
    }
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    problems
        .error(span, &format!("`{}` is {number}{unit}, outside {min} to {max}{unit}", key.name))
        .label("out of range")
        .help(&format!("choose a value from {min} to {max}{unit}"));
    None
}

fn some_text(
    key: &Key,
    text: &str,
    span: Range<usize>,
    problems: &mut Problems<'_>,
) -> Option<String> {
    if text.trim().is_empty() || text.chars().count() > 200 {
        problems
            .error(span, &format!("`{}` must have 1 to 200 characters", key.name))
            .label(if text.trim().is_empty() { "empty" } else { "too long" })
            .help(&format!("write for example `{} = {}`", key.name, key.example));
        return None;
    }
    Some(text.to_owned())
}

/// A name out of a closed list.
pub(super) fn choice(
    what: &str,
    names: &[String],
    text: &str,
    span: Range<usize>,
    problems: &mut Problems<'_>,
) -> Option<String> {
    if names.iter().any(|name| name == text) {
        return Some(text.to_owned());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    problems
        .error(span, &format!("`{text}` is none of the {what}"))
        .label("unknown name")
        .help(&suggest::hint(text, what, &names));
    None
}

fn texts(key: &Key, items: &DeArray<'_>, problems: &mut Problems<'_>) -> Option<Value> {
    let mut texts = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::String(text) => {
                texts.push(Located { value: text.to_string(), span: item.span() });
            }
            _ => wrong_type(key, item, problems),
        }
    }
    (texts.len() == items.len()).then_some(Value::Texts(texts))
}

fn weights(
    key: &Key,
    toml: &DeTable<'_>,
    span: Range<usize>,
    problems: &mut Problems<'_>,
) -> Option<Value> {
    if toml.is_empty() {
        problems
            .error(span, &format!("`{}` names none", key.name))
            .label("an empty table")
            .help(&format!("write for example `{} = {}`", key.name, key.example));
        return None;
    }
    let mut weights = Vec::new();
    for (name, value) in toml {
        let DeValue::Integer(_) = value.get_ref() else {
            let message = format!("the weight of `{}` is no whole number", name.get_ref());
            problems
                .error(value.span(), &message)
                .label("expected a whole number")
                .help(&format!("write for example `{} = {}`", key.name, key.example));
            continue;
        };
        let Some(number) = number_of(value.get_ref()) else { continue };
        if let Some(weight) = in_range(key, number, (1.0, 1000.0), "", value.span(), problems) {
            let name = Located { value: name.get_ref().to_string(), span: name.span() };
            weights.push((name, weight as u32));
        }
    }
    Some(Value::Weights(weights))
}

fn tables(
    key: &Key,
    items: &DeArray<'_>,
    problems: &mut Problems<'_>,
    form: impl Fn(&DeTable<'_>, Range<usize>, &mut Problems<'_>) -> Option<&'static Table>,
) -> Option<Value> {
    let mut records = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::Table(toml) => {
                let table = form(toml, item.span(), problems);
                records.extend(table.map(|table| Record::read(table, toml, item.span(), problems)));
            }
            _ => wrong_type(key, item, problems),
        }
    }
    Some(Value::Records(records))
}

fn named(
    key: &Key,
    table: &'static Table,
    toml: &DeTable<'_>,
    problems: &mut Problems<'_>,
) -> Option<Value> {
    let mut named = Vec::new();
    for (name, value) in toml {
        match value.get_ref() {
            DeValue::Table(toml) => {
                let name = Located { value: name.get_ref().to_string(), span: name.span() };
                named.push((name, Record::read(table, toml, value.span(), problems)));
            }
            _ => wrong_type(key, value, problems),
        }
    }
    Some(Value::Named(named))
}

/// The form of an `[[arrivals]]` table: by `sessions`, else by `kind`.
fn arrivals_form(
    toml: &DeTable<'_>,
    span: Range<usize>,
    problems: &mut Problems<'_>,
) -> Option<&'static Table> {
    if toml.contains_key("sessions") {
        return Some(&SESSIONS);
    }
    let Some(kind) = toml.get("kind") else {
        problems
            .error(span, "[[arrivals]] lacks `kind` or `sessions`")
            .label("which kind of arrivals?")
            .help("add `kind = \"daily_peak\"`, `kind = \"poisson\"` or `sessions = \"file.csv\"`");
        return None;
    };
    match kind.get_ref().as_str() {
        Some("daily_peak") => Some(&DAILY_PEAK),
        Some("poisson") => Some(&POISSON),
        _ => {
            let key = DAILY_PEAK.key("kind")?;
            read(key, kind, problems);
            None
        }
    }
}

fn acceptance(
    key: &Key,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems<'_>,
) -> Option<Acceptance> {
    match value.get_ref() {
        DeValue::String(text) if text == "ideal" => Some(Acceptance::Ideal),
        DeValue::Table(toml) if toml.contains_key("table") => {
            for name in toml.keys().filter(|name| name.get_ref() != "table") {
                let message = format!("`{}` does not go with an acceptance table", name.get_ref());
                let problem = problems.error(name.span(), &message);
                problem.label("of another form").help("leave only `table`, or leave `table` out");
            }
            curve(toml.get("table")?, problems)
        }
        DeValue::Table(toml) => {
            let record = Record::read(&TWO_STAGE, toml, value.span(), problems);
            Some(Acceptance::TwoStage {
                transition_soc: record.number("transition_soc")?,
                end_share: record.number("end_share")?,
            })
        }
        _ => {
            wrong_type(key, value, problems);
            None
        }
    }
}

fn curve(points: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) -> Option<Acceptance> {
    let pair = |point: &Spanned<DeValue<'_>>| {
        let pair: Vec<_> = point.get_ref().as_array()?.iter().collect();
        match pair.as_slice() {
            [soc, share] => Some((number_of(soc.get_ref())?, number_of(share.get_ref())?)),
            _ => None,
        }
    };
    let items = points.get_ref().as_array();
    let curve: Option<Vec<(f64, f64)>> = items.and_then(|items| items.iter().map(pair).collect());
    let right = |curve: &Vec<(f64, f64)>| {
        let unit = 0.0..=1.0;
        !curve.is_empty()
            && curve.iter().all(|(soc, share)| unit.contains(soc) && unit.contains(share))
            && curve.windows(2).all(|pair| pair[0].0 < pair[1].0)
            && curve.iter().any(|(_, share)| *share > 0.0)
    };
    match curve.filter(right) {
        Some(curve) => Some(Acceptance::Table(curve)),
        None => {
            problems
                .error(points.span(), "the acceptance table is not a curve")
                .label("expected [state of charge, share] pairs from 0 to 1, ascending")
                .help("write for example `acceptance = { table = [[0, 1], [0.6, 1], [1, 0.1]] }`");
            None
        }
    }
}

fn number_of(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(integer) => {
            let digits = integer.as_str();
            let whole = i64::from_str_radix(digits, integer.radix()).map(|whole| whole as f64);
            // What overflows is out of every range, and is reported as such.
            Some(whole.or_else(|_| digits.parse()).unwrap_or(f64::INFINITY))
        }
        DeValue::Float(float) => Some(float.as_str().parse().unwrap_or(f64::NAN)),
        _ => None,
    }
}

/// The text of a value whose kind is written as text, date-times and bare numbers included.
fn written(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Datetime(at) => Some(at.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

fn wrong_type(key: &Key, value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) {
    let found = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date-time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let expected = expected(&key.kind);
    let name = key.name;
    let quoted = value.get_ref().as_str().filter(|text| text.parse::<f64>().is_ok());
    let help = match (&key.kind, value.get_ref(), quoted) {
        (Kind::Number { .. } | Kind::Whole { .. }, _, Some(number)) => {
            format!("remove the quotes: `{name} = {number}`")
        }
        (Kind::Tables(_) | Kind::Arrivals(_), DeValue::Table(_), _) => {
            format!("write the header with double brackets: `[[{name}]]`")
        }
        (Kind::Table(_), DeValue::Array(_), _) => {
            format!("write the header once, with single brackets: `[{name}]`")
        }
        _ => format!("write for example `{name} = {}`", key.example),
    };
    problems
        .error(value.span(), &format!("`{name}` must be {expected}, but is {found}"))
        .label(&format!("expected {expected}"))
        .help(&help);
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Name { .. } | Kind::Choice { .. } => "a text",
        Kind::Flag => "true or false",
        Kind::Number { .. } => "a number",
        Kind::Whole { .. } => "a whole number",
        Kind::Duration { .. } => "a duration",
        Kind::Instant => "a date-time",
        Kind::Moment => "an instant",
        Kind::TimeOfDay => "a time of day",
        Kind::TimeZone => "the name of a time zone",
        Kind::TextList | Kind::Quirks => "a list of texts",
        Kind::Acceptance => "\"ideal\" or a table",
        Kind::Table(_) => "a table",
        Kind::Tables(_) | Kind::Arrivals(_) => "a list of tables",
        Kind::Named(_) => "a table of tables",
        Kind::Weights => "a table of weights",
    }
}
