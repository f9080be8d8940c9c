//! What the commands over groups of runs share: the runs chosen, what they reached, and how they are grouped.

use super::OutputArgs;
use super::ending::Ending;
use crate::dataset::Dataset;
use crate::groups::{Group, group_runs, named};
use crate::repetitions::warnings;
use crate::runs::{Run, check_key};
use crate::study::{Chosen, Scope, Study, choose};
use crate::{Error, Result};

/// Labels that make the groups.
#[derive(Debug, clap::Args)]
pub(super) struct GroupArgs {
    /// Labels that make the groups: columns of table runs, or free labels
    #[arg(long, value_name = "KEYS", value_delimiter = ',', default_value = "runtime,workload")]
    pub(super) by: Vec<String>,
}

impl GroupArgs {
    /// Checks that every key can name a column of a result that has these columns.
    pub(super) fn check(&self, runs: &[Run], columns: &[&str]) -> Result<()> {
        let runs: Vec<_> = runs.iter().collect();
        for (index, key) in self.by.iter().enumerate() {
            check_key(&runs, key)?;
            if columns.contains(&key.as_str()) || self.by.iter().take(index).any(|other| other == key) {
                return Err(Error::ReservedKey { key: key.clone() });
            }
        }
        Ok(())
    }
}

/// Runs in groups, with what they reached.
pub(super) struct Grouped<'a> {
    pub(super) runs: Vec<&'a Run>,
    pub(super) failed: Vec<&'a Run>,
    pub(super) groups: Vec<Group>,
    pub(super) study: Study,
    /// Labels in which the runs of a group differ.
    pub(super) differences: Vec<String>,
}

impl<'a> Grouped<'a> {
    /// Reads the runs of a scope.
    pub(super) fn load(dataset: &Dataset, all: &'a [Run], scope: &Scope, keys: &[String]) -> Result<Self> {
        Self::load_with_windows(dataset, all, scope, (keys, false))
    }

    /// Reads the runs of a scope, and with `keep_windows` what each of their windows held.
    pub(super) fn load_with_windows(
        dataset: &Dataset,
        all: &'a [Run],
        scope: &Scope,
        (keys, keep_windows): (&[String], bool),
    ) -> Result<Self> {
        let Chosen { runs, failed } = choose(all, scope, None)?;
        let study = Study::load_with_windows(dataset, &runs, scope, (false, keep_windows))?;
        let groups = group_runs(&runs, keys);
        let differences = warnings(&named(&runs, &groups), keys);
        Ok(Self { runs, failed, groups, study, differences })
    }

    /// What ends a command over these groups.
    pub(super) fn ending<'e>(&'e self, output: &'e OutputArgs, scope: &'e Scope, strict: bool) -> Ending<'e> {
        let Self { runs, failed, study, differences, .. } = self;
        Ending { output, scope, study, runs, failed, gaps: &[], differences, strict }
    }
}
