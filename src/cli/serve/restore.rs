//! From what a store has kept to a central system that goes on with it.

use crate::csms::restore::{
    RestoredLimit, RestoredPoint, RestoredSite, RestoredState, RestoredTransaction,
};
use crate::csms::{Csms, Options};
use crate::store::Saved;
use crate::time::Time;

/// A central system that continues where the one before it stopped, however it stopped.
pub(super) fn central(options: Options, saved: Saved, now: Time) -> Csms {
    let sites = saved.sites.into_iter().map(|row| RestoredSite {
        site: row.site,
        name: row.name,
        config: row.config.map(|config| (config, row.updated_at)),
    });
    let points = saved.points.into_iter().map(|row| RestoredPoint {
        point: row.point,
        site: row.site,
        hardware: row.hardware,
        connectors: row.connectors,
        registered: row.registered,
    });
    let transactions = saved.transactions.into_iter().map(|row| RestoredTransaction {
        transaction_id: row.transaction_id,
        session: row.session,
        point: row.point,
        connector: row.connector,
        id_tag: row.id_tag,
        started_at: row.started_at,
        said: row.said,
        meter_start_wh: row.meter_start_wh,
        wish: row.wish,
        ended: row.ended.is_some(),
        stop: row.stop,
    });
    let limits = saved.limits.into_iter().map(|row| RestoredLimit {
        point: row.point,
        connector: row.connector,
        confirmed: row.confirmed,
        bound: row.bound,
    });
    let state = RestoredState {
        sites: sites.collect(),
        points: points.collect(),
        cards: saved.cards,
        transactions: transactions.collect(),
        last_transaction_id: saved.last_transaction_id,
        limits: limits.collect(),
        records: saved.records.into_iter().map(|row| (row.point, row.record)).collect(),
        breeds: saved.breeds,
        manners: saved.manners,
    };
    Csms::restore(options, now, &state)
}
