//! `hap-analyze report`.

#![expect(clippy::unwrap_used, reason = "these helpers run in tests only, where a panic is the report")]

use std::fs;
use std::path::Path;

use polars::prelude::*;
use serde_json::{Value, json};

use crate::dataset::{TestDataset, TestRun, call, densities, example_dataset, run};

/// Markup that runs code where a browser takes it for such.
const MARKUP: &str = "<img src=x onerror=document.title='taken'>";
/// A text that ends the block it stands in, if nothing is escaped.
const END: &str = "</script><script>document.title='taken'</script><!--";

/// The page that a command makes; asserts its stderr and exit code.
#[track_caller]
fn page(dataset: &TestDataset, arguments: &str, stderr: &str, code: i32) -> String {
    dataset.expect(&format!("report --dataset ds --out page.html {arguments}"), "", stderr, code);
    fs::read_to_string(dataset.path("page.html")).unwrap()
}

/// The data in a page.
#[track_caller]
fn data(page: &str) -> Value {
    serde_json::from_str(around_data(page).1).unwrap()
}

/// A page before, in and after its block of data.
#[track_caller]
fn around_data(page: &str) -> (&str, &str, &str) {
    let (before, rest) = page.split_once("id=\"data\">").unwrap();
    let (block, after) = rest.split_once("</script>").unwrap();
    (before, block, after)
}

/// What a command prints as JSON.
fn printed(dataset: &TestDataset, arguments: &str) -> Value {
    serde_json::from_slice(&dataset.run(&format!("{arguments} --format json")).stdout).unwrap()
}

const UNWEIGHTED: &str =
    "hap-analyze: no figure is weighted by known bugs: the dataset has no bug table (hap-ingest bugs)\n";

/// The example with densities of model cve.
fn weighted_dataset() -> TestDataset {
    let cve: Vec<_> = densities().into_iter().filter(|row| row.0 == "cve").collect();
    example_dataset().with_densities("cna", "k1", &cve)
}

#[test]
fn the_figures_of_the_page_are_those_of_hap() {
    let dataset = weighted_dataset();
    let found = data(&page(&dataset, "", "", 0));
    let metrics = "--metric functions,lines,code_lines,complexity --weight uniform,cve";
    let rows = printed(&dataset, &format!("hap --dataset ds {metrics}"));
    let expected: Vec<_> = rows.as_array().unwrap().iter().collect();
    let expected: Vec<_> =
        expected.into_iter().filter(|row| row["metric"] != "weighted_uniform_per_1000_lines").cloned().collect();
    assert_eq!(expected.len(), 14);
    let floats = |rows: &[Value]| rows.iter().map(as_floats).collect::<Vec<_>>();
    assert_eq!(floats(found["figures"].as_array().unwrap()), floats(&expected));
}

/// A row with every number as a float: the columns of `hap` are integers where every metric is whole.
fn as_floats(row: &Value) -> Value {
    let float = |value: &Value| value.as_f64().map_or_else(|| value.clone(), |number| json!(number));
    Value::Object(row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), float(value))).collect())
}

#[test]
fn the_page_holds_runs_functions_and_files_of_the_figures() {
    let found = data(&page(&weighted_dataset(), "", "", 0));
    assert_eq!(
        found["groups"],
        json!([
            {"runtime": "gvisor", "workload": "get", "runs": 1},
            {"runtime": "runc", "workload": "get", "runs": 2},
        ])
    );
    assert_eq!(
        found["functions"],
        json!({
            "module": ["bpf", "vmlinux", "vmlinux", "vmlinux", "vmlinux"], "address": [7, 100, 200, 300, 310],
            "function": ["bpf_prog_1", "read", "write", "list_add", "list_add"],
            "file": [null, "fs/read.c", "fs/write.c", "include/list.h", "include/list.h"],
            "line": [null, 10, 5, 3, 3], "lines": [null, 20, 1500, 4, 4], "complexity": [null, 3, 40, 1, null],
            "bugs": [
                ["uniform", [null, 0.0066, 0.495, 0.00132, 0.00132]],
                ["cve", [null, 0.2, 1.5, 0.008, 0.008]],
            ],
            "reach": [[1, 1, 3], [1, 2, 39], [0, 1, 11, 1, 1, 1], [1, 1, 4], [0, 1, 2]],
        })
    );
    assert_eq!(
        found["files"],
        json!({
            "path": ["fs/read.c", "fs/write.c", "include/list.h", "kernel/entry.c"],
            "part": ["fs", "fs", "include", "kernel"], "lines": [20, 1500, 8, 8], "functions": [1, 1, 2, 1],
        })
    );
    assert_eq!(found["runs"][1]["id"], "runc-1");
    assert_eq!(found["runs"][1]["labels"], json!({"set": "study"}));
    assert_eq!(found["runs"][1]["figures"][1], json!(24.0));
}

#[test]
fn the_order_tells_the_least_exposed_runtime_and_by_how_much() {
    let found = data(&page(&weighted_dataset(), "", "", 0));
    let orders = found["orders"].as_array().unwrap();
    let lines = orders.iter().find(|order| order["metric"] == "lines").unwrap();
    let figure = |index: &Value| &found["figures"][index.as_u64().unwrap() as usize];
    let runtimes: Vec<_> = lines["figures"].as_array().unwrap().iter().map(|index| &figure(index)["runtime"]).collect();
    assert_eq!(runtimes, ["runc", "gvisor"]);
    let step = &lines["steps"][0];
    assert_eq!((&step["difference"], &step["share"]), (&json!(732.0), &json!(732.0 / 1504.0)));
    assert_eq!(step["intervals"], "unknown");
}

#[test]
fn p_a_less_than_b_is_that_of_sensitivity_in_either_direction() {
    let dataset = weighted_dataset();
    let found = data(&page(&dataset, "--phase all", "", 0));
    let rows = printed(&dataset, "sensitivity --dataset ds --phase all --bugs cna");
    let default = &rows[0];
    assert_eq!((&default["metric"], &default["a"], &default["b"]), (&json!("lines"), &json!("gvisor"), &json!("runc")));
    let orders = found["orders"].as_array().unwrap();
    let step = &orders.iter().find(|order| order["metric"] == "lines").unwrap()["steps"][0];
    let (p, p_other_way) = (step["p_less"].as_f64().unwrap(), default["p_less"].as_f64().unwrap());
    assert!((p + p_other_way - 1.0).abs() < 1e-12 && (0.7..0.8).contains(&p), "{p} {p_other_way}");
}

#[test]
fn how_an_ordering_survives_other_choices_is_that_of_sensitivity() {
    let dataset = weighted_dataset();
    let found = data(&page(&dataset, "--phase all", "", 0));
    let rows = printed(&dataset, "sensitivity --dataset ds --phase all --bugs cna");
    let rows: Vec<_> = rows.as_array().unwrap().iter().collect();
    // gVisor has more lines than runc by default, so that P(runc < gVisor) is the other way round in every row.
    let p: Vec<f64> = rows.iter().map(|row| 1.0 - row["p_less"].as_f64().unwrap()).collect();
    let kept = rows.iter().filter(|row| row["kept"] == true).count();
    assert!(kept < rows.len());
    assert_eq!(
        found["survivals"],
        json!([{
            "metric": "lines", "workload": "get", "smaller": "runc", "larger": "gvisor", "p_less": p[0],
            "least_p_less": p.iter().copied().fold(1.0, f64::min), "kept": kept, "choices": rows.len(),
        }])
    );
}

#[test]
fn completeness_and_similarity_are_those_of_their_commands() {
    let dataset = weighted_dataset();
    let found = data(&page(&dataset, "--phase all", "", 0));
    let completeness = printed(&dataset, "completeness --dataset ds --phase all");
    for (group, row) in found["completeness"].as_array().unwrap().iter().zip(completeness.as_array().unwrap()) {
        assert_eq!((&group["estimate"], &group["low"], &group["high"]), (&row["chao2"], &row["low"], &row["high"]));
        assert_eq!(group["coverage"], row["coverage"]);
    }
    let similarity = printed(&dataset, "similarity --dataset ds --phase all");
    let pair = &found["similarity"]["pairs"][0];
    assert_eq!((&pair["a"], &pair["b"]), (&json!(0), &json!(1)));
    for measure in ["jaccard", "overlap", "weighted_jaccard"] {
        assert_eq!(pair[measure]["value"], similarity[0][measure]);
    }
    let tree = &found["similarity"]["trees"][0];
    assert_eq!((&tree["workload"], &tree["tree"]["trees"]), (&json!("get"), &json!([{"group": 0}, {"group": 1}])));
    let joined = tree["tree"]["similarity"].as_f64().unwrap();
    assert!((joined - similarity[0]["jaccard"].as_f64().unwrap()).abs() < 1e-12, "{joined}");
}

#[test]
fn without_a_kernel_table_functions_are_counted_and_the_page_says_what_it_lacks() {
    let dataset = TestDataset::new(&[TestRun { facts: vec![call(1, 100, "read", 1)], ..run("r", "runc", "get") }]);
    let found = data(&page(&dataset, "", UNWEIGHTED, 0));
    let names: Vec<_> = found["metrics"].as_array().unwrap().iter().map(|metric| &metric["name"]).collect();
    assert_eq!(names, ["functions"]);
    let notes = found["notes"].as_array().unwrap();
    assert!(notes.contains(&json!(["kernel", "no table: clones of one source function are counted apart"])));
    assert!(notes.iter().any(|note| note[0] == "weights"));
}

#[test]
fn of_several_bug_tables_none_is_taken_unless_it_is_named() {
    let dataset = weighted_dataset().with_densities("other", "k1", &[("cve", None, None, 0.5)]);
    let note = "hap-analyze: no figure is weighted by known bugs: the dataset has bug tables of several sources (cna, \
                other); choose one with --bugs SOURCE\n";
    assert_eq!(data(&page(&dataset, "", note, 0))["functions"]["bugs"].as_array().unwrap().len(), 1);
    let found = data(&page(&dataset, "--bugs other", "", 0));
    assert_eq!(found["functions"]["bugs"][1][1][1], json!(10.0));
}

#[test]
fn losses_are_on_the_page_and_in_the_exit_code() {
    let mut lossy = run("lossy", "runc", "get");
    lossy.columns.push(("events_lost", "1200"));
    lossy.facts = vec![call(1, 100, "read", 1)];
    let dataset = TestDataset::new(&[lossy]).with_kernel("k1", "f1");
    let stderr = "hap-analyze: incomplete: 1,200 events lost in 1 of 1 run (lossy); lost events make every figure a lower \
                  bound\n";
    let found = data(&page(&dataset, "", &[stderr, UNWEIGHTED].concat(), 1));
    let warning = &found["warnings"][0];
    assert_eq!((&warning["kind"], &warning["workload"]), (&json!("loss"), &json!("get")));
    assert!(warning["text"].as_str().unwrap().ends_with(": runc (1,200 events lost)"), "{warning}");
    dataset.expect("report --dataset ds --out page.html --strict", "", &[stderr, UNWEIGHTED].concat(), 2);
}

#[test]
fn the_same_dataset_gives_the_same_bytes_on_any_number_of_threads() {
    let dataset = weighted_dataset();
    let first = page(&dataset, "", "", 0);
    let mut one_thread = dataset.command("report --dataset ds --out page.html");
    assert!(one_thread.env("POLARS_MAX_THREADS", "1").status().unwrap().success());
    assert!(first == fs::read_to_string(dataset.path("page.html")).unwrap());
}

/// Runs with markup as runtime, workload, label, comm, run id, module and function, of a kernel with markup as file.
fn hostile_dataset() -> TestDataset {
    let hostile = |id: &'static str| TestRun {
        labels: vec![("container", END)],
        threads: vec![(1, "app")],
        comm: Some(END),
        facts: vec![
            call(1, 100, "read", 3),
            (1, END, 7, Some(MARKUP), "task", None, 1),
            (1, MARKUP, 9, Some(END), "task", None, 1),
        ],
        columns: vec![
            ("runtime", END),
            ("workload", MARKUP),
            ("repetition", MARKUP),
            ("build_id", "k1"),
            ("kernel_fingerprint", "f1"),
        ],
        ..run(id, "", "")
    };
    let plain = TestRun { facts: vec![call(1, 200, "write", 1)], ..run("plain", "runc", MARKUP) };
    let functions = df!(
        "module" => ["vmlinux", "vmlinux"], "address" => [100_i64, 200], "source_address" => [100_i64, 200],
        "function" => [END, MARKUP], "file" => [END, "fs/<img src=x onerror=document.title='taken'>.c"], "line" => [1, 2],
        "lines" => [10, 20], "complexity" => [1, 2],
    );
    let runs = [hostile("<img src=x onerror=document.title='taken'>"), hostile("{{scripts}}&lt;b"), plain];
    TestDataset::new(&runs).with_kernel_of("k1", "f1", functions.unwrap())
}

/// Also keeps the page for the browser test.
#[test]
fn markup_in_any_name_stays_text() {
    let dataset = hostile_dataset();
    let text = page(&dataset, "", UNWEIGHTED, 0);
    let (before, block, after) = around_data(&text);
    let other = page(&example_dataset(), "", UNWEIGHTED, 0);
    let (other_before, _, other_after) = around_data(&other);
    assert!(before == other_before && after == other_after, "only the data depend on the dataset");
    assert!(!block.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
    let found = data(&text);
    assert_eq!(found["groups"][0], json!({"runtime": END, "workload": MARKUP, "runs": 2}));
    assert_eq!(found["runs"][0]["id"], MARKUP);
    assert_eq!(found["runs"][0]["labels"], json!({"container": END, "repetition": MARKUP}));
    assert_eq!(found["runs"][0]["threads"], json!([{"role": "app", "comm": END, "threads": 1, "calls": 0}]));
    assert_eq!(found["functions"]["module"], json!([END, MARKUP, "vmlinux", "vmlinux"]));
    assert_eq!(found["functions"]["function"], json!([MARKUP, END, END, MARKUP]));
    assert_eq!(found["functions"]["file"][2], END);
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-report.html"), text).unwrap();
}

#[test]
fn the_page_is_complete_in_itself_and_small() {
    let text = page(&weighted_dataset(), "", "", 0);
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"));
    assert!(text.contains("default-src 'none'; script-src 'sha256-"));
    assert!(text.contains("Copyright (c) 2015-2023, University of Washington Interactive Data Lab"));
    assert!(text.len() < 1_500_000, "{} bytes", text.len());
    let found = data(&text);
    let notes: Vec<_> = found["notes"].as_array().unwrap().iter().map(|note| note[0].as_str().unwrap()).collect();
    for name in ["filters", "kernel", "blind spot", "runs left out as failed", "losses", "limits"] {
        assert!(notes.contains(&name), "{name}: {notes:?}");
    }
}
