//! The source files that a kernel table names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path};

use rayon::prelude::*;
use tree_sitter::Parser;

use super::SourceFile;
use crate::kernel::error::KernelError;
use crate::progress::Progress;

/// Larger files are no C sources that a person wrote; the largest of the kernel's with functions has 1 MB.
const SIZE_LIMIT: u64 = 16 << 20;

/// The files that were read, by path in the source tree.
pub(in crate::kernel) type SourceFiles<'p> = BTreeMap<&'p str, SourceFile>;

/// Reads and parses the files in parallel. Files that the folder lacks (those made by the build) and files of another
/// language are left out.
pub(in crate::kernel) fn read_sources<'p>(
    folder: &Path,
    files: &[&'p str],
    progress: &dyn Progress,
) -> Result<SourceFiles<'p>, KernelError> {
    let wanted: Vec<_> = files.iter().copied().filter(|file| is_c_of_the_tree(file)).collect();
    progress.expect(wanted.len() as u64);
    let parser = || {
        let mut parser = Parser::new();
        let language = tree_sitter_c::LANGUAGE.into();
        parser.set_language(&language).map(|()| parser).map_err(|error| error.to_string())
    };
    let read = wanted.par_iter().map_init(parser, |parser, file| {
        let parser = parser.as_mut().map_err(|detail| KernelError::Parser { detail: detail.clone() })?;
        let text = read_file(&folder.join(file))?;
        progress.step();
        Ok(text.map(|text| (*file, SourceFile::parse(parser, &text))))
    });
    let read: Vec<_> = read.filter_map(Result::transpose).collect::<Result<_, KernelError>>()?;
    if read.is_empty() {
        return Err(KernelError::NoSources { path: folder.to_owned(), wanted: wanted.len() });
    }
    Ok(read.into_iter().collect())
}

/// Debug information may name any path: only those below the folder are read.
fn is_c_of_the_tree(file: &str) -> bool {
    let path = Path::new(file);
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    inside && !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("s"))
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, KernelError> {
    let failed = |error| KernelError::io(path, error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.len() > SIZE_LIMIT {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.take(SIZE_LIMIT).read_to_end(&mut text).map_err(failed)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::is_c_of_the_tree;

    #[test]
    fn paths_that_leave_the_folder_and_assembly_are_not_read() {
        assert!(is_c_of_the_tree("kernel/fork.c") && is_c_of_the_tree("include/linux/sched.h"));
        assert!(!is_c_of_the_tree("../secret.c") && !is_c_of_the_tree("/usr/include/stdio.h"));
        assert!(!is_c_of_the_tree("arch/x86/entry/entry_64.S") && !is_c_of_the_tree("a/../../b.c"));
    }
}
