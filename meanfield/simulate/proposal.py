"""What planted fixed points are drawn from: a mixture, over beta, of the laws that most fixed points follow there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ModelError
from meanfield.simulate.laws import Laws, Units, fixed_point_laws, law
from meanfield.solve import Solution

__all__ = ["Proposal", "table"]

Array = NDArray[np.float64]

_EVENLY = 0.1  # share of the mixture that does not follow the numbers of fixed points
_LEAST = 0.02  # of the beta of most fixed points, less D: those of smaller ones are drawn from its law, too


@dataclass(frozen=True)
class Proposal:
    """The units of the network and the laws of the mixture."""

    units: Units
    laws: Laws

    @classmethod
    def of(cls, state: Solution) -> Proposal:
        """From a solution of ``kac-rice``. Raises `ModelError` for one of another model, or where there are no such laws."""
        units, inner, outer = fixed_point_laws(state)
        beyond = outer.take(outer.beta > inner.beta[inner.alpha >= 0].max(initial=0.0))
        laws = inner.take(inner.alpha >= 0).then(beyond)
        if not len(laws.beta):
            raise ModelError("no law of fixed points was found near this solution, so none can be planted")
        most = laws.beta[int(np.argmax(laws.complexity))] - units.D
        return cls(units, laws.take(laws.beta - units.D >= _LEAST * most))

    def mixture(self, neurons: int) -> Array:
        """Shares of the laws (L,)."""
        laws = self.laws
        width = np.gradient(np.log(laws.beta)) if len(laws.beta) > 1 else np.ones(1)
        share = np.exp(neurons * (laws.complexity - laws.complexity.max())) * width * laws.prefactor
        return np.asarray((1 - _EVENLY) * share / share.sum() + _EVENLY * width / width.sum())

    def log_density(self, x: Array, f: Array, slope: Array, share: Array) -> float:
        """Of a point x (N,), with its phi and phi'."""
        laws = self.laws
        logs = np.log1p(laws.alpha[:, None] * slope**2).sum(axis=1) / 2 - len(x) * laws.log_norm + np.log(share)
        logs += laws.gamma * (f @ f) - (x @ x) / (2 * laws.beta)
        return float(np.logaddexp.reduce(logs))


@lru_cache(maxsize=256)
def table(units: Units, beta: float, alpha: float, gamma: float) -> tuple[Array, Array]:
    """The grid of a law, and the probabilities below its values."""
    y, weight, _, _, _ = law(units, beta, alpha, gamma)
    return y, np.cumsum(weight)
