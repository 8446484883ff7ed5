//! One charge point's connection from its claim on the identity to its end.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::counters::Closed;
use super::endpoint::{Hall, Visitor};
use super::pump::{self, Probe, Pump};
use super::registry::{Claim, Ticket};
use crate::ids::ChargePointId;
use crate::shell::Attached;

/// From the answer 101 to the open socket.
const UPGRADE: Duration = Duration::from_secs(10);

/// What becomes of a connection that has authenticated itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is attached.
    Welcome,
    /// There is no such charge point.
    Unknown,
    /// The identity is connected and answers, or is just being connected.
    Duplicate,
    /// The engine has stopped.
    Unavailable,
}

/// A connection that has authenticated itself.
pub(super) struct Connection {
    hall: Arc<Hall>,
    visitor: Visitor,
    point: ChargePointId,
}

/// A claim or a seat in the registry, given up when dropped.
struct Seat {
    hall: Arc<Hall>,
    point: ChargePointId,
    ticket: Ticket,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut registry = self.hall.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.withdraw(&self.point, self.ticket);
        registry.leave(&self.point, self.ticket);
    }
}

impl Connection {
    pub(super) fn new(hall: &Arc<Hall>, visitor: Visitor, point: ChargePointId) -> Connection {
        Connection { hall: Arc::clone(hall), visitor, point }
    }

    /// Attaches, tells the verdict, and pumps until the end.
    pub(super) async fn run(self, upgrade: OnUpgrade, verdict: oneshot::Sender<Verdict>) {
        let mut stages = self.visitor.stages.clone();
        tokio::select! {
            () = self.live(upgrade, verdict) => {}
            () = stages.over() => {}
        }
    }

    /// Completes the handshake and closes: there is no common subprotocol.
    pub(super) async fn refuse(self, upgrade: OnUpgrade) {
        if let Some(socket) = self.socket(upgrade).await {
            pump::dismiss(socket, "the subprotocol is ocpp1.6").await;
        }
    }

    async fn live(&self, upgrade: OnUpgrade, verdict: oneshot::Sender<Verdict>) {
        let (seat, attached, probes) = match self.attach().await {
            Ok(attached) => attached,
            Err(refused) => {
                let _ = verdict.send(refused);
                return;
            }
        };
        self.hall.counters.charge_points.add(1);
        let generation = attached.generation;
        tracing::info!(charge_point = %self.point, peer = %self.visitor.address, "connected");
        let (closed, rest) = if verdict.send(Verdict::Welcome).is_ok() {
            self.pump(upgrade, attached, probes).await
        } else {
            (Closed::Lost, None)
        };
        // First the core, then the seat: the next one to sit there finds the core ready.
        self.hall.handle.detach(self.point.clone(), generation).await;
        drop(seat);
        self.hall.counters.charge_points.subtract(1);
        self.hall.counters.close(closed);
        tracing::info!(charge_point = %self.point, cause = closed.label(), "disconnected");
        if let Some((socket, mut frames)) = rest {
            pump::part(socket, closed, &mut frames).await;
        }
    }

    /// Takes the seat of the identity: at once if it is free, or from a connection that is dead.
    async fn attach(&self) -> Result<(Seat, Attached, mpsc::Receiver<Probe>), Verdict> {
        let claim = {
            let mut registry = self.hall.registry.lock().unwrap_or_else(PoisonError::into_inner);
            registry.claim(&self.point)
        };
        let seat =
            |ticket| Seat { hall: Arc::clone(&self.hall), point: self.point.clone(), ticket };
        let seat = match claim {
            Claim::Busy => return Err(Verdict::Duplicate),
            Claim::Granted(ticket) => seat(ticket),
            Claim::Probe(ticket, holder) => {
                let seat = seat(ticket);
                if self.lives(holder).await {
                    return Err(Verdict::Duplicate);
                }
                seat
            }
        };
        let attached = self.hall.handle.attach(self.point.clone()).await;
        let attached = attached.map_err(|_| Verdict::Unavailable)?.ok_or(Verdict::Unknown)?;
        let (probe, probes) = mpsc::channel(1);
        let mut registry = self.hall.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.seat(&self.point, seat.ticket, probe);
        drop(registry);
        Ok((seat, attached, probes))
    }

    async fn lives(&self, holder: mpsc::Sender<Probe>) -> bool {
        let (probe, answer) = oneshot::channel();
        let asked = async move {
            holder.send(probe).await.ok()?;
            answer.await.ok()
        };
        timeout(self.hall.options.probe_timeout, asked).await.ok().flatten().is_some()
    }

    async fn pump(
        &self,
        upgrade: OnUpgrade,
        mut attached: Attached,
        probes: mpsc::Receiver<Probe>,
    ) -> (Closed, Option<(WebSocketStream<TokioIo<Upgraded>>, mpsc::Receiver<String>)>) {
        let Some(socket) = self.socket(upgrade).await else { return (Closed::Lost, None) };
        let mut pump = Pump {
            handle: &self.hall.handle,
            options: &self.hall.options,
            counters: &self.hall.counters,
            point: &self.point,
            stages: self.visitor.stages.clone(),
        };
        let (closed, socket) = pump.run(socket, &mut attached, probes).await;
        (closed, socket.map(|socket| (socket, attached.frames)))
    }

    async fn socket(&self, upgrade: OnUpgrade) -> Option<WebSocketStream<TokioIo<Upgraded>>> {
        let upgraded = timeout(UPGRADE, upgrade).await.ok()?.ok()?;
        let config = pump::config(&self.hall.options);
        let raw = TokioIo::new(upgraded);
        Some(WebSocketStream::from_raw_socket(raw, Role::Server, Some(config)).await)
    }
}
