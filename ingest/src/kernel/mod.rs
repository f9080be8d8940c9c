//! Kernel tables: a row for every function with code of its own, and its executable lines, from vmlinux and its modules
//! with their DWARF.
//!
//! ```text
//! image        one ELF file: sections (relocated), text symbols, layout of a module's text as the loader makes it
//! debug_data   its DWARF sections; dies, line_rows, declarations: what a unit says of functions, lines and origins
//! unit         functions of a unit with their lines
//! image_functions   functions of an image: DWARF, and symbols without it; clones find their source function
//! catalog      all images: one numbering, what only all together can tell (end lines, inlined_into)
//! source       extents and complexity from C sources
//! trace_sites, filter_functions   which functions ftrace can trace; code_lines: how much of the kernel it cannot see
//! tables       Parquet
//! ```
//!
//! A line is *own* where no inlined copy covers the code of its row, else *inlined*; with rows of both kinds it is own.
//! Rows count whether or not they start a statement, as long as they have code and a line.

mod catalog;
mod code_lines;
mod debug_data;
mod declarations;
mod dies;
mod error;
mod filter_functions;
mod image;
mod image_functions;
mod kernel_facts;
mod layout;
mod line_rows;
mod modules;
mod numbering;
mod relocate;
mod source;
mod source_path;
mod tables;
mod trace_sites;
mod unit;

use std::path::PathBuf;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::map_file::MappedFile;
use crate::progress::Progress;
use catalog::Catalog;
use debug_data::{DebugData, unit_headers, unit_names};
use filter_functions::FilterFunctions;
use image::Image;
use image_functions::{ImageFunctions, ImageReader};
use kernel_facts::KernelFacts;
use source_path::SourceTree;
use tables::Origin;
use trace_sites::TraceSites;

pub use error::{KernelError, Problem};

/// What to read, and where to write.
#[derive(Clone, Debug)]
pub struct KernelOptions {
    /// The kernel with DWARF.
    pub vmlinux: PathBuf,
    /// Folder with its modules, with DWARF too: `*.ko` or `*.ko.debug`, at any depth.
    pub modules: Option<PathBuf>,
    /// Folder with its sources.
    pub source: Option<PathBuf>,
    /// The running kernel's list of traceable functions.
    pub filter_functions: Option<PathBuf>,
    /// Name and version of the package that the files came in.
    pub package: Option<String>,
    /// The dataset.
    pub out: PathBuf,
    /// Threads; 0: as many as there are cores.
    pub jobs: usize,
}

/// What was written, and what is missing.
#[derive(Debug)]
pub struct KernelSummary {
    /// The kernel.
    pub build_id: String,
    /// Its `uname -r`.
    pub release: Option<String>,
    /// Folder of the tables.
    pub folder: PathBuf,
    /// Modules read.
    pub modules: usize,
    /// Rows of table `functions`.
    pub functions: usize,
    /// Rows of table `lines`.
    pub lines: usize,
    /// Functions in the init sections of modules: they have no address that a trace could name, and no row.
    pub module_init_functions: usize,
    /// Weak functions that another one of their name replaces: dead code, and no row.
    pub overridden_functions: usize,
    /// Units and modules that the tables lack, in the order of the input.
    pub problems: Vec<Problem>,
}

impl KernelSummary {
    /// Whether the tables hold all that the input has.
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Reads a kernel and its modules and writes their tables to the dataset.
pub fn ingest_kernel(options: &KernelOptions, progress: &dyn Progress) -> Result<KernelSummary, KernelError> {
    let pool = ThreadPoolBuilder::new().num_threads(options.jobs).build();
    let pool = pool.map_err(|error| KernelError::Workers { detail: error.to_string() })?;
    pool.install(|| ingest(options, progress))
}

fn ingest(options: &KernelOptions, progress: &dyn Progress) -> Result<KernelSummary, KernelError> {
    let module_files = options.modules.as_deref().map(modules::module_files).transpose()?.unwrap_or_default();
    let filter = options.filter_functions.as_deref().map(FilterFunctions::read).transpose()?;
    progress.expect(module_files.len() as u64);
    let mut problems = Vec::new();
    let Vmlinux { facts, tree, functions } = read_vmlinux(options, filter.as_ref(), progress, &mut problems)?;
    let reader = ImageReader { tree: &tree, progress, origin: 0, filter: filter.as_ref(), counts_units: false };
    let modules = read_modules(&module_files, facts.release.as_deref(), &reader, &mut problems);
    let module_init_functions = modules.iter().map(|module| module.init_functions).sum();
    let overridden_functions = modules.iter().chain([&functions]).map(|image| image.overridden).sum();
    let mut catalog = Catalog::new(std::iter::once(functions).chain(modules));
    if let Some(folder) = &options.source {
        catalog.read_extents(folder, progress)?;
    }
    let origin =
        Origin { package: options.package.as_deref(), traceable_rule: traceable_rule(&catalog, filter.as_ref()) };
    let (folder, written) = tables::write_tables(&options.out, &facts, &origin, &catalog)?;
    Ok(KernelSummary {
        build_id: facts.build_id,
        release: facts.release,
        folder,
        modules: catalog.images.len().saturating_sub(1),
        functions: written.functions,
        lines: written.lines,
        module_init_functions,
        overridden_functions,
        problems,
    })
}

fn traceable_rule(catalog: &Catalog, filter: Option<&FilterFunctions>) -> &'static str {
    let told = || catalog.images.iter().flat_map(|image| &image.functions).any(|function| function.traceable.is_some());
    match filter {
        Some(_) => "available_filter_functions",
        None if told() => "trace_sites",
        None => "none",
    }
}

struct Vmlinux {
    facts: KernelFacts,
    tree: SourceTree,
    functions: ImageFunctions,
}

fn read_vmlinux(
    options: &KernelOptions,
    filter: Option<&FilterFunctions>,
    progress: &dyn Progress,
    problems: &mut Vec<Problem>,
) -> Result<Vmlinux, KernelError> {
    let path = options.vmlinux.as_path();
    let file = MappedFile::open(path).map_err(|error| KernelError::io(path, error))?;
    let image = Image::parse(path, file.bytes())?;
    let facts = KernelFacts::read(&image)?;
    let debug = DebugData::load(&image)?;
    let dwarf = debug.dwarf();
    let tree = SourceTree::detect(&unit_names(&dwarf, &unit_headers(&dwarf, &image, &mut Vec::new())));
    let sites = TraceSites::of_kernel(&image);
    let reader = ImageReader { tree: &tree, progress, origin: facts.text_address, filter, counts_units: true };
    let functions = reader.read("vmlinux".to_owned(), &image, &debug, sites.as_ref(), problems);
    Ok(Vmlinux { facts, tree, functions })
}

fn read_modules(
    files: &[PathBuf],
    release: Option<&str>,
    reader: &ImageReader<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<ImageFunctions> {
    let read = files.par_iter().map(|path| {
        let module = modules::read_module(path, release, reader);
        reader.progress.step();
        module
    });
    let mut found = Vec::new();
    for module in read.collect::<Vec<_>>() {
        match module {
            Ok(mut module) => {
                problems.append(&mut module.problems);
                found.push(module);
            }
            Err(error) => problems.push(Problem::Module(error)),
        }
    }
    modules::sort_by_name(found, problems).into_iter().map(|module| module.functions).collect()
}
