"""Figures of phase diagrams, drawn without a display."""

from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from meanfield.diagram import Curve, diagram
from meanfield.diagram.certificate import certify
from meanfield.plotting import phase
from meanfield.plotting.style import new_axes, save_figure
from tests import fakes


@pytest.fixture(scope="module")
def cusp():
    return diagram(fakes.cusp(), plane=("a", "b"), window=((-1.0, 2.0), (-1.0, 1.0)), points=(15, 10))


def test_regions_curves_and_equation(cusp):
    before = dict(matplotlib.rcParams)
    ax = cusp.plot()
    assert dict(matplotlib.rcParams) == before
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries[:2] == list(cusp.labels)
    assert entries[2] == r"cusp: fold, $\det F_x = 0$"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$a$", "$b$")
    assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1  # outside of the data
    (thin, thick) = (line.get_xydata() for line in ax.get_lines())
    assert np.isfinite(thick).all() and np.isnan(thin).all()  # it bounds a region everywhere: no line lies upon another
    # The line between the exact points is a cubic, good to a part of its width.
    assert np.abs(np.abs(thick[:, 1]) - 2 * np.maximum(thick[:, 0] / 3, 0) ** 1.5).max() < 1e-3


def test_what_no_curve_explains_is_marked(cusp):
    bare = replace(cusp, curves=[], certificate=certify(cusp.sheets, [], cusp.parameters)[0])
    entries = [text.get_text() for text in bare.plot().get_legend().get_texts()]
    assert entries[-1] == "a change that no curve explains" and len(entries) == 3


def test_what_thin_lines_mean_is_said_only_where_one_is_seen(cusp):
    said = lambda d: [t.get_text() for t in d.plot().get_legend().get_texts() if t.get_text().startswith("thin")]
    curve = cusp.curves[0]
    assert said(cusp) == []
    half = replace(cusp, curves=[replace(curve, bounds=np.arange(len(curve.bounds)) > 40)])
    assert said(half) == ["thin: what is stable stays the same"]
    unsaid = [replace(s, points=[[replace(x, stable=None) for x in p] for p in s.points]) for s in cusp.sheets]
    silent = replace(half, sheets=unsaid)
    assert said(silent) == ["thin: the same states on both sides"]
    dot = replace(curve, path=curve.path[:1], bounds=np.zeros(1, bool))
    assert said(replace(cusp, curves=[curve, dot])) == []


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
    nowhere = np.zeros((0, 2))
    curve = lambda text, latex: Curve("m", "chaos", text, latex, nowhere, nowhere, nowhere, np.zeros(0, bool))
    assert phase._equation(curve("g**2 = 1", r"\nosuchcommand{g}")) == "chaos, g**2 = 1"
    assert phase._equation(curve("x" * 200, "x" * 200)) == "chaos = 0"


@pytest.mark.parametrize(
    ("name", "typeset"),
    [("g", "$g$"), ("M_n", "$M_{n}$"), ("sigma_squared", r"$\sigma^2$"), ("Sigma_mI", r"$\Sigma_{mI}$")],
)
def test_names_are_written_as_the_field_writes_them(name, typeset):
    assert phase.symbol(name) == typeset
