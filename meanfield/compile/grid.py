"""Values at the nodes of a block of points: the variable itself, its tanh and its ln cosh.

Arrays are (n, B), the nodes first and the points last: what depends on the point alone, such as a parameter (B,), broadcasts
along contiguous memory. Trapezoid nodes are equally spaced, so ``exp(-2x)`` is a geometric sequence along them: products
instead of library calls. That makes tanh several times cheaper, which a table of transfer-function values otherwise consists of.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import log

import numpy as np

from meanfield.compile.group import Array
from meanfield.compile.source import fast_lncosh

_LARGEST_EXPONENT = {"d": 650.0, "f": 80.0}  # by precision
_SMALLEST_SPREAD = 0.05  # below, tanh from exponentials would lose relative accuracy
_SMALLEST_SIZE = 4096  # below, exponentials from the library cost less than the sequence


class Grid:
    """Nodes ``x = mean + sigma z`` (n, B) with z either shared, (n,), or each point's own, (n, B)."""

    def __init__(self, mean: Array, sigma: Array, z: Array) -> None:
        self.mean, self.sigma, self.z = mean, sigma, z

    @property
    def shape(self) -> tuple[int, int]:
        return self.z.shape[0], self.mean.size

    @cached_property
    def x(self) -> Array:
        x = self.sigma * (self.z if self.z.ndim == 2 else self.z[:, None])
        x += self.mean
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
    """The same for equally spaced shared nodes, one of which is 0: symmetric about it, or on one side.

    The arrays of exponentials are used up by ``tanh_slope`` and ``tanh``: memory that is in the cache is worth as much as
    the arithmetic. So what else is wanted of them comes first.
    """

    def __init__(self, mean: Array, sigma: Array, z: Array, widest: float | None = None) -> None:
        """widest: a bound on sigma, of which all are at least half, where the caller knows."""
        super().__init__(mean, sigma, z)
        self.widest = widest

    def tanh(self) -> Array:
        if not self._plain_exponentials:
            return super().tanh()
        t = self._above()
        np.divide(2.0, t, out=t)
        t -= 1.0
        return t

    def tanh_slope(self) -> tuple[Array, Array]:
        if not self._plain_exponentials:
            return super().tanh_slope()
        q = self._exponentials
        t = 1.0 + q
        np.divide(2.0, t, out=t)  # 1 + tanh x, and e times that is 1 - tanh x
        q *= t
        q *= t
        t -= 1.0
        del self._exponentials
        return t, q

    def lncosh(self) -> Array:
        if not self._plain_exponentials:
            return super().lncosh()
        f = 1.0 + self._exponentials
        np.log(f, out=f)
        f += np.multiply.outer(self.z, self.sigma)
        f += self.mean - log(2.0)
        return f

    def _above(self) -> Array:
        above = self._exponentials
        above += 1.0
        del self._exponentials
        return above

    @cached_property
    def _plain_exponentials(self) -> bool:
        narrowest = self.sigma.min() if self.widest is None else self.widest / 2
        return bool(narrowest > _SMALLEST_SPREAD) and self._exponent() <= _LARGEST_EXPONENT[self.mean.dtype.char]

    @cached_property
    def _exponentials(self) -> Array:
        """``exp(-2x)`` (n, B), outward from the node 0 by doubling: twice as many nodes are those known times the factor of the
        distance. The factors are exponentials themselves, so the error stays that of x, node by node. Below the node 0 they
        are the reciprocals of those above it, times the square of the value there."""
        size = self.z.size
        if size * self.mean.size < _SMALLEST_SIZE:
            return np.exp(-2.0 * self.x)
        middle = 0 if self.z[0] == 0 else size // 2
        count = size - middle
        out = np.empty((size, self.mean.size), self.mean.dtype)
        above = out[middle:] if middle else out
        np.exp(-2.0 * self.mean, out=above[0])
        factors = np.multiply.outer((_doublings(count) * (-2.0 * self.z[middle + 1])).astype(out.dtype), self.sigma)
        np.exp(factors, out=factors)
        stride = 1
        for factor in factors:
            more = min(stride, count - stride)
            np.multiply(above[:more], factor, out=above[stride : stride + more])
            stride *= 2
        if middle:
            np.divide(np.square(above[0]), above[1:], out=out[middle - 1 :: -1])
        return out

    def _exponent(self) -> float:
        """Of the largest number that occurs: at the last node, or the square of the mean's."""
        mean = float(np.abs(self.mean).max())
        widest = float(self.sigma.max()) if self.widest is None else self.widest
        return 2.0 * (mean + max(mean, widest * float(self.z[-1])))


class Line(UniformGrid):
    """The same at a single point: arrays are (n,), mean and standard deviation numbers."""

    def __init__(self, mean: float, sigma: float, z: Array) -> None:
        self.z = z
        self.x = sigma * z
        self.x += mean
        reach = max(abs(z.item(0)), abs(z.item(-1)))
        self._plain_exponentials = 2.0 * (abs(mean) + sigma * reach) <= _LARGEST_EXPONENT["d"] and sigma > _SMALLEST_SPREAD

    def lncosh(self) -> Array:
        if not self._plain_exponentials:
            return Grid.lncosh(self)
        f = 1.0 + self._exponentials
        np.log(f, out=f)
        f += self.x
        f -= log(2.0)
        return f

    @cached_property
    def _exponentials(self) -> Array:
        return np.exp(-2.0 * self.x)


@lru_cache(maxsize=256)
def _doublings(count: int) -> Array:
    """The powers of 2 below ``count``."""
    return 2.0 ** np.arange((count - 1).bit_length())
