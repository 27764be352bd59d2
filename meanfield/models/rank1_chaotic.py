"""Rank-one network without input: chaotic states, homogeneous (kappa = 0) and structured.

The autocovariance moves in the potential ``V(Delta)`` from Delta_0 (at rest) to Delta_inf (at rest), so that
``V'(Delta_inf) = 0`` and ``V(Delta_0) = V(Delta_inf)``. The second of these has a double root at Delta_0 = Delta_inf;
written as the divided difference ``V[Delta_inf, Delta_inf, Delta_0] = 0`` it has none, and says there that the bulk radius
is 1: the onset of chaos. The solver works with ``delta = Delta_0 - Delta_inf``.

``<Phi(x) Phi(y)>`` is a power series in the covariance with coefficients that are squares, so the divided difference
increases with its third point from Delta_inf >= 0 on. Being zero at Delta_0 it is negative before: ``V < V(Delta_inf)`` in
between and ``g^2 <phi'(x) phi'(y)> <= 1`` at Delta_inf hold at every root with ``0 <= Delta_inf < Delta_0``. So the rules of
acceptance ask for these two inequalities only.
"""

import sympy as sp

from meanfield import transfer
from meanfield.averages import E
from meanfield.conditions import change_unknowns
from meanfield.dynamics.observables import autocovariance_profile, observables_of
from meanfield.dynamics.stability import static_stability
from meanfield.model import Junction, Model, Motion, Seed
from meanfield.model.formulas import maximum, minimum
from meanfield.model.motion import DELAY
from meanfield.models import rank1_stationary as stationary
from meanfield.models import scs
from meanfield.symbols import gaussian, gaussian_pair, parameters, symbol, unknown

mu, delta = unknown("mu"), unknown("delta", nonnegative=True)
Delta_0, Delta_inf = unknown("Delta_0", nonnegative=True), unknown("Delta_inf", nonnegative=True)
g, M_m, M_n, Sigma_m = parameters("g M_m M_n Sigma_m", nonnegative="g Sigma_m")
kappa = symbol("kappa")
phi = transfer.tanh
x = gaussian("x", mean=mu, var=Delta_0)
static_variance = Sigma_m**2 * kappa**2


def pair(Delta: sp.Expr) -> tuple[sp.Symbol, sp.Symbol]:
    """The activity at two times between which its autocovariance is Delta."""
    return gaussian_pair("x y", mean=mu, var=Delta_0, cov=Delta)


def acceleration(Delta: sp.Expr) -> sp.Expr:
    """Acceleration of the autocovariance where it is Delta."""
    x, y = pair(Delta)
    return Delta - g**2 * E(phi(x) * phi(y)) - static_variance


def shares(unstable: sp.Expr, Delta_0: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """Starts at chaos from an unstable stationary state: the share of its variance Delta_0, and the frozen part of that.

    unstable: R^2 - 1 with the bulk radius R. In laws much wider than the transfer function, where R^2 averages fall as 1/sigma,
    what fluctuates is close to (R^4 - 1) times 3/4 <phi'^2>/<phi''^2>, 15/16 for tanh.
    """
    fluctuating = sp.Min(
        sp.Rational(3, 4),
        sp.Max(sp.Rational(1, 20), sp.Rational(9, 10) * unstable),
        sp.Rational(15, 16) * unstable * (2 + unstable) / Delta_0,
    )
    return [
        (sp.Rational(98, 100), 1 - fluctuating),
        (sp.Rational(95, 100), sp.Rational(1, 2)),
        (sp.Rational(9, 10), sp.S.Zero),
    ]


motion = Motion(acceleration(DELAY), start=Delta_0, end=Delta_inf)
equations = {
    mu: M_m * kappa,
    Delta_inf: motion.rest,
}
excess = sp.Max(g**2 - 1, 0)  # about twice Delta_0 of the homogeneous chaos, for moderate g
unstable = stationary.MODEL.indicators["chaos"]
energy = motion.regular_energy

# Where to start. Homogeneous chaos (kappa = 0) is that of `scs`; a small kappa grows in it at the rate M_m M_n <phi'> - 1, and
# where that is positive there is structured chaos instead, whether or not there is a stationary state of that structure.
# damping, 1/<phi'>^2 - 1, is fitted to tanh: with it 1 + growth is good to 3e-4.
homogeneous = maximum(scs.excess, 0) / scs.bend(0)
curving = homogeneous**2 / 8
steepness = scs.near_zero + 5 * homogeneous / 2 + curving
damping = homogeneous * steepness / (1 + sp.Rational(1597, 1000) * homogeneous + 2 * curving / sp.pi)
growth = maximum(M_m * M_n * scs.slope / sp.sqrt(1 + damping) - 1, 0)


def structured(growth: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """A start at structured chaos: fitted to the states of tanh, where it is good to about ten percent."""
    beyond = 1 / maximum(g * scs.slope - 1, sp.Rational(1, 50))
    wider = growth * (sp.Rational(3, 2) + beyond)
    by_mean = (1 + 4 * beyond / 5) / (1 + (9 + 6 * beyond) * growth)
    by_spread = (2 + 7 * beyond / 10) / (1 + 2 * growth)
    mean_squared = homogeneous * wider * M_m**2 / maximum(by_mean * M_m**2 + by_spread * Sigma_m**2, sp.Float(1e-300))
    frozen = 1 - sp.exp(-growth * (13 * beyond + 7) / (1 + 6 * growth) ** sp.Rational(2, 5))
    total = homogeneous * (1 + wider)
    return {mu: sp.sqrt(mean_squared), Delta_0: total, Delta_inf: minimum(frozen, sp.Rational(49, 50)) * total}


IN_VARIANCES = Model(
    "rank-one network, chaotic states",
    name="rank1-chaotic",
    unknowns=(mu, Delta_0, Delta_inf),
    parameters=(g, M_m, M_n, Sigma_m),
    defaults={Sigma_m: 0},
    definitions={kappa: M_n * E(phi(x))},
    equations=equations,
    implicit=[energy],
    motion=motion,
    on_request=observables_of(motion),
    profiles={"Delta": autocovariance_profile(motion)},
    observables={
        "kappa": kappa,
        "mean_phi": E(phi(x)),
        "Delta_T": Delta_0 - Delta_inf,
        "bulk_radius": g * sp.sqrt(E(phi.d(1)(x) ** 2)),
    },
    spectra={
        "static": static_stability(
            M_n * E(phi(x)), {kappa: 1, mu: M_m}, [Delta_inf - equations[Delta_inf], energy], [Delta_0, Delta_inf]
        )
    },
    indicators={
        "onset": Delta_0 - Delta_inf,
        "structure": M_m * M_n * E(phi.d(1)(x)) - 1,
    },
    restrict={"structure": {mu: 0, Delta_inf: 0}},
    accept={
        "Delta_inf is not negative": Delta_inf,
        "Delta_0 is not smaller than Delta_inf": Delta_0 - Delta_inf,
    },
    refuse={"Delta_0 = Delta_inf: nothing fluctuates": Delta_0 - Delta_inf},
    symmetries=[{mu: -mu}],
    junctions=[Junction(stationary.MODEL, condition=Delta_0 - Delta_inf, arrive={mu: mu, Delta_0: Delta_inf})],
    # Homogeneous chaos where it is stable, else structured chaos; and again, in case the guess of the growth rate is wrong.
    best_first=True,
    starts=[
        structured(growth),
        structured(growth + sp.Rational(1, 200)),
        structured(growth + sp.Rational(1, 30)),
        structured(0),
        {mu: 0, Delta_0: excess / 2, Delta_inf: 0},
        {mu: M_m * M_n / 8, Delta_0: 7 * excess / 10, Delta_inf: excess / 8},
    ],
    # From every unstable stationary state: near the onset of chaos the first guess is close; deeper in, the others may be.
    seeds=[
        Seed(
            stationary.MODEL,
            where=unstable,
            start={mu: mu, Delta_0: share * Delta_0, Delta_inf: frozen * share * Delta_0},
        )
        for share, frozen in shares(unstable, Delta_0)
    ],
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
        "Mastrogiuseppe & Ostojic, Neuron 99, 609 (2018), doi:10.1016/j.neuron.2018.07.003: eq. 86",
        "Sompolinsky, Crisanti & Sommers, PRL 61, 259 (1988), doi:10.1103/PhysRevLett.61.259 (the potential)",
    ],
)

MODEL = change_unknowns(IN_VARIANCES, {Delta_0: Delta_inf + delta}, unknowns=(mu, Delta_inf, delta))
