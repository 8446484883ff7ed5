//! The window of a history question, and the answer over rows in memory.

use super::{Bucket, HISTORY_HOLDS, HistoryRow};
use crate::time::{Span, Time};

/// Instants beyond this many microseconds from the epoch (73,000 years) mean "no bound", so that
/// sums and differences of instants never overflow.
const FAR: i64 = i64::MAX / 4;

/// A range cut into buckets; never empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Where the first bucket begins.
    pub(super) from: Time,
    /// Where the last one ends, exclusive.
    pub(super) to: Time,
    /// Length of a bucket, the last one may be shorter.
    pub(super) interval: Span,
}

impl Window {
    /// `None` when there is no bucket in it.
    pub(super) fn new(from: Time, to: Time, interval: Span) -> Option<Window> {
        let from = from.clamp(Time(-FAR), Time(FAR));
        let to = to.clamp(Time(-FAR), Time(FAR));
        let interval = Span(interval.0.min(FAR));
        (from < to && interval > Span::ZERO).then_some(Window { from, to, interval })
    }

    /// Rows at or before this instant cannot reach into the window.
    pub(super) fn earliest(&self) -> Time {
        self.from - HISTORY_HOLDS
    }

    /// Where bucket `number` begins.
    pub(super) fn begin(&self, number: i64) -> Time {
        Time(self.from.0 + number * self.interval.0)
    }

    /// Integrates rows in ascending order: all between [`Window::earliest`] and the end of the
    /// window, each an instant and what holds from then on; `None` is a gap.
    pub(super) fn integrate<'a>(
        &self,
        rows: impl Iterator<Item = (Time, Option<&'a HistoryRow>)>,
    ) -> Vec<Bucket> {
        let mut sums: Vec<Sum> = Vec::new();
        let mut rows = rows.peekable();
        while let Some((at, row)) = rows.next() {
            let next = rows.peek().map_or(Time::NEVER, |(next, _)| *next);
            let Some(row) = row else { continue };
            let ends = next.min(at + HISTORY_HOLDS).min(self.to);
            let mut begins = at.max(self.from);
            while begins < ends {
                let number = begins.since(self.from).0 / self.interval.0;
                let cut = ends.min(self.begin(number + 1));
                if sums.last().is_none_or(|sum| sum.number != number) {
                    sums.push(Sum { number, ..Sum::default() });
                }
                if let Some(sum) = sums.last_mut() {
                    sum.add(row, cut.since(begins));
                }
                begins = cut;
            }
        }
        sums.into_iter().map(|sum| sum.bucket(self)).collect()
    }
}

/// What is known of one bucket so far.
#[derive(Default)]
struct Sum {
    number: i64,
    /// Microseconds.
    known: i64,
    /// Watt microseconds; 128 bits hold any power over any time.
    allocated: i128,
    draw: i128,
    active_sessions: u32,
}

impl Sum {
    fn add(&mut self, row: &HistoryRow, span: Span) {
        self.known += span.0;
        self.allocated += i128::from(row.allocated.0) * i128::from(span.0);
        self.draw += i128::from(row.draw.0) * i128::from(span.0);
        self.active_sessions = self.active_sessions.max(row.active_sessions);
    }

    fn bucket(self, window: &Window) -> Bucket {
        Bucket {
            at: window.begin(self.number),
            allocated_w: self.allocated as f64 / self.known as f64,
            draw_w: self.draw as f64 / self.known as f64,
            active_sessions: self.active_sessions,
        }
    }
}
