"""Normal forms of folds and branch points: what the equations are, to leading order, in the one direction that matters.

Liapunov-Schmidt reduction. At a point where ``A = F_x`` has the null vectors v (right) and w (left), solutions are
``x + u v + ...`` for a parameter ``p + s`` with::

    a s + b02 s^2 + b11 u s + b20 u^2 + c30 u^3 + ... = 0

    a = <w, F_p>,  b20 = <w, F_xx v v>/2,  b11 = <w, F_xx v x_p + F_xp v>,  b02 = <w, F_xx x_p x_p + 2 F_xp x_p + F_pp>/2
    c30 = <w, F_xxx v v v + 3 F_xx v h>/6,   A h = -F_xx v v,  A x_p = -F_p  (both up to w, and orthogonal to v)

Fold: a and b20 do not vanish. Branch point: a = 0; transcritical if b20 does not vanish, pitchfork if it does and c30 does not.
(Golubitsky & Schaeffer, Singularities and Groups in Bifurcation Theory I, 1985, chapter VII; Govaerts, Numerical Methods
for Bifurcations of Dynamical Equilibria, 2000, for the bordered matrices.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from meanfield.compile import compile
from meanfield.conditions import fix_parameters
from meanfield.continuation.derivatives import derivatives
from meanfield.continuation.path import Path
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.solve.problem import EPS, Array, Problem

if TYPE_CHECKING:
    from meanfield.continuation.event import Event
    from meanfield.continuation.subject import Subject

Kind = Literal["fold", "transcritical", "pitchfork", "cusp", "degenerate", "isolated"]
_NEGLIGIBLE = 1e-6  # of the size that a coefficient could have
_CUBIC = 1e-3  # a or b20 above this times the Jacobian's entries: the cubic term, which costs most, decides nothing
_ROUNDING = 1e-13  # of a null vector


@dataclass(frozen=True)
class NormalForm:
    """Coefficients of the reduced equation, see the module; x (n,), p (m,), v, w, h, x_p (n,), |v| = |w| = 1, <w, v> >= 0.

    error: bounds on the coefficients' errors at this x, from quadrature and rounding. size: what each of them could be at most,
    with null vectors that point anywhere: what counts as zero is measured by it. c30 is NaN where a or b20 decides already.
    """

    x: Array
    p: Array
    along: str
    column: int
    v: Array
    w: Array
    h: Array
    x_p: Array
    a: float
    b20: float
    b11: float
    b02: float
    c30: float
    error: dict[str, float]
    size: dict[str, float]

    def kind(self, negligible: float = _NEGLIGIBLE) -> Kind:
        """What happens here; a coefficient below ``negligible`` times its size counts as zero.

        "cusp": a fold whose quadratic coefficient vanishes; "isolated": a branch point at which no branches cross (two
        complex tangents); "degenerate": none of the coefficients decides.
        """

        def zero(name: str) -> bool:
            return bool(abs(getattr(self, name)) <= negligible * self.size[name] + self.error[name])

        if not zero("a"):
            return "cusp" if zero("b20") else "fold"
        if zero("b20"):
            return "degenerate" if zero("b11") or zero("c30") else "pitchfork"
        if self.b11**2 - 4 * self.b20 * self.b02 <= negligible * self.size["b11"] ** 2:
            return "degenerate" if abs(self.b11) + abs(self.b02) <= negligible * self.size["b11"] else "isolated"
        return "transcritical"

    @property
    def side(self) -> int:
        """Sign of the parameter's change where the states exist that bend away: both of a fold, the outer ones of a pitchfork.

        0 where there are none: at a transcritical point they exist on both sides.
        """
        kind = self.kind()
        leading = {"fold": self.b20 * self.a, "cusp": self.b20 * self.a, "pitchfork": self.c30 * self.b11}.get(kind, 0.0)
        return int(-np.sign(leading))

    def supercritical(self, stable: int = 1) -> bool:
        """For a pitchfork: the outer states exist where the symmetric one is unstable, and are stable.

        stable: sign that the eigenvalue of F_x along v has at stable states: 1 for equations ``x - G(x)``, -1 for rates of change.
        """
        return self.c30 * stable > 0  # <w, v> >= 0

    def tangents(self) -> list[Array]:
        """Unit vectors (n + 1,) of (x, parameter) along the branches through the point: one at a fold, two at a branch point."""
        kind = self.kind()
        if kind in ("fold", "cusp"):
            pairs = [(1.0, 0.0)]
        elif kind in ("transcritical", "pitchfork"):
            quadratic = 0.0 if kind == "pitchfork" else self.b20
            pairs = _directions(quadratic, self.b11, self.b02)
        else:
            raise ValueError(f"a point of kind {kind!r} has no tangents from these coefficients")
        vectors = [np.append(u * self.v + s * self.x_p, s) for u, s in pairs]
        return [t / np.linalg.norm(t) for t in vectors]

    def predict(self, u: float) -> tuple[Array, Array]:
        """Point (x, p) at amplitude u on the branch that bends away at a fold or pitchfork, right to second order in x.

        At a fold ``s = -(b20/a) u^2``, at a pitchfork ``s = -(c30/b11) u^2``; at a transcritical point the second branch's tangent.
        """
        kind = self.kind()
        if kind == "transcritical":
            moved, change = max(_directions(self.b20, self.b11, self.b02), key=lambda pair: abs(pair[0]))
            s = u * change / moved
        elif kind in ("fold", "pitchfork"):
            s = -(self.b20 / self.a if kind == "fold" else self.c30 / self.b11) * u * u
        else:
            raise ValueError(f"a point of kind {kind!r} is not resolved by these coefficients")
        p = np.array(self.p, dtype=float)
        p[self.column] += s
        return self.x + u * self.v + s * self.x_p + 0.5 * u * u * self.h, p


def _directions(b20: float, b11: float, b02: float) -> list[tuple[float, float]]:
    """Real directions (u, s) with ``b20 u^2 + b11 u s + b02 s^2 = 0``."""
    if b20 == 0.0:
        return [(1.0, 0.0), (-b02, b11)]
    root = np.sqrt(b11 * b11 - 4 * b20 * b02)
    q = -0.5 * (b11 + np.copysign(root, b11))  # u/s = q/b20 and b02/q, without cancellation
    return [(q, b20), (b02, q)] if q != 0 else [(0.0, 1.0), (1.0, 0.0)]


def null_vectors(matrix: ArrayLike) -> tuple[Array, Array]:
    """Right and left null vectors (n,) of a nearly singular matrix, of length 1 and with <w, v> >= 0.

    They belong to the smallest singular value. Raises ValueError if the second smallest is as small: then there is no
    single null vector.
    """
    a = np.asarray(matrix, dtype=float)
    left, values, right = np.linalg.svd(a)
    if len(values) > 1 and values[-2] <= max(10 * values[-1], 1e-10 * values[0]):
        raise ValueError(f"two singular values are small ({values[-2]:.1e}, {values[-1]:.1e}): the null space is not a line")
    v, w = right[-1], left[:, -1]
    v, w = _direction(v * np.sign(v[np.abs(v).argmax()])), _direction(w)
    product = float(w @ v)
    return v, w * (np.sign(product) if abs(product) > 1e-12 else 1.0)


def _direction(vector: ArrayLike) -> Array:
    """A unit vector; components that are only rounding vanish, so that no derivative is computed for them."""
    v = np.asarray(vector, dtype=float) / np.linalg.norm(vector)
    return np.where(np.abs(v) < _ROUNDING, 0.0, v)


def normal_form(
    problem: Problem, x: ArrayLike, p: ArrayLike, along: str, *, v: ArrayLike | None = None, w: ArrayLike | None = None
) -> NormalForm:
    """Reduce the equations at a point (x (n,), p (m,)) where F_x is singular, in the parameter called ``along``.

    v, w: null vectors, if known. For a compiled model the derivatives are exact, one-sided on the edge of its domain (an x
    slightly below the edge is put on it). Raises ValueError for an unknown parameter or a null space that is not a line.
    """
    at, parameters = np.array(x, dtype=float), np.array(p, dtype=float)
    found = derivatives(problem, along)
    full = found.first(at, parameters)
    n = len(at)
    jacobian, by_parameter = full[:, :n], full[:, n]
    right, left = null_vectors(jacobian) if v is None or w is None else (np.empty(0), np.empty(0))
    right = right if v is None else _direction(v)
    left = left if w is None else _direction(w)
    bordered = np.linalg.inv(np.block([[jacobian, left[:, None]], [right[None, :], np.zeros((1, 1))]]))[:n, :n]
    x_p = -bordered @ by_parameter
    along_v, along_p, units = np.append(right, 0.0), np.append(x_p, 1.0), np.eye(n, n + 1)
    first = np.concatenate([[along_v, along_v, along_p], np.tile(along_v, (n, 1))])
    second = np.concatenate([[along_v, along_p, along_p], units])
    values, errors = found.second(at, parameters, first, second)
    h = -bordered @ values[0]
    cubic = cubic_error = np.full((1, n), np.nan)
    usual = max(float(np.abs(full).max()), float(np.abs(values[:3]).max()))  # a lone equation has no slope here at all
    if not any(abs(left @ vector) > _CUBIC * usual for vector in (by_parameter, values[0])):
        cubic, cubic_error = found.third(at, parameters, right)
    bent = h @ values[3:]  # F_xx v h
    bent_error = np.abs(h) @ errors[3:] + np.abs(values[3:]).T @ (np.abs(bordered) @ errors[0])
    one = np.abs(left)
    vectors = {
        "a": (by_parameter, 16 * EPS * np.abs(full).sum(axis=1), 1.0),
        "b20": (values[0], errors[0], 2.0),
        "b11": (values[1], errors[1], 1.0),
        "b02": (values[2], errors[2], 2.0),
        "c30": (cubic[0] + 3 * bent, cubic_error[0] + 3 * bent_error, 6.0),
    }
    coefficients = {name: float(left @ value) / share for name, (value, _, share) in vectors.items()}
    error = {name: float(one @ bound) / share for name, (_, bound, share) in vectors.items()}
    size = {name: max(float(np.abs(value).max()), usual) / share for name, (value, _, share) in vectors.items()}
    column = problem.parameter_names.index(along)
    return NormalForm(at, parameters, along, column, right, left, h, x_p, **coefficients, error=error, size=size)


def of_event(event: Event) -> NormalForm:
    """See `Event.normal_form`."""
    if event.branch is None or event.type not in ("fold", "pitchfork", "transcritical", "branch point"):
        raise ParameterError(f"an event of type {event.type!r} has no normal form; folds and branch points do")
    return reduced(event.branch.subject, event.u, event.branch.base)


def reduced(subject: Subject, u: Array, base: Array) -> NormalForm:
    """The normal form at a point u (N,) of a subject's curve with the parameters base (m,), in the coordinate of its path.

    Raises `ParameterError` for a hand-written problem on a path that moves several parameters; ValueError where the null space is
    no line.
    """
    curve, model = subject.curve, subject.model
    problem, path, p = curve.problem, curve.path, curve.path.points(base[None], u[-1:])[0]
    if not path.plain:
        if model is None:
            raise ParameterError(f"{path.name} moves several parameters of a problem without expressions; follow one of them")
        problem = compile(_along(model, path))
        known = {**dict(zip((s.name for s in model.parameters), base, strict=True)), path.name: u[-1]}
        p = np.array([known[name] for name in problem.parameter_names])
    return normal_form(problem, u[:-1], p, path.name)


@lru_cache(maxsize=32)
def _along(model: Model, path: Path) -> Model:
    """The model with the path's coordinate in the place of the parameters that it moves."""
    moved = {model.parameters[i]: value for i, value in zip(path.index, path.values, strict=True)}
    wider = replace(model, parameters=list(dict.fromkeys((*model.parameters, path.symbol))))
    return fix_parameters(wider, {s: value for s, value in moved.items() if value != s})
