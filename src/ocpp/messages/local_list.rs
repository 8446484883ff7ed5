//! The LocalAuthListManagement profile.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ocpp::text;
use crate::ocpp::types::{IdTagInfo, UpdateStatus, UpdateType};

/// GetLocalListVersion.req (OCPP 1.6 §6.27).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetLocalListVersionRequest {}

/// GetLocalListVersion.conf (OCPP 1.6 §6.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetLocalListVersionResponse {
    /// 0: the list is empty; -1: there are no local lists.
    pub list_version: i64,
}

/// SendLocalList.req (OCPP 1.6 §6.41).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendLocalListRequest<'a> {
    /// Version of the list after the update.
    pub list_version: i64,
    /// The whole list or the changes; absent as good as empty.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_objects"
    )]
    pub local_authorization_list: Option<Vec<AuthorizationData<'a>>>,
    /// Which of both.
    pub update_type: UpdateType,
}

/// An entry of a local list (OCPP 1.6 §7.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorizationData<'a> {
    /// At most 20 characters; compared without case.
    #[serde(borrow)]
    pub id_tag: Cow<'a, str>,
    /// The verdict; absent in a differential update: the entry is removed.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_object"
    )]
    pub id_tag_info: Option<IdTagInfo<'a>>,
}

/// SendLocalList.conf (OCPP 1.6 §6.42).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendLocalListResponse {
    /// The answer.
    pub status: UpdateStatus,
}
