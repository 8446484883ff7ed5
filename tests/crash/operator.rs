//! Whoever uses the REST API: commissions, configures, and looks whether everything that was
//! acknowledged is still there.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::book::{Book, Kept, LARGEST_LIMIT_W};
use crate::process::Rest;
use crate::station::Station;

const SITE: &str = "main";
const CONFIG: &str = "/api/v1/smart-charging/sites/main/config";
const ALLOCATION: &str = "/api/v1/smart-charging/sites/main/allocation";
/// Power for vehicles of the configurations, W; mostly the largest, so that nothing is hidden by
/// what a smaller one leaves free.
const LIMITS_W: [i64; 4] = [18_000, LARGEST_LIMIT_W, LARGEST_LIMIT_W, LARGEST_LIMIT_W];

/// See the module.
pub(crate) struct Operator {
    book: Arc<Mutex<Book>>,
    /// Numbers what is made, so that everything differs.
    made: i64,
}

/// What was asked for: how the book takes its end.
struct Request {
    method: &'static str,
    path: String,
    body: Value,
    /// The status of an acknowledgement.
    status: u16,
}

impl Operator {
    pub(crate) fn new(book: &Arc<Mutex<Book>>) -> Operator {
        Operator { book: Arc::clone(book), made: 0 }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no assertion has failed")
    }

    /// The site, its charge points and their keys.
    pub(crate) async fn commission(&mut self, rest: &Rest, stations: &mut [Station]) {
        let site = json!({"site_id": SITE, "name": "Under test"});
        rest.expect(201, "POST", "/api/v1/sites", Some(&site)).await;
        self.book().sites.insert(SITE.to_owned(), Kept::new(true));
        for station in stations {
            let name = &station.name;
            let point = json!({"charge_point_id": name, "site_id": SITE, "model": "ac22"});
            rest.expect(201, "POST", "/api/v1/charge-points", Some(&point)).await;
            let linked = Kept::new(Some(Some(SITE.to_owned())));
            self.book().points.insert(name.clone(), linked);
            let path = format!("/api/v1/charge-points/{name}/credentials");
            let made = rest.expect(201, "POST", &path, None).await;
            station.key = made["authorization_key"].as_str().expect("a key").to_owned();
            self.book().counts.acknowledged += 2;
        }
    }

    /// Holds everything that the server shows against the book.
    pub(crate) async fn check(&mut self, rest: &Rest) {
        let sites = rest.get("/api/v1/sites").await;
        self.book().check_sites(&sites);
        let points = rest.get("/api/v1/charge-points").await;
        self.book().check_points(&points);
        let (status, config) = rest.call("GET", CONFIG, None).await.expect("an answer");
        self.book().check_config(status, &config);
        let mut missing = self.book().open();
        let mut cursor = String::new();
        while !missing.is_empty() {
            let page = rest.get(&format!("/api/v1/sessions?limit=500{cursor}")).await;
            for row in page["sessions"].as_array().expect("a list") {
                missing.remove(&row["transaction_id"].as_i64().expect("a number"));
                self.book().check_session(row);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => assert!(missing.is_empty(), "acknowledged and gone: {missing:?}"),
            }
        }
    }

    /// Works until the server is gone.
    pub(crate) async fn work(mut self, rest: Rest, mut chance: ChaCha8Rng) -> Operator {
        loop {
            sleep(Duration::from_millis(chance.random_range(0..40))).await;
            let done = match chance.random_range(0..10) {
                0..5 => self.configure(&rest, &mut chance).await,
                5 => self.make_site(&rest).await,
                6 => self.ask_for_site(&rest).await,
                7 => self.make_point(&rest, &mut chance).await,
                8 => self.link(&rest, &mut chance).await,
                _ => look(&rest).await,
            };
            if done.is_none() {
                return self;
            }
        }
    }

    /// True when the request was acknowledged, false when it was refused with a conflict, `None`
    /// when the server is gone.
    async fn ask(&mut self, rest: &Rest, request: &Request) -> Option<(bool, Value)> {
        let Request { method, path, body, status } = request;
        let (got, answer) = rest.call(method, path, Some(body)).await.ok()?;
        assert!(got == *status || got == 409, "{method} {path} {body}: {got} {answer}");
        let acknowledged = got == *status;
        self.book().counts.acknowledged += u64::from(acknowledged);
        Some((acknowledged, answer))
    }

    async fn configure(&mut self, rest: &Rest, chance: &mut ChaCha8Rng) -> Option<()> {
        self.made += 1;
        // No two configurations are the same.
        let reserve = self.made;
        let max = LIMITS_W[chance.random_range(0..LIMITS_W.len())] + reserve;
        let kw = |watts: i64| watts as f64 / 1000.0;
        let body = json!({
            "max_power_kw": kw(max), "reserve_kw": kw(reserve),
            "min_charge_rate_kw": 3.7, "strategy": "equal",
        });
        if let Some(config) = self.book().config.as_mut() {
            config.sent(Some((max, reserve)));
        }
        let request = Request { method: "PUT", path: CONFIG.to_owned(), body, status: 200 };
        let (acknowledged, _) = self.ask(rest, &request).await?;
        if let Some(config) = self.book().config.as_mut() {
            if acknowledged { config.acknowledged() } else { config.refused() }
        }
        Some(())
    }

    async fn make_site(&mut self, rest: &Rest) -> Option<()> {
        self.made += 1;
        let name = format!("site-{}", self.made);
        let mut kept = Kept::new(false);
        kept.sent(true);
        self.book().sites.insert(name.clone(), kept);
        let body = json!({"site_id": name, "name": "Named"});
        let path = "/api/v1/sites".to_owned();
        let request = Request { method: "POST", path, body, status: 201 };
        let (acknowledged, answer) = self.ask(rest, &request).await?;
        assert!(acknowledged, "{answer}");
        if let Some(kept) = self.book().sites.get_mut(&name) {
            kept.acknowledged();
        }
        Some(())
    }

    async fn ask_for_site(&mut self, rest: &Rest) -> Option<()> {
        self.book().asks_for_site();
        let body = json!({"name": "Unnamed"});
        let path = "/api/v1/sites".to_owned();
        let request = Request { method: "POST", path, body, status: 201 };
        let (acknowledged, answer) = self.ask(rest, &request).await?;
        assert!(acknowledged, "{answer}");
        self.book().made_site(answer["site_id"].as_str().expect("an id"));
        Some(())
    }

    async fn make_point(&mut self, rest: &Rest, chance: &mut ChaCha8Rng) -> Option<()> {
        self.made += 1;
        let name = format!("spare-{}", self.made);
        let site = chance.random_bool(0.5).then(|| SITE.to_owned());
        let mut kept = Kept::new(None);
        kept.sent(Some(site.clone()));
        self.book().points.insert(name.clone(), kept);
        let body = json!({"charge_point_id": name, "site_id": site, "model": "dc50"});
        let path = "/api/v1/charge-points".to_owned();
        let request = Request { method: "POST", path, body, status: 201 };
        let (acknowledged, answer) = self.ask(rest, &request).await?;
        assert!(acknowledged, "{answer}");
        if let Some(kept) = self.book().points.get_mut(&name) {
            kept.acknowledged();
        }
        Some(())
    }

    /// Moves a charge point that nobody uses.
    async fn link(&mut self, rest: &Rest, chance: &mut ChaCha8Rng) -> Option<()> {
        let spares: Vec<String> = {
            let book = self.book();
            book.points.keys().filter(|name| name.starts_with("spare")).cloned().collect()
        };
        let Some(name) = spares.get(chance.random_range(0..spares.len().max(1))) else {
            return Some(());
        };
        let site = chance.random_bool(0.5).then(|| SITE.to_owned());
        let is_there = self.book().points.get_mut(name).is_some_and(|kept| kept.moves(&site));
        if !is_there {
            return Some(());
        }
        let body = json!({"site_id": site});
        let path = format!("/api/v1/charge-points/{name}/site");
        let request = Request { method: "PUT", path, body, status: 200 };
        let (acknowledged, answer) = self.ask(rest, &request).await?;
        assert!(acknowledged, "{answer}");
        if let Some(kept) = self.book().points.get_mut(name) {
            kept.acknowledged();
        }
        Some(())
    }
}

/// Looks at the allocation: it never promises more than there is.
async fn look(rest: &Rest) -> Option<()> {
    let (status, answer) = rest.call("GET", ALLOCATION, None).await.ok()?;
    assert_eq!(status, 200, "{answer}");
    let allocated = answer["allocated_kw"].as_f64().expect("kW");
    assert!(allocated <= LARGEST_LIMIT_W as f64 / 1000.0, "{answer}");
    Some(())
}
