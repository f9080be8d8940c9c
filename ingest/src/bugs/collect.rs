//! Pairs each record with its `.dyad` file and keeps those that the release has.

use std::collections::BTreeMap;
use std::path::Path;

use super::dyad::{Pair, parse_dyad};
use super::error::{BugsError, Problems};
use super::presence::{Presence, presence};
use super::record::Record;
use super::source::read_files;
use super::version::Version;
use crate::progress::Progress;

/// A bug of the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bug {
    pub(super) record: Record,
    pub(super) presence: Presence,
}

/// Records by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// Records read.
    pub records: u64,
    /// Rejected ones: no bugs.
    pub rejected: u64,
    /// Bugs that the release does not have.
    pub absent: u64,
}

/// The bugs of a release, by id.
pub(super) struct Collected {
    pub(super) bugs: Vec<Bug>,
    pub(super) counts: RecordCounts,
}

/// What has become of the record of a CVE.
#[derive(Default)]
enum RecordFile {
    #[default]
    Missing,
    Malformed,
    Read(Record),
}

/// The two files of a CVE, as they come.
#[derive(Default)]
struct Files {
    record: RecordFile,
    pairs: Option<Vec<Pair>>,
}

/// Reads the records and keeps the bugs of `release`.
pub(super) fn collect(
    path: &Path,
    release: Version,
    progress: &dyn Progress,
    problems: &mut Problems,
) -> Result<Collected, BugsError> {
    let mut files: BTreeMap<String, Files> = BTreeMap::new();
    let take = |name: &str, bytes: &[u8], problems: &mut Problems| {
        if let Some((id, kind)) = cve_file(name) {
            take_file(files.entry(id.to_owned()).or_default(), id, kind, name, bytes, problems);
            progress.step();
        }
    };
    read_files(path, |name| cve_file(name).is_some(), take, problems)?;
    if files.is_empty() {
        let detail = problems.told.first().map(|problem| format!(" ({})", problem.detail)).unwrap_or_default();
        return Err(BugsError::NoRecords { path: path.to_owned(), detail });
    }
    let mut collected = Collected { bugs: Vec::new(), counts: RecordCounts::default() };
    for (id, files) in files {
        keep(&id, files, release, &mut collected, problems);
    }
    Ok(collected)
}

#[derive(Clone, Copy)]
enum Kind {
    Record,
    Dyad,
}

/// The CVE id of a file's name, and what the file is.
fn cve_file(path: &str) -> Option<(&str, Kind)> {
    let name = path.rsplit('/').next()?;
    let (id, kind) = match name.split_once('.')? {
        (id, "json") => (id, Kind::Record),
        (id, "dyad") => (id, Kind::Dyad),
        _ => return None,
    };
    is_cve(id).then_some((id, kind))
}

/// Whether a text is a CVE id.
pub(super) fn is_cve(text: &str) -> bool {
    let is_number = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = text.strip_prefix("CVE-").and_then(|numbers| numbers.split_once('-'));
    numbers.is_some_and(|(year, number)| is_number(year) && is_number(number))
}

fn take_file(files: &mut Files, id: &str, kind: Kind, name: &str, bytes: &[u8], problems: &mut Problems) {
    let is_second = match kind {
        Kind::Record => !matches!(files.record, RecordFile::Missing),
        Kind::Dyad => files.pairs.is_some(),
    };
    if is_second {
        return problems.add(name, None, format!("a second file of {id}; left out"));
    }
    match kind {
        Kind::Record => files.record = take_record(id, name, bytes, problems),
        Kind::Dyad => files.pairs = Some(take_dyad(name, bytes, problems)),
    }
}

fn take_record(id: &str, name: &str, bytes: &[u8], problems: &mut Problems) -> RecordFile {
    match Record::parse(bytes) {
        Ok(record) if record.id == id => return RecordFile::Read(record),
        Ok(record) => problems.add(name, None, format!("holds {:?}; record left out", shortened(&record.id))),
        Err(error) => problems.add(name, Some(error.line()), format!("{error}; record left out")),
    }
    RecordFile::Malformed
}

fn take_dyad(name: &str, bytes: &[u8], problems: &mut Problems) -> Vec<Pair> {
    let (pairs, bad) = parse_dyad(&String::from_utf8_lossy(bytes));
    for (line, detail) in bad {
        problems.add(name, Some(line), format!("{detail}; line left out"));
    }
    pairs
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

fn keep(id: &str, files: Files, release: Version, collected: &mut Collected, problems: &mut Problems) {
    let record = match files.record {
        RecordFile::Read(record) => record,
        // Told already.
        RecordFile::Malformed => return,
        RecordFile::Missing => {
            return problems.add(&format!("{id}.json"), None, format!("missing beside {id}.dyad; record left out"));
        }
    };
    collected.counts.records += 1;
    if !record.published {
        collected.counts.rejected += 1;
        return;
    }
    let Some(pairs) = files.pairs else {
        return problems.add(&format!("{id}.dyad"), None, format!("missing beside {id}.json; record left out"));
    };
    if pairs.is_empty() {
        return problems.add(&format!("{id}.dyad"), None, "no usable line; record left out");
    }
    match presence(&pairs, release) {
        None => collected.counts.absent += 1,
        Some(_) if record.files.is_empty() => {
            problems.add(&format!("{id}.json"), None, "no programFiles; record left out");
        }
        Some(presence) => collected.bugs.push(Bug { record, presence }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{Problems, collect, cve_file, is_cve};
    use crate::progress::NoProgress;

    /// 200 real records, and what the version ranges of their JSON say, evaluated by data/bugs/check_versions.py.
    const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bugs_data/linux-cna-sample.tar.zst");
    const BY_JSON: &str = include_str!("../../tests/bugs_data/affected-by-json.tsv");

    /// Where the JSON says more than the dyad file; the reasons are in data/bugs/README.md.
    const KNOWN: [(&str, &str); 8] = [
        ("5.10.50", "CVE-2021-47124"),
        ("6.1.100", "CVE-2024-38635"),
        ("6.1.192", "CVE-2024-38635"),
        ("6.1.192", "CVE-2025-40190"),
        ("6.1.192", "CVE-2025-40197"),
        ("6.12.117", "CVE-2025-40190"),
        ("6.12.117", "CVE-2025-40197"),
        ("6.2-rc3", "CVE-2023-52490"),
    ];

    #[test]
    fn real_dyad_files_say_what_the_version_ranges_of_the_records_say() {
        let by_json: BTreeSet<_> = BY_JSON.lines().skip(1).map(|line| line.split_once('\t').unwrap()).collect();
        let releases: BTreeSet<_> = by_json.iter().map(|(release, _)| *release).collect();
        assert_eq!(releases.len(), 16);
        let mut found = BTreeSet::new();
        for release in releases {
            let mut problems = Problems::default();
            let version = release.parse().unwrap();
            let collected = collect(Path::new(SAMPLE), version, &NoProgress, &mut problems).unwrap();
            assert_eq!((problems, collected.counts.records), (Problems::default(), 200));
            found.extend(collected.bugs.into_iter().map(|bug| (release, bug.record.id)));
        }
        let found: BTreeSet<_> = found.iter().map(|(release, id)| (*release, id.as_str())).collect();
        assert_eq!(by_json.difference(&found).copied().collect::<Vec<_>>(), KNOWN);
        assert_eq!(found.difference(&by_json).next(), None);
    }

    #[test]
    fn only_records_and_dyad_files_of_a_cve_are_wanted() {
        let id = |path| cve_file(path).map(|(id, _)| id);
        assert_eq!(id("cve/published/2024/CVE-2024-1.json"), Some("CVE-2024-1"));
        assert_eq!(id("CVE-2024-1.dyad"), Some("CVE-2024-1"));
        for other in
            ["CVE-2024-1.cvss", "CVE-2024-1.json.bak", "CVE-2024-.json", "CVE-x-1.json", "json", "a/README", ""]
        {
            assert_eq!(id(other), None, "{other}");
        }
        assert!(is_cve("CVE-2024-26661") && !is_cve("CVE-2024-26661 ") && !is_cve("CVE-2024-1234567890"));
    }
}
