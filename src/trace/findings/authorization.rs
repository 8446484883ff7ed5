//! Tags that are not accepted, and transactions out of nowhere.

use super::{Answer, Check, Finding, Kind};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;

#[derive(Debug, Default)]
pub(super) struct Tags;

impl Check for Tags {
    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, out: &mut Vec<Finding>) {
        if !matches!(&*call.action, "Authorize" | "StartTransaction") {
            return;
        }
        let info = Fields::of(answer.record.body()).object("idTagInfo");
        if let Some(status) = info.text("status").filter(|status| status != "Accepted") {
            let asked = Fields::of(&call.body);
            let tag = asked.text("idTag").unwrap_or_default();
            let what = format!("{} with idTag {tag:?} was answered {status}", call.action);
            let connector = asked.integer("connectorId");
            out.push(Kind::AuthorizationRefused.at(answer.line, connector, what));
        }
    }
}

/// A charge point boots, somebody is allowed to charge, then a transaction begins.
#[derive(Debug, Default)]
pub(super) struct Beginnings {
    familiar: bool,
}

impl Check for Beginnings {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        match &*call.action {
            "BootNotification" | "Authorize" | "RemoteStartTransaction" => self.familiar = true,
            "StartTransaction" if !self.familiar => {
                self.familiar = true;
                let what = "the charge point is first seen here, and nobody was allowed to charge"
                    .to_owned();
                let connector = Fields::of(&call.body).integer("connectorId");
                out.push(Kind::UnexpectedStart.at(call.line, connector, what));
            }
            _ => {}
        }
    }
}
