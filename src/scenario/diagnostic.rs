//! One problem of a file: where, what, why, and what to do about it.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level as Heading, Renderer, Snippet};
use serde::Serialize;

/// Weight of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The scenario cannot run.
    Error,
    /// The scenario runs, but perhaps not as its author means.
    Warning,
}

/// One problem, self-contained: it carries the source line it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    level: Level,
    file: String,
    line: usize,
    column: usize,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip)]
    excerpt: Excerpt,
}

/// The line a problem is about and the bytes of it that are wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) line: usize,
    pub(super) range: Range<usize>,
}

impl Diagnostic {
    pub(super) fn new(
        level: Level,
        file: &str,
        (line, column): (usize, usize),
        message: &str,
        excerpt: Excerpt,
    ) -> Diagnostic {
        Diagnostic {
            level,
            file: file.to_owned(),
            line,
            column,
            message: one_line(message),
            label: None,
            help: None,
            excerpt,
        }
    }

    /// Adds a short text at the caret: the cause.
    pub(super) fn label(&mut self, label: &str) -> &mut Diagnostic {
        self.label = Some(one_line(label));
        self
    }

    /// Adds what to do.
    pub(super) fn help(&mut self, help: &str) -> &mut Diagnostic {
        self.help = Some(one_line(help));
        self
    }

    /// Error or warning.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The file, as named to the loader; `--set` for an override.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Counted from 1, in characters.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, if there is a good guess.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The problem for a terminal: `file:line:column: error: message`, the source line with a
    /// caret, the remedy. `colour` adds ANSI escapes. No line break at the end.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let (heading, word) = match self.level {
            Level::Error => (Heading::ERROR, "error"),
            Level::Warning => (Heading::WARNING, "warning"),
        };
        let heading = heading
            .with_name(Some(format!("{}:{}:{}: {word}", self.file, self.line, self.column)))
            .primary_title(self.message.as_str());
        let mut caret = AnnotationKind::Primary.span(self.excerpt.range.clone());
        if let Some(label) = &self.label {
            caret = caret.label(label.as_str());
        }
        let snippet = Snippet::source(self.excerpt.text.as_str())
            .line_start(self.excerpt.line)
            .annotation(caret);
        let mut group = heading.element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Heading::HELP.message(help.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.term_width(120).render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Text from a file may hold line breaks and escape sequences, which do not belong on a terminal.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 1000;
    let mut line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    #[test]
    fn a_rendered_problem_names_place_cause_and_remedy() {
        let source = Source::new("a.toml", "x = 1\nmaxx = 5\n");
        let mut problem = source.diagnostic(Level::Error, 6..10, "unknown key `maxx`");
        problem.label("not a key here").help("did you mean `max`?");
        let text = problem.render(false);
        assert!(text.starts_with("a.toml:2:1: error: unknown key `maxx`\n"), "{text}");
        assert!(text.contains("2 | maxx = 5") && text.contains("^^^^ not a key here"), "{text}");
        assert!(text.contains("help: did you mean `max`?"), "{text}");
        assert!(!text.contains('\u{1b}') && problem.render(true).contains('\u{1b}'));
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let source = Source::new("a.toml", "x = \u{1b}[31m\t1");
        let problem = source.diagnostic(Level::Warning, 0..9, "a\u{1b}[0m\nb");
        assert!(!problem.render(false).contains('\u{1b}'));
    }
}
