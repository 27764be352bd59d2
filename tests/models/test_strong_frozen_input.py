"""Chaos under a strong frozen input: wide laws near correlation 1, where searches had too few nodes to see the states."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.transfer import tanh


@pytest.mark.parametrize(("g", "D"), [(5.0, 140.0), (7.0, 100.0)])  # .91 and .16 of where fixed points cease to be many
def test_chaos_is_found_as_by_the_spectrum(g: float, D: float) -> None:
    found = mf.solve(mf.models.by_name("rank1-input-chaotic"), g=g, M_m=0, M_n=0, Sigma_I_squared=D)
    spectrum = mf.stationary_spectrum(tanh, g=g, D=D)  # in Fourier space, without pair averages of the model
    assert np.isfinite(float(found["Delta_0"]))
    assert abs(float(found["Delta_0"]) - float(spectrum.Delta_0)) <= float(found.error["Delta_0"]) + float(
        spectrum.error["Delta_0"]
    )
