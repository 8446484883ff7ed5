//! The file format of cases.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::ocpp::profile::RateUnit;
use crate::ocpp::types::Timestamp;

/// Larger than any charge point; keeps sums over connectors cheap.
pub(super) const MOST_CONNECTORS: u32 = 64;

/// The longest schedule: a year. Recurring profiles make periods without end.
pub(super) const MOST_DURATION_S: i64 = 31_622_400;

/// A case that cannot be read: where, why, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path into the file, as `composite_cases[3].query.unit`.
    pub place: String,
    /// Prose.
    pub problem: String,
}

impl Problem {
    pub(super) fn new(place: String, problem: String) -> Problem {
        Problem { place, problem }
    }

    /// Seen from further out.
    pub(super) fn within(self, outer: &str) -> Problem {
        let inner = self.place.trim_start_matches('.');
        let place = if inner.is_empty() { outer.to_owned() } else { format!("{outer}.{inner}") };
        Problem { place, ..self }
    }

    pub(super) fn within_case(self, case: &Case) -> Problem {
        self.within(&format!("case {}", case.id))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.place, self.problem)
        }
    }
}

/// A case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// What it is about.
    pub description: Option<String>,
    /// Points on which implementations differ and that matter here.
    #[serde(default)]
    pub ambiguity: Vec<String>,
    #[serde(default)]
    pub(super) station: Station,
    /// SetChargingProfile requests in order of arrival.
    #[serde(default)]
    pub profiles: Vec<Placed>,
    #[serde(default)]
    pub(super) transactions: Vec<Running>,
    pub(super) query: Asked,
    /// What the answer should be.
    pub expect: Option<Expectation>,
    #[serde(default, rename = "source")]
    _source: IgnoredAny,
    #[serde(default, rename = "spec_refs")]
    _spec_refs: IgnoredAny,
    #[serde(default, rename = "notes")]
    _notes: IgnoredAny,
}

/// The charge point; what it leaves out limits nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Station {
    pub(super) connectors: u32,
    /// Nominal, V.
    pub(super) voltage: i64,
    /// Phases of a period that names none.
    pub(super) default_phases: u8,
    /// What a connector may draw where no profile limits it, A.
    #[serde(rename = "default_limit_A")]
    pub(super) default_limit_a: f64,
    /// The same in W; absent: from the amperes.
    #[serde(rename = "default_limit_W")]
    pub(super) default_limit_w: Option<f64>,
    #[serde(rename = "ChargeProfileMaxStackLevel")]
    pub(super) max_stack_level: Option<i32>,
    #[serde(rename = "ChargingScheduleMaxPeriods")]
    pub(super) max_periods: Option<usize>,
    #[serde(rename = "MaxChargingProfilesInstalled")]
    pub(super) max_installed: Option<usize>,
    #[serde(rename = "ChargingScheduleAllowedChargingRateUnit")]
    pub(super) units: Option<String>,
    #[serde(rename = "SupportedFeatureProfiles")]
    pub(super) features: Option<String>,
}

impl Default for Station {
    fn default() -> Station {
        Station {
            connectors: 1,
            voltage: 230,
            default_phases: 3,
            default_limit_a: 32.0,
            default_limit_w: None,
            max_stack_level: None,
            max_periods: None,
            max_installed: None,
            units: None,
            features: None,
        }
    }
}

/// A SetChargingProfile request, as on the wire or with `profile` for `csChargingProfiles`. A
/// TxProfile without transactionId came with a RemoteStartTransaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// 0: the charge point as a whole.
    #[serde(rename = "connectorId")]
    pub connector_id: u32,
    /// The profile as on the wire.
    #[serde(alias = "csChargingProfiles")]
    pub profile: Map<String, Value>,
}

/// A running transaction.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Running {
    pub(super) connector_id: u32,
    /// -1: started, id unknown.
    pub(super) transaction_id: i64,
    pub(super) start: Timestamp,
}

/// A GetCompositeSchedule request that arrives at `start`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) connector_id: u32,
    pub(super) start: Timestamp,
    pub(super) duration: i64,
    #[serde(default = "amperes")]
    pub(super) unit: RateUnit,
}

const fn amperes() -> RateUnit {
    RateUnit::A
}

/// What the answer should be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Accepted or Rejected; `None`: not checked.
    pub status: Option<String>,
    /// The periods, with limits before rounding.
    #[serde(default)]
    pub periods: Vec<ExpectedPeriod>,
}

/// A period of an expected answer.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedPeriod {
    /// Seconds from the start of the query.
    pub start_period: i64,
    /// In the unit of the query.
    pub limit: f64,
    /// `None`: not checked.
    pub number_phases: Option<i64>,
    /// No profile gives a limit; the maximum of the charge point stands there.
    #[serde(default)]
    pub unlimited: bool,
}

/// The part of a file of many cases that is read here.
#[derive(Deserialize)]
struct CaseFile {
    composite_cases: Vec<Case>,
}

/// Reads a file: one case, or an object that lists many under `composite_cases` and may hold
/// other things beside them.
///
/// # Errors
/// The first thing that cannot be read, with its path, line and column.
pub fn read_cases(text: &str) -> Result<Vec<Case>, Problem> {
    let shape: Value = serde_json::from_str(text)
        .map_err(|error| Problem::new(String::new(), format!("no JSON: {error}")))?;
    let is_list = match &shape {
        Value::Object(members) => members.contains_key("composite_cases"),
        _ => {
            let problem = "a case is an object: {\"id\":..,\"profiles\":[..],\"query\":{..}}";
            return Err(Problem::new(String::new(), problem.to_owned()));
        }
    };
    let mut source = serde_json::Deserializer::from_str(text);
    let read = if is_list {
        serde_path_to_error::deserialize(&mut source).map(|file: CaseFile| file.composite_cases)
    } else {
        serde_path_to_error::deserialize(&mut source).map(|case: Case| vec![case])
    };
    read.map_err(|error| Problem::new(error.path().to_string(), error.inner().to_string()))
}
