"""Counts of events by KernelShark's library and by hap-ingest: compare.py COUNTER DATASET CAPTURES"""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
from comparisons import check, finish


def of_kernelshark(counter: str, trace: Path) -> tuple[dict[str, int], str]:
    """Events by name, and what the library complains of."""
    done = subprocess.run([counter, trace], check=True, capture_output=True, text=True)
    counts = {}
    for line in done.stdout.splitlines():
        event, count = line.rsplit(" ", 1)
        # system/event; hap's tables have no systems
        counts[event.split("/")[1]] = int(count)
    return counts, done.stderr


def of_hap(dataset: Path, run: str) -> dict[str, int]:
    counts = pl.read_parquet(dataset / f"runs/run={run}/runs.parquet")["event_counts"].item()
    return {count["name"]: count["count"] for count in counts}


def main() -> None:
    counter, dataset, captures = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    traces = sorted(captures.glob("*/trace.dat"))
    check("captures", len(traces), 8)
    for trace in traces:
        run = json.loads((trace.parent / "run.json").read_text())["run"]
        check(run, of_kernelshark(counter, trace), (of_hap(dataset, run), ""))
    finish("kernelshark")


main()
