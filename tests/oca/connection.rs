//! How stations prove who they are: keys, certificates, subprotocols.

use ampacity::shell::door::Security;
use rcgen::KeyPair;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::central::{Central, POINT};
use crate::socket::basic;
use crate::station::Station;
use crate::tls::{Authority, Own, mutual};

#[tokio::test(flavor = "multi_thread")]
async fn tc_073_a_new_password_holds_from_the_next_connection_on() {
    let (central, mut station) = Central::booted().await;
    let fresh = "00112233445566778899aabbccddeeff00112233";
    let change = json!({ "key": "AuthorizationKey", "value": fresh });
    let accepted = json!({ "status": "Accepted" });
    assert_eq!(station.command("ChangeConfiguration", change, accepted).await, "accepted");
    drop(station);
    let mut station = Station::connect(&central.rest, POINT, fresh).await.expect("its new key");
    station.boot().await;
    let old = Station::connect(&central.rest, POINT, &central.key).await;
    assert_eq!(old.err(), Some(401), "the old one is worth nothing");
    let commands = central.rest.get(&format!("/api/v1/charge-points/{POINT}/commands")).await;
    assert!(!commands.to_string().contains(fresh), "{commands}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_083_a_station_told_to_use_a_higher_profile_comes_back_encrypted() {
    let (central, mut station) = Central::booted().await;
    let authority = Authority::new();
    let address = central.door(Security::TlsBasic(authority.server())).await;
    let accepted = || json!({ "status": "Accepted" });
    let raise = json!({ "key": "SecurityProfile", "value": "2" });
    assert_eq!(station.command("ChangeConfiguration", raise, accepted()).await, "accepted");
    let reset = json!({ "type": "Hard" });
    assert_eq!(station.command("Reset", reset, accepted()).await, "accepted");
    drop(station);
    let wire = authority.dial(address, None).await.expect("TLS");
    let station = Station::over(wire, &central.rest, POINT, &central.key).await;
    station.expect("the right key").boot().await;
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_085_a_station_with_its_key_is_let_in_and_nobody_else() {
    let central = Central::open().await;
    for (id, key) in [(POINT, "a-wrong-key-for-it"), (POINT, ""), ("CP-2", &central.key)] {
        let refused = Station::connect(&central.rest, id, key).await;
        assert_eq!(refused.err(), Some(401), "{id} with {key:?}");
    }
    central.connect().await.boot().await;
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_086_a_server_certificate_is_shown_to_the_station_and_a_key_to_the_server() {
    let central = Central::open().await;
    let authority = Authority::new();
    let address = central.door(Security::TlsBasic(authority.server())).await;
    let stranger = Authority::new().dial(address, None).await;
    assert!(stranger.is_err(), "a station that trusts another root hangs up");
    let wire = authority.dial(address, None).await.expect("TLS");
    let refused = Station::over(wire, &central.rest, POINT, "a-wrong-key-for-it").await;
    assert_eq!(refused.err(), Some(401));
    let wire = authority.dial(address, None).await.expect("TLS");
    let station = Station::over(wire, &central.rest, POINT, &central.key).await;
    station.expect("the right key").boot().await;
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_087_a_client_certificate_names_the_station() {
    let central = Central::open().await;
    let (servers, stations) = (Authority::new(), Authority::new());
    let address = central.door(mutual(&servers, &stations)).await;
    let signed = |authority: &Authority, name: &str| {
        let key = KeyPair::generate().expect("a key");
        Own { chain: authority.sign(name, &key), key }
    };
    let other = signed(&stations, "CP-2");
    let wire = servers.dial(address, Some(&other)).await.expect("TLS");
    let refused = Station::over(wire, &central.rest, POINT, "").await;
    assert_eq!(refused.err(), Some(401), "the certificate of another station");
    let forged = signed(&servers, POINT);
    if let Ok(wire) = servers.dial(address, Some(&forged)).await {
        let refused = Station::over(wire, &central.rest, POINT, "").await;
        assert_eq!(refused.err(), Some(0), "signed by somebody else: TLS ends");
    }
    let own = signed(&stations, POINT);
    let wire = servers.dial(address, Some(&own)).await.expect("TLS");
    let station = Station::over(wire, &central.rest, POINT, "").await;
    station.expect("its certificate").boot().await;
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_088_the_common_subprotocol_is_chosen_from_those_on_offer() {
    let central = Central::open().await;
    for offer in ["ocpp1.6", "ocpp2.0.1, ocpp1.6, ocpp1.5"] {
        let stream = TcpStream::connect(central.rest.address).await.expect("a connection");
        let url = format!("ws://localhost/ocpp/{POINT}");
        let mut request = url.into_client_request().expect("a URL");
        let headers = request.headers_mut();
        headers.insert("authorization", basic(POINT, &central.key));
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(offer));
        let opened = tokio_tungstenite::client_async(request, stream).await;
        let (_socket, response) = opened.expect("a WebSocket");
        assert_eq!(response.headers()["sec-websocket-protocol"], "ocpp1.6", "of {offer}");
    }
}
