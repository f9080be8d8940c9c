//! Which calls count: by execution context and by role of the thread.

use std::fmt;
use std::str::FromStr;

use hap_schemas::{Context, Role};
use polars::prelude::*;
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
fn parse_names<T>(text: &str, known: &[&str], parse: impl Fn(&str) -> Option<T>) -> Result<Option<Vec<T>>, UnknownName> {
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

/// Calls of the chosen contexts and roles, per run and function.
///
/// * `facts`: run, pid, module, address, function, context, observer, calls
/// * `threads`: run, pid, role; a thread that is not there has the role other
/// * `runs`: run, threads_listed
/// * out: run, module, address, observer, function, calls
pub fn reached(facts: LazyFrame, threads: LazyFrame, runs: LazyFrame, contexts: &Contexts, roles: &Roles) -> LazyFrame {
    with_roles(facts, threads, runs)
        .filter(context_condition(contexts).and(role_condition(roles)))
        .group_by([col("run"), col("module"), col("address"), col("observer")])
        .agg([col("function").min(), col("calls").sum()])
}

fn with_roles(facts: LazyFrame, threads: LazyFrame, runs: LazyFrame) -> LazyFrame {
    let thread = [col("run"), col("pid")];
    let left = || JoinArgs::new(JoinType::Left);
    facts
        .join(threads, &thread, &thread, left())
        .join(runs, [col("run")], [col("run")], left())
        .with_column(col("role").fill_null(lit(Role::Other.name())))
}

fn context_condition(contexts: &Contexts) -> Expr {
    match contexts {
        Contexts::All => lit(true),
        Contexts::Only(contexts) => is_one_of("context", contexts.iter().map(|context| context.name())),
    }
}

fn role_condition(roles: &Roles) -> Expr {
    match roles {
        Roles::All => lit(true),
        Roles::Only(roles) => is_one_of("role", roles.iter().map(|role| role.name())),
        Roles::Sandbox => {
            let counted = Role::ALL.into_iter().filter(|role| role.counts_by_default());
            is_one_of("role", counted.map(Role::name)).or(col("threads_listed").eq(lit(0)))
        }
    }
}

fn is_one_of<'a>(column: &str, names: impl Iterator<Item = &'a str>) -> Expr {
    names.fold(lit(false), |condition, name| condition.or(col(column).eq(lit(name))))
}
