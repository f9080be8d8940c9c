//! Writes trace.dat files of version 7 that trace-cmd reads.
//!
//! The texts come first, then the buffers with their CPUs one behind the other, the options last. What was written
//! before an interruption is not a file yet: the prefix gets the place of the options in [`TraceDatWriter::finish`].
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! use hap_ftrace::writer::{FileOption, TraceDatWriter, WriterConfig};
//! use hap_ftrace::trace_dat::{Texts, TraceDat};
//!
//! let mut writer = TraceDatWriter::new(std::io::Cursor::new(Vec::new()), WriterConfig::default())?;
//! writer.write_texts(&Texts::default())?;
//! writer.add_option(&FileOption::Uname("Linux host 6.1.0 x86_64"));
//! let mut buffer = writer.begin_buffer("", "mono", 4096)?;
//! let mut cpu = buffer.begin_cpu(0)?;
//! cpu.write_sub_buffers(&[0; 4096])?;
//! cpu.finish()?;
//! buffer.finish()?;
//! let file = writer.finish()?.into_inner();
//! assert_eq!(TraceDat::parse(&file).unwrap().buffers.len(), 1);
//! # Ok(())
//! # }
//! ```

mod buffer;
mod encode;
mod option;

pub use buffer::{BufferWriter, CpuWriter};
pub use option::FileOption;

use std::io::{self, Seek, SeekFrom, Write};

use crate::bytes::ByteOrder;
use crate::trace_dat::{Codec, Texts};

use encode::{Compressor, Encoder};
use option::kind;

/// What every file starts with.
const MAGIC: &[u8] = b"\x17\x08\x44tracing7\0";
/// Flag of a section header: the section is compressed.
const COMPRESSED: u16 = 1;
/// Bytes of a section header.
const HEADER_SIZE: u64 = 16;
/// The size in a section header starts there.
const SIZE_IN_HEADER: u64 = 8;

/// Properties of a file.
#[derive(Clone, Debug)]
pub struct WriterConfig {
    /// Byte order of the recorded machine.
    pub order: ByteOrder,
    /// Bytes of `long` in its user space.
    pub user_long_size: u8,
    /// Its page size.
    pub page_size: u32,
    /// How sections and trace data are compressed.
    pub codec: Codec,
    /// How hard the codec tries; 0 is its default.
    pub level: i32,
    /// Pages or sub-buffers in a chunk of compressed trace data.
    pub sub_buffers_in_chunk: u32,
}

impl Default for WriterConfig {
    /// The usual machine of today, Zstandard, ten sub-buffers in a chunk like trace-cmd.
    fn default() -> Self {
        Self {
            order: ByteOrder::Little,
            user_long_size: 8,
            page_size: 4096,
            codec: Codec::Zstd,
            level: 0,
            sub_buffers_in_chunk: 10,
        }
    }
}

/// Writes a trace.dat file.
pub struct TraceDatWriter<W> {
    sink: W,
    config: WriterConfig,
    compressor: Compressor,
    /// Options, collected until the end.
    options: Vec<u8>,
    /// Descriptions of sections, each ended by a zero byte.
    strings: Vec<u8>,
    /// Where the offset of the options goes.
    options_offset: u64,
}

impl<W: std::fmt::Debug> std::fmt::Debug for TraceDatWriter<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TraceDatWriter")
            .field("sink", &self.sink)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Seek> TraceDatWriter<W> {
    /// Starts a file.
    pub fn new(mut sink: W, config: WriterConfig) -> io::Result<Self> {
        let mut prefix = Encoder::new(config.order);
        prefix.bytes(MAGIC);
        prefix.u8(u8::from(config.order == ByteOrder::Big));
        prefix.u8(config.user_long_size);
        prefix.u32(config.page_size);
        prefix.string(config.codec.name());
        prefix.string(if config.codec == Codec::None { "" } else { "1" });
        let options_offset = prefix.len();
        prefix.u64(0);
        sink.write_all(&prefix.into_bytes())?;
        let compressor = Compressor::new(config.codec, config.level)?;
        Ok(Self { sink, config, compressor, options: Vec::new(), strings: Vec::new(), options_offset })
    }

    /// Writes the kernel's texts.
    pub fn write_texts(&mut self, texts: &Texts) -> io::Result<()> {
        for (kind, what, content) in encode::texts(texts, self.config.order)? {
            let offset = self.write_section(kind, what, &content)?;
            self.add_offset_option(kind, offset);
        }
        Ok(())
    }

    /// Adds an option. Options are written in [`TraceDatWriter::finish`], in this order.
    pub fn add_option(&mut self, option: &FileOption<'_>) {
        option.encode(self.config.order, &mut self.options);
    }

    /// Starts a buffer; the empty name is the top level.
    pub fn begin_buffer(&mut self, name: &str, clock: &str, sub_buffer_size: u32) -> io::Result<BufferWriter<'_, W>> {
        BufferWriter::new(self, name, clock, sub_buffer_size)
    }

    /// Writes the options and completes the file.
    pub fn finish(mut self) -> io::Result<W> {
        let mut options = Encoder::new(self.config.order);
        options.bytes(&self.options);
        options.u16(kind::DONE);
        options.sized_u32(&[0; 8])?;
        // trace-cmd reads compressed options, but its dump does not; trace-cmd itself never compresses them.
        let offset = self.write_header(kind::DONE, 0, "options", options.len())?;
        self.sink.write_all(&options.into_bytes())?;
        self.write_strings()?;
        self.patch_u64(self.options_offset, offset)?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn add_offset_option(&mut self, kind: u16, offset: u64) {
        let mut data = Encoder::new(self.config.order);
        data.u64(offset);
        self.add_option(&FileOption::Raw { kind, data: &data.into_bytes() });
    }

    /// Writes a section of metadata and gives its offset.
    fn write_section(&mut self, kind: u16, what: &str, content: &[u8]) -> io::Result<u64> {
        let mut body = Encoder::new(self.config.order);
        match self.compressor.compress(content)? {
            None => body.bytes(content),
            Some(compressed) => {
                body.u32(encode::size_u32(compressed.len())?);
                body.u32(encode::size_u32(content.len())?);
                body.bytes(&compressed);
            }
        }
        let flags = self.flags();
        let offset = self.write_header(kind, flags, what, body.len())?;
        self.sink.write_all(&body.into_bytes())?;
        Ok(offset)
    }

    fn flags(&self) -> u16 {
        if self.config.codec == Codec::None { 0 } else { COMPRESSED }
    }

    fn write_header(&mut self, kind: u16, flags: u16, what: &str, size: u64) -> io::Result<u64> {
        let description = encode::size_u32(self.strings.len())?;
        self.strings.extend_from_slice(what.as_bytes());
        self.strings.push(0);
        let offset = self.sink.stream_position()?;
        let mut header = Encoder::new(self.config.order);
        header.u16(kind);
        header.u16(flags);
        header.u32(description);
        header.u64(size);
        self.sink.write_all(&header.into_bytes())?;
        Ok(offset)
    }

    /// The descriptions come last and uncompressed: trace-cmd looks for them by walking over all sections.
    fn write_strings(&mut self) -> io::Result<()> {
        let strings = std::mem::take(&mut self.strings);
        self.write_header(kind::STRINGS, 0, "strings", strings.len() as u64)?;
        self.sink.write_all(&strings)
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.sink.seek(SeekFrom::Start(offset))?;
        self.sink.write_all(bytes)?;
        self.sink.seek(SeekFrom::End(0))?;
        Ok(())
    }

    fn patch_u64(&mut self, offset: u64, value: u64) -> io::Result<()> {
        let mut bytes = Encoder::new(self.config.order);
        bytes.u64(value);
        self.patch(offset, &bytes.into_bytes())
    }

    fn patch_u32(&mut self, offset: u64, value: u32) -> io::Result<()> {
        let mut bytes = Encoder::new(self.config.order);
        bytes.u32(value);
        self.patch(offset, &bytes.into_bytes())
    }

    /// Writes zeroes up to the next page and gives the offset there.
    fn pad_to_page(&mut self) -> io::Result<u64> {
        let page = u64::from(self.config.page_size.max(1));
        let offset = self.sink.stream_position()?;
        let padding = offset.next_multiple_of(page) - offset;
        io::copy(&mut io::Read::take(io::repeat(0), padding), &mut self.sink)?;
        Ok(offset + padding)
    }
}
