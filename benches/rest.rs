//! How long REST calls take while a simulation runs: 100 charge points at 1,000 times real time.
//!
//! `cargo bench --bench rest` asks for the allocation, the configuration and the history over
//! several connections at once, for ten seconds, and prints the percentiles of each.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ampacity::allocation::Strategy;
use ampacity::api::{self, ApiState};
use ampacity::scenario::{Source, expand, load};
use ampacity::shell::clock::Clock;
use ampacity::shell::door::{Door, DoorOptions};
use ampacity::shell::{Engine, EngineOptions};
use ampacity::sim::plant::Plant;
use ampacity::sim::world::World;
use ampacity::store::memory::Memory;
use ampacity::time::Span;

const SPEED: f64 = 1_000.0;
const KEY: &str = "bench";
const CLIENTS: usize = 4;
const LASTS: Duration = Duration::from_secs(10);

const SITE: &str = r#"
name = "REST bench"
start = "2026-05-04T06:00:00Z"
duration = "24h"
[site]
max_power_kw = 310
reserve_kw = 10
min_charge_rate_kw = 3.7
[[chargers]]
count = 100
model = "ac22"
[[vehicles]]
model = "compact_3p11"
[[arrivals]]
kind = "daily_peak"
count = 100
at = "07:00"
spread = "30m"
stay = "8h"
energy_kwh = 30
"#;

fn main() {
    let source = Source::from_bytes("bench.toml", SITE.as_bytes()).expect("text");
    let (scenario, _) = load(&source, &|_| Err("no files".to_owned())).expect("a scenario");
    let fleet = expand(&scenario, 7);
    let mut world = World::new(&scenario, &fleet, Strategy::Equal, 7, None);
    world.listen();
    let clock = Clock::simulated(scenario.start, Some(SPEED));
    let store = Box::new(Memory::new(Span::from_s(86_400)));
    let (engine, handle) = Engine::new(store, clock, EngineOptions::default()).expect("an engine");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let options = api::Options { key: Some(KEY.to_owned()), ..api::Options::default() };
        let router = api::router(ApiState::new(handle.clone(), options));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let door = Door::bind(address, DoorOptions::default(), handle).await.expect("a port");
        let address = door.local_addr();
        tokio::spawn(door.run(router, std::future::pending()));
        address
    });
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let clients = std::thread::spawn(move || {
        // The day begins: let the cars come first.
        std::thread::sleep(Duration::from_secs(4));
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| std::thread::spawn(move || client(address))).collect();
        let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        for client in clients {
            for (call, took) in client.join().expect("a client") {
                times.entry(call).or_default().push(took);
            }
        }
        stopped.store(true, Ordering::Relaxed);
        times
    });
    let end = engine.run(&mut world, runtime.handle(), &stop).expect("a run");
    let times = clients.join().expect("the clients");
    let hours = Plant::now(&world).since(scenario.start).hours();
    println!("{hours:.1} h of 100 charge points at {SPEED} times real time, {CLIENTS} clients");
    println!("largest lag behind the clock: {:.1} ms", end.max_lag_s * 1000.0);
    for (call, mut times) in times {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64();
        println!(
            "{call:<12} {:>7} calls   p50 {:>7.3} ms   p99 {:>7.3} ms   max {:>7.3} ms",
            times.len(),
            at(0.5) * 1000.0,
            at(0.99) * 1000.0,
            at(1.0) * 1000.0
        );
    }
}

/// Calls in turn over one connection until the time is up.
fn client(address: SocketAddr) -> Vec<(&'static str, Duration)> {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let mut connection = BufReader::new(stream);
    let sites = get(&mut connection, "/api/v1/sites");
    let (_, rest) = sites.split_once(r#""site_id":""#).expect("a site");
    let (site, _) = rest.split_once('"').expect("its id");
    let base = format!("/api/v1/smart-charging/sites/{site}");
    let calls = [
        ("allocation", format!("{base}/allocation")),
        ("config", format!("{base}/config")),
        (
            "history",
            format!(
                "{base}/allocation/history?from=2026-05-04T06:00:00Z&to=2026-05-05T06:00:00Z\
                 &interval=15m"
            ),
        ),
    ];
    let began = Instant::now();
    let mut times = Vec::new();
    while began.elapsed() < LASTS {
        for (call, path) in &calls {
            let asked = Instant::now();
            let _ = get(&mut connection, path);
            times.push((*call, asked.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    times
}

/// One GET on a connection that stays open.
fn get(connection: &mut BufReader<TcpStream>, path: &str) -> String {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes()).expect("a request");
    let mut line = String::new();
    connection.read_line(&mut line).expect("a status line");
    assert!(line.contains(" 200 "), "{line}");
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line).expect("a header");
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).expect("a body");
    String::from_utf8(body).expect("text")
}
