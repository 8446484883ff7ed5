//! A table of the file after its keys and values were checked against a table of keys.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;
use toml::de::{DeTable, DeValue};

use super::problems::Problems;
use super::value;
use crate::scenario::keys::{Key, Kind, Presence, Table, home_of};
use crate::scenario::quantity::{Instant, Moment};
use crate::scenario::source::Source;
use crate::scenario::suggest;
use crate::time::Span;
use crate::vehicle::Acceptance;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A checked value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
    Number(f64),
    Whole(i64),
    Span(Span),
    Instant(Instant),
    Moment(Moment),
    Zone(TimeZone),
    Texts(Vec<Located<String>>),
    Weights(Vec<(Located<String>, u32)>),
    Acceptance(Acceptance),
    Record(Record),
    Records(Vec<Record>),
    Named(Vec<(Located<String>, Record)>),
}

/// The checked values of a table, defaults filled in. A value that was wrong is absent, and so is
/// an optional one that was not written; both cases read as `None`.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The header of the table, or the whole of an inline table.
    pub(super) span: Range<usize>,
    pub(super) table: &'static Table,
    written: BTreeMap<&'static str, Range<usize>>,
    /// Whether the table has no keys at all, known or unknown.
    blank: bool,
    values: BTreeMap<&'static str, Value>,
}

macro_rules! getters {
    ($($name:ident: $variant:ident -> $type:ty;)*) => {
        $(pub(super) fn $name(&self, key: &str) -> Option<$type> {
            match self.values.get(key) {
                Some(Value::$variant(value)) => Some(value.clone()),
                _ => None,
            }
        })*
    };
}

impl Record {
    /// Checks a table against its keys. Every problem is reported; what is right is kept.
    pub(super) fn read(
        table: &'static Table,
        toml: &DeTable<'_>,
        span: Range<usize>,
        problems: &mut Problems<'_>,
    ) -> Record {
        let (written, values) = (BTreeMap::new(), BTreeMap::new());
        let mut record = Record { span, table, written, blank: toml.is_empty(), values };
        let mut meant = Vec::new();
        for (name, value) in toml {
            match table.key(name.get_ref()) {
                Some(key) => {
                    record.written.insert(key.name, value.span());
                    if let Some(value) = value::read(key, value, problems) {
                        record.values.insert(key.name, value);
                    }
                }
                None => meant.extend(unknown_key(table, name.get_ref(), name.span(), problems)),
            }
        }
        for key in table.keys {
            // A key that is there under a misspelt name is not missing too.
            if !record.written.contains_key(key.name) && !meant.contains(&key.name) {
                record.fill(key, problems);
            }
        }
        record
    }

    fn fill(&mut self, key: &'static Key, problems: &mut Problems<'_>) {
        match key.presence {
            Presence::Optional => {}
            Presence::Default => {
                if let Some(value) = default_value(key) {
                    self.values.insert(key.name, value);
                }
            }
            Presence::Required => {
                let title = self.table.title;
                let name = key.name;
                let help = match key.kind {
                    Kind::Table(_) => format!("add a table that begins with `[{name}]`"),
                    Kind::Tables(_) | Kind::Arrivals(_) => {
                        format!("add a table that begins with `[[{name}]]`")
                    }
                    _ => format!("add for example `{name} = {}`", key.example),
                };
                problems
                    .error(self.span.clone(), &format!("{title} lacks `{name}`"))
                    .label(&format!("`{name}` is required here"))
                    .help(&help);
            }
        }
    }

    /// Whether the file has this key, rightly or wrongly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.written.contains_key(key)
    }

    /// Whether the table has no keys at all.
    pub(super) fn is_blank(&self) -> bool {
        self.blank
    }

    /// Whether the value of this key is a list, and an empty one.
    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some(Value::Records(records)) if records.is_empty())
    }

    /// Where the value of this key stands; the table's place if it was not written.
    pub(super) fn at(&self, key: &str) -> Range<usize> {
        self.written.get(key).unwrap_or(&self.span).clone()
    }

    getters! {
        text: Text -> String;
        flag: Flag -> bool;
        number: Number -> f64;
        whole: Whole -> i64;
        lasting: Span -> Span;
        instant: Instant -> Instant;
        moment: Moment -> Moment;
        zone: Zone -> TimeZone;
        acceptance: Acceptance -> Acceptance;
    }

    /// A list of texts; empty if there is none.
    pub(super) fn texts(&self, key: &str) -> &[Located<String>] {
        match self.values.get(key) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// Identities and their weights; empty if there are none.
    pub(super) fn weights(&self, key: &str) -> &[(Located<String>, u32)] {
        match self.values.get(key) {
            Some(Value::Weights(weights)) => weights,
            _ => &[],
        }
    }

    pub(super) fn record(&self, key: &str) -> Option<&Record> {
        match self.values.get(key) {
            Some(Value::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// A list of tables; empty if there is none.
    pub(super) fn records(&self, key: &str) -> &[Record] {
        match self.values.get(key) {
            Some(Value::Records(records)) => records,
            _ => &[],
        }
    }

    /// A table of named tables; empty if there is none.
    pub(super) fn named(&self, key: &str) -> &[(Located<String>, Record)] {
        match self.values.get(key) {
            Some(Value::Named(named)) => named,
            _ => &[],
        }
    }
}

/// The default of a key, read from its TOML text like a value of a file.
fn default_value(key: &'static Key) -> Option<Value> {
    let source = Source::new("default", key.example);
    let toml = DeValue::parse(key.example).ok()?;
    value::read(key, &toml, &mut Problems::new(&source))
}

/// Reports an unknown key; returns the key that was probably meant.
fn unknown_key(
    table: &'static Table,
    name: &str,
    span: Range<usize>,
    problems: &mut Problems<'_>,
) -> Option<&'static str> {
    let names = table.names();
    let near = suggest::nearest(name, names.iter().copied());
    let help = match (near, home_of(name)) {
        (None, Some(home)) => format!("`{name}` belongs in {home}"),
        _ => suggest::hint(name, "keys", &names),
    };
    problems
        .error(span, &format!("unknown key `{name}` in {}", table.title))
        .label("not known here")
        .help(&help);
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::keys::{ROOT, TWO_STAGE};

    fn with_inner(table: &'static Table, tables: &mut Vec<&'static Table>) {
        tables.push(table);
        for key in table.keys {
            match &key.kind {
                Kind::Table(inner) | Kind::Tables(inner) | Kind::Named(inner) => {
                    with_inner(inner, tables);
                }
                Kind::Arrivals(forms) => forms.iter().for_each(|form| with_inner(form, tables)),
                _ => {}
            }
        }
    }

    #[test]
    fn every_example_and_default_of_every_key_is_valid() {
        let mut tables = vec![&TWO_STAGE];
        with_inner(&ROOT, &mut tables);
        assert_eq!(tables.len(), 20);
        for table in tables {
            for key in table.keys {
                let source = Source::new("example", key.example);
                let toml = DeValue::parse(key.example).expect("examples are TOML");
                let mut problems = Problems::new(&source);
                let value = value::read(key, &toml, &mut problems);
                let found = problems.sorted();
                assert!(found.is_empty() && value.is_some(), "{}: {found:?}", key.name);
                let named = matches!(key.kind, Kind::Table(_) if key.presence == Presence::Default);
                assert!(!named || key.example == "{}", "a default table is the empty one");
            }
        }
    }
}
