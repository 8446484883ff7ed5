//! Secrets that a trace names somewhere, found again wherever else they stand.

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::kind::Kind;

/// Shorter secrets are looked for as words of their own only.
const ANYWHERE: usize = 6;
/// Shorter secrets stand for nothing in a text: `1` is a connector more often than a tag.
const SHORTEST: usize = 3;
/// Numbers with fewer digits are more often something else.
const SHORTEST_NUMBER: usize = 4;

/// The secrets of a trace.
#[derive(Debug, Default)]
pub(super) struct Known {
    kinds: BTreeMap<String, Kind>,
    search: Option<(AhoCorasick, Vec<Kind>)>,
}

impl Known {
    /// Remembers one.
    pub(super) fn put(&mut self, kind: Kind, text: &str) {
        let skipped = matches!(kind, Kind::Text | Kind::Message | Kind::Position);
        let number = text.parse::<i64>().is_ok_and(|it| it <= 0);
        if skipped || number || text.is_empty() {
            return;
        }
        match self.kinds.get_mut(text) {
            Some(known) => *known = kind.min(*known),
            None => drop(self.kinds.insert(text.to_owned(), kind)),
        }
    }

    /// Everything is remembered now: texts can be searched.
    ///
    /// # Errors
    /// When there are more secrets than a search can hold.
    pub(super) fn seal(&mut self) -> Result<(), String> {
        let long = |text: &str| match text.bytes().all(|it| it.is_ascii_digit()) {
            true => text.len() >= SHORTEST_NUMBER,
            false => text.len() >= SHORTEST,
        };
        let searched = || self.kinds.iter().filter(|(text, _)| long(text));
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(searched().map(|(text, _)| text));
        let search = built.map_err(|error| error.to_string())?;
        self.search = Some((search, searched().map(|(_, kind)| *kind).collect()));
        Ok(())
    }

    /// What a whole text is.
    pub(super) fn whole(&self, text: &str) -> Option<Kind> {
        self.kinds.get(text).copied()
    }

    /// Where secrets stand in a text, in order and apart from one another.
    pub(super) fn within(&self, text: &str) -> Vec<(Range<usize>, Kind)> {
        let Some((search, kinds)) = &self.search else { return Vec::new() };
        let found = search.find_iter(text).filter(|it| {
            let inside = &text[it.range()];
            let digits = inside.bytes().all(|it| it.is_ascii_digit());
            let alone = |it: Option<char>| match digits {
                true => it.is_none_or(|it| !it.is_ascii_digit()),
                false => inside.len() >= ANYWHERE || it.is_none_or(|it| !it.is_alphanumeric()),
            };
            alone(text[..it.start()].chars().next_back()) && alone(text[it.end()..].chars().next())
        });
        found.map(|it| (it.range(), kinds[it.pattern().as_usize()])).collect()
    }

    /// How many of each kind there are.
    pub(super) fn counts(&self) -> BTreeMap<Kind, u64> {
        let mut counts = BTreeMap::new();
        for kind in self.kinds.values() {
            *counts.entry(*kind).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_where_they_are_meant() {
        let mut known = Known::default();
        known.put(Kind::Tag, "AB1");
        known.put(Kind::Point, "station-7");
        known.put(Kind::Transaction, "4711");
        known.put(Kind::Transaction, "12");
        known.put(Kind::Serial, "x");
        known.seal().unwrap();
        let found = |text: &str| {
            let all = known.within(text);
            all.into_iter().map(|(range, kind)| (text[range].to_owned(), kind)).collect::<Vec<_>>()
        };
        let tag = ("ab1".to_owned(), Kind::Tag);
        let point = ("STATION-7".to_owned(), Kind::Point);
        let transaction = ("4711".to_owned(), Kind::Transaction);
        assert_eq!(found("ab1 at xSTATION-7y"), [tag, point]);
        assert_eq!(found("AB12, 14711, x, 12"), []);
        assert_eq!(found("id=4711;"), [transaction]);
        assert_eq!(known.whole("12"), Some(Kind::Transaction));
        assert_eq!(known.whole("ab1"), None);
    }
}
