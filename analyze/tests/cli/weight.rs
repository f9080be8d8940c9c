//! Weighted figures of `hap` and `diff`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use polars::prelude::*;

use crate::dataset::{DensityRow, Fact, TestDataset, TestRun, densities, example, example_dataset, run};

const HEADER: &str = "runtime,workload,metric,runs,mean,stddev,low,high,union,core,singletons,events_lost,blind_spot\n";

fn weighted_dataset() -> TestDataset {
    example_dataset().with_densities("cna", "k1", &densities())
}

#[test]
fn uniform_needs_no_bug_table_and_its_density_is_per_1000_lines() {
    let rows = "gvisor,get,lines,1,1504.0,,,,1504.0,1504.0,2,0,0.125\n\
                gvisor,get,weighted_uniform,1,3.008,,,,3.008,3.008,2,0,0.125\n\
                gvisor,get,weighted_uniform_per_1000_lines,1,2.0,,,,2.0,2.0,2,0,0.125\n";
    let arguments = "hap --dataset ds --metric lines --weight uniform --density 2 --where runtime=gvisor --format csv";
    example_dataset().expect(arguments, &[HEADER, rows].concat(), "", 0);
}

#[test]
fn the_table_has_the_figures_per_1000_lines_beside_the_bugs() {
    let arguments = "hap --dataset ds --metric lines --weight cve,uniform,cve";
    weighted_dataset().expect(arguments, include_str!("hap.weight.table.txt"), "", 0);
}

#[test]
fn the_table_of_a_difference_is_sorted_by_the_first_weight() {
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --weight cve,epss";
    weighted_dataset().expect(arguments, include_str!("diff.weight.table.txt"), "", 0);
}

#[test]
fn the_machine_formats_of_a_difference_have_a_column_a_weight() {
    let dataset = weighted_dataset();
    let rows = "side,module,function,address,file,line,lines,calls_a,calls_b,runs_a,runs_b,weighted_cve,weighted_uniform\n\
                a,vmlinux,read,100,fs/read.c,10,20,39,0,2,0,0.2,10.0\n\
                a,vmlinux,list_add,300,include/list.h,3,4,4,0,1,0,0.008,2.0\n\
                a,bpf,bpf_prog_1,7,,,,3,0,1,0,,\n";
    let arguments =
        "diff runtime=runc runtime=gvisor --dataset ds --weight cve,uniform --density 500 --format csv --list only-a";
    let output = dataset.run(arguments);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), rows);
    let rows = "side,functions,lines,code_lines,weighted_uniform,weighted_uniform_per_1000_lines,blind_spot\n\
                a,3,24,4,12.0,500.0,0.125\nb,1,4,1,2.0,500.0,0.125\nboth,1,1500,2,750.0,500.0,0.125\n";
    let arguments =
        "diff runtime=runc runtime=gvisor --dataset ds --weight uniform --density 500 --format csv --summary";
    assert_eq!(String::from_utf8(dataset.run(arguments).stdout).unwrap(), rows);
}

#[test]
fn a_side_without_lines_has_no_figure_per_1000_lines() {
    let rows = "side,functions,lines,code_lines,weighted_uniform,weighted_uniform_per_1000_lines,blind_spot\n\
                a,0,0,0,0.0,,0.125\nb,0,0,0,0.0,,0.125\nboth,2,1504,2,752.0,500.0,0.125\n";
    let arguments =
        "diff runtime=gvisor runtime=gvisor --dataset ds --weight uniform --density 500 --format csv --summary";
    example_dataset().expect(arguments, rows, "", 0);
}

#[test]
fn a_run_without_lines_is_no_run_of_the_figures_per_1000_lines() {
    let mut silent = run("gvisor-2", "gvisor", "get");
    silent.facts = vec![(1, "bpf", 7, Some("bpf_prog_1"), "task", None, 3)];
    let dataset = TestDataset::new(&[&example()[2..3], &[silent]].concat()).with_kernel("k1", "f1");
    let rows = "gvisor,get,weighted_uniform,2,376.0,531.7442054224201,0.0,752.0,752.0,0.0,3,0,0.125\n\
                gvisor,get,weighted_uniform_per_1000_lines,1,500.0,,,,500.0,,3,0,0.125\n";
    let arguments = "hap --dataset ds --metric lines --weight uniform --density 500 --format csv";
    let stdout = String::from_utf8(dataset.run(arguments).stdout).unwrap();
    let weighted: Vec<_> = stdout.lines().filter(|line| line.contains("weighted")).collect();
    assert_eq!(weighted.join("\n") + "\n", rows);
}

#[test]
fn a_weight_without_a_bug_table_is_an_error_that_names_the_command() {
    let stderr = "hap-analyze: error: --weight epss needs a bug table, and ds has none; make it with `hap-ingest bugs \
                  --cna PATH --release V --epss FILE --out ds`\n";
    example_dataset().expect("hap --dataset ds --weight epss", "", stderr, 2);
    example_dataset().expect("diff runtime=runc runtime=gvisor --dataset ds --weight uniform,epss", "", stderr, 2);
}

#[test]
fn a_model_that_the_bug_table_does_not_have_is_an_error_that_names_the_option() {
    let stderr = "hap-analyze: error: ds/bugs/source=cna/density.parquet has no density of model exploited for every file \
                  without a row of its own; make the table with `hap-ingest bugs --cna PATH --release V --exploited FILE \
                  --out ds`\n";
    weighted_dataset().expect("hap --dataset ds --weight exploited", "", stderr, 2);
}

#[test]
fn of_several_bug_tables_one_must_be_chosen() {
    let other = [("cve", None, None, 0.5)];
    let dataset = weighted_dataset().with_densities("nvd", "k1", &other);
    let stderr =
        "hap-analyze: error: the dataset has bug tables of several sources: cna, nvd; choose one with --bugs SOURCE\n";
    dataset.expect("hap --dataset ds --weight cve", "", stderr, 2);
    let stderr = "hap-analyze: error: no bug table of source \"kev\"; sources in the dataset: cna, nvd\n";
    dataset.expect("hap --dataset ds --weight cve --bugs kev", "", stderr, 2);
    let rows = "gvisor,get,functions,1,2.0,,,,2.0,2.0,2,0,0.125\n\
                gvisor,get,weighted_cve,1,752.0,,,,752.0,752.0,2,0,0.125\n\
                gvisor,get,weighted_cve_per_1000_lines,1,500.0,,,,500.0,500.0,2,0,0.125\n";
    let arguments = "hap --dataset ds --metric functions --weight cve --bugs nvd --where runtime=gvisor --format csv";
    dataset.expect(arguments, &[HEADER, rows].concat(), "", 0);
}

#[test]
fn densities_of_another_kernel_are_an_error_that_names_both_build_ids() {
    let stderr = |found: &str| {
        format!(
            "hap-analyze: error: ds/bugs/source=cna/density.parquet has the bug densities of the kernel with build id \
             {found}, the runs are of build id k1; make a bug table of their kernel with `hap-ingest bugs --cna PATH \
             --release V --out ds`\n"
        )
    };
    let dataset = example_dataset().with_densities("cna", "k2", &densities());
    dataset.expect("hap --dataset ds --weight cve", "", &stderr("k2"), 2);
    let dataset = example_dataset().with_densities("cna", "", &densities());
    dataset.expect("hap --dataset ds --weight cve", "", &stderr("unknown"), 2);
}

#[test]
fn a_density_that_is_none_is_bad_usage() {
    for density in ["-1", "NaN", "many"] {
        let output = example_dataset().run(&format!("hap --dataset ds --weight uniform --density={density}"));
        assert_eq!(output.status.code(), Some(2), "{density}");
    }
}

/// A kernel function of the made-up kernel, in plain Rust.
struct Function {
    address: i64,
    source: i64,
    file: Option<String>,
    lines: Option<i32>,
    complexity: Option<i32>,
}

/// 64-bit linear congruential generator (Knuth, MMIX): a few unlike tables, the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Sixty source functions in nine files, every fifth with a clone, every seventh without lines.
fn made_up_kernel(random: &mut Random) -> Vec<Function> {
    let mut functions = Vec::new();
    for index in 0..60 {
        let source = 1000 + 16 * index;
        let file = (index % 11 != 0).then(|| format!("dir/{}.c", random.below(9)));
        let lines = (index % 7 != 0).then(|| 1 + random.below(300) as i32);
        let complexity = (index % 6 != 0).then(|| 1 + random.below(30) as i32);
        let function = |address| Function { address, source, file: file.clone(), lines, complexity };
        functions.push(function(source));
        if index % 5 == 0 {
            functions.push(function(90_000 + index));
        }
    }
    functions
}

fn kernel_frame(functions: &[Function]) -> DataFrame {
    df!(
        "module" => vec!["vmlinux"; functions.len()],
        "address" => functions.iter().map(|function| function.address).collect::<Vec<_>>(),
        "source_address" => functions.iter().map(|function| function.source).collect::<Vec<_>>(),
        "function" => functions.iter().map(|function| format!("f{}", function.source)).collect::<Vec<_>>(),
        "file" => functions.iter().map(|function| function.file.clone()).collect::<Vec<_>>(),
        "lines" => functions.iter().map(|function| function.lines).collect::<Vec<_>>(),
        "complexity" => functions.iter().map(|function| function.complexity).collect::<Vec<_>>(),
    )
    .unwrap()
}

/// Own densities of every ninth function, densities of five of the files, and one for the rest.
fn made_up_densities() -> Vec<DensityRow> {
    const FILES: [&str; 5] = ["dir/0.c", "dir/2.c", "dir/3.c", "dir/6.c", "never.c"];
    let own = (0..60)
        .filter(|index| index % 9 == 4)
        .map(|index| ("cve", Some("dir/0.c"), Some(("vmlinux", 1000 + 16 * index)), 0.001 * (index + 1) as f64));
    let files = FILES.iter().enumerate().map(|(index, file)| ("cve", Some(*file), None, 0.000_7 * (index + 2) as f64));
    own.chain(files).chain([("cve", None, None, 0.000_33), ("epss", None, None, 7.0)]).collect()
}

/// Lines times density of a source function, as docs/method.md has it: its own row, its file's, the one without file.
fn bugs_of(function: &Function, densities: &[DensityRow]) -> f64 {
    let cve = || densities.iter().filter(|row| row.0 == "cve");
    let own = cve().find(|row| row.2 == Some(("vmlinux", function.source)));
    let of_file = cve().find(|row| row.2.is_none() && row.1.is_some() && row.1 == function.file.as_deref());
    let other = cve().find(|row| row.2.is_none() && row.1.is_none());
    f64::from(function.lines.unwrap_or(0)) * own.or(of_file).or(other).unwrap().3
}

/// Weighted, lines and complexity of a set of source functions.
fn figures_of(set: &BTreeSet<i64>, functions: &[Function], densities: &[DensityRow]) -> (f64, f64, f64) {
    let mut sums = (0.0, 0.0, 0.0);
    for source in set {
        let function = functions.iter().find(|function| function.address == *source).unwrap();
        sums.0 += bugs_of(function, densities);
        sums.1 += f64::from(function.lines.unwrap_or(0));
        sums.2 += f64::from(function.complexity.unwrap_or(0));
    }
    sums
}

#[test]
fn weighted_figures_are_those_of_plain_loops_over_the_tables() {
    let mut random = Random(7);
    let functions = made_up_kernel(&mut random);
    let densities = made_up_densities();
    let mut runs = Vec::new();
    let mut sets = Vec::new();
    for id in ["r1", "r2", "r3", "r4"] {
        let reached: Vec<_> = functions.iter().filter(|_| random.below(3) > 0).collect();
        let facts = reached.iter().map(|f| -> Fact { (1, "vmlinux", f.address, None, "task", None, 1) }).collect();
        runs.push(TestRun { facts, ..run(id, "runc", "get") });
        sets.push(reached.iter().map(|function| function.source).collect::<BTreeSet<_>>());
    }
    let dataset = TestDataset::new(&runs)
        .with_kernel_of("k1", "f1", kernel_frame(&functions))
        .with_densities("cna", "k1", &densities);
    let output =
        dataset.run("hap --dataset ds --metric lines,complexity --weight cve --format parquet --out out.parquet");
    assert_eq!(output.status.code(), Some(0));
    let found = ParquetReader::new(File::open(dataset.path("out.parquet")).unwrap()).finish().unwrap();

    let union: BTreeSet<_> = sets.iter().flatten().copied().collect();
    let core: BTreeSet<_> = union.iter().copied().filter(|f| sets.iter().all(|set| set.contains(f))).collect();
    let of = |set: &BTreeSet<i64>| {
        let (bugs, lines, complexity) = figures_of(set, &functions, &densities);
        BTreeMap::from([
            ("lines", lines),
            ("complexity", complexity),
            ("weighted_cve", bugs),
            ("weighted_cve_per_1000_lines", 1000.0 * bugs / lines),
        ])
    };
    for (index, metric) in found.column("metric").unwrap().str().unwrap().iter().enumerate() {
        let metric = metric.unwrap();
        let value = |name: &str| found.column(name).unwrap().f64().unwrap().get(index).unwrap();
        let values: Vec<_> = sets.iter().map(|set| of(set)[metric]).collect();
        let mean = values.iter().sum::<f64>() / 4.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 3.0;
        let expected = [mean, variance.sqrt(), of(&union)[metric], of(&core)[metric]];
        for (name, expected) in ["mean", "stddev", "union", "core"].into_iter().zip(expected) {
            assert!((value(name) - expected).abs() < 1e-9, "{metric} {name}: {} {expected}", value(name));
        }
        assert!(value("low") < mean && mean < value("high"));
    }
    assert_eq!(found.height(), 4);
}
