//! Who is connected: at most one connection of an identity, whatever happens at the same time.
//!
//! A connection goes through these steps, and at any of them others may come in between:
//!
//! ```text
//! claim ── Granted ────────────────┐
//!   ├──── Probe ── dead ───────────┴── attach to the core ── seat ── (pump) ── detach ── leave
//!   │        └──── alive ── withdraw
//!   └──── Busy
//! ```
//!
//! An identity has at most one claimant at a time, so that two newcomers cannot both find the
//! old connection dead. A `leave` that comes after the seat was taken over is ignored, as the
//! core ignores a detach of an older generation.

use std::collections::BTreeMap;

use crate::ids::ChargePointId;

/// Tells connections apart; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// What a newcomer is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim<P> {
    /// Nobody sits there: attach, then [`Registry::seat`].
    Granted(Ticket),
    /// Somebody sits there: ask whether it lives. If not, attach, then [`Registry::seat`]; if so,
    /// [`Registry::withdraw`].
    Probe(Ticket, P),
    /// Another newcomer came first and is not done.
    Busy,
}

/// Who is connected; `P` is how to ask a connection whether it lives.
#[derive(Debug)]
pub(super) struct Registry<P> {
    last: u64,
    seats: BTreeMap<ChargePointId, Seat<P>>,
}

#[derive(Debug)]
struct Seat<P> {
    holder: Option<(Ticket, P)>,
    claimant: Option<Ticket>,
}

impl<P: Clone> Registry<P> {
    pub(super) fn new() -> Registry<P> {
        Registry { last: 0, seats: BTreeMap::new() }
    }

    /// A connection of this identity wants in.
    pub(super) fn claim(&mut self, point: &ChargePointId) -> Claim<P> {
        let seat = self
            .seats
            .entry(point.clone())
            .or_insert_with(|| Seat { holder: None, claimant: None });
        if seat.claimant.is_some() {
            return Claim::Busy;
        }
        self.last += 1;
        let ticket = Ticket(self.last);
        seat.claimant = Some(ticket);
        match &seat.holder {
            None => Claim::Granted(ticket),
            Some((_, probe)) => Claim::Probe(ticket, probe.clone()),
        }
    }

    /// A claimant gives up.
    pub(super) fn withdraw(&mut self, point: &ChargePointId, ticket: Ticket) {
        self.change(point, |seat| {
            if seat.claimant == Some(ticket) {
                seat.claimant = None;
            }
        });
    }

    /// A claimant is attached: it sits there now, whoever did before.
    pub(super) fn seat(&mut self, point: &ChargePointId, ticket: Ticket, probe: P) {
        self.change(point, |seat| {
            if seat.claimant == Some(ticket) {
                *seat = Seat { holder: Some((ticket, probe)), claimant: None };
            }
        });
    }

    /// A connection has ended and is detached. Ignored if another one sits there by now.
    pub(super) fn leave(&mut self, point: &ChargePointId, ticket: Ticket) {
        self.change(point, |seat| {
            if seat.holder.as_ref().is_some_and(|(holder, _)| *holder == ticket) {
                seat.holder = None;
            }
        });
    }

    fn change(&mut self, point: &ChargePointId, change: impl FnOnce(&mut Seat<P>)) {
        let Some(seat) = self.seats.get_mut(point) else { return };
        change(seat);
        if seat.holder.is_none() && seat.claimant.is_none() {
            self.seats.remove(point);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Where a connection stands; one step at a time is taken.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Step {
        Knocking,
        Probing { ticket: Ticket, of: usize },
        Attaching { ticket: Ticket },
        Seating { ticket: Ticket, generation: u64 },
        Pumping { ticket: Ticket, generation: u64 },
        Detaching { ticket: Ticket, generation: u64 },
        Leaving { ticket: Ticket },
        Refused,
        Gone,
    }

    #[derive(Clone, Copy)]
    struct Connection {
        point: usize,
        step: Step,
        /// The peer answers; a dead one is noticed late or never.
        alive: bool,
    }

    /// What the core is told about one charge point.
    #[derive(Clone, Copy, Default)]
    struct Core {
        generation: u64,
        up: bool,
    }

    struct World {
        points: Vec<ChargePointId>,
        registry: Registry<usize>,
        core: Vec<Core>,
        connections: Vec<Connection>,
        chance: ChaCha8Rng,
        /// Whoever is gone or was refused comes again.
        open: bool,
        replaced: u32,
        refused: u32,
        stale: u32,
    }

    impl World {
        fn new(seed: u64) -> World {
            let points: Vec<ChargePointId> = ["A", "B"].map(ChargePointId::new).to_vec();
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            let connections = (0..12)
                .map(|_| Connection {
                    point: chance.random_range(0..points.len()),
                    step: Step::Knocking,
                    alive: true,
                })
                .collect();
            let core = vec![Core::default(); points.len()];
            World {
                points,
                registry: Registry::new(),
                core,
                connections,
                chance,
                open: true,
                replaced: 0,
                refused: 0,
                stale: 0,
            }
        }

        /// One connection takes its next step.
        fn step(&mut self, n: usize) {
            let Connection { point, step, .. } = self.connections[n];
            let id = self.points[point].clone();
            let next = match step {
                Step::Knocking => match self.registry.claim(&id) {
                    Claim::Granted(ticket) => Step::Attaching { ticket },
                    Claim::Probe(ticket, of) => Step::Probing { ticket, of },
                    Claim::Busy => Step::Refused,
                },
                Step::Probing { ticket, of } => {
                    let holder = self.connections[of];
                    if holder.alive && matches!(holder.step, Step::Pumping { .. }) {
                        self.registry.withdraw(&id, ticket);
                        Step::Refused
                    } else {
                        Step::Attaching { ticket }
                    }
                }
                Step::Attaching { ticket } => {
                    let core = &mut self.core[point];
                    self.replaced += u32::from(core.up);
                    *core = Core { generation: core.generation + 1, up: true };
                    Step::Seating { ticket, generation: core.generation }
                }
                Step::Seating { ticket, generation } => {
                    self.registry.seat(&id, ticket, n);
                    Step::Pumping { ticket, generation }
                }
                Step::Pumping { ticket, generation } => Step::Detaching { ticket, generation },
                Step::Detaching { ticket, generation } => {
                    let core = &mut self.core[point];
                    if core.generation == generation {
                        core.up = false;
                    } else {
                        self.stale += 1;
                    }
                    Step::Leaving { ticket }
                }
                Step::Leaving { ticket } => {
                    self.registry.leave(&id, ticket);
                    Step::Gone
                }
                Step::Refused | Step::Gone if self.open => {
                    self.connections[n].alive = true;
                    Step::Knocking
                }
                over => over,
            };
            self.refused += u32::from(next == Step::Refused && step != Step::Refused);
            self.connections[n].step = next;
        }

        /// What holds at any moment, whatever came in between.
        fn check(&self) {
            for (point, core) in self.core.iter().enumerate() {
                let here = || self.connections.iter().filter(move |one| one.point == point);
                let current = here().filter(|one| {
                    matches!(one.step,
                        Step::Seating { generation, .. }
                        | Step::Pumping { generation, .. }
                        | Step::Detaching { generation, .. } if generation == core.generation)
                });
                assert_eq!(current.count(), usize::from(core.up), "the core is wrong");
                let living = here()
                    .filter(|one| one.alive && matches!(one.step, Step::Pumping { .. }))
                    .count();
                assert!(living <= 1, "{living} living connections of one identity");
            }
        }

        fn run(&mut self) {
            for _ in 0..400 {
                let n = self.chance.random_range(0..self.connections.len());
                let pumping = matches!(self.connections[n].step, Step::Pumping { .. });
                match self.chance.next_u32() % 8 {
                    // A pump goes on for a while; a peer dies without a word now and then.
                    0..=4 if pumping => {}
                    5 | 6 if pumping => self.connections[n].alive = false,
                    _ => self.step(n),
                }
                self.check();
            }
            self.open = false;
            // Everybody hangs up, in any order, and nothing is left behind.
            for _ in 0..20 {
                for n in 0..self.connections.len() {
                    self.step(n);
                    self.check();
                }
            }
            assert!(self.registry.seats.is_empty(), "a seat is held by nobody");
            assert!(self.core.iter().all(|core| !core.up), "the core believes in a ghost");
        }
    }

    #[test]
    fn a_thousand_interleavings_leave_one_connection_and_a_core_that_knows() {
        let (mut replaced, mut refused, mut stale) = (0, 0, 0);
        for seed in 0..1_000 {
            let mut world = World::new(seed);
            world.run();
            replaced += world.replaced;
            refused += world.refused;
            stale += world.stale;
        }
        // The runs must have been about something.
        assert!(replaced > 1_000, "{replaced} dead connections replaced");
        assert!(refused > 1_000, "{refused} newcomers refused");
        assert!(stale > 500, "{stale} stale closes");
    }

    #[test]
    fn a_stale_leave_does_not_free_the_seat_of_the_newer_connection() {
        let point = ChargePointId::new("CP");
        let mut registry = Registry::new();
        let Claim::Granted(old) = registry.claim(&point) else { panic!("nobody was there") };
        registry.seat(&point, old, "old");
        let Claim::Probe(new, "old") = registry.claim(&point) else { panic!("it was there") };
        assert_eq!(registry.claim(&point), Claim::Busy);
        registry.seat(&point, new, "new");
        registry.leave(&point, old);
        assert!(matches!(registry.claim(&point), Claim::Probe(_, "new")));
    }
}
