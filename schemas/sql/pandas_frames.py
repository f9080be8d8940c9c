"""The functions that runs reached, their HAP and their difference, with pyarrow and pandas, as hap-analyze counts them by default.

    import pandas_frames as frames
    frames.hap("dataset-demo", chosen=frames.labelled("dataset-demo", set="study"))

Options as in polars_frames.py.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

METRICS = ["functions", "lines", "code_lines", "complexity"]
SYMBOL = ["kernel", "module", "address"]
SOURCE = ["kernel", "module", "source"]


def table(dataset, pattern, columns):
    """A table, with dictionary columns as text; files of a kernel get its build id as column `kernel`."""
    pieces = []
    for path in sorted(Path(dataset).glob(pattern)):
        piece = pq.read_table(path, columns=columns, partitioning=None)
        for index, field in enumerate(piece.schema):
            if pa.types.is_dictionary(field.type):
                piece = piece.set_column(index, field.name, piece[field.name].cast(pa.string()))
        if pattern.startswith("kernels/"):
            build_id = path.parent.name.removeprefix("build_id=")
            piece = piece.append_column("kernel", pa.array([build_id] * len(piece), pa.string()))
        pieces.append(piece)
    return pa.concat_tables(pieces)


def labelled(dataset, **labels):
    """Ids of the runs that have these free labels."""
    runs = table(dataset, "runs/*/runs.parquet", ["run", "labels"]).to_pylist()
    found = [(row["run"], {(label["key"], label["value"]) for label in row["labels"]}) for row in runs]
    return sorted(run for run, pairs in found if set(labels.items()) <= pairs)


def compared_runs(dataset, chosen=None, failed=False):
    """The runs to compare, with the build id of their kernel: their own, or that of the table with their fingerprint."""
    columns = ["run", "runtime", "workload", "build_id", "kernel_fingerprint", "threads_listed", "events_lost", "failure"]
    runs = table(dataset, "runs/*/runs.parquet", columns).to_pandas()
    prints = table(dataset, "kernels/*/kernel.parquet", ["kernel_fingerprint"]).to_pandas()
    runs = runs.merge(prints, on="kernel_fingerprint", how="left")
    runs["kernel"] = runs["build_id"].fillna(runs["kernel"])
    if chosen is not None:
        runs = runs[runs["run"].isin(list(chosen))]
    return runs if failed else runs[runs["failure"].isna()]


def kernel_functions(dataset):
    """The line-count tables of all kernels."""
    columns = ["module", "address", "source_address", "function", "file", "lines", "complexity"]
    kernel = table(dataset, "kernels/*/functions.parquet", columns).to_pandas(integer_object_nulls=False)
    return kernel.rename(columns={"source_address": "source"})


def source_functions(kernel):
    """One row per source function: its own row of the line-count table tells, else its clones."""
    kernel = kernel.sort_values(["module", "address"])
    clones = kernel.groupby(SOURCE, as_index=False).agg(
        {"function": "first", "file": "first", "lines": "max", "complexity": "max"}
    )
    own = kernel[kernel["address"] == kernel["source"]].set_index(SOURCE)
    clones = clones.set_index(SOURCE)
    return own[["function", "file", "lines", "complexity"]].combine_first(clones).reset_index()


def reached(dataset, contexts=("task",), roles=None, observer=False, chosen=None, failed=False):
    """One row per (run, module, symbol) that was called, with its source function."""
    runs = compared_runs(dataset, chosen, failed)[["run", "runtime", "workload", "kernel", "threads_listed"]]
    threads = table(dataset, "threads/*/threads.parquet", ["run", "pid", "role"]).to_pandas()
    columns = ["run", "pid", "module", "address", "function", "context", "observer", "calls"]
    facts = table(dataset, "functions/*/functions.parquet", columns)
    facts = facts.filter(pc.is_in(facts["context"], pa.array(list(contexts))))
    if not observer:
        facts = facts.filter(pc.is_null(facts["observer"]))
    facts = facts.to_pandas().merge(runs, on="run").merge(threads, on=["run", "pid"], how="left")
    role = facts["role"].fillna("other")
    if roles is None:
        facts = facts[(facts["threads_listed"] == 0) | ~role.isin(["shim", "other"])]
    else:
        facts = facts[role.isin(list(roles))]
    keys = ["run", "runtime", "workload", *SYMBOL]
    calls = facts.groupby(keys, as_index=False, dropna=False).agg(calls=("calls", "sum"), symbol=("function", "min"))
    kernel = kernel_functions(dataset)
    calls = calls.merge(kernel[[*SYMBOL, "source"]], on=SYMBOL, how="left")
    # A symbol that the kernel table lacks (BPF programs, unresolved call sites) is a function of its own, without lines.
    calls["source"] = calls["source"].fillna(calls["address"]).astype("int64")
    found = calls.merge(source_functions(kernel), on=SOURCE, how="left")
    found["function"] = found["function"].fillna(found["symbol"])
    return found.drop(columns="symbol")


def lines_of(dataset, functions):
    """The executable lines of some functions: numbers of the symbol and of the (file, line) pair."""
    lines = table(dataset, "kernels/*/lines.parquet", ["module", "address", "file", "line"])
    lines = lines.filter(pc.is_in(lines["address"], pa.array(functions["address"].unique()))).to_pandas()
    lines = lines.merge(functions[[*SYMBOL, "symbol"]].drop_duplicates(), on=SYMBOL)
    return pd.DataFrame({"symbol": lines["symbol"], "place": lines.groupby(["file", "line"]).ngroup()})


def metrics(functions, lines):
    """The metrics of one set of functions: clones of a source function count once, and so does a line in several functions."""
    sources = functions.groupby(SOURCE, dropna=False)[["lines", "complexity"]].max()
    held = lines[lines["symbol"].isin(functions["symbol"].unique())]
    return {
        "functions": len(sources),
        "lines": int(sources["lines"].sum()),
        "code_lines": int(held["place"].nunique()),
        "complexity": int(sources["complexity"].sum()),
    }


def seen_in(functions, runs):
    """The functions that so many runs have."""
    seen = functions.groupby(SOURCE, dropna=False)["run"].transform("nunique")
    return functions[seen == runs]


def hap(dataset, **scope):
    """One row per (runtime, workload, metric), as `hap-analyze hap` prints it but for the interval."""
    functions = reached(dataset, **scope)
    functions["symbol"] = functions.groupby(SYMBOL, dropna=False).ngroup()
    lines = lines_of(dataset, functions)
    runs = compared_runs(dataset, scope.get("chosen"), scope.get("failed", False))
    rows = []
    for (runtime, workload), group in runs.groupby(["runtime", "workload"], dropna=False):
        members = functions[functions["run"].isin(group["run"])]
        of_runs = pd.DataFrame([metrics(members[members["run"] == run], lines) for run in sorted(group["run"])])
        union, core = metrics(members, lines), metrics(seen_in(members, len(group)), lines)
        singletons = metrics(seen_in(members, 1), lines)["functions"]
        for metric in METRICS:
            rows.append(
                {
                    "runtime": runtime,
                    "workload": workload,
                    "metric": metric,
                    "runs": len(group),
                    "mean": of_runs[metric].mean(),
                    "stddev": of_runs[metric].std(),
                    "union": union[metric],
                    "core": core[metric],
                    "singletons": singletons,
                    "events_lost": int(group["events_lost"].sum()),
                }
            )
    return pd.DataFrame(rows)


def difference(dataset, a, b, core=False, **scope):
    """The functions of the runs a and the runs b, one row each: side is a, b or both. With `core` a side has the functions
    of every run, not those of any."""
    compared = set(compared_runs(dataset, [*a, *b], scope.get("failed", False))["run"])
    functions = reached(dataset, chosen=compared, **scope)
    keys = ["module", "source"]
    counted = functions.groupby(keys).agg(function=("function", "min"), file=("file", "min"), lines=("lines", "max"))
    for name, runs in (("a", compared & set(a)), ("b", compared & set(b))):
        of_side = functions[functions["run"].isin(runs)].groupby(keys)
        counted[f"calls_{name}"] = of_side["calls"].sum()
        counted[f"runs_{name}"] = of_side["run"].nunique()
        counted[[f"calls_{name}", f"runs_{name}"]] = counted[[f"calls_{name}", f"runs_{name}"]].fillna(0).astype("int64")
        counted[f"in_{name}"] = counted[f"runs_{name}"] >= (len(runs) if core else 1)
    found = counted[counted["in_a"] | counted["in_b"]].reset_index().rename(columns={"source": "address"})
    found["side"] = (found["in_a"].map({True: "a", False: ""}) + found["in_b"].map({True: "b", False: ""})).replace("ab", "both")
    columns = ["side", "module", "function", "address", "file", "lines", "calls_a", "calls_b", "runs_a", "runs_b"]
    return found[columns].sort_values(["side", "module", "address"], ignore_index=True)
