//! Which of two things is the smaller one under each choice, and which orderings survive.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::runs::Run;
use hap_statistics::bootstrap::{Interval, interval_of_mean, mean};
use hap_statistics::kendall_tau::kendall_tau;
use hap_statistics::order::{RESAMPLES, probability_less, resampled_means};

/// Name of the block over all blocks that everything compared has.
pub const ALL_BLOCKS: &str = "all";

/// What is compared: things such as runtimes, within blocks such as workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Names of the things, sorted.
    pub things: Vec<String>,
    /// Names of the blocks, sorted; the last one is [`ALL_BLOCKS`] where there are several blocks and one that every thing has.
    pub blocks: Vec<String>,
    /// Positions of the runs of each block (but [`ALL_BLOCKS`]) and thing.
    pub runs: Vec<Vec<Vec<usize>>>,
    /// Blocks that every thing has.
    pub shared: Vec<usize>,
}

/// Groups the runs at `positions` by the thing and the block that they are of; runs without one of the labels have `-`.
pub fn compare(runs: &[&Run], positions: &[usize], thing: &str, block: &str) -> Compared {
    let value =
        |position: usize, key: &str| runs.get(position).and_then(|run| run.value(key)).unwrap_or("-").to_owned();
    let names = |key: &str| {
        let names: BTreeSet<String> = positions.iter().map(|position| value(*position, key)).collect();
        names.into_iter().collect::<Vec<_>>()
    };
    let (things, mut blocks) = (names(thing), names(block));
    let members = |of_block: &String, of_thing: &String| -> Vec<usize> {
        let is_member =
            |position: &&usize| value(**position, block) == *of_block && value(**position, thing) == *of_thing;
        positions.iter().filter(is_member).copied().collect()
    };
    let runs: Vec<Vec<Vec<usize>>> =
        blocks.iter().map(|block| things.iter().map(|thing| members(block, thing)).collect()).collect();
    let is_shared = |block: &usize| runs.get(*block).is_some_and(|things| things.iter().all(|runs| !runs.is_empty()));
    let shared: Vec<usize> = (0..blocks.len()).filter(is_shared).collect();
    if blocks.len() > 1 && !shared.is_empty() {
        blocks.push(ALL_BLOCKS.to_owned());
    }
    Compared { things, blocks, runs, shared }
}

/// The figure of one thing in one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Number of runs.
    pub runs: usize,
    /// Mean over the runs; over all blocks the mean of the blocks' means.
    pub mean: f64,
    /// 95 % interval of the mean; none for one run.
    pub interval: Option<Interval>,
    /// Means of resamples.
    pub resampled: Vec<f64>,
}

/// Two things, by number, under one choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordering {
    /// One thing.
    pub a: usize,
    /// The other one; `a < b` as numbers.
    pub b: usize,
    /// P(A < B) by bootstrap over runs.
    pub p_less: f64,
    /// Whether their order is that of the default.
    pub kept: bool,
}

/// One block under one choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The figures of the things; none where a thing has no run in the block.
    pub cells: Vec<Option<Cell>>,
    /// Every two things that have a figure.
    pub orderings: Vec<Ordering>,
    /// Kendall's tau of the order of the things against the default; none for fewer than two different figures.
    pub tau: Option<f64>,
}

/// The outcome of each choice (outer) in each block (inner), from the figure of each run under each choice. The first
/// choice is the default.
pub fn outcomes(compared: &Compared, figures: &[Vec<f64>]) -> Vec<Vec<Outcome>> {
    let cells: Vec<Vec<Vec<Option<Cell>>>> = figures.par_iter().map(|figures| cells_of(compared, figures)).collect();
    let default = cells.first().cloned().unwrap_or_default();
    let outcome = |cells: Vec<Option<Cell>>, default: &[Option<Cell>]| {
        let orderings = orderings(&cells, default);
        let tau = tau(&cells, default);
        Outcome { cells, orderings, tau }
    };
    let blocks = |cells: Vec<Vec<Option<Cell>>>| {
        cells.into_iter().zip(&default).map(|(cells, default)| outcome(cells, default)).collect()
    };
    cells.into_iter().map(blocks).collect()
}

fn cells_of(compared: &Compared, figures: &[f64]) -> Vec<Vec<Option<Cell>>> {
    let things = compared.things.len();
    let block = |(block, of_things): (usize, &Vec<Vec<usize>>)| -> Vec<Option<Cell>> {
        let cell = |(thing, runs): (usize, &Vec<usize>)| {
            let values: Vec<f64> = runs.iter().filter_map(|run| figures.get(*run).copied()).collect();
            let resampled = resampled_means(&values, (block * things + thing) as u64);
            Some(Cell { runs: values.len(), mean: mean(&values)?, interval: interval_of_mean(&values), resampled })
        };
        of_things.iter().enumerate().map(cell).collect()
    };
    let mut blocks: Vec<Vec<Option<Cell>>> = compared.runs.iter().enumerate().map(block).collect();
    if blocks.len() < compared.blocks.len() {
        let over_all = |thing: usize| {
            let of_block = |block: &usize| blocks.get(*block)?.get(thing)?.as_ref();
            over_blocks(&compared.shared.iter().filter_map(of_block).collect::<Vec<_>>())
        };
        let all = (0..things).map(over_all).collect();
        blocks.push(all);
    }
    blocks
}

/// The mean of the blocks' means, resample by resample.
fn over_blocks(cells: &[&Cell]) -> Option<Cell> {
    let means: Vec<f64> = cells.iter().map(|cell| cell.mean).collect();
    let resample = |index: usize| -> Option<f64> {
        mean(&cells.iter().filter_map(|cell| cell.resampled.get(index).copied()).collect::<Vec<_>>())
    };
    let resampled: Vec<f64> = (0..RESAMPLES).filter_map(resample).collect();
    let varies = cells.iter().any(|cell| cell.interval.is_some());
    let interval = if varies { percentiles(&resampled) } else { None };
    Some(Cell { runs: cells.iter().map(|cell| cell.runs).sum(), mean: mean(&means)?, interval, resampled })
}

fn percentiles(values: &[f64]) -> Option<Interval> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = sorted.len() / 40;
    Some(Interval { low: *sorted.get(tail)?, high: *sorted.get(sorted.len().checked_sub(tail + 1)?)? })
}

fn orderings(cells: &[Option<Cell>], default: &[Option<Cell>]) -> Vec<Ordering> {
    let pairs = (0..cells.len()).flat_map(|a| (a + 1..cells.len()).map(move |b| (a, b)));
    let mean_of = |cells: &[Option<Cell>], thing: usize| cells.get(thing)?.as_ref().map(|cell| cell.mean);
    let ordering = |(a, b): (usize, usize)| {
        let (first, second) = (cells.get(a)?.as_ref()?, cells.get(b)?.as_ref()?);
        let (default_a, default_b) = (mean_of(default, a)?, mean_of(default, b)?);
        let kept = first.mean.total_cmp(&second.mean) == default_a.total_cmp(&default_b);
        Some(Ordering { a, b, p_less: probability_less(&first.resampled, &second.resampled)?, kept })
    };
    pairs.filter_map(ordering).collect()
}

fn tau(cells: &[Option<Cell>], default: &[Option<Cell>]) -> Option<f64> {
    let both =
        cells.iter().zip(default).filter_map(|(cell, default)| Some((cell.as_ref()?.mean, default.as_ref()?.mean)));
    let (means, defaults): (Vec<f64>, Vec<f64>) = both.unzip();
    kendall_tau(&means, &defaults)
}

/// How an ordering of the default fares under the other choices.
#[derive(Clone, Debug, PartialEq)]
pub struct Survival {
    /// The thing with the smaller figure by default.
    pub smaller: usize,
    /// The other one.
    pub larger: usize,
    /// P(smaller < larger) by default.
    pub p_less: f64,
    /// The least of these over all choices.
    pub least_p_less: f64,
    /// Choices, the default included, that keep the ordering.
    pub kept: usize,
    /// All of them.
    pub choices: usize,
}

/// The orderings of a block by how they fare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Those that every choice keeps.
    pub every: Vec<Survival>,
    /// Those that more than half of the choices keep.
    pub most: Vec<Survival>,
    /// The others.
    pub not: Vec<Survival>,
}

/// The verdict on a block, from the outcomes of all choices.
pub fn verdicts(outcomes: &[Vec<Outcome>], block: usize) -> Verdict {
    let of_block: Vec<&Outcome> = outcomes.iter().filter_map(|blocks| blocks.get(block)).collect();
    let Some(default) = of_block.first() else { return Verdict::default() };
    let mut verdict = Verdict::default();
    for (index, ordering) in default.orderings.iter().enumerate() {
        let all: Vec<&Ordering> = of_block.iter().filter_map(|outcome| outcome.orderings.get(index)).collect();
        let survival = survival(ordering, default, &all);
        let list = match survival.kept {
            kept if kept == survival.choices => &mut verdict.every,
            kept if 2 * kept > survival.choices => &mut verdict.most,
            _ => &mut verdict.not,
        };
        list.push(survival);
    }
    verdict
}

fn survival(ordering: &Ordering, default: &Outcome, all: &[&Ordering]) -> Survival {
    let mean_of = |thing: usize| default.cells.get(thing).and_then(Option::as_ref).map_or(0.0, |cell| cell.mean);
    let turned = mean_of(ordering.a) > mean_of(ordering.b);
    let p = |ordering: &Ordering| if turned { 1.0 - ordering.p_less } else { ordering.p_less };
    let (smaller, larger) = if turned { (ordering.b, ordering.a) } else { (ordering.a, ordering.b) };
    Survival {
        smaller,
        larger,
        p_less: p(ordering),
        least_p_less: all.iter().map(|ordering| p(ordering)).fold(1.0, f64::min),
        kept: all.iter().filter(|ordering| ordering.kept).count(),
        choices: all.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::{compare, outcomes, verdicts};
    use crate::runs::Run;

    fn run(runtime: &str, workload: &str) -> Run {
        let columns = [("runtime", runtime), ("workload", workload)];
        let columns = columns.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Run { columns: columns.into_iter().collect(), ..Run::default() }
    }

    /// Runs 0 and 1 are of a, 2 and 3 of b, both under get; run 4 is of a under set.
    fn runs() -> Vec<Run> {
        vec![run("a", "get"), run("a", "get"), run("b", "get"), run("b", "get"), run("a", "set")]
    }

    #[test]
    fn runs_are_compared_within_blocks_and_over_those_that_all_have() {
        let runs = runs();
        let compared = compare(&runs.iter().collect::<Vec<_>>(), &[0, 1, 2, 3, 4], "runtime", "workload");
        assert_eq!(
            (compared.things.as_slice(), compared.blocks.as_slice()),
            (
                ["a".to_owned(), "b".to_owned()].as_slice(),
                ["get".to_owned(), "set".to_owned(), "all".to_owned()].as_slice()
            )
        );
        assert_eq!(compared.runs, [vec![vec![0, 1], vec![2, 3]], vec![vec![4], vec![]]]);
        assert_eq!(compared.shared, [0]);
    }

    #[test]
    fn an_ordering_that_a_choice_turns_does_not_survive_it() {
        let runs = runs();
        let compared = compare(&runs.iter().collect::<Vec<_>>(), &[0, 1, 2, 3, 4], "runtime", "workload");
        let figures =
            [vec![10.0, 12.0, 20.0, 22.0, 5.0], vec![30.0, 32.0, 20.0, 22.0, 5.0], vec![1.0, 2.0, 3.0, 4.0, 5.0]];
        let outcomes = outcomes(&compared, &figures);
        let default = &outcomes[0][0];
        assert_eq!((default.cells[0].as_ref().unwrap().mean, default.tau), (11.0, Some(1.0)));
        assert!((default.orderings[0].p_less - 1.0).abs() < 1e-12 && default.orderings[0].kept);
        let turned = &outcomes[1][0];
        assert_eq!((turned.orderings[0].p_less, turned.orderings[0].kept, turned.tau), (0.0, false, Some(-1.0)));
        let verdict = verdicts(&outcomes, 0);
        assert_eq!((verdict.every.len(), verdict.most.len(), verdict.not.len()), (0, 1, 0));
        let survival = &verdict.most[0];
        assert_eq!(
            (survival.smaller, survival.larger, survival.kept, survival.choices, survival.least_p_less),
            (0, 1, 2, 3, 0.0)
        );
        // Block set has one thing, and the block over all is get alone.
        assert!(outcomes[0][1].orderings.is_empty() && outcomes[0][1].cells[1].is_none());
        assert!((outcomes[0][2].cells[0].as_ref().unwrap().mean - 11.0).abs() < 1e-12);
    }
}
