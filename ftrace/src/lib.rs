//! Decoder of ftrace data on disk: bytes in, values out.
//!
//! The crate opens no file, prints nothing, never panics on input and never allocates by a number read from the
//! input without a limit.

mod bytes;
mod error;

pub use bytes::{ByteOrder, Cursor};
pub use error::{Error, Result};
