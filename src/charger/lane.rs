//! A queue that nearly always holds one element at most.
//!
//! A large fleet is visited in turn, and every piece of memory that a visit touches has meanwhile
//! left the cache. So the first element lies in the station itself, and only what waits behind it
//! is allocated.

use std::collections::VecDeque;

/// First in, first out.
#[derive(Clone, Debug)]
pub(super) struct Lane<T> {
    /// `None` only when nothing waits.
    first: Option<T>,
    rest: VecDeque<T>,
}

impl<T> Default for Lane<T> {
    fn default() -> Lane<T> {
        Lane { first: None, rest: VecDeque::new() }
    }
}

impl<T> Lane<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    pub(super) fn push_back(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.push_back(element);
        }
    }

    pub(super) fn push_front(&mut self, element: T) {
        if let Some(second) = self.first.replace(element) {
            self.rest.push_front(second);
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let front = self.first.take();
        if !self.rest.is_empty() {
            self.first = self.rest.pop_front();
        }
        front
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.rest)
    }

    /// Takes all elements, first to last.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.first.take().into_iter().chain(std::mem::take(&mut self.rest))
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for element in self.take_all().filter(keep) {
            self.push_back(element);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_leave_in_their_order_from_either_end() {
        let mut lane = Lane::default();
        for element in [2, 3, 4] {
            lane.push_back(element);
        }
        lane.push_front(1);
        assert_eq!((lane.len(), lane.front()), (4, Some(&1)));
        assert_eq!(lane.pop_front(), Some(1));
        lane.iter_mut().for_each(|element| *element *= 10);
        lane.retain(|element| *element != 30);
        assert_eq!(lane.iter().copied().collect::<Vec<_>>(), [20, 40]);
        lane.push_back(5);
        assert_eq!(lane.take_all().collect::<Vec<_>>(), [20, 40, 5]);
        assert!(lane.is_empty() && lane.pop_front().is_none());
    }
}
