use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::house::{House, KEY, ask, basic, engine, farewell, lines, open, request, status, text};
use crate::shell::door::{Door, DoorError, DoorOptions, Limits, Refused, Security};

fn patient() -> Limits {
    Limits { failures_per_minute: 0, ..Limits::default() }
}

fn profile(security: Security) -> DoorOptions {
    DoorOptions { security, limits: patient(), ..DoorOptions::default() }
}

fn header(user: &[u8], password: &[u8]) -> String {
    format!("Authorization: {}\r\n", basic(user, password))
}

#[tokio::test]
async fn only_the_right_key_opens_profile_1() {
    let house = House::open(profile(Security::Basic)).await;
    let mut answers = Vec::new();
    for (what, path, more) in [
        ("wrong key", "CP1", header(b"CP1", b"0001020304050607FFFE")),
        ("no header", "CP1", String::new()),
        ("empty key", "CP1", header(b"CP1", b"")),
        ("no UTF-8", "CP1", header(b"CP1", b"\xff\xfe\x80")),
        ("user of no UTF-8", "CP1", header(b"\xff", KEY)),
        ("another's user", "CP1", header(b"CP2", KEY)),
        ("no user", "CP1", header(b"", KEY)),
        ("Bearer", "CP1", "Authorization: Bearer 0001020304050607FFFF\r\n".to_owned()),
        ("raw bytes", "CP1", "Authorization: Basic \u{fc}\u{fc}\r\n".to_owned()),
        ("unknown", "NOBODY", header(b"NOBODY", KEY)),
        ("unknown without header", "NOBODY", String::new()),
        ("removed", "REMOVED", header(b"REMOVED", KEY)),
        ("other case", "cp1", header(b"cp1", KEY)),
    ] {
        let answer = ask(&mut house.tcp().await, &lines(&format!("/ocpp/{path}"), &more)).await;
        assert_eq!(status(&answer), 401, "{what}: {answer}");
        answers.push((what, answer));
    }
    // Nothing in an answer tells which of these it was.
    for (what, answer) in &answers {
        assert_eq!(*answer, answers[0].1, "{what} can be told from a {}", answers[0].0);
    }
    assert!(!answers[0].1.contains("CP1") && answers[0].1.contains("www-authenticate: Basic"));
    assert_eq!(house.counters.refused(Refused::Credentials), answers.len() as u64);
    assert!(house.engine.look("CP1", |link| link.generation == 0), "somebody got through");

    let mut client = house.connect("CP1").await.unwrap();
    client.send(Message::text("[2,\"1\",\"Heartbeat\",{}]")).await.unwrap();
    assert_eq!(text(&mut client).await, "([2,\"1\",\"Heartbeat\",{}])");
}

#[tokio::test]
async fn identities_are_found_however_their_url_is_written() {
    let house = House::open(profile(Security::Basic)).await;
    let user = "Zürich 1/2".as_bytes();
    for path in ["Z%C3%BCrich%201%2F2", "/Z%c3%bcrich%201%2f2", "Z%C3%BCrich%201%2F2/"] {
        let request = request(path, Some(&basic(user, KEY)), Some("ocpp1.6"));
        let (mut client, _) = open(house.tcp().await, request).await.unwrap();
        client.close(None).await.unwrap();
        farewell(&mut client).await;
        house.engine.until("Zürich 1/2", |link| !link.is_up()).await;
    }
    assert_eq!(house.engine.look("Zürich 1/2", |link| link.generation), 3);
    for path in ["/ocpp", "/ocpp/", "/ocpp/a/b", "/ocpp/%zz", "/ocpp/%00"] {
        let answer = ask(&mut house.tcp().await, &lines(path, "")).await;
        assert_eq!(status(&answer), 404, "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_told_what_is_missing() {
    let house = House::open(profile(Security::Basic)).await;
    let whole = lines("/ocpp/CP1", &header(b"CP1", KEY));
    for (what, from, to, expected) in [
        ("no upgrade", "Upgrade: websocket\r\n", "", 426),
        ("other upgrade", "Upgrade: websocket", "Upgrade: h2c", 426),
        ("old version", "Version: 13", "Version: 8", 426),
        ("no version", "Sec-WebSocket-Version: 13\r\n", "", 426),
        ("no key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400),
        ("other method", "GET ", "PUT ", 405),
        // Stations that do this exist; what they want is clear.
        ("no connection header", "Connection: Upgrade\r\n", "", 101),
    ] {
        assert!(whole.contains(from), "{what}");
        let answer = ask(&mut house.tcp().await, &whole.replacen(from, to, 1)).await;
        assert_eq!(status(&answer), expected, "{what}: {answer}");
    }
    house.engine.until("CP1", |link| !link.is_up()).await;
    let twice = whole.replacen("Upgrade: websocket", "Upgrade: websocket\r\nUpgrade: websocket", 1);
    let answer = ask(&mut house.tcp().await, &twice).await;
    assert_eq!(status(&answer), 101, "{answer}");
    assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
}

#[tokio::test]
async fn profile_0_believes_everybody_and_stays_at_home() {
    let (handle, _) = engine(&["CP1"]);
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let options = profile(Security::None);
        let refused = Door::bind(address.parse().unwrap(), options, handle.clone()).await;
        let refused = refused.err().expect("an open door");
        assert!(matches!(refused, DoorError::Unprotected(_)), "{refused}");
        assert!(refused.to_string().contains("127.0.0.1"), "{refused}");
    }
    Door::bind("0.0.0.0:0".parse().unwrap(), profile(Security::Basic), handle).await.unwrap();

    let house = House::open(profile(Security::None)).await;
    let unknown = ask(&mut house.tcp().await, &lines("/ocpp/NOBODY", "")).await;
    assert_eq!(status(&unknown), 404, "{unknown}");
    for (what, more, expected) in
        [("a page of another origin", "Origin: https://example.org\r\n", 403), ("nothing", "", 101)]
    {
        let answer = ask(&mut house.tcp().await, &lines("/ocpp/CP1", more)).await;
        assert_eq!(status(&answer), expected, "{what}: {answer}");
    }
    for (point, more) in [
        ("CP2", header(b"CP2", b"anything")),
        ("Z%C3%BCrich%201%2F2", "Origin: http://localhost\r\n".to_owned()),
    ] {
        let answer = ask(&mut house.tcp().await, &lines(&format!("/ocpp/{point}"), &more)).await;
        assert_eq!(status(&answer), 101, "{point}: {answer}");
    }
}

#[tokio::test]
async fn who_guesses_keys_has_to_wait_even_with_the_right_one() {
    let limits = Limits { failures_per_minute: 20, ..Limits::default() };
    let house = House::open(DoorOptions { limits, ..DoorOptions::default() }).await;
    for guess in 0..20_u8 {
        let more = header(b"CP1", &[guess]);
        let answer = ask(&mut house.tcp().await, &lines("/ocpp/CP1", &more)).await;
        assert_eq!(status(&answer), 401);
    }
    let Err(Error::Http(response)) = house.connect("CP1").await else { panic!("let in") };
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait} s");
    assert_eq!(house.counters.refused(Refused::Attempts), 1);
    assert_eq!(house.counters.refused(Refused::Credentials), 20);
}

#[tokio::test]
async fn without_a_common_subprotocol_the_handshake_ends_in_a_close() {
    for (lenient, offer, welcome) in [
        (false, Some("ocpp1.6"), true),
        (false, Some("ocpp2.0.1, ocpp1.6,ocpp1.5"), true),
        (false, Some("ocpp2.0.1"), false),
        (false, None, false),
        (true, Some("ocpp2.0.1"), false),
        (true, None, true),
    ] {
        let mut options = profile(Security::Basic);
        options.accept_without_subprotocol = lenient;
        let house = House::open(options).await;
        let offered = offer.map_or(String::new(), |it| format!("Sec-WebSocket-Protocol: {it}\r\n"));
        let whole = lines("/ocpp/CP1", &(header(b"CP1", KEY) + &offered));
        let whole = whole.replacen("Sec-WebSocket-Protocol: ocpp1.6\r\n", "", 1);
        let mut stream = house.tcp().await;
        let answer = ask(&mut stream, &whole).await;
        assert_eq!(status(&answer), 101, "{offer:?}: {answer}");
        let named = answer.contains("sec-websocket-protocol: ocpp1.6");
        assert_eq!(named, welcome && offer.is_some(), "{offer:?}: {answer}");
        if welcome {
            house.engine.until("CP1", |link| link.is_up()).await;
            continue;
        }
        let role = tokio_tungstenite::tungstenite::protocol::Role::Client;
        let mut client =
            tokio_tungstenite::WebSocketStream::from_raw_socket(stream, role, None).await;
        let close = farewell(&mut client).await.expect("a close frame");
        assert_eq!(u16::from(close.code), 1002, "{offer:?}");
        assert_eq!(house.counters.refused(Refused::Subprotocol), 1);
        assert!(house.engine.look("CP1", |link| link.generation == 0), "{offer:?} got through");
    }
}
