//! Who may charge: the local list, the authorization cache, and what follows from them while the
//! central system can or cannot be asked (§3.5, §4.1).

use crate::charger::connector::Session;
use crate::charger::keys::KeyId;
use crate::charger::outbox::{About, Call};
use crate::charger::point::ChargePoint;
use crate::charger::reservation::Admission;
use crate::ocpp::messages::{AuthorizeRequest, StartTransactionRequest, StopTransactionRequest};
use crate::ocpp::types::{AuthorizationStatus, IdTagInfo};
use crate::time::Time;

/// Most cards the cache holds.
const CACHE_MAX_CARDS: usize = 100;

/// What the central system said about an idTag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    status: AuthorizationStatus,
    /// By the station's clock.
    expires: Time,
    parent: Option<Box<str>>,
}

impl Card {
    pub(super) fn new(info: &IdTagInfo<'_>) -> Card {
        Card {
            status: info.status,
            expires: info.expiry_date.map_or(Time::NEVER, |at| at.0),
            parent: info.parent_id_tag.as_deref().map(Into::into),
        }
    }

    /// The verdict when the station's clock shows `clock`.
    pub(super) fn status_at(&self, clock: Time) -> AuthorizationStatus {
        match self.status {
            AuthorizationStatus::Accepted if self.expires <= clock => AuthorizationStatus::Expired,
            status => status,
        }
    }

    /// Its group.
    pub(super) fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }
}

/// An idTag as the key of a table: idTags compare without case (§7.29).
pub(super) fn folded(id_tag: &str) -> String {
    id_tag.to_ascii_lowercase()
}

/// Verdicts the central system gave in passing, the latest last (§3.5.1).
#[derive(Debug, Default)]
pub(super) struct Cache {
    cards: Vec<(String, Card)>,
}

impl Cache {
    pub(super) fn get(&self, id_tag: &str) -> Option<&Card> {
        self.cards.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(id_tag)).map(|(_, card)| card)
    }

    /// When it is full, a card that would be refused makes room, else the one heard of longest ago.
    pub(super) fn put(&mut self, id_tag: &str, card: Card, clock: Time) {
        self.cards.retain(|(tag, _)| !tag.eq_ignore_ascii_case(id_tag));
        if self.cards.len() >= CACHE_MAX_CARDS {
            let valid = |card: &Card| card.status_at(clock) == AuthorizationStatus::Accepted;
            let leaves = self.cards.iter().position(|(_, card)| !valid(card)).unwrap_or(0);
            self.cards.remove(leaves);
        }
        self.cards.push((folded(id_tag), card));
    }

    pub(super) fn clear(&mut self) {
        self.cards.clear();
    }
}

/// What becomes of a session that waits for its authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Begin, the central system hears of it at once.
    Start,
    /// Begin, the central system hears of it later.
    StartOffline,
    /// Ask the central system.
    Ask,
    /// Nobody can be asked now.
    Wait,
    Refuse,
}

impl ChargePoint {
    /// What the station itself knows about a card; the local list comes before the cache.
    pub(super) fn known_card(&self, id_tag: &str) -> Option<&Card> {
        let extras = self.extras.as_deref()?;
        let listed =
            || extras.list.get(id_tag).filter(|_| self.keys.flag(KeyId::LocalAuthListEnabled));
        let cached = || {
            extras.cache.get(id_tag).filter(|_| self.keys.flag(KeyId::AuthorizationCacheEnabled))
        };
        listed().or_else(cached)
    }

    /// How to go on with a session on connector `c`. Online a card that is not known as valid is
    /// always asked about; offline only the station's own knowledge counts, and a card it knows as
    /// invalid is refused whatever `AllowOfflineTxForUnknownId` says.
    pub(super) fn plan(&self, now: Time, c: usize, session: &Session) -> Plan {
        let known = self.known_card(&session.id_tag);
        let verdict = known.map(|card| card.status_at(self.clock(now)));
        let parent = session.parent.as_deref().or(known.and_then(Card::parent));
        let accepted = verdict == Some(AuthorizationStatus::Accepted);
        let asks_remote = self.keys.flag(KeyId::AuthorizeRemoteTxRequests);
        let admission = self.admission(c, &session.id_tag, parent);
        match (admission, self.link) {
            (Admission::Refused, _) | (Admission::AskGroup, false) => Plan::Refuse,
            (Admission::AskGroup, true) => Plan::Ask,
            (_, true) if session.remote && !asks_remote => Plan::Start,
            (_, true) if accepted && self.keys.flag(KeyId::LocalPreAuthorize) => Plan::Start,
            (_, true) => Plan::Ask,
            (_, false) if accepted && self.keys.flag(KeyId::LocalAuthorizeOffline) => {
                Plan::StartOffline
            }
            (_, false) if verdict.is_some() && !accepted => Plan::Refuse,
            (_, false) if !accepted && self.keys.flag(KeyId::AllowOfflineTxForUnknownId) => {
                Plan::StartOffline
            }
            (_, false) => Plan::Wait,
        }
    }

    /// An answer told about the card in `call`: keeps it, if there is a cache and the local list
    /// does not know better.
    pub(super) fn learn_card(&mut self, now: Time, call: &Call, info: &IdTagInfo<'_>) {
        if !self.keys.flag(KeyId::AuthorizationCacheEnabled) {
            return;
        }
        let Some(id_tag) = id_tag_in(call) else { return };
        let clock = self.clock(now);
        let listed = self.keys.flag(KeyId::LocalAuthListEnabled);
        let extras = self.extras_mut();
        if !(listed && extras.list.get(&id_tag).is_some()) {
            extras.cache.put(&id_tag, Card::new(info), clock);
        }
    }
}

/// The idTag the station asked about or told of.
fn id_tag_in(call: &Call) -> Option<String> {
    let text = &call.payload;
    let id_tag = match call.about {
        About::Authorize { .. } | About::AuthorizeStop { .. } => {
            serde_json::from_str::<AuthorizeRequest<'_>>(text).ok()?.id_tag
        }
        About::Start { .. } => {
            serde_json::from_str::<StartTransactionRequest<'_>>(text).ok()?.id_tag
        }
        About::Stop => serde_json::from_str::<StopTransactionRequest<'_>>(text).ok()?.id_tag?,
        _ => return None,
    };
    Some(id_tag.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(status: AuthorizationStatus) -> Card {
        Card::new(&IdTagInfo::status(status))
    }

    #[test]
    fn a_full_cache_gives_up_invalid_cards_first_and_then_the_oldest() {
        let clock = Time::from_unix_s(1_000_000_000);
        let mut cache = Cache::default();
        for n in 0..CACHE_MAX_CARDS {
            let invalid = n == 50;
            let status =
                if invalid { AuthorizationStatus::Blocked } else { AuthorizationStatus::Accepted };
            cache.put(&format!("card{n}"), card(status), clock);
        }
        cache.put("one more", card(AuthorizationStatus::Accepted), clock);
        assert!(cache.get("card50").is_none() && cache.get("card0").is_some());
        cache.put("CARD0", card(AuthorizationStatus::Accepted), clock);
        cache.put("another", card(AuthorizationStatus::Accepted), clock);
        assert!(cache.get("card1").is_none() && cache.get("card0").is_some());
        assert_eq!(cache.cards.len(), CACHE_MAX_CARDS);
    }

    #[test]
    fn an_accepted_card_expires() {
        let expiry = Time::from_unix_s(2_000_000_000);
        let info = IdTagInfo {
            expiry_date: Some(expiry.into()),
            ..IdTagInfo::status(AuthorizationStatus::Accepted)
        };
        let card = Card::new(&info);
        assert_eq!(card.status_at(Time(expiry.0 - 1)), AuthorizationStatus::Accepted);
        assert_eq!(card.status_at(expiry), AuthorizationStatus::Expired);
    }
}
