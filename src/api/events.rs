//! Events as they happen, as a stream of server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::contract::Params;
use crate::api::feed::{Feed, Next};
use crate::api::problem::Problem;
use crate::api::tenancy::Reach;
use crate::api::values::{Id, Instant};

/// A comment keeps the connection open after this silence.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Events taken from the feed at once.
const TAKEN: usize = 256;

/// Which events.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventQuery {
    /// Only those of this site; gaps are always told.
    #[param(value_type = Option<Id>)]
    site_id: Option<String>,
}

/// What stands in `data` of an event.
#[derive(Serialize, ToSchema)]
pub(super) struct EventBody {
    /// 1, 2, 3 .. within one process.
    #[schema(minimum = 1, example = 17)]
    sequence: u64,
    /// In the central system's time.
    at: Instant,
    /// Where it has one.
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: Option<String>,
    /// As the field `event`.
    #[schema(example = "limit_accepted")]
    kind: String,
    /// By kind.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Where a listener is.
struct Listener {
    feed: Arc<Feed>,
    last: watch::Receiver<u64>,
    after: u64,
    site: Option<String>,
    reach: Reach,
    ready: VecDeque<Event>,
}

/// Events as they happen
///
/// A stream of server-sent events. The field `event` is the kind: `session_started`,
/// `session_ended`, `limit_accepted`, `profile_sent`, `profile_answered`, `rotated`, `rebalanced`,
/// `config_changed`, `site_added`, `charge_point_connected`, `charge_point_disconnected`,
/// `charge_point_changed`, `charge_point_removed`, `command_ended`, `notice` (firmware, diagnostics,
/// security events and what else a charge point tells), `record_changed` (what is known of a charge
/// point about a subject), and `gap` where events are missing because the listener was away for
/// more than 10,000 of them or the server has restarted.
/// A client that reconnects with `Last-Event-ID` gets what it has missed.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(
        EventQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "`id` of the last event received"),
    ),
    responses((status = 200, description = "The stream", body = EventBody,
               content_type = "text/event-stream")),
    security(("bearer" = ["read"])),
)]
pub(super) async fn stream_events(
    State(api): State<ApiState>,
    reach: Reach,
    headers: HeaderMap,
    Params(query): Params<EventQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let feed = api.feed.clone();
    let last = feed.last();
    let now = *last.borrow();
    let mut ready = VecDeque::new();
    let after = match headers.get("last-event-id").and_then(|value| value.to_str().ok()) {
        None => now,
        Some(id) => match feed.number(id).filter(|number| *number <= now) {
            Some(number) => number,
            None => {
                // Of another process: what it has told since its start may be new to them.
                ready.push_back(gap(&feed, 0));
                0
            }
        },
    };
    let listener = Listener { feed, last, after, site: query.site_id, reach, ready };
    let stream = futures_util::stream::unfold(listener, Listener::next);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Listener {
    /// The next event; waits for it. `None` when the engine has ended.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Listener)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            self.last.borrow_and_update();
            match self.feed.next(self.after, TAKEN) {
                Some(Next::Gap(until)) => {
                    self.after = until;
                    self.ready.push_back(gap(&self.feed, until));
                }
                Some(Next::Events(events)) => {
                    for event in events {
                        self.after = event.sequence;
                        let covered = self.reach.covers(event.site_id.as_deref());
                        if covered && (self.site.is_none() || self.site == event.site_id) {
                            let written = Event::default()
                                .id(self.feed.id(event.sequence))
                                .event(event.kind)
                                .json_data(&*event);
                            self.ready.extend(written);
                        }
                    }
                }
                None if self.feed.has_ended() => return None,
                None => self.last.changed().await.ok()?,
            }
        }
    }
}

/// Tells a listener that events up to `until` are missing.
fn gap(feed: &Feed, until: u64) -> Event {
    let data = json!({ "kind": "gap", "sequence": until });
    Event::default().id(feed.id(until)).event("gap").data(data.to_string())
}
