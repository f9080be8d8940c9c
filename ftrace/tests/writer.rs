//! Files of our own writer: read by our own reader, equal to what went in.

#![cfg(test)]

mod common;

use std::io::Cursor;

use hap_ftrace::trace_dat::{Storage, TraceDat};
use hap_ftrace::writer::{FileOption, TraceDatWriter, WriterConfig};
use hap_ftrace::{ByteOrder, Codec, CycleConversion, TimeConversion};

/// Buffers with the sub-buffers of their CPUs.
type Data = Vec<(String, Option<String>, u32, Vec<(u32, Vec<u8>)>)>;

fn data_of(file: &TraceDat<'_>) -> Data {
    let cpus = |buffer: &hap_ftrace::Buffer<'_>| {
        buffer.cpus.iter().map(|cpu| (cpu.cpu, common::sub_buffers(cpu).unwrap())).collect()
    };
    file.buffers
        .iter()
        .map(|buffer| (buffer.name.clone(), buffer.clock.clone(), buffer.sub_buffer_size, cpus(buffer)))
        .collect()
}

/// Writes what a file holds to a new one.
fn copy(file: &TraceDat<'_>, config: WriterConfig) -> std::io::Result<Vec<u8>> {
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), config)?;
    writer.write_texts(&file.texts)?;
    writer.add_option(&FileOption::Uname(file.uname.as_deref().unwrap()));
    writer.add_option(&FileOption::WriterVersion(file.writer_version.as_deref().unwrap()));
    writer.add_option(&FileOption::TraceClock(&format!("local [{}]", file.clock.as_deref().unwrap())));
    writer.add_option(&FileOption::CpuCount(file.cpu_count.unwrap_or(2)));
    for (name, clock, sub_buffer_size, cpus) in data_of(file) {
        let clock = clock.or(file.clock.clone()).unwrap();
        let mut buffer = writer.begin_buffer(&name, &clock, sub_buffer_size)?;
        for (cpu, sub_buffers) in cpus {
            buffer.write_cpu(cpu, sub_buffers.chunks(4096 * 3))?;
        }
        buffer.finish()?;
    }
    Ok(writer.finish()?.into_inner())
}

#[test]
fn real_captures_survive_the_writer_with_every_codec() {
    for (folder, codec) in [
        ("special/instance", Codec::Zstd),
        ("special/v7-none", Codec::Zlib),
        ("special/overrun", Codec::None),
        ("special/v6", Codec::Zstd),
    ] {
        let bytes = common::read_capture(folder);
        let old = TraceDat::parse(&bytes).unwrap();
        let written = copy(&old, WriterConfig { codec, ..WriterConfig::default() }).unwrap();
        let new = TraceDat::parse(&written).unwrap();
        assert_eq!(new.problems, [], "{folder}");
        assert_eq!(new.codec, codec);
        assert_eq!(new.texts, old.texts, "{folder}");
        let mut expected = data_of(&old);
        for (_, clock, ..) in &mut expected {
            *clock = clock.take().or(old.clock.clone());
        }
        assert_eq!(data_of(&new), expected, "{folder}");
        assert_eq!((&new.uname, &new.writer_version, &new.clock), (&old.uname, &old.writer_version, &old.clock));
    }
}

#[test]
fn a_big_endian_file_with_a_long_of_four_bytes_is_read_like_any_other() {
    let bytes = common::read_capture("special/overrun");
    let old = TraceDat::parse(&bytes).unwrap();
    for codec in [Codec::None, Codec::Zstd, Codec::Zlib] {
        let config = WriterConfig {
            order: ByteOrder::Big,
            user_long_size: 4,
            page_size: 16_384,
            codec,
            ..WriterConfig::default()
        };
        let written = copy(&old, config).unwrap();
        let new = TraceDat::parse(&written).unwrap();
        assert_eq!((new.order, new.user_long_size, new.page_size), (ByteOrder::Big, 4, 16_384));
        assert_eq!(new.texts, old.texts);
        assert_eq!(data_of(&new), data_of(&old));
        assert!(new.buffers[0].cpus.iter().all(|cpu| cpu.offset.is_multiple_of(16_384)));
    }
}

#[test]
fn options_come_back_as_they_were_given() {
    let cycles = CycleConversion { multiplier: 3, shift: 1, offset: 7 };
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), WriterConfig::default()).unwrap();
    for option in [
        FileOption::TraceId(42),
        FileOption::CpuStats("CPU: 3\nentries: 1\noverrun: 2\n"),
        FileOption::StatsOfInstance("inst"),
        FileOption::CpuStats("CPU: 0\noverrun: 5\n"),
        FileOption::Offset(-100),
        FileOption::Offset(30),
        FileOption::Cycles(cycles),
    ] {
        writer.add_option(&option);
    }
    let bytes = writer.finish().unwrap().into_inner();
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(file.problems, []);
    assert_eq!(file.trace_id, Some(42));
    assert_eq!(file.conversion, TimeConversion { cycles: Some(cycles), offset: -70 });
    let stats: Vec<_> = file.cpu_stats.iter().map(|stats| (stats.buffer.as_str(), stats.cpu, stats.overrun)).collect();
    assert_eq!(stats, [("", Some(3), 2), ("inst", Some(0), 5)]);
}

#[test]
fn cpus_without_data_and_buffers_without_cpus_are_no_problem() {
    for codec in [Codec::None, Codec::Zstd] {
        let config = WriterConfig { codec, ..WriterConfig::default() };
        let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), config).unwrap();
        writer.begin_buffer("", "", 4096).unwrap().finish().unwrap();
        let mut buffer = writer.begin_buffer("x", "mono", 8192).unwrap();
        buffer.write_cpu(7, [&[][..]]).unwrap();
        buffer.write_cpu(9, [[5; 8192]]).unwrap();
        buffer.finish().unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let file = TraceDat::parse(&bytes).unwrap();
        assert_eq!(file.problems, []);
        assert_eq!((file.buffers[0].clock.as_deref(), file.buffers[0].cpus.len()), (None, 0));
        let cpus: Vec<_> = data_of(&file).remove(1).3;
        assert_eq!(cpus, [(7, vec![]), (9, vec![5; 8192])]);
        let raw = matches!(file.buffers[1].cpus[1].storage, Storage::Raw);
        assert_eq!(raw, codec == Codec::None);
    }
}

#[test]
fn a_part_of_a_sub_buffer_is_refused() {
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), WriterConfig::default()).unwrap();
    let mut buffer = writer.begin_buffer("", "mono", 4096).unwrap();
    assert!(buffer.write_cpu(0, [[0; 100]]).is_err());
    assert!(writer.begin_buffer("", "mono", 0).is_err());
}

#[test]
fn chunks_that_are_compressed_already_are_taken_as_they_are() {
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), WriterConfig::default()).unwrap();
    let mut buffer = writer.begin_buffer("", "mono", 4096).unwrap();
    let mut cpu = buffer.begin_cpu(3).unwrap();
    cpu.write_sub_buffers(&[1; 4096]).unwrap();
    let compressed = zstd::bulk::compress(&[2; 3 * 4096], 1).unwrap();
    cpu.write_compressed_chunk(&compressed, 3 * 4096).unwrap();
    cpu.write_sub_buffers(&[3; 4096]).unwrap();
    assert!(cpu.write_compressed_chunk(&compressed, 4095).is_err());
    cpu.finish().unwrap();
    buffer.finish().unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(file.problems, []);
    let expected = [vec![1; 4096], vec![2; 3 * 4096], vec![3; 4096]].concat();
    assert_eq!(data_of(&file).remove(0).3, [(3, expected)]);
    assert_eq!(file.buffers[0].cpus[0].chunks().count(), 3);
}

#[test]
fn a_file_without_a_codec_takes_no_compressed_chunks() {
    let config = WriterConfig { codec: Codec::None, ..WriterConfig::default() };
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), config).unwrap();
    let mut buffer = writer.begin_buffer("", "mono", 4096).unwrap();
    let mut cpu = buffer.begin_cpu(0).unwrap();
    assert!(cpu.write_compressed_chunk(&[1, 2, 3], 4096).is_err());
}
