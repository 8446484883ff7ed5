//! The stream of events.

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Api, KEY};

/// A listener to the stream.
pub(super) struct Listener {
    body: BodyDataStream,
    read: String,
}

/// One event: its fields `id`, `event` and `data`.
#[derive(Debug)]
pub(super) struct Heard {
    id: String,
    pub(super) kind: String,
    pub(super) data: Value,
}

impl Listener {
    pub(super) async fn new(api: &Api, query: &str, last: Option<&str>) -> Listener {
        let mut request = Request::builder()
            .uri(format!("/api/v1/events{query}"))
            .header("authorization", format!("Bearer {KEY}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await;
        let response = response.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Listener { body: response.into_body().into_data_stream(), read: String::new() }
    }

    pub(super) async fn next(&mut self) -> Heard {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let block: String = self.read.drain(..end + 2).collect();
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.split_once(": "));
                    let mut found = lines.filter(|(key, _)| *key == name).map(|(_, value)| value);
                    found.next().map(str::to_owned)
                };
                let Some(kind) = field("event") else { continue };
                let data = serde_json::from_str(&field("data").unwrap()).unwrap();
                return Heard { id: field("id").unwrap(), kind, data };
            }
            let bytes = self.body.next().await.expect("the stream goes on").unwrap();
            self.read.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

async fn add_site(api: &Api, id: &str) {
    api.post("/api/v1/sites", &json!({ "site_id": id, "name": id })).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_what_happens_and_what_it_missed() {
    let api = Api::empty();
    let mut first = Listener::new(&api, "", None).await;
    add_site(&api, "site_1").await;
    let heard = first.next().await;
    assert_eq!((heard.kind.as_str(), &heard.data["site_id"]), ("site_added", &json!("site_1")));
    drop(first);
    add_site(&api, "site_2").await;
    add_site(&api, "site_3").await;
    let mut second = Listener::new(&api, "", Some(&heard.id)).await;
    assert_eq!(second.next().await.data["site_id"], "site_2");
    assert_eq!(second.next().await.data["site_id"], "site_3");
    let mut of_site = Listener::new(&api, "?site_id=site_3", Some(&heard.id)).await;
    assert_eq!(of_site.next().await.data["site_id"], "site_3");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_process_is_answered_with_a_gap() {
    let api = Api::empty();
    let mut early = Listener::new(&api, "", None).await;
    add_site(&api, "site_1").await;
    early.next().await;
    for unknown in ["0badcafe-7", "nonsense", ""] {
        let mut listener = Listener::new(&api, "", Some(unknown)).await;
        assert_eq!(listener.next().await.kind, "gap", "{unknown}");
        assert_eq!(listener.next().await.data["site_id"], "site_1");
    }
}
