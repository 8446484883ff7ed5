//! Answers in the place of a recorded charge point for what it was never asked. A replay needs some, or calls would
//! time out that no charge point leaves open; how many it took, its report says.

use serde_json::{Value, json};

use crate::time::{Span, Time};

/// Transactions that the recorded central system never heard of are numbered from here on.
const TRANSACTIONS: i64 = 1_000_000_000;

/// An answer takes this long.
pub(super) const DELAY: Span = Span::from_ms(100);

/// The text of an answer to a call with this id, action and body. `usual` is the status that the charge point gave
/// such calls elsewhere in the recording.
pub(super) fn answer(id: &str, action: &str, body: &str, usual: Option<&str>) -> String {
    let id = Value::from(id);
    let status = |status: &str| json!({ "status": usual.unwrap_or(status) });
    let payload = match action {
        "SetChargingProfile"
        | "ClearChargingProfile"
        | "ChangeConfiguration"
        | "ChangeAvailability"
        | "ClearCache"
        | "RemoteStopTransaction"
        | "RemoteStartTransaction"
        | "Reset" => status("Accepted"),
        "TriggerMessage"
        | "ExtendedTriggerMessage"
        | "GetCompositeSchedule"
        | "ReserveNow"
        | "CancelReservation" => json!({ "status": "Rejected" }),
        "GetConfiguration" => {
            let asked: Value = serde_json::from_str(body).unwrap_or_default();
            let keys = asked.get("key").cloned().unwrap_or_else(|| json!([]));
            json!({ "configurationKey": [], "unknownKey": keys })
        }
        "UnlockConnector" => json!({ "status": "NotSupported" }),
        "SendLocalList" => json!({ "status": "NotSupported" }),
        "GetLocalListVersion" => json!({ "listVersion": -1 }),
        "DataTransfer" => json!({ "status": "UnknownVendorId" }),
        "GetDiagnostics" | "UpdateFirmware" => json!({}),
        _ => return format!("[4,{id},\"NotImplemented\",\"\",{{}}]"),
    };
    format!("[3,{id},{payload}]")
}

/// The text of a central system's answer to a call of a charge point that it never heard.
pub(super) fn central(id: &str, action: &str, now: Time, number: u64) -> String {
    let id = Value::from(id);
    let accepted = json!({ "status": "Accepted" });
    let payload = match action {
        "BootNotification" => json!({
            "status": "Accepted", "currentTime": now.to_ocpp(), "interval": 900,
        }),
        "Heartbeat" => json!({ "currentTime": now.to_ocpp() }),
        "Authorize" => json!({ "idTagInfo": accepted }),
        "StartTransaction" => json!({
            "idTagInfo": accepted, "transactionId": TRANSACTIONS + (number % TRANSACTIONS as u64) as i64,
        }),
        "DataTransfer" => json!({ "status": "UnknownVendorId" }),
        "SignCertificate" => json!({ "status": "Rejected" }),
        _ => json!({}),
    };
    format!("[3,{id},{payload}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocpp::action::{Action, Direction};
    use crate::ocpp::frame::Frame;
    use crate::ocpp::schema::check_response;

    #[test]
    fn every_call_of_a_central_system_gets_an_answer_that_its_schema_allows() {
        for action in Action::ALL.iter().filter(|it| it.direction() != Direction::FromChargePoint) {
            let text = answer("7", action.name(), r#"{"key":["A"]}"#, None);
            match Frame::parse(&text).unwrap() {
                Frame::Result(it) => check_response(*action, it.payload).unwrap(),
                Frame::Error(it) => assert_eq!(it.code.to_string(), "NotImplemented"),
                Frame::Call(_) => unreachable!("{text}"),
            }
        }
    }

    #[test]
    fn every_call_of_a_charge_point_gets_an_answer_that_its_schema_allows() {
        for action in Action::ALL.iter().filter(|it| it.direction() != Direction::FromCentralSystem)
        {
            let text = central("7", action.name(), Time(0), 5);
            let Ok(Frame::Result(it)) = Frame::parse(&text) else { unreachable!("{text}") };
            check_response(*action, it.payload).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        }
    }

    #[test]
    fn a_charge_point_that_refused_limits_refuses_these_as_well() {
        let text = answer("7", "SetChargingProfile", "{}", Some("Rejected"));
        assert_eq!(text, r#"[3,"7",{"status":"Rejected"}]"#);
    }
}
