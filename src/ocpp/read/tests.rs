use super::*;
use crate::ocpp::messages::{
    AuthorizeRequest, BootNotificationRequest, BootNotificationResponse, ClearCacheRequest,
    DataTransferRequest, GetCompositeScheduleResponse, GetConfigurationResponse, HeartbeatRequest,
    MeterValuesRequest, ResetRequest, SetChargingProfileRequest, StartTransactionRequest,
    StartTransactionResponse, StatusNotificationRequest, StopTransactionRequest,
};
use crate::ocpp::profile::Tenths;
use crate::ocpp::types::{
    ChargePointErrorCode, Measurand, Phase, ResetType, StopReason, UnitOfMeasure,
};
use crate::time::Time;
use DeviationKind as D;

fn shown<T>(read: &Read<T>) -> Vec<String> {
    read.deviations.iter().map(ToString::to_string).collect()
}

fn code<'a, T: Deserialize<'a> + Conform>(
    reader: &'a mut Reader,
    action: Action,
    payload: &'a str,
) -> ErrorCode {
    match reader.request::<T>(action, payload) {
        Ok(read) => panic!("{payload} was read with {:?}", read.deviations),
        Err(fault) => fault.code,
    }
}

const NOON: &str = "2026-05-04T12:00:00Z";

fn start(field: &str, value: &str) -> String {
    let mut fields = vec![
        ("connectorId", "1".to_owned()),
        ("idTag", r#""TAG""#.to_owned()),
        ("meterStart", "100".to_owned()),
        ("timestamp", format!("\"{NOON}\"")),
    ];
    fields.retain(|(name, _)| *name != field);
    fields.push((field, value.to_owned()));
    let members: Vec<String> =
        fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn a_conforming_payload_is_borrowed_and_has_no_deviations() {
    let mut reader = Reader::new();
    let payload = start("reservationId", "7");
    let read =
        reader.request::<StartTransactionRequest<'_>>(Action::StartTransaction, &payload).unwrap();
    assert!(matches!(read.value.id_tag, std::borrow::Cow::Borrowed("TAG")));
    assert_eq!(read.deviations.capacity(), 0);
}

#[test]
fn every_repair_of_a_start_is_recorded_where_it_was_made() {
    for (field, value, expected) in [
        ("vendorThing", "[1]", "UnknownField at vendorThing"),
        ("IDTAG", "1", "UnknownField at IDTAG"),
        ("idTag", "123", "NumberForText at idTag"),
        ("idTag", "\"a tag of more than twenty characters\"", "LongText at idTag"),
        ("connectorId", "\"1\"", "TextForNumber at connectorId"),
        ("connectorId", "1.0", "DecimalForInteger at connectorId"),
        ("meterStart", "1234.9", "DecimalForInteger at meterStart"),
        ("meterStart", "\"12,5\"", "TextForNumber at meterStart"),
        ("reservationId", "null", "NullField at reservationId"),
        ("reservationId", "\"\"", "BlankField at reservationId"),
        ("timestamp", "\"2026-05-04 12:00:00\"", "TimeForm at timestamp"),
        ("timestamp", "1777896000", "TimeForm at timestamp"),
        ("timestamp", "\"1970-01-01T00:05:00Z\"", "ImplausibleTime at timestamp"),
        ("timestamp", "\"yesterday\"", "UnreadableTime at timestamp"),
        ("timestamp", "null", "UnreadableTime at timestamp"),
    ] {
        let payload = start(field, value);
        let mut reader = Reader::new();
        let read = reader
            .request::<StartTransactionRequest<'_>>(Action::StartTransaction, &payload)
            .unwrap_or_else(|fault| panic!("{payload}: {fault}"));
        assert_eq!(shown(&read), [expected], "{payload}");
    }
}

#[test]
fn repaired_values_are_the_ones_that_were_meant() {
    let mut reader = Reader::new();
    let payload = r#"{"ConnectorId":"2","idTag":"a tag of more than twenty characters",
        "meterStart":1234.9,"timestamp":"2026-05-04T14:00:00.5+02"}"#;
    let read =
        reader.request::<StartTransactionRequest<'_>>(Action::StartTransaction, payload).unwrap();
    assert_eq!(read.value.connector_id, 2);
    assert_eq!(read.value.id_tag, "a tag of more than twenty characters");
    assert_eq!(read.value.meter_start, 1234);
    assert_eq!(read.value.timestamp.0, Time(1_777_896_000_500_000));
    assert_eq!(
        shown(&read),
        [
            "RenamedField at ConnectorId",
            "TextForNumber at connectorId",
            "LongText at idTag",
            "DecimalForInteger at meterStart",
            "TimeForm at timestamp"
        ]
    );
}

#[test]
fn an_instant_without_a_clock_can_be_told_by_its_value() {
    for time in ["\"0000-00-00T00:00:00Z\"", "\"never\"", "\"0000-01-01T00:00:00+05:00\"", "{}"] {
        let payload = start("timestamp", time);
        let mut reader = Reader::new();
        let read = reader
            .request::<StartTransactionRequest<'_>>(Action::StartTransaction, &payload)
            .unwrap();
        assert!(!read.value.timestamp.is_plausible(), "{time}");
        assert!(!read.deviations.is_empty(), "{time}");
    }
}

#[test]
fn what_cannot_be_repaired_has_the_code_of_its_violation() {
    use ErrorCode as E;
    for (payload, expected) in [
        (start("connectorId", "null"), E::ProtocolError),
        (start("connectorId", "-1"), E::PropertyConstraintViolation),
        (start("connectorId", "1.5"), E::TypeConstraintViolation),
        (start("connectorId", "99999999999999999999"), E::PropertyConstraintViolation),
        (start("connectorId", "[1]"), E::TypeConstraintViolation),
        (start("idTag", "{}"), E::TypeConstraintViolation),
        (start("idTag", "null"), E::ProtocolError),
        (start("meterStart", "1e300"), E::PropertyConstraintViolation),
        (start("meterStart", "\"full\""), E::TypeConstraintViolation),
        ("{}".to_owned(), E::ProtocolError),
        ("null".to_owned(), E::ProtocolError),
        ("[]".to_owned(), E::FormationViolation),
        ("{\"connectorId\":1,}".to_owned(), E::FormationViolation),
        (format!("{},{{}}", start("idTag", "\"x\"")), E::FormationViolation),
    ] {
        let mut reader = Reader::new();
        let code =
            code::<StartTransactionRequest<'_>>(&mut reader, Action::StartTransaction, &payload);
        assert_eq!(code, expected, "{payload}");
    }
}

#[test]
fn null_is_read_as_an_empty_object() {
    let mut reader = Reader::new();
    let read = reader.request::<HeartbeatRequest>(Action::Heartbeat, "null").unwrap();
    assert_eq!(shown(&read), ["NullPayload"]);
    let read = reader.request::<ClearCacheRequest>(Action::ClearCache, "{\"x\":{}}").unwrap();
    assert_eq!(shown(&read), ["UnknownField at x"]);
}

#[test]
fn lists_are_not_objects_whose_fields_come_in_order() {
    let mut reader = Reader::new();
    let code_of = |payload: &str| {
        let mut reader = Reader::new();
        code::<ResetRequest>(&mut reader, Action::Reset, payload)
    };
    assert_eq!(code_of(r#"["Hard"]"#), ErrorCode::FormationViolation);
    let payload = r#"{"idTagInfo":["Accepted"],"transactionId":1}"#;
    let fault = reader
        .response::<StartTransactionResponse<'_>>(Action::StartTransaction, payload)
        .unwrap_err();
    assert_eq!(fault.code, ErrorCode::TypeConstraintViolation);
}

#[test]
fn a_repeated_field_counts_the_last_time() {
    let mut reader = Reader::new();
    let payload = r#"{"type":"Hard","type":"Soft"}"#;
    let read = reader.request::<ResetRequest>(Action::Reset, payload).unwrap();
    assert_eq!((read.value.kind, shown(&read)), (ResetType::Soft, vec!["RepeatedField".into()]));
}

#[test]
fn enumerations_are_read_in_any_case_and_unknown_reasons_become_other() {
    let mut reader = Reader::new();
    let payload = r#"{"connectorId":0,"errorCode":"no_error","status":"SUSPENDEDEV","info":""}"#;
    let read = reader
        .request::<StatusNotificationRequest<'_>>(Action::StatusNotification, payload)
        .unwrap();
    assert_eq!(read.value.error_code, ChargePointErrorCode::NoError);
    assert_eq!(read.value.info.as_deref(), Some(""));
    assert_eq!(shown(&read), ["EnumSpelling at errorCode", "EnumSpelling at status"]);

    let payload = r#"{"connectorId":0,"errorCode":"Vendor17","status":"Faulted"}"#;
    let read = reader
        .request::<StatusNotificationRequest<'_>>(Action::StatusNotification, payload)
        .unwrap();
    assert_eq!(read.value.error_code, ChargePointErrorCode::OtherError);

    let payload =
        format!(r#"{{"meterStop":1,"timestamp":"{NOON}","transactionId":-1,"reason":"Eaten"}}"#);
    let read =
        reader.request::<StopTransactionRequest<'_>>(Action::StopTransaction, &payload).unwrap();
    assert_eq!(read.value.reason, Some(StopReason::Other));

    let payload = r#"{"connectorId":0,"errorCode":"NoError","status":"Asleep"}"#;
    let code =
        code::<StatusNotificationRequest<'_>>(&mut reader, Action::StatusNotification, payload);
    assert_eq!(code, ErrorCode::PropertyConstraintViolation);
}

#[test]
fn prose_is_cut_and_identifiers_are_kept() {
    let mut reader = Reader::new();
    let payload = format!(
        r#"{{"chargePointVendor":"{0}","chargePointModel":"M","chargePointSerialNumber":"{0}"}}"#,
        "ä".repeat(30)
    );
    let read =
        reader.request::<BootNotificationRequest<'_>>(Action::BootNotification, &payload).unwrap();
    assert_eq!(read.value.charge_point_vendor, "ä".repeat(20));
    assert_eq!(read.value.charge_point_serial_number.as_deref(), Some(&*"ä".repeat(30)));
    assert_eq!(
        shown(&read),
        ["CutText at chargePointVendor", "LongText at chargePointSerialNumber"]
    );
}

#[test]
fn a_sampled_value_that_cannot_be_understood_is_dropped_alone() {
    let mut reader = Reader::new();
    let payload = format!(
        r#"{{"connectorId":1,"meterValue":[{{"timestamp":"{NOON}","sampledValue":[
            {{"value":1,"measurand":"power.active.import","phase":"L1N","unit":"KW"}},
            {{"value":"2","measurand":"Vendor.Thing"}},
            {{"value":"3","phase":"L9"}},
            {{"value":"4","unit":"furlong"}},
            {{"value":"5","context":"Sometimes","location":"Moon","format":"raw","phase":""}},
            {{"measurand":"SoC"}},
            {{"value":"7","measurand":"SoC","unit":"%"}},
            {{"value":null}},
            "8"
        ]}}]}}"#
    );
    let read = reader.request::<MeterValuesRequest<'_>>(Action::MeterValues, &payload).unwrap();
    let samples = &read.value.meter_value[0].sampled_value;
    let values: Vec<&str> = samples.iter().map(|sample| &*sample.value).collect();
    assert_eq!(values, ["1", "5", "7"]);
    assert_eq!(samples[0].measurand, Some(Measurand::PowerActiveImport));
    assert_eq!(samples[0].phase, Some(Phase::L1N));
    assert_eq!((samples[1].context, samples[1].location, samples[1].phase), (None, None, None));
    assert_eq!(samples[2].unit, Some(UnitOfMeasure::Percent));
    let dropped = |read: &Read<_>| {
        read.deviations.iter().filter(|deviation| deviation.kind == D::DroppedElement).count()
    };
    assert_eq!(dropped(&read), 6);
    assert_eq!(shown(&read)[0], "NumberForText at meterValue[0].sampledValue[0].value");
}

#[test]
fn empty_lists_and_bare_elements_of_meter_values_do_no_harm() {
    let mut reader = Reader::new();
    let read = reader
        .request::<MeterValuesRequest<'_>>(
            Action::MeterValues,
            r#"{"connectorId":1,"meterValue":[]}"#,
        )
        .unwrap();
    assert_eq!(shown(&read), ["EmptyList at meterValue"]);
    let payload =
        format!(r#"{{"connectorId":1,"meterValue":{{"timestamp":"{NOON}","sampledValue":[]}}}}"#);
    let read = reader.request::<MeterValuesRequest<'_>>(Action::MeterValues, &payload).unwrap();
    assert_eq!(
        shown(&read),
        ["BareElement at meterValue", "EmptyList at meterValue[0].sampledValue"]
    );
}

#[test]
fn a_schedule_needs_periods_and_its_limits_may_be_texts() {
    let mut reader = Reader::new();
    let profile = |periods: &str| {
        format!(
            r#"{{"connectorId":1,"csChargingProfiles":{{"chargingProfileId":1,"stackLevel":0,
            "chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute",
            "chargingSchedule":{{"chargingRateUnit":"a","startSchedule":"{NOON}",
            "chargingSchedulePeriod":{periods}}}}}}}"#
        )
    };
    let payload = profile(r#"[{"startPeriod":0,"limit":"16,37","numberPhases":3.0}]"#);
    let read =
        reader.request::<SetChargingProfileRequest>(Action::SetChargingProfile, &payload).unwrap();
    let period = read.value.cs_charging_profiles.charging_schedule.charging_schedule_period[0];
    assert_eq!((period.limit, period.number_phases), (Tenths(163), Some(3)));
    assert_eq!(read.deviations.len(), 3);
    for (periods, expected) in [
        ("[]", ErrorCode::OccurenceConstraintViolation),
        (r#"[{"startPeriod":0}]"#, ErrorCode::ProtocolError),
        (r#"[{"startPeriod":-1,"limit":6}]"#, ErrorCode::PropertyConstraintViolation),
        (r#"[{"startPeriod":0,"limit":-6}]"#, ErrorCode::PropertyConstraintViolation),
        (
            r#"[{"startPeriod":0,"limit":6,"numberPhases":4}]"#,
            ErrorCode::PropertyConstraintViolation,
        ),
        (r#"[{"startPeriod":0,"limit":"NaN"}]"#, ErrorCode::TypeConstraintViolation),
        (r#"[7]"#, ErrorCode::TypeConstraintViolation),
    ] {
        let payload = profile(periods);
        let code =
            code::<SetChargingProfileRequest>(&mut reader, Action::SetChargingProfile, &payload);
        assert_eq!(code, expected, "{periods}");
    }
    let payload = profile(r#"[{"startPeriod":0,"limit":6}]"#).replace(NOON, "tomorrow");
    let code = code::<SetChargingProfileRequest>(&mut reader, Action::SetChargingProfile, &payload);
    assert_eq!(code, ErrorCode::PropertyConstraintViolation, "a schedule's start must be right");
}

#[test]
fn responses_are_repaired_alike() {
    let mut reader = Reader::new();
    let payload =
        format!(r#"{{"status":"Accepted","currentTime":"{NOON}","heartbeatInterval":300}}"#);
    let read =
        reader.response::<BootNotificationResponse>(Action::BootNotification, &payload).unwrap();
    assert_eq!(
        (read.value.interval, shown(&read)),
        (300, vec!["RenamedField at heartbeatInterval".into()])
    );

    let payload = r#"{"configurationKey":[{"key":"A","readonly":"false","value":7},{"key":"B"}]}"#;
    let read =
        reader.response::<GetConfigurationResponse<'_>>(Action::GetConfiguration, payload).unwrap();
    let keys = read.value.configuration_key.as_ref().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].readonly, keys[0].value.as_deref()), (false, Some("7")));

    let payload = r#"{"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A",
        "chargingSchedulePeriod":[{"startPeriod":0,"limit":-1.0}]}}"#;
    let read = reader
        .response::<GetCompositeScheduleResponse>(Action::GetCompositeSchedule, payload)
        .unwrap();
    assert_eq!(read.deviations, []);
}

#[test]
fn free_data_may_be_a_structure() {
    let mut reader = Reader::new();
    let payload = r#"{"vendorId":"v","data":{"a":[1]}}"#;
    let read = reader.request::<DataTransferRequest<'_>>(Action::DataTransfer, payload).unwrap();
    assert_eq!(read.value.data.as_deref(), Some(r#"{"a":[1]}"#));
    assert_eq!(shown(&read), ["StructureForText at data"]);
    let read = reader
        .request::<AuthorizeRequest<'_>>(Action::Authorize, r#"{"idTag":"\u00e4","connectorId":1}"#)
        .unwrap();
    assert_eq!(
        (&*read.value.id_tag, shown(&read)),
        ("ä", vec!["UnknownField at connectorId".into()])
    );
}
