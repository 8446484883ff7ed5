//! Single fields of a payload, whatever the others are: captures hold what the standard does not allow, and what
//! is asked of them is little.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::ocpp::Timestamp;
use crate::time::Time;

/// The fields of an object, in their order; none when it is no object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Splits a JSON object.
    pub(crate) fn of(json: &'a str) -> Fields<'a> {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The objects of a list; what else is in it has no fields.
    pub(crate) fn all_of(json: &'a str) -> Vec<Fields<'a>> {
        let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        elements.into_iter().map(|it| Fields::of(it.get())).collect()
    }

    /// A field as JSON text.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }

    /// An object within.
    pub(crate) fn object(&self, name: &str) -> Fields<'a> {
        self.json(name).map(Fields::of).unwrap_or_default()
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        let text = self.json(name)?;
        let plain = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let value = match plain {
            Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
            _ => Cow::Owned(serde_json::from_str(text).ok()?),
        };
        (!value.is_empty()).then_some(value)
    }

    /// A whole number, also one written as a text or with a fraction of 0.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        let text = self.json(name)?.trim_matches('"');
        text.parse().ok().or_else(|| {
            let value = text.parse::<f64>().ok()?;
            (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
        })
    }

    /// An instant that a set clock may show.
    pub(crate) fn instant(&self, name: &str) -> Option<Time> {
        let at = Timestamp::parse(&self.text(name)?)?;
        at.is_plausible().then_some(at.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Fields<'a>, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        source.deserialize_map(Members)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_whatever_its_neighbours_are() {
        let fields = Fields::of(
            r#"{"a":[1,{}],"status":"Fau\u006cted","id":"17","n":5.0,"at":"2026-05-04T06:00:00Z","in":{"x":-1}}"#,
        );
        assert_eq!(fields.text("status").as_deref(), Some("Faulted"));
        assert_eq!((fields.integer("id"), fields.integer("n")), (Some(17), Some(5)));
        assert_eq!(fields.object("in").integer("x"), Some(-1));
        assert_eq!(fields.instant("at"), Time::from_civil(2026, 5, 4, 6, 0, 0));
        assert_eq!((fields.text("a"), fields.integer("status")), (None, None));
        assert_eq!(Fields::of("null").json("a"), None);
        assert_eq!(Fields::of(r#"{"at":"1970-01-01T00:00:00Z","t":""}"#).instant("at"), None);
    }
}
