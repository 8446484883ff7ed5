//! "Did you mean": the known name nearest to a misspelt one.

/// The nearest of `known` by edit distance, if it is near enough to be a likely slip: at most a
/// third of the letters, and at least one, may differ. Case and the choice of `-`, `_` or blank do
/// not count.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word);
    let allowed = (word.len() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(&word, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", or the list of what is known.
pub(super) fn hint(word: &str, what: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => format!("no {what} is known here"),
        None => format!("known {what}: {}", listed(known)),
    }
}

/// Names for a sentence, shortened when there are very many.
pub(super) fn listed(names: &[&str]) -> String {
    const MOST: usize = 32;
    let shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn folded(word: &str) -> Vec<char> {
    word.chars()
        .take(64)
        .map(|c| if c == '-' || c == ' ' { '_' } else { c.to_ascii_lowercase() })
        .collect()
}

/// Edits from one word to the other; a swap of two neighbours is one edit (optimal string
/// alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut cost = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = above;
        above = row;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word_and_other_words_find_nothing() {
        let known = ["max_power_kw", "reserve_kw", "strategy"];
        assert_eq!(nearest("max_pwoer_kw", known), Some("max_power_kw"));
        assert_eq!(nearest("Max-Power kW", known), Some("max_power_kw"));
        assert_eq!(nearest("reserve", known), None, "three letters of seven are too many");
        assert_eq!(nearest("stratgy", known), Some("strategy"));
        assert_eq!(nearest("", known), None);
    }
}
