#!/usr/bin/env python3
"""Checks one recording against what is known of its runtime, with trace-cmd as the reader.

check.py RUN [--roles ROLE,...] [--has FUNCTION,...] [--lacks FUNCTION,...] [--syscalls some|none|any] [--lost N] [--late THREAD]

Every check is made, each failure is a line on stderr; the exit code is 1 when there was any.
"""
import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

LINE = re.compile(r"^\s*(?P<comm>.*)-(?P<pid>\d+)\s+\[\d+\]\s+[\d.]+: (?P<event>\w+):\s+(?P<rest>.*)$")


# What the compiler appends to a clone's name, which differs between kernels.
CLONE = re.compile(r"\.(part|isra|constprop|cold)\b.*$")


def report(run, pattern, *options):
    """Matches of a pattern with the lines that `trace-cmd report` prints of a run."""
    command = ["trace-cmd", "report", "-q", *options, "-i", str(run / "trace.dat")]
    printed = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace")
    yield from filter(None, map(pattern.match, printed.stdout))
    if printed.wait() != 0:
        raise RuntimeError(f"{' '.join(command)} failed")


def function(rest):
    """The function's name in a function event, as the source has it."""
    return CLONE.sub("", rest.split()[0])


class Recording:
    """What trace-cmd reads from a run's trace.dat, and what the recorder says of it."""

    def __init__(self, run):
        self.metadata = json.loads((run / "run.json").read_text())
        self.functions = Counter()
        self.events = Counter()
        for line in report(run, LINE):
            self.events[line["event"]] += 1
            if line["event"] == "function":
                self.functions[function(line["rest"])] += 1

    def lost(self):
        return sum(cpu["overrun"] + cpu["commit_overrun"] + cpu["dropped"] for cpu in self.metadata.get("cpus", []))


def failures(recording, options):
    metadata = recording.metadata
    if metadata.get("failure"):
        yield f"marked as failed: {metadata['failure']}"
    recorded, read = sum(cpu.get("entries", 0) for cpu in metadata.get("cpus", [])), sum(recording.events.values())
    if recorded != read:
        yield f"{recorded} events recorded by its own account, {read} read by trace-cmd"
    if recording.lost() > options.lost:
        yield f"{recording.lost()} events lost"
    if not recording.events["function"]:
        yield "no event function"
    for event in ("sys_enter", "sys_exit"):
        if options.syscalls != "any" and bool(recording.events[event]) != (options.syscalls == "some"):
            yield f"{recording.events[event]} events {event}, expected {options.syscalls}"
    roles = {thread["role"] for thread in metadata["threads"]}
    if options.roles and roles != set(options.roles):
        yield f"roles {sorted(roles)}, expected {sorted(options.roles)}"
    if options.late and not any(thread["comm"] == options.late and thread["at_start"] is False for thread in metadata["threads"]):
        yield f"no thread {options.late} that came while it was recorded"
    for alternatives in options.has:
        if not any(name in recording.functions for name in alternatives.split("|")):
            yield f"{alternatives} was not called"
    for name in options.lacks:
        if name in recording.functions:
            yield f"{name} was called {recording.functions[name]} times"


def names(text):
    return text.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--roles", type=names, default=[], help="exactly these")
    parser.add_argument("--has", type=names, default=[])
    parser.add_argument("--lacks", type=names, default=[])
    parser.add_argument("--late", help="a thread of this name came while it was recorded")
    parser.add_argument("--syscalls", choices=("some", "none", "any"), default="some")
    parser.add_argument("--lost", type=int, default=0)
    options = parser.parse_args()
    recording = Recording(options.run)
    found = list(failures(recording, options))
    calls, kinds = sum(recording.functions.values()), len(recording.functions)
    print(f"check: {options.run.name}: {calls} calls of {kinds} functions, {recording.lost()} lost", file=sys.stderr)
    for failure in found:
        print(f"check: {options.run.name}: FAILED: {failure}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
