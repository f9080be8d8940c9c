"""Counts comparisons, and tells both sides of each that fails."""

import sys

FAILED = []
PASSED = 0


def judge(name, is_right):
    """Counts a comparison, and tells the name of one that fails; what is wrong with it is for the caller to tell."""
    global PASSED
    if is_right:
        PASSED += 1
    else:
        FAILED.append(name)
        print(f"FAILED {name}")
    return is_right


def check(name, found, expected, tolerance=0.0):
    """Compares, within a tolerance where there is one: a share of the expected number, or of 1 if that is more."""
    is_right = abs(found - expected) <= tolerance * max(1.0, abs(expected)) if tolerance else found == expected
    if not judge(name, is_right):
        print(f"  found    {found}\n  expected {expected}")


def finish(title):
    """Tells the counts; ends the program, with 1 where a comparison failed."""
    print(f"{title}: {PASSED} passed, {len(FAILED)} failed")
    sys.exit(bool(FAILED))
