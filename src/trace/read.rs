//! Lines -> records, one after the other.

use std::io::{self, BufRead};

use super::lines::Lines;
use super::record::{Fault, Record};

pub use super::lines::LONGEST_LINE;

/// Reads a trace line by line; holds one line.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
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
        Reader { lines: Lines::new(source) }
    }

    /// The next line that is not blank; `None` at the end.
    ///
    /// # Errors
    /// When the source cannot be read. What is no record is no error: the next line can be read.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let fault = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(Err(fault)) => break Some(fault),
                Some(Ok(())) if self.lines.bytes().trim_ascii().is_empty() => {}
                Some(Ok(())) => break None,
            }
        };
        let record = match fault {
            Some(fault) => Err(fault),
            None => self.lines.text().and_then(Record::parse),
        };
        Ok(Some(Line { number: self.lines.number(), record }))
    }

    /// The next line that is not blank as it stands, and its number. What is no text, too long, or cut off, is
    /// given as nothing.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn next_text(&mut self) -> io::Result<Option<(u64, &str)>> {
        let held = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(Err(_)) => break false,
                Some(Ok(())) if self.lines.bytes().trim_ascii().is_empty() => {}
                Some(Ok(())) => break true,
            }
        };
        let text = if held { self.lines.text().unwrap_or("") } else { "" };
        Ok(Some((self.lines.number(), text)))
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
