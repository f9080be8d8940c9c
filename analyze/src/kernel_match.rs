//! Which kernel table belongs to the runs of a query: one, the same for all of them.

use std::path::Path;

use crate::blind_spot::BlindSpot;
use crate::runs::{Run, list_or_none};
use crate::{Error, Result};

/// A kernel that has tables in the dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Build id in hexadecimal.
    pub build_id: String,
    /// Hash over its global text symbols.
    pub fingerprint: String,
    /// `uname -r`.
    pub release: Option<String>,
    /// The part that ftrace cannot see; none where the table does not tell.
    pub blind_spot: Option<BlindSpot>,
    /// Folder of its tables, `build_id=...`.
    pub folder: String,
}

/// The kernel of the runs; none when they are all of one kernel that has no table.
///
/// A run with a build id has the table of that build id, one without has the table with its fingerprint.
/// Runs of different kernels are an error: their addresses mean different functions.
pub fn kernel_of<'k>(runs: &[&Run], kernels: &'k [Kernel]) -> Result<Option<&'k Kernel>> {
    let Some((first, others)) = runs.split_first() else { return Ok(None) };
    let kernel = table_of(first, kernels);
    for run in others {
        if !same_kernel((first, kernel), (run, table_of(run, kernels))) {
            return Err(Error::MixedKernels {
                first: first.id.clone(),
                first_id: identity(first, kernel),
                second: run.id.clone(),
                second_id: identity(run, table_of(run, kernels)),
            });
        }
    }
    Ok(kernel)
}

/// The error for runs whose kernel has no table.
pub fn no_table(runs: &[&Run], kernels: &[Kernel], dataset: &Path) -> Error {
    Error::NoKernelTable {
        run: runs.first().map(|run| run.id.clone()).unwrap_or_default(),
        wanted: runs.first().map(|run| identity(run, None)).unwrap_or_default(),
        found: list_or_none(kernels.iter().map(|kernel| kernel.build_id.as_str())),
        dataset: dataset.to_owned(),
    }
}

fn table_of<'k>(run: &Run, kernels: &'k [Kernel]) -> Option<&'k Kernel> {
    match (run.build_id(), run.fingerprint()) {
        (Some(build_id), _) => kernels.iter().find(|kernel| kernel.build_id == build_id),
        (None, Some(fingerprint)) => kernels.iter().find(|kernel| kernel.fingerprint == fingerprint),
        (None, None) => None,
    }
}

/// Two runs are of one kernel when their tables are the same, or else their build ids, or else their fingerprints.
fn same_kernel(first: (&Run, Option<&Kernel>), second: (&Run, Option<&Kernel>)) -> bool {
    let ((run, table), (other, other_table)) = (first, second);
    match (table, other_table, run.build_id(), other.build_id()) {
        (Some(table), Some(other), _, _) => table.build_id == other.build_id,
        (_, _, Some(id), Some(other)) => id == other,
        _ => run.fingerprint() == other.fingerprint(),
    }
}

/// Build id of a run, its own or that of its table; else what is known of its kernel.
fn identity(run: &Run, table: Option<&Kernel>) -> String {
    if let Some(id) = run.build_id().or(table.map(|kernel| kernel.build_id.as_str())) {
        return id.to_owned();
    }
    let fingerprint = run.fingerprint().unwrap_or("unknown");
    let release = run.value("kernel_release").unwrap_or("unknown");
    format!("unknown, kernel fingerprint {fingerprint}, release {release}")
}

#[cfg(test)]
mod tests {
    use super::{Kernel, kernel_of, no_table};
    use crate::runs::Run;
    use std::path::Path;

    fn run(id: &str, columns: &[(&str, &str)]) -> Run {
        let columns = columns.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Run { id: id.to_owned(), columns, ..Run::default() }
    }

    fn kernel(build_id: &str, fingerprint: &str) -> Kernel {
        Kernel { build_id: build_id.to_owned(), fingerprint: fingerprint.to_owned(), ..Kernel::default() }
    }

    #[test]
    fn a_run_without_build_id_has_the_table_with_its_fingerprint() {
        let kernels = [kernel("aa", "f1"), kernel("bb", "f2")];
        let (by_id, by_print) = (run("1", &[("build_id", "bb")]), run("2", &[("kernel_fingerprint", "f2")]));
        assert_eq!(kernel_of(&[&by_id, &by_print], &kernels).unwrap(), Some(&kernels[1]));
    }

    #[test]
    fn different_kernels_in_one_query_are_an_error_that_names_both() {
        let kernels = [kernel("aa", "f1")];
        let (a, b) = (run("1", &[("build_id", "aa")]), run("2", &[("build_id", "cc")]));
        assert_eq!(
            kernel_of(&[&a, &b], &kernels).unwrap_err().to_string(),
            "runs of different kernels cannot be joined: 1 has build id aa, 2 has build id cc; \
             choose one with --where build_id=..."
        );
    }

    #[test]
    fn a_build_id_is_not_matched_by_fingerprint_and_the_error_names_both_ids_and_the_command() {
        let kernels = [kernel("aa", "f1"), kernel("bb", "f2")];
        let a = run("1", &[("build_id", "cc"), ("kernel_fingerprint", "f1")]);
        assert_eq!(kernel_of(&[&a], &kernels).unwrap(), None);
        assert_eq!(
            no_table(&[&a], &kernels, Path::new("ds")).to_string(),
            "run 1: no kernel table for build id cc; kernel tables in the dataset: aa, bb; \
             make it with `hap-ingest kernel --vmlinux F --modules DIR --out ds`"
        );
    }

    #[test]
    fn a_run_without_build_id_and_table_is_named_by_fingerprint_and_release() {
        let a = run("1", &[("kernel_fingerprint", "f1"), ("kernel_release", "6.1")]);
        assert_eq!(
            no_table(&[&a], &[], Path::new("ds")).to_string(),
            "run 1: no kernel table for build id unknown, kernel fingerprint f1, release 6.1; kernel tables in the \
             dataset: none; make it with `hap-ingest kernel --vmlinux F --modules DIR --out ds`"
        );
    }

    #[test]
    fn runs_without_tables_are_of_one_kernel_by_build_id_else_by_fingerprint() {
        let a = run("1", &[("build_id", "aa"), ("kernel_fingerprint", "f1")]);
        let b = run("2", &[("kernel_fingerprint", "f1")]);
        let c = run("3", &[("kernel_fingerprint", "f2")]);
        assert_eq!(kernel_of(&[&a, &b], &[]).unwrap(), None);
        assert!(kernel_of(&[&a, &c], &[]).is_err());
    }
}
