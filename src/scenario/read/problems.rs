//! Collects the problems of a file, so that all of them are reported at once.

use std::ops::Range;

use crate::scenario::diagnostic::{Diagnostic, Level};
use crate::scenario::source::Source;

/// More problems of a level than this are counted but not kept: nobody reads them, and a file
/// that is no scenario at all has one in every line.
const MOST: usize = 100;

/// The problems found so far in one scenario and the files it names.
pub(super) struct Problems<'s> {
    source: &'s Source,
    found: Vec<(usize, Diagnostic)>,
    files: usize,
    errors: usize,
    warnings: usize,
    /// Takes what the finder of a problem beyond [`MOST`] has to say about it.
    unread: Diagnostic,
    /// The place of the first error beyond [`MOST`].
    beyond: Option<Range<usize>>,
}

impl<'s> Problems<'s> {
    pub(super) fn new(source: &'s Source) -> Problems<'s> {
        let unread = source.diagnostic(Level::Error, 0..0, "");
        Problems {
            source,
            found: Vec::new(),
            files: 0,
            errors: 0,
            warnings: 0,
            unread,
            beyond: None,
        }
    }

    /// Reports an error at a span of the scenario.
    pub(super) fn error(&mut self, span: Range<usize>, message: &str) -> &mut Diagnostic {
        self.report(Level::Error, span, message)
    }

    /// Reports something doubtful at a span of the scenario.
    pub(super) fn warning(&mut self, span: Range<usize>, message: &str) -> &mut Diagnostic {
        self.report(Level::Warning, span, message)
    }

    /// Takes over the problems of another file, after all of earlier files.
    pub(super) fn extend(&mut self, problems: Vec<Diagnostic>) {
        self.files += 1;
        for problem in problems {
            if self.has_room(problem.level()) {
                self.found.push((self.files, problem));
            }
        }
    }

    /// The line a span of the scenario begins in.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.source.line_column(span.start).0
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All problems: the scenario's first, each file's by position.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        if let Some(span) = self.beyond.take() {
            let message = format!("{} more errors are not shown", self.errors - MOST);
            let mut problem = self.source.diagnostic(Level::Error, span, &message);
            problem.label("the first of them").help("correct the others first");
            self.found.push((0, problem));
        }
        self.found.sort_by_key(|(file, problem)| (*file, problem.line(), problem.column()));
        self.found.into_iter().map(|(_, problem)| problem).collect()
    }

    fn report(&mut self, level: Level, span: Range<usize>, message: &str) -> &mut Diagnostic {
        if !self.has_room(level) {
            if level == Level::Error {
                self.beyond.get_or_insert(span);
            }
            return &mut self.unread;
        }
        self.found.push((0, self.source.diagnostic(level, span, message)));
        let last = self.found.len() - 1;
        &mut self.found[last].1
    }

    /// Counts a problem; whether it is to be kept.
    fn has_room(&mut self, level: Level) -> bool {
        let count = match level {
            Level::Error => &mut self.errors,
            Level::Warning => &mut self.warnings,
        };
        *count += 1;
        *count <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_beyond_the_first_hundred_of_a_level_are_not_kept() {
        let source = Source::new("a.toml", "x = 1\n");
        let mut problems = Problems::new(&source);
        for _ in 0..3 * MOST {
            problems.warning(0..1, "doubtful").help("look");
        }
        assert!(!problems.has_errors());
        problems.error(0..1, "wrong").help("correct it");
        assert!(problems.has_errors());
        let sorted = problems.sorted();
        assert_eq!(sorted.len(), MOST + 1, "many warnings hide no error");
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let text = "x = 1\n".repeat(2 * MOST);
        let source = Source::new("a.toml", &text);
        let mut problems = Problems::new(&source);
        for line in 0..2 * MOST {
            problems.error(6 * line..6 * line + 1, "wrong").help("correct it");
        }
        let sorted = problems.sorted();
        let last = sorted.last().expect("a problem");
        assert_eq!((sorted.len(), last.line()), (MOST + 1, MOST + 1));
        assert_eq!(last.message(), "100 more errors are not shown");
    }
}
