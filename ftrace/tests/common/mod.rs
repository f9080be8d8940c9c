//! The bundled captures.
#![expect(dead_code, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};

use hap_ftrace::trace_dat::{CpuData, Decompressor, TraceDat};

/// The folder of the captures.
pub(crate) fn captures() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/captures")).to_owned()
}

/// The bytes of the trace.dat in a folder of the captures, which may be kept as trace.dat.zst.
pub(crate) fn read_capture(folder: &str) -> Vec<u8> {
    read_folder(&captures().join(folder)).unwrap_or_else(|| panic!("no trace.dat in {folder}"))
}

/// The same for a path; `None` if there is no such file.
pub(crate) fn read_folder(folder: &Path) -> Option<Vec<u8>> {
    let plain = std::fs::read(folder.join("trace.dat")).ok();
    plain.or_else(|| folder.join("trace.dat.zst").exists().then(|| read_zstd(&folder.join("trace.dat.zst"))))
}

/// A file that is kept compressed.
pub(crate) fn read_zstd(path: &Path) -> Vec<u8> {
    zstd::stream::decode_all(std::fs::File::open(path).unwrap()).unwrap()
}

/// All folders that hold a trace.dat, sorted.
pub(crate) fn folders() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if matches!(path.file_name().and_then(|name| name.to_str()), Some("trace.dat" | "trace.dat.zst")) {
                found.push(folder.to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&captures(), &mut found);
    found.sort();
    assert!(found.len() > 30, "{} captures", found.len());
    found
}

/// Trace-cmd's own account of a capture.
pub(crate) fn summary(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

/// All sub-buffers of a CPU, one behind the other.
pub(crate) fn sub_buffers(cpu: &CpuData<'_>) -> hap_ftrace::Result<Vec<u8>> {
    let mut decompressor = Decompressor::new();
    let (mut out, mut all) = (Vec::new(), Vec::new());
    for chunk in cpu.chunks() {
        decompressor.decompress(&chunk?, &mut out)?;
        all.extend_from_slice(&out);
    }
    Ok(all)
}

/// Reads everything of a file and throws it away.
pub(crate) fn exhaust(bytes: &[u8]) -> hap_ftrace::Result<usize> {
    let file = TraceDat::parse(bytes)?;
    let mut decompressor = Decompressor::new();
    let mut out = Vec::new();
    let mut errors = file.problems.len();
    for cpu in file.buffers.iter().flat_map(|buffer| &buffer.cpus) {
        for chunk in cpu.chunks() {
            errors += usize::from(chunk.and_then(|chunk| decompressor.decompress(&chunk, &mut out)).is_err());
        }
    }
    Ok(errors)
}
