//! Opens a capture: its files, its metadata, and the data of each CPU.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use hap_ftrace::{
    ByteOrder, ClockUnit, CpuData, CpuStats, EventDecoder, EventFormat, EventFormats, Kallsyms, Modules, PageLayout,
    Problem, SubBuffer, TimeConversion, TraceDat, chosen_clock, trace_dat::Texts,
};
use hap_schemas::io_remedy;
use thiserror::Error;

use super::discover::CaptureData;
use super::scan::{StreamFormat, StreamId};
use crate::map_file::MappedFile;

/// Largest text file beside a raw dump.
const MAX_TEXT_FILE: u64 = 256 << 20;

/// Why a capture cannot be opened.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The file system refused.
    #[error("{path}: {source}; {remedy}", path = path.display(), remedy = io_remedy(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {source}{remedy}", path = .path.display(), remedy = decode_remedy(source))]
    Decode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: hap_ftrace::Error,
    },
    /// A killed recorder's files have no metadata of their own.
    #[error(
        "{path}: the recorder was killed before it wrote a header: give a trace.dat that was recorded in the same boot \
         with --metadata",
        path = .0.display()
    )]
    NeedsMetadata(PathBuf),
    /// A text that a raw dump needs is missing.
    #[error("{folder}: a raw dump needs {missing} beside its trace_pipe_raw files; copy it from /sys/kernel/tracing of the same boot", folder = .folder.display())]
    MissingText {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// The file ends before it says where the data of the CPUs is.
    #[error("{path}: no buffer: {problem}; the file was cut short: copy it again from where it was recorded, or record the run again", path = .path.display())]
    NoBuffer {
        /// The file.
        path: PathBuf,
        /// The damage that explains it.
        problem: String,
    },
    /// The symbols belong to another boot or kernel.
    #[error(
        "{path}: {off} of {sites} call sites lie at no function's start: the metadata is of another boot or kernel; \
         give those of the boot in which the capture was recorded",
        path = .path.display()
    )]
    ForeignSymbols {
        /// The capture.
        path: PathBuf,
        /// Call sites that are not at the start of a function.
        off: usize,
        /// All call sites.
        sites: usize,
    },
}

/// What to do about a file that cannot be decoded, to stand behind the error; an error that says it itself has none.
fn decode_remedy(error: &hap_ftrace::Error) -> &'static str {
    match error {
        hap_ftrace::Error::RestrictedKallsyms => "",
        hap_ftrace::Error::Unsupported { .. } => "; record it with trace-cmd 3, or use a later release of hap",
        _ => "; copy the file again from where it was recorded, or record the run again",
    }
}

/// The files of a capture, kept open while it is read.
pub(crate) struct CaptureFiles {
    files: Vec<(PathBuf, Option<u32>, MappedFile)>,
    metadata: Option<(PathBuf, MappedFile)>,
    folder: Option<PathBuf>,
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    TraceDat,
    RecorderFiles,
    RawDump,
}

/// Names of threads that the recording itself knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) comms: BTreeMap<i32, String>,
    pub(crate) tgids: BTreeMap<i32, i32>,
}

/// The data of one CPU of one buffer.
pub(crate) struct StreamData<'a> {
    pub(crate) id: StreamId,
    pub(crate) format: StreamFormat,
    pub(crate) data: CpuData<'a>,
    /// Index of the file that holds it.
    pub(crate) file: usize,
}

/// An opened capture.
pub(crate) struct Recording<'a> {
    /// Container, for table `runs`.
    pub(crate) format: String,
    pub(crate) decoder: EventDecoder,
    pub(crate) formats: EventFormats,
    pub(crate) kallsyms: Kallsyms,
    pub(crate) names: Names,
    /// `uname -r` and machine.
    pub(crate) release: Option<String>,
    pub(crate) arch: Option<String>,
    pub(crate) clock: Option<String>,
    pub(crate) clock_unit: ClockUnit,
    /// Per-CPU statistics; none when the capture has none.
    pub(crate) stats: Option<Vec<CpuStats>>,
    pub(crate) cpus: u32,
    pub(crate) sub_buffer_size: u32,
    pub(crate) streams: Vec<StreamData<'a>>,
    /// Damage of the container, beside the streams.
    pub(crate) problems: Vec<String>,
    /// Bytes that the container claims to have and that are not in the file.
    pub(crate) missing_bytes: u64,
}

impl CaptureFiles {
    /// Maps the files of a capture; `metadata` stands in for a header that was never written.
    pub(crate) fn open(data: &CaptureData, metadata: Option<&Path>) -> Result<Self, RecordingError> {
        let (format, folder, paths) = match data {
            CaptureData::TraceDat(path) => (Form::TraceDat, None, vec![(path.clone(), None)]),
            CaptureData::RecorderFiles(files) => (Form::RecorderFiles, None, numbered(files)),
            CaptureData::RawDump(folder, files) => (Form::RawDump, Some(folder.clone()), numbered(files)),
        };
        if format == Form::RecorderFiles && metadata.is_none() {
            return Err(RecordingError::NeedsMetadata(data.path().to_owned()));
        }
        let map = |(path, cpu): (PathBuf, _)| map_plain(&path).map(|file| (path, cpu, file));
        let files = paths.into_iter().map(map).collect::<Result<_, _>>()?;
        let metadata = match metadata {
            Some(path) if format != Form::TraceDat => Some((path.to_owned(), map_plain(path)?)),
            _ => None,
        };
        Ok(Self { files, metadata, folder, format })
    }

    /// A mapped file of the capture.
    pub(crate) fn file(&self, index: usize) -> Option<&MappedFile> {
        self.files.get(index).map(|(_, _, file)| file)
    }

    /// Path of a file of the capture.
    pub(crate) fn path(&self, index: usize) -> &Path {
        self.files.get(index).map_or(Path::new(""), |(path, _, _)| path)
    }

    /// Reads the metadata. `listed` are the modules of the run's `run.json`, for a capture that does not have them.
    pub(crate) fn recording(&self, listed: &Modules) -> Result<Recording<'_>, RecordingError> {
        match self.format {
            Form::TraceDat => self.trace_dat(listed),
            Form::RecorderFiles | Form::RawDump => self.raw(listed),
        }
    }

    fn trace_dat(&self, listed: &Modules) -> Result<Recording<'_>, RecordingError> {
        let Some((path, _, file)) = self.files.first() else {
            return Err(RecordingError::NeedsMetadata(PathBuf::new()));
        };
        let trace = TraceDat::parse(file.bytes()).map_err(|source| decode(path, source))?;
        let metadata = Metadata::read(&trace.texts, trace.order, listed).map_err(|source| decode(path, source))?;
        if trace.buffers.is_empty() {
            let problem = trace.problems.first().map_or_else(|| "the file lists none".to_owned(), ToString::to_string);
            return Err(RecordingError::NoBuffer { path: path.clone(), problem });
        }
        let mut streams = Vec::new();
        for (buffer_index, buffer) in trace.buffers.iter().enumerate() {
            for data in &buffer.cpus {
                let format = StreamFormat {
                    layout: metadata.layout,
                    order: trace.order,
                    conversion: trace.conversion.for_clock(trace.clock_of(buffer)),
                    sub_buffer_size: buffer.sub_buffer_size as usize,
                };
                let id = StreamId { index: streams.len() as u32, buffer: buffer_index as u16, cpu: data.cpu };
                streams.push(StreamData { id, format, data: data.clone(), file: 0 });
            }
        }
        // The clock of the buffer that holds the data: an instance's may differ from the top level's.
        let holder = trace.buffers.iter().max_by_key(|buffer| buffer.cpus.iter().map(|cpu| cpu.size).sum::<u64>());
        let clock = holder.map(|buffer| trace.clock_of(buffer).to_owned());
        let (release, arch) = split_uname(trace.uname.as_deref());
        let listed = trace.buffers.iter().flat_map(|buffer| &buffer.cpus).map(|cpu| cpu.cpu + 1).max().unwrap_or(0);
        Ok(Recording {
            format: format!("trace.dat v{}", trace.version),
            clock_unit: clock.as_deref().map_or(ClockUnit::Nanoseconds, |clock| trace.conversion.unit(clock)),
            clock,
            release,
            arch,
            stats: (!trace.cpu_stats.is_empty()).then(|| trace.cpu_stats.clone()),
            cpus: trace.cpu_count.unwrap_or(listed).max(listed),
            sub_buffer_size: holder.map_or(trace.page_size, |buffer| buffer.sub_buffer_size),
            streams,
            problems: metadata.problems.into_iter().chain(trace.problems.iter().map(ToString::to_string)).collect(),
            missing_bytes: trace.problems.iter().map(Problem::missing_bytes).sum(),
            decoder: metadata.decoder,
            formats: metadata.formats,
            kallsyms: metadata.kallsyms,
            names: metadata.names,
        })
    }

    /// Files of whole sub-buffers, with texts from the folder or from another trace.dat.
    fn raw(&self, listed: &Modules) -> Result<Recording<'_>, RecordingError> {
        let foreign = match &self.metadata {
            Some((path, file)) => Some(TraceDat::parse(file.bytes()).map_err(|source| decode(path, source))?),
            None => None,
        };
        let own = self.folder.as_deref().map(folder_texts).transpose()?;
        let texts = merged(own.as_ref(), foreign.as_ref());
        let source = self.folder.as_deref().or(self.metadata.as_ref().map(|(path, _)| path.as_path()));
        let source = source.unwrap_or(Path::new(""));
        self.check_texts(&texts)?;
        let layout = PageLayout::parse(&texts.header_page).map_err(|source_error| decode(source, source_error))?;
        let sub_buffer_size = sub_buffer_size(&texts.header_page, &layout);
        let order = foreign.as_ref().map_or_else(|| self.guess_order(&layout, sub_buffer_size), |trace| trace.order);
        let metadata = Metadata::read(&texts, order, listed).map_err(|error| decode(source, error))?;
        let clock = self.folder_clock().or_else(|| foreign.as_ref().and_then(|trace| trace.clock.clone()));
        let conversion = match (&foreign, &clock) {
            (Some(trace), Some(clock)) => trace.conversion.for_clock(clock),
            _ => TimeConversion::default(),
        };
        let format = StreamFormat { layout, order, conversion, sub_buffer_size: sub_buffer_size as usize };
        let mut streams = Vec::new();
        for (index, (_, cpu, file)) in self.files.iter().enumerate() {
            let cpu = cpu.unwrap_or(0);
            let id = StreamId { index: index as u32, buffer: 0, cpu };
            let data = CpuData::raw(cpu, file.bytes(), sub_buffer_size, order);
            streams.push(StreamData { id, format: format.clone(), data, file: index });
        }
        let (release, arch) = split_uname(foreign.as_ref().and_then(|trace| trace.uname.as_deref()));
        Ok(Recording {
            format: if self.format == Form::RawDump { "raw dump" } else { "recorder files" }.to_owned(),
            clock_unit: clock.as_deref().map_or(ClockUnit::Nanoseconds, |clock| conversion.unit(clock)),
            clock,
            release,
            arch,
            stats: self.folder.as_deref().map(|folder| self.folder_stats(folder)).transpose()?.flatten(),
            cpus: self.files.len() as u32,
            sub_buffer_size,
            streams,
            problems: metadata.problems,
            missing_bytes: 0,
            decoder: metadata.decoder,
            formats: metadata.formats,
            kallsyms: metadata.kallsyms,
            names: metadata.names,
        })
    }

    fn check_texts(&self, texts: &Texts) -> Result<(), RecordingError> {
        let missing = if texts.header_page.is_empty() {
            "header_page"
        } else if texts.kallsyms.is_empty() {
            "kallsyms"
        } else if texts.ftrace_formats.is_empty() {
            "function.format"
        } else {
            return Ok(());
        };
        Err(RecordingError::MissingText { folder: self.folder.clone().unwrap_or_default(), missing })
    }

    /// A raw dump does not say its byte order: it is the one in which the first sub-buffer with records makes sense.
    fn guess_order(&self, layout: &PageLayout, size: u32) -> ByteOrder {
        let makes_sense = |order, page: &[u8]| {
            let parsed = SubBuffer::parse(page, layout, order);
            parsed.is_ok_and(|page| !page.data.is_empty() && page.records().all(|record| record.is_ok()))
        };
        let pages = self.files.iter().flat_map(|(_, _, file)| file.bytes().chunks(size as usize));
        let tried = pages
            .take(64)
            .find_map(|page| [ByteOrder::Little, ByteOrder::Big].into_iter().find(|&order| makes_sense(order, page)));
        tried.unwrap_or(ByteOrder::Little)
    }

    fn folder_clock(&self) -> Option<String> {
        let text = fs::read(self.folder.as_ref()?.join("trace_clock")).ok()?;
        chosen_clock(&text).map(str::to_owned)
    }

    /// Statistics of each CPU, taken as late as the folder has them.
    fn folder_stats(&self, folder: &Path) -> Result<Option<Vec<CpuStats>>, RecordingError> {
        let mut stats = Vec::new();
        for cpu in self.files.iter().filter_map(|(_, cpu, _)| *cpu) {
            let names = [format!("stats.cpu{cpu}.after"), format!("stats.cpu{cpu}"), format!("stats.cpu{cpu}.before")];
            let Some(path) = names.iter().map(|name| folder.join(name)).find(|path| path.exists()) else { continue };
            let text = read_text(&path)?;
            let mut parsed = CpuStats::parse(&text).map_err(|source| decode(&path, source))?;
            parsed.cpu = Some(cpu);
            stats.push(parsed);
        }
        Ok((!stats.is_empty()).then_some(stats))
    }
}

/// What the kernel's texts say.
struct Metadata {
    layout: PageLayout,
    formats: EventFormats,
    decoder: EventDecoder,
    kallsyms: Kallsyms,
    names: Names,
    problems: Vec<String>,
}

impl Metadata {
    fn read(texts: &Texts, order: ByteOrder, listed: &Modules) -> Result<Self, hap_ftrace::Error> {
        let mut problems = Vec::new();
        let mut formats = EventFormats::default();
        let all = texts.ftrace_formats.iter().chain(texts.event_formats.iter().map(|(_, text)| text));
        for text in all {
            if let Err(error) = EventFormat::parse(text).and_then(|format| formats.insert(format)) {
                problems.push(error.to_string());
            }
        }
        let own = texts.modules.as_deref().map(Modules::parse).transpose()?;
        Ok(Self {
            layout: PageLayout::parse(&texts.header_page)?,
            decoder: EventDecoder::new(&formats, order)?,
            formats,
            kallsyms: Kallsyms::parse_with(&texts.kallsyms, own.as_ref().unwrap_or(listed))?,
            names: Names {
                comms: texts.cmdlines.iter().cloned().collect(),
                tgids: pairs(texts.saved_tgids.as_deref().unwrap_or_default()),
            },
            problems,
        })
    }
}

/// The texts of the folder; what it lacks comes from the other recording.
fn merged<'t>(own: Option<&'t Texts>, foreign: Option<&'t TraceDat<'_>>) -> Cow<'t, Texts> {
    match (own, foreign.map(|trace| &trace.texts)) {
        (Some(own), None) => Cow::Borrowed(own),
        (None, Some(foreign)) => Cow::Borrowed(foreign),
        (None, None) => Cow::Owned(Texts::default()),
        (Some(own), Some(foreign)) => {
            let mut texts = own.clone();
            let fill = |own: &mut Vec<u8>, foreign: &Vec<u8>| {
                if own.is_empty() {
                    own.clone_from(foreign);
                }
            };
            fill(&mut texts.header_page, &foreign.header_page);
            fill(&mut texts.kallsyms, &foreign.kallsyms);
            let own_formats: Vec<_> =
                texts.ftrace_formats.iter().filter_map(|text| EventFormat::parse(text).ok()).collect();
            let lacks = |text: &&Vec<u8>| {
                EventFormat::parse(text).is_ok_and(|format| own_formats.iter().all(|own| own.id != format.id))
            };
            let foreign_formats =
                foreign.ftrace_formats.iter().chain(foreign.event_formats.iter().map(|(_, text)| text));
            texts.ftrace_formats.extend(foreign_formats.filter(lacks).cloned());
            Cow::Owned(texts)
        }
    }
}

/// The kernel's texts in the folder of a raw dump.
fn folder_texts(folder: &Path) -> Result<Texts, RecordingError> {
    let mut texts = Texts::default();
    let optional = |name: &str| -> Result<Option<Vec<u8>>, RecordingError> {
        for path in [folder.join(name), folder.join(format!("{name}.zst"))] {
            if path.exists() {
                return read_text(&path).map(Some);
            }
        }
        Ok(None)
    };
    texts.header_page = optional("header_page")?.unwrap_or_default();
    texts.header_event = optional("header_event")?.unwrap_or_default();
    texts.kallsyms = optional("kallsyms")?.unwrap_or_default();
    texts.modules = optional("modules")?;
    texts.saved_tgids = optional("saved_tgids")?;
    for line in String::from_utf8_lossy(&optional("saved_cmdlines")?.unwrap_or_default()).lines() {
        if let Some((pid, comm)) = line.split_once(' ')
            && let Ok(pid) = pid.parse()
        {
            texts.cmdlines.push((pid, comm.to_owned()));
        }
    }
    texts.ftrace_formats = format_files(folder)?;
    Ok(texts)
}

/// `function.format`, `sys_enter.format`, and `format` files of a copied `events` tree.
fn format_files(folder: &Path) -> Result<Vec<Vec<u8>>, RecordingError> {
    let failed = |source| RecordingError::Io { path: folder.to_owned(), source };
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            texts.extend(format_files(&path)?);
        } else if name == "format" || Path::new(&name).extension().is_some_and(|extension| extension == "format") {
            texts.push(read_text(&path)?);
        }
    }
    Ok(texts)
}

fn pairs(text: &[u8]) -> BTreeMap<i32, i32> {
    let line = |line: &str| {
        let (pid, tgid) = line.trim().split_once(' ')?;
        Some((pid.parse().ok()?, tgid.parse().ok()?))
    };
    String::from_utf8_lossy(text).lines().filter_map(line).collect()
}

/// Bytes of a sub-buffer: where the data starts and how much room the header page text gives it.
fn sub_buffer_size(header_page: &[u8], layout: &PageLayout) -> u32 {
    let text = String::from_utf8_lossy(header_page);
    let data = text.lines().find(|line| line.contains(" data;"));
    let size = data.and_then(|line| line.split("size:").nth(1)?.split(';').next()?.parse::<u32>().ok());
    size.map_or(4096, |size| size.saturating_add(layout.header_size() as u32)).clamp(64, 1 << 27)
}

/// System, host, release, machine.
fn split_uname(uname: Option<&str>) -> (Option<String>, Option<String>) {
    let words: Vec<&str> = uname.unwrap_or_default().split_whitespace().collect();
    let word = |index: usize| words.get(index).map(|word| (*word).to_owned());
    (word(2), word(words.len().saturating_sub(1)).filter(|_| words.len() > 3))
}

fn numbered(files: &BTreeMap<u32, PathBuf>) -> Vec<(PathBuf, Option<u32>)> {
    files.iter().map(|(cpu, path)| (path.clone(), Some(*cpu))).collect()
}

/// Maps a file; one that is compressed as a whole is first unpacked into a temporary file.
fn map_plain(path: &Path) -> Result<MappedFile, RecordingError> {
    let failed = |source| RecordingError::Io { path: path.to_owned(), source };
    if path.extension().is_none_or(|extension| extension != "zst") {
        return MappedFile::open(path).map_err(failed);
    }
    let mut unpacked = tempfile::NamedTempFile::new().map_err(failed)?;
    let file = File::open(path).map_err(failed)?;
    zstd::stream::copy_decode(file, &mut unpacked).map_err(failed)?;
    MappedFile::open(unpacked.path()).map_err(failed)
}

fn read_text(path: &Path) -> Result<Vec<u8>, RecordingError> {
    let failed = |source| RecordingError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut text = Vec::new();
    let compressed = path.extension().is_some_and(|extension| extension == "zst");
    let reader: Box<dyn io::Read> =
        if compressed { Box::new(zstd::stream::Decoder::new(file).map_err(failed)?) } else { Box::new(file) };
    io::Read::read_to_end(&mut io::Read::take(reader, MAX_TEXT_FILE), &mut text).map_err(failed)?;
    Ok(text)
}

fn decode(path: &Path, source: hap_ftrace::Error) -> RecordingError {
    RecordingError::Decode { path: path.to_owned(), source }
}
