#!/usr/bin/env python3
"""Compares the functions of a recording with those of two recordings by trace-cmd: compare.py RUN TRACE-CMD-RUN TRACE-CMD-RUN

Two recordings of one sandbox never have quite the same functions. What both have and RUN lacks, and what RUN has and neither
has, must not be more than what the two differ by. Functions count that were called in the context of a task, as in HAP: in
interrupts a thread also runs what others have asked for, the ends of a recorder's own writes among them.
"""
import re
import sys
from collections import Counter
from pathlib import Path

from check import function, report

# Name, process, CPU; of the flags the third is h, H, s, z or Z in interrupts.
CALL = re.compile(r"^\s*.*-\d+\s+\d+\D\S(?P<interrupt>\S)\S*\s+[\d.]+: function:\s+(?P<name>.*)$")


def task_calls(run):
    """Calls of each function in the context of a task, as `trace-cmd report` tells it."""
    return Counter(function(call["name"]) for call in report(run, CALL, "-l") if call["interrupt"] == ".")


def main():
    run, first, second = (task_calls(Path(path)) for path in sys.argv[1:4])
    limit = len(first.keys() ^ second.keys())
    lacking = (first.keys() & second.keys()) - run.keys()
    surplus = run.keys() - (first.keys() | second.keys())
    print(
        f"compare: {len(run)} functions, trace-cmd {len(first)} and {len(second)} that differ by {limit};"
        f" lacking {len(lacking)}, surplus {len(surplus)}",
        file=sys.stderr,
    )
    for title, names, counts in (("lacking", lacking, first), ("surplus", surplus, run)):
        for name in sorted(names, key=lambda name: -counts[name])[:10]:
            print(f"compare: {title} {name}, {counts[name]} calls", file=sys.stderr)
    return 0 if len(lacking) <= limit and len(surplus) <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
