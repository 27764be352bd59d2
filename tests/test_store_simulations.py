"""Simulated networks written to a file and read again: the same, so that a run can go on."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import FileFormatError
from meanfield.networks import bind_model
from meanfield.records import per_point, records
from meanfield.simulate import Start


@pytest.mark.parametrize(("name", "parameters"), [("scs", {"g": 2}), ("rank1-stationary", {"g": 0.8, "M_m": 1, "M_n": 2})])
def test_what_is_read_is_what_was_written(name: str, parameters: dict[str, float], tmp_path: Path) -> None:
    model = mf.models.by_name(name)
    lags = (0.0, 2.0) if name == "scs" else ()
    settings = {"time": 6, "transient": 2, "lags": lags, "start": Start(1.0, 2.0, (0.5,))}
    done = mf.simulate(model, neurons=30, networks=2, settings=settings, **parameters)
    path = tmp_path / "x.nc"
    mf.store.save_simulation(done, path, model)
    again = mf.store.load_simulation(path, bind_model(model, **parameters))
    assert again.settings == done.settings
    assert (again.networks, again.name) == (2, name)
    for k, m in done.measured.items():
        for x, y in zip(astuple(m), astuple(again.measured[k])):
            np.testing.assert_array_equal(x, y)
    with pytest.raises(FileFormatError, match="other parameters"):
        mf.store.load_simulation(path, bind_model(model, **{**parameters, "g": 0.5}))
    with pytest.raises(FileFormatError, match="transfer function tanh"):
        mf.store.load_simulation(path, bind_model(model.with_transfer(mf.transfer.erf), **parameters))


def test_other_files_are_refused(tmp_path: Path) -> None:
    model = mf.models.by_name("scs")
    path = tmp_path / "x.nc"
    found = records(per_point(mf.solve(model, g=2, find="all"))[0])
    mf.store.save(mf.store.dataset(found, model=model), path)
    with pytest.raises(FileFormatError, match="expected 'meanfield simulation 1'"):
        mf.store.load_simulation(path, bind_model(model, g=2))
