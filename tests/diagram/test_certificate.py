"""The certificate: along every grid edge the curves that cross it explain exactly what changes."""

from dataclasses import replace

import pytest
import sympy as sp

import meanfield as mf
from meanfield.diagram import diagram
from meanfield.diagram.certificate import certify, ends_of
from meanfield.diagram.ledger import Ledger
from tests import fakes
from tests.diagram.test_diagram import two_lines


@pytest.fixture(scope="module")
def cusp():
    return diagram(fakes.cusp(), plane=("a", "b"), window=((-1.0, 2.0), (-1.0, 1.0)), points=(15, 10))


def test_a_fold_is_two_states_one_of_them_stable(cusp):
    ledger = Ledger(cusp.sheets, {})
    ledger.add(cusp.curves)
    explained = ledger.explained()
    assert explained
    for crossing, (_, change) in zip(ledger.crossings, ledger.known.values(), strict=False):
        assert sorted(abs(n) for n in change.values()) == [1, 1], crossing
    inward = [change for (row, _, axis), change in explained.items() if axis == 1 and cusp.plane.y[row + 1] < 0]
    assert inward and all(sum(change.values()) == 2 for change in inward)


def test_a_state_that_a_search_has_missed_is_a_contradiction(cusp):
    sheet = cusp.sheets[0]
    row, column = 5, 13
    i = row * len(cusp.plane.x) + column
    assert len(sheet.points[i]) == 3
    points = [p[1:] if k == i else p for k, p in enumerate(sheet.points)]
    certificate, missing = certify([replace(sheet, points=points)], cusp.curves, {})
    assert set(missing) == {(row, column, 0), (row, column, 1), (row, column - 1, 0), (row - 1, column, 1)}
    assert all("1 " in text and "cusp" in text for text in certificate.missing)


def test_a_curve_that_is_there_twice_counts_once(cusp):
    assert certify(cusp.sheets, [*cusp.curves, *cusp.curves], {})[0]


def test_a_curve_that_explains_the_wrong_thing_does_not_help():
    d = diagram(two_lines(), plane=("a", "b"), window=((-1.0, 1.1), (-1.2, 1.0)), points=8)
    assert d.certificate
    for curve in d.curves:
        certificate, missing = certify(d.sheets, [curve], {})
        assert missing and not certificate


def test_the_pitchfork_makes_two_states_and_destabilises_one():
    d = diagram(fakes.pitchfork(), plane=("a", "b"), window=((-1.05, 1.0), (0.0, 1.0)), points=(6, 3))
    ledger = Ledger(d.sheets, {})
    ledger.add(d.curves)
    assert d.certificate and ledger.explained()
    for change in ledger.explained().values():
        assert sorted(change.values()) == [-1, 1, 2]


SQUARE = ((-1.5, 1.5), (-1.5, 1.5))  # with as many points along both sides the diagonal runs through grid points


def lines(**parts):
    u, a, b = mf.unknown("u"), *mf.parameters("a b")
    return mf.Model("line", name="line", equations={u: a}, parameters=[a, b], **{k: f(u, a, b) for k, f in parts.items()})


@pytest.mark.parametrize("points", [5, 7])
@pytest.mark.parametrize(
    "model",
    [
        lines(indicators=lambda u, a, b: {"diagonal": u - b}),
        lines(indicators=lambda u, a, b: {"other diagonal": u + b}),
        lines(accept=lambda u, a, b: {"diagonal": u - b}),
        lines(accept=lambda u, a, b: {"diagonal": b - u}),
    ],
)
def test_boundaries_through_grid_points_are_explained_and_missed_ones_are_not(model, points):
    d = diagram(model, plane=("a", "b"), window=SQUARE, points=points)
    assert d.certificate and d.certificate.differing
    assert len(certify(d.sheets, [], {})[1]) == d.certificate.differing
    states = d.sheets[0].points
    aside = [min(abs(r - c), abs(r + c - points + 1)) for r, c in (divmod(k, points) for k in range(points**2))]
    off = next(k for k, here in enumerate(states) if here and aside[k] > 1)  # none of its edges ends on a diagonal
    certificate, missing = certify(
        [replace(d.sheets[0], points=[[] if k == off else p for k, p in enumerate(states)])], d.curves, {}
    )
    assert not certificate and all(off in ends_of([edge], points) for edge in missing)


def test_a_pitchfork_through_grid_points():
    u, a, b = mf.unknown("u"), *mf.parameters("a b")
    starts = [{u: 0}, {u: 1}, {u: -1}]
    model = mf.Model("fork", equations={u: u + u * (a - b) - u**3}, starts=starts, symmetries=[{u: -u}])
    assert diagram(model, plane=("a", "b"), window=SQUARE, points=5).certificate


def test_what_two_joined_phases_both_say_counts_once():
    """Each of them ends at its own condition where the other one joins it: there the two curves are one."""
    u, a, b = mf.unknown("u"), *mf.parameters("a b")
    edge = a - sp.sin(b)
    upper = mf.Model("upper", name="upper", equations={u: a + edge}, parameters=[a, b], accept={"low": -edge})
    joined = mf.model.Junction(upper, condition=edge, arrive={u: u})
    lower = mf.Model("lower", name="lower", equations={u: a}, parameters=[a, b], accept={"high": edge}, junctions=[joined])
    d = diagram([lower, upper], plane=("a", "b"), window=SQUARE, points=6)
    assert d.certificate and {curve.condition for curve in d.curves} == {"low", "high"}
