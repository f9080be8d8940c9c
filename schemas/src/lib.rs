//! The contracts between the stages of hap: table schemas, `run.json`, labels, exit codes.
//!
//! The stages (`hap-capture`, `hap-ingest`, `hap-analyze`) do not depend on each other. They meet in this
//! crate and on disk, so it depends on no other crate of the workspace and on neither Arrow nor Polars.

mod context;
mod exit;
mod label;
mod machine_readable;
mod remedy;
mod role;
mod run_json;
mod selector;
mod table;
pub mod tables;

pub use context::Context;
pub use exit::Exit;
pub use label::{Label, LabelError};
pub use machine_readable::{TableSchema, run_json_schema, table_schema};
pub use remedy::io_remedy;
pub use role::Role;
pub use run_json::{
    CpuAccount, FileInfo, HostInfo, KernelInfo, ModuleInfo, PhaseMark, RUN_JSON_VERSION, RunJson, RunJsonError,
    ThreadInfo, TracerInfo,
};
pub use selector::{Condition, Selector, SelectorError};
pub use table::{Column, ColumnType, Table, metadata_key};

/// Version of every schema in [`tables`], as `major.minor`: a newer major means that a reader must be replaced.
pub const SCHEMA_VERSION: &str = "1.1";
