//! The stores of all shards put together: one that equals that of a single machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::plan::Plan;
use super::shard::Shard;
use super::store::{FILE, Store, StoreError, lock};

/// Parts with missing rows that a message names.
const LISTED: usize = 8;

/// Why stores cannot be put together.
#[derive(Debug, Error)]
pub enum MergeError {
    /// One cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They do not belong together.
    #[error("{0}")]
    Differs(String),
    /// They are not everything.
    #[error("{0}")]
    Missing(String),
}

/// What was put together.
#[derive(Debug)]
pub struct Merged {
    /// All rows.
    pub store: Store,
    /// Rows that were there more than once, equal each time.
    pub twice: u64,
}

/// The folders with stores that are meant by some folders: the parts in them, or they themselves.
///
/// # Errors
/// When one means none, or one is meant twice; the text says what to name instead.
pub fn parts(folders: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut all = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(folder)
            .map_err(|error| format!("cannot read the folder {}: {error}", folder.display()))?;
        let mut inside: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name().is_some_and(|it| Shard::is_folder(&it.to_string_lossy()))
            })
            .filter(|path| path.join(FILE).is_file())
            .collect();
        inside.sort();
        if inside.is_empty() && folder.join(FILE).is_file() {
            inside.push(folder.clone());
        }
        if inside.is_empty() {
            return Err(format!(
                "there is no sweep in {}: name folders that `ampacity sweep` has written, or the one that \
                 holds them",
                folder.display()
            ));
        }
        all.extend(inside);
    }
    let mut seen = BTreeSet::new();
    match all.iter().find(|path| !seen.insert(path.canonicalize().unwrap_or((*path).clone()))) {
        Some(twice) => Err(format!("{} is named twice; name it once", twice.display())),
        None => Ok(all),
    }
}

/// Puts the stores of these folders together in the folder `out`, which is made when missing.
///
/// # Errors
/// When they are not of the same sweep, when rows with the same place differ, when rows are missing,
/// or when a file cannot be used. Nothing is written then.
pub fn merge(folders: &[PathBuf], out: &Path) -> Result<Merged, MergeError> {
    let same = |folder: &PathBuf| folder.canonicalize().ok() == out.canonicalize().ok();
    if folders.iter().any(same) {
        return Err(MergeError::Differs(format!(
            "the results would replace those in {}; give another --out",
            out.display()
        )));
    }
    let cannot = |what: &str, path: &Path, error: &std::io::Error| {
        StoreError::Failed(format!("cannot {what} {}: {error}", path.display()))
    };
    fs::create_dir_all(out).map_err(|error| cannot("make the folder", out, &error))?;
    let plan = Store::read(&folders[0])?.plan().clone();
    if plan.search.is_some() {
        return Err(MergeError::Differs(format!(
            "{} is a search, which is not made in parts",
            folders[0].display()
        )));
    }
    let path = out.join(FILE);
    if path.exists() {
        replaceable(out, &plan)?;
    }
    let held = lock(out)?;
    let part = path.with_extension("sqlite.part");
    if part.exists() {
        fs::remove_file(&part).map_err(|error| cannot("remove", &part, &error))?;
    }
    let filled = Store::make(&part, &plan, Shard::WHOLE, None)
        .map_err(MergeError::from)
        .and_then(|mut store| fill(&mut store, folders, &plan));
    let twice = match filled {
        Ok(twice) => twice,
        Err(error) => {
            // It is of no use to anybody; a left-over is removed by the next merge.
            let _ = fs::remove_file(&part);
            return Err(error);
        }
    };
    fs::rename(&part, &path).map_err(|error| cannot("write", &path, &error))?;
    Ok(Merged { store: Store::make(&path, &plan, Shard::WHOLE, Some(held))?, twice })
}

/// Whether what is in a folder may be replaced by this sweep.
fn replaceable(out: &Path, plan: &Plan) -> Result<(), MergeError> {
    let there = Store::read(out)?;
    match plan.difference(there.plan()) {
        None => Ok(()),
        Some(what) => Err(MergeError::Differs(format!(
            "{} holds results of {what}; give another --out",
            out.display()
        ))),
    }
}

/// Copies the rows of all folders; returns how many were there more than once.
fn fill(store: &mut Store, folders: &[PathBuf], plan: &Plan) -> Result<u64, MergeError> {
    let mut from: BTreeMap<u64, usize> = BTreeMap::new();
    let (mut twice, mut most) = (0, Shard::WHOLE);
    store.begin()?;
    for (at, folder) in folders.iter().enumerate() {
        let part = Store::read(folder)?;
        if let Some(what) = plan.difference(part.plan()) {
            return Err(MergeError::Differs(format!(
                "{} and {} are not parts of the same sweep: the second is of {what}",
                folders[0].display(),
                folder.display()
            )));
        }
        most = if part.shard().of > most.of { part.shard() } else { most };
        let mut differs = None;
        part.each(|row| {
            match from.get(&row.row) {
                None => {
                    store.add(&row)?;
                    from.insert(row.row, at);
                }
                Some(_) if store.row(row.row)?.as_ref() == Some(&row) => twice += 1,
                Some(first) => {
                    differs.get_or_insert((row.row, *first));
                }
            }
            Ok(())
        })?;
        if let Some((row, first)) = differs {
            return Err(MergeError::Differs(format!(
                "row {row} is in {} and in {} with different results; they were made by different \
                 programs, or one was changed: make one of them again",
                folders[first].display(),
                folder.display()
            )));
        }
    }
    let missing: Vec<u64> = (0..plan.rows()).filter(|row| !from.contains_key(row)).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing(lacking(&missing, plan.rows(), most.of)));
    }
    store.commit()?;
    Ok(twice)
}

/// Which rows are missing, by the part that should have made them.
fn lacking(missing: &[u64], rows: u64, of: u64) -> String {
    let mut by_part: BTreeMap<u64, usize> = BTreeMap::new();
    missing.iter().for_each(|row| *by_part.entry(row % of + 1).or_default() += 1);
    let each: Vec<String> = by_part
        .iter()
        .take(LISTED)
        .map(|(number, count)| {
            let all = Shard { number: *number, of }.rows(rows).count();
            format!("{count} of the {all} of part {number}/{of}")
        })
        .collect();
    let more = match by_part.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and those of {more} more parts"),
    };
    format!(
        "{} of {rows} rows are missing: {}{more}; run those parts again, they go on where they were",
        missing.len(),
        each.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rows_are_told_by_part() {
        let told = lacking(&[1, 4, 5], 7, 3);
        let first = "3 of 7 rows are missing: 2 of the 2 of part 2/3, 1 of the 2 of part 3/3;";
        assert!(told.starts_with(first), "{told}");
        let all: Vec<u64> = (0..20).collect();
        assert!(lacking(&all, 20, 10).contains(" and those of 2 more parts;"));
    }
}
