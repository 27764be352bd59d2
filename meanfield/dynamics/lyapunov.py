"""The maximal Lyapunov exponent: ground state of a particle in the well ``W(tau)`` that the autocovariance digs.

``[-d^2/dtau^2 + W(Delta(tau))] psi = E psi``, psi even, and ``lambda_max = -1 + sqrt(1 - E_0)`` (Sompolinsky, Crisanti &
Sommers, PRL 61, 259 (1988); Schuecker, Goedeke & Helias, PRX 8, 041029 (2018)). In the tail psi falls like ``r^s`` with
``E = k^2 (1 - s^2)``; ``u = psi/r^s`` is an analytic function of r, and solves (primes are d/dr)

    2 r U u'' + (f + 4 s U) u' + [s^2 (2 U - k^2)/r + s U' - (W - k^2)/r] u = 0,

regular at r = 0 and, without noise, at r = 1; with noise psi' = 0 at tau = 0 says ``u' + s u = 0`` at r = 1, and without noise
that du/dy = 0, which is said where u need not be even in y (`nodes`). That is a
quadratic eigenvalue problem for s, solved by collocation and Newton's method. It passes through the threshold E = k^2
(s = 0) smoothly.
"""

from __future__ import annotations

import numpy as np

from meanfield.dynamics.descent import Descent
from meanfield.dynamics.nodes import Array

_STEPS = 30
_NEAR = 2e-5  # a step after which a simplified one leaves about its cube
EPS = float(np.finfo(float).eps)
_FACTOR = 10.0  # by which the last matrix may be off, over the step that it led to
_TERMS = 3.0  # units in the last place, of each term
_ROUNDING = 1e-6  # steps below it that no longer shrink are rounding


def exponent(d: Descent) -> tuple[Array, Array]:
    """``lambda_max`` (P,) and its derivatives (Q, P). NaN where the ground state was not found."""
    s, ds, _ = ground_state(d)
    k2, dk2 = d.squared_rate, d.dsquared_rate
    root = np.sqrt(1 - k2 * (1 - s * s))
    return root - 1, (2 * k2 * s * ds - (1 - s * s) * dk2) / (2 * root)


def rounding(d: Descent) -> Array:
    """Bound on what rounding in the collocation equations does to ``lambda_max`` (P,): large where its second derivatives are."""
    s, _, noise = ground_state(d)
    k2 = d.squared_rate
    return k2 * np.abs(s) * noise / np.sqrt(1 - k2 * (1 - s * s))


def first_kick(d: Descent) -> Array:
    """What noise that was left out changes ``lambda_max`` by (P,), to first order.

    The kick ``Delta'(0) = -noise`` lets the free motion begin later by ``t = noise/|Delta''(0)|``, so the well becomes
    W(|tau| + t); by first-order perturbation, and because ``(psi'^2 - (W - E) psi^2)' = -W' psi^2``, E rises by
    ``t (E - W(0)) psi(0)^2 / int_0^inf psi^2``.
    """
    s, _, _ = ground_state(d)
    u, grid = d.known["psi"], d.nodes
    E = d.squared_rate * (1 - s * s)
    # d tau = dr/(r sqrt(2 (1 - r) q)); below the last node psi^2 is nothing.
    size = grid.y[0] * ((u**2 * grid.r ** (2 * s[:, None] - 1) * np.sqrt(2 / d.q)) @ grid.root[0])
    rise = d.lateness * (E - d.W @ grid.start) * (u @ grid.start) ** 2 / size
    return -rise / (2 * np.sqrt(1 - E))


def ground_state(d: Descent) -> tuple[Array, Array, Array]:
    """``s`` of the ground state (P,), its derivatives (Q, P), and a bound on rounding and iteration of s (P,)."""
    if ground_state not in d.known:
        d.known[ground_state] = _ground_state(d)
    found: tuple[Array, Array, Array] = d.known[ground_state]
    return found


def _ground_state(d: Descent) -> tuple[Array, Array, Array]:
    size, n = d.W.shape
    problem, every = _Problem(d), np.arange(size)
    s, u, matrix, last = _states(problem, *_guess(d))
    lost = np.flatnonzero(~(u > 0).all(axis=1))
    if lost.size:
        # W is smallest at tau = 0, and a bound on E from below; psi without nodes is even.
        bound = np.sqrt(np.maximum(1 - d.W.min(axis=1) / d.squared_rate, 0.0))
        for known, found in zip((s, u, matrix, last), _states(problem, bound, np.ones((size, n)), lost), strict=True):
            known[lost] = found[lost]
    with np.errstate(invalid="ignore"):
        s[~(u > 0).all(axis=1)] = np.nan  # a state with nodes is not the ground state
    d.known["psi"] = u
    # s moves by the last row of the inverse times the change of the residual; of which the terms are rounded one by one.
    last_row = np.zeros((size, n + 1, 1))
    last_row[:, n] = 1.0
    weight = _solved(matrix.transpose(0, 2, 1), last_row)[:, :, 0]
    missing = (weight * problem.residual(s, u, every)).sum(axis=1)  # Newton's next step, by the last matrix
    s = s + missing
    ds = np.array([(weight * problem.moved(s, u, q)).sum(axis=1) for q in range(len(d.dW))]).reshape(len(d.dW), size)
    weight = np.abs(weight[:, :n])
    terms = np.sqrt(np.einsum("pij,pj->pi", matrix[:, :n, :n] ** 2, u * u))  # their rounding errors do not know of each other
    noise = _TERMS * EPS * np.sqrt(((weight * terms) ** 2).sum(axis=1))
    return s, ds, noise + _FACTOR * last * np.abs(missing)


def _guess(d: Descent) -> tuple[Array, Array]:
    """Where Newton's method starts: at what more nodes gave, if they did, or at ``W = k^2 (1 - depth/cosh(k tau)^2)``."""
    if "finer" in d.known and "psi" in d.known["finer"].known:
        finer: Descent = d.known["finer"]
        t = np.broadcast_to(np.sqrt(d.nodes.x), d.W.shape)
        return ground_state(finer)[0].copy(), finer.nodes.interpolated(finer.known["psi"], t)
    depth = np.maximum(1 - d.W.min(axis=1) / d.squared_rate, 0.0)
    return (np.sqrt(1 + 4 * depth) - 1) / 2, np.ones(d.W.shape)


def _states(problem: _Problem, s: Array, u: Array, active: Array | None = None) -> tuple[Array, Array, Array, Array]:
    """Newton's method from s (P,) and u (P, n): both, the last matrices, and how far s moved in the last step. active: which."""
    size, n = u.shape
    active = np.arange(size) if active is None else active
    matrix, last = np.full((size, n + 1, n + 1), np.nan), np.full(size, np.inf)
    for _ in range(_STEPS):
        matrix[active], residual = problem.newton(s, u, active)
        step = _solved(matrix[active], residual[:, :, None])[:, :, 0]
        u[active] += step[:, :n]
        s[active] += step[:, n]
        moved = np.abs(step[:, n])
        with np.errstate(invalid="ignore"):
            going = (moved > _NEAR * (1 + np.abs(s[active]))) & ~((moved < _ROUNDING) & (moved > last[active] / 4))
        last[active] = moved
        active = active[going]
        if active.size == 0:
            break
    return s, u, matrix, last


class _Problem:
    """The equation for u and s at the nodes, with ``mean(u) = 1``: a bordered matrix (P, n + 1, n + 1)."""

    def __init__(self, d: Descent) -> None:
        self.d, self.slope = d, d.nodes.slope
        self.second = self.slope @ self.slope
        r, k2 = d.nodes.r, d.squared_rate[:, None]
        self.base = 2 * (r * d.U)[:, :, None] * self.second + d.f[:, :, None] * self.slope
        self.by_square, self.constant = (2 * d.U - k2) / r, -(d.W - k2) / r

    def newton(self, s: Array, u: Array, at: Array) -> tuple[Array, Array]:
        """Matrix and right side of Newton's method at the points ``at``."""
        d, n = self.d, u.shape[1]
        a, v, U = s[at, None], u[at], d.U[at]
        M = np.zeros((len(at), n + 1, n + 1))
        M[:, :n, :n] = self.base[at] + 4 * (a * U)[:, :, None] * self.slope
        M[:, np.arange(n), np.arange(n)] += self._diagonal(a, at)
        M[:, :n, n] = 4 * U * (v @ self.slope.T) + (2 * a * self.by_square[at] + d.U_slope[at]) * v
        if d.noisy:  # the last collocation point gives way to the condition at r = 1
            M[:, n - 1, :n] = d.nodes.start @ self.slope + a * d.nodes.start
            M[:, n - 1, n] = v @ d.nodes.start
        elif not d.nodes.even:  # polynomials in the root of 1 - r hold the odd states too
            M[:, n - 1] = 0.0
            M[:, n - 1, :n] = d.nodes.rise
        M[:, n, :n] = 1 / n
        return M, self.residual(s, u, at)

    def residual(self, s: Array, u: Array, at: Array) -> Array:
        """The right side alone (P, n + 1)."""
        d, n = self.d, u.shape[1]
        a, v = s[at, None], u[at]
        out = np.empty((len(at), n + 1))
        out[:, :n] = np.einsum("pij,pj->pi", self.base[at], v) + 4 * a * d.U[at] * (v @ self.slope.T) + self._diagonal(a, at) * v
        if d.noisy:
            out[:, n - 1] = v @ (d.nodes.start @ self.slope) + a[:, 0] * (v @ d.nodes.start)
        elif not d.nodes.even:
            out[:, n - 1] = v @ d.nodes.rise
        out[:, n] = v.mean(axis=1) - 1
        return -out

    def _diagonal(self, a: Array, at: Array) -> Array:
        return np.asarray(a * a * self.by_square[at] + a * self.d.U_slope[at] + self.constant[at])

    def moved(self, s: Array, u: Array, q: int) -> Array:
        """What a change of the q-th argument brings to the right side (P, n + 1)."""
        d, n, r = self.d, u.shape[1], self.d.nodes.r
        a, dk2 = s[:, None], d.dsquared_rate[q][:, None]
        change = 2 * r * d.dU[q] * (u @ self.second.T) + (d.df[q] + 4 * a * d.dU[q]) * (u @ self.slope.T)
        change += (a * a * (2 * d.dU[q] - dk2) / r + a * d.dU_slope[q] - (d.dW[q] - dk2) / r) * u
        out = np.zeros((len(s), n + 1))
        out[:, :n] = -change
        if d.noisy or not d.nodes.even:
            out[:, n - 1] = 0.0
        return out


def _solved(matrix: Array, right: Array) -> Array:
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:  # one singular matrix must not spoil the others
        if len(matrix) == 1:
            return np.full(right.shape, np.nan)
        return np.concatenate([_solved(matrix[i : i + 1], right[i : i + 1]) for i in range(len(matrix))])
