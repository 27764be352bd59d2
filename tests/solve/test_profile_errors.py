"""Profiles carry errors: against closed forms, and what the errors of the unknowns do to them."""

import numpy as np
import pytest
from scipy.optimize import brentq

import meanfield as mf
from meanfield.errors import ParameterError


def test_density_of_the_one_fixed_point_in_closed_form() -> None:
    g, D, y = 1.5, 3.0, np.linspace(-6, 6, 25)
    state = mf.solve(mf.models.by_name("kac-rice-single").with_transfer(mf.transfer.erf), g=g, D=D)
    beta = brentq(lambda b: g**2 * 2 / np.pi * np.arcsin(b / (b + 2 / np.pi)) + D - b, 1.0, 20.0, xtol=1e-15, rtol=1e-15)
    exact = np.exp(-(y**2) / (2 * beta)) / np.sqrt(2 * np.pi * beta)
    error = state.profile_error("density", y)
    assert (np.abs(state.profile("density", y) - exact) <= error).all() and (error < 1e-12).all()
    with pytest.raises(ParameterError, match="has no profile 'densty'"):
        state.profile_error("densty", y)


def test_errors_keep_the_shape_and_grow_with_those_of_the_unknowns() -> None:
    y, r = np.linspace(0, 3, 4), np.linspace(0.2, 1.2, 3)
    states = mf.solve(mf.models.by_name("kac-rice"), g=[1.05, 2.0], D=0.0)
    for name, at in (("density", y), ("radial_cdf", r)):
        value, error = states.profile(name, at), states.profile_error(name, at)
        assert value.shape == error.shape == (2, len(at)) and (error > 0).all() and (error[1] < 1e-9).all()
    assert states.profile_error("density", y)[0].max() > states.profile_error("density", y)[1].max()
