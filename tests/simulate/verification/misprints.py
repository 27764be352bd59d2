"""Equations of chaotic rank-one networks as one of the sources prints them (see `derivations/08_misprints.py`), as models."""

import sympy as sp

from meanfield.averages import E
from meanfield.model import Model
from meanfield.models import rank1_input_chaotic as right
from meanfield.symbols import gaussian, gaussian_pair

Delta_0, Delta_inf, g, c = right.Delta_0, right.Delta_inf, right.g, right.static_variance
phi, Phi, x = right.phi, right.phi.d(-1), right.x
now, later = gaussian_pair("x y", mean=right.mu, var=Delta_0, cov=Delta_inf)
gap = Delta_0 - Delta_inf
kinetic = -(Delta_0**2 - Delta_inf**2) / 2
at_start, at_end = E(Phi(x) ** 2), E(Phi(now) * Phi(later))
without_x = gaussian("w", mean=right.mu + sp.sqrt(gap), var=Delta_inf)


def printed(energy: sp.Expr | None = None, rest: sp.Expr | None = None) -> Model:
    """The library's model with the relation of energy, or the right side of Delta_inf, exchanged."""
    correct = kinetic + g**2 * (at_start - at_end) + c * gap
    return right.IN_VARIANCES.changed(
        equations={**right.equations, **({} if rest is None else {Delta_inf: rest})},
        implicit=[(correct if energy is None else energy) / gap],
        motion=None,
        seeds=[],
        junctions=[],
        spectra={},
        starts=[
            {right.mu: right.M_I + 0.4 * right.M_m, right.kappa: 0.4, Delta_0: a, Delta_inf: share * a}
            for a in (2.0, 6.0, 12.0)
            for share in (0.1, 0.5, 0.9)
        ],
    )


AS_DERIVED = printed()
MISPRINTED = {
    "RN (6), Delta_0: c (Delta_0 - Delta_inf) without the factor 2": printed(kinetic + g**2 * (at_start - at_end) + c * gap / 2),
    "RN, energy in integrals: int Dx Phi not squared": printed(kinetic + g**2 * (at_start - E(Phi(x))) + c * gap),
    "RN, energy balance: <Phi(t) Phi(t)> on both sides": printed(kinetic + c * gap),
    "RN (6), Delta_inf: Phi": printed(rest=g**2 * at_end + c),
    "RN (6), Delta_inf: x": printed(rest=g**2 * E(phi(without_x) ** 2) + c),
}
