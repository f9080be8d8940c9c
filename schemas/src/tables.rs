//! The tables of a dataset.
//!
//! ```text
//! <dataset>/runs/run=<run>/runs.parquet                      RUNS        one row: the run
//! <dataset>/threads/run=<run>/threads.parquet                THREADS     one row a thread
//! <dataset>/functions/run=<run>/functions.parquet            FUNCTIONS   the fact table
//! <dataset>/windows/run=<run>/windows.parquet                WINDOWS     calls per time window
//! <dataset>/events/run=<run>/cpu=<n>.parquet                 EVENTS      only with --events
//! <dataset>/kernels/build_id=<id>/kernel.parquet             KERNEL      one row: the kernel
//! <dataset>/kernels/build_id=<id>/functions.parquet          KERNEL_FUNCTIONS
//! <dataset>/kernels/build_id=<id>/lines.parquet              KERNEL_LINES
//! <dataset>/bugs/source=<name>/bugs.parquet                  BUGS
//! <dataset>/bugs/source=<name>/density.parquet               DENSITY
//! <dataset>/bugs/source=<name>/fits.parquet                  DENSITY_FITS
//! ```

use crate::table::ColumnType::{Bool, Counts, Dictionary, Float64, Int32, Int64, Labels, Utf8};
use crate::table::{Column, Table};

const RUN: Column = Column::required("run", Dictionary, "run id; also the Hive partition of the file");
const MODULE: Column =
    Column::required("module", Dictionary, "`vmlinux`, or the kernel module; `unknown` without a symbol");
const ADDRESS: Column = Column::required(
    "address",
    Int64,
    "image-relative start of the containing symbol: offset from `_text` for vmlinux, from the start of the module's text \
     otherwise; the call site itself where no symbol contains it",
).in_unit("bytes");
const CONTEXT: Column = Column::required("context", Dictionary, "task, softirq, hardirq or nmi");

/// One row per run: what was recorded, how much of it was decoded, and what was lost.
pub const RUNS: Table = Table {
    name: "runs",
    id: "runs",
    path: "runs/run=RUN/runs.parquet",
    doc: "One row per run: what was recorded, how much of it was decoded, and what was lost",
    columns: &[
        RUN,
        Column::optional("runtime", Utf8, "label: the sandbox runtime"),
        Column::optional("workload", Utf8, "label: the workload"),
        Column::optional("repetition", Utf8, "label: the repetition"),
        Column::required("labels", Labels, "free labels, sorted by key"),
        Column::optional("boot_id", Utf8, "boot in which the run was recorded"),
        Column::optional("kernel_release", Utf8, "`uname -r`"),
        Column::optional("kernel_version", Utf8, "`uname -v`, or the kernel's banner"),
        Column::optional(
            "build_id",
            Utf8,
            "build id of the kernel in hexadecimal: from run.json, or from the kernel table whose fingerprint the run's kallsyms has",
        ),
        Column::optional(
            "kernel_fingerprint",
            Utf8,
            "hash over (offset, name) of the kernel's global text symbols: ties a run to a kernel table without a build id",
        ),
        Column::optional("arch", Utf8, "machine, as uname prints it"),
        Column::required("page_size", Int32, "bytes of a sub-buffer").in_unit("bytes"),
        Column::optional("text_base", Int64, "run-time address of `_text`, as the bits of the u64").in_unit("bytes"),
        Column::required("format", Utf8, "container: trace.dat v6, trace.dat v7, raw dump or recorder files"),
        Column::optional("clock", Utf8, "trace clock"),
        Column::required("clock_unit", Utf8, "ns, or ticks where the file has no conversion to nanoseconds"),
        Column::required("cpus", Int32, "CPUs that the file lists").in_unit("CPUs"),
        Column::optional("first_ns", Int64, "time of the first event").in_unit("ns"),
        Column::optional("last_ns", Int64, "time of the last event").in_unit("ns"),
        Column::required("duration_ns", Int64, "last_ns - first_ns; 0 without events").in_unit("ns"),
        Column::required("window_ns", Int64, "length of a window of table `windows`").in_unit("ns"),
        Column::required("events", Int64, "events decoded, of every kind").in_unit("events"),
        Column::required(
            "function_events",
            Int64,
            "function calls: `function` events and the calls that func_repeats events stand for",
        ).in_unit("calls"),
        Column::required("event_counts", Counts, "events decoded by event name; `unknown (id N)` without a format").in_unit("events"),
        Column::required("events_lost", Int64, "the larger of lost_pages and lost_stats").in_unit("events"),
        Column::required("lost_pages", Int64, "events lost by the counts in sub-buffer headers").in_unit("events"),
        Column::required(
            "lost_pages_unknown",
            Int64,
            "sub-buffers that say that events were lost before them but not how many",
        ).in_unit("sub-buffers"),
        Column::optional(
            "lost_stats",
            Int64,
            "overrun + commit overrun + dropped events of the per-CPU statistics; null without statistics",
        ).in_unit("events"),
        Column::required(
            "undecodable_bytes",
            Int64,
            "bytes of sub-buffers and chunks that could not be decoded, and bytes that a file claims to have and has not",
        ).in_unit("bytes"),
        Column::required("damaged_places", Int64, "places in the files where something could not be decoded").in_unit("places"),
        Column::required("records_skipped", Int64, "records whose payload is too short for the fields of their format").in_unit("records"),
        Column::required("records_discarded", Int64, "records that the kernel itself had discarded").in_unit("records"),
        Column::required("unresolved_addresses", Int64, "distinct call sites that no symbol contains").in_unit("addresses"),
        Column::required("unresolved_calls", Int64, "calls at those").in_unit("calls"),
        Column::required(
            "syscall_source",
            Utf8,
            "raw_syscalls, entry_functions or none: tells what a null in functions.syscall means",
        ),
        Column::required(
            "interrupt_entry_hits",
            Counts,
            "calls with task flags that the list of interrupt-entry functions moved to another context",
        ).in_unit("calls"),
        Column::required(
            "observer_hits",
            Counts,
            "calls by functions that are there only because the tracer looks, by `function (effect)`",
        ).in_unit("calls"),
        Column::required("threads_listed", Int32, "threads in run.json").in_unit("threads"),
        Column::required("threads_seen", Int32, "threads with events").in_unit("threads"),
        Column::optional("requests", Int64, "requests that the workload served in the window").in_unit("requests"),
        Column::optional("load_ns", Int64, "time of the phase mark `load`, ns of the trace clock: the load has begun")
            .in_unit("ns"),
        Column::optional(
            "failure",
            Utf8,
            "why the run must not be compared, such as a sandbox that ended before the window did; null: it may",
        ),
    ],
};

/// One row per thread that `run.json` lists or that has an event.
pub const THREADS: Table = Table {
    name: "threads",
    id: "threads",
    path: "threads/run=RUN/threads.parquet",
    doc: "One row per thread that run.json lists or that has an event",
    columns: &[
        RUN,
        Column::required("pid", Int32, "thread id in the host's pid namespace"),
        Column::optional("tgid", Int32, "process id"),
        Column::optional("comm", Utf8, "name of the thread"),
        Column::optional("exe", Utf8, "path of its program"),
        Column::required("role", Dictionary, "role in the sandbox; `other` when run.json does not list the thread"),
        Column::required("listed", Bool, "whether run.json lists the thread"),
        Column::optional("at_start", Bool, "whether it was there when the recording began"),
        Column::optional("at_end", Bool, "whether it was there when the recording ended"),
        Column::required("events", Int64, "events of every kind").in_unit("events"),
        Column::required("calls", Int64, "function calls").in_unit("calls"),
        Column::optional("first_ns", Int64, "time of its first event").in_unit("ns"),
        Column::optional("last_ns", Int64, "time of its last event").in_unit("ns"),
    ],
};

/// The fact table: one row per (pid, module, address, context, syscall) of a run.
pub const FUNCTIONS: Table = Table {
    name: "functions",
    id: "functions",
    path: "functions/run=RUN/functions.parquet",
    doc: "The fact table: one row per (pid, module, address, context, syscall) of a run",
    columns: &[
        RUN,
        Column::required("pid", Int32, "thread id in the host's pid namespace"),
        Column::optional("tgid", Int32, "process id"),
        MODULE,
        ADDRESS,
        Column::optional("function", Dictionary, "name of the containing symbol; null when unresolved"),
        CONTEXT,
        Column::optional("syscall", Dictionary, "enclosing system call of an event in task context; null outside one"),
        Column::optional(
            "observer",
            Dictionary,
            "effect of the tracing itself that the function owes its presence to; null: none",
        ),
        Column::required("calls", Int64, "number of calls").in_unit("calls"),
        Column::required("first_ns", Int64, "time of the first call, ns of the trace clock").in_unit("ns"),
        Column::required("last_ns", Int64, "time of the last call, ns of the trace clock").in_unit("ns"),
    ],
};

/// Calls per time window: the series behind steady state and completeness. The run is the Hive partition of the file.
pub const WINDOWS: Table = Table {
    name: "windows",
    id: "windows",
    path: "windows/run=RUN/windows.parquet",
    doc: "Calls per time window, one row per (window, pid, module, address, context): the series behind steady state and completeness",
    columns: &[
        Column::required("window", Int64, "index of the window: (time - runs.first_ns) / runs.window_ns")
            .in_unit("windows"),
        Column::required("pid", Int32, "thread id in the host's pid namespace"),
        MODULE,
        ADDRESS,
        CONTEXT,
        Column::required("calls", Int64, "number of calls in the window").in_unit("calls"),
    ],
};

/// One row per event, a file per CPU; only with `--events`. The run is the Hive partition of the file.
pub const EVENTS: Table = Table {
    name: "events",
    id: "events",
    path: "events/run=RUN/cpu=N.parquet",
    doc: "One row per event, a file per CPU; only with --events",
    columns: &[
        Column::required("time_ns", Int64, "time of the event, ns of the trace clock").in_unit("ns"),
        Column::required("cpu", Int32, "CPU"),
        Column::required("pid", Int32, "thread id in the host's pid namespace"),
        Column::required("event", Dictionary, "name of the event"),
        Column::required("flags", Int32, "common_flags"),
        Column::required("preempt_count", Int32, "common_preempt_count"),
        Column::optional("ip", Int64, "call site, as the bits of the u64; null unless a function event")
            .in_unit("bytes"),
        Column::optional("parent_ip", Int64, "caller, as the bits of the u64; null unless a function event")
            .in_unit("bytes"),
        Column::optional("calls", Int64, "1 for a function event, the count of a func_repeats event, else null")
            .in_unit("calls"),
        Column::optional("module", Dictionary, "as in table functions"),
        Column::optional("address", Int64, "as in table functions").in_unit("bytes"),
        Column::optional("function", Dictionary, "as in table functions"),
        CONTEXT,
        Column::optional("syscall", Dictionary, "as in table functions"),
    ],
};

/// One row: the kernel that a set of kernel tables describes.
pub const KERNEL: Table = Table {
    name: "kernel",
    id: "kernel",
    path: "kernels/build_id=ID/kernel.parquet",
    doc: "One row: the kernel that a set of kernel tables describes",
    columns: &[
        Column::required("build_id", Utf8, "build id in hexadecimal"),
        Column::optional("release", Utf8, "`uname -r`"),
        Column::optional("banner", Utf8, "the kernel's `linux_banner`"),
        Column::required("arch", Utf8, "machine: x86_64, aarch64"),
        Column::required("kernel_fingerprint", Utf8, "as in table runs"),
        Column::required("text_address", Int64, "link-time address of `_text`, as the bits of the u64")
            .in_unit("bytes"),
        Column::required("modules", Int32, "kernel modules read beside vmlinux").in_unit("modules"),
        Column::optional("package", Utf8, "name and version of the package that the debug information came in"),
        Column::required(
            "traceable_rule",
            Utf8,
            "where `functions.traceable` comes from: available_filter_functions, trace_sites (`__mcount_loc`, \
             `__patchable_function_entries`) or none",
        ),
        Column::required("code_lines", Int64, "distinct executable (file, line) pairs of vmlinux and its modules")
            .in_unit("lines"),
        Column::optional(
            "blind_code_lines",
            Int64,
            "those that only functions hold which ftrace cannot trace; null when the files do not tell",
        )
        .in_unit("lines"),
    ],
};

/// The line-count table: one row per (module, address) of a function with code of its own.
pub const KERNEL_FUNCTIONS: Table = Table {
    name: "functions",
    id: "kernel_functions",
    path: "kernels/build_id=ID/functions.parquet",
    doc: "The line-count table: one row per (module, address) of a function with code of its own",
    columns: &[
        MODULE,
        Column::required("address", Int64, "image-relative start address: the key, with module").in_unit("bytes"),
        Column::required("link_address", Int64, "address in the ELF file, as the bits of the u64").in_unit("bytes"),
        Column::required("size", Int64, "bytes of code, all ranges").in_unit("bytes"),
        Column::required("function", Utf8, "name of the source function; of the symbol where there is no DWARF"),
        Column::required(
            "source_address",
            Int64,
            "address of the source function that this row belongs to: equal to `address` but for clones",
        )
        .in_unit("bytes"),
        Column::optional("file", Dictionary, "source file, relative to the source tree"),
        Column::optional("line", Int32, "declaration line"),
        Column::optional("end_line", Int32, "last line"),
        Column::optional(
            "extent_rule",
            Dictionary,
            "where `line` and `end_line` come from: `source` (parsed), `macro_call` (parsed: the line of a macro call without a body that makes the function), `line_rows` (declaration line of the DWARF, last own line row); \
             null without either",
        ),
        Column::optional("lines", Int32, "end_line - line + 1").in_unit("lines"),
        Column::optional("code_lines", Int32, "distinct executable (file, line) pairs in own and inlined ranges")
            .in_unit("lines"),
        Column::optional("complexity", Int32, "McCabe's cyclomatic complexity; null without sources").in_unit("paths"),
        Column::optional(
            "gnu_complexity",
            Int32,
            "score by the definition of GNU complexity 1.13 (lines weighted by nesting, not McCabe's number); \
             null without a body that it can score",
        )
        .in_unit("score"),
        Column::optional("inlined_into", Int32, "functions that hold an inlined copy of this source function")
            .in_unit("functions"),
        Column::optional("traceable", Bool, "whether ftrace can trace it; null when the file does not tell"),
    ],
};

/// Executable lines of each function.
pub const KERNEL_LINES: Table = Table {
    name: "lines",
    id: "kernel_lines",
    path: "kernels/build_id=ID/lines.parquet",
    doc: "Executable lines of each function: one row per (module, address, file, line, kind)",
    columns: &[
        MODULE,
        Column::required("address", Int64, "image-relative start address of the function that holds the line")
            .in_unit("bytes"),
        Column::required("file", Dictionary, "source file of the line, relative to the source tree"),
        Column::required("line", Int32, "line number"),
        Column::required("kind", Dictionary, "`own`, or `inlined` from another source function"),
    ],
};

/// One row per (bug, place): where the bugs lie that a kernel release has. The masses of a bug add up to 1.
pub const BUGS: Table = Table {
    name: "bugs",
    id: "bugs",
    path: "bugs/source=SOURCE/bugs.parquet",
    doc: "One row per (bug, place): where the bugs lie that a kernel release has; the masses of a bug add up to 1",
    columns: &[
        Column::required("bug", Utf8, "CVE id"),
        Column::required("file", Utf8, "file that the record names"),
        Column::required(
            "rule",
            Dictionary,
            "where the mass goes: `function` (the text names a function defined in one of the record's files), `file` (spread over the \
             file's functions by lines), `directory` (the kernel table lacks the file: spread over its directory), `outside` (the kernel \
             table lacks the directory, too)",
        ),
        Column::optional("function", Utf8, "function that the record names, for rule `function`"),
        Column::optional("module", Dictionary, "module of that function: the key into the kernel table, with address"),
        Column::optional("address", Int64, "image-relative address of that function").in_unit("bytes"),
        Column::required("mass", Float64, "share of the bug").in_unit("bugs"),
        Column::optional(
            "introduced",
            Utf8,
            "version that brought the bug, of the range that holds the release; null: unknown",
        ),
        Column::optional("fixed", Utf8, "version that has the fix, of that range; null: not fixed on this branch"),
        Column::optional("epss", Float64, "probability of exploitation within 30 days (EPSS); null without a score")
            .in_unit("probability"),
        Column::required("exploited", Bool, "whether a list of exploited bugs names it"),
        Column::optional("title", Utf8, "title of the record"),
    ],
};

/// Bugs per line: one row per (model, file), and one per function of a file in which records name functions.
///
/// A function's density is that of its own row, else that of its file, else that of the row without a file.
pub const DENSITY: Table = Table {
    name: "density",
    id: "density",
    path: "bugs/source=SOURCE/density.parquet",
    doc: "Bugs per line: one row per (model, file), and one per function of a file in which records name functions",
    columns: &[
        Column::required("model", Dictionary, "uniform, cve, epss or exploited"),
        Column::optional("file", Utf8, "source file; null: every file without a row of its own"),
        Column::optional("module", Dictionary, "module of the function; null in the row of a file"),
        Column::optional("address", Int64, "image-relative address of the source function; null in the row of a file")
            .in_unit("bytes"),
        Column::optional("subsystem", Dictionary, "part of the source tree whose fit the row follows"),
        Column::required("bugs", Float64, "mass of the bugs here, each counted with its score in the model")
            .in_unit("bugs"),
        Column::required("lines", Int64, "lines of the functions here").in_unit("lines"),
        Column::required("density", Float64, "bugs per line").in_unit("bugs per line"),
    ],
};

/// Empirical-Bayes fit of each subsystem: the number of bugs of a file is negative binomial, gamma(a, b) mixed over lines.
pub const DENSITY_FITS: Table = Table {
    name: "fits",
    id: "density_fits",
    path: "bugs/source=SOURCE/fits.parquet",
    doc: "One row per part of the source tree: the empirical-Bayes fit of its bugs",
    columns: &[
        Column::required("subsystem", Utf8, "part of the source tree"),
        Column::required("files", Int64, "files").in_unit("files"),
        Column::required("lines", Int64, "lines of their functions").in_unit("lines"),
        Column::required("bugs", Float64, "mass of the bugs").in_unit("bugs"),
        Column::optional(
            "a",
            Float64,
            "shape of the gamma prior, in bugs; null: no spread beyond Poisson, density bugs / lines",
        )
        .in_unit("bugs"),
        Column::optional("b", Float64, "rate of the gamma prior, in lines; null likewise").in_unit("lines"),
        Column::required("log_likelihood", Float64, "of the fit").in_unit("nats"),
        Column::required("poisson_log_likelihood", Float64, "of one density for the whole subsystem").in_unit("nats"),
        Column::optional("fit_statistic", Float64, "goodness of fit, see docs/method.md"),
        Column::optional("fit_p", Float64, "probability of a statistic at least as large when the fit is true")
            .in_unit("probability"),
    ],
};

/// Every table.
pub static ALL: [Table; 11] =
    [RUNS, THREADS, FUNCTIONS, WINDOWS, EVENTS, KERNEL, KERNEL_FUNCTIONS, KERNEL_LINES, BUGS, DENSITY, DENSITY_FITS];

/// The table with this [`Table::id`].
pub fn by_id(id: &str) -> Option<&'static Table> {
    ALL.iter().find(|table| table.id == id)
}
