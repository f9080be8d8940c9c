//! How a table is described: name, columns, and the key-value metadata of its files.

/// Keys of the key-value metadata that every Parquet file of a dataset carries.
pub mod metadata_key {
    /// Name of the table.
    pub const TABLE: &str = "hap.table";
    /// Version of the schema, see [`crate::SCHEMA_VERSION`].
    pub const SCHEMA_VERSION: &str = "hap.schema_version";
    /// Name and version of the program that wrote the file.
    pub const TOOL_VERSION: &str = "hap.tool_version";
    /// Build id of the kernel in lower-case hexadecimal; empty when unknown.
    pub const KERNEL_BUILD_ID: &str = "hap.kernel_build_id";
    /// Length of a window in nanoseconds (table `windows`).
    pub const WINDOW_NS: &str = "hap.window_ns";
    /// Kernel release whose bugs the tables of bugs hold (tables `bugs`, `density`, `fits`).
    pub const BUGS_RELEASE: &str = "hap.bugs_release";
}

/// Type of a column. There are no unsigned types: Spark reads an unsigned 64-bit column as a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// True or false.
    Bool,
    /// Signed 32-bit integer.
    Int32,
    /// Signed 64-bit integer.
    Int64,
    /// 64-bit floating point.
    Float64,
    /// UTF-8 text.
    Utf8,
    /// UTF-8 text, dictionary-encoded with 32-bit keys.
    Dictionary,
    /// List of structs with the fields `name` (text) and `count` (signed 64-bit).
    Counts,
    /// List of structs with the fields `key` and `value`, both text.
    Labels,
}

impl ColumnType {
    /// The name in documents and machine-readable schemas.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int32 => "i32",
            Self::Int64 => "i64",
            Self::Float64 => "f64",
            Self::Utf8 => "text",
            Self::Dictionary => "dictionary",
            Self::Counts => "list of {name, count}",
            Self::Labels => "list of {key, value}",
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Unit of its numbers; empty where they have none, as ids, indices and texts.
    pub unit: &'static str,
    /// What it holds.
    pub doc: &'static str,
}

impl Column {
    /// A column that is never null.
    pub const fn required(name: &'static str, kind: ColumnType, doc: &'static str) -> Self {
        Self { name, kind, nullable: false, unit: "", doc }
    }

    /// A column that may be null.
    pub const fn optional(name: &'static str, kind: ColumnType, doc: &'static str) -> Self {
        Self { name, kind, nullable: true, unit: "", doc }
    }

    /// The same column with a unit.
    #[must_use]
    pub const fn in_unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }
}

/// A table of the dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, also the folder below the dataset (kernel tables: the file name).
    pub name: &'static str,
    /// Its name among all tables, no two of which share it.
    pub id: &'static str,
    /// Its file below the dataset; words in capitals stand for values.
    pub path: &'static str,
    /// What one row is.
    pub doc: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
