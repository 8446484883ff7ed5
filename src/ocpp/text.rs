//! Helpers for serde that keep the message types strict and free of copies.
//!
//! serde borrows a plain `Cow<str>` field but copies one inside an `Option` or a `Vec`, and it
//! reads `null` as an absent field. The official schemas do not allow `null`.

use std::borrow::Cow;

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
