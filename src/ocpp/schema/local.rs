//! Fields of the LocalAuthListManagement and Reservation profiles.

use super::Kind::{Enum, List, Object, Text, Time};
use super::core::ID_TAG_INFO;
use super::{ACCEPTED_OR_REJECTED, ANY, CONNECTOR, Field, Pair, may, must};
use crate::ocpp::types as t;

const AUTHORIZATION_DATA: &[Field] =
    &[must("idTag", Text(20)), may("idTagInfo", Object(ID_TAG_INFO))];

pub(super) const GET_LOCAL_LIST_VERSION: Pair = (&[], &[must("listVersion", ANY)]);

pub(super) const SEND_LOCAL_LIST: Pair = (
    &[
        must("listVersion", ANY),
        may("localAuthorizationList", List(&Object(AUTHORIZATION_DATA), 0)),
        must("updateType", Enum(t::UpdateType::NAMES)),
    ],
    &[must("status", Enum(t::UpdateStatus::NAMES))],
);

pub(super) const CANCEL_RESERVATION: Pair =
    (&[must("reservationId", ANY)], &[must("status", ACCEPTED_OR_REJECTED)]);

pub(super) const RESERVE_NOW: Pair = (
    &[
        must("connectorId", CONNECTOR),
        must("expiryDate", Time),
        must("idTag", Text(20)),
        may("parentIdTag", Text(20)),
        must("reservationId", ANY),
    ],
    &[must("status", Enum(t::ReservationStatus::NAMES))],
);
