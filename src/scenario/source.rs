//! The text of a file, its name, and the way from a byte span to a line and a column.

use std::ops::Range;

use super::diagnostic::{Diagnostic, Excerpt, Level};

/// Bytes of a line that a problem shows at most before and after its place.
const BEFORE_CARET: usize = 400;
const AFTER_CARET: usize = 400;

/// A named text. Overrides change the text but not the line numbers of what they leave alone.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    edits: Vec<Edit>,
}

/// A part of the text that an override wrote.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    /// Where the new text stands.
    pub(super) range: Range<usize>,
    /// Where the value of the override stands, inside `range`.
    pub(super) value: Range<usize>,
    /// Line breaks that the edit added to the text, or removed from it if negative.
    pub(super) lines_added: isize,
    /// The override as the user wrote it.
    pub(super) assignment: String,
}

impl Source {
    /// A text and the name under which problems report it, usually the path as the user gave it.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned(), edits: Vec::new() }
    }

    /// A text from the bytes of a file; a byte order mark at its beginning is left out.
    ///
    /// # Errors
    /// When the bytes are not UTF-8: the place of the first that is not, and what to do.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Source, Box<Diagnostic>> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Source::new(name, text)),
            Err(error) => Err(Box::new(not_text(name, bytes, error.valid_up_to()))),
        }
    }

    /// The name given to [`Source::new`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text, overrides included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file's name without folders and extension.
    #[must_use]
    pub fn stem(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        file.rsplit_once('.').map_or(file, |(stem, _)| if stem.is_empty() { file } else { stem })
    }

    /// Line and column of a byte offset, both counted from 1, columns in characters.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = self.boundary(offset);
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let added: isize = self
            .edits
            .iter()
            .filter(|edit| edit.range.end <= offset)
            .map(|edit| edit.lines_added)
            .sum();
        let line = 1 + before.matches('\n').count();
        (line.saturating_add_signed(-added).max(1), before[line_start..].chars().count() + 1)
    }

    /// A diagnostic about `span`. A span inside an override is reported against the override.
    pub(super) fn diagnostic(&self, level: Level, span: Range<usize>, message: &str) -> Diagnostic {
        if let Some(edit) = self.edits.iter().find(|edit| inside(&edit.range, &span)) {
            return about_override(edit, level, &span, message);
        }
        let start = self.boundary(span.start);
        let (line, column) = self.line_column(start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        // Of a very long line only what is around the caret, in characters as they come.
        let first = self.boundary(start.saturating_sub(BEFORE_CARET).max(line_start));
        let last = self.boundary(line_end.min(start + AFTER_CARET));
        let text = self.text[first..last].trim_end_matches('\r');
        let end = self.boundary(span.end.max(start)) - first;
        let from = (start - first).min(text.len());
        let excerpt =
            Excerpt { text: text.to_owned(), line, range: from..end.clamp(from, text.len()) };
        Diagnostic::new(level, &self.name, (line, column), message, excerpt)
    }

    /// Replaces `range` by `new`; `value` is where the override's value stands within `new`.
    pub(super) fn edited(
        &self,
        range: Range<usize>,
        new: &str,
        value: Range<usize>,
        assignment: &str,
    ) -> Source {
        let mut text = String::with_capacity(self.text.len() + new.len());
        text.push_str(&self.text[..range.start]);
        text.push_str(new);
        text.push_str(&self.text[range.end..]);
        let moved = |at: usize| if at >= range.end { at - range.len() + new.len() } else { at };
        let mut edits: Vec<Edit> = self
            .edits
            .iter()
            .map(|edit| Edit {
                range: moved(edit.range.start)..moved(edit.range.end),
                value: moved(edit.value.start)..moved(edit.value.end),
                ..edit.clone()
            })
            .collect();
        let breaks = |text: &str| text.matches('\n').count() as isize;
        edits.insert(
            0,
            Edit {
                range: range.start..range.start + new.len(),
                value: range.start + value.start..range.start + value.end,
                lines_added: breaks(new) - breaks(&self.text[range]),
                assignment: assignment.replace(['\n', '\r'], " "),
            },
        );
        Source { name: self.name.clone(), text, edits }
    }

    /// The nearest character boundary at or before `offset`.
    fn boundary(&self, offset: usize) -> usize {
        (0..=offset.min(self.text.len()))
            .rev()
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or_default()
    }
}

/// The problem of a file that is no text, at its first wrong byte.
fn not_text(name: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let shown = bytes.len().min(at + AFTER_CARET);
    let source = Source::new(name, &String::from_utf8_lossy(&bytes[..shown]));
    let byte = bytes[at];
    let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
    let mut problem = source.diagnostic(Level::Error, span, "the file is not UTF-8 text");
    let utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    problem.label(&format!("byte 0x{byte:02x} here")).help(if utf_16 {
        "it looks like UTF-16: save it again with the encoding UTF-8"
    } else if bytes.contains(&0) {
        "it looks like a binary file: name a text file, as scenarios are TOML"
    } else {
        "save it again with the encoding UTF-8"
    });
    problem
}

fn inside(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && !outer.is_empty()
}

fn about_override(edit: &Edit, level: Level, span: &Range<usize>, message: &str) -> Diagnostic {
    let text = &edit.assignment;
    let equals = text.find('=').unwrap_or(text.len());
    let value = (equals + 1).min(text.len());
    let range = if inside(&edit.value, span) { value..text.len() } else { 0..equals };
    let column = text[..range.start].chars().count() + 1;
    let excerpt = Excerpt { text: text.clone(), line: 1, range };
    Diagnostic::new(level, "--set", (1, column), message, excerpt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let source = Source::new("dir/a.b.toml", "a\näö x\n");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column("a\näö ".len()), (2, 4));
        assert_eq!(source.line_column(10_000), (3, 1));
        assert_eq!(source.stem(), "a.b");
    }

    #[test]
    fn an_edit_keeps_the_line_numbers_of_the_rest() {
        let source = Source::new("a.toml", "[site]\nx = 1\ny = 2\n");
        let edited = source.edited(7..7, "z = 3\n", 4..5, "site.z=3");
        assert_eq!(edited.text(), "[site]\nz = 3\nx = 1\ny = 2\n");
        let y = edited.text().find('y').expect("still there");
        assert_eq!(edited.line_column(y), (3, 1));
        let about = edited.diagnostic(Level::Error, 11..12, "too large");
        assert_eq!((about.file(), about.column()), ("--set", 8));
    }

    #[test]
    fn bytes_become_text_or_a_problem_with_a_place() {
        let marked = Source::from_bytes("a.toml", b"\xef\xbb\xbfx = 1").expect("UTF-8");
        assert_eq!(marked.text(), "x = 1");
        let problem = |bytes| Source::from_bytes("a.toml", bytes).expect_err("not UTF-8");
        let latin = problem(b"x = 1\ny = 'caf\xe9'\n");
        assert_eq!((latin.line(), latin.column()), (2, 9));
        assert!(latin.to_string().contains("byte 0xe9"), "{latin}");
        assert!(problem(b"\xff\xfen\0").to_string().contains("UTF-16"));
        assert!(problem(b"\x7fELF\0\xff").to_string().contains("binary"));
    }

    #[test]
    fn a_problem_in_a_very_long_line_carries_only_its_surroundings() {
        let line = "ä".repeat(100_000);
        let source = Source::new("a.toml", &line);
        let problem = source.diagnostic(Level::Error, 100_001..100_003, "odd");
        assert_eq!(problem.column(), 50_001);
        assert!(problem.to_string().len() < 2_000, "{}", problem.to_string().len());
    }
}
