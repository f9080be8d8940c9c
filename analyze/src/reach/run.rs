//! The files of one run, read into rows with numbers of the run's own.

use foldhash::{HashMap, HashMapExt};

use hap_schemas::{Context, Role, tables};
use polars::prelude::*;

use super::symbols::{LocalSymbols, Symbol};
use super::windows::WindowCall;
use super::{Row, RunReach, RunWindows, View};
use crate::dataset::Dataset;
use crate::parquet_file::{read_file, table_error};
use crate::phase::Phase;
use crate::runs::Run;
use crate::{Error, Result};

/// Windows above which a run is refused: a series of them would not fit into memory.
const MOST_WINDOWS: i64 = 10_000_000;

/// A run with numbers of its own.
#[derive(Debug)]
pub(super) struct LocalRun {
    pub(super) reach: RunReach,
    pub(super) symbols: Vec<Symbol>,
    pub(super) effects: Vec<String>,
}

/// Rows by (symbol, context, role, effect, grepped).
type RowKey = (u32, Context, Role, Option<u8>, bool);
/// A row of table `windows`: window, number of the row of the fact table, calls.
type WindowRow = (i64, usize, i64);
/// Thread, module, address and context of such a row.
type WindowKey<'a> = ((Option<i32>, Option<&'a str>), (Option<i64>, Option<&'a str>));
/// What a row of table `windows` says of its thread and function.
type CallKey = (i32, u32, Context);

#[derive(Default)]
struct Reader {
    symbols: LocalSymbols,
    effects: Vec<String>,
    rows: Vec<Row>,
    by_key: HashMap<RowKey, usize>,
    /// The row that the calls of a thread belong to.
    by_call: HashMap<CallKey, usize>,
}

/// Reads a run.
pub(super) fn read(dataset: &Dataset, run: &Run, view: &View) -> Result<LocalRun> {
    let mut reader = Reader::default();
    reader.functions(dataset, run)?;
    let lists_threads = run.threads_listed > 0;
    let windows = reader.windows(dataset, run, view, lists_threads)?;
    let Reader { symbols, effects, mut rows, .. } = reader;
    rows.sort_by_key(|row| (row.symbol, row.context, row.role, row.effect, row.grepped));
    Ok(LocalRun { reach: RunReach { rows, windows, lists_threads }, symbols: symbols.symbols(), effects })
}

impl Reader {
    fn functions(&mut self, dataset: &Dataset, run: &Run) -> Result<()> {
        let threads = Threads::read(dataset, run)?;
        let path = dataset.run_path(&run.folder, &tables::FUNCTIONS);
        let columns = ["pid", "module", "address", "function", "context", "observer", "calls"];
        let frame = read_file(&path, &tables::FUNCTIONS, &columns)?;
        let problem = |source| table_error(&path, source);
        let text = |name: &str| frame.column(name).and_then(|column| column.str()).map_err(problem);
        let number = |name: &str| frame.column(name).and_then(|column| column.i64()).map_err(problem);
        let pids = frame.column("pid").and_then(|column| column.i32()).map_err(problem)?;
        let places = text("module")?.iter().zip(number("address")?.iter());
        let mut of_threads: HashMap<i32, (Role, bool)> = HashMap::new();
        let kinds = text("function")?.iter().zip(text("context")?.iter()).zip(text("observer")?.iter());
        for (((pid, (module, address)), ((name, context), observer)), calls) in
            pids.iter().zip(places).zip(kinds).zip(number("calls")?.iter())
        {
            let (Some(pid), Some(module), Some(address), Some(calls)) = (pid, module, address, calls) else { continue };
            let Some(context) = context.and_then(Context::from_name) else {
                return Err(Error::UnknownContext { path, context: context.unwrap_or_default().to_owned() });
            };
            let symbol = self.symbols.number(module, address, name);
            let effect = observer.map(|effect| self.effect(effect));
            let (role, grepped) = *of_threads.entry(pid).or_insert_with(|| threads.of(pid));
            self.add(
                pid,
                Row { symbol, context, role, effect, grepped, calls, steady_calls: [calls; 3], load_calls: calls },
            );
        }
        Ok(())
    }

    fn add(&mut self, pid: i32, row: Row) {
        let next = self.rows.len();
        let key = (row.symbol, row.context, row.role, row.effect, row.grepped);
        let index = *self.by_key.entry(key).or_insert(next);
        match self.rows.get_mut(index) {
            Some(known) => {
                known.calls = known.calls.saturating_add(row.calls);
                known.steady_calls = [known.calls; 3];
                known.load_calls = known.calls;
            }
            None => self.rows.push(row),
        }
        // Calls that are there without the tracer come first: the windows do not tell one kind from the other.
        let known = self.by_call.entry((pid, row.symbol, row.context)).or_insert(index);
        if row.effect.is_none() {
            *known = index;
        }
    }

    fn effect(&mut self, effect: &str) -> u8 {
        let known = self.effects.iter().position(|known| known == effect);
        let index = known.unwrap_or_else(|| {
            self.effects.push(effect.to_owned());
            self.effects.len() - 1
        });
        u8::try_from(index).unwrap_or(u8::MAX)
    }

    /// Reads the windows, and counts the calls of the phases into the rows.
    fn windows(&mut self, dataset: &Dataset, run: &Run, view: &View, lists_threads: bool) -> Result<RunWindows> {
        let path = dataset.run_path(&run.folder, &tables::WINDOWS);
        if !path.exists() {
            return Ok(RunWindows::default());
        }
        let frame = read_file(&path, &tables::WINDOWS, &["window", "pid", "module", "address", "context", "calls"])?;
        let calls = self.window_calls(&frame).map_err(|source| table_error(&path, source))?;
        let Some(calls) = calls else { return Err(Error::UnmatchedWindow { path }) };
        let count = window_count(run, calls.iter().map(|(window, ..)| *window).max());
        if count > MOST_WINDOWS {
            return Err(Error::TooManyWindows { path, found: count, most: MOST_WINDOWS });
        }
        let functions = self.functions_of_symbols(view);
        let counted = calls.iter().filter_map(|(window, row, calls)| {
            let row = self.rows.get(*row)?;
            let function = functions.get(row.symbol as usize).copied()?;
            let window = u32::try_from(*window).ok()?;
            (view.counts(row, lists_threads)).then_some(WindowCall { window, function, calls: *calls })
        });
        let mut windows =
            RunWindows::new(counted.collect(), count as usize, load_window(run), (view.phase, view.keep_windows));
        // Of functions, RunWindows knows numbers of this run alone; symbols have numbers that all runs share.
        let passing = std::mem::take(&mut windows.passing);
        let symbols = (0_u32..).zip(&functions).filter(|(_, function)| passing.binary_search(function).is_ok());
        windows.passing = symbols.map(|(symbol, _)| symbol).collect();
        for (merge, first) in windows.steady_windows().into_iter().enumerate() {
            self.count_from(&calls, first as i64, |row| row.steady_calls.get_mut(merge));
        }
        self.count_from(&calls, windows.first(Phase::Load) as i64, |row| Some(&mut row.load_calls));
        Ok(windows)
    }

    /// Window, row and calls of each row of table `windows`; none where one has no row in table `functions`.
    fn window_calls(&self, frame: &DataFrame) -> PolarsResult<Option<Vec<WindowRow>>> {
        let (windows, pids) = (frame.column("window")?.i64()?, frame.column("pid")?.i32()?);
        let (modules, addresses) = (frame.column("module")?.str()?, frame.column("address")?.i64()?);
        let (contexts, calls) = (frame.column("context")?.str()?, frame.column("calls")?.i64()?);
        let keys = pids.iter().zip(modules.iter()).zip(addresses.iter().zip(contexts.iter()));
        let row = |((pid, module), (address, context)): WindowKey| {
            let symbol = self.symbols.find(module?, address?)?;
            self.by_call.get(&(pid?, symbol, Context::from_name(context?)?)).copied()
        };
        let rows = windows.iter().zip(keys).zip(calls.iter());
        Ok(rows.map(|((window, key), calls)| Some((window.filter(|w| *w >= 0)?, row(key)?, calls?))).collect())
    }

    /// The number, in this run, of each symbol's source function.
    fn functions_of_symbols(&self, view: &View) -> Vec<u32> {
        let mut numbers: HashMap<(&str, i64), u32> = HashMap::new();
        let symbols = self.symbols.all().iter();
        symbols
            .map(|symbol| {
                let next = numbers.len() as u32;
                let source = view.sources.source(&symbol.module, symbol.address);
                *numbers.entry((symbol.module.as_str(), source)).or_insert(next)
            })
            .collect()
    }

    /// Counts the calls from a window on into a field of their rows.
    fn count_from(&mut self, calls: &[WindowRow], first: i64, field: impl Fn(&mut Row) -> Option<&mut i64>) {
        if first == 0 {
            return;
        }
        self.rows.iter_mut().filter_map(&field).for_each(|value| *value = 0);
        for (_, row, calls) in calls.iter().filter(|(window, ..)| *window >= first) {
            if let Some(value) = self.rows.get_mut(*row).and_then(&field) {
                *value = value.saturating_add(*calls);
            }
        }
    }
}

/// How many windows the run has: those of its duration, and at least up to the last one with a call.
fn window_count(run: &Run, last: Option<i64>) -> i64 {
    let whole = match (run.number("duration_ns"), run.number("window_ns")) {
        (Some(duration), Some(window)) if window > 0 && duration > 0 => duration / window + 1,
        _ => 0,
    };
    whole.max(last.map_or(0, |last| last.saturating_add(1)))
}

/// The first window that begins at the mark `load` or after it.
fn load_window(run: &Run) -> Option<usize> {
    let (load, first, window) = (run.number("load_ns")?, run.number("first_ns")?, run.number("window_ns")?);
    let since = load.checked_sub(first)?;
    (window > 0).then(|| usize::try_from((since.max(0) as u64).div_ceil(window as u64)).ok()).flatten()
}

/// Roles of threads.
struct Threads {
    roles: HashMap<i32, Role>,
    /// Ids of the listed ones, as text.
    listed: Vec<String>,
}

impl Threads {
    fn read(dataset: &Dataset, run: &Run) -> Result<Self> {
        let path = dataset.run_path(&run.folder, &tables::THREADS);
        let frame = read_file(&path, &tables::THREADS, &["pid", "role", "listed"])?;
        let found = Self::of_frame(&frame).map_err(|source| table_error(&path, source))?;
        Ok(found)
    }

    fn of_frame(frame: &DataFrame) -> PolarsResult<Self> {
        let (pids, roles) = (frame.column("pid")?.i32()?, frame.column("role")?.str()?);
        let listed = frame.column("listed")?.bool()?;
        let mut threads = Self { roles: HashMap::new(), listed: Vec::new() };
        for ((pid, role), listed) in pids.iter().zip(roles.iter()).zip(listed.iter()) {
            let Some(pid) = pid else { continue };
            threads.roles.insert(pid, role.map_or(Role::Other, Role::from_name));
            if listed == Some(true) {
                threads.listed.push(pid.to_string());
            }
        }
        Ok(threads)
    }

    /// The role of a thread, and whether its id holds that of a listed one; without listed ones all do.
    fn of(&self, pid: i32) -> (Role, bool) {
        let text = pid.to_string();
        let grepped = self.listed.is_empty() || self.listed.iter().any(|listed| text.contains(listed.as_str()));
        (self.roles.get(&pid).copied().unwrap_or(Role::Other), grepped)
    }
}
