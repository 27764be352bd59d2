"""Polished boundaries of the rank-one network against reference values (tanh, M_m = 1, Sigma_m = 0)."""

import numpy as np
import pytest

from meanfield import models
from meanfield.diagram.polish import polish, working_unknowns

STATIONARY, CHAOTIC = models.by_name("rank1-stationary"), models.by_name("rank1-chaotic")
X0 = {"mu": 0.0, "Delta_0": 0.0}


@pytest.mark.parametrize(
    ("model", "indicator", "free", "held", "start", "value"),
    [
        (STATIONARY, "chaos", "g", {"M_n": 2.0}, {"mu": 1.5, "Delta_0": 1.0, "g": 1.8}, 1.7299506422),
        (STATIONARY, "chaos", "M_n", {"g": 2.3256499033}, {"mu": 2.0, "Delta_0": 2.0, "M_n": 2.9}, 3.0),
        (CHAOTIC, "onset", "g", {"M_n": 2.0}, {"mu": 1.5, "Delta_0": 1.0, "Delta_inf": 0.8, "g": 1.8}, 1.7299506422),
        (CHAOTIC, "structure", "g", {"M_n": 3.0}, {"mu": 0.0, "Delta_0": 5.0, "Delta_inf": 0.0, "g": 2.8}, 2.8787528574),
        # Where the plain system is singular: the pitchfork from x = 0, and the onsets at x = 0.
        (STATIONARY, "outlier", "M_n", {"g": 0.5}, {**X0, "M_n": 1.1}, 1.0),
        (STATIONARY, "chaos", "g", {"M_n": 0.5}, {**X0, "g": 0.9}, 1.0),
        (CHAOTIC, "onset", "g", {"M_n": 0.5}, {"mu": 0.0, "Delta_0": 0.05, "Delta_inf": 0.0, "g": 1.05}, 1.0),
    ],
)
def test_boundaries_of_the_rank_one_network(model, indicator, free, held, start, value):
    parameters = {name: np.array([v]) for name, v in {"M_m": 1.0, "Sigma_m": 0.0, **held}.items()}
    starts = {name: np.array([v]) for name, v in start.items()}
    done = polish(model, indicator, free, parameters, starts)
    assert done.found.all() and abs(done.value[0] - value) <= done.error[0] + 1e-10 and done.error[0] < 1e-9
    assert done.zero[0, 0] == (start["mu"] == 0.0)


def test_working_unknowns_are_recovered_from_those_of_results():
    found = working_unknowns(CHAOTIC, {"mu": np.array([1.0]), "Delta_0": np.array([3.0]), "Delta_inf": np.array([2.0])})
    assert {name: v.tolist() for name, v in found.items()} == {"mu": [1.0], "Delta_inf": [2.0], "delta": [1.0]}


def test_where_nothing_is_found_it_is_said():
    parameters = {"M_m": np.array([1.0]), "Sigma_m": np.array([0.0]), "M_n": np.array([0.5])}
    done = polish(STATIONARY, "outlier", "g", parameters, {name: np.array([np.nan]) for name in ("mu", "Delta_0", "g")})
    assert not done.found.any()
