#!/usr/bin/env python3
"""Makes a dataset that can be published of studies that were run in the laboratory, with a manifest of what it was made from.

publish.py [--add] [--level N] [--window DURATION] [--short CAPTURES]... --out DATASET --plan PLAN.toml... RUNS...

RUNS are folders of `make lab-study`; CAPTURES are others, of runtimes that the laboratory cannot have, labelled study=short. The
tables functions, windows, threads and runs are written by hap-ingest (of the folder HAP_BIN, or the PATH). DATASET/manifest.json
has the plans with their seeds, versions of every program that matters, and of each capture the bytes and SHA-256 of its files:
the captures themselves are too large to be published beside it. With --add, the runs of an earlier call stay in the dataset
and in its manifest, whose captures may be gone by now; where a program differs between the calls, its versions are all named.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from operator import itemgetter
from pathlib import Path

TABLES = ("functions", "runs", "threads", "windows")
CACHE = Path(os.environ.get("HAP_LAB", Path.home() / ".cache/hap-lab"))
PACKAGES = Path(__file__).parent / "packages"


def main():
    arguments = parse()
    program = str(Path(os.environ["HAP_BIN"], "hap-ingest")) if "HAP_BIN" in os.environ else "hap-ingest"
    before = json.loads((arguments.out / "manifest.json").read_text()) if arguments.add else start_anew(arguments.out)
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
        "captures": [capture(folder, run) for folder, run in (recorded | short).items()],
    }
    (arguments.out / "manifest.json").write_text(text(joined(before, manifest)))


def start_anew(dataset):
    """Takes the tables away; the manifest of no runs."""
    for table in TABLES:
        shutil.rmtree(dataset / table, ignore_errors=True)
    return {}


def joined(before, now):
    """The manifest of an earlier call with that of this one, whose runs take the place of runs of the same name."""
    if not before:
        return now | {"captures": sorted(now["captures"], key=itemgetter("run"))}
    if before["ingest"] != now["ingest"]:
        sys.exit(f"the dataset was made by {before['ingest']}, not by {now['ingest']}")
    return {
        "plans": joined_lists(before["plans"], now["plans"], key=itemgetter("file")),
        "ingest": now["ingest"],
        "recorders": {key: joined_lists(before["recorders"][key], listed, key=str) for key, listed in now["recorders"].items()},
        "packages": {where: joined_versions(before["packages"][where], known) for where, known in now["packages"].items()},
        "captures": joined_lists(before["captures"], now["captures"], key=itemgetter("run")),
    }


def joined_lists(before, now, key):
    by_key = {key(item): item for item in before + now}
    return [by_key[found] for found in sorted(by_key)]


def joined_versions(before, now):
    """Of each package its version, or all that were there, the oldest first: "1, 2"."""
    seen = {name: before.get(name, "").split(", ") for name in now}
    return {name: ", ".join(dict.fromkeys(filter(None, [*seen[name], version]))) for name, version in now.items()}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--add", action="store_true")
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
