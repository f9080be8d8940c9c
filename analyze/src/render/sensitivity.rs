//! Sensitivity as text: for each block the figures under every choice, P(A < B), and the verdict.

use super::{Heading, decimal, grid, places};
use crate::hap::Trust;
use crate::sensitivity::{Cell, Choice, Compared, Outcome, Survival, Verdict, verdicts};

/// A table of figures, one of probabilities and a verdict for each block.
pub(crate) fn blocks(
    choices: &[Choice],
    compared: &Compared,
    trust: &[Vec<Trust>],
    outcomes: &[Vec<Outcome>],
) -> String {
    let block = |(number, name): (usize, &String)| {
        let of_block: Vec<&Outcome> = outcomes.iter().filter_map(|blocks| blocks.get(number)).collect();
        let probabilities = of_block.first().map_or_else(String::new, |default| {
            probabilities(compared, default, trust.get(number).map_or(&[], Vec::as_slice))
        });
        let verdict = verdict(&verdicts(outcomes, number), compared);
        format!("{name}\n{}\n{probabilities}\n{verdict}", figures(choices, compared, &of_block))
    };
    compared.blocks.iter().enumerate().map(block).collect::<Vec<_>>().join("\n")
}

/// One row a choice, one column a thing.
fn figures(choices: &[Choice], compared: &Compared, outcomes: &[&Outcome]) -> String {
    let mut headings = vec![Heading::text("choice"), Heading::text("value"), Heading::text("metric")];
    headings.extend(compared.things.iter().map(|thing| Heading::number(thing, "")));
    headings.extend([Heading::number("tau", ""), Heading::number("kept", "")]);
    let rows: Vec<_> = choices.iter().zip(outcomes).map(|(choice, outcome)| row(choice, outcome)).collect();
    grid(&headings, &rows)
}

fn row(choice: &Choice, outcome: &Outcome) -> Vec<Option<String>> {
    let means = || outcome.cells.iter().flatten().map(|cell| cell.mean);
    let places = if choice.metric.is_whole() { 0 } else { places(means()) };
    let text = |cell: &Cell| decimal(cell.mean, places);
    let mut cells =
        vec![Some(choice.dimension.to_owned()), Some(choice.value.clone()), Some(choice.metric.name().to_owned())];
    cells.extend(outcome.cells.iter().map(|cell| cell.as_ref().map(text)));
    let kept = outcome.orderings.iter().filter(|ordering| ordering.kept).count();
    cells.push(outcome.tau.map(|tau| decimal(tau, 2)));
    cells.push(Some(format!("{kept}/{}", outcome.orderings.len())));
    cells
}

/// P(row < column) of the default, things in the order of their figures, each with its interval.
fn probabilities(compared: &Compared, default: &Outcome, trust: &[Trust]) -> String {
    let mut order: Vec<(usize, &Cell)> =
        default.cells.iter().enumerate().filter_map(|(thing, cell)| Some((thing, cell.as_ref()?))).collect();
    order.sort_by(|a, b| a.1.mean.total_cmp(&b.1.mean).then(a.0.cmp(&b.0)));
    let name = |thing: usize| compared.things.get(thing).cloned().unwrap_or_default();
    let mut headings = vec![
        Heading::text("P(row < column)"),
        Heading::number("runs", ""),
        Heading::number("mean", ""),
        Heading::number("95 % interval", ""),
        Heading::number("steady", "runs"),
        Heading::number("coverage", "%"),
    ];
    headings.extend(order.iter().skip(1).map(|(thing, _)| Heading::number(&name(*thing), "")));
    let rows = order.iter().enumerate().map(|(position, (thing, cell))| {
        let places = places(order.iter().map(|(_, cell)| cell.mean)).min(3);
        let interval = cell
            .interval
            .map(|interval| format!("{} – {}", decimal(interval.low, places), decimal(interval.high, places)));
        let mut cells =
            vec![Some(name(*thing)), Some(cell.runs.to_string()), Some(decimal(cell.mean, places)), interval];
        let trust = trust.get(*thing).copied().unwrap_or_default();
        cells.push(Some(trust.steady_runs.to_string()));
        cells.push(trust.coverage.map(|coverage| decimal(100.0 * coverage, 1)));
        let others = order.iter().enumerate().skip(1);
        cells.extend(others.map(|(other, (larger, _))| {
            if other <= position { Some(String::new()) } else { less(default, *thing, *larger).map(|p| decimal(p, 2)) }
        }));
        cells
    });
    grid(&headings, &rows.collect::<Vec<_>>())
}

fn less(outcome: &Outcome, smaller: usize, larger: usize) -> Option<f64> {
    let (a, b) = (smaller.min(larger), smaller.max(larger));
    let ordering = outcome.orderings.iter().find(|ordering| (ordering.a, ordering.b) == (a, b))?;
    Some(if a == smaller { ordering.p_less } else { 1.0 - ordering.p_less })
}

/// The line that says which orderings survive.
pub(crate) fn verdict(verdict: &Verdict, compared: &Compared) -> String {
    let name = |thing: usize| compared.things.get(thing).map_or("", String::as_str);
    let all = |survival: &Survival| {
        let p = decimal(survival.least_p_less, 2);
        format!("{} < {} (P >= {p})", name(survival.smaller), name(survival.larger))
    };
    let some = |survival: &Survival| {
        let Survival { kept, choices, .. } = survival;
        format!("{} < {} ({kept} of {choices} choices)", name(survival.smaller), name(survival.larger))
    };
    let list = |survivals: &[Survival], text: &dyn Fn(&Survival) -> String| {
        if survivals.is_empty() { "none".to_owned() } else { survivals.iter().map(text).collect::<Vec<_>>().join(", ") }
    };
    let Verdict { every, most, not } = verdict;
    super::footer(&[(
        "verdict",
        format!(
            "survive every choice: {}; survive most: {}; do not survive: {}",
            list(every, &all),
            list(most, &some),
            list(not, &some)
        ),
    )])
}
