//! The files of the records: a folder, or a tar archive that may be compressed with zstd.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::error::{BugsError, Problems};

/// The largest file that is read: a hundred times the largest real record.
const MAX_FILE: u64 = 16 << 20;
/// First bytes of a zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Folders within folders that are searched.
const MAX_DEPTH: usize = 32;

/// Hands over path and content of each file whose name is wanted, in the order of the archive or of the names.
pub(super) fn read_files(
    path: &Path,
    wanted: impl Fn(&str) -> bool,
    mut file: impl FnMut(&str, &[u8], &mut Problems),
    problems: &mut Problems,
) -> Result<(), BugsError> {
    if path.is_dir() {
        return read_folder(path, &wanted, &mut file, problems);
    }
    let archive = File::open(path).map_err(|error| BugsError::io(path, error))?;
    let ended = match reader(archive) {
        Ok(reader) => read_archive(reader, &wanted, &mut file, problems),
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        problems.add(&path.display().to_string(), None, format!("archive cannot be read further: {error}"));
    }
    Ok(())
}

fn reader(archive: File) -> io::Result<Box<dyn Read>> {
    let mut archive = BufReader::new(archive);
    let is_zstd = io::BufRead::fill_buf(&mut archive)?.starts_with(&ZSTD_MAGIC);
    Ok(if is_zstd { Box::new(zstd::Decoder::with_buffer(archive)?) } else { Box::new(archive) })
}

fn read_archive(
    reader: Box<dyn Read>,
    wanted: &impl Fn(&str) -> bool,
    file: &mut impl FnMut(&str, &[u8], &mut Problems),
    problems: &mut Problems,
) -> io::Result<()> {
    let mut archive = tar::Archive::new(reader);
    // Raw: extended headers would be kept in memory whatever their length, and no record needs one.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        if entry.header().entry_type().is_file() && wanted(&path) {
            read_one(&path, &mut entry, file, problems)?;
        }
    }
    Ok(())
}

fn read_one(
    path: &str,
    reader: &mut impl Read,
    file: &mut impl FnMut(&str, &[u8], &mut Problems),
    problems: &mut Problems,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    reader.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        problems.add(path, None, format!("longer than {MAX_FILE} bytes; left out"));
    } else {
        file(path, &bytes, problems);
    }
    Ok(())
}

fn read_folder(
    path: &Path,
    wanted: &impl Fn(&str) -> bool,
    file: &mut impl FnMut(&str, &[u8], &mut Problems),
    problems: &mut Problems,
) -> Result<(), BugsError> {
    let mut paths = Vec::new();
    list(path, MAX_DEPTH, &mut paths).map_err(|error| BugsError::io(path, error))?;
    for entry in paths {
        let name = entry.display().to_string();
        if !wanted(&name) {
            continue;
        }
        // Opening a pipe would wait for its writer.
        if !entry.is_file() {
            problems.add(&name, None, "no regular file; left out");
            continue;
        }
        let read = File::open(&entry).and_then(|mut reader| read_one(&name, &mut reader, file, problems));
        if let Err(error) = read {
            problems.add(&name, None, format!("{error}; left out"));
        }
    }
    Ok(())
}

/// Files below a folder, sorted; symbolic links are not followed into folders.
fn list(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if !entry.file_type()?.is_dir() {
            paths.push(entry.path());
        } else if depth > 0 {
            list(&entry.path(), depth - 1, paths)?;
        }
    }
    Ok(())
}
