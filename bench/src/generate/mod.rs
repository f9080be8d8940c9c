//! Makes a long capture of short ones: their real sub-buffers, again and again, with shifted times.

mod material;
mod sub_buffers;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use hap_ftrace::writer::{FileOption, TraceDatWriter, WriterConfig};

use material::{Material, Placed};

/// Level of `zstd` and of trace-cmd where nothing else is said.
const ZSTD_LEVEL: i32 = 3;
/// Sub-buffers that are shifted before they are written: a multiple of those of a chunk.
const BATCH: usize = 25 * CHUNK_SUB_BUFFERS;
/// Sub-buffers that trace-cmd compresses together.
const CHUNK_SUB_BUFFERS: usize = 10;

/// Make a long capture of short ones
///
/// Writes a trace.dat of version 7 with zstd, and its sub-buffers alone: to FILE.raw.zst, compressed as one stream, and
/// to FILE.chunks.zst, compressed as in the trace.dat, each ten of them by themselves.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// Captures of one boot: trace.dat files or their folders
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// MiB of sub-buffers that the file has at least
    #[arg(long, value_name = "N")]
    raw_mib: u64,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn generate(args: &GenerateArgs) -> anyhow::Result<()> {
    let material = Material::read(&args.captures)?;
    let once = material.raw_bytes();
    let repetitions = (args.raw_mib << 20).div_ceil(once).max(1);
    Generator { material, repetitions }.write(&args.out).with_context(|| format!("{}", args.out.display()))
}

/// Where the sub-buffers alone go, as one stream.
pub(crate) fn raw_path(out: &Path) -> PathBuf {
    with_suffix(out, ".raw.zst")
}

/// Where the sub-buffers alone go, in the chunks of the trace.dat.
pub(crate) fn chunks_path(out: &Path) -> PathBuf {
    with_suffix(out, ".chunks.zst")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Compresses each `size` bytes by themselves.
fn write_chunks(bytes: &[u8], size: usize, file: &mut impl Write) -> anyhow::Result<()> {
    bytes.chunks(size).try_for_each(|chunk| Ok(file.write_all(&zstd::bulk::compress(chunk, ZSTD_LEVEL)?)?))
}

struct Generator {
    material: Material,
    repetitions: u64,
}

impl Generator {
    fn write(&self, out: &Path) -> anyhow::Result<()> {
        let material = &self.material;
        let mut raw = zstd::Encoder::new(File::create(raw_path(out))?, ZSTD_LEVEL)?;
        // As the command zstd does.
        raw.include_checksum(true)?;
        let mut chunks = BufWriter::new(File::create(chunks_path(out))?);
        let config = WriterConfig { page_size: material.page_size, level: ZSTD_LEVEL, ..WriterConfig::default() };
        let mut file = TraceDatWriter::new(BufWriter::new(File::create(out)?), config)?;
        file.write_texts(&material.texts)?;
        file.add_option(&FileOption::Uname(&material.uname));
        file.add_option(&FileOption::WriterVersion(&material.writer_version));
        file.add_option(&FileOption::TraceClock(&format!("[{}]", material.clock)));
        file.add_option(&FileOption::CpuCount(material.cpus.len() as u32));
        let mut buffer = file.begin_buffer("", &material.clock, material.sub_buffer_size)?;
        for (&cpu, sub_buffers) in &material.cpus {
            let mut writer = buffer.begin_cpu(cpu)?;
            self.each_batch(sub_buffers, |bytes| {
                writer.write_sub_buffers(bytes)?;
                write_chunks(bytes, CHUNK_SUB_BUFFERS * material.sub_buffer_size as usize, &mut chunks)?;
                Ok(raw.write_all(bytes)?)
            })?;
            writer.finish()?;
        }
        buffer.finish()?;
        file.finish()?;
        raw.finish()?;
        chunks.into_inner()?.sync_all()?;
        self.tell();
        Ok(())
    }

    fn each_batch(
        &self,
        sub_buffers: &[Placed],
        mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for repetition in 0..self.repetitions {
            for batch in sub_buffers.chunks(BATCH) {
                bytes.clear();
                for placed in batch {
                    let shift = placed.shift.wrapping_add(repetition * self.material.duration);
                    placed.sub_buffer.append_later(shift, &mut bytes)?;
                }
                take(&bytes)?;
            }
        }
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "the result, which `hap-bench run` reads")]
    fn tell(&self) {
        let (raw, events) = (self.material.raw_bytes(), self.material.events());
        println!("{} {} {}", self.repetitions, raw * self.repetitions, events * self.repetitions);
    }
}
