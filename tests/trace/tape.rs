//! Traces written frame by frame, and what an inspection says of them.

use ampacity::time::{Span, Time};
use ampacity::trace::findings::Kind;
use ampacity::trace::inspection::{Inspection, Inspector};
use ampacity::trace::{Reader, write_line};

/// A trace that is being written; time goes on from one second to the next.
pub(crate) struct Tape {
    pub(crate) text: String,
    now: Time,
    point: &'static str,
    ids: u32,
}

impl Tape {
    /// An empty one that begins at nine o'clock.
    pub(crate) fn new() -> Tape {
        let now = Time::from_civil(2026, 5, 4, 9, 0, 0).expect("a date");
        Tape { text: String::new(), now, point: "cp_1", ids: 0 }
    }

    /// A charge point that has booted, with a heartbeat interval of 300 s.
    pub(crate) fn booted() -> Tape {
        let boot = r#"{"chargePointVendor":"V","chargePointModel":"M"}"#;
        let answer = r#"{"currentTime":"2026-05-04T09:00:00Z","interval":300,"status":"Accepted"}"#;
        Tape::new().point_asks("BootNotification", boot, answer)
    }

    /// A charge point that has booted, and transaction 7 on connector 1, which began with its meter at 1000 Wh.
    pub(crate) fn charging() -> Tape {
        let start =
            r#"{"connectorId":1,"idTag":"T","meterStart":1000,"timestamp":"2026-05-04T09:00:02Z"}"#;
        let answer = r#"{"transactionId":7,"idTagInfo":{"status":"Accepted"}}"#;
        Tape::booted().point_asks("StartTransaction", start, answer)
    }

    /// The same, told so many seconds after the boot: the charge point was offline.
    pub(crate) fn charging_since(at: &str, after_s: i64) -> Tape {
        let start =
            format!(r#"{{"connectorId":1,"idTag":"T","meterStart":1000,"timestamp":"{at}"}}"#);
        let answer = r#"{"transactionId":7,"idTagInfo":{"status":"Accepted"}}"#;
        Tape::booted().wait_s(after_s).point_asks("StartTransaction", &start, answer)
    }

    /// Some time passes.
    pub(crate) fn wait_s(mut self, seconds: i64) -> Tape {
        self.now += Span::from_s(seconds);
        self
    }

    /// What follows is of another charge point.
    pub(crate) fn of(mut self, point: &'static str) -> Tape {
        self.point = point;
        self
    }

    /// A frame.
    pub(crate) fn frame(mut self, from_point: bool, text: &str) -> Tape {
        assert!(write_line(&mut self.text, self.now, self.point, from_point, text), "{text}");
        self.now += Span::from_s(1);
        self
    }

    /// A call of the charge point and its answer, a second later.
    pub(crate) fn point_asks(self, action: &str, request: &str, response: &str) -> Tape {
        self.exchange(true, action, request, response)
    }

    /// A call of the central system and its answer, a second later.
    pub(crate) fn central_asks(self, action: &str, request: &str, response: &str) -> Tape {
        self.exchange(false, action, request, response)
    }

    /// A StatusNotification of connector 1.
    pub(crate) fn status(self, status: &str, error: &str) -> Tape {
        let request = format!(r#"{{"connectorId":1,"status":"{status}","errorCode":"{error}"}}"#);
        self.point_asks("StatusNotification", &request, "{}")
    }

    /// A MeterValues of transaction 7 with its register in Wh.
    pub(crate) fn meter(self, register: &str) -> Tape {
        let at = self.now;
        let request = format!(
            r#"{{"connectorId":1,"transactionId":7,"meterValue":[{{"timestamp":"{at}","sampledValue":[{{"value":"{register}"}}]}}]}}"#
        );
        self.point_asks("MeterValues", &request, "{}")
    }

    /// A MeterValues of a connector, told when it is sent: `values` are sampled values, JSON.
    pub(crate) fn values(self, connector: u32, transaction: Option<i64>, values: &str) -> Tape {
        let at = self.now;
        let transaction =
            transaction.map(|id| format!(r#""transactionId":{id},"#)).unwrap_or_default();
        let request = format!(
            r#"{{"connectorId":{connector},{transaction}"meterValue":[{{"timestamp":"{at}","sampledValue":[{values}]}}]}}"#
        );
        self.point_asks("MeterValues", &request, "{}")
    }

    /// The currents of transaction 7, A by phase.
    pub(crate) fn amps(self, phases: &[f64]) -> Tape {
        let values: Vec<String> = (phases.iter().enumerate())
            .map(|(phase, amps)| {
                let phase = phase + 1;
                format!(
                    r#"{{"value":"{amps}","measurand":"Current.Import","phase":"L{phase}","unit":"A"}}"#
                )
            })
            .collect();
        self.values(1, Some(7), &values.join(","))
    }

    /// Power in W and, if told, the register in Wh of transaction 7.
    pub(crate) fn watts(self, power: &str, register: Option<&str>) -> Tape {
        let register =
            register.map(|wh| format!(r#",{{"value":"{wh}","unit":"Wh"}}"#)).unwrap_or_default();
        let power =
            format!(r#"{{"value":"{power}","measurand":"Power.Active.Import","unit":"W"}}"#);
        self.values(1, Some(7), &format!("{power}{register}"))
    }

    /// The central system sets a profile, which is accepted.
    pub(crate) fn sets(self, connector: u32, profile: &str) -> Tape {
        let request = format!(r#"{{"connectorId":{connector},"csChargingProfiles":{profile}}}"#);
        self.central_asks("SetChargingProfile", &request, r#"{"status":"Accepted"}"#)
    }

    /// The instant of the next record.
    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// What is found, as words.
    pub(crate) fn words(&self) -> Vec<String> {
        let inspection = inspected(&self.text);
        let cases = inspection.findings.values().flat_map(|it| &it.first);
        cases.map(|(_, case)| case.what.clone()).collect()
    }

    /// The end of transaction 7.
    pub(crate) fn stop(self, register: i64, reason: &str) -> Tape {
        let at = self.now;
        let request = format!(
            r#"{{"transactionId":7,"meterStop":{register},"timestamp":"{at}","reason":"{reason}"}}"#
        );
        self.point_asks("StopTransaction", &request, "{}")
    }

    /// What is found: kind and line.
    pub(crate) fn found(&self) -> Vec<(&'static str, u64)> {
        kinds_and_lines(&inspected(&self.text))
    }

    fn exchange(mut self, from_point: bool, action: &str, request: &str, answer: &str) -> Tape {
        self.ids += 1;
        let id = self.ids;
        self.frame(from_point, &format!(r#"[2,"{id}","{action}",{request}]"#))
            .frame(!from_point, &format!(r#"[3,"{id}",{answer}]"#))
    }
}

/// The inspection of a text.
pub(crate) fn inspected(text: &str) -> Inspection {
    inspected_by(Inspector::default(), text)
}

/// The inspection of a text by an inspector who knows something.
pub(crate) fn inspected_by(mut inspector: Inspector, text: &str) -> Inspection {
    let mut reader = Reader::new(text.as_bytes());
    while let Some(line) = reader.next_line().expect("memory can be read") {
        inspector.take(&line);
    }
    inspector.finish()
}

/// Findings as kind and line, kind by kind in the order of the catalogue.
pub(crate) fn kinds_and_lines(inspection: &Inspection) -> Vec<(&'static str, u64)> {
    let of_kind = |kind: &Kind| {
        let cases = inspection.findings.get(kind).map(|it| it.first.as_slice()).unwrap_or_default();
        cases.iter().map(|(_, case)| (case.kind.name(), case.line)).collect::<Vec<_>>()
    };
    Kind::ALL.iter().flat_map(of_kind).collect()
}
