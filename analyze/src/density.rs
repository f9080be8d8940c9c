//! Bug densities: the one that is the same everywhere, and those of a bug table.

use clap::ValueEnum;
use polars::prelude::*;

use crate::dataset::Dataset;
use crate::kernel_match::Kernel;
use crate::metrics::distinct;
use crate::model::Model;
use crate::{Error, Result};

/// Bug density of every function under one model.
#[derive(Clone, Debug)]
pub struct Density {
    /// The model.
    pub model: Model,
    /// Rows of functions and files: file, module, address, density in bugs per line.
    pub rows: DataFrame,
    /// Bugs per line of the functions that have no such row.
    pub everywhere: f64,
    /// Where it comes from, in running text.
    pub origin: String,
}

impl Density {
    /// So many bugs per 1,000 lines everywhere.
    pub fn uniform(per_1000_lines: f64) -> PolarsResult<Self> {
        let rows = df!(
            "file" => Vec::<&str>::new(), "module" => Vec::<&str>::new(), "address" => Vec::<i64>::new(),
            "density" => Vec::<f64>::new(),
        )?;
        let origin = format!("{per_1000_lines} per 1,000 lines everywhere");
        Ok(Self { model: Model::Uniform, rows, everywhere: per_1000_lines / 1000.0, origin })
    }

    /// The density of a model in the bug table of a source, which must be of this kernel.
    pub fn of_table(dataset: &Dataset, source: &str, model: Model, kernel: &Kernel) -> Result<Self> {
        check_kernel(dataset, source, kernel)?;
        let rows = of_model(dataset.densities(source)?, model).collect()?;
        let everywhere = everywhere(rows.clone().lazy()).collect()?.column("density")?.f64()?.get(0);
        match everywhere {
            Some(everywhere) => Ok(Self { model, rows, everywhere, origin: format!("bug table {source}") }),
            None => Err(Error::NoDensity {
                path: dataset.density_path(source),
                model: model.name(),
                options: model.ingest_options(),
                dataset: dataset.root().to_owned(),
            }),
        }
    }
}

/// The rows of a model: file, module, address, density.
///
/// `densities`: model, file, module, address, density
pub fn of_model(densities: LazyFrame, model: Model) -> LazyFrame {
    let rows = densities.filter(col("model").eq(lit(model.name())));
    rows.select(["file", "module", "address", "density"].map(col))
}

/// The density of every file without a row of its own, in one row: density.
///
/// `rows`: file, module, address, density, of one model
pub fn everywhere(rows: LazyFrame) -> LazyFrame {
    let of_no_file = col("file").is_null().and(col("address").is_null());
    rows.filter(of_no_file).select([col("density").max()])
}

/// The models that a bug table has densities of, in the order of their names on the command line.
pub fn models(dataset: &Dataset, source: &str) -> Result<Vec<Model>> {
    let names = distinct(dataset.densities(source)?, &["model"]).collect()?;
    let names = names.column("model")?.cast(&DataType::String)?;
    let found: Vec<_> = names.str()?.iter().flatten().collect();
    Ok(Model::value_variants().iter().copied().filter(|model| found.contains(&model.name())).collect())
}

fn check_kernel(dataset: &Dataset, source: &str, kernel: &Kernel) -> Result<()> {
    let found = dataset.density_build_id(source)?;
    if found.as_ref() == Some(&kernel.build_id) {
        return Ok(());
    }
    Err(Error::DensityOfOtherKernel {
        path: dataset.density_path(source),
        found: found.unwrap_or_else(|| "unknown".to_owned()),
        wanted: kernel.build_id.clone(),
        dataset: dataset.root().to_owned(),
    })
}

/// The source of the bug table to read: the one asked for, else the only one.
pub fn choose_source(dataset: &Dataset, asked: Option<&str>, model: Model) -> Result<String> {
    let found = dataset.bug_sources()?;
    let none_found = || Error::NoBugTable {
        model: model.name(),
        options: model.ingest_options(),
        dataset: dataset.root().to_owned(),
    };
    match (asked, found.as_slice()) {
        (_, []) => Err(none_found()),
        (Some(asked), _) if found.iter().any(|name| name == asked) => Ok(asked.to_owned()),
        (Some(asked), _) => Err(Error::UnknownBugSource { asked: asked.to_owned(), found: found.join(", ") }),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Error::SeveralBugSources { found: found.join(", ") }),
    }
}

#[cfg(test)]
mod tests {
    use super::{everywhere, of_model};
    use crate::model::Model;
    use crate::testing::assert_rows;
    use polars::prelude::*;

    #[test]
    fn rows_are_those_of_the_model_and_the_one_without_a_file_is_for_every_other_file() {
        let densities = df!(
            "model" => ["cve", "cve", "epss", "cve"], "file" => [None, Some("a.c"), None, Some("a.c")],
            "module" => [None, None, None, Some("kvm")], "address" => [None, None, None, Some(16_i64)],
            "density" => [0.5, 0.25, 0.125, 2.0],
        );
        let rows = of_model(densities.unwrap().lazy(), Model::Cve);
        assert_rows(
            rows.clone(),
            &df!("density" => [0.5, 0.25, 2.0], "file" => [None, Some("a.c"), Some("a.c")]).unwrap(),
        );
        assert_rows(everywhere(rows), &df!("density" => [0.5]).unwrap());
    }
}
