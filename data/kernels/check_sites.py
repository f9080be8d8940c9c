"""Compares column `traceable` with the lists of call sites in the files.

    check_sites.py TABLES VMLINUX [MODULES]

TABLES is the folder of a kernel's tables, made without --available-filter-functions. Reads the ELF files by itself: the
addresses between `__start_mcount_loc` and `__stop_mcount_loc` of vmlinux (in a position-independent one those of
.rela.dyn), and the relocations of `__mcount_loc` (arm64: `__patchable_function_entries`) of the modules. A site is
matched to the row whose first bytes hold it, or that it stands right before; of modules the numbers are compared. A site
in no row is that of a weak function that another one replaces. Exit code 1 when a traceable row has no site, a site is in
a row that is not traceable, or a module has more traceable rows than sites. Needs pyarrow.
"""

import bisect
import collections
import pathlib
import struct
import sys

import pyarrow.parquet

AARCH64 = 183
RELATIVE = 0x403
# Bytes in which a site lies: behind ENDBR or BTI, or on arm64 up to two instructions before the entry point.
AFTER, BEFORE = 16, 8


class Elf:
    """As much of an ELF file as lists call sites."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        self.machine = struct.unpack_from("<H", self.data, 18)[0]
        start, = struct.unpack_from("<Q", self.data, 0x28)
        count, names = struct.unpack_from("<HH", self.data, 0x3C)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, start + 64 * index) for index in range(count)]
        texts = self.sections[names][4]
        self.names = [self.text(texts + section[0]) for section in self.sections]

    def text(self, place):
        return self.data[place : self.data.index(b"\0", place)].decode()

    def symbols(self):
        """Name, section and value of each symbol."""
        table = next(section for section in self.sections if section[1] == 2)
        texts = self.sections[table[6]][4]
        for place in range(table[4], table[4] + table[5], 24):
            name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.data, place)
            yield self.text(texts + name), section, value

    def relocations(self, name):
        """Place, symbol, type and addend of each relocation in the sections of a name."""
        for section, found in zip(self.sections, self.names, strict=True):
            if found == name:
                for place in range(section[4], section[4] + section[5], 24):
                    offset, info, addend = struct.unpack_from("<QQQ", self.data, place)
                    yield offset, info >> 32, info & 0xFFFFFFFF, addend


def kernel_sites(path):
    """Addresses of the call sites of vmlinux."""
    elf = Elf(path)
    limits = {name: value for name, _, value in elf.symbols() if name.endswith("_mcount_loc")}
    start, stop = limits["__start_mcount_loc"], limits["__stop_mcount_loc"]
    holder = next(section for section in elf.sections if section[3] <= start < section[3] + section[5])
    place = holder[4] + start - holder[3]
    sites = struct.unpack_from(f"<{(stop - start) // 8}Q", elf.data, place)
    if any(sites):
        return sites
    return [addend for offset, _, kind, addend in elf.relocations(".rela.dyn") if start <= offset < stop and kind == RELATIVE]


def module_sites(path):
    """Section and offset of the call sites of a module, and its name."""
    elf = Elf(path)
    section = "__patchable_function_entries" if elf.machine == AARCH64 else "__mcount_loc"
    symbols = list(elf.symbols())
    targets = [(symbols[symbol], addend) for _, symbol, _, addend in elf.relocations(".rela" + section)]
    return [(elf.names[where], value + addend) for (_, where, value), addend in targets]


def match(sites, rows):
    """Rows with a site, and the sites in no row."""
    starts = sorted(rows)
    hit, lost = set(), []
    for site in sites:
        index = bisect.bisect_right(starts, site) - 1
        if index >= 0 and site - starts[index] < min(AFTER, rows[starts[index]]):
            hit.add(starts[index])
        elif index + 1 < len(starts) and starts[index + 1] - site <= BEFORE:
            hit.add(starts[index + 1])
        else:
            lost.append(site)
    return hit, lost


def main(tables, vmlinux, modules=None):
    columns = ["module", "link_address", "size", "traceable"]
    by_module = collections.defaultdict(list)
    for row in pyarrow.parquet.read_table(pathlib.Path(tables) / "functions.parquet", columns=columns).to_pylist():
        by_module[row["module"]].append(row)
    sites = kernel_sites(vmlinux)
    rows = {row["link_address"] % (1 << 64): row["size"] for row in by_module["vmlinux"]}
    told = {row["link_address"] % (1 << 64) for row in by_module["vmlinux"] if row["traceable"]}
    hit, lost = match(sites, rows)
    print(f"vmlinux: {len(sites)} call sites, {len(told)} traceable rows, {len(hit ^ told)} differ; {len(lost)} sites in no row")
    bad = hit ^ told
    files = [path for path in pathlib.Path(modules).rglob("*") if path.name.endswith((".ko", ".ko.debug"))] if modules else []
    counts = collections.Counter()
    for path in sorted(files):
        module = path.name.removesuffix(".debug").removesuffix(".ko").replace("-", "_")
        core = sum(not section.startswith(".init") for section, _ in module_sites(path))
        traceable = sum(bool(row["traceable"]) for row in by_module[module])
        counts.update({"core": core, "traceable": traceable})
        if core != traceable:
            print(f"{module}: {core} call sites, {traceable} traceable rows")
            bad |= {module} if core < traceable else set()
    print(f"{len(files)} modules: {counts['core']} call sites outside of init sections, {counts['traceable']} traceable rows")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
