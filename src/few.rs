//! One thing or a few, of which the first lies in place.

use std::ops::{Index, IndexMut};

/// At least one element, by index from 0. Nearly all charge points have one connector; a fleet is
/// visited in turn, and a connector that lies in its charge point is in the cache with it.
#[derive(Debug)]
pub(crate) struct Few<T> {
    first: T,
    others: Box<[T]>,
}

impl<T> Few<T> {
    /// `count` elements, each made from its index; one when `count` is 0.
    pub(crate) fn new(count: u32, make: impl Fn(u32) -> T) -> Few<T> {
        Few { first: make(0), others: (1..count).map(make).collect() }
    }

    /// How many there are, at least 1.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// All elements, by index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// See [`Few::iter`].
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        std::iter::once(&mut self.first).chain(&mut self.others)
    }
}

impl<T> Index<usize> for Few<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        if index == 0 { &self.first } else { &self.others[index - 1] }
    }
}

impl<T> IndexMut<usize> for Few<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        if index == 0 { &mut self.first } else { &mut self.others[index - 1] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_index_wherever_they_lie() {
        let mut few = Few::new(3, |index| index * 10);
        few[0] += 1;
        few[2] += 1;
        assert_eq!((few[0], few[1], few[2], few.len()), (1, 10, 21, 3));
        few.iter_mut().for_each(|element| *element += 1);
        assert_eq!(few.iter().copied().collect::<Vec<_>>(), [2, 11, 22]);
        assert_eq!(Few::new(0, |index| index).len(), 1);
    }
}
