"""The two-time equations, marched row by row; see `two_time` for what they say and `lag_rows` for the scheme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from meanfield.dynamics.field import Array, Field
from meanfield.dynamics.lag_rows import ORDER, Start, Weights, along_row, extrapolated, with_newest, without_newest
from meanfield.dynamics.pair_rates import projection_of
from meanfield.errors import TransferError
from meanfield.quadrature.mehler import mehler
from meanfield.transfer import Transfer

ROUNDS = 40  # of the implicit step; it gains a factor of about dt g^2/3 a round
ROOM = 1.2  # how far beyond the widest law so far a projection reaches
WIDEST = 1e4  # standard deviation; a wider law has run away


class March:
    """Rows of C(t, s) for P points. tol: of the pair averages and of the implicit step. window: longest lag kept, in steps.

    stopped: why a point came to no end, for those that did not; their rows are NaN from then on, also when no point is left.
    """

    def __init__(
        self, phi: Transfer, field: Field, mean: Array, variance: Array, dt: float, steps: int, window: int | None, tol: float
    ) -> None:
        self.phi, self.dt, self.tol, self.steps = phi, dt, tol, steps
        self.field = Field(*(getattr(field, f.name).copy() for f in fields(Field)))
        self.stopped: dict[int, str] = {}
        self.window = steps if window is None else window
        centred = not (mean.any() or field.M_I.any())
        self.parity = phi.traits.parity if centred and phi.traits.parity == "odd" else None
        self.mean, self.sigma = np.zeros((2, mean.size, steps + 1))  # newest first: time step n at steps - n
        self.mean[:, steps], self.sigma[:, steps] = mean, np.sqrt(variance)
        self.weights = Weights.of(dt)
        self.C: Array = variance[:, None]
        self.D: list[Array] = []
        self.inputs: list[Array] = []  # mean inputs of the last rows, newest first
        self._project(float(np.sqrt(variance.max(initial=0.0))))

    def _project(self, widest: float) -> None:
        """Coefficients of all laws so far, for laws up to somewhat wider than ``widest``."""
        self.projection = projection_of(self.phi, ROOM * max(widest, 0.1), self.parity, self.tol)
        self.table = np.moveaxis(self.projection(self.mean, self.sigma), -1, 1).copy()

    def rows(self) -> Iterator[tuple[Array, Array]]:
        """C by lag (P, n + 1) and the mean (P,), for every time step from 0 on."""
        for row in self._start():
            yield self._told(*row)
        for n in range(ORDER - 1, self.steps):
            yield self._nothing(n + 1) if self.all_stopped else self._told(*self._next(n + 1))

    @property
    def all_stopped(self) -> bool:
        """Whether no point is left."""
        return len(self.stopped) == len(self.C)

    def _nothing(self, step: int) -> tuple[Array, Array]:
        P = len(self.C)
        return np.full((P, min(step, self.window) + 1), np.nan), np.full(P, np.nan)

    def _told(self, C: Array, mean: Array) -> tuple[Array, Array]:
        if not self.stopped:
            return C, mean
        C, mean, at = C.copy(), mean.copy(), list(self.stopped)
        C[at], mean[at] = np.nan, np.nan
        return C, mean

    def _stop(self, which: Array, reason: str) -> None:
        """Take points out: from now on they are at rest, without field or noise, and their past is forgotten."""
        for k in np.flatnonzero(which).tolist():
            self.stopped[k] = reason.format(g=self.field.g[k])
        for f in fields(Field):
            getattr(self.field, f.name)[which] = 0.0
        for kept in (self.mean, self.sigma, self.C, *self.D, *self.inputs):
            kept[which] = 0.0
        self._project(float(self.sigma.max()))

    def _law(self, step: int, mean: Array, variance: Array) -> Array:
        """Enter the law of x at a time step into the table; which points have run away (P,)."""
        at = self.steps - step
        sigma = np.sqrt(np.maximum(variance, 0.0))
        away = ~(np.isfinite(mean) & (sigma <= WIDEST))
        self.mean[:, at], self.sigma[:, at] = np.where(away, 0.0, mean), np.where(away, 0.0, sigma)
        widest = float(self.sigma[:, at].max())
        if widest > self.projection.widest:
            self._project(widest)
        else:
            self.table[:, :, at] = self.projection(self.mean[:, at], self.sigma[:, at])
        return np.asarray(away)

    def _field(self, step: int, C: Array) -> tuple[Array, Array]:
        """Covariance Q of the field by lag (P, n) and its mean (P,), from the row C (P, n) of the laws in the table."""
        at, field = self.steps - step, self.field
        past = slice(at, at + C.shape[1])
        ours = self.table[:, :, at]
        scale = self.sigma[:, at, None] * self.sigma[:, past]
        rho = np.divide(C, scale, out=np.zeros_like(C), where=scale > 0)
        np.clip(rho, -1.0, 1.0, out=rho)
        rho[:, 0] = scale[:, 0] > 0
        Q = field.g[:, None] ** 2 * mehler(self.projection, ours, self.table[:, :, past], rho)
        Q += field.D[:, None]
        if self.parity:
            return Q, np.zeros(len(C))
        kappa = field.M_n[:, None] * self.table[:, 0, past]
        Q += field.Sigma_m[:, None] ** 2 * kappa[:, :1] * kappa
        return Q, field.M_m * kappa[:, 0] + field.M_I

    def _start(self) -> Iterator[tuple[Array, Array]]:
        """The first rows together; each sweep gains a power of dt."""
        start, decay = Start.of(self.dt), np.exp(-self.dt * np.arange(ORDER))
        t, s = np.array(start.points).T
        noise = self.field.sigma_squared[:, None]
        free = self.C[:, :1] * decay[t] * decay[s] + noise * (decay[t - s] - decay[t] * decay[s])
        first = self.mean[:, self.steps]
        C, mean = free.copy(), first[:, None] * decay
        rows = [slice(i * (i + 1) // 2, (i + 1) * (i + 2) // 2) for i in range(ORDER)]
        for _ in range(ROUNDS):
            away = np.any([self._law(i, mean[:, i], C[:, row.stop - 1]) for i, row in enumerate(rows)], axis=0)
            found = [self._field(i, C[:, row][:, ::-1]) for i, row in enumerate(rows)]
            Q = np.concatenate([q[:, ::-1] for q, _ in found], axis=1)
            inputs = np.stack([m for _, m in found], axis=1)
            new, new_mean = free + Q @ start.C_of_Q.T, first[:, None] * decay + inputs @ start.mean_of_input.T
            change = np.maximum(np.abs(new - C).max(axis=1), np.abs(new_mean - mean).max(axis=1))
            C, mean = new, new_mean
            going = ~(change <= self.tol * (1 + np.abs(C).max(axis=1))) | away
            if not going.any():
                break
        else:
            for array in (C, Q, mean, inputs):
                array[going] = 0.0
            self._stop(going, self._too_long_a_step())
        D = Q @ start.D_of_Q.T
        self.D = [D[:, row][:, ::-1] for row in reversed(rows)]
        self.inputs = [inputs[:, i] for i in reversed(range(ORDER))]
        self.C = C[:, rows[-1]][:, ::-1]
        for i, row in enumerate(rows):
            yield C[:, row][:, ::-1], mean[:, i]

    def _next(self, step: int) -> tuple[Array, Array]:
        w, at = self.weights, self.steps - step
        ahead = without_newest(self.C, self.D[: ORDER - 1], self.field.sigma_squared, w)
        mean_ahead = w.decay * self.mean[:, at + 1] + sum(w.column[m] * self.inputs[m - 1] for m in range(1, ORDER))
        D, mean_input = extrapolated(self.D), 2 * self.inputs[0] - self.inputs[1]
        cut = D.shape[1] > self.window + 1
        if cut:
            D, ahead = D[:, :-1], ahead[:, :-1]
        for _ in range(ROUNDS):
            C = with_newest(ahead, D, w)
            mean = mean_ahead + w.column[0] * mean_input
            away = self._law(step, mean, C[:, 0])
            if away.any():
                for array in (C, D, ahead, mean, mean_ahead, mean_input):
                    array[away] = 0.0
                self._stop(away, self._run_away(step))
            Q, new_input = self._field(step, C)
            # Beyond the window nothing is known: there x is taken to follow the field at once.
            new = along_row(Q, w, Q[:, -1] if cut else None)
            change = np.maximum(np.abs(new - D).max(axis=1), np.abs(new_input - mean_input))
            D, mean_input = new, new_input
            going = ~(change <= 10 * self.tol * (1 + np.abs(D).max(axis=1)))
            if not going.any():
                break
        else:
            for array in (D, ahead, mean_ahead, mean_input):
                array[going] = 0.0
            self._stop(going, self._too_long_a_step())
        self.C = with_newest(ahead, D, w)
        self.mean[:, at] = mean = mean_ahead + w.column[0] * mean_input
        self.D = [D, *self.D[: ORDER - 1]]
        self.inputs = [mean_input, *self.inputs[: ORDER - 1]]
        return self.C, mean

    def _too_long_a_step(self) -> str:
        return f"the implicit step of dt = {self.dt:g} does not converge at g = {{g:g}}; take dt below about 1/g^2"

    def _run_away(self, step: int) -> str:
        return (
            f"the variance grows beyond all bounds (at t = {step * self.dt:g}): the network has no stationary state at these "
            "parameters, or dt is too large; stop earlier or lower g"
        )


def check_transfer(phi: Transfer) -> None:
    """Raises `TransferError` for a transfer function whose pair averages have no quickly converging Hermite series."""
    if phi.traits.kinks:
        raise TransferError(f"two_time needs a smooth transfer function, got {phi.name}, which has kinks; use softplus or erf, say")
    if phi.traits.strip is None:
        raise TransferError(f"two_time needs the strip of analyticity of {phi.name}; give strip=... when you define it")
