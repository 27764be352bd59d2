"""Figures of phase diagrams, drawn without a display."""

import matplotlib
import numpy as np
import pytest

from meanfield.diagram import Contour, diagram
from meanfield.plotting import phase
from meanfield.plotting.style import new_axes, save_figure
from tests import fakes


@pytest.fixture
def cusp(monkeypatch):
    fakes.use_closed_forms(monkeypatch)
    return diagram(fakes.cusp(), plane=("a", "b"), window=((-1.0, 2.0), (-1.0, 1.0)), points=(31, 20))


def test_regions_curves_and_equation(cusp):
    before = dict(matplotlib.rcParams)
    ax = cusp.plot()
    assert dict(matplotlib.rcParams) == before
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries[:2] == list(cusp.labels)
    assert entries[2] == "cusp: fold, $- a + 3 x^{2} = 0$"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$a$", "$b$")
    drawn = np.concatenate([line.get_xydata() for line in ax.get_lines()])
    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    assert np.allclose(27 * drawn[:, 1] ** 2, 4 * drawn[:, 0] ** 3)


def test_given_axes_are_used(cusp):
    ax = new_axes()
    assert cusp.plot(ax) is ax


@pytest.mark.parametrize(("name", "magic"), [("d.png", b"\x89PNG"), ("d.svg", b"<?xml"), ("d.pdf", b"%PDF")])
def test_files(cusp, tmp_path, name, magic):
    cusp.plot(save=tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_the_same_diagram_makes_the_same_file(cusp, tmp_path):
    for name in ("one.svg", "two.svg"):
        save_figure(cusp.plot().get_figure(), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_what_cannot_be_typeset_is_written_as_text():
    curve = Contour("m", "chaos", "g**2 = 1", r"\nosuchcommand{g}")
    assert phase._equation(curve) == "chaos, g**2 = 1"
    assert phase._equation(Contour("m", "chaos", "x" * 200, "x" * 200)) == "chaos = 0"


@pytest.mark.parametrize(
    ("name", "typeset"),
    [("g", "$g$"), ("M_n", "$M_{n}$"), ("sigma_squared", r"$\sigma^2$"), ("Sigma_mI", r"$\Sigma_{mI}$")],
)
def test_names_are_written_as_the_field_writes_them(name, typeset):
    assert phase.symbol(name) == typeset
