//! The largest sum of bounded quantities under packing constraints, exactly: a linear program solved
//! by the simplex method (Dantzig, 1947) with upper bounds, in whole numbers.
//!
//! Every row of the tableau is kept as an equation between integers, divided by what they have in
//! common; coefficients of a feeder tree stay small that way. Work is bounded and arithmetic is
//! checked: where either ends there is no answer, and the caller does without.

use super::gcd;

/// A quantity between 0 and an upper bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) upper: i128,
    /// Rows, and what each unit of the quantity uses of them; positive.
    pub(super) uses: Vec<(usize, i128)>,
}

/// Maximise the sum of all columns; the use of no row may exceed its room, which is not negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) room: Vec<i128>,
    pub(super) columns: Vec<Column>,
}

/// What more of a quantity would be worth at the optimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Less than it costs others: it is 0 in every optimum.
    Nothing,
    /// As much: it may lie anywhere, as far as rows allow.
    Even,
    /// More than it costs others: it is at its upper bound in every optimum.
    More,
}

/// An optimum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Optimum {
    /// The largest sum, rounded down.
    pub(super) sum: i128,
    /// By column, rounded down.
    pub(super) values: Vec<i128>,
    /// By column.
    pub(super) worth: Vec<Worth>,
}

/// `coefficients * columns = right`; the column that it defines has a positive coefficient, which no
/// other equation shares.
#[derive(Clone, Debug)]
struct Equation {
    coefficients: Vec<i128>,
    right: i128,
    defines: usize,
}

struct Tableau {
    equations: Vec<Equation>,
    /// `scale * sum = right + gains * columns`; the gain of a defined column is 0.
    gains: Vec<i128>,
    right: i128,
    scale: i128,
    /// By column, slacks after the quantities: the upper bound. `None`: unbounded.
    upper: Vec<Option<i128>>,
    /// By column: stands for what is missing to its upper bound.
    flipped: Vec<bool>,
}

/// What ends the rise of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its own upper bound.
    Own,
    /// The column that this equation defines falls to 0.
    Falls(usize),
    /// Or rises to its upper bound.
    Rises(usize),
}

impl Program {
    /// `None`: it would take more than the work or the range of numbers that are allowed.
    pub(super) fn maximise(&self) -> Option<Optimum> {
        let mut tableau = Tableau::new(self);
        let size = self.room.len() + self.columns.len();
        for round in 0..8 * size + 64 {
            // The largest gain leads there soon; the first gain, taken always, never goes round.
            let entering = if round < 4 * size { tableau.largest() } else { tableau.first() };
            match entering {
                None => return tableau.optimum(self.columns.len()),
                Some(column) => tableau.raise(column)?,
            }
        }
        None
    }
}

impl Tableau {
    fn new(program: &Program) -> Tableau {
        let (rows, columns) = (program.room.len(), program.columns.len());
        let equation = |(row, room): (usize, &i128)| {
            let mut coefficients = vec![0; columns + rows];
            coefficients[columns + row] = 1;
            Equation { coefficients, right: *room, defines: columns + row }
        };
        let mut equations: Vec<Equation> = program.room.iter().enumerate().map(equation).collect();
        for (at, column) in program.columns.iter().enumerate() {
            column.uses.iter().for_each(|&(row, use_)| equations[row].coefficients[at] = use_);
        }
        let mut gains = vec![1; columns];
        gains.resize(columns + rows, 0);
        let mut upper: Vec<Option<i128>> =
            program.columns.iter().map(|column| Some(column.upper)).collect();
        upper.resize(columns + rows, None);
        Tableau {
            equations,
            gains,
            right: 0,
            scale: 1,
            upper,
            flipped: vec![false; columns + rows],
        }
    }

    fn largest(&self) -> Option<usize> {
        let gains = self.gains.iter().enumerate().filter(|(_, gain)| **gain > 0);
        gains.max_by_key(|&(column, gain)| (gain, std::cmp::Reverse(column))).map(|(at, _)| at)
    }

    fn first(&self) -> Option<usize> {
        self.gains.iter().position(|gain| *gain > 0)
    }

    /// Raises a column from 0 as far as all bounds allow.
    fn raise(&mut self, column: usize) -> Option<()> {
        match self.end_of_rise(column)? {
            End::Own => self.flip(column),
            End::Falls(row) => self.exchange(row, column),
            End::Rises(row) => {
                self.flip_defined(row)?;
                self.exchange(row, column)
            }
        }
    }

    /// Of several ends at once, the first column's; its own before all.
    fn end_of_rise(&self, column: usize) -> Option<End> {
        let mut least: Option<(i128, i128, usize, End)> =
            self.upper[column].map(|upper| (upper, 1, 0, End::Own));
        for (row, equation) in self.equations.iter().enumerate() {
            let (slope, defines) = (equation.coefficients[column], equation.defines);
            let (distance, slope, end) = if slope > 0 {
                (equation.right, slope, End::Falls(row))
            } else if let (true, Some(upper)) = (slope < 0, self.upper[defines]) {
                let most = equation.coefficients[defines].checked_mul(upper)?;
                (most.checked_sub(equation.right)?, -slope, End::Rises(row))
            } else {
                continue;
            };
            let sooner = match least {
                None => true,
                Some((other, other_slope, _, end_)) => {
                    let (a, b) = (distance.checked_mul(other_slope)?, other.checked_mul(slope)?);
                    let before = |least: usize| end_ != End::Own && defines < least;
                    a < b || (a == b && before(least.map_or(0, |least| least.2)))
                }
            };
            if sooner {
                least = Some((distance, slope, defines, end));
            }
        }
        least.map(|(_, _, _, end)| end)
    }

    /// An undefined column then stands for what is missing to its upper bound.
    fn flip(&mut self, column: usize) -> Option<()> {
        let upper = self.upper[column]?;
        for equation in &mut self.equations {
            let coefficient = &mut equation.coefficients[column];
            equation.right = equation.right.checked_sub(coefficient.checked_mul(upper)?)?;
            *coefficient = -*coefficient;
        }
        let gain = &mut self.gains[column];
        self.right = self.right.checked_add(gain.checked_mul(upper)?)?;
        *gain = -*gain;
        self.flipped[column] = !self.flipped[column];
        Some(())
    }

    fn flip_defined(&mut self, row: usize) -> Option<()> {
        let equation = &mut self.equations[row];
        let defines = equation.defines;
        let scale = equation.coefficients[defines];
        equation.coefficients.iter_mut().for_each(|coefficient| *coefficient = -*coefficient);
        equation.coefficients[defines] = scale;
        let most = scale.checked_mul(self.upper[defines]?)?;
        equation.right = most.checked_sub(equation.right)?;
        self.flipped[defines] = !self.flipped[defines];
        Some(())
    }

    /// The equation defines this column from now on, and no other mentions it.
    fn exchange(&mut self, row: usize, column: usize) -> Option<()> {
        let mut pivot = std::mem::replace(
            &mut self.equations[row],
            Equation { coefficients: Vec::new(), right: 0, defines: column },
        );
        pivot.defines = column;
        let by = pivot.coefficients[column];
        for equation in &mut self.equations {
            let times = equation.coefficients.get(column).copied().unwrap_or(0);
            if times != 0 {
                combine(&mut equation.coefficients, by, &pivot.coefficients, times)?;
                equation.right = minus(equation.right, by, pivot.right, times)?;
                let right = std::slice::from_mut(&mut equation.right);
                reduce([equation.coefficients.as_mut_slice(), right]);
            }
        }
        let times = self.gains[column];
        combine(&mut self.gains, by, &pivot.coefficients, times)?;
        self.right = minus(self.right, by, pivot.right, -times)?;
        self.scale = self.scale.checked_mul(by)?;
        let mut rest = [self.right, self.scale];
        reduce([self.gains.as_mut_slice(), rest.as_mut_slice()]);
        [self.right, self.scale] = rest;
        self.equations[row] = pivot;
        Some(())
    }

    fn optimum(&self, columns: usize) -> Option<Optimum> {
        let mut defined: Vec<Option<(i128, i128)>> = vec![None; columns];
        for equation in &self.equations {
            if let Some(value) = defined.get_mut(equation.defines) {
                *value = Some((equation.right, equation.coefficients[equation.defines]));
            }
        }
        let value = |column: usize| {
            let (value, scale) = defined[column].unwrap_or((0, 1));
            if self.flipped[column] {
                let upper = self.upper[column].unwrap_or(0);
                Some(upper.checked_mul(scale)?.checked_sub(value)?.div_euclid(scale))
            } else {
                Some(value.div_euclid(scale))
            }
        };
        let worth = |column: usize| match (self.gains[column] < 0, self.flipped[column]) {
            (false, _) => Worth::Even,
            (true, false) => Worth::Nothing,
            (true, true) => Worth::More,
        };
        Some(Optimum {
            sum: self.right.div_euclid(self.scale),
            values: (0..columns).map(value).collect::<Option<_>>()?,
            worth: (0..columns).map(worth).collect(),
        })
    }
}

/// `a * by - b * times`.
fn minus(a: i128, by: i128, b: i128, times: i128) -> Option<i128> {
    a.checked_mul(by)?.checked_sub(b.checked_mul(times)?)
}

fn combine(a: &mut [i128], by: i128, b: &[i128], times: i128) -> Option<()> {
    for (a, b) in a.iter_mut().zip(b) {
        if *a != 0 || *b != 0 {
            *a = minus(*a, by, *b, times)?;
        }
    }
    Some(())
}

/// Divides all numbers by what they have in common.
fn reduce(mut parts: [&mut [i128]; 2]) {
    let mut common = 0;
    for number in parts.iter().flat_map(|part| part.iter()).filter(|number| **number != 0) {
        common = gcd(common, number.abs());
        if common == 1 {
            return;
        }
    }
    if common > 1 {
        parts.iter_mut().flat_map(|part| part.iter_mut()).for_each(|number| *number /= common);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(upper: i128, uses: &[(usize, i128)]) -> Column {
        Column { upper, uses: uses.to_vec() }
    }

    #[test]
    fn what_uses_less_of_what_is_scarce_goes_first() {
        // One phase of 6 units: three phases use a third of it for each watt.
        let columns = vec![column(4, &[(0, 6)]), column(9, &[(0, 2)])];
        let best = Program { room: vec![36], columns }.maximise();
        let expected =
            Optimum { sum: 12, values: vec![3, 9], worth: vec![Worth::Even, Worth::More] };
        assert_eq!(best, Some(expected));
    }

    #[test]
    fn without_scarcity_everything_is_at_its_bound() {
        let best = Program { room: vec![], columns: vec![column(4, &[]), column(9, &[])] };
        assert_eq!(best.maximise().map(|best| (best.sum, best.values)), Some((13, vec![4, 9])));
    }

    #[test]
    fn a_fraction_is_rounded_down_and_rows_that_are_full_give_nothing() {
        let columns = vec![column(10, &[(0, 3)]), column(10, &[(0, 3), (1, 1)])];
        let best = Program { room: vec![10, 0], columns }.maximise().expect("a small program");
        assert_eq!((best.sum, best.values), (3, vec![3, 0]));
    }

    #[test]
    fn numbers_out_of_range_are_no_answer_and_no_panic() {
        let large = i128::MAX / 2;
        let columns = vec![column(large, &[(0, 5), (1, 3)]), column(large, &[(0, 3), (1, 5)])];
        assert_eq!(Program { room: vec![large, large], columns }.maximise(), None);
    }
}
