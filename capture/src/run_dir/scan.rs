//! What the trace data itself tells: its events, its losses, and the threads that came and went.

use std::collections::{BTreeMap, BTreeSet};

use hap_ftrace::{
    ByteOrder, EventDecoder, EventFormat, EventFormats, Kallsyms, LostEvents, PageLayout, SubBuffer, Texts,
};

use crate::error::Result;

/// The function that every virtual CPU calls to enter its guest, and that nothing else calls.
const VCPU_FUNCTION: &str = "kvm_arch_vcpu_ioctl_run";
/// Call sites lie this close behind the start of their function.
const CALL_SITE_REACH: u64 = 16;
/// Longest name of a thread.
const COMM_LENGTH: usize = 15;

/// What was found on one CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuScan {
    /// Bytes of sub-buffers.
    pub bytes: u64,
    /// Events.
    pub entries: u64,
    /// Events that sub-buffers say were lost before them.
    pub lost: u64,
    /// Sub-buffers that cannot be decoded to their end.
    pub damaged: u64,
}

/// A change of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadEvent {
    /// It was made by another.
    Forked {
        /// The thread that made it.
        parent: i32,
        /// Its name then.
        comm: String,
    },
    /// It runs another program now.
    Executed {
        /// Path of the program.
        program: String,
    },
    /// It ended.
    Exited,
}

/// What was found on all CPUs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// By CPU.
    pub cpus: BTreeMap<u32, CpuScan>,
    /// Changes of threads: (time, thread) and what happened.
    pub threads: BTreeMap<(u64, i32), ThreadEvent>,
    /// Threads that entered a guest.
    pub vcpus: BTreeSet<i32>,
    /// Threads that called functions.
    pub callers: BTreeSet<i32>,
    /// Time of the last event.
    pub last: u64,
}

/// What it takes to decode the events of a recording.
#[derive(Debug)]
pub struct Scanner {
    decoder: EventDecoder,
    layout: PageLayout,
    formats: EventFormats,
    vcpu_sites: std::ops::Range<u64>,
}

/// Decodes the sub-buffers of one CPU as they come.
#[derive(Debug)]
pub struct CpuScanner<'s> {
    scanner: &'s Scanner,
    found: CpuScan,
    scan: Scan,
    /// The thread that called a function last.
    caller: Option<i32>,
}

impl Scanner {
    /// A scanner for the formats in these texts.
    pub fn new(texts: &Texts) -> Result<Self> {
        let mut formats = EventFormats::default();
        let system = texts.event_formats.iter().map(|(_, text)| text);
        for text in texts.ftrace_formats.iter().chain(system) {
            // A format of an unknown shape belongs to an event that hap does not read.
            if let Ok(format) = EventFormat::parse(text) {
                formats.insert(format)?;
            }
        }
        let decoder = EventDecoder::new(&formats, ByteOrder::Little)?;
        let layout = PageLayout::parse(&texts.header_page)?;
        let vcpu_sites = vcpu_sites(&texts.kallsyms);
        Ok(Self { decoder, layout, formats, vcpu_sites })
    }

    /// Begins with a CPU.
    pub fn cpu(&self) -> CpuScanner<'_> {
        CpuScanner { scanner: self, found: CpuScan::default(), scan: Scan::default(), caller: None }
    }
}

impl CpuScanner<'_> {
    /// Reads whole sub-buffers.
    pub fn read(&mut self, sub_buffers: &[u8], size: u32) {
        for bytes in sub_buffers.chunks(size.max(1) as usize) {
            self.found.bytes += bytes.len() as u64;
            self.read_one(bytes);
        }
    }

    /// What was found on the CPU, which has this number.
    pub fn finish(mut self, cpu: u32) -> Scan {
        self.scan.cpus.insert(cpu, self.found);
        self.scan
    }

    fn read_one(&mut self, bytes: &[u8]) {
        let Ok(sub_buffer) = SubBuffer::parse(bytes, &self.scanner.layout, ByteOrder::Little) else {
            self.found.damaged += 1;
            return;
        };
        if let LostEvents::Count(count) = sub_buffer.lost {
            self.found.lost += count;
        }
        for record in sub_buffer.records() {
            let Ok(record) = record else {
                self.found.damaged += 1;
                return;
            };
            self.found.entries += 1;
            self.scan.last = self.scan.last.max(record.time);
            self.read_event(record.time, record.payload);
        }
    }

    fn read_event(&mut self, time: u64, payload: &[u8]) {
        let Scanner { decoder, formats, vcpu_sites, .. } = self.scanner;
        let Some(event) = decoder.decode(payload) else { return };
        let pid = event.common.pid;
        if let hap_ftrace::Body::Calls { ip, .. } = event.body {
            if self.caller != Some(pid) {
                self.caller = Some(pid);
                self.scan.callers.insert(pid);
            }
            if vcpu_sites.contains(&ip) {
                self.scan.vcpus.insert(pid);
            }
        } else if event.body == hap_ftrace::Body::Other
            && let Some(format) = formats.get(event.common.id)
            && let Some((thread, change)) = thread_event(format, payload, pid)
        {
            self.scan.threads.insert((time, thread), change);
        }
    }
}

impl Scan {
    /// Adds what was found on other CPUs.
    pub fn add(&mut self, other: Self) {
        self.cpus.extend(other.cpus);
        self.threads.extend(other.threads);
        self.vcpus.extend(other.vcpus);
        self.callers.extend(other.callers);
        self.last = self.last.max(other.last);
    }
}

fn vcpu_sites(kallsyms: &[u8]) -> std::ops::Range<u64> {
    let address = Kallsyms::parse(kallsyms).ok().and_then(|symbols| {
        let mut all = symbols.symbols();
        all.find(|symbol| symbol.is_text() && symbol.name == VCPU_FUNCTION).map(|symbol| symbol.address)
    });
    address.map_or(0..0, |address| address..address.saturating_add(CALL_SITE_REACH))
}

fn thread_event(format: &EventFormat, payload: &[u8], current: i32) -> Option<(i32, ThreadEvent)> {
    let int = |name: &str| format.int(name).ok()?.read(payload, ByteOrder::Little).map(|value| value as i32);
    match format.name.as_str() {
        "sched_process_fork" => {
            let comm = text(format, "child_comm", payload).unwrap_or_default();
            Some((int("child_pid")?, ThreadEvent::Forked { parent: int("parent_pid").unwrap_or(current), comm }))
        }
        "sched_process_exec" => {
            Some((int("pid")?, ThreadEvent::Executed { program: text(format, "filename", payload)? }))
        }
        "sched_process_exit" => Some((int("pid")?, ThreadEvent::Exited)),
        _ => None,
    }
}

/// A text in the event itself, or, in a `__data_loc` field, behind it: offset in the low half of a word, length above.
fn text(format: &EventFormat, name: &str, payload: &[u8]) -> Option<String> {
    let field = format.field(name)?;
    let inline = payload.get(field.offset..field.offset.checked_add(field.size)?)?;
    let bytes = match inline {
        [a, b, c, d] => {
            let offset = usize::from(u16::from_le_bytes([*a, *b]));
            payload.get(offset..offset.checked_add(usize::from(u16::from_le_bytes([*c, *d])))?)?
        }
        bytes => bytes,
    };
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or(bytes);
    Some(String::from_utf8_lossy(text).into_owned())
}

/// The name that a thread has after it ran this program.
pub(super) fn comm_of(program: &str) -> String {
    let name = program.rsplit('/').next().unwrap_or(program);
    String::from_utf8_lossy(name.as_bytes().get(..COMM_LENGTH).unwrap_or(name.as_bytes())).into_owned()
}
