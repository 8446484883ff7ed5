//! `quirks = [..]`: what a group of charge points does other than the standard says.

use super::problems::Problems;
use super::record::{Located, Record};
use crate::charger::quirks::{Misfit, Parameter, conflict, names};
use crate::charger::{ChargerSpec, Quirk};
use crate::scenario::suggest;

/// The quirks of a table, those of its model before them.
pub(super) fn read(
    record: &Record,
    spec: &ChargerSpec,
    inherited: &[Quirk],
    problems: &mut Problems<'_>,
) -> Vec<Quirk> {
    let mut quirks = inherited.to_vec();
    for text in record.texts("quirks") {
        let Some(quirk) = one(text, problems) else { continue };
        let entry = quirk.entry();
        if entry.only.is_some_and(|kind| kind != spec.kind) {
            let model = &spec.model;
            problems
                .error(text.span.clone(), &format!("`{}` has no effect on `{model}`", entry.name))
                .label("of another kind of current")
                .help("leave it out, or give it to chargers of the other kind");
            continue;
        }
        quirks.push(quirk);
        if let Some((first, second)) = conflict(&quirks) {
            let quirk = quirks.remove(second);
            let message = match quirks[first] == quirk {
                true => format!("`{quirk}` is given twice"),
                false => format!("`{quirk}` contradicts `{}`", quirks[first]),
            };
            let whose = if first < inherited.len() { "its model's" } else { "in this list" };
            problems
                .error(text.span.clone(), &message)
                .label(&format!("the other is {whose}"))
                .help("keep one of the two");
        }
    }
    quirks
}

fn one(text: &Located<String>, problems: &mut Problems<'_>) -> Option<Quirk> {
    match Quirk::parse(&text.value) {
        Ok(quirk) => Some(quirk),
        Err(Misfit::Unknown(name)) => {
            let known = names();
            let help = match suggest::nearest(&name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "scenarios/quirks.md lists all; `ampacity schema` too".to_owned(),
            };
            problems
                .error(text.span.clone(), &format!("unknown quirk `{name}`"))
                .label("no charger does this")
                .help(&help);
            None
        }
        Err(Misfit::Parameter(name, parameter)) => {
            let (message, label) = match parameter {
                Parameter::None => {
                    (format!("`{name}` takes no parameter"), "nothing stands behind it".to_owned())
                }
                _ if text.value.contains('=') => {
                    (format!("`{name}` takes another parameter"), format!("takes {parameter}"))
                }
                _ => (format!("`{name}` lacks its parameter"), format!("takes {parameter}")),
            };
            let example = parameter.examples(name).swap_remove(0);
            problems
                .error(text.span.clone(), &message)
                .label(&label)
                .help(&format!("write for example \"{example}\""));
            None
        }
    }
}
