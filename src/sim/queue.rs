//! The event queue: integer time, then order of insertion.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Time;

/// What the heap moves around: small, because a run moves it some twenty times an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Time,
    sequence: u64,
    slot: u32,
}

/// A heap of events; equal instants come out in the order they went in.
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Reverse<Key>>,
    slots: Vec<Option<E>>,
    free: Vec<u32>,
    sequence: u64,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Queue<E> {
        Queue { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), sequence: 0 }
    }

    pub(crate) fn push(&mut self, at: Time, event: E) {
        self.sequence += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize] = Some(event);
        self.heap.push(Reverse(Key { at, sequence: self.sequence, slot }));
    }

    pub(crate) fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(key)| key.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, E)> {
        let Reverse(key) = self.heap.pop()?;
        self.free.push(key.slot);
        self.slots[key.slot as usize].take().map(|event| (key.at, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_instants_keep_their_order() {
        let mut queue = Queue::new();
        for (at, event) in [(5, 'b'), (3, 'a'), (5, 'c'), (5, 'd'), (9, 'e')] {
            queue.push(Time(at), event);
        }
        assert_eq!(queue.next_at(), Some(Time(3)));
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, event)| event)).collect();
        assert_eq!(order, "abcde");
    }
}
