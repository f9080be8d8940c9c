//! Reads runs side by side and gives their symbols one numbering.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::run::{LocalRun, read};
use super::symbols::{SourceAddresses, unify};
use super::{Reach, Row};
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
        let runs: Vec<LocalRun> = runs.par_iter().map(|run| read(dataset, run, view)).collect::<Result<_>>()?;
        Ok(Self::unified(runs))
    }

    fn unified(mut runs: Vec<LocalRun>) -> Self {
        let local: Vec<_> = runs.iter_mut().map(|run| std::mem::take(&mut run.symbols)).collect();
        let (symbols, numbers) = unify(&local);
        let effects: BTreeMap<String, u8> =
            runs.iter().flat_map(|run| run.effects.iter().cloned()).map(|effect| (effect, 0)).collect();
        let effects: BTreeMap<String, u8> = effects.into_keys().zip(0_u8..).collect();
        for (run, numbers) in runs.iter_mut().zip(&numbers) {
            for row in &mut run.reach.rows {
                row.symbol = numbers.get(row.symbol as usize).copied().unwrap_or(0);
                let effect = row.effect.and_then(|effect| run.effects.get(usize::from(effect)));
                row.effect = effect.and_then(|effect| effects.get(effect)).copied();
            }
            for symbol in &mut run.reach.windows.passing {
                *symbol = numbers.get(*symbol as usize).copied().unwrap_or(0);
            }
            run.reach.windows.passing.sort_unstable();
            run.reach.rows.sort_by_key(|row| (row.symbol, row.context, row.role, row.effect, row.grepped));
        }
        let runs = runs.into_iter().map(|run| run.reach).collect();
        Self { symbols, effects: effects.into_keys().collect(), runs }
    }
}
