//! Keys for some sites only: whatever belongs to another site is not there for them.
//!
//! The layer in [`contract`](super::contract) asks [`admit`] before a handler runs: what a path
//! names must belong to one of the key's sites, or the answer is the 404 of a thing that does not
//! exist. Operations about the whole server are refused, except the few of [`FILTERED`], whose
//! handlers leave out what the key does not cover. An operation that is new is thus refused until
//! somebody has thought about it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::api::Shared;
use crate::api::charge_points;
use crate::api::problem::Problem;
use crate::ids::{ChargePointId, SessionId, SiteId};

/// Operations (GET) without a site in their path that tell a key only of its own sites.
const FILTERED: [&str; 5] = [
    "/api/v1/sites",
    "/api/v1/charge-points",
    "/api/v1/sessions",
    "/api/v1/events",
    "/api/v1/simulation",
];

/// The sites that a key is good for.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach(Option<Arc<BTreeSet<SiteId>>>);

impl Reach {
    /// Of a key with these sites; none: everything.
    pub(super) fn of(sites: &[SiteId]) -> Reach {
        Reach((!sites.is_empty()).then(|| Arc::new(sites.iter().cloned().collect())))
    }

    /// Whether the key covers what belongs to this site, or to none.
    pub(super) fn covers(&self, site: Option<&str>) -> bool {
        let Some(sites) = &self.0 else { return true };
        site.is_some_and(|site| sites.iter().any(|own| own.as_str() == site))
    }

    fn is_everything(&self) -> bool {
        self.0.is_none()
    }
}

impl<S: Sync> FromRequestParts<S> for Reach {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Reach, Infallible> {
        // Without a key there is no reach; operations that need no key tell nothing of sites.
        Ok(parts.extensions.get::<Reach>().cloned().unwrap_or_default())
    }
}

/// Lets a request pass that is about something the key covers, or about nothing that exists.
///
/// # Errors
/// 404 for what belongs to another site, 403 for what is about the whole server.
pub(super) async fn admit(
    api: &Shared,
    reach: &Reach,
    template: &str,
    parts: &mut Parts,
) -> Result<(), Problem> {
    if reach.is_everything() {
        return Ok(());
    }
    let given = RawPathParams::from_request_parts(parts, &()).await;
    let given = given.map_err(|error| Problem::internal(&error.to_string()))?;
    let mut named = given.iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
    match named.find(|(name, _)| name.ends_with("_id")) {
        Some((name, id)) => belongs(api, reach, &name, &id).await,
        None if parts.method == "GET" && FILTERED.contains(&template) => Ok(()),
        None => {
            let detail = "the key is for some sites only, and this is about the whole server";
            Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
        }
    }
}

async fn belongs(api: &Shared, reach: &Reach, name: &str, id: &str) -> Result<(), Problem> {
    match name {
        "site_id" if reach.covers(Some(id)) => Ok(()),
        "site_id" => Err(Problem::not_found(format!("there is no site {id}"))),
        "charge_point_id" => at_point(api, reach, id, || charge_points::no_such_point(id)).await,
        "session_id" => {
            let wanted = SessionId::new(id);
            let row = api.ask(move |store| store.session(&wanted)).await?;
            let missing = || Problem::not_found(format!("there is no session {id}"));
            let row = row.ok_or_else(missing)?;
            at_point(api, reach, row.point.as_str(), missing).await
        }
        "command_id" => {
            let wanted = id.to_owned();
            let row = api.ask(move |store| store.command(&wanted)).await?;
            let missing = || Problem::not_found(format!("there is no command {id}"));
            let row = row.ok_or_else(missing)?;
            at_point(api, reach, row.point.as_str(), missing).await
        }
        _ => Err(Problem::not_found(format!("there is no {id}"))),
    }
}

/// Where the charge point stands decides.
async fn at_point(
    api: &Shared,
    reach: &Reach,
    point: &str,
    missing: impl Fn() -> Problem,
) -> Result<(), Problem> {
    let wanted = ChargePointId::new(point);
    let site = api
        .look(move |csms| {
            let site = csms.site_of(csms.point(wanted.as_str())?)?;
            Some(csms.site_id(site).clone())
        })
        .await?;
    let covered = reach.covers(site.as_ref().map(SiteId::as_str));
    if covered { Ok(()) } else { Err(missing()) }
}
