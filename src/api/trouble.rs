//! What is wrong with a connector that refuses or ignores limits.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::values::Kw;
use crate::csms::Trouble;

/// A charger that refuses or ignores limits.
#[derive(Serialize, ToSchema)]
#[schema(as = Trouble)]
pub(super) struct TroubleBody {
    /// What is wrong.
    kind: TroubleKind,
    /// Of `not_compliant`: the most it drew above what was permitted, in kW.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, example = 7.4)]
    excess_kw: Option<Kw>,
}

/// Kinds of trouble.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TroubleKind {
    /// It takes limits in no form; what it has stays, and its power is reserved.
    Uncontrollable,
    /// It draws more than it accepted; what it has proven to draw is reserved.
    NotCompliant,
    /// It was paused and does not go on although it accepted power again.
    Stuck,
}

impl From<Trouble> for TroubleBody {
    fn from(trouble: Trouble) -> TroubleBody {
        let kind = match trouble {
            Trouble::Uncontrollable => TroubleKind::Uncontrollable,
            Trouble::NotCompliant { .. } => TroubleKind::NotCompliant,
            Trouble::Stuck => TroubleKind::Stuck,
        };
        TroubleBody { kind, excess_kw: trouble.excess().map(Kw) }
    }
}
