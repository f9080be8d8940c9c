//! Source functions as numbers: what is known of each, and which symbols belong to it.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::Result;
use crate::reach::Symbol;
use crate::sources;

/// The source functions of some symbols.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// One row a function, by number: module, source, function, file, line, lines, complexity; sorted by module and source.
    pub frame: DataFrame,
    /// Its name.
    pub names: Vec<Option<String>>,
    /// Its source file.
    pub files: Vec<Option<String>>,
    /// Its extent in lines.
    pub lines: Vec<Option<i64>>,
    /// Its McCabe number.
    pub complexity: Vec<Option<i64>>,
    /// Whether the kernel table has it; true of all without a table.
    pub known: Vec<bool>,
    /// The function of each symbol, by the symbol's number.
    pub of_symbol: Vec<u32>,
}

impl Functions {
    /// The functions of symbols; without a kernel table every symbol is one.
    ///
    /// `kernel_functions`: as [`crate::dataset::Dataset::kernel_functions`] gives them
    pub fn new(symbols: &[Symbol], kernel_functions: Option<LazyFrame>) -> Result<Self> {
        let reached = reached(symbols)?;
        let known = match kernel_functions {
            Some(kernel_functions) => sources::with_sources(reached, kernel_functions),
            None => sources::without_sources(reached),
        };
        let known = known.collect()?;
        let (modules, sources) = (known.column("module")?.str()?, known.column("source")?.i64()?);
        let addresses = known.column("address")?.i64()?;
        let mut source_of = BTreeMap::new();
        for ((module, address), source) in modules.iter().zip(addresses.iter()).zip(sources.iter()) {
            if let (Some(module), Some(address), Some(source)) = (module, address, source) {
                source_of.insert((module, address), source);
            }
        }
        let columns = ["module", "source", "function", "file", "line", "lines", "complexity", "known"];
        let mut frame = known
            .clone()
            .lazy()
            .group_by([col("module"), col("source")])
            .agg(columns.into_iter().skip(2).map(|name| col(name).min()).collect::<Vec<_>>())
            .sort(["module", "source"], SortMultipleOptions::default())
            .select(columns.map(col))
            .collect()?;
        let known = frame.drop_in_place("known")?.bool()?.iter().map(|known| known == Some(true)).collect();
        let (modules, sources) = (frame.column("module")?.str()?, frame.column("source")?.i64()?);
        let keys = modules.iter().zip(sources.iter()).zip(0_u32..);
        let numbers: BTreeMap<_, _> =
            keys.filter_map(|((module, source), number)| Some(((module?, source?), number))).collect();
        let function = |symbol: &Symbol| {
            let module = symbol.module.as_str();
            let source = source_of.get(&(module, symbol.address)).copied().unwrap_or(symbol.address);
            numbers.get(&(module, source)).copied().unwrap_or(0)
        };
        let of_symbol = symbols.iter().map(function).collect();
        let texts = |name: &str| -> PolarsResult<Vec<Option<String>>> {
            Ok(frame.column(name)?.str()?.iter().map(|text| text.map(str::to_owned)).collect())
        };
        let counts = |name: &str| -> PolarsResult<Vec<Option<i64>>> { Ok(frame.column(name)?.i64()?.iter().collect()) };
        Ok(Self {
            names: texts("function")?,
            files: texts("file")?,
            lines: counts("lines")?,
            complexity: counts("complexity")?,
            known,
            of_symbol,
            frame,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The symbols as [`sources::with_sources`] takes them.
fn reached(symbols: &[Symbol]) -> Result<LazyFrame> {
    let count = symbols.len();
    let frame = df!(
        "run" => vec![""; count],
        "module" => symbols.iter().map(|symbol| symbol.module.as_str()).collect::<Vec<_>>(),
        "address" => symbols.iter().map(|symbol| symbol.address).collect::<Vec<_>>(),
        "observer" => vec![None::<&str>; count],
        "function" => symbols.iter().map(|symbol| symbol.name.as_deref()).collect::<Vec<_>>(),
        "calls" => vec![0_i64; count],
    )?;
    Ok(frame.lazy())
}

#[cfg(test)]
mod tests {
    use super::Functions;
    use crate::reach::Symbol;
    use polars::prelude::*;

    fn symbols() -> Vec<Symbol> {
        let symbol = |module: &str, address, name: &str| Symbol {
            module: module.to_owned(),
            address,
            name: Some(name.to_owned()),
        };
        vec![symbol("bpf", 7, "prog"), symbol("vmlinux", 100, "read"), symbol("vmlinux", 500, "read.cold")]
    }

    #[test]
    fn clones_are_one_function_and_unknown_symbols_are_functions() {
        let kernel = df!(
            "module" => ["vmlinux", "vmlinux"], "address" => [100_i64, 500], "source_address" => [100_i64, 100],
            "function" => ["read", "read"], "file" => ["fs/read.c", "fs/read.c"], "line" => [10, 10],
            "lines" => [20, 20], "complexity" => [3, 3],
        );
        let found = Functions::new(&symbols(), Some(kernel.unwrap().lazy())).unwrap();
        assert_eq!((found.of_symbol.as_slice(), found.len(), found.is_empty()), ([0, 1, 1].as_slice(), 2, false));
        assert_eq!(
            (found.lines.as_slice(), found.complexity.as_slice()),
            ([None, Some(20)].as_slice(), [None, Some(3)].as_slice())
        );
        assert_eq!(found.names, [Some("prog".to_owned()), Some("read".to_owned())]);
        assert_eq!(found.known, [false, true]);
        assert_eq!(found.files, [None, Some("fs/read.c".to_owned())]);
    }

    #[test]
    fn without_a_kernel_table_every_symbol_is_a_function() {
        let found = Functions::new(&symbols(), None).unwrap();
        assert_eq!((found.of_symbol.as_slice(), found.len()), ([0, 1, 2].as_slice(), 3));
    }
}
