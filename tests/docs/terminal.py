"""Colours unless NO_COLOR is set; a pipe whose reader goes away; completion scripts that complete; a manual page for every command."""

import os
import pty
import subprocess
import sys

from comparisons import check, finish
from scene import commands_of

BIN, DATASET = sys.argv[1:]
ANALYZE, INGEST, CAPTURE = (f"{BIN}/hap-{name}" for name in ("analyze", "ingest", "capture"))


def on_terminal(command, **variables):
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI")}
    environment = {**kept, "TERM": "xterm-256color", **variables}
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass  # Linux ends a terminal without writers by an error.
    child.wait()
    os.close(ours)
    return shown


for program in (ANALYZE, INGEST, CAPTURE):
    name = os.path.basename(program)
    for what, command in (("help", [program, "--help"]), ("wrong option", [program, "--colour"])):
        check(f"{name}, {what}: colours", b"\x1b[" in on_terminal(command), True)
        check(f"{name}, {what}: no colours", b"\x1b[" in on_terminal(command, NO_COLOR="1"), False)

pipes = {
    "hap": f"{ANALYZE} hap --dataset {DATASET} --by run --metric functions --format csv",
    "schema": f"{ANALYZE} schema --format json",
    "completions of hap-analyze": f"{ANALYZE} completions zsh",
    "completions of hap-ingest": f"{INGEST} completions zsh",
    "man": f"{INGEST} man runs",
    "completions of hap-capture": f"{CAPTURE} completions zsh",
    "man of hap-capture": f"{CAPTURE} man record",
}
for name, command in pipes.items():
    # A reader that has already gone, and one that reads a line.
    for reader in ("true", "head -1"):
        script = f"{command} 2> >(grep -v 'left out' >&2) | {reader} > /dev/null; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
        complaints = [line for line in done.stderr.decode().splitlines() if "incomplete:" not in line and "blind spot" not in line]
        # The special captures are lossy on purpose, which is exit code 1 where the whole result was taken.
        check(f"{name} | {reader}", (done.stdout.strip() in (b"0", b"1"), [c for c in complaints if "rror" in c or "pipe" in c]), (True, []))



def completed(program, line):
    """What bash offers for the last word of a line."""
    words = line.split(" ")
    script = (
        f"source <({program} completions bash); COMP_WORDS=({line}{chr(39) * 2 if not words[-1] else ''}); COMP_CWORD={len(words) - 1}; "
        f"_{words[0].replace('-', '__')} {words[0]} '{words[-1]}' {words[-2]}; echo ${{COMPREPLY[@]}}"
    )
    return subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout.decode().split()


check("bash completes commands", completed(ANALYZE, "hap-analyze di"), ["diff"])
check("bash completes options", completed(ANALYZE, "hap-analyze hap --su"), ["--summary"])
check("bash completes values", completed(ANALYZE, "hap-analyze hap --format j"), ["json"])
check("bash completes commands of hap-ingest", completed(INGEST, "hap-ingest ke"), ["kernel"])
check("bash completes commands of hap-capture", completed(CAPTURE, "hap-capture rec"), ["record", "recover"])
check("bash completes options of hap-capture", completed(CAPTURE, "hap-capture record --dock"), ["--docker"])
for program in (ANALYZE, INGEST, CAPTURE):
    for shell in ("bash", "zsh", "fish", "elvish", "powershell"):
        script = subprocess.run([program, "completions", shell], capture_output=True, check=True).stdout.decode()
        check(f"{shell}: the script names every command", [c for c in commands_of(BIN, os.path.basename(program)) if c not in script], [])

for program in (ANALYZE, INGEST, CAPTURE):
    name = os.path.basename(program)
    for command in commands_of(BIN, name):
        page = subprocess.run([program, "man", command], capture_output=True, check=True).stdout.decode()
        title = [line.replace("\\", "") for line in page.splitlines() if line.startswith(f"{name}-{command}".replace("-", "\\-"))]
        check(f"man {name}-{command}: title and example", (len(title), "Example" in page), (1, True))

finish("docs, terminal")
