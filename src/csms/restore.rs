//! A central system continues where an earlier process stopped, however it stopped.
//!
//! What was kept are promises (transactions, their ids, sites, cards) and what could be in force
//! at every charge point. All of that is reserved from the first instant on, connected or not, and
//! no limit is raised before the charge point has accepted one again: the first SetChargingProfile
//! of a running transaction is never above the last that was accepted. Decreases are sent first,
//! as always, also where what was kept is more than a site has by now.

use crate::csms::account::{Account, Scale};
use crate::csms::active::Active;
use crate::csms::config::{Hardware, Setpoint, SiteConfig};
use crate::csms::event::Trigger;
use crate::csms::lease::Lease;
use crate::csms::ledger::Entry;
use crate::csms::line::Line;
use crate::csms::manner::{Breed, Manner};
use crate::csms::point::StartSlot;
use crate::csms::records::Record;
use crate::csms::timers::Key;
use crate::csms::transactions::{StopTold, Stray, Transaction};
use crate::csms::trust::Distrust;
use crate::csms::writes::Writes;
use crate::csms::{Csms, Options, PointIx, SiteIx, Wish};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::{AuthorizationStatus, ChargePointStatus};
use crate::time::Time;

/// What an earlier process has left behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestoredState {
    /// All sites.
    pub sites: Vec<RestoredSite>,
    /// All commissioned charge points.
    pub points: Vec<RestoredPoint>,
    /// All cards.
    pub cards: Vec<(String, AuthorizationStatus)>,
    /// Running transactions, and those that ended not long ago, to know repetitions.
    pub transactions: Vec<RestoredTransaction>,
    /// Transaction ids up to this one are taken.
    pub last_transaction_id: i64,
    /// What could be in force.
    pub limits: Vec<RestoredLimit>,
    /// What else is known; unknown charge points are passed over.
    pub records: Vec<(ChargePointId, Record)>,
    /// What charge points are; unknown ones are passed over.
    pub breeds: Vec<(ChargePointId, Breed)>,
    /// How charge points of a kind are known to take limits.
    pub manners: Vec<(Breed, Manner)>,
}

/// A site.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoredSite {
    /// Its id.
    pub site: SiteId,
    /// For people.
    pub name: String,
    /// Its configuration and when it was made; `None`: never.
    pub config: Option<(SiteConfig, Time)>,
}

/// A charge point.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoredPoint {
    /// Its OCPP identity.
    pub point: ChargePointId,
    /// Where it stands; a site that does not exist counts as none.
    pub site: Option<SiteId>,
    /// Its rating.
    pub hardware: Hardware,
    /// Physical connectors, 1..
    pub connectors: u32,
    /// It has booted at least once.
    pub registered: bool,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoredTransaction {
    /// OCPP transactionId.
    pub transaction_id: i64,
    /// `ses_..`
    pub session: SessionId,
    /// Where; unknown charge points are passed over.
    pub point: ChargePointId,
    /// As reported, 1-based.
    pub connector: u32,
    /// Whose.
    pub id_tag: String,
    /// When it began, in our time.
    pub started_at: Time,
    /// The same as its station said it.
    pub said: Time,
    /// Register at the start, Wh.
    pub meter_start_wh: i64,
    /// What its driver wants.
    pub wish: Wish,
    /// True when it has ended.
    pub ended: bool,
    /// What its StopTransaction said.
    pub stop: Option<StopTold>,
}

/// What the last `Event::BoundChanged` told of a connector.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoredLimit {
    /// Where; unknown charge points are passed over.
    pub point: ChargePointId,
    /// 1-based; 0: the TxDefaultProfile of the whole charge point.
    pub connector: u32,
    /// The last limit the charge point accepted.
    pub confirmed: Option<Setpoint>,
    /// The largest limit that could be in force.
    pub bound: Setpoint,
}

impl Csms {
    /// A central system that continues from `state` at `now`. No charge point is connected.
    #[must_use]
    pub fn restore(options: Options, now: Time, state: &RestoredState) -> Csms {
        let mut csms = Csms::new(options);
        for site in &state.sites {
            if csms.site(site.site.as_str()).is_none() {
                csms.insert_site(&site.site, &site.name, site.config.clone());
            }
        }
        for (id_tag, status) in &state.cards {
            csms.options.cards.insert(id_tag.to_ascii_lowercase(), *status);
        }
        for point in &state.points {
            csms.restore_point(now, point);
        }
        for site in 0..csms.sites.len() {
            csms.lay_out(now, SiteIx(site));
        }
        csms.manners.extend(state.manners.iter().cloned());
        for (point, breed) in &state.breeds {
            csms.restore_breed(point, breed);
        }
        csms.transactions.take_ids(state.last_transaction_id);
        for transaction in &state.transactions {
            csms.restore_transaction(transaction);
        }
        // First the TxDefaultProfiles: starts are bounded by them.
        let (defaults, others): (Vec<_>, Vec<_>) =
            state.limits.iter().partition(|limit| limit.connector == 0);
        for limit in defaults.into_iter().chain(others) {
            csms.restore_limit(now, limit);
        }
        for (point, record) in &state.records {
            if let Some(point) = csms.point(point.as_str()) {
                csms.restore_record(point, record);
            }
        }
        for point in 0..csms.points.len() {
            csms.update_reserved(PointIx(point));
        }
        csms
    }

    fn restore_point(&mut self, now: Time, saved: &RestoredPoint) {
        if self.by_id.contains_key(&saved.point) {
            return;
        }
        let site = saved.site.as_ref().and_then(|site| self.site(site.as_str()));
        let site = site.unwrap_or_else(|| self.nowhere());
        let connectors = saved.connectors.max(1);
        let point = self.insert_point(saved.point.clone(), site, saved.hardware, connectors);
        let state = &mut self.points[point.0];
        state.registered = saved.registered;
        state.restored = saved.registered;
        state.writes = Writes::unknown(now);
        // In which form limits were told was not kept.
        state.capped = saved.registered && connectors == 1;
        // An answer to a CALL of the earlier process must not pass for one of ours.
        state.line = Line::beginning_after(now.unix_s().max(0) as u64);
        self.want_default_limit(point);
    }

    fn restore_breed(&mut self, point: &ChargePointId, breed: &Breed) {
        let Some(point) = self.point(point.as_str()) else { return };
        let state = &mut self.points[point.0];
        state.breed = Some(Box::new(breed.clone()));
        state.proven_manner = self.manners.get(breed).copied();
        state.manner = state.proven_manner.unwrap_or_default();
        state.default_limit.manner = state.manner.of_start();
    }

    fn restore_record(&mut self, point: PointIx, record: &Record) {
        let state = &mut self.points[point.0];
        match record {
            Record::Compliance(known) => {
                for known in known {
                    if let Some(index) = state.connector(known.connector) {
                        let distrust = Distrust::restored(known);
                        state.connectors[index].distrust = Some(Box::new(distrust));
                    }
                }
            }
            Record::Leftovers(left) => {
                for left in left {
                    if let Some(index) = self.points[point.0].connector(left.connector) {
                        self.clear_leftover(point, index, left.limit);
                    }
                }
            }
            _ => {}
        }
        let state = &mut self.points[point.0];
        state.records.get_or_insert_default().put(record.clone());
    }

    fn restore_transaction(&mut self, saved: &RestoredTransaction) {
        let id = saved.transaction_id;
        self.transactions.take_ids(id);
        let Some(point) = self.point(saved.point.as_str()) else { return };
        let transaction = Transaction {
            session: saved.session.clone(),
            point,
            connector: saved.connector,
            id_tag: saved.id_tag.clone(),
            timestamp: saved.started_at,
            said: saved.said,
            meter_start: saved.meter_start_wh,
            wish: saved.wish,
            ended: saved.ended,
            stop: saved.stop,
        };
        if let Some(stop) = saved.stop {
            // It may have named an id that nobody has given.
            self.transactions.remember_stop(Stray { point, told: stop, id: None });
        }
        self.transactions.insert(id, transaction);
        let state = &mut self.points[point.0];
        let (Some(index), false) = (state.connector(saved.connector), saved.ended) else { return };
        let full = state.hardware.full();
        let connector = &mut state.connectors[index];
        let account = Account::new(saved.meter_start_wh, Scale::default(), saved.started_at);
        let mut active = Active::new(id, account, full, saved.started_at);
        // Unless a limit of it was kept, anything may be in force.
        active.entry = Entry::restored(Setpoint::ZERO, full);
        active.reconfirm = true;
        active.lease = Lease::unknown();
        // In which form its limit was told was not kept.
        active.leaves = Some(full);
        active.overrules = true;
        active.trigger = Trigger::Connection;
        active.wish = saved.wish;
        connector.active = Some(active);
        connector.status = ChargePointStatus::Charging;
    }

    fn restore_limit(&mut self, now: Time, saved: &RestoredLimit) {
        let Some(point) = self.point(saved.point.as_str()) else { return };
        let start_window = self.options.start_window;
        let state = &mut self.points[point.0];
        let told = Some((saved.confirmed, saved.bound));
        if saved.connector == 0 {
            let default = &mut state.default_limit;
            default.confirmed = saved.confirmed;
            default.unknown = Some(saved.bound).filter(|bound| Some(*bound) != saved.confirmed);
            default.told = told;
            return;
        }
        let Some(index) = state.connector(saved.connector) else { return };
        let hardware = state.hardware;
        let connector = &mut state.connectors[index];
        connector.told = told;
        let Some(active) = connector.active.as_mut() else {
            // A start was let in that is not known yet.
            let until = now + start_window;
            let (id_tag, remote) = (String::new(), false);
            // Not bounded by the default limit: a remote start with a profile of its own.
            let full = hardware.full();
            let profiled = saved.bound == full && state.default_limit.confirmed != Some(full);
            let slot = StartSlot { until, id_tag, remote, profiled, asked: false };
            state.start_slots.push(slot);
            return self.timers.arm_by(Key::Slots(point), until);
        };
        let confirmed = saved.confirmed.unwrap_or_default();
        active.entry = Entry::restored(confirmed, saved.bound);
        active.leaves = Some(saved.bound);
        active.rate = hardware.watts(confirmed, hardware.phases);
        active.switched_at = now;
        active.offered_since = now;
    }
}
