//! The same sub-buffers in another file, one that trace-cmd reads.

use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use hap_ftrace::trace_dat::{CpuData, Decompressor, TraceDat};
use hap_ftrace::writer::{FileOption, TraceDatWriter, WriterConfig};
use tempfile::NamedTempFile;

type Writer = TraceDatWriter<Cursor<Vec<u8>>>;

/// Writes everything of a file that a report depends on to a new file of version 7 with zstd, and `more` options.
pub(crate) fn copy_of(trace: &TraceDat<'_>, more: &[FileOption<'_>]) -> NamedTempFile {
    let mut writer = start(trace, more);
    write_buffers(&mut writer, trace);
    end(writer)
}

/// Writes the buffers of two files of one boot to one file.
pub(crate) fn merged(first: &TraceDat<'_>, second: &TraceDat<'_>) -> NamedTempFile {
    let mut writer = start(first, &[]);
    write_buffers(&mut writer, first);
    write_buffers(&mut writer, second);
    end(writer)
}

/// Writes all buffers that have CPUs.
fn write_buffers(writer: &mut Writer, trace: &TraceDat<'_>) {
    for buffer in trace.buffers.iter().filter(|buffer| !buffer.cpus.is_empty()) {
        let mut copy = writer.begin_buffer(&buffer.name, trace.clock_of(buffer), buffer.sub_buffer_size).unwrap();
        for cpu in &buffer.cpus {
            copy.write_cpu(cpu.cpu, [sub_buffers(cpu)]).unwrap();
        }
        copy.finish().unwrap();
    }
}

/// Writes files of whole sub-buffers to a file with the texts of a capture of the same boot.
pub(crate) fn wrapped(files: &[(u32, PathBuf)], texts: &TraceDat<'_>) -> NamedTempFile {
    let mut writer = start(texts, &[]);
    let mut buffer = writer.begin_buffer("", texts.clock.as_deref().unwrap(), texts.page_size).unwrap();
    for (cpu, path) in files {
        buffer.write_cpu(*cpu, [fs::read(path).unwrap()]).unwrap();
    }
    buffer.finish().unwrap();
    end(writer)
}

/// All sub-buffers of a CPU, one behind the other.
pub(crate) fn sub_buffers(cpu: &CpuData<'_>) -> Vec<u8> {
    let mut decompressor = Decompressor::new();
    let (mut chunk_bytes, mut all) = (Vec::new(), Vec::new());
    for chunk in cpu.chunks() {
        decompressor.decompress(&chunk.unwrap(), &mut chunk_bytes).unwrap();
        all.extend_from_slice(&chunk_bytes);
    }
    all
}

fn start(trace: &TraceDat<'_>, more: &[FileOption<'_>]) -> Writer {
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), WriterConfig::default()).unwrap();
    writer.write_texts(&trace.texts).unwrap();
    writer.add_option(&FileOption::Uname(trace.uname.as_deref().unwrap()));
    writer.add_option(&FileOption::TraceClock(&format!("[{}]", trace.clock.as_deref().unwrap())));
    writer.add_option(&FileOption::CpuCount(trace.cpu_count.unwrap()));
    for option in more {
        writer.add_option(option);
    }
    writer
}

fn end(writer: Writer) -> NamedTempFile {
    let mut file = NamedTempFile::with_suffix(".dat").unwrap();
    file.write_all(writer.finish().unwrap().get_ref()).unwrap();
    file
}
