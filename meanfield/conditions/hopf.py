"""Hopf bifurcations: a pair of imaginary eigenvalues of the linearised dynamics."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from meanfield.conditions.jets import jacobian
from meanfield.conditions.released import Companions, Window, released
from meanfield.conditions.singular import moved, one_side
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.symbols import symbol


def hopf(model: Model, *, free: str | sp.Symbol, window: Window | None = None) -> Model:
    """Stationary states with eigenvalues ``+- i omega`` of the dynamics: ``(A - i omega)(c + i s) = 0``, ``free`` an unknown.

    The model declares ``dynamics = {unknown: its time derivative}``, of which A is the Jacobian. The parts c and s of the
    eigenvector become unknowns ``c_mu``, ..., ``s_mu``, ..., of total length 1; its phase is fixed by a linear condition on s. Then
    comes ``omega`` > 0 (in units of the model's rate), then ``free``. Where omega = 0 the equations hold at folds too: such roots
    are refused. Raises `ModelError` for a model without dynamics.
    """
    where = model.name or model.title
    rates = model.rates
    if rates is None:
        raise ModelError(
            f"{where} does not say how its unknowns change in time, so it has no Hopf bifurcation; "
            f"give dynamics={{unknown: time derivative}} for {', '.join(u.name for u in model.unknowns)}"
        )
    unknowns = model.unknowns
    a = jacobian(rates, unknowns)
    c, s = ([symbol(f"{letter}_{u.name}") for u in unknowns] for letter in "cs")
    omega = symbol("omega")
    real, imaginary = sp.Matrix(c), sp.Matrix(s)
    conditions = [*(a * real + omega * imaginary), *(a * imaginary - omega * real), real.dot(real) + imaginary.dot(imaginary) - 1]
    companions = Companions(
        unknowns=[*c, *s, omega],
        starts=[
            {
                **{e: sp.Integer(i == j) for i, e in enumerate(c)},
                **{e: sp.Integer(i == (j + 1) % len(s)) for i, e in enumerate(s)},
                omega: w,
            }
            for j in range(len(c))
            for w in (sp.Rational(1, 4), sp.Integer(1))
        ],
        images=[moved(symmetry, unknowns, c, s) for symmetry in model.symmetries],
        own=[{e: -e for e in (*c, *s)}, {e: -e for e in (*s, omega)}],
        accept={"omega is positive": omega, "the eigenvector has one of its two signs": one_side(c)},
        refuse={"omega = 0: no oscillation": omega},
        meanings={omega: "angular frequency at onset"},
    )
    windows = {str(free): window} if window else {}
    out = released(
        model,
        [*conditions, one_side(s)],
        [free],
        label="hopf",
        title="Hopf bifurcation",
        companions=companions,
        windows=windows,
        differentiated=True,
    )
    return replace(out, stable=None)
