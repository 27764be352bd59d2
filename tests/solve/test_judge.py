"""Acceptance, physical and stable: domains, sampled conditions, refusals, spectra and their special matrix at zero."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield import models
from meanfield.compile import compile
from meanfield.model import Model, Spectrum
from meanfield.solve.judge import accept, holds, spectra, stability, stability_of_drafts
from meanfield.symbols import parameters, symbol, unknown

x, y, a, s = unknown("x"), unknown("y", nonnegative=True), parameters("a")[0], symbol("s")
STATIONARY = models.by_name("rank1-stationary")


def kernel(**parts):
    return compile(
        Model("a plane", implicit=[x - a, y - a**2], unknowns=(x, y), parameters=(a,), nonnegative=frozenset({"y"}), **parts)
    )


POINTS = np.array([[0.5, 0.25], [-1.0, 1.0], [2.0, 0.0], [np.nan, 1.0], [0.1, -1e-3], [0.1, -1e-12]])
P, ERROR = np.ones((6, 1)), np.full((6, 2), 1e-10)


def reasons(k, points=POINTS, error=ERROR):
    verdict = accept(k, points, P[: len(points)], error[: len(points)])
    np.testing.assert_array_equal(verdict.accepted, verdict.reason < 0)
    return [None if r < 0 else verdict.sentences[r] for r in verdict.reason]


def test_the_domain_of_the_unknowns():
    assert reasons(kernel()) == [None, None, None, "the root is not a finite number", "y is negative", None]


def test_conditions_and_their_sentences():
    found = reasons(kernel(accept={"x is at least y": x - y}, refuse={"y vanishes": y}))
    assert found[0] is None and found[1] == "not true: x is at least y" and found[2] == "y vanishes"
    assert found[5] == "y vanishes"  # within its error


def test_a_condition_with_s_must_hold_for_all_s():
    k = kernel(accept={"between": y - 1 + 4 * (s - sp.Rational(1, 2)) ** 2 * x})
    found = reasons(k, np.array([[1.0, 1.2], [1.0, 0.9], [-1.0, 1.1], [-0.05, 1.1]]))
    assert found == [None, "not true: between", "not true: between", None]


def test_within_the_claimed_error_a_condition_holds():
    k = kernel(accept={"x is not negative": x})
    points = np.array([[-1e-5, 1.0], [-1e-5, 1.0]])
    assert reasons(k, points, np.array([[1e-5, 0], [1e-12, 0]])) == [None, "not true: x is not negative"]


def test_labels():
    k = kernel()
    inside = POINTS[:3]
    p = P[:3]
    assert holds(k, None, inside, p, strict=True) is None
    np.testing.assert_array_equal(holds(k, False, inside, p, strict=True), False)
    np.testing.assert_array_equal(holds(k, {}, inside, p, strict=True), True)
    both = {"first": x, "second": 1 - y}
    np.testing.assert_array_equal(holds(k, both, inside, p, strict=False), [True, False, True])
    np.testing.assert_array_equal(holds(k, {"edge": y}, inside, p, strict=True), [True, True, False])
    np.testing.assert_array_equal(holds(k, {"edge": y}, inside, p, strict=False), [True, True, True])


def test_stability_needs_every_eigenvalue_below_one():
    rotation = sp.ImmutableMatrix([[x, -2], [2, x]])
    k = kernel(spectra={"modes": Spectrum(rotation, at_zero=(y, sp.ImmutableMatrix([[3 * a]])))}, stable={"y is below 2": 2 - y})
    points = np.array([[0.5, 1.0], [1.5, 1.0], [0.5, 3.0], [0.5, 0.0]])
    error, p = np.full((4, 2), 1e-12), np.array([[1.0], [1.0], [1.0], [0.2]])
    np.testing.assert_array_equal(stability(k, points, p, error), [True, False, False, True])
    modes = spectra(k, points, p, error)["modes"]
    np.testing.assert_allclose(np.sort_complex(modes[0]), [0.5 - 2j, 0.5 + 2j])
    np.testing.assert_allclose(modes[3], [0.6])
    assert stability(kernel(stable=None), points, p, error) is None
    np.testing.assert_array_equal(stability(kernel(stable=True), points, p, error), True)


@pytest.mark.parametrize(
    ("values", "physical", "stable"),
    [
        ({"g": 0.5, "M_n": 0.5}, [True], [True]),
        ({"g": 0.5, "M_n": 2}, [True, True, True], [True, False, True]),
        ({"g": 1.5, "M_n": 0.5}, [True, False], [False, False]),  # x = 0 is physical, the frozen state is not
    ],
)
def test_stationary_states_as_the_conventions_say(values, physical, stable):
    found = sorted(mf.solve(STATIONARY, find="all", M_m=1, **values), key=lambda state: (state["mu"], state["Delta_0"]))
    assert [state.physical for state in found] == physical
    assert [state.stable for state in found] == stable
    for state in found:
        if state["mu"] == 0 == state["Delta_0"]:
            np.testing.assert_allclose(state.spectra["outliers"], [values["M_n"]])


def test_static_stability_of_chaotic_states():
    """dF/dkappa with the variances solved again at each kappa; THEORY's numbers for g = 2.1, M_n = 2.5, Sigma_m = 1."""
    below, zero, above = mf.solve(models.by_name("rank1-chaotic"), find="all", g=2.1, M_m=1, M_n=2.5, Sigma_m=1)
    assert [state.stable for state in (below, zero, above)] == [True, False, True]
    assert above.spectra["static"][0].real == pytest.approx(0.803, abs=5e-4)
    assert zero.spectra["static"][0].real == pytest.approx(1.157, abs=5e-4)
    assert all(state.physical is True for state in (below, zero, above))


def test_sketches_tell_stable_states_from_others_where_they_can():
    """Homogeneous chaos 1e-6 and 1e-8 of M_m beside its pitchfork: what a sketch says there is chance."""
    chaotic = models.by_name("rank1-chaotic")
    edge = mf.solve(mf.indicator_zero(chaotic, "structure", "M_m"), g=1.13442637, M_n=2.0, Sigma_m=1.0)["M_m"]
    aside = np.array([-0.5, -0.1, -1e-4, -1e-6, -1e-8, 1e-8, 1e-6, 1e-4, 0.1, 0.5])
    state = mf.solve(chaotic, g=1.13442637, M_m=0.0, M_n=2.0, Sigma_m=1.0)
    at = np.repeat(state.rows.x, len(aside), axis=0)
    p = np.repeat(state.p, len(aside), axis=0)
    p[:, [q.name for q in chaotic.parameters].index("M_m")] = edge * (1 + aside)
    told = stability_of_drafts(compile(chaotic), at, p, np.full(at.shape, 1e-12))
    np.testing.assert_array_equal(told, aside < 0)
