"""Branches as files: everything comes back, and a branch that was loaded goes on as the one that was saved would have."""

import json

import numpy as np
import pytest
import sympy as sp
import xarray as xr

import meanfield as mf
from meanfield import store
from meanfield.continuation import End, Forest, Stops, resume, resume_forest
from meanfield.errors import FileFormatError, ParameterError
from meanfield.store.expressions import from_data, to_data
from tests import continuation_models as models


def same(one, other):
    """Whether two branches are the same, bit for bit, in what they say and in how they were walked."""
    assert (one.along, one.status, len(one), one.id) == (other.along, other.status, len(other), other.id)
    for name in ("u", "tangent", "scale", "p", "stable"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in one.error:
        assert np.array_equal(one.error[name], other.error[name]), name
    told = [[(e.type, e.name, e.at, e.unknowns, e.error, e.stable_before, e.place) for e in b.events()] for b in (one, other)]
    assert told[0] == told[1]
    for a, b in zip(one.pieces, other.pieces, strict=True):
        assert a.lane.step == b.lane.step and a.lane.end is b.lane.end
        assert np.array_equal(a.lane.ahead, b.lane.ahead, equal_nan=True)


def test_columns_carry_units():
    chaos = mf.models.by_name("scs").asking("lambda_max")
    data = mf.bifurcation_diagram(chaos, "g", (1.2, 1.5), sections=2).to_dataset()
    for column in ("lambda_max", "lambda_max_error"):
        assert data[column].attrs["units"] == "1/time constant"
    for column in ("g", "Delta_0", "Delta_0_error", "event_g", "event_Delta_0_error"):
        assert data[column].attrs["units"] == "1"
    for column in ("branch", "stable", "event_type", "event_place"):
        assert "units" not in data[column].attrs


@pytest.fixture
def forest():
    return mf.bifurcation_diagram(models.pitchfork(), "r", (-1.0, 1.0))


def test_a_forest_there_and_back(forest, tmp_path):
    forest.to_netcdf(tmp_path / "b.nc")
    back = store.load_branches(tmp_path / "b.nc", models.pitchfork())
    assert len(back) == len(forest) > 2 and not back.interrupted
    for one, other in zip(forest, back, strict=True):
        same(one, other)
        assert (one.partner and one.partner.id) == (other.partner and other.partner.id)


def test_the_one_verb_saves_forests_and_branches_too(forest, tmp_path):
    for what in (forest, forest[0]):
        data = what.to_dataset()
        store.save(what, tmp_path / "b.nc")
        xr.testing.assert_equal(store.load(tmp_path / "b.nc", expect=store.BRANCH_FORMAT), data)
    same(forest[0], store.load_branches(tmp_path / "b.nc", models.pitchfork())[0])


def test_a_loaded_branch_goes_on_bit_for_bit(tmp_path):
    start = mf.solve(models.snake(), r=2.0)
    whole = mf.follow(start, "r", -2.0)
    part = mf.follow(start, "r", -2.0, stops=Stops(points=9))
    assert part.ends is End.POINTS
    part.to_netcdf(tmp_path / "b.nc")
    (back,) = store.load_branches(tmp_path / "b.nc", models.snake())
    same(whole, resume(back, (-2.0, 2.0)))


def test_a_branch_of_a_network_goes_on_bit_for_bit(tmp_path):
    model = mf.models.by_name("rank1-stationary")
    start = mf.solve(model, g=0.5, M_m=1.1, M_n=2.0, Sigma_m=1.0)
    whole = mf.follow(start, "g", 2.0)
    part = mf.follow(start, "g", 2.0, stops=Stops(points=9))
    part.to_netcdf(tmp_path / "b.nc")
    (back,) = store.load_branches(tmp_path / "b.nc")
    same(whole, resume(back, (0.5, 2.0)))


def test_events_of_a_loaded_branch_can_be_switched(forest, tmp_path):
    forest.to_netcdf(tmp_path / "b.nc")
    back = store.load_branches(tmp_path / "b.nc", models.pitchfork())
    for event, known in zip(back.events("pitchfork"), forest.events("pitchfork"), strict=True):
        for side in (1, -1):
            assert np.array_equal(event.switch(side).u, known.switch(side).u)


def test_tables_for_readers_without_the_package(forest, tmp_path):
    forest.to_netcdf(tmp_path / "b.nc")
    with xr.open_dataset(tmp_path / "b.nc", engine="h5netcdf") as data:
        assert data.attrs["format"] == store.BRANCH_FORMAT and data.attrs["along"] == "r"
        assert data.sizes["point"] == sum(len(b) for b in forest)
        own = data.where(data["branch"] == 0, drop=True)
        assert np.array_equal(own["x"], forest[0]["x"]) and np.array_equal(own["r"], forest[0]["r"])
        assert np.allclose(data["square"], data["x"] ** 2)
        kinds = [str(v) for v in data["event_type"].values]
        assert kinds == [e.type for e in forest.events()]
        fork = kinds.index("pitchfork")
        assert abs(float(data["event_r"][fork])) <= float(data["event_r_error"][fork]) + 1e-15


def test_hand_written_problems_and_paths_of_several_parameters(tmp_path):
    s = sp.Symbol("s", real=True)
    start = mf.solve(models.snake(), r=2.0, h=1.0)
    branch = mf.follow(start, {"r": 2 - s**2 / 4, "h": 1 + sp.exp(s)}, 2.0, at=0.0)
    branch.to_netcdf(tmp_path / "b.nc")
    (back,) = store.load_branches(tmp_path / "b.nc", models.snake())
    same(branch, back)
    assert np.array_equal(resume(back, (0.0, 2.5)).p, resume(branch, (0.0, 2.5)).p)


def test_expressions_are_data():
    s = sp.Symbol("s", real=True)
    for expr in (s, 2 - s**2 / 4, sp.exp(-s) * sp.pi + 0.1, sp.sqrt(s + 1)):
        assert from_data(json.loads(json.dumps(to_data(expr, s))), s) == expr
    with pytest.raises(ValueError, match="cannot be saved"):
        to_data(sp.gamma(s), s)
    with pytest.raises(KeyError):
        from_data(["__import__", "os"], s)


def test_what_is_no_file_of_branches_is_refused_in_one_sentence(forest, tmp_path):
    text, other, torn = (tmp_path / f"{n}.nc" for n in ("text", "other", "torn"))
    text.write_text("no netCDF")
    xr.Dataset({"x": ("t", [1.0])}, attrs={"format": "meanfield solutions 1"}).to_netcdf(other, engine="h5netcdf")
    data = store.branch_dataset(forest)
    store.save(data.assign(structure=((), "{}")), torn)
    for file, says in ((text, "not a netCDF file"), (other, "other data of meanfield: .*solutions 1'"), (torn, "not whole")):
        with pytest.raises(FileFormatError, match=says) as refused:
            store.load_branches(file, models.pitchfork())
        assert "\n" not in str(refused.value)
    store.save(data, tmp_path / "b.nc")
    with pytest.raises(FileFormatError, match="branches of pitchfork in x, whose equations are not those of snake") as refused:
        store.load_branches(tmp_path / "b.nc", models.snake())
    assert str(refused.value).endswith("give the model that was followed")  # the command says it too: no call of Python
    with pytest.raises(ValueError, match="no branches"):
        store.branch_dataset([])


def interrupted_after(monkeypatch, calls):
    """From the given call on, every step of a walk is interrupted once."""
    from meanfield.continuation.walk import Walk

    whole, count = Walk.advance, [0]

    def stop(self):
        count[0] += 1
        if count[0] == calls:
            raise KeyboardInterrupt
        return whole(self)

    monkeypatch.setattr(Walk, "advance", stop)


def told(forest):
    """The forest without the order in which it was found: ends and events of every branch."""
    out = []
    for branch in forest:
        events = sorted(
            (e.type, e.name, *(round(v, 7) + 0.0 for v in (*e.at.values(), *e.unknowns.values()))) for e in branch.events()
        )
        out.append((branch.model.name, len(events), *events))
    return sorted(out)


@pytest.mark.parametrize("calls", [1, 2, 4, 5])
def test_an_interrupted_forest_goes_on_from_its_file(tmp_path, monkeypatch, calls):
    whole = mf.bifurcation_diagram(models.pitchfork(), "r", (-1.0, 1.0))
    with monkeypatch.context() as patch:
        interrupted_after(patch, calls)
        part = mf.bifurcation_diagram(models.pitchfork(), "r", (-1.0, 1.0))
    assert part.interrupted
    part.to_netcdf(tmp_path / "b.nc")
    back = store.load_branches(tmp_path / "b.nc", models.pitchfork())
    assert back.interrupted
    again = resume_forest(back)
    assert not again.interrupted and told(again) == told(whole)


def test_an_interrupted_network_goes_on_through_its_junctions(tmp_path, monkeypatch):
    held = {"M_m": 1.1, "M_n": 2.0, "Sigma_m": 1.0}
    model = mf.models.by_name("rank1-stationary")
    whole = mf.bifurcation_diagram(model, "g", (1.7, 2.2), sections=3, **held)
    with monkeypatch.context() as patch:
        interrupted_after(patch, 15)
        part = mf.bifurcation_diagram(model, "g", (1.7, 2.2), sections=3, **held)
    part.to_netcdf(tmp_path / "b.nc")
    again = resume_forest(store.load_branches(tmp_path / "b.nc"))
    assert part.interrupted and len(part) < len(again)
    assert told(again) == told(whole)


def test_a_forest_goes_on_in_a_larger_window(forest, tmp_path):
    forest.to_netcdf(tmp_path / "b.nc")
    back = store.load_branches(tmp_path / "b.nc", models.pitchfork())
    wider = resume_forest(back, (-2.0, 3.0))
    assert len(wider) == len(forest) and wider.origin.end == 3.0
    assert {float(e.at["r"]) for e in wider.events("window")} == {-2.0, 3.0}
    assert len(wider.events("pitchfork")) == len(forest.events("pitchfork"))
    for window in ((0.0, 1.0), (1.0, -1.0)):
        with pytest.raises(ParameterError, match="give a window in the same direction that holds that one"):
            resume_forest(back, window)
    with pytest.raises(ParameterError, match="only branches found by bifurcation_diagram"):
        resume_forest(Forest(list(back)))
