//! All functions of an image: those that DWARF describes, and those that only the symbol table knows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use gimli::UnitHeader;
use rayon::prelude::*;

use super::debug_data::{DebugData, Slice, section_offset, unit_headers, unit_problem};
use super::declarations::ImageUnits;
use super::error::Problem;
use super::filter_functions::{FilterFunctions, traceable_by_list};
use super::image::{Image, TextSymbol};
use super::numbering::{Files, SourceKey, Sources, translate};
use super::source_path::SourceTree;
use super::trace_sites::TraceSites;
use super::unit::{Function, Line, UnitError, UnitFunctions, read_unit};
use crate::progress::Progress;

/// How gcc names the part of a function that it expects not to run.
const COLD_SUFFIX: &str = ".cold";

/// The most that an entry of the debug information may start behind its symbol: four instructions of arm64.
const PATCHABLE_LIMIT: u64 = 16;
/// How the kernel's build names the padding before a function, where there is some.
const PADDING_PREFIX: &str = "__pfx_";

/// The functions of an image, and what they refer to by number.
#[derive(Debug)]
pub(super) struct ImageFunctions {
    /// `vmlinux`, or the module's name.
    pub(super) module: String,
    /// Source files.
    pub(super) files: Vec<String>,
    /// Source functions.
    pub(super) sources: Vec<SourceKey>,
    /// Functions, sorted by address.
    pub(super) functions: Vec<ImageFunction>,
    /// Functions of a module that are gone after its start: not in `functions`.
    pub(super) init_functions: usize,
    /// Weak functions that another function of their name replaces: not in `functions`.
    pub(super) overridden: usize,
}

/// A function with code of its own.
#[derive(Debug)]
pub(super) struct ImageFunction {
    /// Address relative to the image.
    pub(super) address: i64,
    /// Address in the file.
    pub(super) link_address: u64,
    /// Bytes of code.
    pub(super) size: u64,
    /// Its source function.
    pub(super) source: u32,
    /// Address of the row that stands for the source function: clones have another one than their own.
    pub(super) source_address: i64,
    /// Executable lines; none without DWARF.
    pub(super) lines: Option<Vec<Line>>,
    /// Source functions that it holds inlined copies of.
    pub(super) holds: Vec<u32>,
    /// Whether ftrace can trace it.
    pub(super) traceable: Option<bool>,
}

/// What to read an image with.
pub(super) struct ImageReader<'r> {
    pub(super) tree: &'r SourceTree,
    pub(super) progress: &'r dyn Progress,
    /// Address that rows are relative to.
    pub(super) origin: u64,
    /// The kernel's own list of traceable functions; without it call sites tell.
    pub(super) filter: Option<&'r FilterFunctions>,
    /// Tell the progress of each unit.
    pub(super) counts_units: bool,
}

impl ImageReader<'_> {
    /// Reads all functions of an image, units in parallel. A unit that cannot be read is a problem, not an error.
    pub(super) fn read(
        &self,
        module: String,
        image: &Image<'_>,
        debug: &DebugData<'_>,
        sites: Option<&TraceSites>,
        problems: &mut Vec<Problem>,
    ) -> ImageFunctions {
        let dwarf = debug.dwarf();
        let headers = unit_headers(&dwarf, image, problems);
        if self.counts_units {
            self.progress.expect(headers.len() as u64);
        }
        let units = ImageUnits { dwarf: &dwarf, headers: &headers, tree: self.tree };
        let mut collected = Collected::default();
        let read: Vec<_> = headers.par_iter().map(|header| self.unit(&units, header, image)).collect();
        for (header, unit) in headers.iter().zip(read) {
            match unit {
                Ok(unit) => collected.add(unit),
                Err(error) => problems.push(unit_problem(image, section_offset(header), &error)),
            }
        }
        let mut functions = collected.finish(module, image, self.origin, sites);
        if let Some(listed) = self.filter.and_then(|filter| filter.of_module(&functions.module)) {
            self.trace_as_listed(listed, image, &mut functions.functions);
        }
        functions
    }

    fn trace_as_listed(&self, listed: &HashMap<String, usize>, image: &Image<'_>, functions: &mut [ImageFunction]) {
        let names = SymbolNames::new(image.symbols());
        let at =
            |function: &ImageFunction| names.at(function.address.cast_unsigned().wrapping_add(self.origin)).collect();
        let symbols: Vec<_> = functions.iter().map(at).collect();
        let sites: Vec<_> = functions.iter().map(|function| function.traceable).collect();
        let told = traceable_by_list(listed, &symbols, &sites);
        functions.iter_mut().zip(told).for_each(|(function, traceable)| function.traceable = traceable);
    }

    fn unit<'a>(
        &self,
        units: &ImageUnits<'_, 'a>,
        header: &UnitHeader<Slice<'a>>,
        image: &Image<'_>,
    ) -> Result<UnitFunctions, UnitError> {
        let names = SymbolNames::new(image.symbols());
        let code_start = |address| image.layout().text_section(address).map(|_| names.start(address));
        let unit = read_unit(units, header, code_start);
        if self.counts_units {
            self.progress.step();
        }
        unit
    }
}

/// The functions of the units so far, numbers already those of the image.
#[derive(Default)]
struct Collected {
    files: Files,
    sources: Sources,
    functions: Vec<Function>,
}

impl Collected {
    fn add(&mut self, unit: UnitFunctions) {
        let files: Vec<_> = unit.files.into_iter().map(|path| self.files.number(path)).collect();
        let sources: Vec<_> = unit.sources.into_iter().map(|source| self.sources.merge(source, &files)).collect();
        for mut function in unit.functions {
            function.source = translate(&sources, function.source);
            function.lines.iter_mut().for_each(|line| line.file = translate(&files, line.file));
            function.holds.iter_mut().for_each(|held| *held = translate(&sources, *held));
            self.functions.push(function);
        }
    }

    fn finish(mut self, module: String, image: &Image<'_>, origin: u64, sites: Option<&TraceSites>) -> ImageFunctions {
        let names = SymbolNames::new(image.symbols());
        for function in &mut self.functions {
            names.put_entry_first(function);
        }
        let overridden = self.drop_overridden(&names);
        self.name_the_nameless(&names);
        let described = one_per_address(std::mem::take(&mut self.functions), &self.sources, &names);
        let places = source_places(&described, &self.sources, &names);
        let symbols = symbols_without_dwarf(image, &described);
        let mut rows = Rows { image, origin, sites, functions: Vec::new(), init_functions: 0 };
        for function in described {
            let place = places.get(&function.root).copied().unwrap_or(function.entry());
            rows.push(&function.ranges, function.source, place, Some(function.lines), function.holds);
        }
        for symbol in symbols {
            let key = SourceKey { name: symbol.name.to_owned(), file: None, line: None };
            let source = self.sources.number(key);
            rows.push(std::slice::from_ref(&symbol.range), source, symbol.range.start, None, Vec::new());
        }
        let Rows { mut functions, init_functions, .. } = rows;
        functions.sort_by_key(|function| function.address);
        ImageFunctions {
            module,
            files: self.files.into_paths(),
            sources: self.sources.into_list(),
            functions,
            init_functions,
            overridden,
        }
    }

    /// A weak function that is replaced keeps its code and its DWARF, but its name is a symbol elsewhere and it has no
    /// symbol of its own: nothing calls it, and a trace could not name it. Returns how many there were.
    fn drop_overridden(&mut self, names: &SymbolNames<'_>) -> usize {
        let known: HashSet<_> = names.symbols.iter().map(|symbol| symbol.name).collect();
        let before = self.functions.len();
        let is_elsewhere = |source| self.sources.key(source).is_some_and(|key| known.contains(key.name.as_str()));
        self.functions.retain(|function| names.at(function.entry()).next().is_some() || !is_elsewhere(function.source));
        before - self.functions.len()
    }

    /// A subprogram without a name takes the symbol's.
    fn name_the_nameless(&mut self, names: &SymbolNames<'_>) {
        for function in &mut self.functions {
            let key = self.sources.key(function.source);
            if key.is_none_or(|key| key.name.is_empty()) {
                let name = names.at(function.entry()).next().unwrap_or("?").to_owned();
                let key = SourceKey { name, file: key.and_then(|key| key.file), line: key.and_then(|key| key.line) };
                function.source = self.sources.number(key);
            }
        }
    }
}

/// The text symbols of an image by address.
struct SymbolNames<'s> {
    symbols: &'s [TextSymbol<'s>],
}

impl<'s> SymbolNames<'s> {
    fn new(symbols: &'s [TextSymbol<'s>]) -> Self {
        Self { symbols }
    }

    fn at(&self, address: u64) -> impl Iterator<Item = &'s str> + use<'s> {
        let first = self.symbols.partition_point(|symbol| symbol.address < address);
        let rest = self.symbols.get(first..).unwrap_or_default();
        rest.iter().take_while(move |symbol| symbol.address == address).map(|symbol| symbol.name)
    }

    /// Where the code at an address starts: gcc for arm64 describes a function from behind the instructions that it
    /// leaves free for ftrace, but the symbol, and what a trace calls the function, is before them.
    fn start(&self, address: u64) -> u64 {
        let after = self.symbols.partition_point(|symbol| symbol.address <= address);
        let before = after.checked_sub(1).and_then(|index| self.symbols.get(index));
        let is_start = |symbol: &&TextSymbol<'_>| {
            let skipped = address - symbol.address;
            skipped > 0 && skipped <= PATCHABLE_LIMIT && skipped < symbol.size && !symbol.name.ends_with(COLD_SUFFIX)
        };
        before.filter(is_start).map_or(address, |symbol| symbol.address)
    }

    /// A list of ranges normally starts with the entry point; where a symbol says otherwise, the symbol is right.
    fn put_entry_first(&self, function: &mut Function) {
        let is_entry = |range: &Range<u64>| self.at(range.start).any(|name| !name.ends_with(COLD_SUFFIX));
        if let Some(entry) = function.ranges.iter().position(is_entry) {
            function.ranges.swap(0, entry);
        }
    }
}

/// One function per entry point, sorted: where DWARF has several, the one that a symbol there is named after.
fn one_per_address(functions: Vec<Function>, sources: &Sources, names: &SymbolNames<'_>) -> Vec<Function> {
    let mut by_entry: BTreeMap<u64, Function> = BTreeMap::new();
    for function in functions {
        match by_entry.get_mut(&function.entry()) {
            None => {
                by_entry.insert(function.entry(), function);
            }
            Some(known) if !is_plain(known, sources, names) && is_plain(&function, sources, names) => *known = function,
            Some(_) => {}
        }
    }
    by_entry.into_values().collect()
}

/// Whether a symbol at the entry point has the name of the source function, with no suffix of a clone.
fn is_plain(function: &Function, sources: &Sources, names: &SymbolNames<'_>) -> bool {
    let name = sources.key(function.source).map(|key| key.name.as_str());
    names.at(function.entry()).any(|symbol| Some(symbol) == name)
}

/// Entry point that stands for each source function: the plain instance, else the lowest one.
fn source_places(functions: &[Function], sources: &Sources, names: &SymbolNames<'_>) -> HashMap<u64, u64> {
    let mut places: HashMap<u64, (bool, u64)> = HashMap::new();
    for function in functions {
        let candidate = (!is_plain(function, sources, names), function.entry());
        places.entry(function.root).and_modify(|place| *place = candidate.min(*place)).or_insert(candidate);
    }
    places.into_iter().map(|(root, (_, place))| (root, place)).collect()
}

/// A function of the symbol table.
struct SymbolFunction<'s> {
    name: &'s str,
    range: Range<u64>,
}

/// Symbols that lie in no function of DWARF and in no other symbol's bytes: one per address.
///
/// A symbol without a size (a label of assembly) reaches to the next symbol or function, or to the section's end.
fn symbols_without_dwarf<'s>(image: &'s Image<'_>, described: &[Function]) -> Vec<SymbolFunction<'s>> {
    let mut known: Vec<Range<u64>> = described.iter().flat_map(|function| function.ranges.iter().cloned()).collect();
    known.sort_by_key(|range| range.start);
    let symbols = image.symbols();
    let mut found: Vec<SymbolFunction<'s>> = Vec::new();
    let mut covered = 0;
    let mut next_known = 0;
    for (index, symbol) in symbols.iter().enumerate() {
        while let Some(range) = known.get(next_known).filter(|range| range.start <= symbol.address) {
            covered = covered.max(range.end);
            next_known += 1;
        }
        let Some(section) = image.layout().text_section(symbol.address) else { continue };
        // The cold part of a function that is not there either, such as a replaced weak one; or no code at all.
        let is_part = symbol.name.ends_with(COLD_SUFFIX) || symbol.name.starts_with(PADDING_PREFIX);
        if is_part || symbol.address < covered || found.last().is_some_and(|last| last.range.start == symbol.address) {
            continue;
        }
        let later = symbols.get(index + 1..).unwrap_or_default();
        let next_symbol = later.iter().map(|later| later.address).find(|address| *address > symbol.address);
        let next = [next_symbol, known.get(next_known).map(|range| range.start), Some(section.range.end)];
        let limit = next.into_iter().flatten().min().unwrap_or(section.range.end);
        let end =
            if symbol.size > 0 { symbol.address.saturating_add(symbol.size).min(section.range.end) } else { limit };
        covered = covered.max(if symbol.size > 0 { end } else { 0 });
        found.push(SymbolFunction { name: symbol.name, range: symbol.address..end });
    }
    found
}

/// Rows being made.
struct Rows<'r, 'data> {
    image: &'r Image<'data>,
    origin: u64,
    sites: Option<&'r TraceSites>,
    functions: Vec<ImageFunction>,
    init_functions: usize,
}

impl Rows<'_, '_> {
    fn push(&mut self, ranges: &[Range<u64>], source: u32, place: u64, lines: Option<Vec<Line>>, holds: Vec<u32>) {
        let Some(entry) = ranges.first().map(|range| range.start) else { return };
        let Some(section) = self.image.layout().text_section(entry) else { return };
        if !section.stays {
            self.init_functions += 1;
            return;
        }
        self.functions.push(ImageFunction {
            address: entry.wrapping_sub(self.origin).cast_signed(),
            link_address: entry.wrapping_sub(section.file_bias),
            size: ranges.iter().fold(0, |sum, range| sum.saturating_add(range.end - range.start)),
            source,
            source_address: place.wrapping_sub(self.origin).cast_signed(),
            lines,
            holds,
            traceable: self.sites.map(|sites| sites.hit(ranges)),
        });
    }
}
