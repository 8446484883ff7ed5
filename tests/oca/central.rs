//! The central system under test, and the operator who commissions it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use ampacity::api::{self, ApiState};
use ampacity::csms::{Csms, Options};
use ampacity::ocpp::types::AuthorizationStatus;
use ampacity::shell::clock::Clock;
use ampacity::shell::door::{Door, DoorOptions, Security};
use ampacity::shell::{Engine, EngineOptions, Handle};
use ampacity::sim::live::Alone;
use ampacity::store::memory::Memory;
use ampacity::time::Span;
use axum::Router;
use serde_json::{Value, json};

use crate::rest::Rest;
use crate::station::Station;

/// The charge point that all cases are about: two sockets of 22 kW.
pub(crate) const POINT: &str = "CP-1";
/// A card that may charge; whatever is not made known is invalid.
pub(crate) const CARD: &str = "CARD";

/// Engine, door and API on loopback. Ends when it is dropped.
pub(crate) struct Central {
    pub(crate) rest: Rest,
    /// The AuthorizationKey of the charge point.
    pub(crate) key: String,
    handle: Handle,
    over: Arc<AtomicBool>,
    engine: Option<JoinHandle<()>>,
}

impl Central {
    /// A site with a charge point that has never connected.
    pub(crate) async fn open() -> Central {
        let clock = Clock::real();
        let store = Box::new(Memory::new(Span::from_s(86_400)));
        let options = EngineOptions { hold: true, ..EngineOptions::default() };
        let (engine, handle) = Engine::new(store, clock, options).expect("an empty store");
        let runtime = tokio::runtime::Handle::current();
        let over = Arc::new(AtomicBool::new(false));
        let interrupted = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let unknown_card = AuthorizationStatus::Invalid;
            let csms = Csms::new(Options { unknown_card, ..Options::default() });
            let mut plant = Alone::new(csms, Clock::real().now());
            engine.run(&mut plant, &runtime, &interrupted).expect("it ends well");
        });
        let key = "of-the-operator".to_owned();
        let options = api::Options { key: Some(key.clone()), ..api::Options::default() };
        let router = api::router(ApiState::new(handle.clone(), options));
        let address = listen(&handle, Security::Basic, router).await;
        let rest = Rest { address, key };
        let key = commission(&rest).await;
        Central { rest, key, handle, over, engine: Some(thread) }
    }

    /// One more door to the same central system.
    pub(crate) async fn door(&self, security: Security) -> SocketAddr {
        listen(&self.handle, security, Router::new()).await
    }

    /// The charge point connects for the first time, boots, and finds power to share.
    pub(crate) async fn booted() -> (Central, Station) {
        let central = Central::open().await;
        let mut station = central.connect().await;
        station.boot().await;
        let config = json!({
            "max_power_kw": 100, "reserve_kw": 0, "min_charge_rate_kw": 4.2, "strategy": "equal",
        });
        let path = "/api/v1/smart-charging/sites/car-park/config";
        station.serve(central.rest.expect(200, "PUT", path, Some(&config))).await;
        (central, station)
    }

    /// The charge point connects with its key; it does not boot.
    pub(crate) async fn connect(&self) -> Station {
        Station::connect(&self.rest, POINT, &self.key).await.expect("the right key")
    }

    /// Makes a card known.
    pub(crate) async fn card(&self, id_tag: &str, status: &str) {
        let path = format!("/api/v1/cards/{id_tag}");
        self.rest.expect(200, "PUT", &path, Some(&json!({ "status": status }))).await;
    }

    /// What is shown of a transaction; null where there is none.
    pub(crate) async fn session(&self, transaction_id: i64) -> Value {
        let page = self.sessions().await;
        let mut sessions = page.into_iter();
        sessions.find(|session| session["transaction_id"] == transaction_id).unwrap_or_default()
    }

    /// All sessions of the charge point, the newest first.
    pub(crate) async fn sessions(&self) -> Vec<Value> {
        let path = format!("/api/v1/sessions?charge_point_id={POINT}");
        let page = self.rest.get(&path).await;
        page["sessions"].as_array().expect("a list").clone()
    }

    /// What is shown of files and certificates on their way, or of the local list.
    pub(crate) async fn known(&self, subject: &str) -> Value {
        self.look("maintenance").await[subject].clone()
    }

    /// What is shown of a reservation; null where there is none.
    pub(crate) async fn reservation(&self, id: i64) -> Value {
        let shown = self.look("reservations").await;
        let mut all = shown["reservations"].as_array().expect("a list").iter();
        all.find(|shown| shown["reservation_id"] == id).cloned().unwrap_or_default()
    }

    /// What is shown of a configuration key's value; null where there is none.
    pub(crate) async fn configured(&self, key: &str) -> Value {
        let shown = self.look("configuration").await;
        let mut all = shown["keys"].as_array().expect("a list").iter();
        all.find(|shown| shown["key"] == key)
            .map(|shown| shown["value"].clone())
            .unwrap_or_default()
    }

    /// Kinds of the security events that the charge point has told, the oldest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        let shown = self.look("notices?action=SecurityEventNotification").await;
        let all = shown["notices"].as_array().expect("a list").iter().rev();
        let kind = |event: &Value| event["payload"]["type"].as_str().map(str::to_owned);
        all.filter_map(kind).collect()
    }

    async fn look(&self, what: &str) -> Value {
        self.rest.get(&format!("/api/v1/charge-points/{POINT}/{what}")).await
    }

    /// What is shown of a connector's status.
    pub(crate) async fn status(&self, connector: usize) -> String {
        let point = self.rest.get(&format!("/api/v1/charge-points/{POINT}")).await;
        let status = &point["connectors"][connector - 1]["status"];
        status.as_str().expect("a connector").to_owned()
    }
}

impl Drop for Central {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(engine) = self.engine.take() {
            let ended = engine.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the engine panicked");
        }
    }
}

async fn listen(handle: &Handle, security: Security, router: Router) -> SocketAddr {
    let options = DoorOptions { security, ..DoorOptions::default() };
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let door = Door::bind(anywhere, options, handle.clone()).await.expect("a free port");
    let address = door.local_addr();
    tokio::spawn(door.run(router, std::future::pending()));
    address
}

/// A site, its charge point and a card; returns the charge point's key.
async fn commission(rest: &Rest) -> String {
    let site = json!({ "site_id": "car-park", "name": "Car park" });
    rest.expect(201, "POST", "/api/v1/sites", Some(&site)).await;
    let point = json!({
        "charge_point_id": POINT, "site_id": "car-park", "model": "ac22", "connectors": 2,
    });
    rest.expect(201, "POST", "/api/v1/charge-points", Some(&point)).await;
    let card = json!({ "status": "Accepted" });
    rest.expect(200, "PUT", &format!("/api/v1/cards/{CARD}"), Some(&card)).await;
    let path = format!("/api/v1/charge-points/{POINT}/credentials");
    let made = rest.expect(201, "POST", &path, None).await;
    made["authorization_key"].as_str().expect("a key").to_owned()
}
