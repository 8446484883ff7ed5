//! What is to be run: a row for each point of the grid, strategy and seed.

use serde::{Deserialize, Serialize};

use super::grid::{Axis, MOST};
use super::search::Search;
use crate::allocation::Strategy;
use crate::scenario::Scenario;

/// Identifies the layout of a plan in `sweep.sqlite`.
const SCHEMA: &str = "ampacity-sweep-plan/1";

/// Paths that other options set, and these.
const ELSEWHERE: [(&str, &str); 2] = [("seed", "--seeds"), ("site.strategy", "--strategies")];

/// A sweep. Two with the same plan have the same rows, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    schema: String,
    /// The program that makes the rows.
    pub ampacity_version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Hash of the scenario, `--set` included, the grid left out, and of every file it names.
    pub scenario_sha256: String,
    /// What is varied; the last changes fastest. Empty only with a search.
    pub grid: Vec<Axis>,
    /// What is searched for at each point of the grid.
    pub search: Option<Search>,
    /// In the order of the command line.
    pub strategies: Vec<Strategy>,
    /// The scenario's seed.
    pub first_seed: u64,
    /// How many seeds there are, from the first on.
    pub seeds: u32,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Point of the grid, from 0.
    pub point: u64,
    /// Strategy by its place, from 0.
    pub strategy: usize,
    /// The seed itself.
    pub seed: u64,
}

impl Plan {
    /// A plan for a scenario, its grid left out.
    ///
    /// # Errors
    /// What cannot be swept, and what to do instead.
    pub fn new(
        scenario: &Scenario,
        grid: Vec<Axis>,
        search: Option<Search>,
        strategies: Vec<Strategy>,
        seeds: u32,
    ) -> Result<Plan, String> {
        let plan = Plan {
            schema: SCHEMA.to_owned(),
            ampacity_version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.name.clone(),
            scenario_sha256: scenario.sha256.clone(),
            grid,
            search,
            strategies,
            first_seed: scenario.seed,
            seeds,
        };
        let paths: Vec<&str> = plan.axes().map(|axis| axis.path.as_str()).collect();
        for (at, path) in paths.iter().enumerate() {
            if let Some((_, option)) = ELSEWHERE.iter().find(|(known, _)| known == path) {
                return Err(format!("{path} is no path of a grid; give {option} instead"));
            }
            if paths[..at].contains(path) {
                return Err(format!("{path} is there twice; give all its values in one --grid"));
            }
        }
        let runs = plan.strategies.len() as u128 * u128::from(seeds);
        let rows = plan.axes().map(|axis| axis.values.len() as u128).product::<u128>() * runs;
        if rows > u128::from(MOST) {
            return Err(format!(
                "these are {rows} runs, and a sweep has at most {MOST}; take fewer values, strategies or \
                 seeds, or several sweeps"
            ));
        }
        Ok(plan)
    }

    /// Reads what [`Plan::to_text`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Plan> {
        serde_json::from_str(text).ok().filter(|plan: &Plan| plan.schema == SCHEMA)
    }

    /// The plan as it is kept in the store.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything that is varied: the grid, then what is searched along.
    pub fn axes(&self) -> impl Iterator<Item = &Axis> {
        self.grid.iter().chain(self.search.as_ref().map(|search| &search.axis))
    }

    /// How many points there are.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.axes().map(|axis| axis.values.len() as u64).product()
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.points() * self.strategies.len() as u64 * u64::from(self.seeds)
    }

    /// What a row is.
    #[must_use]
    pub fn place(&self, row: u64) -> Place {
        let (rest, seed) = (row / u64::from(self.seeds), row % u64::from(self.seeds));
        let strategies = self.strategies.len() as u64;
        Place {
            point: rest / strategies,
            strategy: (rest % strategies) as usize,
            seed: self.first_seed + seed,
        }
    }

    /// The rows of a point and strategy, one for each seed.
    #[must_use]
    pub fn rows_of(&self, point: u64, strategy: usize) -> std::ops::Range<u64> {
        let seeds = u64::from(self.seeds);
        let first = (point * self.strategies.len() as u64 + strategy as u64) * seeds;
        first..first + seeds
    }

    /// Which value each axis has at a point.
    #[must_use]
    pub fn choice(&self, point: u64) -> Vec<usize> {
        let mut rest = point;
        let sizes: Vec<u64> = self.axes().map(|axis| axis.values.len() as u64).collect();
        let mut choice: Vec<usize> = sizes
            .iter()
            .rev()
            .map(|size| {
                let at = rest % size;
                rest /= size;
                at as usize
            })
            .collect();
        choice.reverse();
        choice
    }

    /// The values of a point, by axis.
    #[must_use]
    pub fn values(&self, point: u64) -> Vec<&str> {
        let choice = self.choice(point);
        self.axes().zip(choice).map(|(axis, at)| axis.values[at].as_str()).collect()
    }

    /// A point as `--set` takes it, an assignment for each axis.
    #[must_use]
    pub fn assignments(&self, point: u64) -> Vec<String> {
        let choice = self.choice(point);
        self.axes().zip(choice).map(|(axis, at)| axis.assignment(at)).collect()
    }

    /// In what another plan differs, in words; `None` when it does not.
    #[must_use]
    pub fn difference(&self, other: &Plan) -> Option<&'static str> {
        let differs = [
            (self.ampacity_version != other.ampacity_version, "another version of ampacity"),
            (self.scenario_sha256 != other.scenario_sha256, "another state of the scenario"),
            (self.grid != other.grid, "another grid"),
            (self.search != other.search, "another search"),
            (self.strategies != other.strategies, "other strategies"),
            ((self.first_seed, self.seeds) != (other.first_seed, other.seeds), "other seeds"),
            (self != other, "another scenario"),
        ];
        differs.into_iter().find(|(differs, _)| *differs).map(|(_, what)| what)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scenario::{Source, load};

    const TEXT: &str = include_str!("../../scenarios/workplace.toml");

    /// A plan for the workplace.
    pub(crate) fn plan(grid: &[&str], strategies: usize, seeds: u32) -> Result<Plan, String> {
        let (scenario, _) =
            load(&Source::new("workplace.toml", TEXT), &|name| Err(name.to_owned()))
                .expect("a scenario");
        let grid = grid.iter().map(|text| Axis::parse(text).expect("a grid")).collect();
        Plan::new(&scenario, grid, None, Strategy::ALL[..strategies].to_vec(), seeds)
    }

    #[test]
    fn every_row_is_another_place_and_every_place_a_row() {
        let plan = plan(&["a.x=1,2,3", "a.y=p,q"], 2, 3).expect("a plan");
        assert_eq!((plan.points(), plan.rows()), (6, 36));
        for row in 0..36 {
            let place = plan.place(row);
            let rows = plan.rows_of(place.point, place.strategy);
            assert_eq!(rows.start + (place.seed - plan.first_seed), row);
            assert!(rows.contains(&row));
        }
        assert_eq!(plan.values(0), ["1", "p"]);
        assert_eq!(plan.assignments(1), ["a.x=1", "a.y=q"], "the last changes fastest");
        assert_eq!(plan.values(5), ["3", "q"]);
    }

    #[test]
    fn a_plan_is_read_as_it_was_written_and_knows_what_differs() {
        let one = plan(&["a.x=1,2"], 2, 3).expect("a plan");
        assert_eq!(Plan::from_text(&one.to_text()), Some(one.clone()));
        assert_eq!(one.difference(&one.clone()), None);
        let differs = |grid: &str, strategies, seeds| {
            one.difference(&plan(&[grid], strategies, seeds).expect("a plan"))
        };
        assert_eq!(differs("a.x=1,3", 2, 3), Some("another grid"));
        assert_eq!(differs("a.x=1,2", 3, 3), Some("other strategies"));
        assert_eq!(differs("a.x=1,2", 2, 4), Some("other seeds"));
        let later = Plan { ampacity_version: "9.0.0".to_owned(), ..one.clone() };
        assert_eq!(one.difference(&later), Some("another version of ampacity"));
        assert_eq!(Plan::from_text(&one.to_text().replace("plan/1", "plan/2")), None);
    }

    #[test]
    fn what_other_options_set_is_no_path_of_a_grid() {
        let told = |grid: &[&str]| plan(grid, 1, 1).expect_err("refused");
        assert!(told(&["seed=1,2"]).contains("--seeds"));
        assert!(told(&["site.strategy=equal"]).contains("--strategies"));
        assert!(told(&["a.x=1", "a.x=2"]).contains("a.x is there twice"));
        let large = plan(&["a.x=1..1000:1", "a.y=1..1000:1"], 2, 1).expect_err("too large");
        assert!(large.contains("2000000 runs"), "{large}");
    }
}
