"""What one network says about the quantities of the theory, from its measured averages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from meanfield.networks import Numbers
from meanfield.simulate.averages import Measured
from meanfield.simulate.settings import Settings

__all__ = ["estimates", "lag_name"]

Array = Any

_ODD = {"mean": "mu", "mean_phi": "mean_phi"}  # change sign with x, if phi is odd
_EVEN = {"mean_square_phi": "mean_square_phi", "mean_dphi": "mean_dphi", "mean_square_dphi": "mean_dphi2"}


def estimates(
    m: Measured, numbers: Numbers, settings: Settings, columns: Sequence[int] | Array | None = None, signs: Array | None = None
) -> dict[str, float]:
    """The quantities of one network by the names that the library's models use: mu, kappa, Delta_0, Delta_inf, Delta_T, mean_phi,
    mean_square_phi, mean_dphi, mean_dphi2, bulk_radius, lambda_max, and ``Delta(tau)`` for each lag.

    columns: the trajectories that count (default: all). signs (B,): -1 for those that are to be mirrored, x -> -x. Delta_inf is the
    covariance, over neurons, of averages over time of *different* trajectories: what does not fluctuate. Averages of one trajectory
    would add its own fluctuations, as 1/time. With a single trajectory the two halves of its time take that part (a bias of the
    order of correlation time / time remains). With several populations names carry their number: mu_1, mu_2; several overlaps
    are kappa_1, kappa_2.
    """
    B = m.speed.shape[0]
    chosen = np.arange(B) if columns is None else np.asarray(columns, int)
    sign = (np.ones(B) if signs is None else np.asarray(signs, float))[chosen]
    out: dict[str, float] = {}
    count = len(numbers.populations)
    for k in range(count):
        suffix = f"_{k + 1}" if count > 1 else ""
        for name, value in _population(m, settings, k, chosen, sign).items():
            out[name + suffix] = value
    for k, row in enumerate(m.kappa):
        out["kappa" if len(m.kappa) == 1 else f"kappa_{k + 1}"] = float(np.mean(sign * row[chosen]))
    if count == 1:
        out["bulk_radius"] = float(np.sqrt(numbers.variances[0, 0] * out["mean_dphi2"]))
    if settings.lyapunov:
        out["lambda_max"] = float(m.lyapunov[chosen].mean())
    return out


def _population(m: Measured, settings: Settings, k: int, chosen: Array, sign: Array) -> dict[str, float]:
    out = {name: float(np.mean(sign * getattr(m, field)[k, chosen])) for field, name in _ODD.items()}
    mean_squared = out["mu"] ** 2
    out["Delta_0"] = float(m.mean_square[k, chosen].mean()) - mean_squared
    out["Delta_inf"] = _frozen(m.overlaps[k], chosen, sign) - mean_squared
    out["Delta_T"] = out["Delta_0"] - out["Delta_inf"]
    out |= {name: float(getattr(m, field)[k, chosen].mean()) for field, name in _EVEN.items()}
    for tau, row in zip(settings.lags, m.lagged[k]):
        out[lag_name(tau)] = float(row[chosen].mean()) - mean_squared
    return out


def _frozen(overlaps: Array, chosen: Array, sign: Array) -> float:
    """Mean overlap of the averages over time of different trajectories."""
    B = len(overlaps) // 2
    if len(chosen) == 1:
        return float(overlaps[chosen[0], B + chosen[0]])
    full = (overlaps[:B, :B] + overlaps[:B, B:] + overlaps[B:, :B] + overlaps[B:, B:])[np.ix_(chosen, chosen)] / 4
    full = full * np.outer(sign, sign)
    return float((full.sum() - full.trace()) / (len(chosen) * (len(chosen) - 1)))


def lag_name(tau: float) -> str:
    """``Delta(5)``: the autocovariance at the delay tau."""
    return f"Delta({tau:g})"
