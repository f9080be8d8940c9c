//! Call sites of ftrace, from the list that the kernel itself is built with.

use std::ops::Range;

use super::error::KernelError;
use super::image::Image;
use super::relocate::read;

/// The section of a module that lists call sites, one entry an address.
///
/// x86 has the other one too, when calls are padded: then it lists the padding of all functions, traceable or not.
fn module_section(image: &Image<'_>) -> &'static str {
    if image.machine() == "aarch64" { "__patchable_function_entries" } else { "__mcount_loc" }
}

/// On arm64 the site may be the first of two instructions that are patched in before the entry point.
const BEFORE_ENTRY_AARCH64: u64 = 8;

/// Addresses of call sites, sorted.
#[derive(Debug)]
pub(super) struct TraceSites {
    sites: Vec<u64>,
    /// Bytes before an entry point that belong to its function.
    before_entry: u64,
}

impl TraceSites {
    /// The kernel's list, between two symbols; none where the file does not hold it.
    ///
    /// The list of x86 is sorted when the kernel is built, so the relocations beside it are of no use. A
    /// position-independent kernel (arm64) has zeroes in the list, and the addresses in its dynamic relocations.
    pub(super) fn of_kernel(image: &Image<'_>) -> Option<Self> {
        let start = image.symbol_address("__start_mcount_loc")?;
        let stop = image.symbol_address("__stop_mcount_loc")?;
        let sites = addresses(image.bytes_at(start, stop.checked_sub(start)?)?, image);
        if sites.is_empty() || sites.iter().any(|site| *site != 0) {
            return Some(Self::new(sites, image));
        }
        let sites = image.dynamic_relocations(start..stop);
        (!sites.is_empty()).then(|| Self::new(sites, image))
    }

    /// A module's list; none where the file holds no code.
    pub(super) fn of_module(image: &Image<'_>) -> Result<Option<Self>, KernelError> {
        if !image.holds_code() {
            return Ok(None);
        }
        let mut sites = Vec::new();
        for section in image.sections_named(module_section(image))? {
            sites.extend(addresses(&section, image));
        }
        Ok(Some(Self::new(sites, image)))
    }

    fn new(mut sites: Vec<u64>, image: &Image<'_>) -> Self {
        sites.sort_unstable();
        let before_entry = if image.machine() == "aarch64" { BEFORE_ENTRY_AARCH64 } else { 0 };
        Self { sites, before_entry }
    }

    /// Whether a function with these ranges, the entry point first, has a call site.
    pub(super) fn hit(&self, ranges: &[Range<u64>]) -> bool {
        let before = ranges.first().map(|entry| entry.start.saturating_sub(self.before_entry)..entry.start);
        ranges.iter().chain(&before).any(|range| self.any(range))
    }

    fn any(&self, range: &Range<u64>) -> bool {
        let first = self.sites.partition_point(|site| *site < range.start);
        self.sites.get(first).is_some_and(|site| range.contains(site))
    }
}

fn addresses(bytes: &[u8], image: &Image<'_>) -> Vec<u64> {
    let little = image.endian() == gimli::RunTimeEndian::Little;
    bytes.chunks_exact(image.address_size()).map(|address| read(address, little)).collect()
}
