//! `equal`: max-min fairness with minimum rates. Nobody gets more than another who could take
//! more, save for the minimums and one quantum.

use super::admission;
use super::contest::{Choice, Contest};
use super::rotation::{self, Order, Queue};

/// Admits in rotation order.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    admit(contest, rotation::queue(contest, Order::Service))
}

/// Admits in the order of a queue; those held off come last and are not admitted.
pub(super) fn admit(contest: &Contest<'_>, queue: Queue) -> Choice {
    let Queue { order, held } = queue;
    let admitted = admission::walk(contest, order.iter().copied());
    Choice::new(contest, order, admitted, held)
}
