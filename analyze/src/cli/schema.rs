//! `hap-analyze schema`: the tables of a dataset, their columns, types and units.

use clap::builder::PossibleValuesParser;
use hap_schemas::{Exit, Table, tables};

use super::OutputArgs;
use crate::output::Report;
use crate::{Result, render, schema};

const EXAMPLES: &str = "\
Examples:
  hap-analyze schema functions
  hap-analyze schema --format csv --out schema.csv";

/// Tables of a dataset: columns, types, units
///
/// The same as JSON Schema and Table Schema is kept in schemas/json.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SchemaArgs {
    /// Tables to print [default: all]
    #[arg(value_name = "TABLE", value_parser = PossibleValuesParser::new(tables::ALL.iter().map(|table| table.id)))]
    tables: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Describes the tables, in the order of the dataset.
pub(super) fn run(args: &SchemaArgs) -> Result<Report> {
    args.output.check()?;
    let asked = |table: &&Table| args.tables.is_empty() || args.tables.iter().any(|id| id == table.id);
    let chosen: Vec<_> = tables::ALL.iter().filter(asked).collect();
    let mut frame = schema::frame(&chosen)?;
    let body = args.output.body(&mut frame, || Ok(render::schema::blocks(&chosen)))?;
    Ok(Report { body, out: args.output.out.clone(), notes: Vec::new(), exit: Exit::Complete })
}
