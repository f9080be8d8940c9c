"""The functions that runs reached, their HAP and their difference, with Polars, as hap-analyze counts them by default.

    import polars_frames as frames
    frames.hap("dataset-demo", chosen=frames.labelled("dataset-demo", set="study"))

`contexts`, `roles` (None: all but shim and other, and every role in a run that lists no thread), `observer` and `failed` are
the options of hap-analyze of these names; `chosen` is a list of run ids.
"""

from pathlib import Path

import polars as pl

METRICS = ["functions", "lines", "code_lines", "complexity"]
GROUP = ["runtime", "workload"]
SYMBOL = ["kernel", "module", "address"]
SOURCE = ["kernel", "module", "source"]


def table(dataset, pattern):
    """A table, with dictionary columns as text, since the dictionaries of different files do not agree."""
    frame = pl.scan_parquet(str(Path(dataset) / pattern), hive_partitioning=True, glob=True)
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def labelled(dataset, **labels):
    """Ids of the runs that have these free labels."""
    wanted = {(key, value) for key, value in labels.items()}
    runs = table(dataset, "runs/*/runs.parquet").select("run", "labels").collect()
    return sorted(run for run, found in runs.rows() if wanted <= {(label["key"], label["value"]) for label in found})


def compared_runs(dataset, chosen=None, failed=False):
    """The runs to compare, with the build id of their kernel: their own, or that of the table with their fingerprint."""
    runs = table(dataset, "runs/*/runs.parquet").with_columns(pl.col("run").cast(pl.String))
    prints = table(dataset, "kernels/*/kernel.parquet").select("kernel_fingerprint", by_print="build_id")
    runs = runs.join(prints, on="kernel_fingerprint", how="left").with_columns(kernel=pl.coalesce("build_id", "by_print"))
    if chosen is not None:
        runs = runs.filter(pl.col("run").is_in(list(chosen)))
    return runs if failed else runs.filter(pl.col("failure").is_null())


def kernel_functions(dataset):
    """The line-count tables of all kernels."""
    columns = ["kernel", "module", "address", "source_address", "function", "file", "lines", "complexity"]
    return table(dataset, "kernels/*/functions.parquet").rename({"build_id": "kernel"}).select(columns)


def source_functions(dataset):
    """One row per source function: its own row of the line-count table tells, else its clones."""
    own = pl.col("address") == pl.col("source_address")

    def told(name, otherwise):
        return pl.coalesce(pl.col(name).filter(own).first(), otherwise).alias(name)

    first = [told(name, pl.col(name).drop_nulls().first()) for name in ("function", "file")]
    largest = [told(name, pl.col(name).max()) for name in ("lines", "complexity")]
    rows = kernel_functions(dataset).sort("module", "address")
    return rows.group_by("kernel", "module", source=pl.col("source_address"), maintain_order=True).agg(first + largest)


def reached(dataset, contexts=("task",), roles=None, observer=False, chosen=None, failed=False):
    """One row per (run, module, symbol) that was called, with its source function."""
    runs = compared_runs(dataset, chosen, failed).select("run", "runtime", "workload", "kernel", "threads_listed")
    threads = table(dataset, "threads/*/threads.parquet").select(pl.col("run").cast(pl.String), "pid", "role")
    facts = table(dataset, "functions/*/functions.parquet").with_columns(pl.col("run").cast(pl.String))
    facts = facts.join(runs, on="run").join(threads, on=["run", "pid"], how="left")
    role = pl.col("role").fill_null("other")
    if roles is None:
        counts = (pl.col("threads_listed") == 0) | ~role.is_in(["shim", "other"])
    else:
        counts = role.is_in(list(roles))
    facts = facts.filter(pl.col("context").is_in(list(contexts)), counts, pl.col("observer").is_null() | observer)
    calls = facts.group_by("run", *GROUP, *SYMBOL).agg(pl.col("calls").sum(), symbol=pl.col("function").min())
    sources = kernel_functions(dataset).select(*SYMBOL, source="source_address")
    calls = calls.join(sources, on=SYMBOL, how="left", nulls_equal=True)
    # A symbol that the kernel table lacks (BPF programs, unresolved call sites) is a function of its own, without lines.
    calls = calls.with_columns(source=pl.coalesce("source", "address"))
    found = calls.join(source_functions(dataset), on=SOURCE, how="left", nulls_equal=True)
    return found.with_columns(function=pl.coalesce("function", "symbol")).drop("symbol").collect()


def metrics(functions, lines):
    """The metrics of one set of functions: clones of a source function count once, and so does a line in several functions."""
    sources = functions.group_by(SOURCE).agg(pl.col("lines", "complexity").max())
    held = lines.join(functions.select(SYMBOL).unique(), on=SYMBOL, how="semi")
    return {
        "functions": len(sources),
        "lines": sources["lines"].sum() or 0,
        "code_lines": held.select("file", "line").n_unique() if len(held) else 0,
        "complexity": sources["complexity"].sum() or 0,
    }


def lines_of(dataset, functions):
    """The executable lines of some functions."""
    lines = table(dataset, "kernels/*/lines.parquet").rename({"build_id": "kernel"})
    used = functions.lazy().select(SYMBOL).unique()
    return lines.select(*SYMBOL, "file", "line").join(used, on=SYMBOL, how="semi").collect()


def seen_in(functions, runs):
    """The functions that so many runs have."""
    counts = functions.group_by(SOURCE).agg(seen=pl.col("run").n_unique()).filter(pl.col("seen") == runs)
    return functions.join(counts, on=SOURCE, how="semi", nulls_equal=True)


def hap(dataset, **scope):
    """One row per (runtime, workload, metric), as `hap-analyze hap` prints it but for the interval."""
    functions = reached(dataset, **scope)
    lines = lines_of(dataset, functions)
    runs = compared_runs(dataset, scope.get("chosen"), scope.get("failed", False)).collect()
    rows = []
    for (runtime, workload), group in runs.sort(GROUP).group_by(GROUP, maintain_order=True):
        members = functions.filter(pl.col("run").is_in(group["run"].to_list()))
        of_runs = [metrics(members.filter(pl.col("run") == run), lines) for run in sorted(group["run"])]
        union, core = metrics(members, lines), metrics(seen_in(members, len(group)), lines)
        singletons = metrics(seen_in(members, 1), lines)["functions"]
        for metric in METRICS:
            figures = pl.Series([figure[metric] for figure in of_runs])
            rows.append(
                {
                    "runtime": runtime,
                    "workload": workload,
                    "metric": metric,
                    "runs": len(group),
                    "mean": figures.mean(),
                    "stddev": figures.std(),
                    "union": union[metric],
                    "core": core[metric],
                    "singletons": singletons,
                    "events_lost": group["events_lost"].sum(),
                }
            )
    return pl.DataFrame(rows)


def difference(dataset, a, b, core=False, **scope):
    """The functions of the runs a and the runs b, one row each: side is a, b or both. With `core` a side has the functions
    of every run, not those of any."""
    compared = compared_runs(dataset, [*a, *b], scope.get("failed", False)).collect()["run"].to_list()
    a, b = [run for run in a if run in compared], [run for run in b if run in compared]
    functions = reached(dataset, chosen=compared, **scope)
    of_a, of_b = pl.col("run").is_in(a), pl.col("run").is_in(b)
    in_a = pl.col("runs_a") >= (len(a) if core else 1)
    in_b = pl.col("runs_b") >= (len(b) if core else 1)
    side = pl.when(in_a & in_b).then(pl.lit("both")).when(in_a).then(pl.lit("a")).otherwise(pl.lit("b"))
    counted = functions.group_by("module", address=pl.col("source")).agg(
        pl.col("function", "file").min(),
        pl.col("lines").max(),
        calls_a=pl.col("calls").filter(of_a).sum(),
        calls_b=pl.col("calls").filter(of_b).sum(),
        runs_a=pl.col("run").filter(of_a).n_unique(),
        runs_b=pl.col("run").filter(of_b).n_unique(),
    )
    columns = ["side", "module", "function", "address", "file", "lines", "calls_a", "calls_b", "runs_a", "runs_b"]
    return counted.filter(in_a | in_b).with_columns(side=side).select(columns).sort("side", "module", "address")
