//! The figure of each run under a choice, from rows of numbers.

use super::choices::{Choice, Filter, Text};
use super::published::filtered;
use crate::functions::Functions;
use crate::measures::Measures;
use crate::phase::Phase;
use crate::reach::{Reach, Row};
use crate::study::Take;
use hap_statistics::random::Random;

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
            let key = |symbol: &u32| measures.key(*symbol, functions, choice.filter.identity);
            let out: std::collections::HashSet<u32> = out.iter().map(key).collect();
            symbols.retain(|symbol| !out.contains(&key(symbol)));
        }
        measures.figure(&symbols, functions, (choice.metric, choice.filter.identity))
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

#[cfg(test)]
mod tests {
    use super::super::choices::{Choice, Filter, Text};
    use super::figures;
    use crate::facts::{Contexts, Roles};
    use crate::functions::Functions;
    use crate::measures::{Identity, Measures};
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
        let of_symbol = vec![0, 1, 2, 2];
        Functions {
            frame,
            names: vec![None; 3],
            files: vec![None; 3],
            lines,
            complexity,
            of_symbol,
            ..Functions::default()
        }
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
