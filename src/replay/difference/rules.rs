//! Which differences may be: a file of rules, each with its reason.
//!
//! ```toml
//! [[rule]]
//! reason = "the recorded system has a clock of its own"
//! level = "protocol"                # protocol | decisions | outcomes; all where absent
//! charge_point = "cp_*"             # * stands for anything
//! subject = "BootNotification"      # an action, "limit", or the name of an outcome
//! field = "answer/currentTime"      # see Difference::field
//! within_s = 5                      # or within, within_pct, ignore = true
//! ```

use serde::Deserialize;
use thiserror::Error;

use super::{Difference, Level};

/// Rules in the order of their file. The first that permits a difference is the one that was needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules(pub Vec<Rule>);

/// Which differences may be. What is absent matches everything.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Why.
    pub reason: String,
    level: Option<LevelName>,
    charge_point: Option<String>,
    subject: Option<String>,
    field: Option<String>,
    #[serde(default)]
    ignore: bool,
    within: Option<f64>,
    within_pct: Option<f64>,
    within_s: Option<f64>,
    /// Of the program, not of the user's file.
    #[serde(skip)]
    own: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LevelName {
    Protocol,
    Decisions,
    Outcomes,
}

/// Why a file is no list of rules.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BadRules(pub String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
}

impl Rules {
    /// Reads a file of rules.
    ///
    /// # Errors
    /// With line and column, when it is no TOML, a key is unknown, a reason is missing, or a rule permits nothing.
    pub fn parse(text: &str) -> Result<Rules, BadRules> {
        let file: File = toml::from_str(text).map_err(|it| BadRules(it.to_string()))?;
        for (number, rule) in file.rule.iter().enumerate() {
            let number = number + 1;
            let bounds = [rule.within, rule.within_pct, rule.within_s];
            if rule.ignore == bounds.iter().any(Option::is_some) {
                return Err(BadRules(format!(
                    "rule {number} ({}): give ignore = true, or within, within_pct or within_s",
                    rule.reason
                )));
            }
            if bounds.iter().flatten().any(|it| !it.is_finite() || *it < 0.0) {
                let reason = &rule.reason;
                return Err(BadRules(format!("rule {number} ({reason}): a bound below 0")));
            }
            if rule.reason.trim().is_empty() {
                return Err(BadRules(format!("rule {number}: say why, in reason")));
            }
        }
        Ok(Rules(file.rule))
    }

    /// What holds between a charge point and a simulated one beside the user's rules: clocks of whole seconds, registers of
    /// whole watt-hours, and frames that take some time on a link that the simulated one does not have.
    #[must_use]
    pub fn with_those_of_physics(mut self) -> Rules {
        let why = "a simulated charge point has no link between";
        let protocol = || Rule::own(why, LevelName::Protocol, None, "request*");
        let outcomes = || Rule::own(why, LevelName::Outcomes, None, "value");
        self.0.extend([
            Rule { within_s: Some(2.0), ..protocol() },
            Rule { within: Some(2.0), ..protocol() },
            Rule { within_pct: Some(1.0), ..protocol() },
            Rule { within_s: Some(2.0), ..Rule::own(why, LevelName::Decisions, None, "power_w") },
            Rule { within_pct: Some(1.0), ..outcomes() },
            Rule { within: Some(2.0), ..outcomes() },
        ]);
        self
    }

    /// What holds between a site and its twin beside the user's rules: energies within 2 %, the peak within 5 %, as
    /// many limits within 10 %.
    #[must_use]
    pub fn with_those_of_a_twin(mut self) -> Rules {
        let why = "cars of a twin are inferred";
        let own = |subject| Rule::own(why, LevelName::Outcomes, Some(subject), "value");
        let bounds = [("energy_*", 2.0), ("peak_kw", 5.0), ("limit_changes", 10.0)];
        let more = [("reversals", 10.0), ("set_charging_profile_calls", 10.0)];
        let all = bounds.into_iter().chain(more);
        self.0.extend(all.map(|(subject, pct)| Rule { within_pct: Some(pct), ..own(subject) }));
        self
    }

    /// The first rule that permits a difference.
    pub(super) fn permits(&self, it: &Difference) -> Option<usize> {
        self.0.iter().position(|rule| rule.permits(it))
    }
}

impl Rule {
    /// One of the program's, that has no bound yet.
    fn own(reason: &str, level: LevelName, subject: Option<&str>, field: &str) -> Rule {
        Rule {
            reason: reason.to_owned(),
            level: Some(level),
            charge_point: None,
            subject: subject.map(str::to_owned),
            field: Some(field.to_owned()),
            ignore: false,
            within: None,
            within_pct: None,
            within_s: None,
            own: true,
        }
    }

    fn permits(&self, it: &Difference) -> bool {
        let level = self.level.is_none_or(|level| match level {
            LevelName::Protocol => it.level == Level::Protocol,
            LevelName::Decisions => it.level == Level::Decisions,
            LevelName::Outcomes => it.level == Level::Outcomes,
        });
        let like = |pattern: &Option<String>, text: &str| {
            pattern.as_deref().is_none_or(|pattern| matches(pattern, text))
        };
        level
            && like(&self.charge_point, it.point.as_deref().unwrap_or_default())
            && like(&self.subject, &it.subject)
            && like(&self.field, &it.field)
            && (self.ignore || self.bounds(it))
    }

    /// Every bound that is stated must hold.
    fn bounds(&self, it: &Difference) -> bool {
        let gap = it.gap.unwrap_or_default();
        let holds = |bound: Option<f64>, is: Option<f64>| {
            bound.is_none_or(|bound| is.is_some_and(|is| is <= bound))
        };
        holds(self.within, gap.by)
            && holds(self.within_pct, gap.pct)
            && holds(self.within_s, gap.seconds)
    }

    /// Whether it is a rule of the user's.
    #[must_use]
    pub fn is_users(&self) -> bool {
        !self.own
    }

    /// The rule in one line, for reports.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = [
            self.level.map(|it| format!("{it:?}").to_lowercase()),
            self.charge_point.clone(),
            self.subject.clone(),
            self.field.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!(
            "{} ({})",
            if parts.is_empty() { "everything".to_owned() } else { parts.join(" ") },
            self.reason
        )
    }
}

/// Whether a text is like a pattern, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is) in [
            ("cp_1", "cp_1", true),
            ("cp_1", "cp_12", false),
            ("cp_*", "cp_12", true),
            ("*/limit", "request/a/0/limit", true),
            ("request/*/limit", "request/a/0/limit", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), is, "{pattern} {text}");
        }
    }

    #[test]
    fn a_rule_that_permits_nothing_or_has_no_reason_is_refused() {
        let told = |text: &str| Rules::parse(text).unwrap_err().0;
        assert!(told("[[rule]]\nreason = \"x\"").contains("rule 1 (x): give ignore = true"));
        assert!(told("[[rule]]\nignore = true").contains("missing field `reason`"));
        assert!(told("[[rule]]\nreason = \"x\"\nwithin = -1").contains("a bound below 0"));
        assert!(told("[[rule]]\nreason = \"x\"\nwith = 1").contains("unknown field `with`"));
        assert!(Rules::parse("").unwrap().0.is_empty());
    }
}
