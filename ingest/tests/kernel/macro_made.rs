//! What the table says of functions that are not written one by one in C: made by macros, cut by `#ifdef` or by the
//! compiler, called by other names, written in assembly.

use std::collections::BTreeMap;

use crate::support::FunctionRow;
use crate::tree::Tree;

/// Function, file, line, last line, rule, complexity.
type Told<'a> = (&'a str, Option<&'a str>, Option<i32>, Option<i32>, Option<&'a str>, Option<i32>);

fn told(row: &FunctionRow) -> Told<'_> {
    let file = row.file.as_deref();
    (row.function.as_str(), file, row.line, row.end_line, row.extent_rule.as_deref(), row.complexity)
}

fn check(rows: &BTreeMap<String, FunctionRow>, expected: &[(&str, Told<'_>)]) {
    for (symbol, want) in expected {
        assert_eq!(told(&rows[*symbol]), *want, "{symbol}");
    }
}

fn parsed<'a>(name: &'a str, file: &'a str, line: i32, end_line: i32, complexity: i32) -> Told<'a> {
    (name, Some(file), Some(line), Some(end_line), Some("source"), Some(complexity))
}

const MACRO_MADE: &str = "kernel/macro_made.c";

#[test]
fn the_body_of_a_system_call_counts_for_the_functions_that_have_it_and_the_stubs_have_one_line() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    let of = |name, line, end_line, complexity| (name, parsed(name, MACRO_MADE, line, end_line, complexity));
    check(
        &rows,
        &[
            // The body is inlined into both stubs.
            of("__x64_sys_inlined", 5, 10, 3),
            of("__ia32_sys_inlined", 5, 10, 3),
            // The body is a function of its own.
            of("__do_sys_kept", 14, 20, 3),
            of("__x64_sys_kept", 14, 14, 1),
            of("__ia32_sys_kept", 14, 14, 1),
        ],
    );
    assert!(!rows.contains_key("__do_sys_inlined") && !rows.contains_key("__se_sys_kept"));
}

#[test]
fn the_body_of_an_interrupt_entry_counts_where_its_code_is() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    let of = |name, line, end_line, complexity| (name, parsed(name, MACRO_MADE, line, end_line, complexity));
    check(&rows, &[of("exc_inlined", 22, 26, 2), of("__sysvec_kept", 28, 32, 2), of("sysvec_kept", 28, 28, 1)]);
    // `noinstr`: the entry cannot be traced, what it calls can.
    assert_eq!(rows["exc_inlined"].traceable, Some(false));
    assert_eq!(rows["sysvec_kept"].traceable, Some(false));
    assert_eq!(rows["__sysvec_kept"].traceable, Some(true));
}

#[test]
fn a_helper_of_bpf_has_the_body_of_its_macro() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    check(&rows, &[("bpf_helper", parsed("bpf_helper", MACRO_MADE, 34, 44, 3))]);
}

#[test]
fn functions_of_a_macro_call_without_a_body_have_the_line_of_the_call() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    let of = |name, file, line| (name, (name, Some(file), Some(line), Some(line), Some("macro_call"), Some(1)));
    check(
        &rows,
        &[
            of("age_show", MACRO_MADE, 47),
            of("age_store", MACRO_MADE, 47),
            of("size_show", MACRO_MADE, 48),
            of("size_store", MACRO_MADE, 48),
            // The first line of the call, which goes on for more.
            of("__traceiter_tree_grows", "include/events.h", 5),
            of("trace_event_raw_event_tree_grows", "include/events.h", 5),
        ],
    );
}

#[test]
fn of_functions_that_a_condition_splits_the_one_that_was_compiled_counts() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    let of =
        |name, line, end_line, complexity| (name, parsed(name, "kernel/conditional.c", line, end_line, complexity));
    check(
        &rows,
        &[
            // The second of two whole definitions.
            of("chosen", 9, 14, 3),
            // Of two openings of one block the first counts, whichever was compiled.
            of("opened", 17, 27, 2),
            // The second of two heads of one body.
            of("headed", 32, 36, 2),
            // Code that was not compiled counts, the condition itself and what a macro hides do not.
            of("narrowed", 38, 46, 2),
        ],
    );
}

#[test]
fn clones_and_cold_parts_belong_to_their_function() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    let parted = parsed("parted", "kernel/clones.c", 4, 15, 5);
    check(&rows, &[("parted", parted), ("parted.part.0", parted)]);
    assert_eq!(rows["parted.part.0"].source_address, rows["parted"].address);
    assert_eq!(rows["parted"].source_address, rows["parted"].address);
    check(&rows, &[("chilled", parsed("chilled", "kernel/clones.c", 29, 36, 2))]);
    assert!(!rows.contains_key("chilled.cold"));
}

#[test]
fn an_alias_has_no_row_of_its_own() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    // The first of the three names in the alphabet.
    check(&rows, &[("other_name", parsed("target", "kernel/clones.c", 38, 41, 1))]);
    assert!(!rows.contains_key("target") && !rows.contains_key("weak_name"));
}

#[test]
fn assembly_has_its_lines_where_the_assembler_describes_it_and_no_complexity() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    check(
        &rows,
        &[
            ("entry_function", ("entry_function", Some("arch/entry.S"), Some(13), Some(17), Some("line_rows"), None)),
            // A label without a type.
            ("entry_code", ("entry_code", None, None, None, None, None)),
        ],
    );
    assert_eq!(rows["entry_function"].code_lines, Some(5));
    assert_eq!((rows["entry_code"].code_lines, rows["entry_code"].size), (None, 8));
    assert_eq!((rows["entry_function"].traceable, rows["entry_code"].traceable), (Some(false), Some(false)));
}

#[test]
fn a_function_without_dwarf_has_a_name_and_a_size_only() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(true, None));
    check(&rows, &[("__SCT__call", ("__SCT__call", None, None, None, None, None))]);
    let row = &rows["__SCT__call"];
    assert_eq!(
        (row.size, row.lines, row.code_lines, row.inlined_into, row.traceable),
        (2, None, None, None, Some(false))
    );
}

#[test]
fn without_sources_extents_come_from_line_rows() {
    let tree = Tree::new();
    let rows = tree.rows(&tree.ingest(false, None));
    let rules: Vec<_> = rows.values().filter_map(|row| row.file.as_ref().and(row.extent_rule.as_deref())).collect();
    assert!(rules.len() > 20 && rules.iter().all(|rule| *rule == "line_rows"));
    assert!(rows.values().all(|row| row.complexity.is_none()));
    let lines = |name: &str| (rows[name].line, rows[name].end_line);
    assert_eq!(lines("__do_sys_kept"), (Some(14), Some(20)));
    assert_eq!(lines("chosen"), (Some(9), Some(14)));
}
