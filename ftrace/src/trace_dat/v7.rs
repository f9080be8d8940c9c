//! Version 7: sections, found by options.

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes::Cursor;
use crate::error::{Error, Result};

use super::compression::{Codec, Decompressor};
use super::cpu_data::{CpuData, Extent, Storage};
use super::option::{RawOption, kind, name};
use super::prefix::{Prefix, check_sub_buffer_size};
use super::section::Sections;
use super::texts::Texts;
use super::{Buffer, Problem, TraceDat};

/// Reads a file behind its prefix.
pub(super) fn parse<'a>(bytes: &'a [u8], prefix: Prefix, mut cursor: Cursor<'a>) -> Result<TraceDat<'a>> {
    let codec = Codec::from_name(cursor.zero_terminated("codec")?)?;
    let codec_version = String::from_utf8_lossy(cursor.zero_terminated("codec version")?).into_owned();
    let first = cursor.u64("offset of the options")?;
    let sections = Sections { bytes, order: prefix.order, codec, decompressor: Decompressor::new() };
    let file = TraceDat::new(7, prefix, codec, codec_version);
    let mut reader = Reader { file, sections, metadata: BTreeMap::new() };
    reader.read_options(first)?;
    reader.read_metadata();
    Ok(reader.file)
}

struct Reader<'a> {
    file: TraceDat<'a>,
    sections: Sections<'a>,
    /// Where the sections of metadata are, by their kind. They are read at the end, each once.
    metadata: BTreeMap<u16, u64>,
}

impl<'a> Reader<'a> {
    /// Follows the chain of options. Without its first part there is no file; damage behind it is a problem.
    fn read_options(&mut self, first: u64) -> Result<()> {
        let mut last = first;
        let mut offset = self.read_section(first)?;
        while offset != 0 {
            match self.read_next_section(last, offset) {
                Ok(next) => (last, offset) = (offset, next),
                Err(error) => {
                    self.file.problems.push(Problem::new("options section", offset, error));
                    break;
                }
            }
        }
        Ok(())
    }

    /// The chain of a writer goes forward; one that does not may be a loop.
    fn read_next_section(&mut self, last: u64, offset: u64) -> Result<u64> {
        if offset <= last {
            let detail = format!("the chain of options goes back to byte {offset}");
            return Err(Error::Malformed { what: "options section", offset: last, detail });
        }
        self.read_section(offset)
    }

    /// Reads one section of options and gives the offset of the next.
    fn read_section(&mut self, offset: u64) -> Result<u64> {
        let content = self.sections.read("options section", kind::DONE, offset)?;
        let mut cursor = Cursor::new(&content, self.file.order);
        loop {
            let kind = cursor.u16("option kind")?;
            let option = RawOption::read(kind, self.file.order, &mut cursor)?;
            if kind == kind::DONE {
                return option.cursor().u64("offset of the next options");
            }
            self.take(&RawOption { offset, ..option });
        }
    }

    fn take(&mut self, option: &RawOption<'_>) {
        let result = match option.kind {
            kind::BUFFER => self.take_buffer(option),
            kind::BUFFER_TEXT => {
                let found = "BUFFER_TEXT: the text of a latency tracer, not a recording of events".to_owned();
                Err(Error::Unsupported { what: "option", found })
            }
            kind::MODULES_FILE if option.data.len() != SECTION_OFFSET_SIZE => {
                self.file.texts.modules = Some(option.data.to_vec());
                Ok(())
            }
            kind::HEADER_INFO..=kind::CMDLINES | kind::MODULES_FILE => self.take_section(option),
            _ => {
                self.file.take_option(option);
                Ok(())
            }
        };
        if let Err(error) = result {
            self.file.problems.push(Problem::new(name(option.kind), option.offset, error));
        }
    }

    fn take_section(&mut self, option: &RawOption<'_>) -> Result<()> {
        let offset = option.cursor().u64("offset of a section")?;
        self.metadata.insert(option.kind, offset);
        Ok(())
    }

    fn take_buffer(&mut self, option: &RawOption<'_>) -> Result<()> {
        let mut cursor = option.cursor();
        let section = cursor.u64("offset of a buffer")?;
        let name = String::from_utf8_lossy(cursor.zero_terminated("name of a buffer")?).into_owned();
        let clock = String::from_utf8_lossy(cursor.zero_terminated("clock of a buffer")?).into_owned();
        let offset = cursor.offset();
        let sub_buffer_size = cursor.u32("sub-buffer size")?;
        check_sub_buffer_size("sub-buffer size", offset, sub_buffer_size)?;
        let count = cursor.u32("number of CPUs")?;
        let storage = self.storage(section)?;
        let clock = Some(clock).filter(|clock| !clock.is_empty());
        let mut buffer = Buffer { name, clock, sub_buffer_size, cpus: Vec::new() };
        let result = self.read_cpus(&mut buffer, storage, count, &mut cursor);
        // A table that is cut short still gives the CPUs in front of the cut.
        self.file.buffers.push(buffer);
        result
    }

    fn storage(&self, section: u64) -> Result<Storage> {
        let what = "section of trace data";
        let (header, _) = self.sections.header(what, section)?;
        if header.id != kind::BUFFER {
            let detail = format!("section {} where section {} should be", header.id, kind::BUFFER);
            return Err(Error::Malformed { what, offset: section, detail });
        }
        match (header.is_compressed(), self.file.codec) {
            (false, _) => Ok(Storage::Raw),
            (true, Codec::None) => {
                let detail = "compressed trace data in a file without compression".to_owned();
                Err(Error::Malformed { what, offset: section, detail })
            }
            (true, codec) => Ok(Storage::Chunks(codec)),
        }
    }

    fn read_cpus(
        &mut self,
        buffer: &mut Buffer<'a>,
        storage: Storage,
        count: u32,
        cursor: &mut Cursor<'_>,
    ) -> Result<()> {
        let mut seen = BTreeSet::new();
        for _ in 0..count {
            let cpu = cursor.u32("number of a CPU")?;
            let offset = cursor.u64("offset of a CPU")?;
            let size = cursor.u64("size of a CPU")?;
            // Its events would count twice.
            if !seen.insert(cpu) {
                let detail = format!("CPU {cpu} is listed twice, the second is left out");
                let error = Error::Malformed { what: "table of CPUs", offset, detail };
                self.file.cpu_problem(&buffer.name, cpu, offset, error);
                continue;
            }
            let extent = Extent { cpu, offset, size };
            let (data, error) =
                CpuData::new(self.sections.bytes, self.file.order, &extent, storage, buffer.sub_buffer_size);
            buffer.cpus.push(data);
            if let Some(error) = error {
                self.file.cpu_problem(&buffer.name, cpu, offset, error);
            }
        }
        Ok(())
    }

    /// Reads the sections of metadata. One that cannot be read is a problem, and its text stays empty.
    fn read_metadata(&mut self) {
        for (kind, offset) in std::mem::take(&mut self.metadata) {
            if let Err(error) = self.read_metadata_section(kind, offset) {
                self.file.problems.push(Problem::new(name(kind), offset, error));
            }
        }
    }

    fn read_metadata_section(&mut self, kind: u16, offset: u64) -> Result<()> {
        let content = self.sections.read(name(kind), kind, offset)?;
        let mut cursor = Cursor::new(&content, self.file.order);
        let texts: &mut Texts = &mut self.file.texts;
        match kind {
            kind::HEADER_INFO => texts.read_headers(&mut cursor),
            kind::FTRACE_EVENTS => texts.read_ftrace_formats(&mut cursor),
            kind::EVENT_FORMATS => texts.read_event_formats(&mut cursor),
            kind::KALLSYMS => texts.read_kallsyms(&mut cursor),
            kind::PRINTK => texts.read_printk(&mut cursor),
            kind::CMDLINES => texts.read_cmdlines(&mut cursor),
            _ => {
                texts.read_modules(&mut cursor);
                Ok(())
            }
        }
    }
}

/// Size of an option that is the offset of a section.
const SECTION_OFFSET_SIZE: usize = 8;
