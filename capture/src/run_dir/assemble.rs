//! Parts to a trace.dat.

use std::io;

use hap_ftrace::writer::{FileOption, TraceDatWriter, WriterConfig};
use hap_ftrace::{Texts, TraceDat};

use super::{PartReader, RunDir, write_atomically};
use crate::error::{CaptureError, Result};

/// What a trace.dat says beside texts and trace data.
#[derive(Clone, Debug, Default)]
pub struct FileFacts {
    /// System, host, release and machine.
    pub uname: String,
    /// The text of `trace_clock`.
    pub clock: String,
    /// Bytes of a sub-buffer.
    pub sub_buffer_size: u32,
    /// Zstandard level.
    pub level: i32,
    /// CPUs that were recorded.
    pub cpus: Vec<u32>,
    /// The statistics of each CPU, as the kernel prints them.
    pub stats: Vec<(u32, String)>,
}

impl FileFacts {
    fn config(&self) -> WriterConfig {
        let page_size = rustix::param::page_size() as u32;
        WriterConfig { level: self.level, page_size, ..WriterConfig::default() }
    }

    fn options<W: io::Write + io::Seek>(&self, writer: &mut TraceDatWriter<W>) {
        writer.add_option(&FileOption::Uname(&self.uname));
        writer.add_option(&FileOption::WriterVersion(crate::TOOL));
        writer.add_option(&FileOption::TraceClock(&self.clock));
        writer.add_option(&FileOption::CpuCount(self.cpus.len() as u32));
        for (cpu, text) in &self.stats {
            writer.add_option(&FileOption::CpuStats(&format!("CPU: {cpu}\n{text}")));
        }
    }
}

/// Writes `metadata.dat`: the texts, without trace data.
pub fn write_metadata(dir: &RunDir, texts: &Texts, facts: &FileFacts) -> Result<()> {
    write_atomically(&dir.metadata(), |out| {
        let mut writer = TraceDatWriter::new(out, facts.config())?;
        writer.write_texts(texts)?;
        facts.options(&mut writer);
        writer.finish().map(drop)
    })
}

/// The texts of a `metadata.dat`.
pub(crate) fn read_metadata(dir: &RunDir) -> Result<Texts> {
    let path = dir.metadata();
    let bytes = std::fs::read(&path).map_err(|source| CaptureError::io(&path, source))?;
    let file = TraceDat::parse(&bytes).map_err(|error| CaptureError::malformed(&path, error))?;
    Ok(file.texts)
}

/// Writes `trace.dat` from the texts and the parts. Compressed chunks are copied as they are.
pub fn write_trace_dat(dir: &RunDir, texts: &Texts, facts: &FileFacts) -> Result<()> {
    let mut failed = None;
    let written = write_atomically(&dir.trace_dat(), |out| {
        let mut writer = TraceDatWriter::new(out, facts.config())?;
        writer.write_texts(texts)?;
        facts.options(&mut writer);
        let mut buffer = writer.begin_buffer("", crate::clock::TRACE_CLOCK, facts.sub_buffer_size)?;
        for &cpu in &facts.cpus {
            let mut data = buffer.begin_cpu(cpu)?;
            if let Err(error) = copy_part(dir, cpu, facts.sub_buffer_size, &mut data) {
                failed = Some(error);
                return Err(io::Error::other("part"));
            }
            data.finish()?;
        }
        buffer.finish()?;
        writer.finish().map(drop)
    });
    match failed {
        Some(error) => Err(error),
        None => written,
    }
}

fn copy_part<W: io::Write + io::Seek>(
    dir: &RunDir,
    cpu: u32,
    sub_buffer_size: u32,
    data: &mut hap_ftrace::writer::CpuWriter<'_, '_, W>,
) -> Result<()> {
    let path = dir.part(cpu);
    if !path.exists() {
        return Ok(());
    }
    let mut part = PartReader::open(&path, sub_buffer_size)?;
    let trace_dat = dir.trace_dat();
    while let Some(chunk) = part.next_chunk()? {
        let written = if chunk.is_compressed {
            data.write_compressed_chunk(&chunk.stored, chunk.size)
        } else {
            data.write_sub_buffers(&chunk.stored)
        };
        written.map_err(|source| CaptureError::io(&trace_dat, source))?;
    }
    Ok(())
}
