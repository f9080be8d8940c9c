//! The figure of each run under a choice, from rows of numbers.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;

use super::choices::{Choice, Filter, Identity, Text};
use super::published::filtered;
use crate::Result;
use crate::functions::Functions;
use crate::metrics::Metric;
use crate::model::Model;
use crate::phase::Phase;
use crate::reach::{Reach, Row};
use crate::statistics::function_set::FunctionSet;
use crate::statistics::random::Random;
use crate::study::Take;
use crate::weights::Weight;

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
    /// From the functions, the executable lines of the kernel (module, address, file, line) where they are needed, and weights.
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

    /// What each function counts under a metric.
    fn of_functions(&self, metric: Metric) -> Option<&[f64]> {
        match metric {
            Metric::Lines => Some(&self.lines),
            Metric::Complexity => Some(&self.complexity),
            Metric::Weighted(model) => self.bugs.get(&model).map(Vec::as_slice),
            _ => None,
        }
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

/// The figure of each run under a choice.
///
/// `idle`: for each run the positions of the idle runs of its kind
pub fn figures(
    reach: &Reach,
    functions: &Functions,
    measures: &Measures,
    choice: &Choice,
    idle: &[Vec<usize>],
) -> Vec<f64> {
    let figure = |run: usize| {
        let mut symbols = symbols_of(reach, run, &choice.filter);
        if choice.filter.without_idle {
            let others = idle.get(run).into_iter().flatten().map(|run| symbols_of(reach, *run, &choice.filter));
            let out: Vec<u32> = others.flatten().collect();
            let key = |symbol: &u32| key_of(*symbol, functions, measures, choice.filter.identity);
            let out: std::collections::HashSet<u32> = out.iter().map(key).collect();
            symbols.retain(|symbol| !out.contains(&key(symbol)));
        }
        figure(&symbols, functions, measures, choice)
    };
    (0..reach.runs.len()).map(figure).collect()
}

/// The symbols of a run that a filter keeps.
fn symbols_of(reach: &Reach, run: usize, filter: &Filter) -> Vec<u32> {
    let Some(run_reach) = reach.runs.get(run) else { return Vec::new() };
    let rows: Vec<&Row> = match filter.text {
        Text::Published => filtered(reach, run_reach),
        Text::Exact => run_reach
            .rows
            .iter()
            .filter(|row| row.is_in(&filter.contexts, &filter.roles, run_reach.lists_threads))
            .filter(|row| filter.observer == Take::Include || row.effect.is_none())
            .collect(),
    };
    let mut random = Random::stream(run as u64);
    let survives = |row: &&Row| {
        let calls = match filter.phase {
            Phase::Steady => row.steady_calls.get(filter.merge).copied().unwrap_or(0),
            phase => row.calls_in(phase),
        };
        calls > 0 && (filter.loss <= 0.0 || random.unit() >= filter.loss.powf(calls as f64))
    };
    let mut symbols: Vec<u32> = rows.into_iter().filter(survives).map(|row| row.symbol).collect();
    symbols.dedup();
    symbols
}

/// The number under which a symbol is counted.
fn key_of(symbol: u32, functions: &Functions, measures: &Measures, identity: Identity) -> u32 {
    let numbers = match identity {
        Identity::Address => &functions.of_symbol,
        Identity::Name => &measures.names,
    };
    numbers.get(symbol as usize).copied().unwrap_or(0)
}

fn figure(symbols: &[u32], functions: &Functions, measures: &Measures, choice: &Choice) -> f64 {
    if choice.metric == Metric::CodeLines {
        let lines = symbols.iter().filter_map(|symbol| measures.code_lines.get(*symbol as usize)).flatten().copied();
        return FunctionSet::of(measures.code_line_count, lines).count() as f64;
    }
    let identity = choice.filter.identity;
    let capacity = if identity == Identity::Name { measures.name_count } else { functions.len() };
    let Some(values) = measures.of_functions(choice.metric) else {
        let keys = symbols.iter().map(|symbol| key_of(*symbol, functions, measures, identity));
        return FunctionSet::of(capacity, keys).count() as f64;
    };
    // In the order of the numbers, so that a sum of fractions is the same every time. A name of several functions counts
    // as the largest of them.
    let mut largest: BTreeMap<u32, f64> = BTreeMap::new();
    for symbol in symbols {
        let function = functions.of_symbol.get(*symbol as usize).copied().unwrap_or(0);
        let value = values.get(function as usize).copied().unwrap_or(0.0);
        let known = largest.entry(key_of(*symbol, functions, measures, identity)).or_insert(0.0);
        *known = known.max(value);
    }
    largest.values().sum()
}

#[cfg(test)]
mod tests {
    use super::super::choices::{Choice, Filter, Identity, Text};
    use super::{Measures, figures};
    use crate::facts::{Contexts, Roles};
    use crate::functions::Functions;
    use crate::metrics::Metric;
    use crate::phase::Phase;
    use crate::reach::{Reach, Row, RunReach, Symbol};
    use crate::study::Take;
    use hap_schemas::{Context, Role};
    use polars::prelude::*;

    /// Two functions of one name, and a clone of a third; the second run is idle.
    fn reach() -> Reach {
        let symbol =
            |address, name: &str| Symbol { module: "vmlinux".to_owned(), address, name: Some(name.to_owned()) };
        let row = |symbol, calls, steady| Row {
            symbol,
            context: Context::Task,
            role: Role::App,
            effect: None,
            grepped: true,
            calls,
            steady_calls: [steady, calls, calls],
            load_calls: calls,
        };
        let symbols = vec![symbol(1, "list_add"), symbol(2, "list_add"), symbol(3, "read"), symbol(4, "read.cold")];
        let busy = vec![row(0, 1, 0), row(1, 900, 900), row(2, 500, 500), row(3, 700, 700)];
        let run = |rows| RunReach { rows, lists_threads: true, ..RunReach::default() };
        Reach { symbols, effects: Vec::new(), runs: vec![run(busy), run(vec![row(2, 9, 9)])] }
    }

    fn functions() -> Functions {
        let frame = df!("module" => ["vmlinux"; 3], "source" => [1_i64, 2, 3]).unwrap();
        let (lines, complexity) = (vec![Some(4), Some(6), Some(20)], vec![Some(1), None, Some(3)]);
        Functions { frame, names: vec![None; 3], files: vec![None; 3], lines, complexity, of_symbol: vec![0, 1, 2, 2] }
    }

    fn figure(change: impl Fn(&mut Choice)) -> f64 {
        let filter = Filter {
            contexts: Contexts::All,
            roles: Roles::default(),
            observer: Take::Exclude,
            phase: Phase::All,
            merge: 0,
            identity: Identity::Address,
            text: Text::Exact,
            without_idle: false,
            loss: 0.0,
        };
        let mut choice = Choice { dimension: "", value: String::new(), filter, metric: Metric::Lines };
        change(&mut choice);
        let lines = df!(
            "module" => ["vmlinux"; 5], "address" => [1_i64, 2, 3, 4, 9], "file" => ["list.h", "list.h", "a.c", "a.c", "b.c"],
            "line" => [5, 5, 10, 11, 1],
        );
        let measures = Measures::new(&reach(), &functions(), Some(lines.unwrap().lazy()), &[]).unwrap();
        figures(&reach(), &functions(), &measures, &choice, &[vec![1], vec![]])[0]
    }

    #[test]
    fn metrics_count_functions_clones_and_shared_lines_once() {
        assert!((figure(|_| ()) - 30.0).abs() < 1e-9);
        assert!((figure(|choice| choice.metric = Metric::Functions) - 3.0).abs() < 1e-9);
        assert!((figure(|choice| choice.metric = Metric::Complexity) - 4.0).abs() < 1e-9);
        assert!((figure(|choice| choice.metric = Metric::CodeLines) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_name_of_two_functions_is_one_and_counts_as_the_larger() {
        let by_name = |choice: &mut Choice| choice.filter.identity = Identity::Name;
        assert!((figure(by_name) - 46.0).abs() < 1e-9);
        assert!(
            (figure(|choice| {
                by_name(choice);
                choice.metric = Metric::Functions;
            }) - 3.0)
                .abs()
                < 1e-9
        );
    }

    #[test]
    fn phase_windows_idle_and_loss_take_functions_out() {
        assert!((figure(|choice| choice.filter.phase = Phase::Steady) - 26.0).abs() < 1e-9);
        let merged = |choice: &mut Choice| {
            choice.filter.phase = Phase::Steady;
            choice.filter.merge = 1;
        };
        assert!((figure(merged) - 30.0).abs() < 1e-9);
        assert!((figure(|choice| choice.filter.without_idle = true) - 10.0).abs() < 1e-9);
        // All but certain to lose the function of one call, and none of the others.
        assert!((figure(|choice| choice.filter.loss = 0.999_999) - 0.0).abs() < 27.0);
        assert!((figure(|choice| choice.filter.loss = 0.5) - 26.0).abs() < 4.1);
    }
}
