//! Transactions and what is metered in them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ocpp::text;
use crate::ocpp::types::{
    IdTagInfo, Location, Measurand, Phase, ReadingContext, StopReason, Timestamp, UnitOfMeasure,
    ValueFormat,
};

/// StartTransaction.req (OCPP 1.6 §6.45).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartTransactionRequest<'a> {
    /// Connector, 1-based.
    pub connector_id: u32,
    /// At most 20 characters; compared without case.
    #[serde(borrow)]
    pub id_tag: Cow<'a, str>,
    /// Register at the start, Wh.
    pub meter_start: i64,
    /// The reservation this start consumes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub reservation_id: Option<i64>,
    /// When the transaction started.
    pub timestamp: Timestamp,
}

/// StartTransaction.conf (OCPP 1.6 §6.46).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartTransactionResponse<'a> {
    /// The verdict; the transaction exists even when it is not `Accepted`.
    #[serde(borrow, deserialize_with = "text::object")]
    pub id_tag_info: IdTagInfo<'a>,
    /// Should be a unique positive 32-bit number (errata 3.54); 0, -1 and 64 bits occur.
    pub transaction_id: i64,
}

/// StopTransaction.req (OCPP 1.6 §6.49).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopTransactionRequest<'a> {
    /// Who stopped it; at most 20 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub id_tag: Option<Cow<'a, str>>,
    /// Register at the end, Wh.
    pub meter_stop: i64,
    /// When the transaction ended.
    pub timestamp: Timestamp,
    /// As given by StartTransaction.conf, -1 if that never came (errata 3.18).
    pub transaction_id: i64,
    /// `Local` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub reason: Option<StopReason>,
    /// Values of `StopTxnSampledData` and `StopTxnAlignedData`.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_objects"
    )]
    pub transaction_data: Option<Vec<MeterValue<'a>>>,
}

/// StopTransaction.conf (OCPP 1.6 §6.50).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopTransactionResponse<'a> {
    /// About the `id_tag` of the request.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_object"
    )]
    pub id_tag_info: Option<IdTagInfo<'a>>,
}

/// MeterValues.req (OCPP 1.6 §6.31).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeterValuesRequest<'a> {
    /// Connector, 0 for the station as a whole.
    pub connector_id: u32,
    /// The transaction running at the time of the sample (errata 3.16).
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub transaction_id: Option<i64>,
    /// At least one.
    #[serde(borrow, deserialize_with = "text::objects")]
    pub meter_value: Vec<MeterValue<'a>>,
}

/// MeterValues.conf (OCPP 1.6 §6.32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterValuesResponse {}

/// Values sampled at one instant (OCPP 1.6 §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeterValue<'a> {
    /// When they were sampled.
    pub timestamp: Timestamp,
    /// At least one.
    #[serde(borrow, deserialize_with = "text::objects")]
    pub sampled_value: Vec<SampledValue<'a>>,
}

/// One sampled value (OCPP 1.6 §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SampledValue<'a> {
    /// A decimal number, or signed data.
    #[serde(borrow)]
    pub value: Cow<'a, str>,
    /// `Sample.Periodic` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub context: Option<ReadingContext>,
    /// `Raw` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub format: Option<ValueFormat>,
    /// `Energy.Active.Import.Register` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub measurand: Option<Measurand>,
    /// The overall value when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub phase: Option<Phase>,
    /// `Outlet` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub location: Option<Location>,
    /// `Wh` when absent and the measurand is an energy.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub unit: Option<UnitOfMeasure>,
}

impl<'a> SampledValue<'a> {
    /// A bare value: the energy register in Wh.
    #[must_use]
    pub fn new(value: impl Into<Cow<'a, str>>) -> SampledValue<'a> {
        SampledValue {
            value: value.into(),
            context: None,
            format: None,
            measurand: None,
            phase: None,
            location: None,
            unit: None,
        }
    }

    /// The measurand, with its default.
    #[must_use]
    pub fn measurand_or_default(&self) -> Measurand {
        self.measurand.unwrap_or(Measurand::EnergyActiveImportRegister)
    }

    /// The reading context, with its default.
    #[must_use]
    pub fn context_or_default(&self) -> ReadingContext {
        self.context.unwrap_or(ReadingContext::SamplePeriodic)
    }
}
