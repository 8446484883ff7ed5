//! The event queue: integer time, then order of insertion.
//!
//! Three stages, because a heap of everything would miss the cache at every step of a large
//! fleet: what is due within the running second lies in a small heap; what is due within the
//! next quarter of an hour lies unsorted in the slot of its second; the rest lies in a large heap
//! that is touched rarely. What comes out is the same as from one heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Time;

/// Seconds that the wheel covers: a power of two above the usual timers of a charge point.
const SLOTS: i64 = 1024;

/// What is moved around: small, because a run moves it some twenty times an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Time,
    sequence: u64,
    place: u32,
}

/// A queue of events; equal instants come out in the order they went in.
pub(crate) struct Queue<E> {
    /// Due in the second `second` or before.
    near: BinaryHeap<Reverse<Key>>,
    /// Due in the `SLOTS - 1` seconds after it, by second modulo `SLOTS`.
    wheel: Vec<Vec<Key>>,
    in_wheel: usize,
    /// Due later.
    far: BinaryHeap<Reverse<Key>>,
    second: i64,
    events: Vec<Option<E>>,
    free: Vec<u32>,
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
            events: Vec::new(),
            free: Vec::new(),
            sequence: 0,
        }
    }

    pub(crate) fn push(&mut self, at: Time, event: E) {
        self.sequence += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() as u32 - 1
        });
        self.events[place as usize] = Some(event);
        self.place(Key { at, sequence: self.sequence, place });
        self.refill();
    }

    pub(crate) fn next_at(&self) -> Option<Time> {
        self.near.peek().map(|Reverse(key)| key.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, E)> {
        let Reverse(key) = self.near.pop()?;
        self.refill();
        self.free.push(key.place);
        self.events[key.place as usize].take().map(|event| (key.at, event))
    }

    fn place(&mut self, key: Key) {
        let second = key.at.unix_s();
        if second <= self.second {
            self.near.push(Reverse(key));
        } else if second - self.second < SLOTS {
            self.wheel[(second % SLOTS) as usize].push(key);
            self.in_wheel += 1;
        } else {
            self.far.push(Reverse(key));
        }
    }

    /// Moves on to the next second in which something is due, as long as nothing is near.
    fn refill(&mut self) {
        while self.near.is_empty() {
            let far = self.far.peek().map(|Reverse(key)| key.at.unix_s());
            self.second = match (self.in_wheel > 0, far) {
                (true, _) => self.second + 1,
                (false, Some(second)) => second,
                (false, None) => return,
            };
            // What has come within reach of the wheel leaves the large heap.
            while let Some(Reverse(key)) = self.far.peek().copied() {
                if key.at.unix_s() - self.second >= SLOTS {
                    break;
                }
                self.far.pop();
                self.place(key);
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
