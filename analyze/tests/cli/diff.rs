//! `hap-analyze diff`.

use crate::dataset::example_dataset;

const HEADER: &str = "side,module,function,address,file,line,lines,calls_a,calls_b,runs_a,runs_b,\
                      incidence_difference,fisher_p,fisher_q,absence_bound\n";

const BLIND_SPOT: &str =
    "hap-analyze: blind spot: 12.5 % of the kernel's 8 executable lines are in functions that ftrace cannot trace\n";

fn notes(sides: &str) -> String {
    "hap-analyze: left out, marked as failed: runc-3 (the sandbox ended before the recording did); --failed include takes \
     them in\n\
     hap-analyze: observer functions left out: raw_syscalls: trace_enter (1,234 calls)\n\
     hap-analyze: functions without a row in the kernel table, counted as functions without lines: "
        .to_owned()
        + sides
        + "\nhap-analyze: warning: set differs between the runs of A (none | study): no repetitions of one setting\n"
        + BLIND_SPOT
}

#[test]
fn the_table_has_the_counts_then_the_lists_and_the_bound_of_the_claim() {
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --phase all";
    example_dataset().expect(arguments, include_str!("diff.table.txt"), "", 0);
}

#[test]
fn csv_lists_all_sides_with_copies_of_one_name_apart() {
    let rows = "a,vmlinux,read,100,fs/read.c,10,20,39,0,2,0,1.0,0.33333333333333337,0.8333333333333335,0.95\n\
                a,vmlinux,list_add,300,include/list.h,3,4,4,0,1,0,0.5,1.0,1.0,0.95\n\
                a,bpf,bpf_prog_1,7,,,,3,0,1,0,0.5,1.0,1.0,0.95\n\
                b,vmlinux,list_add,310,include/list.h,3,4,0,2,0,1,-1.0,0.33333333333333337,0.8333333333333335,0.7763932022500211\n\
                both,vmlinux,write,200,fs/write.c,5,1500,1,11,1,1,-0.5,1.0,1.0,\n";
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --phase all --format csv";
    example_dataset().expect(arguments, &[HEADER, rows].concat(), &notes("A 1"), 0);
}

#[test]
fn cores_leave_out_what_not_every_run_has_and_a_side_can_be_chosen() {
    let rows = "b,vmlinux,write,200,fs/write.c,5,1500,1,11,1,1,-0.5,1.0,1.0,\n\
                b,vmlinux,list_add,310,include/list.h,3,4,0,2,0,1,-1.0,0.33333333333333337,0.5,0.7763932022500211\n";
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --phase all --format csv --core --list only-b";
    example_dataset().expect(arguments, &[HEADER, rows].concat(), &notes("A 1"), 0);
}

#[test]
fn the_summary_is_the_counts() {
    let rows = "side,functions,lines,code_lines,blind_spot,share,permutation_p\na,3,24,4,0.125,0.6,0.6666666666666666\n\
                b,1,4,1,0.125,0.2,1.0\nboth,1,1500,2,0.125,0.2,\n";
    let arguments = "diff runtime=runc runtime=gvisor --dataset ds --phase all --format csv --summary";
    let notes = notes("A 1").replace(BLIND_SPOT, "");
    example_dataset().expect(arguments, rows, &notes, 0);
}

#[test]
fn the_list_of_a_table_is_cut_at_the_limit_and_says_so() {
    let output =
        example_dataset().run("diff runtime=runc runtime=gvisor --dataset ds --phase all --limit 1 --list only-a");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("... 2 more: --limit N shows N of them\n"), "{stdout}");
    assert!(!stdout.contains("bpf_prog_1"), "{stdout}");
}

#[test]
fn a_side_without_runs_is_an_error_that_lists_the_values() {
    let stderr = "hap-analyze: error: no run matches workload=get and runtime=kata: use values that exist: runtime: gvisor, runc; \
                  workload: get\n";
    let arguments = "diff runtime=runc runtime=kata --dataset ds --phase all --where workload=get";
    example_dataset().expect(arguments, "", stderr, 2);
}
