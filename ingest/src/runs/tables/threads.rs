//! Table `threads`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hap_schemas::tables::THREADS;
use hap_schemas::{Role, RunJson, ThreadInfo};

use super::table_path;
use crate::runs::collect::{RunCounts, ThreadTally};
use crate::runs::recording::Names;
use crate::write::columns::{bools, constant, dictionary, ints, longs, texts};
use crate::write::{FileMetadata, TableFile, WriteError};

/// A thread that is listed, has events, or both.
pub(crate) struct ThreadRow<'a> {
    pub(crate) pid: i32,
    pub(crate) listed: Option<&'a ThreadInfo>,
    seen: Option<&'a ThreadTally>,
    pub(crate) tgid: Option<i32>,
    comm: Option<&'a str>,
}

/// All threads of a run, by pid.
pub(crate) fn thread_rows<'a>(run_json: &'a RunJson, names: &'a Names, counts: &'a RunCounts) -> Vec<ThreadRow<'a>> {
    // A pid may be listed twice, under two names: the later entry is the state at the end of the recording.
    let listed: BTreeMap<i32, &ThreadInfo> =
        run_json.threads.iter().flatten().map(|thread| (thread.pid, thread)).collect();
    let pids: BTreeSet<i32> = listed.keys().chain(counts.threads.keys()).copied().collect();
    let row = |pid: i32| {
        let listed = listed.get(&pid).copied();
        ThreadRow {
            pid,
            listed,
            seen: counts.threads.get(&pid),
            tgid: listed.and_then(|thread| thread.tgid).or_else(|| names.tgids.get(&pid).copied()),
            comm: listed
                .and_then(|thread| thread.comm.as_deref())
                .or_else(|| names.comms.get(&pid).map(String::as_str)),
        }
    };
    pids.into_iter().map(row).collect()
}

/// Writes the threads of a run.
pub(crate) fn write(
    dataset: &Path,
    run: &str,
    rows: &[ThreadRow<'_>],
    metadata: &FileMetadata,
) -> Result<(), WriteError> {
    let role = |row: &ThreadRow<'_>| {
        row.listed.and_then(|thread| thread.role.as_deref()).map_or(Role::Other, Role::from_name).name()
    };
    let columns = vec![
        constant(run, rows.len()),
        Ok(ints(rows.iter().map(|row| Some(row.pid)))),
        Ok(ints(rows.iter().map(|row| row.tgid))),
        Ok(texts(rows.iter().map(|row| row.comm))),
        Ok(texts(rows.iter().map(|row| row.listed.and_then(|thread| thread.exe.as_deref())))),
        dictionary(rows.iter().map(|row| Some(role(row)))),
        Ok(bools(rows.iter().map(|row| Some(row.listed.is_some())))),
        Ok(bools(rows.iter().map(|row| row.listed.and_then(|thread| thread.at_start)))),
        Ok(bools(rows.iter().map(|row| row.listed.and_then(|thread| thread.at_end)))),
        Ok(longs(rows.iter().map(|row| Some(row.seen.map_or(0, |seen| seen.events.count as i64))))),
        Ok(longs(rows.iter().map(|row| Some(row.seen.map_or(0, |seen| seen.calls as i64))))),
        Ok(longs(rows.iter().map(|row| row.seen.map(|seen| seen.events.first as i64)))),
        Ok(longs(rows.iter().map(|row| row.seen.map(|seen| seen.events.last as i64)))),
    ];
    let mut file = TableFile::create(&table_path(dataset, &THREADS, run), &THREADS, metadata)?;
    file.write_columns(columns)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hap_schemas::RunJson;

    use super::thread_rows;
    use crate::runs::collect::{RunCounts, ThreadTally};
    use crate::runs::recording::Names;
    use crate::runs::tally::Tally;

    #[test]
    fn trap_11_common_pid_is_a_thread_and_saved_tgids_and_run_json_map_it_to_its_process() {
        let run_json = RunJson::parse(r#"{"threads": [{"pid": 7, "tgid": 5, "comm": "app", "role": "app"}]}"#).unwrap();
        let names = Names {
            comms: BTreeMap::from([(7, "old".to_owned()), (9, "other".to_owned())]),
            tgids: BTreeMap::from([(7, 1), (9, 8)]),
        };
        let seen = ThreadTally { events: Tally { count: 2, first: 1, last: 2 }, calls: 2 };
        let counts = RunCounts { threads: BTreeMap::from([(0, seen), (9, seen)]), ..RunCounts::default() };
        let rows = thread_rows(&run_json, &names, &counts);
        let found: Vec<_> = rows.iter().map(|row| (row.pid, row.tgid, row.comm, row.listed.is_some())).collect();
        let expected = [(0, None, None, false), (7, Some(5), Some("app"), true), (9, Some(8), Some("other"), false)];
        assert_eq!(found, expected);
    }
}
