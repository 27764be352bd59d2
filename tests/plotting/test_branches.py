"""Figures of bifurcation diagrams, drawn without a display."""

import matplotlib
import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import ParameterError
from meanfield.plotting import bifurcation_diagram, bifurcation_panels, branches
from meanfield.plotting.labels import quantity_label, symbol
from meanfield.plotting.style import new_axes, save_figure
from meanfield.plotting.view import robust_range
from tests import continuation_models as models


@pytest.fixture(scope="module")
def fork():
    return mf.bifurcation_diagram(models.pitchfork(), "r", (-1.0, 1.0))


@pytest.fixture(scope="module")
def snake():
    return mf.bifurcation_diagram(models.snake(), "r", (-2.0, 2.0))


def curves(ax):
    return [line for line in ax.get_lines() if line.get_linestyle() != "None"]


def test_stable_is_solid_unstable_dashed_and_cut_at_the_events(fork):
    before = dict(matplotlib.rcParams)
    ax = bifurcation_diagram(fork)
    assert dict(matplotlib.rcParams) == before
    solid = [line.get_xydata() for line in curves(ax) if line.get_linestyle() == "-"]
    dashed = [line.get_xydata() for line in curves(ax) if line.get_linestyle() == "--"]
    assert len(solid) == 3 and len(dashed) == 1
    assert np.allclose([dashed[0][0], dashed[0][-1]], [[0, 0], [1, 0]])
    (trunk,) = [xy for xy in solid if np.allclose(xy[:, 1], 0)]
    assert np.allclose([trunk[0], trunk[-1]], [[-1, 0], [0, 0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$r$", "$x$")


def test_curves_follow_the_tangents_between_points(snake):
    ax = bifurcation_diagram(snake)
    drawn = np.concatenate([line.get_xydata() for line in curves(ax)])
    r, x = drawn.T
    assert len(drawn) > 8 * len(snake[0])
    assert np.abs(r - (x**3 / 3 - x)).max() < 1e-4  # straight lines between the points are 1e-2 off
    assert np.abs(np.interp([-2 / 3, 2 / 3], *np.sort(drawn[np.abs(np.abs(x) - 1) < 0.2], axis=0).T)).max() < 2


def test_marks_and_legend(fork):
    ax = bifurcation_diagram(fork, "square")
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries == ["stable", "unstable", "supercritical pitchfork", "unity = 0"]
    markers = {line.get_marker() for line in ax.get_lines()} - {"None"}
    assert len(markers) == 2
    assert ax.get_legend().get_bbox_to_anchor()._bbox.x0 > 1  # beside the data, not on them


def test_partners_share_a_colour(fork):
    assert len({line.get_color() for line in curves(bifurcation_diagram(fork))}) == 1


def test_panels_share_marks_and_limits(fork):
    figure = bifurcation_panels(fork, ["x", "square"])
    top, bottom = figure.axes
    assert top.get_xlim() == bottom.get_xlim() == (-1.0, 1.0)
    assert bottom.get_ylabel() == "square"


def test_given_axes_are_used_and_returned(fork):
    ax = new_axes()
    assert fork.plot(ax=ax) is ax and fork[0].plot("x", ax=ax) is ax


@pytest.mark.parametrize(("name", "magic"), [("b.png", b"\x89PNG"), ("b.svg", b"<?xml"), ("b.pdf", b"%PDF")])
def test_files(fork, tmp_path, name, magic):
    bifurcation_diagram(fork, save=tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_the_same_diagram_makes_the_same_file(fork, tmp_path):
    for name in ("one.svg", "two.svg"):
        save_figure(bifurcation_panels(fork), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_what_is_not_there_is_refused(fork):
    with pytest.raises(ParameterError, match="no branch has a quantity 'y'"):
        bifurcation_diagram(fork, "y")
    with pytest.raises(ParameterError, match="no branches to draw"):
        bifurcation_diagram([])


def test_labels():
    assert symbol("Delta_inf") == r"$\Delta_{\infty}$" and symbol("Sigma_perp") == r"$\Sigma_{\perp}$"
    rank1 = mf.models.by_name("rank1-stationary")
    assert quantity_label("kappa", [rank1]) == r"$\kappa$" and quantity_label("bulk_radius", [rank1]) == "bulk radius"
    assert (
        quantity_label("r_E") == "$r_{E}$"
        and quantity_label("lambda_max") == r"$\lambda_{max}$"
        and quantity_label("r_half") == "r half"
    )


def test_a_branch_that_runs_away_does_not_take_the_axis_from_the_others():
    """1/p beside 1 + p: to 1e6, all of it upright at the edge. The rest is seen, and how far it runs is said."""
    p = np.geomspace(1e-6, 2, 4000)
    lone, both = [(p, 1 / p)], [(p, 1 / p), (p, 1 + p)]
    for curves_of in (lone, both, [(p, -1 / p), (p, 1 + p)]):
        low, high = robust_range(curves_of)
        assert 1 < high - low < 50 and all(low < y[p > 0.2].min() and y[p > 0.2].max() < high for _, y in curves_of)
    assert robust_range([(p, 1 / p)])[0] < 0.5  # nothing runs away below: all of it is shown
    # What is large, or stands upright, or begins at the edge of the window, does not run away.
    assert robust_range([(p, 0 * p), (p[-9:], np.sqrt(p[-9:] - p[-9]))]) is None
    assert robust_range([(p, 1e6 * p)]) is None and robust_range([(0 * p, p)]) is None
    ax = new_axes()
    branches._without_run_away(ax, both)
    (said,) = ax.texts
    assert said.get_text() == r"$\uparrow$ 1e+06" and ax.get_ylim()[1] < 50


def test_where_stability_is_not_told_lines_are_whole(fork):
    """Dashes and dots of branches that lie upon each other had made a hatching of them."""
    look, told = branches._style_of("", "black"), branches._style_of("stable", "black")
    assert look["linestyle"] == told["linestyle"] == "-" and look["linewidth"] < told["linewidth"]
