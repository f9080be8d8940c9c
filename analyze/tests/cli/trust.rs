//! `hap-analyze steady`, `completeness`, `similarity`, `sensitivity`, and phases in every command.

use crate::dataset::{TestDataset, TestRun, call, example_dataset, run, settling};

fn settling_dataset() -> TestDataset {
    TestDataset::new(&[settling("s-1", "1"), settling("s-2", "2")]).with_kernel("k1", "f1")
}

#[test]
fn steady_tells_when_the_discovery_ends() {
    let header = "run,runtime,workload,repetition,windows,window_ns,functions,calls,steady,verdict,start_window,start_ns,\
                  start_calls,functions_before,load_window,trend_score,trend_z,trend_p,merged_2,merged_4\n";
    let row = |id: &str, repetition: &str| {
        format!(
            "{id},runc,get,{repetition},30,100000000,3,303,true,steady,5,500000000,53,3,5,0,0.0,1.0,too few windows,\
             too few windows\n"
        )
    };
    let expected = [header, &row("s-1", "1"), &row("s-2", "2")].concat();
    assert_eq!(settling_dataset().stdout("steady --dataset ds --format csv"), expected);
}

#[test]
fn the_curve_has_functions_against_time_and_calls() {
    let text = settling_dataset().stdout("steady --dataset ds --where repetition=1 --curve --format csv");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 31);
    assert_eq!(
        [lines[0], lines[1], lines[2], lines[30]],
        [
            "run,window,time_ns,calls,new_functions,all_calls,functions",
            "s-1,0,100000000,13,3,13,3",
            "s-1,1,200000000,10,0,23,3",
            "s-1,29,3000000000,10,0,303,3",
        ]
    );
}

#[test]
fn the_steady_phase_is_the_default_and_leaves_out_what_only_the_start_reached() {
    let dataset = settling_dataset();
    let mean = |phase: &str| {
        let text = dataset.stdout(&format!("hap --dataset ds --metric functions --format csv {phase}"));
        text.lines().nth(1).unwrap().split(',').take(5).collect::<Vec<_>>().join(",")
    };
    assert_eq!(mean(""), "runc,get,functions,2,1.0");
    assert_eq!(mean("--phase steady"), "runc,get,functions,2,1.0");
    assert_eq!(mean("--phase load"), "runc,get,functions,2,1.0");
    assert_eq!(mean("--phase all"), "runc,get,functions,2,3.0");
    let both = dataset.stdout("diff repetition=1 repetition=2 --dataset ds --format csv --phase steady");
    assert_eq!(both.lines().nth(1).unwrap(), "both,vmlinux,read,100,fs/read.c,10,20,250,250,1,1,0.0,1.0,1.0,");
    assert_eq!(both.lines().count(), 2);
}

#[test]
fn a_run_that_never_gets_steady_counts_whole_and_is_named() {
    let output = example_dataset().run("hap --dataset ds --where runtime=gvisor --metric functions --format csv");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("phase steady: 1 of 1 run never get steady and count whole: gvisor-1 (no windows)\n"),
        "{stderr}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().nth(1).unwrap(), "gvisor,get,functions,1,2.0,,,,2,2,2,0,0.125,0,");
}

/// Three runs: all have read, two write, one list_add and the other list_add.
fn three() -> TestDataset {
    let of = |id, facts: Vec<i64>| TestRun {
        threads: vec![(1, "app")],
        facts: facts.into_iter().map(|address| call(1, address, "f", 1)).collect(),
        ..run(id, "runc", "get")
    };
    TestDataset::new(&[of("1", vec![100, 200, 300]), of("2", vec![100, 200]), of("3", vec![100, 310])])
        .with_kernel("k1", "f1")
}

#[test]
fn completeness_has_the_contracted_columns_and_the_values_of_the_formulas() {
    let text = three().stdout("completeness --dataset ds --format csv");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let row = lines.next().unwrap();
    let value = |name: &str| row[header.iter().position(|column| *column == name).unwrap()];
    let found =
        ["runtime", "workload", "unit", "runs", "units", "seen", "q1", "q2", "steady_runs", "events_lost"].map(value);
    assert_eq!(found, ["runc", "get", "runs", "3", "3", "4", "2", "1", "0", "0"]);
    let number = |name: &str| value(name).parse::<f64>().unwrap();
    // Q0 = 2/3 x 4 / 2; C = 1 - 2/7 x 4 / (4 + 2).
    assert!((number("chao2") - (4.0 + 4.0 / 3.0)).abs() < 1e-12);
    assert!((number("coverage") - (1.0 - 2.0 / 7.0 * 2.0 / 3.0)).abs() < 1e-12);
    // Variance 1 x (1/3 x 4 + 4/9 x 8 + 1/9 x 16) = 6.667 (jackknife: without a run 4, 4 + 1/2 x 2 and 4 + 1/2 x 2 remain,
    // 0.67, which is less); K = exp(1.96 sqrt(ln(1 + 6.667 / 1.778))).
    let spread = (1.959_963_984_540_054 * (1.0_f64 + 6.666_666_666_666_667 / (16.0 / 9.0)).ln().sqrt()).exp();
    assert!((number("low") - (4.0 + 4.0 / 3.0 / spread)).abs() < 1e-9, "{}", number("low"));
    assert!((number("high") - (4.0 + 4.0 / 3.0 * spread)).abs() < 1e-9, "{}", number("high"));
    assert_eq!(lines.next(), None);
}

#[test]
fn singletons_are_listed_with_subsystem_run_and_window() {
    let text = three().stdout("completeness --dataset ds --format csv --rows singletons");
    assert_eq!(
        text,
        "runtime,workload,run,subsystem,module,source,function,file,line,lines,passing\n\
         runc,get,1,include,vmlinux,300,list_add,include/list.h,3,4,\n\
         runc,get,3,include,vmlinux,310,list_add,include/list.h,3,4,\n"
    );
}

#[test]
fn windows_are_units_of_their_run_merged_by_one_two_and_four() {
    let text = settling_dataset().stdout("completeness --dataset ds --format csv --rows windows --phase all");
    let start = |line: &str| line.split(',').take(10).collect::<Vec<_>>().join(",");
    let rows: Vec<_> = text.lines().take(4).map(start).collect();
    assert_eq!(
        rows,
        [
            "runtime,workload,unit,run,merged,runs,units,seen,q1,q2",
            "runc,get,windows,s-1,1,1,30,3,2,0",
            "runc,get,windows,s-1,2,1,15,3,2,0",
            "runc,get,windows,s-1,4,1,7,3,2,0",
        ]
    );
}

#[test]
fn similarity_compares_every_two_groups() {
    let text = example_dataset().stdout("similarity --dataset ds --by runtime --format csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let value = |name: &str| rows[1][rows[0].iter().position(|column| *column == name).unwrap()];
    // gVisor: write, the other list_add. runc: read, list_add, write, a BPF program.
    let found =
        ["a", "b", "runs_a", "runs_b", "functions_a", "functions_b", "jaccard", "overlap", "jaccard_low"].map(value);
    assert_eq!(found, ["gvisor", "runc", "1", "2", "2", "4", "0.2", "0.5", ""]);
    let weighted: f64 = value("weighted_jaccard").parse().unwrap();
    assert!((weighted - 1500.0 / (1504.0 + 1524.0 - 1500.0)).abs() < 1e-12);
    assert_eq!(rows.len(), 2);
}

#[test]
fn sensitivity_tells_which_orderings_survive() {
    let dataset = example_dataset();
    let text = dataset.stdout("sensitivity --dataset ds --format csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|column| *column == name).unwrap();
    let row = |dimension: &str, value: &str| {
        let found = rows.iter().find(|row| row[0] == dimension && row[column("value")] == value).unwrap();
        ["metric", "a", "b", "figure_a", "figure_b", "p_less", "kept"].map(|name| found[column(name)]).join(" ")
    };
    // Lines: gVisor 1,504; runc 24 and 1,520. Functions: gVisor 2; runc 2 and 3.
    assert!(row("default", "\"\"").starts_with("lines gvisor runc 1504.0 772.0 0.2"), "{}", row("default", "\"\""));
    assert!(
        row("metric", "functions").starts_with("functions gvisor runc 2.0 2.5 0.8"),
        "{}",
        row("metric", "functions")
    );
    assert!(row("metric", "functions").ends_with("false"));
    assert!(
        row("roles", "all").ends_with("lines gvisor runc 1504.0 1522.0 0.74525 false")
            || row("roles", "all").contains("1522.0")
    );
    let table = dataset.stdout("sensitivity --dataset ds");
    assert!(table.contains("verdict: survive every choice: "), "{table}");
    assert_eq!(table, dataset.stdout("sensitivity --dataset ds"));
}

/// A short capture under a throttled load, and a long one of another boot, window and duration.
fn mixed_dataset() -> TestDataset {
    let short = TestRun { labels: vec![("load", "client CPU 0.3"), ("set", "study")], ..settling("s-1", "1") };
    let mut long = TestRun { labels: vec![("min_requests", "200")], ..settling("s-2", "2") };
    long.columns.retain(|(name, _)| !["window_ns", "duration_ns"].contains(name));
    long.columns.extend([("boot_id", "39be1f3b-2f1f-4378-b53a-9b1e1385b3c6"), ("window_ns", "1000000000")]);
    long.columns.push(("duration_ns", "21000000000"));
    TestDataset::new(&[short, long]).with_kernel("k1", "f1")
}

#[test]
fn groups_whose_runs_differ_are_told_apart_by_the_labels_in_every_command() {
    let dataset = mixed_dataset();
    let expected = |group: &str| {
        [
            ("boot_id", "39be1f3b | none"),
            ("duration", "2.95 s | 21.00 s"),
            ("load", "client CPU 0.3 | none"),
            ("min_requests", "200 | none"),
            ("set", "none | study"),
            ("window_ns", "100000000 | 1000000000"),
        ]
        .map(|(label, values)| {
            format!("{label} differs between the runs of {group} ({values}): no repetitions of one setting")
        })
    };
    let warnings = |text: Vec<u8>, start: &str| -> Vec<String> {
        let text = String::from_utf8(text).unwrap();
        text.lines().filter_map(|line| line.strip_prefix(start)).map(str::to_owned).collect()
    };
    let machine = |command: &str| {
        let output = dataset.run(&format!("{command} --dataset ds --format csv"));
        warnings(output.stderr, "hap-analyze: warning: ")
    };
    for command in ["hap", "completeness", "similarity", "sensitivity"] {
        assert_eq!(machine(command), expected("runc/get"), "{command}");
    }
    // With a key more no group is mixed; diff has a side of two runs, and one of one.
    assert_eq!(machine("hap --by runtime,workload,repetition"), [""; 0]);
    assert_eq!(machine("diff runtime=runc repetition=2"), expected("A"));
    assert_eq!(machine("steady"), [""; 0]);
    let table = String::from_utf8(dataset.run("hap --dataset ds --metric functions").stdout).unwrap();
    let told: Vec<_> = table.split("\nwarning: ").skip(1).map(|text| text.lines().next().unwrap().to_owned()).collect();
    assert_eq!(told.len(), 6, "{table}");
    dataset.run("report --dataset ds --out page.html");
    let page = std::fs::read_to_string(dataset.path("page.html")).unwrap();
    for text in expected("runc/get") {
        assert!(page.contains(&text), "{text}");
    }
}

#[test]
fn a_window_of_a_call_that_the_run_does_not_have_is_an_error() {
    let mut odd = settling("s-1", "1");
    odd.windows.push((3, 9, "vmlinux", 100, "task", 1));
    let output = TestDataset::new(&[odd]).with_kernel("k1", "f1").run("steady --dataset ds");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("has a call that table functions of the run does not have: ingest the run again"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn every_command_writes_every_format_and_the_same_bytes_every_time() {
    let dataset = settling_dataset();
    for command in
        ["steady", "completeness", "similarity --by repetition", "sensitivity", "diff repetition=1 repetition=2"]
    {
        for format in ["table", "csv", "json", "parquet"] {
            let run = || dataset.run(&format!("{command} --dataset ds --format {format}"));
            let first = run();
            assert_eq!(first.status.code(), Some(0), "{command} {format}");
            assert!(!first.stdout.is_empty());
            assert_eq!(run().stdout, first.stdout, "{command} {format}");
        }
    }
}
