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

#[cfg(test)]
mod tests {
    use super::{Contexts, Roles, reached};
    use crate::testing::assert_rows;
    use polars::prelude::*;

    /// Run r: an application thread, a shim, and a thread that `run.json` does not list.
    /// Run bare: no thread is listed.
    fn example(contexts: &str, roles: Option<&str>) -> LazyFrame {
        let facts = df!(
            "run" => ["r", "r", "r", "r", "r", "bare"],
            "pid" => [1, 1, 1, 2, 3, 9],
            "module" => ["vmlinux"; 6],
            "address" => [10_i64, 10, 20, 30, 40, 10],
            "function" => [Some("read"), Some("read"), Some("timer"), Some("shim"), None, Some("read")],
            "context" => ["task", "softirq", "hardirq", "task", "task", "task"],
            "observer" => [None::<&str>; 6],
            "calls" => [5_i64, 3, 2, 1, 4, 7],
        );
        let threads = df!("run" => ["r", "r"], "pid" => [1, 2], "role" => ["app", "shim"]);
        let runs = df!("run" => ["r", "bare"], "threads_listed" => [2_i64, 0]);
        let roles = roles.map_or(Roles::default(), |roles| roles.parse().unwrap());
        let (facts, threads, runs) = (facts.unwrap().lazy(), threads.unwrap().lazy(), runs.unwrap().lazy());
        reached(facts, threads, runs, &contexts.parse().unwrap(), &roles)
    }

    fn rows(rows: &[(&str, i64, Option<&str>, i64)]) -> DataFrame {
        df!(
            "run" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "module" => vec!["vmlinux"; rows.len()],
            "address" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "observer" => vec![None::<&str>; rows.len()],
            "function" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            "calls" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    #[test]
    fn shim_and_unlisted_threads_are_out_by_default_and_a_run_without_listed_threads_has_them_all() {
        assert_rows(example("task", None), &rows(&[("r", 10, Some("read"), 5), ("bare", 10, Some("read"), 7)]));
    }

    #[test]
    fn roles_asked_for_are_taken_literally() {
        assert_rows(
            example("task", Some("shim,other")),
            &rows(&[("r", 30, Some("shim"), 1), ("r", 40, None, 4), ("bare", 10, Some("read"), 7)]),
        );
        assert_rows(example("task", Some("app")), &rows(&[("r", 10, Some("read"), 5)]));
    }

    #[test]
    fn all_takes_every_context_and_every_role_and_adds_up_calls() {
        assert_rows(
            example("all", Some("all")),
            &rows(&[
                ("r", 10, Some("read"), 8),
                ("r", 20, Some("timer"), 2),
                ("r", 30, Some("shim"), 1),
                ("r", 40, None, 4),
                ("bare", 10, Some("read"), 7),
            ]),
        );
    }

    #[test]
    fn contexts_asked_for_are_taken_and_no_others() {
        assert_rows(
            example("softirq,hardirq", None),
            &rows(&[("r", 10, Some("read"), 3), ("r", 20, Some("timer"), 2)]),
        );
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
