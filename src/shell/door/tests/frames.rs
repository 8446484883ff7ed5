use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::house::{Client, House, KEY, ask, basic, farewell, lines, status, text};
use crate::shell::Closing;
use crate::shell::door::{Closed, DoorOptions, Limits, Security};

fn open_door() -> DoorOptions {
    DoorOptions { security: Security::None, ..DoorOptions::default() }
}

/// A connected charge point whose bytes the test writes itself.
async fn raw(house: &House, point: &str) -> TcpStream {
    let mut stream = house.tcp().await;
    let more = format!("Authorization: {}\r\n", basic(point.as_bytes(), KEY));
    let answer = ask(&mut stream, &lines(&format!("/ocpp/{point}"), &more)).await;
    assert_eq!(status(&answer), 101, "{answer}");
    stream
}

async fn code(mut client: Client) -> u16 {
    farewell(&mut client).await.expect("a close frame").code.into()
}

fn fragment(payload: String, opcode: Data, last: bool) -> Message {
    Message::Frame(Frame::message(payload, OpCode::Data(opcode), last))
}

#[tokio::test]
async fn bytes_that_are_no_ocpp_message_end_in_the_fitting_close_code() {
    let house = House::open(open_door()).await;
    // 100 MB announced, nothing sent: whoever waits for them or makes room first does not answer.
    let announced: [u8; 14] = [0x81, 0xff, 0, 0, 0, 0, 0x05, 0xf5, 0xe1, 0, 1, 2, 3, 4];
    for (what, bytes, expected, cause) in [
        ("100 MB announced", &announced[..], 1009, Closed::TooLong),
        ("no UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007, Closed::NotText),
        ("not masked", &[0x81, 0x01, b'a'], 1002, Closed::Malformed),
        ("reserved opcode", &[0x83, 0x80, 0, 0, 0, 0], 1002, Closed::Malformed),
        ("long control frame", &[0x89, 0xfe, 0, 200, 0, 0, 0, 0], 1002, Closed::Malformed),
    ] {
        let mut stream = raw(&house, "CP1").await;
        stream.write_all(bytes).await.unwrap();
        if what == "long control frame" {
            stream.write_all(&[0; 200]).await.unwrap();
        }
        let before = house.counters.closed(cause);
        let client = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        assert_eq!(code(client).await, expected, "{what}");
        assert_eq!(house.counters.closed(cause), before + 1, "{what}");
        house.engine.until("CP1", |link| !link.is_up()).await;
    }
    assert!(house.engine.look("CP1", |link| link.heard.is_empty()));
}

#[tokio::test]
async fn messages_are_text_of_up_to_64_kib_whole_or_in_parts() {
    let house = House::open(open_door()).await;
    let mut client = house.connect("CP1").await.unwrap();
    client.send(Message::text("x".repeat(65_536))).await.unwrap();
    assert_eq!(text(&mut client).await.len(), 65_538);
    client.send(fragment("hel".to_owned(), Data::Text, false)).await.unwrap();
    client.send(Message::Ping("still there?".into())).await.unwrap();
    client.send(fragment("lo".to_owned(), Data::Continue, true)).await.unwrap();
    assert_eq!(text(&mut client).await, "(hello)");
    assert_eq!(house.counters.frames_in.get(), 2);
    client.send(Message::text("x".repeat(65_537))).await.unwrap();
    assert_eq!(code(client).await, 1009);

    let mut client = house.connect("CP2").await.unwrap();
    client.send(fragment("x".repeat(40_000), Data::Text, false)).await.unwrap();
    client.send(fragment("x".repeat(40_000), Data::Continue, true)).await.unwrap();
    assert_eq!(code(client).await, 1009);

    house.engine.until("CP2", |link| !link.is_up()).await;
    let mut client = house.connect("CP2").await.unwrap();
    client.send(Message::binary(&b"[2,\"1\",\"Heartbeat\",{}]"[..])).await.unwrap();
    assert_eq!(code(client).await, 1003);
    assert_eq!(house.counters.closed(Closed::TooLong), 2);
    assert_eq!(house.counters.closed(Closed::Binary), 1);
    assert!(house.engine.look("CP2", |link| link.heard.is_empty()));
}

#[tokio::test]
async fn a_flood_is_slowed_down_and_then_closed() {
    let limits = Limits {
        messages_per_second: 50,
        message_burst: 10,
        flood: Duration::from_millis(300),
        ..Limits::default()
    };
    let house = House::open(DoorOptions { limits, ..open_door() }).await;
    let (mut sink, mut stream) = house.connect("CP1").await.unwrap().split();
    let sender = tokio::spawn(async move {
        let mut sent = 0;
        while sent < 1_000_000 && sink.feed(Message::text("[]")).await.is_ok() {
            sent += 1;
        }
        sent
    });
    let mut closed = None;
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Close(frame) = message {
            closed = frame;
        }
    }
    assert_eq!(u16::from(closed.expect("a close frame").code), 1008);
    assert_eq!(house.counters.closed(Closed::Flood), 1);
    let (sent, heard) = (sender.await.unwrap(), house.engine.look("CP1", |link| link.heard.len()));
    assert!((10..200).contains(&heard), "{heard} of {sent} messages got through");
    assert!(sent > 10 * heard, "{heard} of {sent} messages got through");
}

#[tokio::test]
async fn a_fast_charge_point_that_waits_for_its_answers_is_no_flood() {
    let limits = Limits {
        messages_per_second: 50,
        message_burst: 1,
        flood: Duration::from_millis(30),
        ..Limits::default()
    };
    let house = House::open(DoorOptions { limits, ..open_door() }).await;
    let mut client = house.connect("CP1").await.unwrap();
    for n in 0..40 {
        client.send(Message::text(n.to_string())).await.unwrap();
        assert_eq!(text(&mut client).await, format!("({n})"));
    }
}

#[tokio::test]
async fn a_peer_that_gives_no_sign_of_life_is_given_up_and_a_quiet_one_is_not() {
    let ping_interval = Duration::from_millis(200);
    let house = House::open(DoorOptions { ping_interval, ..open_door() }).await;
    let mut quiet = house.connect("CP2").await.unwrap();
    let reading = tokio::spawn(async move {
        let mut pings = 0;
        while let Some(Ok(message)) = quiet.next().await {
            pings += u32::from(message.is_ping());
            if pings == 8 {
                return true;
            }
        }
        false
    });
    let dead = raw(&house, "CP1").await;
    house.engine.until("CP1", |link| !link.is_up()).await;
    assert_eq!(house.counters.closed(Closed::Silent), 1);
    assert!(reading.await.unwrap(), "the quiet one was given up");
    drop(dead);
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up() {
    let limits = Limits { write_stall: Duration::from_millis(300), ..Limits::default() };
    let house = House::open(DoorOptions { limits, ..open_door() }).await;
    let full = raw(&house, "CP1").await;
    let out = house.engine.look("CP1", |link| link.out.clone()).unwrap();
    for _ in 0..64 {
        out.try_send("x".repeat(500_000)).unwrap();
    }
    house.engine.until("CP1", |link| !link.is_up()).await;
    assert_eq!(house.counters.closed(Closed::Stalled), 1);
    drop(full);
}

#[tokio::test]
async fn the_core_closes_for_a_reason_that_the_charge_point_is_told() {
    let house = House::open(open_door()).await;
    for (closing, expected, cause) in [
        (Closing::Replaced, 1008, Closed::Replaced),
        (Closing::Dismissed, 1008, Closed::Dismissed),
        (Closing::TooSlow, 1013, Closed::TooSlow),
        (Closing::Shutdown, 1001, Closed::Shutdown),
    ] {
        let client = house.connect("CP1").await.unwrap();
        house.engine.close("CP1", closing);
        assert_eq!(code(client).await, expected, "{closing:?}");
        assert_eq!(house.counters.closed(cause), 1, "{closing:?}");
        house.engine.until("CP1", |link| !link.is_up()).await;
    }
}

#[tokio::test]
async fn what_was_to_be_sent_goes_out_before_a_shutdown() {
    let house = House::open(open_door()).await;
    let mut client = house.connect("CP1").await.unwrap();
    let out = house.engine.look("CP1", |link| link.out.clone()).unwrap();
    for n in 0..50 {
        out.try_send(n.to_string()).unwrap();
    }
    house.engine.close("CP1", Closing::Shutdown);
    for n in 0..50 {
        assert_eq!(text(&mut client).await, n.to_string());
    }
    assert_eq!(code(client).await, 1001);
}
