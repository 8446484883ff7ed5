//! `round_robin`: full power in turns. Who has the turn gets all it can take for a rotation epoch;
//! then those go first who have received least.
//!
//! The time-sliced relative of `equal`: the same energy in the long run, in fewer and larger
//! portions, for cars and chargers that are efficient at full power only.

use super::contest::{Choice, Contest};
use super::in_order;
use super::rotation::{self, Order, Queue};

/// Admits in rotation order whoever's minimum fits beside the full rates of those before.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let Queue { order, held } = rotation::queue(contest, Order::Turns);
    in_order::choose(contest, order, held)
}
