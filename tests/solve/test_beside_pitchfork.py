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


MERGERS = [(2.4146366270178246, {"M_n": 2.5, "Sigma_m": 1}), (1.4811625950714296, {"M_n": 1.5, "Sigma_m": 0})]


@pytest.mark.parametrize(("merger", "more"), MERGERS)
@pytest.mark.parametrize("left", [1e-7, 1e-8, 1e-9])
def test_structured_chaos_is_found_up_to_the_merger(merger, more, left):
    """Newton's method stood still on the noise of one equation, with more left of another one than that one's own claim: of three
    states one was missing, or two, or all."""
    chaotic = mf.models.by_name("rank1-chaotic")
    alone = mf.solve(chaotic, find="all", g=merger * (1 - left), M_m=1, **more)
    many = mf.solve(chaotic, find="all", g=merger * (1 - left * np.array([1.0, 1.1])), M_m=1, **more)
    for states in (alone, *many.points):
        assert [s.stable for s in states] == [True, False, True]
        low, none, high = states
        assert abs(low["mu"] + high["mu"]) <= low.error["mu"] + high.error["mu"]
        assert abs(none["mu"]) <= none.error["mu"] < high["mu"] - high.error["mu"]
    assert alone[2]["mu"] == pytest.approx(_distance(merger, left), rel=1e-3)


def _distance(merger, left):
    """Of the structured states from mu = 0, as they have it farther away."""
    return {2.4146366270178246: 1.35625, 1.4811625950714296: 0.92432}[merger] * left**0.5


@pytest.mark.parametrize(("merger", "more"), MERGERS)
def test_nearer_than_double_precision_tells_a_claim_covers_the_pair(merger, more):
    left = np.array([1e-10, 1e-11, 1e-12, 1e-13])
    found = mf.solve(mf.models.by_name("rank1-chaotic"), find="all", g=merger * (1 - left), M_m=1, **more)
    for states, distance in zip(found.points, _distance(merger, left), strict=True):
        assert any(abs(s["mu"] - distance) <= s.error["mu"] < 1 for s in states)
        assert any(abs(s["mu"] + distance) <= s.error["mu"] < 1 for s in states)


@pytest.mark.parametrize("left", [3e-10, 1e-12])
def test_at_a_single_point_multiple_precision_tells_them(left):
    """One of the three was returned for all, with a claim of 1e-21."""
    merger, more = MERGERS[1]
    low, none, high = mf.solve(mf.models.by_name("rank1-chaotic"), find="all", g=merger * (1 - left), M_m=1, **more)
    assert none["mu"] == 0 and low["mu"] == -high["mu"] and high.error["mu"] < 1e-15
    assert high["mu"] == pytest.approx(_distance(merger, left), rel=1e-3)
    assert [s.stable for s in (low, none, high)] == [True, False, True]


@pytest.mark.parametrize("left", [1e-14, 0.0, -1e-14])
def test_the_symmetric_state_is_not_lost_at_the_merger_itself(left):
    """A claim on mu of more than Delta_0 had it refused as one in which nothing fluctuates."""
    merger, more = MERGERS[1]
    found = mf.solve(mf.models.by_name("rank1-chaotic"), find="all", g=np.full(2, merger * (1 - left)), M_m=1, **more)
    for states in found.points:
        assert states and all(abs(s["Delta_0"] - 0.71135290887) <= s.error["Delta_0"] + 1e-11 for s in states)
