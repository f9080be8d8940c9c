"""How often 95 % intervals hold what all windows of a run hold, for several designs: calibration.py DATASET

An implementation of its own of `hap-analyze completeness --calibrate --phase all` (design `chao2, jackknife`), and of the
designs that were not adopted; docs/method.md tells why. Needs numpy, scipy and polars.
"""

import pathlib
import sys

import numpy
import polars
from scipy import stats

DATASET = pathlib.Path(sys.argv[1])
DRAWS = 200
SHARES = (0.1, 0.25, 0.5, 0.75)
RANDOM = numpy.random.default_rng(1)
NORMAL = stats.norm.ppf(0.975)


def windows_of(run):
    """Windows x functions, 1 where the window holds the function: task context, default roles."""
    table = lambda name: polars.read_parquet(DATASET / name / run / f"{name}.parquet")
    text = lambda name: polars.col(name).cast(polars.String)
    facts, threads, about = table("windows"), table("threads"), table("runs")
    roles = threads.select("pid", text("role"))
    calls = facts.with_columns(text("context"), text("module")).filter(polars.col("context") == "task")
    calls = calls.join(roles, on="pid", how="left").with_columns(polars.col("role").fill_null("other"))
    if about["threads_listed"][0]:
        calls = calls.filter(~polars.col("role").is_in(["shim", "other"]))
    functions = calls.select("module", "address").unique().sort("module", "address").with_row_index("function")
    calls = calls.join(functions, on=["module", "address"])
    held = numpy.zeros((about["duration_ns"][0] // about["window_ns"][0] + 1, functions.height), dtype=numpy.int64)
    held[calls["window"].to_numpy(), calls["function"].to_numpy()] = 1
    return held


def unseen(units, once, twice):
    return (units - 1) / units * numpy.where(twice > 0, once**2 / (2 * numpy.maximum(twice, 1)), once * (once - 1) / 2)


def independent_variance(units, once, twice, total):
    a, ratio = (units - 1) / units, once / max(twice, 1)
    if twice > 0:
        return twice * (a / 2 * ratio**2 + a**2 * ratio**3 + a**2 / 4 * ratio**4)
    return max(a * once * (once - 1) / 2 + a**2 * once * (2 * once - 1)**2 / 4 - a**2 * once**4 / (4 * max(total, 1)), 0)


def log_normal(seen, hidden, variance, quantile=NORMAL):
    if hidden <= 0:
        return seen, seen
    spread = numpy.exp(min(quantile * numpy.sqrt(numpy.log1p(variance / hidden**2)), 600))
    return seen + hidden / spread, seen + hidden * spread


def intervals(sample, population):
    """The interval of each design."""
    units, counts = len(sample), sample.sum(axis=0)
    seen = (counts > 0).sum()
    once, twice, thrice, four = (float((counts == k).sum()) for k in (1, 2, 3, 4))
    of_unit = [sample[:, counts == k].sum(axis=1).astype(float) for k in (1, 2, 3)]
    left = (once - of_unit[0] + of_unit[1], twice - of_unit[1] + of_unit[2])
    jackknife = lambda estimates: (units - 1) / units * ((estimates - estimates.mean())**2).sum()
    hidden = float(unseen(units, once, twice))
    estimates = seen - of_unit[0] + unseen(units - 1, *left)
    independent = independent_variance(units, once, twice, seen + hidden)
    variance = max(independent, jackknife(estimates))
    found = {"chao2, independent functions": log_normal(seen, hidden, independent), "chao2, jackknife": log_normal(seen, hidden, variance)}
    # iChao2 (Chiu, Wang, Walther and Chao 2014) adds what functions of three and four units tell.
    more = (units - 3) / (4 * units) * thrice / max(four, 1) * max(once - (units - 3) / (2 * (units - 1)) * twice * thrice / max(four, 1), 0)
    found["ichao2, jackknife"] = log_normal(seen, hidden + more, variance)
    # The jackknife estimate of the number itself (Burnham and Overton 1978).
    first = once * (units - 1) / units
    found["first-order jackknife"] = log_normal(seen, first, (units - 1) / units * ((of_unit[0]**2).sum() - once**2 / units))
    # Sampling without replacement from a population of known size (Chao and Lin 2012).
    share = min(units / population, 0.99)
    finite = lambda m, q1, q2: q1**2 / numpy.maximum(m / (m - 1) * 2 * q2 + share / (1 - share) * q1, 1e-9)
    deleted = seen - of_unit[0] + finite(units - 1, *left)
    found["finite population, jackknife"] = log_normal(seen, float(finite(units, once, twice)), jackknife(deleted))
    # Student's t, with as many units as carry the variance (Satterthwaite 1946).
    squares = (estimates - estimates.mean())**2
    carrying = squares.sum()**2 / max((squares**2).sum(), 1e-300)
    found["chao2, jackknife, t of carrying units"] = log_normal(seen, hidden, variance, stats.t.ppf(0.975, max(carrying - 1, 1)))
    return found


rows = {}
for folder in sorted((DATASET / "windows").iterdir()):
    held = windows_of(folder.name)
    truth, population = (held.sum(axis=0) > 0).sum(), len(held)
    for drawn in ("with", "without"):
        for share in SHARES:
            size = round(share * population)
            for _ in range(DRAWS):
                chosen = RANDOM.integers(0, population, size) if drawn == "with" else RANDOM.permutation(population)[:size]
                for design, (low, high) in intervals(held[chosen], population).items():
                    rows.setdefault((drawn, share, design), []).append((numpy.ceil(high) < truth, numpy.floor(low) > truth, high / truth))
print("drawn    sample, %  design                                 covered, %  too low, %  too high, %  median upper bound / truth")
for (drawn, share, design), found in rows.items():
    low, high, ratio = numpy.array(found, dtype=float).T
    print(f"{drawn:7}  {100 * share:9.0f}  {design:37}  {100 * (1 - low.mean() - high.mean()):10.1f}  {100 * low.mean():10.1f}  {100 * high.mean():11.1f}  {numpy.median(ratio):.2f}")
