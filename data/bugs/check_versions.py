"""Which CVEs a release has by the version ranges of the CVE records themselves, against the bugs that hap found.

    check_versions.py CNA RELEASE=BUGS_PARQUET...

hap goes by the .dyad files; this goes by containers.cna.affected[].versions of the JSON alone, a second account of the
same ranges by another program of the CNA. CNA is the folder or the .tar.zst of the records. Every difference is printed
with its class; the exit code is 1 when one is in no known class. Needs pyarrow.
"""

import io
import json
import pathlib
import sys
import tarfile

import pyarrow
import pyarrow.parquet

RELEASED = 1 << 30


def records(path):
    """Every record of a folder or archive."""
    path = pathlib.Path(path)
    if path.is_dir():
        for file in sorted(path.rglob("CVE-*.json")):
            yield json.loads(file.read_bytes())
        return
    with pyarrow.input_stream(str(path), compression="zstd") as stream:
        with tarfile.open(fileobj=io.BufferedReader(stream), mode="r|") as archive:
            for member in archive:
                if member.name.endswith(".json"):
                    yield json.load(archive.extractfile(member))


def order(version):
    """A key that sorts versions: candidates before their release, 0 before all."""
    numbers, _, candidate = version.partition("-rc")
    parts = [int(part) for part in numbers.split(".")]
    return parts + [0] * (4 - len(parts)), int(candidate or RELEASED)


def branch(version):
    """What `6.1.*` has in common with its versions."""
    parts = version.partition("-rc")[0].split(".")
    return parts[:3] if parts[0] == "2" else parts[:2]


def holds(entry, release):
    """Whether a range of a record holds the release."""
    if "lessThan" in entry:
        return order(entry["version"]) <= order(release) < order(entry["lessThan"])
    if "lessThanOrEqual" in entry:
        end = entry["lessThanOrEqual"]
        on_branch = end == "*" or branch(end.removesuffix(".*")) == branch(release)
        return on_branch and order(entry["version"]) <= order(release)
    return order(entry["version"]) == order(release)


def affected(record, release):
    """Whether one of the record's products is affected at the release: ranges by version, git ranges aside."""
    for product in record["containers"]["cna"]["affected"]:
        entries = [entry for entry in product.get("versions", []) if entry.get("versionType") != "git"]
        states = {entry["status"] for entry in entries if holds(entry, release)}
        state = "unaffected" if "unaffected" in states else states.pop() if states else product["defaultStatus"]
        if entries and state == "affected":
            return True
    return False


def ranges(record):
    """Start and end of the ranges that are said to be affected, git ranges aside."""
    for product in record["containers"]["cna"]["affected"]:
        for entry in product.get("versions", []):
            if entry["status"] == "affected" and "lessThan" in entry and entry["versionType"] != "git":
                yield entry["version"], entry["lessThan"]


def difference_class(record, release, by_json):
    """Why the two accounts differ."""
    holding = [(start, end) for start, end in ranges(record) if order(start) <= order(release) < order(end)]
    if not by_json or not holding:
        return "UNKNOWN"
    if all(start == "0" for start, _ in holding):
        return "zero: ranges `0 .. fix of a branch`; in the order of versions that of a younger branch holds this release"
    if "-rc" in release and all(branch(start) != branch(release) for start, _ in holding):
        return "candidate: a branch without a fix is `x.y.z .. next version`, which holds the candidates of that version"
    starts = [start for start, _ in ranges(record)]
    if any(starts.count(start) > 1 for start, _ in holding):
        return "two fixes on a branch: affected up to the second, and unaffected from the first; hap takes the first"
    return "UNKNOWN"


def main(cna, *pairs):
    found = {}
    for pair in pairs:
        release, _, path = pair.partition("=")
        found[release] = set(pyarrow.parquet.read_table(path, columns=["bug"])["bug"].to_pylist())
    counts = {release: 0 for release in found}
    unknown = 0
    for record in records(cna):
        cve = record["cveMetadata"]["cveId"]
        for release, bugs in found.items():
            by_json = affected(record, release)
            counts[release] += by_json
            if by_json != (cve in bugs):
                reason = difference_class(record, release, by_json)
                unknown += reason == "UNKNOWN"
                print(f"{release}\t{cve}\tjson {by_json}, hap {not by_json}\t{reason}")
    for release, bugs in found.items():
        print(f"{release}: {counts[release]} by json, {len(bugs)} by hap")
    return int(unknown > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
