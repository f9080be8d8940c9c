//! `trace.dat` files of trace-cmd, versions 6 and 7: what they hold, and where the sub-buffers of each CPU are.
//!
//! [`TraceDat::parse`] reads all metadata and copies no trace data. Damage that leaves something readable becomes a
//! [`Problem`]; only a file of which nothing can be made is an error.

mod compression;
mod cpu_data;
mod option;
mod prefix;
mod section;
mod texts;
mod v6;
mod v7;

pub use compression::{Codec, Decompressor, MAX_CHUNK_SIZE};
pub use cpu_data::{Chunk, Chunks, CpuData, Storage};
pub use texts::Texts;

pub(crate) use option::kind;

use crate::bytes::ByteOrder;
use crate::clock::TimeConversion;
use crate::cpu_stats::CpuStats;
use crate::error::{Error, Result};

/// A trace.dat file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TraceDat<'a> {
    /// Version of the format: 6 or 7.
    pub version: u8,
    /// Byte order of the recorded machine.
    pub order: ByteOrder,
    /// Bytes of `long` in the recorder's user space. The kernel's is in the header page text.
    pub user_long_size: u8,
    /// Page size of the recorded machine.
    pub page_size: u32,
    /// The codec of compressed sections. Whether a section is compressed, its own flags say.
    pub codec: Codec,
    /// Version of the codec's library, as the file names it; empty without a codec.
    pub codec_version: String,
    /// The kernel's own texts.
    pub texts: Texts,
    /// The top level buffer and the instances, in the order of the file.
    pub buffers: Vec<Buffer<'a>>,
    /// The CPUSTAT options.
    pub cpu_stats: Vec<CpuStats>,
    /// CPUs of the recorded machine.
    pub cpu_count: Option<u32>,
    /// System, host, kernel release and machine.
    pub uname: Option<String>,
    /// Number that trace-cmd drew for this recording.
    pub trace_id: Option<u64>,
    /// Version of trace-cmd.
    pub writer_version: Option<String>,
    /// The chosen clock of the option TRACECLOCK: the top level's. Instances have their own in [`Buffer::clock`].
    pub clock: Option<String>,
    /// How raw time stamps become nanoseconds.
    pub conversion: TimeConversion,
    /// Options of kinds that this release does not know: kind and size.
    pub unknown_options: Vec<(u16, u32)>,
    /// Damage that did not stop the reading.
    pub problems: Vec<Problem>,
    /// The buffer that CPUSTAT options belong to while the options are read.
    stats_buffer: String,
}

/// One ring buffer: the top level or an instance.
#[derive(Clone, Debug)]
pub struct Buffer<'a> {
    /// Name of the instance, empty for the top level.
    pub name: String,
    /// Its clock, where the file says so.
    pub clock: Option<String>,
    /// Bytes of a sub-buffer.
    pub sub_buffer_size: u32,
    /// The CPUs that are in the file. Their numbers need not be 0 to n, and a CPU without data may be missing.
    pub cpus: Vec<CpuData<'a>>,
}

/// Damage in a file that did not stop the reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is damaged.
    pub what: &'static str,
    /// The buffer that it belongs to, if any; empty for the top level.
    pub buffer: Option<String>,
    /// The CPU that it belongs to, if any.
    pub cpu: Option<u32>,
    /// Where it, or the section that holds it, starts in the file.
    pub offset: u64,
    /// The damage. Offsets in it count from the start of the file, for the content of options and of version 7's
    /// sections from its start.
    pub error: Error,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(buffer) = self.buffer.as_deref().filter(|name| !name.is_empty()) {
            write!(formatter, "buffer {buffer:?}: ")?;
        }
        if let Some(cpu) = self.cpu {
            write!(formatter, "CPU {cpu}: ")?;
        }
        let error = self.error.to_string();
        if error.starts_with(self.what) {
            return formatter.write_str(&error);
        }
        write!(formatter, "{} at byte {}: {error}", self.what, self.offset)
    }
}

impl<'a> TraceDat<'a> {
    /// Reads the metadata of a whole file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (prefix, rest) = prefix::Prefix::parse(bytes)?;
        match prefix.version {
            prefix::Version::V6 => v6::parse(bytes, prefix, rest),
            prefix::Version::V7 => v7::parse(bytes, prefix, rest),
        }
    }

    fn new(version: u8, prefix: prefix::Prefix, codec: Codec, codec_version: String) -> Self {
        Self {
            version,
            order: prefix.order,
            user_long_size: prefix.user_long_size,
            page_size: prefix.page_size,
            codec,
            codec_version,
            texts: Texts::default(),
            buffers: Vec::new(),
            cpu_stats: Vec::new(),
            cpu_count: None,
            uname: None,
            trace_id: None,
            writer_version: None,
            clock: None,
            conversion: TimeConversion::default(),
            unknown_options: Vec::new(),
            problems: Vec::new(),
            stats_buffer: String::new(),
        }
    }

    fn cpu_problem(&mut self, buffer: &str, cpu: u32, offset: u64, error: Error) {
        let problem = Problem::new("trace data", offset, error);
        self.problems.push(Problem { buffer: Some(buffer.to_owned()), cpu: Some(cpu), ..problem });
    }

    /// The buffer of that name; the empty name is the top level.
    pub fn buffer(&self, name: &str) -> Option<&Buffer<'a>> {
        self.buffers.iter().find(|buffer| buffer.name == name)
    }

    /// The clock of a buffer: its own, else the file's, else the kernel's default.
    pub fn clock_of<'s>(&'s self, buffer: &'s Buffer<'_>) -> &'s str {
        buffer.clock.as_deref().or(self.clock.as_deref()).unwrap_or("local")
    }
}

impl Problem {
    /// Bytes that the file claims to have of a CPU's data and that are not in it.
    pub fn missing_bytes(&self) -> u64 {
        match (self.cpu, &self.error) {
            (Some(_), Error::Truncated { needed, left, .. }) => needed.saturating_sub(*left),
            _ => 0,
        }
    }

    fn new(what: &'static str, offset: u64, error: Error) -> Self {
        Self { what, buffer: None, cpu: None, offset, error }
    }
}
