use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::house::{House, ask, farewell, status};
use crate::shell::door::{DoorCounters, DoorOptions, Limits, Refused, Security};

const HELLO: &str = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn house(limits: Limits) -> House {
    House::open(DoorOptions { security: Security::None, limits, ..DoorOptions::default() }).await
}

async fn until(counters: &DoorCounters, open: u64) {
    let reached = async {
        while counters.open.get() != open {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let late = tokio::time::timeout(Duration::from_secs(30), reached).await;
    late.unwrap_or_else(|_| panic!("{} connections are open", counters.open.get()));
}

#[tokio::test]
async fn of_250_that_send_half_a_header_none_stays() {
    let short = Duration::from_millis(500);
    let house = house(Limits { header_read: short, ..Limits::default() }).await;
    let mut slow: Vec<TcpStream> = Vec::new();
    for n in 0..250 {
        let mut stream = house.tcp().await;
        // Some say nothing, some have been served once and idle.
        match n % 10 {
            0 => {}
            1 => assert_eq!(status(&ask(&mut stream, HELLO).await), 200),
            _ => stream.write_all(b"GET /ocpp/CP1 HTTP/1.1\r\nHost: local").await.unwrap(),
        }
        slow.push(stream);
    }
    // One sends a byte now and then, which is no reason to wait longer.
    let mut trickle = house.tcp().await;
    let trickling = tokio::spawn(async move {
        while trickle.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    until(&house.counters, 0).await;
    assert_eq!(house.counters.accepted.get(), 251);
    trickling.await.unwrap();
    assert_eq!(status(&ask(&mut house.tcp().await, HELLO).await), 200);
}

#[tokio::test]
async fn requests_are_bounded_in_every_direction() {
    let limits = Limits {
        headers: 16,
        header_bytes: 2_000,
        body_bytes: 1_000,
        request: Duration::from_millis(200),
        ..Limits::default()
    };
    let house = house(limits).await;
    let get = |more: String| format!("GET /hello HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let post = |length: usize, body: String| {
        format!("POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    for (what, request, expected) in [
        ("as allowed", get("A: b\r\n".repeat(15)), 200),
        ("many headers", get("A: b\r\n".repeat(16)), 431),
        ("a long header", get(format!("A: {}\r\n", "b".repeat(2_000))), 431),
        ("a long path", format!("GET /{} HTTP/1.1\r\n\r\n", "b".repeat(2_000)), 431),
        ("a body", post(1_000, "x".repeat(1_000)), 200),
        ("a long body", post(1_001, "x".repeat(1_001)), 413),
        ("a body that does not come", post(1_000, "x".repeat(10)), 408),
        ("a long answer", HELLO.replace("/hello", "/never"), 408),
    ] {
        let answer = ask(&mut house.tcp().await, &request).await;
        assert_eq!(status(&answer), expected, "{what}: {answer}");
    }
}

#[tokio::test]
async fn connections_are_bounded_and_a_place_that_is_left_is_free() {
    let house = house(Limits { connections_per_peer: 3, ..Limits::default() }).await;
    let client = house.connect("CP1").await.unwrap();
    let mut others = [house.tcp().await, house.tcp().await];
    for other in &mut others {
        assert_eq!(status(&ask(other, HELLO).await), 200);
    }
    let mut byte = [0];
    let refused = house.tcp().await.read(&mut byte).await;
    assert!(!matches!(refused, Ok(1..)), "a fourth was served");
    assert_eq!(house.counters.refused(Refused::Connections), 1);
    // A charge point's connection counts until it is gone, not until its handshake is answered.
    drop(client);
    until(&house.counters, 2).await;
    assert_eq!(status(&ask(&mut house.tcp().await, HELLO).await), 200);
}

#[tokio::test]
async fn at_the_end_everybody_is_told_and_nobody_is_waited_for_too_long() {
    let limits = Limits { drain: Duration::from_millis(500), ..Limits::default() };
    let house = house(limits).await;
    let mut clients = [house.connect("CP1").await.unwrap(), house.connect("CP2").await.unwrap()];
    let mut idle = house.tcp().await;
    assert_eq!(status(&ask(&mut idle, HELLO).await), 200);
    let mut stuck = house.tcp().await;
    stuck.write_all(HELLO.replace("/hello", "/never").as_bytes()).await.unwrap();
    until(&house.counters, 4).await;
    let (address, counters, engine) = (house.address, house.counters.clone(), house.engine.clone());
    let closing = tokio::spawn(house.shut());
    for client in &mut clients {
        let close = farewell(client).await.expect("a close frame");
        assert_eq!(u16::from(close.code), 1001);
    }
    closing.await.unwrap();
    assert_eq!(counters.open.get(), 0);
    assert_eq!(counters.charge_points.get(), 0);
    for point in ["CP1", "CP2"] {
        engine.until(point, |link| !link.is_up()).await;
    }
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}
