//! `priority`: weighted max-min fairness. Weights decide first who is admitted, then how much of
//! the capacity each gets: rates stand to each other as the weights do, between minimum and cap.

use super::contest::{Choice, Contest};
use super::equal;
use super::rotation::{self, Order};

/// Admits by weight, and among equal weights in rotation order. The minimum on-time protects
/// only against sessions of the same weight: a higher weight never waits for a lower one.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    equal::admit(contest, rotation::queue(contest, Order::Weights))
}
