//! A card presented at a connector that is in use already: it may end the session (§4.10).

use crate::charger::authorization::Card;
use crate::charger::connector::Phase;
use crate::charger::outbox::{About, Call};
use crate::charger::point::ChargePoint;
use crate::charger::serve::json;
use crate::ocpp::messages::AuthorizeRequest;
use crate::ocpp::types::{AuthorizationStatus, IdTagInfo, StopReason};
use crate::time::Time;

impl ChargePoint {
    /// The card of the session ends it without asking; one of the same group as far as the station
    /// knows, else after asking for its group.
    pub(super) fn on_presented(&mut self, now: Time, c: usize, id_tag: &str) {
        let connector = &self.connectors[c];
        let Some(session) = &connector.session else {
            if connector.plugged {
                self.admit(now, c, id_tag);
            }
            return;
        };
        if !matches!(session.phase, Phase::Running(_)) {
            return;
        }
        let group = self.known_card(id_tag).and_then(Card::parent);
        if session.id_tag.eq_ignore_ascii_case(id_tag) || session.is_of_group(group) {
            self.stop_with(now, c, id_tag);
        } else if group.is_none() && self.is_connected() {
            let about = About::AuthorizeStop { session: session.serial };
            self.outbox.push(about, json(&AuthorizeRequest { id_tag: id_tag.into() }));
        }
    }

    /// The central system told the group of a card that would end a session.
    pub(super) fn on_stop_authorized(
        &mut self,
        now: Time,
        serial: u64,
        call: &Call,
        info: &IdTagInfo<'_>,
    ) {
        let Some(c) = self.session_index(serial) else { return };
        let group = info.parent_id_tag.as_deref();
        let of_group = self.connectors[c].session.as_ref().is_some_and(|s| s.is_of_group(group));
        if info.status == AuthorizationStatus::Accepted
            && of_group
            && let Ok(request) = serde_json::from_str::<AuthorizeRequest<'_>>(&call.payload)
        {
            self.stop_with(now, c, &request.id_tag);
        }
    }

    /// Ends a session by a card that may: StopTransaction names it.
    fn stop_with(&mut self, now: Time, c: usize, id_tag: &str) {
        if let Some(session) = &mut self.connectors[c].session {
            id_tag.clone_into(&mut session.id_tag);
        }
        self.end_session(now, c, StopReason::Local);
    }
}
