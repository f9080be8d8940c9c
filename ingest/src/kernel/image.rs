//! One ELF image: the kernel or a module, with its text symbols and its sections.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use gimli::RunTimeEndian;
use object::read::{Object, ObjectSection, ObjectSymbol};
use object::{ObjectKind, SectionIndex, SymbolFlags, elf};

use super::error::KernelError;
use super::layout::Layout;
use super::relocate::{apply_relocations, read};

/// No compressed section grows more than this: the limit of deflate, and beyond what zstd reaches on DWARF.
const COMPRESSION_LIMIT: u64 = 1032;
/// Small sections may claim more than [`COMPRESSION_LIMIT`] allows them.
const COMPRESSION_SLACK: u64 = 1 << 16;

/// Relocations that need no symbol: R_X86_64_RELATIVE and R_AARCH64_RELATIVE.
const RELATIVE: [u64; 2] = [8, 1027];

/// An ELF file.
pub(super) struct Image<'data> {
    path: &'data Path,
    object: object::File<'data>,
    layout: Layout,
    symbols: Vec<TextSymbol<'data>>,
}

/// A named place in an executable section.
#[derive(Clone, Debug)]
pub(super) struct TextSymbol<'data> {
    /// Address in the image's layout.
    pub(super) address: u64,
    /// Bytes; zero for most labels.
    pub(super) size: u64,
    /// Name.
    pub(super) name: &'data str,
    /// Type FUNC, as compilers give it.
    pub(super) is_function: bool,
    /// Binding GLOBAL.
    pub(super) is_global: bool,
}

impl<'data> Image<'data> {
    /// Reads headers and symbols.
    pub(super) fn parse(path: &'data Path, bytes: &'data [u8]) -> Result<Self, KernelError> {
        let object = object::File::parse(bytes).map_err(|error| KernelError::elf(path, error))?;
        if !matches!(object, object::File::Elf32(_) | object::File::Elf64(_)) {
            return Err(KernelError::elf(path, "another format"));
        }
        let layout = Layout::new(&object, object.kind() == ObjectKind::Relocatable);
        let symbols = text_symbols(&object, &layout);
        Ok(Self { path, object, layout, symbols })
    }

    pub(super) fn path(&self) -> &'data Path {
        self.path
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Text symbols, sorted by address; of one address the best name first.
    pub(super) fn symbols(&self) -> &[TextSymbol<'data>] {
        &self.symbols
    }

    pub(super) fn endian(&self) -> RunTimeEndian {
        if self.object.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big }
    }

    /// Bytes of an address.
    pub(super) fn address_size(&self) -> usize {
        if self.object.is_64() { 8 } else { 4 }
    }

    /// Build id in hexadecimal.
    pub(super) fn build_id(&self) -> Option<String> {
        let id = self.object.build_id().ok().flatten()?;
        Some(id.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
    }

    /// Machine, as uname prints it.
    pub(super) fn machine(&self) -> String {
        match self.object.architecture() {
            object::Architecture::X86_64 => "x86_64".to_owned(),
            object::Architecture::I386 => "i686".to_owned(),
            object::Architecture::Aarch64 => "aarch64".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// Address of a symbol of any section.
    pub(super) fn symbol_address(&self, name: &str) -> Option<u64> {
        let symbol = self
            .object
            .symbols()
            .find(|symbol| symbol.name_bytes() == Ok(name.as_bytes()) && symbol.is_definition())?;
        let base = match (self.layout.relocatable(), symbol.section_index()) {
            (true, Some(section)) => self.layout.base(section.0),
            _ => 0,
        };
        Some(base.wrapping_add(symbol.address()))
    }

    /// Bytes in the file at an address of a linked image; none where the file has none.
    pub(super) fn bytes_at(&self, address: u64, size: u64) -> Option<&'data [u8]> {
        self.object
            .sections()
            .filter(|section| section.address() != 0)
            .find_map(|section| section.data_range(address, size).ok().flatten())
    }

    /// Bytes in the file from an address to the end of its section.
    pub(super) fn bytes_from(&self, address: u64) -> Option<&'data [u8]> {
        let section = self.object.sections().find(|section| {
            section.address() != 0
                && address.checked_sub(section.address()).is_some_and(|offset| offset < section.size())
        })?;
        section.data().ok()?.get(usize::try_from(address - section.address()).ok()?..)
    }

    /// Addresses that the loader of a position-independent image of 64 bits would write to these places.
    pub(super) fn dynamic_relocations(&self, places: Range<u64>) -> Vec<u64> {
        let Some(section) = self.object.section_by_name(".rela.dyn").filter(|_| self.object.is_64()) else {
            return Vec::new();
        };
        let little = self.object.is_little_endian();
        let fields = section.data().unwrap_or_default().chunks_exact(8).map(|field| read(field, little));
        let fields: Vec<u64> = fields.collect();
        // Place, symbol (upper half) and type, addend: the load address plus the addend.
        let entries = fields.as_chunks::<3>().0.iter();
        entries
            .filter(|[place, info, _]| places.contains(place) && RELATIVE.contains(info))
            .map(|[.., value]| *value)
            .collect()
    }

    /// Contents of a section, decompressed, relocated in a relocatable file; none without it or without bytes.
    pub(super) fn section(&self, name: &str) -> Result<Option<Cow<'data, [u8]>>, KernelError> {
        let Some(section) = self.object.section_by_name(name) else { return Ok(None) };
        self.section_data(&section, name).map(Some)
    }

    /// As [`Image::section`], for every section of the name.
    pub(super) fn sections_named(&self, name: &str) -> Result<Vec<Cow<'data, [u8]>>, KernelError> {
        let named = self.object.sections().filter(|section| section.name_bytes() == Ok(name.as_bytes()));
        named.map(|section| self.section_data(&section, name)).collect()
    }

    /// Whether the file holds the code itself, and not only what a debugger needs.
    pub(super) fn holds_code(&self) -> bool {
        let text = self.object.sections().filter(|section| self.layout.is_text(section.index()));
        text.into_iter().any(|section| section.data().is_ok_and(|data| !data.is_empty()))
    }

    fn section_data(&self, section: &object::Section<'data, '_>, name: &str) -> Result<Cow<'data, [u8]>, KernelError> {
        let fail = |detail: &dyn std::fmt::Display| KernelError::section(self.path, name, detail);
        let compressed = section.compressed_data().map_err(|error| fail(&error))?;
        let limit = COMPRESSION_LIMIT * compressed.data.len() as u64 + COMPRESSION_SLACK;
        if compressed.uncompressed_size > limit {
            let claim =
                format!("claims to grow from {} to {} bytes", compressed.data.len(), compressed.uncompressed_size);
            return Err(fail(&claim));
        }
        let data = compressed.decompress().map_err(|error| fail(&error))?;
        if !self.layout.relocatable() {
            return Ok(data);
        }
        apply_relocations(&self.object, section, data, |index| self.relocated_symbol(index))
            .map_err(|error| fail(&error))
    }

    /// Address of a symbol that a relocation names; zero for one of another image.
    fn relocated_symbol(&self, index: object::SymbolIndex) -> Option<u64> {
        let symbol = self.object.symbol_by_index(index).ok()?;
        let base = symbol.section_index().map_or(0, |SectionIndex(section)| self.layout.base(section));
        Some(base.wrapping_add(symbol.address()))
    }
}

fn text_symbols<'data>(object: &object::File<'data>, layout: &Layout) -> Vec<TextSymbol<'data>> {
    let mut symbols: Vec<_> = object.symbols().filter_map(|symbol| text_symbol(&symbol, layout)).collect();
    symbols
        .sort_by_key(|symbol| (symbol.address, !symbol.is_function, symbol.size == 0, !symbol.is_global, symbol.name));
    symbols
}

fn text_symbol<'data>(symbol: &object::Symbol<'data, '_>, layout: &Layout) -> Option<TextSymbol<'data>> {
    let SymbolFlags::Elf { st_info, .. } = symbol.flags() else { return None };
    let kind = st_info.st_type();
    if !matches!(kind, elf::STT_NOTYPE | elf::STT_FUNC | elf::STT_GNU_IFUNC) {
        return None;
    }
    // By its section, not by its address: a label at the end of the section is one of its symbols.
    let index = symbol.section_index().filter(|index| layout.is_text(*index))?;
    let base = if layout.relocatable() { layout.base(index.0) } else { 0 };
    let address = base.checked_add(symbol.address())?;
    let name = symbol.name().ok().filter(|name| !name.is_empty() && !is_local_label(name))?;
    Some(TextSymbol {
        address,
        size: symbol.size(),
        name,
        is_function: kind != elf::STT_NOTYPE,
        is_global: st_info.st_bind() == elf::STB_GLOBAL,
    })
}

/// What the kernel's build puts before the names of a part that is linked apart (scripts/mksysmap).
const NAMESPACES: [&str; 3] = ["__kvm_nvhe_", "__efistub_", "__pi_"];

/// Labels that kallsyms leaves out too: the assembler's, and arm64's mapping symbols.
fn is_local_label(name: &str) -> bool {
    let name = NAMESPACES.iter().find_map(|namespace| name.strip_prefix(namespace)).unwrap_or(name);
    name.starts_with('.') || name.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::is_local_label;

    #[test]
    fn mapping_symbols_are_labels_in_every_part_of_the_kernel() {
        assert!(["$x", ".Lend", "__kvm_nvhe_$d", "__efistub_$x", "__pi_.L2"].into_iter().all(is_local_label));
        assert!(!["__kvm_nvhe_enter", "__pi_memcpy", "call$1"].into_iter().any(is_local_label));
    }
}
