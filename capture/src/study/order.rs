//! The order of the runs of a study.

use super::Plan;

/// One run of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Place of the runtime in the plan.
    pub runtime: usize,
    /// Place of the workload in the plan.
    pub workload: usize,
    /// Repetition, from 1.
    pub repetition: u32,
}

/// All runs of the plan in an order that the seed decides: repetition by repetition (randomized complete blocks), so that
/// what drifts in the host falls on all pairs alike and a study that was cut short is balanced; within a repetition
/// sorted by the BLAKE3 hash of seed and names, so that a plan that is made longer keeps the order of what it had.
pub fn order(plan: &Plan, seed: u64) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (runtime, definition) in plan.runtimes.iter().enumerate() {
        for (workload, other) in plan.workloads.iter().enumerate() {
            for repetition in 1..=plan.repetitions {
                let name = format!("{seed}/{}/{}/{repetition}", definition.name, other.name);
                let key = *blake3::hash(name.as_bytes()).as_bytes();
                pairs.push(((repetition, key), Pair { runtime, workload, repetition }));
            }
        }
    }
    pairs.sort_by_key(|&(key, _)| key);
    pairs.into_iter().map(|(_, pair)| pair).collect()
}
