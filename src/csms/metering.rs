//! Meter values: the register feeds the session's energy, the draw feeds the ledger, the
//! acceptance estimator and the judgement of the charger. A meter that tells no power may tell
//! currents; one that tells its register alone tells the mean power since the reading before.

use crate::allocation::Reason;
use crate::charger::CurrentKind;
use crate::csms::acceptance::Learned;
use crate::csms::active::Active;
use crate::csms::config::{Control, Hardware, Setpoint};
use crate::csms::event::{Binding, Event, Trigger};
use crate::csms::mean::Mean;
use crate::csms::point::{Connector, Point};
use crate::csms::transactions::CURRENT_WITHIN;
use crate::csms::trust::{self, Shown, Verdict};
use crate::csms::{Csms, PointIx};
use crate::ocpp::messages::MeterValuesRequest;
use crate::ocpp::meter::MeterReading;
use crate::ocpp::types::Timestamp;
use crate::time::{Span, Time};
use crate::units::{DeciAmps, Watts};

/// No meter of a connector shows more, whatever its unit: 10 MW, 100 kA in tenths of an ampere.
const MOST_SHOWN: i64 = 10_000_000;
/// No register shows more: 10^15 Wh. Sums of them stay far from overflow.
const MOST_REGISTERED_WH: i64 = 1_000_000_000_000_000;
/// Steps of a draw below this are not worth recording as a cause: 0.7 kW.
const STEP_WORTH_W: i64 = 700;
/// A power below this says nothing about a factor between it and the currents.
const TELLING_W: i64 = 500;

/// A car that is seen not to follow is given so many times the settling time before its charger
/// is judged: cars and meters that are slow are no chargers that ignore limits.
const PATIENCE: i64 = 4;

/// When a sample was taken.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// Not later than it can have been, whatever the clock of the station: what this proves is safe
    /// to believe. `None`: nobody knows.
    said: Option<Time>,
    /// In our time, as far as its clock can be known.
    at: Time,
    /// What it tells of the power began so long before.
    mean: Span,
}

impl Taken {
    /// Since when the power was what it tells.
    fn since(&self) -> Time {
        self.at - self.mean
    }
}

impl Csms {
    /// MeterValues, of a transaction or not.
    pub(super) fn metered(&mut self, now: Time, point: PointIx, values: &MeterValuesRequest<'_>) {
        let Some(index) = self.points[point.0].metered_connector(values) else { return };
        for (timestamp, mut reading) in MeterReading::by_instant(&values.meter_value) {
            if disbelieve(&mut reading) {
                self.count("MeterValues: impossible value".to_owned());
            }
            let mut taken = self.date(now, point, timestamp);
            let state = &mut self.points[point.0];
            if state.connectors[index].unsure_until.is_some()
                && state.still_runs(index, values.transaction_id, taken)
            {
                state.connectors[index].unsure_until = None;
                self.update_reserved(point);
            }
            self.complete(point, index, &mut reading, &mut taken);
            self.take_reading(now, point, index, &reading, taken);
        }
    }

    /// Adds the mean power where the register is all that is told.
    fn complete(
        &mut self,
        point: PointIx,
        index: usize,
        reading: &mut MeterReading,
        taken: &mut Taken,
    ) {
        let state = &mut self.points[point.0];
        // Of direct current nobody has told the voltage that would make a power of it.
        let tells = state.hardware.kind == CurrentKind::Ac;
        let currents = tells && reading.current_da.iter().any(Option::is_some);
        let connector = &mut state.connectors[index];
        let told = reading.power_w.is_some() || currents;
        let Some(register) = reading.energy_mwh.filter(|_| !told) else { return };
        let register = connector.meter_scale.register(register);
        if let Some(flow) = connector.mean.show(register, taken.at) {
            reading.power_w = Some(flow.power_w);
            taken.mean = taken.at.since(flow.since);
        }
    }

    /// A clock that is ahead must not make an old sample look new, and one that was never set says
    /// nothing.
    fn date(&mut self, now: Time, point: PointIx, timestamp: Timestamp) -> Taken {
        let (at, off) = self.points[point.0].clock.read(timestamp, now);
        if off {
            self.count("a clock is off".to_owned());
        }
        let said = timestamp.is_plausible().then(|| timestamp.0.min(at));
        Taken { said, at, mean: Span::ZERO }
    }

    fn take_reading(
        &mut self,
        now: Time,
        point: PointIx,
        index: usize,
        reading: &MeterReading,
        taken: Taken,
    ) {
        let before_w = self.points[point.0].connectors[index].measured_w;
        let (metered, found) = self.take_figures(point, index, reading, taken);
        if found {
            self.count("MeterValues: a figure is off by a factor".to_owned());
        }
        let state = &mut self.points[point.0];
        let control = &self.sites[state.site.0].control;
        let hardware = state.hardware;
        let connector = &mut state.connectors[index];
        let measured = Watts(connector.measured_w);
        let Some(active) = connector.active.as_mut() else {
            if metered {
                self.judge_unknown(now, point, index, taken);
            }
            return;
        };
        let draws = reading.power_w.is_some_and(|power| power > 0);
        let still_there = draws && active.gone.is_some_and(|gone| taken.since() > gone);
        if active.belated && now.since(taken.at) < CURRENT_WITHIN || still_there {
            // Messages about a transaction keep their order: no stop is waiting behind this one.
            active.belated = false;
            active.gone = None;
            self.trigger(now, point, Trigger::SessionStart);
            return self.take_reading(now, point, index, reading, taken);
        }
        // A sample that waited for a better line tells of an earlier limit.
        let answers_offer = taken.since() >= active.offered_since;
        let phases_before = active.acceptance.phases();
        let learned = if control.learn_acceptance && answers_offer {
            let (offer, since) = (active.entry.confirmed(), active.offered_since);
            let windows = (control.acceptance_window, control.acceptance_window_max);
            active.acceptance.observe(reading, offer, since, &hardware, taken.at, windows)
        } else {
            Learned::Nothing
        };
        let every_cap_counts = self.sites[state.site.0].config.strategy.heeds_every_cap();
        let phases_changed = active.acceptance.phases() != phases_before;
        let matters = phases_changed
            || active.may_change_allocation(learned, &hardware)
            || (every_cap_counts && learned != Learned::Nothing);
        let verdict =
            if metered { self.weigh(now, point, index, reading, taken) } else { Verdict::Nothing };
        match verdict {
            Verdict::Disobeys => self.limit_ignored(point, index),
            Verdict::Obeys => self.limit_obeyed(now, point, index),
            Verdict::Nothing => {}
        }
        if learned != Learned::Nothing || (measured.0 - before_w).abs() >= STEP_WORTH_W {
            self.emit(Event::DrawStepped { point });
        }
        self.update_reserved(point);
        let site = &self.sites[self.points[point.0].site.0];
        let breaks_limit = phases_changed && site.reserved > site.ev_limit();
        if verdict != Verdict::Nothing || breaks_limit {
            // Others must make room for it, or get it back, at once.
            self.trigger(now, point, Trigger::Connection);
        } else if matters {
            self.trigger(now, point, Trigger::Acceptance);
        }
        self.notice_stuck(taken.at, point, index);
        self.watch_culprit(now, point, index);
    }

    /// Power and register of a connector, as its meter means them. Returns whether a power was told,
    /// and whether a figure was newly found to be off by a factor.
    fn take_figures(
        &mut self,
        point: PointIx,
        index: usize,
        reading: &MeterReading,
        taken: Taken,
    ) -> (bool, bool) {
        let state = &mut self.points[point.0];
        let hardware = state.hardware;
        let connector = &mut state.connectors[index];
        let power = connector.active.as_ref().map_or(reading.power_w, |active| {
            let phases = i64::from(active.phases(&hardware));
            let is_ac = hardware.kind == CurrentKind::Ac;
            let times = if reading.power_of_one_phase && is_ac { phases } else { 1 };
            reading.power_w.map(|power| power * times)
        });
        let mut found = false;
        let mut scale = connector.meter_scale;
        if let Some(active) = connector.active.as_mut() {
            // A power that comes from the register says nothing of it.
            let measured = power.filter(|_| taken.mean == Span::ZERO);
            found = active.account.show(reading.energy_mwh, measured, taken.at, hardware.max_power);
            scale = active.account.scale;
            connector.meter_scale = scale;
        }
        let by_current = currents_w(reading, &hardware);
        // A meter without power, or without the voltage that makes one, may tell currents.
        let phases = connector.active.as_ref().map_or(hardware.phases, |a| a.phases(&hardware));
        let power = power.or_else(|| power_of_currents(reading, &hardware, phases));
        let metered = power.is_some();
        if let Some(power) = power {
            connector.metered = true;
            connector.measured_since = taken.since();
            let meant = if taken.mean > Span::ZERO { power } else { scale.power(power) };
            // Until the register has told which is right, the larger one counts, unless no charger
            // like this could draw it: others would make room for what is not there.
            let low = by_current > 2 * meant && by_current > TELLING_W;
            let most = hardware.max_power.0;
            connector.measured_w = match meant > 2 * most {
                _ if low => by_current,
                true if by_current > TELLING_W => by_current.min(most),
                true => most,
                false => meant,
            };
        }
        if found {
            // What was held against the charger was measured wrongly.
            connector.distrust = None;
            connector.mean = Mean::default();
        }
        (metered, found)
    }

    /// The time is over in which a lowered limit had to show an effect. If the last sample says
    /// otherwise, its draw keeps its room: nobody waits for another one.
    pub(super) fn judge_overdue(&mut self, point: PointIx, index: usize) {
        let state = &mut self.points[point.0];
        let control = &self.sites[state.site.0].control;
        let hardware = state.hardware;
        let connector = &mut state.connectors[index];
        let Some(active) = connector.active.as_ref() else { return };
        let judged = connector.metered
            && connector.measured_since.since(active.offered_since) >= control.confirm_after;
        let shown = active.shown(connector.measured_w, None, &hardware, control.confirm_tolerance);
        if judged && trust::overdue(&mut connector.distrust, &shown) == Verdict::Disobeys {
            self.limit_ignored(point, index);
        }
    }

    /// A draw where no transaction is known: its start is on its way or lost for good, or it was
    /// never told. What bounds a start is all that permits it.
    fn judge_unknown(&mut self, now: Time, point: PointIx, index: usize, taken: Taken) {
        let state = &mut self.points[point.0];
        let hardware = state.hardware;
        let tolerance = self.sites[state.site.0].control.confirm_tolerance;
        let charges = state.connectors[index].charges();
        let bound =
            if charges { state.start_bound_at(&state.connectors[index]) } else { Setpoint::ZERO };
        if !charges && now.since(taken.since()) >= CURRENT_WITHIN {
            // It may be of a transaction that is over.
            return;
        }
        let connector = &mut state.connectors[index];
        let shown = Shown {
            draw: Watts(connector.measured_w),
            offered: None,
            permitted: hardware.watts(bound, hardware.phases),
            tolerance: Watts(tolerance.0 * i64::from(hardware.phases)),
        };
        connector.unasked = !charges && shown.draw > shown.tolerance;
        let verdict = trust::suspect(&mut connector.distrust, &shown);
        self.update_reserved(point);
        if verdict != Verdict::Nothing {
            self.trigger(now, point, Trigger::Connection);
        }
    }

    /// Confirms the limit of a session by its draw, and judges its charger.
    fn weigh(
        &mut self,
        now: Time,
        point: PointIx,
        index: usize,
        reading: &MeterReading,
        taken: Taken,
    ) -> Verdict {
        let state = &mut self.points[point.0];
        let control = &self.sites[state.site.0].control;
        let hardware = state.hardware;
        let fallback = state.fallback_at(index);
        let connector = &mut state.connectors[index];
        let draw = Watts(connector.measured_w);
        let Some(active) = connector.active.as_mut() else { return Verdict::Nothing };
        let phases = active.phases(&hardware);
        let offered = offered(reading, &hardware, phases);
        let tolerance = Watts(control.confirm_tolerance.0 * i64::from(phases));
        let allowed = hardware.watts(active.entry.confirmed(), phases) + tolerance;
        // What the station signals is the best proof that it has applied a limit.
        let applied = offered.is_none_or(|offered| offered <= allowed);
        let held = active.entry.oldest_hold().is_some();
        if draw <= allowed
            && (applied || !held)
            && let Some(said) = taken.said
        {
            active.entry.confirmed_by_meter(said - taken.mean, control.confirm_after);
        }
        let after = taken.since().since(active.offered_since);
        // A sample that has waited may tell of a draw that a hold has covered which is over by now.
        let waited = now.since(taken.at) > control.confirm_after;
        let covered = waited && after < control.settle_max * PATIENCE;
        if covered || after < control.confirm_after {
            return Verdict::Nothing;
        }
        if fallback.is_some_and(|bound| draw <= hardware.watts(bound, phases) + tolerance) {
            // Its own limit may have ended, or been lost.
            return Verdict::Nothing;
        }
        let shown = active.shown(draw.0, offered, &hardware, control.confirm_tolerance);
        trust::judge(&mut connector.distrust, &shown)
    }
}

impl Point {
    /// How long a hold of a connector lasts at most: longer where a sample shows that the car has not
    /// followed yet, and where samples are told so often that their absence means a stalled line.
    pub(super) fn patience(&self, connector: &Connector, control: &Control) -> Span {
        let waits = connector.active.as_ref().is_some_and(|active| {
            let phases = i64::from(active.phases(&self.hardware));
            let tolerance = Watts(control.confirm_tolerance.0 * phases);
            let follows =
                Watts(connector.measured_w) <= active.allocated(&self.hardware) + tolerance;
            let after = connector.measured_since.since(active.offered_since);
            match connector.metered && after >= control.confirm_after {
                true => self.line.online && !follows,
                false => connector.metered && self.tells_often(control),
            }
        });
        control.settle_max * if waits { PATIENCE } else { 1 }
    }

    /// Two samples or more are told within the settling time.
    fn tells_often(&self, control: &Control) -> bool {
        let interval = Span::from_s(self.capabilities.metered_s.min(control.settle_max.whole_s()));
        interval > Span::ZERO && interval * 2 <= control.settle_max
    }
}

/// The power of currents where none is told with them; `None` without currents. What was not told
/// of a phase counts like the largest that was, or a hold would end too early.
fn power_of_currents(reading: &MeterReading, hardware: &Hardware, phases: u8) -> Option<i64> {
    if hardware.kind == CurrentKind::Dc {
        // At the voltage of the battery, which nobody has told.
        return None;
    }
    let told = reading.current_da.iter().flatten();
    let largest = told.clone().max()?;
    if told.count() >= usize::from(hardware.phases) {
        return Some(currents_w(reading, hardware));
    }
    Some(largest * hardware.voltage_v * i64::from(phases) / 10)
}

/// What a station offers to the car, on so many phases.
fn offered(reading: &MeterReading, hardware: &Hardware, phases: u8) -> Option<Watts> {
    let by_current = || {
        let current = reading.offered_da.filter(|_| hardware.kind == CurrentKind::Ac)?;
        Some(DeciAmps(current).to_power(hardware.voltage_v, phases))
    };
    by_current().or_else(|| reading.offered_w.map(Watts))
}

/// The power of the currents at the nominal voltage; 0 where none is told by phase.
fn currents_w(reading: &MeterReading, hardware: &Hardware) -> i64 {
    if hardware.kind == CurrentKind::Dc {
        return 0;
    }
    reading.current_da.iter().flatten().sum::<i64>() * hardware.voltage_v / 10
}

/// Leaves out what no meter can show; true when there was such a value.
fn disbelieve(reading: &mut MeterReading) -> bool {
    let possible = |most: i64| move |value: &i64| (-most..=most).contains(value);
    let before = (reading.power_w, reading.current_da, reading.energy_wh);
    reading.power_w = reading.power_w.filter(possible(MOST_SHOWN));
    reading.current_da = reading.current_da.map(|current| current.filter(possible(MOST_SHOWN)));
    reading.offered_da = reading.offered_da.filter(possible(MOST_SHOWN));
    reading.energy_wh = reading.energy_wh.filter(possible(MOST_REGISTERED_WH));
    reading.energy_mwh = reading.energy_mwh.filter(|_| reading.energy_wh.is_some());
    before != (reading.power_w, reading.current_da, reading.energy_wh)
}

impl Point {
    /// Whether a sample of this connection shows that the transaction of before still runs.
    fn still_runs(&self, index: usize, transaction_id: Option<i64>, taken: Taken) -> bool {
        let active = self.connectors[index].active.as_ref();
        let ours = |active: &Active| Some(active.transaction_id) == transaction_id;
        active.is_some_and(ours) && taken.said.is_some_and(|said| !self.clock.is_older(said))
    }

    /// The connector that meter values are about: that of the transaction they name, if it runs
    /// here, else the one they name. Ids are stale, 0 or -1 in the field (ocpp.md, Q15).
    fn metered_connector(&self, values: &MeterValuesRequest<'_>) -> Option<usize> {
        let named = self.connector(values.connector_id);
        if named.is_some() && self.connectors.len() == 1 {
            return named;
        }
        let running = |id: i64| {
            self.connectors
                .iter()
                .position(|c| c.active.as_ref().is_some_and(|active| active.transaction_id == id))
        };
        values.transaction_id.and_then(running).or(named)
    }
}

impl Active {
    /// What a sample shows of the session's limit. `tolerance`: of each phase.
    fn shown(
        &self,
        draw_w: i64,
        offered: Option<Watts>,
        hardware: &Hardware,
        tolerance: Watts,
    ) -> Shown {
        Shown {
            draw: Watts(draw_w),
            offered,
            permitted: self.worst_case(hardware),
            tolerance: Watts(tolerance.0 * i64::from(self.phases(hardware))),
        }
    }

    /// Whether what was learned can move anybody's rate. A cap that stays above the session's
    /// rate does not bind and changes nothing, nor does a cap that is lifted where it did not
    /// bind; not deciding then is what keeps large sites cheap.
    fn may_change_allocation(&self, learned: Learned, hardware: &Hardware) -> bool {
        match learned {
            Learned::Nothing => false,
            Learned::More => {
                !matches!(self.binding, Binding::Allocation(Reason::Site | Reason::Network))
            }
            Learned::Less => {
                let worth = self.acceptance.worth_offering(hardware);
                let worth = worth.map(|worth| hardware.watts(worth, self.phases(hardware)));
                self.acceptance.is_full() || worth.is_some_and(|worth| worth < self.rate)
            }
        }
    }
}
