//! Reservations: who gets a connector, who does not, and how a reservation ends.

use ampacity::charger::{ChargerSpec, Output, Status};
use serde_json::{Value, json};

use crate::bench::{Bench, ac22};

fn two() -> Bench {
    Bench::ready(ChargerSpec { connectors: 2, ..ac22() })
}

/// Reserved until 06:10 for `card`.
fn request(id: i64, connector: u32, card: &str) -> Value {
    json!({"reservationId": id, "connectorId": connector, "idTag": card,
        "expiryDate": "2026-05-04T06:10:00Z"})
}

fn reserve(bench: &mut Bench, id: i64, connector: u32, card: &str) -> String {
    bench.status_of("ReserveNow", &request(id, connector, card))
}

fn refused(bench: &Bench, connector: u32) -> bool {
    bench.events.iter().any(|(_, event)| *event == Output::Ended { connector, charged: false })
}

#[test]
fn a_reserved_connector_serves_its_card_and_refuses_others() {
    let mut bench = two();
    assert_eq!(reserve(&mut bench, 5, 1, "mine"), "Accepted");
    assert_eq!(bench.reported(1), ["Reserved"]);
    bench.plug_in(1, "yours");
    assert!(refused(&bench, 1));
    assert_eq!(bench.point.status(1), Some(Status::Reserved));
    bench.unplug(1);
    assert_eq!(bench.point.status(1), Some(Status::Reserved));
    bench.forget();
    bench.plug_in(1, "MINE");
    assert_eq!(bench.sent_of("StartTransaction")[0]["reservationId"], 5);
    assert_eq!(bench.reported(1), ["Preparing", "Charging"]);
    bench.stop(1);
    bench.unplug(1);
    bench.plug_in(1, "yours");
    let second = bench.sent_of("StartTransaction")[1];
    assert!(second.get("reservationId").is_none(), "used up");
}

#[test]
fn each_reason_not_to_reserve_has_its_answer() {
    let mut bench = two();
    let late = json!({"reservationId": 1, "connectorId": 1, "idTag": "a",
        "expiryDate": "2026-05-04T06:00:00Z"});
    assert_eq!(bench.status_of("ReserveNow", &late), "Rejected", "over before it began");
    bench.plug_in(1, "card");
    assert_eq!(reserve(&mut bench, 1, 1, "a"), "Occupied");
    let off = json!({"connectorId": 2, "type": "Inoperative"});
    assert_eq!(bench.status_of("ChangeAvailability", &off), "Accepted");
    assert_eq!(reserve(&mut bench, 1, 2, "a"), "Unavailable");
    assert_eq!(reserve(&mut bench, 1, 0, "a"), "Occupied");
    let request = request(1, 3, "a");
    assert_eq!(bench.call("ReserveNow", &request), "PropertyConstraintViolation");
    let cancel = json!({"reservationId": 1});
    assert_eq!(bench.status_of("CancelReservation", &cancel), "Rejected", "nothing was reserved");
}

#[test]
fn the_same_id_replaces_a_reservation() {
    let mut bench = two();
    assert_eq!(reserve(&mut bench, 1, 1, "a"), "Accepted");
    assert_eq!(reserve(&mut bench, 2, 1, "b"), "Occupied");
    assert_eq!(reserve(&mut bench, 1, 1, "b"), "Accepted", "another card");
    assert_eq!(reserve(&mut bench, 1, 2, "b"), "Accepted", "another connector");
    assert_eq!(bench.point.status(1), Some(Status::Available));
    assert_eq!(bench.point.status(2), Some(Status::Reserved));
    assert_eq!(bench.status_of("CancelReservation", &json!({"reservationId": 1})), "Accepted");
    assert_eq!(bench.point.status(2), Some(Status::Available));
}

#[test]
fn a_reservation_expires_by_the_stations_clock() {
    let mut bench = two();
    assert_eq!(reserve(&mut bench, 1, 1, "a"), "Accepted");
    bench.run_s(599);
    assert_eq!(bench.point.status(1), Some(Status::Reserved));
    bench.run_s(1);
    assert_eq!(bench.reported(1), ["Reserved", "Available"]);
    bench.plug_in(1, "whoever");
    assert_eq!(bench.sent_of("StartTransaction").len(), 1);
}

#[test]
fn one_connector_is_kept_free_for_a_reservation_of_the_station() {
    let mut bench = two();
    assert_eq!(reserve(&mut bench, 1, 0, "mine"), "Accepted");
    bench.plug_in(1, "first comer");
    assert_eq!(bench.sent_of("StartTransaction").len(), 1, "one is left");
    assert_eq!(reserve(&mut bench, 2, 0, "late"), "Occupied");
    bench.plug_in(2, "second comer");
    assert!(refused(&bench, 2));
    bench.unplug(2);
    bench.plug_in(2, "mine");
    assert_eq!(bench.sent_of("StartTransaction")[1]["reservationId"], 1);
}

#[test]
fn a_card_of_the_reserved_group_is_served_after_asking_for_its_group() {
    for (group, starts) in [("family", 1), ("others", 0)] {
        let mut bench = Bench::ready(ac22());
        let mut request = request(9, 1, "mother");
        request["parentIdTag"] = json!("family");
        assert_eq!(bench.status_of("ReserveNow", &request), "Accepted");
        let info = json!({"status": "Accepted", "parentIdTag": group});
        bench.script.cards.insert("father", info);
        bench.plug_in(1, "father");
        assert_eq!(bench.sent_of("StartTransaction").len(), starts, "{group}");
        assert_eq!(refused(&bench, 1), starts == 0);
        let reserved = bench.point.status(1) == Some(Status::Reserved);
        assert_eq!(reserved, starts == 0, "a foreign card leaves it as it is");
    }
}

#[test]
fn a_remote_start_goes_where_its_card_is_expected() {
    let mut bench = two();
    assert_eq!(reserve(&mut bench, 1, 2, "mine"), "Accepted");
    let start = |card: &str, connector: u32| json!({"idTag": card, "connectorId": connector});
    assert_eq!(bench.status_of("RemoteStartTransaction", &start("other", 2)), "Rejected");
    assert_eq!(bench.status_of("RemoteStartTransaction", &json!({"idTag": "mine"})), "Accepted");
    assert_eq!(bench.point.status(2), Some(Status::Preparing));
    bench.run_s(60);
    assert_eq!(bench.point.status(2), Some(Status::Reserved), "nobody came, it is still reserved");
    assert_eq!(bench.status_of("RemoteStartTransaction", &json!({"idTag": "mine"})), "Accepted");
    bench.plug_in(2, "whatever");
    assert_eq!(bench.sent_of("StartTransaction")[0]["reservationId"], 1);
}

#[test]
fn a_connector_that_becomes_unavailable_is_reserved_no_longer() {
    let mut bench = two();
    assert_eq!(reserve(&mut bench, 1, 1, "mine"), "Accepted");
    let change = |kind: &str| json!({"connectorId": 1, "type": kind});
    assert_eq!(bench.status_of("ChangeAvailability", &change("Inoperative")), "Accepted");
    assert_eq!(bench.status_of("ChangeAvailability", &change("Operative")), "Accepted");
    assert_eq!(bench.point.status(1), Some(Status::Available));
    assert_eq!(bench.status_of("CancelReservation", &json!({"reservationId": 1})), "Rejected");
}
