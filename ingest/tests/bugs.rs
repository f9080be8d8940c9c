//! `hap-ingest bugs` on hand-made records and a small kernel, and on real records and the bundled one.

#![cfg(test)]

mod bugs_support;

use std::fs;
use std::io::Write;
use std::path::Path;

use bugs_support::{BUILD_ID, Setting};
use parquet::file::reader::{FileReader, SerializedFileReader};

/// A bug of 5.10 that 6.1.5 and 6.2 fixed.
const DYAD: &str = "5.10:aaaaaaa:6.1.5:bbbbbbb\n5.10:aaaaaaa:6.2:ccccccc\n";

/// A record for each rule.
fn every_rule() -> Setting {
    let setting = Setting::new("6.1.0-56-cloud-amd64");
    let add = |id, title, body, files: &[&str]| setting.add(id, title, body, files, DYAD);
    add("CVE-2024-1", "foo: fix leak in foo_open()", "It leaks.", &["fs/foo/open.c"]);
    add("CVE-2024-2", "foo: fix race of foo_close and foo_read", "Oops.", &["fs/foo/open.c", "fs/foo/read.c"]);
    add("CVE-2024-3", "bar: fix overflow", "bar_send() does not check.\n\nFix.", &["net/bar/send.c"]);
    add("CVE-2024-4", "foo: fix", "Bad.", &["fs/foo/open.c", "fs/foo/gone.c", "drivers/none/x.c", "fs/foo/read.c"]);
    add("CVE-2024-5", "helper: fix helper_get()", "Bad.", &["include/net/helper.h"]);
    setting.add("CVE-2024-6", "foo: fixed before", "Bad.", &["fs/foo/open.c"], "5.10:aaaaaaa:6.0:bbbbbbb\n");
    setting.add("CVE-2024-7", "foo: fix, unknown", "Bad.", &["fs/foo/main.c"], "0:0:6.2:bbbbbbb\n");
    setting
}

#[test]
fn the_mass_of_a_bug_goes_to_functions_files_a_directory_or_outside_and_adds_up_to_one() {
    let setting = every_rule();
    let outcome = setting.ingest(&[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let columns = ["bug", "file", "rule", "function", "module", "address", "mass", "introduced", "fixed"];
    let expected = [
        "CVE-2024-1 fs/foo/open.c function foo_open vmlinux 16 1.0 5.10 6.1.5",
        "CVE-2024-2 fs/foo/open.c function foo_close vmlinux 64 0.5 5.10 6.1.5",
        "CVE-2024-2 fs/foo/read.c function foo_read vmlinux 128 0.5 5.10 6.1.5",
        "CVE-2024-3 net/bar/send.c function bar_send bar 0 1.0 5.10 6.1.5",
        "CVE-2024-4 fs/foo/open.c file - - - 0.25 5.10 6.1.5",
        "CVE-2024-4 fs/foo/gone.c directory - - - 0.25 5.10 6.1.5",
        "CVE-2024-4 drivers/none/x.c outside - - - 0.25 5.10 6.1.5",
        "CVE-2024-4 fs/foo/read.c file - - - 0.25 5.10 6.1.5",
        "CVE-2024-5 include/net/helper.h function helper_get bar 80 1.0 5.10 6.1.5",
        "CVE-2024-7 fs/foo/main.c file - - - 1.0 - -",
    ];
    assert_eq!(setting.rows("bugs", &columns), expected);
    let told = "7 records: 6 bugs of release 6.1, 1 not in it, 0 rejected\n\
                mass by rule: function 4.0, file 1.5, directory 0.2, outside 0.2\n\
                bugs that name a function, by rule: title 3, opening 1, only 0\n\
                model uniform: mass 5.75 in the kernel, 5.75 by its densities\n\
                model cve: mass 5.75 in the kernel, 5.75 by its densities\n\
                kernel 00ff -> TMP/dataset/bugs/source=x\n";
    assert_eq!(outcome.stderr, told);
}

#[test]
fn densities_hold_the_mass_and_copies_of_a_function_have_a_row_each() {
    let setting = every_rule();
    setting.ingest(&[]);
    let rows = setting.rows("density", &["model", "file", "module", "address", "subsystem", "lines"]);
    assert_eq!(rows[0], "uniform - - - - 155");
    assert_eq!(rows[1], "cve - - - - 155");
    let copies = [
        "cve include/net/helper.h - - * 5",
        "cve include/net/helper.h bar 80 * 5",
        "cve include/net/helper.h foo 80 * 5",
    ];
    assert!(copies.iter().all(|copy| rows.contains(&(*copy).to_owned())), "{rows:?}");
    let lines = setting.numbers("density", "lines");
    let density = setting.numbers("density", "density");
    let sum = |wanted: &dyn Fn(&str) -> bool| -> f64 {
        rows.iter().zip(lines.iter().zip(&density)).filter(|(row, _)| wanted(row)).map(|(_, (l, d))| l * d).sum()
    };
    let is_file = |row: &str| row.starts_with("cve ") && row.contains(" - - *");
    assert!((sum(&is_file) - 5.75).abs() < 1e-9);
    let of_open = |row: &str| row.starts_with("cve fs/foo/open.c vmlinux");
    assert!((sum(&of_open) - sum(&|row: &str| row.starts_with("cve fs/foo/open.c -"))).abs() < 1e-12);
    assert_eq!(setting.rows("fits", &["subsystem", "files", "lines", "bugs"]), ["* 5 155 5.5"]);
}

#[test]
fn scores_and_exploited_bugs_are_columns_and_models_and_unscored_ones_are_told() {
    let setting = every_rule();
    let epss = setting.records().join("epss.csv");
    fs::write(&epss, "#model_version:v2025.03.14,score_date:2026-08-21\ncve,epss,percentile\nCVE-2024-1,0.5,0.9\nCVE-2024-6,0.1,0.1\n").unwrap();
    let exploited = setting.records().join("exploited.csv");
    fs::write(&exploited, "cve,source,date_added\nCVE-2024-3,kev,2025-01-01\nCVE-1999-1,kev,\n").unwrap();
    let outcome = setting.ingest(&["--epss", epss.to_str().unwrap(), "--exploited", exploited.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("\n5 bugs without an EPSS score: they count as 0\n1 bugs on the list of exploited ones\n")
    );
    let rows = setting.rows("bugs", &["bug", "epss", "exploited"]);
    assert_eq!((rows[0].as_str(), rows[3].as_str()), ("CVE-2024-1 0.5 false", "CVE-2024-3 - true"));
    let mut models = setting.rows("density", &["model"]);
    models.dedup();
    assert_eq!(models, ["uniform", "cve", "epss", "exploited"]);
    let (rows, bugs) = (setting.rows("density", &["model", "file", "module"]), setting.numbers("density", "bugs"));
    let of = |wanted: &str| rows.iter().zip(&bugs).find(|(row, _)| *row == wanted).map(|(_, bugs)| *bugs);
    assert_eq!(
        (of("epss fs/foo/open.c -"), of("exploited net/bar/send.c -"), of("exploited - -")),
        (Some(0.5), Some(1.0), Some(1.0))
    );
}

#[test]
fn what_cannot_be_used_is_told_with_file_and_line_and_the_rest_is_used() {
    let setting = every_rule();
    setting.add(
        "CVE-2024-10",
        "foo: one bad line",
        "Bad.",
        &["fs/foo/open.c"],
        "six:aaaaaaa:0:0\n5.10:aaaaaaa:6.2:bbbbbbb\n",
    );
    setting.add("CVE-2024-11", "foo: no good line", "Bad.", &["fs/foo/open.c"], "# nothing\n");
    setting.add("CVE-2024-12", "foo: no file", "Bad.", &[], DYAD);
    setting.add("CVE-2024-13", "foo: cut", "Bad.", &["fs/foo/open.c"], DYAD);
    setting.add_file("CVE-2024-13.json", "{\"cveMetadata\":\n{\"cveId\":");
    setting.add_file(
        "CVE-2024-14.json",
        r#"{"cveMetadata": {"cveId": "CVE-2024-15", "state": "PUBLISHED"}, "containers": {"cna": {}}}"#,
    );
    setting.add_file("CVE-2024-16.dyad", DYAD);
    setting.add_file(
        "CVE-2024-17.json",
        r#"{"cveMetadata": {"cveId": "CVE-2024-17", "state": "REJECTED"}, "containers": {"cna": {}}}"#,
    );
    setting.add_file(
        "CVE-2024-18.json",
        r#"{"cveMetadata": {"cveId": "CVE-2024-18", "state": "PUBLISHED"}, "containers": {"cna": {}}}"#,
    );
    let outcome = setting.ingest(&[]);
    assert_eq!(outcome.code, Some(1));
    let expected = [
        "warning: TMP/records/CVE-2024-10.dyad:1: \"six\" is no kernel version: write it like 6.1, 6.1.192, 6.2-rc3 or 2.6.32; line left out",
        "warning: TMP/records/CVE-2024-13.json:2: EOF while parsing a value at line 2 column 9; record left out",
        "warning: TMP/records/CVE-2024-14.json: holds \"CVE-2024-15\"; record left out",
        "warning: CVE-2024-11.dyad: no usable line; record left out",
        "warning: CVE-2024-12.json: no programFiles; record left out",
        "warning: CVE-2024-16.json: missing beside CVE-2024-16.dyad; record left out",
        "warning: CVE-2024-18.dyad: missing beside CVE-2024-18.json; record left out",
        "12 records: 7 bugs of release 6.1, 1 not in it, 1 rejected",
    ];
    assert_eq!(outcome.stderr.lines().take(expected.len()).collect::<Vec<_>>(), expected);
    assert!(setting.rows("bugs", &["bug"]).contains(&"CVE-2024-10".to_owned()));
    assert_eq!(setting.ingest(&["--strict"]).code, Some(2));
}

/// A tar archive of the records, with a second folder level and a file of no use.
fn archive(setting: &Setting) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_dir_all("cve/published/2024", setting.records()).unwrap();
    archive.into_inner().unwrap()
}

#[test]
fn a_folder_a_tar_and_a_compressed_tar_give_the_same_bytes() {
    let setting = every_rule();
    let tables = || ["bugs", "density", "fits"].map(|name| fs::read(setting.table_path(name)).unwrap());
    setting.ingest(&[]);
    let from_folder = tables();
    let tar = archive(&setting);
    for bytes in [tar.clone(), zstd::encode_all(&tar[..], 3).unwrap()] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        assert_eq!(setting.ingest_from(file.path(), &[]).code, Some(0));
        assert!(tables() == from_folder);
    }
}

#[test]
fn an_archive_that_is_cut_or_damaged_is_told_and_what_came_before_is_used() {
    let setting = every_rule();
    let tar = archive(&setting);
    let whole = zstd::encode_all(&tar[..], 3).unwrap();
    for bytes in [&tar[..tar.len() / 2 + 100], &whole[..whole.len() - 20]] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let outcome = setting.ingest_from(file.path(), &[]);
        assert!(outcome.stderr.contains("archive cannot be read further: "), "{}", outcome.stderr);
        assert_ne!(outcome.code, Some(0));
    }
    let mut nothing = tempfile::NamedTempFile::new().unwrap();
    nothing.write_all(&[0x5a; 5000]).unwrap();
    let outcome = setting.ingest_from(nothing.path(), &[]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("no CVE record (CVE-*.json with its .dyad)"), "{}", outcome.stderr);
}

#[test]
fn the_kernel_table_is_that_of_the_series_or_the_one_chosen() {
    let setting = Setting::new("6.12.9");
    setting.add("CVE-2024-1", "foo: fix foo_open()", "Bad.", &["fs/foo/open.c"], DYAD);
    let outcome = setting.ingest(&[]);
    let expected = "error: TMP/dataset/kernels: no kernel table of series 6.1; make one with hap-ingest kernel --vmlinux FILE --out DATASET, \
                    or choose another one with --kernel BUILD_ID\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(2), expected));
    assert_eq!(setting.ingest(&["--kernel", BUILD_ID]).code, Some(0));
    assert!(
        setting
            .ingest(&["--kernel", "77"])
            .stderr
            .contains("kernels/build_id=77: no kernel table; make it with hap-ingest kernel")
    );
    setting.add_kernel("01", "6.1.0-56-cloud-amd64");
    assert_eq!(setting.ingest(&[]).code, Some(0));
    assert_eq!(build_id(&setting.table_path("bugs")), "01");
    setting.add_kernel("02", "6.1.192");
    let outcome = setting.ingest(&[]);
    let expected = "error: several kernel tables are of series 6.1: choose one with --kernel 01 or 02\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(2), expected));
}

fn build_id(path: &Path) -> String {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
    pairs.into_iter().find(|pair| pair.key == "hap.kernel_build_id").unwrap().value.unwrap()
}

#[test]
fn the_command_line_asks_for_a_release_and_refuses_names_that_lead_elsewhere() {
    let setting = every_rule();
    assert_eq!(setting.ingest(&["--release", "six"]).code, Some(2));
    assert_eq!(setting.ingest(&["--source-name", "../x"]).code, Some(2));
    assert!(!setting.dataset().join("bugs").exists());
}

#[test]
fn real_records_on_the_bundled_kernel_keep_their_mass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let setting = Setting::new("6.12.9");
    let bundled = "3b43fad5034874490492495d552c0af6a5fab235";
    let folder = format!("kernels/build_id={bundled}");
    fs::create_dir_all(setting.dataset().join(&folder)).unwrap();
    for name in ["kernel.parquet", "functions.parquet"] {
        fs::copy(root.join("../data").join(&folder).join(name), setting.dataset().join(&folder).join(name)).unwrap();
    }
    let outcome = setting.ingest_from(&root.join("tests/bugs_data/linux-cna-sample.tar.zst"), &[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(
        outcome.stderr.starts_with("200 records: 113 bugs of release 6.1, 87 not in it, 0 rejected\n"),
        "{}",
        outcome.stderr
    );
    let total: f64 = setting.numbers("bugs", "mass").iter().sum();
    assert!((total - 113.0).abs() < 1e-9);
    assert_eq!(build_id(&setting.table_path("density")), bundled);
}
