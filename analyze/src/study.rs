//! What every command starts from: the runs chosen, and the functions that each of them reached.

use std::path::PathBuf;

use hap_schemas::Selector;
use polars::prelude::*;
use rayon::prelude::*;

use crate::blind_spot::BlindSpot;
use crate::dataset::Dataset;
use crate::facts::{Contexts, Roles};
use crate::functions::Functions;
use crate::kernel_match::{self, Kernel};
use crate::phase::Phase;
use crate::reach::{Reach, Row, RunWindows, SourceAddresses, View};
use crate::render::{counted, thousands};
use crate::runs::{Run, select};
use crate::sources;
use crate::{Error, Result};
use hap_statistics::function_set::FunctionSet;

/// Whether something unusual is taken into the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Take {
    /// It is left out, and named.
    Exclude,
    /// It is taken in.
    Include,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Folder of the dataset.
    pub dataset: PathBuf,
    /// Which runs; none: all.
    pub selector: Option<Selector>,
    /// Which contexts.
    pub contexts: Contexts,
    /// Which thread roles.
    pub roles: Roles,
    /// Which part of the run.
    pub phase: Phase,
    /// Functions that are there only because the tracer looks.
    pub observer: Take,
    /// Runs that are marked as failed.
    pub failed: Take,
}

/// Runs that a selector matched.
#[derive(Clone, Debug, Default)]
pub struct Chosen<'a> {
    /// Those to measure.
    pub runs: Vec<&'a Run>,
    /// Failed ones that are left out.
    pub failed: Vec<&'a Run>,
}

/// The runs that meet the scope's selector and one more, failed ones apart.
pub fn choose<'a>(runs: &'a [Run], scope: &Scope, also: Option<&Selector>) -> Result<Chosen<'a>> {
    let all: Vec<_> = runs.iter().collect();
    let selectors: Vec<_> = scope.selector.iter().chain(also).collect();
    let matching = select(&all, &selectors)?;
    let is_out = |run: &&Run| scope.failed == Take::Exclude && run.failure().is_some();
    let (failed, runs): (Vec<_>, Vec<_>) = matching.into_iter().partition(is_out);
    if runs.is_empty() {
        return Err(Error::AllFailed { runs: crate::status::failed(&failed).unwrap_or_default() });
    }
    Ok(Chosen { runs, failed })
}

/// A function that is there because of the tracing, and how often it was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObserverFunction {
    /// What brings it in.
    pub effect: String,
    /// Its name.
    pub function: String,
    /// Calls in all runs.
    pub calls: i64,
}

/// How many functions of a group of runs lack something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupGaps {
    /// The group.
    pub group: String,
    /// No row in the kernel table.
    pub unknown: usize,
    /// A row, but no extent.
    pub without_lines: usize,
    /// No complexity.
    pub without_complexity: usize,
}

/// The functions of some runs.
#[derive(Debug)]
pub struct Study {
    /// The kernel of the runs; none where it has no table.
    pub kernel: Option<Kernel>,
    /// What each run reached, as rows of numbers, in every context and role.
    pub reach: Reach,
    /// The functions that these numbers stand for.
    pub functions: Functions,
    /// The same as a frame, see [`Study::with_sources`].
    pub sources: DataFrame,
    /// Observer functions in the chosen contexts and roles, most called first.
    pub observers: Vec<ObserverFunction>,
    scope: Scope,
}

impl Study {
    /// Reads what the runs reached. With `needs_kernel` a kernel without a table is an error.
    pub fn load(dataset: &Dataset, runs: &[&Run], scope: &Scope, needs_kernel: bool) -> Result<Self> {
        Self::load_with_windows(dataset, runs, scope, (needs_kernel, false))
    }

    /// Reads what the runs reached, and with `keep_windows` what each of their windows held.
    pub fn load_with_windows(
        dataset: &Dataset,
        runs: &[&Run],
        scope: &Scope,
        (needs_kernel, keep_windows): (bool, bool),
    ) -> Result<Self> {
        let kernels = dataset.kernels()?;
        let kernel = kernel_match::kernel_of(runs, &kernels)?.cloned();
        if kernel.is_none() && needs_kernel {
            return Err(kernel_match::no_table(runs, &kernels, dataset.root()));
        }
        let kernel_functions = || kernel.as_ref().map(|kernel| dataset.kernel_functions(kernel)).transpose();
        let view = View {
            contexts: scope.contexts.clone(),
            roles: scope.roles.clone(),
            observer: scope.observer,
            phase: scope.phase,
            keep_windows,
            sources: kernel_functions()?.map_or_else(|| Ok(SourceAddresses::default()), SourceAddresses::new)?,
        };
        let reach = Reach::load(dataset, runs, &view)?;
        let functions = Functions::new(&reach.symbols, kernel_functions()?)?;
        let mut study =
            Self { kernel, reach, functions, sources: DataFrame::empty(), observers: Vec::new(), scope: scope.clone() };
        study.observers = observer_functions(&observer_calls(study.observer_rows()?).collect()?)?;
        Ok(study)
    }

    /// Fills [`Study::sources`] for the queries on frames: what each run reached in the chosen contexts, roles and phase,
    /// as [`sources::with_sources`] gives it; observer functions are in it only if asked for.
    pub fn with_sources(mut self, dataset: &Dataset, runs: &[&Run]) -> Result<Self> {
        let reached = self.reached(runs)?.lazy();
        let all = match &self.kernel {
            Some(kernel) => sources::with_sources(reached, dataset.kernel_functions(kernel)?),
            None => sources::without_sources(reached),
        };
        self.sources = all.collect()?;
        Ok(self)
    }

    /// What was looked at.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The rows of a run that count.
    pub fn rows(&self, run: usize) -> impl Iterator<Item = &Row> {
        let keeps = |row: &Row| self.scope.observer == Take::Include || row.effect.is_none();
        self.rows_with_observers(run).filter(move |row| keeps(row))
    }

    fn rows_with_observers(&self, run: usize) -> impl Iterator<Item = &Row> {
        let scope = &self.scope;
        self.reach.runs.get(run).into_iter().flat_map(move |run| {
            let counts = |row: &Row| row.is_in(&scope.contexts, &scope.roles, run.lists_threads);
            run.rows.iter().filter(move |row| counts(row) && row.calls_in(scope.phase) > 0)
        })
    }

    /// The symbols of each run that count, by number.
    pub fn symbols_of_runs(&self) -> Vec<Vec<u32>> {
        let symbols = |run| {
            let mut symbols: Vec<u32> = self.rows(run).map(|row| row.symbol).collect();
            symbols.dedup();
            symbols
        };
        (0..self.reach.runs.len()).into_par_iter().map(symbols).collect()
    }

    /// The functions that any run reached, as rows of [`Functions::frame`].
    pub fn reached_functions(&self) -> PolarsResult<DataFrame> {
        let mut reached = FunctionSet::of(self.functions.len(), []);
        self.function_sets().iter().for_each(|set| reached.unite(set));
        let is_reached: BooleanChunked = (0..self.functions.len()).map(|f| Some(reached.contains(f as u32))).collect();
        self.functions.frame.filter(&is_reached)
    }

    /// What is not known of the functions that groups of runs, by position, reached; sorted by the groups' names.
    pub fn gaps(&self, groups: impl IntoIterator<Item = (String, Vec<usize>)>) -> Vec<GroupGaps> {
        let sets = self.function_sets();
        let gaps = |(group, runs): (String, Vec<usize>)| {
            let mut union = FunctionSet::of(self.functions.len(), []);
            runs.iter().filter_map(|run| sets.get(*run)).for_each(|set| union.unite(set));
            let mut gaps = GroupGaps { group, ..GroupGaps::default() };
            for function in union.functions().map(|function| function as usize) {
                let lacks = |values: &[Option<i64>]| usize::from(values.get(function).is_none_or(Option::is_none));
                let known = usize::from(self.functions.known.get(function) == Some(&true));
                gaps.unknown += lacks(&self.functions.lines) * (1 - known);
                gaps.without_lines += lacks(&self.functions.lines) * known;
                gaps.without_complexity += lacks(&self.functions.complexity);
            }
            gaps
        };
        let mut found: Vec<_> = groups.into_iter().map(gaps).collect();
        found.sort_by(|a, b| a.group.cmp(&b.group));
        found
    }

    /// The functions of each run that count, by number.
    pub fn function_sets(&self) -> Vec<FunctionSet> {
        let function = |row: &Row| self.functions.of_symbol.get(row.symbol as usize).copied();
        let set = |run| FunctionSet::of(self.functions.len(), self.rows(run).filter_map(function));
        (0..self.reach.runs.len()).into_par_iter().map(set).collect()
    }

    /// The functions of each run that one window of the phase alone holds; none in a run without windows.
    pub fn passing_sets(&self) -> Vec<Option<FunctionSet>> {
        let function = |symbol: &u32| self.functions.of_symbol.get(*symbol as usize).copied();
        let set = |windows: &RunWindows| {
            let passing = windows.passing.iter().filter_map(function);
            (!windows.new_functions.is_empty()).then(|| FunctionSet::of(self.functions.len(), passing))
        };
        self.reach.runs.iter().map(|run| set(&run.windows)).collect()
    }

    /// How many of some runs, by position, get steady.
    pub fn steady_runs(&self, runs: &[usize]) -> usize {
        let is_steady =
            |run: &&usize| self.reach.runs.get(**run).is_some_and(|run| run.windows.steady.window().is_some());
        runs.iter().filter(is_steady).count()
    }

    /// Calls per run and function symbol: run, module, address, observer, function, calls.
    fn reached(&self, runs: &[&Run]) -> PolarsResult<DataFrame> {
        let rows = || (0..runs.len()).flat_map(|run| self.rows(run).map(move |row| (run, row)));
        let symbols = || rows().filter_map(|(_, row)| self.reach.symbols.get(row.symbol as usize));
        let frame = df!(
            "run" => rows().filter_map(|(run, _)| Some(runs.get(run)?.id.as_str())).collect::<Vec<_>>(),
            "module" => symbols().map(|symbol| symbol.module.as_str()).collect::<Vec<_>>(),
            "address" => symbols().map(|symbol| symbol.address).collect::<Vec<_>>(),
            "observer" => rows().map(|(_, row)| self.effect(row)).collect::<Vec<_>>(),
            "function" => symbols().map(|symbol| symbol.name.as_deref()).collect::<Vec<_>>(),
            "calls" => rows().map(|(_, row)| row.calls_in(self.scope.phase)).collect::<Vec<_>>(),
        )?;
        frame
            .lazy()
            .group_by([col("run"), col("module"), col("address"), col("observer")])
            .agg([col("function").min(), col("calls").sum()])
            .collect()
    }

    fn effect(&self, row: &Row) -> Option<&str> {
        row.effect.and_then(|effect| self.reach.effects.get(usize::from(effect))).map(String::as_str)
    }

    /// Calls of observer functions in the chosen contexts and roles: observer, function, calls.
    fn observer_rows(&self) -> PolarsResult<LazyFrame> {
        let runs = 0..self.reach.runs.len();
        let rows: Vec<_> =
            runs.flat_map(|run| self.rows_with_observers(run)).filter(|row| row.effect.is_some()).collect();
        let function = |row: &&Row| {
            let function = self.functions.of_symbol.get(row.symbol as usize)?;
            self.functions.names.get(*function as usize)?.as_deref()
        };
        let frame = df!(
            "observer" => rows.iter().map(|row| self.effect(row)).collect::<Vec<_>>(),
            "function" => rows.iter().map(function).collect::<Vec<_>>(),
            "calls" => rows.iter().map(|row| row.calls_in(self.scope.phase)).collect::<Vec<_>>(),
        )?;
        Ok(frame.lazy())
    }

    /// Executable lines of the kernel, as [`Dataset::kernel_lines`] gives them; none where there is no table.
    pub fn kernel_lines(&self, dataset: &Dataset) -> Result<Option<LazyFrame>> {
        self.kernel.as_ref().map(|kernel| dataset.kernel_lines(kernel)).transpose()
    }

    /// What ftrace cannot see of the kernel; none where there is no table, or it does not tell.
    pub fn blind_spot(&self) -> Option<BlindSpot> {
        self.kernel.as_ref().and_then(|kernel| kernel.blind_spot)
    }

    /// Fails where the complexity of not one function reached is known, as with a kernel table made without sources:
    /// its figures would be 0, as those of the leanest sandbox.
    pub fn check_complexity(&self, dataset: &Dataset) -> Result<()> {
        let reached = self.reached_functions()?;
        let known = reached.height() - reached.column("complexity")?.null_count();
        match &self.kernel {
            Some(kernel) if known == 0 && reached.height() > 0 => {
                Err(Error::NoComplexity { build_id: kernel.build_id.clone(), dataset: dataset.root().to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Observer functions by effect, with their calls; none without any.
    pub fn observers_text(&self) -> Option<String> {
        let mut effects: Vec<&str> = self.observers.iter().map(|observer| observer.effect.as_str()).collect();
        effects.sort_unstable();
        effects.dedup();
        let of_effect = |effect: &str| {
            let functions = self.observers.iter().filter(|observer| observer.effect == effect);
            let functions = functions.map(|o| format!("{} ({})", o.function, counted(o.calls as usize, "call")));
            format!("{effect}: {}", functions.collect::<Vec<_>>().join(", "))
        };
        (!effects.is_empty()).then(|| effects.into_iter().map(of_effect).collect::<Vec<_>>().join("; "))
    }

    /// Runs without a single function in the chosen contexts and roles.
    pub fn silent_runs<'a>(&self, runs: &[&'a Run]) -> Vec<&'a str> {
        let silent = |(index, _): &(usize, &&Run)| self.rows(*index).next().is_none();
        runs.iter().enumerate().filter(silent).map(|(_, run)| run.id.as_str()).collect()
    }
}

/// Calls of observer functions over all runs: observer, function, calls; most called first.
pub fn observer_calls(sources: LazyFrame) -> LazyFrame {
    let order = SortMultipleOptions::default().with_order_descending_multi([true, false, false]);
    sources
        .filter(col("observer").is_not_null())
        .group_by([col("observer"), col("function").fill_null(lit("unknown"))])
        .agg([col("calls").sum()])
        .sort(["calls", "observer", "function"], order)
}

fn observer_functions(calls: &DataFrame) -> PolarsResult<Vec<ObserverFunction>> {
    let (effects, functions) = (calls.column("observer")?.str()?, calls.column("function")?.str()?);
    let rows = effects.iter().zip(functions.iter()).zip(calls.column("calls")?.i64()?.iter());
    let observer = |((effect, function), calls): ((Option<&str>, Option<&str>), Option<i64>)| ObserverFunction {
        effect: effect.unwrap_or_default().to_owned(),
        function: function.unwrap_or_default().to_owned(),
        calls: calls.unwrap_or(0),
    };
    Ok(rows.map(observer).collect())
}

/// The text for [`Study::gaps`], a line for each kind, those of complexity if asked for; empty when there are none.
pub fn gap_notes(gaps: &[GroupGaps], with_complexity: bool) -> Vec<String> {
    type Count = fn(&GroupGaps) -> usize;
    let kinds: [(Count, &str); 3] = [
        (|gaps| gaps.unknown, "functions without a row in the kernel table, counted as functions without lines"),
        (|gaps| gaps.without_lines, "functions whose extent the kernel table does not tell, counted without lines"),
        (|gaps| gaps.without_complexity, "functions whose complexity the kernel table does not tell, counted as 0"),
    ];
    let kinds = kinds.into_iter().take(if with_complexity { 3 } else { 2 });
    let note = |(count, what): (Count, &str)| {
        let found = gaps.iter().filter(|gaps| count(gaps) > 0);
        let texts: Vec<_> = found.map(|gaps| format!("{} {}", gaps.group, thousands(count(gaps) as i64))).collect();
        (!texts.is_empty()).then(|| format!("{what}: {}", texts.join(", ")))
    };
    kinds.filter_map(note).collect()
}
