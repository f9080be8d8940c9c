"""Compares table `lines` with addr2line on random functions.

    check_lines.py TABLES FILE [--module NAME] [--count N] [--program addr2line] [--step BYTES] [--skip BYTES]

TABLES is the folder of a kernel's tables, FILE its vmlinux, or a module's file with --module. The functions are the first
N in the order of the SHA-256 of `hap-lines:` and their address, of those that lie in one piece (without a cold part);
the program is asked for every instruction slot of theirs, of traceable ones without the first bytes to skip: on arm64 the
debug information leaves out the 8 bytes that ftrace patches, and addr2line tells the last line of the function before.
Prints what was compared and every difference; exit code 1
with any pair of file and line that only one side has. Needs pyarrow.
"""

import argparse
import collections
import hashlib
import pathlib
import re
import subprocess
import sys

import pyarrow.compute
import pyarrow.parquet

FRAME = re.compile(r"(.*):(\d+|\?)(?: \(discriminator \d+\))?")


def draw(args):
    """First and last byte to ask for, and image-relative address of the drawn functions."""
    columns = ["module", "address", "link_address", "size", "code_lines", "traceable"]
    table = pyarrow.parquet.read_table(pathlib.Path(args.tables) / "functions.parquet", columns=columns)
    rows = [row for row in table.to_pylist() if row["module"] == args.module and row["code_lines"]]
    symbols = subprocess.run(["nm", "-S", args.file], capture_output=True, text=True, check=True).stdout
    sizes = collections.defaultdict(set)
    for fields in map(str.split, symbols.splitlines()):
        if len(fields) == 4:
            sizes[int(fields[0], 16)].add(int(fields[1], 16))
    whole = [row for row in rows if row["size"] in sizes[row["link_address"] % (1 << 64)]]
    if args.module != "vmlinux":
        # The sections of a module all start at zero: addr2line is asked about the first.
        whole = [row for row in whole if row["address"] == row["link_address"]]
    order = sorted(whole, key=lambda row: hashlib.sha256(f"hap-lines:{row['address']}".encode()).digest())
    drawn = []
    for row in order[: args.count]:
        start = row["link_address"] % (1 << 64)
        drawn.append((start + (args.skip if row["traceable"] else 0), start + row["size"], row["address"]))
    return drawn


def table_lines(args, addresses):
    """Kind by file and line, of each function."""
    table = pyarrow.parquet.read_table(pathlib.Path(args.tables) / "lines.parquet", filters=[("module", "==", args.module)])
    wanted = table.filter(pyarrow.compute.is_in(table["address"], pyarrow.array(addresses, pyarrow.int64())))
    found = {address: {} for address in addresses}
    for row in wanted.to_pylist():
        found[row["address"]][row["file"], row["line"]] = row["kind"]
    return found


def frames(args, addresses):
    """Innermost file and line of each address, and the number of frames."""
    command = [args.program, "-a", "-i", "-e", args.file]
    command += ["-j", ".text"] if args.module != "vmlinux" else []
    text = "".join(f"{address:#x}\n" for address in addresses)
    output = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    found, current = [], None
    for line in output.splitlines():
        if re.fullmatch(r"0x[0-9a-f]+", line):
            current = []
            found.append(current)
        else:
            current.append(FRAME.fullmatch(line).groups())
    return found


def normal(path):
    """A path without `.` and `..`."""
    parts = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def program_lines(args, functions, files):
    """Kind by file and line, of each function; paths as the table has them."""
    slots = [(address, slot) for start, end, address in functions for slot in range(start, end, args.step)]
    found = {address: {} for _, _, address in functions}
    names = {}
    for (address, _), stack in zip(slots, frames(args, [slot for _, slot in slots]), strict=True):
        path, line = stack[0]
        if line in ("?", "0"):
            continue
        if path not in names:
            whole = normal(path)
            names[path] = next((file for file in files if whole == file or whole.endswith("/" + file)), whole)
        key = (names[path], int(line))
        found[address][key] = "own" if len(stack) == 1 or found[address].get(key) == "own" else "inlined"
    return found, len(slots)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tables")
    parser.add_argument("file")
    parser.add_argument("--module", default="vmlinux")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--program", default="addr2line")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0)
    args = parser.parse_args()
    functions = draw(args)
    ours = table_lines(args, [address for *_, address in functions])
    files = {file for lines in ours.values() for file, _ in lines}
    theirs, slots = program_lines(args, functions, sorted(files, key=len, reverse=True))
    pairs = {(address, *key) for address, lines in ours.items() for key in lines}
    others = {(address, *key) for address, lines in theirs.items() for key in lines}
    kinds = [key for key in pairs & others if ours[key[0]][key[1:]] != theirs[key[0]][key[1:]]]
    print(f"{len(functions)} functions, {slots} addresses: {len(pairs & others)} pairs of file and line are the same,")
    print(f"{len(kinds)} of them of another kind; {len(pairs - others)} only here, {len(others - pairs)} only there")
    for name, keys in (("only here", pairs - others), ("only there", others - pairs), ("kind", kinds)):
        for key in sorted(keys)[:20]:
            print(f"{name}: {key[0]:#x} {key[1]}:{key[2]}")
    return int(pairs != others)


if __name__ == "__main__":
    sys.exit(main())
