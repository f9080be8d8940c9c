//! How the orderings of the runtimes fare under other choices, as `hap-analyze sensitivity` tells.

use hap_schemas::{Condition, Selector};
use serde::Serialize;

use super::{Basis, KEYS};
use crate::Result;
use crate::metrics::Metric;
use crate::sensitivity::{Analysis, Question, Survival, verdicts};

/// An ordering of two runtimes under the metric of the default choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderingSurvival {
    /// Name of that metric.
    pub metric: &'static str,
    /// The workload; `all` over the workloads that every runtime has.
    pub workload: String,
    /// The runtime with the smaller figure.
    pub smaller: String,
    /// The other one.
    pub larger: String,
    /// P(smaller < larger) by default, 0 to 1.
    pub p_less: f64,
    /// The least of these over all choices.
    pub least_p_less: f64,
    /// Choices, the default included, that keep the ordering.
    pub kept: usize,
    /// All of them.
    pub choices: usize,
}

/// Every ordering of every workload: those that every choice keeps first, then those that most keep, then the others.
pub(super) fn survivals(basis: Basis) -> Result<Vec<OrderingSurvival>> {
    let [compare, within] = KEYS;
    let metric = if basis.study.kernel.is_some() { Metric::Lines } else { Metric::Functions };
    let idle = Selector {
        conditions: vec![Condition { key: within.to_owned(), values: vec!["idle".to_owned()], negated: false }],
    };
    let question = Question { compare, within, metric, idle: &idle, bugs: basis.bugs };
    let reached = (basis.dataset, basis.study, basis.runs);
    let analysis = Analysis::of(&question, reached, basis.study.scope(), basis.progress)?;
    let (things, blocks) = (&analysis.compared.things, &analysis.compared.blocks);
    let of_block = |(block, workload): (usize, &String)| {
        let verdict = verdicts(&analysis.outcomes, block);
        let name = |thing: usize| things.get(thing).cloned().unwrap_or_default();
        let survival = |found: Survival| OrderingSurvival {
            metric: metric.name(),
            workload: workload.clone(),
            smaller: name(found.smaller),
            larger: name(found.larger),
            p_less: found.p_less,
            least_p_less: found.least_p_less,
            kept: found.kept,
            choices: found.choices,
        };
        [verdict.every, verdict.most, verdict.not].concat().into_iter().map(survival).collect::<Vec<_>>()
    };
    Ok(blocks.iter().enumerate().flat_map(of_block).collect())
}
