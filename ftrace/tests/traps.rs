//! Traps of trace.dat, one test each, on files made by hand.

#![cfg(test)]

use std::io::Cursor;

use hap_ftrace::trace_dat::{Decompressor, Problem, Storage, TraceDat};
use hap_ftrace::writer::{FileOption, TraceDatWriter, WriterConfig};
use hap_ftrace::{Codec, Error};

/// Section header: flags, and the size behind the string id.
const FLAGS: usize = 2;
const SIZE: usize = 8;
const HEADER: usize = 16;

fn config(codec: Codec) -> WriterConfig {
    WriterConfig { codec, ..WriterConfig::default() }
}

/// A file with two sub-buffers of CPU 2 and three of CPU 5.
fn small(codec: Codec) -> Vec<u8> {
    small_with(codec, &[])
}

fn small_with(codec: Codec, options: &[FileOption<'_>]) -> Vec<u8> {
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), config(codec)).unwrap();
    writer.write_texts(&texts()).unwrap();
    for option in options {
        writer.add_option(option);
    }
    let mut buffer = writer.begin_buffer("", "mono", 4096).unwrap();
    buffer.write_cpu(2, [[1; 4096], [2; 4096]]).unwrap();
    buffer.write_cpu(5, [[3; 4096], [4; 4096], [5; 4096]]).unwrap();
    buffer.finish().unwrap();
    writer.finish().unwrap().into_inner()
}

fn texts() -> hap_ftrace::trace_dat::Texts {
    hap_ftrace::trace_dat::Texts {
        header_page: b"page".to_vec(),
        kallsyms: b"ffffffff81000000 T _text\n".to_vec(),
        event_formats: vec![(String::new(), Vec::new()), ("irq".to_owned(), b"format".to_vec())],
        cmdlines: vec![(1, String::new()), (2, "a b".to_owned())],
        ..Default::default()
    }
}

fn data(file: &TraceDat<'_>) -> Vec<(u32, Result<Vec<u8>, Error>)> {
    let mut decompressor = Decompressor::new();
    let mut read = |cpu: &hap_ftrace::CpuData<'_>| {
        let (mut all, mut out) = (Vec::new(), Vec::new());
        for chunk in cpu.chunks() {
            decompressor.decompress(&chunk?, &mut out)?;
            all.extend_from_slice(&out);
        }
        Ok(all)
    };
    file.buffers.iter().flat_map(|buffer| &buffer.cpus).map(|cpu| (cpu.cpu, read(cpu))).collect()
}

fn whole() -> Vec<(u32, Result<Vec<u8>, Error>)> {
    let cpu = |bytes: &[u8]| Ok(bytes.iter().flat_map(|&byte| [byte; 4096]).collect());
    vec![(2, cpu(&[1, 2])), (5, cpu(&[3, 4, 5]))]
}

fn u64_at(bytes: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap())
}

fn put_u64(bytes: &mut [u8], place: usize, value: u64) {
    bytes[place..place + 8].copy_from_slice(&value.to_le_bytes());
}

/// Where the prefix holds the offset of the options.
fn options_offset_place(bytes: &[u8]) -> usize {
    let codec = 18;
    let strings: Vec<_> = bytes[codec..].split(|&byte| byte == 0).take(2).map(<[u8]>::len).collect();
    codec + strings[0] + strings[1] + 2
}

/// Start of the options section.
fn options_place(bytes: &[u8]) -> usize {
    u64_at(bytes, options_offset_place(bytes)) as usize
}

/// Start of the data of the BUFFER option: it is the last option but DONE.
fn buffer_option_place(bytes: &[u8]) -> usize {
    let mark = [3, 0, 62, 0, 0, 0];
    let start = options_place(bytes);
    start + bytes[start..].windows(6).position(|window| window == mark).unwrap() + mark.len()
}

/// The place of the size of the CPU with that index in the BUFFER option of the small file.
fn cpu_size_place(bytes: &[u8], index: usize) -> usize {
    let table = 8 + "\0mono\0".len() + 4 + 4;
    buffer_option_place(bytes) + table + index * 20 + 12
}

fn only_problem(file: &TraceDat<'_>) -> Problem {
    assert_eq!(file.problems.len(), 1, "{:?}", file.problems);
    file.problems[0].clone()
}

#[test]
fn whether_cpu_data_is_compressed_is_in_the_flags_of_its_section_not_in_the_codec() {
    let mut bytes = small(Codec::Zstd);
    assert_eq!(data(&TraceDat::parse(&bytes).unwrap()), whole());
    let section = u64_at(&bytes, buffer_option_place(&bytes)) as usize;
    bytes[section + FLAGS] = 0;
    // Raw data is never a fraction of a sub-buffer: make it one of a byte.
    let size = buffer_option_place(&bytes) + 8 + "\0mono\0".len();
    bytes[size..size + 4].copy_from_slice(&1_u32.to_le_bytes());
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(file.codec, Codec::Zstd);
    let cpu = &file.buffers[0].cpus[0];
    assert_eq!(cpu.storage, Storage::Raw);
    let stored: Vec<u8> = cpu.chunks().flat_map(|chunk| chunk.unwrap().bytes).copied().collect();
    assert_eq!(stored, &bytes[cpu.offset as usize..][..cpu.size as usize]);
}

#[test]
fn compressed_data_in_a_file_without_a_codec_is_a_problem_and_no_buffer() {
    let mut bytes = small(Codec::None);
    let section = u64_at(&bytes, buffer_option_place(&bytes)) as usize;
    bytes[section + FLAGS] = 1;
    let file = TraceDat::parse(&bytes).unwrap();
    assert!(file.buffers.is_empty());
    assert!(only_problem(&file).error.to_string().contains("without compression"));
}

#[test]
fn a_compressed_cpu_size_that_is_four_too_small_does_not_matter_since_the_chunk_count_rules() {
    for index in 0..2 {
        let mut bytes = small(Codec::Zstd);
        let place = cpu_size_place(&bytes, index);
        let size = u64_at(&bytes, place);
        put_u64(&mut bytes, place, size - 4);
        let file = TraceDat::parse(&bytes).unwrap();
        assert_eq!(file.problems, []);
        assert_eq!(data(&file), whole());
    }
}

#[test]
fn a_chunk_count_that_leaves_data_unread_is_an_error() {
    let mut bytes = small(Codec::Zstd);
    let offset = TraceDat::parse(&bytes).unwrap().buffers[0].cpus[0].offset as usize;
    bytes[offset] = 0;
    let found = data(&TraceDat::parse(&bytes).unwrap());
    let error = found[0].1.clone().unwrap_err();
    assert!(matches!(error, Error::Malformed { what: "number of chunks", offset: at, .. } if at == offset as u64));
    assert_eq!(found[1], whole()[1]);
}

#[test]
fn a_chunk_count_beyond_the_data_is_an_error_behind_the_good_chunks() {
    let mut bytes = small(Codec::Zstd);
    let offset = TraceDat::parse(&bytes).unwrap().buffers[0].cpus[0].offset as usize;
    bytes[offset] = 9;
    let file = TraceDat::parse(&bytes).unwrap();
    let mut chunks = file.buffers[0].cpus[0].chunks();
    assert_eq!(chunks.next().unwrap().unwrap().uncompressed_size, 8192);
    assert!(chunks.next().unwrap().is_err());
    assert!(chunks.next().is_none() && chunks.next().is_none());
}

#[test]
fn options_may_be_compressed_too() {
    let mut bytes = small(Codec::Zstd);
    let start = options_place(&bytes);
    let size = u64_at(&bytes, start + SIZE) as usize;
    let content = bytes[start + HEADER..][..size].to_vec();
    let compressed = zstd::bulk::compress(&content, 1).unwrap();
    let mut section = vec![0, 0, 1, 0, 0, 0, 0, 0];
    section.extend_from_slice(&(compressed.len() as u64 + 8).to_le_bytes());
    section.extend_from_slice(&(compressed.len() as u32).to_le_bytes());
    section.extend_from_slice(&(content.len() as u32).to_le_bytes());
    section.extend_from_slice(&compressed);
    let (place, end) = (options_offset_place(&bytes), bytes.len() as u64);
    put_u64(&mut bytes, place, end);
    bytes.extend_from_slice(&section);
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(file.problems, []);
    assert_eq!((data(&file), &file.texts), (whole(), &texts()));
}

#[test]
fn cpu_ids_need_not_start_at_zero_nor_be_dense_nor_sorted() {
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), config(Codec::Zstd)).unwrap();
    let mut buffer = writer.begin_buffer("", "mono", 4096).unwrap();
    for cpu in [400, 3, 17] {
        buffer.write_cpu(cpu, [[cpu as u8; 4096]]).unwrap();
    }
    buffer.finish().unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let file = TraceDat::parse(&bytes).unwrap();
    let found = data(&file);
    assert_eq!(found.iter().map(|&(cpu, _)| cpu).collect::<Vec<_>>(), [400, 3, 17]);
    assert_eq!(found[2].1, Ok(vec![17; 4096]));
}

#[test]
fn a_cpu_that_is_listed_twice_counts_once() {
    let mut bytes = small(Codec::Zstd);
    let place = cpu_size_place(&bytes, 1) - 12;
    bytes[place] = 2;
    let file = TraceDat::parse(&bytes).unwrap();
    assert!(only_problem(&file).to_string().contains("listed twice"));
    assert_eq!(data(&file), whole()[..1]);
}

#[test]
fn unknown_options_are_skipped_by_size_and_known_ones_without_use_are_not_unknown() {
    let options = [
        FileOption::Raw { kind: 23, data: &[0; 8] },
        FileOption::Raw { kind: 24, data: &[0; 8] },
        FileOption::Raw { kind: 15, data: b"" },
        FileOption::Raw { kind: 999, data: b"future" },
        FileOption::Raw { kind: 0x8000, data: b"" },
        FileOption::TraceId(7),
    ];
    let bytes = small_with(Codec::None, &options);
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(file.unknown_options, [(999, 6), (0x8000, 0)]);
    assert_eq!((file.trace_id, data(&file)), (Some(7), whole()));
}

#[test]
fn the_modules_file_is_a_section_or_the_text_itself() {
    let text = b"kvm 1146880 1 kvm_amd, Live 0xffffffffc0583000\n";
    let with = hap_ftrace::trace_dat::Texts { modules: Some(text.to_vec()), ..texts() };
    let mut writer = TraceDatWriter::new(Cursor::new(Vec::new()), config(Codec::Zstd)).unwrap();
    writer.write_texts(&with).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(TraceDat::parse(&bytes).unwrap().texts.modules.as_deref(), Some(&text[..]));
    let bytes = small_with(Codec::None, &[FileOption::Raw { kind: 25, data: text }]);
    assert_eq!(TraceDat::parse(&bytes).unwrap().texts.modules.as_deref(), Some(&text[..]));
}

#[test]
fn empty_strings_are_legal() {
    let mut bytes = small_with(Codec::None, &[FileOption::Uname(""), FileOption::TraceClock("")]);
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(file.problems, []);
    assert_eq!((file.uname.as_deref(), file.clock.as_deref()), (Some(""), None));
    assert_eq!(file.clock_of(&file.buffers[0]), "mono");
    // The codec's name too: "none" and its empty version become an empty name and a version.
    bytes[18..24].copy_from_slice(b"\0none\0");
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!((file.codec, file.codec_version.as_str()), (Codec::None, "none"));
}

#[test]
fn a_cpu_beyond_the_file_is_a_truncated_recording_that_names_both_numbers_and_keeps_whole_sub_buffers() {
    let mut bytes = small(Codec::None);
    let place = cpu_size_place(&bytes, 1);
    put_u64(&mut bytes, place, 1_000_000);
    let file = TraceDat::parse(&bytes).unwrap();
    let cpu = &file.buffers[0].cpus[1];
    let left = bytes.len() as u64 - cpu.offset;
    let problem = only_problem(&file);
    assert_eq!((problem.cpu, problem.buffer.as_deref()), (Some(5), Some("")));
    assert_eq!(problem.missing_bytes(), 1_000_000 - left);
    assert_eq!(
        problem.to_string(),
        format!("CPU 5: trace data of a CPU at byte {0} needs 1000000 bytes, {left} are left", cpu.offset)
    );
    let chunks: Vec<_> = cpu.chunks().collect();
    assert_eq!(chunks.len(), 2);
    assert_eq!(chunks[0].as_ref().unwrap().bytes.len() as u64, left / 4096 * 4096);
    assert!(matches!(chunks[1], Err(Error::Truncated { needed: 4096, .. })));
}

#[test]
fn an_offset_at_the_end_of_all_numbers_is_no_overflow() {
    let mut bytes = small(Codec::Zstd);
    let place = cpu_size_place(&bytes, 0);
    put_u64(&mut bytes, place, u64::MAX);
    put_u64(&mut bytes, place - 8, u64::MAX);
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(only_problem(&file).cpu, Some(2));
    let found = data(&file);
    assert!(found[0].1.is_err());
    assert_eq!(found[1], whole()[1]);
}

#[test]
fn a_chain_of_options_that_loops_ends() {
    let mut bytes = small(Codec::None);
    let start = options_place(&bytes);
    let done = start + HEADER + u64_at(&bytes, start + SIZE) as usize - 8;
    for target in [start as u64, 18, 1] {
        put_u64(&mut bytes, done, target);
        let file = TraceDat::parse(&bytes).unwrap();
        assert_eq!(data(&file), whole());
        assert!(only_problem(&file).error.to_string().contains("goes back"));
    }
    // One that leaves the file ends too.
    put_u64(&mut bytes, done, u64::MAX);
    assert!(matches!(only_problem(&TraceDat::parse(&bytes).unwrap()).error, Error::Truncated { .. }));
}

#[test]
fn sizes_that_lie_are_refused_by_name_before_anything_is_allocated() {
    let mut bytes = small(Codec::Zstd);
    let offset = TraceDat::parse(&bytes).unwrap().buffers[0].cpus[0].offset as usize;
    bytes[offset + 8..offset + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let found = data(&TraceDat::parse(&bytes).unwrap());
    assert!(matches!(found[0].1, Err(Error::TooLarge { what: "chunk", size: 0xffff_ffff, .. })));

    let mut bytes = small(Codec::Zstd);
    let first_section = options_offset_place(&bytes) + 8;
    bytes[first_section + HEADER + 4..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let file = TraceDat::parse(&bytes).unwrap();
    let problem = only_problem(&file);
    assert_eq!((problem.what, problem.offset), ("header section", first_section as u64));
    assert!(matches!(problem.error, Error::TooLarge { .. }));
    assert_eq!(file.texts.kallsyms, texts().kallsyms);
}

#[test]
fn a_chunk_must_decompress_to_the_size_that_it_claims() {
    for claimed in [4096_u32, 12_288] {
        let mut bytes = small(Codec::Zstd);
        let offset = TraceDat::parse(&bytes).unwrap().buffers[0].cpus[0].offset as usize;
        bytes[offset + 8..offset + 12].copy_from_slice(&claimed.to_le_bytes());
        let found = data(&TraceDat::parse(&bytes).unwrap());
        assert!(matches!(found[0].1, Err(Error::Decompress { codec: "zstd", .. })), "{claimed}");
    }
}

#[test]
fn a_chunk_of_a_part_of_a_sub_buffer_is_an_error() {
    let mut bytes = small(Codec::Zlib);
    let offset = TraceDat::parse(&bytes).unwrap().buffers[0].cpus[0].offset as usize;
    bytes[offset + 8] = 1;
    assert!(matches!(data(&TraceDat::parse(&bytes).unwrap())[0].1, Err(Error::Malformed { what: "chunk", .. })));
}

#[test]
fn a_sub_buffer_of_no_size_or_of_a_giant_one_is_a_problem() {
    for size in [0_u32, u32::MAX] {
        let mut bytes = small(Codec::None);
        let place = buffer_option_place(&bytes) + 8 + "\0mono\0".len();
        bytes[place..place + 4].copy_from_slice(&size.to_le_bytes());
        let file = TraceDat::parse(&bytes).unwrap();
        assert_eq!((only_problem(&file).what, file.buffers.len()), ("option BUFFER", 0));
    }
}

#[test]
fn statistics_of_a_cpu_survive_an_older_longer_text_behind_them() {
    let text = "CPU: 0\nentries: 5\noverrun: 0\ncommit overrun: 1\nbytes: 9\ndropped events: 3\nread events: 4\n26\noverrun: 99\n";
    let bytes = small_with(Codec::None, &[FileOption::CpuStats(text)]);
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!((file.cpu_stats[0].overrun, file.cpu_stats[0].lost()), (0, 4));
}

#[test]
fn statistics_that_are_none_are_a_problem() {
    let bytes = small_with(Codec::None, &[FileOption::CpuStats("CPU: 0\noverrun: many\n"), FileOption::CpuStats("")]);
    let file = TraceDat::parse(&bytes).unwrap();
    assert_eq!(file.problems.iter().map(|problem| problem.what).collect::<Vec<_>>(), ["option CPUSTAT"; 2]);
}

#[test]
fn times_of_a_guest_are_a_problem_that_says_why() {
    let bytes = small_with(Codec::None, &[FileOption::Raw { kind: 12, data: &[0; 40] }]);
    assert!(only_problem(&TraceDat::parse(&bytes).unwrap()).to_string().contains("TIME_SHIFT"));
}

#[test]
fn what_is_no_trace_dat_is_refused_by_name() {
    let bytes = small(Codec::None);
    let mut other = bytes.clone();
    other[0] = 0;
    assert!(matches!(TraceDat::parse(&other), Err(Error::Malformed { what: "trace.dat magic", .. })));
    let mut other = bytes.clone();
    other[10] = b'9';
    let error = TraceDat::parse(&other).unwrap_err();
    assert_eq!(error, Error::Unsupported { what: "trace.dat version", found: "9".to_owned() });
    let mut other = bytes.clone();
    other[18..22].copy_from_slice(b"lzma");
    let error = TraceDat::parse(&other).unwrap_err();
    assert_eq!(error, Error::Unsupported { what: "compression", found: "lzma".to_owned() });
    assert!(matches!(TraceDat::parse(b""), Err(Error::Truncated { .. })));
}

/// A file of version 6 by hand.
mod version_6 {
    use super::*;

    fn sized_u64(bytes: &mut Vec<u8>, text: &[u8]) {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text);
    }

    /// Everything up to the mark behind the number of CPUs, big-endian, four bytes of `long`.
    fn head(cpus: u32) -> Vec<u8> {
        let mut bytes = b"\x17\x08\x44tracing6\0\x01\x04\0\0\x10\0header_page\0".to_vec();
        sized_u64(&mut bytes, b"page");
        bytes.extend_from_slice(b"header_event\0");
        sized_u64(&mut bytes, b"event");
        bytes.extend_from_slice(&1_u32.to_be_bytes());
        sized_u64(&mut bytes, b"ftrace format");
        bytes.extend_from_slice(b"\0\0\0\x01irq\0\0\0\0\x01");
        sized_u64(&mut bytes, b"irq format");
        bytes.extend_from_slice(b"\0\0\0\x04syms\0\0\0\0");
        sized_u64(&mut bytes, b"12 sh\n");
        bytes.extend_from_slice(&cpus.to_be_bytes());
        bytes
    }

    fn table(bytes: &mut Vec<u8>, cpus: &[(u64, u64)]) {
        bytes.extend_from_slice(b"flyrecord\0");
        for (offset, size) in cpus {
            bytes.extend_from_slice(&offset.to_be_bytes());
            bytes.extend_from_slice(&size.to_be_bytes());
        }
    }

    fn option(bytes: &mut Vec<u8>, kind: u16, data: &[u8]) {
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&(data.len() as u32).to_be_bytes());
        bytes.extend_from_slice(data);
    }

    #[test]
    fn options_end_at_kind_zero_without_a_size_and_an_instance_has_its_own_table() {
        let mut bytes = head(2);
        bytes.extend_from_slice(b"options  \0");
        option(&mut bytes, 77, b"unknown");
        let mut buffer = 0x3000_u64.to_be_bytes().to_vec();
        buffer.extend_from_slice(b"inst\0");
        option(&mut bytes, 3, &buffer);
        bytes.extend_from_slice(&[0, 0]);
        table(&mut bytes, &[(0, 0), (0x1000, 0x2000)]);
        sized_u64(&mut bytes, b"[mono]");
        bytes.resize(0x3000, 1);
        table(&mut bytes, &[(0x4000, 0x1000), (0, 0)]);
        sized_u64(&mut bytes, b"local [global]");
        bytes.resize(0x5000, 2);

        let file = TraceDat::parse(&bytes).unwrap();
        assert_eq!(file.problems, []);
        assert_eq!((file.version, file.page_size, file.user_long_size), (6, 4096, 4));
        assert_eq!(
            (file.texts.kallsyms.as_slice(), &file.texts.cmdlines),
            (&b"syms"[..], &vec![(12, "sh".to_owned())])
        );
        assert_eq!(file.texts.event_formats, [("irq".to_owned(), b"irq format".to_vec())]);
        assert_eq!(file.unknown_options, [(77, 7)]);
        let clocks: Vec<_> = file.buffers.iter().map(|buffer| (buffer.name.as_str(), file.clock_of(buffer))).collect();
        assert_eq!(clocks, [("", "mono"), ("inst", "global")]);
        let sizes: Vec<_> = data(&file).into_iter().map(|(cpu, bytes)| (cpu, bytes.unwrap().len())).collect();
        assert_eq!(sizes, [(0, 0), (1, 0x2000), (0, 0x1000), (1, 0)]);
    }

    #[test]
    fn a_latency_report_is_refused_by_name() {
        let mut bytes = head(2);
        bytes.extend_from_slice(b"latency  \0# tracer: irqsoff\n");
        let error = TraceDat::parse(&bytes).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { found, .. } if found.starts_with("latency")), "{error}");
    }

    #[test]
    fn an_instance_whose_table_is_not_there_is_a_problem_with_its_name() {
        let mut bytes = head(1);
        bytes.extend_from_slice(b"options  \0");
        option(&mut bytes, 3, b"\0\0\0\0\x7f\0\0\0lost\0");
        bytes.extend_from_slice(&[0, 0]);
        table(&mut bytes, &[(0, 0)]);
        let file = TraceDat::parse(&bytes).unwrap();
        assert_eq!(only_problem(&file).buffer.as_deref(), Some("lost"));
        assert_eq!(file.buffers.len(), 1);
    }

    #[test]
    fn a_number_of_cpus_that_lies_is_a_problem_behind_the_cpus_that_are_there() {
        let mut bytes = head(u32::MAX);
        table(&mut bytes, &[(16, 0), (16, 0)]);
        let file = TraceDat::parse(&bytes).unwrap();
        assert_eq!((only_problem(&file).what, file.buffers[0].cpus.len()), ("table of CPUs", 2));
    }
}
