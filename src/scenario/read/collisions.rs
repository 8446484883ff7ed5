//! Two listed sessions cannot use one connector at a time: the earlier one gives way.

use crate::scenario::model::{Arrivals, Charger, ListedSession};
use crate::time::Span;

/// An earlier session ends this long before the next arrival at its connector.
const GAP: Span = Span::from_s(1);

/// Shortens listed sessions that overlap at a charger without a free connector, to 1 s before the
/// next arrival. A session that would begin together with another one is left out. Returns a note
/// for each source of arrivals in which something was changed.
pub(super) fn resolve(arrivals: &mut [Arrivals], chargers: &[Charger]) -> Vec<Option<String>> {
    let mut shortened = vec![0_usize; arrivals.len()];
    let mut dropped = vec![Vec::new(); arrivals.len()];
    for (charger, what) in chargers.iter().enumerate() {
        let mut visits: Vec<(usize, usize, ListedSession)> = sessions_at(arrivals, charger);
        visits.sort_by_key(|(_, _, session)| (session.arrival, session.departure));
        let mut plugged: Vec<usize> = Vec::new();
        for next in 0..visits.len() {
            let arrival = visits[next].2.arrival;
            plugged.retain(|at| visits[*at].2.departure + GAP > arrival);
            if plugged.len() >= what.spec.connectors as usize {
                let leaves = (0..plugged.len()).min_by_key(|at| visits[plugged[*at]].2.departure);
                let Some(leaves) = leaves else { continue };
                let earlier = plugged[leaves];
                if visits[earlier].2.arrival + GAP >= arrival {
                    dropped[visits[next].0].push(visits[next].1);
                    continue;
                }
                visits[earlier].2.departure = arrival - GAP;
                shortened[visits[earlier].0] += 1;
                plugged.swap_remove(leaves);
            }
            plugged.push(next);
        }
        for (source, index, session) in visits {
            if let Arrivals::Sessions(listed) = &mut arrivals[source] {
                listed[index] = session;
            }
        }
    }
    let notes = shortened.iter().zip(&dropped).map(|(cut, out)| note(*cut, out.len())).collect();
    for (arrivals, out) in arrivals.iter_mut().zip(&dropped) {
        if let Arrivals::Sessions(listed) = arrivals {
            let mut index = 0;
            listed.retain(|_| {
                index += 1;
                !out.contains(&(index - 1))
            });
        }
    }
    notes
}

fn sessions_at(arrivals: &[Arrivals], charger: usize) -> Vec<(usize, usize, ListedSession)> {
    let mut visits = Vec::new();
    for (source, arrivals) in arrivals.iter().enumerate() {
        if let Arrivals::Sessions(listed) = arrivals {
            let here = listed.iter().enumerate().filter(|(_, s)| s.charger == Some(charger));
            visits.extend(here.map(|(index, session)| (source, index, session.clone())));
        }
    }
    visits
}

fn note(shortened: usize, dropped: usize) -> Option<String> {
    let cut = format!("sessions cut short by the next arrival at their charger: {shortened}");
    let out = format!("sessions that begin together with another, left out: {dropped}");
    match (shortened, dropped) {
        (0, 0) => None,
        (_, 0) => Some(cut),
        (0, _) => Some(out),
        _ => Some(format!("{cut}; {out}")),
    }
}
