//! `cpuN.part`: the trace data of one CPU as it goes to the disk during a recording.
//!
//! Chunks one behind the other, as in a trace.dat: stored size, size in memory (both `u32`, little endian), bytes. The
//! bytes are a Zstandard frame; where both sizes are equal they are the sub-buffers themselves. A chunk is written in
//! one piece, so that a recorder that is killed leaves whole chunks, at worst with a torn one at the end.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::{CaptureError, Result};

/// Bytes of a chunk's header.
const HEADER: usize = 8;
/// Largest chunk, in memory.
const MAX_CHUNK: u32 = 16 << 20;

/// Writes the file.
pub struct PartWriter {
    file: File,
    compressor: zstd::bulk::Compressor<'static>,
    /// A whole chunk with its header.
    stored: Vec<u8>,
}

/// A chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartChunk {
    /// The bytes as they are stored.
    pub stored: Vec<u8>,
    /// Their size in memory.
    pub size: u32,
    /// Whether they are compressed.
    pub is_compressed: bool,
}

/// What the whole chunks of a file are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartExtent {
    /// Bytes of the sub-buffers in them.
    pub held: u64,
    /// Their bytes in the file.
    pub end: u64,
}

/// What stands behind the last whole chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Torn {
    /// Where it starts.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
}

impl std::fmt::Debug for PartWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PartWriter").field("file", &self.file).finish_non_exhaustive()
    }
}

impl PartWriter {
    /// Makes the file.
    pub fn create(path: &Path, level: i32) -> Result<Self> {
        let io = |source| CaptureError::io(path, source);
        let file = File::options().write(true).create_new(true).open(path).map_err(io)?;
        let compressor = zstd::bulk::Compressor::new(level).map_err(io)?;
        Ok(Self { file, compressor, stored: Vec::new() })
    }

    /// Appends to a file that is there, from `offset` on.
    pub fn append(path: &Path, offset: u64, level: i32) -> Result<Self> {
        let io = |source| CaptureError::io(path, source);
        let mut file = File::options().write(true).create(true).truncate(false).open(path).map_err(io)?;
        file.set_len(offset).map_err(io)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0)).map_err(io)?;
        let compressor = zstd::bulk::Compressor::new(level).map_err(io)?;
        Ok(Self { file, compressor, stored: Vec::new() })
    }

    /// Another handle of the file, to bring it to the disk.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Writes whole sub-buffers as a chunk; gives its bytes in the file.
    pub fn write(&mut self, sub_buffers: &[u8]) -> io::Result<u64> {
        let size = sub_buffers.len();
        let room = HEADER + zstd::zstd_safe::compress_bound(size);
        self.stored.resize(room.max(HEADER + size), 0);
        let (header, body) = self.stored.split_at_mut(HEADER);
        let stored = self.compressor.compress_to_buffer(sub_buffers, body)?.min(size);
        if stored == size
            && let Some(place) = body.get_mut(..size)
        {
            place.copy_from_slice(sub_buffers);
        }
        for (place, byte) in
            header.iter_mut().zip((stored as u32).to_le_bytes().into_iter().chain((size as u32).to_le_bytes()))
        {
            *place = byte;
        }
        let whole = self.stored.get(..HEADER + stored).unwrap_or(&self.stored);
        self.file.write_all(whole)?;
        Ok(whole.len() as u64)
    }
}

/// Reads the chunks of a file, up to the first one that is not whole.
#[derive(Debug)]
pub struct PartReader {
    path: PathBuf,
    input: BufReader<File>,
    length: u64,
    /// Where the next chunk starts.
    offset: u64,
    sub_buffer: u32,
}

impl PartReader {
    /// Opens a file whose sub-buffers have that size.
    pub fn open(path: &Path, sub_buffer: u32) -> Result<Self> {
        let io = |source| CaptureError::io(path, source);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Ok(Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(1 << 20, file),
            length,
            offset: 0,
            sub_buffer,
        })
    }

    /// The next whole chunk; none at the end, or where what follows is torn.
    pub fn next_chunk(&mut self) -> Result<Option<PartChunk>> {
        let left = self.length.saturating_sub(self.offset);
        if left < HEADER as u64 {
            return Ok(None);
        }
        let mut sizes = [[0; 4]; 2];
        for size in &mut sizes {
            self.input.read_exact(size).map_err(|source| CaptureError::io(&self.path, source))?;
        }
        let [stored, size] = sizes.map(u32::from_le_bytes);
        let is_sound = stored > 0 && stored <= size && size <= MAX_CHUNK && size.is_multiple_of(self.sub_buffer.max(1));
        if !is_sound || u64::from(stored) > left - HEADER as u64 {
            return Ok(None);
        }
        let mut bytes = vec![0; stored as usize];
        self.input.read_exact(&mut bytes).map_err(|source| CaptureError::io(&self.path, source))?;
        self.offset += HEADER as u64 + u64::from(stored);
        Ok(Some(PartChunk { stored: bytes, size, is_compressed: stored < size }))
    }

    /// What is behind the chunks that were read.
    pub fn rest(&self) -> Torn {
        Torn { offset: self.offset, bytes: self.length.saturating_sub(self.offset) }
    }
}

impl PartChunk {
    /// The sub-buffers.
    pub fn sub_buffers(&self, decompressor: &mut zstd::bulk::Decompressor<'_>) -> io::Result<Vec<u8>> {
        if !self.is_compressed {
            return Ok(self.stored.clone());
        }
        let bytes = decompressor.decompress(&self.stored, self.size as usize)?;
        if bytes.len() == self.size as usize {
            Ok(bytes)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "a chunk is shorter than it says"))
        }
    }

    /// The bytes of the chunk in a part file.
    pub fn file_size(&self) -> u64 {
        (HEADER + self.stored.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{PartReader, PartWriter, Torn};

    fn read(path: &std::path::Path) -> (Vec<Vec<u8>>, Torn) {
        let mut reader = PartReader::open(path, 4096).unwrap();
        let mut decompressor = zstd::bulk::Decompressor::new().unwrap();
        let mut chunks = Vec::new();
        while let Some(chunk) = reader.next_chunk().unwrap() {
            chunks.push(chunk.sub_buffers(&mut decompressor).unwrap());
        }
        (chunks, reader.rest())
    }

    #[test]
    fn chunks_come_back_compressed_or_not() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("cpu0.part");
        let mut writer = PartWriter::create(&path, 1).unwrap();
        let small = writer.write(&[7; 8192]).unwrap();
        assert!(small < 200);
        let mut noise = vec![0; 4096];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        assert_eq!(writer.write(&noise).unwrap(), 4104);
        let (chunks, rest) = read(&path);
        assert_eq!(chunks, [vec![7; 8192], noise]);
        assert_eq!(rest, Torn { offset: small + 4104, bytes: 0 });
    }

    #[test]
    fn a_file_cut_anywhere_gives_its_whole_chunks_and_the_size_of_the_torn_one() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("cpu0.part");
        let mut writer = PartWriter::create(&path, 1).unwrap();
        let first = writer.write(&[7; 8192]).unwrap();
        let second = writer.write(&[9; 4096]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in first..first + second {
            std::fs::write(&path, &whole[..cut as usize]).unwrap();
            let (chunks, rest) = read(&path);
            assert_eq!(chunks, [vec![7; 8192]], "{cut}");
            assert_eq!(rest, Torn { offset: first, bytes: cut - first });
        }
    }

    #[test]
    fn zeroes_that_a_power_cut_leaves_are_torn_and_not_chunks() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("cpu0.part");
        let mut writer = PartWriter::create(&path, 1).unwrap();
        let first = writer.write(&[7; 4096]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([0; 100]);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path), (vec![vec![7; 4096]], Torn { offset: first, bytes: 100 }));
    }

    #[test]
    fn appending_cuts_the_torn_chunk_off() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("cpu0.part");
        let first = PartWriter::create(&path, 1).unwrap().write(&[7; 4096]).unwrap();
        std::fs::write(&path, [std::fs::read(&path).unwrap(), vec![1; 5]].concat()).unwrap();
        PartWriter::append(&path, first, 1).unwrap().write(&[8; 4096]).unwrap();
        assert_eq!(read(&path).0, [vec![7; 4096], vec![8; 4096]]);
    }
}
