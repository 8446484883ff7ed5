//! What is known of one charge point.

use crate::charger::CurrentKind;
use crate::csms::SiteIx;
use crate::csms::account::Scale;
use crate::csms::active::Active;
use crate::csms::clock::StationClock;
use crate::csms::command::Command;
use crate::csms::config::{Hardware, Setpoint};
use crate::csms::event::Trouble;
use crate::csms::lease::Ends;
use crate::csms::line::Line;
use crate::csms::manner::{Breed, Manner, Scope, Station, Tried};
use crate::csms::mean::Mean;
use crate::csms::records::Records;
use crate::csms::trust::{self, Distrust};
use crate::csms::writes::Writes;
use crate::few::Few;
use crate::ids::ChargePointId;
use crate::ocpp::profile::RateUnit;
use crate::ocpp::types::ChargePointStatus;
use crate::time::Time;
use crate::units::Watts;

/// One charge point.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) id: ChargePointId,
    pub(crate) site: SiteIx,
    pub(crate) hardware: Hardware,
    /// Under the priority strategy, 1..=1000.
    pub(crate) weight: u32,
    pub(crate) line: Line,
    /// Decommissioned: the index stays, nothing else.
    pub(crate) retired: bool,
    /// True from the first accepted BootNotification, or the first frame of a reconnecting one.
    pub(crate) registered: bool,
    /// Known from an earlier process and not connected since.
    pub(crate) restored: bool,
    pub(crate) capabilities: Capabilities,
    /// What it is, once it has booted.
    pub(crate) breed: Option<Box<Breed>>,
    /// How limits are told to it, and how it is certain to take them.
    pub(crate) manner: Manner,
    pub(crate) proven_manner: Option<Manner>,
    /// Sessions in a row that had to leave the form that is known to work.
    pub(crate) doubts: u32,
    pub(crate) tried: Tried,
    pub(crate) clock: StationClock,
    /// Whether limits end when they are told to.
    pub(crate) ends: Ends,
    /// What it falls back to on each connector when nobody tells it anything.
    pub(crate) fallback: Setpoint,
    pub(crate) connectors: Few<Connector>,
    pub(crate) default_limit: DefaultLimit,
    /// A ChargePointMaxProfile was told and may be installed.
    pub(crate) capped: bool,
    /// Operators' commands on the way that may undo our limits: anything may be in force then.
    pub(crate) by_hand: u32,
    /// Cards whose Authorize is not answered yet, remote starts not sent yet.
    pub(crate) waiting_cards: Vec<WaitingCard>,
    /// Accepted cards whose transaction has not begun: room for one start each, until when.
    pub(crate) start_slots: Vec<StartSlot>,
    /// How often it is told limits.
    pub(crate) writes: Writes,
    /// What else is known of it, where anything is.
    pub(crate) records: Option<Box<Records>>,
}

/// What a charge point said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub(crate) unit: RateUnit,
    pub(crate) max_stack_level: i32,
    /// MeterValueSampleInterval, seconds; 0: not known, or none.
    pub(crate) metered_s: i64,
    /// It has said so itself; before, these are guesses.
    pub(crate) learned: bool,
}

/// The TxDefaultProfile on connector 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct DefaultLimit {
    pub(crate) wanted: Setpoint,
    pub(crate) confirmed: Option<Setpoint>,
    /// May be in force although never confirmed.
    pub(crate) unknown: Option<Setpoint>,
    pub(crate) in_flight: Option<Setpoint>,
    /// The last command.
    pub(crate) last_number: u64,
    /// Failures since it was accepted, and how many of them were answers.
    pub(crate) refusals: u32,
    pub(crate) denials: u32,
    pub(crate) retry_at: Option<Time>,
    /// In which form it is told.
    pub(crate) manner: Manner,
    pub(crate) tried: Tried,
    /// It is taken in no form: a start is bounded by the hardware alone.
    pub(crate) exhausted: bool,
    /// What `Event::BoundChanged` told last: confirmed and bound.
    pub(crate) told: Option<(Option<Setpoint>, Setpoint)>,
    /// What `Event::TroubleChanged` told last.
    pub(crate) told_trouble: Option<Trouble>,
}

/// A card that waits for room for a start.
#[derive(Clone, Debug)]
pub(crate) struct WaitingCard {
    pub(crate) asked_by: AskedBy,
    pub(crate) id_tag: String,
}

/// Who wants a start.
#[derive(Clone, Debug)]
pub(crate) enum AskedBy {
    /// A driver: the Authorize with this message id waits for its answer.
    Driver(String),
    /// An operator: this RemoteStartTransaction waits to be sent.
    Operator(Box<Command>),
}

/// Room for the start of an accepted card.
#[derive(Clone, Debug)]
pub(crate) struct StartSlot {
    pub(crate) until: Time,
    pub(crate) id_tag: String,
    /// A remote start alone asked for it; when that is refused, nothing starts.
    pub(crate) remote: bool,
    /// A remote start brings a profile along: it, not our default limit, bounds the start.
    pub(crate) profiled: bool,
    /// Its time is over, and the station was asked whether something has started after all.
    pub(crate) asked: bool,
}

/// One connector.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) status: ChargePointStatus,
    /// The status was reported on this connection.
    pub(crate) reported: bool,
    /// Since when that holds, where its station has said so, by the clock there.
    pub(crate) stated_at: Option<Time>,
    pub(crate) active: Option<Active>,
    pub(crate) measured_w: i64,
    /// Since when that is so.
    pub(crate) measured_since: Time,
    /// For a meter that tells its register alone.
    pub(crate) mean: Mean,
    /// It draws although nothing is known to run here.
    pub(crate) unasked: bool,
    /// Its meter has shown a power.
    pub(crate) metered: bool,
    pub(crate) meter_scale: Scale,
    /// It draws more than it accepts.
    pub(crate) distrust: Option<Box<Distrust>>,
    /// Limit of a session that is over, in a profile that stays, until it is known to be cleared.
    pub(crate) leftover: Option<Setpoint>,
    /// How often that failed, and when it is tried again.
    pub(crate) clear_failures: u32,
    pub(crate) clear_at: Option<Time>,
    /// After a new connection something may run here that nobody has told, until the connector
    /// reports, or what was known to run shows that it still does, or this time is over.
    pub(crate) unsure_until: Option<Time>,
    /// What `Event::BoundChanged` told last: confirmed and bound; `None`: nothing or gone.
    pub(crate) told: Option<(Option<Setpoint>, Setpoint)>,
    /// What `Event::TroubleChanged` told last.
    pub(crate) told_trouble: Option<Trouble>,
}

impl Point {
    pub(crate) fn new(
        id: ChargePointId,
        site: SiteIx,
        hardware: Hardware,
        connectors: u32,
        weight: u32,
    ) -> Point {
        let unit = match hardware.kind {
            CurrentKind::Ac => RateUnit::A,
            CurrentKind::Dc => RateUnit::W,
        };
        let connector = |_| Connector {
            status: ChargePointStatus::Available,
            reported: false,
            stated_at: None,
            active: None,
            measured_w: 0,
            measured_since: Time(0),
            mean: Mean::default(),
            unasked: false,
            metered: false,
            meter_scale: Scale::default(),
            distrust: None,
            leftover: None,
            clear_failures: 0,
            clear_at: None,
            unsure_until: None,
            told: None,
            told_trouble: None,
        };
        Point {
            id,
            site,
            hardware,
            weight,
            line: Line::default(),
            retired: false,
            registered: false,
            restored: false,
            capabilities: Capabilities { unit, max_stack_level: 0, metered_s: 0, learned: false },
            breed: None,
            manner: Manner::default(),
            proven_manner: None,
            doubts: 0,
            tried: Tried::default(),
            clock: StationClock::default(),
            ends: Ends::default(),
            fallback: Setpoint::ZERO,
            connectors: Few::new(connectors, connector),
            default_limit: DefaultLimit::default(),
            capped: false,
            by_hand: 0,
            waiting_cards: Vec::new(),
            start_slots: Vec::new(),
            writes: Writes::default(),
            records: None,
        }
    }

    /// Index of an OCPP connector id; `None` for 0 and for connectors that do not exist.
    pub(crate) fn connector(&self, id: u32) -> Option<usize> {
        let index = (id as usize).checked_sub(1)?;
        (index < self.connectors.len()).then_some(index)
    }

    /// The most a start could draw here before its TxProfile, on whichever connector.
    pub(crate) fn start_bound(&self) -> Setpoint {
        let default = self.start_bound_by_default();
        let left = self.connectors.iter().filter_map(Connector::left_behind).max();
        default.max(left.unwrap_or_default())
    }

    /// The same on this connector.
    pub(crate) fn start_bound_at(&self, connector: &Connector) -> Setpoint {
        self.start_bound_by_default().max(connector.left_behind().unwrap_or_default())
    }

    fn start_bound_by_default(&self) -> Setpoint {
        let default = &self.default_limit;
        let by_profile = self.by_hand > 0 || self.start_slots.iter().any(|slot| slot.profiled);
        match default.confirmed.filter(|_| !by_profile) {
            None => self.hardware.full(),
            Some(confirmed) => confirmed
                .max(default.in_flight.unwrap_or_default())
                .max(default.unknown.unwrap_or_default()),
        }
    }

    /// What this charge point could draw at most.
    pub(crate) fn worst_case(&self) -> Watts {
        self.worst_case_of(self.start_slots.len())
    }

    /// How much more it could draw once another start is let in.
    pub(crate) fn need_of_a_start(&self) -> Watts {
        self.worst_case_of(self.start_slots.len() + 1) - self.worst_case()
    }

    fn worst_case_of(&self, slots: usize) -> Watts {
        let held = self.rooms().map(|(held, _)| held).sum::<Watts>();
        held + starts(self.rooms(), slots)
    }

    /// Room for the starts that were let in, where no decision is about a session.
    pub(crate) fn free_starts(&self) -> Watts {
        let rooms = self.rooms().zip(self.connectors.iter());
        let free = rooms.filter(|(_, connector)| connector.controlled().is_none());
        starts(free.map(|(room, _)| room), self.start_slots.len())
    }

    /// Room by connector: for what may be drawn there now, and how much more for a start.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (Watts, Watts)> {
        self.rooms_under(Setpoint::ZERO)
    }

    /// The same where this default limit may be in force, too.
    fn rooms_under(&self, default: Setpoint) -> impl Iterator<Item = (Watts, Watts)> {
        // A start with a profile of its own keeps its room until it is reported.
        let mut covered = self.start_slots.iter().filter(|slot| slot.profiled).count();
        self.connectors.iter().map(move |connector| {
            let bound = self.start_bound_at(connector).max(default);
            let bound = self.hardware.watts(bound, self.hardware.phases);
            // Or what it has proven to draw in spite of that.
            let proven = trust::proven(connector.distrust.as_deref());
            let start = bound.max(proven);
            let held = match connector.present() {
                Some(active) if self.by_hand > 0 => {
                    let full = self.hardware.full();
                    let full = self.hardware.watts(full, active.phases(&self.hardware));
                    full.max(connector.held(active, &self.hardware))
                }
                // Offline after a reboot, or because its lease is over; or it is another car.
                Some(active) if self.may_have_fallen_back(connector, active) => {
                    start.max(connector.held(active, &self.hardware))
                }
                Some(active) => {
                    let limit = if active.profiled { Setpoint::ZERO } else { default };
                    let limit = self.hardware.watts(limit, active.phases(&self.hardware));
                    limit.max(connector.held(active, &self.hardware))
                }
                // Offline, a start cannot be gated.
                None if self.registered && !self.line.online => start,
                None if connector.charges() && covered > 0 => {
                    covered -= 1;
                    Watts::ZERO
                }
                None if connector.charges() || connector.unsure_until.is_some() => start,
                // Nobody knows why it draws.
                None if connector.unasked => proven,
                None => Watts::ZERO,
            };
            (held, (start - held).floor_zero())
        })
    }

    /// Whether what bounds a start may be in force instead of the own limit of the session there.
    pub(crate) fn may_have_fallen_back(&self, connector: &Connector, active: &Active) -> bool {
        let unsure = !self.line.online || self.line.unheard || connector.unsure_until.is_some();
        unsure || active.lease.lapsing
    }

    /// What bounds a start, where that may be in force instead of the own limit of the session on a
    /// connector (index).
    pub(crate) fn fallback_at(&self, index: usize) -> Option<Setpoint> {
        let connector = &self.connectors[index];
        let fallen_back = self.may_have_fallen_back(connector, connector.active.as_ref()?);
        fallen_back.then(|| self.start_bound_at(connector))
    }

    /// Whose phases a limit on a connector (index) is reserved for: those of the session, or of
    /// anybody where another one may begin, or has begun, that finds the limit which this one leaves.
    pub(crate) fn reserves_for(&self, index: usize) -> Option<&Active> {
        let connector = &self.connectors[index];
        let active = connector.active.as_ref()?;
        let leaves = active.leaves.is_some() || self.manner_at(index).scope == Scope::Connector;
        let others = !self.start_slots.is_empty() || self.may_have_fallen_back(connector, active);
        let next = leaves && others;
        (!next).then_some(active)
    }

    /// Room that a limit of the session on a connector (index) has already: what was kept for its
    /// own car may lie on fewer phases than what another one needs.
    pub(crate) fn room_of_limit(&self, index: usize) -> Watts {
        let connector = &self.connectors[index];
        match self.reserves_for(index) {
            Some(active) => connector.held(active, &self.hardware),
            None => self.hardware.watts(self.start_bound_at(connector), self.hardware.phases),
        }
    }

    /// How many phases that are at most.
    pub(crate) fn phases_of(&self, active: Option<&Active>) -> u8 {
        active.map_or(self.hardware.phases, |active| active.phases(&self.hardware))
    }

    /// How much more could be drawn once the default limit that is wanted may be in force.
    pub(crate) fn more_by_default(&self) -> Watts {
        let wanted = self.default_limit.wanted;
        let slots = self.start_slots.len();
        let rooms = || self.rooms_under(wanted);
        let then = rooms().map(|(held, _)| held).sum::<Watts>() + starts(rooms(), slots);
        then - self.worst_case()
    }

    /// Accepted limits of the running sessions.
    pub(crate) fn allocated(&self) -> Watts {
        self.connectors.iter().map(|connector| self.allocated_on(connector)).sum()
    }

    /// Accepted limit of the session on a connector; nothing without a session or before its
    /// first accepted TxProfile.
    pub(crate) fn allocated_on(&self, connector: &Connector) -> Watts {
        let active = connector.active.as_ref().filter(|active| active.profiled);
        active.map_or(Watts::ZERO, |active| active.allocated(&self.hardware))
    }

    /// What decides how a limit can be told.
    pub(crate) fn station(&self) -> Station {
        Station {
            unit: self.capabilities.unit,
            max_level: self.capabilities.max_stack_level,
            connectors: self.connectors.len(),
        }
    }

    /// How the next limit on a connector (index) is told.
    pub(crate) fn manner_at(&self, index: usize) -> Manner {
        let active = self.connectors[index].active.as_ref();
        active.and_then(|active| active.own_manner).unwrap_or(self.manner)
    }

    /// The largest set-point up to this one that can be told there; where a pause is refused, the
    /// least that is not.
    pub(crate) fn tellable(&self, index: usize, limit: Setpoint) -> Setpoint {
        let whole = self.manner_at(index).whole_amps && self.hardware.kind == CurrentKind::Ac;
        let limit = if whole { Setpoint(limit.0 / 10 * 10) } else { limit };
        if limit == Setpoint::ZERO { self.floor(index).unwrap_or(limit) } else { limit }
    }

    /// What a session is told instead of a pause, where a pause is refused.
    pub(crate) fn floor(&self, index: usize) -> Option<Setpoint> {
        let active = self.connectors[index].active.as_ref()?;
        let least = self.hardware.least();
        // What stands at 0 already stays there.
        (self.manner_at(index).no_zero && active.entry.standing() >= least).then_some(least)
    }

    /// Takes the room of the card that starts, or else of the one that has waited longest. Without
    /// a card a start with a profile of its own keeps its room: our default limit does not bound it.
    pub(crate) fn take_slot(&mut self, id_tag: Option<&str>) {
        let same =
            |slot: &StartSlot| id_tag.is_some_and(|tag| slot.id_tag.eq_ignore_ascii_case(tag));
        let any = |slot: &StartSlot| id_tag.is_some() || !slot.profiled;
        let slots = &mut self.start_slots;
        let place = slots.iter().position(same).or_else(|| slots.iter().position(any));
        if let Some(place) = place
            && slots.remove(place).profiled
        {
            // Until our limits have been accepted again, the profile of the remote start counts.
            self.default_limit.unknown = Some(self.hardware.full());
            self.default_limit.last_number = 0;
        }
    }

    /// Whether this card has room for a start.
    pub(crate) fn has_slot(&self, id_tag: &str) -> bool {
        self.start_slots.iter().any(|slot| slot.id_tag.eq_ignore_ascii_case(id_tag))
    }
}

/// Room for so many starts, wherever they need most: each connector takes one.
pub(crate) fn starts(rooms: impl Iterator<Item = (Watts, Watts)>, slots: usize) -> Watts {
    if slots == 0 {
        return Watts::ZERO;
    }
    let mut more: Vec<Watts> = rooms.map(|(_, more)| more).collect();
    more.sort_unstable_by(|a, b| b.cmp(a));
    more.into_iter().take(slots).sum()
}

impl Connector {
    /// Room for its transaction, or for one that runs here: what could be in force, or what was
    /// drawn in spite of it.
    pub(crate) fn held(&self, active: &Active, hardware: &Hardware) -> Watts {
        if active.gone.is_some() {
            return Watts::ZERO;
        }
        let other = self.outlasts(active).unwrap_or_default();
        let other = hardware.watts(other, active.phases(hardware));
        active.worst_case(hardware).max(other).max(trust::proven(self.distrust.as_deref()))
    }

    /// A limit in a profile that stays, in another form than the last that was accepted: it comes back
    /// when that is lost with a reboot.
    pub(crate) fn outlasts(&self, active: &Active) -> Option<Setpoint> {
        let other = active.profiled && active.manner.scope != Scope::Connector;
        active.leaves.filter(|_| other)
    }

    /// The limit that a session has left here, or that the running one will leave.
    pub(crate) fn left_behind(&self) -> Option<Setpoint> {
        self.leftover.max(self.active.as_ref().and_then(|active| active.leaves))
    }

    /// What an operator should know.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let active = self.active.as_ref();
        if let Some(excess) = trust::excess(self.distrust.as_deref()) {
            return Some(Trouble::NotCompliant { excess });
        }
        if active.is_some_and(|active| active.exhausted) {
            return Some(Trouble::Uncontrollable);
        }
        active.is_some_and(|active| active.stuck).then_some(Trouble::Stuck)
    }

    /// The session here, if a ChargePointMaxProfile holds it.
    pub(crate) fn under_cap(&self) -> Option<&Active> {
        let active = self.active.as_ref()?;
        (active.profiled && active.manner.scope == Scope::Station).then_some(active)
    }

    /// The session here that decisions are about.
    pub(crate) fn controlled(&self) -> Option<&Active> {
        let decided = |active: &&Active| !active.belated && active.gone.is_none();
        self.active.as_ref().filter(decided).filter(|active| !active.exhausted)
    }

    /// The session here, unless its car has left.
    pub(crate) fn present(&self) -> Option<&Active> {
        self.active.as_ref().filter(|active| active.gone.is_none())
    }

    /// A car stands here and its transaction has not begun.
    pub(crate) fn prepares(&self) -> bool {
        self.status == ChargePointStatus::Preparing && self.present().is_none()
    }

    /// Its status says that a transaction runs, known here or not.
    pub(crate) fn charges(&self) -> bool {
        use ChargePointStatus::{Charging, SuspendedEv, SuspendedEvse};
        matches!(self.status, Charging | SuspendedEv | SuspendedEvse)
    }
}
