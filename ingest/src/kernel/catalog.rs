//! All images together: one numbering of files and source functions, and what can only be said over all of them.

use super::image_functions::{ImageFunction, ImageFunctions};
use super::numbering::{Files, SourceKey, Sources, translate};

/// Everything the tables are written from.
#[derive(Debug)]
pub(super) struct Catalog {
    /// Paths of source files, sorted: a file's number is also its place in the order.
    pub(super) files: Vec<String>,
    /// Source functions.
    pub(super) sources: Vec<SourceKey>,
    /// For each source function its last line, where one is known.
    pub(super) end_lines: Vec<Option<u32>>,
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
        let end_lines = end_lines(&joined, &sources);
        let mut catalog = Self { files: files.into_paths(), sources, end_lines, inlined_into, images: joined };
        catalog.sort_files();
        catalog
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
