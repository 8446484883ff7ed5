//! The site control loop: triggers become decisions, decisions become targets.
//!
//! Event-driven: a decision is made because something happened, never because time passed, apart
//! from the ends that an earlier decision announced (rotation epochs, minimum off-times; while power
//! is short, also epochs of strategies whose rates move with time). Triggers
//! that come close together make one decision; what a car proves to accept is never urgent and
//! waits longest. Sources: allocation.md §2 (strategies), §4.3 (damping).

use std::collections::BTreeSet;

use crate::allocation::{self, Problem, Reason, Rotation, Session};
use crate::csms::census::Census;
use crate::csms::config::{ConfigPatch, Control, SiteConfig};
use crate::csms::event::{Binding, Event, Trigger};
use crate::csms::load::Load;
use crate::csms::rebalance::Rebalance;
use crate::csms::timers::Key;
use crate::csms::today::Today;
use crate::csms::wiring::{Wired, Wires};
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ids::SiteId;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Laxities are made equal for the end of an epoch, which is at least this far away.
const SHORTEST_EPOCH: Span = Span::from_s(60);

/// A site and the state of its loop.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) id: SiteId,
    /// For people.
    pub(crate) name: String,
    /// When it was configured; `None`: never, so nothing may be drawn there.
    pub(crate) configured_at: Option<Time>,
    pub(crate) config: SiteConfig,
    pub(crate) control: Control,
    pub(crate) points: Vec<PointIx>,
    /// Other loads behind the same grid connection.
    pub(crate) load: Load,
    /// The calendar and what it says now, where there is one.
    pub(crate) today: Option<Box<Today>>,
    /// Feeders and phases, where any are limited.
    pub(crate) wires: Option<Box<Wires>>,
    /// Sum of all reservations.
    pub(crate) reserved: Watts,
    /// A reservation shrank while raises wait.
    pub(crate) freed: bool,
    /// Raises not sent yet, in the order of the strategy.
    pub(crate) raises: Vec<(PointIx, usize)>,
    /// Some raise lacks room.
    pub(crate) blocked: bool,
    /// The most telling trigger since the last decision.
    trigger: Option<Trigger>,
    epoch_starts: bool,
    /// When the last decision was made.
    pub(crate) decided_at: Time,
    /// The instant for which strategies that go by deadlines know what is missing.
    looked_at: Time,
    /// Manual rebalances that have not ended.
    pub(crate) rebalances: Vec<Rebalance>,
}

impl Site {
    pub(crate) fn new(id: SiteId, config: SiteConfig, control: Control) -> Site {
        Site {
            name: id.to_string(),
            id,
            configured_at: Some(Time(0)),
            today: Today::of(&config),
            config,
            control,
            points: Vec::new(),
            load: Load::default(),
            wires: None,
            reserved: Watts::ZERO,
            freed: false,
            raises: Vec::new(),
            blocked: false,
            trigger: None,
            epoch_starts: false,
            decided_at: Time(0),
            looked_at: Time(0),
            rebalances: Vec::new(),
        }
    }

    /// Without rotation epochs every decision is the first of one.
    fn is_always_new(&self) -> bool {
        self.control.rotation == Span::ZERO
    }
}

/// Rounds in which shares and what is drawn above them come together; each halves what is missing.
const MOST_ROUNDS: usize = 24;

/// What a decision leaves to do at a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Its limit stands already.
    None,
    /// A limit to send as soon as the line is free.
    Send,
    /// A higher limit, as soon as there is room.
    Raise,
}

impl Csms {
    /// Something happened at a charge point that may change its site's allocation.
    pub(super) fn trigger(&mut self, now: Time, point: PointIx, trigger: Trigger) {
        self.trigger_site(now, self.points[point.0].site, trigger);
    }

    pub(super) fn trigger_site(&mut self, now: Time, site: SiteIx, trigger: Trigger) {
        let state = &mut self.sites[site.0];
        state.trigger = Some(state.trigger.map_or(trigger, |known| known.min(trigger)));
        let wait = match trigger {
            Trigger::Acceptance | Trigger::Probe => state.control.coalesce_acceptance,
            Trigger::Manual | Trigger::Rotation | Trigger::HoldEnded => Span::ZERO,
            _ => state.control.coalesce,
        };
        self.timers.arm_by(Key::Decide(site), now + wait);
    }

    /// Changes the configuration of a site; the next decision follows at once.
    pub fn configure(&mut self, now: Time, site: SiteIx, patch: &ConfigPatch) {
        let mut config = self.sites[site.0].config.clone();
        config.max_power = patch.max_power.unwrap_or(config.max_power);
        config.reserve = patch.reserve.unwrap_or(config.reserve);
        config.strategy = patch.strategy.unwrap_or(config.strategy);
        config.min_charge_rate = patch.min_charge_rate.unwrap_or(config.min_charge_rate);
        config.worst_load = patch.worst_load.or(config.worst_load);
        config.priorities.extend(patch.priorities.iter().map(|(id, weight)| (id.clone(), *weight)));
        self.adopt(now, site, config);
    }

    /// The configuration of a site.
    #[must_use]
    pub fn config(&self, site: SiteIx) -> &SiteConfig {
        &self.sites[site.0].config
    }

    /// Decides anew although nothing happened. Idempotent: with unchanged inputs nothing is sent.
    pub fn rebalance(&mut self, now: Time, site: SiteIx) {
        self.trigger_site(now, site, Trigger::Manual);
    }

    pub(super) fn hold_ended(&mut self, now: Time, site: SiteIx) {
        self.trigger_site(now, site, Trigger::HoldEnded);
    }

    pub(super) fn epoch(&mut self, now: Time, site: SiteIx) {
        self.sites[site.0].epoch_starts = true;
        self.trigger_site(now, site, Trigger::Rotation);
    }

    /// Makes a decision and sets out to bring it to the chargers.
    pub(super) fn decide(&mut self, now: Time, site: SiteIx) {
        let trigger = self.sites[site.0].trigger.take().unwrap_or(Trigger::Manual);
        let state = &mut self.sites[site.0];
        let epoch_starts = std::mem::take(&mut state.epoch_starts) || state.is_always_new();
        self.sites[site.0].decided_at = now;
        if !matches!(trigger, Trigger::Manual | Trigger::Probe) || epoch_starts {
            self.look_again(now, site);
        }
        let census = self.census(site);
        let mut problem = self.problem(now, site, epoch_starts, &census);
        let deal = self.deal(site, &mut problem, &census);
        self.remember_pressed(&census, &deal);
        let shares = &deal.shares;
        let turn = epoch_starts || trigger == Trigger::HoldEnded;
        let parked = parked(&census, shares, deal.left, epoch_starts);
        let parks = census.sessions.iter().zip(&parked);
        let unparked = parks.into_iter().any(|(s, rate)| !s.wants_power && rate.is_none());
        let moves = problem.strategy.moves_with_time() || deal.moves_with_time();
        let spare = deal.left - parked.iter().flatten().copied().sum();
        let larger = self.reprobes(now, site, &census, shares, spare);
        self.note_reprobes(now, site, (&census, shares), &larger);
        let rotated = turn && swapped(&census.sessions, shares, &parked, moves);
        self.announce(now, site, &census, shares, (unparked, moves));
        // One pass over all sessions: on a large site every further one would cost as much.
        let targets = self.targets_before(site, &census.places);
        let mut work = Vec::with_capacity(shares.len());
        let offers = parked.iter().zip(&larger).map(|(parked, larger)| (*parked, *larger));
        for (share, (place, offer)) in shares.iter().zip(census.places.iter().zip(offers)) {
            let (rate, binding) = deal.decided(work.len(), offer);
            let known = census.settled[work.len()] == Some((rate, binding));
            work.push(if known {
                Work::None
            } else {
                self.aim(now, *place, (rate, binding, share.limit), trigger)
            });
        }
        let wanted: Vec<usize> =
            (0..work.len()).filter(|index| work[*index] == Work::Raise).collect();
        let raises = if wanted.is_empty() {
            Vec::new()
        } else {
            let order = admission_order(&problem, census.wired.as_ref(), &wanted);
            order.into_iter().map(|index| census.places[index]).collect()
        };
        self.sites[site.0].raises = raises;
        self.rebalances_decided(site, &census.places, &targets);
        if rotated {
            self.emit(Event::Rotated { site });
        }
        for ((point, _), work) in census.places.iter().zip(&work) {
            if *work != Work::None {
                self.pump(now, *point);
            }
        }
        self.raise(now, site);
        if deal.over > Watts::ZERO {
            self.stop_culprits(now, site, deal.over);
        }
        self.finish_rebalances(now, site);
    }

    /// What cars still need becomes less by the minute, and how long they stay as well. A decision
    /// that was only asked for takes both as the one before did, and so changes nothing.
    fn look_again(&mut self, now: Time, site: SiteIx) {
        let state = &mut self.sites[site.0];
        if !state.config.strategy.heeds_deadlines() && state.soft().is_none() {
            return;
        }
        state.looked_at = now;
        for point in &self.sites[site.0].points {
            for connector in self.points[point.0].connectors.iter_mut() {
                let Some(active) = connector.active.as_mut() else { continue };
                let served_wh = active.account.wh();
                if std::mem::replace(&mut active.served_wh, served_wh) != served_wh {
                    self.roster.touch(*point);
                }
            }
        }
    }

    /// What the allocator is asked.
    pub(super) fn problem<'c>(
        &self,
        now: Time,
        site: SiteIx,
        epoch_starts: bool,
        census: &'c Census,
    ) -> Problem<'c> {
        let state = &self.sites[site.0];
        let control = &state.control;
        Problem {
            strategy: state.config.strategy,
            capacity: state.ev_limit() - census.uncontrolled,
            sessions: &census.sessions,
            network: None,
            rotation: Rotation {
                now,
                looked_at: state.looked_at,
                epoch_starts: epoch_starts || state.is_always_new(),
                min_on: control.min_on,
                min_off: control.min_off,
                welcome: control.welcome,
                epoch: control.rotation.max(SHORTEST_EPOCH),
            },
        }
    }

    /// How many charge points would get a new limit if a decision were made now.
    #[must_use]
    pub fn preview(&self, now: Time, site: SiteIx) -> u32 {
        let census = self.fresh_census(site);
        let mut problem = self.problem(now, site, false, &census);
        let deal = self.deal(site, &mut problem, &census);
        let parked = parked(&census, &deal.shares, deal.left, problem.rotation.epoch_starts);
        let spare = deal.left - parked.iter().flatten().copied().sum();
        let larger = self.reprobes(now, site, &census, &deal.shares, spare);
        let offers = parked.into_iter().zip(larger).enumerate();
        let changed = census.places.iter().zip(offers).filter(|((point, index), (at, offer))| {
            let state = &self.points[point.0];
            let Some(active) = state.connectors[*index].active.as_ref() else { return false };
            let (rate, _) = deal.decided(*at, *offer);
            let target = state.hardware.setpoint(rate, active.phases(&state.hardware));
            active.target != Some(state.tellable(*index, target))
        });
        changed.map(|((point, _), _)| *point).collect::<BTreeSet<PointIx>>().len() as u32
    }

    /// Sets the target of one session and says what that leaves to do.
    fn aim(
        &mut self,
        now: Time,
        (point, index): (PointIx, usize),
        (rate, binding, wire): (Watts, Binding, Option<usize>),
        trigger: Trigger,
    ) -> Work {
        let state = &mut self.points[point.0];
        let hardware = state.hardware;
        let Some(active) = state.connectors[index].active.as_ref() else { return Work::None };
        let target = state.tellable(index, hardware.setpoint(rate, active.phases(&hardware)));
        let Some(active) = state.connectors[index].active.as_mut() else { return Work::None };
        if (rate == Watts::ZERO) != (active.rate == Watts::ZERO) {
            active.switched_at = now;
        }
        let same_rate = active.rate == rate;
        if active.target != Some(target) {
            active.trigger = trigger;
            active.aimed_at = now;
            active.blocked_since = None;
        }
        active.rate = rate;
        active.target = Some(target);
        active.binding = binding;
        active.wire = wire;
        let work = if target > active.entry.confirmed() {
            Work::Raise
        } else if active.profiled && target == active.entry.standing() {
            Work::None
        } else {
            Work::Send
        };
        if !same_rate {
            self.roster.touch(point);
        } else if work == Work::None {
            self.roster.settle((point, index), rate, binding);
        }
        work
    }

    /// Arms the timers for the ends that this decision announces.
    /// `unparked`: somebody takes nothing and may get a minimum offer when an epoch begins; `moves`:
    /// rates may change although nothing happens.
    fn announce(
        &mut self,
        now: Time,
        site: SiteIx,
        census: &Census,
        shares: &[allocation::Share],
        (unparked, moves): (bool, bool),
    ) {
        let control = &self.sites[site.0].control;
        let (rotation, min_on, min_off) = (control.rotation, control.min_on, control.min_off);
        let welcome = control.welcome;
        let mut waiting = false;
        let mut limited = false;
        let mut hold_ends = Time::NEVER;
        let mut keep_ends = Time::NEVER;
        for (session, share) in census.sessions.iter().zip(shares) {
            let wants_more = session.wants_power && share.reason.is_lack();
            limited |= wants_more;
            waiting |= wants_more && share.rate == Watts::ZERO;
            let runs = session.previous > Watts::ZERO;
            if share.reason == Reason::Hold {
                let wait = if runs { min_on } else { min_off };
                hold_ends = hold_ends.min(session.last_switch + wait);
            }
            if share.rate > Watts::ZERO {
                let since = if runs { session.last_switch } else { now };
                let until = (since + min_on).max(session.arrival + welcome);
                keep_ends = keep_ends.min(if until > now { until } else { Time::NEVER });
            }
        }
        if waiting {
            // Whoever may be replaced from then on could have to make room for a better set.
            hold_ends = hold_ends.min(keep_ends);
        }
        let epochs = rotation > Span::ZERO;
        if epochs && (waiting || unparked || (limited && moves)) {
            self.timers.arm(Key::Epoch(site), now.next_multiple(rotation));
        } else {
            self.timers.disarm(Key::Epoch(site));
        }
        // A timer of its own: a decision that comes earlier has another reason and must say so.
        if hold_ends > now && hold_ends < Time::NEVER {
            self.timers.arm(Key::HoldEnds(site), hold_ends);
        } else {
            self.timers.disarm(Key::HoldEnds(site));
        }
    }
}

/// Divides the capacity. What a charger draws above its share whatever it is told is nobody's to
/// give, and depends on the share: the less it gets, the more of it there is.
pub(super) fn share_out(problem: &mut Problem<'_>, census: &Census) -> Vec<allocation::Share> {
    let whole = problem.capacity;
    let mut shares = solve(problem, census.wired.as_ref(), &[]);
    if census.proven.iter().all(|proven| *proven == Watts::ZERO) {
        return shares;
    }
    for _ in 0..MOST_ROUNDS {
        let above = excess(&shares, census);
        let left = whole - above.iter().copied().sum();
        if left >= problem.capacity {
            break;
        }
        problem.capacity = left;
        shares = solve(problem, census.wired.as_ref(), &above);
    }
    let drawn =
        |index: usize, shares: &[allocation::Share]| shares[index].rate.max(census.proven[index]);
    // What the rounds have left over is for those whose draw follows their share.
    let odd = |index: &usize| census.proven[*index] > Watts::ZERO;
    let (odd, trusted): (Vec<usize>, Vec<usize>) = (0..shares.len()).partition(odd);
    let sessions: Vec<Session> = trusted.iter().map(|at| census.sessions[*at].clone()).collect();
    let others = odd.iter().map(|index| (*index, drawn(*index, &shares)));
    let capacity = whole - others.clone().map(|(_, drawn)| drawn).sum();
    let wired = census.wired.as_ref().map(|wired| wired.among(&trusted, others));
    let rest = solve(&Problem { capacity, sessions: &sessions, ..*problem }, wired.as_ref(), &[]);
    for (index, share) in trusted.into_iter().zip(rest) {
        shares[index] = share;
    }
    problem.capacity = whole - excess(&shares, census).into_iter().sum();
    shares
}

/// What sessions draw above their shares whatever they are told.
pub(super) fn excess(shares: &[allocation::Share], census: &Census) -> Vec<Watts> {
    let pairs = shares.iter().zip(&census.proven);
    pairs.map(|(share, proven)| (*proven - share.rate).floor_zero()).collect()
}

/// Divides by the wires too, while sessions draw so much above their shares.
fn solve(problem: &Problem<'_>, wired: Option<&Wired>, above: &[Watts]) -> Vec<allocation::Share> {
    let Some(wired) = wired else { return allocation::solve(problem) };
    let held = wired.with(above);
    let grid = wired.grid(&held);
    allocation::solve(&Problem { network: Some(&grid), ..*problem })
}

/// See [`allocation::relieve`], by the wires too.
pub(super) fn relieve(
    problem: &Problem<'_>,
    wired: Option<&Wired>,
    above: &[Watts],
    shares: &[allocation::Share],
    wanted: &[Watts],
) -> Vec<Watts> {
    let Some(wired) = wired else { return allocation::relieve(problem, shares, wanted) };
    let held = wired.with(above);
    let grid = wired.grid(&held);
    allocation::relieve(&Problem { network: Some(&grid), ..*problem }, shares, wanted)
}

/// See [`allocation::admission_order`], by the wires too.
pub(super) fn admission_order(
    problem: &Problem<'_>,
    wired: Option<&Wired>,
    among: &[usize],
) -> Vec<usize> {
    let Some(wired) = wired else { return allocation::admission_order(problem, among) };
    let grid = wired.grid(&wired.uncontrolled);
    allocation::admission_order(&Problem { network: Some(&grid), ..*problem }, among)
}

/// True when a session lost its turn or got it, or where rates move by themselves has another.
fn swapped(
    sessions: &[Session],
    shares: &[allocation::Share],
    parked: &[Option<Watts>],
    rates_move: bool,
) -> bool {
    let rates = shares.iter().zip(parked).map(|(share, parked)| parked.unwrap_or(share.rate));
    let mut pairs = sessions.iter().zip(rates);
    pairs.any(|(session, rate)| {
        let switched = (session.previous > Watts::ZERO) != (rate > Watts::ZERO);
        switched || (rates_move && session.previous != rate)
    })
}

/// Cars that take nothing keep a minimum offer, so that they can show when they wake up, as long
/// as nobody else is limited; who lost it gets it back at the beginning of an epoch only. One that
/// was never offered all gets what is left, once: perhaps the minimum is too little for it.
pub(super) fn parked(
    census: &Census,
    shares: &[allocation::Share],
    mut left: Watts,
    epoch_starts: bool,
) -> Vec<Option<Watts>> {
    let sessions = &census.sessions;
    let limited = sessions
        .iter()
        .zip(shares)
        .any(|(session, share)| session.wants_power && share.reason.is_lack());
    let mut rates = vec![None; sessions.len()];
    if limited {
        return rates;
    }
    for (session, rate) in sessions.iter().zip(&mut rates) {
        let had = session.previous > Watts::ZERO;
        let eligible = !session.wants_power && session.hardware >= session.min;
        if eligible && (had || epoch_starts) && session.min <= left {
            left -= session.min;
            *rate = Some(session.min);
        }
    }
    for ((session, rate), more) in sessions.iter().zip(&mut rates).zip(&census.may_want_more) {
        if let (Some(rate), true) = (rate.as_mut(), more) {
            let whole = session.hardware.min(*rate + left.floor_to(session.step));
            left -= whole - *rate;
            *rate = whole;
        }
    }
    rates
}
