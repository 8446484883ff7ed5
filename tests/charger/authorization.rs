//! Cards: the local list, the cache, groups, and what the station decides without being able to ask.

use ampacity::charger::{Output, Status};
use serde_json::{Value, json};

use crate::bench::{Bench, ac22, three_phase};

/// A station that holds a list of one accepted, one blocked and one expired card.
fn listed() -> Bench {
    let mut bench = Bench::ready(ac22());
    let list = json!({"listVersion": 1, "updateType": "Full", "localAuthorizationList": [
        {"idTag": "friend", "idTagInfo": {"status": "Accepted", "parentIdTag": "family"}},
        {"idTag": "thief", "idTagInfo": {"status": "Blocked"}},
        {"idTag": "guest", "idTagInfo":
            {"status": "Accepted", "expiryDate": "2026-05-04T05:00:00Z"}},
    ]});
    assert_eq!(bench.status_of("SendLocalList", &list), "Accepted");
    bench.forget();
    bench
}

fn refusals(bench: &Bench) -> usize {
    let refused = |event: &Output| matches!(event, Output::Ended { charged: false, .. });
    bench.events.iter().filter(|(_, event)| refused(event)).count()
}

#[test]
fn a_listed_card_starts_offline_and_stops_offline() {
    let mut bench = listed();
    bench.link_down();
    bench.plug_in(1, "FRIEND");
    assert_eq!(bench.amps(1), 32.0, "idTags compare without case");
    bench.draw(1, three_phase(10));
    bench.run_s(90);
    bench.stop(1);
    bench.unplug(1);
    bench.run_s(10);
    bench.link_up();
    let told: Vec<&str> =
        bench.actions().into_iter().filter(|action| *action != "StatusNotification").collect();
    assert_eq!(told, ["StartTransaction", "MeterValues", "StopTransaction"]);
    let start = bench.sent_of("StartTransaction")[0];
    assert_eq!(start["timestamp"], "2026-05-04T06:00:00Z", "when it happened");
    let stop = bench.sent_of("StopTransaction")[0];
    assert_eq!((&stop["idTag"], &stop["reason"]), (&json!("FRIEND"), &json!("Local")));
    assert_eq!(stop["transactionId"], 1);
}

#[test]
fn cards_known_as_invalid_are_refused_offline_whatever_is_allowed_to_unknown_ones() {
    let mut bench = listed();
    bench.set_key("AllowOfflineTxForUnknownId", "true");
    bench.link_down();
    for card in ["thief", "guest"] {
        bench.plug_in(1, card);
        assert_eq!(bench.amps(1), 0.0, "{card}");
        bench.unplug(1);
    }
    assert_eq!(refusals(&bench), 2);
    bench.plug_in(1, "stranger");
    assert_eq!(bench.amps(1), 32.0);
}

#[test]
fn without_local_authorisation_offline_a_listed_card_waits_for_the_link() {
    let mut bench = listed();
    bench.set_key("LocalAuthorizeOffline", "false");
    bench.link_down();
    bench.plug_in(1, "friend");
    assert_eq!((bench.amps(1), refusals(&bench)), (0.0, 0));
    bench.link_up();
    assert_eq!(bench.sent_of("Authorize"), [&json!({"idTag": "friend"})]);
    assert_eq!(bench.amps(1), 32.0);
}

#[test]
fn a_disabled_list_knows_nobody() {
    let mut bench = listed();
    bench.set_key("LocalAuthListEnabled", "false");
    bench.link_down();
    bench.plug_in(1, "friend");
    assert_eq!(bench.amps(1), 0.0);
}

#[test]
fn a_known_card_starts_before_the_central_system_is_asked_if_it_may() {
    let mut bench = listed();
    bench.set_key("LocalPreAuthorize", "true");
    bench.forget();
    bench.plug_in(1, "friend");
    assert!(bench.sent_of("Authorize").is_empty());
    assert_eq!(bench.sent_of("StartTransaction").len(), 1);
    bench.stop(1);
    bench.unplug(1);
    bench.forget();
    bench.plug_in(1, "thief");
    assert_eq!(bench.sent_of("Authorize").len(), 1, "online the central system has the last word");
    assert_eq!(bench.amps(1), 32.0);
}

#[test]
fn the_cache_learns_from_every_answer_until_it_is_cleared() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(bench.status_of("ClearCache", &json!({})), "Rejected", "there is none");
    bench.set_key("AuthorizationCacheEnabled", "true");
    bench.set_key("LocalPreAuthorize", "true");
    bench.forget();
    let visit = |bench: &mut Bench| {
        bench.plug_in(1, "card");
        bench.stop(1);
        bench.unplug(1);
        let asked = bench.sent_of("Authorize").len();
        bench.forget();
        asked
    };
    assert_eq!((visit(&mut bench), visit(&mut bench)), (1, 0), "known after the first visit");
    assert_eq!(bench.status_of("ClearCache", &json!({})), "Accepted");
    assert_eq!((visit(&mut bench), visit(&mut bench)), (1, 0));
    // The answer to StopTransaction tells of the card, too.
    bench.script.cards.insert("card", json!({"status": "Blocked"}));
    bench.plug_in(1, "card");
    assert_eq!(bench.actions().last(), Some(&"StatusNotification"));
    bench.unplug(1);
    bench.link_down();
    bench.forget();
    bench.plug_in(1, "card");
    assert_eq!(refusals(&bench), 1, "offline the station remembers");
}

#[test]
fn a_cached_card_expires() {
    let mut bench = Bench::ready(ac22());
    bench.set_key("AuthorizationCacheEnabled", "true");
    let info = json!({"status": "Accepted", "expiryDate": "2026-05-04T06:10:00Z"});
    bench.script.cards.insert("day pass", info);
    for (wait_s, amps) in [(60, 32.0), (600, 0.0)] {
        bench.plug_in(1, "day pass");
        bench.unplug(1);
        bench.link_down();
        bench.run_s(wait_s);
        bench.plug_in(1, "day pass");
        assert_eq!(bench.amps(1), amps);
        bench.unplug(1);
        bench.link_up();
    }
}

#[test]
fn a_card_of_the_group_may_stop_and_others_may_not() {
    let family = |status: &str| json!({"status": status, "parentIdTag": "family"});
    let mut bench = Bench::ready(ac22());
    let cards: [(&str, Value); 4] = [
        ("mother", family("Accepted")),
        ("father", family("Accepted")),
        ("cousin", family("Blocked")),
        ("stranger", json!({"status": "Accepted"})),
    ];
    bench.script.cards.extend(cards);
    bench.plug_in(1, "mother");
    bench.draw(1, three_phase(10));
    bench.forget();
    for card in ["stranger", "cousin"] {
        bench.present(1, card);
        assert_eq!(bench.point.status(1), Some(Status::Charging), "{card}");
    }
    bench.present(1, "father");
    let stop = bench.sent_of("StopTransaction")[0];
    assert_eq!((&stop["idTag"], &stop["reason"]), (&json!("father"), &json!("Local")));
    assert_eq!(bench.sent_of("Authorize").len(), 3, "their groups were not known");
}

#[test]
fn a_second_try_with_another_card_begins_a_session() {
    let mut bench = Bench::ready(ac22());
    bench.script.cards.insert("expired", json!({"status": "Expired"}));
    bench.plug_in(1, "expired");
    assert_eq!((bench.amps(1), refusals(&bench)), (0.0, 1));
    bench.present(1, "good");
    assert_eq!(bench.amps(1), 32.0);
    bench.present(1, "GOOD");
    assert_eq!(bench.sent_of("StopTransaction").len(), 1, "its own card ends it");
}

#[test]
fn a_refused_card_gets_the_energy_it_is_granted_and_no_more() {
    let mut bench = Bench::ready(ac22());
    bench.set_key("StopTransactionOnInvalidId", "false");
    bench.set_key("MaxEnergyOnInvalidId", "1000");
    bench.script.start_status = "Blocked";
    bench.plug_in(1, "card");
    bench.draw(1, three_phase(10));
    assert_eq!(bench.amps(1), 32.0);
    bench.run_s(521);
    assert_eq!(bench.amps(1), 32.0, "6.9 kW for 521 s are 998 Wh");
    bench.run_s(1);
    assert_eq!(bench.amps(1), 0.0);
    assert_eq!(bench.point.register_wh(1, bench.now), 1000);
    assert_eq!(bench.point.status(1), Some(Status::SuspendedEvse));
    assert!(bench.sent_of("StopTransaction").is_empty(), "the transaction goes on without energy");
}
