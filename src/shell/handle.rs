//! How the REST API and the sockets reach the engine.

use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::csms::Csms;
use crate::csms::input::{Input, Refusal};
use crate::ids::ChargePointId;
use crate::store::{Fact, Query};
use crate::time::Time;

/// What a [`Handle::view`] sees: a still picture between two events.
pub struct View<'a> {
    /// The central system's time.
    pub now: Time,
    /// The central system.
    pub csms: &'a Csms,
    /// How time passes.
    pub pace: Pace,
    /// A simulation runs (else: real chargers only).
    pub simulated: bool,
}

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pace {
    /// Virtual seconds per wall-clock second; `None`: as fast as possible.
    pub speed: Option<f64>,
    /// Time stands still.
    pub paused: bool,
    /// Seconds of wall clock by which the simulation is behind its pace.
    pub lag_s: f64,
    /// Share of a simulation that is over, 0..=1; 0 without an end.
    pub progress: f64,
    /// It has come to its end.
    pub finished: bool,
}

/// A change of the pace; refused where only real chargers are served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PaceChange {
    /// Time stands still from now on.
    Pause,
    /// Time passes again.
    Resume,
    /// While paused: handles the next `events` events, or all up to `until`.
    Step {
        /// Number of events, 1..
        events: u64,
    },
    /// While paused: handles everything up to this instant.
    StepUntil(Time),
    /// Virtual seconds per wall-clock second, > 0; `None`: as fast as possible.
    Speed(Option<f64>),
}

/// Something that happened, for listeners.
#[derive(Clone, Debug, Serialize)]
pub struct LiveEvent {
    /// 1, 2, 3 .. within one process.
    pub sequence: u64,
    /// When, in the central system's time (RFC 3339).
    pub at: String,
    /// Its site, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<String>,
    /// `session_started`, `session_ended`, `limit_accepted`, `profile_sent`, `command_ended`,
    /// `config_changed`, `rebalanced`, `charge_point_connected`, `charge_point_disconnected` ..
    pub kind: &'static str,
    /// The rest, by kind.
    pub data: serde_json::Value,
}

/// An input was taken and is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The instant at which it entered.
    pub at: Time,
}

/// The engine has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the central system is shutting down")]
pub struct Gone;

/// Why an input was not taken.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InputError {
    /// The core refused it; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine has stopped.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// Why a connection is to be closed by whoever pumps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// A newer connection of the same identity took its place (close code 1008).
    Replaced,
    /// The charge point was removed or its key changed (1008).
    Dismissed,
    /// The program ends (1001).
    Shutdown,
    /// It did not take its frames (1013).
    TooSlow,
}

/// An attached connection: frames to send, until it is to be closed.
#[derive(Debug)]
pub struct Attached {
    /// Tells connections of one identity apart; newer is larger.
    pub generation: u64,
    /// Frames to send, in order.
    pub frames: mpsc::Receiver<String>,
    /// Fires once, when this side wants to close.
    pub closing: oneshot::Receiver<Closing>,
}

/// A question that the engine answers between two events.
pub(super) type Question = Box<dyn FnOnce(&View<'_>) + Send>;

/// What the engine is asked.
pub(super) enum Order {
    Input { input: Input, reply: Option<oneshot::Sender<Result<Receipt, Refusal>>> },
    Look(Question),
    Pace { change: PaceChange, reply: oneshot::Sender<Result<(), String>> },
    Keep { facts: Vec<Fact>, reply: oneshot::Sender<()> },
    Attach { point: ChargePointId, reply: oneshot::Sender<Option<Attached>> },
    Detach { point: ChargePointId, generation: u64 },
    Frame { point: ChargePointId, generation: u64, text: String },
    Stop,
}

/// The way to the engine; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) events: broadcast::Sender<Arc<LiveEvent>>,
    pub(super) query: Arc<dyn Query>,
}

impl Handle {
    /// Gives an input to the central system. When this returns `Ok`, what it did is safe.
    ///
    /// # Errors
    /// When the core refuses it or the engine has stopped.
    pub async fn input(&self, input: Input) -> Result<Receipt, InputError> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Input { input, reply: Some(reply) }).await?;
        Ok(answer.await.map_err(|_| Gone)??)
    }

    /// Looks at the central system between two events.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn view<T: Send + 'static>(
        &self,
        look: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |view| {
            let _ = reply.send(look(view));
        });
        self.order(Order::Look(question)).await?;
        answer.await.map_err(|_| Gone)
    }

    /// Changes how time passes; the text says why not. When this returns, what happened until then can
    /// be looked up.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn pace(&self, change: PaceChange) -> Result<Result<(), String>, Gone> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Pace { change, reply }).await?;
        answer.await.map_err(|_| Gone)
    }

    /// Keeps facts that are not the core's: credentials, keys, stored answers. Safe on return.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn keep(&self, facts: Vec<Fact>) -> Result<(), Gone> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Keep { facts, reply }).await?;
        answer.await.map_err(|_| Gone)
    }

    /// Attaches a connection of a charge point and tells the core that the link is up; an older
    /// connection of the same identity is closed as replaced. `None`: there is no such charge point.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn attach(&self, point: ChargePointId) -> Result<Option<Attached>, Gone> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Attach { point, reply }).await?;
        answer.await.map_err(|_| Gone)
    }

    /// A connection has ended. Ignored unless `generation` is the current one, so that a stale
    /// close never drops a newer connection.
    pub async fn detach(&self, point: ChargePointId, generation: u64) {
        let _ = self.order(Order::Detach { point, generation }).await;
    }

    /// A frame came in on a connection. Waits while the engine is busy: that slows the sender
    /// down, nobody else.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn frame(
        &self,
        point: ChargePointId,
        generation: u64,
        text: String,
    ) -> Result<(), Gone> {
        self.order(Order::Frame { point, generation, text }).await
    }

    /// Everything that happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<LiveEvent>> {
        self.events.subscribe()
    }

    /// Answers from the store.
    #[must_use]
    pub fn query(&self) -> &Arc<dyn Query> {
        &self.query
    }

    /// Ends the engine: it writes what it has and closes all connections.
    pub async fn stop(&self) {
        let _ = self.order(Order::Stop).await;
    }

    async fn order(&self, order: Order) -> Result<(), Gone> {
        self.orders.send(order).await.map_err(|_| Gone)
    }
}
