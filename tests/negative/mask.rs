//! Debug texts without what a refusal may change: counters and buffers.

/// Leaves out the value of every field of this name, up to the comma or bracket that ends it.
pub(crate) fn without(debug: &str, field: &str) -> String {
    let mut kept = String::with_capacity(debug.len());
    let mut rest = debug;
    let name = format!(" {field}: ");
    while let Some(start) = rest.find(&name) {
        let (before, after) = rest.split_at(start + name.len());
        kept.push_str(before);
        rest = &after[value_end(after)..];
    }
    kept.push_str(rest);
    kept
}

/// Where a value of a Debug text ends.
fn value_end(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' | b'(' => depth += 1,
            b',' if depth == 0 => return at,
            b'}' | b']' | b')' if depth == 0 => return at,
            b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Without the number of the last transaction: a StartTransaction that cannot be read uses up an
/// id, because its answer has to name one.
pub(crate) fn ids(debug: &str) -> String {
    without(debug, "last_id")
}

/// Panics with the place where two texts part.
#[track_caller]
pub(crate) fn assert_same(before: &str, after: &str, what: &str) {
    if before != after {
        let same = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        let shown = |text: &str| -> String {
            let start = (0..=same.saturating_sub(60)).rev().find(|at| text.is_char_boundary(*at));
            text[start.unwrap_or(0)..].chars().take(160).collect()
        };
        panic!("{what}\nleft a trace: {}\ninstead of: {}", shown(after), shown(before));
    }
}

#[test]
fn a_field_is_left_out_wherever_it_stands_and_whatever_it_holds() {
    let debug = r#"A { n: 1, m: M { n: {"x, }": [2, 3]}, k: 4 }, n: "a\", b" }"#;
    assert_eq!(without(debug, "n"), r#"A { n: , m: M { n: , k: 4 }, n: }"#);
}
