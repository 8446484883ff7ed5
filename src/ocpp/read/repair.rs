//! Repairs JSON until it keeps to the tables, and records what it did.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::instant::{self, Instant};
use super::{Deviation, DeviationKind as D};
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::charging_profile::tenths;
use crate::ocpp::schema::{Fault, Field, Kind};
use crate::ocpp::timestamp::Timestamp;
use crate::time::Time;

/// Names under which stations and central systems send fields of the specification.
const FIELD_ALIASES: [(&str, &str); 1] = [("heartbeatInterval", "interval")];

/// Texts that stations send for values of an enumeration, beyond case and punctuation.
const ENUM_ALIASES: [(&str, &str); 5] =
    [("%", "Percent"), ("Hz", "Hertz"), ("C", "Celsius"), ("°C", "Celsius"), ("Amp", "A")];

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    LeftOut,
}

/// A repair under way.
#[derive(Debug, Default)]
pub(super) struct Repair {
    pub(super) deviations: Vec<Deviation>,
    path: String,
}

impl Repair {
    /// Records a deviation at the current place.
    pub(super) fn note(&mut self, kind: D) {
        self.deviations.push(Deviation { kind, path: self.path.clone() });
    }

    /// Makes an object fit its fields.
    pub(super) fn object(
        &mut self,
        fields: &[Field],
        members: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        self.names(fields, members);
        fields.iter().try_for_each(|field| self.at_field(field.name, |me| me.field(field, members)))
    }

    /// Renames or leaves out what is not a field.
    fn names(&mut self, fields: &[Field], members: &mut Map<String, Value>) {
        let known = |name: &str| fields.iter().any(|field| field.name == name);
        let strangers: Vec<String> = members.keys().filter(|name| !known(name)).cloned().collect();
        for name in strangers {
            let value = members.remove(&name).unwrap_or_default();
            let meant = fields
                .iter()
                .find(|field| is_called(field.name, &name) && !members.contains_key(field.name));
            let kind = match meant {
                Some(field) => {
                    members.insert(field.name.to_owned(), value);
                    D::RenamedField
                }
                None => D::UnknownField,
            };
            self.at_field(&name, |me| me.note(kind));
        }
    }

    fn field(&mut self, field: &Field, members: &mut Map<String, Value>) -> Result<(), Fault> {
        if members.get(field.name).is_none_or(|value| field.required && value.is_null()) {
            return match field.kind {
                _ if !field.required => Ok(()),
                Kind::Occurred => {
                    self.note(D::UnreadableTime);
                    members.insert(field.name.to_owned(), instant_json(Time::default()));
                    Ok(())
                }
                _ => Err(Fault::new(ErrorCode::ProtocolError, &self.path, "missing")),
            };
        }
        let Some(value) = members.get_mut(field.name) else { return Ok(()) };
        let blank = value.as_str().is_some_and(|text| text.trim().is_empty())
            && !matches!(field.kind, Kind::Prose(_) | Kind::Text(_));
        let fate = match value {
            Value::Null => self.leave_out(D::NullField),
            _ if blank && !field.required => self.leave_out(D::BlankField),
            _ => self.value(&field.kind, value)?,
        };
        if fate == Fate::LeftOut {
            members.remove(field.name);
        }
        Ok(())
    }

    fn value(&mut self, kind: &Kind, value: &mut Value) -> Result<Fate, Fault> {
        match kind {
            Kind::Prose(max) => self.text(value, *max, true)?,
            Kind::Text(max) => self.text(value, *max, false)?,
            Kind::Integer(min, max) => self.integer(value, *min, *max)?,
            Kind::Register => self.register(value)?,
            Kind::Limit(min) => self.limit(value, *min)?,
            Kind::Bool => self.bool(value)?,
            Kind::Enum(names) => {
                if !self.enumeration(value, names)? {
                    return Err(self.refuse("not a value of the enumeration"));
                }
            }
            Kind::LooseEnum(names, other) => {
                if !self.enumeration(value, names)? {
                    return Ok(match other {
                        Some(name) => {
                            self.note(D::UnknownEnum);
                            *value = Value::from(*name);
                            Fate::Kept
                        }
                        None => self.leave_out(D::UnknownEnum),
                    });
                }
            }
            Kind::Time => self.time(value)?,
            Kind::Occurred => self.occurred(value),
            Kind::Object(fields) => match value {
                Value::Object(members) => self.object(fields, members)?,
                _ => return Err(self.mistyped("not an object")),
            },
            Kind::List(element, min) => self.list(value, element, *min, false)?,
            Kind::LooseList(element, min) => self.list(value, element, *min, true)?,
        }
        Ok(Fate::Kept)
    }

    fn text(&mut self, value: &mut Value, max: usize, may_cut: bool) -> Result<(), Fault> {
        match value {
            Value::String(_) => {}
            Value::Number(_) | Value::Bool(_) => {
                self.note(D::NumberForText);
                *value = Value::String(value.to_string());
            }
            Value::Object(_) | Value::Array(_) if max == usize::MAX => {
                self.note(D::StructureForText);
                *value = Value::String(value.to_string());
            }
            _ => return Err(self.mistyped("not a text")),
        }
        if let Value::String(text) = value
            && let Some((end, _)) = text.char_indices().nth(max)
        {
            if may_cut {
                self.note(D::CutText);
                text.truncate(end);
            } else {
                self.note(D::LongText);
            }
        }
        Ok(())
    }

    fn integer(&mut self, value: &mut Value, min: i64, max: i64) -> Result<(), Fault> {
        let number = match value.as_i64() {
            Some(number) => number,
            None => {
                let number = self.decimal(value)?;
                if number.fract() != 0.0 {
                    return Err(self.mistyped("not an integer"));
                }
                self.whole(number)?
            }
        };
        if !(min..=max).contains(&number) {
            return Err(self.refuse("out of range"));
        }
        *value = Value::from(number);
        Ok(())
    }

    fn register(&mut self, value: &mut Value) -> Result<(), Fault> {
        if value.as_i64().is_none() {
            let number = self.decimal(value)?;
            *value = Value::from(self.whole(number.floor())?);
        }
        Ok(())
    }

    /// Records a number that is not an integer, or the text it stands in.
    fn decimal(&mut self, value: &Value) -> Result<f64, Fault> {
        match value {
            Value::Number(number) => {
                if number.is_f64() {
                    self.note(D::DecimalForInteger);
                }
                number.as_f64().ok_or_else(|| self.refuse("out of range"))
            }
            Value::String(text) => {
                let number = number_in(text).ok_or_else(|| self.mistyped("not a number"))?;
                self.note(D::TextForNumber);
                Ok(number)
            }
            _ => Err(self.mistyped("not a number")),
        }
    }

    /// An integral double as integer; beyond 2^53 the sender meant something else.
    fn whole(&self, number: f64) -> Result<i64, Fault> {
        let exact = number.abs() <= (1_i64 << 53) as f64;
        exact.then_some(number as i64).ok_or_else(|| self.refuse("out of range"))
    }

    fn limit(&mut self, value: &mut Value, min: f64) -> Result<(), Fault> {
        let number = match value.as_f64() {
            Some(number) => number,
            None => self.decimal(value)?,
        };
        if number < min || tenths(number).is_none() {
            return Err(self.refuse("out of range"));
        }
        if !value.is_number() {
            *value = Value::from(number);
        }
        Ok(())
    }

    fn bool(&mut self, value: &mut Value) -> Result<(), Fault> {
        let truth = match value {
            Value::Bool(_) => return Ok(()),
            Value::Number(number) => match number.as_i64() {
                Some(0) => false,
                Some(1) => true,
                _ => return Err(self.mistyped("not a truth value")),
            },
            Value::String(text) if text.trim().eq_ignore_ascii_case("true") => true,
            Value::String(text) if text.trim().eq_ignore_ascii_case("false") => false,
            _ => return Err(self.mistyped("not a truth value")),
        };
        self.note(D::OtherForBool);
        *value = Value::Bool(truth);
        Ok(())
    }

    /// False: no value of the enumeration is meant.
    fn enumeration(&mut self, value: &mut Value, names: &[&str]) -> Result<bool, Fault> {
        let Value::String(text) = value else { return Err(self.mistyped("not a text")) };
        if names.contains(&text.as_str()) {
            return Ok(true);
        }
        let Some(meant) = names.iter().find(|name| is_meant(name, text.trim())) else {
            return Ok(false);
        };
        self.note(D::EnumSpelling);
        *value = Value::from(*meant);
        Ok(true)
    }

    fn time(&mut self, value: &mut Value) -> Result<(), Fault> {
        match self.instant(value) {
            Instant::At(_) => Ok(()),
            Instant::Unreadable if value.is_string() => Err(self.refuse("not a timestamp")),
            Instant::Unreadable => Err(self.mistyped("not a timestamp")),
        }
    }

    fn occurred(&mut self, value: &mut Value) {
        if self.instant(value) == Instant::Unreadable {
            self.note(D::UnreadableTime);
            *value = instant_json(Time::default());
        }
    }

    fn instant(&mut self, value: &mut Value) -> Instant {
        let strict = value.as_str().and_then(Timestamp::parse);
        let read = match (strict, &*value) {
            (Some(timestamp), _) => Instant::At(timestamp.0),
            (None, Value::String(text)) => instant::read(text),
            (None, Value::Number(number)) => {
                number.as_i64().map_or(Instant::Unreadable, instant::from_unix)
            }
            (None, _) => Instant::Unreadable,
        };
        if let Instant::At(time) = read {
            if strict.is_none() {
                self.note(D::TimeForm);
                *value = instant_json(time);
            }
            if !Timestamp(time).is_plausible() {
                self.note(D::ImplausibleTime);
            }
        }
        read
    }

    fn list(
        &mut self,
        value: &mut Value,
        element: &Kind,
        min: usize,
        loose: bool,
    ) -> Result<(), Fault> {
        if value.is_object() || value.is_string() {
            self.note(D::BareElement);
            *value = Value::Array(vec![value.take()]);
        }
        let Value::Array(items) = value else { return Err(self.mistyped("not a list")) };
        if items.len() < min {
            if !loose {
                let code = ErrorCode::OccurenceConstraintViolation;
                return Err(Fault::new(code, &self.path, "list too short"));
            }
            self.note(D::EmptyList);
        }
        let mut kept = Vec::with_capacity(items.len());
        for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
            let fate = self.at_element(index, |me| {
                let fate = me.value(element, &mut item);
                if loose && fate.is_err() { Ok(me.leave_out(D::DroppedElement)) } else { fate }
            })?;
            if fate == Fate::Kept {
                kept.push(item);
            }
        }
        *items = kept;
        Ok(())
    }

    fn leave_out(&mut self, kind: D) -> Fate {
        self.note(kind);
        Fate::LeftOut
    }

    fn mistyped(&self, what: &str) -> Fault {
        Fault::new(ErrorCode::TypeConstraintViolation, &self.path, what)
    }

    fn refuse(&self, what: &str) -> Fault {
        Fault::new(ErrorCode::PropertyConstraintViolation, &self.path, what)
    }

    /// Works on a member of the current object.
    fn at_field<R>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = work(self);
        self.path.truncate(length);
        result
    }

    /// Works on an element of the current list.
    fn at_element<R>(&mut self, index: usize, work: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        // Writing to a `String` cannot fail.
        let _ = write!(self.path, "[{index}]");
        let result = work(self);
        self.path.truncate(length);
        result
    }
}

fn is_called(field: &str, name: &str) -> bool {
    field.eq_ignore_ascii_case(name) || FIELD_ALIASES.contains(&(name, field))
}

/// Whether a text means a value, whatever its case and punctuation.
fn is_meant(name: &str, text: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    ENUM_ALIASES.contains(&(text, name)) || letters(name) == letters(text)
}

/// A number in a text, also with a decimal comma.
fn number_in(text: &str) -> Option<f64> {
    let number: f64 = text.trim().replacen(',', ".", 1).parse().ok()?;
    number.is_finite().then_some(number)
}

/// An instant as a strict timestamp that keeps its fraction; instants no four-digit year holds
/// become 1970, which is as implausible.
fn instant_json(time: Time) -> Value {
    const YEAR_0000: Time = Time::from_unix_s(-62_167_219_200);
    const YEAR_10000: Time = Time::from_unix_s(253_402_300_800);
    let time = if (YEAR_0000..YEAR_10000).contains(&time) { time } else { Time::default() };
    let mut text = time.to_ocpp();
    let micros = time.0.rem_euclid(1_000_000);
    if micros != 0 {
        text.insert_str(19, &format!(".{micros:06}"));
    }
    Value::String(text)
}
