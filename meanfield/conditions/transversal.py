"""Where an invariant subspace becomes singular in directions that leave it: the trunk of pitchforks and transcritical points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy as sp

from meanfield.conditions.jets import jacobian
from meanfield.conditions.released import Window, released
from meanfield.conditions.subspace import inside, restricted
from meanfield.errors import ModelError
from meanfield.model import Model


def transversal(
    model: Model,
    values: Mapping[sp.Symbol, sp.Expr],
    critical: Sequence[sp.Symbol],
    *,
    free: str | sp.Symbol,
    window: Window | None = None,
) -> Model:
    """The trunk ``values`` (unknowns that stay there, such as mu = 0 and Delta_0 = 0) where it is singular in ``critical``.

    critical: some of these unknowns; the condition is that the block of the Jacobian in them, their equations by them, is
    singular on the trunk. `symmetry_breaking` is the case of a declared symmetry; here the subspace need only be invariant, as
    x = 0 is. The parameter ``free`` is an unknown. Raises `ModelError` if the subspace is not invariant or the equations of the
    critical unknowns cannot be told.
    """
    strange = [u for u in critical if u not in values]
    if strange or not critical:
        got = ", ".join(map(str, critical)) or "none"
        held = ", ".join(map(str, values)) or "none"
        raise ModelError(f"{model.name or model.title}: critical must be unknowns held on the trunk ({held}), got {got}")
    block = jacobian(model.residuals, critical).applyfunc(lambda e: inside(e, values))
    rows = [i for i in range(block.rows) if any(e != 0 for e in block.row(i))]
    if len(rows) != len(critical):
        raise ModelError(
            f"{model.name or model.title}: {len(rows)} equations depend on {', '.join(map(str, critical))} near the trunk; "
            f"expected {len(critical)}"
        )
    condition = block.extract(rows, list(range(len(critical)))).det()
    names = ", ".join(map(str, critical))
    base = replace(model, seeds=())
    windows = {str(free): window} if window else {}
    out = released(base, [condition], [free], label="transversal", title=f"singular in {names}", windows=windows)
    return replace(restricted(out, values), stable=None)
