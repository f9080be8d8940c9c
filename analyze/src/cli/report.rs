//! `hap-analyze report`: one HTML file.

use std::path::PathBuf;

use super::ending::{Ending, Notes};
use super::groups::{Grouped, Needs};
use super::hap::{explain, group_gaps, measured};
use super::weight::{WeightArgs, density};
use super::{Format, OutputArgs, ScopeArgs};
use crate::Result;
use crate::dataset::Dataset;
use crate::density::{choose_source, models};
use crate::groups::Group;
use crate::hap::{Trust, rows};
use crate::measure::Figures;
use crate::metrics::Metric;
use crate::model::Model;
use crate::output::Report;
use crate::progress::Progress;
use crate::report::{Basis, Data, KEYS, html};
use crate::runs::Run;
use crate::study::Study;
use crate::weights::Weight;

const EXAMPLE: &str = "\
Example:
  hap-analyze report --dataset dataset-demo --where set=study --bugs linux-cna-6.1 \\
      --out report.html";

/// One HTML file for reading, without a network: which runtime exposes least, how sure that is, pictures and limits
///
/// Runs are grouped by runtime and workload. The figures are those of `hap-analyze hap --format json`, under every
/// metric that the dataset has the data for: with a bug table also weighted by its densities.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// The page, replaced as a whole
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Bugs per 1,000 lines, for the uniform density
    #[arg(long, value_name = "BUGS", default_value_t = 0.33, value_parser = density)]
    density: f64,
    /// Bug table of the other densities: SOURCE of DATASET/bugs/source=SOURCE [default: the only one, if any]
    #[arg(long, value_name = "SOURCE")]
    bugs: Option<String>,
}

/// Makes the page.
pub(super) fn run(args: &ReportArgs, progress: &Progress) -> Result<Report> {
    let opened = args.scope.open([], progress)?;
    let dataset = &opened.dataset;
    let keys = KEYS.map(str::to_owned);
    let grouped = Grouped::load(&opened, Needs { keys: &keys, sources: true, ..Needs::default() })?;
    let Grouped { runs, groups, study, .. } = &grouped;
    let weights = weight_args(args, dataset, study)?;
    let metrics = metrics(study, dataset, &weights);
    let weights = weights.weights(dataset, study)?;
    let figures = measured(dataset, study, groups, (&metrics, &weights))?;
    let output = OutputArgs { format: Format::Table, out: Some(args.out.clone()) };
    let gaps = group_gaps(study, groups, &metrics);
    let ending = Ending { gaps: &gaps, ..grouped.ending(&opened, &output) };
    let unweighted = unweighted(args, dataset)?;
    let without: Notes = unweighted.iter().map(|text| ("weights", text.clone())).collect();
    let notes =
        [explanation((study, runs, groups), &figures, (&metrics, &weights)), without, ending.footer_notes()].concat();
    let basis = Basis {
        dataset,
        study,
        runs,
        groups,
        metrics: &metrics,
        weights: &weights,
        figures: &figures,
        bugs: args.bugs.as_deref(),
        progress,
        notes: &notes,
    };
    let mut report = ending.page(html::page(&Data::new(basis)?)?);
    report.notes.extend(unweighted);
    Ok(report)
}

/// Every density that the dataset has; the uniform one alone without a bug table or with several to choose from, none
/// without a kernel table.
fn weight_args(args: &ReportArgs, dataset: &Dataset, study: &Study) -> Result<WeightArgs> {
    let mut found = Vec::new();
    if study.kernel.is_some() {
        found.push(Model::Uniform);
    }
    if args.bugs.is_some() || (study.kernel.is_some() && dataset.bug_sources()?.len() == 1) {
        let source = choose_source(dataset, args.bugs.as_deref(), Model::Cve)?;
        found.extend(models(dataset, &source)?.into_iter().filter(|model| *model != Model::Uniform));
    }
    Ok(WeightArgs::new(found, args.density, args.bugs.clone()))
}

/// Why the page has no figures weighted by known bugs; none where it has.
fn unweighted(args: &ReportArgs, dataset: &Dataset) -> Result<Option<String>> {
    let found = dataset.bug_sources()?;
    Ok(match found.len() {
        _ if args.bugs.is_some() => None,
        0 => Some("no figure is weighted by known bugs: the dataset has no bug table (hap-ingest bugs)".to_owned()),
        1 => None,
        _ => Some(format!(
            "no figure is weighted by known bugs: the dataset has bug tables of several sources ({}); choose one with \
             --bugs SOURCE",
            found.join(", ")
        )),
    })
}

/// Every metric that the dataset has the data for. The uniform density per 1,000 lines is left out: it is the same for
/// all.
fn metrics(study: &Study, dataset: &Dataset, weights: &WeightArgs) -> Vec<Metric> {
    let mut metrics = vec![Metric::Functions];
    if study.kernel.is_some() {
        metrics.extend([Metric::Lines, Metric::CodeLines]);
        metrics.extend(study.check_complexity(dataset).is_ok().then_some(Metric::Complexity));
    }
    let weighted = weights.metrics().into_iter();
    metrics.extend(weighted.filter(|metric| *metric != Metric::PerThousandLines(Model::Uniform)));
    metrics
}

fn explanation(
    (study, runs, groups): (&Study, &[&Run], &[Group]),
    figures: &Figures,
    (metrics, weights): (&[Metric], &[Weight]),
) -> Notes {
    explain(&rows((runs, groups), &Trust::of(study, groups), figures, metrics), metrics, weights)
}
