//! Addresses of an image: those that the linker gave, or those that the module loader will give.

use std::collections::HashSet;
use std::ops::Range;

use object::read::{Object, ObjectSection};
use object::{SectionFlags, SectionIndex, elf};

/// Where the sections of a module that are dropped after its start are put: far from the text that stays.
const INIT_TEXT: u64 = 1 << 40;
/// Where the data sections of a module are put.
const DATA: u64 = 1 << 44;
/// Alignments and sizes beyond this are lies: they would overflow one of the ranges above.
const SECTION_LIMIT: u64 = 1 << 32;

/// Addresses of all sections of an image.
///
/// The sections of a module all start at zero in its file. The loader (`layout_sections` in kernel/module) puts the
/// executable ones one behind the other, in file order, each aligned; those whose name starts with `.init` go elsewhere
/// and are freed after the start. Offsets from the start of the first kind are what a module's symbols have in
/// kallsyms, less the module's base.
#[derive(Debug)]
pub(super) struct Layout {
    bases: Vec<u64>,
    text: Vec<TextSection>,
    text_indexes: HashSet<SectionIndex>,
    relocatable: bool,
}

/// An executable section.
#[derive(Clone, Debug)]
pub(super) struct TextSection {
    /// Its addresses in the layout.
    pub(super) range: Range<u64>,
    /// Whether the code stays after the image's start: false for the init sections of a module.
    pub(super) stays: bool,
    /// What to take from an address in the layout to get the one in the file.
    pub(super) file_bias: u64,
}

impl Layout {
    /// Lays the sections out.
    pub(super) fn new(object: &object::File<'_>, relocatable: bool) -> Self {
        let mut layout = Self { bases: Vec::new(), text: Vec::new(), text_indexes: HashSet::new(), relocatable };
        let mut cursors = [0, INIT_TEXT, DATA];
        for section in object.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            let base = if relocatable { place(&section, sh_flags.0, &mut cursors) } else { section.address() };
            let index = section.index().0;
            if index < SECTION_LIMIT as usize && layout.bases.len() <= index {
                layout.bases.resize(index + 1, 0);
            }
            if let Some(slot) = layout.bases.get_mut(index) {
                *slot = base;
            }
            if is_text(sh_flags.0) && section.size() > 0 {
                layout.text_indexes.insert(section.index());
                layout.text.push(TextSection {
                    range: base..base.saturating_add(section.size()),
                    stays: !relocatable || base < INIT_TEXT,
                    file_bias: if relocatable { base } else { 0 },
                });
            }
        }
        layout.text.sort_by_key(|section| section.range.start);
        layout
    }

    /// Address of a section.
    pub(super) fn base(&self, section: usize) -> u64 {
        self.bases.get(section).copied().unwrap_or(0)
    }

    /// Whether symbol values are offsets in their section.
    pub(super) fn relocatable(&self) -> bool {
        self.relocatable
    }

    /// Whether a section is executable.
    pub(super) fn is_text(&self, section: SectionIndex) -> bool {
        self.text_indexes.contains(&section)
    }

    /// The executable section that holds an address.
    pub(super) fn text_section(&self, address: u64) -> Option<&TextSection> {
        let after = self.text.partition_point(|section| section.range.start <= address);
        self.text.get(after.checked_sub(1)?).filter(|section| section.range.contains(&address))
    }
}

fn is_text(flags: u64) -> bool {
    let wanted = (elf::SHF_ALLOC | elf::SHF_EXECINSTR).0;
    flags & wanted == wanted
}

fn place(section: &object::Section<'_, '_>, flags: u64, cursors: &mut [u64; 3]) -> u64 {
    if flags & elf::SHF_ALLOC.0 == 0 {
        return 0;
    }
    let is_init = section.name_bytes().is_ok_and(|name| name.starts_with(b".init"));
    let [kept, init, data] = cursors;
    let cursor = match (is_text(flags), is_init) {
        (true, false) => kept,
        (true, true) => init,
        (false, _) => data,
    };
    let alignment = section.align().clamp(1, SECTION_LIMIT);
    let base = cursor.checked_next_multiple_of(alignment).unwrap_or(*cursor);
    *cursor = base.saturating_add(section.size().min(SECTION_LIMIT));
    base
}
