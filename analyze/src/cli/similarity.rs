//! `hap-analyze similarity`: how alike the functions of groups are.

use polars::prelude::*;

use super::ending::Notes;
use super::groups::{GroupArgs, Grouped, Needs};
use super::{OutputArgs, ScopeArgs};
use crate::Result;
use crate::completeness::incidence;
use crate::output::Report;
use crate::progress::Progress;
use crate::render;
use crate::similarity::{Measure, Pair, RESAMPLES, between_runs, pairs, tree};
use hap_statistics::bootstrap::INDICATIVE_BELOW;
use hap_statistics::coverage::coverage;
use hap_statistics::function_set::FunctionSet;

const EXAMPLE: &str = "\
Example:
  hap-analyze similarity --dataset dataset-demo --where set=study,workload=redis-bench-get";

/// Jaccard, overlap and weighted Jaccard similarity of every two groups, with intervals, and a tree of the groups
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct SimilarityArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    group: GroupArgs,
}

/// What stands beside the matrix of a group.
pub(crate) struct GroupFacts {
    pub(crate) name: String,
    pub(crate) runs: usize,
    pub(crate) steady_runs: usize,
    /// Functions of any run.
    pub(crate) functions: usize,
    pub(crate) coverage: Option<f64>,
    /// Mean Jaccard similarity of two of its runs.
    pub(crate) between_runs: Option<f64>,
}

/// Compares the groups.
pub(super) fn run(args: &SimilarityArgs, progress: &Progress) -> Result<Report> {
    args.output.check()?;
    let opened = args.scope.open(&args.group.by, progress)?;
    args.group.check(&opened.all, &[])?;
    let grouped = Grouped::load(&opened, Needs { keys: &args.group.by, ..Needs::default() })?;
    let sets = grouped.study.function_sets();
    let of_group = |runs: &[usize]| runs.iter().filter_map(|run| sets.get(*run)).collect::<Vec<&FunctionSet>>();
    let members: Vec<_> = grouped.groups.iter().map(|group| of_group(&group.runs)).collect();
    let lines: Vec<f64> = grouped.study.functions.lines.iter().map(|lines| lines.unwrap_or(0) as f64).collect();
    let pairs = pairs(&members, &lines, progress);
    let facts = facts(&grouped, &members);
    let ending = grouped.ending(&opened, &args.output);
    ending.report(frame(&pairs, &facts)?, || {
        Ok((render::similarity::blocks(&facts, &pairs, tree(&pairs, facts.len()).as_ref()), explain(&facts)))
    })
}

fn facts(grouped: &Grouped, members: &[Vec<&FunctionSet>]) -> Vec<GroupFacts> {
    let fact = |(group, runs): (&crate::groups::Group, &Vec<&FunctionSet>)| {
        let incidence = incidence(runs.iter().copied(), grouped.study.functions.len());
        GroupFacts {
            name: group.name(),
            runs: runs.len(),
            steady_runs: grouped.study.steady_runs(&group.runs),
            functions: incidence.seen() as usize,
            coverage: coverage(&incidence),
            between_runs: between_runs(runs),
        }
    };
    grouped.groups.iter().zip(members).map(fact).collect()
}

/// One row a pair of groups: a, b, runs_a, runs_b, functions_a, functions_b, then jaccard, overlap and weighted_jaccard,
/// each with `_low` and `_high`; between_runs_a and between_runs_b, steady_runs_a, steady_runs_b, coverage_a, coverage_b.
fn frame(pairs: &[Pair], facts: &[GroupFacts]) -> PolarsResult<DataFrame> {
    let sides = |value: &dyn Fn(&GroupFacts) -> Option<f64>, pick: &dyn Fn(&Pair) -> usize| {
        pairs.iter().map(|pair| facts.get(pick(pair)).and_then(value)).collect::<Vec<_>>()
    };
    let names = |pick: &dyn Fn(&Pair) -> usize| {
        pairs.iter().map(|pair| facts.get(pick(pair)).map(|fact| fact.name.as_str())).collect::<Vec<_>>()
    };
    let mut columns =
        vec![Column::new("a".into(), names(&|pair| pair.a)), Column::new("b".into(), names(&|pair| pair.b))];
    let mut both = |name: &str, value: &dyn Fn(&GroupFacts) -> Option<f64>, is_whole: bool| -> PolarsResult<()> {
        for (side, pick) in [("a", &(|pair: &Pair| pair.a) as &dyn Fn(&Pair) -> usize), ("b", &|pair: &Pair| pair.b)] {
            let column = Column::new(format!("{name}_{side}").into(), sides(value, pick));
            columns.push(if is_whole { column.cast(&DataType::Int64)? } else { column });
        }
        Ok(())
    };
    both("runs", &|fact| Some(fact.runs as f64), true)?;
    both("functions", &|fact| Some(fact.functions as f64), true)?;
    both("between_runs", &|fact| fact.between_runs, false)?;
    both("steady_runs", &|fact| Some(fact.steady_runs as f64), true)?;
    both("coverage", &|fact| fact.coverage, false)?;
    for (index, measure) in Measure::ALL.into_iter().enumerate() {
        let of = |pair: &Pair| pair.similarities.get(index).copied().flatten();
        let value: Vec<_> = pairs.iter().map(|pair| of(pair).map(|found| found.value)).collect();
        let interval = |pair: &Pair| of(pair).and_then(|found| found.interval);
        let low: Vec<_> = pairs.iter().map(|pair| interval(pair).map(|interval| interval.0)).collect();
        let high: Vec<_> = pairs.iter().map(|pair| interval(pair).map(|interval| interval.1)).collect();
        columns.push(Column::new(measure.name().into(), value));
        columns.push(Column::new(format!("{}_low", measure.name()).into(), low));
        columns.push(Column::new(format!("{}_high", measure.name()).into(), high));
    }
    DataFrame::new(pairs.len(), columns)
}

fn explain(facts: &[GroupFacts]) -> Notes {
    let mut notes = vec![
        ("jaccard", "functions in both / functions in either, of the unions of the runs".to_owned()),
        ("overlap", "functions in both / functions of the smaller one".to_owned()),
        ("weighted_jaccard", "lines in both / lines in either".to_owned()),
        (
            "interval",
            format!("± 1.96 standard deviations over {RESAMPLES} resamples of the runs; none for a group of one run"),
        ),
        ("two runs", "mean Jaccard similarity of two runs of the group: what repetition alone gives".to_owned()),
        (
            "tree",
            "average linkage (UPGMA) of 1 - Jaccard; a number is the mean similarity at which two branches join"
                .to_owned(),
        ),
    ];
    let few = facts.iter().filter(|fact| fact.runs < INDICATIVE_BELOW).count();
    if few > 0 {
        notes.push((
            "too few runs",
            format!(
                "{few} of {} groups have fewer than {INDICATIVE_BELOW} runs: their intervals are only indicative",
                facts.len()
            ),
        ));
    }
    notes
}
