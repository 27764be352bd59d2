"""Symbols of a model: plain real symbols with a recorded role and domain, and random variables with a law.

A domain is *recorded* for the file that declares it and read by the Models built there (`meanfield.declarations`); it is never a
SymPy assumption (which would make symbols of the same name unequal).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from meanfield.averages.given import given
from meanfield.averages.measures import Empirical, Functional, Gaussian, Tilted, Uniform
from meanfield.averages.scope import close
from meanfield.averages.variables import Variable
from meanfield.declarations import declare
from meanfield.errors import AverageError, ModelError


def symbol(name: str) -> sp.Symbol:
    """A real symbol: definitions, coordinates of profiles."""
    return sp.Symbol(name, real=True)


def unknown(name: str, *, nonnegative: bool = False) -> sp.Symbol:
    """An unknown of a model. ``nonnegative`` records that it is a variance: iterates may cross zero, solutions may not."""
    declare(_checked(name), nonnegative)
    return sp.Symbol(name, real=True)


def parameter(name: str, *, nonnegative: bool = False) -> sp.Symbol:
    """A parameter of a model; negative values of a ``nonnegative`` one are refused."""
    declare(_checked(name), nonnegative)
    return sp.Symbol(name, real=True)


def parameters(names: str, *, nonnegative: str = "") -> list[sp.Symbol]:
    """Several parameters from a space-separated string: ``g, M_m = parameters("g M_m", nonnegative="g")``."""
    listed, restricted = names.split(), set(nonnegative.split())
    if not restricted <= set(listed):
        raise ModelError(f"nonnegative names {sorted(restricted - set(listed))} are not among the parameters {listed}")
    for name in listed:
        declare(_checked(name), name in restricted)
    return [sp.Symbol(name, real=True) for name in listed]


def coordinate(name: str) -> sp.Symbol:
    """The argument of a profile, such as y in density(y)."""
    return sp.Symbol(name, real=True)


def _checked(name: str) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise ModelError(f"{name!r} cannot be the name of a symbol; use letters, digits and underscores, as in Delta_0")
    return name


def _law(names: str, mean: Any, cov: Any) -> Gaussian:
    """The law of variables; what is wrong with it is said of them."""
    try:
        return Gaussian(mean, cov)
    except AverageError as error:
        raise AverageError(f"{names}: {error}") from None


def gaussian(name: str, mean: Any = 0, var: Any = 1) -> Variable:
    """A normal random variable. Different names are independent."""
    return Variable(name, _law(name, [mean], [[var]]))


def standard_normal(name: str) -> Variable:
    """A normal random variable of mean 0 and variance 1."""
    return gaussian(name)


def gaussian_pair(names: str, *, mean: Any = 0, var: Any = 1, cov: Any = 0) -> tuple[Variable, Variable]:
    """Two jointly normal variables of equal mean and variance, with covariance ``cov``: ``x, y = gaussian_pair("x y", ...)``."""
    first, second = _split(names, 2)
    law = _law(names, [mean, mean], [[var, cov], [cov, var]])
    return Variable(first, law, 0, (first, second)), Variable(second, law, 1, (first, second))


def gaussian_vector(names: str, *, mean: Any, cov: Any) -> list[Variable]:
    """Jointly normal variables with the given mean vector and covariance matrix."""
    listed = names.split()
    law = _law(names, list(mean), cov)
    if len(listed) != law.dimension:
        raise ModelError(f"{len(listed)} names for a Gaussian of dimension {law.dimension}")
    return [Variable(name, law, i, listed) for i, name in enumerate(listed)]


def uniform(name: str) -> Variable:
    """A variable uniform on [0, 1]."""
    return Variable(name, Uniform())


def tilted(name: str, *, mean: Any = 0, var: Any = 1, log_tilt: Callable[[sp.Symbol], sp.Expr]) -> Variable:
    """A variable with density proportional to ``N(y; mean, var) exp(log_tilt(y))``."""
    y = sp.Dummy("y", real=True)
    return Variable(name, Tilted(Gaussian([mean], [[var]]), close(given(log_tilt(y), "the logarithm of a tilt"), [y])))


def distributed(name: str, functional: str) -> Variable:
    """A variable whose law ``functional`` stays open: the argument of a functional such as S[rho]."""
    return Variable(name, Functional(functional))


def sampled(name: str, data: str) -> Variable:
    """A variable that runs over a sample: its average is ``(1/N) sum_i`` over the data handed in under the name ``data``."""
    return Variable(name, Empirical(data))


def _split(names: str, count: int) -> list[str]:
    listed = names.split()
    if len(listed) != count:
        raise ModelError(f"expected {count} names separated by a space, got {names!r}")
    return listed
