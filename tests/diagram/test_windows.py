"""The documented windows: every model has one, and its certificate is empty, on finer grids too.

All four, on 16 x 16 and 48 x 48 points, take minutes; here are the cheap ones, on coarse grids.
"""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meanfield as mf
from meanfield.cli.document import as_json, diagram_document
from meanfield.models.windows import window
from tests import fakes


def test_every_model_has_a_window_and_every_window_its_models() -> None:
    without = [name for name in mf.models.names() if window(name) is None]
    assert without == ["kac-rice-action"]
    for name in mf.models.names():
        known = window(name)
        if known is not None:
            assert name in known.models and known.command.startswith("meanfield diagram " + known.models[0])
            for model in known.models:
                own = {p.name for p in mf.models.by_name(model).parameters}
                assert {*known.plane, *known.parameters} <= own


@pytest.mark.parametrize("points", [5, 15])
@pytest.mark.parametrize("name", ["scs"])
def test_the_certificate_is_empty_and_stays_so(name: str, points: int) -> None:
    known = window(name)
    assert known is not None
    models = [mf.models.by_name(model) for model in known.models]
    d = mf.diagram(models, plane=known.plane, window=known.ranges, points=points, **known.parameters)
    assert d.certificate and d.certificate.differing > 5 and not d.failures, d.certificate.missing
    # Both curves end in (1, 0), a singular point of their equations, where little or nothing can be claimed.
    assert all(np.isfinite(curve.errors).all() and curve.errors.max() < 1e-7 for curve in d.curves)
    assert all(region["area_error"] < 0.01 for region in json.loads(as_json(diagram_document(d)))["regions"])


@settings(max_examples=2, deadline=None, derandomize=True)
@given(
    low=st.floats(-1.5, -0.2),
    high=st.floats(0.8, 2.5),
    reach=st.floats(0.4, 1.5),
    points=st.integers(3, 5),
)
def test_whatever_the_window_of_the_cusp(low: float, high: float, reach: float, points: int) -> None:
    ranges = ((low, high), (-reach, 0.9 * reach))
    for count in (points, 3 * points):
        d = mf.diagram(fakes.cusp(), plane=("a", "b"), window=ranges, points=count)
        assert d.certificate, d.certificate.missing


@pytest.mark.parametrize(
    ("ranges", "points", "held"),
    [  # structured chaos at one grid point only, where all of it is small; its two boundaries a thousandth of the window apart
        (((1.7, 1.9), (0.98, 1.2)), 5, {"M_n": 0.55853, "Sigma_m": 0.987143}),
        (((0.0, 1.0), (0.7, 1.4)), 7, {"M_n": 3.3486424, "Sigma_m": 0.9333796}),
    ],
)
def test_thin_slivers_of_structured_chaos_are_explained(ranges: Any, points: int, held: dict[str, float]) -> None:
    models = [mf.models.by_name(name) for name in ("rank1-stationary", "rank1-chaotic")]
    found = mf.diagram(models, plane=("M_m", "g"), window=ranges, points=points, **held)
    assert found.certificate, found.certificate.missing
    assert any("structured chaos" in region.label for region in found.regions())


def test_without_inputs_the_driven_network_has_the_boundaries_of_the_other() -> None:
    """x = 0 is a state where inputs are 0: conditions are written for these values, not for all."""
    models = [mf.models.by_name(name) for name in ("rank1-input-stationary", "rank1-input-chaotic")]
    quiet = dict.fromkeys(("M_I", "Sigma_m", "Sigma_n", "Sigma_mI", "Sigma_nI", "Sigma_perp"), 0.0)
    found = mf.diagram(models, plane=("g", "M_n"), window=((0.5, 1.5), (0.0, 0.6)), points=3, M_m=1.5, **quiet)
    assert found.certificate and not found.failures
    assert [curve.condition for curve in found.curves] == ["chaos"]


@pytest.mark.parametrize(
    ("names", "plane", "ranges", "points"),
    [
        (("stationary",), ("M_n", "g"), ((0.0, 3.0), (0.1, 2.0)), 10),
        (("stationary", "chaotic"), ("g", "M_n"), ((0.5, 1.5), (0.0, 2.0)), 6),
    ],
)
def test_without_inputs_states_come_in_pairs(names: Any, plane: Any, ranges: Any, points: int) -> None:
    """The symmetry x -> -x holds only there: where it was not known, 3 of 180 edges and 1 of 60 were unexplained, and each boundary
    of heterogeneous states was there twice."""
    asked: dict[str, Any] = {"plane": plane, "window": ranges, "points": points, "M_m": 1.0, "Sigma_m": 0.0}
    quiet = dict.fromkeys(("M_I", "Sigma_mI", "Sigma_nI", "Sigma_I_squared"), 0.0)
    driven = mf.diagram([mf.models.by_name(f"rank1-input-{name}") for name in names], **asked, **quiet)
    plain = mf.diagram([mf.models.by_name(f"rank1-{name}") for name in names], **asked)
    assert driven.certificate and not driven.failures
    assert sorted(c.condition for c in driven.curves) == sorted(c.condition for c in plain.curves)
    assert [r.label for r in driven.regions()] == [r.label for r in plain.regions()]
    for one, other in zip(driven.regions(), plain.regions(), strict=True):
        assert abs(one.area - other.area) <= one.error + other.error, one.label


@pytest.mark.parametrize("g", [1.0066, 1.1])
def test_next_to_the_onset_of_chaos(g: float) -> None:
    """Structured chaos fills a strip of 4e-5 in M_n, across which Delta_inf grows from 0 to Delta_0: every edge across it was
    unexplained, since structured chaos was not seen beside its pitchfork."""
    models = [mf.models.by_name(name) for name in ("rank1-stationary", "rank1-chaotic")]
    found = mf.diagram(models, plane=("M_m", "M_n"), window=((0.4, 3.2), (0.5, 2.4)), points=6, g=g, Sigma_m=0.9)
    assert found.certificate and not found.failures, found.certificate.missing
    assert found.certificate.differing >= 5 and len(found.curves) == 3


def test_a_cusp_by_the_side_of_a_window_is_found_between_the_lines_of_the_grid() -> None:
    """It opens at M_m = 3.364 to .02 at 3.65: no point of a grid of 16 x 16 lies in it."""
    models = [mf.models.by_name(f"rank1-input-{name}") for name in ("stationary", "chaotic")]
    given = {"M_n": 0.5734733118072776, "g": 1.1296467174376208, "Sigma_m": 0.8287980709765224, "Sigma_n": 1.0, "Sigma_perp": 1.0}
    found = mf.diagram(models, plane=("M_m", "Sigma_nI"), window=((0.17507, 3.646504), (-0.398793, 0.869687)), points=16, **given)
    (cusp,) = found.corners
    assert cusp.type == "cusp" and abs(cusp.at["Sigma_nI"]) < 1e-12 and abs(cusp.at["M_m"] - 3.364014224566443) < 1e-9
    assert {"stationary", "stationary (2 states)"} == {region.label for region in found.regions()}
