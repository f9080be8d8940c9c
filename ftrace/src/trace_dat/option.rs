//! Options, which both versions have.

use crate::bytes::{ByteOrder, Cursor};
use crate::clock::{self, CycleConversion};
use crate::cpu_stats::CpuStats;
use crate::error::{Error, Result};

use super::{Problem, TraceDat};

/// The kinds of options.
pub(crate) mod kind {
    pub(crate) const DONE: u16 = 0;
    pub(crate) const DATE: u16 = 1;
    pub(crate) const CPUSTAT: u16 = 2;
    pub(crate) const BUFFER: u16 = 3;
    pub(crate) const TRACECLOCK: u16 = 4;
    pub(crate) const UNAME: u16 = 5;
    pub(crate) const HOOK: u16 = 6;
    pub(crate) const OFFSET: u16 = 7;
    pub(crate) const CPUCOUNT: u16 = 8;
    pub(crate) const VERSION: u16 = 9;
    pub(crate) const PROCMAPS: u16 = 10;
    pub(crate) const TRACEID: u16 = 11;
    pub(crate) const TIME_SHIFT: u16 = 12;
    pub(crate) const GUEST: u16 = 13;
    pub(crate) const TSC2NSEC: u16 = 14;
    pub(crate) const STRINGS: u16 = 15;
    pub(crate) const HEADER_INFO: u16 = 16;
    pub(crate) const FTRACE_EVENTS: u16 = 17;
    pub(crate) const EVENT_FORMATS: u16 = 18;
    pub(crate) const KALLSYMS: u16 = 19;
    pub(crate) const PRINTK: u16 = 20;
    pub(crate) const CMDLINES: u16 = 21;
    pub(crate) const BUFFER_TEXT: u16 = 22;
    pub(crate) const BTF_FILE: u16 = 23;
    pub(crate) const LAST_BOOT_INFO: u16 = 24;
    pub(crate) const MODULES_FILE: u16 = 25;
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawOption<'o> {
    pub(super) kind: u16,
    pub(super) data: &'o [u8],
    /// Where the data is in the file: in version 7, where its section starts.
    pub(super) offset: u64,
    pub(super) order: ByteOrder,
}

impl<'o> RawOption<'o> {
    /// The data behind a kind that has been read: its size and as many bytes.
    pub(super) fn read(kind: u16, order: ByteOrder, cursor: &mut Cursor<'o>) -> Result<Self> {
        let size = cursor.u32("option size")?;
        let offset = cursor.offset();
        let data = cursor.take("option", u64::from(size))?;
        Ok(Self { kind, data, offset, order })
    }

    /// A cursor over the data.
    pub(super) fn cursor(&self) -> Cursor<'o> {
        Cursor::new(self.data, self.order)
    }

    /// The data up to the first zero byte.
    fn text(&self) -> &'o [u8] {
        self.data.split(|&byte| byte == 0).next().unwrap_or(self.data)
    }

    fn string(&self) -> String {
        String::from_utf8_lossy(self.text()).into_owned()
    }
}

impl TraceDat<'_> {
    /// Takes an option that means the same in both versions. Damage becomes a problem: the option is skipped.
    pub(super) fn take_option(&mut self, option: &RawOption<'_>) {
        if let Err(error) = self.try_option(option) {
            self.problems.push(Problem::new(name(option.kind), option.offset, error));
        }
    }

    fn try_option(&mut self, option: &RawOption<'_>) -> Result<()> {
        let mut cursor = option.cursor();
        match option.kind {
            kind::DATE => self.add_offset(clock::leading_number(option.text()).wrapping_mul(NANOS_PER_MICRO)),
            kind::OFFSET => self.add_offset(clock::leading_number(option.text())),
            kind::CPUSTAT => self.take_stats(option.text())?,
            kind::TRACECLOCK => self.clock = clock::chosen_clock(option.text()).map(str::to_owned),
            kind::UNAME => self.uname = Some(option.string()),
            kind::VERSION => self.writer_version = Some(option.string()),
            kind::TRACEID => self.trace_id = Some(cursor.u64("TRACEID")?),
            // Patched recorders put saved_tgids there.
            kind::CPUCOUNT if option.data.len() > 8 => self.texts.saved_tgids = Some(option.text().to_vec()),
            kind::CPUCOUNT => self.cpu_count = Some(cursor.u32("CPUCOUNT")?),
            kind::TSC2NSEC => {
                let multiplier = cursor.u32("TSC2NSEC multiplier")?;
                let shift = cursor.u32("TSC2NSEC shift")?;
                let offset = cursor.u64("TSC2NSEC offset")?;
                self.conversion.cycles = Some(CycleConversion { multiplier, shift, offset });
            }
            kind::TIME_SHIFT => {
                let found = "TIME_SHIFT: times of a guest stay on the guest's clock".to_owned();
                return Err(Error::Unsupported { what: "option", found });
            }
            kind::HOOK | kind::PROCMAPS | kind::GUEST | kind::STRINGS | kind::BTF_FILE | kind::LAST_BOOT_INFO => {}
            other => self.unknown_options.push((other, option.data.len() as u32)),
        }
        Ok(())
    }

    fn add_offset(&mut self, offset: i64) {
        self.conversion.offset = self.conversion.offset.wrapping_add(offset);
    }

    /// The statistics of a CPU, or the name of the instance that the following ones belong to.
    fn take_stats(&mut self, text: &[u8]) -> Result<()> {
        if let Some(name) = text.trim_ascii().strip_prefix(b"Buffer: ") {
            self.stats_buffer = String::from_utf8_lossy(name).into_owned();
            return Ok(());
        }
        let mut stats = CpuStats::parse(text)?;
        stats.buffer.clone_from(&self.stats_buffer);
        self.cpu_stats.push(stats);
        Ok(())
    }
}

/// The DATE option counts microseconds.
const NANOS_PER_MICRO: i64 = 1000;

/// What an option of that kind is called.
pub(super) fn name(kind: u16) -> &'static str {
    match kind {
        kind::DATE => "option DATE",
        kind::CPUSTAT => "option CPUSTAT",
        kind::BUFFER => "option BUFFER",
        kind::TRACECLOCK => "option TRACECLOCK",
        kind::OFFSET => "option OFFSET",
        kind::CPUCOUNT => "option CPUCOUNT",
        kind::TRACEID => "option TRACEID",
        kind::TIME_SHIFT => "option TIME_SHIFT",
        kind::TSC2NSEC => "option TSC2NSEC",
        kind::HEADER_INFO => "header section",
        kind::FTRACE_EVENTS => "ftrace formats section",
        kind::EVENT_FORMATS => "event formats section",
        kind::KALLSYMS => "kallsyms section",
        kind::PRINTK => "printk section",
        kind::CMDLINES => "command lines section",
        kind::MODULES_FILE => "modules section",
        kind::BUFFER_TEXT => "option BUFFER_TEXT",
        _ => "option",
    }
}
