"""Laws over which an average integrates. Each is immutable, hashable SymPy data; the rules live in the modules that use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.core.symbol import Str

from meanfield.averages.given import given
from meanfield.averages.scope import free_symbols
from meanfield.errors import AverageError


class Measure(sp.Basic):
    """Base of all laws. ``binds`` flags the arguments that lie under the binder (a density is a function of the variable)."""

    binds: tuple[int, ...] = ()
    dimension: int = 1

    @property
    def free_symbols(self) -> set[sp.Symbol]:  # type: ignore[override]
        return free_symbols(self)


class Gaussian(Measure):
    """Jointly normal variables: ``mean`` (n,), ``cov`` (n, n), entries symbolic. Entries are kept expanded."""

    binds = (0, 0)

    def __new__(cls, mean: Sequence[Any], cov: Any) -> Gaussian:
        means = sp.Tuple(*(sp.expand(given(m, "the mean of a Gaussian")) for m in mean))
        if not isinstance(cov, sp.MatrixBase):
            cov = [[given(entry, "a variance or covariance of a Gaussian") for entry in row] for row in cov]
        matrix = sp.ImmutableMatrix(cov).applyfunc(sp.expand)
        if matrix.shape != (len(means), len(means)):
            raise AverageError(
                f"a Gaussian of {len(means)} means needs a {len(means)} x {len(means)} covariance, got {matrix.shape}"
            )
        for i, diagonal in enumerate(matrix.diagonal()):
            if diagonal.is_number and diagonal.is_negative:
                raise AverageError(
                    f"the variance of a Gaussian variable{_place(i, len(means))} is {diagonal}, which must not be negative"
                )
            for j in range(i):
                excess = matrix[i, j] ** 2 - diagonal * matrix[j, j]
                if excess.is_number and excess.is_positive:
                    raise AverageError(
                        f"the covariance of a Gaussian is {matrix[i, j]}, larger than variances {matrix[j, j]} and {diagonal} allow"
                    )
        return sp.Basic.__new__(cls, means, matrix)

    mean: sp.Tuple = property(lambda self: self.args[0])  # type: ignore[assignment]
    cov: sp.ImmutableMatrix = property(lambda self: self.args[1])  # type: ignore[assignment]
    dimension: int = property(lambda self: len(self.args[0]))  # type: ignore[assignment]


def _place(i: int, count: int) -> str:
    return f" (number {i + 1} of {count})" if count > 1 else ""


class Tilted(Measure):
    """Scalar law proportional to ``N(y; mean, var) exp(log_tilt(y))``; ``log_tilt`` lies under the binder.

    It stands for the density mu* of Kac-Rice fixed points, ``exp(-y^2/2 beta) sqrt(1 + alpha phi'^2) exp(gamma phi^2)``.
    """

    binds = (0, 1)

    def __new__(cls, base: Gaussian, log_tilt: Any) -> Tilted | Gaussian:
        if not isinstance(base, Gaussian) or base.dimension != 1:
            raise AverageError("a tilted law needs a scalar Gaussian base")
        log_tilt = given(log_tilt, "the logarithm of a tilt")
        return base if log_tilt == 0 else sp.Basic.__new__(cls, base, log_tilt)

    base: Gaussian = property(lambda self: self.args[0])  # type: ignore[assignment]
    log_tilt: sp.Expr = property(lambda self: self.args[1])  # type: ignore[assignment]


class Uniform(Measure):
    """The uniform law on [0, 1], for auxiliary integrals ``int_0^1 ds``."""

    def __new__(cls) -> Uniform:
        return sp.Basic.__new__(cls)

    def _sympystr(self, printer: Any) -> str:
        return "Uniform()"  # SymPy's printer knows a class of this name, with two arguments


class Functional(Measure):
    """A law that is not specified: the argument of a functional ``S[rho]``. It is bound later to data or to a law."""

    binds = (0,)

    def __new__(cls, name: str | Str) -> Functional:
        return sp.Basic.__new__(cls, name if isinstance(name, Str) else Str(name))

    name: str = property(lambda self: self.args[0].name)  # type: ignore[assignment]

    @property
    def free_symbols(self) -> set[sp.Symbol]:  # type: ignore[override]
        return set()


class Empirical(Functional):
    """The sample average ``(1/N) sum_i f(x_i)`` over data handed to the kernel under this name."""
