//! Source files of the kernel, for the picture of what is reached of it.

use polars::prelude::*;
use serde::Serialize;

use super::Basis;
use crate::Result;
use crate::sources::source_functions;
use crate::subsystem::subsystem;

/// Source files of the kernel and its modules, column by column, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KernelFiles {
    /// Path in the source tree.
    pub path: Vec<String>,
    /// Part of the source tree, see [`crate::subsystem::subsystem`].
    pub part: Vec<String>,
    /// Sum of the extents of its functions, in lines.
    pub lines: Vec<i64>,
    /// Number of its functions.
    pub functions: Vec<i64>,
}

/// Functions and lines of each file: file, functions, lines; sorted by file. Functions without a file are left out.
///
/// `kernel_functions`: module, address, source_address, function, file, line, lines, complexity
pub(super) fn files(kernel_functions: LazyFrame) -> LazyFrame {
    source_functions(kernel_functions)
        .filter(col("file").is_not_null())
        .group_by([col("file")])
        .agg([len().cast(DataType::Int64).alias("functions"), col("lines").sum()])
        .sort(["file"], SortMultipleOptions::default())
}

/// The files of the runs' kernel; none where it has no table.
pub(super) fn kernel_files(basis: Basis) -> Result<KernelFiles> {
    let Some(kernel) = &basis.study.kernel else { return Ok(KernelFiles::default()) };
    let rows = files(basis.dataset.kernel_functions(kernel)?).collect()?;
    let path: Vec<_> = rows.column("file")?.str()?.iter().flatten().map(str::to_owned).collect();
    let numbers = |name: &str| -> PolarsResult<Vec<i64>> {
        Ok(rows.column(name)?.i64()?.iter().map(Option::unwrap_or_default).collect())
    };
    let part = path.iter().map(|path| subsystem(Some(path))).collect();
    Ok(KernelFiles { part, lines: numbers("lines")?, functions: numbers("functions")?, path })
}

#[cfg(test)]
mod tests {
    use super::files;
    use crate::testing::assert_same;
    use polars::prelude::*;

    #[test]
    fn a_file_has_the_lines_of_its_source_functions_clones_counted_once() {
        let functions = df!(
            "module" => ["vmlinux"; 4], "address" => [100_i64, 500, 200, 600], "source_address" => [100_i64, 100, 200, 600],
            "function" => ["read", "read.cold", "write", "entry"],
            "file" => [Some("fs/read_write.c"), Some("fs/read_write.c"), Some("fs/read_write.c"), None],
            "line" => [10, 10, 50, 1], "lines" => [Some(20), Some(20), None, None], "complexity" => [1, 1, 1, 1],
        );
        let found = files(functions.unwrap().lazy()).collect().unwrap();
        assert_same(&found, &df!("file" => ["fs/read_write.c"], "functions" => [2_i64], "lines" => [20_i64]).unwrap());
    }
}
