"""Non-stationary dynamic mean-field theory of a random network: covariances C(t, s) and the mean, from an initial state on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meanfield.dynamics.field import Array, Field, checked
from meanfield.dynamics.lag_rows import ORDER
from meanfield.dynamics.marching import March, check_transfer
from meanfield.errors import ParameterError
from meanfield.progress import Progress, ProgressOption, reporting
from meanfield.transfer import Transfer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["TwoTime", "two_time"]

LARGEST_STEP = 0.25
KEPT = 20_000_000  # numbers of C that are kept unless more are asked for
REPORTED = 50  # steps between two reports of progress


@dataclass(frozen=True)
class TwoTime:
    """What `two_time` returns. ``...`` is the shape of the parameters.

    t: (n,) all time steps. mean, Delta_0: (..., n) mean and variance of x. kept: (r,) the steps whose rows are kept. lags: (L,).
    C: (..., r, L) covariances C(t[kept], t[kept] - lags); NaN where that time is negative. error: claimed absolute errors, of
    "mean" and "Delta_0" (..., n) and of "C" (..., r), the largest over the lags. status: (...) sentences; a point that runs away
    is NaN from then on, and the others go on. parameters: as they were given.
    """

    t: Array
    mean: Array
    Delta_0: Array
    kept: np.ndarray
    lags: Array
    C: Array
    error: dict[str, Array]
    status: np.ndarray
    transfer: str
    parameters: dict[str, Any]

    def autocovariance(self, t: float | None = None) -> tuple[Array, Array]:
        """The lags (L,) and ``C(t, t - lag)`` (..., L) of the kept row nearest to t; default: the last."""
        row = -1 if t is None else int(np.abs(self.t[self.kept] - t).argmin())
        return self.lags, self.C[..., row, :]

    def matrix(self) -> tuple[Array, Array]:
        """The kept times (r,) and the symmetric matrix C(t, s) (..., r, r) between them; NaN beyond the window."""
        later, earlier = np.tril_indices(self.kept.size)
        lag = self.kept[later] - self.kept[earlier]
        known = lag < self.lags.size
        matrix = np.full((*self.C.shape[:-1], self.kept.size), np.nan)
        values = self.C[..., later[known], lag[known]]
        matrix[..., later[known], earlier[known]] = values
        matrix[..., earlier[known], later[known]] = values
        return self.t[self.kept], matrix

    def to_dataset(self) -> xr.Dataset:
        """Everything as an xarray dataset with errors and provenance."""
        from meanfield.store import two_time_dataset

        return two_time_dataset(self)

    def to_netcdf(self, path: str | Path) -> None:
        """Save to the netCDF file ``path``; `meanfield.store.load` opens it again as a dataset."""
        from meanfield.store import save

        save(self.to_dataset(), path)


def two_time(
    phi: Transfer,
    *,
    g: ArrayLike,
    variance: ArrayLike,
    duration: float,
    mean: ArrayLike = 0.0,
    sigma_squared: ArrayLike = 0.0,
    D: ArrayLike = 0.0,
    M_m: ArrayLike = 0.0,
    M_n: ArrayLike = 0.0,
    M_I: ArrayLike = 0.0,
    Sigma_m: ArrayLike = 0.0,
    dt: float = 0.05,
    window: float | None = None,
    every: int | None = None,
    tol: float = 1e-10,
    progress: ProgressOption = None,
) -> TwoTime:
    """Mean and covariances of ``x_i' = -x_i + sum_j J_ij phi(x_j) + m_i kappa + I_i + xi_i`` from independent ``x_i(0)`` on.

    J has independent entries of variance g^2/N, ``kappa = M_n <phi>``, m_i has mean M_m and standard deviation Sigma_m, I_i mean
    M_I and variance D, and xi is white, ``<xi xi> = 2 sigma_squared delta(t - s)``. For large N x is a Gaussian process with

        mu' = -mu + M_m kappa + M_I,
        (d/dt + 1)(d/ds + 1) C(t, s) = g^2 <phi(x(t)) phi(x(s))> + Sigma_m^2 kappa(t) kappa(s) + D + 2 sigma_squared delta(t - s)

    (Sompolinsky, Crisanti & Sommers, PRL 61, 259 (1988); Schuecker, Goedeke & Helias, PRX 8, 041029 (2018), eq. 14 and on).

    mean, variance: of x at t = 0, a normal law. Parameters are numbers or arrays that broadcast; all points march together.
    duration, dt: the step is shortened to divide the duration into an even number of steps. Its error falls as dt^4, with noise
    too. window: longest lag that is kept (default: all); a run then costs ``duration window`` instead of ``duration^2``. x is
    forgotten beyond it, which changes the variance by about ``(C(window) - C(infinity))^2``. every: keep the rows of every so
    many steps (default: all, or as few as make 20 million numbers). tol: of the pair averages and the implicit step.

    Each error that is claimed is the distance to a run of twice the step and, with a window, three quarters of the window; it is
    above the true error of this run by about 2^4. A point whose run of twice the step stops goes on, and claims no error (inf).
    Raises `ParameterError` for bad parameters, and where no point is left, all having a step that is too large or a variance that
    diverges; `TransferError` for a transfer function with kinks.

    How long a transient lasts: in chaos without noise the variance comes to rest like ``A t^-1.5 exp(-gamma t)`` with ``gamma =
    2 (1 - sqrt(1 - k^2))``, k the decay rate of the stationary autocovariance: the slowest modes of C(t, s) are waves in t - s.
    From x(0) with the stationary variance A is -5.0 at g = 1.5 and -5.5 at g = 2 (tanh, measured): Delta_0 is within 1e-5 after
    200 time constants at g = 1.5, and after 115 at g = 2.
    """
    given = {"g": g, "sigma_squared": sigma_squared, "D": D, "M_m": M_m, "M_n": M_n, "M_I": M_I, "Sigma_m": Sigma_m}
    shape, flat = checked({**given, "mean": mean, "variance": variance})
    check_transfer(phi)
    steps, longest = _grid(duration, dt, window)
    field = Field(*(flat[f.name] for f in fields(Field)))
    stride = _stride(every, steps, longest, flat["g"].size)
    start = (phi, field, flat["mean"], flat["variance"])
    fine = March(*start, duration / steps, steps, longest, tol)
    coarse = March(*start, 2 * duration / steps, steps // 2, None if longest is None else 3 * longest // 8, tol)
    with reporting(progress) as report:
        collected = _Collected(flat["g"].size, steps, longest, stride)
        collected.fill(fine, coarse, tol, report)
    status = np.array([_status(fine.stopped.get(k), coarse.stopped.get(k)) for k in range(flat["g"].size)]).reshape(shape)
    parameters = {**given, "mean": mean, "variance": variance, "duration": duration, "dt": duration / steps, "window": window}
    return collected.record(shape, duration / steps, status, phi.name, parameters)


def _status(fine: str | None, coarse: str | None) -> str:
    if fine:
        return f"stopped: {fine}"
    return f"ran to the end, but no error is claimed: with twice the step {coarse}" if coarse else "ran to the end"


def _grid(duration: float, dt: float, window: float | None) -> tuple[int, int | None]:
    """Number of steps, even, and the window in steps."""
    if not (0 < dt < np.inf):
        raise ParameterError(f"dt must be a positive number, got {dt!r}")
    if dt > LARGEST_STEP:
        raise ParameterError(f"dt must be at most {LARGEST_STEP} time constants of a unit, got {dt:g}")
    if not (2 * ORDER * dt <= duration < np.inf):
        raise ParameterError(f"the duration must be at least {2 * ORDER} steps of dt = {dt:g}, got {duration!r}")
    steps = 2 * ceil(duration / (2 * dt) - 1e-9)
    if window is None:
        return steps, None
    if not window >= 2.0:
        raise ParameterError(f"the window must be at least 2 time constants of a unit, got {window!r}")
    longest = ceil(window * steps / duration)
    return steps, None if longest >= steps else longest


def _stride(every: int | None, steps: int, longest: int | None, points: int) -> int:
    size = points * (steps + 1) * (1 + (steps if longest is None else longest))
    if every is None:
        return max(1, ceil(size / KEPT))
    if every != int(every) or every < 1:
        raise ParameterError(f"every must be a positive number of steps, got {every!r}")
    if size / every > 50 * KEPT:
        raise ParameterError(
            f"rows of every {every} steps take {8e-9 * size / every:.0f} GB; keep fewer rows, or give a window shorter than the run"
        )
    return int(every)


class _Collected:
    """What is kept of a run, while it goes on."""

    def __init__(self, points: int, steps: int, longest: int | None, stride: int) -> None:
        self.mean, self.Delta_0 = np.empty((2, points, steps + 1))
        self.errors = np.zeros((3, points, steps + 1))  # of the mean, of Delta_0, of C
        # Counted from the end, so that the last row is always among those kept.
        self.kept = np.arange(steps, -1, -stride)[::-1]
        self.C = np.full((points, self.kept.size, 1 + (steps if longest is None else longest)), np.nan)
        self.stride = stride

    def fill(
        self,
        fine: March,
        coarse: March,
        tol: float,
        report: Progress,
    ) -> None:
        steps, compared = self.mean.shape[1] - 1, coarse.rows()
        report.start(steps, "two-time equations")
        for n, (C, mean) in enumerate(fine.rows()):
            if fine.all_stopped:
                raise ParameterError(next(iter(fine.stopped.values())))
            self.mean[:, n], self.Delta_0[:, n] = mean, C[:, 0]
            if (n - self.kept[0]) % self.stride == 0 and n >= self.kept[0]:
                self.C[:, (n - self.kept[0]) // self.stride, : C.shape[1]] = C
            if n % 2 == 0:
                other, other_mean = next(compared)
                gap = np.abs(C[:, ::2][:, : other.shape[1]] - other)
                scale = 10 * tol * np.maximum(1.0, C[:, 0])
                self.errors[:, :, n] = np.abs(mean - other_mean) + scale, gap[:, 0] + scale, gap.max(axis=1) + scale
            if n % REPORTED == 0 and n:
                report.advance(REPORTED)
        self.errors[np.isnan(self.errors)] = np.inf
        # Between two steps of the coarse run its error lies between its neighbours, or a little beyond them.
        self.errors[:, :, 1::2] = 1.5 * np.maximum(self.errors[:, :, :-1:2], self.errors[:, :, 2::2])

    def record(self, shape: tuple[int, ...], dt: float, status: np.ndarray, transfer: str, parameters: dict[str, Any]) -> TwoTime:
        mean, Delta_0, *errors = (a.reshape(*shape, -1) for a in (self.mean, self.Delta_0, *self.errors))
        return TwoTime(
            np.asarray(dt * np.arange(mean.shape[-1]), dtype=float),
            mean,
            Delta_0,
            self.kept,
            np.asarray(dt * np.arange(self.C.shape[-1]), dtype=float),
            self.C.reshape(*shape, *self.C.shape[1:]),
            {"mean": errors[0], "Delta_0": errors[1], "C": errors[2][..., self.kept]},
            status,
            transfer,
            parameters,
        )
