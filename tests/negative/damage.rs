//! A whole request of every action, made from the field tables, and all its damaged versions.

use ampacity::ocpp::Action;
use ampacity::ocpp::schema::{Field, Kind, request};
use serde_json::{Map, Value, json};

/// What is done to a field, or to the payload as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Damage {
    Absent,
    Null,
    WrongType,
    TooLong,
    BadEnum,
    Extra,
    OutOfRange,
    BadDate,
    Huge,
    Duplicate,
    Deep,
    EmptyList,
    /// The payload is a list, text or number.
    NoObject,
    /// The payload is no JSON.
    NoJson,
}

impl Damage {
    pub(crate) const ALL: [Damage; 14] = [
        Damage::Absent,
        Damage::Null,
        Damage::WrongType,
        Damage::TooLong,
        Damage::BadEnum,
        Damage::Extra,
        Damage::OutOfRange,
        Damage::BadDate,
        Damage::Huge,
        Damage::Duplicate,
        Damage::Deep,
        Damage::EmptyList,
        Damage::NoObject,
        Damage::NoJson,
    ];
}

/// A field of a request.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// JSON pointer; empty: the payload.
    pub(crate) pointer: String,
    pub(crate) kind: &'static Kind,
    pub(crate) required: bool,
    /// Within an element of a list whose bad elements are left out.
    pub(crate) loose: bool,
    /// An element of a list, not a member of an object.
    pub(crate) element: bool,
}

/// A damaged request.
#[derive(Clone, Debug)]
pub(crate) struct Damaged {
    pub(crate) place: Place,
    pub(crate) damage: Damage,
    /// JSON text, if it is one.
    pub(crate) payload: String,
}

impl Damaged {
    pub(crate) fn story(&self) -> String {
        let place = if self.place.pointer.is_empty() { "the payload" } else { &self.place.pointer };
        format!("{:?} at {place}", self.damage)
    }
}

/// A request with every field it can have, which its receiver serves.
pub(crate) fn sample(action: Action) -> Value {
    object(action, request(action))
}

fn object(action: Action, fields: &'static [Field]) -> Value {
    let member =
        |field: &'static Field| (field.name.to_owned(), value(action, field.name, &field.kind));
    Value::Object(fields.iter().map(member).collect::<Map<String, Value>>())
}

fn value(action: Action, name: &str, kind: &'static Kind) -> Value {
    match (action, name) {
        (_, "idTag" | "parentIdTag") => json!("card"),
        (_, "chargingProfilePurpose") => json!("TxProfile"),
        (_, "unit") => json!("A"),
        (_, "startPeriod" | "stackLevel") => json!(0),
        (Action::ChangeConfiguration, "key") => json!("HeartbeatInterval"),
        (Action::ChangeConfiguration, "value") => json!("600"),
        (Action::GetConfiguration, "key") => json!(["HeartbeatInterval"]),
        // A profile of a remote start names no transaction, yet one that does must be judged.
        _ => by_kind(action, name, kind),
    }
}

fn by_kind(action: Action, name: &str, kind: &'static Kind) -> Value {
    match kind {
        Kind::Prose(_) | Kind::Text(_) => json!("1"),
        Kind::Integer(..) | Kind::Register => json!(1),
        Kind::Limit(_) => json!(16.5),
        Kind::Bool => json!(true),
        Kind::Enum(names) | Kind::LooseEnum(names, _) => json!(names[0]),
        Kind::Time | Kind::Occurred => json!("2026-05-04T07:00:00Z"),
        Kind::Object(fields) => object(action, fields),
        Kind::List(element, _) | Kind::LooseList(element, _) => {
            json!([value(action, &format!("{name}[]"), element)])
        }
    }
}

/// Every damaged version of the sample.
pub(crate) fn damaged(action: Action) -> Vec<Damaged> {
    let whole = sample(action);
    let mut cases = of_the_payload(action, &whole);
    let mut places = Vec::new();
    collect(request(action), "", false, &mut places);
    for place in &places {
        for damage in Damage::ALL {
            for payload in versions(&whole, place, damage) {
                cases.push(Damaged { place: place.clone(), damage, payload });
            }
        }
    }
    cases
}

fn of_the_payload(action: Action, whole: &Value) -> Vec<Damaged> {
    let root: &'static Kind = Box::leak(Box::new(Kind::Object(request(action))));
    let place =
        Place { pointer: String::new(), kind: root, required: true, loose: false, element: false };
    let mut extra = whole.clone();
    extra["fieldOfNobody"] = json!({"a": [1]});
    let texts = [
        (Damage::Null, "null".to_owned()),
        (Damage::Extra, extra.to_string()),
        (Damage::NoObject, "[]".to_owned()),
        (Damage::NoObject, "\"text\"".to_owned()),
        (Damage::NoObject, "7".to_owned()),
        (Damage::NoJson, "{\"a\":".to_owned()),
        (Damage::NoJson, "{},{".to_owned()),
        (Damage::Deep, nested()),
    ];
    texts.map(|(damage, payload)| Damaged { place: place.clone(), damage, payload }).into()
}

fn collect(fields: &'static [Field], at: &str, loose: bool, places: &mut Vec<Place>) {
    for field in fields {
        let pointer = format!("{at}/{}", field.name);
        let place =
            Place { pointer, kind: &field.kind, required: field.required, loose, element: false };
        enter(place, places);
    }
}

fn enter(place: Place, places: &mut Vec<Place>) {
    let (pointer, loose) = (place.pointer.clone(), place.loose);
    let kind = place.kind;
    places.push(place);
    match kind {
        Kind::Object(fields) => collect(fields, &pointer, loose, places),
        Kind::List(element, _) | Kind::LooseList(element, _) => {
            let loose = loose || matches!(kind, Kind::LooseList(..));
            let pointer = format!("{pointer}/0");
            enter(Place { pointer, kind: element, required: true, loose, element: true }, places);
        }
        _ => {}
    }
}

fn nested() -> String {
    format!("{}1{}", "[".repeat(200), "]".repeat(200))
}

/// Stands for text that is put in later, because no JSON value holds it.
const MARK: &str = "@here@";

/// The versions of one damage at one place; none where it does not fit.
fn versions(whole: &Value, place: &Place, damage: Damage) -> Vec<String> {
    let with = |value: Value| {
        let mut payload = whole.clone();
        *payload.pointer_mut(&place.pointer).expect("the sample has every field") = value;
        payload.to_string()
    };
    let with_text = |text: &str| with(json!(MARK)).replace(&format!("\"{MARK}\""), text);
    match damage {
        Damage::Absent if !place.element => vec![without(whole, &place.pointer)],
        Damage::Null => vec![with(Value::Null)],
        Damage::WrongType => wrong_types(place.kind).into_iter().map(with).collect(),
        Damage::TooLong => match place.kind {
            Kind::Prose(max) | Kind::Text(max) if *max < usize::MAX => {
                vec![with(json!("x".repeat(max + 1)))]
            }
            _ => Vec::new(),
        },
        Damage::BadEnum => match place.kind {
            Kind::Enum(_) | Kind::LooseEnum(..) => vec![with(json!("Sideways"))],
            _ => Vec::new(),
        },
        Damage::Extra => match place.kind {
            Kind::Object(_) => {
                let mut payload = whole.clone();
                payload.pointer_mut(&place.pointer).expect("the field")["fieldOfNobody"] = json!(1);
                vec![payload.to_string()]
            }
            _ => Vec::new(),
        },
        Damage::OutOfRange => out_of_range(place.kind).into_iter().map(with).collect(),
        Damage::BadDate => match place.kind {
            Kind::Time | Kind::Occurred => {
                ["yesterday", "2026-13-45T00:00:00Z"].map(|text| with(json!(text))).into()
            }
            _ => Vec::new(),
        },
        Damage::Huge => match place.kind {
            Kind::Integer(..) | Kind::Register | Kind::Limit(_) => {
                ["1e300", "123456789012345678901234567890", "-1e30"].map(with_text).into()
            }
            _ => Vec::new(),
        },
        Damage::Duplicate if !place.element => {
            let value = whole.pointer(&place.pointer).expect("the field");
            let (_, name) = place.pointer.rsplit_once('/').expect("a pointer");
            vec![with_text(&format!("{value},\"{name}\":{value}"))]
        }
        Damage::Deep => vec![with_text(&nested())],
        Damage::EmptyList => match place.kind {
            Kind::List(..) | Kind::LooseList(..) => vec![with(json!([]))],
            _ => Vec::new(),
        },
        Damage::Absent | Damage::Duplicate | Damage::NoObject | Damage::NoJson => Vec::new(),
    }
}

fn without(whole: &Value, pointer: &str) -> String {
    let mut payload = whole.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = payload.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    parent.remove(name);
    payload.to_string()
}

/// Values that no lenient reading turns into the kind, and structures for texts.
fn wrong_types(kind: &Kind) -> Vec<Value> {
    match kind {
        Kind::Prose(_) | Kind::Text(_) => vec![json!(["a"]), json!({"a": 1})],
        Kind::Integer(..) | Kind::Register | Kind::Limit(_) => {
            vec![json!("ten"), json!(true), json!([1]), json!({})]
        }
        Kind::Bool => vec![json!("perhaps"), json!(2), json!([true])],
        Kind::Enum(_) | Kind::LooseEnum(..) => vec![json!(7), json!(["Accepted"]), json!({})],
        Kind::Time | Kind::Occurred => vec![json!(true), json!(["2026-05-04T07:00:00Z"])],
        Kind::Object(_) => vec![json!("text"), json!(7), json!([])],
        Kind::List(..) | Kind::LooseList(..) => vec![json!(7), json!(true)],
    }
}

fn out_of_range(kind: &Kind) -> Vec<Value> {
    match kind {
        Kind::Integer(min, max) => {
            let below = min.checked_sub(1).map(Value::from);
            below.into_iter().chain(max.checked_add(1).map(Value::from)).collect()
        }
        Kind::Limit(min) if *min > f64::NEG_INFINITY => vec![json!(min - 1.0), json!(1e13)],
        _ => Vec::new(),
    }
}
