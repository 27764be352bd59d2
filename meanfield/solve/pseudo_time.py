"""``method="relaxation"``: the sources' pseudo-time x' = -x + F(x) from the model's starts, its ends certified like Newton's.

Equations ``{unknown: right side}`` flow as they stand. A variance that conservation of energy fixes flows as
``u = (Delta_0^2 - Delta_inf^2)/2`` with ``u' = -u + H``, where ``H - u`` is the energy at tau = 0+ minus that at rest
(Mastrogiuseppe & Ostojic, Neuron 99, 609 (2018), eqs. 86 and 98, in the relaxation of their Methods).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile import ROUGH, compile
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.solve import judge
from meanfield.solve.choose import preferred
from meanfield.solve.finish import finish
from meanfield.solve.problem import Array
from meanfield.solve.relaxation import Change, Relaxed, relax
from meanfield.solve.rows import Found, Search
from meanfield.solve.search import distinct, without_copies
from meanfield.solve.starts import evaluate, own_starts, scale_of, scattered
from meanfield.solve.status import Status
from meanfield.solve.symmetries import partners

_AT_REST = 1e-6  # relative distance at which the flow ends, above what rough quadrature errs by; the rest is the last correction
_MOST_STEPS = 2000


class Flow:
    """The flow of a model in its own variables. Raises `ParameterError` if its equations are not of that form."""

    def __init__(self, model: Model) -> None:
        self.kernel = compile(model).at(ROUGH, quick=True)
        self.unknowns, self.parameters = tuple(model.unknowns), tuple(model.parameters)
        right = {u: model.resolve(e) for u, e in model.equations.items()}
        forward, self.backward = {u: u for u in right}, {u: u for u in right}
        left = [u for u in self.unknowns if u not in right]
        motion = model.motion
        if left and (motion is None or len(left) != 1 or len(model.implicit) != 1 or not _linear(motion.start, left[0])):
            raise ParameterError(
                f"{model.name or model.title} cannot be relaxed: {', '.join(map(str, left))} has no equation of the form unknown = "
                'right side, nor does conservation of energy alone fix it; use method="newton"'
            )
        if left and motion is not None:
            (fixed,) = left
            start, end = model.resolve(motion.start), model.resolve(motion.end)
            forward[fixed] = (start**2 - end**2) / 2
            right[fixed] = forward[fixed] + model.resolve(motion.energy)
            slope = sp.diff(start, fixed)
            self.backward[fixed] = (sp.sqrt(2 * fixed + end**2) - start.subs(fixed, 0)) / slope
        self.forward = {u: forward[u] for u in self.unknowns}
        self.right = tuple(right[u] for u in self.unknowns)

    def _evaluated(self, table: dict[sp.Symbol, sp.Expr], x: Array) -> Array:
        return evaluate(table, self.unknowns, {u: x[:, i] for i, u in enumerate(self.unknowns)})

    def run(self, x: Array, p: Array) -> Relaxed:
        """From x (P, n) at p (P, m). A point is carried on in the variables of the flow, in which F is known."""
        back = lambda u: self._evaluated(self.backward, u)
        there = Change(lambda x: self._evaluated(self.forward, x), back)
        done = relax(
            lambda u, q: self.kernel.values(self.right, back(u), q),
            there.forward(x),
            p,
            tol=_AT_REST,
            max_steps=_MOST_STEPS,
        )
        return replace(done, x=np.asarray(back(done.x)))


def _linear(expr: sp.Expr, symbol: sp.Symbol) -> bool:
    slope = sp.diff(expr, symbol)
    return slope != 0 and symbol not in slope.free_symbols


def find_relaxed(model: Model, p: Array, find: str, tol: float, extra: Array | None = None) -> Search:
    """The states that the pseudo-time reaches from the model's starts: all of them, or the preferred one.

    Those are attracting states of the pseudo-time only (which says nothing about the stability of the network); other
    solutions, which Newton's method finds, are not reached.
    """
    kernel, flow = compile(model), Flow(model)
    starts = _starts(model, p, extra)
    scale = scale_of(starts)
    owner, place = np.nonzero(np.isfinite(starts).all(axis=2))
    done = flow.run(starts[owner, place], p[owner])
    rest = done.status == Status.CONVERGED.code
    at, x = owner[rest], done.x[rest]
    jacobian = kernel.at(ROUGH).residual_jacobian(x, p[at])[1] if len(at) else np.zeros((0, x.shape[1], x.shape[1]))
    regular = np.isfinite(jacobian).all(axis=(1, 2)) if len(at) else np.zeros(0, dtype=bool)
    found = Found(at[regular], x[regular], jacobian[regular])
    rows = finish(kernel, p, found, scale, tol, ROUGH)[0]
    rows = distinct(kernel, partners(kernel, rows), p, scale)
    missing = sorted(set(range(len(p))) - set(rows.owner.tolist()))
    verdict = judge.accept(kernel, x, p[at], _AT_REST * (np.abs(x) + scale[at]))
    reasons = [(o, verdict.sentences[k]) for o, k in zip(at.tolist(), verdict.reason.tolist(), strict=True) if k >= 0]
    why = {i: _why(done.status[owner == i], dict.fromkeys(s for o, s in reasons if o == i)) for i in missing}
    return Search(preferred(kernel, rows, p) if find == "one" else rows, why)


def _starts(model: Model, p: Array, extra: Array | None) -> Array:
    formulas = own_starts(model, p)
    parts = [formulas, scattered(model, p, formulas)]
    if extra is not None:
        parts.append(np.broadcast_to(extra, (len(p), *extra.shape[-2:])))
    return without_copies(model, np.concatenate(parts, axis=1), scale_of(formulas))


def _why(status: Any, reasons: dict[str, None]) -> str:
    """Why a point has no state at rest."""
    words = {
        Status.CONVERGED: "came to rest" + (f" ({'; '.join(reasons)})" if reasons else " where there is no root"),
        Status.MAX_ITERATIONS: f"were not at rest after {_MOST_STEPS} steps",
        Status.NAN: "ran out of the domain",
    }
    ends = [f"{n} {text}" for s, text in words.items() if (n := int((status == s.code).sum()))]
    return (
        f"no solution: of {len(status)} starts of the relaxation {', '.join(ends)}; it reaches attracting states only, "
        'method="newton" others too'
    )
