//! What enters a central system from outside: REST calls, connections, frames.
//!
//! An input names things by their public ids and can be written down, so that a journal of
//! inputs with their instants repeats a live run bit for bit.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::csms::Wish;
use crate::csms::config::{Hardware, SiteConfig};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::AuthorizationStatus;
use crate::time::Span;
use crate::units::Watts;

/// Something that enters from outside at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// A new site; without a configuration nothing may be drawn there.
    AddSite {
        /// Its id, new.
        site: SiteId,
        /// For people.
        name: String,
    },
    /// A new configuration of a site, whole.
    Configure {
        /// The site.
        site: SiteId,
        /// What holds from now on.
        config: SiteConfig,
    },
    /// A meter tells what other loads behind the grid connection of a site take.
    Load {
        /// The site.
        site: SiteId,
        /// Negative where they feed in.
        power: Watts,
        /// How long that holds; the worst case counts from then on.
        valid_for: Span,
    },
    /// Decide anew although nothing happened.
    Rebalance {
        /// The site.
        site: SiteId,
        /// `reb_..`
        rebalance: String,
        /// Given by whoever asked.
        reason: String,
    },
    /// Commissions a charge point.
    AddPoint {
        /// Its OCPP identity, new.
        point: ChargePointId,
        /// Where it stands; `None`: not linked yet, nothing may be drawn there.
        site: Option<SiteId>,
        /// Its rating.
        hardware: Hardware,
        /// Physical connectors, 1..
        connectors: u32,
    },
    /// Links a charge point to a site, or unlinks it. Refused while a transaction runs there.
    Link {
        /// The charge point.
        point: ChargePointId,
        /// Where it stands from now on.
        site: Option<SiteId>,
    },
    /// Decommissions a charge point. Refused while it is connected or a transaction runs there.
    RemovePoint {
        /// The charge point.
        point: ChargePointId,
    },
    /// What the driver of a running session wants is known from now on, whole.
    Wish {
        /// `ses_..`
        session: SessionId,
        /// It replaces what was known before.
        wish: Wish,
    },
    /// A CALL on behalf of an operator. Its end is told by `Event::CommandEnded`.
    Command {
        /// The receiver.
        point: ChargePointId,
        /// `cmd_..`, new.
        command: String,
        /// Name of an action that a central system may send, e.g. `RemoteStartTransaction`.
        action: String,
        /// The request's payload, JSON text.
        payload: String,
    },
    /// A card is known from now on; without a status it is forgotten.
    Card {
        /// The idTag.
        id_tag: String,
        /// What it may.
        status: Option<AuthorizationStatus>,
    },
    /// A connection to a charge point is open.
    LinkUp {
        /// The charge point.
        point: ChargePointId,
    },
    /// The connection is gone.
    LinkDown {
        /// The charge point.
        point: ChargePointId,
    },
    /// A frame came from a charge point.
    Frame {
        /// The sender.
        point: ChargePointId,
        /// OCPP-J text.
        text: String,
    },
}

/// Why an input was not taken. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No such site.
    #[error("there is no site {0}")]
    NoSuchSite(SiteId),
    /// No such charge point.
    #[error("there is no charge point {0}")]
    NoSuchPoint(ChargePointId),
    /// The id is taken.
    #[error("{0} exists already")]
    Exists(String),
    /// The state of things forbids it; the text says what to do about it.
    #[error("{0}")]
    Conflict(String),
    /// A field is wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// JSON pointer into the input, e.g. `/payload/connectorId`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}
