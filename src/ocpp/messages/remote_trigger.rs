//! The RemoteTrigger profile.

use serde::{Deserialize, Serialize};

use crate::ocpp::text;
use crate::ocpp::types::{MessageTrigger, TriggerMessageStatus};

/// TriggerMessage.req (OCPP 1.6 §6.51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerMessageRequest {
    /// The message wanted; the answer comes first.
    pub requested_message: MessageTrigger,
    /// Connector the message is about, 1-based; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub connector_id: Option<u32>,
}

/// TriggerMessage.conf (OCPP 1.6 §6.52).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerMessageResponse {
    /// The answer.
    pub status: TriggerMessageStatus,
}
