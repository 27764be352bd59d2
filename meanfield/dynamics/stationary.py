"""Self-consistent spectra: the stationary fluctuations of random networks of units with any linear dynamics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meanfield.dynamics.field import Array, Field, checked
from meanfield.dynamics.spectrum_solve import Found, nothing, solve_spectrum
from meanfield.dynamics.units import Unit, unit_of
from meanfield.errors import ParameterError, QuadratureError, TransferError
from meanfield.progress import Progress, ProgressOption, reporting
from meanfield.solve.status import Status, sentence
from meanfield.transfer import Transfer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["StationarySpectrum", "stationary_spectrum"]


@dataclass(frozen=True)
class StationarySpectrum:
    """What `stationary_spectrum` returns. ``...`` is the shape of the parameters; NaN where no state was found.

    Delta_0, Delta_inf, mean: (...) variance, static variance and mean of x. error: their claimed errors, and that of the
    autocovariance at any lag as "Delta". status: (...) sentences. parameters: as they were given.
    """

    Delta_0: Array
    Delta_inf: Array
    mean: Array
    error: dict[str, Array]
    status: np.ndarray
    transfer: str
    parameters: dict[str, Any]
    found: tuple[Found, ...]
    unit: Unit
    noise: Array

    def Delta(self, tau: ArrayLike) -> Array:
        """Autocovariance of x (..., n) at the lags tau (n,) or a number (...)."""
        lags = np.abs(np.atleast_1d(np.asarray(tau, dtype=float)))
        rows = [_Delta(f, lags, self.unit, s) for f, s in zip(self.found, self.noise)]
        return np.array(rows).reshape(*self.Delta_0.shape, *np.shape(tau))

    def spectrum(self, omega: ArrayLike) -> Array:
        """Power spectrum ``int exp(-i omega tau) (Delta(tau) - Delta_inf) dtau`` (..., n) at the frequencies omega (n,)."""
        at = np.atleast_1d(np.asarray(omega, dtype=float))
        rows = [_spectrum(f, at, self.unit, s) for f, s in zip(self.found, self.noise)]
        return np.array(rows).reshape(*self.Delta_0.shape, *np.shape(omega))

    @cached_property
    def tau_half(self) -> tuple[Array, Array]:
        """First lag at which ``Delta - Delta_inf`` is half of what it is at 0, and its claimed error (...)."""
        rows = np.array([_half(f, self.unit, s) for f, s in zip(self.found, self.noise)])
        return rows[:, 0].reshape(self.Delta_0.shape), rows[:, 1].reshape(self.Delta_0.shape)

    def to_dataset(self, tau: ArrayLike) -> xr.Dataset:
        """Numbers and the autocovariance at the lags tau as an xarray dataset, with errors and provenance."""
        from meanfield.store import spectrum_dataset

        return spectrum_dataset(self, tau)

    def to_netcdf(self, path: str | Path, tau: ArrayLike) -> None:
        """Save `to_dataset` to the netCDF file ``path``; `meanfield.store.load` opens it again."""
        from meanfield.store import save

        save(self.to_dataset(tau), path)


def stationary_spectrum(
    phi: Transfer,
    *,
    g: ArrayLike,
    sigma_squared: ArrayLike = 0.0,
    D: ArrayLike = 0.0,
    M_m: ArrayLike = 0.0,
    M_n: ArrayLike = 0.0,
    M_I: ArrayLike = 0.0,
    Sigma_m: ArrayLike = 0.0,
    unit: Unit | Callable[[Array], Array] | Sequence[Sequence[float]] | None = None,
    mean: ArrayLike = 0.0,
    tol: float = 1e-10,
    progress: ProgressOption = None,
) -> StationarySpectrum:
    """Fluctuations of ``x_i = chi * (sum_j J_ij phi(x_j) + m_i kappa + I_i + xi_i)`` in the limit of large N.

    The spectrum solves ``S_x(omega) = |chi(omega)|^2 (g^2 S_phi(omega) + 2 sigma_squared)`` with S_phi that of the covariance
    ``<phi(x(t)) phi(x(t + tau))>`` of a Gaussian process x (Sompolinsky, Crisanti & Sommers, PRL 61, 259 (1988); for general units
    Muscinelli, Gerstner & Schwalger, PLoS Comput. Biol. 15, e1007122 (2019)). Mean and static variance, ``Delta_inf = chi(0)^2
    (g^2 C_phi(Delta_inf) + Sigma_m^2 kappa^2 + D)``, are unknowns beside it; symbols as in `two_time`.

    unit: its response; None for ``x' = -x + ...``, ``(numerator, denominator)`` in ascending powers of i omega, `leaky`,
    `adapting`, or a function chi(omega). mean: where the mean starts, which chooses among the states of a network
    with structure.

    Method. The response W to white noise is split off in closed form; what is left still has a kink at tau = 0, so a Fourier
    transform in equidistant omega would converge like omega^-4 only. The half tau > 0 is smooth: in Laguerre functions, which in
    Fourier space are a Fourier series in ``theta = 2 arccot(omega/b)``, it converges exponentially (`half_line`). The iteration
    is accelerated by Anderson's method, and finished by Newton's on finer bases, whose size is foretold from how quickly
    the coefficients fall. Errors are claimed from what a basis of another size and scale, which take the place of dt and T,
    leaves of the equations, the last coefficients, and rounding, all through the inverse Jacobian.

    Without noise the plain iteration runs away from every fluctuating state, and the equations also have the frozen state and
    periodic ones. The basis decays, so what is found is the state whose correlations decay; the frozen state is refused, with
    the status "no solution". Accelerated, the iteration reaches chaos of tanh from g = 1.001 to 30; where laws become
    wider than 60 nothing is found, and the status says why. How far a value can be trusted is in its claim. A spectrum that is
    negative somewhere is rejected. Points are solved one after the other.

    Raises `ParameterError` for bad parameters, `TransferError` for a transfer function with kinks and `QuadratureError` where the
    laws of every point become too wide.
    """
    given = {"g": g, "sigma_squared": sigma_squared, "D": D, "M_m": M_m, "M_n": M_n, "M_I": M_I, "Sigma_m": Sigma_m}
    shape, flat = checked({**given, "mean": mean})
    if phi.traits.kinks or phi.traits.strip is None:
        raise TransferError(f"stationary_spectrum needs a transfer function analytic in a known strip, got {phi.name}")
    if not 0 < tol < 1:
        raise ParameterError(f"the tolerance must lie between 0 and 1, got {tol!r}")
    chosen = unit_of(unit)
    field = Field(*(flat[f.name] for f in fields(Field)))
    with reporting(progress) as report:
        report.start(flat["g"].size, "self-consistent spectra")
        found, status = _each(phi, field, chosen, flat["mean"], tol, report)
    names = ("Delta_0", "Delta", "Delta_inf", "mean")
    return StationarySpectrum(
        np.array([f.Delta_0 for f in found]).reshape(shape),
        np.array([f.v[-2] for f in found]).reshape(shape),
        np.array([f.v[-1] for f in found]).reshape(shape),
        {name: np.array([f.error[k] for f in found]).reshape(shape) for k, name in enumerate(names)},
        np.array(status).reshape(shape),
        phi.name,
        {**given, "mean": mean},
        tuple(found),
        chosen,
        flat["sigma_squared"],
    )


def _each(phi: Transfer, field: Field, unit: Unit, mean: Array, tol: float, report: Progress) -> tuple[list[Found], list[str]]:
    """What is found at each point, and what became of it in a sentence."""
    found, status = [], []
    refused: list[QuadratureError] = []
    for point, start in enumerate(mean.tolist()):
        try:
            found.append(solve_spectrum(phi, field.row(point), unit, start, tol))
            status.append(str(found[-1].status))
        except QuadratureError as error:
            refused.append(error)
            found.append(nothing(Status.NO_SOLUTION))
            status.append(sentence(Status.NO_SOLUTION, str(error)))
        report.advance()
    if refused and len(refused) == len(found):
        raise refused[0]
    return found, status


def _Delta(found: Found, tau: Array, unit: Unit, noise: float) -> Array:
    if found.line is None:
        return np.full(tau.shape, np.nan)
    return np.asarray(found.v[-2] + found.T @ found.line.at(tau) + 2 * noise * unit.covariance(tau, found.line))


def _spectrum(found: Found, omega: Array, unit: Unit, noise: float) -> Array:
    if found.line is None:
        return np.full(omega.shape, np.nan)
    return np.asarray(unit.power(omega) * (2 * found.line.half_transform(found.field, omega).real + 2 * noise))


def _half(found: Found, unit: Unit, noise: float) -> tuple[float, float]:
    if found.line is None:
        return np.nan, np.inf
    from scipy.optimize import brentq

    level = (found.Delta_0 + found.v[-2]) / 2
    above = lambda tau: float(_Delta(found, np.array([tau]), unit, noise)[0]) - level
    nodes = np.concatenate([[0.0], found.line.tau])
    first = int((_Delta(found, nodes, unit, noise) < level).argmax())
    root = float(brentq(above, nodes[first - 1], nodes[first], xtol=1e-14, rtol=1e-14))
    h = 1e-4 * root
    slope = (above(root + h) - above(root - h)) / (2 * h)
    return root, 2 * found.error[1] / abs(slope) + 1e-13 * root
