//! The text filters of the scripts behind the published figures (2018), as far as rows of calls can show them.
//!
//! * A line counted when it held the id of a traced thread anywhere: `grep PID` also finds longer ids.
//! * Interrupt functions were found by five names, as substrings, and left out with all that they called. On rows of calls
//!   that is the context that such a function enters: a run whose kernel has a function `*do_softirq*` loses its soft
//!   interrupts, one whose kernel calls its interrupt entries otherwise (5.8 renamed four of the five) keeps the rest.
//! * Functions were counted by name.

use std::collections::BTreeSet;

use hap_schemas::Context;

use crate::reach::{Reach, Row, RunReach};

/// The five names, each with the context that its function enters.
pub const PUBLISHED_INTERRUPTS: [(&str, Context); 5] = [
    ("smp_irq_work_interrupt", Context::Hardirq),
    ("smp_apic_timer_interrupt", Context::Hardirq),
    ("smp_reschedule_interrupt", Context::Hardirq),
    ("smp_call_function_single_interrupt", Context::Hardirq),
    ("do_softirq", Context::Softirq),
];

/// The rows of a run that the filters leave.
pub(super) fn filtered<'a>(reach: &'a Reach, run: &'a RunReach) -> Vec<&'a Row> {
    let interrupt = |row: &Row| {
        let name = reach.symbols.get(row.symbol as usize)?.name.as_deref()?;
        PUBLISHED_INTERRUPTS.iter().find(|(part, _)| name.contains(part)).map(|(_, context)| *context)
    };
    let entered: BTreeSet<Context> = run.rows.iter().filter_map(interrupt).collect();
    let keeps = |row: &&Row| row.grepped && interrupt(row).is_none() && !entered.contains(&row.context);
    run.rows.iter().filter(keeps).collect()
}

#[cfg(test)]
mod tests {
    use super::filtered;
    use crate::reach::{Reach, Row, RunReach, Symbol};
    use hap_schemas::{Context, Role};

    #[test]
    fn interrupts_go_by_their_old_names_and_threads_by_parts_of_their_ids() {
        let names = ["read", "__do_softirq", "tcp_v4_rcv", "sysvec_apic_timer_interrupt", "other"];
        let symbols = names.into_iter().zip(0..).map(|(name, address)| Symbol {
            module: "vmlinux".to_owned(),
            address,
            name: Some(name.to_owned()),
        });
        let row = |symbol, context, grepped| Row {
            symbol,
            context,
            role: Role::App,
            effect: None,
            grepped,
            calls: 1,
            steady_calls: [1; 3],
            load_calls: 1,
        };
        let rows = vec![
            row(0, Context::Task, true),
            row(1, Context::Softirq, true),
            row(2, Context::Softirq, true),
            row(3, Context::Hardirq, true),
            row(4, Context::Task, false),
        ];
        let run = RunReach { rows, ..RunReach::default() };
        let reach = Reach { symbols: symbols.collect(), effects: Vec::new(), runs: vec![run] };
        let kept: Vec<_> = filtered(&reach, &reach.runs[0]).iter().map(|row| row.symbol).collect();
        assert_eq!(kept, [0, 3]);
    }
}
