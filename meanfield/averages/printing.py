"""Averages in print: ``<phi(x)^2>_{mu,Delta_0}`` as text, ``\\langle ... \\rangle`` in LaTeX, with the law as subscript."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp

from meanfield.averages.measures import Functional, Gaussian, Measure, Tilted, Uniform
from meanfield.averages.names import as_in_papers, latex_name
from meanfield.averages.scope import Bound, nodes, open_body

if TYPE_CHECKING:
    from meanfield.averages.node import Average

_NAMES = {Uniform: "s", Tilted: "y", Functional: "y"}


def _names(node: Average) -> list[str]:
    """Names under which a reader sees the variables of ``node``: primed until nothing inside has the same."""
    from meanfield.averages.node import Average

    measure = node.measure
    single = next((name for kind, name in _NAMES.items() if isinstance(measure, kind)), None)
    several = list("xyuvw") if measure.dimension <= 5 else [f"x_{i}" for i in range(measure.dimension)]
    names = [single] if single else several[: measure.dimension]
    taken = {s.name for s in node.body.free_symbols if not isinstance(s, Bound)}
    taken.update(*(_names(inner) for inner in nodes(node.body, Average, inside=True)))
    while taken & set(names):
        names = [name + "'" for name in names]
    return names


def _opened(node: Average) -> sp.Expr:
    return open_body(node.body, [sp.Symbol(name, real=True) for name in _names(node)])


def law_entries(measure: Measure) -> list[Any]:
    """What a subscript shows: mean, variance and covariances of a Gaussian without repetition; the name of other laws."""
    if isinstance(measure, Gaussian):
        entries = [*dict.fromkeys(measure.mean), *dict.fromkeys(measure.cov.diagonal())]
        off = [measure.cov[i, j] for i in range(measure.dimension) for j in range(i + 1, measure.dimension)]
        return [*entries, *dict.fromkeys(off)]
    return []


def _label(measure: Measure) -> str:
    return measure.name if isinstance(measure, Functional) else "mu*" if isinstance(measure, Tilted) else "[0,1]"


def _render(node: Average, printed: Callable[[Any], str]) -> tuple[str, str]:
    entries = law_entries(node.measure)
    return printed(_opened(node)), ", ".join(printed(e) for e in entries) if entries else _label(node.measure)


def text(node: Average, printer: Any) -> str:
    body, law = _render(node, printer._print)
    return f"<{body}>_{{{law}}}"


def latex(node: Average, printer: Any, exp: str | None = None) -> str:
    with as_in_papers(node, printer):
        body, law = _render(node, printer._print)
    if isinstance(node.measure, Functional | Tilted):
        law = latex_name(law) if isinstance(node.measure, Functional) else r"\mu^*"
    power = "" if exp is None else f"^{{{exp}}}"
    return rf"\left\langle {body} \right\rangle_{{{law}}}{power}"
