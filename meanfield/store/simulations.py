"""Simulated networks as xarray datasets and netCDF files, and back, so that a run can go on.

One dataset holds all networks of one simulation: dimension ``network`` (its number in coordinate ``network``), ``population``,
``trajectory``, ``lag``, ``overlap`` (kappa), and ``half`` x ``half_`` for overlaps of averages over half the time.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.errors import FileFormatError
from meanfield.simulate.averages import Measured
from meanfield.simulate.run import Simulation
from meanfield.simulate.settings import Settings, Start
from meanfield.store.files import load, reading, save
from meanfield.store.provenance import provenance

if TYPE_CHECKING:
    import xarray as xr

    from meanfield.model import Model
    from meanfield.networks import Numbers

__all__ = ["SIMULATION_FORMAT", "load_simulation", "save_simulation", "simulation_dataset"]

SIMULATION_FORMAT = "meanfield simulation 1"

_DIMS = {
    **dict.fromkeys(
        ("mean", "mean_square", "mean_phi", "mean_square_phi", "mean_dphi", "mean_square_dphi"), ("population", "trajectory")
    ),
    "kappa": ("overlap", "trajectory"),
    "lagged": ("population", "lag", "trajectory"),
    "overlaps": ("population", "half", "half_"),
    "speed": ("trajectory",),
    "lyapunov": ("trajectory",),
    "diverged": (),
    "eigenvalues": ("trajectory", "eigenvalue"),
}
_MEANING = {
    "mean": "mean of x over neurons and time",
    "mean_square": "mean of x^2",
    "mean_phi": "mean of phi(x)",
    "mean_square_phi": "mean of phi(x)^2",
    "mean_dphi": "mean of phi'(x)",
    "mean_square_dphi": "mean of phi'(x)^2",
    "kappa": "(1/N) sum_j n_j phi(x_j), mean over time",
    "lagged": "mean of x(t) x(t + tau)",
    "overlaps": "(1/N) sum_i X_i X_i' of averages X over half the time: first halves of all trajectories, then second halves",
    "speed": "root mean square of x' at the end",
    "lyapunov": "largest Lyapunov exponent",
    "diverged": "1: some x became infinite",
    "eigenvalues": "of the Jacobian at the end",
}


def simulation_dataset(simulation: Simulation, model: Model | None = None) -> xr.Dataset:
    """The networks that are finished, with everything needed to go on."""
    import xarray as xr

    order = sorted(simulation.measured)
    if not order:
        raise ValueError("the simulation holds no finished network")
    variables: dict[str, Any] = {}
    for name, dims in _DIMS.items():
        found = [np.asarray(getattr(simulation.measured[k], name)) for k in order]
        if name == "eigenvalues":  # networks that ran away have none
            shape = max((v.shape for v in found), key=lambda s: s[0])
            found = [v if v.size else np.full(shape, np.nan, complex) for v in found]
        values = np.stack(found)
        values = values.astype(np.int8) if name == "diverged" else values
        if 0 not in values.shape:
            variables[name] = (("network", *dims), values, {"long_name": _MEANING[name]})
    attrs = provenance(SIMULATION_FORMAT, model, simulation.numbers.parameters, None)
    attrs |= {
        "model": simulation.name,
        "networks": simulation.networks,
        "settings": json.dumps(asdict(simulation.settings)),
        "parameters": json.dumps(dict(simulation.numbers.parameters)),
        "transfer": ", ".join(str(p.transfer) for p in simulation.numbers.populations),
    }
    coords = {"network": ("network", order), "lag": ("lag", list(simulation.settings.lags), {"long_name": "delay tau"})}
    return xr.Dataset(variables, coords, attrs)


def save_simulation(simulation: Simulation, path: str | Path, model: Model | None = None) -> None:
    """Write `simulation_dataset` to a netCDF file."""
    save(simulation_dataset(simulation, model), path)


def load_simulation(path: str | Path, numbers: Numbers) -> Simulation:
    """Read what `save_simulation` wrote, for a network with these ``numbers`` (which the file does not hold as expressions).

    Raises `FileFormatError` for another file, or one of other parameters or transfer functions.
    """
    data = load(path, SIMULATION_FORMAT)
    with reading(path, "a simulation"):
        settings = _settings(json.loads(data.attrs["settings"]))
        found = json.loads(data.attrs["parameters"])
        transfer = data.attrs["transfer"]
        networks, name = int(data.attrs["networks"]), str(data.attrs["model"])
        measured = {int(k): _measured(data, i) for i, k in enumerate(data["network"].values)}
    asked = ", ".join(str(p.transfer) for p in numbers.populations)
    if found != dict(numbers.parameters) or transfer != asked:
        raise FileFormatError(
            f"{path} holds networks of other parameters ({found}, transfer function {transfer}) than those asked for "
            f"({dict(numbers.parameters)}, {asked})"
        )
    return Simulation(numbers, settings, networks, measured, name)


def _settings(raw: dict[str, Any]) -> Settings:
    start = raw.pop("start")
    raw["lags"] = tuple(raw["lags"])
    return Settings(**raw, start=Start(start["mean"], start["variance"], tuple(start["kappa"])))


def _measured(data: xr.Dataset, i: int) -> Measured:
    trajectories = data["speed"].shape[1]
    populations = data["mean"].shape[1]
    empty = {"kappa": (0, trajectories), "lagged": (populations, 0, trajectories), "eigenvalues": (0, 0)}
    values: dict[str, Any] = {}
    for f in fields(Measured):
        values[f.name] = data[f.name].values[i] if f.name in data else np.zeros(empty[f.name])
    none = bool(values["diverged"]) or not values["eigenvalues"].size
    eigenvalues = np.zeros((0, 0), complex) if none else values["eigenvalues"]
    return Measured(**{**values, "diverged": bool(values["diverged"]), "eigenvalues": eigenvalues})
