"""Stability of mean-field states, by differentiating their own equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.conditions.jets import directional, jacobian
from meanfield.model import Spectrum


def outliers(equations: Mapping[sp.Symbol, sp.Expr], definitions: Mapping[sp.Symbol, sp.Expr], *, variance: sp.Symbol) -> Spectrum:
    """Eigenvalues that low-rank structure adds to the bulk: those of the Jacobian of the map ``unknowns -> right sides``.

    For a rank-one network the map ``(mu, Delta_0) -> (F, G)`` gives the 2 x 2 system of the perturbation of the mean and of
    the covariance with it (Mastrogiuseppe & Ostojic 2018, doi:10.1016/j.neuron.2018.07.003, Methods); a state is stable
    against them if every eigenvalue has a real part below 1. Quantities that follow from the unknowns at once, such as
    kappa, go into ``definitions``. Where ``variance`` vanishes no covariance can be perturbed, and its mode is left out.
    """
    unknowns = list(equations)
    matrix = sp.ImmutableMatrix([[resolved(rhs, definitions).diff(u) for u in unknowns] for rhs in equations.values()])
    rest = [i for i, u in enumerate(unknowns) if u != variance]
    at_zero = matrix.extract(rest, rest).applyfunc(lambda e: substitute(e, {variance: sp.S.Zero}))
    return Spectrum(matrix, (variance, sp.ImmutableMatrix(at_zero)))


def static_stability(
    value: sp.Expr, along: Mapping[sp.Symbol, sp.Expr], residuals: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol]
) -> Spectrum:
    """The one eigenvalue ``dF/dkappa``: how the overlap ``F`` that a state produces follows the ``kappa`` imposed on it.

    value: F. along: the rates at which kappa and what it drives directly change, ``{kappa: 1, mu: M_m}``. Meanwhile
    ``residuals = 0`` is solved again for the ``unknowns``, the variances. A chaotic state is statically unstable above 1.
    """
    return Spectrum(sp.ImmutableMatrix([[implicit_slope(value, along, residuals, unknowns)]]))


def implicit_slope(
    value: sp.Expr, along: Mapping[sp.Symbol, sp.Expr], residuals: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol]
) -> sp.Expr:
    """Derivative of ``value`` in the direction ``along`` (``{symbol: rate}``) on the surface ``residuals(unknowns) = 0``.

    ``value' - (d value / d unknowns) (d residuals / d unknowns)^-1 residuals'``, the primes standing for the direction.
    """
    matrix = jacobian(residuals, unknowns)
    gradient = jacobian([value], unknowns)
    moved = sp.Matrix([directional(r, along) for r in residuals])
    return directional(value, along) - (gradient * matrix.adjugate() * moved)[0] / matrix.det()


def resolved(expr: sp.Expr, definitions: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """``expr`` with the ordered ``definitions`` put in."""
    for name, value in reversed(list(definitions.items())):
        expr = substitute(expr, {name: value})
    return expr
