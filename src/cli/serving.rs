//! The door and the API behind it, for a run and for `serve`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::output::note;
use crate::api::{self, ApiState};
use crate::shell::door::{Door, DoorOptions};
use crate::shell::{Handle, secret};

/// Open requests have this long to end.
const DRAIN: Duration = Duration::from_secs(10);
/// The variable that sets the key of a run's API.
const KEY_VARIABLE: &str = "AMPACITY_API_KEY";

/// A door that is open.
pub(super) struct Serving {
    close: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl Serving {
    /// Opens the door of a run; its key is the environment's, or made and shown.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub(super) fn of_a_run(
        runtime: &Runtime,
        address: SocketAddr,
        handle: Handle,
    ) -> anyhow::Result<Serving> {
        let given = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty());
        let made = given.is_none();
        let key = match given {
            Some(key) => key,
            None => secret::api_key("run").context("no random numbers")?,
        };
        let api = api::Options { key: Some(key.clone()), ..api::Options::default() };
        let serving = Serving::open(runtime, address, DoorOptions::default(), api, handle)?;
        let address = serving.address;
        note(format!(
            "ampacity: the API is at http://{address}/api/v1, its manual at http://{address}/docs"
        ));
        if made {
            note(format!("ampacity: its key is {key} (set {KEY_VARIABLE} to choose one)"));
            note(format!("ampacity: the dashboard is at http://{address}/#key={key}"));
        } else {
            note(format!("ampacity: the dashboard is at http://{address}/"));
        }
        Ok(serving)
    }

    /// Opens the door.
    ///
    /// # Errors
    /// When the address cannot be listened on or a certificate is wrong.
    pub(super) fn open(
        runtime: &Runtime,
        address: SocketAddr,
        door: DoorOptions,
        api: api::Options,
        handle: Handle,
    ) -> anyhow::Result<Serving> {
        runtime.block_on(async move {
            let router = api::router(ApiState::new(handle.clone(), api));
            let door = Door::bind(address, door, handle)
                .await
                .with_context(|| format!("cannot listen on {address}"))?;
            let address = door.local_addr();
            let (close, closed) = oneshot::channel();
            let task = tokio::spawn(door.run(router, async move {
                let _ = closed.await;
            }));
            Ok(Serving { close, task, address })
        })
    }

    /// Closes the door: open requests may end, everybody else goes.
    pub(super) fn end(self, runtime: &Runtime) {
        let _ = self.close.send(());
        let _ = runtime.block_on(async { tokio::time::timeout(DRAIN, self.task).await });
    }
}
