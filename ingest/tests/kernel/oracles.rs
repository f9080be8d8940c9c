//! The bundled kernel table against other programs: `data/kernels/oracle.py` wrote down what they say.
#![expect(clippy::unwrap_used, reason = "test code; clippy exempts only the test functions themselves")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{FunctionRow, read_functions};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/kernels").join(name)
}

/// The rows of a file of values between tabs, each by the names of the first row.
fn read_table(name: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(data(name)).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let names = lines.next().unwrap();
    lines.map(|values| names.iter().cloned().zip(values).collect()).collect()
}

/// Function, figure, ours, theirs.
type Difference = (String, String, String, String);

/// The figures of a function by which it is compared, each with that of the other program.
fn figures(oracle: &BTreeMap<String, String>, row: &FunctionRow) -> Vec<(&'static str, String, String)> {
    let number = |value: Option<i32>| value.map_or_else(|| "None".to_owned(), |value| value.to_string());
    let of_lizard = |text: String| if oracle["lizard_line"].is_empty() { String::new() } else { text };
    let conditionals =
        || oracle["lizard_ccn"].parse::<i32>().unwrap() - oracle["lizard_conditionals"].parse::<i32>().unwrap();
    let plain = if oracle["lizard_ccn"].is_empty() { String::new() } else { conditionals().to_string() };
    let extent = format!("{}-{}", oracle["lizard_line"], oracle["lizard_end"]);
    vec![
        ("lizard extent", format!("{}-{}", number(row.line), number(row.end_line)), of_lizard(extent)),
        ("pmccabe end", number(row.end_line), oracle["pmccabe_end"].clone()),
        ("lizard mccabe", number(row.complexity), plain),
        ("pmccabe mccabe", number(row.complexity), oracle["pmccabe_mccabe"].clone()),
        (
            "gnu score",
            row.gnu_complexity.map_or_else(String::new, |score| score.to_string()),
            oracle["gnu_score"].clone(),
        ),
    ]
}

fn key(of: &BTreeMap<String, String>) -> (String, i32, String) {
    (of["file"].clone(), of["line"].parse().unwrap(), of["function"].clone())
}

fn source_functions() -> BTreeMap<(String, i32, String), FunctionRow> {
    let rows = read_functions(&data("build_id=3b43fad5034874490492495d552c0af6a5fab235")).into_iter();
    let described = rows.filter_map(|row| Some(((row.file.clone()?, row.line?, row.function.clone()), row)));
    described.collect()
}

#[test]
fn extents_and_complexity_are_those_of_other_programs_but_for_the_differences_listed() {
    let rows = source_functions();
    let oracles = read_table("oracle.tsv");
    assert_eq!(oracles.len(), 480);
    let mut found: Vec<Difference> = Vec::new();
    for oracle in &oracles {
        let (file, line, function) = key(oracle);
        for (figure, ours, theirs) in figures(oracle, &rows[&key(oracle)]) {
            if ours != theirs {
                found.push((format!("{file}:{line} {function}"), figure.to_owned(), ours, theirs));
            }
        }
    }
    let listed = read_table("oracle-differences.tsv").into_iter().map(|row| {
        let (file, line, function) = key(&row);
        (format!("{file}:{line} {function}"), row["figure"].clone(), row["ours"].clone(), row["theirs"].clone())
    });
    assert_eq!(found, listed.collect::<Vec<_>>());
}

#[test]
fn the_sample_has_functions_of_all_sizes_from_many_folders() {
    let rows = source_functions();
    let mut classes = [0; 8];
    let mut folders = BTreeSet::new();
    for oracle in read_table("oracle.tsv") {
        let lines = rows[&key(&oracle)].lines.unwrap();
        classes[[1, 5, 10, 20, 50, 100, 200].partition_point(|limit| *limit < lines)] += 1;
        folders.insert(oracle["file"].rsplit_once('/').unwrap().0.to_owned());
    }
    assert_eq!(classes, [60; 8]);
    assert!(folders.len() > 150, "{}", folders.len());
}

#[test]
fn every_difference_has_a_reason_that_is_explained() {
    let readme = fs::read_to_string(data("README.md")).unwrap();
    for difference in read_table("oracle-differences.tsv") {
        assert!(readme.contains(&format!("| `{}` |", difference["reason"])), "{difference:?}");
    }
}
