//! A world that somebody looks at and reaches into while it runs.

use std::fmt::Write as _;

use crate::charger::ChargePoint;
use crate::csms::{Csms, Input, PointIx, Refusal};
use crate::ids::ChargePointId;
use crate::sim::digest::Digest;
use crate::sim::plant::{Outside, Plant};
use crate::sim::record::CommandRecord;
use crate::sim::world::{Central, World};
use crate::time::Time;
use crate::units::Watts;

/// Kind of an input in a digest; the kinds of a world's own events are smaller.
const INPUT: u8 = 7;

impl<'a> World<'a> {
    /// From now on everything that happens is also told by [`Plant::poll_outside`].
    pub fn listen(&mut self) {
        self.listened = true;
    }

    /// A fleet alone: its charge points talk to a central system elsewhere. What they send leaves
    /// by [`Plant::poll_outside`]; [`Input::LinkUp`], [`Input::LinkDown`] and [`Input::Frame`] are
    /// what happens at their end of the connection, and other inputs are refused.
    #[must_use]
    pub fn without_central(mut self) -> World<'a> {
        self.central = Central::Elsewhere;
        self
    }

    /// The charge points, in scenario order.
    #[must_use]
    pub fn points(&self) -> &[ChargePoint] {
        &self.points
    }

    /// Every SetChargingProfile that was sent so far, by the number of their [`ProfileSent`].
    ///
    /// [`ProfileSent`]: crate::csms::event::ProfileSent
    #[must_use]
    pub fn commands(&self) -> &[CommandRecord] {
        self.recorder.commands()
    }

    /// What all cars draw.
    #[must_use]
    pub fn draw(&self) -> Watts {
        Watts(self.draw_mw / 1000)
    }

    /// What is inside the fence of a fleet whose central system is elsewhere.
    fn heard_from_elsewhere(&mut self, input: &Input) -> Result<(), Refusal> {
        let (Input::LinkUp { point } | Input::LinkDown { point } | Input::Frame { point, .. }) =
            input
        else {
            return Err(Refusal::Conflict("the central system is elsewhere".to_owned()));
        };
        let index = self.simulated(point).ok_or_else(|| Refusal::NoSuchPoint(point.clone()))?;
        let now = self.now();
        match input {
            Input::LinkUp { .. } if self.may_connect(index) => self.points[index].link_up(now),
            Input::LinkDown { .. } => self.points[index].link_down(now),
            Input::Frame { text, .. } => self.points[index].handle_frame(now, text),
            _ => {}
        }
        self.after_point(index);
        Ok(())
    }

    /// An input to the central system in this world.
    fn heard_from_outside(&mut self, input: &Input) -> Result<(), Refusal> {
        if let Input::LinkUp { point } | Input::LinkDown { point } | Input::Frame { point, .. } =
            input
            && self.simulated(point).is_some()
        {
            return Err(Refusal::Conflict(format!(
                "{point} is simulated here; a real charge point needs an identity of its own"
            )));
        }
        if let Input::RemovePoint { point } | Input::Link { point, .. } = input
            && self.simulated(point).is_some()
        {
            return Err(Refusal::Conflict(format!("{point} belongs to the scenario")));
        }
        let now = self.now();
        if let Input::Configure { site, .. } = input
            && site == self.csms.site_id(self.site())
        {
            let before = self.csms.config(self.site()).clone();
            self.hear(input)?;
            self.configured(&before);
            self.after_central();
            return Ok(());
        }
        self.hear(input)?;
        if let Input::Rebalance { reason, .. } = input {
            self.recorder.rebalanced(now, reason);
        }
        self.after_central();
        Ok(())
    }

    fn simulated(&self, point: &ChargePointId) -> Option<usize> {
        let PointIx(index) = self.csms.point(point.as_str())?;
        (index < self.points.len()).then_some(index)
    }
}

impl Plant for World<'_> {
    fn now(&self) -> Time {
        World::now(self)
    }

    fn next_at(&self) -> Option<Time> {
        World::next_at(self)
    }

    fn step(&mut self) -> bool {
        World::step(self)
    }

    fn input(&mut self, at: Time, input: &Input) -> Result<(), Refusal> {
        debug_assert!(World::next_at(self).is_none_or(|next| next > at), "what is due comes first");
        if at > self.end {
            return Err(Refusal::Conflict("the simulation is over".to_owned()));
        }
        self.now = at.max(self.now);
        let taken = match self.central {
            Central::Here => self.heard_from_outside(input),
            Central::Elsewhere => self.heard_from_elsewhere(input),
        };
        if taken.is_ok() {
            hash(&mut self.digest, self.now, input);
        }
        taken
    }

    fn poll_outside(&mut self) -> Option<Outside> {
        self.outside.pop_front()
    }

    fn csms(&self) -> &Csms {
        &self.csms
    }

    fn end(&self) -> Option<Time> {
        Some(self.end)
    }

    fn digest(&self) -> String {
        self.digest.to_string()
    }
}

/// A central system alone: every charge point is real.
#[derive(Debug)]
pub struct Alone {
    csms: Csms,
    now: Time,
    outside: std::collections::VecDeque<Outside>,
    digest: Digest,
}

impl Alone {
    /// Around a central system, new or restored, whose time is `now`.
    #[must_use]
    pub fn new(csms: Csms, now: Time) -> Alone {
        let mut plant = Alone {
            csms,
            now,
            outside: std::collections::VecDeque::new(),
            digest: Digest::default(),
        };
        plant.take();
        plant
    }

    fn take(&mut self) {
        while let Some(output) = self.csms.poll_output() {
            self.outside.push_back(match output {
                crate::csms::Output::Send { point, text } => {
                    Outside::Send { point: self.csms.point_id(point).clone(), text }
                }
                crate::csms::Output::Event(event) => Outside::Event(event),
            });
        }
    }
}

impl Plant for Alone {
    fn now(&self) -> Time {
        self.now
    }

    fn next_at(&self) -> Option<Time> {
        self.csms.poll_timeout().map(|at| at.max(self.now))
    }

    fn step(&mut self) -> bool {
        let Some(at) = self.next_at() else { return false };
        self.now = at;
        self.digest.event(at, 0, 0, &[]);
        self.csms.handle_timeout(at);
        self.take();
        true
    }

    fn input(&mut self, at: Time, input: &Input) -> Result<(), Refusal> {
        self.now = at.max(self.now);
        self.csms.apply(self.now, input)?;
        hash(&mut self.digest, self.now, input);
        self.take();
        Ok(())
    }

    fn poll_outside(&mut self) -> Option<Outside> {
        self.outside.pop_front()
    }

    fn csms(&self) -> &Csms {
        &self.csms
    }

    fn end(&self) -> Option<Time> {
        None
    }

    fn digest(&self) -> String {
        self.digest.to_string()
    }
}

/// An input is part of what happened. Its debug form names every field and is the same on every
/// machine.
fn hash(digest: &mut Digest, at: Time, input: &Input) {
    let mut text = String::new();
    let _ = write!(text, "{input:?}");
    digest.event(at, INPUT, 0, text.as_bytes());
}
