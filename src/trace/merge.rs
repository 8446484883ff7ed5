//! Several traces -> one, in the order of time.
//!
//! Every source gives one record after the other; whichever is earliest is written. Records of one source keep their
//! order, also where its clock went back: a single source comes out as it went in.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::open::Opened;
use crate::time::Time;

/// Reasons for broken lines that are listed; lines for others are counted.
pub const LISTED: usize = 20;

/// What was taken from one source.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Lines that are no records.
    pub broken: u64,
    /// Why they are none: how many, and the first of them; at most [`LISTED`] reasons.
    pub reasons: BTreeMap<String, (u64, u64)>,
    /// Records of each charge point; the name is empty for those that have none.
    pub points: BTreeMap<String, u64>,
    /// The earliest and the latest instant.
    pub span: Option<(Time, Time)>,
}

/// Why traces could not be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A source, by its place in the list, cannot be read.
    #[error("cannot read source {0}")]
    Read(usize, #[source] io::Error),
    /// What is merged cannot be written.
    #[error("cannot write")]
    Write(#[source] io::Error),
}

/// A source, and its next record.
struct Feed<'a> {
    opened: &'a mut Opened,
    tally: Tally,
    line: String,
    at: Option<Time>,
}

/// Writes the records of all sources as lines, until all are read or `stopped`; what was taken from each, and whether
/// all were read.
///
/// # Errors
/// When a source cannot be read, or `out` not be written.
pub fn merge(
    sources: &mut [Opened],
    out: &mut impl Write,
    stopped: impl Fn() -> bool,
) -> Result<(Vec<Tally>, bool), MergeError> {
    let mut feeds: Vec<Feed<'_>> = sources
        .iter_mut()
        .map(|opened| Feed { opened, tally: Tally::default(), line: String::new(), at: None })
        .collect();
    for (index, feed) in feeds.iter_mut().enumerate() {
        feed.advance().map_err(|error| MergeError::Read(index, error))?;
    }
    let mut complete = true;
    // The first of equals: nothing changes places without need.
    while let Some((index, feed)) = (feeds.iter_mut().enumerate())
        .filter(|(_, feed)| feed.at.is_some())
        .min_by_key(|(_, feed)| feed.at)
    {
        if stopped() {
            complete = false;
            break;
        }
        out.write_all(feed.line.as_bytes()).map_err(MergeError::Write)?;
        feed.advance().map_err(|error| MergeError::Read(index, error))?;
    }
    Ok((feeds.into_iter().map(|feed| feed.tally).collect(), complete))
}

impl Feed<'_> {
    /// Goes to the next record.
    fn advance(&mut self) -> io::Result<()> {
        self.at = None;
        while let Some(line) = self.opened.next_line()? {
            match line.record {
                Err(fault) => self.tally.broken(line.number, fault.to_string()),
                Ok(record) => {
                    let at = record.timestamp.at();
                    self.tally.record(record.charge_point_id.as_deref().unwrap_or_default(), at);
                    self.at = Some(at);
                    self.line.clear();
                    record.push_line(&mut self.line);
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Tally {
    fn record(&mut self, point: &str, at: Time) {
        self.records += 1;
        let (from, to) = self.span.unwrap_or((at, at));
        self.span = Some((from.min(at), to.max(at)));
        match self.points.get_mut(point) {
            Some(records) => *records += 1,
            None => {
                self.points.insert(point.to_owned(), 1);
            }
        }
    }

    fn broken(&mut self, line: u64, mut reason: String) {
        self.broken += 1;
        // The place in the line makes no other reason.
        if let Some(column) = reason.find(" (column ").or_else(|| reason.find(" at line ")) {
            reason.truncate(column);
        }
        if let Some((count, _)) = self.reasons.get_mut(&reason) {
            *count += 1;
        } else if self.reasons.len() < LISTED {
            self.reasons.insert(reason, (1, line));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::trace::{Options, write_line};

    fn trace(point: &str, seconds: &[i64]) -> String {
        let mut text = String::new();
        for second in seconds {
            let frame = format!(r#"[2,"{second}","Heartbeat",{{}}]"#);
            assert!(write_line(&mut text, Time(second * 1_000_000), point, true, &frame));
        }
        text
    }

    fn merged(texts: &[String], stopped: impl Fn() -> bool) -> (String, Vec<Tally>, bool) {
        let opened = |text: &String| {
            let source = Cursor::new(text.clone().into_bytes());
            Opened::new(source, "x", &Options::default()).expect("memory can be read")
        };
        let mut sources: Vec<Opened> = texts.iter().map(opened).collect();
        let mut out = Vec::new();
        let (tallies, complete) = merge(&mut sources, &mut out, stopped).expect("memory");
        (String::from_utf8(out).expect("text"), tallies, complete)
    }

    #[test]
    fn one_source_comes_out_as_it_went_in_and_several_in_the_order_of_time() {
        let (a, b) = (trace("a", &[5, 1, 7]), trace("b", &[2, 5, 6]));
        assert_eq!(merged(std::slice::from_ref(&a), || false).0, a);
        let broken = format!("pasted\n{b}pasted, too\n");
        let (text, tallies, complete) = merged(&[a, broken], || false);
        let order: Vec<&str> = text
            .lines()
            .map(|line| {
                let (_, id) = line.split_once("messageId\":\"").expect("an id");
                &id[..1]
            })
            .collect();
        assert_eq!(order, ["2", "5", "1", "5", "6", "7"]);
        assert!(complete);
        assert_eq!((tallies[0].records, tallies[1].records, tallies[1].broken), (3, 3, 2));
        assert_eq!(tallies[1].reasons.values().collect::<Vec<_>>(), [&(2, 1)]);
        assert_eq!(tallies[0].span, Some((Time(1_000_000), Time(7_000_000))));
        assert_eq!(tallies[1].points.get("b"), Some(&3));
    }

    #[test]
    fn whoever_interrupts_gets_what_was_merged_so_far() {
        let (text, _, complete) = merged(&[trace("a", &[1])], || true);
        assert_eq!((text.as_str(), complete), ("", false));
    }
}
