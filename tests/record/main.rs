//! The recording proxy between a charge point and a small central system, over loopback: what both see is what
//! they would see without it, and the file has all of it.

mod central;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ampacity::shell::door::TlsFiles;
use ampacity::shell::fleet::{Endpoint, trust};
use ampacity::shell::proxy::{Carried, Proxy, ProxyOptions};
use ampacity::shell::recorder::{Recorded, Recorder};
use ampacity::trace::record::Direction;
use ampacity::trace::redact::{Key, Redactor};
use ampacity::trace::{Meta, Reader};
use central::Central;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a charge point shows: not for the file.
const BASIC: &str = "Basic Q1AgMTpub3QgZm9yIHRoZSBmaWxl";

/// A proxy at work.
struct Recording {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Carried>,
    thread: ampacity::shell::recorder::RecorderThread,
}

impl Recording {
    async fn start(
        upstream: &str,
        file: &Path,
        options: impl FnOnce(&mut ProxyOptions),
    ) -> Recording {
        Recording::with(upstream, file, None, options).await
    }

    async fn with(
        upstream: &str,
        file: &Path,
        redactor: Option<Redactor>,
        change: impl FnOnce(&mut ProxyOptions),
    ) -> Recording {
        let upstream = Endpoint::parse(upstream).expect("a URL");
        let mut options = ProxyOptions { upstream, trust: None, tls: None };
        change(&mut options);
        let (recorder, thread) = Recorder::open(file, redactor).expect("a file");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let proxy = Proxy::bind(any, options).await.expect("a port");
        let address = proxy.local_addr();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(proxy.run(recorder, async {
            let _ = stopped.await;
        }));
        Recording { address, stop, running, thread }
    }

    async fn connect(&self, path: &str) -> Result<(Socket, Option<String>), Error> {
        connect(&format!("ws://{}{path}", self.address), None).await
    }

    async fn end(self) -> (Carried, Recorded) {
        let _ = self.stop.send(());
        let carried = self.running.await.expect("it runs");
        (carried, self.thread.finish())
    }
}

/// Connects as a charge point does; the subprotocol that was agreed on.
async fn connect(url: &str, tls: Option<Connector>) -> Result<(Socket, Option<String>), Error> {
    let mut request = url.into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp1.6, ocpp1.5"));
    headers.insert("Authorization", HeaderValue::from_static(BASIC));
    headers.insert("Sec-WebSocket-Extensions", HeaderValue::from_static("permessage-deflate"));
    let (socket, response) =
        tokio_tungstenite::connect_async_tls_with_config(request, None, true, tls).await?;
    let protocol = response.headers().get("Sec-WebSocket-Protocol");
    Ok((socket, protocol.map(|it| it.to_str().expect("ASCII").to_owned())))
}

/// The raw frames of a file with their directions, and how many lines are none.
fn recorded(file: &Path) -> (Vec<(Direction, String)>, u64) {
    let bytes = std::fs::read(file).expect("the file");
    let mut reader = Reader::new(bytes.as_slice());
    let (mut frames, mut broken) = (Vec::new(), 0);
    while let Some(line) = reader.next_line().expect("memory can be read") {
        match line.record {
            Ok(record) => {
                frames.push((record.direction, record.raw.expect("a frame").into_owned()));
            }
            Err(_) => broken += 1,
        }
    }
    (frames, broken)
}

async fn next(socket: &mut Socket) -> Message {
    let next = tokio::time::timeout(std::time::Duration::from_secs(20), socket.next());
    next.await.expect("in time").expect("a message").expect("no error")
}

#[tokio::test]
async fn both_sides_see_what_they_would_see_without_it_and_the_file_has_it_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("day.jsonl");
    // An earlier recording was killed while it wrote.
    std::fs::write(&file, "{\"schemaVersion\":\"1.1\",\"timest").expect("a file");
    let central = Central::start().await;
    let recording = Recording::start(&central.url, &file, |_| {}).await;
    let (mut socket, protocol) = recording.connect("/CP%201?token=1").await.expect("a connection");
    assert_eq!(protocol.as_deref(), Some("ocpp1.6"), "the choice of the central system");

    let mut expected = Vec::new();
    for number in 0..300 {
        // Blanks, escapes and sizes that nobody would write again in the same way.
        let padding = "ä\\u00e4".repeat(number * 7);
        let call = format!(r#" [2, "{number}","Heartbeat" ,{{"x":"{padding}","n":1.50e0}}]"#);
        socket.send(Message::text(call.clone())).await.expect("sent");
        let Message::Text(answer) = next(&mut socket).await else { panic!("an answer") };
        assert_eq!(answer.as_str(), central::answer(&call));
        expected.push((Direction::FromPoint, call));
        expected.push((Direction::ToPoint, answer.to_string()));
    }
    socket.send(Message::Binary(vec![0, 255, 7].into())).await.expect("sent");
    assert_eq!(next(&mut socket).await, Message::Binary(vec![0, 255, 7].into()));
    socket.send(Message::Ping(b"alive?".as_slice().into())).await.expect("sent");
    assert_eq!(next(&mut socket).await, Message::Pong(b"alive?".as_slice().into()));
    socket.send(Message::text("no frame")).await.expect("sent");
    socket.send(Message::text(central::BYE)).await.expect("sent");
    expected.push((Direction::FromPoint, central::BYE.to_owned()));
    let Message::Close(Some(close)) = next(&mut socket).await else { panic!("a close frame") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (4711, "as you wish"));
    drop(socket);

    let (carried, done) = recording.end().await;
    assert_eq!((carried.connections, carried.points, carried.binary), (1, 1, 2));
    assert_eq!((carried.from_points, carried.to_points), (302, 300));
    assert_eq!((done.records, done.lost, done.no_frames), (601, 0, 1));
    let (frames, broken) = recorded(&file);
    assert_eq!(broken, 1, "what was cut costs itself alone");
    assert!(frames == expected, "not one byte differs");
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(!text.contains("Q1AgM") && !text.contains("token"), "no credentials");
    let first = text.lines().nth(1).expect("a record");
    let record = ampacity::trace::Record::parse(first).expect("a record");
    assert_eq!(record.charge_point_id.as_deref(), Some("CP 1"));
    let meta = Meta::of(record.meta.map(|it| it.get()));
    assert_eq!(meta.before.len(), 1, "its connection stands with the first frame");

    let asked = central.asked.lock().expect("no panic").clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/ocpp/CP%201?token=1");
    assert_eq!(asked[0].authorization.as_deref(), Some(BASIC));
    assert_eq!(asked[0].protocols.as_deref(), Some("ocpp1.6, ocpp1.5"));
    assert_eq!(asked[0].extensions, None, "nobody could read along");
}

#[tokio::test]
async fn a_refusal_is_that_of_the_central_system_and_one_that_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("day.jsonl");
    let central = Central::start().await;
    let recording = Recording::start(&central.url, &file, |_| {}).await;
    for (path, wanted) in [("/stranger", 401), ("/unknown", 404)] {
        let Err(Error::Http(response)) = recording.connect(path).await else {
            panic!("{path} was let in")
        };
        assert_eq!(response.status(), wanted);
        if wanted == 401 {
            assert_eq!(response.headers()["WWW-Authenticate"], "Basic realm=\"elsewhere\"");
            assert_eq!(response.body().as_deref(), Some(b"who are you?".as_slice()));
        }
    }
    let Err(Error::Http(response)) = recording.connect("/").await else { panic!("nobody") };
    assert_eq!(response.status(), 404);
    let (carried, done) = recording.end().await;
    assert_eq!(carried.refused.into_iter().collect::<Vec<_>>(), [(401, 1), (404, 1)]);
    assert_eq!((carried.connections, done.records), (0, 0));

    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/ocpp", nowhere.local_addr().expect("an address"));
    drop(nowhere);
    let recording = Recording::start(&url, &file, |_| {}).await;
    let Err(Error::Http(response)) = recording.connect("/cp").await else { panic!("nobody") };
    assert_eq!(response.status(), 502);
    assert_eq!(recording.end().await.0.unreachable, 1);
}

#[tokio::test]
async fn when_it_goes_down_both_sides_are_told_and_a_key_keeps_the_file_clean() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("day.jsonl");
    let key = Key::new(b"sixteen bytes or more").expect("a key");
    let central = Central::start().await;
    let redactor = Some(Redactor::at_once(key));
    let recording = Recording::with(&central.url, &file, redactor, |_| {}).await;
    let (mut socket, _) = recording.connect("/garage-7").await.expect("a connection");
    let call = r#"[2,"1","Authorize",{"idTag":"04A2B3C4D5"}]"#;
    socket.send(Message::text(call)).await.expect("sent");
    assert_eq!(next(&mut socket).await, Message::text(central::answer(call)));
    let gone = tokio::spawn(async move { (next(&mut socket).await, socket) });
    let (_, done) = recording.end().await;
    let (close, _) = gone.await.expect("no panic");
    let Message::Close(Some(close)) = close else { panic!("a close frame, not {close}") };
    assert_eq!(u16::from(close.code), 1001);
    assert_eq!(done.records, 2);
    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(!text.contains("garage-7") && !text.contains("04A2B3C4D5"), "{text}");
    assert_eq!(text.matches("TAG-").count(), 4, "call and answer, fields and raw: {text}");
    assert_eq!(*central.closed.lock().expect("no panic"), [1001]);
}

#[tokio::test]
async fn tls_on_either_side_is_carried_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("day.jsonl");
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&chain, own.cert.pem()).expect("a file");
    std::fs::write(&key, own.signing_key.serialize_pem()).expect("a file");
    let trusted = trust(own.cert.pem().as_bytes()).expect("a certificate");
    let central = Central::start_tls(&own).await;
    let recording = Recording::start(&central.url, &file, |options| {
        options.trust = Some(Arc::clone(&trusted));
        options.tls = Some(TlsFiles { chain, key });
    })
    .await;
    let url = format!("wss://localhost:{}/cp", recording.address.port());
    let tls = Some(Connector::Rustls(trusted));
    let (mut socket, _) = connect(&url, tls).await.expect("a connection");
    let call = r#"[2,"1","Heartbeat",{}]"#;
    socket.send(Message::text(call)).await.expect("sent");
    assert_eq!(next(&mut socket).await, Message::text(central::answer(call)));
    drop(socket);
    assert_eq!(recording.end().await.1.records, 2);
}
