//! Kernel tables of small kernels and modules that gcc builds while the test runs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code; clippy exempts only the test functions themselves")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::support::{BUILD_ID, Build, FunctionRow, LineRow, frames, read_functions, read_kernel, read_lines, symbols};
use hap_ingest::fingerprint::kernel_fingerprint;
use hap_ingest::kernel::{KernelError, KernelOptions, Problem, ingest_kernel};
use hap_ingest::progress::NoProgress;

const BASE: u64 = 0xffff_ffff_8100_0000;

fn options(build: &Build, modules: bool) -> KernelOptions {
    KernelOptions {
        vmlinux: build.path("vmlinux"),
        modules: modules.then(|| build.path("modules")),
        source: None,
        filter_functions: None,
        package: None,
        out: build.path("dataset"),
        jobs: 2,
    }
}

/// Function, file, line, end line, inlined_into, symbol of the source function.
type Described<'a> = (&'a str, Option<&'a str>, Option<i32>, Option<i32>, Option<i32>, &'a str);

/// What the table must say of each symbol of the test kernel.
fn expected() -> BTreeMap<&'static str, Described<'static>> {
    BTreeMap::from([
        ("first", ("first", Some("one.c"), Some(7), Some(12), Some(0), "first")),
        ("second", ("second", Some("one.c"), Some(13), Some(16), Some(0), "second")),
        ("scaled", ("scaled", Some("one.c"), Some(17), Some(23), Some(0), "scaled")),
        ("scaled.constprop.0", ("scaled", Some("one.c"), Some(17), Some(23), Some(0), "scaled")),
        ("third", ("third", Some("one.c"), Some(24), Some(30), Some(0), "third")),
        ("lone.constprop.0.isra.0", ("lone", Some("one.c"), Some(31), Some(34), Some(0), "lone.constprop.0.isra.0")),
        ("sixth", ("sixth", Some("one.c"), Some(35), Some(38), Some(0), "sixth")),
        ("split", ("split", Some("one.c"), Some(40), Some(47), Some(0), "split")),
        ("set_up", ("set_up", Some("one.c"), Some(48), Some(51), Some(0), "set_up")),
        ("fourth", ("fourth", Some("two.c"), Some(12), Some(15), Some(0), "fourth")),
        // The closing brace behind a tail call has no code, so no row.
        ("fail", ("fail", Some("two.c"), Some(16), Some(18), Some(0), "fail")),
        ("described", ("described", Some("described.S"), Some(5), Some(6), Some(0), "described")),
        ("sink", ("sink", None, None, None, None, "sink")),
        ("__fentry__", ("__fentry__", None, None, None, None, "__fentry__")),
        ("label", ("label", None, None, None, None, "label")),
    ])
}

fn check_kernel(dwarf: &str) {
    let build = Build::new(dwarf);
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    assert!(summary.is_complete(), "{:?}", summary.problems);
    assert_eq!(summary.overridden_functions, 1);
    let rows = read_functions(&summary.folder);
    let by_address: BTreeMap<i64, &FunctionRow> = rows.iter().map(|row| (row.address, row)).collect();
    let symbols = symbols(&build.path("vmlinux"));
    let offset = |symbol: &str| {
        symbols.iter().find(|(name, ..)| name == symbol).map(|(_, address, _)| (address - BASE) as i64).unwrap()
    };
    for (symbol, want) in expected() {
        let row = by_address.get(&offset(symbol)).unwrap_or_else(|| panic!("no row for {symbol}"));
        let got = (row.function.as_str(), row.file.as_deref(), row.line, row.end_line, row.inlined_into);
        assert_eq!(got, (want.0, want.1, want.2, want.3, want.4), "{symbol}");
        assert_eq!(row.source_address, offset(want.5), "{symbol}");
        assert_eq!(row.link_address.cast_unsigned(), BASE + row.address as u64, "{symbol}");
        assert_eq!(row.lines, row.end_line.zip(row.line).map(|(end, line)| end - line + 1), "{symbol}");
        assert_eq!(row.module, "vmlinux");
    }
    // The rest are the two pairs of statics of one name, each a source function of its own.
    let expected = expected();
    let rest: Vec<_> = rows.iter().filter(|row| !expected.keys().any(|symbol| offset(symbol) == row.address)).collect();
    let mut names: Vec<_> =
        rest.iter().map(|row| (row.function.as_str(), row.file.as_deref().unwrap(), row.line.unwrap())).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            ("local_copy", "shared.h", 10),
            ("local_copy", "shared.h", 10),
            ("same_name", "one.c", 3),
            ("same_name", "two.c", 8)
        ]
    );
    assert!(rest.iter().all(|row| row.source_address == row.address));
    assert_eq!(summary.functions, rows.len());
}

#[test]
fn functions_of_a_kernel_with_dwarf_5() {
    check_kernel("5");
}

#[test]
fn functions_of_a_kernel_with_dwarf_4() {
    check_kernel("4");
}

#[test]
fn sizes_are_those_of_the_symbols_with_cold_parts() {
    let build = Build::new("5");
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    let symbols = symbols(&build.path("vmlinux"));
    let size = |symbol: &str| symbols.iter().find(|(name, ..)| name == symbol).map(|(.., size)| *size as i64).unwrap();
    let rows = read_functions(&summary.folder);
    let row = |name: &str| rows.iter().find(|row| row.function == name).unwrap();
    assert!(size("split.cold") > 0);
    assert_eq!(row("split").size, size("split") + size("split.cold"));
    assert_eq!(row("sink").size, size("sink"));
    assert_eq!(row("first").size, size("first"));
    // A label of assembly has no size: it reaches to the next symbol.
    assert!(row("label").size >= 2);
    assert!(!rows.iter().any(|row| row.function.contains(".cold") || row.function == "middle"));
}

/// The innermost frames of every byte of code, by another library.
fn oracle_lines(build: &Build, rows: &[FunctionRow]) -> BTreeSet<LineRow> {
    let symbols = symbols(&build.path("vmlinux"));
    let mut lines: BTreeMap<(i64, String, i32), bool> = BTreeMap::new();
    let file = fs::read(build.path("vmlinux")).unwrap();
    let frames = frames(&file);
    for row in rows.iter().filter(|row| row.code_lines.is_some()) {
        let mut ranges = vec![(row.link_address.cast_unsigned(), row.size as u64)];
        let cold = symbols.iter().find(|(name, ..)| *name == format!("{}.cold", row.function));
        if let Some((_, address, size)) = cold {
            ranges = vec![(ranges[0].0, row.size as u64 - size), (*address, *size)];
        }
        for address in ranges.iter().flat_map(|(start, size)| *start..start + size) {
            let (file, line, depth) = frames(address);
            let file = file.rsplit('/').next().unwrap().to_owned();
            *lines.entry((row.address, file, line)).or_default() |= depth == 1;
        }
    }
    let kind = |own: bool| if own { "own" } else { "inlined" }.to_owned();
    lines
        .into_iter()
        .map(|((address, file, line), own)| LineRow {
            module: "vmlinux".to_owned(),
            address,
            file,
            line,
            kind: kind(own),
        })
        .collect()
}

#[test]
fn lines_are_those_of_addr2line_for_every_byte() {
    for dwarf in ["5", "4"] {
        let build = Build::new(dwarf);
        let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
        let rows = read_functions(&summary.folder);
        let lines = read_lines(&summary.folder);
        assert_eq!(lines.iter().cloned().collect::<BTreeSet<_>>(), oracle_lines(&build, &rows));
        assert_eq!(summary.lines, lines.len());
        for row in &rows {
            let distinct = lines.iter().filter(|line| line.address == row.address).count();
            assert_eq!(row.code_lines.unwrap_or(0) as usize, distinct, "{}", row.function);
        }
        let sorted: Vec<_> = lines.iter().map(|line| (line.address, line.file.clone(), line.line)).collect();
        assert!(sorted.is_sorted() && rows.is_sorted_by_key(|row| row.address));
        assert!(lines.iter().any(|line| line.file == "shared.h" && line.kind == "inlined"));
    }
}

#[test]
fn a_relocatable_module_is_laid_out_as_the_loader_does_and_its_init_code_is_left_out() {
    for (name, module, flags) in [("my-module.ko.debug", "my_module", "zlib"), ("other-one.ko", "other_one", "none")] {
        let build = Build::new("5");
        build.module(name, module == "my_module", flags);
        let summary = ingest_kernel(&options(&build, true), &NoProgress).unwrap();
        assert!(summary.is_complete(), "{:?}", summary.problems);
        assert_eq!((summary.modules, summary.module_init_functions), (1, 1));
        let rows: Vec<_> = read_functions(&summary.folder).into_iter().filter(|row| row.module == module).collect();
        let symbols = symbols(&build.path("modules").join(name));
        // .text is first, and nothing that this test looks for is in another section of core text.
        for function in ["first", "second", "third", "split"] {
            let (_, offset, _) = symbols.iter().find(|(symbol, ..)| symbol == function).unwrap();
            let row = rows.iter().find(|row| row.function == function).unwrap();
            assert_eq!((row.address, row.link_address), (*offset as i64, *offset as i64), "{function}");
            assert_eq!(row.file.as_deref(), Some("one.c"));
        }
        assert!(!rows.iter().any(|row| row.function == "set_up"));
        assert_eq!(rows.iter().filter(|row| row.function == "scaled").count(), 2);
        let size =
            |name: &str| symbols.iter().find(|(symbol, ..)| symbol == name).map(|(.., size)| *size as i64).unwrap();
        let split = rows.iter().find(|row| row.function == "split").unwrap();
        assert_eq!(split.size, size("split") + size("split.cold"));
        // The same source as in vmlinux: the same lines, whatever the file is.
        let lines = read_lines(&summary.folder);
        let of = |module: &str, address: i64| -> Vec<_> {
            let rows = lines.iter().filter(|line| line.module == module && line.address == address);
            rows.map(|line| (line.file.clone(), line.line, line.kind.clone())).collect()
        };
        let kernel = read_functions(&summary.folder)
            .into_iter()
            .find(|row| row.function == "first" && row.module == "vmlinux")
            .unwrap();
        let first = rows.iter().find(|row| row.function == "first").unwrap();
        assert_eq!(of(module, first.address), of("vmlinux", kernel.address));
        assert_eq!(first.code_lines, kernel.code_lines);
    }
}

#[test]
fn functions_with_a_call_site_of_ftrace_are_traceable() {
    let build = Build::new("5");
    build.module("my-module.ko", true, "zlib");
    let summary = ingest_kernel(&options(&build, true), &NoProgress).unwrap();
    for row in read_functions(&summary.folder) {
        let wanted = row.file.as_deref() == Some("one.c") || row.file.as_deref() == Some("shared.h");
        if row.file.as_deref() != Some("shared.h") || row.module == "my_module" {
            assert_eq!(row.traceable, Some(wanted), "{row:?}");
        }
    }
    // Without its code a file cannot tell.
    build.run("objcopy", &["--only-keep-debug", "vmlinux", "debug-only"]);
    let mut options = options(&build, false);
    options.vmlinux = build.path("debug-only");
    let kept: Vec<_> = read_functions(&ingest_kernel(&options, &NoProgress).unwrap().folder);
    assert!(kept.iter().all(|row| row.traceable.is_none()));
    assert!(kept.iter().any(|row| row.function == "first" && row.code_lines.is_some()));
}

#[test]
fn an_inlined_function_counts_each_source_function_that_holds_it_once() {
    let build = Build::new("5");
    build.compile_extra("copies.c", "#include \"shared.h\"\nint out_of_line(int value);\nint out_of_line(int value)\n{\n\treturn sink(value);\n}\nint a(int v)\n{\n\treturn inner(v);\n}\n");
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    let rows = read_functions(&summary.folder);
    // With optimisation gcc copies nothing here: nobody holds `out_of_line`.
    assert_eq!(rows.iter().find(|row| row.function == "out_of_line").unwrap().inlined_into, Some(0));
    let build = Build::new("5");
    build.compile_extra("copies.c", "int sink(int value);\nint shared(int value)\n{\n\treturn sink(value) + 4;\n}\nint a(int v)\n{\n\treturn shared(v) + shared(v + 1);\n}\nint b(int v)\n{\n\treturn shared(v) - 1;\n}\n");
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    let rows = read_functions(&summary.folder);
    assert_eq!(rows.iter().find(|row| row.function == "shared").unwrap().inlined_into, Some(2));
}

/// A declaration within a block, as BUILD_BUG_ON makes them, is an entry of the debug information like a function.
const NESTED_DECLARATION: &str = "int sink(int value);
static inline __attribute__((always_inline)) int copied(int value)
{
	return sink(value) / 3;
}
int outer(int value)
{
	{
		extern void never_called(void) __attribute__((error(\"no\")));
		if (0)
			never_called();
	}
	{
		int sum = sink(value);
		for (int turn = 0; turn < value; turn++) {
			int part = sum + turn;
			sum += copied(part) * part;
		}
		value = sum;
	}
	return value;
}
";

#[test]
fn a_declaration_within_a_function_takes_no_inlined_copies() {
    let build = Build::new("5");
    build.compile_extra("nested.c", NESTED_DECLARATION);
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    let rows = read_functions(&summary.folder);
    let lines = read_lines(&summary.folder);
    assert_eq!(lines.iter().cloned().collect::<BTreeSet<_>>(), oracle_lines(&build, &rows));
    let kind = lines.iter().find(|line| line.file == "nested.c" && line.line == 4).map(|line| line.kind.as_str());
    assert_eq!(kind, Some("inlined"));
}

#[test]
fn instructions_that_the_debug_information_leaves_out_at_the_start_belong_to_the_function_without_lines() {
    let build = Build::new("5");
    let text = "int sink(int value);\nint before(int value)\n{\n\treturn sink(value) * 3;\n}\nint after(int value)\n{\n\treturn sink(value) * 5;\n}\n";
    build.compile_patchable("patchable.c", text);
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    let rows = read_functions(&summary.folder);
    let symbols = symbols(&build.path("vmlinux"));
    for (function, wanted) in [("before", [3, 4, 5]), ("after", [7, 8, 9])] {
        let row = rows.iter().find(|row| row.function == function).unwrap();
        let (_, address, size) = symbols.iter().find(|(symbol, ..)| symbol == function).unwrap();
        assert_eq!((row.link_address.cast_unsigned(), row.size as u64), (*address, *size), "{function}");
        let lines = read_lines(&summary.folder).into_iter().filter(|line| line.address == row.address);
        assert_eq!(lines.map(|line| line.line).collect::<Vec<_>>(), wanted, "{function}");
    }
}

#[test]
fn the_tables_do_not_depend_on_the_number_of_threads() {
    let build = Build::new("5");
    build.module("my-module.ko", true, "zlib");
    let mut options = options(&build, true);
    let mut contents = Vec::new();
    for jobs in [1, 4] {
        options.jobs = jobs;
        let summary = ingest_kernel(&options, &NoProgress).unwrap();
        let files = ["kernel", "functions", "lines"]
            .map(|table| fs::read(summary.folder.join(format!("{table}.parquet"))).unwrap());
        contents.push(files);
    }
    assert_eq!(contents[0], contents[1]);
}

#[test]
fn the_kernel_row_has_banner_release_and_build_id() {
    let build = Build::new("5");
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    assert_eq!(summary.build_id, BUILD_ID);
    assert!(summary.folder.ends_with(format!("kernels/build_id={BUILD_ID}")));
    let kernel = read_kernel(&summary.folder);
    assert_eq!(kernel["build_id"], BUILD_ID);
    assert_eq!(kernel["release"], "6.1.0-test");
    assert_eq!(kernel["banner"], "Linux version 6.1.0-test (me@here) #1 SMP");
    assert_eq!(kernel["arch"], "x86_64");
    assert_eq!(kernel["traceable_rule"], "trace_sites");
}

#[test]
fn a_broken_module_costs_that_module_only() {
    let build = Build::new("5");
    build.module("good.ko", false, "none");
    fs::write(build.path("modules").join("text.ko"), "no ELF file").unwrap();
    let good = fs::read(build.path("modules").join("good.ko")).unwrap();
    fs::write(build.path("modules").join("short.ko"), &good[..good.len() / 2]).unwrap();
    let summary = ingest_kernel(&options(&build, true), &NoProgress).unwrap();
    assert_eq!(summary.modules, 1);
    assert!(!summary.is_complete());
    let texts: Vec<_> = summary.problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("short.ko") && texts[1].contains("text.ko: not a readable ELF file"), "{texts:?}");
}

#[test]
fn a_module_of_another_kernel_and_a_second_file_of_one_module_are_refused() {
    let build = Build::new("5");
    build.module("a.ko", true, "none");
    build.module("b.ko", true, "none");
    build.module_for("c.ko", "6.1.0-other");
    let summary = ingest_kernel(&options(&build, true), &NoProgress).unwrap();
    assert_eq!(summary.modules, 1);
    let refused = |wanted: fn(&KernelError) -> bool| {
        summary.problems.iter().any(|problem| matches!(problem, Problem::Module(error) if wanted(error)))
    };
    assert!(refused(|error| matches!(error, KernelError::OtherRelease { .. })), "{:?}", summary.problems);
    assert!(refused(|error| matches!(error, KernelError::SameModule { .. })), "{:?}", summary.problems);
}

#[test]
fn a_broken_unit_costs_that_unit_only_and_its_functions_keep_their_symbols() {
    let build = Build::new("5");
    build.damage_first_unit();
    let summary = ingest_kernel(&options(&build, false), &NoProgress).unwrap();
    assert!(matches!(summary.problems.as_slice(), [Problem::Unit { offset: 0, .. }]), "{:?}", summary.problems);
    let rows = read_functions(&summary.folder);
    let first = rows.iter().find(|row| row.function == "first").unwrap();
    assert_eq!((first.code_lines, first.file.as_deref()), (None, None));
    let fourth = rows.iter().find(|row| row.function == "fourth").unwrap();
    assert_eq!(fourth.file.as_deref(), Some("two.c"));
}

#[test]
fn no_byte_of_a_vmlinux_can_make_it_panic() {
    let build = Build::new("5");
    let whole = fs::read(build.path("vmlinux")).unwrap();
    let mut options = options(&build, false);
    options.vmlinux = build.path("damaged");
    for step in 0..150_usize {
        let mut bytes = whole.clone();
        // A fixed, spread-out choice of places and values.
        for change in 0..4 {
            let place = (step * 4 + change) * 2_654_435_761 % bytes.len();
            bytes[place] ^= 1 << (step % 8) | 0x80;
        }
        fs::write(&options.vmlinux, &bytes).unwrap();
        let _ = ingest_kernel(&options, &NoProgress);
    }
    for length in (0..whole.len()).step_by(whole.len() / 50) {
        fs::write(&options.vmlinux, &whole[..length]).unwrap();
        let _ = ingest_kernel(&options, &NoProgress);
    }
}

#[test]
fn errors_say_what_is_missing() {
    let build = Build::new("5");
    let mut stripped = options(&build, false);
    build.run("objcopy", &["--strip-debug", "vmlinux", "stripped"]);
    stripped.vmlinux = build.path("stripped");
    assert!(matches!(ingest_kernel(&stripped, &NoProgress), Err(KernelError::NoDebugInfo { .. })));
    build.run("objcopy", &["--strip-symbol=_text", "vmlinux", "nameless"]);
    stripped.vmlinux = build.path("nameless");
    assert!(matches!(ingest_kernel(&stripped, &NoProgress), Err(KernelError::NoSymbol { symbol: "_text", .. })));
    stripped.vmlinux = build.path("absent");
    assert!(matches!(ingest_kernel(&stripped, &NoProgress), Err(KernelError::Io { .. })));
    fs::create_dir_all(build.path("modules")).unwrap();
    assert!(matches!(ingest_kernel(&options(&build, true), &NoProgress), Err(KernelError::NoModules { .. })));
}

/// What vmlinux of Debian's 6.1.0-56-cloud-amd64 (6.1.192-2) gives.
const FINGERPRINT: &str = "410d20cc0aa6f45f10328d8a914d3ee3";

fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data").join(path)
}

/// Fingerprint of the lines `address kind name` of kallsyms or System.map.
fn fingerprint(text: &str) -> String {
    let symbols: Vec<(u64, &str, &str)> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let symbol = (u64::from_str_radix(fields.next()?, 16).ok()?, fields.next()?, fields.next()?);
            fields.next().is_none().then_some(symbol)
        })
        .collect();
    let address =
        |wanted: &str| symbols.iter().find(|(.., name)| *name == wanted).map(|(address, ..)| *address).unwrap();
    let text = address("_stext")..address("_etext");
    let base = address("_text");
    let global = symbols.iter().filter(|(address, kind, _)| *kind == "T" && text.contains(address));
    kernel_fingerprint(global.map(|(address, _, name)| (address - base, *name)))
}

#[test]
fn system_map_kallsyms_and_the_kernel_table_agree() {
    let mut files = 0;
    for entry in fs::read_dir(data("captures/kernel")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("System.map") || name.starts_with("kallsyms.") {
            let bytes = zstd::decode_all(fs::File::open(&path).unwrap()).unwrap();
            assert_eq!(fingerprint(&String::from_utf8_lossy(&bytes)), FINGERPRINT, "{name}");
            files += 1;
        }
    }
    assert!(files >= 2);
    let kernel = read_kernel(&data("kernels/build_id=3b43fad5034874490492495d552c0af6a5fab235"));
    assert_eq!(kernel["kernel_fingerprint"], FINGERPRINT);
}
