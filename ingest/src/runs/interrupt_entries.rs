//! Interrupt-entry functions: they run before `preempt_count` says so, and carry the flags of what was interrupted.

use hap_ftrace::{FLAG_HARDIRQ, FLAG_NMI, FLAG_SOFTIRQ};
use hap_schemas::Context;

use super::name_pattern::{NamePattern, rows};

const LIST: &str = include_str!("../../data/interrupt_entries.tsv");

/// The list of `ingest/data/interrupt_entries.tsv`.
#[derive(Clone, Debug)]
pub(crate) struct InterruptEntries {
    entries: Vec<(NamePattern, Context)>,
}

impl InterruptEntries {
    /// The bundled list.
    pub(crate) fn bundled() -> Self {
        let entry = |[pattern, context]: [&str; 2]| Some((NamePattern::parse(pattern), Context::from_name(context)?));
        Self { entries: rows(LIST).filter_map(entry).collect() }
    }

    /// The context that a function enters, if it is an entry function.
    pub(crate) fn context_of(&self, function: &str) -> Option<Context> {
        self.entries.iter().find(|(pattern, _)| pattern.matches(function)).map(|(_, context)| *context)
    }
}

/// The context that the flags of an event tell. A hardware interrupt that interrupted a soft one has both flags.
#[inline]
pub(crate) fn context_of_flags(flags: u8) -> Context {
    CONTEXTS.get(usize::from(flags)).copied().unwrap_or(Context::Task)
}

/// By flags: looked up, since the processor guesses wrongly at every change of the context.
const CONTEXTS: [Context; 256] = {
    let mut contexts = [Context::Task; 256];
    let mut flags = 0;
    while flags < 256 {
        contexts[flags] = if flags as u8 & FLAG_NMI != 0 {
            Context::Nmi
        } else if flags as u8 & FLAG_HARDIRQ != 0 {
            Context::Hardirq
        } else if flags as u8 & FLAG_SOFTIRQ != 0 {
            Context::Softirq
        } else {
            Context::Task
        };
        flags += 1;
    }
    contexts
};

#[cfg(test)]
mod tests {
    use hap_schemas::Context::{self, Hardirq, Nmi, Softirq, Task};

    use super::{InterruptEntries, LIST, context_of_flags};
    use crate::runs::name_pattern::rows;

    #[test]
    fn flags_tell_the_innermost_context() {
        let contexts = [0x00, 0x01, 0x80, 0x10, 0x08, 0x18, 0x40, 0x58].map(context_of_flags);
        assert_eq!(contexts, [Task, Task, Task, Softirq, Hardirq, Hardirq, Nmi, Nmi]);
    }

    #[test]
    fn trap_14_entry_functions_have_the_context_that_they_enter() {
        let list = InterruptEntries::bundled();
        let names =
            ["irq_enter_rcu", "sysvec_apic_timer_interrupt", "handle_softirqs", "exc_nmi", "ksys_read", "irq_exit_rcu"];
        let expected = [Some(Hardirq), Some(Hardirq), Some(Softirq), Some(Nmi), None, None];
        assert_eq!(names.map(|name| list.context_of(name)), expected);
    }

    #[test]
    fn every_row_of_the_list_has_a_context_and_a_first_kernel_version() {
        for [pattern, context, since, until, _] in rows::<5>(LIST) {
            assert!(Context::from_name(context).is_some(), "{pattern}");
            assert!(since.split('.').all(|part| part.parse::<u32>().is_ok()), "{pattern}");
            assert!(until.is_empty() || until.split('.').all(|part| part.parse::<u32>().is_ok()), "{pattern}");
        }
    }
}
