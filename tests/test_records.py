"""Records of many solutions, evaluated together, are those of each alone."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.records import per_point, record, records

STATIONARY = mf.models.by_name("rank1-stationary")
POINTS = {"g": [0.5, 1.2, 0.9], "M_n": [2.0, 2.0, 0.5], "M_m": 1.0, "Sigma_m": 0.0}


def near(one, two):
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(near(one[k], two[k]) for k in one)
    return np.allclose(one, two, rtol=1e-9, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("observables", [None, (), ("outliers",), ("kappa",)])
def test_a_batch_says_what_its_solutions_say(observables):
    found, whys = per_point(mf.solve(STATIONARY, find="all", **POINTS))
    together = records(found, observables)
    assert [len(p) for p in together] == [len(p) for p in found] and min(map(len, found)) > 0 and len(whys) == 3
    for point, states in zip(found, together, strict=True):
        for solution, state in zip(point, states, strict=True):
            alone = record(solution, observables)
            assert near(state.unknowns, alone.unknowns) and near(state.indicators, alone.indicators)
            assert near(state.observables, alone.observables) and state.parameters == alone.parameters
            assert (state.physical, state.stable, state.status) == (alone.physical, alone.stable, alone.status)


def test_one_state_of_a_grid_is_taken_apart():
    model = mf.models.by_name("scs")
    found, whys = per_point(mf.solve(model, g=[0.5, 2.0], sigma_squared=0.0))
    assert [len(point) for point in found] == [0, 1] and whys[0]
    ((), (state,)) = records(found)
    assert abs(state.unknowns["Delta_0"] - 1.9248054137) < 1e-9 and state.parameters == {"g": 2.0, "sigma_squared": 0.0}


def test_a_single_point():
    model = mf.models.by_name("scs")
    (one,), _ = per_point(mf.solve(model, g=2.0, sigma_squared=0.0))
    assert len(one) == 1
    (none,), (why,) = per_point(mf.solve(model, g=0.5, sigma_squared=0.0))
    assert none == [] and why
