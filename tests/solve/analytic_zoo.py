"""Problems with known roots, for the solvers: closed forms, folds, degenerate roots, missing roots, edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.solve import FunctionProblem


def cubic() -> FunctionProblem:
    """x^3 - x - p = 0: one or three roots; folds at p = +-2/sqrt(27)."""
    return FunctionProblem(
        lambda x, p: x**3 - x - p,
        lambda x, p: (3 * x**2 - 1)[:, :, None],
        ["x"],
        ["p"],
        parameter_derivative=lambda x, p: -np.ones((len(x), 1, 1)),
    )


def square() -> FunctionProblem:
    """x^2 - p = 0: no real root for p < 0, a double root at p = 0."""
    return FunctionProblem(lambda x, p: x**2 - p, lambda x, p: (2 * x)[:, :, None], ["x"], ["p"])


def shifted_square() -> FunctionProblem:
    """x^2 - 2 x + 1 - p = 0, roots 1 +- sqrt(p): the terms cancel at the double root."""
    return FunctionProblem(lambda x, p: x**2 - 2 * x + (1 - p), lambda x, p: (2 * x - 2)[:, :, None], ["x"], ["p"])


def power(exponent: int) -> FunctionProblem:
    """(x - 1)^exponent = 0, a degenerate root."""
    return FunctionProblem(lambda x, p: (x - 1) ** exponent, lambda x, p: (exponent * (x - 1) ** (exponent - 1))[:, :, None], ["x"])


def circles() -> FunctionProblem:
    """Unit circles around (0, 0) and (p, 0): roots (p/2, +-sqrt(1 - p^2/4)), none for p > 2."""

    def residual(x, p):
        return np.stack([x[:, 0] ** 2 + x[:, 1] ** 2 - 1, (x[:, 0] - p[:, 0]) ** 2 + x[:, 1] ** 2 - 1], axis=1)

    def jacobian(x, p):
        return 2 * np.stack([x, np.stack([x[:, 0] - p[:, 0], x[:, 1]], axis=1)], axis=1)

    return FunctionProblem(residual, jacobian, ["x", "y"], ["p"])


def rosenbrock() -> FunctionProblem:
    """10 (y - x^2) = 0, 1 - x = 0."""

    def jacobian(x, p):
        j = np.zeros((len(x), 2, 2))
        j[:, 0, 0], j[:, 0, 1], j[:, 1, 0] = -20 * x[:, 0], 10, -1
        return j

    return FunctionProblem(lambda x, p: np.stack([10 * (x[:, 1] - x[:, 0] ** 2), 1 - x[:, 0]], axis=1), jacobian, ["x", "y"])


def brusselator() -> FunctionProblem:
    """a - (b + 1) u + u^2 v = 0, b u - u^2 v = 0: steady state (a, b/a)."""

    def residual(x, p):
        (u, v), (a, b) = x.T, p.T
        return np.stack([a - (b + 1) * u + u * u * v, b * u - u * u * v], axis=1)

    def jacobian(x, p):
        (u, v), b = x.T, p[:, 1]
        rows = [[2 * u * v - b - 1, u * u], [b - 2 * u * v, -u * u]]
        return np.stack([np.stack(row, axis=1) for row in rows], axis=1)

    return FunctionProblem(residual, jacobian, ["u", "v"], ["a", "b"])


def bratu(n: int = 7) -> FunctionProblem:
    """u'' + p exp(u) = 0, u = 0 at both ends, second differences on n inner nodes: two solutions below the fold."""
    h = 1.0 / (n + 1)
    laplacian = (np.diag(-2 * np.ones(n)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)) / h**2

    def jacobian(x, p):
        j = np.broadcast_to(laplacian, (len(x), n, n)).copy()
        j[:, np.arange(n), np.arange(n)] += p * np.exp(x)
        return j

    def residual(x, p):  # row sums without BLAS, whose order may depend on the batch
        return (laplacian[None] * x[:, None, :]).sum(axis=2) + p * np.exp(x)

    return FunctionProblem(residual, jacobian, [f"u{i}" for i in range(n)], ["p"])


def noisy_domain() -> FunctionProblem:
    """log(x) - p = 0 without a declared edge: NaN for x <= 0, root exp(p)."""
    return FunctionProblem(lambda x, p: np.log(x) - p, lambda x, p: (1 / x)[:, :, None], ["x"], ["p"])


@dataclass
class RankOne:
    """mu = M <tanh>, D = g^2 <tanh^2> + (S M <tanh>)^2 over N(mu, D), trapezoid rule: sqrt(D) on the domain's edge.

    THEORY, part C, eq. 83. At (0, 0) there is always a root, exactly on the edge.
    """

    names: tuple[str, ...] = ("mu", "D")
    parameter_names: tuple[str, ...] = ("g", "M", "S")

    def __post_init__(self) -> None:
        self.lower = np.array([-np.inf, 0.0])
        z = np.arange(-75, 76) * 0.12
        self._z, self._w = z, np.exp(-z * z / 2) * 0.12 / np.sqrt(2 * np.pi)

    def residual(self, x, p):
        return self.residual_jacobian(x, p)[0]

    def residual_jacobian(self, x, p):
        (mu, variance), (g, m, s) = x.T, p.T
        t = np.tanh(mu[:, None] + np.sqrt(variance)[:, None] * self._z)
        d = 1 - t * t

        def mean(f):
            return (f * self._w).sum(axis=1)

        k, k_mu, k_d = m * mean(t), m * mean(d), -m * mean(t * d)
        q, q_mu, q_d = mean(t * t), mean(2 * t * d), mean(d * d - 2 * t * t * d)
        r = np.stack([mu - k, variance - g * g * q - (s * k) ** 2], axis=1)
        rows = [[1 - k_mu, -k_d], [-g * g * q_mu - 2 * s * s * k * k_mu, 1 - g * g * q_d - 2 * s * s * k * k_d]]
        return r, np.stack([np.stack(row, axis=1) for row in rows], axis=1)
