//! Which calls count: by execution context and by role of the thread.

use std::fmt;
use std::str::FromStr;

use hap_schemas::{Context, Role};
use thiserror::Error;

/// The execution contexts that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contexts {
    /// Every context.
    All,
    /// These.
    Only(Vec<Context>),
}

/// The thread roles that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roles {
    /// All but shim and other; in a run without a listed thread all.
    #[default]
    Sandbox,
    /// Every role.
    All,
    /// These.
    Only(Vec<Role>),
}

/// A name that is no context or role.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name:?} is none of {known}, all")]
pub struct UnknownName {
    name: String,
    known: String,
}

impl FromStr for Contexts {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let contexts = parse_names(text, &Context::ALL.map(Context::name), Context::from_name)?;
        Ok(contexts.map_or(Self::All, Self::Only))
    }
}

impl FromStr for Roles {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let roles = parse_names(text, &Role::ALL.map(Role::name), Role::parse)?;
        Ok(roles.map_or(Self::All, Self::Only))
    }
}

/// The things of a comma-separated list of names; none when `all` is among them.
fn parse_names<T>(
    text: &str,
    known: &[&str],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, UnknownName> {
    if text.split(',').any(|name| name == "all") {
        return Ok(None);
    }
    let unknown = |name: &str| UnknownName { name: name.to_owned(), known: known.join(", ") };
    text.split(',').map(|name| parse(name).ok_or_else(|| unknown(name))).collect::<Result<_, _>>().map(Some)
}

impl fmt::Display for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Only(contexts) => f.write_str(&contexts.iter().map(|c| c.name()).collect::<Vec<_>>().join(",")),
        }
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sandbox => f.write_str("all but shim and other (runs that list no thread: all)"),
            Self::All => f.write_str("all"),
            Self::Only(roles) => f.write_str(&roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(",")),
        }
    }
}

impl Contexts {
    /// Whether calls in a context count.
    pub fn hold(&self, context: Context) -> bool {
        match self {
            Self::All => true,
            Self::Only(contexts) => contexts.contains(&context),
        }
    }
}

impl Roles {
    /// Whether calls by threads of a role count, in a run that lists threads or does not.
    pub fn hold(&self, role: Role, lists_threads: bool) -> bool {
        match self {
            Self::Sandbox => role.counts_by_default() || !lists_threads,
            Self::All => true,
            Self::Only(roles) => roles.contains(&role),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Contexts, Roles};
    use hap_schemas::{Context, Role};

    fn roles(text: &str, lists_threads: bool) -> Vec<&'static str> {
        let roles: Roles = if text.is_empty() { Roles::default() } else { text.parse().unwrap() };
        Role::ALL.into_iter().filter(|role| roles.hold(*role, lists_threads)).map(Role::name).collect()
    }

    #[test]
    fn shim_and_other_are_out_by_default_and_a_run_without_listed_threads_has_them_all() {
        let counted = ["app", "runtime", "vmm", "sentry", "gofer", "virtiofsd", "vhost", "kvm", "kthread"];
        assert_eq!((roles("", true), roles("", false).len()), (counted.to_vec(), 11));
    }

    #[test]
    fn roles_asked_for_are_taken_literally() {
        assert_eq!((roles("shim,other", false), roles("app,all", true).len()), (vec!["shim", "other"], 11));
    }

    #[test]
    fn contexts_asked_for_are_taken_and_no_others() {
        let contexts = |text: &str| {
            let contexts: Contexts = text.parse().unwrap();
            Context::ALL.into_iter().filter(|context| contexts.hold(*context)).map(Context::name).collect::<Vec<_>>()
        };
        assert_eq!(contexts("softirq,hardirq"), ["softirq", "hardirq"]);
        assert_eq!(contexts("task,all"), ["task", "softirq", "hardirq", "nmi"]);
    }

    #[test]
    fn a_name_that_is_no_context_or_role_is_an_error_that_lists_them() {
        assert_eq!(
            "task,irq".parse::<Contexts>().unwrap_err().to_string(),
            "\"irq\" is none of task, softirq, hardirq, nmi, all"
        );
        assert!("application".parse::<Roles>().is_err());
    }
}
