use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::house::{Client, House, farewell, lines, text};
use crate::shell::door::{Closed, DoorOptions, Refused, Security};

fn options(probe: Duration) -> DoorOptions {
    DoorOptions { security: Security::None, probe_timeout: probe, ..DoorOptions::default() }
}

/// How long a test waits for somebody who does not answer.
const SHORT: Duration = Duration::from_millis(200);
/// How long it waits for somebody who does.
const LONG: Duration = Duration::from_secs(30);

fn is_refused(outcome: &Result<Client, Error>) -> bool {
    matches!(outcome, Err(Error::Http(response)) if response.status() == 409)
}

#[tokio::test]
async fn a_connection_that_answers_is_kept_and_the_second_one_is_refused() {
    let house = House::open(options(LONG)).await;
    let mut first = house.connect("CP1").await.unwrap();
    // Reading is what answers pings.
    let reading = async {
        first.send(Message::text("before")).await.unwrap();
        assert_eq!(text(&mut first).await, "(before)");
        let _ = text(&mut first).await;
    };
    let second = tokio::select! {
        second = house.connect("CP1") => second,
        () = reading => panic!("nothing was sent to the first"),
    };
    let Err(Error::Http(response)) = second else { panic!("two of one identity") };
    assert_eq!(response.status(), 409);
    assert!(response.headers().contains_key("retry-after"));
    first.send(Message::text("after")).await.unwrap();
    assert_eq!(text(&mut first).await, "(after)");
    assert_eq!(house.engine.look("CP1", |link| link.generation), 1);
    assert_eq!(house.counters.refused(Refused::Duplicate), 1);
}

#[tokio::test]
async fn a_dead_connection_is_replaced_and_its_late_close_harms_nobody() {
    let house = House::open(options(SHORT)).await;
    let mut dead = house.connect("CP1").await.unwrap();
    let mut second = house.connect("CP1").await.unwrap();
    // The dead one wakes up: it is told, and what it says late is not heard.
    let close = farewell(&mut dead).await.expect("a close frame");
    assert_eq!(u16::from(close.code), 1008);
    house.engine.until("CP1", |link| link.stale == 1).await;
    assert!(house.engine.look("CP1", |link| link.is_up() && link.generation == 2));
    second.send(Message::text("here")).await.unwrap();
    assert_eq!(text(&mut second).await, "(here)");
    assert_eq!(house.counters.closed(Closed::Replaced), 1);
    assert_eq!(house.counters.charge_points.get(), 1);
}

#[tokio::test]
async fn of_two_newcomers_at_a_dead_connection_one_gets_in() {
    let house = House::open(options(SHORT)).await;
    let _dead = house.connect("CP1").await.unwrap();
    let (one, two) = tokio::join!(house.connect("CP1"), house.connect("CP1"));
    let refused = [&one, &two].into_iter().filter(|outcome| is_refused(outcome)).count();
    assert!(refused == 1 && (one.is_ok() || two.is_ok()), "{refused} were refused");
    assert_eq!(house.engine.look("CP1", |link| link.generation), 2);
}

#[tokio::test]
async fn one_that_hangs_up_while_it_waits_for_the_answer_leaves_nothing_behind() {
    let house = House::open(options(SHORT)).await;
    let dead = house.connect("CP1").await.unwrap();
    let mut hasty = house.tcp().await;
    hasty.write_all(lines("/ocpp/CP1", "").as_bytes()).await.unwrap();
    // It is being asked about: the identity is busy.
    while !is_refused(&house.connect("CP1").await) {}
    drop(hasty);
    drop(dead);
    house.engine.until("CP1", |link| !link.is_up()).await;
    house.connect("CP1").await.unwrap();
}

/// What a client of the mixed crowd does with its connection.
async fn behave(mut client: Client, kind: u32, pause: Duration) {
    match kind {
        // Says goodbye.
        0 => {
            let _ = client.send(Message::text("[]")).await;
            let _ = client.close(None).await;
            farewell(&mut client).await;
        }
        // Reads for a while, then breaks off.
        1 => {
            let _ = tokio::time::timeout(pause, async {
                while let Some(Ok(_)) = client.next().await {}
            })
            .await;
        }
        // Is dead for a while.
        _ => tokio::time::sleep(pause * 8).await,
    }
}

#[tokio::test]
async fn a_crowd_on_real_sockets_leaves_the_core_with_the_truth() {
    let house = House::open(options(Duration::from_millis(20))).await;
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let (mut welcome, mut refused) = (0, 0);
    for _ in 0..40 {
        let crowd = (0..6).map(|_| {
            let point = ["CP1", "CP2"][chance.random_range(0..2)];
            let (kind, start, pause) =
                (chance.next_u32() % 3, chance.next_u32() % 8, chance.next_u32() % 8);
            let house = &house;
            async move {
                tokio::time::sleep(Duration::from_millis(start.into())).await;
                match house.connect(point).await {
                    Ok(client) => {
                        behave(client, kind, Duration::from_millis(pause.into())).await;
                        (1, 0)
                    }
                    outcome => {
                        assert!(is_refused(&outcome), "{outcome:?}");
                        (0, 1)
                    }
                }
            }
        });
        for (in_, out) in futures_util::future::join_all(crowd).await {
            welcome += in_;
            refused += out;
        }
        for point in ["CP1", "CP2"] {
            house.engine.until(point, |link| !link.is_up()).await;
        }
    }
    assert!(welcome > 40 && refused > 10, "{welcome} welcome, {refused} refused");
    for point in ["CP1", "CP2"] {
        let mut client = house.connect(point).await.unwrap();
        client.send(Message::text("at last")).await.unwrap();
        assert_eq!(text(&mut client).await, "(at last)");
    }
    assert!(house.counters.closed(Closed::Replaced) > 0, "nobody was replaced");
}
