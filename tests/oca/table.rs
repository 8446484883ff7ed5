//! The table of cases in `README.md` is what the names of the tests say.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Below it everything is written by this test.
const MARK: &str = "<!-- from here on written by `INSTA_UPDATE=always cargo test --test oca` -->\n";
/// The cases that the tool has for central systems.
const NUMBERS: [&str; 77] = [
    "001", "003", "004_1", "004_2", "005_1", "007", "010", "011_1", "011_2", "012", "013", "014",
    "017_1", "017_2", "018_1", "019_1", "019_2", "021", "023_1", "023_2", "023_3", "024", "026",
    "028", "030", "031", "032_1", "037_1", "037_3", "039", "040_1", "040_2", "042_1", "042_2",
    "043_1", "043_3", "043_4", "043_5", "044_1", "044_2", "044_3", "045_1", "045_2", "046", "047",
    "048_1", "048_2", "048_3", "048_4", "049", "051", "052", "053", "054", "055", "056", "057",
    "059", "061", "064", "066", "067", "073", "074", "075_1", "075_2", "076", "077", "078", "079",
    "080", "081", "083", "085", "086", "087", "088",
];

struct Case {
    /// `023_1`, as the tool writes it.
    number: String,
    asserts: String,
    file: String,
}

/// The test functions of this folder, by number.
fn cases(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).expect("this folder") {
        let path = entry.expect("a file").path();
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        let mut is_test = false;
        for line in text.lines() {
            let name = line.strip_prefix("async fn tc_").and_then(|rest| rest.split('(').next());
            if let Some(name) = name {
                assert!(is_test, "{file}: tc_{name} is no test");
                let digits = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
                let number: Vec<&str> = name.split('_').take_while(digits).collect();
                let words: Vec<&str> = name.split('_').skip(number.len()).collect();
                let number = number.join("_");
                cases.push(Case { number, asserts: words.join(" "), file: file.clone() });
            }
            is_test = line.starts_with("#[tokio::test");
        }
    }
    cases.sort_by(|one, other| one.number.cmp(&other.number));
    cases
}

fn table(cases: &[Case]) -> String {
    let mut text = String::from("\n| case | what is asserted | where |\n|---|---|---|\n");
    for Case { number, asserts, file } in cases {
        let of = if NUMBERS.contains(&number.as_str()) { "CSMS" } else { "CS" };
        writeln!(text, "| TC_{number}_{of} | {asserts} | [{file}]({file}) |").expect("a String");
    }
    text
}

#[test]
fn the_table_lists_every_case_and_what_it_asserts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oca");
    let cases = cases(&folder);
    for number in NUMBERS {
        assert!(cases.iter().any(|case| case.number == number), "TC_{number}_CSMS is not there");
    }
    for pair in cases.windows(2) {
        assert_ne!(pair[0].number, pair[1].number, "one function a case");
    }
    let path = folder.join("README.md");
    let old = fs::read_to_string(&path).expect("a README");
    let (head, _) = old.split_once(MARK).expect("the mark");
    let new = format!("{head}{MARK}{}", table(&cases));
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(&path, &new).expect("a README that can be written");
    }
    let told = fs::read_to_string(&path).expect("a README");
    assert!(told == new, "README.md: run with INSTA_UPDATE=always, then read the difference");
}
