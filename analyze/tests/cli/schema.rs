//! `hap-analyze schema`, `completions` and `man`.

use hap_schemas::tables;

use crate::dataset::TestDataset;

const LINES: &str = "\
kernel_lines: kernels/build_id=ID/lines.parquet
Executable lines of each function: one row per (module, address, file, line, kind)
column   type        unit   null  what
module   dictionary  -      no    `vmlinux`, or the kernel module; `unknown` without a symbol
address  i64         bytes  no    image-relative start address of the function that holds the line
file     dictionary  -      no    source file of the line, relative to the source tree
line     i32         -      no    line number
kind     dictionary  -      no    `own`, or `inlined` from another source function
";

#[test]
fn a_table_is_told_with_its_file_and_the_types_and_units_of_its_columns() {
    TestDataset::new(&[]).expect("schema kernel_lines", LINES, "", 0);
}

#[test]
fn the_machine_formats_have_a_row_per_column_of_every_table() {
    let output = TestDataset::new(&[]).run("schema --format csv");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let columns: usize = tables::ALL.iter().map(|table| table.columns.len()).sum();
    assert_eq!(stdout.lines().count(), columns + 1);
    let (first, last) = (stdout.lines().next().unwrap(), stdout.lines().last().unwrap());
    assert_eq!(first, "table,path,column,type,unit,nullable,description");
    assert_eq!(
        last,
        "density_fits,bugs/source=SOURCE/fits.parquet,fit_p,f64,probability,true,probability of a statistic at least as large when \
         the fit is true"
    );
}

#[test]
fn an_unknown_table_or_page_is_an_error_that_lists_those_there_are() {
    let dataset = TestDataset::new(&[]);
    let stderr = "hap-analyze: error: no manual page of a command \"nope\": use one of ";
    let output = dataset.run("man nope");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with(stderr));
    let output = dataset.run("schema nope");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("[possible values: runs, threads, functions, "));
}
