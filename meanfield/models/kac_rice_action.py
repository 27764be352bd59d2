"""The Kac-Rice action of given activity: how much a configuration x of a random network looks like a fixed point.

``exp(-N S(x))`` is the density of fixed points at x, averaged over the couplings (the model is that of `kac_rice`; S is the same
functional, with the average over rho made the average over the neurons of the data). z_star is where the exponent of the
determinant is stationary: ``<s^2/(1 + z s^2)> = 1`` with ``s = g phi'(x)``, and z_star = 0 where ``<s^2> <= 1``.
"""

import sympy as sp

from meanfield import transfer
from meanfield.averages import E
from meanfield.averages.measures import Empirical
from meanfield.averages.passes import bind_functional, functional_derivative
from meanfield.averages.variables import Variable
from meanfield.model import Model, Requirement
from meanfield.model.requirements import continuous
from meanfield.networks import network
from meanfield.symbols import coordinate, distributed, parameters, unknown

z_star = unknown("z_star", nonnegative=True)
g, D = parameters("g D", nonnegative="g D")
x_i = coordinate("x_i")
phi = transfer.tanh


def mean_square_phi(x: Variable) -> sp.Expr:
    return g**2 * E(phi(x) ** 2)


def determinant_exponent(x: Variable) -> sp.Expr:
    """zeta: the mean square of ``det(-1 + J diag(phi'))`` grows like ``exp(2 N zeta)``."""
    return -z_star / 2 + E(sp.log(1 + z_star * g**2 * phi.d(1)(x) ** 2)) / 2


def velocity_variance_of(x: Variable) -> sp.Expr:
    return mean_square_phi(x) + D


def action(x: Variable) -> sp.Expr:
    velocity_variance = velocity_variance_of(x)
    return E(x**2) / (2 * velocity_variance) + sp.log(2 * sp.pi * velocity_variance) / 2 - determinant_exponent(x)


x = distributed("x", "rho")
S = action(x)


def of_data(functional: sp.Expr) -> sp.Expr:
    return bind_functional(functional, "rho", Empirical("x"))


slope_in_z = of_data(2 * S.diff(z_star))  # 1 - <s^2/(1 + z s^2)>
N_gradient = of_data(functional_derivative(S, "rho", at=x_i).diff(x_i))

MODEL = Model(
    "Kac-Rice action of given activity",
    name="kac-rice-action",
    unknowns=(z_star,),
    parameters=(g, D),
    defaults={D: 0},
    # Convex and, from z = 1 > z_star down, decreasing to the larger of its roots 0 and z_star: Newton's method cannot miss it.
    implicit=[z_star * slope_in_z],
    observables={
        "action": of_data(S),
        "q": of_data(E(x**2)),
        "kappa": of_data(mean_square_phi(x)),
        "zeta": of_data(determinant_exponent(x)),
    },
    profiles={"N_gradient": (x_i, N_gradient)},
    accept={
        "z_star is not negative": z_star,
        "zeta is stationary in z, or decreases from z = 0": slope_in_z,
        "kappa + D > 0 (without activity of the data and without input the velocity vanishes for sure, and the action is infinite; "
        "give data with phi(x) != 0 and g > 0, or D > 0)": sp.sign(of_data(velocity_variance_of(x))) - sp.Rational(1, 2),
    },
    physical=None,
    stable=None,
    starts=[{z_star: 1}],
    requires=[
        Requirement(continuous, "the determinant of the Jacobian needs phi'; use a continuous transfer function"),
    ],
    data=("x",),
    meanings={
        z_star: "conjugate variable of the determinant; the fraction of Jacobian eigenvalues further than 1 from -1",
        g: "strength of the random connectivity",
        D: "variance of the frozen input (not a white noise)",
        x_i: "activity of one neuron; `N_gradient` is N dS/dx_i as a function of it, `gradient` dS/dx at the data",
    },
    network=network(phi, strength=g, covariances={("I", "I"): D}),
    references=[
        "Stubenrauch, Keup, Kurth, Helias & van Meegen, Fixed point geometry in chaotic neural networks, arXiv:2210.07877",
    ],
)
