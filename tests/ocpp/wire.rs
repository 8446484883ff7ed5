//! Frames as they look on the wire.

use ampacity::ocpp::frame::{write_call, write_error, write_result};
use ampacity::ocpp::messages::{
    BootNotificationResponse, ChargingProfile, MeterValue, MeterValuesRequest, SampledValue,
    SetChargingProfileRequest, StartTransactionResponse, StopTransactionRequest,
};
use ampacity::ocpp::profile::{Kind, Period, Profile, Purpose, RateUnit, Schedule, Tenths};
use ampacity::ocpp::types::{
    AuthorizationStatus, IdTagInfo, Location, Measurand, Phase, ReadingContext, RegistrationStatus,
    StopReason, UnitOfMeasure, ValueFormat,
};
use ampacity::ocpp::{Action, CallError, ErrorCode, Frame, Timestamp};
use ampacity::time::Time;
use proptest::prelude::*;

fn noon() -> Timestamp {
    Timestamp(Time::from_civil(2026, 5, 4, 12, 0, 0).expect("a date"))
}

fn profile() -> Profile {
    Profile {
        id: 7,
        transaction_id: Some(4711),
        stack_level: 2,
        purpose: Purpose::TxProfile,
        kind: Kind::Absolute,
        recurrency: None,
        valid_from: None,
        valid_to: None,
        schedule: Schedule {
            duration_s: Some(600),
            start: Some(noon().0),
            unit: RateUnit::A,
            periods: vec![
                Period { start_s: 0, limit: Tenths(163), phases: Some(3) },
                Period { start_s: 300, limit: Tenths(60), phases: None },
            ],
            min_rate: None,
        },
    }
}

#[test]
fn a_charging_profile_is_written_with_exact_limits() {
    let request = SetChargingProfileRequest {
        connector_id: 1,
        cs_charging_profiles: ChargingProfile::from(&profile()),
    };
    let mut out = String::new();
    write_call(&mut out, "a1", Action::SetChargingProfile, &request);
    assert_eq!(
        out,
        concat!(
            r#"[2,"a1","SetChargingProfile",{"connectorId":1,"csChargingProfiles":{"#,
            r#""chargingProfileId":7,"transactionId":4711,"stackLevel":2,"#,
            r#""chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","#,
            r#""chargingSchedule":{"duration":600,"startSchedule":"2026-05-04T12:00:00Z","#,
            r#""chargingRateUnit":"A","chargingSchedulePeriod":["#,
            r#"{"startPeriod":0,"limit":16.3,"numberPhases":3},{"startPeriod":300,"limit":6}]}}}]"#
        )
    );
    let Ok(Frame::Call(call)) = Frame::parse(&out) else { panic!("{out}") };
    let read: SetChargingProfileRequest = serde_json::from_str(call.payload).expect("our own");
    assert_eq!(Profile::from(read.cs_charging_profiles), profile());
}

#[test]
fn a_sampled_value_carries_the_spellings_of_the_specification() {
    let sample = SampledValue {
        value: "16.0".into(),
        context: Some(ReadingContext::SamplePeriodic),
        format: Some(ValueFormat::Raw),
        measurand: Some(Measurand::PowerActiveImport),
        phase: Some(Phase::L1N),
        location: Some(Location::Ev),
        unit: Some(UnitOfMeasure::KWh),
    };
    let request = MeterValuesRequest {
        connector_id: 1,
        transaction_id: None,
        meter_value: vec![MeterValue { timestamp: noon(), sampled_value: vec![sample] }],
    };
    let mut out = String::new();
    write_call(&mut out, "m", Action::MeterValues, &request);
    assert_eq!(
        out,
        concat!(
            r#"[2,"m","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-05-04T12:00:00Z","#,
            r#""sampledValue":[{"value":"16.0","context":"Sample.Periodic","format":"Raw","#,
            r#""measurand":"Power.Active.Import","phase":"L1-N","location":"EV","unit":"kWh"}]}]}]"#
        )
    );
}

#[test]
fn transactions_are_answered_and_stopped_as_the_specification_spells_it() {
    let mut out = String::new();
    let answer = StartTransactionResponse {
        id_tag_info: IdTagInfo::status(AuthorizationStatus::ConcurrentTx),
        transaction_id: 9_223_372_036_854_766_666,
    };
    write_result(&mut out, "s", &answer);
    assert_eq!(
        out,
        r#"[3,"s",{"idTagInfo":{"status":"ConcurrentTx"},"transactionId":9223372036854766666}]"#
    );
    let stop = StopTransactionRequest {
        id_tag: None,
        meter_stop: 12,
        timestamp: noon(),
        transaction_id: -1,
        reason: Some(StopReason::EvDisconnected),
        transaction_data: None,
    };
    write_call(&mut out, "t", Action::StopTransaction, &stop);
    assert_eq!(
        out,
        concat!(
            r#"[2,"t","StopTransaction",{"meterStop":12,"timestamp":"2026-05-04T12:00:00Z","#,
            r#""transactionId":-1,"reason":"EVDisconnected"}]"#
        )
    );
    let boot = BootNotificationResponse {
        status: RegistrationStatus::Accepted,
        current_time: noon(),
        interval: 300,
    };
    write_result(&mut out, "b", &boot);
    assert_eq!(
        out,
        r#"[3,"b",{"status":"Accepted","currentTime":"2026-05-04T12:00:00Z","interval":300}]"#
    );
}

proptest! {
    #[test]
    fn any_id_and_description_survive_the_wire(id in any::<String>(), description in any::<String>()) {
        let mut out = String::new();
        for code in ErrorCode::ALL {
            write_error(&mut out, &id, code, &description);
            let expected = CallError {
                id: id.as_str().into(),
                code,
                description: description.as_str().into(),
                details: "{}",
            };
            prop_assert_eq!(Frame::parse(&out), Ok(Frame::Error(expected)));
        }
        write_call(&mut out, &id, Action::DataTransfer, &description);
        let Ok(Frame::Call(call)) = Frame::parse(&out) else { panic!("{out}") };
        prop_assert_eq!(&call.id, &id);
        prop_assert_eq!(&call.action, "DataTransfer");
        let payload: String = serde_json::from_str(call.payload).expect("a text");
        prop_assert_eq!(&payload, &description);
        write_result(&mut out, &id, &description);
        let Ok(Frame::Result(result)) = Frame::parse(&out) else { panic!("{out}") };
        prop_assert_eq!(&result.id, &id);
        prop_assert_eq!(&serde_json::from_str::<String>(result.payload).expect("a text"), &description);
    }
}
