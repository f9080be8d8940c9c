//! The captures that a generated file is made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use hap_ftrace::trace_dat::Texts;
use hap_ftrace::{ByteOrder, CpuData, Decompressor, PageLayout, TraceDat};

use super::sub_buffers::SubBuffer;

/// The time between two captures is a multiple of this many nanoseconds.
const TIME_STEP: u64 = 1_000_000;

/// Captures of one boot, one behind the other.
pub(super) struct Material {
    pub(super) texts: Texts,
    pub(super) uname: String,
    pub(super) writer_version: String,
    pub(super) clock: String,
    pub(super) page_size: u32,
    pub(super) sub_buffer_size: u32,
    /// The sub-buffers of each CPU.
    pub(super) cpus: BTreeMap<u32, Vec<Placed>>,
    /// From the start of one repetition to the start of the next.
    pub(super) duration: u64,
    first: Option<u64>,
}

/// A sub-buffer, and how much later it comes than it did.
pub(super) struct Placed {
    pub(super) sub_buffer: SubBuffer,
    pub(super) shift: u64,
}

impl Material {
    pub(super) fn read(captures: &[PathBuf]) -> anyhow::Result<Self> {
        let (first, others) = captures.split_first().context("no capture")?;
        let mut material = read_file(first, Self::start)?;
        for capture in others {
            read_file(capture, |file| material.add(file))?;
        }
        Ok(material)
    }

    fn start(file: &TraceDat<'_>) -> anyhow::Result<Self> {
        let buffer = file.buffer("").context("no top level buffer")?;
        let mut material = Self {
            texts: Texts { cmdlines: Vec::new(), ..file.texts.clone() },
            uname: file.uname.clone().unwrap_or_default(),
            writer_version: file.writer_version.clone().unwrap_or_default(),
            clock: file.clock_of(buffer).to_owned(),
            page_size: file.page_size,
            sub_buffer_size: buffer.sub_buffer_size,
            cpus: BTreeMap::new(),
            duration: 0,
            first: None,
        };
        material.add(file)?;
        Ok(material)
    }

    fn add(&mut self, file: &TraceDat<'_>) -> anyhow::Result<()> {
        self.check(file)?;
        let known: std::collections::BTreeSet<i32> = self.texts.cmdlines.iter().map(|(pid, _)| *pid).collect();
        self.texts.cmdlines.extend(file.texts.cmdlines.iter().filter(|(pid, _)| !known.contains(pid)).cloned());
        let buffer = file.buffer("").context("no top level buffer")?;
        let mut cpus = Vec::new();
        for data in &buffer.cpus {
            cpus.push((data.cpu, sub_buffers(data)?));
        }
        let all = || cpus.iter().flat_map(|(_, sub_buffers)| sub_buffers);
        let start = all().map(|sub_buffer| sub_buffer.time).min().context("no events")?;
        let end = all().map(|sub_buffer| sub_buffer.last).max().context("no events")?;
        let first = *self.first.get_or_insert(start);
        let shift = first.wrapping_add(self.duration).wrapping_sub(start);
        self.duration += (end - start + 1).next_multiple_of(TIME_STEP);
        for (cpu, sub_buffers) in cpus {
            let placed = sub_buffers.into_iter().map(|sub_buffer| Placed { sub_buffer, shift });
            self.cpus.entry(cpu).or_default().extend(placed);
        }
        Ok(())
    }

    fn check(&self, file: &TraceDat<'_>) -> anyhow::Result<()> {
        let layout = PageLayout::parse(&file.texts.header_page)?;
        ensure!(
            layout == PageLayout::LONG_8 && file.order == ByteOrder::Little,
            "not of a 64-bit little-endian kernel"
        );
        ensure!(file.texts.event_formats == self.texts.event_formats, "not the event formats of the first capture");
        ensure!(text_line(&file.texts) == text_line(&self.texts), "not of the boot of the first capture");
        Ok(())
    }

    pub(super) fn raw_bytes(&self) -> u64 {
        self.placed().map(|placed| placed.sub_buffer.len() as u64).sum()
    }

    pub(super) fn events(&self) -> u64 {
        self.placed().map(|placed| placed.sub_buffer.events).sum()
    }

    fn placed(&self) -> impl Iterator<Item = &Placed> {
        self.cpus.values().flatten()
    }
}

fn read_file<T>(path: &Path, read: impl FnOnce(&TraceDat<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let path = if path.is_dir() { path.join("trace.dat") } else { path.to_owned() };
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = TraceDat::parse(&bytes).with_context(|| path.display().to_string())?;
    read(&file).with_context(|| path.display().to_string())
}

fn sub_buffers(data: &CpuData<'_>) -> anyhow::Result<Vec<SubBuffer>> {
    let mut found = Vec::new();
    let (mut decompressor, mut bytes) = (Decompressor::new(), Vec::new());
    for chunk in data.chunks() {
        decompressor.decompress(&chunk?, &mut bytes)?;
        for sub_buffer in bytes.chunks_exact(data.sub_buffer_size as usize) {
            found.extend(SubBuffer::new(sub_buffer)?);
        }
    }
    Ok(found)
}

/// The line of kallsyms that tells boots apart.
fn text_line(texts: &Texts) -> Option<&[u8]> {
    texts.kallsyms.split(|&byte| byte == b'\n').find(|line| line.ends_with(b" T _text"))
}
