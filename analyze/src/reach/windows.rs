//! The windows of one run: discovery of functions over time, and how often each window-sized piece holds a function.

use crate::phase::Phase;
use crate::steady::Steady;
use hap_statistics::incidence::Incidence;

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
        // Tables are written window by window, which a stable sort finds out in one pass.
        calls.sort_by_key(|call| call.window);
        let mut windows = Self { load, ..Self::default() };
        windows.new_functions = vec![0; count];
        windows.calls = vec![0; count];
        let functions = functions_of(&calls);
        let mut known = vec![false; functions];
        for call in &calls {
            let window = call.window as usize;
            if let (Some(new), Some(sum)) = (windows.new_functions.get_mut(window), windows.calls.get_mut(window)) {
                let is_known = known.get_mut(call.function as usize).is_none_or(|known| std::mem::replace(known, true));
                *new += u32::from(!is_known);
                *sum = sum.saturating_add(call.calls);
            }
        }
        windows.steady = Steady::of(&windows.new_functions);
        windows.merged_steady = [2, 4].map(|merge| Steady::of(&merged(&windows.new_functions, merge)));
        let first = windows.first(phase);
        windows.incidences = MERGES.map(|merge| incidence(&held(&calls, (first, count), merge), functions));
        let held = held(&calls, (first, count), 1);
        windows.passing = passing(&held, functions);
        if keep {
            windows.held = held;
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

/// The functions of each merged window from `first` on, each once, by number of the run; a last piece that is not whole is
/// left out unless it is the only one.
fn held(calls: &[WindowCall], (first, count): (usize, usize), merge: usize) -> Vec<Vec<u32>> {
    let units = (count.saturating_sub(first) / merge).max(usize::from(count > first));
    let mut held = vec![Vec::new(); units];
    // Calls come window by window, so that the unit that had a function last tells whether this one has it already.
    let mut last: Vec<usize> = vec![usize::MAX; functions_of(calls)];
    for call in calls {
        let unit = (call.window as usize).checked_sub(first).map(|window| window / merge);
        let Some((unit, last)) = unit.zip(last.get_mut(call.function as usize)) else { continue };
        if let Some(functions) = held.get_mut(unit)
            && *last != unit
        {
            functions.push(call.function);
            *last = unit;
        }
    }
    held
}

/// One more than the highest number of a function.
fn functions_of(calls: &[WindowCall]) -> usize {
    calls.iter().map(|call| call.function as usize + 1).max().unwrap_or(0)
}

/// In how many units each function is.
fn incidence(held: &[Vec<u32>], functions: usize) -> Incidence {
    Incidence::of_units(functions, held.iter().map(|unit| unit.iter().copied()))
}

/// Functions that exactly one unit holds.
fn passing(held: &[Vec<u32>], functions: usize) -> Vec<u32> {
    let mut units = vec![0_usize; functions];
    for function in held.iter().flatten() {
        if let Some(units) = units.get_mut(*function as usize) {
            *units += 1;
        }
    }
    (0_u32..).zip(units).filter(|(_, units)| *units == 1).map(|(function, _)| function).collect()
}

#[cfg(test)]
mod tests {
    use super::{RunWindows, WindowCall};
    use crate::phase::Phase;
    use crate::steady::Steady;
    use hap_statistics::incidence::Incidence;

    fn calls(rows: &[(u32, u32)]) -> Vec<WindowCall> {
        rows.iter().map(|(window, function)| WindowCall { window: *window, function: *function, calls: 2 }).collect()
    }

    fn units(units: &[&[u32]]) -> Incidence {
        Incidence::of_units(10, units.iter().map(|unit| unit.iter().copied()))
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
            [units(&[&[1], &[1], &[2], &[2], &[3], &[9]]), units(&[&[1], &[2], &[3, 9]]), units(&[&[1, 2]]),]
        );
        assert_eq!(windows.passing, [3, 9]);
        assert_eq!(windows.held, [vec![1], vec![1], vec![2], vec![2], vec![3], vec![9]]);
    }
}
