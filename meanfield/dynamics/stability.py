"""Stability of mean-field states, by differentiating their own equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.model import Spectrum


def outliers(
    equations: Mapping[sp.Symbol, sp.Expr], definitions: Mapping[sp.Symbol, sp.Expr], *, variance: sp.Symbol
) -> Spectrum:
    """Eigenvalues that low-rank structure adds to the bulk: those of the Jacobian of the map ``unknowns -> right sides``.

    For a rank-one network the map ``(mu, Delta_0) -> (F, G)`` gives the 2 x 2 system of the perturbation of the mean and of
    the covariance with it (Mastrogiuseppe & Ostojic 2018, doi:10.1016/j.neuron.2018.07.003, eqs. 88-94); a state is stable
    against them if every eigenvalue has a real part below 1. Quantities that follow from the unknowns at once, such as
    kappa, go into ``definitions``. Where ``variance`` vanishes no covariance can be perturbed, and its mode is left out.
    """
    unknowns = list(equations)

    def resolve(expr: sp.Expr) -> sp.Expr:
        for name, value in reversed(definitions.items()):
            expr = substitute(expr, {name: value})
        return expr

    matrix = sp.ImmutableMatrix([[resolve(rhs).diff(u) for u in unknowns] for rhs in equations.values()])
    rest = [i for i, u in enumerate(unknowns) if u != variance]
    at_zero = matrix.extract(rest, rest).applyfunc(lambda e: substitute(e, {variance: sp.S.Zero}))
    return Spectrum(matrix, (variance, sp.ImmutableMatrix(at_zero)))


def implicit_slope(
    value: sp.Expr, residuals: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol], by: sp.Symbol
) -> sp.Expr:
    """``d value / d by`` while ``residuals(unknowns, by) = 0`` is solved again for the one or two ``unknowns`` at each ``by``.

    ``value_by - value_v R_v^-1 R_by``. With ``value`` the right side of the equation of kappa, a chaotic state is statically
    stable if the slope is below 1.
    """
    jacobian = sp.Matrix([[r.diff(u) for u in unknowns] for r in residuals])
    moved = sp.Matrix([r.diff(by) for r in residuals])
    gradient = sp.Matrix([[value.diff(u) for u in unknowns]])
    return value.diff(by) - (gradient * jacobian.adjugate() * moved)[0] / jacobian.det()
