"""Pictures of fixed points: what is drawn, and into which axes."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.models import kac_rice
from meanfield.plotting import fixed_points as pictures
from meanfield.plotting.style import new_axes
from meanfield.simulate.many_networks import sample_fixed_points
from meanfield.simulate.orbits import orbit, steering
from meanfield.simulate.overlay import moduli_of


@pytest.fixture(scope="module")
def ensemble():
    return sample_fixed_points(kac_rice.MODEL, neurons=24, networks=6, starts=128, until=None, seed=1, g=2.5, D=0.0)


@pytest.fixture(scope="module")
def state():
    return mf.solve(kac_rice.MODEL, g=2.5, D=0.0)


def test_every_picture_uses_the_axes_given_and_puts_its_legend_outside(ensemble, state) -> None:
    found = max(ensemble.networks, key=lambda n: n.count)
    x = orbit(found.system, time=20.0, transient=10.0)
    drawings = [
        lambda ax: pictures.shells(ensemble, [x], {"still": 1.0, "moving": 2.0}, ax),
        lambda ax: pictures.coordinates(ensemble, state, ax),
        lambda ax: pictures.radial_spectrum(moduli_of(ensemble), {"theory": state}, ax),
        lambda ax: pictures.eigenvalue_cloud(found.eigenvalues, 1.5, ax),
        lambda ax: pictures.steering_angles(steering(found, x), ax),
        lambda ax: pictures.completeness_curve(found, ax),
    ]
    for draw in drawings:
        ax = new_axes()
        assert draw(ax) is ax
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1


def test_the_curves_are_the_theory(ensemble, state) -> None:
    ax = pictures.coordinates(ensemble, state)
    line = next(entry for entry in ax.get_lines() if "mu" in str(entry.get_label()))
    x, y = np.asarray(line.get_data(), dtype=float)
    assert y == pytest.approx(state.profile("density", x))
    ax = pictures.radial_spectrum(moduli_of(ensemble), {"theory": state})
    line = next(entry for entry in ax.get_lines() if entry.get_label() == "theory")
    r, density = np.asarray(line.get_data(), dtype=float)
    assert np.isnan(density[r > state["bulk_radius"]]).all()
    assert np.isfinite(density[r < state["bulk_radius"]]).all()
