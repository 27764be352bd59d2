"""One self-consistent spectrum, from a guess through finer and finer bases to a claimed error."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import numpy as np

from meanfield.dynamics.field import Array, Field
from meanfield.dynamics.half_line import HalfLine
from meanfield.dynamics.pair_rates import WIDEST, PairRates
from meanfield.dynamics.spectrum_equations import SpectrumEquations
from meanfield.dynamics.units import Unit
from meanfield.errors import QuadratureError
from meanfield.solve.anderson import anderson
from meanfield.solve.status import Status
from meanfield.transfer import Transfer

__all__ = ["Found", "solve_spectrum"]

FIRST, ANOTHER = 32, 72  # basis functions of the first grid; and if nothing is found there
SECOND = 48  # of the grid that tells how many more are needed
MOST = 256
SCALES = (1.0, 0.75, 1.3, 0.5, 1.8, 2.6)  # of the basis, tried once a solution is known roughly
ROUGH, FINE = 1e-11, 1e-14  # tolerances of pair averages: on the first grids, and in the end
GUESSED, WIDE = 1e-4, 3.0  # tolerance of pair averages before Newton's method, where g is larger than this: laws are wide there
# Amplitude and decay rate of the guess, in units of what the frozen state suggests.
GUESSES = ((1.0, 1.0), (0.97, 1.6), (1.0, 0.6), (0.9, 1.0), (1.0, 2.5), (0.8, 1.0), (1.0, 0.3), (0.8, 3.0), (0.6, 2.0))
NEWTON_STEPS = 12
STRAIGHT = 6  # steps of Newton's method from the guess
REST = 1e-4  # a variance without noise that is as small as NOTHING of this is none: x = 0
NOTHING = 1e-7  # fluctuations below this part of the variance are mostly the frozen state
CLEAR = 10.0  # even then, fluctuations that are so many times what they are unsure by


@dataclass(frozen=True)
class Found:
    """Basis, unknowns v, coefficients of T and of the field; claimed errors of Delta_0, Delta(tau), Delta_inf and the mean."""

    status: Status
    line: HalfLine | None
    v: Array
    T: Array
    field: Array
    Delta_0: float
    error: tuple[float, float, float, float]


def nothing(status: Status) -> Found:
    """What stands for a solution where there is none."""
    none = np.full(3, np.nan)
    return Found(status, None, none, none, none, np.nan, (np.inf,) * 4)


def solve_spectrum(phi: Transfer, field: Field, unit: Unit, mean: float, tol: float) -> Found:
    """The fluctuating state of one point (fields of shape (1,)); ``mean``: where the mean starts."""
    centred = not (mean or field.M_I.any())
    rough, fine = PairRates(phi, centred, ROUGH), PairRates(phi, centred, FINE)
    first = _first(rough, field, unit, mean, FIRST) or _first(rough, field, unit, mean, ANOTHER)
    if first is None:
        return nothing(Status.NO_SOLUTION)
    line, v = first
    found, count, rates = None, max(SECOND, line.count), rough
    while count <= MOST:
        grid = HalfLine(count, _best_scale(line, v, count, rough, field, unit))
        equations = SpectrumEquations(rates, field, unit, grid)
        refined = _newton(equations, _moved(v, line, grid), steps=8)
        if refined is None:
            break
        line, v = grid, refined[0]
        if rates is fine:
            found = _claimed(equations, refined, field, unit, tol)
            if found.status is Status.CONVERGED:
                break
        count, rates = _enough(line, v, 0.1 * tol) if rates is rough else 8 * ceil(count / 6), fine
    if found is None:
        return nothing(Status.STAGNATED)
    return found if _is_covariance(found, field, unit) else nothing(Status.REJECTED)


def _enough(line: HalfLine, v: Array, tol: float) -> int:
    """How many functions will leave a last coefficient below ``tol``, from the fall of those that are known.

    They fall more and more slowly, somewhere between exponentials of n and of its root: at half the rate, say.
    """
    size, part = np.abs(line.analysis @ v[:-3]), max(line.count // 8, 1)
    middle, last = (float(size[k - part : k].sum()) for k in ((line.count + part) // 2, line.count))
    rate = log(max(middle / last, 2.0)) / (line.count / 2)
    more = log(max(last / (tol * max(1.0, float(v[-3] + v[-2]))), 1.0)) / (rate / 2)
    return int(min(MOST, 8 * ceil((line.count + more) / 8)))


def _first(rates: PairRates, field: Field, unit: Unit, mean: float, count: int) -> tuple[HalfLine, Array] | None:
    """A solution in ``count`` functions, by Anderson's acceleration of the iteration and then Newton's method."""
    peak, power = _peak(unit)
    guessed = PairRates(rates.phi, rates.parity == "odd", GUESSED) if field.g[0] > WIDE else rates
    frozen, static, mu, margin = _frozen(guessed, field, unit, mean, power)
    if not frozen <= WIDEST**2:
        raise QuadratureError(
            f"x would have a standard deviation above {WIDEST:g}, too wide for the self-consistent spectrum "
            f"with {rates.phi.name}; take a smaller g, or the model scs where its units will do"
        )
    # Near the onset of chaos without noise k = eps/sqrt(3), the margin is 4 eps^2/3 and the amplitude that of the frozen state.
    k_0, height_0 = (np.sqrt(margin) / 2, 1 / (1 + 0.16 * np.sqrt(margin))) if margin > 0 else (np.sqrt(-margin), 0.9)
    for amplitude, rate in GUESSES:
        k = max(k_0 * rate, 1e-4)
        line = HalfLine(count, float(min(max(1.8 * np.sqrt(k), 1.5 * k), 6 * k)))
        equations = SpectrumEquations(guessed, field, unit, line)
        tau = np.append(line.tau, 0.0)
        height = amplitude * height_0 * (frozen - static) - float(equations.W[-1])
        with np.errstate(over="ignore"):
            v = np.append(height * np.cos(peak * tau) / np.cosh(k * tau), [static, mu])
        # Where laws are wide an evaluation is dear, and Newton's method gets there from the guess in fewer; if it does.
        near = _newton(equations, v, steps=STRAIGHT, enough=1e-3) if guessed is not rates else None
        if near is not None and near[0][-3] > 0.3 * abs(height):
            v = near[0]
        else:
            v, size, _ = anderson(equations.G, v, tol=1e-3 * max(abs(height), 1e-9), rounds=40)
            if not np.isfinite(size):
                continue
        equations.rates = rates
        refined = _newton(equations, v, steps=NEWTON_STEPS)
        if refined is not None and _fluctuates(equations, refined):
            return line, refined[0]
    return None


def _peak(unit: Unit) -> tuple[float, float]:
    """The frequency at which the unit responds most, and ``|chi|^2`` there."""
    omega = np.concatenate([[0.0], np.geomspace(1e-3, 1e2, 400)])
    power = unit.power(omega)
    k = int(power.argmax())
    return (0.0, float(power[0])) if power[k] <= power[0] * (1 + 1e-9) else (float(omega[k]), float(power[k]))


def _frozen(rates: PairRates, field: Field, unit: Unit, mean: float, power: float) -> tuple[float, float, float, float]:
    """Variance if units moved at their favourite frequency only, static variance and mean then, ``power g^2 <phi'^2> - 1``."""
    g2, gain = float(field.g[0] ** 2), unit.gain
    line = HalfLine(FIRST, 1.0)
    white = 2 * float(field.sigma_squared[0]) * float(unit.covariance(np.zeros(1), line)[0])

    def sweep(x: Array) -> Array:
        variance, static, mu = x
        r = rates(np.array([variance, min(static, variance)]), max(variance, 1e-12), mu, slopes=False)
        kappa = float(field.M_n[0]) * r.mean_rate[0]
        held = (float(field.Sigma_m[0]) * kappa) ** 2 + float(field.D[0])
        static = gain**2 * (g2 * r.value[1] + held)
        return np.array(
            [power * g2 * (r.value[0] - r.value[1]) + static + white, static, gain * (field.M_m[0] * kappa + field.M_I[0])]
        )

    x = np.array([power * g2 + white + gain**2 * float(field.D[0]), 0.0, mean])
    for _ in range(3):
        x = (x + sweep(x)) / 2
    # Near the onset of chaos without noise the margin is of second order in the distance, and must be right.
    better, size, _ = anderson(sweep, x, depth=3, tol=(1e-4 if white > 0.03 * x[0] else 1e-13) * float(x[0]), rounds=60)
    x = better if size <= 1e-4 * better[0] else x
    r = rates(x[:1], max(float(x[0]), 1e-12), float(x[2]))
    return float(x[0]), float(max(x[1], 0.0)), float(x[2]), power * g2 * float(r.by_covariance[0]) - 1


def _newton(equations: SpectrumEquations, v: Array, steps: int, enough: float = 1e-9) -> tuple[Array, float, Array] | None:
    """A root near v, about how far it still is from it, and the last Jacobian; or None. enough: length of the last step."""
    for _ in range(steps):
        residual, matrix = equations.newton(v)
        if not np.isfinite(residual).all() or not np.isfinite(matrix).all():
            return None
        size = float(np.abs(residual).max())
        scale = 1 + float(np.abs(v).max())
        try:
            step = np.linalg.solve(matrix, residual)
        except np.linalg.LinAlgError:
            return None
        v = v + step
        length = float(np.abs(step).max())
        if size <= 1e-14 * scale or length <= enough * scale:
            break
    else:
        if size > enough * scale:
            return None
    return v, 1e3 * length**2 / scale, matrix


def _fluctuates(equations: SpectrumEquations, refined: tuple[Array, float, Array]) -> bool:
    """Whether a root is neither a frozen state, rest included, nor outside the domain."""
    v, remaining, matrix = refined
    white = float(equations.W[-1])
    Delta_0 = v[-2] + v[-3] + white
    if v[-2] <= -NOTHING * Delta_0:
        return False
    moving = float(v[-3]) + white
    if moving > NOTHING * max(Delta_0, 0.0 if white else REST):
        return True
    # Near where fluctuations set in they are small beside the static variance.
    unsure = float(np.abs(np.linalg.inv(matrix)[-3]).sum()) * _noise(equations, float(Delta_0)) + remaining
    return bool(not white and Delta_0 > REST and moving > CLEAR * unsure)


def _noise(equations: SpectrumEquations, Delta_0: float) -> float:
    """About the errors of the equations themselves."""
    return 16 * float(np.finfo(float).eps) * Delta_0 + equations.g2 * min(Delta_0, 1.0) * equations.rates.tol


def _moved(v: Array, line: HalfLine, grid: HalfLine) -> Array:
    """The unknowns at the nodes of another grid."""
    coefficients = line.analysis @ v[:-3]
    return np.concatenate([coefficients @ line.at(grid.tau), [coefficients.sum()], v[-2:]])


def _best_scale(line: HalfLine, v: Array, count: int, rates: PairRates, field: Field, unit: Unit) -> float:
    """The scale in which the last of ``count`` coefficients of the field's covariance are smallest; v: on the grid of ``line``."""
    grids = [HalfLine(count, line.b * scale) for scale in SCALES]
    tau = np.append(np.concatenate([grid.tau for grid in grids]), 0.0)
    excess = 2 * float(field.sigma_squared[0]) * unit.covariance(tau, line) + (line.analysis @ v[:-3]) @ line.at(tau)
    r = rates(np.append(v[-2] + excess, v[-2]), float(v[-2] + excess[-1]), float(v[-1]), slopes=False)
    terms = np.abs((r.value[:-2] - r.value[-1]).reshape(len(grids), count) @ grids[0].analysis.T)
    # What is looked at is known to some accuracy only; it is rough once a rough solution did not fit its first grid well.
    known = 1e-12 if line.count == FIRST else 1e-10
    tails = np.maximum(terms[:, -count // 4 :].max(axis=1), known * terms.max(axis=1))
    return grids[int((tails <= 1.1 * tails.min()).argmax())].b


def _claimed(equations: SpectrumEquations, refined: tuple[Array, float, Array], field: Field, unit: Unit, tol: float) -> Found:
    """The solution with its claims: what a finer basis of another scale leaves of the equations, the last terms, and rounding,
    through the inverse Jacobian."""
    v, remaining, matrix = refined
    line = equations.line
    other = HalfLine(8 * ceil(line.count / 6), 1.15 * line.b)
    finer = SpectrumEquations(equations.rates, field, unit, other)
    moved = _moved(v, line, other)
    residual = np.abs(finer.G(moved) - moved)
    covariance = equations.field_covariance(v)
    Delta_0 = float(v[-2] + v[-3] + equations.W[-1])
    noise = _noise(equations, Delta_0)
    gain = np.abs(np.linalg.inv(matrix))
    rounding = float(gain.sum(axis=1).max()) * noise + remaining
    T = equations.to_coefficients @ covariance
    # Where terms fall slowly both bases are wrong in the same way: what was left out is about as large as the last terms kept.
    rounding += float(np.abs(T[-line.count // 8 :]).sum())
    gap = gain[:, :-2].sum(axis=1) * float(residual[:-2].max()) + gain[:, -2:] @ residual[-2:]
    error = (
        float(gap[-3] + gap[-2]) + rounding,
        float(gap[:-2].max() + gap[-2]) + rounding,
        float(gap[-2]) + rounding,
        float(gap[-1]) + rounding,
    )
    status = Status.CONVERGED if max(error) <= tol * max(1.0, Delta_0) else Status.CLAIM_ABOVE_TOLERANCE
    return Found(status, line, v, T, line.analysis @ covariance, Delta_0, error)


def _is_covariance(found: Found, field: Field, unit: Unit) -> bool:
    """Whether the spectrum is nowhere negative, beyond its error."""
    assert found.line is not None
    omega = found.line.omega[:: found.line.count // 16]
    spectrum = unit.power(omega) * (2 * found.line.half_transform(found.field, omega).real + 2 * float(field.sigma_squared[0]))
    return bool(spectrum.min() >= -1e-6 * spectrum.max() and found.v[-2] >= -10 * found.error[2] - NOTHING)
