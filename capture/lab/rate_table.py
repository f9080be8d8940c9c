#!/usr/bin/env python3
"""The table of rate.sh: median and range of each measurement, from the lines of lab-rate."""
import json
import statistics
import sys


def rows(lines, kind, disk, value):
    """Values of each tool, in order of first appearance."""
    found = {}
    for line in lines:
        if kind in line and line["disk"] == disk:
            found.setdefault(line[kind], []).append(value(line))
    return found


def cell(values, form):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def main():
    with open(sys.argv[1]) as file:
        lines = [json.loads(line) for line in file]
    fast, slow = (rows(lines, "sustained", disk, lambda line: line["events_per_s"]) for disk in ("fast", "slow"))
    share = rows(lines, "slowdown", "fast", lambda line: line["requests_per_s"] / line["requests_per_s_alone"])
    print("| recorder | events/s without loss | on a disk of 8 MB/s | requests/s left of those without a recorder |")
    print("|---|---|---|---|")
    for tool in fast:
        print(f"| {tool} | {cell(fast[tool], ',.0f')} | {cell(slow[tool], ',.0f')} | {cell(share[tool], '.0%')} |")


if __name__ == "__main__":
    main()
