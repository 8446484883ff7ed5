//! The charge point itself: its state, inputs and queries. What it does with them stands in the
//! other files of the folder, by subject.

use std::sync::Arc;

use crate::charger::connector::Connector;
use crate::charger::extras::Extras;
use crate::charger::keys::{Keys, MAX_PROFILES, SCHEDULE_MAX_PERIODS};
use crate::charger::lane::Lane;
use crate::charger::outbox::Outbox;
use crate::charger::quirks::Oddity;
use crate::charger::registration::REBOOT_TIME;
use crate::charger::serve::cut;
use crate::charger::status::{self, Status};
use crate::charger::{ChargerSpec, Counters, Output};
use crate::few::Few;
use crate::ids::ChargePointId;
use crate::ocpp::profile::{ProfileStore, StationLimits, Transaction};
use crate::ocpp::types::{RegistrationStatus, StopReason};
use crate::time::{Span, Time};
use crate::vehicle::{Draw, Offer};

/// Most characters of an idTag (§7.29).
pub(super) const ID_TAG_MAX_CHARS: usize = 20;

/// Whether the station runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    On,
    /// A Reset was accepted; the station goes down at this instant.
    Resetting(Time),
    /// Rebooting: deaf and dumb until this instant.
    Down(Time),
}

/// A simulated OCPP 1.6J charge point.
///
/// # How to drive it
/// Call an input, then take outputs by [`ChargePoint::poll_output`] until it is empty, then call
/// [`ChargePoint::handle_timeout`] no earlier than [`ChargePoint::poll_timeout`] says. Nothing is
/// sampled twice for calling late: missed periodic readings are left out. `now` never goes back.
///
/// # When current is offered
/// From StartTransaction.conf on (for an offline start, from StartTransaction on): a central
/// system thus never meets load that it does not know a transaction for. Until its TxProfile
/// arrives, the TxDefaultProfile bounds a new transaction; with no profile, only the hardware.
/// A profile acts `apply_delay` after its acceptance, or earlier when another cause (a schedule's
/// own change, a start or an end) makes the station look at its profiles.
///
/// # What is metered
/// Whatever [`ChargePoint::set_draw`] says while a car is plugged in, also the seconds in which
/// it ramps down after the end of the transaction; unplugging ends the draw.
#[derive(Debug)]
pub struct ChargePoint {
    pub(super) id: ChargePointId,
    pub(super) spec: Arc<ChargerSpec>,
    pub(super) keys: Keys,
    pub(super) store: ProfileStore,
    /// Running transactions as the profiles see them.
    pub(super) transactions: Vec<Transaction>,
    pub(super) connectors: Few<Connector>,
    pub(super) station_status: Status,
    pub(super) station_reported: Option<Status>,
    pub(super) station_operative: bool,
    pub(super) outbox: Outbox,
    pub(super) outputs: Lane<Output>,
    pub(super) counters: Counters,
    pub(super) link: bool,
    /// `None` until the first answer to a BootNotification since power-on.
    pub(super) registration: Option<RegistrationStatus>,
    pub(super) power: Power,
    /// What the station's clock is ahead of `now`.
    pub(super) clock_offset: Span,
    pub(super) boot_at: Time,
    pub(super) heartbeat_at: Time,
    pub(super) clock_sample_at: Time,
    pub(super) apply_at: Time,
    pub(super) limits_until: Time,
    pub(super) last_session: u64,
    /// Quirks and faults; most stations have none.
    pub(super) oddity: Option<Box<Oddity>>,
    /// A central system accepted the station once: without a link it may serve on its own.
    pub(super) commissioned: bool,
    pub(super) extras: Option<Box<Extras>>,
}

impl ChargePoint {
    /// A station that was just switched on, without a link.
    #[must_use]
    pub fn new(id: ChargePointId, spec: Arc<ChargerSpec>, now: Time) -> ChargePoint {
        let limits = StationLimits {
            connectors: spec.connectors,
            max_stack_level: spec.max_stack_level,
            max_periods: SCHEDULE_MAX_PERIODS,
            max_installed: MAX_PROFILES,
            allow_amps: spec.allows_amps,
            allow_watts: spec.allows_watts,
            smart_charging: true,
        };
        let mut point = ChargePoint {
            id,
            keys: Keys::new(&spec),
            store: ProfileStore::new(limits),
            transactions: Vec::new(),
            connectors: Few::new(spec.connectors, |index| Connector::new(index + 1, now)),
            spec,
            station_status: Status::Available,
            station_reported: None,
            station_operative: true,
            outbox: Outbox::default(),
            outputs: Lane::default(),
            counters: Counters::default(),
            link: false,
            registration: None,
            power: Power::On,
            clock_offset: Span::ZERO,
            boot_at: now,
            heartbeat_at: Time::NEVER,
            clock_sample_at: Time::NEVER,
            apply_at: Time::NEVER,
            limits_until: Time::NEVER,
            last_session: 0,
            oddity: None,
            commissioned: false,
            extras: None,
        };
        point.schedule_clock_sample(now);
        point
    }

    /// The connection to the central system is open.
    pub fn link_up(&mut self, now: Time) {
        if !self.link {
            self.link = true;
            self.on_link_up(now);
        }
        self.settle(now);
    }

    /// The connection is gone.
    pub fn link_down(&mut self, now: Time) {
        if self.link {
            self.link = false;
            self.outputs.retain(|output| !matches!(output, Output::Send(_)));
            self.drop_calls(now);
        }
        self.settle(now);
    }

    /// A text from the central system. Any text is fine; what is no OCPP-J is counted.
    pub fn handle_frame(&mut self, now: Time, text: &str) {
        if self.is_reachable() {
            self.receive(now, text);
        }
        self.settle(now);
    }

    /// A driver plugs in and presents a card at once. An idTag longer than 20 characters is cut.
    /// A connector that is unknown or in use stays as it is.
    pub fn plug_in(&mut self, now: Time, connector: u32, id_tag: &str) {
        if let Some(c) = self.index(connector) {
            self.on_plug_in(now, c, cut(id_tag, ID_TAG_MAX_CHARS));
        }
        self.settle(now);
    }

    /// The driver presents the card again: ends the session with reason Local.
    pub fn stop(&mut self, now: Time, connector: u32) {
        if let Some(c) = self.index(connector) {
            self.end_session(now, c, StopReason::Local);
        }
        self.settle(now);
    }

    /// A driver presents a card at a connector with a car. It ends the session it belongs to, or
    /// one of its group (the same parentIdTag), with reason Local; where no session runs, it begins
    /// one. An idTag longer than 20 characters is cut.
    pub fn present(&mut self, now: Time, connector: u32, id_tag: &str) {
        if let Some(c) = self.index(connector) {
            self.on_presented(now, c, cut(id_tag, ID_TAG_MAX_CHARS));
        }
        self.settle(now);
    }

    /// The power is gone for `lasts`, and with it the link and every session: the station boots when
    /// it is back, and then tells of the transactions it cost (reason PowerLoss). Settings,
    /// profiles, cards and reservations are kept.
    pub fn power_loss(&mut self, now: Time, lasts: Span) {
        self.go_dark(now, lasts, StopReason::PowerLoss);
    }

    /// The station crashes and boots: as a short loss of power, with reason Reboot.
    pub fn reboot(&mut self, now: Time) {
        self.go_dark(now, REBOOT_TIME, StopReason::Reboot);
    }

    /// The driver unplugs: ends a session that still runs, with reason EVDisconnected.
    pub fn unplug(&mut self, now: Time, connector: u32) {
        if let Some(c) = self.index(connector) {
            self.on_unplug(now, c);
        }
        self.settle(now);
    }

    /// From `now` on the car takes `draw`. `wants_power`: it asks for energy, even if it takes
    /// none yet (state C of the pilot). `soc_pct`: state of charge, if the car tells it. Without a
    /// car nothing happens.
    pub fn set_draw(
        &mut self,
        now: Time,
        connector: u32,
        draw: Draw,
        wants_power: bool,
        soc_pct: Option<f64>,
    ) {
        if let Some(c) = self.index(connector)
            && self.connectors[c].plugged
        {
            let state = &mut self.connectors[c];
            state.meter.set(now, draw);
            state.wants_power = wants_power;
            state.soc_tenths = soc_pct.map(|pct| (pct.clamp(0.0, 100.0) * 10.0).round() as i64);
            self.refresh_status(now, c);
        }
        self.settle(now);
    }

    /// Time has passed: does everything that is due.
    pub fn handle_timeout(&mut self, now: Time) {
        self.settle(now);
    }

    /// The next thing the station wants done, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`ChargePoint::handle_timeout`] at the latest; [`Time::NEVER`]: no timer.
    #[must_use]
    pub fn poll_timeout(&self) -> Time {
        let mut next = self.apply_at.min(self.limits_until).min(self.clock_sample_at);
        match self.power {
            Power::On => {}
            Power::Resetting(at) | Power::Down(at) => next = next.min(at),
        }
        if self.oddity.is_some() {
            next = next.min(self.habits_due());
        }
        if self.is_reachable() {
            next = next.min(self.boot_at).min(self.outbox.poll_timeout(self.is_accepted()));
        }
        if self.is_connected() {
            next = next.min(self.heartbeat_at);
        }
        if self.extras.is_some() {
            next = next.min(self.extras_timeout());
        }
        for connector in self.connectors.iter() {
            if let Some(remote) = &connector.remote {
                next = next.min(remote.deadline);
            }
            if let Some(charge) = connector.running() {
                next = next.min(charge.next_sample);
                if charge.allowance_wh.is_some() {
                    next = next.min(connector.allowance_ends());
                }
            }
        }
        next
    }

    /// The identity.
    #[must_use]
    pub fn id(&self) -> &ChargePointId {
        &self.id
    }

    /// The model.
    #[must_use]
    pub fn spec(&self) -> &ChargerSpec {
        &self.spec
    }

    /// What the connector offers to the car; `Offer::None` for an unknown connector.
    #[must_use]
    pub fn offer(&self, connector: u32) -> Offer {
        self.index(connector).map_or(Offer::None, |c| self.connectors[c].offer)
    }

    /// Status of a connector, 0: of the station. `None`: no such connector.
    #[must_use]
    pub fn status(&self, connector: u32) -> Option<Status> {
        if connector == 0 {
            return Some(self.station_status);
        }
        self.index(connector).map(|c| self.connectors[c].status)
    }

    /// Id of the transaction that runs on the connector; `None` also while the central system
    /// has not answered the StartTransaction of an offline start.
    #[must_use]
    pub fn transaction(&self, connector: u32) -> Option<i64> {
        self.connectors[self.index(connector)?].running()?.transaction_id
    }

    /// Meter register at `now`, Wh rounded down; 0 for an unknown connector.
    #[must_use]
    pub fn register_wh(&self, connector: u32, now: Time) -> i64 {
        self.index(connector).map_or(0, |c| self.connectors[c].meter.register_wh(now))
    }

    /// Exact metered energy at `now`, milliwatt-microseconds
    /// (see [`MW_US_PER_WH`](crate::charger::meter::MW_US_PER_WH)); 0 for an unknown connector.
    #[must_use]
    pub fn energy_mw_us(&self, connector: u32, now: Time) -> i128 {
        self.index(connector).map_or(0, |c| self.connectors[c].meter.energy_mw_us(now))
    }

    /// What the car takes now, as last told.
    #[must_use]
    pub fn draw(&self, connector: u32) -> Draw {
        self.index(connector).map_or(Draw::default(), |c| self.connectors[c].meter.draw())
    }

    /// The installed charging profiles.
    #[must_use]
    pub fn profiles(&self) -> &ProfileStore {
        &self.store
    }

    /// The configuration keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// What went wrong so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Transaction messages the central system has not acknowledged.
    #[must_use]
    pub fn undelivered(&self) -> usize {
        self.outbox.undelivered()
    }

    /// Whether a CALL of the station waits for its answer.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.outbox.is_busy()
    }

    pub(super) fn index(&self, connector: u32) -> Option<usize> {
        (1..=self.spec.connectors).contains(&connector).then(|| connector as usize - 1)
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.registration == Some(RegistrationStatus::Accepted)
    }

    /// The link is open and the station runs.
    pub(super) fn is_reachable(&self) -> bool {
        self.link && !matches!(self.power, Power::Down(_))
    }

    /// Messages may be sent at will.
    pub(super) fn is_connected(&self) -> bool {
        self.is_reachable() && self.is_accepted()
    }

    /// Sends what may be sent, after doing everything that is due.
    fn settle(&mut self, now: Time) {
        self.run_timers(now);
        if self.outbox.is_waiting() && self.is_reachable() {
            let timeout = self.keys.message_timeout();
            let accepted = self.is_accepted();
            if let Some(text) = self.outbox.next(now, accepted, timeout) {
                self.send(text);
            }
        }
    }

    pub(super) fn send(&mut self, text: String) {
        let text = match &mut self.oddity {
            Some(oddity) => oddity.reword(text),
            None => text,
        };
        self.outputs.push_back(Output::Send(text));
    }

    /// Changes the status of a connector and reports it.
    pub(super) fn set_status(&mut self, now: Time, c: usize, next: Status) {
        let connector = &mut self.connectors[c];
        if connector.status != next {
            debug_assert!(
                status::allowed(connector.status, next),
                "{:?} -> {next:?}",
                connector.status
            );
            connector.status = next;
            self.report_status(now, c);
        }
    }

    /// Follows the offer and the car while a transaction runs.
    pub(super) fn refresh_status(&mut self, now: Time, c: usize) {
        if self.connectors[c].running().is_some() {
            let next = self.connectors[c].energy_status();
            self.set_status(now, c, next);
        }
    }
}
