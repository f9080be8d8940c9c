"""A dataset as its readers see it, without any help: paths, Hive partitions, types, values."""

import csv
import io
import json
import pathlib
import sys

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
from comparisons import check, finish

DATASET, CAPTURES = map(pathlib.Path, sys.argv[1:])


def trace_cmd_counts():
    """Function events by run, as trace-cmd counted them."""
    counts = {}
    for path in sorted([*CAPTURES.glob("runc/*/*"), *CAPTURES.glob("nabla/*/*")]):
        run = json.loads((path / "run.json").read_text())["run"]
        text = pyarrow.input_stream(str(path / "counts.tsv.zst"), compression="zstd").read().decode()
        counts[run] = sum(int(row["count"]) for row in csv.DictReader(io.StringIO(text), delimiter="\t"))
    return counts


EXPECTED = trace_cmd_counts()
FUNCTIONS = DATASET / "functions"
ONE_FILE = FUNCTIONS / "run=runc-redis-bench-set-1" / "functions.parquet"


def polars_by_run(frame):
    rows = frame.group_by(polars.col("run").cast(polars.String)).agg(polars.col("calls").sum()).collect().rows()
    return dict(rows)


check("polars, folder", polars_by_run(polars.scan_parquet(FUNCTIONS)), EXPECTED)
check("polars, glob", polars_by_run(polars.scan_parquet(f"{FUNCTIONS}/**/*.parquet")), EXPECTED)
check("pandas, folder", pandas.read_parquet(FUNCTIONS).groupby("run", observed=True)["calls"].sum().to_dict(), EXPECTED)
check("pandas, one file", int(pandas.read_parquet(ONE_FILE)["calls"].sum()), EXPECTED["runc-redis-bench-set-1"])
query = "select run, sum(calls)::bigint from read_parquet('{}/*/*.parquet') group by run"
check("duckdb", dict(duckdb.sql(query.format(FUNCTIONS)).fetchall()), EXPECTED)
check("duckdb, windows", dict(duckdb.sql(query.format(DATASET / "windows")).fetchall()), EXPECTED)
check("duckdb, events", dict(duckdb.sql(query.format(DATASET / "events")).fetchall()), EXPECTED)
table = pyarrow.parquet.read_table(FUNCTIONS).to_pandas()
check("pyarrow", table.groupby("run", observed=True)["calls"].sum().to_dict(), EXPECTED)

runs = duckdb.sql(f"""
    select count(*), bool_and(build_id = '3b43fad5034874490492495d552c0af6a5fab235') is null,
           bool_and(list_contains(labels, {{'key': 'set', 'value': 'readers'}})), sum(events_lost)::bigint
    from read_parquet('{DATASET}/runs/*/*.parquet')""").fetchall()[0]
check("duckdb, runs", runs, (len(EXPECTED), True, True, 0))
joined = duckdb.sql(f"""
    select count(*) from (select distinct module, address from read_parquet('{FUNCTIONS}/*/*.parquet')) anti join
    read_parquet('{DATASET}/kernels/*/functions.parquet') using (module, address)""").fetchall()[0]
check("duckdb, functions without a row in the kernel table", joined, (0,))
metadata = {
    key.decode(): value.decode()
    for key, value in pyarrow.parquet.read_metadata(ONE_FILE).metadata.items()
    if key.startswith(b"hap.")
}
check("metadata", sorted(metadata), ["hap.kernel_build_id", "hap.schema_version", "hap.table", "hap.tool_version"])
unsigned = [
    f"{path.name}: {field.name}"
    for path in DATASET.rglob("*.parquet")
    for field in pyarrow.parquet.read_schema(path)
    if "uint" in str(field.type)
]
check("no unsigned columns", unsigned, [])

finish("readers")
