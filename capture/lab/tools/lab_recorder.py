"""The two recorders side by side: started, known to record, counted by the kernel's own ring buffers, stopped."""
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

TRACEFS = Path("/sys/kernel/tracing")
START_LIMIT_S = 180
SYSCALLS = ["-e", "raw_syscalls:sys_enter", "-e", "raw_syscalls:sys_exit"]


def parents():
    """Parent of each process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def threads(processes):
    """Threads of processes and their descendants."""
    family, parent_of = list(processes), parents()
    for member in family:
        family += [child for child, parent in parent_of.items() if parent == member and child not in family]
    return sorted(int(task.name) for member in family for task in Path(f"/proc/{member}/task").glob("*"))


@dataclass
class Counts:
    """What the ring buffers of a tracing instance have seen."""

    events: int
    lost: int

    def __sub__(self, other):
        return Counts(self.events - other.events, self.lost - other.lost)


def counts(instance):
    """Events ever written to the ring buffers of an instance, and those of them that nobody will read."""
    total = {}
    for file in instance.glob("per_cpu/cpu*/stats"):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(":")
            if value.strip().isdigit():
                total[key] = total.get(key, 0) + int(value)
    lost = total["overrun"] + total["commit overrun"] + total["dropped events"]
    return Counts(total["entries"] + total["read events"] + lost, lost)


@dataclass
class Recorder:
    """A recorder of some processes, into a folder."""

    out: Path
    buffer_kib: int
    processes: list[int]
    process: subprocess.Popen | None = field(default=None, init=False)

    def command(self):
        raise NotImplementedError

    def instance(self):
        """The folder in tracefs in which it records; none before there is one."""
        raise NotImplementedError

    def start(self):
        """Returns when events are being recorded."""
        self.out.mkdir(parents=True, exist_ok=True)
        with open(self.out.with_suffix(".log"), "w") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.out.parent)
        deadline = time.monotonic() + START_LIMIT_S
        while not self.records():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"{self.command()[0]} did not start: " + self.out.with_suffix(".log").read_text())
            time.sleep(0.05)

    def records(self):
        instance = self.instance()
        try:
            return (
                instance is not None
                and (instance / "tracing_on").read_text().strip() == "1"
                and (instance / "current_tracer").read_text().strip() == "function"
                and "no pid" not in (instance / "set_ftrace_pid").read_text()
                and counts(instance).events > 0
            )
        except FileNotFoundError:
            return False

    def counts(self):
        return counts(self.instance())

    def stop(self):
        """Ends it; seconds that its end took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        return time.monotonic() - started


class TraceCmd(Recorder):
    """trace-cmd record, version 7 with Zstandard."""

    def command(self):
        command = ["trace-cmd", "record", "--file-version", "7", "--compression", "zstd", "-C", "mono", "-o", str(self.out / "trace.dat")]
        command += ["-p", "function", "-b", str(self.buffer_kib), "-O", "record-tgid", *SYSCALLS]
        for thread in threads(self.processes):
            command += ["-P", str(thread)]
        return [*command, "-c"]

    def instance(self):
        return TRACEFS

    def stop(self):
        # First off, else the recorder's own end is in the trace.
        (TRACEFS / "tracing_on").write_text("0")
        return super().stop()


class HapCapture(Recorder):
    """hap-capture record."""

    def command(self):
        command = ["hap-capture", "record", "--runtime", "lab", "--workload", "lab", "--out", str(self.out)]
        for process in self.processes:
            command += ["--pid", str(process)]
        return [*command, "--buffer", f"{self.buffer_kib}K", "--duration", "1h"]

    def instance(self):
        return next(iter((TRACEFS / "instances").iterdir()), None)


RECORDERS = {"trace-cmd": TraceCmd, "hap-capture": HapCapture}
