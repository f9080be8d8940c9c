"""Bug tables against other programs: scipy fits the same data, the records' own version ranges say which bugs there are."""

import json
import pathlib
import subprocess
import sys
import tempfile

import duckdb
import numpy
import scipy.optimize
import scipy.special
import scipy.stats
from comparisons import check, finish

HAP = sys.argv[1]
ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD_ID = "3b43fad5034874490492495d552c0af6a5fab235"
KERNELS = ROOT / "data" / "kernels"
SAMPLE = ROOT / "ingest" / "tests" / "bugs_data" / "linux-cna-sample.tar.zst"

sys.path.insert(0, str(ROOT / "data" / "bugs"))
import check_versions  # noqa: E402
import sample  # noqa: E402


def log_likelihood(theta, bugs, lines):
    """Of the negative binomial, for fractions too."""
    a, b = numpy.exp(theta)
    terms = scipy.special.gammaln(bugs + a) - scipy.special.gammaln(a) - scipy.special.gammaln(bugs + 1)
    return float(numpy.sum(terms + a * numpy.log(b / (b + lines)) + scipy.special.xlogy(bugs, lines / (b + lines))))


def poisson_log_likelihood(bugs, lines):
    expected = bugs.sum() / lines.sum() * lines
    return float(numpy.sum(scipy.special.xlogy(bugs, expected) - expected - scipy.special.gammaln(bugs + 1)))


def refit(bugs, lines):
    """The best of several starts; ln a is held to the range that hap searches."""
    mean = bugs.sum() / lines.sum()
    options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 20000, "maxfev": 20000}
    fits = [
        scipy.optimize.minimize(
            lambda theta: -log_likelihood(theta, bugs, lines),
            [ln_a, ln_a - numpy.log(mean)],
            method="Nelder-Mead",
            bounds=[(-9.25, 9.25), (-30, 40)],
            options=options,
        )
        for ln_a in (-1.5, 0.5, 2.5)
    ]
    return min(fits, key=lambda fit: fit.fun)


def table(folder, name):
    return f"read_parquet('{folder}/{name}.parquet')"


def files_of(folder):
    """Bugs and lines of each source file, from the bug table and the kernel table, with the subsystem hap put it in."""
    functions = f"read_parquet('{KERNELS}/build_id={BUILD_ID}/functions.parquet')"
    return duckdb.sql(f"""
        with lines as (
            select file, sum(lines)::bigint lines from (
                select file, line, function, max(lines) lines from {functions} where lines > 0 group by all
            ) group by file
        ), bugs as (
            select file, sum(mass) bugs from {table(folder, "bugs")} where rule in ('function', 'file') group by file
        )
        select d.subsystem, file, coalesce(bugs.bugs, 0) bugs, lines.lines, d.density, d.lines hap_lines, d.bugs hap_bugs
        from lines left join bugs using (file)
        join {table(folder, "density")} d using (file) where d.model = 'cve' and d.module is null order by file
    """).df()


def check_fits(folder, exact=False):
    """Refits every part of the source tree."""
    files = files_of(folder)
    check(f"{folder.name}: lines of files", bool((files.lines == files.hap_lines).all()), True)
    fits = duckdb.sql(f"select * from {table(folder, 'fits')}").df()
    check(f"{folder.name}: every part has a fit", sorted(fits.subsystem), sorted(set(files.subsystem)))
    for fit in fits.itertuples():
        name = f"{folder.name}: {fit.subsystem}"
        rows = files[files.subsystem == fit.subsystem]
        bugs, lines = rows.bugs.to_numpy(), rows.lines.to_numpy().astype(float)
        check(f"{name}: bugs", fit.bugs, bugs.sum(), 1e-12)
        check(f"{name}: files and lines", (fit.files, fit.lines), (len(rows), int(lines.sum())))
        if bugs.sum() == 0:
            continue
        check(f"{name}: Poisson", fit.poisson_log_likelihood, poisson_log_likelihood(bugs, lines), 1e-10)
        best = refit(bugs, lines)
        if numpy.isnan(fit.a):
            check(f"{name}: no spread", fit.log_likelihood, fit.poisson_log_likelihood)
            check(f"{name}: scipy finds none either", -best.fun <= fit.log_likelihood + 1e-5, True)
            continue
        theta = numpy.log([fit.a, fit.b])
        check(f"{name}: log-likelihood", fit.log_likelihood, log_likelihood(theta, bugs, lines), 1e-10)
        check(f"{name}: greatest log-likelihood", fit.log_likelihood, -best.fun, 1e-9)
        # The more the curve bends, the better its top is known.
        if fit.log_likelihood - fit.poisson_log_likelihood > 0.05:
            check(f"{name}: ln a", theta[0], best.x[0], 1e-4)
            check(f"{name}: ln b", theta[1], best.x[1], 1e-4)
        if exact:
            pmf = scipy.stats.nbinom(fit.a, fit.b / (fit.b + lines)).logpmf(bugs.astype(int)).sum()
            check(f"{name}: scipy.stats.nbinom", fit.log_likelihood, pmf, 1e-10)
    return files, fits


def check_densities(folder, files, fits):
    """The posterior means, and that densities of functions add up to that of their file."""
    joined = files.merge(fits[["subsystem", "a", "b", "lines", "bugs"]], on="subsystem", suffixes=("", "_part"))
    poisson = joined.bugs_part / joined.lines_part
    posterior = ((joined.bugs + joined.a) / (joined.lines + joined.b)).where(joined.a.notna(), poisson)
    spread = (joined.hap_bugs - joined.bugs) / joined.lines
    check(f"{folder.name}: densities", float((joined.density - posterior - spread).abs().max()) < 1e-14, True)
    density = table(folder, "density")
    for model, file, found, expected in duckdb.sql(f"""
        with functions as (
            select model, file, sum(lines * density) mass from (
                select distinct on (model, file, line, function) d.model, d.file, d.lines, d.density
                from {density} d join read_parquet('{KERNELS}/build_id={BUILD_ID}/functions.parquet') k
                on d.module = k.module and d.address = k.address where d.file = k.file
            ) group by all
        )
        select model, file, mass, lines * density from functions join {density} using (model, file) where module is null
    """).fetchall():
        check(f"{folder.name}: {model} {file}: functions", found, expected, 1e-9)
    for model, found, expected in duckdb.sql(f"""
        select model, sum(lines * density) filter (file is not null and module is null), max(bugs) filter (file is null)
        from {density} where model = 'cve' group by model""").fetchall():
        check(f"{folder.name}: {model}: sum of lines x density", found, expected, 1e-9)
    masses = duckdb.sql(f"select max(abs(mass - 1)) from (select sum(mass) mass from {table(folder, 'bugs')} group by bug)")
    check(f"{folder.name}: masses of a bug add up to 1", masses.fetchall()[0][0] < 1e-12, True)


def hap(dataset, records, release, *more):
    command = [HAP, "bugs", "--cna", records, "--release", release, "--kernel", BUILD_ID, "--out", dataset, *more]
    subprocess.run([str(part) for part in command], check=True, stderr=subprocess.DEVNULL)
    return pathlib.Path(dataset) / "bugs" / f"source=linux-cna-{release}"


def whole_bugs(folder):
    """Records of one file each and without names of functions, so that every count is a whole number."""
    folder.mkdir()
    files = duckdb.sql(f"""select distinct file from read_parquet('{KERNELS}/build_id={BUILD_ID}/functions.parquet')
        where lines > 0 and (file like 'mm/%' or file like 'kernel/%' or file like 'net/ipv4/%') order by file""").fetchall()
    number = 0
    for index, (file,) in enumerate(files):
        for _ in range((index * index) % 7 if index % 3 else 0):
            number += 1
            cve = f"CVE-2000-{number}"
            cna = {"title": "t", "descriptions": [{"lang": "en", "value": "d"}], "affected": [{"programFiles": [file]}]}
            record = {"cveMetadata": {"cveId": cve, "state": "PUBLISHED"}, "containers": {"cna": cna}}
            (folder / f"{cve}.json").write_text(json.dumps(record))
            (folder / f"{cve}.dyad").write_text("5.0:aaaaaaa:6.5:bbbbbbb\n")
    return folder


for source in sorted((ROOT / "data" / "bugs").glob("source=*")):
    check_densities(source, *check_fits(source))
with tempfile.TemporaryDirectory() as scratch:
    dataset = pathlib.Path(scratch) / "dataset"
    dataset.mkdir()
    (dataset / "kernels").symlink_to(KERNELS)
    whole = hap(dataset, whole_bugs(pathlib.Path(scratch) / "records"), "6.1", "--source-name", "linux-cna-6.1")
    check_densities(whole, *check_fits(whole, exact=True))
    releases = [f"{release}={hap(dataset, SAMPLE, release)}/bugs.parquet" for release in ("6.1.192", "6.12.117")]
    check("versions of real records", check_versions.main(SAMPLE, *releases), 0)
check("hand-read sample of the function rule", sample.main(), 0)
finish("readers, bugs")
