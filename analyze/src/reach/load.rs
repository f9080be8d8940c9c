//! Reads runs side by side and gives their symbols one numbering.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::run::{LocalRun, read};
use super::symbols::{SharedSymbols, SourceAddresses};
use super::{Reach, Row, RunReach};
use crate::Result;
use crate::dataset::Dataset;
use crate::facts::{Contexts, Roles};
use crate::phase::Phase;
use crate::runs::Run;
use crate::study::Take;

/// Which calls the discovery of functions goes by.
#[derive(Clone, Debug)]
pub struct View {
    /// Contexts that count.
    pub contexts: Contexts,
    /// Roles that count.
    pub roles: Roles,
    /// Whether functions that are there because of the tracer count.
    pub observer: Take,
    /// Phase whose windows are the units of completeness.
    pub phase: Phase,
    /// Whether the functions of each window are kept, see [`super::RunWindows::held`].
    pub keep_windows: bool,
    /// Source functions of the kernel's symbols.
    pub(crate) sources: SourceAddresses,
}

impl View {
    /// Whether a row counts, by context, role and observer effect.
    pub(super) fn counts(&self, row: &Row, lists_threads: bool) -> bool {
        (self.observer == Take::Include || row.effect.is_none())
            && row.is_in(&self.contexts, &self.roles, lists_threads)
    }
}

impl Reach {
    /// Reads what runs reached.
    pub fn load(dataset: &Dataset, runs: &[&Run], view: &View) -> Result<Self> {
        let steps = dataset.progress().begin("reading runs", runs.len());
        let symbols = SharedSymbols::default();
        let run = |run: &&Run| {
            let mut run = read(dataset, run, view)?;
            // The texts of a run are given up at once: there are as many as rows, and nearly all runs have the same.
            let numbers = symbols.numbers(&std::mem::take(&mut run.symbols));
            run.reach.renumber(&numbers);
            steps.step();
            Ok(run)
        };
        let runs: Vec<LocalRun> = runs.par_iter().map(run).collect::<Result<_>>()?;
        Ok(Self::unified(runs, symbols))
    }

    fn unified(mut runs: Vec<LocalRun>, symbols: SharedSymbols) -> Self {
        let (symbols, places) = symbols.sorted();
        let effects: BTreeMap<String, u8> =
            runs.iter().flat_map(|run| run.effects.iter().cloned()).map(|effect| (effect, 0)).collect();
        let effects: BTreeMap<String, u8> = effects.into_keys().zip(0_u8..).collect();
        runs.par_iter_mut().for_each(|run| {
            run.reach.renumber(&places);
            for row in &mut run.reach.rows {
                let effect = row.effect.and_then(|effect| run.effects.get(usize::from(effect)));
                row.effect = effect.and_then(|effect| effects.get(effect)).copied();
            }
            run.reach.windows.passing.sort_unstable();
            run.reach.rows.sort_by_key(|row| (row.symbol, row.context, row.role, row.effect, row.grepped));
        });
        let runs = runs.into_iter().map(|run| run.reach).collect();
        Self { symbols, effects: effects.into_keys().collect(), runs }
    }
}

impl RunReach {
    /// Gives each symbol the number that `numbers` has for it.
    fn renumber(&mut self, numbers: &[u32]) {
        let symbols = self.rows.iter_mut().map(|row| &mut row.symbol).chain(&mut self.windows.passing);
        symbols.for_each(|symbol| *symbol = numbers.get(*symbol as usize).copied().unwrap_or(0));
    }
}
