"""Where an invariant subspace loses its stability in directions that leave it."""

import pytest
import sympy as sp

import meanfield as mf
from meanfield.conditions import symmetry_breaking
from meanfield.conditions.transversal import transversal
from meanfield.errors import ModelError

RANK1 = mf.models.by_name("rank1-stationary")
MU, DELTA = RANK1.unknowns
REST = {MU: sp.S.Zero, DELTA: sp.S.Zero}
HELD = {"g": 0.5, "M_m": 0.8, "Sigma_m": 0.3}


def test_rest_of_the_rank_one_network_is_singular_in_the_mean_at_the_pitchfork():
    boundary = transversal(RANK1, REST, [MU], free="M_n")
    assert boundary.implicit[-1].free_symbols == {s for s in RANK1.parameters if s.name in ("M_m", "M_n")}
    found = mf.solve(boundary, **HELD)
    assert abs(found["M_n"] - 1.25) <= found.error["M_n"] < 1e-14  # M_m M_n phi'(0) = 1
    assert (found["mu"], found["Delta_0"]) == (0.0, 0.0)


def test_rest_is_singular_in_the_variance_where_the_gain_is_one():
    found = mf.solve(transversal(RANK1, REST, [DELTA], free="g"), M_m=0.8, M_n=0.4, Sigma_m=0.3)
    assert abs(found["g"] - 1) <= found.error["g"] < 1e-14  # g phi'(0) = 1


def test_a_declared_symmetry_is_a_special_case():
    a, x, y = mf.parameters("a")[0], mf.unknown("x"), mf.unknown("y")
    model = mf.Model(
        "two variables", unknowns=(x, y), parameters=(a,), implicit=[x * (a - y - x**2), y - 2 - x**2], symmetries=[{x: -x}]
    )
    here = mf.solve(transversal(model, {x: sp.S.Zero}, [x], free="a"), find="all")
    there = mf.solve(symmetry_breaking(model, 0, free="a"), find="all")
    assert [(s["y"], s["a"]) for s in here] == [(s["y"], s["a"]) for s in there] == [(2.0, 2.0)]


@pytest.mark.parametrize(
    ("values", "critical", "says"),
    [
        (REST, [], r"held on the trunk \(mu, Delta_0\), got none"),
        ({MU: sp.S.Zero}, [DELTA], r"held on the trunk \(mu\), got Delta_0"),
        ({MU: sp.S.One, DELTA: sp.S.Zero}, [MU], "not solutions|equations depend on"),
    ],
)
def test_what_is_no_trunk_is_refused(values, critical, says):
    with pytest.raises(ModelError, match=says):
        transversal(RANK1, values, critical, free="M_n")
