//! Helpers for serde that keep the message types strict and free of copies.
//!
//! serde borrows a plain `Cow<str>` field but copies one inside an `Option` or a `Vec`; it reads
//! `null` as an absent field, and a JSON array as a structure whose fields come in order. The
//! official schemas allow neither `null` nor arrays for objects.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(transparent)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

/// An optional text that is present; `null` is refused.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<Cow<'de, str>>, D::Error> {
    Borrowed::deserialize(source).map(|text| Some(text.0))
}

/// An optional list of texts that is present; `null` is refused.
pub(super) fn optional_list<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<Vec<Cow<'de, str>>>, D::Error> {
    let list = Vec::<Borrowed<'de>>::deserialize(source)?;
    Ok(Some(list.into_iter().map(|text| text.0).collect()))
}

/// An optional field that is present; `null` is refused.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(source).map(Some)
}

/// A structure that is a JSON object and nothing else.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Object<T>, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        source.deserialize_map(Members(PhantomData))
    }
}

/// An object.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<T, D::Error> {
    Object::deserialize(source).map(|object| object.0)
}

/// An optional object that is present; `null` is refused.
pub(super) fn optional_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    object(source).map(Some)
}

/// A list of objects.
pub(super) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Object<T>>::deserialize(source)?;
    Ok(list.into_iter().map(|object| object.0).collect())
}

/// An optional list of objects that is present; `null` is refused.
pub(super) fn optional_objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Option<Vec<T>>, D::Error> {
    objects(source).map(Some)
}
