//! What the commands over groups of runs share: the runs chosen, what they reached, and how they are grouped.

use super::ending::Ending;
use super::{Opened, OutputArgs};
use crate::groups::{Group, group_runs, named};
use crate::repetitions::warnings;
use crate::runs::{Run, check_key};
use crate::study::{Chosen, Study, choose};
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

/// What a command needs of its runs.
#[derive(Clone, Copy, Default)]
pub(super) struct Needs<'a> {
    /// Labels that make the groups; without any all runs are one.
    pub(super) keys: &'a [String],
    /// Whether a kernel without a table is an error.
    pub(super) kernel: bool,
    /// Whether what each window held is kept.
    pub(super) windows: bool,
    /// Whether [`Study::sources`] is filled.
    pub(super) sources: bool,
}

impl<'a> Grouped<'a> {
    /// Reads the runs of an opened scope.
    pub(super) fn load(opened: &'a Opened, needs: Needs) -> Result<Self> {
        let Opened { scope, dataset, all, .. } = opened;
        let Chosen { runs, failed } = choose(all, scope, None)?;
        let mut study = Study::load_with_windows(dataset, &runs, scope, (needs.kernel, needs.windows))?;
        if needs.sources {
            study = study.with_sources(dataset, &runs)?;
        }
        let groups = group_runs(&runs, needs.keys);
        let differences = warnings(&named(&runs, &groups), needs.keys);
        Ok(Self { runs, failed, groups, study, differences })
    }

    /// What ends a command over these groups.
    pub(super) fn ending<'e>(&'e self, opened: &'e Opened, output: &'e OutputArgs) -> Ending<'e> {
        let Self { runs, failed, study, differences, .. } = self;
        Ending { output, scope: &opened.scope, study, runs, failed, gaps: &[], differences, strict: opened.strict }
    }
}
