//! Groups of runs with equal labels, and the sets of functions that are measured of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::functions::Functions;
use crate::runs::Run;

/// Runs with the same values of the keys asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The value of each key; none where a run has no such label.
    pub labels: Vec<Option<String>>,
    /// Indices of its runs in the list that was grouped.
    pub runs: Vec<usize>,
}

impl Group {
    /// The group in running text: its labels.
    pub fn name(&self) -> String {
        let labels = self.labels.iter().map(|label| label.as_deref().unwrap_or("-"));
        labels.collect::<Vec<_>>().join("/")
    }
}

/// The groups by name, with their runs.
pub fn named<'a>(runs: &[&'a Run], groups: &[Group]) -> Vec<(String, Vec<&'a Run>)> {
    let members = |group: &Group| group.runs.iter().filter_map(|run| runs.get(*run).copied()).collect();
    groups.iter().map(|group| (group.name(), members(group))).collect()
}

/// Groups runs by keys, sorted by the labels.
pub fn group_runs(runs: &[&Run], keys: &[String]) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<usize>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        let labels = keys.iter().map(|key| run.value(key).map(str::to_owned)).collect();
        groups.entry(labels).or_default().push(index);
    }
    groups.into_iter().map(|(labels, runs)| Group { labels, runs }).collect()
}

/// Numbers of the sets of functions: one per run, then three per group.
#[derive(Clone, Copy, Debug)]
pub struct SetNumbers {
    runs: usize,
}

impl SetNumbers {
    /// Numbers for so many runs.
    pub fn new(runs: usize) -> Self {
        Self { runs }
    }

    /// Functions of a run.
    pub fn run(self, run: usize) -> usize {
        run
    }

    /// Functions of any run of a group.
    pub fn union(self, group: usize) -> usize {
        self.runs + 3 * group
    }

    /// Functions of every run of a group.
    pub fn core(self, group: usize) -> usize {
        self.union(group) + 1
    }

    /// Functions of exactly one run of a group.
    pub fn singletons(self, group: usize) -> usize {
        self.union(group) + 2
    }

    /// How many sets there are.
    pub fn count(self, groups: usize) -> usize {
        self.runs + 3 * groups
    }
}

/// The symbols of every set, by its number.
///
/// `runs`: the symbols of each run, by number. A function of the core or of the singletons has every symbol by which the
/// group reached it.
pub fn symbol_sets(runs: Vec<Vec<u32>>, groups: &[Group], functions: &Functions) -> Vec<Vec<u32>> {
    let of_groups: Vec<_> = groups
        .iter()
        .flat_map(|group| {
            let members: Vec<_> = group.runs.iter().filter_map(|run| runs.get(*run)).collect();
            sets_of_group(&members, functions)
        })
        .collect();
    [runs, of_groups].concat()
}

/// Union, core and singletons of a group, from the symbols of its runs.
fn sets_of_group(runs: &[&Vec<u32>], functions: &Functions) -> [Vec<u32>; 3] {
    let function = |symbol: u32| functions.of_symbol.get(symbol as usize).map_or(0, |function| *function as usize);
    let mut seen = vec![0; functions.len()];
    let mut last = vec![usize::MAX; functions.len()];
    for (number, run) in runs.iter().enumerate() {
        for function in run.iter().map(|symbol| function(*symbol)) {
            if let (Some(seen), Some(last)) = (seen.get_mut(function), last.get_mut(function)) {
                // Clones of one function count once a run.
                *seen += usize::from(*last != number);
                *last = number;
            }
        }
    }
    let union: BTreeSet<u32> = runs.iter().flat_map(|run| run.iter().copied()).collect();
    let of = |runs: usize| union.iter().copied().filter(|symbol| seen.get(function(*symbol)) == Some(&runs)).collect();
    [union.iter().copied().collect(), of(runs.len()), of(1)]
}

#[cfg(test)]
mod tests {
    use super::{Group, group_runs, symbol_sets};
    use crate::functions::Functions;
    use crate::runs::Run;

    fn run(id: &str, labels: &[(&str, &str)]) -> Run {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Run { id: id.to_owned(), labels, ..Run::default() }
    }

    #[test]
    fn groups_are_sorted_and_a_run_without_the_label_has_a_group_of_its_own() {
        let runs = [run("1", &[("set", "b")]), run("2", &[("set", "a")]), run("3", &[]), run("4", &[("set", "b")])];
        let label = |text: &str| vec![Some(text.to_owned())];
        assert_eq!(
            group_runs(&runs.iter().collect::<Vec<_>>(), &["set".to_owned()]),
            [
                Group { labels: vec![None], runs: vec![2] },
                Group { labels: label("a"), runs: vec![1] },
                Group { labels: label("b"), runs: vec![0, 3] },
            ]
        );
    }

    #[test]
    fn union_core_and_singletons_are_those_of_the_group_and_of_source_functions() {
        // Symbols 1 and 2 are clones of one function, by which both runs of group 0 reach it; symbol 3 is only in the first.
        let functions = Functions { names: vec![None; 4], of_symbol: vec![0, 1, 1, 2, 3], ..Functions::default() };
        let group = |runs: &[usize]| Group { labels: Vec::new(), runs: runs.to_vec() };
        let runs = vec![vec![1, 3], vec![2], vec![4]];
        assert_eq!(
            symbol_sets(runs, &[group(&[0, 1]), group(&[2])], &functions),
            [vec![1, 3], vec![2], vec![4], vec![1, 2, 3], vec![1, 2], vec![3], vec![4], vec![4], vec![4],]
        );
    }
}
