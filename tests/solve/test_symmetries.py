"""Symmetries that hold only where parameters vanish are used at these points, and at no other."""

from __future__ import annotations

import numpy as np
import pytest

import meanfield as mf

STATIONARY = mf.models.by_name("rank1-input-stationary")
STRUCTURED = {"g": 0.8, "M_m": 1.0, "M_n": 1.5, "Sigma_m": 0.5}


def test_partners_without_an_input_are_images_of_each_other() -> None:
    points = mf.solve(STATIONARY, find="all", M_I=np.array([0.0, 0.01, 0.0, -0.01]), **STRUCTURED).points
    kappas = [[float(one["kappa"]) for one in point] for point in points]
    assert [len(k) for k in kappas] == [3, 3, 3, 3]
    for k in (0, 2):
        np.testing.assert_allclose(kappas[k], [-one for one in reversed(kappas[k])], rtol=1e-13)
        assert kappas[k][1] == 0.0
    assert kappas[1][1] < -0.01 and kappas[3][1] > 0.01
    np.testing.assert_allclose(kappas[1], [-k for k in reversed(kappas[3])], rtol=1e-12)


def test_next_to_the_pitchfork_no_state_is_found_without_its_partner() -> None:
    """With the symmetry unknown, 9 of these 42 points had two states of three."""
    excess = 10.0 ** np.arange(-13, -6, 0.5)
    for g in (0.0, 0.5, 0.8):
        for point, e in zip(
            mf.solve(STATIONARY, find="all", **{**STRUCTURED, "g": g, "M_n": 1 + excess}).points, excess, strict=True
        ):
            signs = [float(np.sign(one["kappa"])) for one in point]
            assert sorted(signs) == sorted(-s for s in signs), (g, e)
            assert e < 1e-10 or signs == [-1.0, 0.0, 1.0], (g, e)


@pytest.mark.parametrize("find", ["one", "all"])
def test_points_with_and_without_input_keep_their_order(find: str) -> None:
    inputs = np.array([[0.0, 0.2, 0.0], [0.1, 0.0, 0.3]])
    whole = mf.solve(STATIONARY, find=find, M_I=inputs, **STRUCTURED)
    for i, m in enumerate(inputs.ravel()):
        alone = mf.solve(STATIONARY, find=find, M_I=float(m), **STRUCTURED)
        if find == "one":
            assert abs(whole["kappa"].ravel()[i] - alone["kappa"]) < 1e-12
        else:
            np.testing.assert_allclose([s["kappa"] for s in whole.points[i]], [s["kappa"] for s in alone], atol=1e-12)
