//! `hap-analyze diff`: functions only in A, only in B, in both.

use std::collections::BTreeSet;

use clap::ValueEnum;
use hap_schemas::Selector;
use polars::prelude::*;

use super::ending::{Ending, Notes};
use super::weight::{WeightArgs, definitions};
use super::{Format, Opened, OutputArgs, ScopeArgs};
use crate::Result;
use crate::blind_spot::{BLIND_SPOT, BlindSpot};
use crate::completeness::incidence;
use crate::dataset::Dataset;
use crate::diff::{Presence, Side, compare, incidence_bound, side_sets, with_weights};
use crate::measure::{Basis, Figures, measure};
use crate::metrics::Metric;
use crate::output::Report;
use crate::presence::with_tests;
use crate::progress::Progress;
use crate::render::{self, counted, decimal};
use crate::repetitions::warnings;
use crate::runs::Run;
use crate::similarity::{Similarity, pairs};
use crate::study::{Chosen, Study, choose, gap_notes};
use crate::weights::Weight;
use hap_statistics::bootstrap::INDICATIVE_BELOW;
use hap_statistics::coverage::coverage;
use hap_statistics::fisher::Fisher;
use hap_statistics::function_set::FunctionSet;
use hap_statistics::permutation::{Permutation, permutation_test};

const EXAMPLES: &str = "\
Examples:
  hap-analyze diff runtime=runc runtime=nabla --dataset dataset-demo \\
      --where set=study,workload=redis-bench-get
  hap-analyze diff runtime=runc runtime=kata-qemu --dataset dataset-demo \\
      --where set=study --core --summary";

/// Kernel functions that the runs A reached and the runs B did not, and the other way round
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiffArgs {
    /// Runs A: a selector such as runtime=runc,workload=redis-bench-get
    a: Selector,
    /// Runs B
    b: Selector,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    weight: WeightArgs,
    /// Compare the functions of every run of a side instead of those of any run
    #[arg(long)]
    core: bool,
    /// Sides to list [default: only-a,only-b in tables, all in the other formats]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SIDES")]
    list: Option<Vec<SideArg>>,
    /// Only the counts
    #[arg(long, conflicts_with = "list")]
    summary: bool,
    /// Functions that a table lists of each side
    #[arg(long, value_name = "N", default_value_t = 25)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SideArg {
    OnlyA,
    OnlyB,
    Both,
}

impl DiffArgs {
    /// The sides to list, in the order of the output.
    fn sides(&self) -> Vec<Side> {
        let default = match self.output.format {
            Format::Table => vec![SideArg::OnlyA, SideArg::OnlyB],
            _ => vec![SideArg::OnlyA, SideArg::OnlyB, SideArg::Both],
        };
        let mut sides: Vec<_> = self.list.as_ref().unwrap_or(&default).iter().map(|side| side.side()).collect();
        sides.sort_unstable();
        sides.dedup();
        sides
    }

    fn presence(&self, a: &[&Run], b: &[&Run]) -> Presence {
        if self.core { Presence::Core { a: a.len() as u32, b: b.len() as u32 } } else { Presence::Union }
    }
}

impl SideArg {
    fn side(self) -> Side {
        match self {
            Self::OnlyA => Side::OnlyA,
            Self::OnlyB => Side::OnlyB,
            Self::Both => Side::Both,
        }
    }
}

/// Compares the two sides.
pub(super) fn run(args: &DiffArgs, progress: &Progress) -> Result<Report> {
    args.output.check()?;
    let Opened { scope, dataset, all, strict } = args.scope.open(args.a.keys().chain(args.b.keys()), progress)?;
    let (a, b) = (choose(&all, &scope, Some(&args.a))?, choose(&all, &scope, Some(&args.b))?);
    let runs = either(&all, &a.runs, &b.runs);
    let failed = either(&all, &a.failed, &b.failed);
    let study = Study::load(&dataset, &runs, &scope, true)?.with_sources(&dataset, &runs)?;
    let weights = args.weight.weights(&dataset, &study)?;
    let gaps = side_gaps(&study, &runs, &a.runs, &b.runs);
    let functions = functions(args, &study, (&a, &b), &weights)?;
    let metrics = [&[Metric::Functions, Metric::Lines, Metric::CodeLines], args.weight.metrics().as_slice()].concat();
    let sides = Sides::of(&study, &runs, (&a.runs, &b.runs), progress);
    let counts = counts(&study, &measured(&dataset, &study, &functions, (&metrics, &weights))?, &metrics, &sides)?;
    let flat = if args.summary { counts.clone() } else { of_sides(&functions, &args.sides())? };
    let differences = warnings(&[("A".to_owned(), a.runs.clone()), ("B".to_owned(), b.runs.clone())], &[]);
    let ending = Ending {
        output: &args.output,
        scope: &scope,
        study: &study,
        runs: &runs,
        failed: &failed,
        gaps: &gaps,
        differences: &differences,
        strict,
    };
    ending.report(flat, || {
        let mut blocks = vec![render::diff::counts(&counts, &metrics)?];
        if !args.summary {
            blocks.push(render::diff::list(&functions, &args.sides(), args.limit, &metrics)?);
        }
        Ok((
            blocks.join("\n"),
            [explain(args, &a, &b), sides.notes(a.runs.len(), b.runs.len()), definitions(&weights)].concat(),
        ))
    })
}

/// The runs that are in either list, in the order of the dataset.
fn either<'a>(all: &'a [Run], a: &[&Run], b: &[&Run]) -> Vec<&'a Run> {
    let ids: BTreeSet<&str> = a.iter().chain(b).map(|run| run.id.as_str()).collect();
    all.iter().filter(|run| ids.contains(run.id.as_str())).collect()
}

fn functions(args: &DiffArgs, study: &Study, (a, b): (&Chosen, &Chosen), weights: &[Weight]) -> Result<DataFrame> {
    let presence = args.presence(&a.runs, &b.runs);
    let compared = compare(of_runs(study, &a.runs)?, of_runs(study, &b.runs)?, presence)?;
    let weights = weights.iter().map(|weight| (weight.model, weight.bugs.clone().lazy())).collect();
    Ok(with_tests(with_weights(compared, weights).collect()?, a.runs.len(), b.runs.len())?)
}

fn of_runs(study: &Study, runs: &[&Run]) -> PolarsResult<LazyFrame> {
    let ids = df!("run" => runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>())?;
    let sources = study.sources.clone().lazy();
    Ok(sources.join(ids.lazy(), [col("run")], [col("run")], JoinArgs::new(JoinType::Semi)))
}

fn of_sides(functions: &DataFrame, sides: &[Side]) -> PolarsResult<DataFrame> {
    let chosen = sides.iter().fold(lit(false), |chosen, side| chosen.or(col("side").eq(lit(side.name()))));
    functions.clone().lazy().filter(chosen).collect()
}

/// Figures of the sides, numbered as in [`Side::ALL`].
fn measured(
    dataset: &Dataset,
    study: &Study,
    functions: &DataFrame,
    (metrics, weights): (&[Metric], &[Weight]),
) -> Result<Figures> {
    let sets = side_sets(functions.clone().lazy(), study.sources.clone().lazy()).collect()?;
    let kernel_lines = study.kernel_lines(dataset)?;
    let basis = Basis { sets: &sets, count: Side::ALL.len(), kernel_lines: kernel_lines.as_ref(), weights };
    Ok(measure(metrics, basis)?)
}

/// One row a side: side, one column a metric, blind_spot (the same in every row), share (of the functions of all sides),
/// and permutation_p of the functions only in A and only in B.
fn counts(study: &Study, figures: &Figures, metrics: &[Metric], sides: &Sides) -> Result<DataFrame> {
    let mut columns = vec![Column::new("side".into(), Side::ALL.map(Side::name))];
    for metric in metrics {
        let values: Vec<_> = (0..Side::ALL.len()).map(|set| figures.get(*metric, set)).collect();
        let column = Column::new(metric.name().into(), values);
        columns.push(if metric.is_whole() { column.cast(&DataType::Int64)? } else { column });
    }
    let blind_spot = study.blind_spot().map(BlindSpot::share);
    columns.push(Column::new(BLIND_SPOT.into(), [blind_spot; Side::ALL.len()]));
    let counts: Vec<f64> = (0..Side::ALL.len()).map(|set| figures.get(Metric::Functions, set).unwrap_or(0.0)).collect();
    let all: f64 = counts.iter().sum();
    let shares: Vec<_> = counts.iter().map(|count| (all > 0.0).then(|| count / all)).collect();
    columns.push(Column::new("share".into(), shares));
    let p = |side: fn(&Permutation) -> f64| sides.permutation.as_ref().map(side);
    columns.push(Column::new("permutation_p".into(), [p(|test| test.only_a), p(|test| test.only_b), None]));
    Ok(DataFrame::new(Side::ALL.len(), columns)?)
}

/// The functions of the runs of both sides, and what they tell of the sides.
struct Sides {
    /// Runs of each side that get steady.
    steady: [usize; 2],
    /// Sample coverage over the runs of each side; none for one run.
    coverage: [Option<f64>; 2],
    /// Jaccard, overlap and weighted Jaccard of the unions.
    similarities: [Option<Similarity>; 3],
    /// Whether labels given at random would divide the functions as much.
    permutation: Option<Permutation>,
    /// Whether a run is on both sides.
    overlap: bool,
}

impl Sides {
    fn of(study: &Study, runs: &[&Run], (a, b): (&[&Run], &[&Run]), progress: &Progress) -> Self {
        let sets = study.function_sets();
        let (a, b) = (positions(runs, a), positions(runs, b));
        let of = |side: &[usize]| side.iter().filter_map(|run| sets.get(*run)).cloned().collect::<Vec<FunctionSet>>();
        let (sets_a, sets_b) = (of(&a), of(&b));
        let lines: Vec<f64> = study.functions.lines.iter().map(|lines| lines.unwrap_or(0) as f64).collect();
        let groups = [sets_a.iter().collect(), sets_b.iter().collect()];
        let pair = pairs(&groups, &lines, progress).into_iter().next();
        let overlap = a.iter().any(|run| b.contains(run));
        Self {
            steady: [study.steady_runs(&a), study.steady_runs(&b)],
            coverage: [&sets_a, &sets_b].map(|sets| coverage(&incidence(sets.iter(), study.functions.len()))),
            similarities: pair.map_or([None; 3], |pair| pair.similarities),
            // A run on both sides cannot be given to the other one.
            permutation: if overlap { None } else { permutation_test(&sets_a, &sets_b) },
            overlap,
        }
    }

    /// Effect sizes and tests, for the lines under a table.
    fn notes(&self, runs_a: usize, runs_b: usize) -> Notes {
        let mut notes = Vec::new();
        for (name, similarity) in ["jaccard", "overlap", "weighted_jaccard"].into_iter().zip(self.similarities) {
            notes.extend(similarity.map(|similarity| (name, similarity_text(similarity))));
        }
        if let Some(test) = self.permutation {
            let kind = if test.exact { "every" } else { "random" };
            let text = format!(
                "as many functions only in A in {} of the ways to give the run labels, only in B in {} ({kind} labelling, {})",
                decimal(test.only_a, 4),
                decimal(test.only_b, 4),
                counted(test.labellings as usize, "labelling")
            );
            notes.push(("permutation test", text));
        }
        if self.overlap {
            notes.push(("permutation test", "none: a run is on both sides".to_owned()));
        }
        let least = Fisher::new(runs_a, runs_b).least_p();
        let few = if least > 0.05 { ": so few runs can tell no function apart" } else { "" };
        notes.push(("p, q", format!("Fisher's exact test on the runs that have the function, and its Benjamini-Hochberg correction; with {runs_a} and {runs_b} runs p is at least {}{few}", decimal(least, 4))));
        notes.push(("effect", "share of A's runs that have the function minus share of B's".to_owned()));
        let side = |index: usize, runs: usize| {
            let coverage = self.coverage[index]
                .map_or_else(|| "unknown".to_owned(), |share| format!("{} %", decimal(100.0 * share, 1)));
            format!("{} of {runs} steady, coverage {coverage}", self.steady[index])
        };
        let few = if runs_a.min(runs_b) < INDICATIVE_BELOW {
            format!("; with fewer than {INDICATIVE_BELOW} runs intervals are only indicative")
        } else {
            String::new()
        };
        notes.push(("runs", format!("A {}; B {}{few}", side(0, runs_a), side(1, runs_b))));
        notes
    }
}

fn similarity_text(similarity: Similarity) -> String {
    let value = decimal(similarity.value, 3);
    similarity.interval.map_or_else(
        || format!("{value} (no interval: a side has one run)"),
        |(low, high)| format!("{value}, 95 % interval {} – {}", decimal(low, 3), decimal(high, 3)),
    )
}

/// What is not known of the functions of the sides.
fn side_gaps(study: &Study, runs: &[&Run], a: &[&Run], b: &[&Run]) -> Vec<String> {
    let sides = [("A".to_owned(), positions(runs, a)), ("B".to_owned(), positions(runs, b))];
    gap_notes(&study.gaps(sides), false)
}

/// Positions of the runs of a side in the list of all.
fn positions(runs: &[&Run], side: &[&Run]) -> Vec<usize> {
    let ids: BTreeSet<&str> = side.iter().map(|run| run.id.as_str()).collect();
    (0..runs.len()).filter(|run| runs.get(*run).is_some_and(|run| ids.contains(run.id.as_str()))).collect()
}

/// What the sides are, and how far "only in" can be trusted.
fn explain(args: &DiffArgs, a: &Chosen, b: &Chosen) -> Notes {
    let (of_a, of_b) = (a.runs.len(), b.runs.len());
    let compared = if args.core { "functions of every run of a side" } else { "functions of any run of a side" };
    let mut notes = vec![
        ("A", format!("{}, {}", args.a, counted(of_a, "run"))),
        ("B", format!("{}, {}", args.b, counted(of_b, "run"))),
        ("compared", compared.to_owned()),
    ];
    if !args.core {
        notes.push(("only in A", bound("B", of_b)));
        notes.push(("only in B", bound("A", of_a)));
    }
    notes
}

/// What the absence of a function from the runs of a side tells.
fn bound(side: &str, runs: usize) -> String {
    format!(
        "in no run of {side}; at 95 % confidence such a function is in at most {:.0} % of {side}'s runs \
         (p <= 1 - 0.05^(1/m), m = {runs})",
        100.0 * incidence_bound(runs)
    )
}
