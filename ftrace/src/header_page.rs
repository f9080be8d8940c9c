//! Layout of a sub-buffer, from the kernel's `events/header_page` text.

use crate::error::{Error, Result};
use crate::event_format::{Field, parse_field};

/// Where the parts of a sub-buffer lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLayout {
    /// Offset of the commit word.
    pub(crate) commit_offset: usize,
    /// Size of the commit word, which is the size of the kernel's `long`: 4 or 8 bytes.
    pub(crate) long_size: usize,
    /// Offset of the records.
    pub(crate) data_offset: usize,
}

impl PageLayout {
    /// The layout of 64-bit kernels.
    pub const LONG_8: Self = Self { commit_offset: 8, long_size: 8, data_offset: 16 };
    /// The layout of 32-bit kernels.
    pub const LONG_4: Self = Self { commit_offset: 8, long_size: 4, data_offset: 12 };

    /// Reads a `header_page` text.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let text = String::from_utf8_lossy(text);
        let fields: Vec<Field> = text.lines().filter_map(|line| parse_field(line.trim())).collect();
        let find = |name: &str| {
            let field = fields.iter().find(|field| field.name == name);
            field.ok_or_else(|| malformed(format!("there is no field {name}")))
        };
        let (time, commit, data) = (find("timestamp")?, find("commit")?, find("data")?);
        if (time.offset, time.size) != (0, 8) {
            return Err(malformed(format!("the time stamp is {} bytes at offset {}", time.size, time.offset)));
        }
        if !matches!(commit.size, 4 | 8) || commit.offset < 8 || data.offset < commit.offset + commit.size {
            return Err(malformed(format!("commit has {} bytes, data start at {}", commit.size, data.offset)));
        }
        Ok(Self { commit_offset: commit.offset, long_size: commit.size, data_offset: data.offset })
    }

    /// Size of the kernel's `long` in bytes.
    pub fn long_size(&self) -> usize {
        self.long_size
    }

    /// Bytes in front of the records.
    pub fn header_size(&self) -> usize {
        self.data_offset
    }
}

fn malformed(detail: String) -> Error {
    Error::Malformed { what: "header_page", offset: 0, detail }
}

#[cfg(test)]
mod tests {
    use super::PageLayout;

    const HEADER_PAGE_64: &[u8] = include_bytes!("../../data/captures/special/raw-dump/header_page");

    #[test]
    fn the_kernels_own_text_gives_the_64_bit_layout() {
        assert_eq!(PageLayout::parse(HEADER_PAGE_64), Ok(PageLayout::LONG_8));
    }

    #[test]
    fn trap_7_long_is_the_kernels_taken_from_the_size_of_commit() {
        let text = b"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\
                     \tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;\n\
                     \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\
                     \tfield: char data;\toffset:12;\tsize:4084;\tsigned:0;\n";
        assert_eq!(PageLayout::parse(text), Ok(PageLayout::LONG_4));
    }

    #[test]
    fn a_text_without_commit_or_with_an_impossible_one_is_an_error() {
        let error = PageLayout::parse(b"field: u64 timestamp; offset:0; size:8; signed:0;").unwrap_err();
        assert_eq!(error.to_string(), "header_page at byte 0: there is no field commit");
        let text =
            b"field: u64 timestamp; offset:0; size:8; signed:0;\nfield: local_t commit; offset:8; size:3; signed:1;\n\
                     field: char data; offset:16; size:4080; signed:1;";
        let error = PageLayout::parse(text).unwrap_err();
        assert_eq!(error.to_string(), "header_page at byte 0: commit has 3 bytes, data start at 16");
    }
}
