//! Which rows are this machine's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The variable that tells how many shards there are where Kubernetes does not.
pub const SHARDS: &str = "AMPACITY_SHARDS";

/// More shards than this are a mistake.
const MOST_SHARDS: u64 = 100_000;

/// One of several parts of a sweep: the rows whose number modulo `of` is `number - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// From 1 to `of`.
    pub number: u64,
    /// How many parts there are.
    pub of: u64,
}

impl Shard {
    /// The one part that is all.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// Reads `K/N`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Shard, String> {
        let numbers = text.split_once('/').map(|(k, n)| (k.trim().parse(), n.trim().parse()));
        match numbers {
            Some((Ok(number), Ok(of))) => Shard::new(number, of),
            _ => Err("write K/N, as in 3/8 for the third of eight parts".to_owned()),
        }
    }

    fn new(number: u64, of: u64) -> Result<Shard, String> {
        if !(1..=MOST_SHARDS).contains(&of) {
            return Err(format!("there can be 1 to {MOST_SHARDS} parts, not {of}"));
        }
        if !(1..=of).contains(&number) {
            return Err(format!(
                "there is no part {number} of {of}: parts are counted from 1 to {of}"
            ));
        }
        Ok(Shard { number, of })
    }

    /// The part that the environment names, and what named it; `None` when nothing does.
    ///
    /// A Slurm array names it by its task, a Kubernetes Indexed Job by its completion index together
    /// with `AMPACITY_SHARDS`, since Kubernetes does not tell a pod how many there are.
    ///
    /// # Errors
    /// When the variables do not say which part of how many it is: to run everything would be wrong.
    pub fn from_environment(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<(Shard, &'static str)>, String> {
        let number = |name: &str| -> Result<u64, String> {
            let text = variable(name).unwrap_or_default();
            text.trim().parse().map_err(|_| {
                format!("{name} is {text:?} and no number; say which part it is with --shard K/N")
            })
        };
        if variable("SLURM_ARRAY_TASK_ID").is_some() {
            let id = number("SLURM_ARRAY_TASK_ID")?;
            let first = number("SLURM_ARRAY_TASK_MIN")?;
            let of = number("SLURM_ARRAY_TASK_COUNT")?;
            let step = match variable("SLURM_ARRAY_TASK_STEP") {
                Some(_) => number("SLURM_ARRAY_TASK_STEP")?.max(1),
                None => 1,
            };
            let ahead = id.checked_sub(first).filter(|ahead| ahead.is_multiple_of(step));
            let shard = ahead.and_then(|ahead| Shard::new(ahead / step + 1, of).ok());
            return shard.map(|shard| Some((shard, "the Slurm array"))).ok_or_else(|| {
                format!(
                    "the Slurm array is no row of numbers with equal steps: task {id}, first {first}, step \
                     {step}, {of} tasks; submit it with --array=1-N, or say which part it is with --shard K/N"
                )
            });
        }
        if variable("JOB_COMPLETION_INDEX").is_some() {
            let index = number("JOB_COMPLETION_INDEX")?;
            if variable(SHARDS).is_none() {
                return Err(format!(
                    "JOB_COMPLETION_INDEX is {index}, but nothing says how many indexes there are: set {SHARDS} \
                     to the job's `completions`, or give --shard K/N (1/1 for everything)"
                ));
            }
            let shard = Shard::new(index.saturating_add(1), number(SHARDS)?)
                .map_err(|problem| format!("JOB_COMPLETION_INDEX and {SHARDS}: {problem}"))?;
            return Ok(Some((shard, "the Kubernetes job")));
        }
        Ok(None)
    }

    /// Whether a row is its.
    #[must_use]
    pub fn has(self, row: u64) -> bool {
        row % self.of == self.number - 1
    }

    /// The rows that are its, of so many.
    pub fn rows(self, all: u64) -> impl Iterator<Item = u64> {
        (self.number - 1..all).step_by(self.of as usize)
    }

    /// Name of its folder.
    #[must_use]
    pub fn folder(self) -> String {
        format!("shard-{}-of-{}", self.number, self.of)
    }

    /// Whether a folder has such a name.
    #[must_use]
    pub fn is_folder(name: &str) -> bool {
        let numbers = name.strip_prefix("shard-").and_then(|rest| rest.split_once("-of-"));
        numbers.is_some_and(|(number, of)| Shard::parse(&format!("{number}/{of}")).is_ok())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> Result<Option<(Shard, &'static str)>, String> {
        let owned: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Shard::from_environment(&move |name| {
            owned.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })
    }

    fn slurm(id: &str, first: &str, step: &str, of: &str) -> Result<String, String> {
        let found = told(&[
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_MIN", first),
            ("SLURM_ARRAY_TASK_STEP", step),
            ("SLURM_ARRAY_TASK_COUNT", of),
        ])?;
        Ok(found.map(|(shard, by)| format!("{shard} by {by}")).unwrap_or_default())
    }

    #[test]
    fn every_row_is_in_exactly_one_part() {
        for of in 1..8 {
            let parts: Vec<Shard> = (1..=of).map(|number| Shard { number, of }).collect();
            for row in 0..50 {
                assert_eq!(parts.iter().filter(|part| part.has(row)).count(), 1);
            }
            for part in parts {
                let rows: Vec<u64> = part.rows(50).collect();
                assert_eq!(rows, (0..50).filter(|row| part.has(*row)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn slurm_arrays_may_begin_anywhere_and_take_steps() {
        assert_eq!(slurm("1", "1", "1", "4").as_deref(), Ok("1/4 by the Slurm array"));
        assert_eq!(slurm("6", "0", "2", "4").as_deref(), Ok("4/4 by the Slurm array"));
        let odd = slurm("7", "1", "2", "3").expect_err("1,3,7 has no equal steps");
        assert!(odd.contains("--array=1-N"), "{odd}");
        assert!(slurm("4", "1", "2", "3").is_err());
        assert!(slurm("x", "1", "1", "3").expect_err("no number").contains("SLURM_ARRAY_TASK_ID"));
    }

    #[test]
    fn kubernetes_needs_to_be_told_how_many_there_are() {
        let found = told(&[("JOB_COMPLETION_INDEX", "2"), (SHARDS, "3")]).expect("a part");
        assert_eq!(found, Some((Shard { number: 3, of: 3 }, "the Kubernetes job")));
        let lost = told(&[("JOB_COMPLETION_INDEX", "2")]).expect_err("how many?");
        assert!(lost.contains(SHARDS) && lost.contains("--shard"), "{lost}");
        assert!(told(&[("JOB_COMPLETION_INDEX", "3"), (SHARDS, "3")]).is_err(), "counted from 0");
        assert_eq!(told(&[(SHARDS, "3")]), Ok(None), "no job, no part");
    }

    #[test]
    fn a_part_is_written_as_k_of_n_from_1_on() {
        assert_eq!(Shard::parse("3/8"), Ok(Shard { number: 3, of: 8 }));
        for wrong in ["", "3", "0/8", "9/8", "1/0", "-1/2", "a/b", "1/100001"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Shard::is_folder(&Shard { number: 3, of: 8 }.folder()));
        assert!(!Shard::is_folder("shard-9-of-8") && !Shard::is_folder("charts"));
    }
}
