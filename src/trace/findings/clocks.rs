//! Clocks that are wrong, and messages that come late.
//!
//! A timestamp that lies before its arrival may be that of a clock which is behind, of a message which had to wait
//! until the charge point was online again, or of a status which has been that way for long. What waits
//! comes in a burst whose delays shrink; a wrong clock is as wrong in a minute as it is now. So a delay is taken
//! for a wrong clock once it has stayed the same for [`STEADY`], or when the central system's clock is as far
//! from the record's. A timestamp that lies after its arrival needs no second one, nor does one that is right.

use super::{Answer, Check, Finding, Kind};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;
use crate::trace::record::Direction;

/// Latency, whole seconds and short retries are within it.
const TOLERANCE: Span = Span::from_s(60);

/// How long a delay must stay the same to be that of a clock.
const STEADY: Span = Span::from_s(120);

/// In so many messages.
const MESSAGES: u32 = 3;

/// A charge point that was silent for so long may have been offline.
const SILENCE: Span = Span::from_s(60);

/// Zones are whole quarter hours from UTC, up to fourteen hours.
const QUARTER: Span = Span::from_s(900);
const FARTHEST_ZONE: Span = Span::from_s(14 * 3600);

/// How far timestamps lie before the records that carry them, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// What is taken for the error of the clock; positive: it is behind the record's.
    behind: Span,
    /// The same of the central system's clock.
    central: Option<Span>,
    steady: Option<Steady>,
}

/// Delays that have been the same for a while.
#[derive(Clone, Copy, Debug)]
struct Steady {
    line: u64,
    from: Time,
    least: Span,
    most: Span,
    messages: u32,
}

/// What a timestamp tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The clock is as it was thought to be, and the message came at once.
    AtOnce,
    /// The clock is behind by so much from the message of this line on.
    Behind(Span, u64),
    /// The message came late by so much, or it is not known yet.
    Late(Span),
}

impl Clock {
    /// A message says that it is `told`, and was seen at `at`.
    pub(super) fn hear(&mut self, line: u64, at: Time, told: Time) -> Told {
        let delay = at.since(told);
        let off = delay - self.behind;
        if near(off) {
            self.steady = None;
            return Told::AtOnce;
        }
        let as_central = |it: Span| !near(it) && near(it - delay);
        let plausible = near(delay) || self.central.is_some_and(as_central);
        let before = self.steady.filter(|it| {
            delay - it.least <= TOLERANCE && it.most - delay <= TOLERANCE && it.from <= at
        });
        let steady = match before {
            None => Steady { line, from: at, least: delay, most: delay, messages: 1 },
            Some(it) => Steady {
                least: it.least.min(delay),
                most: it.most.max(delay),
                messages: it.messages + 1,
                ..it
            },
        };
        let proved = steady.messages >= MESSAGES && at.since(steady.from) >= STEADY;
        if off > Span::ZERO && !plausible && !proved {
            self.steady = Some(steady);
            return Told::Late(off);
        }
        self.steady = None;
        self.behind = delay;
        Told::Behind(delay, steady.line)
    }

    /// The central system says that it is `told`: how far its clock is behind the record's, if that is news.
    pub(super) fn central(&mut self, at: Time, told: Time) -> Option<Span> {
        let behind = at.since(told);
        let news = !near(behind - self.central.unwrap_or(Span::ZERO));
        if news || self.central.is_none() {
            self.central = Some(behind);
        }
        news.then_some(behind)
    }

    /// Delays that are those of the central system's clock need no more proof.
    fn agree(&mut self) -> Option<(Span, u64)> {
        let central = self.central.filter(|it| !near(*it))?;
        let steady = self.steady.take_if(|it| near(it.least - central))?;
        self.behind = steady.least;
        Some((steady.least, steady.line))
    }

    /// Whether the central system's clock differs from the record's by as much.
    fn is_as_central(&self, behind: Span) -> bool {
        self.central.is_some_and(|it| near(it - behind))
    }

    /// An instant of the charge point as the record's clock has it.
    pub(super) fn of_point(&self, told: Time) -> Time {
        told + self.behind
    }

    /// An instant of the record as the central system's clock has it.
    pub(super) fn of_central(&self, at: Time) -> Time {
        at - self.central.filter(|it| !near(*it)).unwrap_or(Span::ZERO)
    }
}

/// Tells of clocks that change, and of bursts of late messages.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    clock: Clock,
    /// The charge point's latest record.
    latest: Option<Time>,
    /// Its latest silence.
    silence: Option<(Option<Time>, Time)>,
    burst: Option<Burst>,
    /// Body of the latest message of a transaction: sent again, it says nothing of the clock.
    sent: String,
    /// Whether security events that are ahead were told.
    events_ahead: bool,
}

/// Messages that came late, one after the other.
#[derive(Clone, Copy, Debug)]
struct Burst {
    line: u64,
    messages: u32,
    from: Time,
    to: Time,
    longest: Span,
    /// Whether the charge point was silent when the first of them was made.
    queued: bool,
}

impl Check for Clocks {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        if call.direction == Direction::FromPoint {
            self.heard(call.at);
            self.told(call, out);
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, out: &mut Vec<Finding>) {
        let at = answer.record.timestamp.at();
        if call.direction == Direction::ToPoint {
            self.heard(at);
            return;
        }
        let Some(told) = central_time(call, answer) else { return };
        let news = self.clock.central(at, told).filter(|behind| !near(*behind));
        if let Some((behind, line)) = self.clock.agree() {
            self.skewed(line, behind, out);
        }
        if let Some(behind) = news {
            let same = near(self.clock.behind - behind);
            let what = words("the central system's currentTime is", behind, same);
            out.push(Kind::ClockSkew.at(answer.line, None, what));
        }
    }

    fn orphan(&mut self, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        if answer.record.direction == Direction::FromPoint {
            self.heard(answer.record.timestamp.at());
        }
    }

    fn end(&mut self, _open: &[&Asked], _at: Time, out: &mut Vec<Finding>) {
        self.flushed(out);
    }
}

impl Clocks {
    /// The charge point says something.
    fn heard(&mut self, at: Time) {
        if self.latest.is_none_or(|before| at.since(before) >= SILENCE) {
            self.silence = Some((self.latest, at));
        }
        self.latest = Some(at);
    }

    /// A call of the charge point may say when it was made.
    fn told(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let instant = || Fields::of(&call.body).instant("timestamp");
        let (told, waits) = match &*call.action {
            "StatusNotification" => (instant(), false),
            "StartTransaction" | "StopTransaction" => (instant(), true),
            "MeterValues" => {
                let samples = call.samples().map(|it| it.readings.as_slice()).unwrap_or_default();
                (samples.iter().filter_map(|(at, _)| *at).max(), true)
            }
            "SecurityEventNotification" => return self.event(call, instant(), out),
            _ => return,
        };
        let Some(told) = told else { return };
        if waits {
            if *self.sent == *call.body {
                return;
            }
            self.sent.clear();
            self.sent.push_str(&call.body);
        }
        match self.clock.hear(call.line, call.at, told) {
            Told::AtOnce => self.flushed(out),
            Told::Late(by) if waits => self.late(call, told, by, out),
            Told::Late(_) => {}
            Told::Behind(behind, line) => {
                // What had been taken for late was told by a wrong clock.
                self.burst.take_if(|burst| burst.line >= line);
                self.flushed(out);
                self.skewed(line, behind, out);
            }
        }
    }

    /// Security events may wait for long, and are told by the same clock.
    fn event(&mut self, call: &Asked, told: Option<Time>, out: &mut Vec<Finding>) {
        let Some(told) = told else { return };
        let ahead = told.since(call.at) + self.clock.behind;
        if ahead > TOLERANCE && !self.events_ahead {
            self.events_ahead = true;
            let mut what = format!(
                "SecurityEventNotification is told {} later than the charge point's other messages",
                length(ahead)
            );
            if let Some(offset) = zone(ahead) {
                what.push_str(&format!(": local time of {offset} marked Z"));
            }
            out.push(Kind::ClockSkew.at(call.line, None, what));
        }
    }

    /// A message of a transaction came late.
    fn late(&mut self, call: &Asked, told: Time, by: Span, out: &mut Vec<Finding>) {
        if self.burst.is_some_and(|burst| told < burst.from) {
            self.flushed(out);
        }
        let made = call.at - by;
        let queued = self.silence.is_some_and(|(from, to)| {
            made <= to && from.is_none_or(|from| made.since(from) >= Span::ZERO - TOLERANCE)
        });
        let burst = self.burst.get_or_insert(Burst {
            line: call.line,
            messages: 0,
            from: told,
            to: told,
            longest: by,
            queued,
        });
        burst.messages += 1;
        burst.to = burst.to.max(told);
        burst.longest = burst.longest.max(by);
    }

    /// The burst is over.
    fn flushed(&mut self, out: &mut Vec<Finding>) {
        let Some(burst) = self.burst.take().filter(|burst| burst.queued) else { return };
        let what = match burst.messages {
            1 => format!("a message of {} came {} late", burst.from, length(burst.longest)),
            messages => format!(
                "{messages} messages of {} to {} came up to {} late",
                burst.from,
                burst.to,
                length(burst.longest)
            ),
        };
        out.push(Kind::OfflineFlush.at(burst.line, None, what));
    }

    /// The clock is another one than before.
    fn skewed(&self, line: u64, behind: Span, out: &mut Vec<Finding>) {
        if !near(behind) {
            let same = self.clock.is_as_central(behind);
            let what = words("the charge point's timestamps are", behind, same);
            out.push(Kind::ClockSkew.at(line, None, what));
        }
    }
}

/// What an answer tells of the central system's clock.
pub(super) fn central_time(call: &Asked, answer: &Answer<'_>) -> Option<Time> {
    let tells = matches!(&*call.action, "BootNotification" | "Heartbeat");
    tells.then(|| Fields::of(answer.record.body()).instant("currentTime"))?
}

/// Whether this is no more than a message may take.
fn near(span: Span) -> bool {
    span <= TOLERANCE && Span::ZERO - span <= TOLERANCE
}

/// How a clock stands to the record's, and what that may come from; `both`: charge point and central system agree.
fn words(whose: &str, behind: Span, both: bool) -> String {
    let ahead = Span::ZERO - behind;
    let (by, way) = if behind > Span::ZERO { (behind, "behind") } else { (ahead, "ahead of") };
    let mut what = format!("{whose} {} {way} the record's time", length(by));
    match (zone(behind), zone(ahead)) {
        (Some(record), _) if both => what.push_str(&format!(
            ", as central system and charge point agree: the record's is local time of {record} marked Z"
        )),
        (Some(record), Some(theirs)) => what.push_str(&format!(
            ": one of both is local time marked Z, the record's of {record} or theirs of {theirs}"
        )),
        _ if both => what.push_str(", as central system and charge point agree"),
        _ => {}
    }
    what
}

/// The zone whose local time is ahead of UTC by this, as `UTC+02:00`; `None`: no zone is.
fn zone(ahead: Span) -> Option<String> {
    let quarters = (ahead.0 + QUARTER.0 / 2).div_euclid(QUARTER.0);
    let whole = quarters != 0 && near(ahead - QUARTER * quarters);
    let minutes = quarters.abs() * 15;
    let sign = if quarters < 0 { '-' } else { '+' };
    (whole && QUARTER * quarters.abs() <= FARTHEST_ZONE)
        .then(|| format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}

/// A length of time in its two largest units; whole zones without what the message took.
pub(super) fn length(span: Span) -> String {
    let seconds = (span.0 + 500_000).div_euclid(1_000_000);
    let minutes = (span.0 + 30_000_000).div_euclid(60_000_000);
    let hours = minutes / 60;
    match (hours, minutes % 60) {
        (0, _) if seconds < 120 => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, _) if hours >= 48 => format!("{} days", (hours + 12) / 24),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_whole_quarter_hours_and_lengths_are_said_in_words() {
        let zones = [7200, -3605, 20_700, 901, 840, 0, 54_000].map(|s| zone(Span::from_s(s)));
        let expected = ["UTC+02:00", "UTC-01:00", "UTC+05:45", "UTC+00:15", "UTC+00:15"];
        assert_eq!(zones[..5], expected.map(|it| Some(it.to_owned())));
        assert_eq!(zones[5..], [None, None]);
        let lengths = [75, 600, 3601, 9000, 864_000].map(|s| length(Span::from_s(s)));
        assert_eq!(lengths, ["75 s", "10 min", "1 h", "2 h 30 min", "10 days"]);
    }
}
