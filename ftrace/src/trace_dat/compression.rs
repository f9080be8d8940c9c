//! Codecs of sections and of chunks of trace data.

use crate::error::{Error, Result};

use super::cpu_data::Chunk;

/// Largest chunk of trace data that is decompressed. trace-cmd writes chunks of ten pages.
pub const MAX_CHUNK_SIZE: u32 = 16 << 20;

/// A codec that trace-cmd knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// Bytes as they are.
    #[default]
    None,
    /// zlib, of trace-cmd builds with it.
    Zlib,
    /// Zstandard, the usual one.
    Zstd,
}

impl Codec {
    /// The codec of that name.
    pub fn from_name(name: &[u8]) -> Result<Self> {
        match name {
            b"none" | b"" => Ok(Self::None),
            b"zlib" => Ok(Self::Zlib),
            b"zstd" => Ok(Self::Zstd),
            other => {
                Err(Error::Unsupported { what: "compression", found: String::from_utf8_lossy(other).into_owned() })
            }
        }
    }

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
        }
    }
}

/// Decompresses chunks. It keeps its contexts, so one should live as long as there are chunks.
pub struct Decompressor {
    zstd: zstd::bulk::Decompressor<'static>,
    zlib: flate2::Decompress,
}

impl Default for Decompressor {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

impl Decompressor {
    /// A decompressor for every codec.
    pub fn new() -> Self {
        Self { zstd: zstd::bulk::Decompressor::default(), zlib: flate2::Decompress::new(true) }
    }

    /// Fills `out` with the chunk's sub-buffers; what was in `out` is gone, its memory is used again.
    ///
    /// The result has exactly the size that the chunk claims, which is at most [`MAX_CHUNK_SIZE`]; anything else is an
    /// error and leaves `out` empty.
    pub fn decompress(&mut self, chunk: &Chunk<'_>, out: &mut Vec<u8>) -> Result<()> {
        let block =
            Block { codec: chunk.codec, bytes: chunk.bytes, offset: chunk.offset, size: chunk.uncompressed_size };
        self.block(&block, MAX_CHUNK_SIZE, out)
    }

    pub(super) fn block(&mut self, block: &Block<'_>, limit: u32, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let result = self.fill(block, limit, out);
        if result.is_err() {
            out.clear();
        }
        result
    }

    fn fill(&mut self, block: &Block<'_>, limit: u32, out: &mut Vec<u8>) -> Result<()> {
        let size = block.size;
        if size > limit {
            let (size, limit) = (u64::from(size), u64::from(limit));
            return Err(Error::TooLarge { what: "compressed data", offset: block.offset, size, limit });
        }
        match block.codec {
            Codec::None => out.extend_from_slice(block.bytes),
            Codec::Zstd => self.zstd(block, out)?,
            Codec::Zlib => self.zlib(block, out)?,
        }
        if out.len() != size as usize {
            return Err(block.error(format!("it holds {} bytes, {size} are claimed", out.len())));
        }
        Ok(())
    }

    fn zstd(&mut self, block: &Block<'_>, out: &mut Vec<u8>) -> Result<()> {
        out.reserve(block.size as usize);
        self.zstd.decompress_to_buffer(block.bytes, out).map_err(|error| block.error(error.to_string()))?;
        Ok(())
    }

    fn zlib(&mut self, block: &Block<'_>, out: &mut Vec<u8>) -> Result<()> {
        out.reserve(block.size as usize);
        self.zlib.reset(true);
        let status = self.zlib.decompress_vec(block.bytes, out, flate2::FlushDecompress::Finish);
        match status {
            Ok(flate2::Status::StreamEnd) => Ok(()),
            Ok(_) => Err(block.error(format!("no end within the {} bytes that are claimed", block.size))),
            Err(error) => Err(block.error(error.to_string())),
        }
    }
}

/// Compressed bytes with what is known about them.
pub(super) struct Block<'a> {
    pub(super) codec: Codec,
    pub(super) bytes: &'a [u8],
    /// Where the bytes are in the file.
    pub(super) offset: u64,
    /// The size that they claim to have when decompressed.
    pub(super) size: u32,
}

impl Block<'_> {
    fn error(&self, detail: String) -> Error {
        Error::Decompress { codec: self.codec.name(), offset: self.offset, detail }
    }
}
