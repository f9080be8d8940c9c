//! How alike the groups are: the figures of `hap-analyze similarity`, and a tree of each workload.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Basis;
use crate::groups::Group;
use crate::similarity::{self, Pair, Tree};
use hap_statistics::function_set::FunctionSet;

/// Similarities of the groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Similarities {
    /// Every two groups.
    pub pairs: Vec<GroupPair>,
    /// A tree of the groups of each workload that has two, then one of all groups where there are several workloads.
    pub trees: Vec<WorkloadTree>,
}

/// Two groups by number, `a < b`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GroupPair {
    /// One group.
    pub a: usize,
    /// The other one.
    pub b: usize,
    /// Functions in both / functions in either.
    pub jaccard: Option<Similarity>,
    /// Functions in both / functions of the smaller one.
    pub overlap: Option<Similarity>,
    /// Lines in both / lines in either.
    pub weighted_jaccard: Option<Similarity>,
}

/// A similarity, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Similarity {
    /// Of the unions of the groups' runs.
    pub value: f64,
    /// Lower bound of the 95 % interval; none where a group has one run.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
}

/// A tree of groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkloadTree {
    /// Whether it is of one workload; else of all.
    pub workload_known: bool,
    /// The workload.
    pub workload: Option<String>,
    /// The tree.
    pub tree: Node,
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Node {
    /// A group.
    Group {
        /// Its number.
        group: usize,
    },
    /// Two trees.
    Joined {
        /// Mean Jaccard similarity at which they join.
        similarity: f64,
        /// The trees.
        trees: Box<[Node; 2]>,
    },
}

/// Compares the groups.
pub(super) fn similarities(basis: Basis) -> Similarities {
    let sets = basis.study.function_sets();
    let members = |group: &Group| group.runs.iter().filter_map(|run| sets.get(*run)).collect::<Vec<&FunctionSet>>();
    let members: Vec<_> = basis.groups.iter().map(members).collect();
    let lines: Vec<f64> = basis.study.functions.lines.iter().map(|lines| lines.unwrap_or(0) as f64).collect();
    let pairs = similarity::pairs(&members, &lines, basis.progress);
    Similarities { trees: trees(basis.groups, &pairs), pairs: pairs.iter().map(group_pair).collect() }
}

fn group_pair(pair: &Pair) -> GroupPair {
    let [jaccard, overlap, weighted_jaccard] = pair.similarities.map(|found| {
        found.map(|found| Similarity {
            value: found.value,
            low: found.interval.map(|interval| interval.0),
            high: found.interval.map(|interval| interval.1),
        })
    });
    GroupPair { a: pair.a, b: pair.b, jaccard, overlap, weighted_jaccard }
}

fn trees(groups: &[Group], pairs: &[Pair]) -> Vec<WorkloadTree> {
    let workload = |group: &Group| group.labels.get(1).cloned().flatten();
    let workloads: BTreeSet<_> = groups.iter().map(workload).collect();
    let of = |wanted: &Option<String>| -> Vec<usize> {
        groups.iter().enumerate().filter(|(_, group)| workload(group) == *wanted).map(|(number, _)| number).collect()
    };
    let of_one = workloads.iter().filter_map(|wanted| {
        let tree = tree_of(&of(wanted), pairs)?;
        Some(WorkloadTree { workload_known: true, workload: wanted.clone(), tree })
    });
    let all: Vec<_> = (0..groups.len()).collect();
    let of_all = (workloads.len() > 1).then(|| tree_of(&all, pairs)).flatten();
    let of_all = of_all.map(|tree| WorkloadTree { workload_known: false, workload: None, tree });
    of_one.chain(of_all).collect()
}

/// The tree of some groups, given by number; none for fewer than two.
fn tree_of(members: &[usize], pairs: &[Pair]) -> Option<Node> {
    let place = |group: usize| members.iter().position(|member| *member == group);
    let among = |pair: &Pair| Some(Pair { a: place(pair.a)?, b: place(pair.b)?, ..pair.clone() });
    let pairs: Vec<_> = pairs.iter().filter_map(among).collect();
    if members.len() < 2 {
        return None;
    }
    similarity::tree(&pairs, members.len()).map(|tree| node(&tree, members))
}

fn node(tree: &Tree, members: &[usize]) -> Node {
    match tree {
        Tree::Group(number) => Node::Group { group: members.get(*number).copied().unwrap_or(*number) },
        Tree::Joined { similarity, trees } => {
            let [first, second] = trees.as_ref();
            Node::Joined { similarity: *similarity, trees: Box::new([node(first, members), node(second, members)]) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, WorkloadTree, trees};
    use crate::groups::Group;
    use crate::similarity::{Pair, Similarity};

    #[test]
    fn each_workload_has_a_tree_of_its_groups_and_all_have_one() {
        let group = |runtime: &str, workload: &str| Group {
            labels: vec![Some(runtime.to_owned()), Some(workload.to_owned())],
            runs: Vec::new(),
        };
        let groups = [group("kata", "get"), group("kata", "set"), group("runc", "get")];
        let pair = |a, b, value| Pair { a, b, similarities: [Some(Similarity { value, interval: None }), None, None] };
        let pairs = [pair(0, 1, 0.75), pair(0, 2, 0.5), pair(1, 2, 0.25)];
        let leaf = |group| Node::Group { group };
        let joined = |similarity, first, second| Node::Joined { similarity, trees: Box::new([first, second]) };
        let found = trees(&groups, &pairs);
        assert_eq!(
            found,
            [
                WorkloadTree {
                    workload_known: true,
                    workload: Some("get".to_owned()),
                    tree: joined(0.5, leaf(0), leaf(2)),
                },
                WorkloadTree {
                    workload_known: false,
                    workload: None,
                    tree: joined(0.375, joined(0.75, leaf(0), leaf(1)), leaf(2)),
                },
            ]
        );
    }
}
