//! Groups of runs with equal labels, and the sets of functions that are measured of them.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::metrics::{SET_COLUMNS, distinct};
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

/// The sets that each run takes part in: run, run_set, union_set, core_set, singleton_set, group_runs.
pub fn memberships(runs: &[&Run], groups: &[Group]) -> PolarsResult<DataFrame> {
    let numbers = SetNumbers::new(runs.len());
    let members: Vec<_> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, members)| members.runs.iter().map(move |run| (*run, group, members.runs.len())))
        .collect();
    let column = |value: &dyn Fn(usize, usize, usize) -> usize| -> Vec<u32> {
        members.iter().map(|(run, group, size)| value(*run, *group, *size) as u32).collect()
    };
    df!(
        "run" => members.iter().map(|(run, ..)| runs[*run].id.as_str()).collect::<Vec<_>>(),
        "run_set" => column(&|run, _, _| numbers.run(run)),
        "union_set" => column(&|_, group, _| numbers.union(group)),
        "core_set" => column(&|_, group, _| numbers.core(group)),
        "singleton_set" => column(&|_, group, _| numbers.singletons(group)),
        "group_runs" => column(&|_, _, size| size),
    )
}

/// The sets of functions of runs and groups.
///
/// * `sources`: run, module, source, address, lines, complexity
/// * `memberships`: as [`memberships`] gives them
/// * out: [`SET_COLUMNS`]; a function of the core or of the singletons has every
///   symbol by which the group reached it
pub fn function_sets(sources: LazyFrame, memberships: LazyFrame) -> PolarsResult<LazyFrame> {
    let members = sources.join(memberships, [col("run")], [col("run")], JoinArgs::new(JoinType::Inner));
    let spread = spread(members.clone());
    let of = |frame: &LazyFrame, set: &str| distinct(frame.clone().with_column(col(set).alias("set")), &SET_COLUMNS);
    let key = [col("union_set"), col("module"), col("source")];
    let kept = |condition: Expr| {
        members.clone().join(spread.clone().filter(condition), &key, &key, JoinArgs::new(JoinType::Semi))
    };
    let core = kept(col("seen").eq(col("group_runs")));
    let singletons = kept(col("seen").eq(lit(1)));
    let sets =
        [of(&members, "run_set"), of(&members, "union_set"), of(&core, "core_set"), of(&singletons, "singleton_set")];
    concat(sets, UnionArgs::default())
}

/// In how many runs of its group each function is: union_set, module, source, group_runs, seen.
fn spread(members: LazyFrame) -> LazyFrame {
    members
        .group_by([col("union_set"), col("module"), col("source"), col("group_runs")])
        .agg([col("run_set").n_unique().alias("seen")])
}

#[cfg(test)]
mod tests {
    use super::{Group, function_sets, group_runs, memberships};
    use crate::runs::Run;
    use crate::testing::assert_rows;
    use polars::prelude::*;

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
        let runs = [run("1", &[]), run("2", &[]), run("other", &[("set", "x")])];
        let runs: Vec<_> = runs.iter().collect();
        // Group 0 is runs 1 and 2: both reach function 10, by different clones; 20 is only in 1. Group 1 is the third run.
        let sources = df!(
            "run" => ["1", "1", "2", "other"], "module" => ["vmlinux"; 4], "source" => [10_i64, 20, 10, 30],
            "address" => [10_i64, 20, 11, 30], "lines" => [5_i64, 6, 5, 7],
            "complexity" => [1_i64, 2, 1, 3],
        );
        let groups = group_runs(&runs, &["set".to_owned()]);
        let sets = function_sets(sources.unwrap().lazy(), memberships(&runs, &groups).unwrap().lazy()).unwrap();
        // Sets: 0 to 2 the runs; 3, 4, 5 union, core and singletons of group 0; 6, 7, 8 those of group 1.
        assert_rows(
            sets,
            &df!(
                "set" => [0_u32, 0, 1, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8],
                "source" => [10_i64, 20, 10, 30, 10, 10, 20, 10, 10, 20, 30, 30, 30],
                "address" => [10_i64, 20, 11, 30, 10, 11, 20, 10, 11, 20, 30, 30, 30],
            )
            .unwrap(),
        );
    }
}
