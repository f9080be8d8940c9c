//! Discovery of functions in each run: the curve against time and calls, and its verdict.

use polars::prelude::*;

use crate::reach::{Reach, RunReach};
use crate::runs::Run;

/// One row a run: run, runtime, workload, repetition, windows, window_ns, functions, calls, steady, verdict, start_window,
/// start_ns, start_calls, functions_before, load_window, trend_score, trend_z, trend_p, merged_2, merged_4.
///
/// `start_ns` is the time since the first event; `start_calls` and `functions_before` are what the windows before the
/// start held. They and the trend are null for a run that never gets there.
pub fn summary(runs: &[&Run], reach: &Reach) -> PolarsResult<DataFrame> {
    let rows: Vec<(&&Run, &RunReach)> = runs.iter().zip(&reach.runs).collect();
    let text = |key: &str| rows.iter().map(|(run, _)| run.value(key)).collect::<Vec<_>>();
    let count = |value: &dyn Fn(&Run, &RunReach) -> Option<i64>| {
        rows.iter().map(|(run, reach)| value(run, reach)).collect::<Vec<_>>()
    };
    let trend = |value: &dyn Fn(hap_statistics::mann_kendall::MannKendall) -> f64| {
        rows.iter().map(|(_, reach)| reach.windows.steady.trend().map(value)).collect::<Vec<_>>()
    };
    let start = |reach: &RunReach| reach.windows.steady.window();
    df!(
        "run" => rows.iter().map(|(run, _)| run.id.as_str()).collect::<Vec<_>>(),
        "runtime" => text("runtime"),
        "workload" => text("workload"),
        "repetition" => text("repetition"),
        "windows" => count(&|_, reach| Some(reach.windows.new_functions.len() as i64)),
        "window_ns" => count(&|run, _| run.number("window_ns")),
        "functions" => count(&|_, reach| Some(found(reach, usize::MAX))),
        "calls" => count(&|_, reach| Some(called(reach, usize::MAX))),
        "steady" => rows.iter().map(|(_, reach)| start(reach).is_some()).collect::<Vec<_>>(),
        "verdict" => rows.iter().map(|(_, reach)| reach.windows.steady.name()).collect::<Vec<_>>(),
        "start_window" => count(&|_, reach| start(reach).map(|window| window as i64)),
        "start_ns" => count(&|run, reach| Some(start(reach)? as i64 * run.number("window_ns")?)),
        "start_calls" => count(&|_, reach| Some(called(reach, start(reach)?))),
        "functions_before" => count(&|_, reach| Some(found(reach, start(reach)?))),
        "load_window" => count(&|_, reach| reach.windows.load.map(|window| window as i64)),
        "trend_score" => count(&|_, reach| Some(reach.windows.steady.trend()?.score)),
        "trend_z" => trend(&|trend| trend.z),
        "trend_p" => trend(&|trend| trend.p),
        "merged_2" => rows.iter().map(|(_, reach)| reach.windows.merged_steady[0].name()).collect::<Vec<_>>(),
        "merged_4" => rows.iter().map(|(_, reach)| reach.windows.merged_steady[1].name()).collect::<Vec<_>>(),
    )
}

/// Functions found in the windows before one.
pub fn found(reach: &RunReach, end: usize) -> i64 {
    reach.windows.new_functions.iter().take(end).map(|count| i64::from(*count)).sum()
}

/// Calls in the windows before one.
pub fn called(reach: &RunReach, end: usize) -> i64 {
    reach.windows.calls.iter().take(end).sum()
}

/// One row a window: run, window, time_ns (end of the window since the first event), calls, new_functions, and up to and
/// with this window all_calls and functions.
pub fn curve(runs: &[&Run], reach: &Reach) -> PolarsResult<DataFrame> {
    let mut ids: Vec<&str> = Vec::new();
    let mut numbers: [Vec<i64>; 6] = Default::default();
    for (run, reach) in runs.iter().zip(&reach.runs) {
        let length = run.number("window_ns").unwrap_or(0);
        let (mut all_calls, mut functions) = (0, 0);
        let windows = reach.windows.calls.iter().zip(&reach.windows.new_functions);
        for (window, (calls, new)) in (0_i64..).zip(windows) {
            all_calls += calls;
            functions += i64::from(*new);
            ids.push(&run.id);
            let row = [window, (window + 1) * length, *calls, i64::from(*new), all_calls, functions];
            numbers.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }
    let [window, time, calls, new_functions, all_calls, functions] = numbers;
    df!(
        "run" => ids, "window" => window, "time_ns" => time, "calls" => calls, "new_functions" => new_functions,
        "all_calls" => all_calls, "functions" => functions,
    )
}
