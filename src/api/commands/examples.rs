//! What each command is for, in a line, with an example of its payload and of an answer.

use serde_json::{Value, json};

use crate::ocpp::Action;

/// How the document presents a command.
pub(super) struct Example {
    pub(super) summary: &'static str,
    pub(super) request: Value,
    pub(super) answer: Value,
}

/// How the document presents an action of a central system; `None`: it is none.
pub(super) fn example(action: Action) -> Option<Example> {
    let (summary, request, answer) = match action {
        Action::DataTransfer => (
            "Send data of a vendor",
            json!({ "vendorId": "com.example", "messageId": "Greeting", "data": "hello" }),
            json!({ "status": "Accepted", "data": "hello to you" }),
        ),
        Action::ChangeAvailability => (
            "Take a connector out of service, or back into it",
            json!({ "connectorId": 1, "type": "Inoperative" }),
            json!({ "status": "Scheduled" }),
        ),
        Action::ChangeConfiguration => (
            "Set a configuration key",
            json!({ "key": "MeterValueSampleInterval", "value": "60" }),
            json!({ "status": "Accepted" }),
        ),
        Action::ClearCache => {
            ("Clear the authorization cache", json!({}), json!({ "status": "Accepted" }))
        }
        Action::GetConfiguration => (
            "Read configuration keys; all of them without a key",
            json!({ "key": ["HeartbeatInterval"] }),
            json!({ "configurationKey": [
                { "key": "HeartbeatInterval", "readonly": false, "value": "900" },
            ] }),
        ),
        Action::RemoteStartTransaction => (
            "Start a transaction",
            json!({ "connectorId": 1, "idTag": "04A2B3C4D5E6F7" }),
            json!({ "status": "Accepted" }),
        ),
        Action::RemoteStopTransaction => {
            ("Stop a transaction", json!({ "transactionId": 17 }), json!({ "status": "Accepted" }))
        }
        Action::Reset => {
            ("Restart a charge point", json!({ "type": "Soft" }), json!({ "status": "Accepted" }))
        }
        Action::UnlockConnector => {
            ("Unlock a connector", json!({ "connectorId": 1 }), json!({ "status": "Unlocked" }))
        }
        _ => return optional(action),
    };
    Some(Example { summary, request, answer })
}

/// Of the feature profiles that a charge point need not have.
fn optional(action: Action) -> Option<Example> {
    let (summary, request, answer) = match action {
        Action::GetDiagnostics => (
            "Have a charge point upload its diagnostics",
            json!({ "location": "ftp://files.example.com/", "retries": 3, "retryInterval": 60 }),
            json!({ "fileName": "diagnostics-17.zip" }),
        ),
        Action::UpdateFirmware => (
            "Have a charge point install firmware",
            json!({
                "location": "ftp://files.example.com/firmware.bin",
                "retrieveDate": "2026-05-04T22:00:00Z",
            }),
            json!({}),
        ),
        Action::GetLocalListVersion => (
            "Ask for the version of the local authorization list",
            json!({}),
            json!({ "listVersion": 3 }),
        ),
        Action::SendLocalList => (
            "Send the local authorization list, or how it differs from the one that is there",
            json!({
                "listVersion": 4,
                "updateType": "Full",
                "localAuthorizationList": [
                    { "idTag": "04A2B3C4D5E6F7", "idTagInfo": { "status": "Accepted" } },
                ],
            }),
            json!({ "status": "Accepted" }),
        ),
        Action::ReserveNow => (
            "Reserve a connector, or with 0 any",
            json!({
                "connectorId": 1,
                "expiryDate": "2099-05-04T12:00:00Z",
                "idTag": "04A2B3C4D5E6F7",
                "reservationId": 5,
            }),
            json!({ "status": "Accepted" }),
        ),
        Action::CancelReservation => {
            ("Cancel a reservation", json!({ "reservationId": 5 }), json!({ "status": "Accepted" }))
        }
        Action::TriggerMessage => (
            "Have a charge point send a message now",
            json!({ "requestedMessage": "MeterValues", "connectorId": 1 }),
            json!({ "status": "Accepted" }),
        ),
        Action::SetChargingProfile
        | Action::ClearChargingProfile
        | Action::GetCompositeSchedule => return smart_charging(action),
        _ => return security(action),
    };
    Some(Example { summary, request, answer })
}

fn smart_charging(action: Action) -> Option<Example> {
    let schedule = json!({
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{ "startPeriod": 0, "limit": 16 }],
    });
    let (summary, request, answer) = match action {
        Action::SetChargingProfile => (
            "Install a charging profile; the scheduler sets its own limits again after it",
            json!({
                "connectorId": 0,
                "csChargingProfiles": {
                    "chargingProfileId": 900,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "ChargePointMaxProfile",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": schedule,
                },
            }),
            json!({ "status": "Accepted" }),
        ),
        Action::ClearChargingProfile => (
            "Remove charging profiles; the scheduler sets its own limits again after it",
            json!({ "id": 900 }),
            json!({ "status": "Accepted" }),
        ),
        Action::GetCompositeSchedule => (
            "Ask for the limits that result from all profiles",
            json!({ "connectorId": 1, "duration": 3600, "chargingRateUnit": "A" }),
            json!({
                "status": "Accepted",
                "connectorId": 1,
                "scheduleStart": "2026-05-04T12:00:00Z",
                "chargingSchedule": schedule,
            }),
        ),
        _ => return None,
    };
    Some(Example { summary, request, answer })
}

/// Of the security extension (whitepaper, edition 3).
fn security(action: Action) -> Option<Example> {
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB..\n-----END CERTIFICATE-----\n";
    let hash = json!({
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "9a7f0c1d2e3b4a59",
        "issuerKeyHash": "1c2d3e4f5a6b7c8d",
        "serialNumber": "04a1",
    });
    let (summary, request, answer) = match action {
        Action::CertificateSigned => (
            "Send a charge point its signed certificate",
            json!({ "certificateChain": certificate }),
            json!({ "status": "Accepted" }),
        ),
        Action::DeleteCertificate => (
            "Delete a certificate",
            json!({ "certificateHashData": hash }),
            json!({ "status": "Accepted" }),
        ),
        Action::ExtendedTriggerMessage => (
            "Have a charge point send a message now, also of the security extension",
            json!({ "requestedMessage": "SignChargePointCertificate" }),
            json!({ "status": "Accepted" }),
        ),
        Action::GetInstalledCertificateIds => (
            "List the certificates of a charge point",
            json!({ "certificateType": "CentralSystemRootCertificate" }),
            json!({ "status": "Accepted", "certificateHashData": [hash] }),
        ),
        Action::GetLog => (
            "Have a charge point upload a log",
            json!({
                "log": { "remoteLocation": "https://files.example.com/logs/" },
                "logType": "SecurityLog",
                "requestId": 7,
            }),
            json!({ "status": "Accepted", "filename": "security-7.log" }),
        ),
        Action::InstallCertificate => (
            "Install a root certificate",
            json!({
                "certificateType": "CentralSystemRootCertificate",
                "certificate": certificate,
            }),
            json!({ "status": "Accepted" }),
        ),
        Action::SignedUpdateFirmware => (
            "Have a charge point install signed firmware",
            json!({
                "requestId": 8,
                "firmware": {
                    "location": "https://files.example.com/firmware.bin",
                    "retrieveDateTime": "2026-05-04T22:00:00Z",
                    "signingCertificate": certificate,
                    "signature": "MEUCIQ..",
                },
            }),
            json!({ "status": "Accepted" }),
        ),
        _ => return None,
    };
    Some(Example { summary, request, answer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocpp::Direction;
    use crate::ocpp::schema::{check_request, check_response};

    #[test]
    fn every_command_has_an_example_that_keeps_to_the_specification() {
        for &action in Action::ALL {
            let ours = action.direction() != Direction::FromChargePoint;
            let found = example(action);
            assert_eq!(found.is_some(), ours, "{action}");
            if let Some(Example { request, answer, .. }) = found {
                assert_eq!(check_request(action, &request.to_string()), Ok(()), "{action}");
                assert_eq!(check_response(action, &answer.to_string()), Ok(()), "{action}");
            }
        }
    }
}
