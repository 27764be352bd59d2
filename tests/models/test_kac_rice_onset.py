"""Kac-Rice fixed points near g = 1, where double precision cannot tell the phases apart: c -> (16/81)(g - 1)^3 (THEORY B6)."""

import numpy as np
import pytest

import meanfield as mf

MODEL = mf.models.by_name("kac-rice")


@pytest.mark.parametrize("excess", [3e-4, 1e-5])
def test_the_universal_limit(excess: float) -> None:
    (only,) = mf.solve(MODEL, g=1 + excess, D=0.0, find="all")
    assert only["complexity"] / excess**3 == pytest.approx(16 / 81, rel=4 * excess)
    assert only["alpha"] / excess == pytest.approx(2 / 3, rel=2 * excess)
    assert only.error["alpha"] < 1e-15


def test_a_batch_is_solved_like_its_points() -> None:
    g = 1 + np.array([2e-4, 1e-3, 0.5])
    batch = mf.solve(MODEL, g=g, D=0.0)
    assert batch.found.all()
    assert (batch.error["alpha"] < 1e-10).all()
    assert batch["alpha"][0] == mf.solve(MODEL, g=g[0], D=0.0)["alpha"]


def test_gamma_is_known_as_well_as_its_status_says() -> None:
    """It is solved for as gamma beta, and was known to 4.8e-10 only, "within the tolerance" of 1e-10."""
    state = mf.solve(mf.models.by_name("kac-rice"), g=1.0256911292539481, D=1.1048933328235197e-06)
    assert str(state.status).startswith("converged: ") and state.error["gamma"] < 1e-10
    sweep = mf.solve(mf.models.by_name("kac-rice"), g=[1.0256911292539481, 2.0], D=1.1048933328235197e-06)
    assert ["above" in str(s) for s in sweep.status] == [bool(e > 1e-10) for e in sweep.error["gamma"]]


@pytest.mark.parametrize("D", [1.3333351768406705e-09, 1.333323176812079e-09, 1.333203176526163e-09])
def test_next_to_the_onset_there_is_one_solution(D: float) -> None:
    """D_c (1 - 1e-6), D_c (1 - 1e-5), D_c (1 - 1e-4): ends of Newton's method, scattered by rounding, passed for a continuous
    family, of which five, three and two members were kept; each led to the same 40 digits."""
    (only,) = mf.solve(MODEL, g=1.001, D=D, find="all")
    assert only.stable is False and only.error["alpha"] < 1e-12 * only["alpha"]
    assert mf.solve(MODEL, g=1.001, D=D)["alpha"] == only["alpha"]


def test_a_sweep_next_to_the_onset_has_no_gaps() -> None:
    """Only eight points of a batch had been solved in multiple precision; the others had "no solution"."""
    D = np.linspace(1.3336e-6, 1.33363e-6, 12)
    every, one = mf.solve(MODEL, g=1.01, D=D, find="all"), mf.solve(MODEL, g=1.01, D=D)
    assert [len(point) for point in every.points] == [1] * 12
    alone = mf.solve(MODEL, g=1.01, D=D[10])
    assert one.found.all() and one["alpha"][10] == every.points[10][0]["alpha"] == alone["alpha"]
