"""x = 0 of a threshold-linear network lies on the kink: what a deviation does depends on its sign, so nothing is claimed."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.records import records
from meanfield.transfer import relu

STATIONARY = mf.models.by_name("rank1-stationary").with_transfer(relu)
INPUT = mf.models.by_name("rank1-input-stationary").with_transfer(relu)


@pytest.mark.parametrize("M_n", [0.5, 2.5])
@pytest.mark.parametrize("Sigma_m", [0.0, 0.5])
def test_stability_on_the_kink_is_not_told(M_n: float, Sigma_m: float) -> None:
    (rest,) = mf.solve(STATIONARY, find="all", g=0.5, M_m=1, M_n=M_n, Sigma_m=Sigma_m)
    assert rest["mu"] == rest["Delta_0"] == 0
    assert rest.stable is None and rest.physical is True
    assert np.isnan(rest["outlier"]) and rest.error["outlier"] == np.inf
    assert rest["chaos"] == pytest.approx(0.5**2 / 2 - 1)  # half of the neurons respond
    (kept,) = records([[rest]])[0]
    assert kept.stable is None


def test_beside_the_kink_it_is() -> None:
    """All neurons below threshold, or all above it, none of them fluctuating."""
    for M_I, stable in ((-1.0, True), (1.0, True)):
        found = mf.solve(INPUT, find="all", g=0.0, M_m=1, M_n=0.5, M_I=M_I)
        assert [s.stable for s in found] == [stable]
        assert found[0]["mu"] == pytest.approx(M_I if M_I < 0 else 2 * M_I)
    several = mf.solve(INPUT, g=0.0, M_m=1, M_n=0.5, M_I=np.array([-1.0, 0.0, 1.0]))
    assert several.stable.tolist() == [True, None, True]


def test_without_a_kink_nothing_changes() -> None:
    (rest,) = mf.solve(mf.models.by_name("rank1-stationary"), find="all", g=0.5, M_m=1, M_n=0.5)
    assert rest.stable is True
