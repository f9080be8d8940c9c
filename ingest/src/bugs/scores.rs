//! Lists of CVEs: EPSS scores, and bugs that are known to have been exploited.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::collect::is_cve;
use super::error::{BugsError, Problems};

/// First bytes of a gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Longest line that is read: a hundred times a real one.
const MAX_LINE: u64 = 1 << 16;

/// Reads EPSS scores: `cve,epss,percentile` below a comment line, as FIRST publishes them, plain or gzip. Only the
/// CVEs that `is_wanted` are kept.
pub(super) fn read_epss(
    path: &Path,
    is_wanted: impl Fn(&str) -> bool,
    problems: &mut Problems,
) -> Result<HashMap<String, f64>, BugsError> {
    let mut table = Csv::open(path, "epss_scores-DATE.csv.gz of https://www.first.org/epss/data_stats")?;
    let (cve, epss) = (table.column("cve")?, table.column("epss")?);
    let mut scores = HashMap::new();
    table.rows(problems, |fields, problems| {
        let score = fields.get(epss).and_then(|text| text.trim().parse::<f64>().ok());
        match (fields.get(cve), score.filter(|score| (0.0..=1.0).contains(score))) {
            (Some(&cve), Some(score)) if is_cve(cve) => {
                if is_wanted(cve) {
                    scores.insert(cve.to_owned(), score);
                }
            }
            _ => problems("not a CVE and a probability; line left out"),
        }
    })?;
    Ok(scores)
}

/// Reads the ids of exploited bugs: column `cve` of a csv.
pub(super) fn read_exploited(path: &Path, problems: &mut Problems) -> Result<HashSet<String>, BugsError> {
    let mut table = Csv::open(path, "a list such as data/bugs/exploited.csv")?;
    let cve = table.column("cve")?;
    let mut ids = HashSet::new();
    table.rows(problems, |fields, problems| match fields.get(cve) {
        Some(&id) if is_cve(id) => {
            ids.insert(id.to_owned());
        }
        _ => problems("not a CVE; line left out"),
    })?;
    Ok(ids)
}

/// A csv without quoted commas in the columns that are read.
struct Csv<'p> {
    path: &'p Path,
    expected: &'static str,
    reader: Box<dyn BufRead>,
    head: Vec<String>,
    line: usize,
}

impl<'p> Csv<'p> {
    fn open(path: &'p Path, expected: &'static str) -> Result<Self, BugsError> {
        let open = || {
            let mut file = BufReader::new(File::open(path)?);
            let is_gzip = file.fill_buf()?.starts_with(&GZIP_MAGIC);
            let reader: Box<dyn BufRead> =
                if is_gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
            Ok(reader)
        };
        let reader = open().map_err(|error| BugsError::io(path, error))?;
        let mut table = Self { path, expected, reader, head: Vec::new(), line: 0 };
        while let Some(line) = table.next_line().map_err(|error| BugsError::io(path, error))? {
            if !line.starts_with('#') {
                table.head = line.split(',').map(|name| name.trim().to_owned()).collect();
                break;
            }
        }
        Ok(table)
    }

    fn column(&self, column: &'static str) -> Result<usize, BugsError> {
        let missing = || BugsError::Csv { path: self.path.to_owned(), column, expected: self.expected };
        self.head.iter().position(|name| name == column).ok_or_else(missing)
    }

    /// The next line without its end; a line that is too long is cut there, and its rest is the next one.
    fn next_line(&mut self) -> std::io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)?;
        self.line += 1;
        let line = String::from_utf8_lossy(&bytes);
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Hands over the fields of each row, and how to tell what is wrong with it.
    fn rows(
        &mut self,
        problems: &mut Problems,
        mut row: impl FnMut(&[&str], &mut dyn FnMut(&str)),
    ) -> Result<(), BugsError> {
        let name = self.path.display().to_string();
        loop {
            match self.next_line() {
                Ok(None) => return Ok(()),
                Ok(Some(line)) if line.is_empty() || line.starts_with('#') => {}
                Ok(Some(line)) => {
                    let (number, fields) = (self.line, line.split(',').collect::<Vec<_>>());
                    row(&fields, &mut |detail| problems.add(&name, Some(number), detail));
                }
                Err(error) => {
                    problems.add(&name, Some(self.line), format!("cannot be read further: {error}"));
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Problems, read_epss, read_exploited};

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    const EPSS: &str = "#model_version:v2025.03.14,score_date:2026-08-21T00:00:00+0000\ncve,epss,percentile\n\
        CVE-2024-1,0.00042,0.12\nCVE-2024-2,0.97,0.999\nCVE-2024-3,1.5,0.9\nCVE-2024-4\nx,0.1,0.1\n";

    #[test]
    fn scores_are_read_plain_and_gzipped_and_bad_lines_are_told() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(EPSS.as_bytes()).unwrap();
        for bytes in [EPSS.as_bytes().to_vec(), gzip.finish().unwrap()] {
            let (file, mut problems) = (file(&bytes), Problems::default());
            let scores = read_epss(file.path(), |cve| cve != "CVE-2024-2", &mut problems).unwrap();
            assert_eq!(scores.into_iter().collect::<Vec<_>>(), [("CVE-2024-1".to_owned(), 0.00042)]);
            assert_eq!(
                problems.told.iter().map(|problem| problem.line).collect::<Vec<_>>(),
                [Some(5), Some(6), Some(7)]
            );
        }
    }

    #[test]
    fn another_csv_is_refused_by_name() {
        let file = file(b"a,b\n1,2\n");
        let error = read_epss(file.path(), |_| true, &mut Problems::default()).unwrap_err();
        assert!(error.to_string().contains("no column cve in its head; expected epss_scores"), "{error}");
    }

    #[test]
    fn a_gzip_that_is_cut_gives_what_it_has() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gzip.write_all(EPSS.as_bytes()).unwrap();
        let mut bytes = gzip.finish().unwrap();
        bytes.truncate(bytes.len() - 30);
        let (file, mut problems) = (file(&bytes), Problems::default());
        let scores = read_epss(file.path(), |_| true, &mut problems).unwrap();
        assert_eq!((scores.len(), problems.count > 0), (2, true));
    }

    #[test]
    fn exploited_bugs_are_those_of_column_cve() {
        let (file, mut problems) =
            (file(b"cve,source\nCVE-2024-1,kev\nCVE-2024-1,kernelctf\n,kev\n"), Problems::default());
        let ids = read_exploited(file.path(), &mut problems).unwrap();
        assert_eq!((ids.into_iter().collect::<Vec<_>>(), problems.count), (vec!["CVE-2024-1".to_owned()], 1));
    }
}
