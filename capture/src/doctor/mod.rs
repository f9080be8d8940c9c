//! Whether this host can be traced, what is missing, and the command that mends it.

mod engines;
mod storage;
mod tracing;
mod virtualization;

use std::path::Path;

use serde::Serialize;

use crate::host::Host;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Recording works, but not everything does.
    Limited,
    /// Recording does not work.
    Missing,
}

/// One line of the doctor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// The command, or the change, that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, health: Health::Ok, found: found.into(), mend: None }
    }

    fn limited(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, health: Health::Limited, found: found.into(), mend: Some(mend.into()) }
    }

    fn missing(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, health: Health::Missing, found: found.into(), mend: Some(mend.into()) }
    }
}

/// Looks at everything. Runs are to be written to `out`.
pub fn examine(host: &Host, out: &Path) -> Vec<Check> {
    let mut checks = tracing::checks(host);
    checks.extend(virtualization::checks(host));
    checks.push(engines::cgroups(host));
    checks.extend(engines::docker());
    checks.extend(storage::checks(out));
    checks
}
