//! Numbers, texts and compressed bytes as a file has them.

use std::io;

use crate::bytes::ByteOrder;
use crate::trace_dat::{Codec, Texts};

use super::option::kind;

/// Collects bytes in one byte order.
pub(super) struct Encoder {
    order: ByteOrder,
    bytes: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(order: ByteOrder) -> Self {
        Self { order, bytes: Vec::new() }
    }

    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        match self.order {
            ByteOrder::Little => self.bytes(&value.to_le_bytes()),
            ByteOrder::Big => self.bytes(&value.to_be_bytes()),
        }
    }

    pub(super) fn u32(&mut self, value: u32) {
        match self.order {
            ByteOrder::Little => self.bytes(&value.to_le_bytes()),
            ByteOrder::Big => self.bytes(&value.to_be_bytes()),
        }
    }

    pub(super) fn u64(&mut self, value: u64) {
        match self.order {
            ByteOrder::Little => self.bytes(&value.to_le_bytes()),
            ByteOrder::Big => self.bytes(&value.to_be_bytes()),
        }
    }

    /// The text and a zero byte.
    pub(super) fn string(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.u8(0);
    }

    /// The text of an option of that kind.
    pub(super) fn text(&mut self, kind: u16, text: &str) -> u16 {
        self.string(text);
        kind
    }

    pub(super) fn sized_u32(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.u32(size_u32(bytes.len())?);
        self.bytes(bytes);
        Ok(())
    }

    pub(super) fn sized_u64(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.bytes(bytes);
    }
}

/// A size that the format stores in four bytes.
pub(super) fn size_u32(size: usize) -> io::Result<u32> {
    u32::try_from(size).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "more than the format can say"))
}

/// The sections of the texts: kind, description and content.
pub(super) fn texts(texts: &Texts, order: ByteOrder) -> io::Result<Vec<(u16, &'static str, Vec<u8>)>> {
    let mut sections = vec![
        (kind::HEADER_INFO, "headers", headers(texts, order)),
        (kind::FTRACE_EVENTS, "ftrace events", ftrace_formats(texts, order)?),
        (kind::EVENT_FORMATS, "events format", event_formats(texts, order)?),
        (kind::KALLSYMS, "kallsyms", sized(order, |encoder| encoder.sized_u32(&texts.kallsyms))?),
        (kind::PRINTK, "printk", sized(order, |encoder| encoder.sized_u32(&texts.printk))?),
        (kind::CMDLINES, "command lines", command_lines(texts, order)),
    ];
    if let Some(modules) = &texts.modules {
        sections.push((kind::MODULES_FILE, "modules", sized(order, |encoder| encoder.sized_u32(modules))?));
    }
    Ok(sections)
}

fn sized(order: ByteOrder, encode: impl FnOnce(&mut Encoder) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut encoder = Encoder::new(order);
    encode(&mut encoder)?;
    Ok(encoder.into_bytes())
}

fn headers(texts: &Texts, order: ByteOrder) -> Vec<u8> {
    let mut encoder = Encoder::new(order);
    encoder.string("header_page");
    encoder.sized_u64(&texts.header_page);
    encoder.string("header_event");
    encoder.sized_u64(&texts.header_event);
    encoder.into_bytes()
}

fn ftrace_formats(texts: &Texts, order: ByteOrder) -> io::Result<Vec<u8>> {
    let mut encoder = Encoder::new(order);
    encoder.u32(size_u32(texts.ftrace_formats.len())?);
    for format in &texts.ftrace_formats {
        encoder.sized_u64(format);
    }
    Ok(encoder.into_bytes())
}

/// Neighbours of one system share its name.
fn event_formats(texts: &Texts, order: ByteOrder) -> io::Result<Vec<u8>> {
    let systems: Vec<_> = texts.event_formats.chunk_by(|left, right| left.0 == right.0).collect();
    let mut encoder = Encoder::new(order);
    encoder.u32(size_u32(systems.len())?);
    for formats in systems {
        encoder.string(formats.first().map_or("", |(system, _)| system));
        encoder.u32(size_u32(formats.len())?);
        for (_, format) in formats {
            encoder.sized_u64(format);
        }
    }
    Ok(encoder.into_bytes())
}

fn command_lines(texts: &Texts, order: ByteOrder) -> Vec<u8> {
    let lines: Vec<_> = texts.cmdlines.iter().map(|(pid, name)| format!("{pid} {name}\n")).collect();
    let mut encoder = Encoder::new(order);
    encoder.sized_u64(lines.concat().as_bytes());
    encoder.into_bytes()
}

/// Compresses with the codec of a file.
pub(super) enum Compressor {
    None,
    Zlib(i32),
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    pub(super) fn new(codec: Codec, level: i32) -> io::Result<Self> {
        Ok(match codec {
            Codec::None => Self::None,
            Codec::Zlib => Self::Zlib(level),
            Codec::Zstd => Self::Zstd(zstd::bulk::Compressor::new(level)?),
        })
    }

    /// The compressed bytes, or `None` if nothing is compressed.
    pub(super) fn compress(&mut self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::None => Ok(None),
            Self::Zlib(level) => zlib(bytes, *level).map(Some),
            Self::Zstd(compressor) => compressor.compress(bytes).map(Some),
        }
    }
}

fn zlib(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let level = match u32::try_from(level) {
        Ok(level @ 1..=9) => flate2::Compression::new(level),
        _ => flate2::Compression::default(),
    };
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
    io::Write::write_all(&mut encoder, bytes)?;
    encoder.finish()
}
