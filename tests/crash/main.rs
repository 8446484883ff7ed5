//! SIGKILL at any moment, start-up included, again and again on the same data: what the server
//! has acknowledged is there afterwards, no id is given twice, and no charge point is permitted
//! more before it has confirmed what it has.
//!
//! `AMPACITY_CRASH_ROUNDS` says how often (12), `AMPACITY_CRASH_SEED` decides everything but the
//! timing of the operating system (1).

mod book;
mod operator;
#[path = "../process/mod.rs"]
mod process;
mod station;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use book::Book;
use operator::Operator;
use process::{Place, Rest, Server};
use station::{Mood, Station};

const STATIONS: usize = 5;
/// Long enough for decreases to arrive everywhere, many times over.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// The server's data, everybody who deals with it, and what they have been told.
struct Scene {
    place: Place,
    key: String,
    book: Arc<Mutex<Book>>,
    stations: Vec<Station>,
    operator: Option<Operator>,
    chance: ChaCha8Rng,
    seed: u64,
    round: u64,
    server: Option<Server>,
}

fn number(variable: &str, usual: u64) -> u64 {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
    text.map_or(usual, |text| text.parse().expect("a whole number"))
}

impl Scene {
    fn new(seed: u64) -> Scene {
        let place = Place::new();
        let key = place.admin_key();
        let book = Arc::new(Mutex::new(Book::default()));
        let names = (0..STATIONS).map(|index| format!("station-{index}"));
        let stations = names.map(|name| Station::new(&name, &book)).collect();
        let operator = Some(Operator::new(&book));
        let chance = ChaCha8Rng::seed_from_u64(seed);
        Scene { place, key, book, stations, operator, chance, seed, round: 0, server: None }
    }

    /// Starts the server and waits until it can be reached.
    fn serve(&mut self) -> Rest {
        let server = self.server.insert(self.place.serve());
        Rest { address: server.address(), key: self.key.clone() }
    }

    /// Ends it as nothing else does; it must not have ended by itself.
    fn kill(&mut self) {
        let mut server = self.server.take().expect("it runs");
        server.child.kill().expect("a process");
        let (code, log) = server.wait();
        assert!(code.is_none() && !log.contains("panicked"), "it ended by itself:\n{log}");
    }

    /// The site, its charge points and their keys.
    async fn commission(&mut self, rest: &Rest) {
        let operator = self.operator.as_mut().expect("between rounds");
        operator.commission(rest, &mut self.stations).await;
    }

    async fn check(&mut self, rest: &Rest) {
        self.operator.as_mut().expect("between rounds").check(rest).await;
    }

    fn chance(&mut self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.chance.random())
    }

    fn connect(&mut self, rest: &Rest, mood: Mood) -> Vec<JoinHandle<Station>> {
        std::mem::take(&mut self.stations)
            .into_iter()
            .map(|station| tokio::spawn(station.live(rest.address, self.chance(), mood)))
            .collect()
    }

    async fn disconnected(&mut self, stations: Vec<JoinHandle<Station>>) {
        for station in stations {
            self.stations.push(station.await.expect("a station without a complaint"));
        }
    }

    /// Everybody deals with the server until it is killed.
    async fn live(&mut self, rest: &Rest, lifetime: Duration) {
        let stations = self.connect(rest, Mood::Busy);
        let operator = self.operator.take().expect("between rounds");
        let operator = tokio::spawn(operator.work(rest.clone(), self.chance()));
        tokio::time::sleep(lifetime).await;
        self.kill();
        self.disconnected(stations).await;
        self.operator = Some(operator.await.expect("an operator without a complaint"));
    }

    fn play(&mut self, runtime: &Runtime) {
        if self.chance.random_ratio(1, 6) {
            self.server = Some(self.place.serve());
            let moment = self.chance.random_range(0..60_000);
            std::thread::sleep(Duration::from_micros(moment));
            return self.kill();
        }
        // Decisions that nobody asks for at once come a second after their cause.
        let is_long = self.chance.random_ratio(1, 4);
        let lifetime = if is_long { 1000..2500 } else { 30..400 };
        let lifetime = Duration::from_millis(self.chance.random_range(lifetime));
        let rest = self.serve();
        runtime.block_on(async {
            self.check(&rest).await;
            self.live(&rest, lifetime).await;
        });
    }

    /// Nobody disturbs any more: everything comes below the last configuration, then every
    /// transaction ends; a last look at all of them.
    async fn settle(&mut self) {
        for mood in [Mood::Quiet, Mood::Closing] {
            let rest = self.serve();
            self.check(&rest).await;
            let stations = self.connect(&rest, mood);
            let begun = Instant::now();
            while !self.is_settled(mood) {
                assert!(begun.elapsed() < SETTLED_WITHIN, "the limits never come down");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.kill();
            self.disconnected(stations).await;
        }
        self.book.lock().expect("no complaint").reopen();
        let rest = self.serve();
        self.check(&rest).await;
        self.kill();
    }

    fn is_settled(&self, mood: Mood) -> bool {
        let book = self.book.lock().expect("no complaint");
        match mood {
            Mood::Closing => book.enforced_w() == 0 && book.all_ended(),
            _ => book.enforced_w() <= book.limit_w(),
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.server.as_ref().map(Server::log).unwrap_or_default();
            eprintln!(
                "AMPACITY_CRASH_SEED={}, round {}; the server says:\n{log}",
                self.seed, self.round
            );
        }
    }
}

#[test]
fn what_was_acknowledged_survives_and_no_limit_rises_unconfirmed() {
    let rounds = number("AMPACITY_CRASH_ROUNDS", 12);
    let runtime = Runtime::new().expect("a runtime");
    let mut scene = Scene::new(number("AMPACITY_CRASH_SEED", 1));
    let rest = scene.serve();
    runtime.block_on(scene.commission(&rest));
    scene.kill();
    for round in 1..=rounds {
        scene.round = round;
        scene.play(&runtime);
    }
    runtime.block_on(scene.settle());
    let book = scene.book.lock().expect("no complaint");
    let (counts, transactions) = (book.counts, book.transactions());
    println!(
        "crash: {rounds} rounds, {} acknowledged operations, {transactions} transactions, {} \
         limits ({} raises, {} first after a restart), {} W at most",
        counts.acknowledged, counts.limits, counts.raises, counts.confirmed_again, counts.largest_w
    );
    assert!(transactions > 0 && counts.limits > 0, "nothing ever happened");
}
