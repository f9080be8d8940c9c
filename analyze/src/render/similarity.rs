//! Similarities as text: the groups, a matrix for each measure, and the tree.

use super::{Heading, decimal, grid, thousands};
use crate::cli::GroupFacts;
use crate::similarity::{Measure, Pair, Similarity, Tree};

/// Groups above which matrices are left out of the text: their lines would be too long to read.
const MOST_GROUPS: usize = 40;

pub(crate) fn blocks(facts: &[GroupFacts], pairs: &[Pair], tree: Option<&Tree>) -> String {
    let mut blocks = vec![groups(facts)];
    if facts.len() > MOST_GROUPS {
        blocks.push(format!("matrices of more than {MOST_GROUPS} groups: only in the machine formats\n"));
    } else if facts.len() > 1 {
        blocks.extend((0..Measure::ALL.len()).map(|measure| matrix(measure, facts.len(), pairs)));
    }
    blocks.extend(tree.map(|tree| format!("tree\n{}", branches(tree, facts))));
    blocks.join("\n")
}

/// The groups with the numbers that the matrices use.
fn groups(facts: &[GroupFacts]) -> String {
    let headings = [
        Heading::number("", ""),
        Heading::text("group"),
        Heading::number("runs", ""),
        Heading::number("steady", "runs"),
        Heading::number("union", "functions"),
        Heading::number("coverage", "%"),
        Heading::number("two runs", "jaccard"),
    ];
    let cells = |(number, fact): (usize, &GroupFacts)| {
        vec![
            Some((number + 1).to_string()),
            Some(fact.name.clone()),
            Some(thousands(fact.runs as i64)),
            Some(thousands(fact.steady_runs as i64)),
            Some(thousands(fact.functions as i64)),
            fact.coverage.map(|coverage| decimal(100.0 * coverage, 1)),
            fact.between_runs.map(|jaccard| decimal(jaccard, 2)),
        ]
    };
    grid(&headings, &facts.iter().enumerate().map(cells).collect::<Vec<_>>())
}

/// The lower triangle: each similarity, with half the width of its interval.
fn matrix(measure: usize, groups: usize, pairs: &[Pair]) -> String {
    let mut cells = vec![vec![Some(String::new()); groups]; groups.saturating_sub(1)];
    for pair in pairs {
        let similarity = pair.similarities.get(measure).copied().flatten();
        if let Some(cell) = pair.b.checked_sub(1).and_then(|row| cells.get_mut(row)?.get_mut(pair.a + 1)) {
            *cell = similarity.map(text);
        }
    }
    for (row, number) in cells.iter_mut().zip(2..) {
        if let Some(first) = row.first_mut() {
            *first = Some(number.to_string());
        }
    }
    let numbers = (1..groups).map(|number| Heading::number(&number.to_string(), ""));
    let headings: Vec<_> = std::iter::once(Heading::number("", "")).chain(numbers).collect();
    format!("{}\n{}", Measure::ALL.get(measure).map_or("", |measure| measure.name()), grid(&headings, &cells))
}

fn text(similarity: Similarity) -> String {
    let value = decimal(similarity.value, 2);
    similarity
        .interval
        .map_or_else(|| value.clone(), |(low, high)| format!("{value}±{}", decimal((high - low) / 2.0, 2)))
}

/// A line a branch.
fn branches(tree: &Tree, facts: &[GroupFacts]) -> String {
    let mut lines = Vec::new();
    grow(tree, facts, "", "", &mut lines);
    lines.join("\n") + "\n"
}

fn grow(tree: &Tree, facts: &[GroupFacts], first: &str, rest: &str, lines: &mut Vec<String>) {
    match tree {
        Tree::Group(number) => {
            let name = facts.get(*number).map_or("", |fact| fact.name.as_str());
            lines.push(format!("{first}{name}"));
        }
        Tree::Joined { similarity, trees } => {
            lines.push(format!("{first}{}", decimal(*similarity, 2)));
            grow(&trees[0], facts, &format!("{rest}├─ "), &format!("{rest}│  "), lines);
            grow(&trees[1], facts, &format!("{rest}└─ "), &format!("{rest}   "), lines);
        }
    }
}
