//! The functions of one unit with their lines.

use std::ops::Range;

use gimli::UnitHeader;
use thiserror::Error;

use super::debug_data::Slice;
use super::declarations::{Declaration, ImageUnits, Resolver};
use super::dies::{InlinedCopy, Subprogram, UnitDies, read_dies};
use super::line_rows::LineRows;
use super::numbering::{SourceKey, Sources};

/// In sound files functions do not overlap, so each line row is visited about once; a file in which they are visited
/// this many times as often is hostile.
const OVERLAP_LIMIT: usize = 16;

/// Why a unit cannot be read.
#[derive(Debug, Error)]
pub(super) enum UnitError {
    #[error("{0}")]
    Dwarf(#[from] gimli::Error),
    #[error("functions overlap: {visited} visits of {rows} line rows")]
    Overlap { visited: usize, rows: usize },
}

/// Functions with code of their own, and what they refer to by number.
#[derive(Debug, Default)]
pub(super) struct UnitFunctions {
    /// Source files.
    pub(super) files: Vec<String>,
    /// Source functions.
    pub(super) sources: Vec<SourceKey>,
    /// Functions, in the order of the file.
    pub(super) functions: Vec<Function>,
}

/// A function with code of its own.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Its code, the entry point first.
    pub(super) ranges: Vec<Range<u64>>,
    /// Identity of its source function in the image.
    pub(super) root: u64,
    /// Its source function.
    pub(super) source: u32,
    /// Distinct executable lines, sorted by number of file and line.
    pub(super) lines: Vec<Line>,
    /// Source functions that it holds inlined copies of, sorted.
    pub(super) holds: Vec<u32>,
}

impl Function {
    /// Address of the first instruction.
    pub(super) fn entry(&self) -> u64 {
        self.ranges.first().map_or(0, |range| range.start)
    }
}

/// An executable line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) file: u32,
    pub(super) number: u32,
    /// Only in inlined copies.
    pub(super) inlined: bool,
}

/// Reads a unit. `code_start` tells where the code of the image is that has its first byte at an address; none where
/// there is none.
pub(super) fn read_unit<'a>(
    units: &ImageUnits<'_, 'a>,
    header: &UnitHeader<Slice<'a>>,
    code_start: impl Fn(u64) -> Option<u64>,
) -> Result<UnitFunctions, UnitError> {
    let unit = units.dwarf.unit(*header)?;
    let dies = read_dies(units.dwarf, &unit)?;
    let has_text =
        |subprogram: &&Subprogram<'_>| subprogram.ranges.first().is_some_and(|range| code_start(range.start).is_some());
    if !dies.subprograms.iter().any(|subprogram| has_text(&subprogram)) {
        return Ok(UnitFunctions::default());
    }
    let rows = LineRows::read(&unit)?;
    let mut reader = UnitReader {
        resolver: Resolver::new(units, &unit, &dies),
        rows: &rows,
        visited: 0,
        sources: Sources::default(),
    };
    let copies = copies_by_holder(&dies);
    let mut functions = Vec::new();
    for (subprogram, copies) in dies.subprograms.iter().zip(&copies) {
        if has_text(&subprogram) {
            // The lines are those of the ranges as they are: a row before them belongs to the function before.
            let mut function = reader.function(subprogram, copies)?;
            for range in &mut function.ranges {
                range.start = code_start(range.start).unwrap_or(range.start);
            }
            functions.push(function);
        }
    }
    let UnitReader { resolver, sources, .. } = reader;
    Ok(UnitFunctions { files: resolver.into_paths(), sources: sources.into_list(), functions })
}

fn copies_by_holder<'d>(dies: &'d UnitDies<'_>) -> Vec<Vec<&'d InlinedCopy>> {
    let mut by_holder = vec![Vec::new(); dies.subprograms.len()];
    for copy in &dies.copies {
        if let Some(copies) = by_holder.get_mut(copy.holder) {
            copies.push(copy);
        }
    }
    by_holder
}

struct UnitReader<'r, 'a> {
    resolver: Resolver<'r, 'a>,
    rows: &'r LineRows,
    visited: usize,
    sources: Sources,
}

impl UnitReader<'_, '_> {
    fn function(&mut self, subprogram: &Subprogram<'_>, copies: &[&InlinedCopy]) -> Result<Function, UnitError> {
        let mut declaration = self.resolver.declaration(subprogram.id)?;
        if declaration.line.is_none() {
            self.declare_by_first_row(subprogram, &mut declaration);
        }
        let lines = self.lines(subprogram, copies)?;
        let root = declaration.root;
        let source = self.sources.number(key(declaration));
        let mut holds = Vec::new();
        for copy in copies {
            let held = self.resolver.declaration(copy.origin)?;
            holds.push(self.sources.number(key(held)));
        }
        holds.sort_unstable();
        holds.dedup();
        Ok(Function { ranges: subprogram.ranges.clone(), root, source, lines, holds })
    }

    /// Assembly functions have an entry without file and line: those of the first instruction stand in.
    fn declare_by_first_row(&mut self, subprogram: &Subprogram<'_>, declaration: &mut Declaration) {
        let first = subprogram.ranges.first().and_then(|range| self.rows.overlapping(range).first());
        if let Some(row) = first {
            declaration.file = self.resolver.file(row.file);
            declaration.line = Some(row.line);
        }
    }

    /// Distinct (file, line) of all rows in the function's ranges. A row is inlined if an inlined copy covers its first
    /// byte in the function; a line that has rows of both kinds is an own line.
    fn lines(&mut self, subprogram: &Subprogram<'_>, copies: &[&InlinedCopy]) -> Result<Vec<Line>, UnitError> {
        let inlined = Coverage::new(copies.iter().flat_map(|copy| copy.ranges.iter().cloned()));
        let mut lines = Vec::new();
        for range in &subprogram.ranges {
            let rows = self.rows.overlapping(range);
            self.visited += rows.len();
            if self.visited / OVERLAP_LIMIT > self.rows.len() {
                return Err(UnitError::Overlap { visited: self.visited, rows: self.rows.len() });
            }
            for row in rows {
                let inlined = inlined.contains(row.range.start.max(range.start));
                lines.extend(self.resolver.file(row.file).map(|file| Line { file, number: row.line, inlined }));
            }
        }
        lines.sort_unstable();
        lines.dedup_by_key(|line| (line.file, line.number));
        Ok(lines)
    }
}

fn key(declaration: Declaration) -> SourceKey {
    SourceKey { name: declaration.name.unwrap_or_default(), file: declaration.file, line: declaration.line }
}

/// Addresses covered by any of several ranges.
struct Coverage {
    ranges: Vec<Range<u64>>,
}

impl Coverage {
    fn new(ranges: impl Iterator<Item = Range<u64>>) -> Self {
        let mut sorted: Vec<_> = ranges.collect();
        sorted.sort_by_key(|range| range.start);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for range in sorted {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        Self { ranges }
    }

    fn contains(&self, address: u64) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= address);
        after.checked_sub(1).and_then(|before| self.ranges.get(before)).is_some_and(|range| range.contains(&address))
    }
}
