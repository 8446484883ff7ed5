//! `ampacity key`: keys of the REST API of `serve`.

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::Exit;
use super::output::{data, note};
use crate::ids;
use crate::shell::clock::system_now;
use crate::shell::secret;
use crate::store::sqlite::Options;
use crate::store::{ApiKeyRow, Fact, Store};

/// Arguments of `key`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    /// Folder of the database, as of `serve`.
    #[arg(long, global = true, value_name = "DIR", default_value = "ampacity-data")]
    data: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key and print it; only its hash is kept.
    Create {
        /// What it is for.
        name: String,
        /// What it may: `read` looks, `control` changes, `admin` also commissions and hands out
        /// keys.
        #[arg(long, value_parser = ["read", "control", "admin"], default_value = "control")]
        scope: String,
    },
    /// List the keys.
    List,
    /// Withdraw a key.
    Revoke {
        /// `key_..`, from the list.
        id: String,
    },
}

/// Makes, lists or withdraws keys. A program that serves this folder holds its database; then the
/// API's own calls do the same.
///
/// # Errors
/// When the database cannot be used.
pub(super) fn key(args: &Args) -> anyhow::Result<Exit> {
    let mut store = super::serve::open_store(&args.data, Options::default())?;
    let keys = store.reader()?.api_keys()?;
    match &args.action {
        Action::Create { name, scope } => {
            let key = secret::api_key("amp").context("no random numbers")?;
            let now = system_now();
            let row = ApiKeyRow {
                id: ids::make("key", now, keys.len() as u64 + 1),
                name: name.clone(),
                sha256: secret::sha256(&key),
                scopes: vec![scope.clone()],
                created_at: now,
                revoked_at: None,
            };
            let id = row.id.clone();
            store.apply(&[Fact::ApiKey(row)])?;
            note(format!("ampacity: {id}, scope {scope}; the key is shown only now:"));
            data(&format!("{key}\n"))?;
        }
        Action::List => {
            for key in keys {
                let state = if key.revoked_at.is_some() { "withdrawn" } else { "valid" };
                let scopes = key.scopes.join(",");
                let made = key.created_at.to_ocpp();
                data(&format!("{}  {scopes:<8} {state:<10} {made}  {}\n", key.id, key.name))?;
            }
        }
        Action::Revoke { id } => {
            let Some(key) = keys.into_iter().find(|key| key.id == *id) else {
                bail!("there is no key {id}; `ampacity key list` shows them");
            };
            let revoked_at = key.revoked_at.or(Some(system_now()));
            store.apply(&[Fact::ApiKey(ApiKeyRow { revoked_at, ..key })])?;
        }
    }
    Ok(Exit::Passed)
}
