//! `schemas/json` says what the code says.
//!
//! `UPDATE_DOCS=1 cargo test -p hap-schemas` writes the files anew.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hap_schemas::{run_json_schema, table_schema, tables};
use serde::Serialize;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("json")
}

fn text(schema: &impl Serialize) -> String {
    serde_json::to_string_pretty(schema).unwrap() + "\n"
}

/// Text of each file, by its name.
fn made() -> BTreeMap<String, String> {
    let tables = tables::ALL.iter().map(|table| (format!("{}.table.json", table.id), text(&table_schema(table))));
    tables.chain([("run.schema.json".to_owned(), text(&run_json_schema()))]).collect()
}

fn kept() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let file = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).unwrap())
    };
    files.map(file).collect()
}

#[test]
fn the_files_in_json_are_those_that_the_code_makes() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (name, text) in made() {
            fs::write(folder().join(name), text).unwrap();
        }
    }
    assert_eq!(kept(), made(), "run UPDATE_DOCS=1 cargo test -p hap-schemas");
}
