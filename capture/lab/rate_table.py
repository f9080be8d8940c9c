#!/usr/bin/env python3
"""The table of rate.sh: median and range of each measurement, from the lines of lab-rate."""
import json
import statistics
import sys


def rows(lines, kind, value):
    """Values of each tool, in order of first appearance."""
    found = {}
    for line in lines:
        if kind in line:
            found.setdefault(line[kind], []).append(value(line))
    return found


def cell(values, form):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def main():
    with open(sys.argv[1]) as file:
        lines = [json.loads(line) for line in file]
    sustained = rows(lines, "sustained", lambda line: line["events_per_s"])
    share = rows(lines, "slowdown", lambda line: line["requests_per_s"] / line["requests_per_s_alone"])
    print("| recorder | events/s without loss | requests/s left of those without a recorder |")
    print("|---|---|---|")
    for tool, values in sustained.items():
        print(f"| {tool} | {cell(values, ',.0f')} | {cell(share[tool], '.0%')} |")


if __name__ == "__main__":
    main()
