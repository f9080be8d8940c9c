//! The names of all traced functions in every bundled capture, against the text of `trace-cmd report`.

#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hap_ftrace::trace_dat::{Decompressor, TraceDat};
use hap_ftrace::{Body, EventDecoder, EventFormat, EventFormats, Kallsyms, PageLayout, SubBuffer};

/// Calls by thread and name.
type Counts = BTreeMap<(i32, String), u64>;

fn decoder(file: &TraceDat<'_>) -> EventDecoder {
    let mut formats = EventFormats::default();
    let texts = &file.texts;
    for text in texts.ftrace_formats.iter().chain(texts.event_formats.iter().map(|(_, text)| text)) {
        formats.insert(EventFormat::parse(text).unwrap()).unwrap();
    }
    EventDecoder::new(&formats, file.order).unwrap()
}

/// Calls by thread and address.
fn calls(file: &TraceDat<'_>) -> BTreeMap<(i32, u64), u64> {
    let decoder = decoder(file);
    let layout = PageLayout::parse(&file.texts.header_page).unwrap();
    let mut decompressor = Decompressor::new();
    let (mut calls, mut out) = (BTreeMap::new(), Vec::new());
    for buffer in &file.buffers {
        for chunk in buffer.cpus.iter().flat_map(hap_ftrace::CpuData::chunks) {
            decompressor.decompress(&chunk.unwrap(), &mut out).unwrap();
            for sub_buffer in out.chunks_exact(buffer.sub_buffer_size as usize) {
                for record in SubBuffer::parse(sub_buffer, &layout, file.order).unwrap().records() {
                    let event = decoder.decode(record.unwrap().payload).unwrap();
                    if let Body::Calls { ip, count, .. } = event.body {
                        *calls.entry((event.common.pid, ip)).or_default() += count;
                    }
                }
            }
        }
    }
    calls
}

fn named<'s>(calls: &BTreeMap<(i32, u64), u64>, name: impl Fn(u64) -> Option<&'s str>) -> Counts {
    let mut counts = Counts::new();
    for (&(pid, ip), count) in calls {
        *counts.entry((pid, name(ip).unwrap_or("?").to_owned())).or_default() += count;
    }
    counts
}

fn oracle(folder: &Path) -> Counts {
    let text = String::from_utf8(common::read_zstd(&folder.join("counts.tsv.zst"))).unwrap();
    let line = |line: &str| {
        let fields: Vec<_> = line.split('\t').collect();
        ((fields[0].parse().unwrap(), fields[1].to_owned()), fields[2].parse().unwrap())
    };
    text.lines().skip(1).map(line).collect()
}

/// trace-cmd's rule gives its name for every call of every capture. The first name of an address, which is ours,
/// differs for four functions; trace-cmd itself prints each of them under two names, by the capture.
#[test]
fn every_function_of_every_capture_has_the_name_that_trace_cmd_prints() {
    let mut aliases = BTreeSet::new();
    for folder in common::folders() {
        let bytes = common::read_folder(&folder).unwrap();
        let file = TraceDat::parse(&bytes).unwrap();
        let symbols = Kallsyms::parse(&file.texts.kallsyms).unwrap();
        let calls = calls(&file);
        let oracle = oracle(&folder);
        assert_eq!(named(&calls, |ip| symbols.trace_cmd_name(ip)), oracle, "{}", folder.display());
        for &(_, ip) in calls.keys() {
            let ours = symbols.symbol_containing(ip).map(|symbol| symbol.name);
            let theirs = symbols.trace_cmd_name(ip);
            if ours != theirs {
                aliases.insert((ours.unwrap().to_owned(), theirs.unwrap().to_owned()));
            }
        }
    }
    let expected = [
        ("__do_softirq", "__softirqentry_text_start"),
        ("__do_sys_getpid", "__ia32_sys_getpid"),
        ("__do_sys_getpid", "__x64_sys_getpid"),
        ("__do_sys_rt_sigreturn", "__ia32_sys_rt_sigreturn"),
        ("__do_sys_rt_sigreturn", "__x64_sys_rt_sigreturn"),
        ("__do_sys_sched_yield", "__ia32_sys_sched_yield"),
        ("__do_sys_sched_yield", "__x64_sys_sched_yield"),
    ];
    assert_eq!(aliases, expected.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())).into());
    // Most captures agree with us on the first of them.
    let runc = common::read_capture("runc/redis-bench-set/1");
    let symbols = Kallsyms::parse(&TraceDat::parse(&runc).unwrap().texts.kallsyms).unwrap();
    let softirq = symbols.symbols().find(|symbol| symbol.name == "__do_softirq").unwrap();
    assert_eq!(symbols.trace_cmd_name(softirq.address), Some("__do_softirq"));
}
