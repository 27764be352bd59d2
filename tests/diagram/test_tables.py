"""Boundaries of the library's models, found by `diagram` from the models and the window alone, against values computed elsewhere.

The values are those of THEORY's tables with all their digits; every curve is cut where the table has an entry.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import meanfield as mf
from meanfield.diagram import PhaseDiagram
from tests import zoo

CLOSE = 1e-9
PLANES = {
    "onset, Sigma_m = 1": (("rank1-stationary",), ("g", "M_n"), ((0.5, 2.7), (0.8, 4.1)), {"M_m": 1, "Sigma_m": 1}),
    "rank one": (("rank1-stationary", "rank1-chaotic"), ("g", "M_n"), ((0.9, 3.15), (1.02, 3.2)), {"M_m": 1, "Sigma_m": 0}),
    "white noise": (("scs",), ("g", "sigma_squared"), ((0.5, 3), (0.005, 1)), {}),
    "critical input": (("kac-rice", "kac-rice-single"), ("g", "D"), ((1.001, 10), (0, 3000)), {}),
}
AT_LEAST = {"onset, Sigma_m = 1": 7, "rank one": 18, "white noise": 8, "critical input": 7}
# More entries of THEORY: model, fixed parameters (the one at which a curve is cut last), free one and its value.
MORE: tuple[tuple[str, dict[str, float], str, float], ...] = (
    *(("rank1-stationary", {"Sigma_m": 1, "M_n": m}, "g", v) for m, v in ((2.5, 1.9400759374), (4, 2.5737770123))),
    ("rank1-stationary", {"Sigma_m": 1, "g": 0.7}, "M_n", 1.0),
    *(
        ("rank1-stationary", {"Sigma_m": 0, "M_n": m}, "g", v)
        for m, v in ((1.1, 1.0925976318), (1.5, 1.3992087107), (2, 1.7299506422), (3, 2.3256499033))
    ),
    *(("rank1-chaotic", {"Sigma_m": 0, "M_n": m}, "g", v) for m, v in ((1.5, 1.4811625951), (2.5, 2.4146366270))),
    *(("scs", {"sigma_squared": s}, "g", v) for s, v in ((0.1, 1.2474718457), (0.1, 1.4250341733))),
    *(("scs", {"sigma_squared": s}, "g", v) for s, v in ((1, 1.6648219617), (1, 2.3549844908))),
    *(("kac-rice", {"g": g}, "D", v) for g, v in ((1.1, 1.3518548003e-3), (1.5, 0.1861437462), (3, 15.0806586089))),
)


@pytest.fixture(scope="module", params=PLANES)
def drawn(request) -> tuple[str, PhaseDiagram]:
    names, plane, window, held = PLANES[request.param]
    models = [mf.models.by_name(name) for name in names]
    return request.param, mf.diagram(models, plane=plane, window=window, points=4, **held)


def entries(d: PhaseDiagram) -> Iterator[tuple[str, str, str, dict[str, float]]]:
    """(model, free parameter, the one at which a curve is to be cut, values of both) of what lies in this plane and window."""
    files = [
        (one.model, one.free, {**one.parameters, one.free: one.expected[one.free]})
        for one in zoo.boundaries()
        if one.transfer == "tanh"
    ]
    for model, free, at in [*files, *((model, free, {**held, free: value}) for model, held, free, value in MORE)]:
        if model not in {sheet.name for sheet in d.sheets} or free not in d.plane.names:
            continue
        inside = all(low <= at.get(n, -1e9) <= high for n, (low, high) in zip(d.plane.names, d.plane.edges, strict=True))
        if inside and all(at[name] == value for name, value in d.parameters.items() if name in at):
            yield model, free, next(name for name in d.plane.names if name != free), at


def test_every_entry_of_the_tables_lies_on_a_curve(drawn: tuple[str, PhaseDiagram]) -> None:
    which, d = drawn
    assert d.certificate, d.certificate.missing
    count = 0
    for model, free, held, at in entries(d):
        found = [p for c in d.curves if c.model == model for p in c.at(**{held: at[held]})]
        nearest = min(found, key=lambda p: abs(p[free] - at[free]))
        allowed = CLOSE * max(1.0, abs(at[free]))
        assert abs(nearest[free] - at[free]) < allowed and nearest.error[free] < allowed, (model, at)
        count += 1
    assert count >= AT_LEAST[which]


def test_kac_rice_at_large_g_agrees_with_forty_digits(drawn) -> None:
    """D_c(10) from Newton's method in 40 digits; THEORY's table is off by 3e-10 there."""
    which, d = drawn
    if which != "critical input":
        pytest.skip("another plane")
    (curve,) = d.curves
    (last,) = curve.at(g=10)
    assert abs(last["D"] - 2730.5986164434) < 6e-11 + last.error["D"] and curve.points[:, 0].min() == pytest.approx(1.001)


@pytest.mark.parametrize(("g", "Sigma_m"), [(0.5, 1.0), (0.8, 0.0), (0.3, 2.0)])
def test_the_pitchfork_has_its_coefficient(g: float, Sigma_m: float) -> None:
    """mu^2 [1/3 + (g^2 + Sigma_m^2 M_n^2)/(1 - g^2)] = M_m M_n - 1 to leading order."""
    model = mf.models.by_name("rank1-stationary")
    forest = mf.bifurcation_diagram(model, "M_n", (0.5, 1.5), switch=False, M_m=1, g=g, Sigma_m=Sigma_m)
    event = forest.events("pitchfork")[0]
    form = event.normal_form()
    assert event.at["M_n"] == pytest.approx(1, abs=1e-12) and form.side == 1
    expected = 1 / (1 / 3 + (g**2 + Sigma_m**2) / (1 - g**2))
    assert -form.b11 / form.c30 == pytest.approx(expected, rel=1e-11)
