//! Completeness as text.

use super::{Heading, decimal, grid, thousands};
use crate::calibration::{Calibration, DRAWS, Draw, SHARES};
use crate::completeness::{Completeness, Further, Part, is_stable};
use crate::completeness_frames::{GroupRow, RunRow};
use hap_statistics::chao2::Richness;

/// One row a group.
pub(crate) fn groups(rows: &[GroupRow], keys: &[String]) -> String {
    let mut headings: Vec<_> = keys.iter().map(|key| Heading::text(key)).collect();
    headings.extend([
        Heading::number("runs", ""),
        Heading::number("steady", "runs"),
        Heading::number("seen", "functions"),
        Heading::number("q1", "functions"),
        Heading::number("q2", "functions"),
        Heading::number("chao2", "functions"),
        Heading::number("95 % interval", "functions"),
        Heading::number("coverage", "%"),
        Heading::number("95 % interval", "%"),
        Heading::number("more for 95 %", "runs"),
        Heading::number("more for 99 %", "runs"),
        Heading::number("lost", "events"),
    ]);
    let cells = |row: &GroupRow| {
        let found = &row.completeness;
        let counts = [
            Some(found.incidence.units() as i64),
            Some(row.steady_runs as i64),
            Some(found.incidence.seen() as i64),
            Some(found.incidence.exactly(1) as i64),
            Some(found.incidence.exactly(2) as i64),
        ];
        let mut cells = row.labels.clone();
        cells.extend(counts.map(|count| count.map(thousands)));
        cells.extend(estimates(found));
        cells.extend(found.further.iter().map(|further| further.map(needed)));
        cells.push(Some(thousands(row.events_lost)));
        cells
    };
    format!("over runs\n{}", grid(&headings, &rows.iter().map(cells).collect::<Vec<_>>()))
}

/// Chao2 and coverage, each with its interval.
fn estimates(found: &Completeness) -> [Option<String>; 4] {
    let percent = |share: f64| decimal(100.0 * share, 1);
    [
        found.richness.map(|richness| decimal(richness.estimate, 1)),
        found.richness.map(interval),
        found.coverage.map(percent),
        found.coverage_interval.map(|(low, high)| format!("{} – {}", percent(low), percent(high))),
    ]
}

fn interval(richness: Richness) -> String {
    format!("{} – {}", decimal(richness.low, 0), decimal(richness.high, 0))
}

/// The units still needed, with their interval.
fn needed(further: Further) -> String {
    let units = |units: Option<f64>| units.map_or_else(|| "never".to_owned(), |units| decimal(units, 0));
    let estimate = units(further.needed.units());
    let interval = further.interval.filter(|_| further.needed.units().is_some_and(|units| units > 0.0));
    interval.map_or_else(
        || estimate.clone(),
        |interval| format!("{estimate} ({} – {})", units(interval.low), units(interval.high)),
    )
}

/// One row a run, with its windows as units; of so many runs.
pub(crate) fn windows(rows: &[RunRow], runs: usize) -> String {
    let headings = [
        Heading::text("run"),
        Heading::number("windows", ""),
        Heading::text("steady"),
        Heading::number("seen", "functions"),
        Heading::number("chao2", "functions"),
        Heading::number("95 % interval", "functions"),
        Heading::number("merged 2", "functions"),
        Heading::number("merged 4", "functions"),
        Heading::text("stable"),
        Heading::number("coverage", "%"),
    ];
    let yes = |truth: bool| if truth { "yes" } else { "no" }.to_owned();
    let cells = |row: &RunRow| {
        let [one, two, four] = &row.merges;
        let chao2 = |found: &Completeness| found.richness.map(|richness| decimal(richness.estimate, 1));
        let [estimate, interval, coverage, _] = estimates(one);
        vec![
            Some(row.run.clone()),
            Some(thousands(one.incidence.units() as i64)),
            Some(yes(row.steady)),
            Some(thousands(one.incidence.seen() as i64)),
            estimate,
            interval,
            chao2(two),
            chao2(four),
            is_stable(&row.merges).map(yes),
            coverage,
        ]
    };
    let shown: Vec<_> = rows.iter().map(cells).collect();
    format!("over the windows of one run\n{}{}", grid(&headings, &shown), more(runs, rows.len()))
}

/// Functions of exactly one run, by part of the source tree; at most `limit` parts.
pub(crate) fn singletons(parts: &[Part], limit: usize) -> String {
    if parts.is_empty() {
        return "functions in exactly one run of their group: none\n".to_owned();
    }
    let headings = [
        Heading::text("subsystem"),
        Heading::number("in one run", "functions"),
        Heading::number("in one window", "functions"),
        Heading::number("share", "%"),
    ];
    let cells = |part: &Part| {
        let share = 100.0 * part.passing as f64 / part.functions as f64;
        vec![
            Some(part.subsystem.clone()),
            Some(thousands(part.functions as i64)),
            Some(thousands(part.passing as i64)),
            Some(decimal(share, 0)),
        ]
    };
    let shown: Vec<_> = parts.iter().take(limit).map(cells).collect();
    format!("functions in exactly one run of their group\n{}{}", grid(&headings, &shown), more(parts.len(), limit))
}

fn more(rows: usize, limit: usize) -> String {
    let hidden = rows.saturating_sub(limit);
    if hidden == 0 {
        String::new()
    } else {
        format!("... {} more: --limit N shows N of them\n", thousands(hidden as i64))
    }
}

/// How often the interval holds the truth, over all runs and by size of the sample.
pub(crate) fn calibrations(rows: &[Calibration]) -> String {
    if rows.is_empty() {
        return "calibration: no run has enough windows\n".to_owned();
    }
    let headings = [
        Heading::text("drawn"),
        Heading::number("sample", "% of windows"),
        Heading::number("runs", ""),
        Heading::number("samples", ""),
        Heading::number("seen / truth", "%"),
        Heading::number("chao2 / truth", "%"),
        Heading::number("covered", "%"),
        Heading::number("too low", "%"),
        Heading::number("too high", "%"),
        Heading::number("runs of 90 % or more", ""),
    ];
    let sizes = |draw| SHARES.iter().enumerate().map(move |(size, share)| (draw, size, *share));
    let cells = Draw::ALL.into_iter().flat_map(sizes).map(|(draw, size, share)| {
        let rows: Vec<&Calibration> = rows.iter().filter(|row| row.draw == draw && row.size == size).collect();
        calibration_cells(draw, share, &rows)
    });
    let table = grid(&headings, &cells.collect::<Vec<_>>());
    format!("calibration: windows drawn from a run against all of its windows\n{table}")
}

/// The rows of one way to draw and one size of sample.
fn calibration_cells(draw: Draw, share: f64, rows: &[&Calibration]) -> Vec<Option<String>> {
    let draws = rows.len() * DRAWS;
    let percent = |count: usize| (draws > 0).then(|| decimal(100.0 * count as f64 / draws as f64, 1));
    let ratio = |value: &dyn Fn(&Calibration) -> f64| {
        let sum: f64 = rows.iter().map(|row| value(row) / row.truth.max(1) as f64).sum();
        (draws > 0).then(|| decimal(100.0 * sum / rows.len() as f64, 1))
    };
    let covered: usize = rows.iter().map(|row| row.covered).sum();
    let below: usize = rows.iter().map(|row| row.below).sum();
    let sound = rows.iter().filter(|row| 10 * row.covered >= 9 * DRAWS).count();
    vec![
        Some(draw.name().to_owned()),
        Some(decimal(100.0 * share, 0)),
        Some(rows.len().to_string()),
        Some(thousands(draws as i64)),
        ratio(&|row| row.mean_seen),
        ratio(&|row| row.mean_estimate),
        percent(covered),
        percent(below),
        percent(draws - covered - below),
        Some(sound.to_string()),
    ]
}
