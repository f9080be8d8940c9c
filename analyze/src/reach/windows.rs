//! The windows of one run: discovery of functions over time, and how often each window-sized piece holds a function.

use crate::phase::Phase;
use crate::statistics::incidence::Incidence;
use crate::steady::Steady;

/// So many windows are merged into one, to see whether an estimate of completeness depends on their length.
pub const MERGES: [usize; 3] = [1, 2, 4];

/// A function's calls in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WindowCall {
    /// Index of the window.
    pub(super) window: u32,
    /// Number of the source function, of this run.
    pub(super) function: u32,
    /// Calls.
    pub(super) calls: i64,
}

/// What the windows of a run tell of the calls that count.
#[derive(Clone, Debug, PartialEq)]
pub struct RunWindows {
    /// Functions that each window holds and none before it.
    pub new_functions: Vec<u32>,
    /// Calls in each window.
    pub calls: Vec<i64>,
    /// Whether and when the run gets steady.
    pub steady: Steady,
    /// The verdict with windows merged by 2 and by 4.
    pub merged_steady: [Steady; 2],
    /// First window of the phase mark `load`, where the run has one.
    pub load: Option<usize>,
    /// Functions of the phase by the windows that hold them, for each of [`MERGES`].
    pub incidences: [Incidence; 3],
    /// Functions of each window of the phase, by number of the run; empty unless they were asked for.
    pub held: Vec<Vec<u32>>,
    /// Symbols of the functions of the phase that only one window holds, sorted.
    pub passing: Vec<u32>,
}

impl Default for RunWindows {
    fn default() -> Self {
        Self {
            new_functions: Vec::new(),
            calls: Vec::new(),
            steady: Steady::NoWindows,
            merged_steady: [Steady::NoWindows; 2],
            load: None,
            incidences: Default::default(),
            held: Vec::new(),
            passing: Vec::new(),
        }
    }
}

impl RunWindows {
    /// From the calls that count, in any order; `count` windows, of which the mark `load` opens number `load`.
    pub(super) fn new(
        mut calls: Vec<WindowCall>,
        count: usize,
        load: Option<usize>,
        (phase, keep): (Phase, bool),
    ) -> Self {
        calls.sort_unstable();
        let mut windows = Self { load, ..Self::default() };
        windows.new_functions = vec![0; count];
        windows.calls = vec![0; count];
        let mut known = std::collections::HashSet::new();
        for call in &calls {
            let window = call.window as usize;
            if let (Some(new), Some(sum)) = (windows.new_functions.get_mut(window), windows.calls.get_mut(window)) {
                *new += u32::from(known.insert(call.function));
                *sum = sum.saturating_add(call.calls);
            }
        }
        windows.steady = Steady::of(&windows.new_functions);
        windows.merged_steady = [2, 4].map(|merge| Steady::of(&merged(&windows.new_functions, merge)));
        let first = windows.first(phase);
        windows.incidences = MERGES.map(|merge| incidence(&calls, first, count, merge));
        windows.passing = passing(&calls, first);
        if keep {
            windows.held = held(&calls, first, count);
        }
        windows
    }

    /// The first window of a phase; 0 in a run that has no such phase.
    pub fn first(&self, phase: Phase) -> usize {
        match phase {
            Phase::All => 0,
            Phase::Steady => self.steady.window().unwrap_or(0),
            Phase::Load => self.load.unwrap_or(0),
        }
    }

    /// The first window of steady state, as judged with windows merged by each of [`MERGES`]; 0 where there is none.
    pub fn steady_windows(&self) -> [usize; MERGES.len()] {
        let [two, four] = self.merged_steady;
        let first = |steady: Steady, merge: usize| steady.window().map_or(0, |window| window * merge);
        [first(self.steady, MERGES[0]), first(two, MERGES[1]), first(four, MERGES[2])]
    }

    /// Whether the run has the phase.
    pub fn has(&self, phase: Phase) -> bool {
        match phase {
            Phase::All => true,
            Phase::Steady => self.steady.window().is_some(),
            Phase::Load => self.load.is_some(),
        }
    }
}

/// Sums of so many neighbours.
fn merged(series: &[u32], merge: usize) -> Vec<u32> {
    series.chunks(merge).map(|chunk| chunk.iter().sum()).collect()
}

/// In how many merged windows from `first` on each function is; a last piece that is not whole is left out unless it is
/// the only one.
fn incidence(calls: &[WindowCall], first: usize, count: usize, merge: usize) -> Incidence {
    let units = (count.saturating_sub(first) / merge).max(usize::from(count > first));
    let unit = |call: &WindowCall| (call.window as usize).checked_sub(first).map(|window| window / merge);
    let mut held: Vec<(u32, usize)> =
        calls.iter().filter_map(|call| Some((call.function, unit(call)?))).filter(|(_, unit)| *unit < units).collect();
    held.sort_unstable();
    held.dedup();
    Incidence::new(units as u64, held.chunk_by(|a, b| a.0 == b.0).map(|units| units.len() as u64))
}

/// The functions of each window from `first` on, each once.
fn held(calls: &[WindowCall], first: usize, count: usize) -> Vec<Vec<u32>> {
    let mut windows = vec![Vec::new(); count.saturating_sub(first)];
    for call in calls {
        let window = (call.window as usize).checked_sub(first).and_then(|window| windows.get_mut(window));
        if let Some(functions) = window
            && functions.last() != Some(&call.function)
        {
            functions.push(call.function);
        }
    }
    windows
}

/// Functions that exactly one window from `first` on holds.
fn passing(calls: &[WindowCall], first: usize) -> Vec<u32> {
    let mut held: Vec<(u32, u32)> =
        calls.iter().filter(|call| call.window as usize >= first).map(|call| (call.function, call.window)).collect();
    held.sort_unstable();
    held.dedup();
    held.chunk_by(|a, b| a.0 == b.0)
        .filter_map(|windows| if let [(function, _)] = windows { Some(*function) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{RunWindows, WindowCall};
    use crate::phase::Phase;
    use crate::statistics::incidence::Incidence;
    use crate::steady::Steady;

    fn calls(rows: &[(u32, u32)]) -> Vec<WindowCall> {
        rows.iter().map(|(window, function)| WindowCall { window: *window, function: *function, calls: 2 }).collect()
    }

    #[test]
    fn a_function_is_new_in_its_first_window_alone() {
        let rows = [(3, 8), (0, 7), (0, 8), (0, 7), (2, 7), (3, 9)];
        let windows = RunWindows::new(calls(&rows), 5, Some(2), (Phase::All, false));
        assert_eq!(
            (windows.new_functions.as_slice(), windows.calls.as_slice()),
            ([2, 0, 0, 1, 0].as_slice(), [6, 0, 2, 4, 0].as_slice())
        );
        assert_eq!(
            (windows.steady, windows.first(Phase::Steady), windows.has(Phase::Steady)),
            (Steady::FewWindows, 0, false)
        );
        assert_eq!((windows.first(Phase::Load), windows.has(Phase::Load)), (2, true));
        assert_eq!(windows.passing, [9]);
    }

    #[test]
    fn incidence_counts_the_pieces_of_the_phase() {
        let rows = [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 9)];
        let windows = RunWindows::new(calls(&rows), 7, Some(1), (Phase::Load, true));
        // Windows 1 to 6 are six units, three pieces of two, and one piece of four.
        assert_eq!(
            windows.incidences,
            [Incidence::new(6, [2, 2, 1, 1]), Incidence::new(3, [1, 1, 1, 1]), Incidence::new(1, [1, 1])]
        );
        assert_eq!(windows.passing, [3, 9]);
        assert_eq!(windows.held, [vec![1], vec![1], vec![2], vec![2], vec![3], vec![9]]);
    }
}
