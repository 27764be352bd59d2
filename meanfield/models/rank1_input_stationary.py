"""Rank-one network with a fixed input I: stationary states.

``x_i' = -x_i + sum_j J_ij phi(x_j) + I_i`` with ``J = g chi + m n^T / N``. The input has the mean M_I and overlaps with m and n:
``I = M_I + (Sigma_mI/Sigma_m) x_1 + (Sigma_nI/Sigma_n) x_2 + Sigma_perp h`` with independent standard normal x_1 (along m),
x_2 (along n) and h. Sigma_m, Sigma_n, Sigma_perp are standard deviations, Sigma_mI and Sigma_nI covariances; the vectors m
and n overlap only through their means. The equations need only the variance of the input, ``Sigma_I_squared``, which may be
given in place of Sigma_n and Sigma_perp.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from meanfield import transfer
from meanfield.averages import E
from meanfield.dynamics.spectra import bulk_radius, fraction_outside, fraction_unstable, radial_cdf, radial_density
from meanfield.dynamics.stability import outliers
from meanfield.errors import ParameterError
from meanfield.model import ConditionalSymmetry, Junction, Later, Model, Preparation, Requirement
from meanfield.model.requirements import continuous
from meanfield.networks import network
from meanfield.symbols import coordinate, gaussian, parameters, unknown

mu, kappa, Delta_0 = unknown("mu"), unknown("kappa"), unknown("Delta_0", nonnegative=True)
g, M_m, M_n, M_I = parameters("g M_m M_n M_I", nonnegative="g")
Sigma_m, Sigma_mI, Sigma_nI, Sigma_I_squared = parameters(
    "Sigma_m Sigma_mI Sigma_nI Sigma_I_squared", nonnegative="Sigma_m Sigma_I_squared"
)
Sigma_n, Sigma_perp = parameters("Sigma_n Sigma_perp", nonnegative="Sigma_n Sigma_perp")
written_variance = Sigma_mI**2 / Sigma_m**2 + Sigma_nI**2 / Sigma_n**2 + Sigma_perp**2
delta, Delta_inf = unknown("delta", nonnegative=True), unknown("Delta_inf", nonnegative=True)  # of the chaotic states
phi = transfer.tanh
x = gaussian("x", mean=mu, var=Delta_0)

overlap = M_n * E(phi(x)) + Sigma_nI * E(phi.d(1)(x))
static_variance = Sigma_m**2 * kappa**2 + 2 * Sigma_mI * kappa + Sigma_I_squared
equations = {
    mu: M_m * kappa + M_I,
    kappa: overlap,
    Delta_0: g**2 * E(phi(x) ** 2) + static_variance,
}


def input_variance(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """``Sigma_I_squared = Sigma_mI^2/Sigma_m^2 + Sigma_nI^2/Sigma_n^2 + Sigma_perp^2`` from what was given, 0/0 being 0.

    Raises `ParameterError` for covariances that no input can have: with a vector that does not vary, or larger than the
    variances allow. Arrays of other numbers than floats, such as those of mpmath, stay what they are.
    """
    arrays = {name: np.asarray(value) for name, value in given.items()}
    values = {name: a if a.dtype == object else a.astype(float) for name, a in arrays.items()}

    def get(name: str) -> np.ndarray:
        return values.get(name, np.zeros(()))

    if negative := [name for name in ("Sigma_m", "Sigma_n", "Sigma_perp") if np.any(get(name) < 0)]:
        raise ParameterError(f"{negative[0]} is a standard deviation and must not be negative, got {given[negative[0]]}")
    along_m = _explained(get("Sigma_mI"), get("Sigma_m"), "m")
    if "Sigma_I_squared" in values:
        if twice := [name for name in ("Sigma_n", "Sigma_perp") if name in values]:
            raise ParameterError(f"give either Sigma_I_squared or {' and '.join(twice)}, not both: each fixes the input's variance")
        left = values["Sigma_I_squared"] - along_m
        small = (left < 0) | ((left == 0) & (get("Sigma_nI") != 0))
        if np.any(small):
            first = int(np.argmax(small))
            got, least = (float(np.broadcast_to(v, small.shape).ravel()[first]) for v in (values["Sigma_I_squared"], along_m))
            raise ParameterError(
                f"Sigma_I_squared = {got:g} is too small for the covariances of the input; it must be at least "
                f"Sigma_mI^2/Sigma_m^2 = {least:g}, and larger if Sigma_nI is not 0"
            )
        return values
    total = along_m + _explained(get("Sigma_nI"), get("Sigma_n"), "n") + get("Sigma_perp") ** 2
    return {**{k: v for k, v in values.items() if k not in ("Sigma_n", "Sigma_perp")}, "Sigma_I_squared": total}


def _explained(covariance: np.ndarray, deviation: np.ndarray, vector: str) -> np.ndarray:
    """The part of the input's variance along a vector: covariance^2 / deviation^2."""
    covariance, deviation = np.broadcast_arrays(covariance, deviation)
    if np.any((deviation == 0) & (covariance != 0)):
        other = ", or give Sigma_I_squared" if vector == "n" else ""
        raise ParameterError(
            f"Sigma_{vector}I is not 0 but Sigma_{vector} is: the input cannot covary with a vector {vector} that does not vary; "
            f"give Sigma_{vector} > 0{other}"
        )
    return (covariance / np.where(deviation == 0, 1.0, deviation)) ** 2


gain_squared = g**2 * E(phi.d(1)(x) ** 2)
map_of_moments = {mu: equations[mu], Delta_0: equations[Delta_0]}
outlier_spectrum = outliers(map_of_moments, {kappa: overlap}, variance=Delta_0)
high = g**2 + (abs(M_n) * Sigma_m + abs(Sigma_nI)) ** 2 + Sigma_I_squared  # of Delta_0 where phi saturates at 1
r = coordinate("r")


def chaotic_states() -> Model:
    """The phase beyond the onset of chaos (its module is written in terms of this one)."""
    from meanfield.models import rank1_input_chaotic

    return rank1_input_chaotic.MODEL


onset_of_chaos = Junction(
    Later(chaotic_states),
    condition=1 - gain_squared,
    arrive={mu: mu, kappa: kappa, Delta_inf: Delta_0, delta: sp.S.Zero},
)

# The equations do not need the standard deviation of n; the network does. If it is not given, the variance of the input that m
# does not explain is shared equally between n and what is independent of both.
tiny = sp.Float(1e-150)  # instead of 0/0, which counts as 0
unexplained = sp.Max(Sigma_I_squared - (Sigma_mI / sp.Max(Sigma_m, tiny)) ** 2, tiny)
NETWORK = network(
    phi,
    strength=g,
    low_rank=[("m", "n")],
    means={"m": M_m, "n": M_n, "I": M_I},
    covariances={
        ("m", "m"): Sigma_m**2,
        ("n", "n"): Sigma_n**2,
        ("I", "I"): Sigma_I_squared,
        ("m", "I"): Sigma_mI,
        ("n", "I"): Sigma_nI,
    },
    defaults={Sigma_n: sp.sqrt(2) * abs(Sigma_nI) / sp.sqrt(unexplained)},
)

MODEL = Model(
    "rank-one network with input, stationary states",
    name="rank1-input-stationary",
    equations=equations,
    parameters=(g, M_m, M_n, M_I, Sigma_m, Sigma_mI, Sigma_nI, Sigma_I_squared),
    defaults=dict.fromkeys((M_I, Sigma_m, Sigma_mI, Sigma_nI, Sigma_I_squared), 0),
    prepare=Preparation(("Sigma_n", "Sigma_perp"), input_variance, {Sigma_I_squared: written_variance}),
    observables={
        "mean_phi": E(phi(x)),
        "bulk_radius": bulk_radius(phi, g, x),
        "fraction_outside": fraction_outside(phi, g, x),
        "fraction_unstable": fraction_unstable(phi, g, x),
    },
    profiles={"radial_cdf": (r, radial_cdf(phi, g, x, r)), "radial_density": (r, radial_density(phi, g, x, r))},
    spectra={"outliers": outlier_spectrum},
    indicators={
        "chaos": gain_squared - 1,
        "outlier": (sp.eye(2) - outlier_spectrum.matrix).det(),
    },
    physical={"the bulk radius is at most 1, or all activity vanishes": sp.Max(1 - gain_squared, -Delta_0)},
    stable={"the bulk radius is below 1": 1 - gain_squared},
    conditional_symmetries=[ConditionalSymmetry({mu: -mu, kappa: -kappa}, zero=(M_I, Sigma_mI, Sigma_nI))],
    starts=[{mu: M_m * sign * M_n + M_I, kappa: sign * M_n, Delta_0: high} for sign in (1, -1)]
    + [
        {mu: M_m * Sigma_nI + M_I, kappa: Sigma_nI, Delta_0: Sigma_I_squared},
        {mu: M_I, kappa: 0, Delta_0: high},
        {mu: M_I, kappa: 0, Delta_0: 32 * (high + M_I**2)},  # where phi does not saturate
        {mu: 0, kappa: 0, Delta_0: 0},
    ],
    junctions=[onset_of_chaos],
    requires=[
        Requirement(
            continuous,
            "<phi'^2>, which decides stability, does not exist for a transfer function that jumps; use one that is continuous",
        )
    ],
    meanings={
        r: "distance of an eigenvalue of the Jacobian from the centre -1 of the bulk",
        mu: "mean of x",
        kappa: "activity along m: the overlap of n with phi(x), divided by N",
        Delta_0: "variance of x",
        g: "strength of the random connectivity",
        M_m: "mean of the vector m",
        M_n: "mean of the vector n",
        M_I: "mean of the input",
        Sigma_m: "standard deviation of m",
        Sigma_mI: "covariance of m and the input",
        Sigma_nI: "covariance of n and the input",
        Sigma_I_squared: "variance of the input; or give Sigma_n and Sigma_perp",
    },
    variables={"x": x},
    network=NETWORK,
    references=[
        "Mastrogiuseppe & Ostojic, Neuron 99, 609 (2018), doi:10.1016/j.neuron.2018.07.003: eq. 83 with input; stability: Methods"
    ],
)
