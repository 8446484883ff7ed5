//! The REST API on a running engine, as its users see it.

mod commands;
mod commissioning;
mod document;
mod events;
mod explain;
mod guide;
mod load;
mod manners;
mod operation;
mod station;
mod tenancy;
mod windows;
mod wiring;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ampacity::api::{ApiState, Options, Rate, router};
use ampacity::csms::{Csms, Options as CsmsOptions};
use ampacity::scenario::{Source, expand, load};
use ampacity::shell::clock::Clock;
use ampacity::shell::{Engine, EngineOptions, Handle, PaceChange};
use ampacity::sim::live::Alone;
use ampacity::sim::plant::Plant;
use ampacity::sim::world::World;
use ampacity::store::memory::Memory;
use ampacity::time::{Span, Time};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

/// The key that may everything.
const KEY: &str = "a-key-for-tests";
/// 09:30 in Amsterdam on the day of the workplace scenario: cars are charging.
const MORNING: &str = "2026-05-04T07:30:00Z";

/// An engine on its thread and the API around it.
struct Api {
    router: Router,
    handle: Handle,
    over: Arc<AtomicBool>,
    engine: Option<JoinHandle<()>>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Holds the answer against a status; its body otherwise says why not.
    fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// A problem of this status: its `detail`.
    fn problem(self, status: u16) -> String {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let json = answer.json();
        assert_eq!(json["status"], status);
        assert_eq!(json["request_id"], answer.header("x-request-id"));
        assert!(json["type"].as_str().unwrap().starts_with("urn:ampacity:problem:"));
        json["detail"].as_str().unwrap().to_owned()
    }
}

/// A call that is being put together.
struct Call<'a> {
    api: &'a Api,
    request: axum::http::request::Builder,
    body: Option<String>,
}

impl Call<'_> {
    fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Without the key that may everything.
    fn anonymous(mut self) -> Self {
        self.request.headers_mut().unwrap().remove("authorization");
        self
    }

    fn key(self, key: &str) -> Self {
        self.anonymous().header("authorization", &format!("Bearer {key}"))
    }

    fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").text(&body.to_string())
    }

    fn text(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    async fn send(self) -> Answer {
        let request = self.request.body(Body::from(self.body.unwrap_or_default())).unwrap();
        let response = self.api.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

impl Api {
    /// The workplace scenario, standing still at its first instant.
    async fn workplace() -> Api {
        Api::workplace_with(options()).await
    }

    async fn workplace_with(options: Options) -> Api {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/workplace.toml");
        let text = std::fs::read_to_string(path).unwrap();
        let no_files = |file: &str| Err(format!("{file} is not needed"));
        let loaded = load(&Source::new("workplace.toml", &text), &no_files);
        let (scenario, _) = loaded.unwrap_or_else(|problems| panic!("{problems:?}"));
        let clock = Clock::simulated(scenario.start, Some(1.0));
        let api = Api::start(clock, options, move |drive| {
            let fleet = expand(&scenario, scenario.seed);
            let mut world =
                World::new(&scenario, &fleet, scenario.site.strategy, scenario.seed, None);
            world.listen();
            drive(&mut world);
        });
        api.handle.pace(PaceChange::Pause).await.unwrap().unwrap();
        api
    }

    /// A central system for real charge points, without anything.
    fn empty() -> Api {
        Api::empty_with(options())
    }

    fn empty_with(options: Options) -> Api {
        Api::start(Clock::real(), options, |drive| {
            drive(&mut Alone::new(Csms::new(CsmsOptions::default()), Clock::real().now()));
        })
    }

    fn start(
        clock: Clock,
        options: Options,
        with_plant: impl FnOnce(&mut dyn FnMut(&mut dyn Plant)) + Send + 'static,
    ) -> Api {
        let store = Box::new(Memory::new(Span::from_s(86_400)));
        let engine_options = EngineOptions { hold: true, ..EngineOptions::default() };
        let (engine, handle) = Engine::new(store, clock, engine_options).unwrap();
        let runtime = tokio::runtime::Handle::current();
        let over = Arc::new(AtomicBool::new(false));
        let interrupted = over.clone();
        let thread = std::thread::spawn(move || {
            let mut engine = Some(engine);
            with_plant(&mut |plant| {
                let engine = engine.take().expect("one plant");
                engine.run(plant, &runtime, &interrupted).expect("the engine ends well");
            });
        });
        let router = router(ApiState::new(handle.clone(), options));
        Api { router, handle, over, engine: Some(thread) }
    }

    fn call(&self, method: &str, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {KEY}"));
        Call { api: self, request, body: None }
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path).json(body).send().await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send().await
    }

    /// The simulation goes on to an instant and stands still there.
    async fn run_until(&self, instant: &str) {
        let until = Time::parse_ocpp_exact(instant).unwrap();
        self.handle.pace(PaceChange::StepUntil(until)).await.unwrap().unwrap();
    }

    /// Time passes again, sixty times as fast as on the wall.
    async fn resume(&self) {
        self.handle.pace(PaceChange::Speed(Some(60.0))).await.unwrap().unwrap();
        self.handle.pace(PaceChange::Resume).await.unwrap().unwrap();
    }

    /// Path of the only site.
    async fn site(&self) -> String {
        let sites = self.get("/api/v1/sites").await.expect(200).json();
        let id = sites["sites"][0]["site_id"].as_str().unwrap();
        format!("/api/v1/smart-charging/sites/{id}")
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(engine) = self.engine.take() {
            let ended = engine.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the engine panicked");
        }
    }
}

fn options() -> Options {
    Options {
        key: Some(KEY.to_owned()),
        rebalances: Rate { burst: 3, every: Duration::from_secs(600) },
        ..Options::default()
    }
}
