//! The whole analysis: from the runs of a study to the outcome of every choice.

use std::collections::BTreeSet;

use hap_schemas::Selector;
use rayon::prelude::*;

use super::{Choice, Compared, Grid, Outcome, compare, figures, outcomes};
use crate::dataset::Dataset;
use crate::density::{Density, choose_source};
use crate::measures::Measures;
use crate::metrics::Metric;
use crate::model::Model;
use crate::progress::Progress;
use crate::runs::{Run, select};
use crate::study::{Scope, Study};
use crate::weights::Weight;
use crate::{Error, Result};

/// What is compared, and how by default.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Label whose values are put in order.
    pub compare: &'a str,
    /// Label within whose values they are compared.
    pub within: &'a str,
    /// Metric of the default choice.
    pub metric: Metric,
    /// Idle runs: their functions are subtracted in one choice; they are not compared.
    pub idle: &'a Selector,
    /// Bug table of the densities; none: the first one of this kernel.
    pub bugs: Option<&'a str>,
}

/// What each choice makes of the question.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// What there is to choose.
    pub grid: Grid,
    /// What is compared.
    pub compared: Compared,
    /// The default, then every other choice.
    pub choices: Vec<Choice>,
    /// By choice, then by block.
    pub outcomes: Vec<Vec<Outcome>>,
}

impl Analysis {
    /// Changes one choice after the other.
    pub fn of(
        question: &Question,
        (dataset, study, runs): (&Dataset, &Study, &[&Run]),
        scope: &Scope,
        progress: &Progress,
    ) -> Result<Self> {
        let idle = idle_runs(question.idle, runs);
        let positions: Vec<usize> = (0..runs.len()).filter(|position| !idle.contains(position)).collect();
        let compared = compare(runs, &positions, question.compare, question.within);
        let weights = densities(question.bugs, dataset, study)?;
        let measures = Measures::new(&study.reach, &study.functions, study.kernel_lines(dataset)?, &weights)?;
        let idle_of = idle_of_each(question.compare, runs, &idle);
        let lacks_idle = lacks_idle(question.compare, runs, &positions, &idle_of);
        let has_idle = !idle.is_empty() && lacks_idle.is_empty();
        let grid = grid(question.metric, study, &weights, (has_idle, lacks_idle));
        let choices = grid.choices(scope);
        let bar = progress.begin("choices", choices.len());
        let figure = |choice: &Choice| {
            let found = figures(&study.reach, &study.functions, &measures, choice, &idle_of);
            bar.step();
            found
        };
        let figures: Vec<Vec<f64>> = choices.par_iter().map(figure).collect();
        let outcomes = outcomes(&compared, &figures);
        Ok(Self { grid, compared, choices, outcomes })
    }
}

/// Positions of the idle runs; none where no run has the labels.
fn idle_runs(idle: &Selector, runs: &[&Run]) -> Vec<usize> {
    let idle: Vec<&str> = select(runs, &[idle]).unwrap_or_default().iter().map(|run| run.id.as_str()).collect();
    (0..runs.len()).filter(|position| runs.get(*position).is_some_and(|run| idle.contains(&run.id.as_str()))).collect()
}

/// For each run the idle runs of its kind.
fn idle_of_each(key: &str, runs: &[&Run], idle: &[usize]) -> Vec<Vec<usize>> {
    let kind = |position: usize| runs.get(position).and_then(|run| run.value(key));
    let of = |position: usize| idle.iter().copied().filter(|other| kind(*other) == kind(position)).collect();
    (0..runs.len()).map(of).collect()
}

/// The values of the label among the runs compared that have no idle run, where others have one.
fn lacks_idle(key: &str, runs: &[&Run], positions: &[usize], idle_of: &[Vec<usize>]) -> Vec<String> {
    if idle_of.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let without = positions.iter().filter(|position| idle_of.get(**position).is_none_or(Vec::is_empty));
    let names: BTreeSet<String> =
        without.filter_map(|position| Some(runs.get(*position)?.value(key)?.to_string())).collect();
    names.into_iter().collect()
}

/// The densities of the bug table of this kernel; none where there is no such table.
fn densities(bugs: Option<&str>, dataset: &Dataset, study: &Study) -> Result<Vec<Weight>> {
    let Some(kernel) = &study.kernel else { return Ok(Vec::new()) };
    let sources = dataset.bug_sources()?;
    let asked = bugs.or(sources.first().map(String::as_str));
    let Some(asked) = asked else { return Ok(Vec::new()) };
    let source = choose_source(dataset, Some(asked), Model::Cve)?;
    let mut weights = Vec::new();
    for model in [Model::Cve, Model::Epss, Model::Exploited] {
        match Density::of_table(dataset, &source, model, kernel) {
            Ok(density) => weights.push(Weight::new(&study.functions.frame, &density)?),
            // A table without this model, or of another kernel, is no choice; one that was asked for is an error.
            Err(Error::NoDensity { .. }) => {}
            Err(Error::DensityOfOtherKernel { .. }) if bugs.is_none() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(weights)
}

fn grid(metric: Metric, study: &Study, weights: &[Weight], (has_idle, lacks_idle): (bool, Vec<String>)) -> Grid {
    let knows = |values: &[Option<i64>]| values.iter().any(Option::is_some);
    let mut metrics = vec![Metric::Functions];
    if study.kernel.is_some() {
        metrics.extend([Metric::Lines, Metric::CodeLines]);
        metrics.extend(knows(&study.functions.complexity).then_some(Metric::Complexity));
    }
    Grid {
        metric,
        metrics,
        models: weights.iter().map(|weight| weight.model).collect(),
        has_idle,
        lacks_idle,
        has_load: study.reach.runs.iter().any(|run| run.windows.load.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::{idle_of_each, lacks_idle};
    use crate::runs::Run;

    #[test]
    fn a_runtime_without_an_idle_run_is_named() {
        let runs = ["runc", "gvisor-kvm", "runc", "nabla", "nabla"]
            .map(|runtime| Run { columns: [("runtime".to_owned(), runtime.to_owned())].into(), ..Run::default() });
        let runs: Vec<&Run> = runs.iter().collect();
        let idle_of = idle_of_each("runtime", &runs, &[2]);
        assert_eq!(idle_of, [vec![2], vec![], vec![2], vec![], vec![]]);
        assert_eq!(lacks_idle("runtime", &runs, &[0, 1, 3, 4], &idle_of), ["gvisor-kvm", "nabla"]);
        assert!(lacks_idle("runtime", &runs, &[0], &idle_of).is_empty());
    }
}
