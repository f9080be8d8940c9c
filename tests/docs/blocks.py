"""Every command block of README.md, docs and schemas, run and compared with its printed output by the rules of rules.py."""

import os
import re
import sys

from rules import BLOCK, NOT_RUN, difference, is_command_block, rewritten, steps
from scene import ROOT, Scene

BIN, VENV, DATASET = sys.argv[1:]
UPDATE = bool(os.environ.get("UPDATE_DOCS"))
# Reference pages that tests/docs/help.py makes and compares.
GENERATED = {ROOT / "docs" / "reference" / "commands.md"}
FAILED = []
RUN = 0
MARKED = 0


def run_block(scene, place, kind, text):
    """Runs a block; gives its text, anew where asked."""
    global RUN
    if kind == "python":
        code, output = scene.run(f"python - <<'END'\n{text}\nEND")
        RUN += 1
        if code != 0:
            FAILED.append(place)
            print(f"FAILED {place}\n{output}")
        return text
    pieces = []
    for command, shown in steps(text):
        code, output = scene.run(command)
        printed = output.splitlines()
        RUN += 1
        wrong = difference(shown, printed) if code in (0, 1) else f"exit code {code}\n  {output}"
        if wrong and (not UPDATE or code not in (0, 1)):
            FAILED.append(place)
            print(f"FAILED {place}: {command}\n  {wrong}")
        pieces += [f"$ {command}", *(rewritten(shown, printed) if UPDATE else shown)]
    return "\n".join(pieces) + "\n"


def check(path):
    """Runs the blocks of a document, in order, in one folder."""
    global MARKED
    text = path.read_text()
    with Scene([BIN, VENV], DATASET) as scene:

        def block(match):
            global MARKED
            place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start('fence')) + 1}"
            kind, body = match["kind"], match["text"]
            if NOT_RUN.match(match["before"].strip()):
                MARKED += 1
                print(f"not run: {place}: {match['before'].strip()[13:-3].strip()}")
                return match[0]
            if not is_command_block(kind, body):
                return match[0]
            if kind != "python" and not body.startswith("$ "):
                FAILED.append(place)
                print(f"FAILED {place}: neither commands after `$ ` nor a line <!-- not run: REASON --> before it")
                return match[0]
            return f"{match['before']}```{kind}\n{run_block(scene, place, kind, body)}```"

        found = BLOCK.sub(block, text)
    fences, blocks = len(re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE)), len(BLOCK.findall(text))
    if fences != 2 * blocks:
        FAILED.append(str(path))
        print(f"FAILED {path.relative_to(ROOT)}: {fences} lines of fences make {blocks} blocks: begin each with ``` at the margin, under a line")
    if UPDATE and found != text:
        path.write_text(found)


for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "schemas").rglob("*.md"))]:
    if document not in GENERATED:
        check(document)
print(f"docs, blocks: {RUN} commands run, {MARKED} blocks marked as not run, {len(FAILED)} failed")
sys.exit(bool(FAILED))
