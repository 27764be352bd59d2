"""Pitchforks: where a symmetric solution becomes singular in a direction that breaks the symmetry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from meanfield.conditions.jets import Table, directional, linear_map
from meanfield.conditions.released import Window, released
from meanfield.conditions.singular import vector
from meanfield.conditions.subspace import independent, inside, restricted
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.symbols import symbol


@dataclass(frozen=True)
class Split:
    """What a symmetry ``x -> S x + t``, its own inverse, does with the space of unknowns.

    values: ``{unknown: expression in the others}`` on the symmetric subspace. breaking: directions that change sign under S,
    each ``{unknown: component}``.
    """

    values: Table
    breaking: tuple[Table, ...]


def split(model: Model, symmetry: int | Table = 0) -> Split:
    """Symmetric subspace and symmetry-breaking directions of a declared symmetry (its index, or the map itself).

    Raises `ModelError` if the model declares no such symmetry, or if the map is not linear, or not its own inverse.
    """
    where = model.name or model.title
    if not isinstance(symmetry, Mapping):
        if not 0 <= symmetry < len(model.symmetries):
            raise ModelError(
                f"{where} declares {len(model.symmetries)} symmetries (for this transfer function); got number {symmetry}"
            )
        symmetry = model.symmetries[symmetry]
    unknowns = list(model.unknowns)
    s = linear_map(symmetry, unknowns)
    if s.free_symbols or s * s != sp.eye(len(unknowns)) or s == sp.eye(len(unknowns)):
        raise ModelError(
            f"{where}: the map {dict(symmetry)} must be linear, not the identity, and its own inverse, as mu -> -mu is"
        )
    # The last unknowns are kept: of a pair that the symmetry exchanges, the first is expressed in the second.
    (values,) = sp.linsolve([symmetry.get(u, u) - u for u in unknowns], unknowns)
    known = {u: e for u, e in zip(unknowns, values, strict=True) if e != u}
    breaking = tuple({u: c for u, c in zip(unknowns, b, strict=True) if c != 0} for b in (s + sp.eye(len(unknowns))).nullspace())
    return Split(known, breaking)


def symmetry_breaking(model: Model, symmetry: int | Table = 0, *, free: str | sp.Symbol, window: Window | None = None) -> Model:
    """Pitchforks at a declared symmetry, with the parameter ``free`` as an unknown.

    The unknowns stay in the symmetric subspace and the null vector v in the complement that changes sign, so that nothing known
    remains an unknown: for ``mu -> -mu`` this is mu = 0, v = e_mu, and the condition is ``d F_mu / d mu = 0``. These equations are
    regular at a pitchfork, where those of `singular` are not. With several symmetry-breaking directions their weights
    ``v_1``, ... are unknowns too. Raises `ModelError` as `split` does, and if the symmetric subspace is not invariant.
    """
    parts = split(model, symmetry)
    windows = {str(free): window} if window else {}
    names = [symbol(f"v_{k + 1}") for k in range(len(parts.breaking))] if len(parts.breaking) > 1 else [sp.S.One]
    along = {u: sum(v * b.get(u, 0) for v, b in zip(names, parts.breaking, strict=True)) for u in model.unknowns}
    tangent = independent(inside(directional(r, along), parts.values) for r in model.residuals)
    if len(tangent) != len(names):
        raise ModelError(
            f"{model.name or model.title}: the equations are not symmetric ({len(tangent)} conditions for {len(names)})"
        )
    title, label = f"{_words(parts)} broken", "symmetry-breaking"
    companions = vector(names, None, "symmetry-breaking direction") if len(names) > 1 else None
    conditions = [*tangent, sum(v**2 for v in names) - 1] if len(names) > 1 else tangent
    base = replace(model, seeds=())  # what seeds a model is not in the subspace
    out = released(base, conditions, [free], label=label, title=title, companions=companions, windows=windows, differentiated=True)
    return replace(restricted(out, parts.values), stable=None)


def _words(parts: Split) -> str:
    return "symmetry " + ", ".join(f"{u} = {e}" for u, e in parts.values.items())
