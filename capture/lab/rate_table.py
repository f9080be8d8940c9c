#!/usr/bin/env python3
"""The table of rate.sh: median and range of each measurement, from the lines of lab-rate."""
import json
import statistics
import sys


def values(lines, kind, disk, buffer_kib, value):
    """Values of each tool, in order of first appearance."""
    found = {}
    for line in lines:
        if kind in line and (line["disk"], line["buffer_kib"]) == (disk, buffer_kib):
            found.setdefault(line[kind], []).append(value(line))
    return found


def cell(values, form):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def main():
    with open(sys.argv[1]) as file:
        lines = [json.loads(line) for line in file]
    settings = sorted({(line["disk"], line["buffer_kib"]) for line in lines if "sustained" in line})
    columns = {}
    for disk, buffer_kib in settings:
        title = f"events/s without loss, {buffer_kib:,} KiB" + (", disk of 8 MB/s" if disk == "slow" else "")
        rates = values(lines, "sustained", disk, buffer_kib, lambda line: line["events_per_s"])
        columns[title] = {tool: cell(found, ",.0f") for tool, found in rates.items()}
    for disk, buffer_kib in sorted({(line["disk"], line["buffer_kib"]) for line in lines if "slowdown" in line}):
        shares = values(lines, "slowdown", disk, buffer_kib, lambda line: line["requests_per_s"] / line["requests_per_s_alone"])
        columns["requests/s left of those without a recorder"] = {tool: cell(found, ".0%") for tool, found in shares.items()}
    print("| recorder | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for tool in next(iter(columns.values())):
        print(f"| {tool} | " + " | ".join(column[tool] for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
