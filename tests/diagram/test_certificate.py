"""The certificate: along every grid edge the curves that cross it explain exactly what changes."""

from dataclasses import replace

import pytest

from meanfield.diagram import diagram
from meanfield.diagram.certificate import certify
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
