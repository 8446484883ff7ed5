//! What the central system of a world hears and says, told to whoever records it: in its order, so that
//! another central system that hears the same answers the same.

use crate::csms::{Input, Refusal, Setup};
use crate::sim::world::World;
use crate::time::Time;

/// Something that is told.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// What the central system is set up with; told first, once.
    Setup(&'a Setup),
    /// Something else than a frame has entered.
    Input {
        /// When.
        at: Time,
        /// What.
        input: &'a Input,
        /// Timers that were due at this instant came after it.
        before_timers: bool,
    },
    /// A frame.
    Frame(Frame<'a>),
}

/// A frame as the central system sees it: when it arrives there or leaves it. What is lost on its way there
/// is not seen.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it arrived, or left.
    pub at: Time,
    /// Index of the charge point.
    pub point: usize,
    /// True when the charge point sent it.
    pub from_point: bool,
    /// OCPP-J text.
    pub text: &'a str,
    /// Timers that were due at this instant came after it.
    pub before_timers: bool,
}

/// Where everything is told.
pub type Tap<'a> = Box<dyn FnMut(Seen<'_>) + 'a>;

impl World<'_> {
    /// Whether timers of the central system are due that have not had their turn.
    pub(super) fn timers_wait(&self) -> bool {
        self.csms.poll_timeout().is_some_and(|due| due <= self.now)
    }

    /// The central system takes an input, and that is told.
    ///
    /// # Errors
    /// When it is refused; nothing is told then.
    pub(super) fn hear(&mut self, input: &Input) -> Result<(), Refusal> {
        let before_timers = self.timers_wait();
        self.csms.apply(self.now, input)?;
        if let Some(tap) = self.tap.as_mut() {
            tap(Seen::Input { at: self.now, input, before_timers });
        }
        Ok(())
    }

    /// Tells an input; `before_timers` is what [`World::timers_wait`] said before it was taken.
    pub(super) fn tell_input(&mut self, before_timers: bool, input: impl FnOnce(&Self) -> Input) {
        if self.tap.is_none() {
            return;
        }
        let input = input(self);
        if let Some(tap) = self.tap.as_mut() {
            tap(Seen::Input { at: self.now, input: &input, before_timers });
        }
    }

    /// Tells a frame; to be called before it is taken, or when it leaves.
    pub(super) fn tell_frame(&mut self, point: usize, from_point: bool, text: &str) {
        let before_timers = from_point && self.tap.is_some() && self.timers_wait();
        if let Some(tap) = self.tap.as_mut() {
            tap(Seen::Frame(Frame { at: self.now, point, from_point, text, before_timers }));
        }
    }
}
