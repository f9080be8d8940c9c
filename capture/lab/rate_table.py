#!/usr/bin/env python3
"""The table of rate.sh: median and range of each measurement, from the lines of lab-rate."""
import json
import statistics
import sys


def settings(lines, kind):
    """Disks and ring buffers of a kind of measurement."""
    return sorted({(line["disk"], line["buffer_kib"]) for line in lines if kind in line})


def column(lines, kind, setting, value, form):
    """The cell of each tool, in order of first appearance."""
    found = {}
    for line in lines:
        if kind in line and (line["disk"], line["buffer_kib"]) == setting:
            found.setdefault(line[kind], []).append(value(line))
    return {tool: cell(values, form) for tool, values in found.items()}


def cell(values, form):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def main():
    with open(sys.argv[1]) as file:
        lines = [json.loads(line) for line in file]
    columns = {}
    for disk, buffer_kib in settings(lines, "sustained"):
        title = f"events/s without loss, {buffer_kib:,} KiB" + (", disk of 8 MB/s" if disk == "slow" else "")
        columns[title] = column(lines, "sustained", (disk, buffer_kib), lambda line: line["events_per_s"], ",.0f")
    # One setting: rate.sh measures it with one buffer on one disk.
    [setting] = settings(lines, "slowdown")
    share = column(lines, "slowdown", setting, lambda line: line["requests_per_s"] / line["requests_per_s_alone"], ".0%")
    columns["requests/s left of those without a recorder"] = share
    print("| recorder | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for tool in share:
        print(f"| {tool} | " + " | ".join(cells[tool] for cells in columns.values()) + " |")


if __name__ == "__main__":
    main()
