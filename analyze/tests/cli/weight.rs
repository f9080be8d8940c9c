//! Weighted figures of `hap` and `diff`.

use crate::dataset::{TestDataset, densities, example, example_dataset, run};

const HEADER: &str = "runtime,workload,metric,runs,mean,stddev,low,high,union,core,singletons,events_lost,blind_spot,steady_runs,coverage\n";

fn weighted_dataset() -> TestDataset {
    example_dataset().with_densities("cna", "k1", &densities())
}

#[test]
fn uniform_needs_no_bug_table_and_its_density_is_per_1000_lines() {
    let rows = "gvisor,get,lines,1,1504.0,,,,1504.0,1504.0,2,0,0.125,0,\n\
                gvisor,get,weighted_uniform,1,3.008,,,,3.008,3.008,2,0,0.125,0,\n\
                gvisor,get,weighted_uniform_per_1000_lines,1,2.0,,,,2.0,2.0,2,0,0.125,0,\n";
    let arguments =
        "hap --dataset ds --phase all --metric lines --weight uniform --density 2 --where runtime=gvisor --format csv";
    example_dataset().expect(arguments, &[HEADER, rows].concat(), "", 0);
}

#[test]
fn the_table_has_the_figures_per_1000_lines_beside_the_bugs() {
    let arguments = "hap --dataset ds --phase all --metric lines --weight cve,uniform,cve";
    weighted_dataset().expect(arguments, include_str!("hap.weight.table.txt"), "", 0);
}

#[test]
fn a_summary_has_one_row_a_group_with_mean_and_interval_of_every_metric() {
    let arguments = "hap --dataset ds --phase all --metric functions,lines --weight cve --summary";
    weighted_dataset().expect(arguments, include_str!("hap.summary.table.txt"), "", 0);
}

#[test]
fn the_table_of_a_difference_is_sorted_by_the_first_weight() {
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --phase all --weight cve,epss";
    weighted_dataset().expect(arguments, include_str!("diff.weight.table.txt"), "", 0);
}

#[test]
fn the_machine_formats_of_a_difference_have_a_column_a_weight() {
    let dataset = weighted_dataset();
    let rows = "side,module,function,address,file,line,lines,calls_a,calls_b,runs_a,runs_b,weighted_cve,weighted_uniform,\
                incidence_difference,fisher_p,fisher_q,absence_bound\n\
                a,vmlinux,read,100,fs/read.c,10,20,39,0,2,0,0.2,10.0,1.0,0.33333333333333337,0.8333333333333335,0.95\n\
                a,vmlinux,list_add,300,include/list.h,3,4,4,0,1,0,0.008,2.0,0.5,1.0,1.0,0.95\n\
                a,bpf,bpf_prog_1,7,,,,3,0,1,0,,,0.5,1.0,1.0,0.95\n";
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --phase all --weight cve,uniform --density 500 --format csv --list only-a";
    let output = dataset.run(arguments);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), rows);
    let rows = "side,functions,lines,code_lines,weighted_uniform,weighted_uniform_per_1000_lines,blind_spot,share,permutation_p\n\
                a,3,24,4,12.0,500.0,0.125,0.6,0.6666666666666666\nb,1,4,1,2.0,500.0,0.125,0.2,1.0\n\
                both,1,1500,2,750.0,500.0,0.125,0.2,\n";
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --phase all --weight uniform --density 500 --format csv --summary";
    assert_eq!(String::from_utf8(dataset.run(arguments).stdout).unwrap(), rows);
}

#[test]
fn a_side_without_lines_has_no_figure_per_1000_lines() {
    let rows = "side,functions,lines,code_lines,weighted_uniform,weighted_uniform_per_1000_lines,blind_spot,share,permutation_p\n\
                a,0,0,0,0.0,,0.125,0.0,\nb,0,0,0,0.0,,0.125,0.0,\nboth,2,1504,2,752.0,500.0,0.125,1.0,\n";
    let arguments = "diff runtime=gvisor runtime=gvisor --dataset ds --phase all --weight uniform --density 500 --format csv --summary";
    example_dataset().expect(arguments, rows, "", 0);
}

#[test]
fn a_run_without_lines_is_no_run_of_the_figures_per_1000_lines() {
    let mut silent = run("gvisor-2", "gvisor", "get");
    silent.facts = vec![(1, "bpf", 7, Some("bpf_prog_1"), "task", None, 3)];
    let dataset = TestDataset::new(&[&example()[2..3], &[silent]].concat()).with_kernel("k1", "f1");
    let rows = "gvisor,get,weighted_uniform,2,376.0,531.7442994522837,0.0,752.0,752.0,0.0,3,0,0.125,0,0.0\n\
                gvisor,get,weighted_uniform_per_1000_lines,1,500.0,,,,500.0,,3,0,0.125,0,0.0\n";
    let arguments = "hap --dataset ds --phase all --metric lines --weight uniform --density 500 --format csv";
    let stdout = String::from_utf8(dataset.run(arguments).stdout).unwrap();
    let weighted: Vec<_> = stdout.lines().filter(|line| line.contains("weighted")).collect();
    assert_eq!(weighted.join("\n") + "\n", rows);
}

#[test]
fn a_weight_without_a_bug_table_is_an_error_that_names_the_command() {
    let stderr = "hap-analyze: error: --weight epss needs a bug table, and ds has none; make it with `hap-ingest bugs \
                  --cna PATH --release V --epss FILE --out ds`\n";
    example_dataset().expect("hap --dataset ds --phase all --weight epss", "", stderr, 2);
    example_dataset().expect(
        "diff runtime=runc runtime=gvisor --dataset ds --phase all --weight uniform,epss",
        "",
        stderr,
        2,
    );
}

#[test]
fn a_model_that_the_bug_table_does_not_have_is_an_error_that_names_the_option() {
    let stderr = "hap-analyze: error: ds/bugs/source=cna/density.parquet has no density of model exploited for every file \
                  without a row of its own; make the table with `hap-ingest bugs --cna PATH --release V --exploited FILE \
                  --out ds`\n";
    weighted_dataset().expect("hap --dataset ds --phase all --weight exploited", "", stderr, 2);
}

#[test]
fn of_several_bug_tables_one_must_be_chosen() {
    let other = [("cve", None, None, 0.5)];
    let dataset = weighted_dataset().with_densities("nvd", "k1", &other);
    let stderr =
        "hap-analyze: error: the dataset has bug tables of several sources: cna, nvd; choose one with --bugs SOURCE\n";
    dataset.expect("hap --dataset ds --phase all --weight cve", "", stderr, 2);
    let stderr = "hap-analyze: error: no bug table of source \"kev\": use one of those in the dataset: cna, nvd\n";
    dataset.expect("hap --dataset ds --phase all --weight cve --bugs kev", "", stderr, 2);
    let rows = "gvisor,get,functions,1,2.0,,,,2.0,2.0,2,0,0.125,0,\n\
                gvisor,get,weighted_cve,1,752.0,,,,752.0,752.0,2,0,0.125,0,\n\
                gvisor,get,weighted_cve_per_1000_lines,1,500.0,,,,500.0,500.0,2,0,0.125,0,\n";
    let arguments =
        "hap --dataset ds --phase all --metric functions --weight cve --bugs nvd --where runtime=gvisor --format csv";
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
    dataset.expect("hap --dataset ds --phase all --weight cve", "", &stderr("k2"), 2);
    let dataset = example_dataset().with_densities("cna", "", &densities());
    dataset.expect("hap --dataset ds --phase all --weight cve", "", &stderr("unknown"), 2);
}

#[test]
fn a_density_that_is_none_is_bad_usage() {
    for density in ["-1", "NaN", "many"] {
        let output =
            example_dataset().run(&format!("hap --dataset ds --phase all --weight uniform --density={density}"));
        assert_eq!(output.status.code(), Some(2), "{density}");
    }
}
