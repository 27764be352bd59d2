"""Do the averages of a model exist, and are its laws laws, at the parameters that were given and at the roots found?

Iterates may lie anywhere (functions of a variance are continued across zero); what was given and what is returned may not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages import Average, DividedDifference, Gaussian, LogNorm
from meanfield.averages.exponentials import existence
from meanfield.averages.measures import Measure, Tilted
from meanfield.averages.scope import dangling, nodes
from meanfield.errors import AverageError, ParameterError
from meanfield.model import Model
from meanfield.solve.problem import Array
from meanfield.solve.starts import evaluate

Condition = tuple[sp.Expr, str]
"""An expression that must not be negative, and the sentence that is true where it is."""
_NODES = (Average, DividedDifference, LogNorm)
_ROUNDING = 1e-12


def check_given(model: Model, p: Array) -> None:
    """Raise `ParameterError` for parameters p (P, m) that make a law of the model impossible, `AverageError` for those at which
    an average in its equations does not converge."""
    columns = {s: p[:, i] for i, s in enumerate(model.parameters)}
    for error, conditions in ((ParameterError, _given_laws(model)), (AverageError, _given_averages(model))):
        for expr, sentence in conditions:
            values = evaluate({_VALUE: expr}, [_VALUE], columns)[:, 0]
            bad = np.flatnonzero(values <= 0 if error is AverageError else values < -_ROUNDING * (1 + np.abs(values)))
            if bad.size:
                at = ", ".join(f"{s}={p[bad[0], i]:g}" for i, s in enumerate(model.parameters) if s in expr.free_symbols)
                raise error(f"{model.name or model.title} at {at}: {sentence}")


_VALUE = sp.Symbol("value", real=True)


def check_converges(exprs: tuple[sp.Expr, ...], model: Model, x: Array, p: Array) -> None:
    """Raise `AverageError` if an average in ``exprs`` does not converge at the point x (n,), p (m,)."""
    symbols = (*model.unknowns, *model.parameters)
    columns = {s: np.array([v]) for s, v in zip(symbols, (*x, *p), strict=True)}
    for expr in exprs:
        for node, positive in existence(expr):
            if not any(nodes(positive, _NODES)) and evaluate({_VALUE: positive}, [_VALUE], columns)[0, 0] <= 0:
                raise AverageError(_diverges(node))


@lru_cache(maxsize=64)
def implied(model: Model) -> tuple[Condition, ...]:
    """What the laws of a model ask of its unknowns, beyond what their domain says already."""
    unknowns = set(model.unknowns)
    return tuple((e, s) for e, s in _laws(model) if e.free_symbols & unknowns and not _is_nonnegative(e, model.nonnegative or ()))


@lru_cache(maxsize=64)
def _given_laws(model: Model) -> tuple[Condition, ...]:
    return tuple((e, s) for e, s in _laws(model) if _is_given(e, model))


@lru_cache(maxsize=64)
def _given_averages(model: Model) -> tuple[Condition, ...]:
    found = dict.fromkeys(pair for e in model.residuals for pair in existence(e))
    return tuple((positive, _diverges(node)) for node, positive in found if _is_given(positive, model))


def _diverges(node: Average) -> str:
    return f"the average {node} does not converge: its body outgrows a Gaussian of variance {node.measure.cov[0, 0]}"


def _is_given(expr: sp.Expr, model: Model) -> bool:
    """True if the parameters alone decide the expression."""
    return bool(expr.free_symbols) and expr.free_symbols <= set(model.parameters) and not any(nodes(expr, _NODES))


def _laws(model: Model) -> Iterator[Condition]:
    """Conditions of all Gaussian laws that stand outside other averages."""
    exprs = [*model.residuals, *(model.resolve(e) for e in (*model.observables.values(), *model.indicators.values()))]
    measures = dict.fromkeys(n.measure for e in exprs for n in nodes(e, (Average, LogNorm)) if isinstance(n.measure, Measure))
    seen: set[sp.Expr] = set()
    for measure in measures:
        law: Any = measure.base if isinstance(measure, Tilted) else measure
        if isinstance(law, Gaussian) and not dangling(law):
            for expr, sentence in _of_law(law):
                if expr not in seen:
                    seen.add(expr)
                    yield expr, sentence


def _of_law(law: Gaussian) -> Iterator[Condition]:
    for i in range(law.dimension):
        var = law.cov[i, i]
        yield var, f"the variance {var} of a random variable is negative"
        for j in range(i):
            other, cov = law.cov[j, j], law.cov[i, j]
            if cov == 0:
                continue
            sentence = f"the covariance {cov} of two random variables is larger than their variances {var} and {other} allow"
            if var == other:
                yield sp.expand(var - cov), sentence
                yield sp.expand(var + cov), sentence
            else:
                yield sp.expand(var * other - cov**2), sentence


def _is_nonnegative(expr: sp.Expr, names: Any) -> bool:
    """True if the domains of symbols show it."""
    if expr.is_number:
        return bool(expr.is_nonnegative)
    if expr.is_Symbol:
        return expr.name in names
    if expr.is_Add or expr.is_Mul:
        return all(_is_nonnegative(a, names) for a in expr.args)
    if expr.is_Pow:
        return expr.exp.is_even is True or _is_nonnegative(expr.base, names)
    return isinstance(expr, (sp.exp, sp.Abs))
