"""A pair of states that leaves the symmetric one is told from it, however close, as far as double precision goes."""

import numpy as np
import pytest

import meanfield as mf


# Without inputs the second one has no declared symmetry, by which one of the pair would tell the other.
@pytest.mark.parametrize(("name", "digits"), [("rank1-stationary", 12.5), ("rank1-input-stationary", 9.0)])
@pytest.mark.parametrize("g", [0.0, 0.5, 0.8, 0.95])
def test_all_three_states_are_found_beyond_the_pitchfork(name, digits, g):
    model, beyond = mf.models.by_name(name), 10.0 ** -np.arange(3.0, digits, 0.5)
    found = mf.solve(model, find="all", g=g, M_m=1, M_n=1 + beyond, Sigma_m=0.5)
    for states, left in zip(found.points, beyond, strict=True):
        assert len(states) == 3, left
        mu, error = np.array([[s["mu"], s.error["mu"]] for s in states]).T
        assert mu[1] == error[1] == 0 and abs(mu[0] + mu[2]) <= error[0] + error[2] and (error[[0, 2]] < mu[2]).all()
        best = mf.solve(model, g=g, M_m=1, M_n=1 + left, Sigma_m=0.5)
        assert best.stable and abs(best["mu"] - mu[2]) <= error[2] + best.error["mu"]
