//! Bugs expected in each source function: its lines times the bug density that a model gives it.

use polars::prelude::*;

use crate::density::Density;
use crate::metrics::distinct;
use crate::model::Model;
use crate::render::{counted, thousands};

/// The bugs that a model expects in each function that the runs reached.
#[derive(Clone, Debug)]
pub struct Weight {
    /// The model.
    pub model: Model,
    /// module, source, bugs, grain: as [`weigh`] gives it.
    pub bugs: DataFrame,
    /// Where the density comes from.
    pub origin: String,
}

impl Weight {
    /// Weights the functions of some sources (module, source, file, lines) by a density.
    pub fn new(sources: &DataFrame, density: &Density) -> PolarsResult<Self> {
        let functions = distinct(sources.clone().lazy(), &["module", "source", "file", "lines"]);
        let bugs = weigh(functions, density.rows.clone().lazy(), density.everywhere).collect()?;
        let origin = if density.model == Model::Uniform {
            density.origin.clone()
        } else {
            format!("{}: {}", density.origin, grains(&bugs)?)
        };
        Ok(Self { model: density.model, bugs, origin })
    }
}

/// The row of the density table that a function follows: its own, its file's, or that of every other file.
const GRAINS: [&str; 3] = ["function", "file", "everywhere"];

/// Bugs of each source function under one model: lines x density.
///
/// * `functions`: module, source, file, lines; one row each
/// * `densities`: file, module, address, density (bugs per line); a row with an address is that of the function,
///   one without that of the file
/// * `everywhere`: density of a function that has neither row
/// * out: module, source, bugs (null without lines), grain (`function`, `file` or `everywhere`)
pub fn weigh(functions: LazyFrame, densities: LazyFrame, everywhere: f64) -> LazyFrame {
    let left = || JoinArgs::new(JoinType::Left);
    let (of_functions, of_files) = (of_functions(densities.clone()), of_files(densities));
    let [function, file, other] = GRAINS.map(lit);
    let grain = when(col("own").is_not_null())
        .then(function)
        .otherwise(when(col("of_file").is_not_null()).then(file).otherwise(other));
    let density = col("own").fill_null(col("of_file")).fill_null(lit(everywhere));
    functions
        .join(of_functions, [col("module"), col("source")], [col("module"), col("address")], left())
        .join(of_files, [col("file")], [col("file")], left())
        .select([col("module"), col("source"), (col("lines") * density).alias("bugs"), grain.alias("grain")])
}

/// Densities of functions: module, address, own. Rows of one function agree, whatever file they stand under.
fn of_functions(densities: LazyFrame) -> LazyFrame {
    let rows = densities.filter(col("address").is_not_null());
    rows.group_by([col("module"), col("address")]).agg([col("density").max().alias("own")])
}

/// Densities of files: file, of_file.
fn of_files(densities: LazyFrame) -> LazyFrame {
    let rows = densities.filter(col("address").is_null().and(col("file").is_not_null()));
    rows.group_by([col("file")]).agg([col("density").max().alias("of_file")])
}

/// How many functions with lines follow which kind of row.
fn grains(bugs: &DataFrame) -> PolarsResult<String> {
    let (values, grains) = (bugs.column("bugs")?.f64()?, bugs.column("grain")?.str()?);
    let with_lines = values.iter().zip(grains.iter()).filter(|(bugs, _)| bugs.is_some());
    let found: Vec<_> = with_lines.filter_map(|(_, grain)| grain).collect();
    let [own, file, other] = GRAINS.map(|grain| found.iter().filter(|found| **found == grain).count());
    Ok(format!(
        "{} by their own density, {} by that of their file, {} by that of every other file",
        counted(own, "function"),
        thousands(file as i64),
        thousands(other as i64)
    ))
}

#[cfg(test)]
mod tests {
    use super::{Weight, weigh};
    use crate::density::Density;
    use crate::model::Model;
    use crate::testing::assert_rows;
    use polars::prelude::*;

    /// read has a row of its own, peek the row of its file, write no row; entry has no lines, odd no file, and
    /// kvm's function has the address of read.
    fn functions() -> DataFrame {
        df!(
            "module" => ["vmlinux", "vmlinux", "vmlinux", "vmlinux", "vmlinux", "kvm"],
            "source" => [100_i64, 110, 200, 300, 400, 100],
            "file" => [Some("fs/read.c"), Some("fs/read.c"), Some("fs/write.c"), Some("fs/read.c"), None, Some("kvm.c")],
            "lines" => [Some(8_i64), Some(4), Some(16), None, Some(2), Some(32)],
        )
        .unwrap()
    }

    fn densities() -> DataFrame {
        df!(
            "file" => ["fs/read.c", "fs/read.c", "never.c"], "module" => [Some("vmlinux"), None, None],
            "address" => [Some(100_i64), None, None], "density" => [0.5, 0.25, 9.0],
        )
        .unwrap()
    }

    #[test]
    fn a_function_has_its_own_density_else_its_files_else_that_of_every_other_file() {
        assert_rows(
            weigh(functions().lazy(), densities().lazy(), 0.125),
            &df!(
                "module" => ["vmlinux", "vmlinux", "vmlinux", "vmlinux", "vmlinux", "kvm"],
                "source" => [100_i64, 110, 200, 300, 400, 100],
                "bugs" => [Some(4.0), Some(1.0), Some(2.0), None, Some(0.25), Some(4.0)],
                "grain" => ["function", "file", "everywhere", "file", "everywhere", "everywhere"],
            )
            .unwrap(),
        );
    }

    #[test]
    fn the_origin_counts_the_functions_with_lines_by_the_row_that_they_follow() {
        let origin = "bug table cna".to_owned();
        let density = Density { model: Model::Cve, rows: densities(), everywhere: 0.125, origin };
        let twice = concat([functions().lazy(), functions().lazy()], UnionArgs::default()).unwrap().collect().unwrap();
        let weight = Weight::new(&twice, &density).unwrap();
        assert_eq!(
            weight.origin,
            "bug table cna: 1 function by their own density, 1 by that of their file, 3 by that of every other file"
        );
        assert_eq!(weight.bugs.height(), 6);
    }

    #[test]
    fn the_uniform_density_is_the_same_everywhere() {
        let weight = Weight::new(&functions(), &Density::uniform(500.0).unwrap()).unwrap();
        assert_eq!(weight.origin, "500 per 1,000 lines everywhere");
        assert_rows(
            weight.bugs.lazy(),
            &df!("bugs" => [Some(4.0), Some(2.0), Some(8.0), None, Some(1.0), Some(16.0)]).unwrap(),
        );
    }
}
