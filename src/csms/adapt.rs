//! Charge points that refuse or ignore limits: another form is tried, what worked is remembered,
//! and what cannot be controlled is budgeted at what it keeps or draws.
//!
//! - A form that was never taken here is left at the first refusal, or the second silence. One that
//!   is known to work gets three chances, and only two sessions in a row that needed another form
//!   make that the usual one: what failed may have been the line, or the transaction.
//! - Silence is no refusal. A form that was taken before is never left for it: the line, or the whole
//!   charge point, is as mute in any other, and a limit in another profile may outlive its session.
//! - When no form is taken, the session keeps what it has; that is reserved, nothing is decided
//!   about it any more, and one form is tried after 5, 10, 20 s and so on.
//! - A limit that was accepted and has no effect counts as refused ([`trust`](super::trust)).
//! - A transaction is ended from here only when what cannot be controlled alone exceeds the site's
//!   limit, by the ledger and by the meters, and a second form of limit has not helped.

use crate::csms::active::Active;
use crate::csms::answers::backoff;
use crate::csms::config::Setpoint;
use crate::csms::event::{Event, Output, Trigger, Trouble};
use crate::csms::line::Order;
use crate::csms::manner::{Breed, Failure, Manner, Scope};
use crate::csms::point::Point;
use crate::csms::timers::Key;
use crate::csms::trust;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ocpp::types::ChargePointStatus;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Failures in a row after which a form that is known to work is left.
pub(super) const PATIENCE: u32 = 3;
/// Silences in a row after which one that is not is left.
const SILENCES: u32 = 2;
/// Sessions in a row that make another form than the one known to work the usual one.
const CONVINCED: u32 = 2;
/// A station that was asked to end a transaction is asked again after this.
const STOP_AGAIN: Span = Span::from_s(60);
/// A car goes on within this time after a pause; then the limit is told again ..
const RESUMES: Span = Span::from_s(60);
/// .. this many times.
const REPEATS: u32 = 2;

impl Csms {
    /// What a charge point is, once it has booted.
    #[must_use]
    pub fn breed(&self, point: PointIx) -> Option<&Breed> {
        self.points[point.0].breed.as_deref()
    }

    /// How charge points of a kind are known to take limits.
    #[must_use]
    pub fn manner_of(&self, breed: &Breed) -> Option<Manner> {
        self.manners.get(breed).copied()
    }

    /// A charge point says what it is, and begins where the last one of its kind has come to. After
    /// a boot everything may be tried again.
    pub(super) fn identify(&mut self, point: PointIx, breed: Breed) {
        let known = self.manners.get(&breed).copied();
        let ends = self.ends.get(&breed).copied();
        let state = &mut self.points[point.0];
        let same = state.breed.as_deref() == Some(&breed);
        if !same {
            state.breed = Some(Box::new(breed));
            state.proven_manner = None;
        }
        state.proven_manner = known.or(state.proven_manner);
        state.manner = state.proven_manner.unwrap_or_default();
        // Once a boot it is tried whether a pause is taken after all.
        state.manner.no_zero = false;
        state.tried = Default::default();
        state.ends = ends.unwrap_or_default();
        state.default_limit.manner = state.manner.of_start();
        state.default_limit.tried = Default::default();
        state.default_limit.exhausted = false;
        state.default_limit.retry_at = None;
        for (index, connector) in state.connectors.iter_mut().enumerate() {
            if connector.leftover.is_some() {
                state.line.want(Order::ClearLimit { connector: index, scope: Scope::Connector });
            }
            let Some(active) = connector.active.as_mut() else { continue };
            (active.silences, active.denials) = (0, 0);
            active.exhausted = false;
            active.tries = 0;
            active.retry_at = None;
            active.own_manner = None;
        }
        if !same {
            self.emit(Event::BreedLearned { point });
        }
    }

    /// A form of limit has worked.
    fn remember(&mut self, point: PointIx, manner: Manner) {
        let state = &mut self.points[point.0];
        state.learn(manner);
        state.doubts = 0;
        state.tried = Default::default();
        let Some(breed) = state.breed.clone() else { return };
        let before = self.manners.insert((*breed).clone(), manner);
        if before == Some(manner) {
            return;
        }
        for (index, other) in self.points.iter_mut().enumerate() {
            // Who knows no better of its own follows.
            if other.breed.as_ref() == Some(&breed) && other.proven_manner == before {
                other.learn(manner);
                self.roster.touch(PointIx(index));
            }
        }
        self.emit(Event::BreedLearned { point });
    }

    /// A session's limit was accepted in this form; whether it has an effect, the meter will show
    /// where it had none before.
    pub(super) fn session_limit_taken(
        &mut self,
        now: Time,
        point: PointIx,
        index: usize,
        manner: Manner,
    ) {
        let state = &mut self.points[point.0];
        let connector = &mut state.connectors[index];
        let trusted = trust::excess(connector.distrust.as_deref()).is_none();
        let Some(active) = connector.active.as_mut() else { return };
        let was_capped = std::mem::replace(&mut active.manner, manner).scope == Scope::Station;
        active.silences = 0;
        match manner.scope {
            // It has replaced what an earlier session left.
            Scope::Connector => {
                connector.leftover = None;
                active.leaves = Some(active.entry.confirmed());
            }
            Scope::Station => {}
            // .. or what overruled a form that was refused.
            Scope::Transaction => {
                active.beneath = None;
                active.overrules = true;
            }
        }
        let was_exhausted = std::mem::take(&mut active.exhausted);
        self.clear_other_forms(point, index);
        if was_capped || manner.scope == Scope::Station {
            self.want_default_limit(point);
        }
        if was_exhausted {
            self.trigger(now, point, Trigger::Connection);
        }
        if !trusted {
            return;
        }
        let state = &mut self.points[point.0];
        // That a pause is refused may have been a whim.
        let is_usual = state.proven_manner.map_or(!manner.no_zero, |proven| proven == manner);
        let active = state.connectors[index].active.as_mut();
        if !is_usual && active.is_some_and(|active| !std::mem::replace(&mut active.odd, true)) {
            state.doubts += 1;
        }
        if is_usual || state.doubts >= CONVINCED {
            self.remember(point, manner);
        }
    }

    /// A session's limit was not taken: the next form at once, or the same one later.
    pub(super) fn session_limit_failed(
        &mut self,
        now: Time,
        point: PointIx,
        (index, manner, limit): (usize, Manner, Setpoint),
        failure: Failure,
    ) {
        let state = &mut self.points[point.0];
        let (proven, station) = (state.proven_manner, state.station());
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        let silent = failure == Failure::Silent;
        let known_to_work = proven == Some(manner);
        let taken_before = known_to_work || active.profiled && active.manner == manner;
        active.fail(silent);
        let stays = match (active.exhausted, silent) {
            (exhausted, true) if taken_before => !exhausted && active.silences < PATIENCE,
            (_, false) if known_to_work => active.denials < PATIENCE,
            (exhausted, silent) => !exhausted && silent && active.silences < SILENCES,
        };
        if stays {
            active.repush |= active.exhausted;
            // An answer shows that there is somebody.
            let failures = if silent { active.refusals } else { active.denials };
            return self.retry_session_limit(now, point, index, failures);
        }
        // What carries nothing is no reason to try another form of what it does not carry.
        let walks = !(taken_before && silent);
        let near = |rung: Manner| proven.is_none_or(|proven| rung.differs(proven) <= 1);
        let mut next = state.tried.next(manner, failure, &station, near).filter(|_| walks);
        let refuses_zero = limit == Setpoint::ZERO && !silent;
        if next.is_none() && refuses_zero && !manner.no_zero {
            // No form of a pause is taken: perhaps the least that charges is.
            next = Some(Manner { no_zero: true, ..proven.unwrap_or_default() });
            state.tried = Default::default();
        }
        active.silences = 0;
        let tried_all = next.is_none();
        let gives_up = tried_all && !std::mem::replace(&mut active.exhausted, tried_all);
        if tried_all {
            state.tried = Default::default();
        }
        let usual = if walks { proven.unwrap_or_default() } else { manner };
        let next = next.unwrap_or(usual);
        let active_exhausted = active.exhausted;
        if active_exhausted {
            // Accepted in whatever form, this changes nothing for anybody else.
            let known = active.known(state.default_limit.confirmed);
            active.target = Some(known.unwrap_or(active.entry.confirmed()));
            active.repush = true;
            active.tries += 1;
        }
        let tries = active.tries;
        self.change_manner(point, index, next);
        if active_exhausted {
            self.retry_session_limit(now, point, index, tries);
        } else if let Some(active) = self.points[point.0].connectors[index].active.as_mut() {
            active.retry_at = None;
        }
        if gives_up {
            self.update_reserved(point);
            self.trigger(now, point, Trigger::Connection);
        }
    }

    fn retry_session_limit(&mut self, now: Time, point: PointIx, index: usize, failures: u32) {
        let at = now + backoff(failures);
        if let Some(active) = self.points[point.0].connectors[index].active.as_mut() {
            active.retry_at = Some(at);
        }
        self.timers.arm_by(Key::Retry(point), at);
    }

    /// Limits are told in another form from now on: those of this session where another one is
    /// known to work, else all of the charge point.
    fn change_manner(&mut self, point: PointIx, index: usize, next: Manner) {
        let state = &mut self.points[point.0];
        let known = state.proven_manner.is_some();
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        active.own_manner = Some(next);
        let was_capped = active.manner.scope == Scope::Station;
        if !known {
            state.manner = next;
        }
        if was_capped {
            self.want_default_limit(point);
        }
    }

    /// What other forms have left installed goes when this one was accepted, and not before: until
    /// then it may be all that holds the charger.
    fn clear_other_forms(&mut self, point: PointIx, index: usize) {
        let state = &mut self.points[point.0];
        let connector = &state.connectors[index];
        let Some(active) = connector.active.as_ref() else { return };
        let scope = active.manner.scope;
        // A TxDefaultProfile overrules none of the others, and may be all that has an effect.
        let in_the_way = connector.left_behind().is_some()
            && connector.may_be_cleared()
            && trust::excess(connector.distrust.as_deref()).is_none();
        let left = [(Scope::Transaction, active.overrules), (Scope::Connector, in_the_way)];
        for (other, _) in left.into_iter().filter(|(other, left)| *left && *other != scope) {
            state.line.want(Order::ClearLimit { connector: index, scope: other });
        }
        self.clear_cap(point);
    }

    /// A profile of ours is gone, or never was there.
    pub(super) fn limit_cleared(&mut self, now: Time, point: PointIx, index: usize, scope: Scope) {
        let state = &mut self.points[point.0];
        let connector = &mut state.connectors[index];
        match (scope, connector.active.as_mut()) {
            (Scope::Transaction, Some(active)) => {
                active.beneath = None;
                active.overrules = false;
            }
            (Scope::Station, _) => state.capped = false,
            (Scope::Connector, None) => {
                connector.leftover = None;
                connector.clear_failures = 0;
            }
            (Scope::Connector, Some(active)) => {
                active.leaves = None;
                connector.leftover = None;
                connector.clear_failures = 0;
            }
            (Scope::Transaction, None) => {}
        }
        self.update_reserved(point);
        self.try_gate(now, point);
    }

    /// Whether a profile of ours is out of use, so that clearing it takes no limit away.
    pub(super) fn may_clear(&self, point: PointIx, index: usize, scope: Scope) -> bool {
        let state = &self.points[point.0];
        let active = state.connectors[index].active.as_ref();
        let is_told_otherwise = |active: &Active| {
            let told = active.profiled && active.manner.scope != scope;
            told && state.manner_at(index).scope != scope
        };
        match scope {
            Scope::Transaction => active.is_some_and(is_told_otherwise),
            Scope::Connector => active.is_none_or(is_told_otherwise),
            Scope::Station => state.may_go_without_cap(),
        }
    }

    /// The meter shows that an accepted limit has no effect.
    pub(super) fn limit_ignored(&mut self, point: PointIx, index: usize) {
        let state = &mut self.points[point.0];
        let station = state.station();
        let connector = &mut state.connectors[index];
        let (Some(distrust), Some(active)) =
            (connector.distrust.as_mut(), connector.active.as_mut())
        else {
            return;
        };
        if distrust.hopeless || !active.profiled || active.exhausted {
            return;
        }
        distrust.failed += 1;
        let next = distrust.tried.next(active.manner, Failure::Ignored, &station, |_| true);
        let Some(next) = next else {
            distrust.hopeless = true;
            return;
        };
        distrust.begin_anew();
        active.repush = true;
        active.retry_at = None;
        self.change_manner(point, index, next);
    }

    /// The meter shows that limits have an effect again.
    pub(super) fn limit_obeyed(&mut self, now: Time, point: PointIx, index: usize) {
        let active = self.points[point.0].connectors[index].active.as_ref();
        if let Some(manner) = active.filter(|active| active.profiled).map(|active| active.manner) {
            self.remember(point, manner);
        }
        self.clear_other_forms(point, index);
        if !self.points[point.0].line.queue.is_empty() {
            self.pump(now, point);
        }
    }

    /// A sample of a car that was paused and does not go on: its limit is told again, then it is
    /// reported.
    pub(super) fn notice_stuck(&mut self, taken: Time, point: PointIx, index: usize) {
        let hardware = self.points[point.0].hardware;
        let connector = &mut self.points[point.0].connectors[index];
        let (draws, status) = (connector.measured_w > 0, connector.status);
        let Some(active) = connector.active.as_mut().filter(|active| active.resumed) else {
            return;
        };
        if draws {
            (active.resumed, active.stuck, active.repeats) = (false, false, 0);
            return self.tell_troubles(point);
        }
        let offers = active.allocated(&hardware) > Watts::ZERO;
        let late = taken.since(active.offered_since) >= RESUMES;
        if !offers || !late || status != ChargePointStatus::SuspendedEvse || active.repush {
            return;
        }
        if active.repeats < REPEATS {
            active.repeats += 1;
            active.repush = true;
            active.offered_since = taken;
        } else {
            active.stuck = true;
            self.tell_troubles(point);
        }
    }

    /// What cannot be controlled alone is more than the site may draw, by this much: whoever came
    /// last among the culprits is asked to end, if the meters say the same.
    pub(super) fn stop_culprits(&mut self, now: Time, site: SiteIx, mut over: Watts) {
        let limit = self.sites[site.0].ev_limit();
        if self.metered_at(site) <= limit {
            return;
        }
        let mut culprits = Vec::new();
        for point in &self.sites[site.0].points {
            let state = &self.points[point.0];
            for (index, connector) in state.connectors.iter().enumerate() {
                let culprit = state.culprit(index);
                let held = culprit.map(|active| connector.held(active, &state.hardware));
                if let (Some(held), Some(active), true) =
                    (held, connector.active.as_ref(), state.line.online)
                {
                    culprits.push((active.started, *point, index, held));
                }
            }
        }
        culprits.sort_unstable();
        for (_, point, index, held) in culprits.into_iter().rev() {
            if over <= Watts::ZERO {
                break;
            }
            over -= held;
            let state = &mut self.points[point.0];
            let Some(active) = state.connectors[index].active.as_mut() else { continue };
            if active.stop_asked.is_none_or(|asked| now.since(asked) >= STOP_AGAIN) {
                active.stop_asked = Some(now);
                let transaction_id = active.transaction_id;
                state.line.queue.push_back(Order::Stop { transaction_id });
                self.pump(now, point);
            }
        }
    }

    /// What the meters of a site show together; of those that show nothing, what they may draw.
    fn metered_at(&self, site: SiteIx) -> Watts {
        let mut sum = Watts::ZERO;
        for point in &self.sites[site.0].points {
            let state = &self.points[point.0];
            for connector in state.connectors.iter() {
                sum += match &connector.active {
                    Some(active) if active.gone.is_some() => Watts::ZERO,
                    Some(active) if !connector.metered => connector.held(active, &state.hardware),
                    _ => Watts(connector.measured_w),
                };
            }
        }
        sum
    }

    /// After a sample of a culprit: ends it if nothing else helps.
    pub(super) fn watch_culprit(&mut self, now: Time, point: PointIx, index: usize) {
        let site = self.points[point.0].site;
        if self.points[point.0].culprit(index).is_some()
            && self.metered_at(site) > self.sites[site.0].ev_limit()
        {
            self.trigger(now, point, Trigger::Connection);
        }
    }

    /// Tells what has changed since it was told last.
    pub(super) fn tell_troubles(&mut self, point: PointIx) {
        let state = &mut self.points[point.0];
        let exhausted = state.default_limit.exhausted;
        let trouble = exhausted.then_some(Trouble::Uncontrollable);
        if std::mem::replace(&mut state.default_limit.told_trouble, trouble) != trouble {
            let event = Event::TroubleChanged { point, connector: 0, trouble };
            self.outputs.push_back(Output::Event(event));
        }
        for (index, connector) in state.connectors.iter_mut().enumerate() {
            let trouble = connector.trouble();
            if std::mem::replace(&mut connector.told_trouble, trouble) != trouble {
                let connector = index as u32 + 1;
                let event = Event::TroubleChanged { point, connector, trouble };
                self.outputs.push_back(Output::Event(event));
            }
        }
    }
}

impl Active {
    /// A limit was not taken.
    fn fail(&mut self, silent: bool) {
        self.refusals += 1;
        self.silences = if silent { self.silences + 1 } else { 0 };
        self.denials += u32::from(!silent);
    }
}

impl Point {
    /// Limits are taken in this form.
    fn learn(&mut self, manner: Manner) {
        self.manner = manner;
        self.proven_manner = Some(manner);
        if self.default_limit.confirmed.is_none() {
            self.default_limit.manner = manner.of_start();
        }
    }

    /// A session that cannot be controlled, or is to pause and cannot be told to. One whose limits
    /// have no effect gets a second chance with another form.
    fn culprit(&self, index: usize) -> Option<&Active> {
        let connector = &self.connectors[index];
        let distrust = connector.distrust.as_deref();
        let ignores = distrust.is_some_and(|known| known.hopeless || known.failed > 1);
        let stays = |active: &Active| active.rate == Watts::ZERO && self.floor(index).is_some();
        connector.active.as_ref().filter(|active| active.exhausted || ignores || stays(active))
    }
}
