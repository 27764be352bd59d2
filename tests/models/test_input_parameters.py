"""The parameters of the input: variance and covariances that belong together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meanfield.errors import ParameterError
from meanfield.models.rank1_input_stationary import input_variance

numbers = st.floats(0.1, 3)


@given(numbers, numbers, st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 3), st.integers(0, 2**32 - 1))
def test_the_variance_is_that_of_the_input_written_out(
    Sigma_m: float, Sigma_n: float, Sigma_mI: float, Sigma_nI: float, Sigma_perp: float, seed: int
) -> None:
    given_ = {"Sigma_m": Sigma_m, "Sigma_n": Sigma_n, "Sigma_mI": Sigma_mI, "Sigma_nI": Sigma_nI, "Sigma_perp": Sigma_perp}
    out = input_variance({"g": 2.0, **given_})
    weights = np.array([Sigma_mI / Sigma_m, Sigma_nI / Sigma_n, Sigma_perp])
    assert out["Sigma_I_squared"] == pytest.approx(weights @ weights)
    assert "Sigma_n" not in out and "Sigma_perp" not in out and out["g"] == 2.0


def test_zero_over_zero_is_zero() -> None:
    assert input_variance({"Sigma_m": 0, "Sigma_mI": 0, "Sigma_perp": 2})["Sigma_I_squared"] == 4
    out = input_variance({"Sigma_m": np.array([0.0, 1.0]), "Sigma_mI": np.array([0.0, 0.5])})
    assert np.array_equal(out["Sigma_I_squared"], [0.0, 0.25])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Sigma_mI": 0.1}, "vector m that does not vary"),
        ({"Sigma_nI": 0.1}, "vector n that does not vary.*or give Sigma_I_squared"),
        ({"Sigma_m": 1, "Sigma_mI": np.array([0.0, 2.0]), "Sigma_I_squared": 1}, "too small"),
        ({"Sigma_nI": 0.1, "Sigma_I_squared": 0}, "larger if Sigma_nI is not 0"),
        ({"Sigma_n": 1, "Sigma_I_squared": 1}, "either Sigma_I_squared or Sigma_n"),
        ({"Sigma_perp": -1}, "must not be negative"),
    ],
)
def test_inconsistent_covariances_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        input_variance(values)
