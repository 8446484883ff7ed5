//! Why the limits of a site are what they are.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::problem::Problem;
use crate::api::trouble::TroubleBody;
use crate::api::values::{Id, Instant, Kw, Rule};
use crate::csms::explain::{self, Ahead, Explanation, Surplus};

/// How a site came to its limits, and each connector to its own.
#[derive(Serialize, ToSchema)]
pub(super) struct ExplanationResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// The instant it is about.
    at: Instant,
    /// The rule.
    strategy: Rule,
    /// The most the site may draw from the grid, in kW.
    #[schema(value_type = f64, minimum = 0, example = 100)]
    total_capacity_kw: Kw,
    /// Kept for other loads, in kW.
    #[schema(value_type = f64, minimum = 0, example = 10)]
    reserved_kw: Kw,
    /// What chargers may share, in kW.
    #[schema(value_type = f64, minimum = 0, example = 90)]
    available_kw: Kw,
    /// What a soft limit leaves of it for cars that can wait, in kW; `null`: none holds.
    #[schema(value_type = Option<f64>, required, minimum = 0, example = 20)]
    softly_available_kw: Option<Kw>,
    /// Room of what cannot be controlled now, in kW; whose, `holders` tells.
    #[schema(value_type = f64, minimum = 0, example = 22)]
    uncontrolled_kw: Kw,
    /// What is divided among the sessions: the rest, in kW. Below 0: more is drawn than may be.
    #[schema(value_type = f64, example = 68)]
    divided_kw: Kw,
    /// The most that the chargers could draw, whatever is lost or late on the way to them, in kW.
    #[schema(value_type = f64, minimum = 0, example = 84.4)]
    committed_kw: Kw,
    /// Sessions that want power, among which it is divided.
    #[schema(minimum = 0, example = 9)]
    contenders: usize,
    /// When the scheduler last decided.
    calculated_at: Instant,
    /// One entry per connector with a transaction.
    limits: Vec<Limit>,
    /// Room that is held without a decision.
    holders: Vec<Holder>,
}

/// One connector with a transaction: the limit it has, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = LimitReason)]
struct Limit {
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// 1-based.
    #[schema(minimum = 1, example = 1)]
    connector_id: u32,
    /// All of this for people.
    #[schema(example = "cp_003: 6.9 kW of 22 kW: fair share of 64 kW among 9 sessions")]
    sentence: String,
    #[schema(required, example = "ses_01HXGHIJKL23456789")]
    session_id: Option<String>,
    /// As in OCPP.
    #[schema(example = 1001)]
    transaction_id: i64,
    /// StartTransaction.
    arrived_at: Instant,
    /// What its hardware can give on the phases of its car, in kW.
    #[schema(value_type = f64, minimum = 0, example = 22)]
    hardware_kw: Kw,
    /// Phases its car was seen to use; null before.
    #[schema(required, minimum = 1, maximum = 3, example = 3)]
    phases: Option<u8>,
    /// The most its car was seen to take while it was offered more, in kW; null: it takes all.
    #[schema(value_type = Option<f64>, required, example = 10.8)]
    taken_kw: Option<Kw>,
    /// The limit that the charger accepted for the transaction, in kW; null before the first.
    #[schema(value_type = Option<f64>, required, example = 6.9)]
    accepted_kw: Option<Kw>,
    /// The last meter value, in kW.
    #[schema(value_type = f64, example = 6.8)]
    actual_draw_kw: Kw,
    /// The most that could be in force or drawn, in kW.
    #[schema(value_type = f64, minimum = 0, example = 11)]
    committed_kw: Kw,
    /// Why that is more than was accepted, the largest first.
    beyond: Vec<Beyond>,
    /// The last decision, in kW; null before the first.
    #[schema(value_type = Option<f64>, required, example = 8.28)]
    decided_kw: Option<Kw>,
    /// What binds it: `cap`, `acceptance`, `site`, `network`, `rotation`, `hold`, `ineligible`,
    /// `soft_limit`, `cannot_wait` or `parked`.
    #[schema(example = "site")]
    reason: &'static str,
    /// The feeder or the phase that binds, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "feeder west, L2")]
    wire: Option<String>,
    /// What made it necessary, e.g. `session_start`, `session_end`, `config`, `rotation`.
    #[schema(example = "session_end")]
    trigger: &'static str,
    /// The decision as the charger can be told, in kW; null before the first.
    #[schema(value_type = Option<f64>, required, example = 8.28)]
    target_kw: Option<Kw>,
    /// What the target waits for; null: it stands.
    #[schema(required)]
    waits_for: Option<Waits>,
    /// What a decision is about; null: the session takes no part in it, and `holders` tells why.
    #[schema(required)]
    claim: Option<Claim>,
    /// Absent while the charger takes its limits and keeps to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleBody>,
}

/// A session as a decision sees it now.
#[derive(Serialize, ToSchema)]
struct Claim {
    /// Place in the order in which power goes to the sessions of the site.
    #[schema(minimum = 1, example = 3)]
    order: u32,
    /// Smallest rate that charges at all, in kW.
    #[schema(value_type = f64, minimum = 0, example = 4.14)]
    min_kw: Kw,
    /// Largest rate worth offering, in kW.
    #[schema(value_type = f64, minimum = 0, example = 11.73)]
    cap_kw: Kw,
    /// Under the strategies `priority` and `proportional_fair`.
    #[schema(minimum = 1, maximum = 1000, example = 1)]
    weight: u32,
    /// Energy received, in Wh; whoever has less is served first on rotation.
    #[schema(example = 4210)]
    service_wh: i64,
    /// False: full, or suspended by the car for long.
    wants_power: bool,
    /// Last change between paused and running.
    switched_at: Instant,
    /// What a decision at this instant would give, in kW.
    #[schema(value_type = f64, minimum = 0, example = 8.28)]
    rate_kw: Kw,
    /// What would bind it.
    #[schema(example = "site")]
    reason: &'static str,
}

/// A limit above the accepted one that may be in force.
#[derive(Serialize, ToSchema)]
struct Beyond {
    /// `in_flight`, `unanswered`, `not_seen_to_follow`, `left_over`, `proven`, `by_hand`, `offline`,
    /// `lease_over` or `start_bound`.
    #[schema(example = "not_seen_to_follow")]
    cause: &'static str,
    /// What it permits, in kW.
    #[schema(value_type = f64, minimum = 0, example = 11)]
    limit_kw: Kw,
    /// When it ends at the latest, where that is known.
    #[schema(required)]
    until: Option<Instant>,
}

/// What a limit waits for.
#[derive(Serialize, ToSchema)]
struct Waits {
    /// `offline`, `answer`, `line`, `confirmation`, `retry`, `interval`, `budget`, `dead_band` or `room`.
    #[schema(example = "room")]
    kind: &'static str,
    /// When it ends, where that is known.
    #[schema(required)]
    until: Option<Instant>,
    /// Of `room`: what must become free, in kW.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, example = 1.4)]
    missing_kw: Option<Kw>,
    /// Of `room`: who holds more than it is to have, the largest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    ahead: Vec<AheadBody>,
}

/// A connector that holds more room than it is to have.
#[derive(Serialize, ToSchema)]
#[schema(as = Ahead)]
struct AheadBody {
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ1")]
    charge_point_id: String,
    /// 1-based.
    #[schema(minimum = 1, example = 1)]
    connector_id: u32,
    /// Beyond its target, in kW.
    #[schema(value_type = f64, minimum = 0, example = 4.1)]
    excess_kw: Kw,
}

/// Room that is held without a decision.
#[derive(Serialize, ToSchema)]
struct Holder {
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ2")]
    charge_point_id: String,
    /// 1-based; null: any of its connectors.
    #[schema(required, minimum = 1, example = 1)]
    connector_id: Option<u32>,
    /// `offline`, `uncontrollable`, `belated`, `unknown_transaction`, `unsure` or `start`.
    #[schema(example = "offline")]
    kind: &'static str,
    /// When it ends by itself, where that is known.
    #[schema(required)]
    until: Option<Instant>,
    /// What is not divided because of it, in kW.
    #[schema(value_type = f64, minimum = 0, example = 22)]
    uncontrolled_kw: Kw,
    /// What is committed to it besides the sessions under `limits`, in kW.
    #[schema(value_type = f64, minimum = 0, example = 0)]
    committed_kw: Kw,
}

impl ExplanationResponse {
    fn new(site: &str, told: &Explanation) -> ExplanationResponse {
        ExplanationResponse {
            site_id: site.to_owned(),
            at: Instant(told.at),
            strategy: Rule(told.strategy),
            total_capacity_kw: Kw(told.max_power),
            reserved_kw: Kw(told.reserve),
            available_kw: Kw(told.ev_limit),
            softly_available_kw: told.soft.map(|(_, room)| Kw(room)),
            uncontrolled_kw: Kw(told.uncontrolled),
            divided_kw: Kw(told.capacity),
            committed_kw: Kw(told.committed),
            contenders: told.contenders,
            calculated_at: Instant(told.decided_at),
            limits: told.limits.iter().map(Limit::new).collect(),
            holders: told.holders.iter().map(Holder::new).collect(),
        }
    }
}

impl Limit {
    fn new(told: &explain::LimitReason) -> Limit {
        Limit {
            charge_point_id: told.charge_point_id.to_string(),
            connector_id: told.connector_id,
            sentence: told.sentence.clone(),
            session_id: told.session.as_ref().map(ToString::to_string),
            transaction_id: told.transaction_id,
            arrived_at: Instant(told.arrival),
            hardware_kw: Kw(told.hardware),
            phases: told.phases,
            taken_kw: told.taken.map(Kw),
            accepted_kw: told.accepted.map(Kw),
            actual_draw_kw: Kw(told.draw),
            committed_kw: Kw(told.reserved),
            beyond: told.surplus.iter().map(Beyond::new).collect(),
            decided_kw: told.decided.map(Kw),
            reason: told.binding.name(),
            wire: told.wire.clone(),
            trigger: told.trigger.name(),
            target_kw: told.target.map(Kw),
            waits_for: told.waits.as_ref().map(Waits::new),
            claim: told.claim.as_ref().map(Claim::new),
            trouble: told.trouble.map(TroubleBody::from),
        }
    }
}

impl Claim {
    fn new(told: &explain::Claim) -> Claim {
        Claim {
            order: told.order,
            min_kw: Kw(told.min),
            cap_kw: Kw(told.cap),
            weight: told.weight,
            service_wh: told.service_wh,
            wants_power: told.wants_power,
            switched_at: Instant(told.last_switch),
            rate_kw: Kw(told.rate),
            reason: told.binding.name(),
        }
    }
}

impl Beyond {
    fn new(told: &Surplus) -> Beyond {
        Beyond {
            cause: told.cause.name(),
            limit_kw: Kw(told.limit),
            until: told.until.map(Instant),
        }
    }
}

impl Waits {
    fn new(told: &explain::Waits) -> Waits {
        let (missing, ahead) = match told {
            explain::Waits::Room { missing, ahead } => (Some(*missing), ahead.as_slice()),
            _ => (None, [].as_slice()),
        };
        Waits {
            kind: told.name(),
            until: told.until().map(Instant),
            missing_kw: missing.map(Kw),
            ahead: ahead.iter().map(AheadBody::new).collect(),
        }
    }
}

impl AheadBody {
    fn new(told: &Ahead) -> AheadBody {
        AheadBody {
            charge_point_id: told.charge_point_id.to_string(),
            connector_id: told.connector_id,
            excess_kw: Kw(told.excess),
        }
    }
}

impl Holder {
    fn new(told: &explain::Holder) -> Holder {
        Holder {
            charge_point_id: told.charge_point_id.to_string(),
            connector_id: told.connector_id,
            kind: told.holding.name(),
            until: told.until.map(Instant),
            uncontrolled_kw: Kw(told.uncontrolled),
            committed_kw: Kw(told.reserved),
        }
    }
}

/// An explanation as the API tells it, for whoever writes it elsewhere.
///
/// # Errors
/// When it cannot be written as JSON, which no explanation is known for.
pub fn explained(site: &str, told: &Explanation) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(ExplanationResponse::new(site, told))
}

/// Why every limit of a site is what it is
///
/// For each connector with a transaction: what the decision was about, which rule and which
/// constraint made it, what the charger accepted, the most that may be in force and why, and what a
/// higher limit waits for; with a sentence for people. Nothing changes.
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/allocation/explain", tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site")),
    responses((status = 200, description = "The reasons", body = ExplanationResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn explain_allocation(
    State(api): State<ApiState>,
    Path(site): Path<String>,
) -> Result<Json<ExplanationResponse>, Problem> {
    let told = api.at_site(&site, |view, site| view.csms.explain(view.now, site)).await?;
    Ok(Json(ExplanationResponse::new(&site, &told)))
}
