//! The store of a run: facts in memory, gone with the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::window::Window;
use super::{
    ANSWERS_KEPT, ApiKeyRow, Bucket, CommandRow, ENDED_SAVED, Fact, HistoryRow, IdempotentRow,
    LimitRow, NOTICES_KEPT, NoticeRow, PointRow, Query, RecordRow, Saved, SiteRow, Store,
    StoreError, TransactionRow,
};
use crate::csms::records::Subject;
use crate::csms::{Breed, Manner};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::AuthorizationStatus;
use crate::time::{Span, Time};

/// Facts in memory. Clones and readers share them. Nothing here fails.
#[derive(Clone, Debug)]
pub struct Memory {
    state: Arc<RwLock<State>>,
}

impl Memory {
    /// An empty store. The history of a site reaches back `retention` from its newest row, so a
    /// run that is held open for weeks does not grow; other facts stay until [`Store::forget`].
    #[must_use]
    pub fn new(retention: Span) -> Memory {
        Memory { state: Arc::new(RwLock::new(State { retention, ..State::default() })) }
    }

    // A panic elsewhere cannot leave a fact half told: each changes the state in one step.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows of a site by instant; `None` is a gap.
type History = BTreeMap<Time, Option<HistoryRow>>;

/// The notices of a charge point by instant and id.
type Notices = BTreeMap<(Time, String), NoticeRow>;

#[derive(Debug, Default)]
struct State {
    retention: Span,
    sites: BTreeMap<SiteId, SiteRow>,
    points: BTreeMap<ChargePointId, PointRow>,
    credentials: BTreeMap<ChargePointId, [u8; 32]>,
    cards: BTreeMap<String, AuthorizationStatus>,
    api_keys: BTreeMap<String, ApiKeyRow>,
    transactions: BTreeMap<i64, TransactionRow>,
    by_start: BTreeSet<(Time, i64)>,
    by_session: BTreeMap<SessionId, i64>,
    last_transaction_id: i64,
    limits: BTreeMap<(ChargePointId, u32), LimitRow>,
    breeds: BTreeMap<ChargePointId, Breed>,
    manners: BTreeMap<Breed, Manner>,
    commands: BTreeMap<String, CommandRow>,
    by_request: BTreeSet<(Time, String)>,
    records: BTreeMap<(ChargePointId, Subject), RecordRow>,
    notices: BTreeMap<ChargePointId, Notices>,
    history: BTreeMap<SiteId, History>,
    answers: BTreeMap<String, IdempotentRow>,
}

impl State {
    fn tell(&mut self, fact: &Fact) {
        match fact {
            Fact::Site(row) => {
                self.sites.insert(row.site.clone(), row.clone());
            }
            Fact::Point(row) => {
                self.points.insert(row.point.clone(), row.clone());
            }
            Fact::PointRemoved(point) => {
                self.points.remove(point);
                self.credentials.remove(point);
                self.limits.retain(|(at, _), _| at != point);
                self.records.retain(|(at, _), _| at != point);
                self.breeds.remove(point);
            }
            Fact::Credential(point, sha256) => {
                put(&mut self.credentials, point.clone(), *sha256);
            }
            Fact::Card(id_tag, status) => put(&mut self.cards, id_tag.clone(), *status),
            Fact::ApiKey(row) => {
                self.api_keys.insert(row.id.clone(), row.clone());
            }
            Fact::Transaction(row) => self.transaction(row),
            Fact::LastTransactionId(id) => {
                self.last_transaction_id = self.last_transaction_id.max(*id);
            }
            Fact::Limit(row) => {
                self.limits.insert((row.point.clone(), row.connector), row.clone());
            }
            Fact::LimitGone(point, connector) => {
                self.limits.remove(&(point.clone(), *connector));
            }
            Fact::Breed(point, breed) => {
                self.breeds.insert(point.clone(), breed.clone());
            }
            Fact::Manner(breed, manner) => {
                self.manners.insert(breed.clone(), *manner);
            }
            Fact::Command(row) => self.command(row),
            Fact::Record(row) => {
                let key = (row.point.clone(), row.record.subject());
                self.records.insert(key, row.clone());
            }
            Fact::Notice(row) => {
                let notices = self.notices.entry(row.point.clone()).or_default();
                notices.insert((row.at, row.notice.clone()), row.clone());
                if notices.len() > NOTICES_KEPT {
                    notices.pop_first();
                }
            }
            Fact::History(row) => self.history(&row.site, row.at, Some(row)),
            Fact::HistoryGap(site, at) => self.history(site, *at, None),
            Fact::Idempotent(row) => {
                self.answers.insert(row.key.clone(), row.clone());
            }
        }
    }

    fn transaction(&mut self, row: &TransactionRow) {
        let id = row.transaction_id;
        self.last_transaction_id = self.last_transaction_id.max(id);
        if let Some(old) = self.transactions.insert(id, row.clone()) {
            self.by_start.remove(&(old.started_at, id));
            self.by_session.remove(&old.session);
        }
        self.by_start.insert((row.started_at, id));
        self.by_session.insert(row.session.clone(), id);
    }

    fn command(&mut self, row: &CommandRow) {
        if let Some(old) = self.commands.insert(row.command.clone(), row.clone()) {
            self.by_request.remove(&(old.requested_at, old.command));
        }
        self.by_request.insert((row.requested_at, row.command.clone()));
    }

    fn history(&mut self, site: &SiteId, at: Time, row: Option<&HistoryRow>) {
        let history = self.history.entry(site.clone()).or_default();
        history.insert(at, row.cloned());
        if let Some((newest, _)) = history.last_key_value() {
            let before = *newest - self.retention;
            forget_rows(history, before);
        }
    }

    fn forget(&mut self, before: Time) {
        for history in self.history.values_mut() {
            forget_rows(history, before);
        }
        let (by_start, by_session) = (&mut self.by_start, &mut self.by_session);
        self.transactions.retain(|id, row| {
            let keep = row.ended.as_ref().is_none_or(|end| end.at >= before);
            if !keep {
                by_start.remove(&(row.started_at, *id));
                by_session.remove(&row.session);
            }
            keep
        });
        let by_request = &mut self.by_request;
        self.commands.retain(|id, row| {
            let ended = row.outcome.as_ref().map_or(row.requested_at, |outcome| outcome.at);
            if ended < before {
                by_request.remove(&(row.requested_at, id.clone()));
            }
            ended >= before
        });
        self.notices.values_mut().for_each(|all| all.retain(|(at, _), _| *at >= before));
        let newest = self.answers.values().map(|row| row.at).max().unwrap_or(before);
        let cut = newest.max(before) - ANSWERS_KEPT;
        self.answers.retain(|_, row| row.at >= cut);
    }
}

/// Sets or removes.
fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

/// Drops the rows that are over at `before`; the last one until then still holds.
fn forget_rows(history: &mut History, before: Time) {
    let Some((holds, _)) = history.range(..=before).next_back() else { return };
    let holds = *holds;
    while let Some(oldest) = history.first_entry() {
        if *oldest.key() >= holds {
            break;
        }
        oldest.remove();
    }
}

impl Store for Memory {
    fn load(&mut self) -> Result<Saved, StoreError> {
        let state = self.read();
        let mut ended: Vec<(Time, i64)> = state
            .transactions
            .values()
            .filter_map(|row| row.ended.as_ref().map(|end| (end.at, row.transaction_id)))
            .collect();
        ended.sort_unstable();
        let recent: BTreeSet<i64> =
            ended.iter().rev().take(ENDED_SAVED).map(|(_, id)| *id).collect();
        let transactions = state
            .transactions
            .values()
            .filter(|row| row.ended.is_none() || recent.contains(&row.transaction_id))
            .cloned()
            .collect();
        Ok(Saved {
            sites: state.sites.values().cloned().collect(),
            points: state.points.values().cloned().collect(),
            cards: state.cards.iter().map(|(id_tag, status)| (id_tag.clone(), *status)).collect(),
            transactions,
            last_transaction_id: state.last_transaction_id,
            limits: state.limits.values().cloned().collect(),
            records: state.records.values().cloned().collect(),
            breeds: state.breeds.iter().map(|(at, breed)| (at.clone(), breed.clone())).collect(),
            manners: state.manners.iter().map(|(breed, how)| (breed.clone(), *how)).collect(),
        })
    }

    fn apply(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        let mut state = self.write();
        for fact in facts {
            state.tell(fact);
        }
        Ok(())
    }

    fn forget(&mut self, before: Time) -> Result<bool, StoreError> {
        self.write().forget(before);
        Ok(false)
    }

    fn reader(&self) -> Result<Box<dyn Query>, StoreError> {
        Ok(Box::new(self.clone()))
    }
}

impl Query for Memory {
    fn history(
        &self,
        site: &SiteId,
        from: Time,
        to: Time,
        interval: Span,
    ) -> Result<Vec<Bucket>, StoreError> {
        let state = self.read();
        let Some(window) = Window::new(from, to, interval) else { return Ok(Vec::new()) };
        let Some(history) = state.history.get(site) else { return Ok(Vec::new()) };
        let rows = history.range(window.earliest()..window.to);
        Ok(window.integrate(rows.map(|(at, row)| (*at, row.as_ref()))))
    }

    fn transactions(
        &self,
        point: Option<&ChargePointId>,
        before: Time,
        limit: usize,
    ) -> Result<Vec<TransactionRow>, StoreError> {
        let state = self.read();
        let newest_first = state.by_start.range(..(before, i64::MIN)).rev();
        Ok(newest_first
            .filter_map(|(_, id)| state.transactions.get(id))
            .filter(|row| point.is_none_or(|point| row.point == *point))
            .take(limit)
            .cloned()
            .collect())
    }

    fn session(&self, session: &SessionId) -> Result<Option<TransactionRow>, StoreError> {
        let state = self.read();
        let id = state.by_session.get(session);
        Ok(id.and_then(|id| state.transactions.get(id)).cloned())
    }

    fn commands(
        &self,
        point: Option<&ChargePointId>,
        limit: usize,
    ) -> Result<Vec<CommandRow>, StoreError> {
        let state = self.read();
        let newest_first = state.by_request.iter().rev();
        Ok(newest_first
            .filter_map(|(_, id)| state.commands.get(id))
            .filter(|row| point.is_none_or(|point| row.point == *point))
            .take(limit)
            .cloned()
            .collect())
    }

    fn command(&self, command: &str) -> Result<Option<CommandRow>, StoreError> {
        Ok(self.read().commands.get(command).cloned())
    }

    fn notices(
        &self,
        point: &ChargePointId,
        action: Option<&str>,
        limit: usize,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        let state = self.read();
        let newest_first = state.notices.get(point).into_iter().flat_map(|all| all.values().rev());
        let wanted = newest_first.filter(|row| action.is_none_or(|action| row.action == action));
        Ok(wanted.take(limit).cloned().collect())
    }

    fn credential(&self, point: &str) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self.read().credentials.get(point).copied())
    }

    fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        Ok(self.read().api_keys.values().cloned().collect())
    }

    fn idempotent(&self, key: &str) -> Result<Option<IdempotentRow>, StoreError> {
        Ok(self.read().answers.get(key).cloned())
    }
}
