//! The trace data of one CPU: sub-buffers, raw or in compressed chunks.

use crate::bytes::{ByteOrder, Cursor};
use crate::error::{Error, Result};

use super::compression::{Codec, MAX_CHUNK_SIZE};

/// Bytes that one chunk of raw data has at most, if a sub-buffer is not larger.
const RAW_CHUNK_SIZE: usize = 64 << 10;
/// Bytes that old writers forgot to count: the number of chunks in front.
const FORGOTTEN_SIZE: u64 = 4;

/// How the sub-buffers of a CPU are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// One behind the other.
    Raw,
    /// In chunks, compressed with that codec.
    Chunks(Codec),
}

/// The trace data of one CPU.
#[derive(Clone, Debug)]
pub struct CpuData<'a> {
    /// The CPU.
    pub cpu: u32,
    /// Where its data starts in the file.
    pub offset: u64,
    /// The size that the file gives for it, compressed or not.
    pub size: u64,
    /// How it is stored.
    pub storage: Storage,
    /// Bytes of a sub-buffer.
    pub sub_buffer_size: u32,
    order: ByteOrder,
    /// What is there of it.
    bytes: &'a [u8],
}

/// A piece of a CPU's trace data: whole sub-buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Where its bytes are in the file.
    pub offset: u64,
    /// The bytes as they are stored.
    pub bytes: &'a [u8],
    /// Bytes when decompressed, at most [`MAX_CHUNK_SIZE`] if the codec is not [`Codec::None`].
    pub uncompressed_size: u32,
    /// How it is compressed. With [`Codec::None`] `bytes` are the sub-buffers themselves.
    pub codec: Codec,
}

/// The place of a CPU's data as the file gives it.
pub(super) struct Extent {
    pub(super) cpu: u32,
    pub(super) offset: u64,
    pub(super) size: u64,
}

impl<'a> CpuData<'a> {
    /// The data at that place, and the error if not all of it is in the file.
    pub(super) fn new(
        file: &'a [u8],
        order: ByteOrder,
        extent: &Extent,
        storage: Storage,
        sub_buffer_size: u32,
    ) -> (Self, Option<Error>) {
        let &Extent { cpu, offset, size } = extent;
        let there = Cursor::at(file, offset, order).rest();
        let missing = (there.len() as u64) < size;
        let wanted = match storage {
            _ if size == 0 => 0,
            Storage::Raw => size,
            // The chunks know better than the size: see `Chunks`.
            Storage::Chunks(_) => size.saturating_add(FORGOTTEN_SIZE),
        };
        let bytes = usize::try_from(wanted).ok().and_then(|wanted| there.get(..wanted)).unwrap_or(there);
        let error = Error::Truncated { what: "trace data of a CPU", offset, needed: size, left: there.len() as u64 };
        (Self { cpu, offset, size, storage, sub_buffer_size, order, bytes }, missing.then_some(error))
    }

    /// Sub-buffers without a container, such as a copy of `trace_pipe_raw`: `bytes` is the whole file.
    pub fn raw(cpu: u32, bytes: &'a [u8], sub_buffer_size: u32, order: ByteOrder) -> Self {
        Self { cpu, offset: 0, size: bytes.len() as u64, storage: Storage::Raw, sub_buffer_size, order, bytes }
    }

    /// The chunks of the data, in order.
    pub fn chunks(&self) -> Chunks<'a> {
        let state = match self.storage {
            _ if self.size == 0 => State::Done,
            Storage::Raw => State::Raw,
            Storage::Chunks(codec) => State::Start(codec),
        };
        Chunks {
            cursor: Cursor::new(self.bytes, self.order),
            start: self.offset,
            size: self.size,
            sub_buffer_size: self.sub_buffer_size,
            state,
        }
    }
}

/// Iterator over the chunks of a CPU. The first error ends it: sizes behind an error cannot be trusted.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    cursor: Cursor<'a>,
    /// Where the cursor's bytes are in the file.
    start: u64,
    size: u64,
    sub_buffer_size: u32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Raw,
    /// The number of chunks comes first.
    Start(Codec),
    Chunks(Codec, u32),
    Done,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_chunk().map_err(|error| self.in_file(error));
        if !matches!(next, Ok(Some(_))) {
            self.state = State::Done;
        }
        next.transpose()
    }
}

impl std::iter::FusedIterator for Chunks<'_> {}

impl<'a> Chunks<'a> {
    /// Stored bytes that have not been given out.
    pub fn remaining(&self) -> usize {
        self.cursor.rest().len()
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk<'a>>> {
        match self.state {
            State::Done => Ok(None),
            State::Raw => self.raw(),
            State::Start(codec) => {
                let count = self.cursor.u32("number of chunks")?;
                self.compressed(codec, count)
            }
            State::Chunks(codec, left) => self.compressed(codec, left),
        }
    }

    /// As many whole sub-buffers as fit. A part of one at the end is an error.
    fn raw(&mut self) -> Result<Option<Chunk<'a>>> {
        let one = self.sub_buffer_size as usize;
        let left = self.cursor.rest().len();
        if left == 0 {
            return Ok(None);
        }
        let whole = left.checked_div(one).unwrap_or(0).min((RAW_CHUNK_SIZE / one.max(1)).max(1)).max(1);
        let offset = self.start + self.cursor.offset();
        let bytes = self.cursor.take("sub-buffer", (whole * one) as u64)?;
        Ok(Some(Chunk { offset, bytes, uncompressed_size: bytes.len() as u32, codec: Codec::None }))
    }

    fn compressed(&mut self, codec: Codec, left: u32) -> Result<Option<Chunk<'a>>> {
        let Some(behind) = left.checked_sub(1) else { return self.check_end() };
        let stored = self.cursor.u32("compressed size of a chunk")?;
        let size_offset = self.cursor.offset();
        let uncompressed_size = self.cursor.u32("uncompressed size of a chunk")?;
        if uncompressed_size > MAX_CHUNK_SIZE {
            let (size, limit) = (u64::from(uncompressed_size), u64::from(MAX_CHUNK_SIZE));
            return Err(Error::TooLarge { what: "chunk", offset: size_offset, size, limit });
        }
        if uncompressed_size.checked_rem(self.sub_buffer_size) != Some(0) {
            let detail = format!("{uncompressed_size} bytes are no sub-buffers of {}", self.sub_buffer_size);
            return Err(Error::Malformed { what: "chunk", offset: size_offset, detail });
        }
        let offset = self.start + self.cursor.offset();
        let bytes = self.cursor.take("chunk", u64::from(stored))?;
        self.state = State::Chunks(codec, behind);
        Ok(Some(Chunk { offset, bytes, uncompressed_size, codec }))
    }

    /// The number of chunks rules, since old writers counted the size too small; but a number that leaves data
    /// unread is damage, not an old writer.
    fn check_end(&self) -> Result<Option<Chunk<'a>>> {
        let offset = self.cursor.offset();
        if offset < self.size {
            let detail = format!("the chunks end {} bytes before the data", self.size - offset);
            return Err(Error::Malformed { what: "number of chunks", offset: 0, detail });
        }
        Ok(None)
    }

    /// The error with its offset in the file.
    fn in_file(&self, mut error: Error) -> Error {
        if let Error::Truncated { offset, .. } | Error::TooLarge { offset, .. } | Error::Malformed { offset, .. } =
            &mut error
        {
            *offset = offset.saturating_add(self.start);
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::CpuData;
    use crate::bytes::ByteOrder;
    use crate::error::Error;
    use crate::header_page::PageLayout;
    use crate::sub_buffer::SubBuffer;

    /// A sub-buffer of 64 bytes with so many events of four bytes.
    fn sub_buffer(events: u64) -> Vec<u8> {
        let mut bytes = [100_u64.to_le_bytes(), (events * 8).to_le_bytes()].concat();
        for _ in 0..events {
            bytes.extend([1 | 1 << 5, 0, 0, 0, 7, 7, 7, 7]);
        }
        bytes.resize(64, 0xee);
        bytes
    }

    #[test]
    fn trap_9_sub_buffers_may_be_partly_filled_and_only_whole_ones_are_read() {
        let file = [sub_buffer(2), sub_buffer(6), sub_buffer(0), sub_buffer(1)[..40].to_vec()].concat();
        let data = CpuData::raw(3, &file, 64, ByteOrder::Little);
        let mut chunks = data.chunks();
        let whole = chunks.next().unwrap().unwrap();
        let pages = whole.bytes.chunks(64).map(|page| SubBuffer::parse(page, &PageLayout::LONG_8, ByteOrder::Little));
        assert_eq!(pages.map(|page| page.unwrap().records().count()).collect::<Vec<_>>(), [2, 6, 0]);
        let expected = Error::Truncated { what: "sub-buffer", offset: 192, needed: 64, left: 40 };
        assert_eq!((chunks.next(), chunks.next()), (Some(Err(expected)), None));
    }
}
