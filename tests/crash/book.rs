//! What the server has acknowledged, and what it may have done besides; its answers are held
//! against it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde_json::Value;

/// Largest power for vehicles of any configuration, W: together the charge points never permit
/// more.
pub(crate) const LARGEST_LIMIT_W: i64 = 30_000;

/// A value on the server: what it acknowledged last, and what was sent after that.
#[derive(Debug)]
pub(crate) struct Kept<T>(Vec<T>);

impl<T: PartialEq + Clone + Debug> Kept<T> {
    pub(crate) fn new(value: T) -> Kept<T> {
        Kept(vec![value])
    }

    /// A change leaves.
    pub(crate) fn sent(&mut self, value: T) {
        self.0.push(value);
    }

    /// The change that was sent last was acknowledged.
    pub(crate) fn acknowledged(&mut self) {
        self.0.drain(..self.0.len() - 1);
    }

    /// The change that was sent last was refused.
    pub(crate) fn refused(&mut self) {
        self.0.pop();
    }

    /// The server holds this value; it can be no other from now on.
    fn found(&mut self, name: &str, value: T) {
        assert!(self.0.contains(&value), "{name} is {value:?} and may be {:?}", self.0);
        self.0 = vec![value];
    }

    fn last(&self) -> &T {
        self.0.last().expect("never empty")
    }
}

impl Kept<Option<Option<String>>> {
    /// A charge point that is there moves to a site or to none; false when it is not.
    pub(crate) fn moves(&mut self, site: &Option<String>) -> bool {
        let is_there = self.last().is_some();
        if is_there {
            self.sent(Some(site.clone()));
        }
        is_there
    }
}

/// What makes a StartTransaction the same one when it is told again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Start {
    pub(crate) point: String,
    pub(crate) card: String,
    pub(crate) meter_start: i64,
    pub(crate) at: String,
}

/// A transaction whose start was answered.
#[derive(Debug)]
struct Transaction {
    start: Start,
    /// By the StopTransaction, once it was sent, Wh.
    energy_wh: Option<i64>,
    /// It was answered.
    ended: bool,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) acknowledged: u64,
    pub(crate) limits: u64,
    pub(crate) raises: u64,
    pub(crate) confirmed_again: u64,
    pub(crate) largest_w: i64,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) counts: Counts,
    /// Whether each named site is there.
    pub(crate) sites: BTreeMap<String, Kept<bool>>,
    /// Sites whose id the server made.
    made: BTreeSet<String>,
    /// Requests for such sites without an answer.
    unanswered: usize,
    /// Whether each charge point is there, and if so, at which site.
    pub(crate) points: BTreeMap<String, Kept<Option<Option<String>>>>,
    /// Watts of the grid connection and of the reserve.
    pub(crate) config: Option<Kept<Option<(i64, i64)>>>,
    transactions: BTreeMap<i64, Transaction>,
    starts: BTreeMap<Start, i64>,
    sessions: BTreeMap<String, i64>,
    /// Transactions to look at: running, or changed since they were last looked at.
    open: BTreeSet<i64>,
    /// What each charge point permits its car, W.
    enforced: BTreeMap<String, i64>,
}

impl Book {
    pub(crate) fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// Power for vehicles by the configuration in force, W.
    pub(crate) fn limit_w(&self) -> i64 {
        let config = self.config.as_ref().and_then(|config| *config.last());
        config.map_or(0, |(max, reserve)| max - reserve)
    }

    pub(crate) fn enforced_w(&self) -> i64 {
        self.enforced.values().sum()
    }

    /// A charge point permits its car so much from now on.
    pub(crate) fn enforce(&mut self, point: &str, watts: i64) {
        self.enforced.insert(point.to_owned(), watts);
        let sum = self.enforced_w();
        self.counts.largest_w = self.counts.largest_w.max(sum);
        assert!(sum <= LARGEST_LIMIT_W, "together they permit {sum} W: {:?}", self.enforced);
    }

    /// A StartTransaction was answered.
    pub(crate) fn started(&mut self, start: &Start, id: i64) {
        let known = *self.starts.entry(start.clone()).or_insert(id);
        assert_eq!(known, id, "told again, {start:?} got another id");
        let same = Transaction { start: start.clone(), energy_wh: None, ended: false };
        let transaction = self.transactions.entry(id).or_insert(same);
        assert_eq!(transaction.start, *start, "the transaction id {id} was given twice");
        self.counts.acknowledged += 1;
        self.open.insert(id);
    }

    /// A StopTransaction leaves.
    pub(crate) fn stopping(&mut self, id: i64, energy_wh: i64) {
        self.transactions.get_mut(&id).expect("a known one").energy_wh = Some(energy_wh);
    }

    /// It was answered.
    pub(crate) fn stopped(&mut self, id: i64) {
        self.transactions.get_mut(&id).expect("a known one").ended = true;
        self.counts.acknowledged += 1;
        self.open.insert(id);
    }

    /// A site is asked for whose id the server makes.
    pub(crate) fn asks_for_site(&mut self) {
        self.unanswered += 1;
    }

    pub(crate) fn made_site(&mut self, id: &str) {
        self.unanswered -= 1;
        let is_new = self.made.insert(id.to_owned()) && !self.sites.contains_key(id);
        assert!(is_new, "the site id {id} was given twice");
    }

    /// Holds the list of all sites against what was acknowledged.
    pub(crate) fn check_sites(&mut self, answer: &Value) {
        let listed: Vec<&str> = list(answer, "sites", "site_id");
        let there: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(there.len(), listed.len(), "a site is listed twice: {listed:?}");
        for (name, kept) in &mut self.sites {
            kept.found(name, there.contains(name.as_str()));
        }
        for id in &self.made {
            assert!(there.contains(id.as_str()), "the site {id} was acknowledged and is gone");
        }
        for id in there {
            if !self.sites.contains_key(id) && self.made.insert(id.to_owned()) {
                assert!(self.unanswered > 0, "nobody asked for the site {id}");
                self.unanswered -= 1;
            }
        }
        self.unanswered = 0;
    }

    /// Holds the list of all charge points against what was acknowledged.
    pub(crate) fn check_points(&mut self, answer: &Value) {
        let listed = answer["charge_points"].as_array().expect("a list");
        let site = |entry: &Value| entry["site_id"].as_str().map(str::to_owned);
        let there: BTreeMap<&str, Option<String>> = listed
            .iter()
            .map(|entry| (entry["charge_point_id"].as_str().expect("an id"), site(entry)))
            .collect();
        assert_eq!(there.len(), listed.len(), "a charge point is listed twice: {listed:?}");
        for (name, kept) in &mut self.points {
            kept.found(name, there.get(name.as_str()).cloned());
        }
        for name in there.keys() {
            assert!(self.points.contains_key(*name), "nobody asked for the charge point {name}");
        }
    }

    /// Holds a configuration, or that there is none, against what was acknowledged.
    pub(crate) fn check_config(&mut self, status: u16, answer: &Value) {
        let watts = |name: &str| (answer[name].as_f64().expect("kW") * 1000.0).round() as i64;
        let found = (status == 200).then(|| (watts("max_power_kw"), watts("reserve_kw")));
        let config = self.config.get_or_insert_with(|| Kept::new(None));
        config.found("the configuration", found);
    }

    /// Holds a session against its transaction.
    pub(crate) fn check_session(&mut self, row: &Value) {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let id = row["transaction_id"].as_i64().expect("a number");
        let session = text("session_id");
        let owner = *self.sessions.entry(session.to_owned()).or_insert(id);
        assert_eq!(owner, id, "the session id {session} was given twice");
        // A start whose answer was lost is not known yet.
        let Some(known) = self.transactions.get(&id) else { return };
        let who = (known.start.point.as_str(), known.start.card.as_str());
        assert_eq!((text("charge_point_id"), text("id_tag")), who, "{row}");
        let is_running = text("state") == "running";
        match known.energy_wh {
            Some(energy_wh) if !is_running => {
                let told = row["energy_kwh"].as_f64().map(|kwh| (kwh * 1000.0).round() as i64);
                assert_eq!(told, Some(energy_wh), "{row}");
            }
            Some(_) => assert!(!known.ended, "its stop was acknowledged: {row}"),
            None => assert!(is_running, "nobody has stopped it: {row}"),
        }
        if known.ended {
            self.open.remove(&id);
        }
        let sessions = self.sessions.values().filter(|owner| **owner == id).count();
        assert_eq!(sessions, 1, "transaction {id} has {sessions} sessions");
    }

    /// Transactions to look at.
    pub(crate) fn open(&self) -> BTreeSet<i64> {
        self.open.clone()
    }

    pub(crate) fn all_ended(&self) -> bool {
        self.transactions.values().all(|transaction| transaction.ended)
    }

    /// All transactions are to be looked at again.
    pub(crate) fn reopen(&mut self) {
        self.open = self.transactions.keys().copied().collect();
    }
}

fn list<'a>(answer: &'a Value, name: &str, field: &str) -> Vec<&'a str> {
    let entries = answer[name].as_array().expect("a list").iter();
    entries.map(|entry| entry[field].as_str().expect("an id")).collect()
}
