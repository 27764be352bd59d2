"""Laws of the coordinates of fixed points at any mean of phi^2, and how many fixed points follow them.

The Kac-Rice theory's mu* maximises the number of fixed points. At other values of ``beta = g^2 <phi^2> + D`` there are fewer, and
they follow the law that maximises their number under this condition: it has the form of mu*, ``exp(-y^2/(2 beta)) sqrt(1 +
alpha phi'^2) exp(gamma phi^2)``, with an alpha and a gamma of its own. Where the eigenvalues of their Jacobians do not reach 1,
alpha is 0 and only gamma is left (`outer`); the laws with alpha > 0 go on to alpha < 0 there (`inner`), as formulas.

Everything here follows from the network. A theory of its fixed points is only asked where to begin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.networks import bind_model
from meanfield.solve import Solution
from meanfield.transfer import Transfer

__all__ = ["GRID", "Laws", "Units", "complexity_slope", "fixed_point_laws", "is_kac_rice", "law"]

Array = NDArray[np.float64]

GRID = 8001
"""Values of a coordinate that are told apart."""
_WIDTH = 9.0  # standard deviations to each side that they cover
_LEAST = -0.9  # of the smallest value that 1 + alpha phi'^2 may take, laws go no further
_TOLERANCE, _RESIDUAL = 1e-11, 1e-9  # of alpha and gamma, relatively, and of what is left of the equations, which are of order 1
_RAREST = 0.8  # minus the exponent of laws beyond which, for any number of neurons, there is nothing; it falls ever faster there
_GAP = 1.0  # in the exponents of inner and outer laws: with a larger one no network is between the two
# Of ln (beta - D), from where most fixed points are.
_BELOW = np.concatenate(
    [np.arange(31) * -0.02, np.linspace(-0.6, np.log(0.02), 48)[1:], np.linspace(np.log(0.02), np.log(1e-4), 21)[1:]]
)
_ABOVE = np.arange(1, 56) * 0.02
_TO_THE_END = 0.05 * 2.0 ** (np.arange(20) / -2)  # of what is left of it where <phi^2> can grow no further


@dataclass(frozen=True)
class Units:
    """What the units of a network are: phi, the strength g of the couplings, the variance D of the frozen input."""

    phi: Transfer
    g: float
    D: float

    @classmethod
    def of(cls, state: Solution) -> Units:
        """Of the network of a model of fixed points, at the solution's parameters. Raises `ModelError` for other networks."""
        model = state.kernel.model
        if not is_kac_rice(model):
            raise ModelError(f"fixed points are planted by a solution of kac-rice, got one of {model.name or model.title}")
        numbers = bind_model(model, **state.parameters)
        means, covariances = numbers.law()
        plain = len(numbers.populations) == 1 and not numbers.low_rank and not numbers.couplings.any() and not any(means.values())
        if not plain or numbers.sigma_squared:
            raise ModelError("fixed points are planted in networks of one population with independent couplings and a frozen input")
        variance = covariances[("I", "I")]
        return cls(numbers.populations[0].transfer, float(np.sqrt(numbers.variances[0, 0])), float(variance))


_EXPONENT = 4  # place of ``complexity`` among the fields of `Laws`


@dataclass(frozen=True)
class Laws:
    """Laws (L,), in the order of beta. log_norm: of the density. complexity: the exponent, in N, of how many fixed points follow
    it. prefactor: what the determinant has beside its exponential growth."""

    beta: Array
    alpha: Array
    gamma: Array
    log_norm: Array
    complexity: Array
    prefactor: Array

    def take(self, at: Any) -> Laws:
        return Laws(*(getattr(self, f.name)[at] for f in fields(self)))

    def then(self, other: Laws) -> Laws:
        """Both, one after the other."""
        return Laws(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))


def is_kac_rice(model: Model) -> bool:
    """Whether it is a theory of fixed points with these order parameters."""
    names = {s.name for s in model.public_unknowns}
    return {"alpha", "beta", "gamma"} <= names and "complexity" in model.observables


def fixed_point_laws(state: Solution) -> tuple[Units, Laws, Laws]:
    """The `inner` and the `outer` laws of the network of ``state``, a solution of ``kac-rice`` at one parameter point, which is
    where they begin. Raises `ModelError` for other models and networks."""
    units = Units.of(state)
    middle, *start = _most_frequent(units, *(float(state[name]) for name in ("beta", "alpha", "gamma")))
    betas = [units.D + middle * np.exp(side) for side in (_BELOW, _above(units, middle))]
    inner = _walked(lambda beta, x: _inner(units, beta, x), betas, np.array(start))
    if not len(inner.beta):
        return units, inner, inner
    # Outer laws begin where both are nearest to one another, and go on to where only one of them matters.
    near = int(np.argmin(np.abs(inner.alpha)))
    every = np.unique(np.concatenate(betas))
    first = int(np.searchsorted(every, inner.beta[near]))
    exponents = dict(zip(inner.beta.tolist(), inner.complexity.tolist(), strict=True))

    def outside(beta: float, x: Array) -> tuple[Array, Array] | None:
        found = _outer(units, beta, x)
        apart = found is not None and exponents.get(beta, -np.inf) - found[1][_EXPONENT] > _GAP
        return None if apart else found

    outer = _walked(outside, [every[first::-1], every[first + 1 :]], inner.gamma[[near]])
    return units, inner, outer


def complexity_slope(units: Units, beta: float, gamma: float, mean_square: float) -> float:
    """Derivative of a law's exponent by beta; its alpha and gamma make it stationary under the condition on beta."""
    return (mean_square / beta - 1) / (2 * beta) - gamma / units.g**2


def _most_frequent(units: Units, beta: float, alpha: float, gamma: float) -> tuple[float, float, float]:
    """beta - D, alpha and gamma of the inner law that most fixed points near these values follow; these values if none is found."""
    from scipy.optimize import root

    def off(x: Array) -> Array:
        at, alpha = units.D + np.exp(min(x[0], 50.0)), max(x[1], 0.0)
        y, weight, f2, s2, _ = law(units, at, alpha, x[2])
        square = units.g**2 * (weight @ f2) / (at - units.D) - 1
        edge = weight @ (s2 / (1 + alpha * s2 / units.g**2)) - 1
        return np.array([square, edge + (x[1] - alpha), 2 * at * complexity_slope(units, at, x[2], float(weight @ y**2))])

    middle = max(beta - units.D, 1e-300)
    found = root(off, np.array([np.log(middle), alpha, gamma]), tol=_TOLERANCE)
    if _solved(found) and found.x[1] > 0:
        return float(np.exp(found.x[0])), float(found.x[1]), float(found.x[2])
    return middle, alpha, gamma


def _above(units: Units, middle: float) -> Array:
    """Steps upwards of ``ln (beta - D)``, shorter where <phi^2> comes near the largest value that phi^2 has."""
    y = np.sqrt(units.D + middle) * np.linspace(-_WIDTH, _WIDTH, GRID)
    room = float(np.log(units.g**2 * np.max(units.phi.jet([0], y)[0] ** 2) / middle))
    steps = np.concatenate([_ABOVE[room - _ABOVE > _TO_THE_END[0]], room - _TO_THE_END])
    return np.asarray(steps[(steps > 0) & (steps <= _ABOVE[-1])])


def _solved(found: Any) -> bool:
    """Of what `scipy.optimize.root` returns: it calls a root that rounding keeps from being better a failure."""
    return bool(np.isfinite(found.x).all() and np.abs(found.fun).max() < _RESIDUAL)


def law(units: Units, beta: float, alpha: float, gamma: float) -> tuple[Array, Array, Array, Array, float]:
    """A grid of y, the weights there, phi^2 and (g phi')^2, and the logarithm of the norm."""
    y = np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, GRID)
    f, slope = units.phi.jet([0, 1], y)
    logs = -(y**2) / (2 * beta) + np.log1p(alpha * slope**2) / 2 + gamma * f**2
    weight = np.exp(logs - logs.max())
    log_norm = float(np.log(weight.sum() * (y[1] - y[0])) + logs.max())
    return y, weight / weight.sum(), f**2, (units.g * slope) ** 2, log_norm


def _walked(one: Callable[[float, Array], tuple[Array, Array] | None], ways: Sequence[Array], start: Array) -> Laws:
    """Laws along each way, each begun at the one before; ways end where there is none."""
    rows = []
    for way in ways:
        x = start
        for beta in way.tolist():
            found = one(beta, x)
            if found is None or found[1][_EXPONENT] < -_RAREST:
                break
            x = found[0]
            rows.append(found[1])
    return Laws(*np.array(sorted(rows, key=lambda row: row[0])).T) if rows else Laws(*np.empty((6, 0)))


def _inner(units: Units, beta: float, x: Array) -> tuple[Array, Array] | None:
    """alpha and gamma from the maximum of the entropy and the saddle point of the determinant, and the row of `Laws`."""
    from scipy.optimize import root

    _, slope = units.phi.jet([0, 1], np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, GRID))
    least = _LEAST / float(np.max(slope**2))

    def off(x: Array) -> Array:
        alpha = max(x[0], least)
        _, weight, f2, s2, _ = law(units, beta, alpha, x[1])
        edge = weight @ (s2 / (1 + alpha * s2 / units.g**2)) - 1
        return np.array([units.g**2 * (weight @ f2) / (beta - units.D) - 1, edge + (x[0] - alpha)])

    found = root(off, x, tol=_TOLERANCE)
    if not (_solved(found) and found.x[0] > least):
        return None
    return found.x, _row(units, beta, float(found.x[0]), float(found.x[1]))


def _outer(units: Units, beta: float, x: Array) -> tuple[Array, Array] | None:
    """gamma from the maximum of the entropy alone, and the row of `Laws`."""
    from scipy.optimize import root

    def off(x: Array) -> Array:
        _, weight, f2, _, _ = law(units, beta, 0.0, x[0])
        return np.array([units.g**2 * (weight @ f2) / (beta - units.D) - 1])

    found = root(off, x, tol=_TOLERANCE)
    if not _solved(found):
        return None
    return found.x, _row(units, beta, 0.0, float(found.x[0]))


def _row(units: Units, beta: float, alpha: float, gamma: float) -> Array:
    y, weight, f2, _, log_norm = law(units, beta, alpha, gamma)
    exponent = log_norm - np.log(2 * np.pi * beta) / 2 - alpha / (2 * units.g**2) - gamma * float(weight @ f2)
    return np.array([beta, alpha, gamma, log_norm, exponent, _prefactor(units, beta, alpha, y, weight)])


def _prefactor(units: Units, beta: float, alpha: float, y: Array, weight: Array) -> float:
    """What the terms of rank one, that ``y(x) = 0`` adds to mean and covariance of y', make of the root of ``<det^2>``.

    ``<det^2> = int dz e^-z det(M^T M + z C)`` for independent rows of covariance C about those of M: in Laplace's expansion, k rows
    that fluctuate contribute ``k!`` times minors of C, and ``k! = int dz z^k e^-z``. Stubenrauch et al., arXiv:2210.07877, take
    these determinants to leading order, for which the terms of rank one do not matter. Here, with ``v = phi phi'``,
    ``M = -1 + (g^2/(N beta)) x v^T`` and ``C = (g^2/N) (diag(phi'^2) - (g^2/(N beta)) v v^T)``, at ``z = N alpha/g^2``.
    """
    f, slope = units.phi.jet([0, 1], y)
    columns = np.stack([y, f * slope])
    inner = (columns * (weight / (1 + alpha * slope**2))) @ columns.T
    rate = units.g**2 / beta
    mixing = rate * np.array([[0.0, -1.0], [-1.0, rate * float(weight @ y**2) - alpha]])
    return float(np.sqrt(max(np.linalg.det(np.eye(2) + inner @ mixing), 1e-12)))
