//! Lines -> records, one after the other.

use std::io::{self, BufRead, Read};

use super::record::{Fault, Record};

/// A line beyond this is passed over without being held, bytes. A frame of 64 KiB, escaped once more and told
/// twice, is far from it.
pub const LONGEST_LINE: usize = 4 << 20;

/// Reads a trace line by line; holds one line.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    number: u64,
    line: Vec<u8>,
}

/// A line that is not blank.
#[derive(Debug)]
pub struct Line<'a> {
    /// From 1 on.
    pub number: u64,
    /// What stands there.
    pub record: Result<Record<'a>, Fault>,
}

impl<R: BufRead> Reader<R> {
    /// A reader that stands before the first line.
    pub fn new(source: R) -> Reader<R> {
        Reader { source, number: 0, line: Vec::new() }
    }

    /// The next line that is not blank; `None` at the end.
    ///
    /// # Errors
    /// When the source cannot be read. What is no record is no error: the next line can be read.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.line.clear();
            let limit = LONGEST_LINE as u64 + 1;
            if (&mut self.source).take(limit).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let ended = self.line.last() == Some(&b'\n');
            if !ended && self.line.len() > LONGEST_LINE {
                self.pass_over()?;
                return Ok(Some(Line { number: self.number, record: Err(Fault::TooLong) }));
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let record = match std::str::from_utf8(&self.line) {
            Err(error) => Err(Fault::NotText(error.valid_up_to() + 1)),
            // Editors begin a file with a mark of the byte order.
            Ok(text) => Record::parse(text.trim_start_matches('\u{feff}').trim_end()),
        };
        Ok(Some(Line { number: self.number, record }))
    }

    /// Reads on to the end of the line, or of everything.
    fn pass_over(&mut self) -> io::Result<()> {
        loop {
            let some = self.source.fill_buf()?;
            let (used, ended) = match some.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (some.len(), some.is_empty()),
            };
            self.source.consume(used);
            if ended {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;
    use crate::trace::write_line;

    fn read(bytes: &[u8]) -> Vec<(u64, Result<String, Fault>)> {
        let mut reader = Reader::new(bytes);
        let mut all = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            let action = line.record.map(|it| it.action.unwrap_or_default().into_owned());
            all.push((line.number, action));
        }
        all
    }

    fn good() -> String {
        let mut out = String::new();
        write_line(&mut out, Time(0), "cp_1", true, r#"[2,"1","Heartbeat",{}]"#);
        out
    }

    #[test]
    fn blank_lines_marks_and_carriage_returns_are_nothing_and_numbers_are_those_of_an_editor() {
        let text = format!("\u{feff}{}\n \r\n{}\r\n", good(), good().trim_end());
        let numbers: Vec<u64> = read(text.as_bytes()).iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 4]);
        assert!(read(text.as_bytes()).iter().all(|(_, it)| *it == Ok("Heartbeat".to_owned())));
    }

    #[test]
    fn a_broken_line_costs_itself_alone() {
        let mut bytes = b"pasted, not a trace\n".to_vec();
        bytes.extend(good().as_bytes());
        bytes.extend([b'{', 0xff, b'\n']);
        bytes.extend(vec![b'x'; LONGEST_LINE + 3]);
        bytes.push(b'\n');
        bytes.extend(good().as_bytes());
        // The program that wrote it was killed.
        bytes.extend(&good().as_bytes()[..100]);
        let all = read(&bytes);
        assert_eq!(all[0], (1, Err(Fault::NoObject)));
        assert_eq!(all[1], (2, Ok("Heartbeat".to_owned())));
        assert_eq!(all[2], (3, Err(Fault::NotText(2))));
        assert_eq!(all[3], (4, Err(Fault::TooLong)));
        assert_eq!(all[4], (5, Ok("Heartbeat".to_owned())));
        assert!(matches!(&all[5], (6, Err(Fault::Malformed(_)))), "{:?}", all[5]);
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn a_line_of_just_the_longest_length_is_read() {
        let good = good();
        let filled = format!("{}{}\n", good.trim_end(), " ".repeat(LONGEST_LINE - good.len() + 1));
        assert_eq!(filled.len(), LONGEST_LINE + 1);
        assert_eq!(read(filled.as_bytes()), [(1, Ok("Heartbeat".to_owned()))]);
    }
}
