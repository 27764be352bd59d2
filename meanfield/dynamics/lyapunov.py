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

from typing import Any

import numpy as np

from meanfield.dynamics.descent import Descent, thinned
from meanfield.dynamics.nodes import Array
from meanfield.dynamics.well import between

_STEPS = 30
_FEW, _MANY = 24, 40  # nodes for a start, and those for which it takes less time than it saves
_FAR = 1e-2  # a step beyond which one step is not enough for a second opinion
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
    problem, every = _Problem(d), slice(None)
    s, u, last, warm = _guess(d)
    matrix = problem.matrix(s, u, every) if warm else problem.newton(s, u, last, np.arange(size))
    weight = _weight(matrix)
    missing = (weight * problem.residual(s, u)).sum(axis=1)  # Newton's next step, by the last matrix
    with np.errstate(invalid="ignore"):
        lost = ~((u > 0).all(axis=1) & (np.abs(missing) < _FAR * (1 + np.abs(s))))
    if lost.any():
        # W is smallest at tau = 0, and a bound on E from below; psi without nodes is even.
        s[lost], u[lost], last[lost] = np.sqrt(np.maximum(1 - d.W[lost].min(axis=1) / d.squared_rate[lost], 0.0)), 1.0, np.inf
        matrix[lost] = problem.newton(s, u, last, np.flatnonzero(lost))[lost]
        weight[lost] = _weight(matrix[lost])
        missing = (weight * problem.residual(s, u)).sum(axis=1)
        with np.errstate(invalid="ignore"):
            s[~(u > 0).all(axis=1)] = np.nan  # a state with nodes is not the ground state
    d.known["psi"] = u
    ds = problem.moved(s, u, weight)
    s = s + missing
    if "finer" in d.known:
        return s, ds, np.abs(missing)
    terms = np.sqrt(np.einsum("pij,pj->pi", matrix[:, :n, :n] ** 2, u * u))  # their rounding errors do not know of each other
    noise = _TERMS * EPS * np.sqrt(((weight[:, :n] * terms) ** 2).sum(axis=1))
    return s, ds, noise + _FACTOR * last * np.abs(missing)


def _guess(d: Descent) -> tuple[Array, Array, Array, bool]:
    """Where Newton's method starts: s, u, how far off s is, and whether it is where more nodes ended. If there were none, at
    ``W = k^2 (1 - depth/cosh(k tau)^2)``, or where it ends from there on a few nodes."""
    size, n = d.W.shape
    if "finer" in d.known and "psi" in d.known["finer"].known:
        finer: Descent = d.known["finer"]
        return ground_state(finer)[0].copy(), _moved(finer.known["psi"], finer, d), np.full(size, 1.0), True
    depth = np.maximum(1 - d.W.min(axis=1) / d.squared_rate, 0.0)
    s, u, last = (np.sqrt(1 + 4 * depth) - 1) / 2, np.ones((size, n)), np.full(size, np.inf)
    if n >= _MANY:
        few = thinned(d, _FEW)
        rough, v = s.copy(), np.ones((size, _FEW))
        _Problem(few).newton(rough, v, last.copy(), np.arange(size))
        with np.errstate(invalid="ignore"):
            good = (v > 0).all(axis=1) & np.isfinite(rough)
        s[good], u[good] = rough[good], _moved(v[good], few, d)
    return s, u, last, False


def _moved(u: Array, here: Descent, there: Descent) -> Array:
    """u at other nodes, of the mean 1 there."""
    v = u @ between(here.nodes, there.nodes)
    return np.asarray(v / v.mean(axis=1)[:, None])


def _weight(matrix: Array) -> Array:
    """The last row of the inverse (P, n + 1): s moves by it times the change of the residual."""
    right = np.zeros((*matrix.shape[:2], 1))
    right[:, -1] = 1.0
    return _solved(matrix.transpose(0, 2, 1), right)[:, :, 0]


class _Problem:
    """The equation for u and s at the nodes, with ``mean(u) = 1``: a bordered matrix (P, n + 1, n + 1)."""

    def __init__(self, d: Descent) -> None:
        self.d, self.slope = d, d.nodes.slope
        self.second = d.nodes.bend
        r, k2 = d.nodes.r, d.squared_rate[:, None]
        self.before_second, self.by_square, self.constant = 2 * r * d.U, (2 * d.U - k2) / r, -(d.W - k2) / r

    def newton(self, s: Array, u: Array, last: Array, active: Array) -> Array:
        """Newton's method for the points ``active``: s (P,), u (P, n) and last (P,), the last step of s, are overwritten.
        The last matrices."""
        size, n = u.shape
        matrix, right = np.full((size, n + 1, n + 1), np.nan), np.zeros((size, n + 1, 1))
        right[:, n] = 1.0
        for _ in range(_STEPS):
            at = slice(None) if active.size == size else active
            matrix[at] = self.matrix(s, u, at)
            found = _solved(matrix[at], right[at])[:, :, 0]
            u[at], step = found[:, :n], found[:, n]
            s[at] += step
            moved = np.abs(step)
            with np.errstate(invalid="ignore"):
                going = (moved > _NEAR * (1 + np.abs(s[at]))) & ~((moved < _ROUNDING) & (moved > last[at] / 4))
            last[at] = moved
            active = active[going]
            if active.size == 0:
                break
        return matrix

    def matrix(self, s: Array, u: Array, at: Any) -> Array:
        """Of Newton's method at the points ``at``: times the new u and the step of s it is 0, but for the mean of u, 1."""
        d, v = self.d, u[at]
        n, a, U = v.shape[1], s[at, None], d.U[at]
        M = np.empty((len(v), n + 1, n + 1))
        A = M[:, :n, :n]
        np.multiply((d.f[at] + 4 * a * U)[:, :, None], self.slope, out=A)
        A += self.before_second[at][:, :, None] * self.second
        M.reshape(len(v), -1)[:, : n * (n + 1) : n + 2] += self._diagonal(a, at)
        M[:, :n, n] = 4 * U * (v @ self.slope.T) + (2 * a * self.by_square[at] + d.U_slope[at]) * v
        if d.noisy:  # the last collocation point gives way to the condition at r = 1
            M[:, n - 1, :n] = d.nodes.rise_by_r + a * d.nodes.start
            M[:, n - 1, n] = v @ d.nodes.start
        elif not d.nodes.even:  # polynomials in the root of 1 - r hold the odd states too
            M[:, n - 1, :n] = d.nodes.rise
            M[:, n - 1, n] = 0.0
        M[:, n, :n] = 1 / n
        M[:, n, n] = 0.0
        return M

    def residual(self, s: Array, u: Array) -> Array:
        """What is left of the equations, with the sign of a right side (P, n + 1)."""
        d, n = self.d, u.shape[1]
        a = s[:, None]
        out = np.empty((len(u), n + 1))
        slope, second = u @ self.slope.T, u @ self.second.T
        out[:, :n] = self.before_second * second + (d.f + 4 * a * d.U) * slope + self._diagonal(a, slice(None)) * u
        if d.noisy:
            out[:, n - 1] = u @ d.nodes.rise_by_r + s * (u @ d.nodes.start)
        elif not d.nodes.even:
            out[:, n - 1] = u @ d.nodes.rise
        out[:, n] = u.mean(axis=1) - 1
        return -out

    def _diagonal(self, a: Array, at: Any) -> Array:
        return np.asarray(a * a * self.by_square[at] + a * self.d.U_slope[at] + self.constant[at])

    def moved(self, s: Array, u: Array, weight: Array) -> Array:
        """The derivatives of s by the arguments (Q, P); weight: see `_weight`."""
        d, n, r = self.d, u.shape[1], self.d.nodes.r
        if not len(d.dW):
            return np.zeros((0, len(s)))
        a, dk2 = s[:, None], d.dsquared_rate[:, :, None]
        slope, second = u @ self.slope.T, u @ self.second.T
        change = d.dU * (2 * r * second + 4 * a * slope + 2 * a * a * u / r) + d.df * slope + d.dU_slope * (a * u)
        change += (dk2 * (1 - a * a) - d.dW) * (u / r)
        if d.noisy or not d.nodes.even:
            change[:, :, n - 1] = 0.0
        return np.asarray(-(change * weight[:, :n]).sum(axis=2))


def _solved(matrix: Array, right: Array) -> Array:
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:  # one singular matrix must not spoil the others
        if len(matrix) == 1:
            return np.full(right.shape, np.nan)
        return np.concatenate([_solved(matrix[i : i + 1], right[i : i + 1]) for i in range(len(matrix))])
