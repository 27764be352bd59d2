"""Laws of the coordinates of fixed points at any variance of the input, from one solution of the Kac-Rice theory.

The theory's mu* maximises the number of fixed points. At other values of ``beta = g^2 <phi^2> + D`` there are fewer, and they
follow the law that maximises their number under this condition: it has the form of mu*, with an alpha and a gamma of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.networks import bind_model
from meanfield.solve import Solution
from meanfield.transfer import Transfer

__all__ = ["GRID", "Proposal", "is_kac_rice", "law", "table"]

Array = NDArray[np.float64]

GRID = 8001
"""Values of a coordinate that are told apart."""
_WIDTH = 9.0  # standard deviations to each side that they cover
_BELOW, _ABOVE, _LAWS = 0.02, 3.0, 60  # of the theory's variance: laws of the mixture
_EVENLY = 0.1  # share of the mixture that does not follow the theory


@dataclass(frozen=True)
class Proposal:
    """Laws ``exp(-y^2/(2 beta)) sqrt(1 + alpha phi'^2) exp(gamma phi^2 - log_norm)`` (L,), their complexity, and what the
    determinant has beside its exponential growth."""

    phi: Transfer
    g: float
    D: float
    beta: Array
    alpha: Array
    gamma: Array
    log_norm: Array
    complexity: Array
    prefactor: Array

    @classmethod
    def of(cls, state: Solution) -> Proposal:
        """From a solution of ``kac-rice``. Raises `ModelError` for one of another model."""
        from scipy.optimize import root

        model = state.kernel.model
        if not is_kac_rice(model):
            raise ModelError(f"fixed points are planted by a solution of kac-rice, got one of {model.name or model.title}")
        middle = float(state["beta"])
        numbers = bind_model(model, **state.parameters)
        phi, g, D = numbers.populations[0].transfer, float(numbers.parameters["g"]), float(numbers.parameters["D"])

        def off(x: Array, beta: float) -> Array:
            """Of alpha, gamma from the maximum of the entropy at ``g^2 <phi^2> + D = beta``."""
            weight, f2, s2, _ = law(phi, g, beta, max(x[0], 0.0), x[1])
            return np.array([g * g * (weight @ f2) / (beta - D) - 1, weight @ (s2 / (1 + max(x[0], 0.0) * s2 / g**2)) - 1])

        rows = []
        for end in (_BELOW, _ABOVE):
            x = np.array([float(state["alpha"]), float(state["gamma"])])
            for beta in middle * np.geomspace(1.0, end, _LAWS)[0 if end < 1 else 1 :]:
                found = root(off, x, args=(beta,)) if beta > D * (1 + 1e-6) else None
                if found is None or not found.success or not np.isfinite(found.x).all():
                    break
                x = found.x
                alpha, gamma = max(float(x[0]), 0.0), float(x[1])
                weight, f2, _, log_norm = law(phi, g, float(beta), alpha, gamma)
                exponent = log_norm - np.log(2 * np.pi * beta) / 2 - alpha / (2 * g * g) - gamma * float(weight @ f2)
                rows.append((beta, alpha, gamma, log_norm, exponent, _prefactor(phi, g, float(beta), alpha, weight)))
        return cls(phi, g, D, *np.array(sorted(rows)).T)

    def mixture(self, neurons: int) -> Array:
        """Shares of the laws (L,)."""
        width = np.gradient(np.log(self.beta))
        share = np.exp(neurons * (self.complexity - self.complexity.max())) * width * self.prefactor
        return np.asarray((1 - _EVENLY) * share / share.sum() + _EVENLY * width / width.sum())

    def log_density(self, x: Array, f: Array, slope: Array, share: Array) -> float:
        """Of a point x (N,), with its phi and phi'."""
        logs = np.log1p(self.alpha[:, None] * slope**2).sum(axis=1) / 2 - len(x) * self.log_norm + np.log(share)
        logs += self.gamma * (f @ f) - (x @ x) / (2 * self.beta)
        return float(np.logaddexp.reduce(logs))


def is_kac_rice(model: Model) -> bool:
    """Whether it is a theory of fixed points with these order parameters."""
    names = {s.name for s in model.public_unknowns}
    return {"alpha", "beta", "gamma"} <= names and "complexity" in model.observables


def law(phi: Transfer, g: float, beta: float, alpha: float, gamma: float) -> tuple[Array, Array, Array, float]:
    """Weights on a grid of y, phi^2 and (g phi')^2 there, and the logarithm of the norm."""
    y = np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, GRID)
    f, slope = phi.jet([0, 1], y)
    logs = -(y**2) / (2 * beta) + np.log1p(alpha * slope**2) / 2 + gamma * f**2
    weight = np.exp(logs - logs.max())
    log_norm = float(np.log(weight.sum() * (y[1] - y[0])) + logs.max())
    return weight / weight.sum(), f**2, (g * slope) ** 2, log_norm


def _prefactor(phi: Transfer, g: float, beta: float, alpha: float, weight: Array) -> float:
    """What the terms of rank one, that ``y(x) = 0`` adds to mean and covariance of y', make of the root of ``<det^2>``.

    ``<det^2> = int dz e^-z det(M^T M + z C)`` for independent rows of covariance C about those of M: in Laplace's expansion, k rows
    that fluctuate contribute ``k!`` times minors of C, and ``k! = int dz z^k e^-z``. Stubenrauch et al., arXiv:2210.07877, take
    these determinants to leading order, for which the terms of rank one do not matter. Here, with ``v = phi phi'``,
    ``M = -1 + (g^2/(N beta)) x v^T`` and ``C = (g^2/N) (diag(phi'^2) - (g^2/(N beta)) v v^T)``, at ``z = N alpha/g^2``.
    """
    y = np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, GRID)
    f, slope = phi.jet([0, 1], y)
    columns = np.stack([y, f * slope])
    inner = (columns * (weight / (1 + alpha * slope**2))) @ columns.T
    rate = g * g / beta
    mixing = rate * np.array([[0.0, -1.0], [-1.0, rate * float(weight @ y**2) - alpha]])
    return float(np.sqrt(max(np.linalg.det(np.eye(2) + inner @ mixing), 1e-4)))


@lru_cache(maxsize=256)
def table(phi: Transfer, g: float, beta: float, alpha: float, gamma: float) -> tuple[Array, Array]:
    """The grid of a law, and the probabilities below its values."""
    return np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, GRID), np.cumsum(law(phi, g, beta, alpha, gamma)[0])
