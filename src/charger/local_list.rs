//! The local authorization list (§3.5.2): cards the central system handed out in advance.

use std::collections::BTreeMap;

use crate::charger::authorization::{Card, folded};
use crate::ocpp::messages::{AuthorizationData, SendLocalListRequest};
use crate::ocpp::types::{UpdateStatus, UpdateType};

/// `LocalAuthListMaxLength`.
pub const LIST_MAX_CARDS: usize = 1000;
/// `SendLocalListMaxLength`.
pub const SEND_MAX_CARDS: usize = 200;

/// Cards by idTag, and the version the central system gave them.
#[derive(Debug, Default)]
pub(super) struct LocalList {
    version: i64,
    cards: BTreeMap<String, Card>,
}

impl LocalList {
    /// 0 when the list is empty.
    pub(super) fn version(&self) -> i64 {
        self.version
    }

    pub(super) fn get(&self, id_tag: &str) -> Option<&Card> {
        if self.cards.is_empty() { None } else { self.cards.get(&folded(id_tag)) }
    }

    /// Takes an update as a whole or not at all.
    pub(super) fn update(&mut self, request: &SendLocalListRequest<'_>) -> UpdateStatus {
        let changes = request.local_authorization_list.as_deref().unwrap_or_default();
        if changes.len() > SEND_MAX_CARDS || request.list_version < 0 {
            return UpdateStatus::Failed;
        }
        let cards = match request.update_type {
            UpdateType::Full => full(changes),
            UpdateType::Differential if request.list_version <= self.version => {
                return UpdateStatus::VersionMismatch;
            }
            UpdateType::Differential => Some(changed(&self.cards, changes)),
        };
        let Some(cards) = cards.filter(|cards| cards.len() <= LIST_MAX_CARDS) else {
            return UpdateStatus::Failed;
        };
        self.version = if cards.is_empty() { 0 } else { request.list_version };
        self.cards = cards;
        UpdateStatus::Accepted
    }
}

/// `None`: a card without a verdict, or one that occurs twice.
fn full(list: &[AuthorizationData<'_>]) -> Option<BTreeMap<String, Card>> {
    let mut cards = BTreeMap::new();
    for entry in list {
        let card = Card::new(entry.id_tag_info.as_ref()?);
        if cards.insert(folded(&entry.id_tag), card).is_some() {
            return None;
        }
    }
    Some(cards)
}

/// A card without a verdict is removed.
fn changed(
    before: &BTreeMap<String, Card>,
    changes: &[AuthorizationData<'_>],
) -> BTreeMap<String, Card> {
    let mut cards = before.clone();
    for entry in changes {
        let tag = folded(&entry.id_tag);
        match &entry.id_tag_info {
            Some(info) => drop(cards.insert(tag, Card::new(info))),
            None => drop(cards.remove(&tag)),
        }
    }
    cards
}
