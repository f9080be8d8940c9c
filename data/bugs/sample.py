"""The draw of function-rule bugs that were read by hand (function-rule-sample.tsv), and the precision that came out.

    sample.py [BUGS_PARQUET]

The draw: bugs in the order of the SHA-256 of `hap-function-rule:` and their id, the first 100. Exit code 1 when the list
is not the draw of the table, as after a change of the rule: then read the new ones and add them. Needs pyarrow.
"""

import collections
import csv
import hashlib
import math
import pathlib
import sys

import pyarrow.parquet

HERE = pathlib.Path(__file__).parent


def draw(path, size=100):
    """Id and functions of the drawn bugs."""
    functions = collections.defaultdict(list)
    for row in pyarrow.parquet.read_table(path, columns=["bug", "rule", "function"]).to_pylist():
        if row["rule"] == "function":
            functions[row["bug"]].append(row["function"])
    ids = sorted(functions, key=lambda bug: hashlib.sha256(f"hap-function-rule:{bug}".encode()).hexdigest())
    return [(bug, " ".join(functions[bug])) for bug in ids[:size]]


def wilson(right, total, z=1.959963984540054):
    """Wilson's 95 % interval of a share."""
    share = right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return middle - half, middle + half


def main(path=HERE / "source=linux-cna-6.1" / "bugs.parquet"):
    with open(HERE / "function-rule-sample.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    rules = collections.defaultdict(list)
    for row in rows:
        for name in (row["rule"], "all"):
            rules[name].append(row["verdict"] == "right")
    for name, verdicts in rules.items():
        right, total = sum(verdicts), len(verdicts)
        low, high = wilson(right, total)
        print(f"{name}: {right} of {total} right, {right / total:.0%}, 95 % interval {low:.1%} to {high:.1%}")
    missing = set(draw(path)) - {(row["bug"], row["functions"]) for row in rows}
    for bug, functions in sorted(missing):
        print(f"not read yet: {bug} {functions}")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
