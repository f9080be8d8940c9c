//! `traceable` by the running kernel's own list.
#![expect(clippy::unwrap_used, reason = "test code; clippy exempts only the test functions themselves")]

use std::fs;
use std::path::PathBuf;

use hap_ingest::kernel::{KernelError, KernelOptions, ingest_kernel};
use hap_ingest::progress::NoProgress;

use crate::support::{Build, FunctionRow, read_functions, read_kernel};
use crate::tree::Tree;

fn list(tree: &Tree, text: &str) -> PathBuf {
    let path = tree.path("available_filter_functions");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_kernels_own_list_overrules_the_call_sites() {
    let tree = Tree::new();
    // An alias stands for its function; a clone and an assembly function have names of their own.
    let listed = list(&tree, "caller\nweak_name\nparted.part.0\nentry_function\n__ftrace_invalid_address___64\n");
    let summary = tree.ingest(true, Some(listed));
    let rows = tree.rows(&summary);
    let traceable: Vec<_> =
        rows.iter().filter(|(_, row)| row.traceable == Some(true)).map(|(name, _)| name.as_str()).collect();
    assert_eq!(traceable, ["caller", "entry_function", "other_name", "parted.part.0"]);
    assert!(rows.values().all(|row| row.traceable.is_some()));
    assert_eq!(read_kernel(&summary.folder)["traceable_rule"], "available_filter_functions");
    // The same kernel by its call sites.
    let rows = tree.rows(&tree.ingest(true, None));
    assert_eq!(rows["chilled"].traceable, Some(true));
    assert_eq!(rows["entry_function"].traceable, Some(false));
}

#[test]
fn modules_and_statics_of_one_name_are_told_apart() {
    let build = Build::new("5");
    build.module("my-module.ko", true, "zlib");
    build.module("quiet.ko", false, "none");
    let path = build.path("available_filter_functions");
    // `same_name` is in both files of vmlinux, with a call site in one; `quiet` was not loaded.
    fs::write(&path, "first\nsame_name\nsecond [my_module]\nsame_name [my_module]\n").unwrap();
    let options = KernelOptions {
        vmlinux: build.path("vmlinux"),
        modules: Some(build.path("modules")),
        source: None,
        filter_functions: Some(path.clone()),
        package: None,
        out: build.path("dataset"),
        jobs: 1,
    };
    let rows = read_functions(&ingest_kernel(&options, &NoProgress).unwrap().folder);
    let traceable = |module: &str| {
        let rows = rows.iter().filter(|row| row.module == module && row.traceable == Some(true));
        let mut names: Vec<_> = rows.map(|row| (row.function.as_str(), row.file.as_deref().unwrap())).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(traceable("vmlinux"), [("first", "one.c"), ("same_name", "one.c")]);
    assert_eq!(traceable("my_module"), [("same_name", "one.c"), ("second", "one.c")]);
    // A module that the list lacks keeps what its call sites tell.
    let quiet = |row: &&FunctionRow| row.module == "quiet" && row.function == "third";
    assert_eq!(rows.iter().find(quiet).unwrap().traceable, Some(true));
    fs::write(&path, "first\nffffffff81000000 t first\n").unwrap();
    let refused = ingest_kernel(&options, &NoProgress);
    assert!(matches!(refused, Err(KernelError::FilterFunctions { line: 2, .. })), "{refused:?}");
}
