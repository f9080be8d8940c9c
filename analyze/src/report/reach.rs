//! The functions that any run reached, with the groups that reached them.

use polars::prelude::*;
use serde::Serialize;

use super::Basis;
use crate::Result;
use crate::metrics::distinct;

/// The functions that any run reached, column by column, sorted by module and address.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Functions {
    /// Module.
    pub module: Vec<String>,
    /// Image-relative address of the source function.
    pub address: Vec<i64>,
    /// Name; none for an unresolved call site.
    pub function: Vec<Option<String>>,
    /// Source file; none without debug information.
    pub file: Vec<Option<String>>,
    /// Line of its declaration.
    pub line: Vec<Option<i32>>,
    /// Source extent in lines.
    pub lines: Vec<Option<i64>>,
    /// McCabe number.
    pub complexity: Vec<Option<i64>>,
    /// Bugs that each model expects in it: model and one value a function.
    pub bugs: Vec<(&'static str, Vec<Option<f64>>)>,
    /// Groups (see [`super::Data::groups`]) that reached it: group, runs, calls, one after the other.
    pub reach: Vec<Vec<i64>>,
}

/// Runs and calls of each function in each group: group, module, source, function, file, line, lines, complexity, runs,
/// calls; sorted by module, source and group.
///
/// * `sources`: run, module, source, function, file, line, lines, complexity, calls
/// * `members`: run, group
pub(super) fn reach(sources: LazyFrame, members: LazyFrame) -> LazyFrame {
    sources
        .join(members, [col("run")], [col("run")], JoinArgs::new(JoinType::Inner))
        .group_by([col("module"), col("source"), col("group")])
        .agg([
            col("function").min(),
            col("file").min(),
            col("line").min(),
            col("lines").max(),
            col("complexity").max(),
            col("run").n_unique().cast(DataType::Int64).alias("runs"),
            col("calls").sum(),
        ])
        .sort(["module", "source", "group"], SortMultipleOptions::default())
}

/// The functions of the runs.
pub(super) fn functions(basis: Basis) -> Result<Functions> {
    let members = basis.groups.iter().enumerate().flat_map(|(group, members)| {
        members.runs.iter().filter_map(move |run| Some((basis.runs.get(*run)?.id.as_str(), group as i64)))
    });
    let (ids, groups): (Vec<_>, Vec<_>) = members.unzip();
    let members = df!("run" => ids, "group" => groups)?.lazy();
    let rows = reach(basis.study.sources.clone().lazy(), members).collect()?;
    let mut functions = of_rows(&rows)?;
    for weight in basis.weights {
        functions.bugs.push((weight.model.name(), bugs(&rows, &weight.bugs)?));
    }
    Ok(functions)
}

/// Puts the rows of a function into one.
fn of_rows(rows: &DataFrame) -> PolarsResult<Functions> {
    let text = |name: &str| rows.column(name)?.cast(&DataType::String);
    let number = |name: &str| rows.column(name)?.cast(&DataType::Int64);
    let (module, function, file) = (text("module")?, text("function")?, text("file")?);
    let (module, function, file) = (module.str()?, function.str()?, file.str()?);
    let (address, group, runs, calls) = (number("source")?, number("group")?, number("runs")?, number("calls")?);
    let (address, group, runs, calls) = (address.i64()?, group.i64()?, runs.i64()?, calls.i64()?);
    let (line, lines, complexity) = (number("line")?, number("lines")?, number("complexity")?);
    let (line, lines, complexity) = (line.i64()?, lines.i64()?, complexity.i64()?);
    let mut found = Functions::default();
    for row in 0..rows.height() {
        let key = (module.get(row).unwrap_or_default(), address.get(row).unwrap_or_default());
        if found.last_key() != Some(key) {
            found.module.push(key.0.to_owned());
            found.address.push(key.1);
            found.function.push(function.get(row).map(str::to_owned));
            found.file.push(file.get(row).map(str::to_owned));
            found.line.push(line.get(row).map(|line| line as i32));
            found.lines.push(lines.get(row));
            found.complexity.push(complexity.get(row));
            found.reach.push(Vec::new());
        }
        if let Some(reach) = found.reach.last_mut() {
            reach.extend([group.get(row), runs.get(row), calls.get(row)].map(Option::unwrap_or_default));
        }
    }
    Ok(found)
}

impl Functions {
    fn last_key(&self) -> Option<(&str, i64)> {
        Some((self.module.last()?, *self.address.last()?))
    }
}

/// Bugs of each function, in the order of the page.
fn bugs(rows: &DataFrame, bugs: &DataFrame) -> PolarsResult<Vec<Option<f64>>> {
    let key = [col("module"), col("source")];
    let found = distinct(rows.clone().lazy(), &["module", "source"])
        .join(bugs.clone().lazy(), &key, &key, JoinArgs::new(JoinType::Left))
        .sort(["module", "source"], SortMultipleOptions::default())
        .collect()?;
    Ok(found.column("bugs")?.f64()?.iter().collect())
}
