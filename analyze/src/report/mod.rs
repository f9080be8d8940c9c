//! The report: one HTML file with the figures, pictures and limits of a dataset, which needs no network.
//!
//! [`Data`] is what the page shows, made by the functions that the other commands use, so that its numbers are those of
//! `--format json`. [`html`] puts it into the page; nothing is computed there or in the page that another command would
//! compute otherwise.

mod completeness;
mod figures;
pub mod html;
mod kernel_files;
mod orders;
mod probabilities;
mod reach;
mod runs;
mod similarity;
mod survival;
mod warnings;

use serde::Serialize;

pub use completeness::GroupCompleteness;
pub use figures::{Figure, MetricInfo};
pub use kernel_files::KernelFiles;
pub use orders::{Intervals, Order, Step};
pub use reach::Functions;
pub use runs::{RunInfo, Threads};
pub use similarity::{GroupPair, Node, Similarities, Similarity, WorkloadTree};
pub use survival::OrderingSurvival;
pub use warnings::{Kind, Warning};

use probabilities::Probabilities;

use crate::Result;
use crate::blind_spot::BlindSpot;
use crate::dataset::Dataset;
use crate::groups::Group;
use crate::hap::{Trust, rows};
use crate::measure::Figures;
use crate::metrics::Metric;
use crate::progress::Progress;
use crate::runs::Run;
use crate::study::Study;
use crate::weights::Weight;

/// Labels that make the groups of a report.
pub const KEYS: [&str; 2] = ["runtime", "workload"];

/// What a report is made of.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// What the runs reached.
    pub study: &'a Study,
    /// The runs measured.
    pub runs: &'a [&'a Run],
    /// Groups of them by [`KEYS`].
    pub groups: &'a [Group],
    /// Metrics in the order of the page.
    pub metrics: &'a [Metric],
    /// Bugs of the functions, for the weighted metrics.
    pub weights: &'a [Weight],
    /// Figures of the runs and groups.
    pub figures: &'a Figures,
    /// Bug table of the densities; none: the first one of this kernel.
    pub bugs: Option<&'a str>,
    /// Where work is told to.
    pub progress: &'a Progress,
    /// Conditions of the figures: name and text, as under every table.
    pub notes: &'a [(&'static str, String)],
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Data {
    /// Version of this program.
    pub version: &'static str,
    /// Release of the runs' kernel; none where it has no table.
    pub release: Option<String>,
    /// Share of the kernel's executable lines that ftrace cannot see, 0 to 1; none where it is unknown.
    pub blind_spot: Option<f64>,
    /// What is measured.
    pub metrics: Vec<MetricInfo>,
    /// Groups of runs.
    pub groups: Vec<GroupInfo>,
    /// The rows of `hap-analyze hap --format json`.
    pub figures: Vec<Figure>,
    /// Runtimes of each workload under each metric, least exposed first.
    pub orders: Vec<Order>,
    /// How the orderings of the runtimes fare under other choices.
    pub survivals: Vec<OrderingSurvival>,
    /// Why the figures may be wrong.
    pub warnings: Vec<Warning>,
    /// The runs.
    pub runs: Vec<RunInfo>,
    /// Completeness of each group.
    pub completeness: Vec<GroupCompleteness>,
    /// Similarities of the groups.
    pub similarity: Similarities,
    /// The functions that any run reached.
    pub functions: Functions,
    /// Source files of the kernel.
    pub files: KernelFiles,
    /// Conditions of the figures: name and text.
    pub notes: Vec<(&'static str, String)>,
}

/// A group of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupInfo {
    /// Its runtime.
    pub runtime: Option<String>,
    /// Its workload.
    pub workload: Option<String>,
    /// Number of its runs.
    pub runs: usize,
}

impl GroupInfo {
    fn new(group: &Group) -> Self {
        let label = |index: usize| group.labels.get(index).cloned().flatten();
        Self { runtime: label(0), workload: label(1), runs: group.runs.len() }
    }
}

impl Data {
    /// Computes what the page shows.
    pub fn new(basis: Basis) -> Result<Self> {
        let Basis { study, runs, groups, metrics, figures, .. } = basis;
        let rows = rows((runs, groups), &Trust::of(study, groups), figures, metrics);
        let rows: Vec<_> = rows.iter().map(|row| Figure::new(row, study.blind_spot())).collect();
        let orders = orders::orders(&rows, metrics, &Probabilities::new(basis));
        let completeness = completeness::completeness(basis);
        Ok(Self {
            version: env!("CARGO_PKG_VERSION"),
            release: study.kernel.as_ref().and_then(|kernel| kernel.release.clone()),
            blind_spot: study.blind_spot().map(BlindSpot::share),
            metrics: metrics.iter().map(|metric| MetricInfo::new(*metric, basis.weights)).collect(),
            groups: groups.iter().map(GroupInfo::new).collect(),
            warnings: warnings::warnings(basis, &completeness),
            figures: rows,
            orders,
            survivals: survival::survivals(basis)?,
            runs: runs::runs(basis)?,
            completeness,
            similarity: similarity::similarities(basis),
            functions: reach::functions(basis)?,
            files: kernel_files::kernel_files(basis)?,
            notes: basis.notes.to_vec(),
        })
    }
}
