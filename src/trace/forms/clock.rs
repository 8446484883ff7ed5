//! When a frame was seen: what the log says, or else what the frames say.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::stamp::{Shown, elapsed};
use crate::ocpp::Frame;
use crate::time::{Span, Time};
use crate::trace::payload::Fields;

/// A charge point's clock may be that far ahead of what it was last told.
const AHEAD: Span = Span::from_s(86_400);

/// Zones are so many minutes apart, or several times as many.
const ZONE_STEP: Span = Span::from_s(900);
/// Logged times are that near to those of the central system in their frames, beside the zone.
const NEAR: Span = Span::from_s(60);

/// Places frames in time.
#[derive(Debug)]
pub(super) struct Clock {
    /// Zone of local times.
    zone: Option<TimeZone>,
    /// The latest instant.
    latest: Time,
    /// The latest time of day that came without a date.
    of_day: Option<Span>,
    /// What the central system said last.
    told: Option<Time>,
    /// The first instant that a frame said.
    pub(super) first_said: Option<Time>,
    /// Whether a local time was taken as UTC.
    pub(super) taken_as_utc: bool,
    /// How far times that were taken as UTC are ahead of what the central system said then, if that is a zone.
    pub(super) ahead: Option<Span>,
    /// How many instants are guesses.
    pub(super) inferred: u64,
}

impl Clock {
    /// A clock of logs of this zone. `start`: where times begin that nothing tells.
    pub(super) fn new(zone: Option<TimeZone>, start: Option<Time>) -> Clock {
        Clock {
            zone,
            latest: Time(start.map_or(0, |start| start.0) - 1000),
            of_day: None,
            told: None,
            first_said: None,
            taken_as_utc: false,
            ahead: None,
            inferred: 0,
        }
    }

    /// When a frame was seen, and whether that is a guess.
    pub(super) fn place(&mut self, shown: Option<Shown>, frame: &Frame<'_>) -> (Time, bool) {
        let at = match shown {
            Some(Shown::Instant(at)) => at,
            Some(Shown::Local(local)) => {
                if self.zone.is_none() {
                    self.compare(local, frame);
                }
                self.local(local)
            }
            Some(Shown::OfDay(of_day)) => {
                let since = self.of_day.map_or(Span::ZERO, |before| elapsed(before, of_day));
                self.of_day = Some(of_day);
                return (self.infer(since, frame), true);
            }
            None => return (self.infer(Span::ZERO, frame), true),
        };
        self.latest = at;
        (at, false)
    }

    fn infer(&mut self, since: Span, frame: &Frame<'_>) -> Time {
        self.inferred += 1;
        let next = Time(self.latest.0 + since.0.max(1000));
        self.latest = self.said(frame).map_or(next, |said| said.max(next));
        self.latest
    }

    /// Compares a time that is taken as UTC with what the central system says, which is UTC.
    fn compare(&mut self, local: Time, frame: &Frame<'_>) {
        let Frame::Result(result) = frame else { return };
        if !result.payload.contains("currentTime") {
            return;
        }
        let Some(told) = Fields::of(result.payload).instant("currentTime") else { return };
        let ahead = local.since(told).0;
        let steps = (ahead + ahead.signum() * ZONE_STEP.0 / 2) / ZONE_STEP.0;
        let zone = steps * ZONE_STEP.0;
        self.ahead = ((ahead - zone).abs() < NEAR.0 && zone != 0).then_some(Span(zone));
    }

    /// What a frame says of when it was sent.
    fn said(&mut self, frame: &Frame<'_>) -> Option<Time> {
        let said = match frame {
            Frame::Result(result) => {
                let told = Fields::of(result.payload).instant("currentTime");
                self.told = told.or(self.told);
                told
            }
            Frame::Call(call) => {
                let fields = Fields::of(call.payload);
                let values = || {
                    let values: Vec<Fields<'_>> =
                        serde_json::from_str(fields.json("meterValue")?).ok()?;
                    values.last()?.instant("timestamp")
                };
                let said = fields.instant("timestamp").or_else(values);
                said.filter(|said| self.told.is_none_or(|told| said.since(told) < AHEAD))
            }
            Frame::Error(_) => None,
        };
        self.first_said = self.first_said.or(said);
        said
    }

    /// A local time as an instant. Of the two that clocks show twice in autumn it is the earlier, unless the log was
    /// later already.
    fn local(&mut self, local: Time) -> Time {
        let Some(zone) = &self.zone else {
            self.taken_as_utc = true;
            return local;
        };
        let civil = || -> Option<DateTime> {
            Some(TimeZone::UTC.to_datetime(Timestamp::from_microsecond(local.0).ok()?))
        };
        let Some(ambiguous) = civil().map(|civil| zone.to_ambiguous_timestamp(civil)) else {
            return local;
        };
        let instant =
            |it: Result<Timestamp, jiff::Error>| it.ok().map(|it| Time(it.as_microsecond()));
        let earlier = instant(ambiguous.compatible());
        match (earlier, instant(ambiguous.later())) {
            (Some(earlier), Some(later)) => {
                // Frames of one second are logged in any order.
                let slack = SignedDuration::from_secs(60).as_micros() as i64;
                if later > earlier && earlier.0 + slack < self.latest.0 { later } else { earlier }
            }
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64, minute: i64) -> Time {
        Time::from_civil(2026, 10, 25, hour, minute, 0).unwrap()
    }

    const PLAIN: &str = r#"[3,"1",{}]"#;

    fn local(clock: &mut Clock, time: Time) -> Time {
        let (at, inferred) = clock.place(Some(Shown::Local(time)), &Frame::parse(PLAIN).unwrap());
        assert!(!inferred);
        at
    }

    #[test]
    fn local_times_are_placed_in_their_zone_and_do_not_go_back_when_clocks_do() {
        let mut clock = Clock::new(Some(TimeZone::get("Europe/Amsterdam").unwrap()), None);
        assert_eq!(local(&mut clock, at(1, 30)), Time(at(0, 0).0 - 1_800_000_000));
        assert_eq!(local(&mut clock, at(2, 30)), at(0, 30));
        assert_eq!(local(&mut clock, at(2, 59)), at(0, 59));
        assert_eq!(local(&mut clock, at(2, 5)), at(1, 5));
        assert_eq!(local(&mut clock, at(3, 0)), at(2, 0));
        let mut clock = Clock::new(None, None);
        assert_eq!(local(&mut clock, at(2, 30)), at(2, 30));
        assert!(clock.taken_as_utc);
        assert_eq!(clock.ahead, None);
    }

    #[test]
    fn a_log_in_local_time_is_ahead_of_what_the_central_system_says() {
        let mut clock = Clock::new(None, None);
        let mut ahead = |logged: Time| {
            let beat = r#"[3,"1",{"currentTime":"2026-10-25T00:30:00Z"}]"#;
            clock.place(Some(Shown::Local(logged)), &Frame::parse(beat).unwrap());
            clock.ahead
        };
        assert_eq!(ahead(Time(at(2, 30).0 + 2_000_000)), Some(Span::from_s(7200)));
        assert_eq!(ahead(Time(at(0, 0).0 - 100_000)), Some(Span::from_s(-1800)));
        assert_eq!(ahead(Time(at(0, 30).0 + 500_000)), None);
        assert_eq!(ahead(at(2, 35)), None);
    }

    #[test]
    fn without_a_log_frames_say_when_and_time_never_goes_back() {
        let mut clock = Clock::new(None, None);
        let mut seen = |text: &str, shown| clock.place(shown, &Frame::parse(text).unwrap()).0;
        let boot = r#"[3,"1",{"currentTime":"2026-10-25T00:00:00Z"}]"#;
        let status =
            |time: &str| format!(r#"[2,"2","StatusNotification",{{"timestamp":"{time}"}}]"#);
        assert_eq!(seen(PLAIN, None), Time(0));
        assert_eq!(seen(PLAIN, None), Time(1000));
        assert_eq!(seen(boot, None), at(0, 0));
        assert_eq!(seen(&status("2026-10-25T00:05:00Z"), None), at(0, 5));
        let late = Time(at(0, 5).0 + 1000);
        assert_eq!(seen(&status("2026-10-25T00:01:00Z"), None), late);
        // A clock that was never set right.
        assert_eq!(seen(&status("2031-01-01T00:00:00Z"), None), Time(late.0 + 1000));
        let values = r#"[2,"3","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-10-25T01:00:00Z"}]}]"#;
        assert_eq!(seen(values, None), at(1, 0));
        // Times of day tell how much later.
        assert_eq!(seen(PLAIN, Some(Shown::OfDay(Span::from_s(86_390)))), Time(at(1, 0).0 + 1000));
        let next = Shown::OfDay(Span::from_s(5));
        assert_eq!(seen(PLAIN, Some(next)), Time(at(1, 0).0 + 15_001_000));
        assert_eq!(clock.inferred, 9);
        assert_eq!(clock.first_said, Some(at(0, 0)));
    }
}
