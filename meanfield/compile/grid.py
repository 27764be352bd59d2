"""Values at the nodes of a block of points: the variable itself, its tanh and its ln cosh.

Trapezoid nodes are equally spaced, so ``exp(-2x)`` is a geometric sequence along them: products instead of library calls.
That makes tanh several times cheaper, which a table of transfer-function values otherwise consists of.
"""

from __future__ import annotations

from functools import cached_property
from math import log

import numpy as np

from meanfield.compile.group import Array
from meanfield.compile.source import fast_lncosh

_LARGEST_EXPONENT = 650.0
_SMALLEST_SPREAD = 0.05  # below, tanh from exponentials would lose relative accuracy
_SMALLEST_SIZE = 256  # below, library calls cost less than the sequence
_STRIDE = 16


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

    def lncosh(self) -> Array:
        """``ln cosh x``; see `fast_lncosh`."""
        return fast_lncosh(self.x)


class UniformGrid(Grid):
    """The same for equally spaced shared nodes, one of which is 0."""

    def tanh(self) -> Array:
        if not self._plain_exponentials:
            return super().tanh()
        t = 2.0 / self._above
        t -= 1.0
        return t

    def tanh_slope(self) -> tuple[Array, Array]:
        if not self._plain_exponentials:
            return super().tanh_slope()
        t = 2.0 / self._above  # 1 + tanh x, and e times that is 1 - tanh x
        q = self._exponentials * t
        q *= t
        t -= 1.0
        return t, q

    def lncosh(self) -> Array:
        if not self._plain_exponentials:
            return super().lncosh()
        f = np.log(self._above)
        f += self.x
        f -= log(2.0)
        return f

    @cached_property
    def _plain_exponentials(self) -> bool:
        small = self.z.size * self.mean.size < _SMALLEST_SIZE or self.z.size < 2 * _STRIDE
        return not small and self._exponent() <= _LARGEST_EXPONENT and bool(self.sigma.min() > _SMALLEST_SPREAD)

    @cached_property
    def _above(self) -> Array:
        return 1.0 + self._exponentials

    @cached_property
    def _exponentials(self) -> Array:
        """``exp(-2x)`` (B, n): values at every 16th node, counted from the node 0, times those at 16 neighbours of 0. So the
        error is that of x, node by node."""
        z, size = self.z, self.z.size
        middle = int(np.argmin(np.abs(z)))
        before = -(-middle // _STRIDE)
        far = np.arange(-before, -(-(size - middle) // _STRIDE)) * _STRIDE * z[middle + 1]
        coarse = np.exp(-2.0 * (self.sigma[:, None] * far + self.mean[:, None]))
        fine = np.exp(-2.0 * self.sigma[:, None] * z[middle : middle + _STRIDE])
        every = (coarse[:, :, None] * fine[:, None, :]).reshape(self.mean.size, -1)
        return every[:, before * _STRIDE - middle :][:, :size]

    def _exponent(self) -> float:
        reach = max(abs(float(self.z[0])), abs(float(self.z[-1])))
        return 2.0 * float(np.max(np.abs(self.mean)) + np.max(self.sigma) * reach)
