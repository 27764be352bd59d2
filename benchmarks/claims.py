"""Are the claimed errors honest? Every unknown of every solution at random points against one residual of 30 digits.

The true error of a root is, up to its square, the inverse Jacobian times the residual; the residual is evaluated in multiple
precision, by code that the solver does not use. Printed for each model: points, solutions, numbers for which the true error
exceeds the claim (there should be none), and the median of claim/true.

    python benchmarks/claims.py [--points 300] [--chaotic 30] [--seed 1] [--find one] [MODEL ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

import meanfield as mf
from meanfield import models
from meanfield.compile.precise import PreciseModel
from meanfield.records import per_point

DIGITS = 30
_NOTHING = 10.0 ** (4 - DIGITS)
Draw = Callable[[np.random.Generator, int], dict[str, np.ndarray]]


def scs(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    noise = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 2, n))
    return {"g": 1 + 10 ** rng.uniform(-3, np.log10(19), n), "sigma_squared": noise}


def stationary(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    spread = np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0, 2, n))
    return {"g": rng.uniform(0, 4, n), "M_m": rng.uniform(-1, 2, n), "M_n": rng.uniform(-2, 4, n), "Sigma_m": spread}


def input_stationary(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    own = {"Sigma_nI": rng.uniform(-1, 1, n), "M_I": rng.uniform(-1, 1, n), "Sigma_I_squared": rng.uniform(0.1, 2, n)}
    return {"g": rng.uniform(0, 4, n), "M_m": rng.uniform(-1, 2, n), "M_n": rng.uniform(-2, 4, n), **own}


def chaotic(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    spread = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 1.5, n))
    return {"g": rng.uniform(1.02, 5, n), "M_m": np.ones(n), "M_n": rng.uniform(0, 6, n), "Sigma_m": spread}


def input_chaotic(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    own = {"M_I": rng.uniform(-0.5, 0.5, n), "Sigma_I_squared": rng.uniform(0.0, 0.5, n)}
    return {"g": rng.uniform(1.3, 5, n), "M_m": np.ones(n), "M_n": rng.uniform(0, 4, n), **own}


def kac_rice(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    g = 1 + 10 ** rng.uniform(-2, 1, n)
    onset = (g**2 - 1) ** 3 / 6 / (1 + 0.6 * (g**2 - 1))  # roughly D_c
    return {"g": g, "D": np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0, 1.2, n) * onset)}


def kac_rice_single(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    g = 10 ** rng.uniform(-1, 1, n)
    onset = np.maximum(g**2 - 1, 0) ** 3 / 6 / (1 + 0.6 * np.maximum(g**2 - 1, 0))  # roughly D_c
    return {"g": g, "D": (onset + 1e-3) * 10 ** rng.uniform(0.2, 2, n)}


def kac_rice_action(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    data = 10 ** rng.uniform(-2, 1, (n, 1)) * rng.standard_normal((n, 20))  # states of 20 neurons, calm to saturated
    return {"g": 10 ** rng.uniform(-0.5, 1, n), "D": np.where(rng.random(n) < 0.3, 0.0, 10 ** rng.uniform(-3, 2, n)), "data": data}


MODELS: dict[str, Draw] = {
    "rank1-stationary": stationary,
    "rank1-input-stationary": input_stationary,
    "scs": scs,
    "kac-rice": kac_rice,
    "kac-rice-single": kac_rice_single,
    "kac-rice-action": kac_rice_action,
    "rank1-chaotic": chaotic,
    "rank1-input-chaotic": input_chaotic,
}


def errors(solution: Any, precise: PreciseModel) -> tuple[np.ndarray, np.ndarray]:
    """True and claimed errors (n,) of the working unknowns."""
    rows = solution.rows
    parameters = solution.p[0][: len(precise.model.parameters)]  # beyond them stands which data belong to the point
    x, p = [float(v) for v in rows.x[0]], [float(v) for v in parameters]
    residual = precise.residual(x, p, DIGITS)
    with mpmath.workdps(DIGITS):
        matrix = mpmath.matrix([[mpmath.mpf(float(v)) for v in row] for row in rows.jacobian[0]])
        try:
            true = mpmath.lu_solve(matrix, mpmath.matrix(residual))
        except (ZeroDivisionError, TypeError):  # a root where the Jacobian is singular, such as x = 0 at g = 1
            return np.zeros(len(x)), rows.error[0]
    true = [abs(float(t)) for t in true]  # what a residual of so many digits cannot tell from nothing is nothing
    return np.where(np.array(true) > _NOTHING * (1 + np.abs(rows.x[0])), true, 0.0), rows.error[0]


def check(name: str, parameters: dict[str, np.ndarray], find: str, verbose: bool) -> tuple[int, int, float, float]:
    """Solutions, numbers beyond their claims, median of claim/true, largest claim of a well-conditioned solution."""
    found = mf.solve(models.by_name(name), find=find, **parameters)
    compiled: dict[Any, PreciseModel] = {}
    data = parameters.get("data")
    ratios, beyond, largest, count = [], 0, 0.0, 0
    for i, point in enumerate(per_point(found)[0]):
        of_point = None if data is None else {"x": data[i].tolist()}
        for solution in point:
            model = solution.kernel.model
            precise = compiled.setdefault((id(model), of_point and i), PreciseModel(model, of_point))
            true, claimed = errors(solution, precise)
            count += 1
            ratios += [c / t for t, c in zip(true, claimed) if t > 0 and np.isfinite(c)]
            bad = true > claimed
            beyond += int(bad.sum())
            if solution.condition < 1e5:
                largest = max(largest, float((claimed / np.maximum(1, np.abs(solution.rows.x[0]))).max()))
            if bad.any() and verbose:
                print(f"  {solution.parameters}\n    x {solution.rows.x[0]}\n    true {true}\n    claimed {claimed}")
    return count, beyond, float(np.median(ratios)) if ratios else np.nan, largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=list(MODELS), metavar="MODEL")
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--chaotic", type=int, default=30, help="points of the chaotic models, whose residuals take longest")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--find", choices=("all", "one"), default="all")
    parser.add_argument("--verbose", action="store_true", help="print every violation")
    options = parser.parse_args()
    print(f"{'model':24} points  solutions  beyond claim  median claim/true  largest claim  seconds")
    for name in options.models:
        n = options.chaotic if "chaotic" in name else options.points
        began = time.perf_counter()
        count, beyond, ratio, largest = check(
            name, MODELS[name](np.random.default_rng(options.seed), n), options.find, options.verbose
        )
        took = time.perf_counter() - began
        print(f"{name:24} {n:6d}  {count:9d}  {beyond:12d}  {ratio:17.3g}  {largest:13.1e}  {took:7.0f}", flush=True)


if __name__ == "__main__":
    main()
