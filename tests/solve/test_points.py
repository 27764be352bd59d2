"""Keywords become points: broadcasting, defaults, and every refusal in one sentence."""

import numpy as np
import pytest

import meanfield as mf
from meanfield import models
from meanfield.errors import ParameterError
from meanfield.solve.points import parameter_points

STATIONARY = models.by_name("rank1-stationary")
INPUT = models.by_name("rank1-input-stationary")
FIXED = {"M_m": 1.0, "M_n": 2.0}


def test_numbers_are_one_point_with_defaults_filled_in():
    points = parameter_points(STATIONARY, {"g": 0.5, **FIXED})
    assert points.shape == () and points.names == ("g", "M_m", "M_n", "Sigma_m")
    np.testing.assert_array_equal(points.p, [[0.5, 1.0, 2.0, 0.0]])
    assert points.of(0) == {"g": 0.5, "M_m": 1.0, "M_n": 2.0}


def test_arrays_broadcast_to_a_grid():
    g, M_n = np.array([0.5, 1.0, 1.5])[:, None], np.array([1.0, 2.0])
    points = parameter_points(STATIONARY, {"g": g, "M_m": 1, "M_n": M_n})
    assert points.shape == (3, 2) and points.p.shape == (6, 4)
    np.testing.assert_array_equal(points.p[:, 0], [0.5, 0.5, 1.0, 1.0, 1.5, 1.5])
    np.testing.assert_array_equal(points.p[:, 2], [1.0, 2.0] * 3)


def test_an_array_of_one_point_is_not_a_number():
    assert parameter_points(STATIONARY, {"g": [0.5], **FIXED}).shape == (1,)
    assert parameter_points(STATIONARY, {"g": np.float64(0.5), **FIXED}).shape == ()


def test_other_names_are_prepared():
    points = parameter_points(INPUT, {"g": 1, **FIXED, "Sigma_perp": [0.0, 0.5]})
    assert "Sigma_perp" not in points.names
    np.testing.assert_array_equal(points.p[:, points.names.index("Sigma_I_squared")], [0.0, 0.25])
    np.testing.assert_array_equal(points.given["Sigma_perp"], [0.0, 0.5])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"g": 1, "M_m": 1, "M_n": 1, "Sigma_n": 1}, ["no parameter 'Sigma_n'", "Sigma_m"]),
        ({"G": 1, "M_m": 1, "M_n": 1}, ["no parameter 'G'", "g"]),
        ({"g": 1, "M_m": 1}, ["needs", "'M_n'", "M_n=..."]),
        ({"g": np.nan, **FIXED}, ["'g'", "finite"]),
        ({"g": [1.0, np.inf], **FIXED}, ["'g'", "finite"]),
        ({"g": -1, **FIXED}, ["'g'", "negative", "-1"]),
        ({"g": 1, **FIXED, "Sigma_m": [0.1, -0.1]}, ["'Sigma_m'", "negative", "-0.1"]),
        ({"g": "fast", **FIXED}, ["'g'", "number", "fast"]),
        ({"g": None, **FIXED}, ["'g'"]),
        ({"g": 1j, **FIXED}, ["'g'"]),
        ({"g": [], **FIXED}, ["'g'", "empty"]),
        ({"g": [1, 2, 3], "M_m": [1, 2], "M_n": 1}, ["broadcast", "g (3,)", "M_m (2,)"]),
    ],
)
def test_bad_parameters_are_refused_in_a_sentence(given, words):
    with pytest.raises(ParameterError) as refusal:
        mf.solve(STATIONARY, **given)
    for word in words:
        assert word in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"find": "some"}, ['"one" or "all"', "'some'"]),
        ({"tol": 0}, ["tol", "positive"]),
        ({"tol": -1e-3}, ["tol", "positive"]),
        ({"digits": 0}, ["digits", "0"]),
        ({"digits": 2.5}, ["digits", "2.5"]),
        ({"transfer": "tahn"}, ["tahn", "tanh"]),
        ({"data": [1.0, 2.0]}, ["no averages over data"]),
    ],
)
def test_bad_options_are_refused_in_a_sentence(options, words):
    with pytest.raises(mf.errors.MeanfieldError) as refusal:
        mf.solve(STATIONARY, g=0.5, **FIXED, **options)
    for word in words:
        assert word in str(refusal.value)


def test_only_models_are_solved():
    with pytest.raises(ParameterError, match="needs a Model, got the text"):
        mf.solve("rank1-stationary", g=1)
