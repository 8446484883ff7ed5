//! Bytes of a list -> its header and rows, whatever separates them.

use super::Refusal;

/// What may stand between fields.
const SEPARATORS: [(u8, &str); 4] =
    [(b',', "comma"), (b';', "semicolon"), (b'\t', "tab"), (b'|', "bar")];

/// More rows than this are refused.
const MOST_ROWS: usize = 2_000_000;

/// One line of a list.
#[derive(Debug)]
pub(super) struct Row {
    /// Its line, from 1.
    pub(super) line: u64,
    fields: Vec<String>,
}

impl Row {
    /// A field without blanks around it; empty when the row is too short.
    pub(super) fn field(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |field| field.trim())
    }
}

/// A list.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) separator: u8,
    /// How it was read, for people.
    pub(super) form: String,
}

impl Table {
    /// Reads a list: UTF-8 or UTF-16 with a byte order mark, otherwise Latin-1.
    pub(super) fn read(bytes: &[u8]) -> Result<Table, Box<Refusal>> {
        let (text, encoding) = decoded(bytes);
        let (separator, name) = separator(&text);
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(text.as_bytes())
            .into_records();
        let mut header = Vec::new();
        let mut rows = Vec::new();
        let mut line = 1;
        for record in reader {
            let Ok(record) = record else { break };
            let first = record.position().map_or(line, csv::Position::line);
            // The position lies before the empty lines that the reader skips.
            let start = record.position().map_or(0, |position| position.byte() as usize);
            let skipped = text.get(start..).unwrap_or_default();
            let blank = skipped.len() - skipped.trim_start_matches(['\r', '\n']).len();
            line = first + text[start..start + blank].matches('\n').count() as u64;
            let fields: Vec<String> = record.iter().map(str::to_owned).collect();
            if fields.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            if header.is_empty() {
                header = fields.iter().map(|field| field.trim().to_owned()).collect();
                continue;
            }
            rows.push(Row { line, fields });
            if rows.len() > MOST_ROWS {
                let message = format!("the list has more than {MOST_ROWS} rows");
                return Err(Box::new(Refusal::new(message, "split it into several files")));
            }
        }
        if rows.is_empty() {
            let message = if header.is_empty() {
                "the list is empty"
            } else {
                "the list has a header and no rows"
            };
            let help = "a list has one line with the names of its columns and a line per session";
            return Err(Box::new(Refusal::new(message, help)));
        }
        let form = format!("columns separated by {name}s{encoding}");
        Ok(Table { header, rows, separator, form })
    }
}

fn decoded(bytes: &[u8]) -> (String, &'static str) {
    let wide = |bytes: &[u8], order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => (String::from_utf8_lossy(rest).into_owned(), ""),
        [0xff, 0xfe, rest @ ..] => (wide(rest, u16::from_le_bytes), ", UTF-16"),
        [0xfe, 0xff, rest @ ..] => (wide(rest, u16::from_be_bytes), ", UTF-16"),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), ""),
            Err(_) => (bytes.iter().map(|byte| char::from(*byte)).collect(), ", read as Latin-1"),
        },
    }
}

/// The separator that the first line with any holds most of, outside quotes.
fn separator(text: &str) -> (u8, &'static str) {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: u8| {
        let mut quoted = false;
        line.bytes()
            .filter(|byte| {
                quoted ^= *byte == b'"';
                *byte == separator && !quoted
            })
            .count()
    };
    // On a tie the comma, which is the first.
    let mut best = SEPARATORS[0];
    for candidate in SEPARATORS {
        if count(candidate.0) > count(best.0) {
            best = candidate;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_line_past_empty_lines_and_quoted_breaks() {
        let table =
            Table::read(b"\xef\xbb\xbfa;b\r\n\r\n1;\"two\r\nlines\"\r\n\r\n3;4;5\r\n").unwrap();
        assert_eq!(table.header, ["a", "b"]);
        assert_eq!(table.separator, b';');
        let lines: Vec<u64> = table.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [3, 6]);
        assert_eq!(table.rows[1].field(1), "4");
        assert_eq!(table.rows[1].field(7), "");
    }

    #[test]
    fn other_encodings_are_read_and_told() {
        let wide: Vec<u8> = "a\tb\n1\t2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let table = Table::read(&[&[0xff, 0xfe], wide.as_slice()].concat()).unwrap();
        assert_eq!((table.header.len(), table.separator), (2, b'\t'));
        let latin = Table::read(b"Lade\xe4nde,b\n1,2\n").unwrap();
        assert_eq!(latin.header[0], "Lade\u{e4}nde");
        assert!(latin.form.ends_with("read as Latin-1"));
    }
}
