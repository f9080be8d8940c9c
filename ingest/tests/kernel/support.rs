//! Builds small kernels with gcc and reads tables back.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code; clippy exempts only the test functions themselves")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use object::read::{Object, ObjectSection, ObjectSymbol};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

/// Build id that the linker is told.
pub(crate) const BUILD_ID: &str = "00112233445566778899aabbccddeeff00112233";

/// A folder to build a kernel in.
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a tool in the folder.
    pub(crate) fn run(&self, tool: &str, arguments: &[&str]) {
        let output = Command::new(tool).args(arguments).current_dir(self.folder.path()).output();
        let output = output.unwrap_or_else(|error| panic!("{tool}: {error}"));
        assert!(output.status.success(), "{tool} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes `SOURCE.o`.
    pub(crate) fn compile(&self, source: &str, flags: &[&str]) {
        let object = format!("{source}.o");
        let mut arguments = vec![
            "-O2",
            "-mcmodel=kernel",
            "-fno-pie",
            "-fno-ipa-icf",
            "-fipa-cp-clone",
            "-fcf-protection=none",
            "-fno-asynchronous-unwind-tables",
        ];
        arguments.extend(flags);
        arguments.extend(["-c", source, "-o", &object]);
        self.run("gcc", &arguments);
    }

    /// Makes `vmlinux` of the objects of sources.
    pub(crate) fn link(&self, sources: &[&str]) {
        let id = format!("--build-id=0x{BUILD_ID}");
        let objects: Vec<_> = sources.iter().map(|source| format!("{source}.o")).collect();
        let mut arguments = vec!["-static", "-T", "kernel.lds", &id, "-o", "vmlinux"];
        arguments.extend(objects.iter().map(String::as_str));
        self.run("ld", &arguments);
    }
}

/// Sources of the kernel of `objects`.
const OBJECTS: [&str; 4] = ["one.c", "two.c", "described.S", "plain.S"];

/// A folder with the kernel of `objects`.
pub(crate) struct Build {
    folder: Folder,
    dwarf: String,
}

impl Build {
    /// Compiles and links it.
    pub(crate) fn new(dwarf: &str) -> Self {
        let build = Self { folder: Folder::new(), dwarf: format!("-gdwarf-{dwarf}") };
        let objects = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/objects");
        for entry in fs::read_dir(objects).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), build.path(entry.file_name().to_str().unwrap())).unwrap();
        }
        // Only the functions of this file can be traced.
        build.folder.compile("one.c", &[&build.dwarf, "-pg", "-mfentry", "-mrecord-mcount"]);
        for source in ["two.c", "described.S"] {
            build.folder.compile(source, &[&build.dwarf]);
        }
        build.folder.compile("plain.S", &[]);
        build.folder.link(&OBJECTS);
        build
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// Runs a tool in the folder.
    pub(crate) fn run(&self, tool: &str, arguments: &[&str]) {
        self.folder.run(tool, arguments);
    }

    /// Adds a source to the kernel.
    pub(crate) fn compile_extra(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.folder.compile(name, &[&self.dwarf]);
        self.folder.link(&[&OBJECTS[..], &[name]].concat());
    }

    /// Adds a source in which every function starts with two instructions that the debug information leaves out, as gcc
    /// for arm64 does with those that ftrace patches.
    pub(crate) fn compile_patchable(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        let assembly = format!("{name}.s");
        self.run("gcc", &["-O2", "-fno-pie", "-fcf-protection=none", &self.dwarf, "-S", name, "-o", &assembly]);
        let text = fs::read_to_string(self.path(&assembly)).unwrap();
        fs::write(self.path(&assembly), text.replace("\n.LFB", "\n\tnop\n\tnop\n.LFB")).unwrap();
        self.folder.compile(&assembly, &[]);
        self.folder.link(&[&OBJECTS[..], &[&assembly]].concat());
    }

    /// Makes a module of `one.c`, with or without a name of its own.
    pub(crate) fn module(&self, name: &str, named: bool, compression: &str) {
        fs::create_dir_all(self.path("modules")).unwrap();
        let output = format!("modules/{name}");
        let mut parts = vec!["-r", "-o", output.as_str(), "one.c.o"];
        if named {
            self.folder.compile("module.c", &[]);
            parts.push("module.c.o");
        }
        self.folder.run("ld", &parts);
        self.folder.run("objcopy", &[&format!("--compress-debug-sections={compression}"), &output]);
    }

    /// As [`Build::module`], for a kernel of this release.
    pub(crate) fn module_for(&self, name: &str, release: &str) {
        let text = fs::read_to_string(self.path("module.c")).unwrap();
        fs::write(self.path("module.c"), text.replace("6.1.0-test", release).replace("my_module", "foreign")).unwrap();
        self.module(name, true, "none");
    }

    /// Makes the first unit of `.debug_info` name abbreviations that are not there.
    pub(crate) fn damage_first_unit(&self) {
        let mut bytes = fs::read(self.path("vmlinux")).unwrap();
        let start = {
            let file = object::File::parse(&*bytes).unwrap();
            file.section_by_name(".debug_info").unwrap().file_range().unwrap().0 as usize
        };
        // Behind length (4), version (2), unit type (1), address size (1): the offset of the abbreviations.
        bytes[start + 8..start + 12].fill(0xf0);
        fs::write(self.path("vmlinux"), bytes).unwrap();
    }
}

/// Name, value and size of the defined symbols of a file.
pub(crate) fn symbols(path: &Path) -> Vec<(String, u64, u64)> {
    let bytes = fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let defined = file.symbols().filter(ObjectSymbol::is_definition);
    defined.map(|symbol| (symbol.name().unwrap().to_owned(), symbol.address(), symbol.size())).collect()
}

/// Innermost file and line of an address, and the number of frames, by `addr2line`.
pub(crate) fn frames(file: &[u8]) -> impl Fn(u64) -> (String, i32, usize) + use<'_> {
    let object = object::File::parse(file).unwrap();
    let section = |id: gimli::SectionId| -> Result<_, gimli::Error> {
        let data = object.section_by_name(id.name()).map_or(&[][..], |section| section.data().unwrap());
        Ok(gimli::EndianSlice::new(data, gimli::LittleEndian))
    };
    let context = addr2line::Context::from_dwarf(gimli::Dwarf::load(section).unwrap()).unwrap();
    move |address| {
        let mut found = context.find_frames(address).skip_all_loads().unwrap();
        let (mut innermost, mut depth) = (None, 0);
        while let Some(frame) = found.next().unwrap() {
            depth += 1;
            let location = frame.location.as_ref();
            innermost = innermost.or(location
                .map(|location| (location.file.unwrap_or_default().to_owned(), location.line.unwrap_or(0) as i32)));
        }
        let (file, line) = innermost.unwrap_or_else(|| panic!("no line at {address:#x}"));
        // Assembly functions are frames for us only.
        (file, line, depth.max(1))
    }
}

/// A row of table `functions`.
#[derive(Clone, Debug)]
pub(crate) struct FunctionRow {
    pub(crate) module: String,
    pub(crate) address: i64,
    pub(crate) link_address: i64,
    pub(crate) size: i64,
    pub(crate) function: String,
    pub(crate) source_address: i64,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<i32>,
    pub(crate) end_line: Option<i32>,
    pub(crate) extent_rule: Option<String>,
    pub(crate) lines: Option<i32>,
    pub(crate) code_lines: Option<i32>,
    pub(crate) complexity: Option<i32>,
    pub(crate) gnu_complexity: Option<i32>,
    pub(crate) inlined_into: Option<i32>,
    pub(crate) traceable: Option<bool>,
}

/// A row of table `lines`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineRow {
    pub(crate) module: String,
    pub(crate) address: i64,
    pub(crate) file: String,
    pub(crate) line: i32,
    pub(crate) kind: String,
}

/// Reads `functions.parquet`.
pub(crate) fn read_functions(folder: &Path) -> Vec<FunctionRow> {
    rows(&folder.join("functions.parquet"), |batch, row| FunctionRow {
        module: text(batch, "module", row).unwrap(),
        address: long(batch, "address", row),
        link_address: long(batch, "link_address", row),
        size: long(batch, "size", row),
        function: text(batch, "function", row).unwrap(),
        source_address: long(batch, "source_address", row),
        file: text(batch, "file", row),
        line: int(batch, "line", row),
        end_line: int(batch, "end_line", row),
        extent_rule: text(batch, "extent_rule", row),
        lines: int(batch, "lines", row),
        code_lines: int(batch, "code_lines", row),
        complexity: int(batch, "complexity", row),
        gnu_complexity: int(batch, "gnu_complexity", row),
        inlined_into: int(batch, "inlined_into", row),
        traceable: flag(batch, "traceable", row),
    })
}

/// Reads `lines.parquet`.
pub(crate) fn read_lines(folder: &Path) -> Vec<LineRow> {
    rows(&folder.join("lines.parquet"), |batch, row| LineRow {
        module: text(batch, "module", row).unwrap(),
        address: long(batch, "address", row),
        file: text(batch, "file", row).unwrap(),
        line: int(batch, "line", row).unwrap(),
        kind: text(batch, "kind", row).unwrap(),
    })
}

/// Reads the texts of `kernel.parquet`.
pub(crate) fn read_kernel(folder: &Path) -> BTreeMap<String, String> {
    let names = ["build_id", "release", "banner", "arch", "kernel_fingerprint", "traceable_rule"];
    let row = rows(&folder.join("kernel.parquet"), |batch, row| {
        names.map(|name| (name.to_owned(), text(batch, name, row).unwrap()))
    });
    assert_eq!(row.len(), 1);
    row.into_iter().flatten().collect()
}

fn rows<T>(path: &Path, read: impl Fn(&RecordBatch, usize) -> T) -> Vec<T> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| read(batch, row)).collect::<Vec<_>>()).collect()
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> &'b ArrayRef {
    batch.column_by_name(name).unwrap()
}

fn long(batch: &RecordBatch, name: &str, row: usize) -> i64 {
    column(batch, name).as_primitive::<Int64Type>().value(row)
}

fn int(batch: &RecordBatch, name: &str, row: usize) -> Option<i32> {
    let column = column(batch, name).as_primitive::<Int32Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn flag(batch: &RecordBatch, name: &str, row: usize) -> Option<bool> {
    let column = column(batch, name).as_boolean();
    column.is_valid(row).then(|| column.value(row))
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = column(batch, name);
    if column.is_null(row) {
        return None;
    }
    if let Some(texts) = column.as_string_opt::<i32>() {
        return Some(texts.value(row).to_owned());
    }
    let dictionary = column.as_dictionary::<Int32Type>();
    let key = dictionary.key(row).unwrap();
    Some(dictionary.values().as_string::<i32>().value(key).to_owned())
}
