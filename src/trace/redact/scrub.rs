//! Finds secrets within texts: known ones, and what is one by its shape.

use std::ops::Range;

use super::canaries::unquoted;
use super::edit::Edit;
use super::kind::Kind;
use super::names::{self, Says};
use super::shapes;
use super::walk::Sink;

/// What stands between the words of a text.
const BETWEEN: [char; 15] =
    ['"', '\'', '<', '>', '(', ')', '{', '}', '[', ']', '|', ';', '`', '\u{a0}', '\u{feff}'];
/// What may follow a word without being part of it.
const BEHIND: [char; 5] = ['.', ',', ':', '!', '?'];
/// Segments of paths that tell nobody anything.
const PATHS: [&str; 14] = [
    "ocpp",
    "ocpp1.6",
    "ocpp16",
    "ws",
    "wss",
    "websocket",
    "api",
    "v1",
    "v16",
    "firmware",
    "diagnostics",
    "logs",
    "upload",
    "1.6",
];

/// A text that people or programs wrote.
pub(super) fn text(sink: &mut dyn Sink, text: &str, place: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    if let Some(block) = shapes::pem(text) {
        let new = sink.found(Kind::Certificate, &text[block.clone()], place);
        edits.extend(new.map(|new| Edit { span: block, new }));
    }
    for word in words(text) {
        if edits.iter().all(|edit| edit.span.end <= word.start || word.end <= edit.span.start) {
            edits.extend(shift(self::word(sink, &text[word.clone()], place), word.start));
        }
    }
    let mut others = sink.known_within(text);
    others.retain(|(range, _)| {
        edits.iter().all(|edit| edit.span.end <= range.start || range.end <= edit.span.start)
    });
    edits.extend(replaced(sink, text, others, place));
    edits.sort_by_key(|edit| edit.span.start);
    edits
}

/// Puts pseudonyms in place of what was found.
pub(super) fn replaced(
    sink: &mut dyn Sink,
    text: &str,
    found: Vec<(Range<usize>, Kind)>,
    place: &str,
) -> Vec<Edit> {
    let edits = found.into_iter().filter_map(|(span, kind)| {
        let new = sink.found(kind, &text[span.clone()], place)?;
        Some(Edit { span, new })
    });
    edits.collect()
}

/// A URL, or a host with or without a path: user, password, host, path and query are each of a kind; scheme and
/// port stay.
pub(super) fn url(sink: &mut dyn Sink, text: &str, place: &str) -> Vec<Edit> {
    let start = text.find("://").map_or(0, |at| at + 3);
    let path = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    let mut edits = Vec::new();
    let put = |sink: &mut dyn Sink, edits: &mut Vec<Edit>, kind: Kind, span: Range<usize>| {
        let new = sink.found(kind, &text[span.clone()], place);
        edits.extend(new.map(|new| Edit { span, new }));
    };
    let mut host = start..path;
    if let Some(at) = text[host.clone()].rfind('@') {
        let user = start..start + at;
        match text[user.clone()].find(':') {
            Some(colon) => {
                put(sink, &mut edits, Kind::Person, start..start + colon);
                put(sink, &mut edits, Kind::Secret, start + colon + 1..user.end);
            }
            None => put(sink, &mut edits, Kind::Person, user.clone()),
        }
        host.start = user.end + 1;
    }
    let bracketed = text[host.clone()].starts_with('[');
    if bracketed && let Some(end) = text[host.clone()].find(']') {
        host = host.start + 1..host.start + end;
    } else if shapes::ip(&text[host.clone()]).is_none()
        && let Some(colon) = text[host.clone()].rfind(':')
    {
        host.end = host.start + colon;
    }
    let name = &text[host.clone()];
    match shapes::ip(name) {
        Some(ip) if shapes::is_nobody(ip) => {}
        Some(_) => put(sink, &mut edits, Kind::Address, host),
        None if name.eq_ignore_ascii_case("localhost") || name.is_empty() => {}
        None => {
            let kind = sink.known(name).unwrap_or(Kind::Host);
            put(sink, &mut edits, kind, host);
        }
    }
    let end = text[path..].find(['?', '#']).map_or(text.len(), |at| path + at);
    let mut at = path;
    for segment in text[path..end].split('/') {
        let span = at..at + segment.len();
        at = span.end + 1;
        let said = String::from_utf8_lossy(&unquoted(segment.as_bytes())).into_owned();
        let known = sink.known(&said).or_else(|| shapes::of_word(&said));
        let plain = PATHS.iter().any(|it| it.eq_ignore_ascii_case(segment)) || segment.is_empty();
        match known {
            // As it is said elsewhere, so that it is the same.
            Some(kind) => {
                edits.extend(sink.found(kind, &said, place).map(|new| Edit { span, new }));
            }
            None if plain => {}
            None if sink.takes_texts_whole() => put(sink, &mut edits, Kind::Text, span),
            None if said != segment && !sink.known_within(&said).is_empty() => {
                put(sink, &mut edits, Kind::Text, span);
            }
            None => {
                for (inner, kind) in sink.known_within(segment) {
                    let inner = span.start + inner.start..span.start + inner.end;
                    put(sink, &mut edits, kind, inner);
                }
            }
        }
    }
    if text.len() > end + 1 {
        put(sink, &mut edits, Kind::Text, end + 1..text.len());
    }
    edits
}

/// A word, and what it says of what follows its sign of equality.
fn word(sink: &mut dyn Sink, text: &str, place: &str) -> Vec<Edit> {
    if text.contains("://") {
        return url(sink, text, place);
    }
    if let Some(kind) = shapes::of_word(text) {
        if kind == Kind::Address && shapes::ip(text).is_some_and(shapes::is_nobody) {
            return Vec::new();
        }
        return replaced(sink, text, vec![(0..text.len(), kind)], place);
    }
    if let Some(new) = sink.instant(text) {
        return vec![Edit { span: 0..text.len(), new }];
    }
    let Some(at) = text.find(['=', ':']) else { return Vec::new() };
    let (name, value) = (&text[..at], &text[at + 1..]);
    match names::of_field(name, true) {
        _ if value.is_empty() => Vec::new(),
        Says::Kind(kind) if kind != Kind::Text => {
            replaced(sink, text, vec![(at + 1..text.len(), kind)], place)
        }
        Says::Url => shift(url(sink, value, place), at + 1),
        _ => shift(word(sink, value, place), at + 1),
    }
}

fn shift(edits: Vec<Edit>, by: usize) -> Vec<Edit> {
    let moved = edits
        .into_iter()
        .map(|edit| Edit { span: edit.span.start + by..edit.span.end + by, ..edit });
    moved.collect()
}

/// The words of a text, without what surrounds them.
fn words(text: &str) -> Vec<Range<usize>> {
    let between = |it: char| it.is_whitespace() || BETWEEN.contains(&it);
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.split(between) {
        let end = at + part.len();
        let bare = part.trim_end_matches(BEHIND);
        if !bare.is_empty() {
            words.push(at..at + bare.len());
        }
        at = end + text[end..].chars().next().map_or(0, char::len_utf8);
    }
    words
}
