//! Memory maps of input files.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use memmap2::{Mmap, UncheckedAdvice};

/// A file mapped read-only.
#[derive(Debug)]
pub(crate) struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Maps a file.
    ///
    /// The map is read-only and private to this process. It is sound as long as nobody truncates the file while it is
    /// read: then the kernel ends the process with SIGBUS at the first missing page, which loses the job but no result,
    /// since results are moved to their place only when complete. A file that is merely shorter than its own headers
    /// claim is an ordinary error of the decoder.
    #[expect(unsafe_code, reason = "the one memory map; the doc comment says why it is sound enough")]
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: see the doc comment: the file is not changed while it is mapped.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self { map })
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Gives pages that are done with back to the page cache, so that resident memory does not grow with the file.
    #[expect(
        unsafe_code,
        reason = "the one memory map; dropping clean pages of a file changes no byte that can be read"
    )]
    pub(crate) fn release(&self, range: Range<usize>) {
        let range = range.start.min(self.map.len())..range.end.min(self.map.len());
        if !range.is_empty() {
            // SAFETY: the pages belong to a read-only map of a file: they are read again from the file when touched.
            // A refusal costs memory only.
            let _ = unsafe { self.map.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len()) };
        }
    }
}
