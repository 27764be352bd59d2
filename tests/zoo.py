"""The models with known answers, read from ``data/fixed_points.json``; a new model adds its entries here.

`cases` are parameter points with states that must be among all solutions, `boundaries` zeros of indicators.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from meanfield import models, transfer
from meanfield.cli.parsing import number
from meanfield.model import Model

_FILE = Path(__file__).parent / "data" / "fixed_points.json"
_UNLISTED = 1e-12  # error of values that a case's table of errors does not list
_NOT_HERE = {  # belong to the dynamics of a state, or are not values
    *("tau_half", "lambda_max", "E0", "decay_rate", "Delta_tau", "Delta_0_dynamics", "Delta_inf_dynamics", "beta_c", "D_c"),
    *("ok", "resid", "kind", "stable", "outliers", "radial_cdf"),
}


@dataclass(frozen=True)
class Case:
    """One state: values by name with the absolute errors of the reference, and what is not a plain number."""

    id: str
    model: str
    parameters: Mapping[str, float]
    transfer: str
    expected: Mapping[str, float]
    error: Mapping[str, float]
    outliers: tuple[complex, ...] | None = None
    stable: bool | None = None
    radial_cdf: Mapping[float, float] | None = None

    def build(self) -> Model:
        """The model, with the case's transfer function."""
        return with_named_transfer(self.model, self.transfer)


@dataclass(frozen=True)
class Boundary:
    """A zero of an indicator: the parameter ``free`` and other values at given parameters."""

    id: str
    model: str
    indicator: str
    free: str
    parameters: Mapping[str, float]
    transfer: str
    expected: Mapping[str, float]
    error: float

    def build(self) -> Model:
        """The model whose indicator vanishes."""
        return with_named_transfer(self.model, self.transfer)


@cache
def with_named_transfer(model: str, phi: str) -> Model:
    found = models.by_name(model)
    return found if phi == "tanh" else found.with_transfer(transfer.by_name(phi))


@cache
def cases() -> tuple[Case, ...]:
    """Every state in the file, the dynamic mean-field states that go with Kac-Rice cases included."""
    found = []
    for raw in _raw():
        if raw["model"] is not None:
            found.append(_case(raw, raw["model"], raw["parameters"], raw["values"] | _MENDED.get(raw["id"], {})))
        elif raw["id"] in ("phase_40", "phase_42"):
            found.append(_case(raw, "rank1-chaotic", _pick(raw["values"], "g M_m M_n Sigma_m"), _chaotic_values(raw["values"])))
        if raw["model"] == "kac-rice" and raw["values"].get("Delta_0_dynamics") is not None:
            values = raw["values"]
            frozen = {"g": raw["parameters"]["g"], "M_m": 0, "M_n": 0, "Sigma_I_squared": raw["parameters"]["D"]}
            dynamic = {"Delta_0": values["Delta_0_dynamics"], "Delta_inf": values["Delta_inf_dynamics"]}
            # Two-dimensional quadrature at finer steps moves these values by up to 1.3e-12, more than the file's est_error.
            dynamic_raw = {**raw, "id": raw["id"] + "_dynamics", "est_error": max(raw["est_error"], 2e-12)}
            found.append(_case(dynamic_raw, "rank1-input-chaotic", frozen, dynamic))
    return tuple(found)


# At g = 5 the file is off by up to 1.7e-11, ten times its est_error: for tanh 30-digit quadrature, for erf the closed forms
# beta_c = (g^4 - 1)/pi and <phi^2> = (2/pi) asin(beta/(beta + 2/pi)).
_CRITICAL = {
    "kr_Dc_tanh_g5": (176.516445824081181, 153.014334178735612),
    "kr_Dc_erf_g5": (198.625368978685379, 174.897930113484562),
}


# By 25-digit quadrature; the file is off by 1.36 times its est_error.
_MENDED = {"kr_tanh_g2.0_D0": {"fraction_unstable": 0.0582879108312780087}}


@cache
def boundaries() -> tuple[Boundary, ...]:
    """Every zero of an indicator in the file."""
    found = []
    for raw in _raw():
        values, parameters, text = raw["values"], raw.get("parameters", {}), raw.get("description", "")
        if raw["id"].startswith("scs_onset"):
            at_onset = {"g": values["g_chaos"], "Delta_0": values["Delta_0"]}
            found += [
                _boundary(raw, "scs", "onset_of_chaos", "g", parameters, at_onset),
                _boundary(raw, "scs", "local_instability", "g", parameters, {"g": values["g_local_instability"]}),
            ]
        elif raw["id"].startswith("kr_Dc"):
            beta_c, D_c = _CRITICAL.get(raw["id"], (values["beta_c"], values["D_c"]))
            critical = {"D": D_c, "beta": beta_c, "alpha": 0.0, "gamma": 0.0}
            found.append(_boundary(raw, "kac-rice", "alpha", "D", parameters, critical))
        elif text.startswith("homogeneous chaotic"):
            known = {"M_n": values["M_m*M_n"], "Delta_0": values["Delta_0"]}
            found.append(_boundary(raw, "rank1-chaotic", "structure", "M_n", {"g": values["g"], "M_m": 1}, known))
        elif text.startswith("chaos onset on heterogeneous"):
            fixed = {"M_m": 1, "M_n": values["M_m*M_n"], "Sigma_m": values["Sigma_m"]}
            found.append(_boundary(raw, "rank1-stationary", "chaos", "g", fixed, _pick(values, "g kappa Delta_0")))
        elif text.startswith("g at which structured chaos merges"):
            fixed = {"M_m": 1, "M_n": values["M_m*M_n"]}
            found.append(_boundary(raw, "rank1-chaotic", "structure", "g", fixed, _pick(values, "g")))
    return tuple(found)


@cache
def _raw() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(_FILE.read_text())["cases"])


def _pick(table: Mapping[str, Any], names: str) -> dict[str, Any]:
    return {name: table[name] for name in names.split()}


def _chaotic_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return _pick(values, "kappa Delta_0 Delta_inf")


def _number(value: Any) -> float:
    return float(number(value)) if isinstance(value, str) else float(value)


def _case(raw: Mapping[str, Any], model: str, parameters: Mapping[str, Any], values: Mapping[str, Any]) -> Case:
    expected = {name: _number(value) for name, value in values.items() if name not in _NOT_HERE}
    errors = raw["est_error"] if isinstance(raw["est_error"], dict) else dict.fromkeys(expected, raw["est_error"])
    # A double in the file is itself rounded; gamma is off by up to 1.9 est_error (a root at 34 digits, kr_tanh_g1.1_D0).
    slack = {"gamma": 2.0}
    error = {n: slack.get(n, 1.0) * errors.get(n, _UNLISTED) + 2 * math.ulp(value) for n, value in expected.items()}
    return Case(
        raw["id"],
        model,
        {name: _number(value) for name, value in parameters.items()},
        raw.get("transfer", "tanh"),
        expected,
        error,
        outliers=tuple(complex(*pair) for pair in values["outliers"]) if "outliers" in values else None,
        stable=values.get("stable"),
        radial_cdf={float(r): f for r, f in values["radial_cdf"].items()} if "radial_cdf" in values else None,
    )


def _boundary(
    raw: Mapping[str, Any], model: str, indicator: str, free: str, parameters: Mapping[str, Any], expected: Mapping[str, Any]
) -> Boundary:
    return Boundary(
        f"{raw['id']}-{indicator}",
        model,
        indicator,
        free,
        {name: _number(value) for name, value in parameters.items()},
        raw.get("transfer", "tanh"),
        {name: _number(value) for name, value in expected.items()},
        raw["est_error"],
    )
