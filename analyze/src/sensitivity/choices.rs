//! The grid of choices: the default, and each choice changed by itself.

use hap_schemas::{Context, Role};

use crate::facts::{Contexts, Roles};
use crate::measures::Identity;
use crate::metrics::Metric;
use crate::model::Model;
use crate::phase::Phase;
use crate::study::{Scope, Take};

/// How calls are taken for the sandbox's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// By thread, role and context.
    Exact,
    /// By the text filters of the published scripts, see [`super::PUBLISHED_INTERRUPTS`].
    Published,
}

/// Which calls a figure is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Contexts that count.
    pub contexts: Contexts,
    /// Roles that count.
    pub roles: Roles,
    /// Whether functions that are there because of the tracer count.
    pub observer: Take,
    /// Part of the run.
    pub phase: Phase,
    /// Position in [`crate::reach::MERGES`] of the windows by which steady state is judged.
    pub merge: usize,
    /// What makes two functions one.
    pub identity: Identity,
    /// How calls are taken for the sandbox's.
    pub text: Text,
    /// Whether the functions of idle runs are taken out.
    pub without_idle: bool,
    /// Share of the events that is lost, each by itself.
    pub loss: f64,
}

/// One choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What is chosen.
    pub dimension: &'static str,
    /// The value.
    pub value: String,
    /// Which calls count.
    pub filter: Filter,
    /// What is measured of them.
    pub metric: Metric,
}

/// What the grid depends on beside the scope.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Metric of the default.
    pub metric: Metric,
    /// Other metrics; what the kernel table cannot tell is not among them.
    pub metrics: Vec<Metric>,
    /// Models of bug density.
    pub models: Vec<Model>,
    /// Whether everything that is compared has idle runs.
    pub has_idle: bool,
    /// What is compared and has no idle runs, where something else has: nothing is subtracted from one side alone.
    pub lacks_idle: Vec<String>,
    /// Whether some run has the mark `load`.
    pub has_load: bool,
}

/// Shares of lost events.
const LOSSES: [f64; 3] = [0.01, 0.05, 0.2];

impl Grid {
    /// The default, then each choice.
    pub fn choices(&self, scope: &Scope) -> Vec<Choice> {
        let default = Filter {
            contexts: scope.contexts.clone(),
            roles: scope.roles.clone(),
            observer: scope.observer,
            phase: scope.phase,
            merge: 0,
            identity: Identity::Address,
            text: Text::Exact,
            without_idle: false,
            loss: 0.0,
        };
        let choice = |dimension, value: &str, filter: Filter, metric| Choice {
            dimension,
            value: value.to_owned(),
            filter,
            metric,
        };
        let mut choices = vec![choice("default", "", default.clone(), self.metric)];
        let filters = filters(&default, self);
        choices.extend(
            filters.into_iter().map(|(dimension, value, filter)| choice(dimension, &value, filter, self.metric)),
        );
        let metrics = self.metrics.iter().filter(|metric| **metric != self.metric);
        choices.extend(metrics.map(|metric| choice("metric", metric.name(), default.clone(), *metric)));
        let weighted = self.models.iter().map(|model| (model.name(), Metric::Weighted(*model)));
        choices.extend(weighted.map(|(name, metric)| choice("density", name, default.clone(), metric)));
        choices
    }
}

/// Each filter changed by itself, but for those that equal the default.
fn filters(default: &Filter, grid: &Grid) -> Vec<(&'static str, String, Filter)> {
    let mut filters = Vec::new();
    let contexts = [
        Contexts::Only(vec![Context::Task]),
        Contexts::Only(vec![Context::Task, Context::Softirq]),
        Contexts::Only(vec![Context::Task, Context::Softirq, Context::Hardirq]),
        Contexts::All,
    ];
    for contexts in contexts {
        filters.push(("contexts", contexts.to_string(), Filter { contexts, ..default.clone() }));
    }
    let user_space = [Role::App, Role::Runtime, Role::Vmm, Role::Sentry, Role::Gofer, Role::Virtiofsd, Role::Kvm];
    let roles = [
        ("all but shim and other", Roles::Sandbox),
        ("all", Roles::All),
        ("without kernel threads", Roles::Only(user_space.to_vec())),
    ];
    for (name, roles) in roles {
        filters.push(("roles", name.to_owned(), Filter { roles, ..default.clone() }));
    }
    let phases = [Phase::Steady, Phase::Load, Phase::All];
    for phase in phases.into_iter().filter(|phase| *phase != Phase::Load || grid.has_load) {
        filters.push(("phase", phase.name().to_owned(), Filter { phase, ..default.clone() }));
    }
    for (merge, name) in [(1, "windows merged by 2"), (2, "windows merged by 4")] {
        filters.push(("window", name.to_owned(), Filter { phase: Phase::Steady, merge, ..default.clone() }));
    }
    let other = if default.observer == Take::Include { Take::Exclude } else { Take::Include };
    let name = if other == Take::Include { "taken in" } else { "left out" };
    filters.push(("observer functions", name.to_owned(), Filter { observer: other, ..default.clone() }));
    filters.push(("identity", "name".to_owned(), Filter { identity: Identity::Name, ..default.clone() }));
    let published = Filter { text: Text::Published, identity: Identity::Name, ..default.clone() };
    filters.push(("filters", "published scripts".to_owned(), published));
    if grid.has_idle {
        filters.push(("idle functions", "subtracted".to_owned(), Filter { without_idle: true, ..default.clone() }));
    }
    for loss in LOSSES {
        filters.push(("event loss", format!("{} %", 100.0 * loss), Filter { loss, ..default.clone() }));
    }
    filters.retain(|(_, _, filter)| filter != default);
    filters
}

#[cfg(test)]
mod tests {
    use super::Grid;
    use crate::facts::{Contexts, Roles};
    use crate::metrics::Metric;
    use crate::model::Model;
    use crate::phase::Phase;
    use crate::study::{Scope, Take};
    use std::path::PathBuf;

    fn names(has_idle: bool, contexts: &str) -> Vec<String> {
        let scope = Scope {
            dataset: PathBuf::new(),
            selector: None,
            contexts: contexts.parse::<Contexts>().unwrap(),
            roles: Roles::default(),
            phase: Phase::Steady,
            observer: Take::Exclude,
            failed: Take::Exclude,
        };
        let metrics = vec![Metric::Functions, Metric::Lines];
        let grid = Grid {
            metric: Metric::Lines,
            metrics,
            models: vec![Model::Cve],
            has_idle,
            lacks_idle: Vec::new(),
            has_load: false,
        };
        grid.choices(&scope).iter().map(|choice| format!("{} {}", choice.dimension, choice.value)).collect()
    }

    #[test]
    fn every_choice_differs_from_the_default() {
        assert_eq!(
            names(false, "task"),
            [
                "default ",
                "contexts task,softirq",
                "contexts task,softirq,hardirq",
                "contexts all",
                "roles all",
                "roles without kernel threads",
                "phase all",
                "window windows merged by 2",
                "window windows merged by 4",
                "observer functions taken in",
                "identity name",
                "filters published scripts",
                "event loss 1 %",
                "event loss 5 %",
                "event loss 20 %",
                "metric functions",
                "density cve",
            ]
        );
    }

    #[test]
    fn idle_functions_are_a_choice_where_there_are_idle_runs_and_task_is_one_where_it_is_not_the_default() {
        let names = names(true, "all");
        assert!(names.contains(&"idle functions subtracted".to_owned()) && names.contains(&"contexts task".to_owned()));
        assert!(!names.contains(&"contexts all".to_owned()));
    }
}
