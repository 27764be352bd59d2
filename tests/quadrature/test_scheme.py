"""quadpy's scheme protocol."""

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

from meanfield.errors import QuadratureError
from meanfield.quadrature import gauss_hermite, quadpy_scheme, rule_from_scheme


def scheme(count: int, *, row: bool) -> SimpleNamespace:
    points, weights = np.polynomial.hermite.hermgauss(count)
    return SimpleNamespace(points=points[None, ::-1] if row else points, weights=weights, degree=2 * count - 1)


@pytest.mark.parametrize("row", [False, True])
def test_a_scheme_becomes_the_rule_of_the_normal_measure(row: bool) -> None:
    rule, known = rule_from_scheme(scheme(9, row=row)), gauss_hermite(9)
    assert np.abs(rule.nodes - known.nodes).max() < 1e-13
    assert np.abs(rule.weights - known.weights).max() < 1e-14


def test_other_objects_are_refused_by_name() -> None:
    with pytest.raises(QuadratureError, match="lacks weights"):
        rule_from_scheme(SimpleNamespace(points=np.zeros(3)))
    with pytest.raises(QuadratureError, match=r"\(2, 3\)"):
        rule_from_scheme(SimpleNamespace(points=np.zeros((2, 3)), weights=np.ones(3)))
    with pytest.raises(QuadratureError, match="e1r2"):
        rule_from_scheme(SimpleNamespace(points=np.zeros(3), weights=np.ones(3)))
    with pytest.raises(QuadratureError, match="degree"):
        quadpy_scheme(-1)


@pytest.mark.skipif(importlib.util.find_spec("quadpy") is not None, reason="quadpy is installed here")
def test_a_missing_quadpy_is_explained() -> None:
    with pytest.raises(QuadratureError, match="commercial licence"):
        quadpy_scheme(9)
