"""Chaos in laws as wide as 213 standard deviations whose correlations are near 1: under a strong frozen input, or a frozen mean."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.transfer import tanh

CHAOS = mf.models.by_name("rank1-input-chaotic")


@pytest.mark.parametrize(("g", "D"), [(5.0, 140.0), (7.0, 100.0)])  # .91 and .16 of where fixed points cease to be many
def test_chaos_is_found_as_by_the_spectrum(g: float, D: float) -> None:
    found = mf.solve(CHAOS, g=g, M_m=0, M_n=0, Sigma_I_squared=D)
    spectrum = mf.stationary_spectrum(tanh, g=g, D=D)  # in Fourier space, without pair averages of the model
    assert np.isfinite(float(found["Delta_0"]))
    assert abs(float(found["Delta_0"]) - float(spectrum.Delta_0)) <= float(found.error["Delta_0"]) + float(
        spectrum.error["Delta_0"]
    )


@pytest.mark.parametrize(
    ("g", "D", "Delta_0", "Delta_T"),
    [  # Newton's method in extended precision, by a product rule whose steps agree; the last ones are 3e-6, 1e-6 below the edge
        (10, 1500.0, 1597.94916673328112, 0.805267156364349534),
        (15, 7000.0, 7222.8022982545026, 1.04378926937948502),
        (20, 4000.0, 4392.37011333756254, 11.2526272250737911),
        (20, 30000.0, 30398.1453946674192, 0.497657009847841447),
        (20, 44800.0, 45198.4988151187281, 0.00149231398880431067),
        (5, 153.014, 176.51611022802345, 1.78166545632344363e-06),
        (20, 44871.87, 45270.3700075064771, 9.71125671320479741e-07),
    ],
)
def test_chaos_up_to_its_end(g: float, D: float, Delta_0: float, Delta_T: float) -> None:
    state = mf.solve(CHAOS, g=g, M_m=0, M_n=0, Sigma_I_squared=D)
    for name, truth in (("Delta_0", Delta_0), ("Delta_T", Delta_T)):
        claim = float(state.error[name])
        assert abs(float(state[name]) - truth) <= claim
        assert claim <= 1e-10 * max(1.0, truth)


def test_a_complete_search_finds_it_too() -> None:
    states = mf.solve(CHAOS, g=15, M_m=0, M_n=0, Sigma_I_squared=7000, find="all")
    assert [float(state["Delta_T"]) for state in states] == pytest.approx([1.04378926937948502], abs=1e-10)


def test_beyond_its_end_there_is_none() -> None:
    assert np.isnan(float(mf.solve(CHAOS, g=10, M_m=0, M_n=0, Sigma_I_squared=2730.6 * (1 + 1e-5))["Delta_0"]))


@pytest.mark.parametrize(
    ("g", "M_n", "Sigma_m", "mu", "Delta_0", "Delta_T"),
    [  # as above, with the mean; the last one is 1e-6 from the onset of chaos
        (20.0, 40.0, 1.0, 21.7324374099879449, 851.70716292470695, 37.0149202018925862),
        (12.0, 20.0, 2.0, 5.36045884041868792, 244.135925251469502, 25.9390036683569072),
        (20.0, 30.0, 0.0, 22.6260886959122622, 379.227119243501932, 36.907955327511857),
        (6.28333, 20.0, 1.0, 12.5995102990282923, 196.728262509672049, 7.37589447730200468e-06),
    ],
)
def test_structured_chaos(g: float, M_n: float, Sigma_m: float, mu: float, Delta_0: float, Delta_T: float) -> None:
    state = mf.solve(mf.models.by_name("rank1-chaotic"), g=g, M_m=1, M_n=M_n, Sigma_m=Sigma_m)
    for name, truth in (("mu", mu), ("Delta_0", Delta_0), ("Delta_T", Delta_T)):
        claim = float(state.error[name])
        assert abs(abs(float(state[name])) - truth) <= claim
        assert claim <= 1e-10 * max(1.0, truth)
