"""What a command block is, and when its output is right.

A fenced block is a command block when a line of it begins with `$ `, when it is marked as `sh` or `console`, or when it names a
program at the beginning of a line. Its commands are the lines after `$ ` (a backslash at the end goes on), and what follows each is
its output: from the first line on, as far as it is shown; a line `...` leaves lines out. A `python` block is run as well. A command
may end with exit code 0 or 1 (done but incomplete).

A block that cannot be run has a line `<!-- not run: REASON -->` before it. Nothing else is skipped.
"""

import re

PROGRAM = re.compile(r"^(hap-ingest|hap-analyze|hap-capture|trace-cmd|make|cargo|docker|runsc|pip|apt-get|git) ", re.MULTILINE)
BLOCK = re.compile(r"(?P<before>[^\n]*\n)(?P<fence>```)(?P<kind>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"^<!-- not run: \S.*-->$")


def is_command_block(kind, text):
    return kind in ("sh", "console", "python") or bool(re.search(r"^\$ ", text, re.MULTILINE) or PROGRAM.search(text))


def steps(text):
    """Commands of a block with the lines shown under each."""
    found = []
    lines = text.splitlines()
    while lines:
        line = lines.pop(0)
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\") and lines:
                command += "\n" + lines.pop(0)
            found.append((command, []))
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError(f"output before the first command: {line}")
    return found


def difference(shown, printed):
    """The first line that is shown and not printed, or nothing."""
    at, jump = 0, False
    for line in shown:
        if line == "...":
            jump = True
            continue
        if jump and line in printed[at:]:
            at = printed.index(line, at)
        jump = False
        found = printed[at] if at < len(printed) else "(end)"
        if found != line:
            return f"shown:   {line}\n  printed: {found}"
        at += 1
    return None


def rewritten(shown, printed):
    """The output as it should be shown: as many lines as before, or all where none was."""
    if "..." in shown:
        return shown if difference(shown, printed) is None else printed
    return printed[: len(shown)] if shown else printed
