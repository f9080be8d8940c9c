"""The rules themselves, on small cases: what is right passes, and every kind of fault is found."""

import sys

from rules import BLOCK, NOT_RUN, difference, is_command_block, rewritten, steps

PRINTED = ["head", "a 1", "b 2", "c 3", "foot"]
CASES = {
    "the whole output": (difference(PRINTED, PRINTED), None),
    "its first part": (difference(PRINTED[:2], PRINTED), None),
    "a part left out": (difference(["head", "...", "c 3", "foot"], PRINTED), None),
    "nothing shown": (difference([], PRINTED), None),
    "another number": (difference(["head", "a 7"], PRINTED), "shown:   a 7\n  printed: a 1"),
    "a line too many": (difference([*PRINTED, "more"], PRINTED), "shown:   more\n  printed: (end)"),
    "a line silently left out": (difference(["head", "b 2"], PRINTED), "shown:   b 2\n  printed: a 1"),
    "not from the beginning": (difference(["a 1"], PRINTED), "shown:   a 1\n  printed: head"),
    "a line that is nowhere": (difference(["...", "d 4"], PRINTED), "shown:   d 4\n  printed: head"),
    "lines in another order": (difference(["...", "c 3", "...", "b 2"], PRINTED), "shown:   b 2\n  printed: foot"),
    "commands and outputs": (
        steps("$ one \\\n  more\nout\n$ two\n"),
        [("one \\\n  more", ["out"]), ("two", [])],
    ),
    "a new output keeps its length": (rewritten(["x", "y"], PRINTED), ["head", "a 1"]),
    "a new output is whole where none was": (rewritten([], PRINTED), PRINTED),
    "blocks of commands": (
        [is_command_block(kind, text) for kind, text in (("", "$ ls\n"), ("sh", "x\n"), ("", "hap-ingest runs x\n"), ("python", "1\n"))],
        [True] * 4,
    ),
    "blocks of something else": ([is_command_block("", "a -> b\n"), is_command_block("json", "{}\n")], [False, False]),
    "a block has its marker before it": (
        [match["before"] for match in BLOCK.finditer("text\n<!-- not run: why -->\n```\nx\n```\n")],
        ["<!-- not run: why -->\n"],
    ),
    "a marker needs a reason": ([bool(NOT_RUN.match(f"<!-- not run:{why} -->")) for why in (" because", "", " ")], [True, False, False]),
}
failed = [name for name, (found, expected) in CASES.items() if found != expected]
for name in failed:
    print(f"FAILED rule: {name}\n  found    {CASES[name][0]}\n  expected {CASES[name][1]}")
print(f"docs, rules: {len(CASES) - len(failed)} passed, {len(failed)} failed")
sys.exit(bool(failed))
