"""Solutions and diagrams as datasets and files."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import meanfield as mf
from meanfield import store
from meanfield.diagram import diagram
from meanfield.diagram.certificate import certify
from meanfield.errors import FileFormatError
from meanfield.records import record
from meanfield.records import records as records_of
from tests import fakes


def records(*values):
    return [[record(s) for s in fakes.solve_parabola(None, find="all", a=v)] for v in values]


@pytest.fixture
def sweep():
    return store.dataset(records(-1.0, 1.0, 4.0), {"a": [-1.0, 1.0, 4.0]}, model=fakes.parabola(), fixed={}, tol=1e-10)


def test_dimensions_and_values(sweep):
    assert sweep["x"].dims == ("a", "solution") and sweep.sizes == {
        "a": 3,
        "solution": 2,
        "outliers_index": 2,
        "part": 2,
    }
    assert np.array_equal(sweep["x"], [[np.nan, np.nan], [1, -1], [2, -2]], equal_nan=True)
    assert sweep["x_error"].sel(a=4.0).values.tolist() == [1e-15, 1e-15]
    assert sweep["x"].attrs == {"role": "unknown", "long_name": "a root", "units": "1"}
    assert sweep["number_of_solutions"].values.tolist() == [0, 2, 2]
    assert sweep["stable"].values.tolist() == [[-1, -1], [1, 0], [1, 0]]
    assert sweep["status"].values[0].tolist() == ["", ""] and str(sweep["status"].values[1, 0]).startswith("converged")


def test_provenance(sweep):
    assert sweep.attrs["model"] == "parabola" and sweep.attrs["equations"] == "x = a/x"
    assert sweep["x_error"].attrs["units"] == sweep["a"].attrs["units"] == "1"
    assert sweep.attrs["transfer_functions"] == ""
    assert sweep.attrs["meanfield_version"] and sweep.attrs["date"] and sweep.attrs["tolerance"] == 1e-10


def test_transfer_functions_are_written_out():
    data = mf.solve(mf.models.by_name("rank1-stationary").with_transfer("erf"), g=0.5, M_m=1, M_n=0.5).to_dataset()
    assert data.attrs["transfer_functions"] == "erf(x) = erf(sqrt(pi)*x/2)"


def test_times_and_rates_carry_their_unit_whatever_they_are_called():
    """What follows from the motion of a state has a unit; an observable of one's own that happens to have such a name has none."""
    scs = mf.models.by_name("scs")
    mine = {"exponent": scs.on_request["lambda_max"], "lambda_max": 2 * scs.unknowns[0]}
    for model, units in (
        (scs, ["1/time constant", "time constant", "1/time constant", "1/time constant^2"]),
        (mf.models.by_name("rank1-chaotic").with_transfer("erf"), ["1/time constant", "time constant"]),
        (scs.changed(on_request={}, observables=mine), ["1/time constant", "1"]),
    ):
        names = [*model.on_request, *(name for name in model.observables if name in mine)][: len(units)]
        found = mf.solve(model, g=2.0, **{"M_m": 1.0, "M_n": 0.5, "Sigma_m": 0.0} if model.name == "rank1-chaotic" else {})
        data = store.dataset(records_of([[found]], names), model=model)
        assert [data[name].attrs["units"] for name in names] == units
        assert data["Delta_0"].attrs["units"] == data["Delta_0_error"].attrs["units"] == "1"


def test_there_and_back(sweep, tmp_path):
    store.save(sweep, tmp_path / "sweep.nc")
    back = store.load(tmp_path / "sweep.nc")
    xr.testing.assert_equal(back["x"], sweep["x"])
    assert back["wave"].dtype == complex and back["wave"].dims == ("a", "solution")
    assert np.array_equal(back["wave"][1:], [[1j, -1j], [2j, -2j]])
    assert np.allclose(back["outliers"][2, 0, 0], 2 + 1j)
    assert {str(word) for word in back["status"].values[0]} == {""}
    assert back.attrs["equations"] == sweep.attrs["equations"]


def test_a_single_point_and_no_point():
    one = store.dataset(records(4.0), fixed={"a": 4.0})
    assert one["x"].dims == ("solution",) and one.attrs["parameter_a"] == 4.0
    none = store.dataset(records(-1.0))
    assert none["number_of_solutions"].item() == 0 and "x" not in none


def test_spectra_of_different_length_fit(tmp_path):
    short, long = records(4.0)[0]
    short.observables["outliers"] = short.observables["outliers"][:1]
    data = store.dataset([[short, long]])
    assert data["outliers"].shape == (2, 2, 2) and np.isnan(data["outliers"][0, 1]).all()


def test_a_grid_needs_all_its_points():
    with pytest.raises(ValueError, match="got 1 points for a grid of shape"):
        store.dataset(records(1.0), {"a": [1.0, 2.0]})


def test_only_our_files_are_opened(tmp_path):
    (tmp_path / "text.nc").write_text("not netCDF")
    xr.Dataset({"y": ("t", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(FileFormatError, match="not a netCDF file"):
        store.load(tmp_path / "text.nc")
    with pytest.raises(FileFormatError, match="says no format"):
        store.load(tmp_path / "other.nc")
    with pytest.raises(FileNotFoundError):
        store.load(tmp_path / "nothing.nc")


@pytest.mark.parametrize("several", [False, True])
def test_a_diagram_there_and_back(several, tmp_path):
    models = [fakes.cusp(), fakes.pitchfork()] if several else [fakes.cusp()]
    d = diagram(models, plane=("a", "b"), window=((-1.05, 2.0), (-1.0, 1.0)), points=(12, 9))
    d.to_netcdf(tmp_path / "d.nc")
    back = store.load(tmp_path / "d.nc", expect=store.DIAGRAM_FORMAT)
    xr.testing.assert_equal(back, d.to_dataset())
    regions = {r.label: (r.area, r.error) for r in d.regions()}
    stored = (json.loads(back["region"].attrs[name]) for name in ("areas", "area_errors"))
    assert list(zip(*stored)) == [regions[label] for label in d.labels]
    assert back["region"].dims == ("b", "a") and np.array_equal(back["region"], d.region)
    assert tuple(json.loads(back["region"].attrs["labels"])) == d.labels
    assert back.sizes["curve_point"] == sum(len(c.points) for c in d.curves)
    name = "cusp_x" if several else "x"
    assert back[name].shape == (9, 12, 3)
    assert back.attrs["summary"] == d.summary()
    curves = json.loads(back.attrs["curves"])
    assert curves[0] == {"model": "cusp", "condition": "fold", "equation": "det F_x = 0", "status": d.curves[0].ends}
    fold = back.where(back["curve"] == 0, drop=True)
    assert np.allclose(27 * fold["curve_b"] ** 2, 4 * fold["curve_a"] ** 3, rtol=0, atol=1e-12)
    assert back["curve_a"].attrs == back["curve_a_error"].attrs == {"units": "1"} and back["curve"].attrs == {}
    assert np.array_equal(fold["curve_a_error"], d.curves[0].errors[:, 0]) and (fold["curve_bounds"] == 1).all()
    assert json.loads(back.attrs["corners"])[0]["type"] == "cusp" and back.attrs["certificate_edges"] == 195
    assert "unexplained_a" not in back


def test_what_no_curve_explains_is_saved(tmp_path):
    d = diagram(fakes.pitchfork(), plane=("a", "b"), window=((-1.05, 2.0), (-1.0, 1.0)), points=3)
    d = replace(d, curves=[], certificate=certify(d.sheets, [], d.parameters)[0])
    d.to_netcdf(tmp_path / "d.nc")
    back = store.load(tmp_path / "d.nc")
    assert back["unexplained_a"].shape == (d.certificate.differing, 2) and back.attrs["certificate_differing"] == 3
