//! From the paths on the command line to the captures below them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use hap_ftrace::{Module, Modules};
use hap_schemas::{ModuleInfo, RunJson, RunJsonError, io_remedy};
use thiserror::Error;

/// A capture found on disk.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    /// Run id.
    pub(crate) run: String,
    /// Where its data is.
    pub(crate) data: CaptureData,
    /// Its `run.json`, or an empty one.
    pub(crate) run_json: RunJson,
}

impl Capture {
    /// The modules that its `run.json` lists.
    pub(crate) fn listed_modules(&self) -> Modules {
        let module = |listed: &ModuleInfo| {
            // Zero was hidden by the kernel.
            let address = (listed.text_base != 0).then_some(listed.text_base);
            Module { name: listed.name.clone(), size: listed.size, address }
        };
        self.run_json.kernel.iter().flat_map(|kernel| &kernel.modules).map(module).collect()
    }
}

/// The form of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CaptureData {
    /// A trace.dat file, possibly compressed as a whole (`.zst`).
    TraceDat(PathBuf),
    /// What a killed recorder leaves: whole sub-buffers of each CPU, no header.
    RecorderFiles(BTreeMap<u32, PathBuf>),
    /// Copies of `trace_pipe_raw`, one a CPU, in a folder beside the kernel's own texts.
    RawDump(PathBuf, BTreeMap<u32, PathBuf>),
}

/// Why captures cannot be found or told apart.
#[derive(Debug, Error)]
pub enum DiscoverError {
    /// The file system refused.
    #[error("{path}: {source}; {remedy}", path = path.display(), remedy = io_remedy(source))]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no capture.
    #[error("{path}: no capture here: expected trace.dat, trace.dat.cpuN, or trace_pipe_raw.cpuN or cpuN.raw beside header_page; give the path of one, or record one", path = .0.display())]
    NoCapture(PathBuf),
    /// A `run.json` that cannot be used.
    #[error("{path}: {source}; mend it by schemas/json/run.schema.json, or take it away and give labels with --label", path = .path.display())]
    RunJson {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RunJsonError,
    },
    /// Two captures of one run id.
    #[error("run id {run:?} collides: {first} and {second}; ingest one of them by itself with --run", first = .first.display(), second = .second.display())]
    Collision {
        /// The id.
        run: String,
        /// One capture.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// `--run` with several captures.
    #[error(
        "--run {run:?} names one run, but the paths hold {captures} captures; give the path of one capture, or leave --run out"
    )]
    RunNamesMany {
        /// The id.
        run: String,
        /// Number of captures.
        captures: usize,
    },
}

impl CaptureData {
    /// A path that names the capture in messages.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::TraceDat(path) | Self::RawDump(path, _) => path,
            Self::RecorderFiles(files) => files.values().next().map_or(Path::new(""), PathBuf::as_path),
        }
    }
}

/// Finds all captures below the paths, sorted by run id.
pub(crate) fn discover(paths: &[PathBuf], run: Option<&str>) -> Result<Vec<Capture>, DiscoverError> {
    let mut captures = Vec::new();
    for path in paths {
        let before = captures.len();
        find(path, path, &mut captures)?;
        if captures.len() == before {
            return Err(DiscoverError::NoCapture(path.clone()));
        }
    }
    if let Some(run) = run {
        let [capture] = captures.as_mut_slice() else {
            return Err(DiscoverError::RunNamesMany { run: run.to_owned(), captures: captures.len() });
        };
        run.clone_into(&mut capture.run);
    }
    captures.sort_by(|left, right| (&left.run, left.data.path()).cmp(&(&right.run, right.data.path())));
    for pair in captures.windows(2) {
        if let [first, second] = pair
            && first.run == second.run
        {
            let (run, first, second) = (first.run.clone(), first.data.path().to_owned(), second.data.path().to_owned());
            return Err(DiscoverError::Collision { run, first, second });
        }
    }
    Ok(captures)
}

fn find(root: &Path, path: &Path, captures: &mut Vec<Capture>) -> Result<(), DiscoverError> {
    if !io(path, fs::metadata(path))?.is_dir() {
        let data = match numbered(path, "", "") {
            Some((stem, _)) => CaptureData::RecorderFiles(siblings(path, &stem)?),
            None => CaptureData::TraceDat(path.to_owned()),
        };
        captures.push(capture(root, path.parent().unwrap_or(path), path, data)?);
        return Ok(());
    }
    let entries = folder(path)?;
    let data = data_in(path, &entries);
    if let Some(data) = data {
        captures.push(capture(root, path, path, data)?);
    }
    for entry in &entries {
        if entry.is_dir() {
            find(root, entry, captures)?;
        } else if is_named_trace(entry) {
            captures.push(capture(root, path, entry, CaptureData::TraceDat(entry.clone()))?);
        }
    }
    Ok(())
}

/// The capture that a folder itself is.
fn data_in(path: &Path, entries: &[PathBuf]) -> Option<CaptureData> {
    for name in ["trace.dat", "trace.dat.zst"] {
        if let Some(file) = entries.iter().find(|entry| entry.file_name() == Some(OsStr::new(name))) {
            return Some(CaptureData::TraceDat(file.clone()));
        }
    }
    let files = |prefix, suffix| -> BTreeMap<u32, PathBuf> {
        let number = |entry: &PathBuf| Some((numbered(entry, prefix, suffix)?.1, entry.clone()));
        entries.iter().filter_map(number).collect()
    };
    let recorder = files("trace.dat.cpu", "");
    if !recorder.is_empty() {
        return Some(CaptureData::RecorderFiles(recorder));
    }
    let raw = [files("trace_pipe_raw.cpu", ""), files("cpu", ".raw")].into_iter().find(|files| !files.is_empty())?;
    Some(CaptureData::RawDump(path.to_owned(), raw))
}

/// A trace.dat file under another name, such as `redis.dat`.
fn is_named_trace(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or("");
    let plain = name.strip_suffix(".zst").unwrap_or(name);
    plain.strip_suffix(".dat").is_some_and(|stem| !stem.is_empty() && stem != "trace")
}

/// Stem and number of a file called `<stem>.cpu<number>`, or, with a prefix, `<prefix><number><suffix>`.
fn numbered(path: &Path, prefix: &str, suffix: &str) -> Option<(String, u32)> {
    let name = path.file_name()?.to_str()?;
    let (stem, number) = if prefix.is_empty() {
        name.rsplit_once(".cpu")?
    } else {
        (prefix, name.strip_prefix(prefix)?.strip_suffix(suffix)?)
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse().ok()).flatten().map(|number| (stem.to_owned(), number))
}

fn siblings(path: &Path, stem: &str) -> Result<BTreeMap<u32, PathBuf>, DiscoverError> {
    let entries = folder(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    let number = |entry: PathBuf| numbered(&entry, "", "").filter(|(other, _)| other == stem).map(|(_, n)| (n, entry));
    Ok(entries.into_iter().filter_map(number).collect())
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, DiscoverError> {
    let entries = io(path, fs::read_dir(path))?;
    let mut paths = entries.map(|entry| io(path, entry).map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn capture(root: &Path, home: &Path, path: &Path, data: CaptureData) -> Result<Capture, DiscoverError> {
    let run_json = read_run_json(home)?;
    let run = run_json.run.clone().filter(|run| !run.is_empty()).unwrap_or_else(|| run_from_path(root, path));
    Ok(Capture { run, data, run_json })
}

fn read_run_json(home: &Path) -> Result<RunJson, DiscoverError> {
    let path = home.join("run.json");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(RunJson::default()),
        text => io(&path, text)?,
    };
    RunJson::parse(&text).map_err(|source| DiscoverError::RunJson { path, source })
}

/// The parts of a path below the path given, joined by `-`; the last part of the path given if there are none.
fn run_from_path(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
    let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = if let Some(below) = below {
        below.iter().map(|part| part.to_string_lossy().into_owned()).collect::<Vec<_>>().join("-")
    } else {
        let generic = absolute.file_name().is_some_and(|name| name.to_string_lossy().starts_with("trace.dat"));
        let named = if generic { absolute.parent() } else { Some(absolute.as_path()) };
        named.and_then(Path::file_name).map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    let name = name.strip_suffix(".zst").unwrap_or(&name);
    let name = name.strip_suffix(".dat").unwrap_or(name);
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}

fn io<T>(path: &Path, result: std::io::Result<T>) -> Result<T, DiscoverError> {
    result.map_err(|source| DiscoverError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{CaptureData, DiscoverError, Modules, discover};

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn found(root: &Path) -> Vec<(String, String)> {
        let kind = |data: &CaptureData| match data {
            CaptureData::TraceDat(path) => format!("trace {}", path.strip_prefix(root).unwrap().display()),
            CaptureData::RecorderFiles(files) => format!("recorder {:?}", files.keys().collect::<Vec<_>>()),
            CaptureData::RawDump(_, files) => format!("dump {:?}", files.keys().collect::<Vec<_>>()),
        };
        let captures = discover(&[root.to_owned()], None).unwrap();
        captures.into_iter().map(|capture| (capture.run, kind(&capture.data))).collect()
    }

    #[test]
    fn a_tree_holds_every_form_and_run_ids_come_from_run_json_or_the_path() {
        let root = tree(&[
            ("runc/set/1/trace.dat", ""),
            ("runc/set/1/run.json", r#"{"run": "named"}"#),
            ("runc/set/2/trace.dat", ""),
            ("more/redis.dat.zst", ""),
            ("killed/trace.dat.cpu0", ""),
            ("killed/trace.dat.cpu11", ""),
            ("dump/trace_pipe_raw.cpu1", ""),
            ("other/cpu3.raw", ""),
            ("other/header_page", ""),
        ]);
        let expected = [
            ("dump", "dump [1]"),
            ("killed", "recorder [0, 11]"),
            ("more-redis", "trace more/redis.dat.zst"),
            ("named", "trace runc/set/1/trace.dat"),
            ("other", "dump [3]"),
            ("runc-set-2", "trace runc/set/2/trace.dat"),
        ];
        assert_eq!(found(root.path()), expected.map(|(run, kind)| (run.to_owned(), kind.to_owned())));
    }

    #[test]
    fn the_modules_of_run_json_are_those_of_proc_modules() {
        let json = r#"{"kernel": {"modules": [{"name": "tun", "text_base": 4096, "size": 64}, {"name": "hidden", "size": 1}]}}"#;
        let root = tree(&[("a/trace.dat", ""), ("a/run.json", json), ("b/trace.dat", "")]);
        let captures = discover(&[root.path().to_owned()], None).unwrap();
        let listed: Vec<_> = captures.iter().map(super::Capture::listed_modules).collect();
        let text = b"tun 64 0 - Live 0x1000\nhidden 1 0 - Live 0x0\n";
        assert_eq!(listed, [Modules::parse(text).unwrap(), Modules::default()]);
    }

    #[test]
    fn run_ids_that_collide_are_an_error_that_names_both_paths() {
        let json = r#"{"run": "same"}"#;
        let root = tree(&[("a/trace.dat", ""), ("a/run.json", json), ("b/trace.dat", ""), ("b/run.json", json)]);
        let error = discover(&[root.path().to_owned()], None).unwrap_err();
        let [a, b] = ["a", "b"].map(|name| root.path().join(name).join("trace.dat"));
        let expected = format!(
            "run id \"same\" collides: {} and {}; ingest one of them by itself with --run",
            a.display(),
            b.display()
        );
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn one_name_for_several_captures_and_a_folder_without_any_are_errors() {
        let root = tree(&[("a/trace.dat", ""), ("b/trace.dat", ""), ("empty/readme", "")]);
        let many = discover(&[root.path().to_owned()], Some("x")).unwrap_err();
        assert!(matches!(many, DiscoverError::RunNamesMany { captures: 2, .. }));
        let none = discover(&[root.path().join("empty")], None).unwrap_err();
        assert!(matches!(none, DiscoverError::NoCapture(_)));
    }

    #[test]
    fn a_file_is_named_after_itself_or_its_folder() {
        let root = tree(&[("kata/trace.dat", ""), ("kata/slow.dat", "")]);
        let run = |name: &str| discover(&[root.path().join("kata").join(name)], None).unwrap()[0].run.clone();
        assert_eq!((run("trace.dat"), run("slow.dat")), ("kata".to_owned(), "slow".to_owned()));
    }
}
