//! Faults of connectors, and steps of their status that OCPP does not know.

use std::collections::BTreeMap;

use super::{Check, Finding, Kind};
use crate::ocpp::types::ChargePointStatus as Status;
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;

/// What connectors reported last.
#[derive(Debug, Default)]
pub(super) struct Connectors {
    by_id: BTreeMap<i64, Reported>,
}

#[derive(Debug, Default)]
struct Reported {
    /// `None`: not known, or none of OCPP 1.6.
    status: Option<Status>,
    /// The error that is there, in words.
    error: Option<String>,
}

impl Check for Connectors {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        match &*call.action {
            // What a connector was before is of no account.
            "BootNotification" => self.by_id.clear(),
            "StatusNotification" => self.reported(call, out),
            _ => {}
        }
    }
}

impl Connectors {
    fn reported(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let fields = Fields::of(&call.body);
        let Some(id) = fields.integer("connectorId") else { return };
        let known = self.by_id.entry(id).or_default();
        let status = fields.text("status").and_then(|text| Status::from_wire(&text));
        if let (Some(from), Some(to)) = (known.status, status)
            && !is_step(from, to)
        {
            let what = format!("the status goes from {} to {}", from.as_str(), to.as_str());
            out.push(Kind::StatusTransition.at(call.line, Some(id), what));
        }
        let error = error(&fields, status);
        // Told again, it is the same fault.
        if let Some(what) = error.as_ref().filter(|_| error != known.error) {
            out.push(Kind::ConnectorFaulted.at(call.line, Some(id), what.clone()));
        }
        *known = Reported { status, error };
    }
}

/// The error that a StatusNotification reports.
fn error(fields: &Fields<'_>, status: Option<Status>) -> Option<String> {
    let code = fields.text("errorCode").filter(|code| code != "NoError");
    let faulted = status == Some(Status::Faulted);
    if code.is_none() && !faulted {
        return None;
    }
    let mut what = String::from(if faulted { "Faulted" } else { "a warning" });
    for detail in [code, fields.text("vendorErrorCode"), fields.text("info")].into_iter().flatten()
    {
        what.push_str(", ");
        what.push_str(&detail);
    }
    Some(what)
}

/// Whether OCPP 1.6 §4.9 has this step. Telling the same again is no step.
fn is_step(from: Status, to: Status) -> bool {
    use Status::{
        Available, Charging, Faulted, Finishing, Preparing, Reserved, SuspendedEv, SuspendedEvse,
        Unavailable,
    };
    if from == to || to == Faulted {
        return true;
    }
    match from {
        Available => to != Finishing,
        Preparing => matches!(to, Available | Charging | SuspendedEv | SuspendedEvse | Finishing),
        Charging | SuspendedEv | SuspendedEvse => !matches!(to, Preparing | Reserved),
        Finishing | Reserved => matches!(to, Available | Preparing | Unavailable),
        Unavailable => !matches!(to, Finishing | Reserved),
        // It goes back to where it was.
        Faulted => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of OCPP 1.6 §4.9, row by row: from -> to.
    #[test]
    fn the_steps_of_the_status_are_those_of_the_specification() {
        let steps = Status::ALL.iter().map(|from| {
            let to = Status::ALL.iter().filter(|to| *to != from && is_step(*from, **to));
            (from.as_str(), to.count())
        });
        let expected = [
            ("Available", 7),
            ("Preparing", 6),
            ("Charging", 6),
            ("SuspendedEVSE", 6),
            ("SuspendedEV", 6),
            ("Finishing", 4),
            ("Reserved", 4),
            ("Unavailable", 6),
            ("Faulted", 8),
        ];
        let steps: BTreeMap<_, _> = steps.collect();
        assert_eq!(steps, expected.into_iter().collect());
    }
}
