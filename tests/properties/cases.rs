//! How many random cases properties go through, wherever they stand.

use proptest::test_runner::Config;

/// So many random cases of a property, or as many as `AMPACITY_CASES` says.
pub(crate) fn cases(usual: u32) -> Config {
    let asked = std::env::var("AMPACITY_CASES").ok().and_then(|number| number.parse().ok());
    let cases = asked.unwrap_or(usual);
    Config { cases, failure_persistence: None, ..Config::default() }
}
