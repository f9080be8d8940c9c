//! How `hap-ingest runs` ends: exit codes, what it says on stderr, and what a second ingest leaves.

#![cfg(test)]

mod common;

use std::fs;

use common::{Dataset, Outcome, capture};

fn outcome(code: i32, stderr: &str) -> Outcome {
    Outcome { code: Some(code), stderr: stderr.to_owned() }
}

fn ingested(name: &str, arguments: &[&str]) -> (Dataset, Outcome) {
    let dataset = Dataset::new();
    let outcome = dataset.ingest_capture(&capture(name), arguments);
    (dataset, outcome)
}

#[test]
fn a_complete_capture_ends_with_0_and_one_line() {
    let expected = outcome(0, "1 runs, 65764 events, 65159 function calls -> OUT\n");
    assert_eq!(ingested("runc/redis-bench-set/1", &[]).1, expected);
}

#[test]
fn lost_events_end_with_1_and_both_accounts_of_the_loss() {
    let warning = "warning: run x is incomplete: 50942 events lost (50652 by sub-buffer headers, 50942 by per-CPU \
                   statistics), 1 sub-buffer with an unknown number of events lost before\n1 runs, 76639 events, 76092 function calls -> OUT\n";
    let (dataset, incomplete) = ingested("special/overrun", &[]);
    assert_eq!(incomplete, outcome(1, warning));
    let runs = dataset.table("runs");
    let losses = ["events_lost", "lost_pages", "lost_stats", "lost_pages_unknown"].map(|name| runs.long(name));
    assert_eq!(losses, [50_942, 50_652, 50_942, 1]);
    assert_eq!(ingested("special/overrun", &["--strict"]).1, outcome(2, warning));
}

#[test]
fn a_killed_recorders_files_need_the_metadata_of_another_recording() {
    let killed = capture("special/sigkill");
    let expected = format!(
        "error: run x: {}: the recorder was killed before it wrote a header: give a trace.dat that was recorded in the \
         same boot with --metadata\n0 runs, 0 events, 0 function calls -> OUT\n",
        killed.folder.join("trace.dat.cpu0").display()
    );
    let (dataset, refused) = ingested("special/sigkill", &[]);
    assert_eq!(refused, outcome(2, &expected));
    assert_eq!(dataset.files().len(), 0);

    let header = capture("special/overrun").trace_dat().unwrap();
    let expected = "warning: run x is incomplete: 53356 events lost (53356 by sub-buffer headers, no per-CPU \
                    statistics)\n1 runs, 92380 events, 91656 function calls -> OUT\n";
    let (dataset, incomplete) = ingested("special/sigkill", &["--metadata", header.to_str().unwrap()]);
    assert_eq!(incomplete, outcome(1, expected));
    let runs = dataset.table("runs");
    assert_eq!(["events_lost", "lost_pages"].map(|name| runs.long(name)), [53_356, 53_356]);
    assert_eq!(runs.maybe_long("lost_stats"), None);
}

#[test]
fn metadata_of_another_boot_is_refused() {
    let killed = capture("special/sigkill");
    let foreign = capture("runc/redis-bench-set/1").trace_dat().unwrap();
    let (dataset, refused) = ingested("special/sigkill", &["--metadata", foreign.to_str().unwrap()]);
    let expected = format!(
        "error: run x: {}: 681 of 681 call sites lie at no function's start: the metadata is of another boot or \
         kernel; give those of the boot in which the capture was recorded\n0 runs, 0 events, 0 function calls -> OUT\n",
        killed.folder.join("trace.dat.cpu0").display()
    );
    assert_eq!(refused, outcome(2, &expected));
    assert_eq!(dataset.files().len(), 0);
}

#[test]
fn a_sandbox_that_died_is_told_and_kept_out_of_comparisons() {
    let (dataset, complete) = ingested("special/died-sandbox", &[]);
    let expected = "warning: run x failed and will not be compared: the sandbox ended before the recording did\n1 runs, \
                    2838 events, 2788 function calls -> OUT\n";
    assert_eq!(complete, outcome(0, expected));
    let failure = Some("the sandbox ended before the recording did");
    assert_eq!(dataset.table("runs").maybe_text("failure"), failure);
    assert_eq!(ingested("special/v6", &[]).0.table("runs").maybe_text("failure"), None);
}

#[test]
fn a_failed_run_is_refused_unless_it_is_asked_for_and_the_others_are_taken_in() {
    let (dataset, [failed, sound]) =
        (Dataset::new(), ["special/died-sandbox", "special/v6"].map(|name| capture(name).folder));
    let refusal = "warning: run special-died-sandbox is refused: the run failed: the sandbox ended before the recording \
                   did; --accept-failed takes it in, marked\n";
    let none = format!("{refusal}0 runs, 0 events, 0 function calls -> OUT\n");
    assert_eq!(dataset.ingest_sound([&failed]), outcome(2, &none));
    assert_eq!(dataset.files().len(), 0);
    let both = dataset.ingest_sound([&failed, &sound]);
    assert_eq!(both.code, Some(1));
    assert!(both.stderr.starts_with(refusal) && both.stderr.contains("1 runs, "), "{}", both.stderr);
    assert!(dataset.files().keys().all(|path| !path.contains("died")), "{:?}", dataset.files().keys());
}

#[test]
fn a_run_without_function_calls_is_refused_and_leaves_nothing() {
    let tree = tempfile::tempdir().unwrap();
    let file = hap_ftrace::writer::TraceDatWriter::new(
        std::io::Cursor::new(Vec::new()),
        hap_ftrace::writer::WriterConfig::default(),
    );
    let whole = fs::read(capture("special/overrun").trace_dat().unwrap()).unwrap();
    let texts = hap_ftrace::TraceDat::parse(&whole).unwrap().texts;
    let mut writer = file.unwrap();
    writer.write_texts(&texts).unwrap();
    writer.begin_buffer("", "mono", 4096).unwrap().finish().unwrap();
    fs::write(tree.path().join("trace.dat"), writer.finish().unwrap().into_inner()).unwrap();
    let dataset = Dataset::new();
    let expected = "warning: run x is refused: the run failed: no function call was recorded; --accept-failed takes it \
                    in, marked\n0 runs, 0 events, 0 function calls -> OUT\n";
    let path = tree.path().to_str().unwrap();
    assert_eq!(dataset.ingest_sound([path, "--run", "x"]), outcome(2, expected));
    assert_eq!(dataset.files().len(), 0);
}

#[test]
fn events_without_a_format_are_counted_and_told() {
    let expected = "note: run x: 97 events of a kind without a format: unknown (id 345)\nnote: run x: 97 events of a kind \
                    without a format: unknown (id 346)\n1 runs, 22328 events, 22134 function calls -> OUT\n";
    assert_eq!(ingested("special/raw-dump", &[]).1, outcome(0, expected));
}

#[test]
fn two_runs_of_one_id_are_refused_with_both_paths() {
    let tree = tempfile::tempdir().unwrap();
    let [first, second] = ["a", "b"].map(|name| tree.path().join(name));
    for folder in [&first, &second] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("run.json"), r#"{"run": "same"}"#).unwrap();
        fs::copy(capture("special/overrun").trace_dat().unwrap(), folder.join("trace.dat")).unwrap();
    }
    let expected = format!(
        "error: run id \"same\" collides: {} and {}; ingest one of them by itself with --run\n",
        first.join("trace.dat").display(),
        second.join("trace.dat").display()
    );
    let dataset = Dataset::new();
    assert_eq!(dataset.ingest([tree.path()]), outcome(2, &expected));
    assert_eq!(dataset.files().len(), 0);
}

#[test]
fn the_whole_tree_of_captures_is_one_dataset() {
    let dataset = Dataset::new();
    let header = capture("special/overrun").trace_dat().unwrap();
    let all = capture("").folder;
    let ingested = dataset.ingest([all.to_str().unwrap(), "--metadata", header.to_str().unwrap()]);
    assert_eq!(ingested, outcome(1, EVERYTHING));
    assert_eq!(dataset.files().len(), 4 * 71);
}

/// Sorted by run id, the losses of two and the failure of one, then the sums of all `summary.json`.
const EVERYTHING: &str = "\
warning: run special-died-sandbox failed and will not be compared: the sandbox ended before the recording did
warning: run special-overrun is incomplete: 50942 events lost (50652 by sub-buffer headers, 50942 by per-CPU statistics), \
1 sub-buffer with an unknown number of events lost before
warning: run special-sigkill is incomplete: 53356 events lost (53356 by sub-buffer headers, no per-CPU statistics)
71 runs, 7161989 events, 7090592 function calls -> OUT
";

/// Captures with two CPUs, losses, an instance, and two rounds of names.
fn several() -> Vec<String> {
    let names =
        ["special/overrun", "special/instance", "special/more-events", "runc/python-tornado", "special/raw-dump"];
    names.iter().map(|name| capture(name).folder.to_str().unwrap().to_owned()).collect()
}

fn ingest_several(dataset: &Dataset, arguments: &[&str]) {
    let paths = several();
    let outcome = dataset.ingest(paths.iter().map(String::as_str).chain(arguments.iter().copied()));
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    // The same captures again replace no others.
    assert!(!outcome.stderr.contains("replaces"), "{}", outcome.stderr);
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_the_number_of_threads() {
    let (one, many) = (Dataset::new(), Dataset::new());
    ingest_several(&one, &["--events", "--jobs", "1"]);
    let files = one.files();
    assert_eq!(files.len(), 6 * 4 + 11, "{:?}", files.keys());
    // More threads than runs: the scans get threads of their own.
    for jobs in ["2", "16"] {
        ingest_several(&many, &["--events", "--jobs", jobs]);
        assert!(many.files() == files, "--jobs {jobs}");
    }
    ingest_several(&one, &["--events", "--jobs", "1"]);
    assert!(one.files() == files, "second ingest");
}

#[test]
fn a_higher_level_makes_smaller_tables_of_the_same_rows() {
    let [quick, small] = ["1", "19"].map(|level| ingested("runc/redis-bench-set/1", &["--level", level]).0);
    for (table, columns) in
        [("functions", ["address", "calls", "first_ns"]), ("windows", ["window", "address", "calls"])]
    {
        let size = |dataset: &Dataset| dataset.files()[&format!("{table}/run=x/{table}.parquet")].len();
        assert!(size(&small) < size(&quick), "{table}: {} and {} bytes", size(&small), size(&quick));
        for column in columns {
            assert_eq!(small.table(table).longs(column), quick.table(table).longs(column), "{table}.{column}");
        }
    }
}

#[test]
fn an_ingest_without_events_removes_those_of_the_one_before() {
    let (twice, once) = (Dataset::new(), Dataset::new());
    ingest_several(&twice, &["--events"]);
    assert!(twice.files().keys().any(|name| name.starts_with("events/")));
    ingest_several(&twice, &[]);
    ingest_several(&once, &[]);
    assert_eq!(once.files().len(), 6 * 4);
    assert!(twice.files() == once.files());
}

#[test]
fn a_second_ingest_replaces_the_run_and_leaves_the_others() {
    let (dataset, _) = ingested("special/overrun", &["--events"]);
    let runc = capture("runc/redis-bench-set/1");
    assert_eq!(dataset.ingest([&runc.folder]).code, Some(0));
    let others =
        |dataset: &Dataset| dataset.files().into_iter().filter(|(name, _)| !name.contains("run=x")).collect::<Vec<_>>();
    let before = others(&dataset);
    // An instance of one CPU in the place of a recording of two.
    let second = dataset.ingest_capture(&capture("special/instance"), &["--events"]);
    let expected = "warning: run x replaces another capture of that id in the dataset; --run gives another id\n";
    assert!(second.stderr.starts_with(expected), "{}", second.stderr);
    assert_eq!(dataset.events().keys().collect::<Vec<_>>(), [&1]);
    let (fresh, _) = ingested("special/instance", &["--events"]);
    let replaced: Vec<_> = dataset.files().into_iter().filter(|(name, _)| name.contains("run=x")).collect();
    assert!(replaced == fresh.files().into_iter().collect::<Vec<_>>());
    assert!(others(&dataset) == before);
}
