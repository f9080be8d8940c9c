//! `hap-analyze hap`.

use std::process::Stdio;

use polars::prelude::*;

use crate::dataset::{TestDataset, TestRun, call, example, example_dataset, run};

const FAILED: &str = "hap-analyze: left out, marked as failed: runc-3 (the sandbox ended before the recording did); \
                      --failed include takes them in\n";
const OBSERVERS: &str = "hap-analyze: observer functions left out: raw_syscalls: trace_enter (1,234 calls)\n";
const GAP: &str = "hap-analyze: functions without a row in the kernel table, counted as functions without lines: \
                   runc/get 1\n";
const HEADER: &str = "runtime,workload,metric,runs,mean,stddev,low,high,union,core,singletons,events_lost,blind_spot,steady_runs,coverage\n";

const DIFFERENCE: &str = "hap-analyze: warning: set differs between the runs of runc/get (none | study): no repetitions of \
                          one setting\n";

fn notes() -> String {
    [FAILED, OBSERVERS, GAP, DIFFERENCE].concat()
}

#[test]
fn the_table_has_a_block_per_metric_and_says_what_it_counts() {
    example_dataset().expect("hap --dataset ds --phase all", include_str!("hap.table.txt"), "", 0);
}

#[test]
fn csv_has_the_documented_columns_and_is_sorted_by_group_and_metric() {
    let rows = "gvisor,get,functions,1,2.0,,,,2,2,2,0,0.125,0,\n\
                gvisor,get,lines,1,1504.0,,,,1504,1504,2,0,0.125,0,\n\
                gvisor,get,code_lines,1,2.0,,,,2,2,2,0,0.125,0,\n\
                runc,get,functions,2,2.5,0.7071067811865476,2.0,3.0,4,1,3,0,0.125,0,0.64\n\
                runc,get,lines,2,772.0,1057.831744655075,24.0,1520.0,1524,20,3,0,0.125,0,0.64\n\
                runc,get,code_lines,2,4.0,0.0,4.0,4.0,5,4,3,0,0.125,0,0.64\n";
    example_dataset().expect("hap --dataset ds --phase all --format csv", &[HEADER, rows].concat(), &notes(), 0);
}

#[test]
fn json_is_an_array_of_objects_with_numbers_as_numbers() {
    let expected = "[{\"runtime\":\"gvisor\",\"metric\":\"functions\",\"runs\":1,\"mean\":2.0,\"stddev\":null,\"low\":null,\
                    \"high\":null,\"union\":2,\"core\":2,\"singletons\":2,\"events_lost\":0,\"blind_spot\":0.125,\"steady_runs\":0,\"coverage\":null}]\n";
    let arguments = "hap --dataset ds --phase all --by runtime --metric functions --format json --where runtime=gvisor";
    example_dataset().expect(arguments, expected, "", 0);
}

#[test]
fn parquet_goes_to_the_file_as_a_whole_and_nothing_to_stdout() {
    let dataset = example_dataset();
    let arguments = "hap --dataset ds --phase all --metric code_lines,functions --where runtime=gvisor --format parquet --out hap.parquet";
    dataset.expect(arguments, "", "", 0);
    let found = ParquetReader::new(std::fs::File::open(dataset.path("hap.parquet")).unwrap()).finish().unwrap();
    let expected = df!(
        "runtime" => ["gvisor", "gvisor"], "workload" => ["get", "get"], "metric" => ["functions", "code_lines"],
        "runs" => [1_i64, 1], "mean" => [2.0, 2.0], "stddev" => [None::<f64>; 2], "low" => [None::<f64>; 2],
        "high" => [None::<f64>; 2], "union" => [2_i64, 2], "core" => [2_i64, 2], "singletons" => [2_i64, 2],
        "events_lost" => [0_i64, 0], "blind_spot" => [0.125, 0.125], "steady_runs" => [0_i64, 0],
        "coverage" => [None::<f64>; 2],
    );
    assert!(found.equals_missing(&expected.unwrap()), "{found}");
    let files: Vec<_> = std::fs::read_dir(dataset.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "no temporary file is left: {files:?}");
}

#[test]
fn observer_functions_and_failed_runs_can_be_taken_in() {
    let notes = "hap-analyze: observer functions taken in: raw_syscalls: trace_enter (1,234 calls)\n".to_owned()
        + GAP
        + DIFFERENCE;
    let rows = "gvisor,get,functions,1,2.0,,,,2,2,2,0,0.125,0,\nrunc,get,functions,3,2.3333333333333335,1.1547005383792515,1.0,3.0,5,1,4,0,0.125,0,0.4285714285714286\n";
    let arguments = "hap --dataset ds --phase all --metric functions --observer include --failed include --format csv";
    example_dataset().expect(arguments, &[HEADER, rows].concat(), &notes, 0);
}

#[test]
fn roles_and_contexts_asked_for_are_taken_in() {
    let rows = "runc,get,functions,1,4.0,,,,4,4,4,0,0.125,0,\n";
    let arguments =
        "hap --dataset ds --phase all --metric functions --context all --role all --where run=runc-1 --format csv";
    example_dataset().expect(arguments, &[HEADER, rows].concat(), OBSERVERS, 0);
}

#[test]
fn a_run_without_listed_threads_has_all_roles_and_groups_can_be_free_labels_or_runs() {
    let bare =
        TestRun { facts: vec![call(8, 100, "read", 1)], labels: vec![("set", "bare")], ..run("bare", "runc", "get") };
    let dataset = TestDataset::new(&[bare]).with_kernel("k1", "f1");
    let expected = "set,run,metric,runs,mean,stddev,low,high,union,core,singletons,events_lost,blind_spot,steady_runs,coverage\n\
                    bare,bare,lines,1,20.0,,,,20,20,1,0,0.125,0,\n";
    dataset.expect("hap --dataset ds --phase all --by set,run --metric lines --format csv", expected, "", 0);
}

#[test]
fn complexity_is_a_sum_with_clones_merged_and_the_functions_without_one_are_told() {
    let rows = "gvisor,get,complexity,1,40.0,,,,40,40,2,0,0.125,0,\n\
                runc,get,complexity,2,23.5,27.577164466275352,4.0,43.0,44,3,3,0,0.125,0,0.64\n";
    let unknown = "hap-analyze: functions whose complexity the kernel table does not tell, counted as 0: gvisor/get 1, runc/get 1\n";
    let arguments = "hap --dataset ds --phase all --metric complexity --format csv";
    example_dataset().expect(
        arguments,
        &[HEADER, rows].concat(),
        &(notes().replace(DIFFERENCE, unknown) + DIFFERENCE),
        0,
    );
    let output = example_dataset().run("hap --dataset ds --phase all --metric complexity");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains(
            "gaps: functions whose complexity the kernel table does not tell, counted as 0: gvisor/get 1, runc/get 1\n"
        ),
        "{stdout}"
    );
}

#[test]
fn a_kernel_table_without_any_complexity_is_an_error_that_names_the_command() {
    let dataset = example_dataset().without_complexity("k1");
    let stderr = "hap-analyze: error: the kernel table of build id k1 tells no function's complexity; make it with \
                  `hap-ingest kernel --vmlinux F --modules DIR --source DIR --out ds`\n";
    dataset.expect("hap --dataset ds --phase all --metric complexity", "", stderr, 2);
}

#[test]
fn the_blind_spot_of_a_kernel_table_that_does_not_tell_is_unknown() {
    let dataset = example_dataset().without_blind_spot("k1");
    let arguments = "hap --dataset ds --phase all --metric functions --where runtime=gvisor";
    let stdout = String::from_utf8(dataset.run(arguments).stdout).unwrap();
    assert!(stdout.contains("\nblind spot: unknown: no kernel table tells it\n"), "{stdout}");
    let rows = "gvisor,get,functions,1,2.0,,,,2,2,2,0,,0,\n";
    dataset.expect(&format!("{arguments} --format csv"), &[HEADER, rows].concat(), "", 0);
}

#[test]
fn losses_make_the_result_incomplete_and_strict_makes_it_a_failure() {
    let mut lossy = run("lossy", "runc", "get");
    lossy.columns.extend([("events_lost", "1200"), ("undecodable_bytes", "64"), ("unresolved_addresses", "2")]);
    lossy.facts = vec![call(1, 100, "read", 1)];
    let dataset = TestDataset::new(&[lossy]).with_kernel("k1", "f1");
    let stdout = HEADER.to_owned() + "runc,get,functions,1,1.0,,,,1,1,1,1200,0.125,0,\n";
    let stderr = "hap-analyze: incomplete: 1,200 events lost, 64 undecodable bytes, 2 unresolved addresses in 1 of 1 \
                  run (lossy); lost events make every figure a lower bound\n";
    dataset.expect("hap --dataset ds --phase all --metric functions --format csv", &stdout, stderr, 1);
    dataset.expect("hap --dataset ds --phase all --metric functions --format csv --strict", &stdout, stderr, 2);
}

#[test]
fn a_run_without_build_id_uses_the_kernel_table_with_its_fingerprint() {
    let mut by_print = TestRun { facts: vec![call(1, 100, "read", 1)], ..run("by-print", "runc", "get") };
    by_print.columns.retain(|(name, _)| *name != "build_id");
    let dataset = TestDataset::new(&[by_print.clone()]).with_kernel("k1", "f1");
    let rows = "runc,get,lines,1,20.0,,,,20,20,1,0,0.125,0,\n";
    dataset.expect("hap --dataset ds --phase all --metric lines --format csv", &[HEADER, rows].concat(), "", 0);
    let stderr = "hap-analyze: error: run by-print: no kernel table for build id unknown, kernel fingerprint f1, release \
                  unknown; kernel tables in the dataset: none; make it with `hap-ingest kernel --vmlinux F --modules DIR \
                  --out ds`\n";
    TestDataset::new(&[by_print]).expect("hap --dataset ds --phase all", "", stderr, 2);
}

#[test]
fn a_kernel_table_of_another_build_id_is_an_error_but_functions_can_be_counted_without() {
    let dataset = TestDataset::new(&example()).with_kernel("k2", "f2");
    let error = "hap-analyze: error: run gvisor-1: no kernel table for build id k1; kernel tables in the dataset: k2; make \
                 it with `hap-ingest kernel --vmlinux F --modules DIR --out ds`\n";
    dataset.expect("hap --dataset ds --phase all", "", error, 2);
    let note = "hap-analyze: no kernel table for these runs: clones of one source function are counted apart\n";
    let rows = "gvisor,get,functions,1,2.0,,,,2,2,2,0,,0,\nrunc,get,functions,2,3.0,0.0,3.0,3.0,5,1,4,0,,0,0.5555555555555556\n";
    let stderr = [FAILED, note, OBSERVERS, DIFFERENCE].concat();
    dataset.expect(
        "hap --dataset ds --phase all --metric functions --format csv",
        &[HEADER, rows].concat(),
        &stderr,
        0,
    );
}

#[test]
fn runs_of_different_kernels_are_an_error_that_names_both_build_ids() {
    let mut other = run("other", "kata", "get");
    other.columns.retain(|(name, _)| *name != "build_id");
    other.columns.push(("build_id", "k2"));
    let dataset =
        TestDataset::new(&[&example()[..], &[other]].concat()).with_kernel("k1", "f1").with_kernel("k2", "f2");
    let stderr = "hap-analyze: error: runs of different kernels cannot be joined: gvisor-1 has build id k1, other has build \
                  id k2; choose one with --where build_id=...\n";
    dataset.expect("hap --dataset ds --phase all", "", stderr, 2);
    dataset.expect("diff runtime=gvisor runtime=kata --dataset ds --phase all", "", stderr, 2);
}

#[test]
fn a_selector_without_runs_lists_the_values_that_exist() {
    let dataset = example_dataset();
    let stderr = "hap-analyze: error: no run matches runtime=kata,set=a: use values that exist: runtime: gvisor, runc; set: study\n";
    dataset.expect("hap --dataset ds --phase all --where runtime=kata,set=a", "", stderr, 2);
    let stderr = "hap-analyze: error: every run that matches is marked as failed (runc-3 (the sandbox ended before the \
                  recording did)); take them in with --failed include\n";
    dataset.expect("hap --dataset ds --phase all --where run=runc-3", "", stderr, 2);
}

#[test]
fn a_key_that_no_run_has_or_that_is_a_column_of_the_result_is_an_error() {
    let dataset = TestDataset::new(&[TestRun { labels: vec![("mean", "x")], ..run("r", "runc", "get") }]);
    let output = dataset.run("hap --dataset ds --phase all --by colour");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with(
            "hap-analyze: error: no run has a label \"colour\": use one of the columns run, runtime, workload, "
        ),
        "{stderr}"
    );
    assert!(stderr.ends_with(", or of the labels mean\n"), "{stderr}");
    let stderr = "hap-analyze: error: a group cannot be named by the label \"mean\": it is already a column of the result; give the runs the label under another key \
         (hap-ingest runs --label)\n";
    dataset.expect("hap --dataset ds --phase all --by mean", "", stderr, 2);
}

#[test]
fn a_folder_without_runs_and_a_file_of_another_table_are_errors_that_name_them() {
    let dataset = example_dataset();
    let stderr = "hap-analyze: error: nowhere is no dataset: it has no folder runs/run=*; make one with `hap-ingest runs \
                  PATH... --out nowhere`\n";
    dataset.expect("hap --dataset nowhere", "", stderr, 2);
    let functions = dataset.path("ds/functions/run=runc-1/functions.parquet");
    std::fs::copy(dataset.path("ds/threads/run=runc-1/threads.parquet"), functions).unwrap();
    let stderr = "hap-analyze: error: ds/functions/run=runc-1/functions.parquet holds table \"threads\", expected \"functions\": write it again with hap-ingest\n";
    dataset.expect("hap --dataset ds --phase all", "", stderr, 2);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dataset = example_dataset();
    let mut command = dataset.command("hap --dataset ds --phase all --where runtime=gvisor");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}
