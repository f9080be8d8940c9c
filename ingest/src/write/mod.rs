//! Arrow and Parquet: the only module that knows how a table gets to disk.

pub mod columns;
mod schema;
mod table_file;

pub use schema::arrow_schema;
pub use table_file::{FileMetadata, TableFile, WriteError};
