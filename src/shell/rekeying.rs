//! New passwords that reach charge points by the charge points' own configuration.
//!
//! A connected charge point gets a new password by ChangeConfiguration of `AuthorizationKey`
//! (security whitepaper, ed. 3, §2.4). It comes back with it once it has accepted it, so from then
//! on the door asks for that one. Until then, and when no answer comes, the old one holds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::csms::event::Outcome;
use crate::ids::ChargePointId;
use crate::ocpp::action::Action;
use crate::shell::secret;
use crate::store::Fact;

/// The configuration key; compared without case.
const KEY: &str = "AuthorizationKey";

/// See the module.
#[derive(Default)]
pub(super) struct Rekeying {
    /// By command: whose password, and its SHA-256.
    asked: BTreeMap<String, (ChargePointId, [u8; 32])>,
}

impl Rekeying {
    /// A command was taken.
    pub(super) fn asked(
        &mut self,
        point: &ChargePointId,
        command: &str,
        action: &str,
        payload: &str,
    ) {
        if let Some(password) = new_password(action, payload) {
            let hash = secret::sha256(&password);
            self.asked.insert(command.to_owned(), (point.clone(), hash));
        }
    }

    /// A command has ended; what to keep when it has changed a password.
    pub(super) fn ended(&mut self, command: &str, outcome: Outcome) -> Option<Fact> {
        let (point, hash) = self.asked.remove(command)?;
        (outcome == Outcome::Accepted).then_some(Fact::Credential(point, Some(hash)))
    }
}

fn new_password(action: &str, payload: &str) -> Option<String> {
    if action != Action::ChangeConfiguration.name() {
        return None;
    }
    let payload: Value = serde_json::from_str(payload).ok()?;
    let text = |field: &str| payload.get(field).and_then(Value::as_str);
    let key = text("key").filter(|key| key.eq_ignore_ascii_case(KEY));
    key.and(text("value")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGE: &str = r#"{"key":"authorizationkey","value":"a-new-password-1"}"#;

    fn ended(action: &str, payload: &str, outcome: Outcome) -> Option<Fact> {
        let mut rekeying = Rekeying::default();
        rekeying.asked(&ChargePointId::new("cp_1"), "cmd_1", action, payload);
        let fact = rekeying.ended("cmd_1", outcome);
        assert_eq!(rekeying.ended("cmd_1", outcome), None, "a command ends once");
        fact
    }

    #[test]
    fn a_password_holds_once_the_charge_point_has_accepted_it() {
        let hash = Some(secret::sha256("a-new-password-1"));
        let kept = Some(Fact::Credential(ChargePointId::new("cp_1"), hash));
        assert_eq!(ended("ChangeConfiguration", CHANGE, Outcome::Accepted), kept);
        for outcome in [Outcome::Rejected, Outcome::Error, Outcome::TimedOut] {
            assert_eq!(ended("ChangeConfiguration", CHANGE, outcome), None, "{outcome:?}");
        }
    }

    #[test]
    fn other_commands_change_no_password() {
        for (action, payload) in [
            ("ChangeConfiguration", r#"{"key":"HeartbeatInterval","value":"60"}"#),
            ("DataTransfer", CHANGE),
            ("ChangeConfiguration", r#"{"key":"AuthorizationKey"}"#),
        ] {
            assert_eq!(ended(action, payload, Outcome::Accepted), None, "{action} {payload}");
        }
    }
}
