//! Reservations: who may use a connector, and until when (§3.8, §5.1, §5.13).

use crate::charger::point::ChargePoint;
use crate::charger::serve::{Answer, fault, json};
use crate::charger::status::Status;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::{
    CancelReservationRequest, CancelReservationResponse, ReserveNowRequest, ReserveNowResponse,
};
use crate::ocpp::types::{CancelReservationStatus, ReservationStatus};
use crate::time::Time;

/// A connector kept for somebody.
#[derive(Debug)]
pub(super) struct Reservation {
    id: i64,
    /// 0: whichever is free.
    connector: u32,
    id_tag: Box<str>,
    parent: Option<Box<str>>,
    /// By the station's clock.
    pub(super) expires: Time,
}

/// What reservations say about a card at a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Nobody reserved what the card would take.
    Free,
    /// The reservation of this id is for the card.
    Reserved(i64),
    /// Reserved for a group, and the card's group is not known.
    AskGroup,
    /// Reserved for somebody else.
    Refused,
}

impl Reservation {
    fn is_for(&self, id_tag: &str, parent: Option<&str>) -> bool {
        let group = self.parent.as_deref().zip(parent);
        self.id_tag.eq_ignore_ascii_case(id_tag)
            || group.is_some_and(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
    }

    fn against(&self, parent: Option<&str>) -> Admission {
        match (&self.parent, parent) {
            (Some(_), None) => Admission::AskGroup,
            _ => Admission::Refused,
        }
    }
}

impl ChargePoint {
    fn reservations(&self) -> &[Reservation] {
        self.extras.as_deref().map_or(&[], |extras| &extras.reservations)
    }

    /// Whether a card may use the free connector `c`. `parent`: its group, as far as known.
    pub(super) fn admission(&self, c: usize, id_tag: &str, parent: Option<&str>) -> Admission {
        let all = self.reservations();
        if all.is_empty() {
            return Admission::Free;
        }
        let number = self.connectors[c].number;
        let own = all.iter().find(|reservation| reservation.connector == number);
        let mut anywhere = all.iter().filter(|reservation| reservation.connector == 0);
        match own {
            Some(own) if own.is_for(id_tag, parent) => return Admission::Reserved(own.id),
            Some(own) => return own.against(parent),
            None => {}
        }
        if let Some(theirs) = anywhere.clone().find(|r| r.is_for(id_tag, parent)) {
            return Admission::Reserved(theirs.id);
        }
        let others =
            (0..self.connectors.len()).filter(|other| *other != c && self.is_spare(*other));
        if others.count() >= anywhere.clone().count() {
            return Admission::Free;
        }
        let asks = anywhere.any(|r| r.against(parent) == Admission::AskGroup);
        if asks { Admission::AskGroup } else { Admission::Refused }
    }

    /// Whether the connector could serve whoever comes.
    fn is_spare(&self, c: usize) -> bool {
        let connector = &self.connectors[c];
        connector.is_free() && !connector.plugged && !self.is_reserved(c)
    }

    pub(super) fn is_reserved(&self, c: usize) -> bool {
        let number = self.connectors[c].number;
        self.reservations().iter().any(|reservation| reservation.connector == number)
    }

    /// §5.13.
    pub(super) fn reserve_now(&mut self, now: Time, request: &ReserveNowRequest<'_>) -> Answer {
        if request.connector_id > self.spec.connectors {
            return Err(fault(ErrorCode::PropertyConstraintViolation, "connectorId"));
        }
        let known = self.reservations().iter().find(|r| r.id == request.reservation_id);
        let replaced = known.map(|known| known.connector);
        let status = if request.expiry_date.0 <= self.clock(now) {
            ReservationStatus::Rejected
        } else {
            self.may_reserve(request.connector_id, replaced)
        };
        if status == ReservationStatus::Accepted {
            self.end_reservation(now, request.reservation_id);
            self.extras_mut().reservations.push(Reservation {
                id: request.reservation_id,
                connector: request.connector_id,
                id_tag: request.id_tag.as_ref().into(),
                parent: request.parent_id_tag.as_deref().map(Into::into),
                expires: request.expiry_date.0,
            });
            if let Some(c) = self.index(request.connector_id) {
                self.settle_reservation(now, c);
            }
        }
        Ok(json(&ReserveNowResponse { status }))
    }

    /// `replaced`: connector of the reservation that a new one takes the place of.
    fn may_reserve(&self, connector: u32, replaced: Option<u32>) -> ReservationStatus {
        let wanted = match self.index(connector) {
            Some(c) => c..c + 1,
            None => 0..self.connectors.len(),
        };
        let mut spare = 0;
        let mut worst = ReservationStatus::Unavailable;
        for c in wanted {
            let state = &self.connectors[c];
            let mine = replaced == Some(state.number);
            if state.status == Status::Faulted {
                worst = ReservationStatus::Faulted;
            } else if state.operative && !state.closing && !self.is_withheld() {
                worst = ReservationStatus::Occupied;
                let free = state.is_free() && !state.plugged;
                spare += usize::from(free && (mine || !self.is_reserved(c)));
            }
        }
        let rivals = self.reservations().iter().filter(|r| r.connector == 0).count()
            - usize::from(replaced == Some(0));
        let enough = if connector == 0 { spare > rivals } else { spare > 0 };
        if enough { ReservationStatus::Accepted } else { worst }
    }

    /// §5.1.
    pub(super) fn cancel_reservation(
        &mut self,
        now: Time,
        request: &CancelReservationRequest,
    ) -> Answer {
        let status = match self.end_reservation(now, request.reservation_id) {
            true => CancelReservationStatus::Accepted,
            false => CancelReservationStatus::Rejected,
        };
        Ok(json(&CancelReservationResponse { status }))
    }

    /// A connector that is reserved and free says so.
    pub(super) fn settle_reservation(&mut self, now: Time, c: usize) {
        if self.connectors[c].status == Status::Available && self.is_reserved(c) {
            self.set_status(now, c, Status::Reserved);
        }
    }

    /// Forgets a reservation; false when it is not known.
    pub(super) fn end_reservation(&mut self, now: Time, id: i64) -> bool {
        let Some(extras) = self.extras.as_mut() else { return false };
        let Some(place) = extras.reservations.iter().position(|r| r.id == id) else { return false };
        let connector = extras.reservations.remove(place).connector;
        if let Some(c) = self.index(connector)
            && self.connectors[c].status == Status::Reserved
        {
            let plugged = self.connectors[c].plugged;
            let next = if plugged { Status::Preparing } else { Status::Available };
            self.set_status(now, c, next);
        }
        true
    }

    /// A connector that becomes unavailable is reserved no longer (§3.8).
    pub(super) fn end_reservations_of(&mut self, connector: u32) {
        if let Some(extras) = self.extras.as_mut() {
            extras.reservations.retain(|reservation| reservation.connector != connector);
        }
    }

    pub(super) fn expire_reservations(&mut self, now: Time) {
        let clock = self.clock(now);
        let due = |r: &&Reservation| r.expires <= clock;
        while let Some(id) = self.reservations().iter().find(due).map(|expired| expired.id) {
            self.end_reservation(now, id);
        }
    }
}
