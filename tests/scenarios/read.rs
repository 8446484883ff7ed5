//! Scenarios of the project for tests that run them.

use std::path::Path;

use ampacity::scenario::{Scenario, Source, apply_override, load};

/// The scenario of a file, by its path from the root of the project, with `path=value` overrides.
pub(crate) fn scenario(path: &str, overrides: &[&str]) -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&file).expect("a scenario");
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    let source = Source::new(name, &text);
    let source = overrides.iter().fold(source, |source, assignment| {
        apply_override(&source, assignment).unwrap_or_else(|problem| panic!("{problem}"))
    });
    match load(&source, &|name| Err(format!("no file {name}"))) {
        Ok((scenario, _)) => scenario,
        Err(problems) => {
            let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", shown.join("\n"))
        }
    }
}
