//! DWARF sections of an image, and the units in them.

use std::borrow::Cow;

use gimli::{Dwarf, DwarfSections, EndianSlice, RunTimeEndian, Section, SectionId, UnitHeader};

use super::error::{KernelError, Problem};
use super::image::Image;

/// A piece of a DWARF section.
pub(super) type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// The sections, in memory or mapped.
pub(super) struct DebugData<'data> {
    sections: DwarfSections<Cow<'data, [u8]>>,
    endian: RunTimeEndian,
}

impl<'data> DebugData<'data> {
    /// Loads the sections that functions and lines need; locations, types and frames stay away.
    pub(super) fn load(image: &Image<'data>) -> Result<Self, KernelError> {
        let sections = DwarfSections::load(|id| {
            let data = if is_needed(id) { image.section(id.name())? } else { None };
            Ok::<_, KernelError>(data.unwrap_or_default())
        })?;
        let data = Self { sections, endian: image.endian() };
        if data.dwarf().debug_info.reader().is_empty() {
            return Err(KernelError::NoDebugInfo { path: image.path().to_owned() });
        }
        Ok(data)
    }

    /// A view to read from.
    pub(super) fn dwarf(&self) -> Dwarf<Slice<'_>> {
        self.sections.borrow(|section| EndianSlice::new(section, self.endian))
    }
}

fn is_needed(id: SectionId) -> bool {
    matches!(
        id,
        SectionId::DebugInfo
            | SectionId::DebugAbbrev
            | SectionId::DebugStr
            | SectionId::DebugLineStr
            | SectionId::DebugStrOffsets
            | SectionId::DebugAddr
            | SectionId::DebugLine
            | SectionId::DebugRanges
            | SectionId::DebugRngLists
    )
}

/// Headers of all units, in file order. Behind a header that cannot be read nothing can be found.
pub(super) fn unit_headers<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    image: &Image<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<UnitHeader<Slice<'a>>> {
    let mut headers: Vec<UnitHeader<Slice<'a>>> = Vec::new();
    let mut units = dwarf.units();
    loop {
        match units.next() {
            Ok(Some(header)) => headers.push(header),
            Ok(None) => break,
            Err(error) => {
                let offset =
                    headers.last().map_or(0, |last| section_offset(last) + last.length_including_self() as u64);
                problems.push(unit_problem(image, offset, &error));
                break;
            }
        }
    }
    headers
}

/// Offset of a unit in `.debug_info`.
pub(super) fn section_offset(header: &UnitHeader<Slice<'_>>) -> u64 {
    header.debug_info_offset().map_or(0, |offset| offset.0 as u64)
}

/// The problem of a unit that cannot be read.
pub(super) fn unit_problem(image: &Image<'_>, offset: u64, detail: &dyn std::fmt::Display) -> Problem {
    Problem::Unit { path: image.path().to_owned(), offset, detail: detail.to_string() }
}

/// `(comp_dir, name)` of each unit that can be read.
pub(super) fn unit_names(dwarf: &Dwarf<Slice<'_>>, headers: &[UnitHeader<Slice<'_>>]) -> Vec<(String, String)> {
    headers.iter().filter_map(|header| unit_name(dwarf, header).ok()).collect()
}

fn unit_name(dwarf: &Dwarf<Slice<'_>>, header: &UnitHeader<Slice<'_>>) -> gimli::Result<(String, String)> {
    let unit = dwarf.unit(*header)?;
    let text = |value: Option<Slice<'_>>| value.map_or(String::new(), |text| text.to_string_lossy().into_owned());
    Ok((text(unit.comp_dir), text(unit.name)))
}
