"""What `solve` returns is saved from Python as the command's --out saves it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import meanfield as mf
from meanfield import store
from meanfield.errors import FileFormatError, ParameterError

MODEL = mf.models.by_name("rank1-stationary")
AT = {"M_m": 1.1, "Sigma_m": 1.0}


def test_one_point(tmp_path: Path) -> None:
    one = mf.solve(MODEL, g=0.5, M_n=2.0, **AT)
    data = one.to_dataset()
    assert data["mu"].dims == ("solution",) and data["mu"].item() == one["mu"]
    assert data["mu_error"].item() == one.error["mu"] and data.attrs["parameter_g"] == 0.5
    for way in (one.to_netcdf, lambda path: store.save(one, path)):
        way(tmp_path / "one.nc")
        back = store.load(tmp_path / "one.nc")  # complex variables come back as such
        xr.testing.assert_equal(back.drop_vars("outliers"), data.drop_vars("outliers"))
        assert np.array_equal(back["outliers"][0], one.spectra["outliers"])


def test_all_at_one_point_and_none() -> None:
    every = mf.solve(MODEL, g=0.5, M_n=2.0, find="all", **AT)
    assert every.to_dataset()["mu"].values.tolist() == [s["mu"] for s in every]
    none = mf.solve(mf.models.by_name("rank1-chaotic"), g=0.5, M_n=0.0, find="all", **AT)
    assert len(none) == 0 and none.to_dataset()["number_of_solutions"].item() == 0


def test_the_same_as_the_command(tmp_path: Path) -> None:
    command = "solve rank1-stationary -p g=0.5:3:3 -p M_n=0:2:2 -p M_m=1.1 -p Sigma_m=1 --out out.nc"
    subprocess.run([sys.executable, "-m", "meanfield", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    g, M_n = np.meshgrid(np.linspace(0.5, 3, 3), np.linspace(0, 2, 2), indexing="ij")
    mf.solve(MODEL, g=g, M_n=M_n, find="all", **AT).to_netcdf(tmp_path / "own.nc")
    own = store.load(tmp_path / "own.nc")
    out = store.load(tmp_path / "out.nc")
    # Another process may add in another order: rounding differs, and with it what is claimed of it.
    assert {n: v.dims for n, v in own.variables.items()} == {n: v.dims for n, v in out.variables.items()}
    rounded = [n for n in out.data_vars if str(n).endswith("_error") or n == "residual"]
    xr.testing.assert_allclose(own.drop_vars(rounded), out.drop_vars(rounded), rtol=1e-11, atol=1e-11)
    assert {k: v for k, v in own.attrs.items() if k != "date"} == {k: v for k, v in out.attrs.items() if k != "date"}


def test_parameters_that_vary_together_and_phases_that_join() -> None:
    line = np.linspace(0.5, 3, 4)
    found = mf.solve(MODEL, g=line, M_n=2 * line, **AT)
    data = found.to_dataset()
    assert data["mu"].dims == ("point", "solution") and data["g"].dims == ("point",)
    assert np.array_equal(data["M_n"], 2 * line) and np.array_equal(data["mu"][:, 0], found["mu"])
    grid = mf.solve(MODEL, g=line[:, None], M_n=line[None, :2] * line[:, None], **AT).to_dataset()
    assert grid["mu"].dims == ("g", "point_1", "solution") or grid["mu"].dims == ("point_0", "point_1", "solution")
    assert grid["M_n"].shape == (4, 2)


def test_what_cannot_be_saved_says_so(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="what is saved must be a dataset, or solutions"):
        store.save(3, tmp_path / "three.nc")


def test_branches_of_a_model_of_ones_own_ask_for_it(tmp_path: Path) -> None:
    x, a = mf.unknown("x"), mf.parameter("a")
    own = mf.Model("ei", equations={x: x + a - x**3})
    branch = mf.follow(mf.solve(own, a=1.0), along="a", to=2)
    branch.to_netcdf(tmp_path / "b.nc")
    with pytest.raises(FileFormatError, match=r"branches of ei .*; give the model that was followed$"):
        store.load_branches(tmp_path / "b.nc")
    assert len(store.load_branches(tmp_path / "b.nc", own)[0]) == len(branch)
    with pytest.raises(ParameterError, match="load_branches needs a Model, got the text 'ei'"):
        store.load_branches(tmp_path / "b.nc", "ei")
