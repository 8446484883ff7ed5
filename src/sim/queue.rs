//! The event queue: integer time, then order of insertion.
//!
//! Three stages, because a heap of everything would miss the cache at every step of a large
//! fleet: what is due within the running second lies in a small heap; what is due within the
//! next two minutes lies unsorted in the slot of its second; the rest lies in a large heap
//! that is touched rarely. What comes out is the same as from one heap.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::time::Time;

/// Seconds that the wheel covers: a power of two above the usual meter interval, and no more, so
/// that its memory comes round often enough to stay in the cache.
const SLOTS: i64 = 128;

struct Entry<E> {
    at: Time,
    sequence: u64,
    event: E,
}

impl<E> Entry<E> {
    fn key(&self) -> (Time, u64) {
        (self.at, self.sequence)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Entry<E>) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Entry<E>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Entry<E>) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// A queue of events; equal instants come out in the order they went in.
pub(crate) struct Queue<E> {
    /// Due in the second `second` or before.
    near: BinaryHeap<Reverse<Entry<E>>>,
    /// Due in the `SLOTS - 1` seconds after it, by second modulo `SLOTS`.
    wheel: Vec<Vec<Entry<E>>>,
    in_wheel: usize,
    /// Due later.
    far: BinaryHeap<Reverse<Entry<E>>>,
    second: i64,
    sequence: u64,
}

impl<E> Queue<E> {
    /// An empty queue whose first events are due at `start` or later.
    pub(crate) fn new(start: Time) -> Queue<E> {
        Queue {
            near: BinaryHeap::new(),
            wheel: (0..SLOTS).map(|_| Vec::new()).collect(),
            in_wheel: 0,
            far: BinaryHeap::new(),
            second: start.unix_s(),
            sequence: 0,
        }
    }

    pub(crate) fn push(&mut self, at: Time, event: E) {
        self.sequence += 1;
        self.place(Entry { at, sequence: self.sequence, event });
        self.refill();
    }

    pub(crate) fn next_at(&self) -> Option<Time> {
        self.near.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, E)> {
        let Reverse(entry) = self.near.pop()?;
        self.refill();
        Some((entry.at, entry.event))
    }

    fn place(&mut self, entry: Entry<E>) {
        let second = entry.at.unix_s();
        if second <= self.second {
            self.near.push(Reverse(entry));
        } else if second - self.second < SLOTS {
            self.wheel[(second % SLOTS) as usize].push(entry);
            self.in_wheel += 1;
        } else {
            self.far.push(Reverse(entry));
        }
    }

    /// Moves on to the next second in which something is due, as long as nothing is near.
    fn refill(&mut self) {
        while self.near.is_empty() {
            let far = self.far.peek().map(|Reverse(entry)| entry.at.unix_s());
            self.second = match (self.in_wheel > 0, far) {
                (true, _) => self.second + 1,
                (false, Some(second)) => second,
                (false, None) => return,
            };
            // What has come within reach of the wheel leaves the large heap.
            while self.far.peek().is_some_and(|Reverse(e)| e.at.unix_s() - self.second < SLOTS) {
                if let Some(Reverse(entry)) = self.far.pop() {
                    self.place(entry);
                }
            }
            let slot = &mut self.wheel[(self.second % SLOTS) as usize];
            self.in_wheel -= slot.len();
            self.near.extend(slot.drain(..).map(Reverse));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_instants_keep_their_order() {
        let mut queue = Queue::new(Time(0));
        for (at, event) in [(5, 'b'), (3, 'a'), (5, 'c'), (5, 'd'), (9, 'e')] {
            queue.push(Time(at), event);
        }
        assert_eq!(queue.next_at(), Some(Time(3)));
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, event)| event)).collect();
        assert_eq!(order, "abcde");
    }

    proptest! {
        /// Whatever the mixture of near and far, of pushing and popping, events come out by time
        /// and then by order of insertion, as from one sorted list.
        #[test]
        fn the_stages_make_one_order(steps in prop::collection::vec((0..4_u8, 0..5_000_000_000_i64), 1..400)) {
            let mut queue = Queue::new(Time(0));
            let mut model: Vec<(Time, usize)> = Vec::new();
            let mut now = Time(0);
            for (number, (kind, delay)) in steps.into_iter().enumerate() {
                if kind == 0 {
                    model.sort();
                    let expected = (!model.is_empty()).then(|| model.remove(0));
                    prop_assert_eq!(queue.next_at(), expected.map(|(at, _)| at));
                    prop_assert_eq!(queue.pop(), expected);
                    now = expected.map_or(now, |(at, _)| at);
                } else {
                    // Kinds differ in reach: this second, the wheel, beyond it.
                    let reach = [1_000_000, 60_000_000, 5_000_000_000][usize::from(kind) - 1];
                    let at = Time(now.0 + delay % reach);
                    queue.push(at, number);
                    model.push((at, number));
                }
            }
        }
    }
}
