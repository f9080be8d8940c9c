//! Options of a file.

use crate::bytes::ByteOrder;
use crate::clock::CycleConversion;
pub(super) use crate::trace_dat::kind;

use super::encode::Encoder;

/// An option of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOption<'o> {
    /// System, host, kernel release and machine, with blanks between.
    Uname(&'o str),
    /// Version of the recorder.
    WriterVersion(&'o str),
    /// The text of `trace_clock`, the chosen one in brackets.
    TraceClock(&'o str),
    /// The number of the recording.
    TraceId(u64),
    /// The text of `per_cpu/cpuN/stats` behind a line `CPU: N`.
    CpuStats(&'o str),
    /// Belongs in front of the statistics of an instance's CPUs.
    StatsOfInstance(&'o str),
    /// CPUs of the recorded machine.
    CpuCount(u32),
    /// Nanoseconds to add to each time stamp.
    Offset(i64),
    /// How cycles become nanoseconds.
    Cycles(CycleConversion),
    /// Any other.
    Raw {
        /// Kind of option.
        kind: u16,
        /// Its data.
        data: &'o [u8],
    },
}

impl FileOption<'_> {
    pub(super) fn encode(&self, order: ByteOrder, out: &mut Vec<u8>) {
        let mut data = Encoder::new(order);
        let kind = match *self {
            Self::Uname(text) => data.text(kind::UNAME, text),
            Self::WriterVersion(text) => data.text(kind::VERSION, text),
            Self::TraceClock(text) => data.text(kind::TRACECLOCK, text),
            Self::CpuStats(text) => data.text(kind::CPUSTAT, text),
            Self::StatsOfInstance(name) => data.text(kind::CPUSTAT, &format!("\nBuffer: {name}\n\n")),
            Self::Offset(offset) => data.text(kind::OFFSET, &offset.to_string()),
            Self::TraceId(id) => {
                data.u64(id);
                kind::TRACEID
            }
            Self::CpuCount(count) => {
                data.u32(count);
                kind::CPUCOUNT
            }
            Self::Cycles(CycleConversion { multiplier, shift, offset }) => {
                data.u32(multiplier);
                data.u32(shift);
                data.u64(offset);
                kind::TSC2NSEC
            }
            Self::Raw { kind, data: raw } => {
                data.bytes(raw);
                kind
            }
        };
        let data = data.into_bytes();
        let mut option = Encoder::new(order);
        option.u16(kind);
        option.u32(data.len() as u32);
        option.bytes(&data);
        out.extend_from_slice(&option.into_bytes());
    }
}
