//! The debugging information entries (DIEs) of a unit that describe functions.

use std::collections::HashMap;
use std::ops::Range;

use gimli::{Abbreviation, AttributeValue, Dwarf, EntriesRaw, Unit, UnitOffset};

use super::debug_data::Slice;

/// A function, with or without code: DW_TAG_subprogram.
#[derive(Clone, Debug)]
pub(super) struct Subprogram<'a> {
    /// Offset in `.debug_info`: its identity.
    pub(super) id: u64,
    /// What it has in its own entry.
    pub(super) own: Declared<'a>,
    /// Its code; the entry point is the start of the first range.
    pub(super) ranges: Vec<Range<u64>>,
}

/// The attributes of an entry that say which source function it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Declared<'a> {
    /// Name in the source.
    pub(super) name: Option<Slice<'a>>,
    /// File, by its number in the unit's line table.
    pub(super) file: Option<u64>,
    /// Line.
    pub(super) line: Option<u64>,
    /// The entry that has the rest, by its offset in `.debug_info`: abstract origin, or specification.
    pub(super) origin: Option<u64>,
}

/// A copy of a function inlined into another: DW_TAG_inlined_subroutine.
#[derive(Clone, Debug)]
pub(super) struct InlinedCopy {
    /// The function with code of its own that holds it, as an index.
    pub(super) holder: usize,
    /// The abstract function, by its offset in `.debug_info`.
    pub(super) origin: u64,
    /// Its code.
    pub(super) ranges: Vec<Range<u64>>,
}

/// Functions and inlined copies of a unit, in file order.
#[derive(Debug, Default)]
pub(super) struct UnitDies<'a> {
    pub(super) subprograms: Vec<Subprogram<'a>>,
    pub(super) copies: Vec<InlinedCopy>,
    /// Index in `subprograms` by identity.
    pub(super) by_id: HashMap<u64, usize>,
}

/// Reads all entries of a unit.
pub(super) fn read_dies<'a>(dwarf: &Dwarf<Slice<'a>>, unit: &Unit<Slice<'a>>) -> gimli::Result<UnitDies<'a>> {
    let mut dies = UnitDies::default();
    // Subprograms around the current entry: depth, and index if it has code.
    let mut around: Vec<(isize, Option<usize>)> = Vec::new();
    let mut entries = unit.entries_raw(None)?;
    while !entries.is_empty() {
        let depth = entries.next_depth();
        let offset = entries.next_offset();
        let Some(abbreviation) = entries.read_abbreviation()? else { continue };
        while around.last().is_some_and(|(outer, _)| *outer >= depth) {
            around.pop();
        }
        let tag = abbreviation.tag();
        if tag != gimli::DW_TAG_subprogram && tag != gimli::DW_TAG_inlined_subroutine {
            entries.skip_attributes(abbreviation.attributes())?;
            continue;
        }
        let (own, ranges) = read_attributes(dwarf, unit, &mut entries, abbreviation)?;
        if tag == gimli::DW_TAG_subprogram {
            let holder = (!ranges.is_empty()).then_some(dies.subprograms.len());
            around.push((depth, holder));
            let id = section_offset(unit, offset);
            dies.by_id.insert(id, dies.subprograms.len());
            dies.subprograms.push(Subprogram { id, own, ranges });
        } else if let (Some((_, Some(holder))), Some(origin), false) = (around.last(), own.origin, ranges.is_empty()) {
            dies.copies.push(InlinedCopy { holder: *holder, origin, ranges });
        }
    }
    Ok(dies)
}

/// Reads one subprogram, wherever it is.
pub(super) fn read_declared<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    unit: &Unit<Slice<'a>>,
    offset: UnitOffset,
) -> gimli::Result<Declared<'a>> {
    let mut entries = unit.entries_raw(Some(offset))?;
    match entries.read_abbreviation()? {
        Some(abbreviation) => Ok(read_attributes(dwarf, unit, &mut entries, abbreviation)?.0),
        None => Ok(Declared::default()),
    }
}

fn section_offset(unit: &Unit<Slice<'_>>, offset: UnitOffset) -> u64 {
    offset.to_debug_info_offset(&unit.header).map_or(0, |offset| offset.0 as u64)
}

/// Where the code of an entry is, as its attributes have it.
#[derive(Default)]
struct Extent {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    list: Option<gimli::RangeListsOffset>,
}

fn read_attributes<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    unit: &Unit<Slice<'a>>,
    entries: &mut EntriesRaw<'_, Slice<'a>>,
    abbreviation: &Abbreviation,
) -> gimli::Result<(Declared<'a>, Vec<Range<u64>>)> {
    let mut own = Declared::default();
    let mut extent = Extent::default();
    for specification in abbreviation.attributes() {
        let attribute = entries.read_attribute(*specification)?;
        let value = attribute.value();
        match attribute.name() {
            gimli::DW_AT_name => own.name = dwarf.attr_string(unit, value).ok(),
            gimli::DW_AT_decl_file => own.file = file_number(&value),
            gimli::DW_AT_decl_line => own.line = value.udata_value(),
            gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => own.origin = reference(unit, &value),
            gimli::DW_AT_low_pc => extent.low = dwarf.attr_address(unit, value)?,
            gimli::DW_AT_high_pc => match value {
                AttributeValue::Udata(_)
                | AttributeValue::Data1(_)
                | AttributeValue::Data2(_)
                | AttributeValue::Data4(_)
                | AttributeValue::Data8(_) => {
                    extent.size = value.udata_value();
                }
                other => extent.high = dwarf.attr_address(unit, other)?,
            },
            gimli::DW_AT_ranges => extent.list = dwarf.attr_ranges_offset(unit, value)?,
            _ => {}
        }
    }
    Ok((own, read_ranges(dwarf, unit, &extent)?))
}

fn file_number(value: &AttributeValue<Slice<'_>>) -> Option<u64> {
    match value {
        AttributeValue::FileIndex(number) => Some(*number),
        other => other.udata_value(),
    }
}

fn reference(unit: &Unit<Slice<'_>>, value: &AttributeValue<Slice<'_>>) -> Option<u64> {
    match value {
        AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(&unit.header).map(|offset| offset.0 as u64),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0 as u64),
        _ => None,
    }
}

/// The ranges that hold code, in the order of the file: the entry point comes first, a cold part behind it.
fn read_ranges(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, extent: &Extent) -> gimli::Result<Vec<Range<u64>>> {
    let mut ranges = Vec::new();
    if let Some(offset) = extent.list {
        let mut list = dwarf.ranges(unit, offset)?;
        while let Some(range) = list.next()? {
            ranges.push(range.begin..range.end);
        }
    } else if let Some(low) = extent.low {
        let high = extent.high.or_else(|| low.checked_add(extent.size?));
        ranges.extend(high.map(|high| low..high));
    }
    ranges.retain(|range| !range.is_empty());
    Ok(ranges)
}
