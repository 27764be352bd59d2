"""One group of averages from the nodes that share a law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from meanfield.averages import Average, DividedDifference, LogNorm
from meanfield.averages.scope import open_body
from meanfield.compile.group import Group

Values = dict[sp.Basic, sp.Expr]
Scalar = Callable[[sp.Basic], sp.Basic]
X = sp.Symbol("X", real=True)


def build_group(
    key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]
) -> tuple[Group, Values]:
    """The group for ``members``, all of one ``key``, and the value of each as an expression in the group's outputs.

    ``scalar`` exchanges averages that earlier groups supply for their symbols.
    """
    builder = {
        "law": _law,
        "pair": _pair,
        "tilted": _tilted,
        "uniform": _nested,
        "nested": _nested,
        "segment": _segment,
        "data": _data,
        "general": _general,
        "kinked": _kinked,
        "kinked pair": _pair,
    }
    return builder[key[0]](key, members, scalar, prefix, symbols)


def _law(key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]) -> tuple[Group, Values]:
    from meanfield.compile.kinks import kink_terms
    from meanfield.compile.scalar_law import ScalarLaw

    mean, var = scalar(key[1]), scalar(key[2])
    bodies = [scalar(open_body(m.body, [X])) for m in members]
    group = ScalarLaw(mean, var, bodies, X, prefix)
    values = {m: v + kink_terms(b, X, mean, var) for m, v, b in zip(members, group.values, bodies, strict=True)}
    return group, values


def _tilted(
    key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]
) -> tuple[Group, Values]:
    from meanfield.compile.tilted_law import TiltedLaw

    law = key[1]
    averages = [m for m in members if isinstance(m, Average)]
    bodies = [scalar(open_body(m.body, [X])) for m in averages]
    log_tilt = scalar(open_body(law.log_tilt, [X]))
    group = TiltedLaw(scalar(law.base.mean[0]), scalar(law.base.cov[0, 0]), log_tilt, bodies, X, prefix)
    values: Values = dict(zip(averages, group.values, strict=True))
    values |= {m: group.log_norm for m in members if isinstance(m, LogNorm)}
    return group, values


def _pair(key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]) -> tuple[Group, Values]:
    from meanfield.compile.kinked_law import KinkedPairLaw
    from meanfield.compile.pair_law import PairLaw, PairTerm
    from meanfield.compile.plan import pair_of, separable

    var = key[2]
    covs: dict[sp.Expr, int] = {}

    def place(cov: sp.Expr) -> int:
        return -1 if cov == var else covs.setdefault(cov, len(covs))

    terms = []
    for m in members:
        if isinstance(m, Average) and m.measure.dimension == 1:
            terms.append(PairTerm(scalar(open_body(m.body, [X])), sp.S.One, ()))
            continue
        average = pair_of(m) if isinstance(m, DividedDifference) else m
        points = m.points if isinstance(m, DividedDifference) else [m.measure.cov[0, 1]]
        f, g = separable(average)  # type: ignore[misc, arg-type]
        opened = [scalar(open_body(h, [X, X])) for h in (f, g)]
        terms.append(PairTerm(opened[0], opened[1], tuple(sorted(place(p) for p in points))))
    kind = PairLaw if key[0] == "pair" else KinkedPairLaw
    group = kind(scalar(key[1]), scalar(var), [scalar(c) for c in covs], terms, X, prefix)
    return group, dict(zip(members, group.outputs, strict=True))


def _nested(
    key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]
) -> tuple[Group, Values]:
    from meanfield.compile.nested import NestedLaw

    group = NestedLaw(members[0].measure, [m.body for m in members], scalar, prefix)
    return group, dict(zip(members, group.outputs, strict=True))


def _segment(
    key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]
) -> tuple[Group, Values]:
    """Divided differences that no series gives, as integrals over [0, 1]."""
    from meanfield.averages import Uniform
    from meanfield.averages.divided_difference import integrand
    from meanfield.averages.passes import closed_forms
    from meanfield.compile.nested import NestedLaw

    group = NestedLaw(Uniform(), [closed_forms(integrand(m)) for m in members], scalar, prefix, smooth=key[2])
    return group, dict(zip(members, group.outputs, strict=True))


def _data(key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]) -> tuple[Group, Values]:
    from meanfield.compile.sample import SampleLaw

    group = SampleLaw(key[1], [scalar(open_body(m.body, [X])) for m in members], X, prefix)
    return group, dict(zip(members, group.values, strict=True))


def _general(
    key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]
) -> tuple[Group, Values]:
    from meanfield.compile.general import GeneralLaw

    group = GeneralLaw(key[1], members, scalar, prefix)
    return group, dict(zip(members, group.outputs, strict=True))


def _kinked(
    key: Any, members: Sequence[sp.Basic], scalar: Scalar, prefix: str, symbols: Sequence[sp.Symbol]
) -> tuple[Group, Values]:
    from meanfield.compile.kinked_pairs import KinkedPairs
    from meanfield.compile.pair_kinks import pair_kink_terms

    group = KinkedPairs(key[1], [m.body for m in members], scalar, prefix)
    return group, {m: o + scalar(pair_kink_terms(m)) for m, o in zip(members, group.outputs, strict=True)}
