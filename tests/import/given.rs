//! What the stories share.

use ampacity::import::{self, Imported, Names, Options, Refusal};
use ampacity::scenario::quantity::parse_zone;
use ampacity::scenario::{Scenario, Source, load};

/// An export with a bit of everything: semicolons, quotes, decimal commas, overlaps, rows of no use.
pub(crate) const EXPORT: &str = include_str!("export.csv");

pub(crate) const NAMES: Names<'static> = Names {
    list: "export.csv",
    title: "town",
    scenario: "town.toml",
    sessions: "town-sessions.csv",
};

/// Options with the zone of the export.
pub(crate) fn berlin() -> Options {
    let zone = parse_zone("Europe/Berlin").expect("a zone");
    Options { zone: Some(("Europe/Berlin".to_owned(), zone)), ..Options::default() }
}

pub(crate) fn sessions(text: &str, options: &Options) -> Result<Imported, Box<Refusal>> {
    import::sessions(text.as_bytes(), NAMES, options)
}

pub(crate) fn imported(text: &str, options: &Options) -> Imported {
    sessions(text, options).unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

/// The options of `--column ROLE=NAME` for each pair.
pub(crate) fn columns(pairs: &[(&str, &str)]) -> Options {
    let columns = pairs.iter().map(|(role, name)| ((*role).to_owned(), (*name).to_owned()));
    Options { columns: columns.collect(), ..berlin() }
}

/// The scenario as every command reads it; without a problem, and without a warning.
pub(crate) fn loaded(imported: &Imported) -> Scenario {
    let source = Source::new("town.toml", &imported.scenario);
    let files = |name: &str| {
        assert_eq!(name, NAMES.sessions);
        Ok(imported.sessions.clone())
    };
    let (scenario, warnings) = load(&source, &files).unwrap_or_else(|problems| {
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}\n{}", shown.join("\n"), imported.scenario)
    });
    let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    scenario
}
