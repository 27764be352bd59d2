"""Rank-one network with a fixed input: chaotic states.

The parameters and the input are those of `rank1_input_stationary`, the potential and its regular form those of
`rank1_chaotic`: the input adds a static part to the variance, which is linear in V and drops out of the divided difference.
With M_m = M_n = 0 and ``Sigma_I_squared = D`` this is the random network with frozen noise; without any input and mean it is
the model of Sompolinsky, Crisanti & Sommers for transfer functions that need not be odd. As there, every root with
``0 <= Delta_inf < Delta_0`` decays to Delta_inf and has ``V < V(Delta_inf)`` in between.
"""

import sympy as sp

from meanfield import transfer
from meanfield.averages import E
from meanfield.conditions import change_unknowns
from meanfield.dynamics.observables import autocovariance_profile, observables_of
from meanfield.dynamics.stability import static_stability
from meanfield.model import ConditionalSymmetry, Junction, Model, Motion, Seed
from meanfield.model.motion import DELAY
from meanfield.models import rank1_input_stationary as stationary
from meanfield.models.rank1_chaotic import shares
from meanfield.symbols import gaussian, gaussian_pair, parameters, unknown

mu, kappa, delta = unknown("mu"), unknown("kappa"), unknown("delta", nonnegative=True)
Delta_0, Delta_inf = unknown("Delta_0", nonnegative=True), unknown("Delta_inf", nonnegative=True)
g, M_m, M_n, M_I = parameters("g M_m M_n M_I", nonnegative="g")
Sigma_m, Sigma_mI, Sigma_nI, Sigma_I_squared = parameters(
    "Sigma_m Sigma_mI Sigma_nI Sigma_I_squared", nonnegative="Sigma_m Sigma_I_squared"
)
phi = transfer.tanh
x = gaussian("x", mean=mu, var=Delta_0)
static_variance = Sigma_m**2 * kappa**2 + 2 * Sigma_mI * kappa + Sigma_I_squared


def pair(Delta: sp.Expr) -> tuple[sp.Symbol, sp.Symbol]:
    """The activity at two times between which its autocovariance is Delta."""
    return gaussian_pair("x y", mean=mu, var=Delta_0, cov=Delta)


def acceleration(Delta: sp.Expr) -> sp.Expr:
    """Acceleration of the autocovariance where it is Delta."""
    x, y = pair(Delta)
    return Delta - g**2 * E(phi(x) * phi(y)) - static_variance


motion = Motion(acceleration(DELAY), start=Delta_0, end=Delta_inf)
equations = {
    mu: M_m * kappa + M_I,
    kappa: M_n * E(phi(x)) + Sigma_nI * E(phi.d(1)(x)),
    Delta_inf: motion.rest,
}
excess = sp.Max(g**2 - 1, 0)  # about twice Delta_0 of the homogeneous chaos, for moderate g
unstable = stationary.MODEL.indicators["chaos"]
energy = motion.regular_energy

IN_VARIANCES = Model(
    "rank-one network with input, chaotic states",
    name="rank1-input-chaotic",
    unknowns=(mu, kappa, Delta_0, Delta_inf),
    parameters=stationary.MODEL.parameters,
    defaults=stationary.MODEL.defaults,
    prepare=stationary.MODEL.prepare,
    equations=equations,
    implicit=[energy],
    motion=motion,
    on_request=observables_of(motion),
    profiles={"Delta": autocovariance_profile(motion)},
    observables={
        "mean_phi": E(phi(x)),
        "Delta_T": Delta_0 - Delta_inf,
        "bulk_radius": g * sp.sqrt(E(phi.d(1)(x) ** 2)),
    },
    spectra={
        "static": static_stability(
            equations[kappa], {kappa: 1, mu: M_m}, [Delta_inf - equations[Delta_inf], energy], [Delta_0, Delta_inf]
        )
    },
    indicators={
        "onset": Delta_0 - Delta_inf,
        "structure": M_m * M_n * E(phi.d(1)(x)) - 1,
    },
    restrict={"structure": {mu: 0, kappa: 0, Delta_inf: 0}},
    accept={
        "Delta_inf is not negative": Delta_inf,
        "Delta_0 is not smaller than Delta_inf": Delta_0 - Delta_inf,
    },
    refuse={"Delta_0 = Delta_inf: nothing fluctuates": Delta_0 - Delta_inf},
    conditional_symmetries=[ConditionalSymmetry({mu: -mu, kappa: -kappa}, zero=(M_I, Sigma_mI, Sigma_nI))],
    starts=[
        {
            mu: M_I + M_m * kick,
            kappa: kick,
            Delta_0: sp.Rational(5 + 2 * abs(side), 10) * excess + Sigma_I_squared,
            Delta_inf: abs(side) * excess / 8 + Sigma_I_squared,
        }
        for side, kick in ((1, M_n / 8), (0, 0), (-1, -M_n / 8))
    ],
    # From every unstable stationary state: near the onset of chaos the first guess is close; deeper in, the others may be.
    seeds=[
        Seed(
            stationary.MODEL,
            where=unstable,
            start={mu: mu, kappa: kappa, Delta_0: share * Delta_0, Delta_inf: frozen * share * Delta_0},
        )
        for share, frozen in shares(unstable, Delta_0)
    ],
    junctions=[Junction(stationary.MODEL, Delta_0 - Delta_inf, {mu: mu, kappa: kappa, Delta_0: Delta_inf})],
    requires=stationary.MODEL.requires,
    meanings={
        **stationary.MODEL.meanings,
        Delta_0: "variance of x at equal times",
        Delta_inf: "autocovariance of x at infinite delay",
        delta: "variance of the fluctuations in time, Delta_0 - Delta_inf",
    },
    variables={"x": x, "x, y": pair(Delta_inf)},
    network=stationary.NETWORK,
    references=[
        "Mastrogiuseppe & Ostojic, Neuron 99, 609 (2018), doi:10.1016/j.neuron.2018.07.003: eq. 98",
        "Sompolinsky, Crisanti & Sommers, PRL 61, 259 (1988), doi:10.1103/PhysRevLett.61.259 (the potential)",
    ],
)

MODEL = change_unknowns(IN_VARIANCES, {Delta_0: Delta_inf + delta}, unknowns=(mu, kappa, Delta_inf, delta))
