//! Bugs, densities and fits as Parquet.

use std::path::Path;

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;
use hap_schemas::Table;
use hap_schemas::tables::{BUGS, DENSITY, DENSITY_FITS};

use super::density::DensityRow;
use super::fits::SubsystemFit;
use crate::write::columns::{bools, dictionary, doubles, longs, texts};
use crate::write::{FileMetadata, TableFile, WriteError};

/// A row of table `bugs`.
pub(super) struct BugRow<'s> {
    pub(super) bug: &'s str,
    pub(super) file: &'s str,
    pub(super) rule: &'static str,
    pub(super) function: Option<&'s str>,
    /// Module and address of the function.
    pub(super) place: Option<(&'s str, i64)>,
    pub(super) mass: f64,
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) epss: Option<f64>,
    pub(super) exploited: bool,
    pub(super) title: Option<&'s str>,
}

/// Writes the three tables into a folder.
pub(super) fn write_tables(
    folder: &Path,
    metadata: &FileMetadata,
    bugs: &[BugRow<'_>],
    density: &[DensityRow<'_>],
    fits: &[SubsystemFit],
) -> Result<(), WriteError> {
    write(folder, &DENSITY_FITS, metadata, fit_columns(fits))?;
    write(folder, &DENSITY, metadata, density_columns(density))?;
    // Last: a source of bugs is there when its bugs are.
    write(folder, &BUGS, metadata, bug_columns(bugs))
}

fn write(
    folder: &Path,
    table: &Table,
    metadata: &FileMetadata,
    columns: Vec<Result<ArrayRef, ArrowError>>,
) -> Result<(), WriteError> {
    let mut file = TableFile::create(&folder.join(format!("{}.parquet", table.name)), table, metadata)?;
    file.write_columns(columns)?;
    file.finish()
}

fn bug_columns(rows: &[BugRow<'_>]) -> Vec<Result<ArrayRef, ArrowError>> {
    vec![
        Ok(texts(rows.iter().map(|row| Some(row.bug)))),
        Ok(texts(rows.iter().map(|row| Some(row.file)))),
        dictionary(rows.iter().map(|row| Some(row.rule))),
        Ok(texts(rows.iter().map(|row| row.function))),
        dictionary(rows.iter().map(|row| Some(row.place?.0))),
        Ok(longs(rows.iter().map(|row| Some(row.place?.1)))),
        Ok(doubles(rows.iter().map(|row| Some(row.mass)))),
        Ok(texts(rows.iter().map(|row| row.introduced.as_deref()))),
        Ok(texts(rows.iter().map(|row| row.fixed.as_deref()))),
        Ok(doubles(rows.iter().map(|row| row.epss))),
        Ok(bools(rows.iter().map(|row| Some(row.exploited)))),
        Ok(texts(rows.iter().map(|row| row.title))),
    ]
}

fn density_columns(rows: &[DensityRow<'_>]) -> Vec<Result<ArrayRef, ArrowError>> {
    vec![
        dictionary(rows.iter().map(|row| Some(row.model))),
        Ok(texts(rows.iter().map(|row| row.file))),
        dictionary(rows.iter().map(|row| Some(row.function?.0))),
        Ok(longs(rows.iter().map(|row| Some(row.function?.1)))),
        dictionary(rows.iter().map(|row| row.subsystem)),
        Ok(doubles(rows.iter().map(|row| Some(row.bugs)))),
        Ok(longs(rows.iter().map(|row| Some(row.lines.cast_signed())))),
        Ok(doubles(rows.iter().map(|row| Some(row.density)))),
    ]
}

fn fit_columns(fits: &[SubsystemFit]) -> Vec<Result<ArrayRef, ArrowError>> {
    vec![
        Ok(texts(fits.iter().map(|part| Some(part.name.as_str())))),
        Ok(longs(fits.iter().map(|part| Some(part.files.cast_signed())))),
        Ok(longs(fits.iter().map(|part| Some(part.lines.cast_signed())))),
        Ok(doubles(fits.iter().map(|part| Some(part.bugs)))),
        Ok(doubles(fits.iter().map(|part| Some(part.fit.gamma?.a)))),
        Ok(doubles(fits.iter().map(|part| Some(part.fit.gamma?.b)))),
        Ok(doubles(fits.iter().map(|part| Some(part.fit.log_likelihood)))),
        Ok(doubles(fits.iter().map(|part| Some(part.fit.poisson_log_likelihood)))),
        Ok(doubles(fits.iter().map(|part| Some(part.goodness?.statistic)))),
        Ok(doubles(fits.iter().map(|part| Some(part.goodness?.p)))),
    ]
}
