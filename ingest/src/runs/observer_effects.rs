//! Functions that are there only because somebody looks.

use std::collections::BTreeSet;

use hap_schemas::Context;

use super::name_pattern::{NamePattern, rows};

const LIST: &str = include_str!("../../data/observer_effects.tsv");

/// The list of `ingest/data/observer_effects.tsv`.
#[derive(Clone, Debug)]
pub(crate) struct ObserverEffects {
    effects: Vec<Effect>,
}

#[derive(Clone, Debug)]
struct Effect {
    pattern: NamePattern,
    name: &'static str,
    contexts: Vec<Context>,
    /// The function would run without the tracer on a thread that also runs one of these.
    unless: Vec<NamePattern>,
}

impl ObserverEffects {
    /// The bundled list.
    pub(crate) fn bundled() -> Self {
        let effect = |[pattern, name, contexts, unless]: [&'static str; 4]| Effect {
            pattern: NamePattern::parse(pattern),
            name,
            contexts: contexts.split(',').filter_map(Context::from_name).collect(),
            unless: unless.split(',').filter(|name| !name.is_empty()).map(NamePattern::parse).collect(),
        };
        Self { effects: rows(LIST).map(effect).collect() }
    }

    /// The effect that a function owes its presence to, given all functions that its thread ran in task context.
    pub(crate) fn effect_of(&self, function: &str, context: Context, thread: &BTreeSet<&str>) -> Option<&'static str> {
        let applies = |effect: &&Effect| {
            effect.contexts.contains(&context)
                && effect.pattern.matches(function)
                && !thread.iter().any(|other| effect.unless.iter().any(|pattern| pattern.matches(other)))
        };
        self.effects.iter().find(applies).map(|effect| effect.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hap_schemas::Context;

    use super::{LIST, ObserverEffects};
    use crate::runs::name_pattern::rows;

    #[test]
    fn a_traced_system_call_entry_is_an_effect_but_not_on_a_thread_with_a_seccomp_filter() {
        let list = ObserverEffects::bundled();
        let effect = |thread: &[&str]| {
            let thread: BTreeSet<&str> = thread.iter().copied().collect();
            list.effect_of("syscall_trace_enter.constprop.0", Context::Task, &thread)
        };
        assert_eq!(effect(&["ksys_read"]), Some("raw_syscalls"));
        assert_eq!(effect(&["ksys_read", "__seccomp_filter"]), None);
    }

    #[test]
    fn an_effect_applies_in_its_contexts_only() {
        let list = ObserverEffects::bundled();
        let effect = |context| list.effect_of("distribute_cfs_runtime", context, &BTreeSet::new());
        assert_eq!((effect(Context::Hardirq), effect(Context::Task)), (Some("cpu_quota"), None));
    }

    #[test]
    fn every_row_of_the_list_has_an_effect_contexts_and_a_reason() {
        for [pattern, effect, contexts, _, reason] in rows::<5>(LIST) {
            assert!(!effect.is_empty() && !reason.is_empty(), "{pattern}");
            assert!(contexts.split(',').all(|name| Context::from_name(name).is_some()), "{pattern}");
        }
    }
}
