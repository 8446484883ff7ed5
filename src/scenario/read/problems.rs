//! Collects the problems of a file, so that all of them are reported at once.

use std::ops::Range;

use crate::scenario::diagnostic::{Diagnostic, Level};
use crate::scenario::source::Source;

/// The problems found so far in one scenario and the files it names.
pub(super) struct Problems<'s> {
    source: &'s Source,
    found: Vec<(usize, Diagnostic)>,
    files: usize,
}

impl<'s> Problems<'s> {
    pub(super) fn new(source: &'s Source) -> Problems<'s> {
        Problems { source, found: Vec::new(), files: 0 }
    }

    /// Reports an error at a span of the scenario.
    pub(super) fn error(&mut self, span: Range<usize>, message: &str) -> &mut Diagnostic {
        let problem = self.source.diagnostic(Level::Error, span, message);
        self.push(0, problem)
    }

    /// Reports something doubtful at a span of the scenario.
    pub(super) fn warning(&mut self, span: Range<usize>, message: &str) -> &mut Diagnostic {
        let problem = self.source.diagnostic(Level::Warning, span, message);
        self.push(0, problem)
    }

    /// Takes over the problems of another file, after all of earlier files.
    pub(super) fn extend(&mut self, problems: Vec<Diagnostic>) {
        self.files += 1;
        for problem in problems {
            self.push(self.files, problem);
        }
    }

    /// The line a span of the scenario begins in.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.source.line_column(span.start).0
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, problem)| problem.level() == Level::Error)
    }

    /// All problems: the scenario's first, each file's by position.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(file, problem)| (*file, problem.line(), problem.column()));
        self.found.into_iter().map(|(_, problem)| problem).collect()
    }

    fn push(&mut self, file: usize, problem: Diagnostic) -> &mut Diagnostic {
        self.found.push((file, problem));
        let last = self.found.len() - 1;
        &mut self.found[last].1
    }
}
