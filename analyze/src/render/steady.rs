//! The discovery of functions as text: one row a run.

use super::{Heading, decimal, grid, thousands};
use crate::discovery::{called, found};
use crate::reach::{Reach, RunReach};
use crate::runs::Run;

/// Bars of an eighth each.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Bars of a curve.
const POINTS: usize = 10;

/// One row a run, in the order of the runs.
pub(crate) fn table(runs: &[&Run], reach: &Reach) -> String {
    let headings = [
        Heading::text("run"),
        Heading::number("windows", ""),
        Heading::number("length", "ms"),
        Heading::number("found", "functions"),
        Heading::text("discovery"),
        Heading::text("verdict"),
        Heading::number("start", "s"),
        Heading::number("before", "calls"),
        Heading::number("before", "functions"),
        Heading::number("p", ""),
        Heading::text("merged 2"),
        Heading::text("merged 4"),
    ];
    let rows: Vec<_> = runs.iter().zip(&reach.runs).map(|(run, reach)| cells(run, reach)).collect();
    grid(&headings, &rows)
}

fn cells(run: &Run, reach: &RunReach) -> Vec<Option<String>> {
    let windows = &reach.windows;
    let (start, length) = (windows.steady.window(), run.number("window_ns"));
    let seconds = |window: usize| Some(decimal(window as f64 * length? as f64 / 1e9, 2));
    vec![
        Some(run.id.clone()),
        Some(thousands(windows.new_functions.len() as i64)),
        length.map(|length| decimal(length as f64 / 1e6, 0)),
        Some(thousands(found(reach, usize::MAX))),
        discovery(&windows.new_functions),
        Some(windows.steady.name().to_owned()),
        start.and_then(seconds),
        start.map(|start| thousands(called(reach, start))),
        start.map(|start| thousands(found(reach, start))),
        windows.steady.trend().map(|trend| decimal(trend.p, 3)),
        Some(windows.merged_steady[0].name().to_owned()),
        Some(windows.merged_steady[1].name().to_owned()),
    ]
}

/// The share of the functions found by each tenth of the run; none where nothing was found.
fn discovery(new_functions: &[u32]) -> Option<String> {
    let sum = |count: usize| new_functions.iter().take(count).map(|new| u64::from(*new)).sum::<u64>();
    let all = sum(usize::MAX);
    let bar = |point: usize| {
        let found = sum((point * new_functions.len()).div_ceil(POINTS));
        let eighth = (8 * found).div_ceil(all).clamp(1, 8) as usize - 1;
        BARS.get(eighth).copied().unwrap_or(' ')
    };
    (all > 0).then(|| (1..=POINTS).map(bar).collect())
}

#[cfg(test)]
mod tests {
    use super::discovery;

    #[test]
    fn bars_grow_with_the_share_found() {
        assert_eq!(discovery(&[4, 0, 0, 0, 2, 0, 1, 0, 0, 1]).as_deref(), Some("▄▄▄▄▆▆▇▇▇█"));
        assert_eq!((discovery(&[0, 0]), discovery(&[])), (None, None));
        assert_eq!(discovery(&[3]).as_deref(), Some("██████████"));
    }
}
