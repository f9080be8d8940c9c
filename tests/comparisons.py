"""Counts comparisons, and tells both sides of each that fails."""

import sys

FAILED = []
PASSED = 0


def check(name, found, expected):
    """Counts a comparison; tells both sides where they differ."""
    global PASSED
    if found == expected:
        PASSED += 1
    else:
        FAILED.append(name)
        print(f"FAILED {name}\n  found    {found}\n  expected {expected}")


def finish(title):
    """Tells the counts; ends the program, with 1 where a comparison failed."""
    print(f"{title}: {PASSED} passed, {len(FAILED)} failed")
    sys.exit(bool(FAILED))
