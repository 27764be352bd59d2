"""Delta(tau) and its power spectrum at a solution, with errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meanfield.dynamics.observables import autocovariance_profile
from meanfield.dynamics.power import power_profile
from meanfield.errors import ModelError, ParameterError

if TYPE_CHECKING:
    from meanfield.solve import Solution


def autocovariance(solution: Solution, tau: ArrayLike) -> tuple[Any, Any]:
    """``Delta(tau) = <x(t) x(t + tau)> - <x>^2`` and its claimed error at delays ``tau`` (K,), in units of the time constant.

    Both (K,), or the shape of the grid of parameters + (K,), NaN where there is no solution. The errors of Delta_0 and of the
    other unknowns are carried along. Raises `ModelError` if the model has no `Motion`. Sompolinsky, Crisanti & Sommers, PRL 61,
    259 (1988); by the regular parametrisation of `meanfield.dynamics.descent`.
    """
    return _curve(solution, tau, autocovariance_profile)


def power_spectrum(solution: Solution, omega: ArrayLike) -> tuple[Any, Any]:
    """``S(omega) = int (Delta(tau) - Delta_inf) exp(i omega tau) dtau`` and its claimed error, shapes as in `autocovariance`.

    omega: angular frequencies. The frozen part Delta_inf would add ``2 pi Delta_inf`` times a delta function at 0.
    """
    return _curve(solution, omega, power_profile)


def _curve(solution: Solution, at: ArrayLike, make: Any) -> tuple[Any, Any]:
    model = solution.kernel.model
    if model.motion is None:
        raise ModelError(f"{model.name or model.title} has no equation of motion for its autocovariance (Model(motion=...))")
    points = np.atleast_1d(np.asarray(at, dtype=float))
    if points.ndim != 1 or not np.isfinite(points).all():
        raise ParameterError("delays and frequencies must be finite numbers in one row")
    coordinate, expr = make(model.motion)
    value, error = solution._with_errors(coordinate, model.resolve(expr), points)
    return solution._rows_of(value), solution._rows_of(error)


__all__ = ["autocovariance", "power_spectrum"]
