//! Sections of version 7.

use std::borrow::Cow;

use crate::bytes::{ByteOrder, Cursor};
use crate::error::{Error, Result};

use super::compression::{Block, Codec, Decompressor};

/// Flag of a section header: the section is compressed.
const COMPRESSED: u16 = 1;
/// Largest section of metadata that is decompressed. A kernel's kallsyms has 4 MB, all its event formats 6 MB.
const MAX_SECTION_SIZE: u32 = 64 << 20;

/// The file and what is needed to read its sections.
pub(super) struct Sections<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) order: ByteOrder,
    pub(super) codec: Codec,
    pub(super) decompressor: Decompressor,
}

/// The header of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) id: u16,
    flags: u16,
    size: u64,
}

impl Header {
    pub(super) fn is_compressed(&self) -> bool {
        self.flags & COMPRESSED != 0
    }
}

impl<'a> Sections<'a> {
    /// The header at `offset` and a cursor behind it.
    pub(super) fn header(&self, what: &'static str, offset: u64) -> Result<(Header, Cursor<'a>)> {
        let size = self.bytes.len() as u64;
        if offset >= size {
            return Err(Error::Truncated { what, offset, needed: 1, left: 0 });
        }
        let mut cursor = Cursor::at(self.bytes, offset, self.order);
        let id = cursor.u16("section id")?;
        let flags = cursor.u16("section flags")?;
        // The id of a string that describes the section: for people only.
        cursor.u32("section description")?;
        let size = cursor.u64("section size")?;
        Ok((Header { id, flags, size }, cursor))
    }

    /// The content of the section at `offset`, which must have that id.
    pub(super) fn read(&mut self, what: &'static str, id: u16, offset: u64) -> Result<Cow<'a, [u8]>> {
        let (header, mut cursor) = self.header(what, offset)?;
        if header.id != id {
            let detail = format!("section {} where section {id} should be", header.id);
            return Err(Error::Malformed { what, offset, detail });
        }
        let stored = cursor.take(what, header.size)?;
        if header.is_compressed() {
            let start = cursor.offset() - stored.len() as u64;
            self.decompress(what, stored, start).map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(stored))
        }
    }

    fn decompress(&mut self, what: &'static str, stored: &[u8], start: u64) -> Result<Vec<u8>> {
        if self.codec == Codec::None {
            let detail = "a compressed section in a file without compression".to_owned();
            return Err(Error::Malformed { what, offset: start, detail });
        }
        let mut cursor = Cursor::new(stored, self.order);
        let compressed = cursor.u32("compressed size")?;
        let size = cursor.u32("uncompressed size")?;
        let offset = start + cursor.offset();
        let bytes = cursor.take(what, u64::from(compressed))?;
        let mut content = Vec::new();
        self.decompressor.block(&Block { codec: self.codec, bytes, offset, size }, MAX_SECTION_SIZE, &mut content)?;
        Ok(content)
    }
}
