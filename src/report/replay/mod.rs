//! What a replay tells: for people, for programs, for a CI.
//!
//! | file | what it makes |
//! |---|---|
//! | `terminal` | the verdict first, then the first divergence with what led to it |
//! | `json` | everything, for programs |
//! | `junit` | a test case for each transaction |
//! | `markdown` | every difference, to be read before it is accepted |

pub mod json;
pub mod junit;
pub mod markdown;
pub mod terminal;

use std::collections::BTreeMap;

use crate::replay::difference::{Comparison, Difference, Rules};
use crate::replay::story::{Exchange, Story};
use crate::time::Time;

/// A replay that has been compared.
#[derive(Clone, Debug)]
pub struct Replayed<'a> {
    /// Its trace, as the user named it.
    pub trace: &'a str,
    /// Which way: the word of `--against`.
    pub against: &'a str,
    /// What it is compared with, in words.
    pub reference: String,
    /// Where the set-up of the site comes from, in words.
    pub setup: String,
    /// As it was.
    pub before: &'a Story,
    /// As it is.
    pub now: &'a Story,
    /// What is different.
    pub comparison: &'a Comparison,
    /// What may be.
    pub rules: &'a Rules,
    /// By action: answers in the place of whoever was not recorded.
    pub stand_ins: BTreeMap<String, u64>,
    /// Things a reader should know, in sentences.
    pub notes: Vec<String>,
    /// What the allocator had before it at the first divergence.
    pub inputs: Option<Inputs>,
}

/// What the allocator had before it at an instant.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Inputs {
    /// When.
    pub at: String,
    /// The rule.
    pub strategy: String,
    /// What electric vehicles may share, kW.
    pub ev_limit_kw: f64,
    /// What is divided, kW.
    pub capacity_kw: f64,
    /// Everything that could be in force, kW.
    pub committed_kw: f64,
    /// One for each connector with a transaction.
    pub sessions: Vec<Session>,
}

/// A session as the allocator has it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Session {
    /// Its charge point.
    pub charge_point_id: String,
    /// 1-based.
    pub connector_id: u32,
    /// Smallest rate that charges, kW; none where it takes no part.
    pub min_kw: Option<f64>,
    /// Largest rate worth offering, kW.
    pub cap_kw: Option<f64>,
    /// What a decision gives, kW.
    pub rate_kw: Option<f64>,
    /// What binds it.
    pub binding: String,
    /// What was accepted, kW.
    pub accepted_kw: Option<f64>,
    /// What the meter showed, kW.
    pub draw_kw: f64,
}

impl Replayed<'_> {
    /// Whether nothing differs.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.comparison.differences.is_empty()
    }

    /// What was said at a charge point shortly before an instant.
    fn lead(&self, it: &Difference, story: &Story, count: usize) -> Vec<String> {
        let point = it.point.as_deref().and_then(|point| story.points.get(point));
        let all = point.map(|point| point.exchanges.as_slice()).unwrap_or_default();
        let earlier = all.partition_point(|exchange| exchange.at < it.at);
        all[earlier.saturating_sub(count)..earlier].iter().map(exchange).collect()
    }
}

/// An exchange in a line.
fn exchange(it: &Exchange) -> String {
    let arrow = if it.slot.from_point { "->" } else { "<-" };
    let answer = match &it.answer {
        None => "no answer".to_owned(),
        Some(answer) => answer.body.to_string(),
    };
    format!("{} {arrow} {} {} : {answer}", clock(it.at), it.slot.action, it.request)
}

/// An instant of a trace to the millisecond, UTC.
fn clock(at: Time) -> String {
    let ms = at.0.div_euclid(1000).rem_euclid(1000);
    format!("{}.{ms:03}Z", at.to_ocpp().trim_end_matches('Z'))
}

/// Where a difference is, in words.
fn place(it: &Difference) -> String {
    let mut place = it.point.clone().unwrap_or_else(|| "the site".to_owned());
    if let Some(connector) = it.connector {
        place.push_str(&format!(", connector {connector}"));
    }
    if let Some(number) = it.transaction {
        place.push_str(&format!(", transaction #{number}"));
    }
    place
}
