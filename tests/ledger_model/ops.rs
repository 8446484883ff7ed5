//! What may happen, in any order.

use ampacity::time::Span;
use proptest::prelude::*;

use crate::station::{Mood, Nature, RATED_W, Reboot};
use crate::world::STATIONS;

/// A direction of a line, and how often the next frame arrives there: 0 is a frame lost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// To the central system.
    Out(u8),
    In(u8),
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// All frames of a line arrive.
    Carry(usize),
    Frame(usize, Way),
    /// Seconds in which all lines carry.
    Run(i64),
    /// Seconds in which none does.
    Wait(i64),
    /// A driver comes, or leaves.
    Visit(usize),
    Meter(usize),
    /// What the car wants from now on, W.
    Appetite(usize, i64),
    /// How the next limit is answered.
    Mood(usize, Mood),
    /// Nothing passes any more, and nobody has noticed.
    Cut(usize),
    /// The connection is gone, and both sides know.
    Drop(usize),
    Connect(usize),
    Reboot(usize, Reboot),
    /// Of the site, W.
    Limit(i64),
    Rebalance,
}

pub(crate) fn natures() -> impl Strategy<Value = Vec<Nature>> {
    let nature = (prop::bool::weighted(0.8), prop::bool::weighted(0.7), 0..6_i64);
    let nature = nature.prop_map(|(timely, three, lag)| Nature {
        timely,
        phases: if three { 3 } else { 1 },
        lag: Span::from_s(lag),
    });
    prop::collection::vec(nature, STATIONS)
}

pub(crate) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let point = || 0..STATIONS;
    let way = prop_oneof![
        4 => Just(Way::Out(1)),
        4 => Just(Way::In(1)),
        2 => Just(Way::Out(0)),
        2 => Just(Way::In(0)),
        1 => Just(Way::Out(2)),
    ];
    let mood = prop_oneof![Just(Mood::Refuses), Just(Mood::Fails), Just(Mood::Mute)];
    let reboot = prop_oneof![
        Just(Reboot::Remembers),
        Just(Reboot::Resumes),
        Just(Reboot::Ends),
        Just(Reboot::Blank),
    ];
    let op = prop_oneof![
        10 => point().prop_map(Op::Carry),
        10 => (point(), way).prop_map(|(p, way)| Op::Frame(p, way)),
        6 => (1..400_i64).prop_map(Op::Run),
        4 => (1..100_i64).prop_map(Op::Wait),
        1 => (100..1_500_i64).prop_map(Op::Wait),
        8 => point().prop_map(Op::Visit),
        3 => point().prop_map(Op::Meter),
        2 => (point(), 0..=RATED_W).prop_map(|(p, watts)| Op::Appetite(p, watts)),
        2 => (point(), mood).prop_map(|(p, mood)| Op::Mood(p, mood)),
        2 => point().prop_map(Op::Cut),
        2 => point().prop_map(Op::Drop),
        5 => point().prop_map(Op::Connect),
        1 => (point(), reboot).prop_map(|(p, what)| Op::Reboot(p, what)),
        1 => (8..60_i64).prop_map(|kw| Op::Limit(kw * 1_000)),
        1 => Just(Op::Rebalance),
    ];
    prop::collection::vec(op, 1..100)
}
