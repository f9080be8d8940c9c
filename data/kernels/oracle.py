"""What lizard, pmccabe and GNU complexity say of a sample of kernel functions.

    oracle.py SOURCE [FUNCTIONS_PARQUET]

writes oracle.tsv (their numbers) and oracle-differences.tsv (where the kernel table says something else, and why) beside
this script. SOURCE is the source tree that the table was made with. No source text goes into either.

The draw: source functions of C files with a known extent, in classes by their number of lines, within a class in the
order of the SHA-256 of `hap-extent:`, file, line and name; the first EACH of every class, of one folder no more than
FOLDER of a class.

lizard and pmccabe read whole files. lizard counts an `#if`, `#ifdef` or `#elif` within a function as a decision: their
number is in `lizard_conditionals`. GNU complexity does not count the lines of comments and directives, so its own line
numbers name no function: it reads each function alone, by the lines that lizard or else pmccabe gives. Empty fields: the tool does not
see the function.

Needs pyarrow, lizard 1.24, and Debian's pmccabe 2.8 and complexity 1.13.
"""

import csv
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile

import lizard
import pyarrow.parquet

HERE = pathlib.Path(__file__).parent
TABLE = HERE / "build_id=3b43fad5034874490492495d552c0af6a5fab235" / "functions.parquet"
CLASSES = [1, 5, 10, 20, 50, 100, 200, 1 << 30]
EACH = 60
FOLDER = 3
FIELDS = ["file", "line", "function", "lizard_line", "lizard_end", "lizard_ccn", "lizard_conditionals"]
FIELDS += ["pmccabe_first", "pmccabe_end", "pmccabe_mccabe", "gnu_score", "gnu_unscaled", "gnu_lines"]
DIFFERENCES = ["file", "line", "function", "figure", "ours", "theirs", "reason"]


def draw(path):
    """File, line and name of the drawn functions, sorted."""
    columns = ["file", "line", "lines", "function", "address", "source_address"]
    rows = pyarrow.parquet.read_table(path, columns=columns).to_pylist()
    sizes = {
        (row["file"], row["line"], row["function"]): row["lines"]
        for row in rows
        if row["lines"] and row["address"] == row["source_address"] and row["file"].endswith((".c", ".h"))
    }
    order = sorted(sizes, key=lambda key: hashlib.sha256(f"hap-extent:{key[0]}:{key[1]}:{key[2]}".encode()).digest())
    drawn, counts, folders = [], [0] * len(CLASSES), {}
    for key in order:
        size = next(number for number, limit in enumerate(CLASSES) if sizes[key] <= limit)
        folder = (size, key[0].rsplit("/", 1)[0])
        if counts[size] < EACH and folders.get(folder, 0) < FOLDER:
            counts[size] += 1
            folders[folder] = folders.get(folder, 0) + 1
            drawn.append(key)
    return sorted(drawn)


def of_lizard(text, path):
    """First line, last line and cyclomatic complexity of each function, by the lines that declare it."""
    functions = lizard.analyze_file.analyze_source_code(path, text).function_list
    return [(function.start_line, function.end_line, function.cyclomatic_complexity) for function in functions]


PMCCABE = re.compile(r"(\d+)\t(\d+)\t(\d+)\t(\d+)\t(\d+)\t.*\((\d+)\): (.*)")


def of_pmccabe(path):
    """First line, last line and McCabe's number of each function."""
    output = subprocess.run(["pmccabe", path], capture_output=True, text=True, errors="replace", check=False).stdout
    found = [PMCCABE.fullmatch(line) for line in output.splitlines()]
    return [(int(match[4]), int(match[4]) + int(match[5]) - 1, int(match[2])) for match in found if match]


CONDITIONAL = re.compile(r"\s*#\s*(if|ifdef|elif)\b")
GNU = re.compile(r" *(\d+) +(\d+) +(\d+) +(.*)\((\d+)\): (.*)")


def of_gnu(text, *scale):
    """Score and non-comment lines of the only function of a text; empty where GNU complexity does not score it."""
    with tempfile.NamedTemporaryFile("w", suffix=".c", encoding="latin-1") as file:
        file.write(text)
        file.flush()
        command = ["complexity", "--no-header", "--threshold=0", *scale, file.name]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = [match for match in map(GNU.fullmatch, output.splitlines()) if match]
    return (found[0][1], found[0][3]) if len(found) == 1 else ("", "")


def holding(functions, line):
    """The function that a line declares: the last to start of those that hold it."""
    held = [function for function in functions if function[0] <= line <= function[1]]
    return max(held, default=None)


def read_oracles(source, keys):
    """One row of numbers for each drawn function."""
    by_file = {}
    for key in keys:
        by_file.setdefault(key[0], []).append(key)
    for name, keys in by_file.items():
        path = str(pathlib.Path(source) / name)
        text = pathlib.Path(path).read_text(encoding="latin-1")
        lines = text.split("\n")
        lizards, mccabes = of_lizard(text, path), of_pmccabe(path)
        for key in keys:
            of_l = holding(lizards, key[1]) or ("", "", "")
            of_p = holding(mccabes, key[1]) or ("", "", "")
            first, last, _ = of_l if of_l[0] else of_p
            alone = lines[first - 1 : last] if first else []
            conditionals = sum(bool(CONDITIONAL.match(line)) for line in alone) if of_l[0] else ""
            alone = "\n".join([*alone, ""])
            score, code_lines = of_gnu(alone)
            numbers = [*key, *of_l, conditionals, *of_p, score, of_gnu(alone, "--scale=1")[0], code_lines]
            yield dict(zip(FIELDS, map(str, numbers), strict=True))


def differences(oracle, row):
    """Figures of a function that the table has otherwise: name of the figure, ours, theirs."""
    ours, theirs = f"{row['line']}-{row['end_line']}", f"{oracle['lizard_line']}-{oracle['lizard_end']}"
    if ours != theirs:
        yield "lizard extent", ours, theirs if oracle["lizard_line"] else ""
    if str(row["end_line"]) != oracle["pmccabe_end"]:
        yield "pmccabe end", str(row["end_line"]), oracle["pmccabe_end"]
    mccabe = str(row["complexity"])
    plain = str(int(oracle["lizard_ccn"]) - int(oracle["lizard_conditionals"])) if oracle["lizard_ccn"] else ""
    if mccabe != plain:
        yield "lizard mccabe", mccabe, plain
    if mccabe != oracle["pmccabe_mccabe"]:
        yield "pmccabe mccabe", mccabe, oracle["pmccabe_mccabe"]
    score = "" if row["gnu_complexity"] is None else str(row["gnu_complexity"])
    if score != oracle["gnu_score"]:
        yield "gnu score", score, oracle["gnu_score"]


def reason(row, figure, theirs, has_body):
    """Why: the classes are explained in README.md."""
    if row["extent_rule"] == "macro_call":
        return "macro_call"
    if not theirs:
        return "unseen"
    if row["lines"] == 1 and has_body:
        return "stub"
    return "branches" if figure == "pmccabe mccabe" else "?"


def write(name, fields, rows):
    with open(HERE / name, "w", newline="") as file:
        out = csv.DictWriter(file, fields, delimiter="\t", lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def main(source, table=TABLE):
    columns = ["file", "line", "function", "end_line", "lines", "extent_rule", "complexity", "gnu_complexity"]
    listed = pyarrow.parquet.read_table(table, columns=columns).to_pylist()
    rows = {(row["file"], row["line"], row["function"]): row for row in listed}
    oracles = list(read_oracles(source, draw(table)))
    found = []
    for oracle in oracles:
        key = (oracle["file"], int(oracle["line"]), oracle["function"])
        has_body = oracle["lizard_end"] not in ("", oracle["line"])
        for figure, ours, theirs in differences(oracle, rows[key]):
            why = reason(rows[key], figure, theirs, has_body)
            found.append(dict(zip(DIFFERENCES, [*key, figure, ours, theirs, why], strict=True)))
    write("oracle.tsv", FIELDS, oracles)
    write("oracle-differences.tsv", DIFFERENCES, found)


if __name__ == "__main__":
    main(*sys.argv[1:])
