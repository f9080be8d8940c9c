"""Every command has an example in its --help, and the examples work. docs/reference/commands.md holds what --help prints.

UPDATE_DOCS=1 writes the page anew.
"""

import os
import re
import sys

from scene import ROOT, Scene, commands_of

BIN, DATASET = sys.argv[1:]
PAGE = ROOT / "docs" / "reference" / "commands.md"
HEAD = """# Commands

What `--help` prints, made by `UPDATE_DOCS=1 make docs`; `make docs` compares. `make man` writes the same as manual pages, `make completions` the shells' scripts.
"""
# Examples that need what is not bundled, with what that is.
NOT_RUN = {
    "hap-capture doctor": "a host that can be traced",
    "hap-capture record": "root and a sandbox",
    "hap-capture recover": "a recording that was cut short",
    "hap-capture mark": "a recording that runs",
    "hap-capture study": "a plan of the user's own",
    "hap-ingest runs trace.dat": "a capture of the user's own",
    "hap-ingest kernel --vmlinux": "the debug package of a kernel, 283 MB",
    "hap-ingest bugs --cna linux-cna.tar.zst": "the records of the Linux CNA",
}
FAILED = []
RUN = 0


def fail(text):
    FAILED.append(text)
    print(f"FAILED {text}")


def examples(shown):
    """The command lines under Example: or Examples: of a help text."""
    parts = re.split(r"^Examples?:\n", shown, flags=re.MULTILINE)
    if len(parts) < 2:
        return []
    joined = re.sub(r"\\\n\s*", "", parts[1])
    return [line.strip() for line in joined.splitlines() if line.strip()]


def run_examples(scene, name, shown):
    global RUN
    found = examples(shown)
    if not found:
        fail(f"{name} --help has no example")
    for example in found:
        if any(example.startswith(start) for start in NOT_RUN):
            continue
        RUN += 1
        code, output = scene.run(example)
        if code not in (0, 1):
            fail(f"{example}: exit code {code}\n{output}")


sections = [HEAD]
with Scene([BIN], DATASET) as scene:
    for program in ("hap-capture", "hap-ingest", "hap-analyze"):
        for name in [program, *(f"{program} {command}" for command in commands_of(BIN, program))]:
            code, shown = scene.run(f"{name} --help")
            level = "##" if name == program else "###"
            sections.append(f"{level} {name}\n\n```\n$ {name} --help\n{shown}```\n")
            run_examples(scene, name, shown)
page = "\n".join(sections)
if os.environ.get("UPDATE_DOCS"):
    PAGE.write_text(page)
elif PAGE.read_text() != page:
    fail(f"{PAGE.relative_to(ROOT)} is not what --help prints: run UPDATE_DOCS=1 make docs")
print(f"docs, help: {RUN} examples run, {len(NOT_RUN)} kinds of example not run ({'; '.join(NOT_RUN.values())}), {len(FAILED)} failed")
sys.exit(bool(FAILED))
