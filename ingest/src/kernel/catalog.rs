//! All images together: one numbering of files and source functions, and what can only be said over all of them.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::KernelError;
use super::image_functions::{ImageFunction, ImageFunctions};
use super::numbering::{Files, SourceKey, Sources, translate};
use super::source::{Extent, Instance, read_sources, source_extents};
use crate::progress::Progress;

/// Everything the tables are written from.
#[derive(Debug)]
pub(super) struct Catalog {
    /// Paths of source files, sorted: a file's number is also its place in the order.
    pub(super) files: Vec<String>,
    /// Source functions.
    pub(super) sources: Vec<SourceKey>,
    /// For each source function its extent, where one is known.
    pub(super) extents: Vec<Option<Extent>>,
    /// For each source function the number of other source functions with code that hold an inlined copy of it.
    pub(super) inlined_into: Vec<u32>,
    /// Images, vmlinux first.
    pub(super) images: Vec<CatalogImage>,
}

/// The functions of an image.
#[derive(Debug)]
pub(super) struct CatalogImage {
    pub(super) module: String,
    pub(super) functions: Vec<ImageFunction>,
}

impl Catalog {
    /// Joins images.
    ///
    /// Copies of a header's function in several units and images are one source function: (name, file, line) is the
    /// same.
    pub(super) fn new(images: impl IntoIterator<Item = ImageFunctions>) -> Self {
        let mut files = Files::default();
        let mut sources = Sources::default();
        let mut joined = Vec::new();
        for image in images {
            let file_numbers: Vec<_> = image.files.into_iter().map(|path| files.number(path)).collect();
            let source_numbers: Vec<_> =
                image.sources.into_iter().map(|source| sources.merge(source, &file_numbers)).collect();
            let mut functions = image.functions;
            for function in &mut functions {
                function.source = translate(&source_numbers, function.source);
                function.holds.iter_mut().for_each(|held| *held = translate(&source_numbers, *held));
                function.lines.iter_mut().flatten().for_each(|line| line.file = translate(&file_numbers, line.file));
            }
            joined.push(CatalogImage { module: image.module, functions });
        }
        let sources = sources.into_list();
        let inlined_into = count_holders(&joined, sources.len());
        let extents =
            end_lines(&joined, &sources).into_iter().map(|end_line| end_line.map(Extent::of_line_rows)).collect();
        let mut catalog = Self { files: files.into_paths(), sources, extents, inlined_into, images: joined };
        catalog.sort_files();
        catalog
    }

    /// Takes the extents of all functions that the sources have from there.
    pub(super) fn read_extents(&mut self, folder: &Path, progress: &dyn Progress) -> Result<(), KernelError> {
        let instances = self.instances();
        let mut files: Vec<_> = instances.iter().map(|instance| instance.file).collect();
        files.sort_unstable();
        files.dedup();
        let extents = source_extents(&instances, &read_sources(folder, &files, progress)?);
        for (source, extent) in extents {
            if let Some(slot) = self.extents.get_mut(source as usize) {
                *slot = Some(extent);
            }
        }
        Ok(())
    }

    /// Source functions with code, the rows of their clones and copies taken together.
    fn instances(&self) -> Vec<Instance<'_>> {
        let mut by_source: BTreeMap<u32, Instance<'_>> = BTreeMap::new();
        for function in self.images.iter().flat_map(|image| &image.functions) {
            let Some(SourceKey { file: Some(number), line: Some(line), .. }) =
                self.sources.get(function.source as usize)
            else {
                continue;
            };
            let Some(file) = self.files.get(*number as usize) else { continue };
            let instance =
                by_source.entry(function.source).or_insert_with(|| Instance::new(function.source, file, *line));
            let lines = function.lines.iter().flatten().filter(|row| row.file == *number);
            instance.lines.extend(lines.map(|row| row.number));
            instance.holds.extend(&function.holds);
        }
        let mut instances: Vec<_> = by_source.into_values().collect();
        instances.iter_mut().for_each(Instance::sort);
        instances
    }

    fn sort_files(&mut self) {
        let mut order: Vec<_> = (0..self.files.len() as u32).zip(std::mem::take(&mut self.files)).collect();
        order.sort_by(|(_, left), (_, right)| left.cmp(right));
        let mut places = vec![0; order.len()];
        for (place, (number, path)) in order.into_iter().enumerate() {
            if let Some(slot) = places.get_mut(number as usize) {
                *slot = place as u32;
            }
            self.files.push(path);
        }
        for source in &mut self.sources {
            source.file = source.file.map(|file| translate(&places, file));
        }
        for function in self.images.iter_mut().flat_map(|image| &mut image.functions) {
            function.lines.iter_mut().flatten().for_each(|line| line.file = translate(&places, line.file));
            function.lines.iter_mut().for_each(|lines| lines.sort_unstable());
        }
    }
}

/// Last line of each source function: the last of its own rows, of all its clones and copies, before the next function
/// of the file. gcc leaves single rows of a function that it has moved away without the entry of an inlined copy: such
/// rows look like own ones, but are lines of another function.
fn end_lines(images: &[CatalogImage], sources: &[SourceKey]) -> Vec<Option<u32>> {
    let mut starts: Vec<_> = sources.iter().filter_map(|source| Some((source.file?, source.line?))).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut last: Vec<_> = sources.iter().map(|source| source.line).collect();
    for function in images.iter().flat_map(|image| &image.functions) {
        let Some(SourceKey { file: Some(file), line: Some(line), .. }) = sources.get(function.source as usize) else {
            continue;
        };
        let next = starts.get(starts.partition_point(|start| *start <= (*file, *line)));
        let end = next.filter(|(next_file, _)| next_file == file).map_or(u32::MAX, |(_, next_line)| *next_line);
        let own = function.lines.iter().flatten().filter(|row| !row.inlined && row.file == *file && row.number < end);
        let highest = own.map(|row| row.number).max();
        if let Some(slot) = last.get_mut(function.source as usize) {
            *slot = (*slot).max(highest);
        }
    }
    last
}

/// A function's own copies, left over when a part of it was split off, do not count.
fn count_holders(images: &[CatalogImage], sources: usize) -> Vec<u32> {
    let functions = images.iter().flat_map(|image| &image.functions);
    let mut pairs: Vec<(u32, u32)> = functions
        .flat_map(|function| function.holds.iter().map(|held| (*held, function.source)))
        .filter(|(held, holder)| held != holder)
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut counts = vec![0; sources];
    for (held, _) in pairs {
        if let Some(count) = counts.get_mut(held as usize) {
            *count += 1;
        }
    }
    counts
}
