//! `docs/reference/exit-codes.md` says what the code says.
//!
//! `UPDATE_DOCS=1 cargo test -p hap-schemas` writes the file anew.

#![cfg(test)]

use std::path::Path;

use hap_schemas::Exit;

const HEAD: &str = "# Exit codes\n\nMade from the code by `UPDATE_DOCS=1 cargo test -p hap-schemas`; a test compares.\n\n\
    The same in every command. Results are on stdout, all else on stderr. `--strict` turns 1 into 2. A reader that goes away (`hap-analyze ... | head -1`) is no error.\n\n\
    | code | meaning |\n|---|---|\n";

#[test]
fn the_document_of_exit_codes_says_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/exit-codes.md");
    let rows = Exit::ALL.map(|exit| format!("| {} | {} |\n", exit as u8, exit.meaning()));
    let made = HEAD.to_owned() + &rows.concat();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made, "run UPDATE_DOCS=1 cargo test -p hap-schemas");
}
