//! What sets of symbols count under each metric, from numbers: for figures of many sets.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;

use crate::Result;
use crate::functions::Functions;
use crate::metrics::Metric;
use crate::model::Model;
use crate::reach::Reach;
use crate::weights::Weight;
use hap_statistics::function_set::FunctionSet;

/// What makes two functions one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Module and address of the source function.
    Address,
    /// The name.
    Name,
}

/// What functions and symbols count under each metric.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    lines: Vec<f64>,
    complexity: Vec<f64>,
    bugs: BTreeMap<Model, Vec<f64>>,
    /// Numbers of the executable lines of each symbol.
    code_lines: Vec<Vec<u32>>,
    code_line_count: usize,
    /// The name of each symbol as a number; a symbol without a name has one of its own.
    names: Vec<u32>,
    name_count: usize,
}

impl Measures {
    /// From what was reached, its functions, the executable lines of the kernel (module, address, file, line) where they are needed, and weights.
    pub fn new(
        reach: &Reach,
        functions: &Functions,
        kernel_lines: Option<LazyFrame>,
        weights: &[Weight],
    ) -> Result<Self> {
        let number = |value: &Option<i64>| value.unwrap_or(0) as f64;
        let mut measures = Self {
            lines: functions.lines.iter().map(number).collect(),
            complexity: functions.complexity.iter().map(number).collect(),
            ..Self::default()
        };
        for weight in weights {
            measures.bugs.insert(weight.model, bugs(functions, weight)?);
        }
        if let Some(kernel_lines) = kernel_lines {
            measures.number_lines(reach, kernel_lines)?;
        }
        let mut names: BTreeMap<&str, u32> = BTreeMap::new();
        let mut count = 0;
        for symbol in &reach.symbols {
            let next = count;
            let number = symbol.name.as_deref().map_or(next, |name| *names.entry(name).or_insert(next));
            count += u32::from(number == next);
            measures.names.push(number);
        }
        measures.name_count = count as usize;
        Ok(measures)
    }

    fn number_lines(&mut self, reach: &Reach, kernel_lines: LazyFrame) -> Result<()> {
        let symbols = df!(
            "module" => reach.symbols.iter().map(|symbol| symbol.module.as_str()).collect::<Vec<_>>(),
            "address" => reach.symbols.iter().map(|symbol| symbol.address).collect::<Vec<_>>(),
            "symbol" => (0..reach.symbols.len() as u32).collect::<Vec<_>>(),
        )?;
        let key = [col("module"), col("address")];
        let held = kernel_lines.join(symbols.lazy(), &key, &key, JoinArgs::new(JoinType::Inner));
        let held = held.select(["symbol", "file", "line"].map(col)).collect()?;
        self.code_lines = vec![Vec::new(); reach.symbols.len()];
        let mut numbers: HashMap<(&str, i32), u32> = HashMap::new();
        let (files, lines) = (held.column("file")?.str()?, held.column("line")?.i32()?);
        for ((symbol, file), line) in held.column("symbol")?.u32()?.iter().zip(files.iter()).zip(lines.iter()) {
            let (Some(symbol), Some(file), Some(line)) = (symbol, file, line) else { continue };
            let next = numbers.len() as u32;
            let number = *numbers.entry((file, line)).or_insert(next);
            if let Some(lines) = self.code_lines.get_mut(symbol as usize) {
                lines.push(number);
            }
        }
        self.code_line_count = numbers.len();
        Ok(())
    }

    /// The figure of a set of symbols; symbols of one function, or under [`Identity::Name`] of one name, count once.
    ///
    /// Code lines without a kernel's lines, and weighted metrics without their weight, are 0. Figures per 1,000 lines are
    /// made of two others, and 0 here.
    pub fn figure(&self, symbols: &[u32], functions: &Functions, (metric, identity): (Metric, Identity)) -> f64 {
        let values: &[f64] = match metric {
            Metric::Functions => return self.distinct(symbols, functions, identity) as f64,
            Metric::CodeLines => return self.distinct_lines(symbols) as f64,
            Metric::Lines => &self.lines,
            Metric::Complexity => &self.complexity,
            Metric::Weighted(model) => self.bugs.get(&model).map_or(&[], Vec::as_slice),
            Metric::PerThousandLines(_) => &[],
        };
        // In the order of the numbers, so that a sum of fractions is the same every time. A name of several functions counts
        // as the largest of them.
        let mut largest: BTreeMap<u32, f64> = BTreeMap::new();
        for symbol in symbols {
            let function = functions.of_symbol.get(*symbol as usize).copied().unwrap_or(0);
            let value = values.get(function as usize).copied().unwrap_or(0.0);
            let known = largest.entry(self.key(*symbol, functions, identity)).or_insert(0.0);
            *known = known.max(value);
        }
        // `sum` of nothing is -0.
        largest.values().fold(0.0, |sum, value| sum + value)
    }

    /// The number under which a symbol is counted.
    pub fn key(&self, symbol: u32, functions: &Functions, identity: Identity) -> u32 {
        let numbers = match identity {
            Identity::Address => &functions.of_symbol,
            Identity::Name => &self.names,
        };
        numbers.get(symbol as usize).copied().unwrap_or(0)
    }

    fn distinct(&self, symbols: &[u32], functions: &Functions, identity: Identity) -> usize {
        let capacity = if identity == Identity::Name { self.name_count } else { functions.len() };
        FunctionSet::of(capacity, symbols.iter().map(|symbol| self.key(*symbol, functions, identity))).count()
    }

    fn distinct_lines(&self, symbols: &[u32]) -> usize {
        let lines = symbols.iter().filter_map(|symbol| self.code_lines.get(*symbol as usize)).flatten().copied();
        FunctionSet::of(self.code_line_count, lines).count()
    }
}

/// The bugs of each function, by number; a function without known lines has none.
fn bugs(functions: &Functions, weight: &Weight) -> PolarsResult<Vec<f64>> {
    let key = [col("module"), col("source")];
    let bugs = weight.bugs.clone().lazy().select(["module", "source", "bugs"].map(col));
    let numbered = functions.frame.clone().lazy().with_row_index("number", None);
    let joined = numbered
        .join(bugs, &key, &key, JoinArgs::new(JoinType::Left))
        .sort(["number"], SortMultipleOptions::default())
        .collect()?;
    Ok(joined.column("bugs")?.f64()?.iter().map(|bugs| bugs.unwrap_or(0.0)).collect())
}
