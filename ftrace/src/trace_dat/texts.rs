//! The texts of the recorded kernel.

use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// What trace-cmd copied from the recorded kernel, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// `events/header_page`.
    pub header_page: Vec<u8>,
    /// `events/header_event`.
    pub header_event: Vec<u8>,
    /// `events/ftrace/*/format`.
    pub ftrace_formats: Vec<Vec<u8>>,
    /// `events/SYSTEM/*/format` with their systems.
    pub event_formats: Vec<(String, Vec<u8>)>,
    /// `/proc/kallsyms`.
    pub kallsyms: Vec<u8>,
    /// `printk_formats`.
    pub printk: Vec<u8>,
    /// `saved_cmdlines`: thread id and name.
    pub cmdlines: Vec<(i32, String)>,
    /// `/proc/modules`, since trace-cmd 3.4.
    pub modules: Option<Vec<u8>>,
    /// `saved_tgids`, of some patched recorders.
    pub saved_tgids: Option<Vec<u8>>,
}

impl Texts {
    pub(super) fn read_headers(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        expect(cursor, "header_page", b"header_page\0")?;
        self.header_page = sized_u64(cursor, "header_page")?.to_vec();
        expect(cursor, "header_event", b"header_event\0")?;
        self.header_event = sized_u64(cursor, "header_event")?.to_vec();
        Ok(())
    }

    pub(super) fn read_ftrace_formats(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.ftrace_formats.clear();
        for _ in 0..cursor.u32("number of ftrace formats")? {
            self.ftrace_formats.push(sized_u64(cursor, "ftrace format")?.to_vec());
        }
        Ok(())
    }

    pub(super) fn read_event_formats(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.event_formats.clear();
        for _ in 0..cursor.u32("number of event systems")? {
            let system = String::from_utf8_lossy(cursor.zero_terminated("event system")?).into_owned();
            for _ in 0..cursor.u32("number of event formats")? {
                self.event_formats.push((system.clone(), sized_u64(cursor, "event format")?.to_vec()));
            }
        }
        Ok(())
    }

    pub(super) fn read_kallsyms(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.kallsyms = sized_u32(cursor, "kallsyms")?.to_vec();
        Ok(())
    }

    pub(super) fn read_printk(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.printk = sized_u32(cursor, "printk formats")?.to_vec();
        Ok(())
    }

    pub(super) fn read_cmdlines(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.cmdlines = parse_cmdlines(sized_u64(cursor, "command lines")?);
        Ok(())
    }

    /// The text may have a size in front, of four or eight bytes, or none.
    pub(super) fn read_modules(&mut self, cursor: &mut Cursor<'_>) {
        let whole = cursor.rest();
        let short = sized_u32(&mut cursor.clone(), "modules").ok().filter(|text| text.len() + 4 == whole.len());
        let long = sized_u64(&mut cursor.clone(), "modules").ok().filter(|text| text.len() + 8 == whole.len());
        self.modules = Some(short.or(long).unwrap_or(whole).to_vec());
    }
}

/// Lines of a thread id and a name.
fn parse_cmdlines(text: &[u8]) -> Vec<(i32, String)> {
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| {
            let line = line.trim_ascii_start();
            let blank = line.iter().position(|&byte| byte == b' ')?;
            let (pid, name) = line.split_at_checked(blank)?;
            let pid = std::str::from_utf8(pid).ok()?.parse().ok()?;
            let name = String::from_utf8_lossy(name.get(1..)?);
            Some((pid, name.trim_end_matches('\0').to_owned()))
        })
        .collect()
}

fn expect(cursor: &mut Cursor<'_>, what: &'static str, mark: &[u8]) -> Result<()> {
    let offset = cursor.offset();
    let found = cursor.take(what, mark.len() as u64)?;
    if found == mark {
        return Ok(());
    }
    let detail = format!("found {:?} instead of its mark", String::from_utf8_lossy(found));
    Err(Error::Malformed { what, offset, detail })
}

fn sized_u32<'a>(cursor: &mut Cursor<'a>, what: &'static str) -> Result<&'a [u8]> {
    let size = cursor.u32(what)?;
    cursor.take(what, u64::from(size))
}

pub(super) fn sized_u64<'a>(cursor: &mut Cursor<'a>, what: &'static str) -> Result<&'a [u8]> {
    let size = cursor.u64(what)?;
    cursor.take(what, size)
}
