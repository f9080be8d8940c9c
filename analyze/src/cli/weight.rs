//! Options of the weighted figures.

use crate::dataset::Dataset;
use crate::density::{Density, choose_source};
use crate::metrics::Metric;
use crate::model::Model;
use crate::study::Study;
use crate::weights::Weight;
use crate::{Result, kernel_match};

use super::ending::Notes;

/// Bug densities to weight lines by.
#[derive(Debug, clap::Args)]
pub(super) struct WeightArgs {
    /// Also weight lines by bug density, in expected bugs and in bugs per 1,000 lines; all but uniform need a bug table
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MODELS")]
    weight: Vec<Model>,
    /// Bugs per 1,000 lines, for --weight uniform
    #[arg(long, value_name = "BUGS", default_value_t = 0.33, value_parser = density)]
    density: f64,
    /// Bug table of the other weights: SOURCE of DATASET/bugs/source=SOURCE [default: the only one]
    #[arg(long, value_name = "SOURCE")]
    bugs: Option<String>,
}

impl WeightArgs {
    /// Options of these models.
    pub(super) fn new(weight: Vec<Model>, density: f64, bugs: Option<String>) -> Self {
        Self { weight, density, bugs }
    }

    /// The models asked for, in the order of the command line, each once.
    fn models(&self) -> Vec<Model> {
        let is_first = |(index, model): &(usize, &Model)| !self.weight.iter().take(*index).any(|other| other == *model);
        self.weight.iter().enumerate().filter(is_first).map(|(_, model)| *model).collect()
    }

    /// The metrics of these models.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        let metrics = |model| [Metric::Weighted(model), Metric::PerThousandLines(model)];
        self.models().into_iter().flat_map(metrics).collect()
    }

    /// The bugs that each model expects in the functions of a study.
    pub(super) fn weights(&self, dataset: &Dataset, study: &Study) -> Result<Vec<Weight>> {
        let reached = study.reached_functions()?;
        let weight = |model| Ok(Weight::new(&reached, &self.density_of(model, dataset, study)?)?);
        self.models().into_iter().map(weight).collect()
    }

    fn density_of(&self, model: Model, dataset: &Dataset, study: &Study) -> Result<Density> {
        if model == Model::Uniform {
            return Ok(Density::uniform(self.density)?);
        }
        let source = choose_source(dataset, self.bugs.as_deref(), model)?;
        let kernel = study.kernel.as_ref().ok_or_else(|| kernel_match::no_table(&[], &[], dataset.root()))?;
        Density::of_table(dataset, &source, model, kernel)
    }
}

/// What the weighted metrics mean.
pub(super) fn definitions(weights: &[Weight]) -> Notes {
    let of_weight = |weight: &Weight| {
        let metric = Metric::Weighted(weight.model);
        (metric.name(), format!("{}; {}", metric.definition(), weight.origin))
    };
    let ratio = weights.first().map(|weight| Metric::PerThousandLines(weight.model));
    let ratio = ratio.map(|metric| (metric.unit(), metric.definition().to_owned()));
    weights.iter().map(of_weight).chain(ratio).collect()
}

/// Parses a density: a number that is not negative.
pub(super) fn density(text: &str) -> std::result::Result<f64, String> {
    let density = text.parse().map_err(|error| format!("{error}"))?;
    if f64::is_finite(density) && density >= 0.0 {
        Ok(density)
    } else {
        Err("give bugs per 1,000 lines, 0 or more".to_owned())
    }
}
