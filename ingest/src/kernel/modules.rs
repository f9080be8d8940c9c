//! Kernel modules beside vmlinux: which files, and what they are called.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::debug_data::DebugData;
use super::error::{KernelError, Problem};
use super::image::Image;
use super::image_functions::{ImageFunctions, ImageReader};
use super::trace_sites::TraceSites;
use crate::map_file::MappedFile;

/// How files of modules end; Debian used both in its debug packages.
const SUFFIXES: [&str; 2] = [".ko.debug", ".ko"];

/// All files of modules below a folder, sorted by path.
pub(super) fn module_files(folder: &Path) -> Result<Vec<PathBuf>, KernelError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| KernelError::io(&folder, error))? {
            let entry = entry.map_err(|error| KernelError::io(&folder, error))?;
            let kind = entry.file_type().map_err(|error| KernelError::io(&entry.path(), error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if module_stem(&entry.path()).is_some() {
                files.push(entry.path());
            }
        }
    }
    if files.is_empty() {
        return Err(KernelError::NoModules { path: folder.to_owned() });
    }
    files.sort();
    Ok(files)
}

fn module_stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix))
}

/// A module that was read.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) path: PathBuf,
    pub(super) functions: ImageFunctions,
    pub(super) problems: Vec<Problem>,
}

/// Reads a module for a kernel of `release`.
pub(super) fn read_module(path: &Path, release: Option<&str>, reader: &ImageReader<'_>) -> Result<Module, KernelError> {
    let file = MappedFile::open(path).map_err(|error| KernelError::io(path, error))?;
    let image = Image::parse(path, file.bytes())?;
    let info = image.section(".modinfo")?.unwrap_or_default();
    let built_for = modinfo(&info, "vermagic").and_then(|magic| magic.split(' ').next().map(str::to_owned));
    if let (Some(module), Some(kernel)) = (built_for, release)
        && module != kernel
    {
        return Err(KernelError::OtherRelease { path: path.to_owned(), module, kernel: kernel.to_owned() });
    }
    let name = modinfo(&info, "name").unwrap_or_else(|| module_stem(path).unwrap_or("?").to_owned());
    let debug = DebugData::load(&image)?;
    let sites = TraceSites::of_module(&image)?;
    let mut problems = Vec::new();
    // kallsyms and lsmod write modules with underscores, whatever the file is called.
    let functions = reader.read(name.replace('-', "_"), &image, &debug, sites.as_ref(), &mut problems);
    Ok(Module { path: path.to_owned(), functions, problems })
}

/// A value of `.modinfo`: texts `key=value`, each with a zero behind it.
fn modinfo(info: &[u8], key: &str) -> Option<String> {
    let mut texts = info.split(|byte| *byte == 0).filter_map(|text| std::str::from_utf8(text).ok());
    texts.find_map(|text| text.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
}

/// Modules sorted by name; of two files of one name the first by path stays.
pub(super) fn sort_by_name(modules: Vec<Module>, problems: &mut Vec<Problem>) -> Vec<Module> {
    let mut by_name: BTreeMap<String, Module> = BTreeMap::new();
    for module in modules {
        let name = module.functions.module.clone();
        match by_name.get(&name) {
            Some(first) => {
                let (path, first) = (module.path, first.path.clone());
                problems.push(Problem::Module(KernelError::SameModule { path, module: name, first }));
            }
            None => {
                by_name.insert(name, module);
            }
        }
    }
    by_name.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::{modinfo, module_stem};
    use std::path::Path;

    #[test]
    fn both_names_of_debug_files_are_modules() {
        assert_eq!(module_stem(Path::new("/lib/nf-log.ko")), Some("nf-log"));
        assert_eq!(module_stem(Path::new("/lib/nf-log.ko.debug")), Some("nf-log"));
        assert_eq!(module_stem(Path::new("/lib/nf-log.ko.xz")), None);
    }

    #[test]
    fn a_value_of_modinfo_is_found_by_its_whole_key() {
        let info = b"rename=a\0name=tls\0vermagic=6.1.0 SMP\0";
        assert_eq!(modinfo(info, "name").as_deref(), Some("tls"));
        assert_eq!(modinfo(info, "nam"), None);
        assert_eq!(modinfo(info, "license"), None);
    }
}
