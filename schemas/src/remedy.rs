//! What to do about an error of the file system, in the words that every program uses.

use std::io::{Error, ErrorKind};

/// What the user can do about it, to stand behind what the system says.
pub fn io_remedy(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "check the path",
        ErrorKind::PermissionDenied => "check who may read and write there, or run as a user who may",
        ErrorKind::ReadOnlyFilesystem => "choose a place that can be written",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or choose another place",
        ErrorKind::IsADirectory => "give a file, not a folder",
        ErrorKind::NotADirectory => "give a folder, not a file",
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => "the file is damaged: copy or make it again",
        ErrorKind::InvalidFilename => "choose a shorter or plainer name",
        _ => "check that the place can be read and written, then try again",
    }
}

#[cfg(test)]
mod tests {
    use super::io_remedy;
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_missing_file_and_a_full_disk_ask_for_different_things() {
        let kinds = [ErrorKind::NotFound, ErrorKind::StorageFull, ErrorKind::PermissionDenied, ErrorKind::Other];
        assert_eq!(
            kinds.map(|kind| io_remedy(&Error::from(kind))),
            [
                "check the path",
                "free some space, or choose another place",
                "check who may read and write there, or run as a user who may",
                "check that the place can be read and written, then try again",
            ]
        );
    }
}
