//! How far the door is closed.

use tokio::sync::watch;

/// From open to gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Everybody may come in.
    Open,
    /// Nobody comes in; what is under way ends.
    Draining,
    /// What has not ended by now is dropped.
    Over,
}

/// Lets a task wait for a stage; while it holds this, the door knows that it is not done.
#[derive(Clone, Debug)]
pub(super) struct Stages(watch::Receiver<Stage>);

impl Stages {
    /// An open door.
    pub(super) fn open() -> (watch::Sender<Stage>, Stages) {
        let (sender, receiver) = watch::channel(Stage::Open);
        (sender, Stages(receiver))
    }

    /// Waits until nobody comes in any more.
    pub(super) async fn draining(&mut self) {
        self.reached(Stage::Draining).await;
    }

    /// Waits until everything is to be dropped.
    pub(super) async fn over(&mut self) {
        self.reached(Stage::Over).await;
    }

    async fn reached(&mut self, stage: Stage) {
        // Without a door there is nothing to wait for.
        let _ = self.0.wait_for(|now| *now >= stage).await;
    }
}
