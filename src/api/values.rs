//! Values as the API writes and reads them: kilowatts, instants, identities.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::allocation::Strategy;
use crate::allocation::network::PhaseRotation;
use crate::csms::Days;
use crate::ocpp::types::{AuthorizationStatus, ChargePointStatus};
use crate::ocpp::{Action, Direction};
use crate::time::{Span, Time};
use crate::units::Watts;

/// Identities that the API accepts.
pub(super) const ID: &str = "^[A-Za-z0-9_-]{1,64}$";
/// Cards: what OCPP calls an identifierString, at most 20 characters, not a dot first.
pub(super) const ID_TAG: &str = "^[A-Za-z0-9*_=:+|@-][A-Za-z0-9*_=:+|@.-]{0,19}$";
/// A length of time: a number with a unit, or one field of an ISO 8601 duration.
pub(super) const INTERVAL: &str =
    "^([1-9][0-9]{0,5}[smhd]|P[1-9][0-9]{0,5}D|PT[1-9][0-9]{0,5}[HMS])$";
/// A local time of day; 24:00 is its end.
pub(super) const TIME_OF_DAY: &str = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";
/// Name of an OCPP action.
pub(super) const KEY: &str = "^[!-~]{1,64}$";

/// A pattern of the document: how to check it, and in words.
pub(super) struct Pattern {
    pub(super) matches: fn(&str) -> bool,
    pub(super) words: &'static str,
}

/// What a pattern of the document means; `None`: it is not one of ours.
pub(super) fn pattern(pattern: &str) -> Option<Pattern> {
    let (matches, words): (fn(&str) -> bool, _) = match pattern {
        ID => (is_id, "1 to 64 letters, digits, _ or -"),
        ID_TAG => (is_id_tag, "1 to 20 letters, digits or any of * - _ = : + | @ . (no dot first)"),
        INTERVAL => {
            (|text| read_interval(text).is_some(), "a time such as 30s, 15m, 1h, 1d, PT15M")
        }
        TIME_OF_DAY => {
            (|text| read_time_of_day(text).is_some(), "a time of day from 00:00 to 24:00")
        }
        KEY => (is_key, "1 to 64 printable ASCII characters without blanks"),
        _ => return None,
    };
    Some(Pattern { matches, words })
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_id_tag(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"*-_=:+|@.".contains(&b);
    (1..=20).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(allowed)
}

fn is_key(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The length that an interval text means, as [`INTERVAL`] allows it.
pub(super) fn read_interval(text: &str) -> Option<Span> {
    let upper = text.to_ascii_uppercase();
    let (number, unit) = match (text.strip_prefix("PT"), text.strip_prefix('P')) {
        (Some(rest), _) if rest.ends_with(['H', 'M', 'S']) => rest.split_at(rest.len() - 1),
        (None, Some(rest)) if rest.ends_with('D') => rest.split_at(rest.len() - 1),
        (None, None) if text.ends_with(['s', 'm', 'h', 'd']) => upper.split_at(upper.len() - 1),
        _ => return None,
    };
    let digits = (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    if !digits || number.starts_with('0') {
        return None;
    }
    let seconds = match unit {
        "S" => 1,
        "M" => 60,
        "H" => 3600,
        _ => 86_400,
    };
    Some(Span::from_s(number.parse::<i64>().ok()? * seconds))
}

/// Reads a time of day, as [`TIME_OF_DAY`] allows it.
fn read_time_of_day(text: &str) -> Option<Span> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, most: i64| -> Option<i64> {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= most)
    };
    let minute = number(hours, 24)? * 60 + number(minutes, 59)?;
    (minute <= 24 * 60).then(|| Span::from_s(minute * 60))
}

/// Reads an RFC 3339 instant.
pub(super) fn read_time(text: &str) -> Option<Time> {
    Time::parse_ocpp_exact(text).or_else(|| {
        let looks_right = text.len() >= 20 && text.as_bytes()[10].eq_ignore_ascii_case(&b'T');
        let timestamp: jiff::Timestamp = text.parse().ok().filter(|_| looks_right)?;
        Some(Time(timestamp.as_microsecond()))
    })
}

/// Power in kilowatts: a JSON integer when whole, otherwise with at most three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64, minimum = 0, example = 22)]
pub(super) struct Kw(pub(super) Watts);

impl Serialize for Kw {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let watts = self.0.0;
        if watts % 1000 == 0 {
            out.serialize_i64(watts / 1000)
        } else {
            out.serialize_f64(self.0.kw())
        }
    }
}

impl<'de> Deserialize<'de> for Kw {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Kw, D::Error> {
        Ok(Kw(Watts::from_kw(f64::deserialize(input)?)))
    }
}

/// Writes a number as a JSON integer when it is whole.
pub(super) fn number<S: Serializer>(value: &f64, out: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        out.serialize_i64(*value as i64)
    } else {
        out.serialize_f64(*value)
    }
}

/// An instant: RFC 3339, UTC, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = "date-time", example = "2026-05-01T12:00:00Z")]
pub(super) struct Instant(pub(super) Time);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0.to_ocpp())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Instant, D::Error> {
        let text = String::deserialize(input)?;
        let wrong = || serde::de::Error::custom("an RFC 3339 instant is needed");
        read_time(&text).map(Instant).ok_or_else(wrong)
    }
}

/// A local time of day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeOfDay(pub(super) Span);

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let minutes = self.0.whole_s() / 60;
        out.serialize_str(&format!("{:02}:{:02}", minutes / 60, minutes % 60))
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<TimeOfDay, D::Error> {
        let text = String::deserialize(input)?;
        let wrong = || serde::de::Error::custom("a time of day from 00:00 to 24:00 is needed");
        read_time_of_day(&text).map(TimeOfDay).ok_or_else(wrong)
    }
}

/// A day of the week by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Weekday(pub(super) String);

/// A strategy by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Rule(pub(super) Strategy);

/// What a connector does, by the words of OCPP 1.6 §7.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) ChargePointStatus);

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.0.as_str())
    }
}

/// What a card may, by the words of OCPP 1.6 §7.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CardStatus(pub(super) AuthorizationStatus);

impl Serialize for CardStatus {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for CardStatus {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<CardStatus, D::Error> {
        let name = String::deserialize(input)?;
        let wrong = || serde::de::Error::custom(format!("{name:?} is no status of a card"));
        AuthorizationStatus::from_wire(&name).map(CardStatus).ok_or_else(wrong)
    }
}

/// An OCPP action that a central system may send, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ActionName(pub(super) String);

/// The names that [`ActionName`] takes.
fn commands() -> impl Iterator<Item = &'static str> {
    let ours = |action: &&Action| action.direction() != Direction::FromChargePoint;
    Action::ALL.iter().filter(ours).map(|action| action.name())
}

/// An OCPP action by which a charge point tells something beyond charging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct NoticeName(pub(super) String);

/// The names that [`NoticeName`] takes.
const NOTICES: [&str; 7] = [
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
];

/// A speed: virtual seconds per second, or as fast as possible.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Speed {
    /// Virtual seconds per second.
    Times(#[serde(serialize_with = "number")] f64),
    /// As fast as possible.
    Word(SpeedWord),
}

/// A speed without a number.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SpeedWord {
    /// As fast as possible.
    Max,
}

fn speed() -> RefOr<Schema> {
    let times = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Number))
        .exclusive_minimum(Some(0.0))
        .maximum(Some(1e6));
    let word = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let word = word.enum_values(Some(["max"]));
    let about = "Virtual seconds per second, or as fast as possible";
    OneOfBuilder::new().item(times).item(word).description(Some(about)).into()
}

fn names(names: impl IntoIterator<Item = &'static str>, about: &str) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    object.enum_values(Some(names)).description(Some(about)).into()
}

fn text(pattern: &str, about: &str, example: &str) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    object.pattern(Some(pattern)).description(Some(about)).examples([example]).into()
}

macro_rules! schema {
    ($type:ident, $name:literal, $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                $name.into()
            }
        }
    };
}

/// Stand-ins for texts in the document.
pub(super) enum Id {}
pub(super) enum IdTag {}
pub(super) enum Key {}
pub(super) enum Interval {}
/// A weight of the strategies that heed them.
pub(super) enum Weight {}
/// Phases of the grid at the terminals of a charge point.
pub(super) enum Rotation {}

schema!(Rule, "Strategy", names(Strategy::ALL.map(Strategy::name), "How the power is shared"));
schema!(
    Rotation,
    "PhaseRotation",
    names(PhaseRotation::ALL.map(PhaseRotation::name), "R, S and T are L1, L2 and L3 of the grid")
);
schema!(TimeOfDay, "TimeOfDay", text(TIME_OF_DAY, "Local time of day", "17:00"));
schema!(Weekday, "Weekday", names(Days::ALL.names(), "A day of the week"));
schema!(Status, "ConnectorStatus", names(ChargePointStatus::NAMES.iter().copied(), "As in OCPP"));
schema!(CardStatus, "CardStatus", names(AuthorizationStatus::NAMES.iter().copied(), "As in OCPP"));
schema!(ActionName, "Action", names(commands(), "An action that a central system may send"));
schema!(NoticeName, "NoticeAction", names(NOTICES, "An action by which a charge point tells it"));
schema!(Speed, "Speed", speed());
schema!(Id, "Id", text(ID, "An identity", "site_01HXMNOPQR34567890"));
schema!(IdTag, "IdTag", text(ID_TAG, "What a card says", "04A2B3C4D5E6F7"));
schema!(Key, "IdempotencyKey", text(KEY, "Chosen by the caller", "7f3c2a90"));
schema!(Interval, "Interval", text(INTERVAL, "A length of time", "15m"));
schema!(
    Weight,
    "Weight",
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .minimum(Some(1))
        .maximum(Some(1000))
        .description(Some("Weight under the strategies `priority` and `proportional_fair`"))
        .into()
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilowatts_are_integers_when_whole() {
        let written = |watts| serde_json::to_string(&Kw(Watts(watts))).unwrap();
        assert_eq!(written(100_000), "100");
        assert_eq!(written(3_700), "3.7");
        assert_eq!(written(21_942), "21.942");
        assert_eq!(written(0), "0");
        assert_eq!(serde_json::from_str::<Kw>("3.7").unwrap(), Kw(Watts(3_700)));
    }

    #[test]
    fn intervals_read_in_both_spellings() {
        for (text, seconds) in [
            ("15m", 900),
            ("PT15M", 900),
            ("1h", 3600),
            ("PT1H", 3600),
            ("30s", 30),
            ("PT30S", 30),
            ("1d", 86_400),
            ("P1D", 86_400),
        ] {
            assert_eq!(read_interval(text), Some(Span::from_s(seconds)), "{text}");
        }
        for text in
            ["", "m", "0m", "15", "15M", "P15M", "PT1D", "-1h", "1h30m", "9999999s", "PT15m"]
        {
            assert_eq!(read_interval(text), None, "{text}");
        }
    }

    #[test]
    fn times_of_day_are_to_the_minute() {
        let read = |text: &str| serde_json::from_value::<TimeOfDay>(text.into()).ok();
        for (text, minutes) in [("00:00", 0), ("07:30", 450), ("23:59", 1439), ("24:00", 1440)] {
            let time = TimeOfDay(Span::from_s(minutes * 60));
            assert_eq!(read(text), Some(time), "{text}");
            assert_eq!(serde_json::to_value(time).unwrap(), text);
        }
        for text in ["24:01", "12:60", "7:30", "0730", "noon", "", "+7:30", "07:30:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn instants_need_a_zone() {
        let noon = Time::from_civil(2026, 5, 1, 12, 0, 0);
        assert_eq!(read_time("2026-05-01T12:00:00Z"), noon);
        assert_eq!(read_time("2026-05-01T14:00:00+02:00"), noon);
        assert_eq!(read_time("2026-05-01T12:00:00.25Z"), noon.map(|t| Time(t.0 + 250_000)));
        assert_eq!(read_time("2026-05-01T12:00:00"), None);
        assert_eq!(read_time("2026-05-01"), None);
        assert_eq!(read_time("noon"), None);
    }
}
