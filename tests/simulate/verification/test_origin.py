"""The state x = 0: nothing has a size there, and networks that start in it show nothing."""

import pytest

import meanfield as mf
from meanfield.errors import ParameterError
from meanfield.simulate import Start
from meanfield.simulate.verification import Verdict, Verification, verify

SMALL = {"neurons": (50, 100, 200), "networks": 4}
AT = {"g": 0.5, "M_m": 1}


def resting(settings: dict | None = None, model: str = "rank1-stationary", **parameters: float) -> Verification:
    return verify(mf.models.by_name(model), settings=settings or {}, **SMALL, **{**AT, **parameters})


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_networks_that_come_to_rest_at_zero_pass(precision: str) -> None:
    """They divided by Delta_0 of the networks, which is 0 there."""
    result = resting({"precision": precision}, M_n=0.7)
    assert result.passed, str(result)
    assert {c.name for c in result.comparisons} == {"mu", "Delta_0", "kappa", "mean_phi", "bulk_radius"}
    assert [result[n].scale for n in ("Delta_0", "mu")] == pytest.approx([0.01, 0.1])  # of the start
    assert "x = 0" in result.note and "0.01" in result.note


def test_driven_networks_without_input_pass() -> None:
    assert resting(model="rank1-input-stationary", M_n=0.5).passed


def test_networks_do_not_stay_at_an_unstable_zero() -> None:
    """Those that start at 0 itself stayed there, whatever its stability."""
    states = mf.solve(mf.models.by_name("rank1-stationary"), find="all", M_n=2, **AT)
    zero = min(range(len(states)), key=lambda k: abs(states[k]["mu"]))
    result = verify(mf.models.by_name("rank1-stationary"), state=zero, **SMALL, M_n=2, **AT)
    assert result.verdict is Verdict.INCONCLUSIVE and "too few networks are in the state" in result.why
    assert all("in another state" in words for counts in result.counts for words in counts)
    with pytest.raises(ParameterError, match="x = 0, where any network stays that starts there"):
        resting({"start": Start(variance=0.0)}, M_n=0.9)


def test_networks_that_have_not_come_to_rest_are_told() -> None:
    result = resting({"transient": 4, "time": 4}, M_n=0.9)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(set(counts) == {"moving, where the theory is at rest"} for counts in result.counts)


def test_a_theory_of_networks_without_their_input_fails() -> None:
    model, g = mf.models.by_name("rank1-input-stationary"), mf.parameter("g", nonnegative=True)
    driven = model.changed(network=mf.network(mf.transfer.tanh, strength=g, covariances={("I", "I"): 0.01}))
    result = verify(driven, **SMALL, quantities=["Delta_0"], g=0.5, M_m=0, M_n=0)
    assert result.verdict is Verdict.FAIL


def test_without_random_part_only_the_variance_is_zero() -> None:
    """All networks are the same but for rounding, which is not called off the line."""
    result = resting(g=0.0, M_n=2)
    assert result.passed, str(result)
    assert result["Delta_0"].scale == pytest.approx(result["mu"].theory ** 2, rel=1e-3)
    assert not result.note
