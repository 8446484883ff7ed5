//! A CALL on behalf of an operator, proved before it is queued.
//!
//! What leaves is exactly what the specification allows; beyond the tables of
//! [`schema`] a command must name connectors and transactions that exist, and
//! must not install a profile that would outrank the limits of the site.

use serde_json::{Map, Value};

use crate::csms::event::Outcome;
use crate::csms::input::Refusal;
use crate::csms::point::Point;
use crate::ocpp::action::{Action, Direction, FeatureProfile};
use crate::ocpp::frame::MAX_TEXT;
use crate::ocpp::schema;

/// A proved CALL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// `cmd_..`
    pub(crate) id: String,
    pub(crate) action: Action,
    /// Compact JSON.
    pub(crate) payload: String,
    /// Of a RemoteStartTransaction.
    pub(crate) starts: Option<String>,
}

/// Room in a frame for the envelope.
const ENVELOPE: usize = 256;

impl Command {
    /// Proves a command to a charge point.
    pub(crate) fn check(
        id: &str,
        action: &str,
        payload: &str,
        point: &Point,
    ) -> Result<Command, Refusal> {
        let offered = offered().find(|offered| offered.name() == action);
        let action = offered.ok_or_else(|| {
            let names: Vec<&str> = offered_names().collect();
            invalid("/action", format!("{action:?} is none of {}", names.join(", ")))
        })?;
        let members = match serde_json::from_str(payload) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(invalid("/payload", "not an object".to_owned())),
            Err(error) => return Err(invalid("/payload", error.to_string())),
        };
        if let Some(flaw) = schema::find_flaw(action, &members) {
            return Err(invalid(&format!("/payload{}", flaw.pointer), flaw.problem));
        }
        check_connector(action, &members, point)?;
        check_profile(action, &members, point)?;
        let starts = match action {
            Action::RemoteStartTransaction => {
                members.get("idTag").and_then(Value::as_str).map(str::to_owned)
            }
            _ => None,
        };
        let payload = Value::Object(members).to_string();
        if payload.len() > MAX_TEXT - ENVELOPE {
            let most = MAX_TEXT - ENVELOPE;
            return Err(invalid("/payload", format!("longer than {most} bytes")));
        }
        Ok(Command { id: id.to_owned(), action, payload, starts })
    }

    /// Whether it may undo limits of ours.
    pub(crate) fn is_by_hand(&self) -> bool {
        matches!(self.action, Action::SetChargingProfile | Action::ClearChargingProfile)
    }

    /// What an answer means. An action without a status says all by answering.
    pub(crate) fn outcome(&self, answer: &Value) -> Outcome {
        match answer.get("status").and_then(Value::as_str) {
            None | Some("Accepted" | "Scheduled" | "RebootRequired" | "Unlocked") => {
                Outcome::Accepted
            }
            Some(_) => Outcome::Rejected,
        }
    }
}

/// What an operator may ask for, by name.
pub(crate) fn offered_names() -> impl Iterator<Item = &'static str> {
    offered().map(Action::name)
}

fn offered() -> impl Iterator<Item = Action> {
    Action::ALL.iter().copied().filter(|action| {
        action.direction() != Direction::FromChargePoint
            && matches!(
                action.feature_profile(),
                FeatureProfile::Core
                    | FeatureProfile::SmartCharging
                    | FeatureProfile::RemoteTrigger
            )
    })
}

fn invalid(field: &str, problem: String) -> Refusal {
    Refusal::Invalid { field: field.to_owned(), problem }
}

/// A connector that exists; 0 only where the whole charge point can be meant.
fn check_connector(
    action: Action,
    members: &Map<String, Value>,
    point: &Point,
) -> Result<(), Refusal> {
    let Some(connector) = members.get("connectorId").and_then(Value::as_u64) else { return Ok(()) };
    let least = match action {
        Action::RemoteStartTransaction | Action::UnlockConnector | Action::TriggerMessage => 1,
        _ => 0,
    };
    let most = point.connectors.len() as u64;
    if (least..=most).contains(&connector) {
        return Ok(());
    }
    let problem = format!("no connector {connector} that this could be about: {least} to {most}");
    Err(invalid("/payload/connectorId", problem))
}

/// A profile that the limits of the site replace or outrank, so that setting them anew ends what
/// it may have done.
fn check_profile(
    action: Action,
    members: &Map<String, Value>,
    point: &Point,
) -> Result<(), Refusal> {
    if action == Action::RemoteStartTransaction && members.contains_key("chargingProfile") {
        let problem = "the site limits a session from its start on; leave the profile out";
        return Err(invalid("/payload/chargingProfile", problem.to_owned()));
    }
    let Some(profile) = members.get("csChargingProfiles") else { return Ok(()) };
    let at = |field: &str, problem: String| {
        Err(invalid(&format!("/payload/csChargingProfiles/{field}"), problem))
    };
    let connector = members.get("connectorId").and_then(Value::as_u64).unwrap_or_default();
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
    let most = i64::from(point.capabilities.max_stack_level);
    if level > most {
        return at("stackLevel", format!("0 to {most}, or it would outrank the site's limits"));
    }
    let running = (connector as usize).checked_sub(1).and_then(|index| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charger::CurrentKind;
    use crate::csms::SiteIx;
    use crate::csms::config::Hardware;
    use crate::ids::ChargePointId;
    use crate::units::{DeciAmps, Watts};

    fn point() -> Point {
        let hardware = Hardware {
            kind: CurrentKind::Ac,
            phases: 3,
            max_current: DeciAmps(320),
            max_power: Watts(22_000),
            voltage_v: 230,
        };
        Point::new(ChargePointId::new("cp"), SiteIx(0), hardware, 2, 1)
    }

    fn refused(action: &str, payload: &str) -> (String, String) {
        match Command::check("cmd_1", action, payload, &point()) {
            Err(Refusal::Invalid { field, problem }) => (field, problem),
            other => panic!("{action} {payload}: {other:?}"),
        }
    }

    #[test]
    fn every_action_of_a_central_system_in_three_profiles_is_offered() {
        let mut names: Vec<&str> = offered_names().collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "ChangeAvailability",
                "ChangeConfiguration",
                "ClearCache",
                "ClearChargingProfile",
                "DataTransfer",
                "GetCompositeSchedule",
                "GetConfiguration",
                "RemoteStartTransaction",
                "RemoteStopTransaction",
                "Reset",
                "SetChargingProfile",
                "TriggerMessage",
                "UnlockConnector"
            ]
        );
    }

    #[test]
    fn a_refusal_points_at_the_field_and_says_what_is_allowed() {
        for (action, payload, field, says) in [
            ("Fly", "{}", "/action", "UnlockConnector"),
            ("Heartbeat", "{}", "/action", "TriggerMessage"),
            ("ReserveNow", "{}", "/action", "Reset"),
            ("Reset", "[]", "/payload", "object"),
            ("Reset", "{", "/payload", "EOF"),
            ("Reset", "{}", "/payload/type", "missing; one of Hard, Soft"),
            ("Reset", r#"{"type":"hard"}"#, "/payload/type", "one of Hard, Soft"),
            ("Reset", r#"{"type":"Hard","now":1}"#, "/payload/now", "one of type"),
            ("UnlockConnector", r#"{"connectorId":0}"#, "/payload/connectorId", "1 to 2"),
            ("UnlockConnector", r#"{"connectorId":3}"#, "/payload/connectorId", "1 to 2"),
            (
                "ChangeAvailability",
                r#"{"connectorId":3,"type":"Operative"}"#,
                "/payload/connectorId",
                "0 to 2",
            ),
        ] {
            let (place, problem) = refused(action, payload);
            assert_eq!(place, field, "{action} {payload}");
            assert!(problem.contains(says), "{problem}");
        }
    }

    #[test]
    fn a_profile_that_would_outrank_the_site_is_refused() {
        let profile = |connector: u32, purpose: &str, level: i32| {
            format!(
                r#"{{"connectorId":{connector},"csChargingProfiles":{{"chargingProfileId":7,
                "stackLevel":{level},"chargingProfilePurpose":"{purpose}",
                "chargingProfileKind":"Relative","chargingSchedule":{{"chargingRateUnit":"A",
                "chargingSchedulePeriod":[{{"startPeriod":0,"limit":16}}]}}}}}}"#
            )
        };
        let (set, stack_level) = ("SetChargingProfile", "/payload/csChargingProfiles/stackLevel");
        assert_eq!(refused(set, &profile(0, "TxDefaultProfile", 1)).0, stack_level);
        assert_eq!(refused(set, &profile(1, "TxDefaultProfile", 0)).0, "/payload/connectorId");
        assert_eq!(refused(set, &profile(1, "TxProfile", 1)).0, stack_level);
        assert_eq!(refused(set, &profile(1, "TxProfile", 0)).0, "/payload/connectorId");
        let most = Command::check("c", set, &profile(0, "ChargePointMaxProfile", 9), &point());
        assert!(most.is_ok(), "{most:?}");
    }
}
