//! One row of the table: a tool on a file.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::ensure;

use super::capture::{Capture, events_told};
use super::measure::{Cores, Sample, measure};
use crate::generate::{chunks_path, raw_path};

/// A tool with its options.
#[derive(Clone, Debug)]
pub(super) enum Tool {
    /// Decompresses the sub-buffers alone, compressed as one stream.
    Zstd,
    /// Decompresses the sub-buffers alone, compressed as in the capture.
    ZstdChunks,
    TraceCmd,
    Ingest {
        program: PathBuf,
        events: bool,
        jobs: u8,
    },
}

/// A tool on a file, and what its runs took.
pub(super) struct Job {
    tool: Tool,
    cores: Cores,
    capture: Capture,
    samples: Vec<Sample>,
}

impl Job {
    pub(super) fn new(tool: Tool, cores: Cores, capture: &Capture) -> Self {
        Self { tool, cores, capture: capture.clone(), samples: Vec::new() }
    }

    pub(super) fn what(&self) -> String {
        match &self.tool {
            Tool::Zstd => "zstd -d, one stream".to_owned(),
            Tool::ZstdChunks => "zstd -d, the capture's chunks".to_owned(),
            Tool::TraceCmd => "trace-cmd report".to_owned(),
            Tool::Ingest { events, jobs, .. } => {
                format!("hap-ingest runs --jobs {jobs}{}", if *events { " --events" } else { "" })
            }
        }
    }

    pub(super) fn tool(&self) -> &Tool {
        &self.tool
    }

    pub(super) fn cores(&self) -> Cores {
        self.cores
    }

    pub(super) fn capture(&self) -> &Capture {
        &self.capture
    }

    /// What the runs took, one for each round.
    pub(super) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Megabytes of sub-buffers.
    pub(super) fn megabytes(&self) -> f64 {
        self.capture.raw_bytes as f64 / 1e6
    }

    /// Runs the tool once more.
    pub(super) fn measure(&mut self, dir: &Path) -> anyhow::Result<()> {
        let path = self.capture.path.as_os_str();
        let sample = match &self.tool {
            Tool::Zstd => self.zstd(&raw_path(&self.capture.path))?,
            Tool::ZstdChunks => self.zstd(&chunks_path(&self.capture.path))?,
            Tool::TraceCmd => measure(self.cores, "trace-cmd", &["report".as_ref(), "-i".as_ref(), path])?.0,
            Tool::Ingest { program, events, jobs } => self.ingest(program, *events, &jobs.to_string(), dir)?,
        };
        self.samples.push(sample);
        Ok(())
    }

    fn zstd(&self, file: &Path) -> anyhow::Result<Sample> {
        Ok(measure(self.cores, "zstd", &["-d".as_ref(), "-q".as_ref(), "-c".as_ref(), file.as_ref()])?.0)
    }

    fn ingest(&self, program: &Path, events: bool, jobs: &str, dir: &Path) -> anyhow::Result<Sample> {
        let out = tempfile::tempdir_in(dir)?;
        let dataset = out.path().join("dataset");
        let mut arguments: Vec<&OsStr> = vec!["runs".as_ref(), self.capture.path.as_ref()];
        arguments.extend::<[&OsStr; 4]>(["--out".as_ref(), dataset.as_ref(), "--jobs".as_ref(), jobs.as_ref()]);
        if events {
            arguments.push("--events".as_ref());
        }
        let (sample, said) = measure(self.cores, program, &arguments)?;
        let (told, expected) = (events_told(&said)?, self.capture.events);
        ensure!(told == expected, "{told} events instead of {expected}: {said}");
        Ok(sample)
    }
}
