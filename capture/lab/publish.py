#!/usr/bin/env python3
"""Makes a dataset that can be published of studies that were run in the laboratory, with a manifest of what it was made from.

publish.py [--level N] [--window DURATION] [--short CAPTURES]... --out DATASET --plan PLAN.toml... RUNS...

RUNS are folders of `make lab-study`; CAPTURES are others, of runtimes that the laboratory cannot have, labelled study=short. The
tables functions, windows, threads and runs are written by hap-ingest (of the folder HAP_BIN, or the PATH). DATASET/manifest.json
has the plans with their seeds, versions of every program that matters, and of each capture the bytes and SHA-256 of its files:
the captures themselves are too large to be published beside it.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

TABLES = ("functions", "runs", "threads", "windows")
CACHE = Path(os.environ.get("HAP_LAB", Path.home() / ".cache/hap-lab"))
PACKAGES = Path(__file__).parent / "packages"


def main():
    arguments = parse()
    program = str(Path(os.environ["HAP_BIN"], "hap-ingest")) if "HAP_BIN" in os.environ else "hap-ingest"
    for table in TABLES:
        shutil.rmtree(arguments.out / table, ignore_errors=True)
    # Listed once: a study may go on meanwhile.
    recorded, short = captures(arguments.runs), captures(arguments.short)
    options = ["--window", arguments.window, "--level", arguments.level, "--out", arguments.out]
    ingest(program, *recorded, *options)
    if short:
        ingest(program, *short, *options, "--label", "study=short")
    manifest = {
        "plans": [plan(path) for path in arguments.plan],
        "ingest": {"tool": tool(program), "window": arguments.window, "level": arguments.level},
        "recorders": recorders(recorded.values()),
        "packages": packages(),
        "captures": [capture(folder, run) for folder, run in sorted((recorded | short).items())],
    }
    (arguments.out / "manifest.json").write_text(text(manifest))


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plan", type=Path, action="append", required=True)
    parser.add_argument("--short", type=Path, action="append", default=[])
    parser.add_argument("--window", default="2s")
    parser.add_argument("--level", default="19")
    parser.add_argument("runs", type=Path, nargs="+")
    return parser.parse_args()


def ingest(program, *arguments):
    ingested = subprocess.run([program, "runs", *map(str, arguments)])
    # 1: what is missing has been told, and stands in table runs.
    if ingested.returncode > 1:
        sys.exit(ingested.returncode)


def captures(folders):
    """The folder of every run, and its run.json."""
    return {path.parent: json.loads(path.read_text()) for folder in folders for path in folder.rglob("run.json")}


def plan(path):
    content = path.read_text()
    return {"file": path.name, "sha256": hashlib.sha256(content.encode()).hexdigest(), "seed": tomllib.loads(content)["seed"]}


def tool(program):
    return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()


def recorders(runs):
    """Recorders and kernels that the runs name; more than one of either is worth knowing."""
    kernels = {(run["kernel"]["release"], run["kernel"]["version"], run["kernel"]["build_id"]) for run in runs}
    return {
        "tools": sorted({run["tool"] for run in runs}),
        "kernels": [dict(zip(("release", "version", "build_id"), kernel)) for kernel in sorted(kernels)],
        "boots": len({run["boot_id"] for run in runs}),
    }


def packages():
    """Debian packages with their versions, by where they were installed."""
    roots = {"virtual machine": (CACHE / "root", "vm.txt"), "container": (CACHE / "container", "container.txt")}
    known = {where: versions(names(PACKAGES / file), root) for where, (root, file) in roots.items()}
    return known | {"machine": versions(["qemu-system-x86"], Path("/"))}


def names(path):
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line.split("/")[0] for line in lines if line]


def versions(wanted, root):
    command = ["dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "--show", "--showformat=${Package} ${Version}\\n", *wanted]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(line.split() for line in listed.splitlines())


def capture(folder, run):
    files = {name: digest(folder / name) for name in ("trace.dat", "run.json")}
    return {"run": run["run"], "boot_id": run["boot_id"], "requests": run.get("requests"), "files": files}


def digest(path):
    with open(path, "rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def text(manifest):
    """JSON, one line a capture."""
    *head, captures = manifest.items()
    lines = ",\n  ".join(json.dumps(capture) for capture in captures[1])
    shown = json.dumps(dict(head), indent=1).rstrip("}").rstrip()
    return f'{shown},\n "captures": [\n  {lines}\n ]\n}}\n'


if __name__ == "__main__":
    sys.exit(main())
