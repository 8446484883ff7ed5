//! The lenient reader: reads what stations send, and says what was wrong with it.
//!
//! A payload that keeps to the specification is read once, straight into its type, without
//! copies. Any other is read as JSON of unknown type, repaired by the tables of
//! [`schema`], written again and read as its type; every repair is recorded. What
//! cannot be repaired is a [`Fault`] with the code for the CALLERROR. A limit finer than a tenth
//! is rounded down without a record.

mod instant;
mod repair;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::action::Action;
use super::error::ErrorCode;
use super::frame::push_json;
use super::messages::Conform;
pub use super::schema::Fault;
use super::schema::{self, Field};
use super::text::Object;
use repair::Repair;

/// Reads payloads; keeps the buffer for repaired ones.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    repaired: String,
}

/// A value and what had to be repaired to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<T> {
    /// The message.
    pub value: T,
    /// In the order of the fields; empty, without an allocation, for a conforming payload.
    pub deviations: Vec<Deviation>,
}

/// A departure from the specification that did not keep a payload from being read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deviation {
    /// What was wrong.
    pub kind: DeviationKind,
    /// Where, e.g. `meterValue[0].sampledValue[2].value`; empty: the payload as a whole.
    pub path: String,
}

/// What was wrong, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviationKind {
    /// A payload that is `null` or missing: read as `{}`.
    NullPayload,
    /// A field the message does not have: left out.
    UnknownField,
    /// A field under another name or in another case: renamed.
    RenamedField,
    /// A field that occurs more than once: the last one counts.
    RepeatedField,
    /// An optional field that is `null`: left out.
    NullField,
    /// An optional number, date or enumeration that is an empty text: left out.
    BlankField,
    /// A number or truth value where a text belongs: written as text.
    NumberForText,
    /// An object or list where a free text belongs: written as JSON.
    StructureForText,
    /// A text where a number belongs: read as number.
    TextForNumber,
    /// An integer with a decimal point, or a fraction of a register, which is rounded down.
    DecimalForInteger,
    /// A text or number where a truth value belongs: read as one.
    OtherForBool,
    /// A prose text too long: cut.
    CutText,
    /// An identifier or value too long: kept.
    LongText,
    /// An enumeration in another case or with other punctuation: corrected.
    EnumSpelling,
    /// An unknown value of an enumeration that is not essential: left out, or replaced by the
    /// value for "other".
    UnknownEnum,
    /// A timestamp in another form: no zone (read as UTC), `+02`, lower case, a blank for `T`, ..
    TimeForm,
    /// A timestamp before the year 2000: the clock was never set. Use the time of arrival.
    ImplausibleTime,
    /// A timestamp that is missing or no timestamp: read as 1970-01-01T00:00:00Z, which is
    /// [not plausible](super::Timestamp::is_plausible). Use the time of arrival.
    UnreadableTime,
    /// A single element where a list belongs: read as a list of one.
    BareElement,
    /// An element that cannot be read: left out of its list.
    DroppedElement,
    /// An empty list where at least one element belongs: kept.
    EmptyList,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{:?}", self.kind)
        } else {
            write!(f, "{:?} at {}", self.kind, self.path)
        }
    }
}

impl Reader {
    /// A reader with an empty buffer.
    #[must_use]
    pub fn new() -> Reader {
        Reader::default()
    }

    /// Reads the payload of a CALL of `action` as `T`, the type of its request.
    ///
    /// # Errors
    /// [`Fault`] when the payload cannot be repaired; its code is the one for the CALLERROR.
    pub fn request<'a, T: Deserialize<'a> + Conform>(
        &'a mut self,
        action: Action,
        payload: &'a str,
    ) -> Result<Read<T>, Fault> {
        self.read(schema::request(action), payload)
    }

    /// Reads the payload of the CALLRESULT of `action` as `T`, the type of its response.
    ///
    /// # Errors
    /// [`Fault`] when the payload cannot be repaired.
    pub fn response<'a, T: Deserialize<'a> + Conform>(
        &'a mut self,
        action: Action,
        payload: &'a str,
    ) -> Result<Read<T>, Fault> {
        self.read(schema::response(action), payload)
    }

    fn read<'a, T: Deserialize<'a> + Conform>(
        &'a mut self,
        fields: &'static [Field],
        payload: &'a str,
    ) -> Result<Read<T>, Fault> {
        let strict = serde_json::from_str::<Object<T>>(payload);
        let well_formed = strict.is_ok();
        if let Ok(Object(value)) = strict
            && value.conforms()
        {
            return Ok(Read { value, deviations: Vec::new() });
        }
        let mut deviations = self.repair(fields, payload)?;
        if deviations.is_empty() && !well_formed {
            let path = String::new();
            deviations.push(Deviation { kind: DeviationKind::RepeatedField, path });
        }
        match serde_json::from_str(&self.repaired) {
            Ok(value) => Ok(Read { value, deviations }),
            Err(error) => Err(Fault::new(ErrorCode::FormationViolation, "", error)),
        }
    }

    /// Leaves the repaired payload in the buffer.
    fn repair(&mut self, fields: &'static [Field], payload: &str) -> Result<Vec<Deviation>, Fault> {
        let formation =
            |what: &dyn fmt::Display| Err(Fault::new(ErrorCode::FormationViolation, "", what));
        let mut repair = Repair::default();
        let mut members = match serde_json::from_str(payload) {
            Ok(Value::Object(members)) => members,
            Ok(Value::Null) => {
                repair.note(DeviationKind::NullPayload);
                serde_json::Map::new()
            }
            Ok(_) => return formation(&"not an object"),
            Err(error) => return formation(&error),
        };
        repair.object(fields, &mut members)?;
        self.repaired.clear();
        push_json(&mut self.repaired, &members);
        Ok(repair.deviations)
    }
}
