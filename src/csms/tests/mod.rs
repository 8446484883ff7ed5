//! The central system against scripted charge points: the fixture.
//!
//! `AMPACITY_CASES=N` goes through N random cases of each property instead of the few of the default.

mod adaptation;
mod budget;
#[path = "../../../tests/properties/cases.rs"]
mod cases;
mod commands;
mod explain;
mod forms;
mod inputs;
mod lease;
mod load;
mod meters;
mod notices;
mod odd;
mod records;
mod regressions;
mod reprobe;
mod restart;
mod silence;
mod stories;
#[path = "../../../tests/frames/tape.rs"]
mod tape;
mod tastes;
mod windows;
mod wiring;
mod wishes;

use super::*;
use crate::allocation::Strategy as Rule;
use crate::charger::CurrentKind;
use crate::csms::event::ProfileSent;
use crate::ocpp::frame::Frame;
use crate::units::DeciAmps;
use cases::cases;
use tape::{CENTRAL_SYSTEM, Tape};

/// A central system with one site and scripted charge points `cp_0`, `cp_1`, ..
struct Bench {
    csms: Csms,
    control: Control,
    site: SiteIx,
    now: Time,
    /// Frames to the charge points that nobody has taken yet.
    inbox: Vec<VecDeque<String>>,
    events: Vec<Event>,
    calls: u64,
    /// By charge point.
    tapes: BTreeMap<usize, Tape>,
    /// What obedient charge points have installed, TxDefaultProfile and TxProfile.
    installed: BTreeMap<(usize, String), serde_json::Value>,
    /// Who of them has told a composite schedule.
    composites_told: Vec<usize>,
    /// Their limits end when they are told to.
    limits_end: bool,
}

impl Bench {
    /// `chargers` charge points of 3 x 32 A, 22 kW, on 100 kW with 10 kW reserve.
    fn new(chargers: usize) -> Bench {
        Bench::with(chargers, 100_000, Rule::Equal)
    }

    fn with(chargers: usize, max_power: i64, strategy: Rule) -> Bench {
        Bench::controlled(
            chargers,
            max_power,
            strategy,
            Control { lease: None, ..Control::default() },
        )
    }

    fn controlled(chargers: usize, max_power: i64, strategy: Rule, control: Control) -> Bench {
        let mut csms = Csms::new(Options::default());
        let config = SiteConfig {
            max_power: Watts(max_power),
            reserve: Watts(10_000),
            strategy,
            min_charge_rate: Watts(3_700),
            priorities: BTreeMap::new(),
            worst_load: None,
            wiring: None,
            calendar: None,
        };
        let site = csms.add_site(SiteId::new("site_1"), config, control.clone());
        let hardware = Hardware::ac22();
        for number in 0..chargers {
            csms.add_point(ChargePointId::new(&format!("cp_{number}")), site, hardware, 1);
        }
        let now = Time::from_unix_s(1_777_880_400);
        let inbox = vec![VecDeque::new(); chargers];
        Bench {
            csms,
            control,
            site,
            now,
            inbox,
            events: Vec::new(),
            calls: 0,
            tapes: BTreeMap::new(),
            installed: BTreeMap::new(),
            composites_told: Vec::new(),
            limits_end: true,
        }
    }

    /// An input from outside; what it causes lies in the inboxes.
    fn apply(&mut self, input: &Input) -> Result<(), Refusal> {
        let result = self.csms.apply(self.now, input);
        self.collect();
        result
    }

    fn collect(&mut self) {
        while let Some(output) = self.csms.poll_output() {
            match output {
                Output::Send { point, text } => {
                    let points = self.inbox.len().max(point.0 + 1);
                    self.inbox.resize(points, VecDeque::new());
                    self.tape(point.0).sent(&text);
                    self.inbox[point.0].push_back(text);
                }
                Output::Event(event) => self.events.push(event),
            }
        }
        let limit = self.csms.ev_limit(self.site);
        let points = self.csms.points_at(self.site);
        let sum: Watts = points.iter().map(|point| self.csms.reserved_at(*point)).sum();
        assert_eq!(sum, self.csms.reserved(self.site), "the site's sum is kept");
        assert!(sum.0 >= 0 && limit.0 >= 0);
        explain::adds_up(self);
    }

    fn tape(&mut self, point: usize) -> &mut Tape {
        self.tapes.entry(point).or_insert_with(|| Tape::new(CENTRAL_SYSTEM))
    }

    /// A frame from a charge point; the frames it causes lie in the inboxes.
    fn frame(&mut self, point: usize, text: &str) {
        self.tape(point).received(text);
        self.csms.handle_frame(self.now, PointIx(point), text);
        self.collect();
    }

    /// A CALL from a charge point and the answer to it.
    fn call(&mut self, point: usize, action: &str, payload: &str) -> String {
        self.calls += 1;
        let id = format!("t{}", self.calls);
        self.frame(point, &format!(r#"[2,"{id}","{action}",{payload}]"#));
        self.take_answer(point, &id).unwrap_or_default()
    }

    fn take_answer(&mut self, point: usize, id: &str) -> Option<String> {
        let ours = |text: &String| matches!(Frame::parse(text), Ok(Frame::Result(_) | Frame::Error(_)) if text.contains(&format!("\"{id}\"")));
        let place = self.inbox[point].iter().position(ours)?;
        self.inbox[point].remove(place)
    }

    /// The next CALL that a charge point has received: (message id, action, payload).
    fn received(&mut self, point: usize) -> Option<(String, String, String)> {
        let place = self.inbox[point].iter().position(|text| text.starts_with("[2,"))?;
        let text = self.inbox[point].remove(place)?;
        match Frame::parse(&text) {
            Ok(Frame::Call(call)) => {
                Some((call.id.to_string(), call.action.to_string(), call.payload.to_owned()))
            }
            other => panic!("a CALL was expected, not {other:?}"),
        }
    }

    /// Answers everything the charge points have received with success, until nothing comes.
    fn obey(&mut self) {
        let called = |inbox: &VecDeque<String>| inbox.iter().any(|text| text.starts_with("[2,"));
        while let Some(point) = (0..self.inbox.len()).find(|p| called(&self.inbox[*p])) {
            if let Some((id, action, request)) = self.received(point) {
                let payload = match action.as_str() {
                    "GetConfiguration" => concat!(
                        r#"{"configurationKey":[{"key":"ChargeProfileMaxStackLevel","#,
                        r#""readonly":true,"value":"8"}]}"#
                    )
                    .to_owned(),
                    "GetCompositeSchedule" => self.composite(point),
                    "SetChargingProfile" => {
                        self.install(point, &request);
                        r#"{"status":"Accepted"}"#.to_owned()
                    }
                    _ => r#"{"status":"Accepted"}"#.to_owned(),
                };
                self.frame(point, &format!(r#"[3,"{id}",{payload}]"#));
            }
        }
    }

    /// Time passes; charge points obey, timers fire.
    fn wait(&mut self, seconds: i64) {
        let until = self.now + Span::from_s(seconds);
        self.wait_silently(until, true);
    }

    fn wait_silently(&mut self, until: Time, obedient: bool) {
        loop {
            if obedient {
                self.obey();
            }
            match self.csms.poll_timeout().filter(|due| *due <= until) {
                Some(due) => {
                    self.now = due.max(self.now);
                    self.csms.handle_timeout(self.now);
                    self.collect();
                }
                None => break,
            }
        }
        self.now = until;
    }

    fn boot(&mut self, point: usize) {
        self.csms.link_up(self.now, PointIx(point));
        let boot = r#"{"chargePointVendor":"Acme","chargePointModel":"ac22"}"#;
        let answer = self.call(point, "BootNotification", boot);
        assert!(answer.contains("Accepted"), "{answer}");
        self.obey();
    }

    fn present_card(&mut self, point: usize) -> String {
        self.call(point, "Authorize", r#"{"idTag":"TAG1"}"#)
    }

    /// Reports a start and returns the transaction id.
    fn start(&mut self, point: usize) -> i64 {
        self.start_of(point, "TAG1")
    }

    fn start_of(&mut self, point: usize, id_tag: &str) -> i64 {
        let request = format!(
            r#"{{"connectorId":1,"idTag":"{id_tag}","meterStart":1000,"timestamp":"{}"}}"#,
            self.now
        );
        transaction_id(&self.call(point, "StartTransaction", &request))
    }

    /// Card, start, and the limits that follow.
    fn charge(&mut self, point: usize) -> i64 {
        self.present_card(point);
        self.obey();
        self.inbox[point].clear();
        let id = self.start(point);
        self.call(
            point,
            "StatusNotification",
            r#"{"connectorId":1,"errorCode":"NoError","status":"Charging"}"#,
        );
        self.wait(3);
        id
    }

    fn stop(&mut self, point: usize, transaction: i64) {
        let request = format!(
            r#"{{"transactionId":{transaction},"meterStop":5000,"timestamp":"{}"}}"#,
            self.now
        );
        assert!(self.call(point, "StopTransaction", &request).starts_with("[3,"));
    }

    /// Meter values that show a draw of `amps` on three phases.
    fn meter(&mut self, point: usize, transaction: i64, amps: i64) {
        let request = self.meter_text(transaction, amps);
        assert!(self.call(point, "MeterValues", &request).ends_with(",{}]"));
    }

    fn meter_text(&self, transaction: i64, amps: i64) -> String {
        let phase = |n| {
            format!(
                r#"{{"value":"{amps}","measurand":"Current.Import","phase":"L{n}","unit":"A"}}"#
            )
        };
        format!(
            r#"{{"connectorId":1,"transactionId":{transaction},"meterValue":[{{"timestamp":"{}","sampledValue":[{{"value":"{}","measurand":"Power.Active.Import","unit":"W"}},{},{},{}]}}]}}"#,
            self.now,
            amps * 690,
            phase(1),
            phase(2),
            phase(3)
        )
    }

    fn allocated_kw(&self) -> Vec<f64> {
        let view = self.csms.allocation(self.site);
        view.chargers.iter().map(|charger| charger.allocated.kw()).collect()
    }

    fn sent_profiles(&self) -> Vec<&ProfileSent> {
        let mut sent = Vec::new();
        for event in &self.events {
            if let Event::ProfileSent(profile) = event {
                sent.push(profile);
            }
        }
        sent
    }
}

fn transaction_id(answer: &str) -> i64 {
    let digits = answer.split("\"transactionId\":").nth(1).unwrap_or_default();
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(-1)
}
