//! What a central system knows to be a mistake before it is sent: connectors and transactions
//! that do not exist, profiles that would outrank the limits of the site, lists that cannot fit.

use serde_json::{Map, Value};

use super::{Scope, invalid};
use crate::csms::input::Refusal;
use crate::csms::point::Point;
use crate::ocpp::action::Action;
use crate::ocpp::timestamp::Timestamp;

/// Tells the first mistake.
pub(super) fn check(
    action: Action,
    members: &Map<String, Value>,
    scope: Scope<'_>,
) -> Result<(), Refusal> {
    check_connector(action, members, scope.point)?;
    match action {
        Action::SetChargingProfile => check_profile(members, scope.point),
        Action::RemoteStartTransaction => check_start_profile(members, scope.point),
        Action::RemoteStopTransaction => check_transaction(members, scope),
        Action::ReserveNow => check_expiry(members, scope),
        Action::SendLocalList => check_list(members, scope.point),
        _ => Ok(()),
    }
}

fn integer(members: &Map<String, Value>, field: &str) -> Option<i64> {
    members.get(field).and_then(Value::as_i64)
}

/// A connector that exists; 0 only where the whole charge point can be meant.
fn check_connector(
    action: Action,
    members: &Map<String, Value>,
    point: &Point,
) -> Result<(), Refusal> {
    let Some(connector) = integer(members, "connectorId") else { return Ok(()) };
    let least = match action {
        Action::RemoteStartTransaction
        | Action::UnlockConnector
        | Action::TriggerMessage
        | Action::ExtendedTriggerMessage => 1,
        _ => 0,
    };
    let most = point.connectors.len() as i64;
    if (least..=most).contains(&connector) {
        return Ok(());
    }
    let problem = format!("no connector {connector} that this could be about: {least} to {most}");
    Err(invalid("/payload/connectorId", problem))
}

/// A profile that the limits of the site replace or outrank, so that setting them anew ends what
/// it may have done.
fn check_profile(members: &Map<String, Value>, point: &Point) -> Result<(), Refusal> {
    let Some(profile) = members.get("csChargingProfiles") else { return Ok(()) };
    let at = |field: &str, problem: String| {
        Err(invalid(&format!("/payload/csChargingProfiles/{field}"), problem))
    };
    let connector = integer(members, "connectorId").unwrap_or_default();
    let level = profile.get("stackLevel").and_then(Value::as_i64).unwrap_or_default();
    let tx_profile = profile.get("chargingProfilePurpose") == Some(&Value::from("TxProfile"));
    if !tx_profile && connector != 0 {
        let problem = "0: only a TxProfile is about one connector".to_owned();
        return Err(invalid("/payload/connectorId", problem));
    }
    if profile.get("chargingProfilePurpose") == Some(&Value::from("TxDefaultProfile")) && level != 0
    {
        return at("stackLevel", "0: a higher one would outrank the start limit".to_owned());
    }
    if !tx_profile {
        return Ok(());
    }
    check_level(profile, "csChargingProfiles", point)?;
    let running = usize::try_from(connector - 1).ok().and_then(|index| {
        point.connectors[index].active.as_ref().map(|active| active.transaction_id)
    });
    match (running, profile.get("transactionId").and_then(Value::as_i64)) {
        (Some(running), Some(named)) if running == named => Ok(()),
        (Some(running), _) => at("transactionId", format!("{running}: it runs on that connector")),
        (None, _) => {
            let problem = "no transaction runs on that connector".to_owned();
            Err(invalid("/payload/connectorId", problem))
        }
    }
}

/// The profile of a session that is to begin (errata 3.41, 3.42): ours replaces or outranks it as
/// soon as the session has begun.
fn check_start_profile(members: &Map<String, Value>, point: &Point) -> Result<(), Refusal> {
    let Some(profile) = members.get("chargingProfile") else { return Ok(()) };
    let at = |field: &str, problem: &str| {
        Err(invalid(&format!("/payload/chargingProfile/{field}"), problem.to_owned()))
    };
    if profile.get("chargingProfilePurpose") != Some(&Value::from("TxProfile")) {
        return at("chargingProfilePurpose", "TxProfile: it is about one transaction");
    }
    if profile.get("transactionId").is_some() {
        return at("transactionId", "to be left out: the transaction has not begun");
    }
    check_level(profile, "chargingProfile", point)
}

fn check_level(profile: &Value, field: &str, point: &Point) -> Result<(), Refusal> {
    let level = profile.get("stackLevel").and_then(Value::as_i64).unwrap_or_default();
    let most = i64::from(point.capabilities.max_stack_level);
    if level <= most {
        return Ok(());
    }
    let problem = format!("0 to {most}, or it would outrank the site's limits");
    Err(invalid(&format!("/payload/{field}/stackLevel"), problem))
}

/// A transaction that is not known to be another charge point's or over. One that nobody knows
/// here may run all the same: its start was lost.
fn check_transaction(members: &Map<String, Value>, scope: Scope<'_>) -> Result<(), Refusal> {
    let Some(id) = integer(members, "transactionId") else { return Ok(()) };
    let Some(known) = scope.transactions.get(id) else { return Ok(()) };
    let wrong = |problem: &str| Err(invalid("/payload/transactionId", problem.to_owned()));
    if known.point != scope.at {
        return wrong("a transaction of another charge point");
    }
    if known.ended && scope.point.connector(known.connector).is_some() {
        return wrong("a transaction that has ended");
    }
    Ok(())
}

fn check_expiry(members: &Map<String, Value>, scope: Scope<'_>) -> Result<(), Refusal> {
    let expiry = members.get("expiryDate").and_then(Value::as_str).and_then(Timestamp::parse);
    if expiry.is_none_or(|expiry| expiry.0 > scope.now) {
        return Ok(());
    }
    let problem = format!("over already: it is {}", scope.now.to_ocpp());
    Err(invalid("/payload/expiryDate", problem))
}

/// A list that a charge point can take: 0 and -1 are no versions, a whole list says what each
/// card may (OCPP 1.6 §5.15, §7.1), and a difference needs something that it is one from.
fn check_list(members: &Map<String, Value>, point: &Point) -> Result<(), Refusal> {
    let version = integer(members, "listVersion").unwrap_or_default();
    if version < 1 {
        let problem = "1 or more: 0 is the version of no list, -1 of none ever".to_owned();
        return Err(invalid("/payload/listVersion", problem));
    }
    if members.get("updateType") == Some(&Value::from("Full")) {
        let entries = members.get("localAuthorizationList").and_then(Value::as_array);
        let silent = |entry: &Value| entry.get("idTagInfo").is_none();
        return match entries.and_then(|entries| entries.iter().position(silent)) {
            Some(place) => Err(invalid(
                &format!("/payload/localAuthorizationList/{place}/idTagInfo"),
                "missing: only a difference removes cards".to_owned(),
            )),
            None => Ok(()),
        };
    }
    let list = point.records.as_ref().and_then(|records| records.local_list.as_ref());
    match list.and_then(|list| list.version) {
        None => Err(Refusal::Conflict(format!(
            "{}: which version its list has is not known, so there is nothing to differ from; \
             send GetLocalListVersion or a full list first",
            point.id
        ))),
        Some(-1) => Err(Refusal::Conflict(format!("{} keeps no local list", point.id))),
        Some(known) if version <= known => {
            let problem = format!("more than {known}, the version of its list");
            Err(invalid("/payload/listVersion", problem))
        }
        Some(_) => Ok(()),
    }
}
