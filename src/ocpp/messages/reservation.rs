//! The Reservation profile.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ocpp::text;
use crate::ocpp::types::{CancelReservationStatus, ReservationStatus, Timestamp};

/// ReserveNow.req (OCPP 1.6 §6.37).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReserveNowRequest<'a> {
    /// Connector, 0 for whichever is free.
    pub connector_id: u32,
    /// When the reservation ends.
    pub expiry_date: Timestamp,
    /// Who it is for; at most 20 characters.
    #[serde(borrow)]
    pub id_tag: Cow<'a, str>,
    /// Group it is for; at most 20 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub parent_id_tag: Option<Cow<'a, str>>,
    /// A reservation of the same id is replaced.
    pub reservation_id: i64,
}

/// ReserveNow.conf (OCPP 1.6 §6.38).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReserveNowResponse {
    /// The answer.
    pub status: ReservationStatus,
}

/// CancelReservation.req (OCPP 1.6 §6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelReservationRequest {
    /// As given by ReserveNow.
    pub reservation_id: i64,
}

/// CancelReservation.conf (OCPP 1.6 §6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelReservationResponse {
    /// The answer.
    pub status: CancelReservationStatus,
}
