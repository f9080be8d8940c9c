//! Version 6: a fixed sequence of parts.

use crate::bytes::Cursor;
use crate::clock;
use crate::error::{Error, Result};

use super::compression::Codec;
use super::cpu_data::{CpuData, Extent, Storage};
use super::option::{RawOption, kind};
use super::prefix::Prefix;
use super::texts::{self, Texts};
use super::{Buffer, Problem, TraceDat};

/// Size of the mark in front of options and of trace data.
const MARK_SIZE: u64 = 10;
const OPTIONS: &[u8] = b"options  \0";
const LATENCY: &[u8] = b"latency  \0";
const FLYRECORD: &[u8] = b"flyrecord\0";

/// Reads a file behind its prefix.
pub(super) fn parse<'a>(bytes: &'a [u8], prefix: Prefix, mut cursor: Cursor<'a>) -> Result<TraceDat<'a>> {
    let mut file = TraceDat::new(6, prefix, Codec::None, String::new());
    read_texts(&mut file.texts, &mut cursor)?;
    let cpus = cursor.u32("number of CPUs")?;
    let instances = match read_to_flyrecord(&mut file, &mut cursor) {
        Ok(instances) => instances,
        Err(error @ Error::Unsupported { .. }) => return Err(error),
        Err(error) => {
            file.problems.push(Problem::new("options", cursor.offset(), error));
            return Ok(file);
        }
    };
    let reader = BufferReader { bytes, prefix, cpus };
    reader.read(&mut file, String::new(), &mut cursor);
    let reader = BufferReader { cpus: file.cpu_count.unwrap_or(cpus), ..reader };
    for (name, offset) in instances {
        let mut cursor = Cursor::at(bytes, offset, prefix.order);
        match expect_flyrecord(&mut cursor) {
            Ok(()) => reader.read(&mut file, name, &mut cursor),
            Err(error) => {
                let problem = Problem::new("trace data of an instance", offset, error);
                file.problems.push(Problem { buffer: Some(name), ..problem });
            }
        }
    }
    Ok(file)
}

fn read_texts(texts: &mut Texts, cursor: &mut Cursor<'_>) -> Result<()> {
    texts.read_headers(cursor)?;
    texts.read_ftrace_formats(cursor)?;
    texts.read_event_formats(cursor)?;
    texts.read_kallsyms(cursor)?;
    texts.read_printk(cursor)?;
    texts.read_cmdlines(cursor)
}

/// Reads the options, if there are any, and the mark of the trace data. Gives the instances: name and offset.
fn read_to_flyrecord(file: &mut TraceDat<'_>, cursor: &mut Cursor<'_>) -> Result<Vec<(String, u64)>> {
    let mut instances = Vec::new();
    let mut offset = cursor.offset();
    let mut mark = cursor.take("mark of the trace data", MARK_SIZE)?;
    if mark == OPTIONS {
        read_options(file, cursor, &mut instances)?;
        offset = cursor.offset();
        mark = cursor.take("mark of the trace data", MARK_SIZE)?;
    }
    check_flyrecord(mark, offset).map(|()| instances)
}

fn read_options(file: &mut TraceDat<'_>, cursor: &mut Cursor<'_>, instances: &mut Vec<(String, u64)>) -> Result<()> {
    loop {
        let kind = cursor.u16("option kind")?;
        // The last option has no size.
        if kind == kind::DONE {
            return Ok(());
        }
        let option = RawOption::read(kind, file.order, cursor)?;
        if kind == kind::BUFFER {
            let mut data = option.cursor();
            let offset = data.u64("offset of an instance")?;
            let name = data.zero_terminated("name of an instance")?;
            instances.push((String::from_utf8_lossy(name).into_owned(), offset));
        } else {
            file.take_option(&option);
        }
    }
}

fn expect_flyrecord(cursor: &mut Cursor<'_>) -> Result<()> {
    let offset = cursor.offset();
    check_flyrecord(cursor.take("mark of the trace data", MARK_SIZE)?, offset)
}

fn check_flyrecord(mark: &[u8], offset: u64) -> Result<()> {
    if mark == FLYRECORD {
        return Ok(());
    }
    if mark == LATENCY {
        let found = "latency: the text of a latency tracer, not a recording of events".to_owned();
        return Err(Error::Unsupported { what: "kind of trace data", found });
    }
    let detail = format!("found {:?}", String::from_utf8_lossy(mark));
    Err(Error::Malformed { what: "mark of the trace data", offset, detail })
}

/// Reads the tables behind the marks of trace data.
struct BufferReader<'a> {
    bytes: &'a [u8],
    prefix: Prefix,
    cpus: u32,
}

impl<'a> BufferReader<'a> {
    /// Reads a table and what is there of its CPUs; damage becomes a problem.
    fn read(&self, file: &mut TraceDat<'a>, name: String, cursor: &mut Cursor<'_>) {
        let sub_buffer_size = self.prefix.page_size;
        let mut buffer = Buffer { name, clock: None, sub_buffer_size, cpus: Vec::new() };
        let table = cursor.offset();
        if let Err(error) = self.read_table(file, &mut buffer, cursor) {
            let problem = Problem::new("table of CPUs", table, error);
            file.problems.push(Problem { buffer: Some(buffer.name.clone()), ..problem });
        }
        buffer.clock = read_clock(cursor);
        if buffer.name.is_empty() && file.clock.is_none() {
            file.clock.clone_from(&buffer.clock);
        }
        file.buffers.push(buffer);
    }

    fn read_table(&self, file: &mut TraceDat<'a>, buffer: &mut Buffer<'a>, cursor: &mut Cursor<'_>) -> Result<()> {
        for cpu in 0..self.cpus {
            let offset = cursor.u64("offset of a CPU")?;
            let size = cursor.u64("size of a CPU")?;
            let extent = Extent { cpu, offset, size };
            let (data, error) =
                CpuData::new(self.bytes, self.prefix.order, &extent, Storage::Raw, buffer.sub_buffer_size);
            buffer.cpus.push(data);
            if let Some(error) = error {
                file.cpu_problem(&buffer.name, cpu, offset, error);
            }
        }
        Ok(())
    }
}

/// The clock may follow the table: a size and the text of `trace_clock`, or its chosen word. Old writers got the
/// text wrong, so nothing depends on it.
fn read_clock(cursor: &mut Cursor<'_>) -> Option<String> {
    let text = texts::sized_u64(&mut cursor.clone(), "trace clock").ok()?;
    clock::chosen_clock(text).map(str::to_owned)
}
