//! Relocations of the debug sections of a module.
//!
//! A module is a relocatable file: addresses and offsets between its debug sections are zero until relocated.

use std::borrow::Cow;

use object::read::{Object, ObjectSection, RelocationTarget};
use object::{RelocationKind, SymbolIndex};
use thiserror::Error;

/// Why a section cannot be relocated.
#[derive(Debug, Error)]
pub(super) enum RelocationError {
    #[error("relocation at offset {offset:#x} of {size} bytes leaves the section of {length} bytes")]
    Outside { offset: u64, size: usize, length: usize },
    #[error("relocation at offset {offset:#x}: {what} is not supported")]
    Unsupported { offset: u64, what: String },
    #[error("relocation at offset {offset:#x} names a symbol that is not there")]
    Symbol { offset: u64 },
}

/// The section's bytes with its relocations applied.
pub(super) fn apply_relocations<'data>(
    object: &object::File<'data>,
    section: &object::Section<'data, '_>,
    data: Cow<'data, [u8]>,
    symbol_address: impl Fn(SymbolIndex) -> Option<u64>,
) -> Result<Cow<'data, [u8]>, RelocationError> {
    let mut relocations = section.relocations().peekable();
    if relocations.peek().is_none() || data.is_empty() {
        return Ok(data);
    }
    let little = object.is_little_endian();
    let mut data = data.into_owned();
    for (offset, relocation) in relocations {
        let target = match relocation.target() {
            RelocationTarget::Symbol(index) => symbol_address(index).ok_or(RelocationError::Symbol { offset })?,
            RelocationTarget::Absolute => 0,
            other => return Err(unsupported(offset, &other)),
        };
        let size = usize::from(relocation.size() / 8);
        if relocation.kind() != RelocationKind::Absolute || !matches!(size, 4 | 8) {
            return Err(unsupported(offset, &relocation.flags()));
        }
        let length = data.len();
        let place = usize::try_from(offset)
            .ok()
            .and_then(|start| data.get_mut(start..start.checked_add(size)?))
            .ok_or(RelocationError::Outside { offset, size, length })?;
        let implicit = if relocation.has_implicit_addend() { read(place, little) } else { 0 };
        let value = target.wrapping_add(relocation.addend().cast_unsigned()).wrapping_add(implicit);
        write(place, value, little);
    }
    Ok(Cow::Owned(data))
}

fn unsupported(offset: u64, what: &dyn std::fmt::Debug) -> RelocationError {
    RelocationError::Unsupported { offset, what: format!("{what:?}") }
}

/// The number in 4 or 8 bytes.
pub(super) fn read(place: &[u8], little: bool) -> u64 {
    let join = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
    if little { place.iter().rev().fold(0, join) } else { place.iter().fold(0, join) }
}

fn write(place: &mut [u8], value: u64, little: bool) {
    let bytes = value.to_le_bytes();
    let low = bytes.iter().take(place.len());
    if little {
        place.iter_mut().zip(low).for_each(|(slot, byte)| *slot = *byte);
    } else {
        place.iter_mut().rev().zip(low).for_each(|(slot, byte)| *slot = *byte);
    }
}
