//! Every bundled capture, against what trace-cmd says about it.

#![cfg(test)]

mod common;

use std::fmt::Write as _;

use hap_ftrace::trace_dat::{Storage, TraceDat};
use hap_ftrace::{ByteOrder, Codec};

/// What `trace-cmd dump --summary --options` prints of the facts that we read, line by line.
fn facts(file: &TraceDat<'_>) -> Vec<String> {
    let mut text = String::new();
    prefix_facts(file, &mut text).unwrap();
    option_facts(file, &mut text).unwrap();
    text_facts(file, &mut text).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn prefix_facts(file: &TraceDat<'_>, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{}\t[Version]", file.version)?;
    assert_eq!(file.order, ByteOrder::Little);
    writeln!(out, "0\t[Little endian]")?;
    writeln!(out, "{}\t[Bytes in a long]", file.user_long_size)?;
    writeln!(out, "{}\t[Page size, bytes]", file.page_size)?;
    if file.version == 7 {
        writeln!(out, "{}\t[Compression algorithm]", file.codec.name())?;
        writeln!(out, "{}\t[Compression version]", file.codec_version)?;
    }
    Ok(())
}

fn option_facts(file: &TraceDat<'_>, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{}", file.uname.as_deref().unwrap())?;
    writeln!(out, "{}", file.writer_version.as_deref().unwrap())?;
    if let Some(id) = file.trace_id {
        writeln!(out, "0x{id:X}")?;
    }
    for stats in &file.cpu_stats {
        writeln!(out, "CPU: {}", stats.cpu.unwrap())?;
        writeln!(out, "entries: {}", stats.entries)?;
        writeln!(out, "overrun: {}", stats.overrun)?;
        writeln!(out, "commit overrun: {}", stats.commit_overrun)?;
        writeln!(out, "bytes: {}", stats.bytes)?;
        writeln!(out, "dropped events: {}", stats.dropped_events)?;
        writeln!(out, "read events: {}", stats.read_events)?;
    }
    for buffer in file.buffers.iter().filter(|_| file.version == 7) {
        writeln!(out, "{:?} [name]", buffer.name)?;
        writeln!(out, "{:?} [clock]", buffer.clock.as_deref().unwrap())?;
        writeln!(out, "{} [Page size, bytes]", buffer.sub_buffer_size)?;
        writeln!(out, "{} [CPUs]:", buffer.cpus.len())?;
        for cpu in &buffer.cpus {
            writeln!(out, "{} {}\t{}\t[id, data offset and size]", cpu.cpu, cpu.offset, cpu.size)?;
        }
    }
    if file.version == 7 {
        writeln!(out, "{}", file.cpu_count.unwrap())?;
    } else {
        writeln!(out, "{} [CPUs with tracing data]", file.buffers[0].cpus.len())?;
        writeln!(out, "[{}]", file.clock.as_deref().unwrap())?;
    }
    Ok(())
}

fn text_facts(file: &TraceDat<'_>, out: &mut String) -> std::fmt::Result {
    let texts = &file.texts;
    let cmdlines: usize = texts.cmdlines.iter().map(|(pid, name)| format!("{pid} {name}\n").len()).sum();
    let mut systems: Vec<_> = texts.event_formats.iter().map(|(system, _)| system).collect();
    systems.dedup();
    writeln!(out, "[Saved command lines, {cmdlines} bytes]")?;
    writeln!(out, "[Trace printk, {} bytes]", texts.printk.len())?;
    writeln!(out, "[Kallsyms, {} bytes]", texts.kallsyms.len())?;
    writeln!(out, "[Events format, {} systems]", systems.len())?;
    writeln!(out, "[Ftrace format, {} events]", texts.ftrace_formats.len())?;
    writeln!(out, "[Header page, {} bytes]", texts.header_page.len())?;
    writeln!(out, "[Header event, {} bytes]", texts.header_event.len())
}

/// The same lines of trace-cmd's dump: everything but headlines, totals, places of sections and the lines of CPUSTAT
/// that we do not keep.
fn dumped_facts(dump: &str) -> Vec<String> {
    let dropped = |line: &str| {
        let places = ["[Option ", "[Section ", "[Initial format]", "[buffer ", "[Flyrecord", "[Tracing clock]"];
        let totals = ["options]", "sections]", "[offset]"];
        let stats = ["oldest event ts:", "now ts:", "Buffer: ", "Tracing meta data"];
        line.is_empty()
            || places.iter().chain(&stats).any(|start| line.starts_with(start))
            || totals.iter().any(|end| line.ends_with(end))
            || line.starts_with("local global")
    };
    let mut lines = Vec::new();
    let mut after = "";
    for line in dump.lines().map(str::trim) {
        // The value of DONE, and the stray piece of older text behind a CPUSTAT.
        let is_done = after.starts_with("[Option DONE");
        let is_stray = after.starts_with("read events:") && !line.is_empty() && !line.starts_with('[');
        let version_less = line == "[Compression version]";
        if !dropped(line) && !is_done && !is_stray {
            lines.push(if version_less { format!("\t{line}") } else { line.to_owned() });
        }
        after = line;
    }
    lines.sort();
    lines
}

#[test]
fn every_capture_has_the_options_offsets_sizes_and_clocks_of_trace_cmds_dump() {
    let mut stray = 0;
    for folder in common::folders() {
        let bytes = common::read_folder(&folder).unwrap();
        let file = TraceDat::parse(&bytes).unwrap();
        let summary = common::summary(&folder);
        let dump = summary["dump_summary_options"].as_str().unwrap();
        assert_eq!(facts(&file), dumped_facts(dump), "{}", folder.display());
        assert_eq!(file.problems, [], "{}", folder.display());
        assert_eq!(file.unknown_options, [], "{}", folder.display());
        // Recorded with record-tgid, and yet they are not in the file.
        assert_eq!(file.texts.saved_tgids, None);
        let chosen = dump.split_once('[').unwrap().1;
        assert!(chosen.contains(&format!("[{}]", file.clock.as_deref().unwrap())));
        stray += usize::from(dump.lines().any(|line| line.len() < 4 && line.parse::<u32>().is_ok()));
    }
    assert!(stray > 0, "no capture has the stray piece of text that the statistics must survive");
}

#[test]
fn every_cpu_has_as_many_bytes_as_trace_cmd_says() {
    for folder in common::folders() {
        let bytes = common::read_folder(&folder).unwrap();
        let file = TraceDat::parse(&bytes).unwrap();
        let summary = common::summary(&folder);
        let report = summary["report_stat"].as_str().unwrap();
        let cpus = report.lines().filter_map(|line| line.strip_prefix("CPU")?.split_once(" data recorded at offset"));
        let sizes = report.lines().filter_map(|line| line.trim().strip_suffix(" bytes in size"));
        // A CPU without data may be missing from the file; trace-cmd counts it in if its number is low.
        let expected: Vec<(u32, u64)> = cpus
            .zip(sizes)
            .map(|((cpu, _), size)| (cpu.parse().unwrap(), size.parse().unwrap()))
            .filter(|&(_, size)| size > 0)
            .collect();
        // trace-cmd prints the top level only.
        let top = file.buffer("").unwrap();
        let found: Vec<(u32, u64)> = top
            .cpus
            .iter()
            .map(|cpu| (cpu.cpu, common::sub_buffers(cpu).unwrap().len() as u64))
            .filter(|&(_, size)| size > 0)
            .collect();
        assert_eq!(found, expected, "{}", folder.display());
    }
}

#[test]
fn chunks_of_trace_cmd_have_ten_pages_and_raw_ones_are_slices_of_the_file() {
    let bytes = common::read_capture("special/overrun");
    let file = TraceDat::parse(&bytes).unwrap();
    let cpu = &file.buffers[0].cpus[1];
    assert_eq!(cpu.storage, Storage::Chunks(Codec::Zstd));
    let sizes: Vec<_> = cpu.chunks().map(|chunk| chunk.unwrap().uncompressed_size).collect();
    assert_eq!(sizes.iter().map(|&size| u64::from(size)).sum::<u64>(), 1_806_336);
    assert!(sizes[..sizes.len() - 1].iter().all(|&size| size == 40_960));

    let bytes = common::read_capture("special/v7-none");
    let file = TraceDat::parse(&bytes).unwrap();
    let cpu = &file.buffers[0].cpus[0];
    assert_eq!(cpu.storage, Storage::Raw);
    for chunk in cpu.chunks() {
        let chunk = chunk.unwrap();
        assert_eq!(chunk.codec, Codec::None);
        assert!(bytes.as_ptr_range().contains(&chunk.bytes.as_ptr()));
        assert_eq!(chunk.bytes, &bytes[chunk.offset as usize..][..chunk.bytes.len()]);
        assert!(chunk.bytes.len() <= 65_536 && chunk.bytes.len().is_multiple_of(4096));
    }
}

#[test]
fn an_instance_has_its_own_clock_and_its_empty_cpu_is_missing() {
    let bytes = common::read_capture("special/instance");
    let file = TraceDat::parse(&bytes).unwrap();
    let names: Vec<_> = file.buffers.iter().map(|buffer| buffer.name.as_str()).collect();
    assert_eq!(names, ["", "hapbuf"]);
    let instance = file.buffer("hapbuf").unwrap();
    assert_eq!(file.clock.as_deref(), Some("mono"));
    assert_eq!(file.clock_of(instance), "local");
    let cpus: Vec<_> = instance.cpus.iter().map(|cpu| cpu.cpu).collect();
    assert_eq!(cpus, [1]);
    let stats: Vec<_> = file.cpu_stats.iter().map(|stats| (stats.buffer.as_str(), stats.cpu, stats.entries)).collect();
    assert_eq!(stats, [("hapbuf", Some(0), 0), ("hapbuf", Some(1), 22_058)]);
}

#[test]
fn statistics_of_the_overrun_capture_are_the_kernels() {
    let bytes = common::read_capture("special/overrun");
    let file = TraceDat::parse(&bytes).unwrap();
    let lost: Vec<_> = file.cpu_stats.iter().map(|stats| (stats.cpu, stats.overrun, stats.lost())).collect();
    assert_eq!(lost, [(Some(0), 22_934, 22_934), (Some(1), 28_008, 28_008)]);
}
