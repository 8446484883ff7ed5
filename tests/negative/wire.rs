//! The damaged requests once more, over one WebSocket: the door lets all of them through and
//! stays open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ampacity::ocpp::{Action, Frame};
use ampacity::shell::clock::Clock;
use ampacity::shell::door::{Door, DoorOptions, Limits, Security};
use ampacity::shell::{Engine, EngineOptions};
use ampacity::sim::live::Alone;
use ampacity::store::memory::Memory;
use ampacity::time::Span;
use axum::Router;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::central::{self, Central};
use crate::damage::damaged;
use crate::expect::{Answer, expected};
use crate::{Receiver, read_answer};

/// Whatever takes longer has not been answered.
const PATIENCE: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A charge point that says what it is told to, on one connection.
struct Line {
    socket: Socket,
    said: u64,
}

impl Line {
    async fn connect(address: SocketAddr) -> Line {
        let url = format!("ws://{address}/ocpp/{}", central::POINT);
        let mut request = url.into_client_request().expect("a URL");
        let protocol = HeaderValue::from_static("ocpp1.6");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.expect("an open door");
        Line { socket, said: 0 }
    }

    /// Sends a request and waits for its answer; accepts whatever is asked meanwhile.
    async fn ask(&mut self, action: &str, payload: &str) -> Answer {
        self.said += 1;
        let id = format!("w{}", self.said);
        self.say(format!("[2,\"{id}\",\"{action}\",{payload}]")).await;
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let text = match heard.unwrap_or_else(|_| panic!("no answer to {action} {payload}")) {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                other => panic!("{action} {payload}: the connection ends: {other:?}"),
            };
            if let Some(answer) = read_answer(&text, &id) {
                return answer;
            }
            if let Ok(Frame::Call(call)) = Frame::parse(&text) {
                let accepted = match &*call.action {
                    "GetConfiguration" => json!({}),
                    _ => json!({"status": "Accepted"}),
                };
                self.say(json!([3, call.id, accepted]).to_string()).await;
            }
        }
    }

    async fn say(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.expect("an open connection");
    }
}

/// Every damaged request of every action; how many there were.
async fn examine(address: SocketAddr) -> usize {
    let mut line = Line::connect(address).await;
    let boot = r#"{"chargePointVendor":"v","chargePointModel":"m"}"#;
    assert_eq!(line.ask("BootNotification", boot).await, Answer::Read);
    let mut asked = 0;
    for action in Action::ALL {
        for case in damaged(*action) {
            let answer = line.ask(action.name(), &case.payload).await;
            let expected = expected(Central::role(*action), &case);
            assert_eq!(answer, expected, "{action}: {}: {}", case.story(), case.payload);
            asked += 1;
        }
    }
    asked
}

#[test]
fn one_connection_survives_all_damaged_requests() {
    let runtime = Runtime::new().expect("threads");
    let store = Memory::new(Span::from_s(86_400));
    let clock = Clock::simulated(central::NOW, Some(1.0));
    let (engine, handle) =
        Engine::new(Box::new(store), clock, EngineOptions::default()).expect("an engine");
    // A charge point that is slowed down would only take its time.
    let limits = Limits { messages_per_second: 100_000, ..Limits::default() };
    let options = DoorOptions { security: Security::None, limits, ..DoorOptions::default() };
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let door = runtime.block_on(Door::bind(loopback, options, handle)).expect("a port");
    let address = door.local_addr();
    let (close, closed) = oneshot::channel::<()>();
    let service = runtime.spawn(door.run(Router::new(), async { drop(closed.await) }));
    let over = Arc::new(AtomicBool::new(false));
    let (sockets, interrupted) = (runtime.handle().clone(), Arc::clone(&over));
    let mut plant = Alone::new(central::commissioned(), central::NOW);
    let served = std::thread::spawn(move || engine.run(&mut plant, &sockets, &interrupted));

    let asked = runtime.block_on(examine(address));
    println!("over one WebSocket: {asked} damaged requests, all answered as they should be");

    over.store(true, Ordering::Relaxed);
    served.join().expect("no panic").expect("the central system ends well");
    drop(close);
    runtime.block_on(service).expect("the door closes");
    assert!(asked > 1_000, "{asked} requests");
}
