//! The first bytes of a file.

use crate::bytes::{ByteOrder, Cursor};
use crate::error::{Error, Result};

/// What every file starts with.
const MAGIC: &[u8] = b"\x17\x08\x44tracing";
/// Longest version text that is looked at.
const MAX_VERSION: usize = 16;
/// Largest page that is accepted.
const MAX_PAGE_SIZE: u32 = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V6,
    V7,
}

/// The part that both versions share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix {
    pub(super) version: Version,
    pub(super) order: ByteOrder,
    pub(super) user_long_size: u8,
    pub(super) page_size: u32,
}

impl Prefix {
    /// Reads the prefix; the cursor stands behind it.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, Cursor<'_>)> {
        let mut cursor = Cursor::new(bytes, ByteOrder::Little);
        let magic = cursor.take("trace.dat magic", MAGIC.len() as u64)?;
        if magic != MAGIC {
            return Err(malformed("trace.dat magic", 0, format!("found {magic:02x?}")));
        }
        let version = version(&mut cursor)?;
        let order = byte_order(&mut cursor)?;
        let mut cursor = Cursor::at(bytes, cursor.offset(), order);
        let offset = cursor.offset();
        let user_long_size = cursor.u8("size of long")?;
        if !matches!(user_long_size, 4 | 8) {
            return Err(malformed("size of long", offset, format!("{user_long_size} bytes")));
        }
        let offset = cursor.offset();
        let page_size = cursor.u32("page size")?;
        check_sub_buffer_size("page size", offset, page_size)?;
        Ok((Self { version, order, user_long_size, page_size }, cursor))
    }
}

/// A size of pages or sub-buffers that can be worked with.
pub(super) fn check_sub_buffer_size(what: &'static str, offset: u64, size: u32) -> Result<()> {
    match size {
        0 => Err(malformed(what, offset, "zero".to_owned())),
        1..=MAX_PAGE_SIZE => Ok(()),
        _ => Err(Error::TooLarge { what, offset, size: u64::from(size), limit: u64::from(MAX_PAGE_SIZE) }),
    }
}

fn version(cursor: &mut Cursor<'_>) -> Result<Version> {
    match cursor.zero_terminated("trace.dat version")? {
        b"6" => Ok(Version::V6),
        b"7" => Ok(Version::V7),
        other => {
            let shown = other.get(..other.len().min(MAX_VERSION)).unwrap_or(other);
            let found = String::from_utf8_lossy(shown).into_owned();
            Err(Error::Unsupported { what: "trace.dat version", found })
        }
    }
}

fn byte_order(cursor: &mut Cursor<'_>) -> Result<ByteOrder> {
    let offset = cursor.offset();
    match cursor.u8("byte order")? {
        0 => Ok(ByteOrder::Little),
        1 => Ok(ByteOrder::Big),
        other => Err(malformed("byte order", offset, format!("{other} is neither 0 nor 1"))),
    }
}

fn malformed(what: &'static str, offset: u64, detail: String) -> Error {
    Error::Malformed { what, offset, detail }
}
