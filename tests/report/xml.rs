//! A small checker: tags nest and close, attributes are quoted and unique, entities are known.

/// Panics with the place when `text` is not well-formed.
pub(crate) fn check(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    let mut roots = 0;
    while let Some(start) = rest.find('<') {
        content(&rest[..start], !open.is_empty());
        let end =
            rest[start..].find('>').unwrap_or_else(|| panic!("no end: {}", head(rest))) + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('?') {
            assert!(tag.ends_with('?') && roots == 0, "{tag}");
        } else if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed before {}", head(rest));
        } else {
            let name = element(tag.strip_suffix('/').unwrap_or(tag));
            roots += usize::from(open.is_empty());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
    }
    content(rest, false);
    assert!(open.is_empty() && roots == 1, "still open: {open:?}, {roots} roots");
}

fn head(text: &str) -> &str {
    let end = text.char_indices().nth(80).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

fn content(text: &str, allowed: bool) {
    assert!(allowed || text.trim().is_empty(), "text outside the root: {}", head(text));
    entities(text);
}

fn entities(text: &str) {
    for part in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|e| part.starts_with(e));
        assert!(known, "unknown entity: &{}", head(part));
    }
    let control = |c: char| c < ' ' && !['\t', '\n', '\r'].contains(&c);
    assert!(!text.contains(control), "control character: {}", head(text));
}

/// Checks name and attributes of a start tag and returns the name.
fn element(tag: &str) -> &str {
    let tag = tag.trim_end();
    let (name, mut rest) = tag.split_at(tag.find(' ').unwrap_or(tag.len()));
    assert!(
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
        "{tag}"
    );
    let mut seen = Vec::new();
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let (key, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("attribute: {tag}"));
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("quote: {tag}"));
        assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{key} in {tag}");
        assert!(!seen.contains(&key), "{key} twice in {tag}");
        assert!(!value.contains('<'), "{tag}");
        entities(value);
        seen.push(key);
        rest = after;
    }
    name
}

#[test]
fn the_checker_finds_what_it_is_for() {
    check("<?xml version=\"1.0\"?>\n<a b=\"1\"><c/>x &lt; y</a>\n");
    for broken in
        ["<a>", "<a></b>", "<a b=1/>", "<a>&nbsp;</a>", "<a/><b/>", "<a b=\"1\" b=\"2\"/>", "x<a/>"]
    {
        assert!(std::panic::catch_unwind(|| check(broken)).is_err(), "{broken}");
    }
}
