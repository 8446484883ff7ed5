//! The scenario of each point of a grid.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

use crate::cli::output::{Colour, note};
use crate::cli::scenario::{self, Material};
use crate::cli::{Exit, workers};
use crate::scenario::{Diagnostic, Scenario, Source, load};
use crate::sweep::plan::Plan;

/// Points with problems that are shown; more are counted.
const SHOWN: usize = 3;
/// Scenarios that are kept: workers are at neighbouring rows, and those have the same point.
const KEPT: usize = 16;

/// Makes the scenarios of points from what was read once: a file that changes while a sweep runs
/// changes nothing.
pub(super) struct Points<'a> {
    plan: &'a Plan,
    name: String,
    text: String,
    folder: PathBuf,
    /// The files that scenarios name, by that name.
    files: Mutex<BTreeMap<String, String>>,
    kept: Mutex<BTreeMap<u64, Arc<Scenario>>>,
}

impl<'a> Points<'a> {
    pub(super) fn new(plan: &'a Plan, path: &Path, material: Material) -> Points<'a> {
        Points {
            plan,
            name: path.display().to_string(),
            text: material.text,
            folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
            files: Mutex::new(material.files),
            kept: Mutex::default(),
        }
    }

    /// The scenario of a point, or its problems.
    pub(super) fn scenario(&self, point: u64) -> Result<Arc<Scenario>, Vec<Diagnostic>> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = kept().get(&point) {
            return Ok(Arc::clone(there));
        }
        let source = Source::new(&self.name, &self.text);
        let source = scenario::overridden(source, &self.plan.assignments(point))?;
        let (made, _) = load(&source, &|name| self.file(name))?;
        let made = Arc::new(made);
        let mut kept = kept();
        if kept.len() >= KEPT {
            // Rows ascend, so the lowest point is the one that is least likely to come again.
            kept.pop_first();
        }
        kept.insert(point, Arc::clone(&made));
        Ok(made)
    }

    fn file(&self, name: &str) -> Result<String, String> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = files.get(name) {
            return Ok(text.clone());
        }
        let text = scenario::table(&self.folder.join(name))?;
        files.insert(name.to_owned(), text.clone());
        Ok(text)
    }

    /// Looks at all points before anything runs; tells the problems of some, or which are the same.
    pub(super) fn check(
        &self,
        at_once: Option<NonZeroUsize>,
        colour: Colour,
    ) -> anyhow::Result<Result<(), Exit>> {
        let points = self.plan.points() as usize;
        let looked_at = workers::share(points, at_once, &ProgressBar::hidden(), |point| {
            Ok(Ok(self.scenario(point as u64).map(|scenario| scenario.sha256.clone())))
        })?;
        let mut looked_at = match looked_at {
            Ok(looked_at) => looked_at,
            Err(exit) => return Ok(Err(exit)),
        };
        if looked_at.len() < points {
            note("ampacity: interrupted before anything ran");
            return Ok(Err(Exit::Interrupted));
        }
        looked_at.sort_by_key(|(point, _)| *point);
        let (mut known, mut wrong) = (BTreeMap::new(), 0);
        for (point, outcome) in looked_at {
            match outcome {
                Ok(hash) => {
                    if let Some(first) = known.insert(hash, point) {
                        note(format!(
                            "ampacity: the grid has {} twice, also as {}; leave one out",
                            self.named(first as u64),
                            self.named(point as u64)
                        ));
                        return Ok(Err(Exit::Invalid));
                    }
                }
                Err(problems) => {
                    if wrong < SHOWN {
                        let place = self.named(point as u64);
                        note(format!("ampacity: the scenario cannot run with {place}:"));
                        scenario::show(&problems, colour.on_stderr());
                    }
                    wrong += 1;
                }
            }
        }
        if wrong == 0 {
            return Ok(Ok(()));
        }
        note(format!(
            "ampacity: {wrong} of the {points} points of the grid cannot run; nothing was run: take them out \
             of the grid, or change the scenario"
        ));
        Ok(Err(Exit::Invalid))
    }

    fn named(&self, point: u64) -> String {
        self.plan.assignments(point).join(" ")
    }
}
