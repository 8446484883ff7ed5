//! What runs behind a live API: a simulated world, or a central system alone.

use crate::csms::{Csms, Event, Input, Refusal};
use crate::ids::ChargePointId;
use crate::time::Time;

/// Something that leaves a plant.
#[derive(Clone, Debug, PartialEq)]
pub enum Outside {
    /// A simulated charge point wants a connection to a central system elsewhere.
    Connect {
        /// Which.
        point: ChargePointId,
    },
    /// A simulated charge point's connection to a central system elsewhere is to be closed.
    Disconnect {
        /// Which.
        point: ChargePointId,
    },
    /// A frame over a socket: to a charge point that is not simulated here, or from a simulated
    /// one to a central system elsewhere.
    Send {
        /// The charge point.
        point: ChargePointId,
        /// OCPP-J text.
        text: String,
    },
    /// Something happened, for history and listeners.
    Event(Event),
}

/// A sans-IO machine whose time somebody else drives.
///
/// Whoever drives it handles everything that is due with [`Plant::step`] before an input of the
/// same instant, takes everything from [`Plant::poll_outside`] afterwards, and gives inputs at
/// strictly ascending instants; then the same inputs at the same instants give the same digest.
pub trait Plant {
    /// The instant of the last event or input.
    fn now(&self) -> Time;

    /// When the next event is due; `None`: never, or the run is over.
    fn next_at(&self) -> Option<Time>;

    /// Handles the next event. Returns false when there is none.
    fn step(&mut self) -> bool;

    /// Takes an input at `at`, not before the last event.
    ///
    /// # Errors
    /// When the input is refused; nothing has changed then.
    fn input(&mut self, at: Time, input: &Input) -> Result<(), Refusal>;

    /// The next thing that leaves, oldest first.
    fn poll_outside(&mut self) -> Option<Outside>;

    /// The central system, to look at.
    fn csms(&self) -> &Csms;

    /// The last instant of a simulation; `None`: it has no end.
    fn end(&self) -> Option<Time>;

    /// Hash over everything that happened, hex.
    fn digest(&self) -> String;
}
