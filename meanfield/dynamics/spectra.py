"""Spectrum of the Jacobian ``-1 + J diag(phi'(x_i))`` about a fixed point whose coordinates are distributed like ``y``.

J has independent entries of variance g^2/N, so the eigenvalues fill a disk about -1. Everything follows from the law of
``s = g phi'(y)``; see Stubenrauch, Keup, Kurth, Helias & van Meegen, arXiv:2210.07877, and Rajan & Abbott, PRL 97, 188104
(2006), doi:10.1103/PhysRevLett.97.188104. Builders of expressions; all take the transfer function, the gain and the variable.
"""

from __future__ import annotations

import sympy as sp

from meanfield.averages import average
from meanfield.averages.measures import Gaussian, Tilted
from meanfield.averages.scope import open_body
from meanfield.averages.variables import Variable
from meanfield.dynamics.radial import RadialCDF
from meanfield.dynamics.unstable import UnstableFraction
from meanfield.errors import ModelError
from meanfield.symbols import uniform
from meanfield.transfer import Transfer


def bulk_radius(phi: Transfer, g: sp.Expr, y: Variable) -> sp.Expr:
    """Radius of the disk of eigenvalues, ``g sqrt(<phi'(y)^2>)``; above 1 the fixed point is unstable."""
    return g * sp.sqrt(average(phi.d(1)(y) ** 2, y))


def unstable_fraction(phi: Transfer, g: sp.Expr, y: Variable, z_star: sp.Expr) -> sp.Expr:
    """Fraction of eigenvalues with positive real part, given the fraction ``z_star`` further than 1 from the centre.

    With h(r) the fraction outside the radius r,
    ``f_u = int_1^R h(r) dr / (pi r sqrt(r^2 - 1)) = (1/pi) int_0^z_star arcsec(r) dh``.
    Writing ``h = r^2 eta`` makes ``r^2 = <s^2/(1 + eta s^2)>`` and ``dh/deta = <s^2/(1 + eta s^2)^2>`` explicit, and
    ``eta = z_star (1 - t^2)`` makes the integrand smooth: ``arcsec r = arctan sqrt(r^2 - 1)`` with
    ``r^2 - 1 = z_star t^2 <s^4 / ((1 + eta s^2)(1 + z_star s^2))>``, because ``1 = <s^2/(1 + z_star s^2)>``.
    """
    t = uniform("t")
    s_squared = g**2 * phi.d(1)(y) ** 2
    eta = z_star * (1 - t**2)
    outside = average(s_squared / (1 + eta * s_squared) ** 2, y)
    opening = average(s_squared**2 / ((1 + eta * s_squared) * (1 + z_star * s_squared)), y)
    return 2 * z_star / sp.pi * average(t * sp.atan(t * sp.sqrt(z_star * opening)) * outside, t)


def radial_cdf(phi: Transfer, g: sp.Expr, y: Variable, r: sp.Expr) -> sp.Expr:
    """Fraction of eigenvalues within the distance ``r`` of the centre -1: ``F(r) = 1 - h`` with ``1 = <s^2/(r^2 + h s^2)>``.

    ``y`` is normal, or has the density ``N(y; mean, var) sqrt(1 + alpha phi'(y)^2) exp(gamma phi(y)^2)`` of a Kac-Rice fixed
    point; other laws raise `ModelError`. The density of eigenvalues in the plane is ``F'(r) / (2 pi r)``.
    """
    return RadialCDF(r, g, *_law(phi, y), phi)


def radial_density(phi: Transfer, g: sp.Expr, y: Variable, r: sp.Expr) -> sp.Expr:
    """Density of eigenvalues in the plane at the distance ``r > 0`` of the centre, ``F'(r) / (2 pi r)``; it integrates to 1."""
    return radial_cdf(phi, g, y, r).diff(r) / (2 * sp.pi * r)


def fraction_outside(phi: Transfer, g: sp.Expr, y: Variable) -> sp.Expr:
    """Fraction of eigenvalues further than 1 from the centre, ``h(1)``: z_star of the law; 0 for a bulk of radius at most 1."""
    return 1 - radial_cdf(phi, g, y, sp.S.One)


def fraction_unstable(phi: Transfer, g: sp.Expr, y: Variable) -> sp.Expr:
    """Fraction of eigenvalues with positive real part, for any law that `radial_cdf` takes; 0 if the bulk's radius is at most 1.

    Where z_star is known, `unstable_fraction` is the same and cheaper.
    """
    return UnstableFraction(g, *_law(phi, y), phi)


def _law(phi: Transfer, y: Variable) -> tuple[sp.Expr, ...]:
    """Mean, variance, alpha and gamma of the law of y."""
    law = y.law
    base = law.base if isinstance(law, Tilted) else law
    if not isinstance(base, Gaussian) or base.dimension != 1:
        raise ModelError(f"the radial distribution needs a scalar normal or tilted variable, got {y}")
    alpha, gamma = _tilt(phi, law) if isinstance(law, Tilted) else (sp.S.Zero, sp.S.Zero)
    return base.mean[0], base.cov[0, 0], alpha, gamma


def _tilt(phi: Transfer, law: Tilted) -> tuple[sp.Expr, sp.Expr]:
    """alpha and gamma of a law's tilt."""
    y, value, slope = sp.Symbol("y", real=True), sp.Dummy(), sp.Dummy()
    log_tilt = open_body(law.log_tilt, [y]).xreplace({phi(y): value, phi.d(1)(y): slope})
    gamma = log_tilt.diff(value) / (2 * value)
    alpha = sp.simplify((sp.exp(2 * (log_tilt - gamma * value**2)) - 1) / slope**2)
    if {y, value, slope} & (gamma.free_symbols | alpha.free_symbols):
        raise ModelError("the radial distribution is known for the tilt sqrt(1 + alpha phi'^2) exp(gamma phi^2) only")
    return alpha, gamma
