"""The machine-readable schemas (schemas/json) against what they describe: every file of two datasets, every bundled run.json."""

import json
import pathlib
import sys

import jsonschema
import pyarrow.parquet

from comparisons import check, finish

DATASETS = [pathlib.Path(path) for path in sys.argv[1:]]
ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas" / "json"


def described(schema):
    """Columns as the schema tells them: name, Arrow type, whether null is allowed."""
    return [(field["name"], field["x-arrow-type"], not field["constraints"]["required"]) for field in schema["fields"]]


def pattern(schema):
    """The schema's path as a pattern: words in capitals stand for values."""
    parts = [part.split("=") for part in schema["x-path"].split("/")]
    return "/".join(part[0] if len(part) == 1 else f"{part[0]}=*" + ".parquet" * part[1].endswith(".parquet") for part in parts)


def check_table(schema):
    files = [path for dataset in DATASETS for path in sorted(dataset.glob(pattern(schema)))]
    check(f"{schema['name']}: there are files", bool(files), True)
    for path in files:
        found = pyarrow.parquet.read_schema(path)
        columns = [(field.name, str(field.type), field.nullable) for field in found]
        check(f"{path}: columns", columns, described(schema))
        metadata = pyarrow.parquet.read_metadata(path).metadata
        check(f"{path}: table", metadata[b"hap.table"].decode(), schema["x-table"])


schemas = [json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.table.json"))]
for schema in schemas:
    check_table(schema)
described_patterns = {pattern(schema) for schema in schemas}
undescribed = [
    str(path.relative_to(dataset))
    for dataset in DATASETS
    for path in sorted(dataset.rglob("*.parquet"))
    if not any(path.relative_to(dataset).match(known) for known in described_patterns)
]
check("files that no schema describes", undescribed, [])

run_schema = json.loads((SCHEMAS / "run.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(run_schema)
validator = jsonschema.Draft202012Validator(run_schema)
run_files = sorted((ROOT / "data" / "captures").rglob("run.json"))
check("there are run.json files", len(run_files) > 60, True)
for path in run_files:
    check(str(path), [error.message for error in validator.iter_errors(json.loads(path.read_text()))], [])
wrong = {"run": 7, "threads": [{"pid": "1"}], "repetition": [1], "marks": [{"name": "start", "ts": "now"}]}
places = sorted("/".join(map(str, error.absolute_path)) for error in validator.iter_errors(wrong))
check("faults of a run.json are found", places, ["marks/0/ts", "repetition", "run", "threads/0/pid"])

finish("readers, schemas")
