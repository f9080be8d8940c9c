//! Sensitivity as a frame.

use polars::prelude::*;

use super::choices::Choice;
use super::orderings::{Cell, Compared, Ordering, Outcome};
use crate::hap::Trust;

/// One row for every two things, in each block, under each choice: dimension, value, metric, block, a, b, then for each of
/// both runs, figure, low, high, steady_runs and coverage (`_a`, `_b`), p_less, kept, tau.
///
/// `p_less` is P(A < B); `kept` whether the order of the two is that of the default; `tau` Kendall's tau of the order of
/// all things of the block against the default.
pub fn frame(
    choices: &[Choice],
    compared: &Compared,
    trust: &[Vec<Trust>],
    outcomes: &[Vec<Outcome>],
) -> PolarsResult<DataFrame> {
    let rows: Vec<(&Choice, usize, &Outcome, &Ordering)> = choices
        .iter()
        .zip(outcomes)
        .flat_map(|(choice, blocks)| {
            let blocks = blocks.iter().enumerate();
            blocks.flat_map(move |(block, outcome)| {
                outcome.orderings.iter().map(move |ordering| (choice, block, outcome, ordering))
            })
        })
        .collect();
    let thing = |number: usize| compared.things.get(number).map(String::as_str);
    let block = |number: usize| compared.blocks.get(number).map(String::as_str);
    let mut columns = vec![
        Column::new("dimension".into(), rows.iter().map(|(choice, ..)| choice.dimension).collect::<Vec<_>>()),
        Column::new("value".into(), rows.iter().map(|(choice, ..)| choice.value.as_str()).collect::<Vec<_>>()),
        Column::new("metric".into(), rows.iter().map(|(choice, ..)| choice.metric.name()).collect::<Vec<_>>()),
        Column::new("block".into(), rows.iter().map(|(_, number, ..)| block(*number)).collect::<Vec<_>>()),
        Column::new("a".into(), rows.iter().map(|(.., ordering)| thing(ordering.a)).collect::<Vec<_>>()),
        Column::new("b".into(), rows.iter().map(|(.., ordering)| thing(ordering.b)).collect::<Vec<_>>()),
    ];
    for side in ["a", "b"] {
        let cells: Vec<Option<&Cell>> = rows
            .iter()
            .map(|(_, _, outcome, ordering)| {
                let number = if side == "a" { ordering.a } else { ordering.b };
                outcome.cells.get(number).and_then(Option::as_ref)
            })
            .collect();
        let runs: Vec<_> = cells.iter().map(|cell| cell.map(|cell| cell.runs as i64)).collect();
        columns.push(Column::new(format!("runs_{side}").into(), runs));
        let mut floats = |name: &str, value: &dyn Fn(&Cell) -> Option<f64>| {
            let values: Vec<_> = cells.iter().map(|cell| cell.and_then(value)).collect();
            columns.push(Column::new(format!("{name}_{side}").into(), values));
        };
        floats("figure", &|cell| Some(cell.mean));
        floats("low", &|cell| cell.interval.map(|interval| interval.low));
        floats("high", &|cell| cell.interval.map(|interval| interval.high));
        let trust: Vec<Option<&Trust>> = rows
            .iter()
            .map(|(_, block, _, ordering)| trust.get(*block)?.get(if side == "a" { ordering.a } else { ordering.b }))
            .collect();
        let steady: Vec<_> = trust.iter().map(|trust| trust.map(|trust| trust.steady_runs as i64)).collect();
        columns.push(Column::new(format!("steady_runs_{side}").into(), steady));
        let coverage: Vec<_> = trust.iter().map(|trust| trust.and_then(|trust| trust.coverage)).collect();
        columns.push(Column::new(format!("coverage_{side}").into(), coverage));
    }
    columns.push(Column::new("p_less".into(), rows.iter().map(|(.., ordering)| ordering.p_less).collect::<Vec<_>>()));
    columns.push(Column::new("kept".into(), rows.iter().map(|(.., ordering)| ordering.kept).collect::<Vec<_>>()));
    columns.push(Column::new("tau".into(), rows.iter().map(|(_, _, outcome, _)| outcome.tau).collect::<Vec<_>>()));
    DataFrame::new(rows.len(), columns)
}
