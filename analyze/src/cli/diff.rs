//! `hap-analyze diff`: functions only in A, only in B, in both.

use clap::ValueEnum;
use hap_schemas::Selector;
use polars::prelude::*;

use super::{Format, OutputArgs, ScopeArgs, footer_notes, notes};
use crate::dataset::Dataset;
use crate::diff::{Presence, Side, compare, incidence_bound, side_sets};
use crate::hap::{Density, measure};
use crate::metrics::Metric;
use crate::output::Report;
use crate::render::{self, counted, footer};
use crate::runs::Run;
use crate::study::{Chosen, Study, choose, gap_notes, gaps};
use crate::{Result, status};

/// Kernel functions that the runs A reached and the runs B did not, and the other way round
#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// Runs A: a selector such as runtime=runc,workload=redis-bench-get
    a: Selector,
    /// Runs B
    b: Selector,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
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
pub(super) fn run(args: &DiffArgs) -> Result<Report> {
    args.output.check()?;
    let scope = args.scope.scope()?;
    let dataset = Dataset::open(&scope.dataset)?;
    let all = dataset.runs()?;
    let (a, b) = (choose(&all, &scope, Some(&args.a))?, choose(&all, &scope, Some(&args.b))?);
    let runs = either(&all, &a.runs, &b.runs);
    let failed = either(&all, &a.failed, &b.failed);
    let study = Study::load(&dataset, &runs, &scope, true)?;
    let gaps = side_gaps(&study, &a.runs, &b.runs)?;
    let functions = functions(args, &study, &a, &b)?;
    let counts = counts(&dataset, &study, &functions)?;
    let mut flat = if args.summary { counts.clone() } else { of_sides(&functions, &args.sides())? };
    let body = args.output.body(&mut flat, || {
        let under = [explain(args, &a, &b), footer_notes(&study, &scope, &runs, &failed, &gaps)].concat();
        let mut blocks = vec![render::diff::counts(&counts)?];
        if !args.summary {
            blocks.push(render::diff::list(&functions, &args.sides(), args.limit)?);
        }
        Ok(format!("{}\n{}", blocks.join("\n"), footer(&under)))
    })?;
    Ok(Report {
        body,
        out: args.output.out.clone(),
        notes: notes(&study, &scope, &runs, &failed, &gaps, args.output.format)?,
        exit: status::exit(&runs, args.scope.strict),
    })
}

/// The runs that are in either list, in the order of the dataset.
fn either<'a>(all: &'a [Run], a: &[&Run], b: &[&Run]) -> Vec<&'a Run> {
    all.iter().filter(|run| a.iter().chain(b).any(|other| other.id == run.id)).collect()
}

fn functions(args: &DiffArgs, study: &Study, a: &Chosen, b: &Chosen) -> Result<DataFrame> {
    let presence = args.presence(&a.runs, &b.runs);
    Ok(compare(of_runs(study, &a.runs)?, of_runs(study, &b.runs)?, presence)?.collect()?)
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

/// One row a side: side, functions, lines, code_lines.
fn counts(dataset: &Dataset, study: &Study, functions: &DataFrame) -> Result<DataFrame> {
    let sets = side_sets(functions.clone().lazy(), study.sources.clone().lazy()).collect()?;
    let metrics = [Metric::Functions, Metric::Lines, Metric::CodeLines];
    let kernel_lines = study.kernel.as_ref().map(|kernel| dataset.kernel_lines(kernel)).transpose()?;
    let figures = measure(&sets, Side::ALL.len(), kernel_lines.as_ref(), &metrics, Density(0.0))?;
    let mut columns = vec![Column::new("side".into(), Side::ALL.map(Side::name))];
    for metric in metrics {
        let values: Vec<_> = figures.get(&metric).into_iter().flatten().map(|value| *value as i64).collect();
        columns.push(Column::new(metric.name().into(), values));
    }
    Ok(DataFrame::new(Side::ALL.len(), columns)?)
}

fn side_gaps(study: &Study, a: &[&Run], b: &[&Run]) -> Result<Vec<String>> {
    let members: Vec<_> = a.iter().map(|run| (run, "A")).chain(b.iter().map(|run| (run, "B"))).collect();
    let members = df!(
        "run" => members.iter().map(|(run, _)| run.id.as_str()).collect::<Vec<_>>(),
        "group" => members.iter().map(|(_, side)| *side).collect::<Vec<_>>(),
    )?;
    Ok(gap_notes(&gaps(study.sources.clone().lazy(), members.lazy()).collect()?)?)
}

/// What the sides are, and how far "only in" can be trusted.
fn explain(args: &DiffArgs, a: &Chosen, b: &Chosen) -> Vec<(&'static str, String)> {
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
