"""HAP, union, core and difference by DuckDB, Polars and pandas (schemas/sql): the same as hap-analyze's, on all bundled captures."""

import json
import math
import pathlib
import subprocess
import sys

import duckdb
from comparisons import finish, judge

ANALYZE, DATASET = sys.argv[1:]
FRAMES = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "sql"
sys.path.insert(0, str(FRAMES))
import pandas_frames  # noqa: E402
import polars_frames  # noqa: E402

HAP = ["runtime", "workload", "metric", "runs", "mean", "stddev", "union", "core", "singletons", "events_lost"]
DIFFERENCE = ["side", "module", "function", "address", "file", "lines", "calls_a", "calls_b", "runs_a", "runs_b"]
# What is asked for beside the default: interrupts of named roles; every context with observer functions and failed runs.
SCOPES = {
    "default": {},
    "interrupts of roles": {"contexts": ["softirq", "hardirq"], "roles": ["vhost", "kvm", "shim", "other"]},
    "everything": {"contexts": ["task", "softirq", "hardirq", "nmi"], "observer": True, "failed": True},
}
# Labels of the runs of the two sides; `special` has failed and lossy runs.
SIDES = {
    "runc and nabla": ({"runtime": "runc", "set": "study"}, {"runtime": "nabla", "set": "study"}),
    "special": ({"runtime": "runc", "set": "special"}, {"runtime": "linux-kvm", "set": "special"}),
}


def options(scope):
    """The scope as options of hap-analyze."""
    words = []
    if "contexts" in scope:
        words += ["--context", ",".join(scope["contexts"])]
    if "roles" in scope:
        words += ["--role", ",".join(scope["roles"])]
    words += ["--observer", "include"] if scope.get("observer") else []
    return words + (["--failed", "include"] if scope.get("failed") else [])


def analyze(*words):
    """Rows that hap-analyze writes as JSON. Exit code 1: the special captures are lossy on purpose."""
    command = [ANALYZE, *words, "--dataset", DATASET, "--format", "json"]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{command}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def plain(value):
    """A value that compares: no NaN for null, fractions to nine digits, since sums of floats depend on their order."""
    if value is None or value != value:
        return None
    if isinstance(value, float) or hasattr(value, "dtype") and value.dtype.kind == "f":
        value = float(value)
        return round(value, 9 - math.floor(math.log10(abs(value)))) if value else 0.0
    return value if isinstance(value, str) else int(value)


def rows(found, columns):
    """Rows in an order that does not depend on the engine, numbers as floats."""
    table = [tuple(plain(row[column]) for column in columns) for row in found]
    as_floats = [tuple(float(cell) if isinstance(cell, int) else cell for cell in row) for row in table]
    return sorted(as_floats, key=lambda row: [(cell is None, str(cell)) for cell in row])


def check(name, found, expected):
    """Compares rows, of which there must be some; tells those that differ."""
    if judge(name, found == expected and bool(expected)):
        return
    lost, more = [row for row in expected if row not in found], [row for row in found if row not in expected]
    print(f"  {len(found)} rows found, {len(expected)} expected")
    print(f"  only hap-analyze {lost[:3]}\n  only here {more[:3]}")


def duckdb_connection():
    connection = duckdb.connect()
    connection.execute(f"set variable dataset = '{DATASET}'")
    for name in ("views", "reached", "hap", "difference"):
        connection.execute((FRAMES / f"{name}.sql").read_text())
    return connection


def duckdb_rows(macro, scope, *words):
    """Rows of a table macro; a scope's names are those of its parameters."""
    texts = [*words, *(f"{name} := {json.dumps(value) if not isinstance(value, list) else value}" for name, value in scope.items())]
    found = CONNECTION.sql(f"from {macro}({', '.join(texts)})")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def check_hap(name, scope):
    expected = rows(analyze("hap", "--metric", "functions,lines,code_lines,complexity", *options(scope)), HAP)
    check(f"hap, {name}, DuckDB", rows(duckdb_rows("hap", scope), HAP), expected)
    check(f"hap, {name}, Polars", rows(polars_frames.hap(DATASET, **scope).to_dicts(), HAP), expected)
    check(f"hap, {name}, pandas", rows(pandas_frames.hap(DATASET, **scope).to_dict("records"), HAP), expected)


def runs_of(labels):
    """Ids of the runs with these labels."""
    free = set(polars_frames.labelled(DATASET, set=labels["set"]))
    runs = polars_frames.table(DATASET, "runs/*/runs.parquet").select("run", "runtime").collect()
    return sorted(str(run) for run, runtime in runs.rows() if run in free and runtime == labels["runtime"])


def check_difference(name, sides, core):
    selectors = [",".join(f"{key}={value}" for key, value in labels.items()) for labels in sides]
    expected = analyze("diff", *selectors, *(["--core"] if core else []))
    a, b = map(runs_of, sides)
    name = f"difference, {name}{', core' if core else ''}"
    expected = rows(expected, DIFFERENCE)
    found = duckdb_rows("difference", {"core": core}, str(a), str(b))
    check(f"{name}, DuckDB", rows(found, DIFFERENCE), expected)
    found = polars_frames.difference(DATASET, a, b, core=core).to_dicts()
    check(f"{name}, Polars", rows(found, DIFFERENCE), expected)
    found = pandas_frames.difference(DATASET, a, b, core=core).to_dict("records")
    check(f"{name}, pandas", rows(found, DIFFERENCE), expected)


CONNECTION = duckdb_connection()
for name, scope in SCOPES.items():
    check_hap(name, scope)
for name, sides in SIDES.items():
    check_difference(name, sides, core=False)
check_difference("runc and nabla", SIDES["runc and nabla"], core=True)
finish("readers, figures")
