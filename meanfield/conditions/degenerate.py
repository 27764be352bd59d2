"""Points of codimension two where a normal form degenerates: cusps of folds, pitchforks between super- and subcritical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy as sp

from meanfield.conditions.jets import Table, directional, jacobian
from meanfield.conditions.released import Companions, Window, released
from meanfield.conditions.singular import GAUGE, moved, one_side
from meanfield.conditions.subspace import independent, inside, restricted
from meanfield.conditions.symmetry_breaking import split
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.symbols import symbol

Pair = Sequence[str | sp.Symbol]


def cusp(model: Model, *, free: Pair, windows: Mapping[str, Window] | None = None) -> Model:
    """Cusps: folds whose quadratic coefficient ``<w, F_xx v v>`` vanishes, with two parameters ``free`` as unknowns.

    That F_xx v v lies in the range of F_x is written as ``F_x h + F_xx v v = 0`` with ``v . h = 0``: x + t v + t^2 h / 2 solves the
    equations to third order. Unknowns are the model's, ``v_mu``, ..., ``h_mu``, ..., and ``free``. For a single equation they are
    F = F' = F'' = 0. Raises `ModelError` unless ``free`` names two parameters.
    """
    p, q = _two(model, free)
    unknowns, residuals = model.unknowns, model.residuals
    label, title = "cusp", "cusp"
    if len(unknowns) == 1:
        (x,), (f,) = unknowns, residuals
        out = released(model, [f.diff(x), f.diff(x, 2)], [p, q], label=label, title=title, windows=windows, differentiated=True)
        return replace(out, stable=None)
    v, h = ([symbol(f"{letter}_{u.name}") for u in unknowns] for letter in "vh")
    a, along = jacobian(residuals, unknowns), dict(zip(unknowns, v, strict=True))
    bent = [e + directional(r, along, along) for r, e in zip(residuals, a * sp.Matrix(h), strict=True)]
    lengths = [sum(e**2 for e in v) - 1, sum(e * k for e, k in zip(v, h, strict=True))]
    companions = Companions(
        unknowns=[*v, *h],
        starts=[{**{e: sp.Integer(e == chosen) for e in v}, **dict.fromkeys(h, sp.S.Zero)} for chosen in v],
        images=[moved(s, unknowns, v, h) for s in model.symmetries],
        own=[{e: -e for e in v}],
        accept={GAUGE: one_side(v)},
    )
    conditions = [*(a * sp.Matrix(v)), *bent, *lengths]
    out = released(model, conditions, [p, q], label=label, title=title, companions=companions, windows=windows, differentiated=True)
    return replace(out, stable=None)


def degenerate_pitchfork(
    model: Model, symmetry: int | Table = 0, *, free: Pair, windows: Mapping[str, Window] | None = None
) -> Model:
    """Pitchforks whose cubic coefficient vanishes, between super- and subcritical, with two parameters ``free`` as unknowns.

    With v the symmetry-breaking direction and h the response ``F_x h + F_xx v v = 0`` in the symmetric subspace (unknowns
    ``h_...``), the condition is ``F_xxx v v v + 3 F_xx v h = 0`` in the equation that the symmetry reverses. Raises `ModelError` as
    `symmetry_breaking` does, and for a symmetry that reverses several directions.
    """
    p, q = _two(model, free)
    parts = split(model, symmetry)
    if len(parts.breaking) != 1:
        raise ModelError(f"{model.name or model.title}: the symmetry reverses {len(parts.breaking)} directions; one is needed")
    v = parts.breaking[0]
    kept = [u for u in model.unknowns if u not in parts.values]
    h = {u: symbol(f"h_{u.name}") for u in kept}
    response = {u: sum(parts.values.get(u, u).diff(k) * e for k, e in h.items()) for u in model.unknowns}
    residuals = model.residuals
    tangent = independent(inside(directional(r, v), parts.values) for r in residuals)
    bent = independent(inside(directional(r, v, v) + directional(r, response), parts.values) for r in residuals)
    cubic = independent(inside(directional(r, v, v, v) + 3 * directional(r, v, response), parts.values) for r in residuals)
    if (len(tangent), len(bent), len(cubic)) != (1, len(kept), 1):
        raise ModelError(f"{model.name or model.title}: the equations are not symmetric under {dict(parts.values)}")
    companions = Companions([*h.values()], [dict.fromkeys(h.values(), sp.S.Zero)])
    out = released(
        replace(model, seeds=()),
        [*tangent, *bent, *cubic],
        [p, q],
        label="degenerate-pitchfork",
        title="degenerate pitchfork",
        companions=companions,
        windows=windows,
        differentiated=True,
    )
    return replace(restricted(out, parts.values), stable=None)


def _two(model: Model, free: Pair) -> tuple[str | sp.Symbol, str | sp.Symbol]:
    if isinstance(free, str) or len(free) != 2:
        raise ModelError(f"{model.name or model.title}: a point of codimension two needs two free parameters, got {free!r}")
    return free[0], free[1]
