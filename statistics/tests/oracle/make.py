"""Makes the fixture tables of the statistics: pip install -r requirements.txt, then python make.py in this folder.

Every value comes from scipy, statsmodels or pymannkendall, or from the plain definition (all permutations, all resamples,
all truncations, the delta method by complex steps), never from hap.
"""

import itertools
import math
import random

import numpy
import pymannkendall
from scipy import stats
from statsmodels.stats.multitest import multipletests

RANDOM = random.Random(20180604)


def write(name, heading, rows):
    with open(f"{name}.csv", "w") as file:
        file.write(heading + "\n")
        for row in rows:
            file.write(",".join(repr(float(value)) if isinstance(value, float) else str(value) for value in row) + "\n")


def chao2():
    """Chao2 with log-normal interval; the variance where Q2 > 0 by the delta method.

    Q1, Q2 and the unseen count are multinomial given the estimate (Chao 1987): the variance is the gradient of
    S = sum of all classes + (m - 1) / m Q1^2 / (2 Q2) around their covariance.
    """
    rows = []
    for units, once, twice, rest in [(2, 90, 400, 0), (10, 66, 31, 380), (4, 12, 3, 0), (30, 5, 1, 700), (8, 1, 6, 50),
                                     (5, 9, 0, 40), (12, 2, 0, 10), (6, 0, 4, 30), (3, 0, 0, 12), (7, 1, 0, 5)]:
        a = (units - 1) / units
        seen = once + twice + rest
        unseen = a * once**2 / (2 * twice) if twice else a * once * (once - 1) / 2
        total = seen + unseen
        if twice:
            def estimate(classes):
                return classes[0] + classes[1] + classes[2] + a * classes[0]**2 / (2 * classes[1])
            classes = numpy.array([once, twice, rest], dtype=float)
            # Derivatives by complex steps, exact to the last digits.
            gradient = numpy.array([estimate(classes + 1e-40j * unit).imag / 1e-40 for unit in numpy.eye(3)])
            covariance = numpy.diag(classes) - numpy.outer(classes, classes) / total
            variance = gradient @ covariance @ gradient
        elif once > 1:
            variance = (a * once * (once - 1) / 2 + a**2 * once * (2 * once - 1)**2 / 4 - a**2 * once**4 / (4 * total))
        else:
            missed = math.exp(-(once + 2 * twice + 3 * rest) / seen)
            variance = seen * missed * (1 - missed)
        if unseen > 0:
            # ln(S - seen) is normal: the interval in terms of scipy's log-normal distribution.
            sigma = math.sqrt(math.log(1 + variance / unseen**2))
            low, high = (seen + stats.lognorm.ppf(q, sigma, scale=unseen) for q in (0.025, 0.975))
        else:
            missed = math.exp(-(once + 2 * twice + 3 * rest) / seen)
            low, high = seen, seen / (1 - missed) + stats.norm.ppf(0.975) * math.sqrt(seen * missed) / (1 - missed)
        error = math.sqrt(variance) if variance > 1e-12 else 0.0
        rows.append([units, once, twice, rest, total, error, low, high])
    write("chao2", "units,once,twice,thrice,estimate,error,low,high", rows)


def chao2_jackknife():
    """Chao2 of a matrix of units and functions in which rare functions come together; its jackknife by deleting each row."""
    def estimate(matrix):
        units, counts = len(matrix), matrix.sum(axis=0)
        once, twice = (counts == 1).sum(), (counts == 2).sum()
        pairs = once**2 / (2 * twice) if twice else once * (once - 1) / 2
        return (counts > 0).sum(), (units - 1) / units * pairs

    rows = []
    for case in range(24):
        generator = numpy.random.default_rng(case)
        matrix = (generator.random((12, 16)) < numpy.linspace(0.9, 0.02, 16)).astype(int)
        event = generator.integers(12)
        matrix[event, 10:10 + case % 6] = 1
        seen, unseen = estimate(matrix)
        left = numpy.array([sum(estimate(numpy.delete(matrix, unit, axis=0))) for unit in range(12)])
        jackknife = 11 / 12 * ((left - left.mean())**2).sum()
        once, twice = ((matrix.sum(axis=0) == k).sum() for k in (1, 2))
        if unseen == 0 or twice == 0:
            continue
        # As in chao2(): the delta method on multinomial classes.
        gradient = [1 + 11 / 12 * once / twice, 1 - 11 / 12 * once**2 / (2 * twice**2), 1]
        classes = numpy.array([once, twice, seen - once - twice], dtype=float)
        independent = gradient @ (numpy.diag(classes) - numpy.outer(classes, classes) / (seen + unseen)) @ gradient
        sigma = math.sqrt(math.log(1 + max(jackknife, independent) / unseen**2))
        low, high = (seen + stats.lognorm.ppf(q, sigma, scale=unseen) for q in (0.025, 0.975))
        bits = [int(sum(1 << function for function in range(16) if row[function])) for row in matrix]
        rows.append(bits + [float(seen + unseen), math.sqrt(jackknife), float(low), float(high)])
    write("chao2_jackknife", ",".join(f"unit{i}" for i in range(12)) + ",estimate,error,low,high", rows)


def assemblage():
    """Incidence probabilities of the bootstrap assemblage, solved from their two conditions: the seen functions' mean
    incidence is what the coverage says, and the correction is the same multiple of p (1 - p)^m for all."""
    units, counts = 6, [1, 1, 1, 1, 2, 2, 3, 6]
    once, twice, total = counts.count(1), counts.count(2), sum(counts)
    a = (units - 1) * once / ((units - 1) * once + 2 * twice)
    covered = 1 - once / total * a
    unseen = math.ceil((units - 1) / units * once**2 / (2 * twice))
    raw = numpy.array(counts) / units

    def mean_incidence(weight):
        return sum(raw * (1 - weight * (1 - raw)**units))

    low, high = 0.0, 1 / max((1 - raw)**units)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_incidence(middle) > covered * total / units else (low, middle)
    rows = [[float(k / units * (1 - low * (1 - k / units)**units)), counts.count(k)] for k in sorted(set(counts))]
    rows.append([(1 - covered) * total / units / unseen, unseen])
    write("assemblage", "probability,functions", rows)


def binomial():
    rows = [[n, p, k, float(stats.binom.cdf(k, n, p))] for n, p, ks in [
        (6, 0.3, range(7)), (50, 0.02, (0, 1, 3, 10)), (357, 0.9, (0, 300, 321, 340, 356)), (5000, 0.4, (0, 1900, 2000, 2100))
    ] for k in ks]
    write("binomial", "trials,probability,k,cumulated", rows)


def mser():
    """The end of the transient by the definition, evaluated anew for every truncation."""
    rows = []
    for case in range(40):
        rate = RANDOM.choice([0, 2, 8, 30])
        decay = RANDOM.choice([2, 6, 20, 100])
        series = [min(numpy.random.default_rng(100 * case + i).poisson(rate * math.exp(-i / decay) + 0.5), 99) for i in range(60)]
        batches = [sum(series[i:i + 5]) / 5 for i in range(0, 60, 5)]
        statistic = []
        for d in range(len(batches) // 2 + 1):
            rest = batches[d:]
            mean = sum(rest) / len(rest)
            statistic.append(sum((y - mean)**2 for y in rest) / len(rest)**2)
        least = min(statistic)
        d = next(i for i, value in enumerate(statistic) if value <= least * (1 + 1e-12) + 1e-15)
        rows.append([5 * d if d < len(batches) // 2 else -1] + [int(y) for y in series])
    write("mser", "end," + ",".join(f"y{i}" for i in range(60)), rows)


def mann_kendall():
    rows = []
    for case in range(30):
        slope = RANDOM.choice([-0.5, 0, 0, 0.2])
        scale = RANDOM.choice([1, 5, 40])
        series = [max(0, round(scale + slope * i + RANDOM.gauss(0, scale / 2))) for i in range(25)]
        found = pymannkendall.original_test(series)
        rows.append([int(found.s), float(found.z), float(found.p)] + series)
    write("mann_kendall", "s,z,p," + ",".join(f"y{i}" for i in range(25)), rows)


def fisher():
    rows = []
    for runs_a, runs_b in [(2, 2), (10, 10), (10, 3), (1, 7), (40, 25), (350, 360)]:
        for _ in range(12):
            a, b = RANDOM.randint(0, runs_a), RANDOM.randint(0, runs_b)
            p = stats.fisher_exact([[a, b], [runs_a - a, runs_b - b]]).pvalue
            rows.append([runs_a, runs_b, a, b, float(p)])
    write("fisher", "runs_a,runs_b,present_a,present_b,p", rows)


def benjamini_hochberg():
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
                 0.7590, 1.0]
    p = published + [round(RANDOM.random()**3, 4) for _ in range(25)]
    q = multipletests(p, method="fdr_bh")[1]
    write("benjamini_hochberg", "p,q", [[float(a), float(b)] for a, b in zip(p, q)])


def permutation():
    rows = []
    for _ in range(12):
        size = RANDOM.randint(1, 7)
        runs = [RANDOM.getrandbits(8) & RANDOM.choice([0xFF, 0x3F, 0xF3]) for _ in range(8)]

        def only(first, second):
            union = lambda chosen: {bit for run in chosen for bit in range(8) if run >> bit & 1}
            return len(union(first) - union(second))
        labellings = [([runs[i] for i in chosen], [runs[i] for i in range(8) if i not in chosen])
                      for chosen in itertools.combinations(range(8), size)]
        observed = (runs[:size], runs[size:])
        p_a = sum(only(a, b) >= only(*observed) for a, b in labellings) / len(labellings)
        p_b = sum(only(b, a) >= only(*observed[::-1]) for a, b in labellings) / len(labellings)
        rows.append([size] + runs + [p_a, p_b])
    write("permutation", "size_a," + ",".join(f"run{i}" for i in range(8)) + ",p_a,p_b", rows)


def kendall_tau():
    rows = []
    for _ in range(20):
        a = [RANDOM.randint(0, 6) for _ in range(6)]
        b = [RANDOM.randint(0, 6) for _ in range(6)]
        if len(set(a)) > 1 and len(set(b)) > 1:
            rows.append([float(stats.kendalltau(a, b).statistic)] + a + b)
    write("kendall_tau", "tau," + ",".join(f"a{i}" for i in range(6)) + "," + ",".join(f"b{i}" for i in range(6)), rows)


def order():
    rows = []
    for _ in range(12):
        a = [RANDOM.randint(500, 600) for _ in range(4)]
        b = [RANDOM.randint(520, 620) for _ in range(4)]
        means = [numpy.array([sum(draw) for draw in itertools.product(values, repeat=4)]) for values in (a, b)]
        less, ties = (means[0][:, None] < means[1]).mean(), (means[0][:, None] == means[1]).mean()
        rows.append([float(less + ties / 2)] + a + b)
    write("order", "p," + ",".join(f"a{i}" for i in range(4)) + "," + ",".join(f"b{i}" for i in range(4)), rows)


for make in (chao2, chao2_jackknife, assemblage, binomial, mser, mann_kendall, fisher, benjamini_hochberg, permutation, kendall_tau, order):
    make()
