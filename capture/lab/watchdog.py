#!/usr/bin/env python3
"""Frees a virtual machine from QEMU's stale translations: watchdog.py MONITOR KALLSYMS.

While the function tracer is switched on, the kernel puts a breakpoint at each call site and takes it away again. Under
multi-threaded emulation a CPU sometimes keeps the translation with the breakpoint and runs into it for ever. Toggling a flag
that is part of a translation's key (the log item "nochain" on QEMU's monitor) makes it use another translation. Ends with QEMU.
"""
import bisect
import re
import socket
import sys
import time

BREAKPOINT = (
    "exc_int3", "asm_exc_int3", "irqentry_nmi", "paranoid_", "kprobe_int3", "poke_int3", "notify_die", "do_int3",
    "get_kprobe", "error_", "sync_regs", "fixup_bad",
)  # fmt: skip
CPUS = 2
SAMPLES = 8
STUCK = 5
PERIOD_S = 3


class Symbols:
    """Kernel functions by address."""

    def __init__(self, path):
        with open(path) as file:
            rows = (line.split() for line in file)
            self.symbols = sorted((int(row[0], 16), row[2]) for row in rows if row[1] in "tT")
        self.addresses = [address for address, _ in self.symbols]

    def name(self, address):
        place = bisect.bisect(self.addresses, address) - 1
        return "user" if place < 0 else self.symbols[place][1]


def monitor(path, commands):
    """What QEMU's monitor answers; the monitor takes one client at a time and prints without an end mark."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(3)
        connection.connect(path)
        time.sleep(0.05)
        connection.sendall(commands.encode())
        time.sleep(0.25)
        try:
            return connection.recv(1 << 16).decode("latin1")
        except socket.timeout:
            return ""


def running(path, symbols):
    """The function that each CPU runs at this moment."""
    answer = monitor(path, "".join(f"cpu {cpu}\ninfo registers\n" for cpu in range(CPUS)))
    return [symbols.name(int(address, 16)) for address in re.findall(r"RIP=([0-9a-f]+)", answer)]


def stuck(path, symbols):
    """The CPUs that were in the breakpoint's handler in most of some samples."""
    if not any(name.startswith(BREAKPOINT) for name in running(path, symbols)):
        return []
    samples = [running(path, symbols) for _ in range(SAMPLES)]
    hits = [sum(len(s) > cpu and s[cpu].startswith(BREAKPOINT) for s in samples) for cpu in range(CPUS)]
    return [cpu for cpu in range(CPUS) if hits[cpu] >= STUCK]


def main():
    path, symbols = sys.argv[1], Symbols(sys.argv[2])
    chained = True
    while True:
        try:
            cpus = stuck(path, symbols)
            if cpus:
                chained = not chained
                monitor(path, "log cpu_reset\n" if chained else "log cpu_reset,nochain\n")
                print(time.strftime("%T"), "freed CPUs", cpus, flush=True)
        except (ConnectionError, FileNotFoundError):
            return
        time.sleep(PERIOD_S)


if __name__ == "__main__":
    main()
