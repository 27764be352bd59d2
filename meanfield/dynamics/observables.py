"""Half width, decay rate, velocity, Lyapunov exponent and Delta(tau) of every model with a `Motion`, as expressions.

The costly ones are `Opaque` nodes: they carry values, errors and derivatives of their own, so they serve as observables, as
indicators (``lambda_max = 0`` is a boundary that is traced) and as unknowns of further equations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import sympy as sp

from meanfield.averages.opaque import Closure, Opaque, closure
from meanfield.averages.scope import nodes
from meanfield.compile.group import EPS, FINE, TIGHT
from meanfield.compile.kept import Kept
from meanfield.dynamics.descent import Descent, Given, again, descents, taken
from meanfield.dynamics.lyapunov import exponent, first_kick
from meanfield.dynamics.lyapunov import rounding as lyapunov_rounding
from meanfield.dynamics.nodes import Array
from meanfield.dynamics.stiffness import stiffness
from meanfield.errors import ModelError
from meanfield.model import Model, Motion
from meanfield.symbols import coordinate
from meanfield.transfer import Applied, Transfer

FEWER = 8  # nodes less, for the second opinion that claims are made of
_KEPT = 12
_NOISE = 2  # place of the noise among the arguments of a motion
_ROUNDING = 16  # units in the last place, of what W is made of
_TIME, _RATE, _RATE_SQUARED = "time constant", "1/time constant", "1/time constant^2"


def observables_of(motion: Motion) -> dict[str, sp.Expr]:
    """``lambda_max``, ``tau_half``, ``decay_rate`` and ``kinetic_energy`` of the state that ``motion`` describes."""
    return {
        "lambda_max": lambda_max(motion),
        "tau_half": tau_half(motion),
        "decay_rate": decay_rate(motion),
        "kinetic_energy": kinetic_energy(motion),
    }


def lambda_max(motion: Motion) -> sp.Expr:
    """Maximal Lyapunov exponent, in units of the inverse time constant; positive means chaos.

    Sompolinsky, Crisanti & Sommers (1988); with white noise Schuecker, Goedeke & Helias (2018). Asking for its value raises
    `ModelError` where phi' jumps: then the exponent does not exist.
    """
    return LyapunovExponent(*arguments(motion))


def tau_half(motion: Motion) -> sp.Expr:
    """The delay at which ``Delta - Delta_inf`` has fallen to half of what it is at equal times."""
    return HalfTime(*arguments(motion))


def decay_rate(motion: Motion) -> sp.Expr:
    """``k``: ``Delta - Delta_inf`` falls like ``exp(-k tau)``, ``k^2 = 1 - g^2 <phi'(x) phi'(y)>`` at Delta_inf."""
    return sp.sqrt(Motion.acceleration_at(Motion(motion.stiffness, motion.start, delay=motion.delay), motion.end))


def kinetic_energy(motion: Motion) -> sp.Expr:
    """``<v^2>`` of the velocity v of units ``dx/dt = v + xi`` with ``v = -x + ...``; without noise ``<(dx/dt)^2> = -Delta''(0)``.

    With white noise dx/dt itself has no finite variance. Then ``-Delta''(0+) = <v^2> - 2 noise``, because a kick of the noise
    changes v by minus the kick.
    """
    return -motion.acceleration_at(motion.start) + 2 * motion.noise


def units_of(model: Model) -> dict[str, str]:
    """Units of the observables and indicators of ``model`` that have one, by name, whatever they are called: what is computed here
    from its motion counts time constants of a unit. All else in the equations of rate networks has the dimension of a number."""
    plain = {decay_rate(model.motion): _RATE, kinetic_energy(model.motion): _RATE_SQUARED} if model.motion is not None else {}
    named = {**model.observables, **model.on_request, **model.indicators}
    found = {name: e.unit if isinstance(e, Opaque) else plain.get(e, "") for name, e in named.items()}
    return {name: unit for name, unit in found.items() if unit}


def autocovariance_profile(motion: Motion) -> tuple[sp.Symbol, sp.Expr]:
    """``(tau, Delta(tau))``, a profile for `Model.profiles`."""
    tau = coordinate("tau")
    return tau, Autocovariance(tau, *arguments(motion))


def with_dynamics(model: Model) -> Model:
    """``model`` with the observables and the profile that follow from its motion.

    Raises `ModelError` if it has none.
    """
    if model.motion is None:
        raise ModelError(
            f"{model.name or model.title} has no equation of motion for its autocovariance; give it one: "
            "Model(..., motion=Motion(acceleration, start=Delta_0, end=Delta_inf))"
        )
    return model.changed(
        on_request={**model.on_request, **observables_of(model.motion)},
        profiles={**model.profiles, "Delta": autocovariance_profile(model.motion)},
    )


def arguments(motion: Motion) -> tuple[sp.Expr, ...]:
    """What observables of a motion depend on: W as a closure, then start, end and noise, then the symbols in W."""
    W = motion.stiffness
    symbols = sorted(W.free_symbols - {motion.delay}, key=lambda s: s.name)
    return closure(W, [motion.delay, *symbols]), motion.start, motion.end, motion.noise, *symbols


class FromDescents(Opaque):
    """Base of what is computed from descents. ``args`` are ``(..., closure, start, end, noise, symbols...)``, ``before`` of them
    (coordinates, say) before the closure; by these no derivative is carried. least: see `descents`."""

    before: ClassVar[int] = 0
    least: ClassVar[float] = 0.0

    @classmethod
    def _gathered(cls, args: Any, level: int, fewer: int) -> tuple[Array, Array, Array, tuple[int, ...]]:
        """Values (P,), derivatives (Q, P) where the level is FINE, what rounding does to the values (P,), and the shape of what
        is asked for. fewer: so many nodes are left out."""
        raise NotImplementedError

    @classmethod
    def evaluate(cls, *args: Any) -> Any:
        value, _, _, shape = cls._gathered(args, FINE, 0)
        return value.reshape(shape)

    @classmethod
    def partial(cls, index: int, *args: Any) -> Any:
        if index <= cls.before:
            raise NotImplementedError("no derivative by the coordinate is carried here")
        _, moved, _, shape = cls._gathered(args, FINE, 0)
        return moved[index - cls.before - 1].reshape(shape)

    @classmethod
    def claim(cls, *args: Any) -> Any:
        """Difference to the result with fewer nodes and coarser quadrature, and what rounding does."""
        value, _, rounding, shape = cls._gathered(args, FINE, 0)
        coarse, _, _, _ = cls._gathered(args, TIGHT, FEWER)
        return (np.abs(value - coarse) + rounding).reshape(shape)


class MotionQuantity(FromDescents):
    """Base of numbers that belong to a motion as a whole: ``(closure, start, end, noise, symbols...)``."""

    @classmethod
    def of(cls, d: Descent) -> tuple[Array, Array, Array]:
        """Values (P,), their derivatives (Q, P), and what rounding does to them (P,)."""
        raise NotImplementedError

    @classmethod
    def check(cls, phi: Transfer) -> None:
        """Raise where the quantity does not exist for this transfer function."""

    @classmethod
    def _gathered(cls, args: Any, level: int, fewer: int) -> tuple[Array, Array, Array, tuple[int, ...]]:
        W, *columns = args
        for phi in _tokens(W):
            cls.check(phi)
        given, shape = _given(columns)
        value, rounding = np.full((2, given.start.size), np.nan)
        moved = np.full((given.count, given.start.size), np.nan)
        for at, d in _descents(W, given, level, fewer, cls.least):
            if cls not in d.known:
                with np.errstate(all="ignore"):
                    d.known[cls] = cls.of(d)
            value[at], derivative, rounding[at] = d.known[cls]
            if level == FINE:
                moved[:, at] = derivative
        return value, moved, rounding, shape


class LyapunovExponent(MotionQuantity):
    """``LyapunovExponent(closure, start, end, noise, symbols...)``; see `lambda_max`."""

    unit: ClassVar[str] = _RATE
    least: ClassVar[float] = EPS / 5  # rounding does less than it may

    @classmethod
    def of(cls, d: Descent) -> tuple[Array, Array, Array]:
        """``d lambda = -dE/(2 (1 + lambda))``, and E moves with W, and with the shape of the well about as much; a kick that soon
        turns into free motion makes the collocation steep, which amplifies rounding; and the equations for psi are rounded."""
        value, slopes = exponent(d)
        size = _ROUNDING * EPS * d.rounding * (1 + 1 / (_ROUNDING * d.beginning))
        value, slopes, unsure = _kicked(d, value, slopes, first_kick)
        return value, slopes, unsure + size / (1 + value) + lyapunov_rounding(d)

    @classmethod
    def check(cls, phi: Transfer) -> None:
        if phi.traits.smooth_order < 1:
            raise ModelError(
                f"the Lyapunov exponent does not exist for the transfer function {phi.name}: its slope jumps, so tangents of a "
                "trajectory do; use a transfer function with a continuous slope"
            )


class HalfTime(MotionQuantity):
    """``HalfTime(closure, start, end, noise, symbols...)``; see `tau_half`."""

    unit: ClassVar[str] = _TIME

    @classmethod
    def of(cls, d: Descent) -> tuple[Array, Array, Array]:
        """Times go like one over the root of the kinetic energy, which rounds like W; W is small near the onset of chaos."""
        value, slopes = d.half_time()
        least, kicked = d.q.min(axis=1), d.U.min(axis=1)
        rate = np.minimum(d.squared_rate, np.where(least > 0, least, kicked))
        rounding = value * _ROUNDING * EPS * (d.rounding / rate + 1)
        value, slopes, unsure = _kicked(d, value, slopes, lambda d: -d.lateness)
        return value, slopes, unsure + rounding


class Along(FromDescents):
    """Base of functions of a coordinate along a descent: ``(coordinate, closure, start, end, noise, symbols...)``."""

    before: ClassVar[int] = 1

    @classmethod
    def at(cls, d: Descent, coordinate: Array, fewer: int) -> tuple[Array, Array]:
        """Of a single point, at values (K,) of the coordinate: (K,) and derivatives (Q, K). fewer: so many nodes less, where the
        quantity needs nodes of its own."""
        raise NotImplementedError

    @classmethod
    def _gathered(cls, args: Any, level: int, fewer: int) -> tuple[Array, Array, Array, tuple[int, ...]]:
        where, W, *columns = args
        shifted, shape = _given([where, *columns])
        where, given = shifted.start, Given(shifted.end, shifted.noise, shifted.symbols[0], shifted.symbols[1:])
        points, row = _distinct(given)
        value, rounding = np.full((2, where.size), np.nan)
        moved = np.full((given.count, where.size), np.nan)
        for group, d in _descents(W, points, level, fewer, cls.least):
            for k, point in enumerate(group):
                mine = np.flatnonzero(row == point)
                with np.errstate(all="ignore"):
                    found, derivative = cls.at(taken(d, np.array([k])), where[mine], fewer)
                size = d.rounding[k] * d.delta[k] / min(float(d.squared_rate[k]), 1.0)
                value[mine] = found
                fastest = d.delta[k] * np.sqrt(2 * (d.nodes.r**2 * d.U[k]).max())
                rounding[mine] = _ROUNDING * EPS * (size + np.abs(found)) + 2 * d.lateness[k] * fastest
                if level == FINE:
                    moved[:, mine] = derivative
        return value, moved, rounding, shape


class Autocovariance(Along):
    """``Autocovariance(tau, closure, start, end, noise, symbols...)``: Delta at the delay tau."""

    @classmethod
    def at(cls, d: Descent, coordinate: Array, fewer: int) -> tuple[Array, Array]:
        value, moved = d.covariance(coordinate[None])
        return value[0], moved[:, 0]


def _kicked(d: Descent, value: Array, slopes: Array, change: Callable[[Descent], Array]) -> tuple[Array, Array, Array]:
    """Value and derivatives with ``change``, what noise that was left out does to first order, and about what the second does."""
    if not d.neglected.any():
        return value, slopes, np.zeros_like(value)
    first = change(d)
    if len(slopes):
        slopes = slopes.copy()
        slopes[_NOISE] += np.where(d.neglected > 0, first / np.where(d.neglected > 0, d.neglected, 1.0), 0.0)
    bend = d.lateness * (2 + np.sqrt(np.abs(d.W @ d.nodes.start)))
    return value + first, slopes, np.abs(first) * np.minimum(bend, 1.0)


@lru_cache(maxsize=64)
def _tokens(W: Closure) -> frozenset[Transfer]:
    return frozenset(a.token for a in nodes(W, Applied, inside=True))


def _given(columns: Any) -> tuple[Given, tuple[int, ...]]:
    arrays = np.broadcast_arrays(*(np.asarray(c, dtype=float) for c in columns))
    flat = [a.ravel() for a in arrays]
    return Given(flat[0], flat[1], flat[2], flat[3:]), arrays[0].shape


def _distinct(given: Given) -> tuple[Given, Array]:
    """The different points among rows, and which of them each row is."""
    table = np.stack([given.start, given.end, given.noise, *given.symbols], axis=1)
    rows, inverse = np.unique(table, axis=0, return_inverse=True)
    columns = list(np.ascontiguousarray(rows.T))
    return Given(columns[0], columns[1], columns[2], columns[3:]), inverse.ravel()


_known: Kept[list[tuple[Array, Descent]]] = Kept(_KEPT)


def _descents(W: Closure, given: Given, level: int, fewer: int, least: float) -> list[tuple[Array, Descent]]:
    """The descents of a batch, with derivatives where the level is FINE; the last few batches are remembered, because a value, its
    claim and each of its derivatives ask for the same one."""

    def made() -> list[tuple[Array, Descent]]:
        well = stiffness(W, len(given.symbols))
        if fewer:
            return again(well, _descents(W, given, FINE, 0, least), level, fewer)
        return descents(well, given, level, slopes=level == FINE, least=least)

    return _known.get((W, *(c.tobytes() for c in (given.start, given.end, given.noise, *given.symbols)), level, fewer, least), made)


__all__ = [
    "Along",
    "Autocovariance",
    "HalfTime",
    "LyapunovExponent",
    "arguments",
    "autocovariance_profile",
    "decay_rate",
    "kinetic_energy",
    "lambda_max",
    "observables_of",
    "tau_half",
    "units_of",
    "with_dynamics",
]
