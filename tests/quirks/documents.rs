//! The documents that come from the table of quirks.

use std::path::Path;

use ampacity::charger::quirks::{QUIRKS, markdown};
use ampacity::scenario::schema;

/// `AMPACITY_UPDATE_DOCUMENTS=1 cargo test --test quirks documents` writes the table anew.
#[test]
fn the_page_of_quirks_shows_the_table_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/quirks.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let begin = page.find("| quirk |").expect("a table");
    let end = begin + page[begin..].find("\n\n").map_or(page.len() - begin, |end| end + 1);
    if std::env::var_os("AMPACITY_UPDATE_DOCUMENTS").is_some() {
        let page = format!("{}{}{}", &page[..begin], markdown(), &page[end..]);
        std::fs::write(&path, page).expect("the page is written");
        return;
    }
    assert_eq!(&page[begin..end], markdown(), "the page is out of date");
}

#[test]
fn the_schema_knows_every_quirk_and_every_fault() {
    let text = schema().to_string();
    for entry in QUIRKS {
        let about = serde_json::to_string(entry.about).expect("a text is JSON");
        let about = about.trim_matches('"');
        assert!(text.contains(entry.name) && text.contains(about), "{}", entry.name);
    }
    assert!(text.contains("ignore_limits") && text.contains("clock_skew"));
}
