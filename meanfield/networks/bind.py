"""A network's expressions as numbers at one parameter point: what is sampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from meanfield.errors import ModelError, ParameterError
from meanfield.model.checks import nearest
from meanfield.networks.record import Network, Population
from meanfield.transfer import Transfer

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["Numbers", "PopulationNumbers", "bind", "bind_model", "network_of"]

_ROUNDING = 1e-12  # of the largest variance: how negative an eigenvalue of a covariance may be


@dataclass(frozen=True)
class PopulationNumbers:
    """One population: phi, drift f as an expression in X, share of the neurons, and the law of its vectors' entries.

    mean (V,) and covariance (V, V) in the order of ``Numbers.vectors``.
    """

    transfer: Transfer
    drift: sp.Expr
    fraction: float
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


@dataclass(frozen=True)
class Numbers:
    """A `Network` at one parameter point; see there for the meaning. variances, couplings: (P, P) arrays."""

    populations: tuple[PopulationNumbers, ...]
    variances: NDArray[np.float64]
    couplings: NDArray[np.float64]
    low_rank: tuple[tuple[str, str], ...]
    sigma_squared: float
    vectors: tuple[str, ...]
    parameters: Mapping[str, float]

    def law(self, population: int = 0) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
        """Means and covariances of the vectors of one population, by name."""
        p, names = self.populations[population], self.vectors
        cov = {(a, b): float(p.covariance[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)}
        return dict(zip(names, p.mean.tolist(), strict=True)), cov


def bind(network: Network, parameters: Mapping[str, float]) -> Numbers:
    """``network`` at ``{name: value}``. Parameters that it does not have are ignored; defaults fill in what is left out.

    Raises `ParameterError` for a missing parameter and for numbers that no network can have: negative variances, fractions
    that do not sum to 1, a covariance that is not positive semi-definite.
    """
    values = {s: float(parameters[s.name]) for s in network.parameters if s.name in parameters}
    for s, expr in network.defaults.items():
        if s not in values:
            values[s] = _number(expr, values, f"default of {s.name}")
    missing = [s.name for s in network.parameters if s not in values]
    if missing:
        raise ParameterError(f"the network needs the parameter {missing[0]!r}; give {missing[0]}=...")
    vectors = network.vectors
    numbers = Numbers(
        tuple(_population(p, vectors, values) for p in network.populations),
        _matrix(network.variances, values, "variances"),
        _matrix(network.couplings, values, "couplings"),
        network.low_rank,
        _number(network.sigma_squared, values, "sigma_squared"),
        vectors,
        {s.name: v for s, v in values.items()},
    )
    _check(numbers)
    return numbers


def bind_model(model: Model, **parameters: Any) -> Numbers:
    """The network of ``model`` at a parameter point that is given as for ``solve``, and checked in the same way.

    Parameters that only the network has (Sigma_n, say) may be given besides. Raises `ModelError` for a model without a network
    and `ParameterError` as `bind` and ``solve`` do; one point only.
    """
    from meanfield.solve.points import parameter_points

    found = network_of(model)
    known = {s.name for s in model.parameters} | set(model.prepare.accepts if model.prepare else ())
    own = {s.name for s in found.parameters} - known
    for name in parameters:
        if name not in known | own:
            raise ParameterError(f"{model.name or model.title} has no parameter {name!r}{nearest(name, sorted(known | own))}")
    points = parameter_points(model, {name: v for name, v in parameters.items() if name in known})
    if points.shape != ():
        raise ParameterError("a network has one value for each parameter; got arrays")
    prepared = dict(zip(points.names, points.p[0].tolist(), strict=True))
    given = {name: float(np.asarray(v)) for name, v in parameters.items()}
    return bind(found, {**given, **prepared})


def network_of(model: Model) -> Network:
    """The network of a model. Raises `ModelError` with the way to give one."""
    if not isinstance(model.network, Network):
        raise ModelError(
            f"{model.name or model.title!r} has no network to simulate; give the model one: "
            "mf.Model(..., network=mf.network(phi, strength=g, ...))"
        )
    return model.network


def _population(p: Population, vectors: tuple[str, ...], values: Mapping[sp.Symbol, float]) -> PopulationNumbers:
    mean = np.array([_number(p.means.get(v, sp.S.Zero), values, f"mean of {v}") for v in vectors])
    covariance = np.zeros((len(vectors), len(vectors)))
    for (a, b), expr in p.covariances.items():
        i, j = vectors.index(a), vectors.index(b)
        covariance[i, j] = covariance[j, i] = _number(expr, values, f"covariance of {a} and {b}")
    drift = p.drift.subs({s: sp.Float(v) for s, v in values.items()})
    return PopulationNumbers(p.transfer, drift, _number(p.fraction, values, "fraction"), mean, covariance)


def _matrix(matrix: sp.ImmutableMatrix, values: Mapping[sp.Symbol, float], what: str) -> NDArray[np.float64]:
    rows = [[_number(matrix[i, j], values, what) for j in range(matrix.cols)] for i in range(matrix.rows)]
    return np.array(rows, dtype=float)


def _number(expr: sp.Expr, values: Mapping[sp.Symbol, float], what: str) -> float:
    """``expr`` at the values; they are put in as floats, the symbols being plain real ones and no binder near."""
    number = sp.sympify(expr).subs({s: sp.Float(v, 17) for s, v in values.items()}).evalf(17)
    if not number.is_number or not number.is_extended_real:
        loose = ", ".join(sorted(s.name for s in number.free_symbols))
        raise ParameterError(f"the network's {what} is {number}" + (f"; give {loose}" if loose else ", not a real number"))
    if not np.isfinite(float(number)):
        raise ParameterError(f"the network's {what} is not finite")
    return float(number)


def _check(numbers: Numbers) -> None:
    if numbers.sigma_squared < 0:
        raise ParameterError(f"sigma_squared is the intensity of a noise and must not be negative, got {numbers.sigma_squared:g}")
    if (numbers.variances < 0).any():
        raise ParameterError(f"the variances of the couplings must not be negative, got {numbers.variances.tolist()}")
    fractions = [p.fraction for p in numbers.populations]
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ParameterError(f"the fractions of the populations must be positive and sum to 1, got {fractions}")
    for p in numbers.populations:
        lowest, highest = np.linalg.eigvalsh(p.covariance)[[0, -1]]
        if lowest < -_ROUNDING * max(highest, 1e-300):
            raise ParameterError(
                f"no Gaussian vectors have the covariance {p.covariance.tolist()} of {', '.join(numbers.vectors)}: "
                f"its smallest eigenvalue is {lowest:g}; give larger variances or smaller covariances"
            )
