//! Errors of the decoder. Each knows the byte offset at which the input stopped making sense.

use thiserror::Error;

/// Result of a decoder function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why bytes cannot be decoded. Offsets count from the start of the slice that the failing function was given,
/// unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The input ends inside something.
    #[error("{what} at byte {offset} needs {needed} bytes, {left} are left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it starts.
        offset: u64,
        /// Its size in bytes.
        needed: u64,
        /// The bytes that are left.
        left: u64,
    },
    /// A sub-buffer claims more data than it has room for.
    #[error("commit claims {commit} bytes of {capacity}")]
    CommitTooLarge {
        /// Bytes claimed.
        commit: u64,
        /// Bytes there.
        capacity: u64,
    },
    /// Null padding inside the committed bytes.
    #[error("null padding at byte {offset} inside the committed bytes")]
    NullPadding {
        /// Offset in the sub-buffer's data.
        offset: u64,
    },
    /// A length word that cannot be.
    #[error("record at byte {offset} has the length word {length}")]
    BadLength {
        /// Offset in the sub-buffer's data.
        offset: u64,
        /// The word.
        length: u32,
    },
    /// A text or table that is not what it should be.
    #[error("{what} at byte {offset}: {detail}")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// Where.
        offset: u64,
        /// What is wrong.
        detail: String,
    },
    /// A size that is beyond the limit for its kind.
    #[error("{what} at byte {offset} claims {size} bytes, the limit is {limit}")]
    TooLarge {
        /// What claims the size.
        what: &'static str,
        /// Where.
        offset: u64,
        /// The size claimed.
        size: u64,
        /// The largest size that is accepted.
        limit: u64,
    },
    /// Compressed bytes that do not decompress.
    #[error("{codec} data at byte {offset} does not decompress: {detail}")]
    Decompress {
        /// The codec.
        codec: &'static str,
        /// Where.
        offset: u64,
        /// What the codec says.
        detail: String,
    },
    /// Every address in kallsyms is zero.
    #[error("all addresses in kallsyms are zero: record as root with the sysctl kernel.kptr_restrict at 0 or 1")]
    RestrictedKallsyms,
    /// A format or option that this release does not know.
    #[error("{what} {found:?} is not supported")]
    Unsupported {
        /// The kind of thing.
        what: &'static str,
        /// What was found.
        found: String,
    },
}
