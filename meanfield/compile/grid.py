"""Values at the nodes of a block of points: the variable itself and the tanh of it.

Trapezoid nodes are equally spaced, so ``exp(-2x)`` is a geometric sequence along them: a product of two short tables. That
makes tanh several times cheaper than the library function, which a table of transfer-function values otherwise consists of.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from meanfield.compile.group import Array

_LARGEST_EXPONENT = 650.0
_SMALLEST_SPREAD = 0.05  # below, tanh from exponentials would lose relative accuracy


class Grid:
    """Nodes ``x = mean + sigma z`` (B, n) with z either shared, (n,), or each point's own, (B, n)."""

    def __init__(self, mean: Array, sigma: Array, z: Array) -> None:
        self.mean, self.sigma, self.z = mean, sigma, z

    @property
    def shape(self) -> tuple[int, int]:
        return self.mean.size, self.z.shape[-1]

    @cached_property
    def x(self) -> Array:
        x = self.sigma[:, None] * self.z
        x += self.mean[:, None]
        return x

    def tanh(self) -> Array:
        return np.tanh(self.x)

    def tanh_slope(self) -> tuple[Array, Array]:
        """``tanh x`` and ``1 - tanh^2``, the latter without the cancellation that leaves nothing of it where tanh saturates."""
        e = np.exp(-2 * np.abs(self.x))
        return np.tanh(self.x), 4 * e / (1 + e) ** 2


class UniformGrid(Grid):
    """The same for equally spaced shared nodes."""

    def tanh(self) -> Array:
        if not self._plain_exponentials:
            return super().tanh()
        e = self._exponentials()
        above = 1.0 + e
        np.subtract(1.0, e, out=e)
        return np.divide(e, above, out=above)

    def tanh_slope(self) -> tuple[Array, Array]:
        if not self._plain_exponentials:
            return super().tanh_slope()
        e = self._exponentials()
        above = 1.0 + e
        np.divide(2.0, above, out=above)  # 1 + tanh x, and e times that is 1 - tanh x
        e *= above
        e *= above
        above -= 1.0
        return above, e

    @property
    def _plain_exponentials(self) -> bool:
        return self.z.size >= 24 and self._exponent() <= _LARGEST_EXPONENT and bool(self.sigma.min() > _SMALLEST_SPREAD)

    def _exponentials(self) -> Array:
        """``exp(-2x)`` (B, n)."""
        z = self.z
        stride = max(4, int(np.sqrt(z.size)))
        middle = int(np.argmin(np.abs(z)))  # where differences of nodes are not rounded
        coarse = np.exp(-2.0 * (self.sigma[:, None] * z[::stride] + self.mean[:, None]))
        fine = np.exp(-2.0 * self.sigma[:, None] * (z[middle : middle + stride] - z[middle]))
        return (coarse[:, :, None] * fine[:, None, :]).reshape(self.mean.size, -1)[:, : z.size]

    def _exponent(self) -> float:
        reach = max(abs(float(self.z[0])), abs(float(self.z[-1])))
        return 2.0 * float(np.max(np.abs(self.mean)) + np.max(self.sigma) * reach)
