//! The trace data of a buffer.

use std::io::{self, Seek, Write};

use crate::trace_dat::Codec;

use super::encode::{Encoder, size_u32};
use super::option::kind;
use super::{FileOption, HEADER_SIZE, SIZE_IN_HEADER, TraceDatWriter};

/// Writes one buffer. Without [`BufferWriter::finish`] it does not get into the file.
#[derive(Debug)]
#[must_use]
pub struct BufferWriter<'w, W> {
    file: &'w mut TraceDatWriter<W>,
    section: u64,
    name: String,
    clock: String,
    sub_buffer_size: u32,
    cpus: Vec<Cpu>,
}

#[derive(Clone, Copy, Debug)]
struct Cpu {
    number: u32,
    offset: u64,
    size: u64,
}

impl<'w, W: Write + Seek> BufferWriter<'w, W> {
    pub(super) fn new(
        file: &'w mut TraceDatWriter<W>,
        name: &str,
        clock: &str,
        sub_buffer_size: u32,
    ) -> io::Result<Self> {
        if sub_buffer_size == 0 {
            return Err(invalid("sub-buffers of no size"));
        }
        let flags = file.flags();
        let section = file.write_header(kind::BUFFER, flags, "flyrecord", 0)?;
        let (name, clock) = (name.to_owned(), clock.to_owned());
        Ok(Self { file, section, name, clock, sub_buffer_size, cpus: Vec::new() })
    }

    /// Starts a CPU. Its data comes behind that of the CPUs before it.
    pub fn begin_cpu(&mut self, cpu: u32) -> io::Result<CpuWriter<'_, 'w, W>> {
        CpuWriter::new(self, cpu)
    }

    /// Writes a whole CPU from pieces of whole sub-buffers.
    pub fn write_cpu<P: AsRef<[u8]>>(&mut self, cpu: u32, pieces: impl IntoIterator<Item = P>) -> io::Result<()> {
        let mut writer = self.begin_cpu(cpu)?;
        for piece in pieces {
            writer.write_sub_buffers(piece.as_ref())?;
        }
        writer.finish()
    }

    /// Ends the buffer: its section gets its size, the file its option.
    pub fn finish(self) -> io::Result<()> {
        let size = self.file.sink.stream_position()?.saturating_sub(self.section + HEADER_SIZE);
        self.file.patch_u64(self.section + SIZE_IN_HEADER, size)?;
        let mut data = Encoder::new(self.file.config.order);
        data.u64(self.section);
        data.string(&self.name);
        data.string(&self.clock);
        data.u32(self.sub_buffer_size);
        data.u32(size_u32(self.cpus.len())?);
        for cpu in &self.cpus {
            data.u32(cpu.number);
            data.u64(cpu.offset);
            data.u64(cpu.size);
        }
        self.file.add_option(&FileOption::Raw { kind: kind::BUFFER, data: &data.into_bytes() });
        Ok(())
    }
}

/// Writes the sub-buffers of one CPU. Without [`CpuWriter::finish`] they do not get into the file.
#[derive(Debug)]
#[must_use]
pub struct CpuWriter<'b, 'w, W> {
    buffer: &'b mut BufferWriter<'w, W>,
    cpu: u32,
    offset: u64,
    /// Sub-buffers of a chunk that is not full yet.
    pending: Vec<u8>,
    chunks: u32,
}

impl<'b, 'w, W: Write + Seek> CpuWriter<'b, 'w, W> {
    fn new(buffer: &'b mut BufferWriter<'w, W>, cpu: u32) -> io::Result<Self> {
        let offset = buffer.file.pad_to_page()?;
        let writer = Self { buffer, cpu, offset, pending: Vec::new(), chunks: 0 };
        if writer.is_compressed() {
            // The number of chunks: patched at the end.
            writer.buffer.file.sink.write_all(&[0; 4])?;
        }
        Ok(writer)
    }

    /// Appends whole sub-buffers.
    pub fn write_sub_buffers(&mut self, bytes: &[u8]) -> io::Result<()> {
        let one = self.buffer.sub_buffer_size as usize;
        if !bytes.len().is_multiple_of(one) {
            return Err(invalid("a part of a sub-buffer"));
        }
        if !self.is_compressed() {
            return self.buffer.file.sink.write_all(bytes);
        }
        let full = one * self.buffer.file.config.sub_buffers_in_chunk.max(1) as usize;
        for sub_buffer in bytes.chunks_exact(one) {
            self.pending.extend_from_slice(sub_buffer);
            if self.pending.len() >= full {
                self.write_chunk()?;
            }
        }
        Ok(())
    }

    /// Appends a chunk that is compressed already, with the file's codec: whole sub-buffers that take `size` bytes.
    pub fn write_compressed_chunk(&mut self, compressed: &[u8], size: u32) -> io::Result<()> {
        if !self.is_compressed() {
            return Err(invalid("a compressed chunk in a file without a codec"));
        }
        if !size.is_multiple_of(self.buffer.sub_buffer_size) {
            return Err(invalid("a part of a sub-buffer"));
        }
        if !self.pending.is_empty() {
            self.write_chunk()?;
        }
        self.append_chunk(compressed, size)
    }

    /// Ends the CPU.
    pub fn finish(mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.write_chunk()?;
        }
        let file = &mut *self.buffer.file;
        let mut size = file.sink.stream_position()?.saturating_sub(self.offset);
        if file.config.codec != Codec::None {
            file.patch_u32(self.offset, self.chunks)?;
            // trace-cmd does not look for chunks where the size is zero.
            size = if self.chunks == 0 { 0 } else { size };
        }
        self.buffer.cpus.push(Cpu { number: self.cpu, offset: self.offset, size });
        Ok(())
    }

    fn is_compressed(&self) -> bool {
        self.buffer.file.config.codec != Codec::None
    }

    fn write_chunk(&mut self) -> io::Result<()> {
        if let Some(compressed) = self.buffer.file.compressor.compress(&self.pending)? {
            self.append_chunk(&compressed, size_u32(self.pending.len())?)?;
        }
        self.pending.clear();
        Ok(())
    }

    fn append_chunk(&mut self, compressed: &[u8], size: u32) -> io::Result<()> {
        let file = &mut *self.buffer.file;
        let mut header = Encoder::new(file.config.order);
        header.u32(size_u32(compressed.len())?);
        header.u32(size);
        file.sink.write_all(&header.into_bytes())?;
        file.sink.write_all(compressed)?;
        self.chunks = self.chunks.saturating_add(1);
        Ok(())
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
