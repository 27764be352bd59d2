"""The autocovariance as a motion from Delta_0 down to Delta_inf: energy, time, half width (THEORY of `derivations/09`).

With ``r = (Delta - Delta_inf)/delta``, ``delta = Delta_0 - Delta_inf``, kinetic energy is ``Delta'^2/2 = delta^2 r^2 U(r)``:

    U(r) = int_0^1 (1 - s) W(s r) ds,      W = d Delta''/d Delta,      U(1) = noise^2/(2 delta^2).

Without noise ``U = (1 - r) q`` with q > 0. So neither the turning point (r = 1) nor the tail (r = 0) is singular in
``r = sech^2 xi``, ``d xi/d tau = sqrt(q/2)``; with noise in ``r = exp(-xi)``, ``d xi/d tau = sqrt(2 U)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.dynamics.nodes import Array, Nodes, nodes, stretch
from meanfield.dynamics.stiffness import Stiffness
from meanfield.dynamics.well import Well, between

_NEWTON = 40
_GROUPS = 6  # of points that share nodes, from where on fewer groups with more nodes take less time
_NEAREST = 1e-14  # of a start beyond which a motion with noise would come to rest: below it noise is left out


@dataclass(frozen=True)
class Given:
    """Arguments of the observables of a motion, each (P,): where it starts and ends, its noise, and the symbols of W."""

    start: Array
    end: Array
    noise: Array
    symbols: Sequence[Array]

    def take(self, at: Array) -> Given:
        return Given(self.start[at], self.end[at], self.noise[at], [s[at] for s in self.symbols])

    @property
    def count(self) -> int:
        return 3 + len(self.symbols)


@dataclass
class Descent:
    """Points (P,) that share nodes; source: the nodes from which W was read.

    W, U, q, f (P, n) at the nodes: stiffness, kinetic energy over ``(delta r)^2``, the regular factor in
    ``U = U(1) + (1 - r) q`` and ``Delta''/(delta r)``; squared_rate: ``k^2 = W(Delta_inf)``. ``d...``: the same, with a first
    axis more, for the derivatives by each argument of `Given`; empty unless they were asked for. known: quantities that have
    been computed, for those who ask again. neglected: noise so weak that rounding would do more than it, left out.
    """

    nodes: Nodes
    source: Nodes
    delta: Array
    noisy: bool
    W: Array
    squared_rate: Array
    U: Array
    U_slope: Array
    q: Array
    f: Array
    dW: Array
    dsquared_rate: Array
    dU: Array
    dU_slope: Array
    dq: Array
    df: Array
    rounding: Array
    given: Given
    neglected: Array
    known: dict[Any, Any] = field(default_factory=dict)

    @property
    def beginning(self) -> Array:
        """``1 - r`` over which a kick turns into free motion (P,); rounding is amplified by one over it. 1 without noise."""
        if not self.noisy:
            return np.ones_like(self.delta)
        first = self.given.noise**2 / (2 * self.delta**2)
        return np.minimum(first / np.abs(self.U_slope @ self.nodes.start), 1.0)

    @property
    def lateness(self) -> Array:
        """How much later the free motion begins because of the kick of noise that was left out, to first order (P,)."""
        return self.neglected / (self.delta * np.abs(self.f @ self.nodes.start))

    @property
    def decay_rate(self) -> Array:
        """``k``: Delta - Delta_inf falls like ``exp(-k tau)``."""
        return np.sqrt(self.squared_rate)

    @property
    def ddecay_rate(self) -> Array:
        return self.dsquared_rate / (2 * self.decay_rate)

    def _lag(self) -> tuple[Array, Array]:
        """Values at the nodes of what ``tau - (its value for a constant rate k)`` is made of, and their derivatives."""
        k = self.decay_rate[:, None]
        speed = np.sqrt(2 * (self.U if self.noisy else self.q))
        dspeed = (self.dU if self.noisy else self.dq) / speed
        excess = (1 / speed - 1 / k) / self.nodes.r
        dexcess = (self.ddecay_rate[:, :, None] / k**2 - dspeed / speed**2) / self.nodes.r
        if self.noisy:
            return self.nodes.x * (excess @ self.nodes.above.T), self.nodes.x * (dexcess @ self.nodes.above.T)
        return 2 * excess @ self.nodes.root.T, 2 * dexcess @ self.nodes.root.T

    def half_time(self) -> tuple[Array, Array]:
        """tau at ``r = 1/2`` (P,) and its derivatives (Q, P)."""
        lag, dlag = self._lag()
        k, dk = self.decay_rate, self.ddecay_rate
        root = np.sqrt(0.5)
        plain = np.log(2.0) if self.noisy else 2 * np.arctanh(root)
        weight = self.nodes.half * (1.0 if self.noisy else float(self.nodes.y_of(np.array(root))))
        return plain / k + lag @ weight, -plain * dk / k**2 + dlag @ weight

    def covariance(self, tau: Array) -> tuple[Array, Array]:
        """Delta at times tau (P, K), and its derivatives (Q, P, K) at fixed times."""
        r = self.at_time(tau)
        _, dlag = self._lag()
        value = self.given.end[:, None] + self.delta[:, None] * r
        if not len(dlag):
            return value, np.zeros((0, *r.shape))
        # tau(r, p) = constant: dr/dp = -(d tau/dp)/(d tau/dr), and d tau/dr = -1/(r sqrt(2 U)).
        t = np.sqrt(1 - r)
        speed = np.sqrt(2 * self.nodes.interpolated(self.U if self.noisy else self.q, t)) * (1.0 if self.noisy else t)
        far = np.minimum(np.abs(tau), 700 / self.decay_rate[:, None])
        plain = np.where(r > 1e-290, -np.log(np.maximum(r, 1e-300)) if self.noisy else 2 * np.arctanh(np.minimum(t, 1.0)), far)
        plain = np.where(np.isfinite(plain), plain, self.decay_rate[:, None] * far)
        ahead = -plain * self.ddecay_rate[:, :, None] / self.squared_rate[:, None]
        ahead = ahead + np.stack([self.nodes.interpolated(c, t) * (1.0 if self.noisy else self.nodes.y_of(t)) for c in dlag])
        moved = np.zeros_like(ahead) + self.delta[:, None] * r * speed * ahead
        moved[0] += r
        moved[1] += 1 - r
        return value, moved

    def at_time(self, tau: Array) -> Array:
        """r at times tau (P, K): ``xi(tau)`` by Newton's method on the smooth increasing function ``tau(xi)``."""
        lag, _ = self._lag()
        k = self.decay_rate[:, None]
        tau = np.abs(tau)
        speed = np.sqrt(2 * (self.U if self.noisy else self.q))
        xi = self._guess(tau, lag)
        for _ in range(_NEWTON):
            t = np.sqrt(-np.expm1(-xi)) if self.noisy else np.tanh(xi)
            now = xi / k if self.noisy else 2 * xi / k
            now = now + self.nodes.interpolated(lag, t) * (1.0 if self.noisy else self.nodes.y_of(t))
            step = (tau - now) * self.nodes.interpolated(speed, t) / (1.0 if self.noisy else 2.0)
            xi = np.maximum(xi + step, 0.0)
            if not (np.abs(step) > 1e-15 * (1 + xi)).any():
                break
        return np.exp(-xi) if self.noisy else (2 * np.exp(-xi) / (1 + np.exp(-2 * xi))) ** 2

    def _guess(self, tau: Array, lag: Array) -> Array:
        """xi from the table at the nodes; beyond the last, where the rate is k, shifted by what the motion is ahead."""
        r, y = self.nodes.r, self.nodes.y
        known = -np.log(r) if self.noisy else np.arctanh(np.sqrt(self.nodes.x))
        out = np.empty_like(tau)
        for i in range(len(tau)):
            k = self.decay_rate[i]
            times = (known if self.noisy else 2 * known) / k + lag[i] * (1.0 if self.noisy else y)
            inside = np.interp(tau[i], times[::-1], known[::-1], left=0.0)
            ahead = known[0] + (tau[i] - times[0]) * k / (1.0 if self.noisy else 2.0)
            out[i] = np.where(tau[i] > times[0], ahead, inside)
        return out


def descents(
    stiffness: Stiffness, given: Given, level: int, *, slopes: bool = False, least: float = 0.0
) -> list[tuple[Array, Descent]]:
    """The motions of all points that have one, in groups that share nodes: (indices, `Descent`).

    least: noise is left out, to be made up for to first order, where its second order does less than rounding: than an error
    ``least`` of the terms of W, over the distance, in r, at which the motion would come to rest without its kick. Points with a
    start that is not above the end, or a potential that does not carry the motion there, are left out.
    """
    with np.errstate(invalid="ignore"):
        good = np.flatnonzero((given.start > given.end) & (given.noise >= 0) & (given.start - given.end < np.inf))
    if good.size == 0:
        return []
    out = []
    given, neglected, wells = _wells(stiffness, given, good, level, slopes, least)
    for at, keys, well in wells:
        noisy = given.noise[at] > 0
        for beta, kicked in sorted(set(zip(keys.tolist(), noisy.tolist(), strict=True))):
            some = np.flatnonzero((keys == beta) & (noisy == kicked))
            mine, whole = at[some], some.size == at.size
            grid = _grid(beta, stiffness)
            out.append((mine, _descend(well if whole else well.take(some), given.take(mine), grid, kicked, neglected[mine])))
    return _carried(out)


def _wells(
    stiffness: Stiffness, given: Given, good: Array, level: int, slopes: bool, least: float
) -> tuple[Given, Array, list[tuple[Array, Array, Well]]]:
    """What is given without noise that is too weak, that noise, and (indices, stretch of the nodes of the motion, `Well`)."""
    out, neglected = [], np.zeros_like(given.noise)
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.maximum(stiffness.smoothness / np.sqrt(given.start - given.end), 1e-9)
    free, kicked = good[given.noise[good] == 0], good[given.noise[good] > 0]
    keys = _keys(width[free])
    for beta in sorted(set(keys.tolist())):
        at = free[keys == beta]
        well = Well.of(stiffness, given.take(at), _grid(beta, stiffness), level, slopes)
        out.append((at, np.full(at.size, beta), well))
    if kicked.size:
        mine = given.take(kicked)
        well = Well.of(stiffness, mine, _grid(stretch(width[kicked].min()), stiffness), level, slopes)
        ahead, second = _ahead(well, mine)
        quiet = (ahead < _NEAREST) | (second * ahead < least * well.rounding)
        neglected[kicked[quiet]] = mine.noise[quiet]
        given = Given(given.start, given.end, given.noise - neglected, given.symbols)
        out.append((kicked, _keys(np.where(quiet, width[kicked], np.minimum(width[kicked], np.sqrt(ahead)))), well))
    return given, neglected, out


def _ahead(well: Well, given: Given) -> tuple[Array, Array]:
    """How far beyond r = 1 motions with noise would come to rest (P,), and about what the second order of the noise changes an
    energy by (P,): the square of the time by which the kick makes free motion later, in a well as deep as W is at r = 1."""
    first, start = given.noise**2 / (2 * (given.start - given.end) ** 2), well.nodes.start
    W = _balanced(well.nodes, well.W, first)
    _, slope, _, f = _linear(well.nodes, W, first)
    fall, deep = -slope @ start, np.abs(W @ start)
    with np.errstate(divide="ignore", invalid="ignore"):
        late = given.noise / ((given.start - given.end) * np.abs(f @ start))
        return np.where(fall > 0, first / fall, np.inf), late**2 * deep**1.5 * (1 + np.sqrt(deep) / 2)


def _grid(beta: float, stiffness: Stiffness) -> Nodes:
    return nodes(8 * int(np.ceil((18 + 10 * beta) / 8)), beta, stiffness.even)


def _keys(widths: Array) -> Array:
    """The stretch of the nodes for each point. Where there are many, points share nodes that are somewhat denser than they need."""
    keys = np.array([stretch(w) for w in widths])
    return keys if len(set(keys.tolist())) <= _GROUPS else np.array([stretch(w, 1) for w in widths])


def again(stiffness: Stiffness, found: list[tuple[Array, Descent]], level: int, fewer: int) -> list[tuple[Array, Descent]]:
    """The same motions on so many nodes less, for a second opinion; each knows its finer one, whose states it begins from."""
    out = []
    for source in dict.fromkeys(d.source for _, d in found):
        group = [(at, d) for at, d in found if d.source is source]
        grid = nodes(source.z.size - fewer, source.beta, source.even)
        well = Well.of(stiffness, _together([d.given for _, d in group]), grid, level, False)
        last = 0
        for at, d in group:
            first, last = last, last + at.size
            mine = well if at.size == len(well.W) else well.take(np.arange(first, last))
            coarse = _descend(mine, d.given, nodes(d.nodes.z.size - fewer, d.nodes.beta, d.nodes.even), d.noisy, d.neglected)
            coarse.known["finer"] = d
            out.append((at, coarse))
    return _carried(out)


def _together(parts: list[Given]) -> Given:
    if len(parts) == 1:
        return parts[0]
    start, end, noise = (np.concatenate([getattr(p, n) for p in parts]) for n in ("start", "end", "noise"))
    return Given(start, end, noise, [np.concatenate(s) for s in zip(*(p.symbols for p in parts), strict=True)])


def _carried(found: list[tuple[Array, Descent]]) -> list[tuple[Array, Descent]]:
    """Without the points at which the potential does not carry the motion to the end."""
    out = []
    for at, d in found:
        with np.errstate(invalid="ignore"):
            fine = (d.U > 0).all(axis=1) if d.noisy else (d.q > 0).all(axis=1)
            fine &= (d.squared_rate > 0) & (d.f[:, 0] > 0)
        out.append((at, d) if fine.all() else (at[fine], taken(d, fine)))
    return [(at, d) for at, d in out if at.size]


def taken(d: Descent, fine: Array) -> Descent:
    """Some points of a group."""
    rows = {n: getattr(d, n)[fine] for n in ("delta", "W", "squared_rate", "U", "U_slope", "q", "f", "rounding", "neglected")}
    rows |= {n: getattr(d, n)[:, fine] for n in ("dW", "dsquared_rate", "dU", "dU_slope", "dq", "df")}
    return Descent(d.nodes, d.source, noisy=d.noisy, given=d.given.take(fine), **rows)


def thinned(d: Descent, count: int) -> Descent:
    """The same points on so many nodes, read off the polynomials through more of them, without derivatives."""
    grid = nodes(count, d.nodes.beta, d.nodes.even)
    rows = {n: getattr(d, n) @ between(d.nodes, grid) for n in ("W", "U", "U_slope", "q", "f")}
    rows |= {n: getattr(d, n)[:0] for n in ("dW", "dsquared_rate", "dU", "dU_slope", "dq", "df")}
    return replace(d, nodes=grid, known={}, **rows)


def _descend(well: Well, given: Given, grid: Nodes, noisy: bool, neglected: Array) -> Descent:
    delta = given.start - given.end
    W, dW = well.on(grid)
    ddelta, dnoise = np.zeros((2, len(dW), len(delta)))
    if len(dW):
        ddelta[0], ddelta[1], dnoise[2] = 1.0, -1.0, 1.0
    first = given.noise**2 / (2 * delta**2)  # U(1)
    dfirst = given.noise * dnoise / delta**2 - 2 * first * ddelta / delta
    W, dW = _balanced(grid, W, first), _balanced(grid, dW, dfirst)
    parts = _linear(grid, W, first if noisy else np.zeros_like(first))
    dparts = _linear(grid, dW, dfirst if noisy else np.zeros_like(dfirst))
    return Descent(
        grid, well.nodes, delta, noisy, W, well.end, *parts, dW, well.dend, *dparts, well.rounding, given, neglected
    )  # fmt: skip


def _balanced(grid: Nodes, W: Array, first: Array) -> Array:
    """W with a linear term that makes up for what is missing in the energy balance: nothing at a solution, and a smooth
    continuation of everything to iterates that are none."""
    missing = first - W @ grid.lever.T @ grid.start
    return W + 6 * missing[..., None] * grid.r


def _linear(grid: Nodes, W: Array, first: Array) -> tuple[Array, Array, Array, Array]:
    """U, dU/dr, q and f = Delta''/(delta r), which are linear in W and U(1)."""
    f = W @ grid.mean.T
    slope = (f - 2 * W @ grid.lever.T) / grid.r
    q = -slope @ grid.above.T
    return first[..., None] + grid.x * q, slope, q, f
