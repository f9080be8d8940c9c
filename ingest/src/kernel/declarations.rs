//! Which source function an entry stands for: follows abstract origins and specifications, over units if need be.

use std::collections::HashMap;

use gimli::{DebugInfoOffset, Dwarf, LineProgramHeader, Unit, UnitHeader};

use super::debug_data::{Slice, section_offset};
use super::dies::{Declared, UnitDies, read_declared};
use super::numbering::Files;
use super::source_path::SourceTree;

/// A chain of origins longer than this is a loop.
const CHAIN_LIMIT: usize = 32;

/// What all units of an image share.
pub(super) struct ImageUnits<'r, 'a> {
    pub(super) dwarf: &'r Dwarf<Slice<'a>>,
    pub(super) headers: &'r [UnitHeader<Slice<'a>>],
    pub(super) tree: &'r SourceTree,
}

/// A source function, as an entry names it.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    /// The last entry of the chain, by its offset in `.debug_info`: what clones and inlined copies have in common.
    pub(super) root: u64,
    /// Name; none in broken files.
    pub(super) name: Option<String>,
    /// File, by its number in the resolver's files.
    pub(super) file: Option<u32>,
    /// Line.
    pub(super) line: Option<u32>,
}

/// Resolves entries and files for one unit.
pub(super) struct Resolver<'r, 'a> {
    units: &'r ImageUnits<'r, 'a>,
    unit: &'r Unit<Slice<'a>>,
    dies: &'r UnitDies<'a>,
    files: Files,
    by_number: HashMap<u64, Option<u32>>,
    resolved: HashMap<u64, Declaration>,
    foreign: HashMap<u64, Unit<Slice<'a>>>,
}

impl<'r, 'a> Resolver<'r, 'a> {
    pub(super) fn new(units: &'r ImageUnits<'r, 'a>, unit: &'r Unit<Slice<'a>>, dies: &'r UnitDies<'a>) -> Self {
        Self {
            units,
            unit,
            dies,
            files: Files::default(),
            by_number: HashMap::new(),
            resolved: HashMap::new(),
            foreign: HashMap::new(),
        }
    }

    /// The paths of the files found, by number.
    pub(super) fn into_paths(self) -> Vec<String> {
        self.files.into_paths()
    }

    /// The file of a number in the unit's own line table.
    pub(super) fn file(&mut self, number: u64) -> Option<u32> {
        if let Some(known) = self.by_number.get(&number) {
            return *known;
        }
        let path = file_path(self.units, self.unit, number);
        let file = path.map(|path| self.files.number(path));
        self.by_number.insert(number, file);
        file
    }

    /// The source function that an entry stands for.
    pub(super) fn declaration(&mut self, id: u64) -> gimli::Result<Declaration> {
        if let Some(known) = self.resolved.get(&id) {
            return Ok(known.clone());
        }
        let mut found = Declaration { root: id, name: None, file: None, line: None };
        let mut next = Some(id);
        for _ in 0..CHAIN_LIMIT {
            let Some(current) = next else { break };
            found.root = current;
            next = self.follow(current, &mut found)?;
        }
        self.resolved.insert(id, found.clone());
        Ok(found)
    }

    /// Takes from an entry what is still missing; the nearer entry wins.
    fn follow(&mut self, id: u64, found: &mut Declaration) -> gimli::Result<Option<u64>> {
        let (own, file) = match self.dies.by_id.get(&id).and_then(|index| self.dies.subprograms.get(*index)) {
            Some(local) => (local.own, local.own.file.and_then(|number| self.file(number))),
            None => self.read_foreign(id)?,
        };
        if found.name.is_none() {
            found.name = own.name.map(|name| name.to_string_lossy().into_owned());
        }
        found.file = found.file.or(file);
        found.line = found.line.or(own
            .line
            .filter(|line| *line > 0)
            .and_then(|line| i32::try_from(line).ok())
            .map(i32::cast_unsigned));
        Ok(own.origin)
    }

    /// An entry of another unit, as link-time optimisation makes them.
    fn read_foreign(&mut self, id: u64) -> gimli::Result<(Declared<'a>, Option<u32>)> {
        let offset = DebugInfoOffset(id as usize);
        let after = self.units.headers.partition_point(|header| section_offset(header) <= id);
        let Some(header) = after.checked_sub(1).and_then(|index| self.units.headers.get(index)) else {
            return Ok((Declared::default(), None));
        };
        let start = section_offset(header);
        if !self.foreign.contains_key(&start) {
            self.foreign.insert(start, self.units.dwarf.unit(*header)?);
        }
        let (Some(unit), Some(place)) = (self.foreign.get(&start), offset.to_unit_offset(header)) else {
            return Ok((Declared::default(), None));
        };
        let own = read_declared(self.units.dwarf, unit, place)?;
        let path = own.file.and_then(|number| file_path(self.units, unit, number));
        Ok((own, path.map(|path| self.files.number(path))))
    }
}

/// The path of a file of a unit's line table.
fn file_path(units: &ImageUnits<'_, '_>, unit: &Unit<Slice<'_>>, number: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let comp_dir = unit.comp_dir.map_or(String::new(), |folder| folder.to_string_lossy().into_owned());
    Some(units.tree.relative(&comp_dir, &raw_path(units.dwarf, unit, header, number)?))
}

fn raw_path(
    dwarf: &Dwarf<Slice<'_>>,
    unit: &Unit<Slice<'_>>,
    header: &LineProgramHeader<Slice<'_>>,
    number: u64,
) -> Option<String> {
    let file = header.file(number)?;
    let name = dwarf.attr_string(unit, file.path_name()).ok()?.to_string_lossy().into_owned();
    // Folder 0 is the compilation folder itself, to which every relative path is relative anyway.
    let folder = match file.directory_index() {
        0 => None,
        _ => file.directory(header).and_then(|folder| dwarf.attr_string(unit, folder).ok()),
    };
    Some(match folder {
        Some(folder) if !name.starts_with('/') => format!("{}/{name}", folder.to_string_lossy()),
        _ => name,
    })
}
