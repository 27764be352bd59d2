"""Every misprinted equation of the sources (see `derivations/08_misprints.py`) put back into the library's model of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages import E
from meanfield.conditions import change_unknowns
from meanfield.model import Model
from meanfield.models import kac_rice
from meanfield.models import rank1_input_chaotic as right
from meanfield.models import rank1_input_stationary as resting
from meanfield.symbols import gaussian, gaussian_pair

STATIONARY = {"g": 0.8, "M_m": 1, "M_n": 1, "M_I": 0.3, "Sigma_m": 1, "Sigma_n": 1, "Sigma_perp": 0.5}
STATIONARY |= {"Sigma_mI": 0.3, "Sigma_nI": 0.5}
CHAOTIC = {"g": 3, "M_m": 1, "M_n": 1, "M_I": 1, "Sigma_m": 0.5, "Sigma_n": 0.5, "Sigma_perp": 1, "Sigma_mI": 0.3, "Sigma_nI": 0.4}
FIXED_POINTS = {"g": 2, "D": 0}
SHORT = {"time": 50, "transient": 25}

Delta_0, Delta_inf, g, c = right.Delta_0, right.Delta_inf, right.g, right.static_variance
phi, Phi, x = right.phi, right.phi.d(-1), right.x
now, later = gaussian_pair("x y", mean=right.mu, var=Delta_0, cov=Delta_inf)
gap = Delta_0 - Delta_inf
kinetic = -(Delta_0**2 - Delta_inf**2) / 2
at_start, at_end = E(Phi(x) ** 2), E(Phi(now) * Phi(later))
without_x = gaussian("w", mean=right.mu + sp.sqrt(gap), var=Delta_inf)


@dataclass(frozen=True)
class Case:
    """A model with the misprint, the equations as derived (the same model without it), and what to ask `verify` for."""

    misprinted: Model
    derived: Model
    parameters: dict[str, Any] = field(default_factory=lambda: CHAOTIC)
    asked: dict[str, Any] = field(default_factory=lambda: {"neurons": (100, 200, 400), "networks": 4, "settings": SHORT})


def chaotic(energy: sp.Expr | None = None, rest: sp.Expr | None = None) -> Model:
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


def work(gaussian_measure: bool, nodes: int = 8) -> sp.Expr:
    """``V(Delta_0) - V(Delta_inf)``, up to its sign: the force integrated from Delta_inf to Delta_0, with dDelta or with DDelta."""
    total = sp.S.Zero
    for node, weight in zip(*np.polynomial.legendre.leggauss(nodes)):
        Delta = Delta_inf + sp.Float((1 + node) / 2) * gap
        first, second = gaussian_pair("x y", mean=right.mu, var=Delta_0, cov=Delta)
        force = -Delta + g**2 * E(phi(first) * phi(second)) + c
        total += weight / 2 * force * (sp.exp(-(Delta**2) / 2) / sp.sqrt(2 * sp.pi) if gaussian_measure else 1)
    return gap * total


def stationary(sign: int) -> Model:
    """Where ``Delta_0' = sign * Delta_0 + G`` is at rest."""
    model = resting.MODEL
    return model.changed(equations={**model.equations, resting.Delta_0: -sign * model.equations[resting.Delta_0]})


def fixed_points(beta: sp.Expr) -> Model:
    """The Kac-Rice saddle point with another expression for beta."""
    saddle = kac_rice.IN_ORDER_PARAMETERS
    implicit = [saddle.implicit[0], sp.expand(kac_rice.at_mu_star(beta) / kac_rice.beta) - 1, saddle.implicit[2]]
    return change_unknowns(
        saddle.changed(implicit=implicit, junctions=[]),
        {kac_rice.beta: sp.exp(kac_rice.log_beta), kac_rice.gamma: kac_rice.gamma_beta * sp.exp(-kac_rice.log_beta)},
        unknowns=(kac_rice.alpha, kac_rice.log_beta, kac_rice.gamma_beta),
        inverse={kac_rice.log_beta: sp.log(kac_rice.beta), kac_rice.gamma_beta: kac_rice.gamma * kac_rice.beta},
    )


derived = chaotic()
MISPRINTED = {
    "SL, saddle point": Case(
        fixed_points(kac_rice.mean_square_phi + kac_rice.D), fixed_points(kac_rice.beta_of_rho), FIXED_POINTS, {}
    ),
    "RN (6), Delta_0": Case(chaotic(kinetic + g**2 * (at_start - at_end) + c * gap / 2), derived),
    "RN (6), Delta_inf: Phi": Case(chaotic(rest=g**2 * at_end + c), derived),
    "RN (6), Delta_inf: x": Case(chaotic(rest=g**2 * E(phi(without_x) ** 2) + c), derived),
    "RN (7), Delta_0": Case(stationary(+1), stationary(-1), STATIONARY),
    "RN, potential": Case(chaotic(work(True)), chaotic(work(False))),
    "RN, energy balance": Case(chaotic(kinetic + c * gap), derived),
    "RN, energy in integrals, and H in (8)": Case(chaotic(kinetic + g**2 * (at_start - E(Phi(x))) + c * gap), derived),
    "RN (9)": Case(chaotic(-(Delta_0**2 + Delta_inf**2) / 2 + g**2 * (at_start - at_end) + c * gap), derived),
}
