"""The datasets of data/study and data/hostile against their manifests: what is said of them is in them."""

import json
import pathlib
import sys

import polars
from comparisons import check, finish

DATA = pathlib.Path(sys.argv[1])
# Those that the laboratory cannot have: from short captures, most of whose loads nobody counted.
SHORT = ("firecracker", "kata-qemu", "nabla")
LABORATORY = ("docker", "gvisor-kvm", "gvisor-ptrace", "gvisor-systrap", "linux-kvm", "runc")
WORKLOADS = ("node-express", "python-tornado", "redis-bench-get", "redis-bench-set")
TABLES = ("functions", "runs", "threads", "windows")
LIMIT_BYTES = 40_000_000
MIN_REQUESTS = 200
REPETITIONS = [str(repetition) for repetition in range(1, 9)]


def check_dataset(name):
    folder = DATA / name
    manifest = json.loads((folder / "manifest.json").read_text())
    runs = polars.read_parquet(folder / "runs" / "*" / "*.parquet").sort("run")
    captures = sorted((capture["run"], capture["boot_id"], capture["requests"]) for capture in manifest["captures"])
    check(f"{name}: runs", runs.select("run", "boot_id", "requests").rows(), captures)
    for table in TABLES:
        folders = sorted(path.name.removeprefix("run=") for path in (folder / table).iterdir())
        check(f"{name}: {table}", folders, [run for run, _, _ in captures])
    files = [path for table in TABLES for path in (folder / table).rglob("*.parquet")]
    check(f"{name}: size", sum(path.stat().st_size for path in files) < LIMIT_BYTES, True)
    check(f"{name}: kernel", runs["build_id"].unique().to_list(), [kernel["build_id"] for kernel in manifest["recorders"]["kernels"]])
    sums = runs.select(polars.sum("events_lost", "undecodable_bytes", "unresolved_addresses"), polars.count("failure")).rows()
    check(f"{name}: nothing lost, nothing failed", sums, [(0, 0, 0, 0)])
    calls = polars.read_parquet(folder / "functions" / "*" / "*.parquet").group_by(polars.col("run").cast(polars.String)).agg(polars.sum("calls"))
    # A sandbox that sleeps calls nothing.
    called = runs.filter(polars.col("function_events") > 0)
    check(f"{name}: calls", dict(calls.rows()), dict(called.select("run", "function_events").rows()))
    return runs


study = check_dataset("study")
loaded = study.filter(polars.col("workload").is_in(WORKLOADS) & ~polars.col("runtime").is_in(SHORT))
repetitions = loaded.group_by("runtime", "workload").agg(polars.col("repetition").sort()).sort("runtime", "workload").rows()
check("study: repetitions", repetitions, [(runtime, workload, REPETITIONS) for runtime in LABORATORY for workload in WORKLOADS])
few = loaded.filter(polars.col("requests").fill_null(0) < MIN_REQUESTS).select("run", "requests").rows()
check("study: requests served", few, [])
check_dataset("hostile")
finish("readers, study")
