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
        /// A site it is good for, `site_..`; repeat it for several. Without it the key is for the
        /// whole server.
        #[arg(long = "site", value_name = "ID")]
        sites: Vec<String>,
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
        Action::Create { name, scope, sites } => {
            if scope == "admin" && !sites.is_empty() {
                note(
                    "ampacity: --scope admin is for the whole server: leave --site out, or take control",
                );
                return Ok(Exit::Invalid);
            }
            let known = store.load()?.sites;
            for site in sites {
                if !known.iter().any(|row| row.site.as_str() == site) {
                    bail!("there is no site {site}; GET /api/v1/sites shows them");
                }
            }
            let key = secret::api_key("amp").context("no random numbers")?;
            let now = system_now();
            let row = ApiKeyRow {
                id: ids::make("key", now, keys.len() as u64 + 1),
                name: name.clone(),
                sha256: secret::sha256(&key),
                scopes: vec![scope.clone()],
                sites: sites.iter().map(|site| ids::SiteId::new(site)).collect(),
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
                let sites: Vec<&str> = key.sites.iter().map(ids::SiteId::as_str).collect();
                let sites = if sites.is_empty() { "all sites".to_owned() } else { sites.join(",") };
                let (id, name) = (key.id, key.name);
                data(&format!("{id}  {scopes:<8} {state:<10} {made}  {name}  {sites}\n"))?;
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
