"""Counts the rows of table `functions` whose extent is no parsed body, by macro and file.

    check_extents.py SOURCE [FUNCTIONS_PARQUET]

SOURCE is the source tree that the table was made with. Exit code 1 when a row with `line_rows` lies in a C file of the
tree. Needs pyarrow.
"""

import collections
import pathlib
import re
import sys

import pyarrow.parquet

HERE = pathlib.Path(__file__).parent
TABLE = HERE / "build_id=3b43fad5034874490492495d552c0af6a5fab235" / "functions.parquet"
CALL = re.compile(r"\s*(?:(?:static|inline|extern|const)\s+)*([A-Za-z_]\w*)\s*\(")


def main(source, table=TABLE):
    columns = ["file", "line", "extent_rule"]
    rows = pyarrow.parquet.read_table(table, columns=columns).to_pylist()
    print(dict(collections.Counter(row["extent_rule"] for row in rows)))
    macros, left = collections.Counter(), collections.Counter()
    texts = {}
    for row in rows:
        name = row["file"]
        if row["extent_rule"] == "macro_call":
            path = pathlib.Path(source) / name
            texts.setdefault(name, None)
            texts[name] = texts[name] or path.read_text(encoding="latin-1").split("\n")
            macros[CALL.match(texts[name][row["line"] - 1])[1]] += 1
        elif row["extent_rule"] == "line_rows":
            kind = "assembly" if name.endswith(".S") else "not in the tree"
            left["C" if kind != "assembly" and (pathlib.Path(source) / name).exists() else kind] += 1
    for macro, count in macros.most_common():
        print(f"{count}\t{macro}")
    print(dict(left))
    return int(bool(left["C"]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
